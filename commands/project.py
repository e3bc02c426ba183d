"""The command that writes the HubSpot developer project."""

from pathlib import Path

import click

from integration.core import environment
from integration.core.errors import Refused
from integration.core.web_origins import normal_origin
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
    for name, content in _files(url).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        click.echo(path)


def _files(url: str) -> dict[str, str]:
    try:
        public_url = normal_origin(url) if url else environment.load().public_url
        return project_files(public_url)
    except ValueError as wrong:
        raise Refused(f"{'--url' if url else 'PUBLIC_URL'}: {wrong}") from None
