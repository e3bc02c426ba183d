"""Survey links: the personal address under which one contact of one portal answers our survey.

A token is the portal's number and a sealed contact. Who has it cannot tell whom it names, nor make
another one; a new key of the portal ends all that were made before.
"""

import base64
import binascii
import re
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_KEY_BYTES, _ID_BYTES = 32, 8
_TOKEN: Final = re.compile(r"([1-9][0-9]{0,17})\.([A-Za-z0-9_-]{32})")


def new_key() -> str:
    """Return a fresh key for a portal's links."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def link(address: str, key: str, portal_id: int, contact_id: int) -> str:
    """Return a contact's link: the same every time."""
    return f"{address}/s/{token(key, portal_id, contact_id)}"


def token(key: str, portal_id: int, contact_id: int) -> str:
    """Return the token of a contact."""
    sealed = _seal(key).encrypt(contact_id.to_bytes(_ID_BYTES, "big"), _bound_to(portal_id))
    return f"{portal_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def portal_of(text: str) -> int | None:
    """Return the portal that a token says it is of; None for a text that is no token."""
    found = _TOKEN.fullmatch(text)
    return int(found[1]) if found else None


def token_in(text: str) -> str:
    """Return the token in what a survey tool sends of a link: the link, or its last part."""
    return text.strip().rpartition("/s/")[2]


def contact_of(key: str, text: str) -> int | None:
    """Return the contact that a token names by its id of then; None unless this key made it.

    The seal is checked in constant time.
    """
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    try:
        opened = _seal(key).decrypt(base64.urlsafe_b64decode(found[2]), _bound_to(int(found[1])))
    except (InvalidTag, binascii.Error):
        return None
    return int.from_bytes(opened, "big")


def _seal(key: str) -> AESSIV:
    return AESSIV(base64.b64decode(key))


def _bound_to(portal_id: int) -> list[bytes]:
    return [f"survey link of {portal_id}".encode()]
