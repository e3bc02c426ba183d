"""Every answer is kept with its person, the employer of its day and the role, and counted from there."""

from datetime import timedelta

import pytest

from integration.storage.service import erasure
from integration.storage.success import person_answers
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day

ACME, ZENIT, PRIYA, OMAR = 1, 2, 12, 13
YEAR = timedelta(365)


@pytest.fixture
def portals(clock: Clock) -> tuple[MirrorPortal, MirrorPortal]:
    """Priya answered at Acme and moved to Zenit; Omar, who decides, answered at Acme; only in harbor."""
    both = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in both:
        portal.install()
        portal.company(ACME, "Acme", "acme-tools.com")
        portal.company(ZENIT, "Zenit", "zenit-labs.com")
        portal.imported()
    harbor = both[0]
    moved = [(900, str(ACME)), (60, str(ZENIT))]
    asked = [(400, "3"), (100, "10")]
    harbor.put(
        "contact",
        PRIYA,
        firstname="Priya",
        associatedcompanyid=moved,
        hs_feedback_last_nps_rating_number=asked,
    )
    harbor.put(
        "contact",
        OMAR,
        firstname="Omar",
        associatedcompanyid=[(900, str(ACME))],
        hs_buying_role="DECISION_MAKER",
        hs_feedback_last_nps_rating_number=[(30, "2")],
    )
    for portal in both:
        portal.settle()
    return both


def kept(portal: MirrorPortal) -> list[tuple[int, int, int | None, bool]]:
    rows = portal.rows(
        "SELECT contact_id, score, company_id, decides FROM person_answer ORDER BY answered_at"
    )
    return [(row["contact_id"], row["score"], row["company_id"], row["decides"]) for row in rows]


def test_an_answer_is_kept_with_the_employer_of_its_day(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals

    assert kept(harbor) == [
        (PRIYA, 3, ACME, False),
        (PRIYA, 10, ACME, False),
        (OMAR, 2, ACME, True),
    ]
    assert kept(orchard) == []


def test_who_decided_on_a_deal_decides_in_a_survey(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.deal(7, ACME, created=800, won=(700, "10.00"))
    harbor.link("deal", 7, "contact", PRIYA, "Champion", type_id=77)
    harbor.settle()

    assert kept(harbor)[0] == (PRIYA, 3, ACME, True)


def test_only_each_persons_latest_answer_of_a_year_is_counted(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    with portals[0].database.portal(HARBOR) as tx:
        (row,) = person_answers.by_company(tx, since=NOW - YEAR, until=NOW, fresh=day(50))
        (before,) = person_answers.by_company(tx, since=day(450), until=day(101), fresh=day(500))
        quarters = person_answers.by_period(tx, [day(800), day(300), day(50)], until=NOW)
    with portals[1].database.portal(ORCHARD) as tx:
        assert person_answers.by_company(tx, since=NOW - YEAR, until=NOW, fresh=NOW) == []

    assert (row["company_id"], row["promoters"], row["passives"], row["detractors"]) == (ACME, 1, 0, 1)  # fmt: skip
    assert (row["key_detractors"], row["key_promoters"], row["fresh"]) == (1, 0, 1)
    assert (before["promoters"], before["detractors"]) == (0, 1)
    assert [(row["promoters"], row["detractors"], row["companies"]) for row in quarters] == [
        (0, 1, 1),
        (1, 0, 1),
        (0, 1, 1),
    ]


def test_answers_of_a_company_that_was_merged_are_the_survivors(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO alias (portal_id, object_type, old_id, new_id, merged_at)
               VALUES (:portal, 'company', :old, :new, now())""",
            old=ACME,
            new=ZENIT,
        )
        (row,) = person_answers.by_company(tx, since=NOW - YEAR, until=NOW, fresh=NOW)

    assert row["company_id"] == ZENIT


def test_a_corrected_answer_is_corrected_and_one_taken_back_is_gone(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.put("contact", OMAR, firstname="Omar", associatedcompanyid=[(900, str(ZENIT))], hs_feedback_last_nps_rating_number=[(30, "9")])  # fmt: skip
    harbor.put("contact", PRIYA, firstname="Priya", associatedcompanyid=[(900, str(ACME))])
    harbor.settle()

    assert kept(harbor) == [(OMAR, 9, ZENIT, False)]


def test_who_is_forgotten_leaves_no_answer(portals: tuple[MirrorPortal, MirrorPortal]) -> None:
    harbor, _ = portals
    with harbor.database.portal(HARBOR) as tx:
        erasure.contact(tx, PRIYA)
        left = tx.tuples("SELECT DISTINCT contact_id FROM person_answer WHERE portal_id = :portal")

    assert left == [(OMAR,)]
