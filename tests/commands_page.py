"""The options of all commands in docs/operations.md, from their help: python -m tests.commands_page."""

from collections.abc import Iterator
from pathlib import Path

import click

from commands.main import cli

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
_BEGIN, _END = "<!-- options of the commands -->\n", "<!-- end of the options -->"

_GENERIC = {"TEXT", "INTEGER", "FLOAT", "PATH"}
_EITHER = "\\|"  # a bar that ends no cell


def with_options(text: str) -> str:
    """Return the page with the table of options as the commands have them now."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"{PAGE.name} has no place for the options of the commands")
    return f"{before}{begin}{''.join(_table())}{end}{after}"


def _table() -> Iterator[str]:
    yield "| command | option | does |\n|---|---|---|\n"
    for name, command in cli.commands.items():
        shown = f"`{' '.join((name, *_arguments(command)))}`".replace("|", _EITHER)
        for option in command.params:
            if isinstance(option, click.Option):
                yield f"| {shown} | {_option(option)} | {_says(option)} |\n"
                shown = ""


def _arguments(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    for param in command.params:
        if isinstance(param, click.Argument):
            yield param.make_metavar(context)


def _option(option: click.Option) -> str:
    name = max(option.opts, key=len)
    return f"`{name}`" if option.is_flag else f"`{name} {_value(option)}`"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return _EITHER.join(option.type.choices)
    if isinstance(option.type, click.DateTime):
        return "DATE"
    said = option.make_metavar(click.Context(click.Command("")))
    # What click says of any text or number tells nobody what to write.
    return str(option.name).upper() if said.split()[0] in _GENERIC else said


def _says(option: click.Option) -> str:
    default = f" Default: {option.default}." if option.show_default else ""
    return f"{option.help or ''}{default}".strip().replace("|", _EITHER)


if __name__ == "__main__":
    PAGE.write_text(with_options(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
