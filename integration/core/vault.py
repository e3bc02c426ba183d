"""The vault: tokens at rest, encrypted with rotating keys, bound to their portal."""

import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from integration.core.errors import Refused


class WrongKey(Refused):
    """No configured key opens the row: a key was lost, or the row is another portal's."""


def check_keys(keys: Sequence[str]) -> None:
    """Refuse keys that seal nothing, by their place in the list."""
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise Refused(f"key {number} is not a Fernet key (32 bytes, url-safe base64)") from None


class Vault:
    """Encryption of a portal's tokens; the newest key seals, every key opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._box = MultiFernet([Fernet(key) for key in keys])

    def seal(self, portal_id: int, tokens: dict[str, str]) -> bytes:
        """Encrypt *tokens*; the portal id is sealed with them, so that rows cannot be swapped."""
        return self._box.encrypt(json.dumps({"portal": portal_id, **tokens}).encode())

    def open(self, portal_id: int, sealed: bytes) -> dict[str, str]:
        """Decrypt; raises :class:`WrongKey` for another portal's row or an unknown key."""
        try:
            content: dict[str, Any] = json.loads(self._box.decrypt(sealed))
        except InvalidToken:
            raise WrongKey(
                f"Portal {portal_id}: no key in TOKEN_KEYS opens its token;"
                " put the key that sealed it back"
            ) from None
        if content.pop("portal") != portal_id:
            raise WrongKey(
                f"Portal {portal_id}: its token row belongs to another portal; reconnect the portal"
            )
        return {name: str(value) for name, value in content.items()}

    def reseal(self, sealed: bytes) -> bytes:
        """Encrypt again under the newest key."""
        return self._box.rotate(sealed)
