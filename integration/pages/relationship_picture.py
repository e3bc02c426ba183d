"""One relationship, two accounts, as a picture: who, where from, where to, and the deals there.

The picture is made of boxes with lines of text, once side by side and once below each other for a
narrow screen; a sentence says the same.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integration.pages import figures
from integration.pages.texts import gettext as _
from integration.pages.texts import ngettext
from integration.reports.records.two_accounts import Side, TwoAccounts
from integration.storage.findings.timeline_rows import DealOfTwo
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair

Names = Mapping[RefPair, str]
_LINE = 20  # units between two lines of text
_PAD = 16
_WIDTH, _GAP = 236, 44  # of a box, and between two
_NAME, _LETTERS = 21, 26  # so many letters of a name have room; of a deal's name and its sum
_LEAST = 6  # letters that are left of a deal's name, however long its sum is
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
_DEALS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: from the box's start, and an amount at its end; `link` is a record."""

    text: str
    end: str = ""
    is_strong: bool = False
    link: RefPair | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its place and its lines, each with its height."""

    x: int
    y: int
    width: int
    height: int
    is_person: bool
    lines: Sequence[tuple[int, Line]]


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from one box to the next."""

    x1: int
    y1: int
    x2: int
    y2: int
    is_dashed: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows in an area of this size."""

    width: int
    height: int
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]


def sentence(two: TwoAccounts, names: Names, currency: str) -> str:
    """Say what the picture shows."""
    parts = {
        "person": _isolated(_name(names, ObjectType.CONTACT, two.contact_id)),
        "former": _isolated(_name(names, ObjectType.COMPANY, two.former.company_id)),
        "new": _isolated(_name(names, ObjectType.COMPANY, two.new.company_id)),
        "day": figures.day(two.moved_on),
        "sure": figures.likelihood(two.certainty),
        "there": _deals_in_words(two.former, currency),
        "here": _deals_in_words(two.new, currency),
    }
    if not two.counts:
        said = _(
            "Perhaps %(person)s left %(former)s (%(there)s) and came to %(new)s (%(here)s) by"
            " %(day)s, %(sure)s: somebody has to say so before it counts.",
            **parts,
        )
    else:
        said = _(
            "%(person)s was at %(former)s (%(there)s) and has been at %(new)s (%(here)s) since"
            " %(day)s, %(sure)s.",
            **parts,
        )
    if not two.credit_minor:
        return said
    credit = figures.money(two.credit_minor, currency)
    return f"{said} " + _(
        "%(credit)s of it is booked because of %(former)s.",
        credit=credit,
        former=parts["former"],
    )


def _deals_in_words(side: Side, currency: str) -> str:
    """The deals of a side with their sums: "1 won deal, €100.00; 2 open deals, €50.00"."""
    parts = []
    if side.won:
        won = ngettext("%(num)s won deal", "%(num)s won deals", side.won)
        parts.append(_with_sum(won, side.won_minor, currency))
    if side.open:
        opened = ngettext("%(num)s open deal", "%(num)s open deals", side.open)
        parts.append(_with_sum(opened, side.open_minor, currency))
    return "; ".join(parts) or _("no deal that this person is on")


def _with_sum(deals: str, minor: int, currency: str) -> str:
    """The deals with their sum; of an account whose currency is not known they have none."""
    return f"{deals}, {figures.money(minor, currency)}" if currency else deals


def side_by_side(two: TwoAccounts, names: Names, currency: str) -> Picture:
    """Return the picture for a wide screen."""
    contents = _contents(two, names, currency)
    height = max(_height(lines) for lines in contents)
    boxes = [
        _box(place * (_WIDTH + _GAP), 0, height, lines, is_person=place == 1)
        for place, lines in enumerate(contents)
    ]
    middle = height // 2
    arrows = [
        Arrow(box.x + box.width + 4, middle, box.x + box.width + _GAP - 6, middle, not two.counts)
        for box in boxes[:-1]
    ]
    return Picture(3 * _WIDTH + 2 * _GAP, height, boxes, arrows)


def stacked(two: TwoAccounts, names: Names, currency: str) -> Picture:
    """Return the picture for a narrow screen."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    y = 0
    for place, lines in enumerate(_contents(two, names, currency)):
        if boxes:
            center = _WIDTH // 2
            arrows.append(Arrow(center, y - _GAP + 4, center, y - 6, not two.counts))
        boxes.append(_box(0, y, _height(lines), lines, is_person=place == 1))
        y += _height(lines) + _GAP
    return Picture(_WIDTH, y - _GAP, boxes, arrows)


def _box(x: int, y: int, height: int, lines: Sequence[Line], *, is_person: bool) -> Box:
    first = y + _PAD + 14
    placed = [(first + number * _LINE, line) for number, line in enumerate(lines)]
    return Box(x, y, _WIDTH, height, is_person, placed)


def _height(lines: Sequence[Line]) -> int:
    return 2 * _PAD + len(lines) * _LINE


def _contents(two: TwoAccounts, names: Names, currency: str) -> list[list[Line]]:
    """The lines of the three boxes: the former company, the person, the new company."""
    person: RefPair = (ObjectType.CONTACT.value, two.contact_id)
    middle = [
        Line(_cut(_name(names, *person), _NAME), is_strong=True, link=person),
        Line(_("by %(day)s", day=figures.day(two.moved_on))),
        Line(figures.likelihood(two.certainty) if two.counts else _("to be confirmed")),
    ]
    if two.credit_minor:
        middle.append(Line(_("booked"), figures.money(two.credit_minor, currency), is_strong=True))
    return [
        _side(_("Before"), two.former, names, currency),
        middle,
        _side(_("Now"), two.new, names, currency),
    ]


def _side(head: str, side: Side, names: Names, currency: str) -> list[Line]:
    company: RefPair = (ObjectType.COMPANY.value, side.company_id)
    lines = [Line(head), Line(_cut(_name(names, *company), _NAME), is_strong=True, link=company)]
    for state in ("won", "open"):
        own = [deal for deal in side.deals if deal.state == state]
        lines += [_deal(deal, names, currency) for deal in own]
        lines += _rest(own)
    if side.won:
        lines.append(Line(_("Won"), _sum(side.won_minor, currency), is_strong=True))
    if side.open:
        lines.append(Line(_("Open"), _sum(side.open_minor, currency)))
    if not side.won and not side.open:
        lines.append(Line(_("no deal of theirs")))
    return lines


def _sum(minor: int, currency: str) -> str:
    return figures.money(minor if currency else None, currency)


def _deal(deal: DealOfTwo, names: Names, currency: str) -> Line:
    ref: RefPair = (ObjectType.DEAL.value, deal.deal_id)
    amount = figures.money(deal.home_minor, currency)
    room = max(_LETTERS - len(amount), _LEAST)
    return Line(_cut(_name(names, *ref), room), amount, link=ref)


def _rest(own: Sequence[DealOfTwo]) -> list[Line]:
    """That there are more deals of the same state than are drawn."""
    left = own[0].deals - len(own) if own else 0
    return [Line(ngettext("and %(num)s more", "and %(num)s more", left))] if left else []


def _name(names: Names, object_type: str, record_id: int) -> str:
    return names.get((str(object_type), record_id), "")


def _isolated(name: str) -> str:
    """A name that keeps its own direction within a sentence."""
    return _ISOLATED.format(name)


def _cut(name: str, room: int) -> str:
    """As much of a name as has room; letters of some scripts need twice as much."""
    used = 0
    for place, letter in enumerate(name):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > room:
            return _isolated(f"{name[:place]}…")
    return _isolated(name)
