"""The command that encrypts tokens with the newest key."""

import click

from integration.admin import key_rotation
from integration.portal.runtime import open_runtime


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every token with the newest key. Says how long older forget keys are needed."""
    with open_runtime() as runtime:
        click.echo(f"{key_rotation.rotate(runtime)} tokens are sealed with the newest key.")
        for key in key_rotation.forget_keys_in_use(runtime):
            if not key.is_newest:
                click.echo(key.sentence)
