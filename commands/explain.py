"""The command that explains a record's values."""

import click

from commands.terminal import ID, installed_portal, json_option, json_text, portal_argument
from integration.reports import explain as explaining
from integration.reports import explain_words


@click.command()
@portal_argument
@click.argument("kind", type=click.Choice(["deal", "contact", "company"]))
@click.argument("record_id", type=ID)
@json_option
def explain(portal_id: int, kind: str, record_id: int, *, as_json: bool) -> None:
    """Say what we conclude about a record, with reasons and ledger."""
    with installed_portal(portal_id) as portal:
        explanation = explaining.explain(portal, kind, record_id)
    if as_json:
        click.echo(json_text(explanation))
    else:
        click.echo("\n".join(explain_words.in_words(explanation)))
