"""Stored bodies of every version read to the same values; what is written is the newest of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from integration.storage.findings import stored_shapes
from mappings.rules.findings import Arrival, IdentityLink, Move, Reason, Referral, Signal, Source
from mappings.stored import shape_table
from mappings.stored.review_answers import Answered, Asked, WouldEarn
from mappings.stored.saved_report_shape import SavedView, SavedWord
from mappings.stored.settings_document import SETTINGS_VERSION
from mappings.stored.setup_shapes import Candidate, SetupQuestion
from mappings.stored.shapes import VERSION, Shape

BODIES = Path(__file__).with_name("stored_shapes")
AT = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
WHY = Reason("won_contact", "was on a won deal", AT, ("deal:9", "contact:12"), 900_000)
SIGNAL = Signal("hard_bounce", 350_000, AT, "edit:12", WHY)
MOVE = Move(
    person_id=12,
    former_company_id=1,
    new_company_id=2,
    former_contact_id=11,
    new_contact_id=12,
    earliest=AT,
    latest=AT,
    moved_at=AT,
    p_same=990_000,
    p_moved=910_000,
    confidence=900_900,
    status="review",
    kind="boomerang",
    signals=(SIGNAL,),
    reasons=(WHY,),
    strength=800_000,
)
REFERRAL = Referral(
    referrer_contact_id=30,
    referrer_person_id=31,
    referrer_company_id=1,
    target="contact:40",
    at=AT,
    how="tracked_code",
    p=980_000,
    status="review",
    from_customer=False,
    expansion=True,
    reasons=(WHY,),
    arrival=Arrival(AT, from_customer=True, expansion=True),
)
SOURCE = Source(
    kind="referral",
    w=850_000,
    p=970_000,
    g=990_000,
    raw=816_255,
    person_id=31,
    contact_id=30,
    company_id=1,
    timing="assisted",
    at=AT,
    because=(WHY,),
)
QUESTION = Asked(
    contacts=(11, 12),
    companies=(1, None),
    deal=9,
    company=2,
    owner="contact:40",
    target="deal:9",
    mark="0a1b",
    what="boomerang",
    at=AT,
    earliest=AT,
    latest=AT,
    moved_at=AT,
    would=(WouldEarn("referral", 30, 1, 250_000, (WHY,)),),
    reasons=(WHY,),
)
ANSWER = Answered(
    contacts=(11, 12),
    companies=(1, None),
    deal=9,
    owner="contact:40",
    target="deal:9",
    mark="0a1b",
    pick=11,
    company=2,
    date=AT,
    split=True,
)
SETUP_QUESTION = SetupQuestion(
    text="Which property says who referred a contact?",
    candidates=(
        Candidate("referred_by", "Referred by", "Maria Lopez (Acme Tools)", 212, "contacts"),
        Candidate("partner_source", "Partner source"),
    ),
    proposal=("referred_by",),
    because="its values are names of people",
    takes_several=True,
)
SAVED_VIEW = SavedView(
    (
        SavedWord("measure", "booked", "Second-order revenue"),
        SavedWord("by", "company.industry", "Industry"),
        SavedWord("period", "last_12_months"),
        SavedWord("owner", "88", "Anna Berg"),
    )
)
SAMPLES: dict[str, object] = {
    "reason": WHY,
    "move": MOVE,
    "referral": REFERRAL,
    "source": SOURCE,
    "link": IdentityLink(11, 12, 9.5, 960_000, "review", (WHY,), certain=True),
    "question": QUESTION,
    "answer": ANSWER,
    "setup_question": SETUP_QUESTION,
    "saved_view": SAVED_VIEW,
}
SHAPES: dict[str, Shape[Any]] = {shape.name: shape for shape in shape_table.SHAPES.values()}
VERSIONS = [(name, n) for name, shape in SHAPES.items() for n in range(shape.version + 1)]

# Fields that bodies of a version cannot know, because they came later.
LACKING: dict[tuple[str, int], set[str]] = {}


def body(name: str, version: int) -> Any:  # noqa: ANN401 - JSON
    return json.loads((BODIES / f"{name}.{version}.json").read_text())


def newest(name: str) -> Any:  # noqa: ANN401 - JSON
    return body(name, SHAPES[name].version)


def written(name: str) -> Any:  # noqa: ANN401 - JSON
    sample = SAMPLES[name]
    if isinstance(sample, Asked):
        return stored_shapes.plain(shape_table.question_body(sample))
    return stored_shapes.plain(shape_table.body_of(sample))


def test_every_shape_has_a_sample_and_every_kept_body_a_shape() -> None:
    others = {("conclusion", version) for version in (0, 1)}
    others |= {("settings", version) for version in range(SETTINGS_VERSION + 1)}
    kept = {(path.name.split(".")[0], int(path.name.split(".")[1])) for path in BODIES.iterdir()}

    assert SAMPLES.keys() == SHAPES.keys()
    assert kept == set(VERSIONS) | others


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_a_body_of_any_version_still_reads_to_the_same_value(name: str, version: int) -> None:
    read = SHAPES[name].read(body(name, version))

    assert read is not None
    parts = [part.name for part in fields(SHAPES[name].of)]
    lost = {one for one in parts if getattr(read.value, one) != getattr(SAMPLES[name], one)}
    assert lost == LACKING.get((name, version), set())
    assert read.is_whole == (not lost)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_written_is_the_newest_body(name: str) -> None:
    """Fails when a stored dataclass changes without a new version.

    What to do then is told in docs/decisions/0010-stored-shapes.md.
    """
    assert written(name) == newest(name)
    assert newest(name).keys() == {VERSION, *(part.name for part in fields(SHAPES[name].of))}
    assert newest(name)[VERSION] == SHAPES[name].version


Damage = Callable[[dict[str, Any], str], dict[str, Any]]
DAMAGES: dict[str, Damage] = {
    "missing": lambda kept, field: {name: value for name, value in kept.items() if name != field},
    "null": lambda kept, field: {**kept, field: None},
    "a word": lambda kept, field: {**kept, field: "of old"},
    "a list": lambda kept, field: {**kept, field: [{"of": "old"}, 7, None]},
    "an object": lambda kept, field: {**kept, field: {"of": "old"}},
    "a truth": lambda kept, field: {**kept, field: True},
    "a huge number": lambda kept, field: {**kept, field: 10**30},
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", SHAPES)
def test_one_field_that_cannot_be_read_spoils_no_other(name: str, damage: str) -> None:
    sample = SAMPLES[name]
    parts = [part.name for part in fields(SHAPES[name].of)]
    instead = {part: getattr(sample, part) for part in parts}

    for part in parts:
        read = SHAPES[name].read(DAMAGES[damage](newest(name), part), instead)

        assert read is not None, part
        assert all(getattr(read.value, one) == instead[one] for one in parts if one != part), part
        hash(read.value)


@pytest.mark.parametrize("name", SHAPES)
def test_unknown_fields_are_dropped_at_any_depth(name: str) -> None:
    def widened(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {"of_tomorrow": 1, **{key: widened(inner) for key, inner in value.items()}}
        return [widened(inner) for inner in value] if isinstance(value, list) else value

    read = SHAPES[name].read(widened(newest(name)))

    assert read is not None
    assert (read.value, read.is_whole) == (SAMPLES[name], True)


@pytest.mark.parametrize(
    "odd",
    [None, 7, "text", [], [1], True, {}, {VERSION: "x"}, {VERSION: -1}, {VERSION: True}],
)
@pytest.mark.parametrize("name", SHAPES)
def test_what_cannot_be_understood_never_raises_and_is_never_whole(name: str, odd: object) -> None:
    read = SHAPES[name].read(odd)

    assert read is None or not read.is_whole


@pytest.mark.parametrize("name", SHAPES)
def test_a_later_versions_body_is_read_by_our_names_and_not_relied_on(name: str) -> None:
    read = SHAPES[name].read({**newest(name), VERSION: 99, "of_tomorrow": {}})

    assert read is not None
    assert (read.value, read.is_whole) == (SAMPLES[name], False)


def test_a_word_that_is_no_longer_used_is_filled_in() -> None:
    read = shape_table.MOVE.read({**newest("move"), "status": "automatic"}, {"status": "auto"})

    assert read is not None
    assert (read.value.status, read.is_whole) == ("auto", False)


def test_an_item_that_cannot_be_read_is_left_out_of_its_list() -> None:
    kept = newest("move")
    signals = ["gone", *kept["signals"], {"kind": "hard_bounce"}]
    read = shape_table.MOVE.read({**kept, "signals": signals})

    assert read is not None
    assert (read.value.signals, read.is_whole) == ((SIGNAL,), False)


class _Mood(StrEnum):
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class _Visit:
    guest: int
    mood: _Mood = _Mood.GOOD
    paid: float = 0.0


def test_an_upgrade_brings_a_renamed_field_along() -> None:
    upgrades = {1: lambda kept: {**kept, "guest": kept.get("contact")}}
    renamed = Shape("visit", _Visit, 2, upgrades=upgrades)

    for kept, value in (
        ({"contact": 3, "mood": "good", "paid": 2}, _Visit(3, paid=2.0)),
        ({VERSION: 1, "contact": 4, "mood": "good", "paid": 0.5}, _Visit(4, paid=0.5)),
        ({VERSION: 2, "guest": 5, "mood": "good", "paid": 0.5}, _Visit(5, paid=0.5)),
    ):
        read = renamed.read(kept)
        assert read is not None
        assert (read.value, read.is_whole) == (value, True)
    assert renamed.read({VERSION: 2, "guest": 5, "mood": "grim", "paid": 1.0}) is not None
    assert renamed.read({VERSION: 2, "mood": "good"}) is None


def test_a_version_alone_is_no_difference_and_a_lost_field_is_one() -> None:
    assert not stored_shapes.differs(MOVE, body("move", 0))
    assert not stored_shapes.differs(MOVE, body("move", 1))
    assert stored_shapes.differs(MOVE, {**newest("move"), "strength": 1})
    assert stored_shapes.differs(MOVE, DAMAGES["missing"](newest("move"), "strength"))
    assert stored_shapes.differs(MOVE, [])


@pytest.mark.parametrize(
    ("kind", "name", "about"),
    [
        ("identity", "11:12", {"contacts": [11, 12]}),
        ("move", "11>12:1>None", {"contacts": [11, 12], "companies": [1, None]}),
        (
            "referral",
            "contact:40|deal:9|11",
            {"contacts": [11], "owner": "contact:40", "target": "deal:9"},
        ),
        ("suggestion", "9:12", {"contacts": [12], "deal": 9}),
        ("arrival", "9:12", {"contacts": [12], "deal": 9}),
        ("merge", "9:1", {"contacts": [], "companies": [1, None], "deal": 9}),
        ("rejudge", "9:0a1b", {"contacts": [], "deal": 9, "mark": "0a1b"}),
    ],
)
@pytest.mark.parametrize(
    "odd",
    [None, [], "text", {"contacts": "11", "companies": 7, "deal": [], "owner": 1}],
)
def test_a_question_whose_body_is_lost_is_known_by_its_name(
    kind: str, name: str, about: dict[str, Any], odd: object
) -> None:
    assert shape_table.question_in(kind, name, odd) == about
    assert shape_table.answer_in(kind, name, odd) == about


def test_a_question_of_which_nothing_is_known_is_nobodys() -> None:
    assert shape_table.question_in("identity", "removed:7", {"contacts": [1]}) is None
    assert shape_table.question_in("of_tomorrow", "1:2", {}) is None


def test_a_conclusion_of_either_version_reads_to_the_same_reasons() -> None:
    reasons = ["Priya left Acme.", {"kind": "referral", "because": [stored_shapes.plain(WHY)]}]

    assert shape_table.reasons_in(body("conclusion", 0)) == reasons
    assert shape_table.reasons_in(body("conclusion", 1)) == reasons
    assert shape_table.reasons_body(reasons) == body("conclusion", 1)
    for odd in (None, 7, "text", {"reasons": 7}, [3, None]):
        assert shape_table.reasons_in(odd) == []
    desired = {"second_order_share": "0.5", "of_old": "1", "second_order_order": 2}
    assert shape_table.values_in("deal", desired) == {"second_order_share": "0.5"}
    assert shape_table.values_in("deal", []) == {}
