"""The command that writes the HubSpot developer project."""

from pathlib import Path

import click

from integration.core import environment
from integration.core.errors import Refused
from integration.core.web_origins import normal_origin
from mappings.records.project import is_local, project_files


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
    help="Folder to write into.",
)
@click.option("--url", default="", help="Public address of this service; default PUBLIC_URL.")
def project(folder: Path, url: str) -> None:
    """Write the files of the developer project into a folder."""
    public_url = _public_url(url)
    for name, content in _files(public_url, "--url" if url else "PUBLIC_URL").items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        click.echo(path)
    click.echo(_next_step(public_url, folder), err=True)


def _public_url(url: str) -> str:
    if not url:
        return environment.load().public_url
    try:
        return normal_origin(url)
    except Refused as wrong:
        raise Refused(f"--url {wrong}") from None


def _files(public_url: str, option: str) -> dict[str, str]:
    try:
        return project_files(public_url)
    except ValueError as wrong:
        raise Refused(f"{option} {public_url}: {wrong}") from None


def _next_step(public_url: str, folder: Path) -> str:
    if is_local(public_url):
        return (
            f"Written for {public_url}, this machine: HubSpot's notifications do not arrive here."
            " For an account of HubSpot's say --url https://app.example.org, with your address."
        )
    return (
        f"Next: run `hs project upload` in {folder}. HubSpot then shows the app id, client id and"
        " client secret: Development, Projects, the project, the app's name, Auth."
    )
