"""Forget keys: who was forgotten is remembered as a keyed hash, under keys of its own."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

_NAME_BYTES = 4


def from_secret(secret_key: str) -> str:
    """The key that versions before FORGET_KEYS made of SECRET_KEY, in the form of a forget key."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret_key.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered of an erased contact, and under which key: useless without that key."""

    key_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class ForgetKeys:
    """The newest key marks; a mark under any of them counts."""

    keys: tuple[bytes, ...] = field(repr=False)
    inherited: bytes = field(repr=False)

    @classmethod
    def of(cls, forget_keys: Sequence[str], secret_key: str) -> Self:
        """Read the keys as configured; what SECRET_KEY marked counts as long as that stays."""
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
        """What to remember of an erased contact."""
        return Mark(self.newest, _digest(self.keys[0], portal_id, contact_id))

    def digests(self, portal_id: int, contact_id: int) -> Iterator[bytes]:
        """One digest for each key: one of them is remembered if this contact was erased."""
        for key in dict.fromkeys((*self.keys, self.inherited)):
            yield _digest(key, portal_id, contact_id)


def key_id(key: bytes) -> str:
    """A key's name, which tells nothing of the key."""
    return hmac.digest(key, b"key id", "sha256")[:_NAME_BYTES].hex()


def _digest(key: bytes, portal_id: int, contact_id: int) -> bytes:
    return hmac.digest(key, f"forgotten:{portal_id}:{contact_id}".encode(), "sha256")
