"""The data folder: secrets that are made once and kept, for their owner's eyes only."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from integration.core import plain_text, vault
from integration.core.errors import Refused
from integration.core.forget_keys import from_secret

# Where a user without a home keeps data, such as a service that runs under a mere number.
_HOMELESS = "/var/lib/second-order"


def default() -> str:
    """Return the folder where nobody named one: under the user's data folder."""
    base = plain_text.trimmed(os.environ.get("XDG_DATA_HOME", "")) or "~/.local/share"
    try:
        return str(Path(base).expanduser() / "second-order")
    except RuntimeError:
        return _HOMELESS


def has(folder: Path, name: str) -> bool:
    """Whether a secret was made already."""
    try:
        return (folder / name).exists()
    except OSError:
        return False  # a folder that cannot be looked into; who needs it says so


def secret_key(folder: Path) -> str:
    """Return the key of forms and sessions."""
    secret = _made_once(folder, "secret_key", lambda: secrets.token_urlsafe(48))
    if not secret:
        raise Refused(f"{folder / 'secret_key'} is empty: put back the file that was there")
    return secret


def token_keys(folder: Path) -> tuple[str, ...]:
    """Return the keys of tokens."""
    return _keys_made_once(folder, "token_keys", _fernet_key)


def forget_keys(folder: Path, secret: str | None) -> tuple[str, ...]:
    """Return the keys of forgotten people; a *secret* key that was there before makes the first."""
    return _keys_made_once(
        folder, "forget_keys", lambda: from_secret(secret) if secret else _fernet_key()
    )


def unusable(folder: Path, trouble: OSError) -> Refused:
    """Return what to say when the folder cannot be read or written."""
    return Refused(
        f"DATA_DIR {folder} cannot be used ({trouble.strerror}): name a folder of your own, or set"
        " DATABASE_URL, REDIS_URL, SECRET_KEY, TOKEN_KEYS and FORGET_KEYS, which need none"
    )


def _fernet_key() -> str:
    return Fernet.generate_key().decode()


def _keys_made_once(folder: Path, name: str, make: Callable[[], str]) -> tuple[str, ...]:
    """Return the Fernet keys of a file, in which an operator may rotate them."""
    keys = plain_text.items(_made_once(folder, name, make))
    try:
        vault.check_keys(keys or ("",))
    except Refused as wrong:
        raise Refused(f"{folder / name}: {wrong}") from None
    return keys


def _made_once(folder: Path, name: str, make: Callable[[], str]) -> str:
    """Return a secret that is made once; of two processes that start together one wins, whole."""
    path = folder / name
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, draft = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w") as new:
                new.write(make())
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
            Path(draft).unlink()
        return plain_text.trimmed(path.read_text("utf-8"))
    except OSError as trouble:
        raise unusable(folder, trouble) from None
    except UnicodeDecodeError:
        raise Refused(f"{path} holds no text: put back the file that was there") from None
