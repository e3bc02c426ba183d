"""When a link was made, as far as notices and what was known before can tell."""

from datetime import UTC, datetime

from mappings.records.link_dates import LinkDates, dated
from mappings.records.rows import Link

DEAL, OLD, SURVIVOR = 200, 10, 12
LABELLED = datetime(2026, 11, 30, tzinfo=UTC)
MERGED = {("contact", OLD): SURVIVOR, ("contact", 11): SURVIVOR}


def a_link(contact: int, seen_at: datetime | None = None) -> Link:
    return Link("contact", contact, "deal", DEAL, 4, "HUBSPOT_DEFINED", None, seen_at)


def notice_of_a_label() -> LinkDates:
    dates = LinkDates()
    dates.add(("deal", DEAL), ("contact", SURVIVOR), 31, LABELLED)
    return dates


def test_a_label_that_is_told_before_the_merge_does_not_date_the_link_of_before() -> None:
    known = {a_link(OLD): None}

    (link,) = dated([a_link(SURVIVOR)], known, notice_of_a_label(), MERGED)

    assert link.seen_at is None


def test_of_two_links_that_became_one_the_older_date_stays() -> None:
    older, younger = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    known = {a_link(OLD): younger, a_link(11): older}

    (link,) = dated([a_link(SURVIVOR)], known, notice_of_a_label(), MERGED)

    assert link.seen_at == older


def test_the_link_of_a_former_id_that_is_still_told_is_another_link() -> None:
    known = {a_link(OLD): None}

    links = dated([a_link(OLD), a_link(SURVIVOR)], known, notice_of_a_label(), MERGED)

    assert {link.from_id: link.seen_at for link in links} == {OLD: None, SURVIVOR: LABELLED}


def test_a_link_of_nobody_who_was_merged_has_the_date_of_its_notice() -> None:
    (link,) = dated([a_link(SURVIVOR)], {a_link(OLD): None}, notice_of_a_label(), {})

    assert link.seen_at == LABELLED
