"""Forget keys: the keys of the hashes under which forgotten people are remembered."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

_NAME_BYTES = 4


def from_secret(secret_key: str) -> str:
    """Return the key that versions before FORGET_KEYS made of SECRET_KEY, as a forget key."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret_key.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Mark:
    """A keyed hash of an erased contact, and the name of its key; useless without the key."""

    key_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class ForgetKeys:
    """The keys of forgotten people: the first one marks, a mark under any of them counts."""

    keys: tuple[bytes, ...] = field(repr=False)
    inherited: bytes = field(repr=False)

    @classmethod
    def of(cls, forget_keys: Sequence[str], secret_key: str) -> Self:
        """Read the keys as configured.

        A mark that was made with SECRET_KEY counts for as long as SECRET_KEY stays as it is.
        """
        inherited = base64.urlsafe_b64decode(from_secret(secret_key))
        listed = tuple(base64.urlsafe_b64decode(key) for key in forget_keys)
        return cls(listed or (inherited,), inherited)

    @property
    def newest(self) -> str:
        """The name of the key that marks."""
        return key_id(self.keys[0])

    @property
    def listed(self) -> frozenset[str]:
        """The names of the keys in FORGET_KEYS."""
        return frozenset(key_id(key) for key in self.keys)

    @property
    def inherited_id(self) -> str:
        """The name of the key that is made of SECRET_KEY."""
        return key_id(self.inherited)

    def mark(self, portal_id: int, contact_id: int) -> Mark:
        """Return what to remember of an erased contact."""
        return Mark(self.newest, _digest(self.keys[0], portal_id, contact_id))

    def digests(self, portal_id: int, contact_id: int) -> Iterator[bytes]:
        """Yield one digest for each key; if the contact was erased, one of them is remembered."""
        for key in dict.fromkeys((*self.keys, self.inherited)):
            yield _digest(key, portal_id, contact_id)

    def mark_address(self, portal_id: int, address: str) -> Mark:
        """Return what to remember of an erased contact's address, where an admin accepts that."""
        return Mark(self.newest, _address_digest(self.keys[0], portal_id, address))

    def address_digests(self, portal_id: int, address: str) -> Iterator[bytes]:
        """Yield one digest for each key; if the address is of an erased contact, one is kept."""
        for key in dict.fromkeys((*self.keys, self.inherited)):
            yield _address_digest(key, portal_id, address)


def key_id(key: bytes) -> str:
    """Return a key's name: a hash, from which the key cannot be worked out."""
    return hmac.digest(key, b"key id", "sha256")[:_NAME_BYTES].hex()


def _digest(key: bytes, portal_id: int, contact_id: int) -> bytes:
    return hmac.digest(key, f"forgotten:{portal_id}:{contact_id}".encode(), "sha256")


def _address_digest(key: bytes, portal_id: int, address: str) -> bytes:
    return hmac.digest(key, f"forgotten:{portal_id}:address:{address}".encode(), "sha256")
