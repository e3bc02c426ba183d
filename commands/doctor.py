"""The command that checks an installation."""

import sys

import click

from commands.terminal import json_option, json_text
from integration.admin import doctor as diagnosis


@click.command(
    help="Say what is missing, and what to do. Looks at configuration, servers, schema, scopes and"
    " properties."
)
@json_option
def doctor(*, as_json: bool) -> None:
    """Print each check with its result; end with status 1 when one of them failed."""
    findings = diagnosis.everything()
    if as_json:
        click.echo(json_text([finding.__dict__ for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FIX '} {finding.what}: {finding.said}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
