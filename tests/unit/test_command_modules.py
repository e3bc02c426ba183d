"""Commands: each has a module of its name, and a place in the list for operators."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from commands.main import cli
from integration.core.environment import LEVELS
from tests import commands_page

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
TEMPLATES = ROOT / "integration" / "pages" / "templates"


@pytest.mark.parametrize("command", cli.commands.values(), ids=list(cli.commands))
def test_a_command_is_found_in_the_module_of_its_name(command: click.Command) -> None:
    assert command.callback is not None
    assert command.callback.__module__ == f"commands.{str(command.name).replace('-', '_')}"


@pytest.mark.parametrize("name", cli.commands)
def test_operators_find_every_command_in_the_list(name: str) -> None:
    text = OPERATIONS.read_text()
    rows = text[text.index("| command | does |") : text.index("## Several machines")]

    assert f"`{name}" in rows


def test_operators_find_every_option_as_the_help_has_it() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")

    assert text == commands_page.with_options(text), "run python -m tests.commands_page"


def test_every_command_that_a_page_names_exists() -> None:
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *TEMPLATES.glob("*.html")]
    named = {
        name
        for path in texts
        for name in re.findall(
            r"(?:`|<code>|^ {4,})second-order ([a-z][a-z-]*)", path.read_text(), re.MULTILINE
        )
    }

    assert len(named) > 15
    assert named <= cli.commands.keys()


def test_operators_find_every_variable_of_the_environment() -> None:
    source = (ROOT / "integration" / "core" / "environment.py").read_text(encoding="utf-8")
    variables = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', source)) - set(LEVELS)
    text = OPERATIONS.read_text(encoding="utf-8")
    table = text[text.index("## Environment") : text.index("## Commands")]

    assert len(variables) > 20
    assert {name for name in variables if f"`{name}`" not in table} == set()


def test_every_option_has_a_row_of_its_own() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    table = text[text.index("| command | option | does |") : text.index("## Several machines")]
    options = [
        max(param.opts, key=len)
        for command in cli.commands.values()
        for param in command.params
        if isinstance(param, click.Option)
    ]

    assert len(options) > 50
    assert [line.split("`")[-2].split()[0] for line in rows_of(table)] == options
    assert all(line.split("|")[-2].strip() for line in rows_of(table)), "an option explains itself"


def rows_of(table: str) -> list[str]:
    return [line.replace("\\|", "") for line in table.splitlines() if "`--" in line]


def test_what_the_help_lists_is_what_operators_find() -> None:
    helped = CliRunner().invoke(cli, ["--help"]).output
    listed = re.findall(r"^  ([a-z-]+) ", helped[helped.index("Commands:") :], flags=re.MULTILINE)
    text = OPERATIONS.read_text(encoding="utf-8")
    table = text[text.index("| command | does |") : text.index("Their options")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    found = {re.split(r"[ `]", part)[0] for row in rows for part in row.split("`")[1::2]}
    assert found == set(listed)
