"""Which of a person's records is the current one."""

import pytest

from mappings.rules.facts import CompanyFacts, ContactFacts, Directory
from mappings.rules.findings import Move
from mappings.rules.identity.companies import directory
from mappings.rules.job_changes.current_record import current_record
from tests.unit.rules_builders import a_contact, a_move, day

KNOWN = directory([CompanyFacts(10, "Acme", domains=frozenset({"acme.example"}))])


def current(
    *records: ContactFacts, moves: tuple[Move, ...] = (), known: Directory = KNOWN
) -> int | None:
    return current_record({record.id: record for record in records}, moves, known)


def test_the_record_that_the_latest_move_led_to_is_the_current_one() -> None:
    """Whatever is newer by chance; and of somebody who came back, the old record."""
    old, new, imported = a_contact(1, on=0), a_contact(2, on=100), a_contact(3, on=300)
    went = a_move(former_contact_id=1, new_contact_id=2, moved_at=day(100))
    back = a_move(former_contact_id=2, new_contact_id=1, moved_at=day(200), kind="boomerang")
    left = a_move(former_contact_id=1, new_contact_id=3, moved_at=day(400), kind="departure")

    assert current(old, new, imported, moves=(went,)) == 2
    assert current(old, new, imported, moves=(went, back, left)) == 1


def test_a_move_to_a_record_that_is_gone_says_nothing() -> None:
    assert current(a_contact(1), moves=(a_move(former_contact_id=1, new_contact_id=2),)) == 1
    assert current(moves=(a_move(),)) is None


@pytest.mark.parametrize(
    "better",
    [
        {"email": "ana@acme.example"},
        {"on": 50},
    ],
    ids=["has an employer", "is newer"],
)
def test_without_a_move_the_newest_record_with_an_employer_is_current(
    better: dict[str, object],
) -> None:
    assert current(a_contact(1, on=20), a_contact(2, **{"on": 10, **better})) == 2  # type: ignore[arg-type]  # of several types


def test_a_record_that_bounced_or_left_is_current_only_when_there_is_no_other() -> None:
    bounced = a_contact(2, on=50, email="ana@acme.example", bounced_at=day(60))
    left = a_contact(3, on=50, email="ana@acme.example", left_reply_at=day(60))

    assert current(a_contact(1), bounced, left) == 1
    assert current(bounced) == 2
