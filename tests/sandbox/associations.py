"""Associations: HubSpot's type ids in both directions, custom labels, and the links themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .records import object_type


@dataclass(frozen=True, slots=True)
class Label:
    """One association type in one direction; *label* is None for the unlabelled type."""

    from_type: str
    to_type: str
    type_id: int
    inverse_id: int
    label: str | None
    category: str = "HUBSPOT_DEFINED"
    name: str = ""


# from, to, unlabelled ids there and back
_PLAIN: tuple[tuple[str, str, int, int], ...] = (
    ("contact", "company", 279, 280),
    ("deal", "contact", 3, 4),
    ("deal", "company", 341, 342),
    ("contact", "ticket", 15, 16),
    ("ticket", "company", 339, 340),
    ("deal", "ticket", 27, 28),
    ("contact", "contact", 449, 449),
    ("company", "company", 450, 450),
    ("deal", "deal", 451, 451),
    ("ticket", "ticket", 452, 452),
    ("contact", "feedback_submission", 97, 98),
    ("ticket", "feedback_submission", 99, 100),
    ("company", "feedback_submission", 929, 928),
    ("deal", "feedback_submission", 985, 984),
    ("contact", "email", 197, 198),
    ("contact", "meeting", 199, 200),
    ("contact", "call", 193, 194),
    ("contact", "note", 201, 202),
    ("company", "email", 185, 186),
    ("company", "meeting", 187, 188),
    ("company", "call", 181, 182),
    ("company", "note", 189, 190),
    ("contact", "task", 203, 204),
    ("company", "task", 191, 192),
    ("deal", "task", 215, 216),
    ("deal", "email", 209, 210),
    ("deal", "meeting", 211, 212),
    ("deal", "call", 205, 206),
    ("deal", "note", 213, 214),
)
# the record that has one primary company, its type id, and the way back
_PRIMARY: dict[str, tuple[int, int]] = {"contact": (1, 2), "deal": (5, 6), "ticket": (26, 25)}
PRIMARY_IDS = frozenset({1, 2, 5, 6, 26, 25})
FIRST_CUSTOM_ID = 101_001


class Labels:
    """The association types of one portal."""

    def __init__(self) -> None:
        self._by_pair: dict[tuple[str, str], dict[int, Label]] = {}
        self._next_id = FIRST_CUSTOM_ID
        for one, other, there, back in _PLAIN:
            self._add(one, other, (there, back), (None, None))
        for one, (there, back) in _PRIMARY.items():
            self._add(one, "company", (there, back), ("Primary", "Primary"))
        self._add("company", "company", (13, 14), ("Child Company", "Parent Company"))

    def _add(
        self,
        one: str,
        other: str,
        ids: tuple[int, int],
        labels: tuple[str | None, str | None],
        name: str = "",
    ) -> Label:
        (there, back), (label, inverse) = ids, labels
        category = "USER_DEFINED" if name else "HUBSPOT_DEFINED"
        made = Label(one, other, there, back, label, category, name)
        self._by_pair.setdefault((one, other), {})[there] = made
        if back != there or one != other:
            self._by_pair.setdefault((other, one), {})[back] = Label(
                other, one, back, there, inverse, category, name
            )
        return made

    def define(self, one: str, other: str, label: str, inverse: str | None, name: str) -> Label:
        """Add a custom label; both directions get ids of this portal."""
        there = self._next_id
        back = there if one == other and inverse is None else there + 1
        self._next_id = back + 1
        return self._add(one, other, (there, back), (label, inverse or label), name)

    def rename(self, one: str, other: str, type_id: int, label: str, inverse: str | None) -> None:
        """Give a custom label another name."""
        old = self.pair(one, other)[type_id]
        self._add(one, other, (type_id, old.inverse_id), (label, inverse or label), old.name)

    def remove(self, one: str, other: str, type_id: int) -> Label:
        """Forget a custom label in both directions."""
        gone = self._by_pair[(one, other)].pop(type_id)
        self._by_pair[(other, one)].pop(gone.inverse_id, None)
        return gone

    def pair(self, one: str, other: str) -> dict[int, Label]:
        """All types from *one* to *other*, by id; empty when HubSpot knows no such pair."""
        return self._by_pair.get((one, other), {})

    def plain(self, one: str, other: str) -> Label | None:
        """The unlabelled type of a pair."""
        return next(
            (label for label in self.pair(one, other).values() if label.label is None), None
        )

    def named(self, one: str, other: str, label: str | int) -> Label | None:
        """A type by id, or by label or internal name (any case)."""
        types = self.pair(one, other)
        if isinstance(label, int):
            return types.get(label)
        wanted = label.casefold()
        return next(
            (
                known
                for known in types.values()
                if wanted in {(known.label or "").casefold(), known.name.casefold()}
            ),
            None,
        )


def primary_of(one: str, other: str) -> tuple[int, int] | None:
    """Type ids of "primary company" from *one* to *other*, if this pair has it."""
    if other == "company" and one in _PRIMARY:
        return _PRIMARY[one]
    if one == "company" and other in _PRIMARY:
        there, back = _PRIMARY[other]
        return back, there
    return None


class Links:
    """Who is linked to whom, by which type ids; kept in both directions, in the order made."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], dict[int, dict[int, set[int]]]] = {}

    def of(self, one: str, one_id: int, other: str) -> dict[int, set[int]]:
        """Linked ids of type *other* with the type ids of each link."""
        return self._links.get((one, other), {}).get(one_id, {})

    def add(
        self, one: str, one_id: int, other: str, other_id: int, labels: Iterable[Label]
    ) -> list[Label]:
        """Add types to a link and return those that were new."""
        there = (
            self._links.setdefault((one, other), {})
            .setdefault(one_id, {})
            .setdefault(other_id, set())
        )
        back = (
            self._links.setdefault((other, one), {})
            .setdefault(other_id, {})
            .setdefault(one_id, set())
        )
        new = [label for label in labels if label.type_id not in there]
        for label in new:
            there.add(label.type_id)
            back.add(label.inverse_id)
        return new

    def remove(
        self, one: str, one_id: int, other: str, other_id: int, labels: Iterable[Label]
    ) -> list[Label]:
        """Take types off a link and return those that were there; an empty link vanishes."""
        there = self.of(one, one_id, other).get(other_id, set())
        back = self.of(other, other_id, one).get(one_id, set())
        gone = [label for label in labels if label.type_id in there]
        for label in gone:
            there.discard(label.type_id)
            back.discard(label.inverse_id)
        if not there:
            self.of(one, one_id, other).pop(other_id, None)
            self.of(other, other_id, one).pop(one_id, None)
        return gone

    def types_linked(self, one: str) -> list[str]:
        """Object types this type has links to."""
        return [other for first, other in self._links if first == one]


def pair(one: str, other: str) -> tuple[str, str]:
    """Both type names as singular words."""
    return object_type(one), object_type(other)
