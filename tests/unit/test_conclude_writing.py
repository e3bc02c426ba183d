"""Desired minus current, and sources that outlive whom they name."""

from datetime import UTC, datetime

import pytest

from integration.conclude import field_patches
from integration.conclude.row_changes import NewRow, row_changes
from integration.storage.database import Row
from integration.storage.findings import removed_subjects, stored_shapes
from mappings.rules.findings import Source

AT = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("desired", "current", "agree"),
    [
        ("0.5", "0.50", True),
        ("40000.00", "40000", True),
        ("1", "2", False),
        ("", None, True),
        ("", "", True),
        ("none", None, False),
        ("", "none", False),
        ("several", "several", True),
        ("2026-03-04T05:06:07.890Z", "2026-03-04T06:06:07.890+01:00", True),
        ("Maria (Acme)", "Maria (Zenit)", False),
        ("NaN", "NaN", True),
    ],
)
def test_two_texts_agree_when_they_mean_one_value(
    desired: str, current: str | None, *, agree: bool
) -> None:
    assert field_patches.same(desired, current) is agree


def test_a_record_that_is_as_desired_has_no_patch() -> None:
    assert field_patches.difference({"a": "1.0", "b": ""}, {"a": "1"}, set()) == {}


def test_only_what_differs_and_is_not_paused_is_written() -> None:
    desired = {"a": "1", "b": "2", "c": ""}
    assert field_patches.difference(desired, {"a": "0", "b": "0", "c": "old"}, {"b"}) == {
        "a": "1",
        "c": "",
    }


@pytest.mark.parametrize(
    ("ppm", "text"),
    [(963_344, "0.9633"), (1_000_000, "1"), (0, "0"), (500_000, "0.5"), (49, "0"), (51, "0.0001")],
)
def test_a_share_is_a_plain_number_of_four_digits(ppm: int, text: str) -> None:
    assert field_patches.share(ppm) == text


def test_a_moment_is_written_as_the_crm_takes_it() -> None:
    assert field_patches.moment(AT) == "2026-03-04T05:06:07.890Z"


def test_a_removed_persons_source_keeps_its_place_and_names_nobody() -> None:
    row = {
        "source_key": f"referral|s{17:020d}|{1:020d}",
        "kind": "referral",
        "company_id": 1,
        "confidence": 0.97,
        "share": 5 * 10**11,
        "at": AT,
    }

    source = stored_shapes.removed_source(row)

    assert (source.person_id, source.contact_id, source.company_id) == (-17, None, 1)
    assert source.raw == 500_000
    assert stored_shapes.is_removed({"removed": True})
    assert not stored_shapes.is_removed(stored_shapes.plain(source))
    assert removed_subjects.subject_id_of(source) == 17


@pytest.mark.parametrize("person_id", [None, 17])
def test_a_known_persons_source_and_the_pools_are_no_removed_subjects(
    person_id: int | None,
) -> None:
    source = Source("referral", 0, 0, 0, 0, person_id=person_id)
    assert removed_subjects.subject_id_of(source) is None


def share_differs(row: NewRow, stored: Row) -> bool:
    return bool(row["share"] != stored["share"])


def test_stored_rows_subtracted_from_desired_ones_are_the_changes() -> None:
    stored = {"gone": {"share": 1}, "same": {"share": 2}, "other": {"share": 3}}
    desired = {"same": {"share": 2}, "other": {"share": 4}, "new": {"share": 5}}

    changes = row_changes(stored, desired, share_differs)

    assert changes.gone == {"gone": {"share": 1}}
    assert changes.replaced == {"other": {"share": 3}}
    assert changes.new == {"other": {"share": 4}, "new": {"share": 5}}
    assert row_changes(desired, desired, share_differs).rows == []
