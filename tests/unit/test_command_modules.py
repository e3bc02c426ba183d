"""Commands: each has a module of its name, and a place in the list for operators."""

from pathlib import Path

import click
import pytest

from commands.main import cli

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


@pytest.mark.parametrize("command", cli.commands.values(), ids=list(cli.commands))
def test_a_command_is_found_in_the_module_of_its_name(command: click.Command) -> None:
    assert command.callback is not None
    assert command.callback.__module__ == f"commands.{str(command.name).replace('-', '_')}"


@pytest.mark.parametrize("name", cli.commands)
def test_operators_find_every_command_in_the_list(name: str) -> None:
    text = OPERATIONS.read_text()
    rows = text[text.index("| command | does |") : text.index("## Several machines")]

    assert f"`{name}" in rows
