"""The command that writes the HubSpot developer project."""

from pathlib import Path

import click

from integration.core import environment
from mappings.records.project import project_files


@click.command(
    help="Write the HubSpot developer project. It holds the app, its scopes and webhook"
    " subscriptions."
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("hubspot_project"),
    show_default=True,
)
@click.option("--url", default="", help="Public address of this service; default PUBLIC_URL.")
def project(folder: Path, url: str) -> None:
    """Write the files of the developer project into a folder."""
    for name, content in project_files(url or environment.load().public_url).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        click.echo(path)
