"""Person tokens: signed texts that each name one contact of one portal, for links and fields."""

import hashlib
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from mappings.records import identifiers

# Of a portal's number, a contact's number and a signature; longer ones are not looked at.
LONGEST: Final = 200
_SALT: Final = "a person"


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Whom a token names: a contact by the id that it had when the token was made."""

    portal_id: int
    contact_id: int


def make(secret_key: str, person: NamedPerson) -> str:
    """Return the token of a contact: the same every time, for a link that stands on its record."""
    token = _serializer(secret_key).dumps([person.portal_id, person.contact_id])
    return token if isinstance(token, str) else token.decode()


def read(secret_key: str, token: str) -> NamedPerson | None:
    """Return whom a token names; None for one that was not made with *secret_key*.

    It says nothing of whether the contact is still there, was merged, or asked to be forgotten.
    """
    if len(token) > LONGEST:
        return None
    try:
        said = _serializer(secret_key).loads(token)
    except BadData:
        return None
    if not isinstance(said, list):
        return None
    numbers = [identifiers.read(number) for number in said]
    match numbers:
        case [int(portal_id), int(contact_id)]:
            return NamedPerson(portal_id, contact_id)
    return None


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret_key, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256}
    )
