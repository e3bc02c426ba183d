"""Referral labels: association labels that name a referrer, and those that only an admin can read.

HubSpot shows a label on one record and means the other: "Referred by" on Vera's record says that
the other referred her. Of the two sides of a pair at most one names the referrer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.records.rows import HUBSPOT_DEFINED
from mappings.rules.text import field_words
from mappings.rules.text.phrase_matching import outer


class Side(Enum):
    """What a label says of the record that it leads to."""

    REFERRER = auto()
    REFERRED = auto()
    UNCLEAR = auto()
    """It speaks of referrals, and does not say who referred whom."""


@dataclass(frozen=True, slots=True)
class Label:
    """An account's own association label, in one direction."""

    from_type: str
    to_type: str
    type_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Labels between two object types of which an admin must say which names the referrer."""

    from_type: str
    to_type: str
    labels: tuple[Label, ...]
    proposed: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ReferralLabels:
    """The labels that certainly name a referrer, and those to ask about."""

    certain: tuple[Label, ...]
    unclear: tuple[Unclear, ...]


# Where the label is one that a contact is reached by, only that contact can have referred.
_ONLY_A_CONTACT_REFERS: Final = frozenset({(ObjectType.DEAL, ObjectType.CONTACT)})
# Nothing is read from the labels of other pairs, and of a contact and a company either can be said
# to have referred the other.
_READ: Final = (
    (ObjectType.CONTACT, ObjectType.CONTACT),
    (ObjectType.DEAL, ObjectType.CONTACT),
    (ObjectType.CONTACT, ObjectType.COMPANY),
)

_PLACES: Final[Mapping[tuple[str, str], int]] = {pair: place for place, pair in enumerate(_READ)}

LabelsOfPairs = Iterable[tuple[str, str, Mapping[str, Any]]]


def side_of(text: str) -> Side | None:
    """What a label says of the record that it leads to; None if it does not speak of referrals."""
    headings = ("label by", "label to", "label not")
    clear = outer([hit for heading in headings for hit in field_words.found(heading, text)])
    sides = {hit.label for hit in clear}
    if sides == {"label by"}:
        return Side.REFERRER
    if sides == {"label to"}:
        return Side.REFERRED
    is_unclear = {"label by", "label to"} <= sides or field_words.says("label some", text)
    return Side.UNCLEAR if is_unclear and "label not" not in sides else None


def own_labels(labels: LabelsOfPairs) -> list[Label]:
    """An account's own labels with a text, in every direction in which something is read."""
    return [
        Label(from_type, to_type, int(label["typeId"]), str(label["label"]).strip())
        for from_type, to_type, label in labels
        if (from_type, to_type) in _PLACES and _is_own(label)
    ]


def _is_own(label: Mapping[str, Any]) -> bool:
    has_id = str(label.get("typeId", "")).isdigit()
    return bool(label.get("label")) and has_id and label.get("category") != HUBSPOT_DEFINED


def referral_labels(labels: LabelsOfPairs) -> ReferralLabels:
    """Take the labels that name a referrer; ask where a pair does not say which side does."""
    certain: list[Label] = []
    unclear: list[Unclear] = []
    own = sorted(dict.fromkeys(own_labels(labels)), key=_place)
    for (from_type, to_type), among in groupby(own, lambda one: (one.from_type, one.to_type)):
        taken, asked, proposed = _sorted_out(list(among), from_type, to_type)
        certain += taken
        if asked:
            unclear.append(Unclear(from_type, to_type, tuple(asked), tuple(proposed)))
    return ReferralLabels(tuple(certain), tuple(unclear))


def _place(label: Label) -> tuple[int, int]:
    return _PLACES[label.from_type, label.to_type], label.type_id


def _sorted_out(
    labels: Sequence[Label], from_type: str, to_type: str
) -> tuple[list[Label], list[Label], list[Label]]:
    """The labels of one direction: taken, asked about, and proposed among the asked."""
    sides = {label: side for label in labels if (side := side_of(label.text)) is not None}
    naming = [label for label, side in sides.items() if side is Side.REFERRER]
    if (from_type, to_type) in _ONLY_A_CONTACT_REFERS:
        others = [label for label in sides if label not in naming]
        return naming, others, []
    if from_type != to_type:
        return [], list(sides), []
    return _sorted_out_pairs(labels, sides, naming)


def _sorted_out_pairs(
    labels: Sequence[Label], sides: Mapping[Label, Side], naming: Sequence[Label]
) -> tuple[list[Label], list[Label], list[Label]]:
    """Labels between records of one type, where both sides of a pair stand in one list."""
    partners = _partners(labels)
    taken = [label for label in naming if not set(partners[label]) & set(naming)]
    asked = [label for label in naming if label not in taken]
    proposed: list[Label] = []
    for label, side in sides.items():
        other_sides = partners[label]
        if side is Side.REFERRER or any(other in taken for other in other_sides):
            continue
        if side is Side.UNCLEAR:
            asked.append(label)
        else:
            # Its other side names the referrer, whatever words say so.
            naming_sides = [other for other in other_sides if sides.get(other) is not Side.REFERRED]
            asked += naming_sides
            proposed += naming_sides if len(naming_sides) == 1 else []
    return taken, list(dict.fromkeys(asked)), list(dict.fromkeys(proposed))


def _partners(labels: Sequence[Label]) -> dict[Label, list[Label]]:
    """The labels that can be the other side of each: HubSpot numbers both sides of a pair together.

    Among an even number of successive ids the sides follow each other; else a neighbour may be one.
    """
    by_id = {label.type_id: label for label in labels}
    partners: dict[Label, list[Label]] = {}
    for label in labels:
        first = last = label.type_id
        while first - 1 in by_id:
            first -= 1
        while last + 1 in by_id:
            last += 1
        is_even = (last - first) % 2 == 1
        ids = (
            {first + ((label.type_id - first) ^ 1)}
            if is_even
            else {label.type_id - 1, label.type_id + 1}
        )
        partners[label] = [by_id[type_id] for type_id in sorted(ids) if type_id in by_id]
    return partners
