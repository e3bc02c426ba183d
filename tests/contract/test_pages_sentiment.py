"""The portfolio's sentiment: from rows to numbers with their intervals, and to the page that shows them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from integration.portal.context import open_portal
from integration.reports import portfolio_sentiment
from integration.reports.portfolio_sentiment import PortfolioSentiment, Segment, Way
from integration.storage.database import as_json
from integration.storage.service import portal_users
from mappings.kinds import Role
from mappings.rules.success.nps import Mix
from mappings.rules.success.sentiment import Change, Size
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, desk, written_by_hand

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/sentiment"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    return written_by_hand(desk, HARBOR)


def answered(
    harbor: MirrorPortal,
    given: Iterable[tuple[int, int | None, int]],
    at: datetime,
    *,
    comment: str = "",
    decides: bool = False,
) -> None:
    """Rows as conclude keeps them: (person, company, score)."""
    rows = [
        {"id": person, "company": company, "score": score, "key": f"{person}:{at:%Y%m%d}"}
        for person, company, score in given
    ]
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO person_answer (portal_id, contact_id, answer_id, person_id, company_id,
                 score, answered_at, decides, comment)
               SELECT :portal, id, key, id, company, score, :at, :decides, :comment
               FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                 AS t(id bigint, company bigint, score int, key text)""",
            rows=as_json(rows),
            at=at,
            decides=decides,
            comment=comment,
        )


def forty(first: int, *, promoters: int, passives: int) -> list[tuple[int, int | None, int]]:
    """Forty people, each of a company of their own."""
    scores = [10] * promoters + [8] * passives + [3] * (40 - promoters - passives)
    return [(first + place, 1000 + place, score) for place, score in enumerate(scores)]


def read(desk: Desk) -> PortfolioSentiment:
    with open_portal(desk.runtime, HARBOR) as portal:
        return portfolio_sentiment.of(portal)


def test_forty_answers_are_a_number_with_its_interval(desk: Desk, harbor: MirrorPortal) -> None:
    answered(harbor, forty(1, promoters=22, passives=10), desk.runtime.now())

    found = read(desk)

    felt = found.now[Way.PEOPLE]
    assert (felt.size, felt.mix, felt.number) == (Size.NUMBER, Mix(22, 10, 8), 35.0)
    assert felt.interval == pytest.approx((8.9, 56.2), abs=0.05)
    assert (found.freshness.fresh, found.companies, found.invitations) == (40, 40, None)


def test_only_the_latest_answer_within_the_window_counts(desk: Desk, harbor: MirrorPortal) -> None:
    now = desk.runtime.now()
    answered(harbor, [(1, 5, 0)], now - timedelta(days=100))
    answered(harbor, [(1, 5, 10), (2, None, 9)], now - timedelta(days=200))
    answered(harbor, [(3, 5, 9)], now - timedelta(days=366))
    answered(harbor, [(4, 5, 9)], now + timedelta(days=1))  # a clock that is ahead

    found = read(desk)

    assert found.now[Way.PEOPLE].mix == Mix(1, 0, 1)
    assert (found.freshness.fresh, found.without_company, found.companies) == (1, 1, 1)


def test_ten_people_of_one_company_are_too_few_companies(desk: Desk, harbor: MirrorPortal) -> None:
    answered(harbor, [(person, 5, 9) for person in range(40)], desk.runtime.now())

    assert read(desk).now[Way.PEOPLE].size == Size.FEW_COMPANIES
    assert "few companies" in desk.get(PAGE).text


def test_decision_makers_are_counted_apart(desk: Desk, harbor: MirrorPortal) -> None:
    now = desk.runtime.now()
    answered(harbor, forty(1, promoters=40, passives=0), now)
    answered(harbor, forty(101, promoters=0, passives=10), now, decides=True)

    found = read(desk)

    assert found.now[Way.DECIDERS].mix == Mix(0, 10, 30)
    assert found.now[Way.PEOPLE].mix == Mix(40, 10, 30)


def test_revenue_weighs_by_what_was_bought_in_the_window(desk: Desk, harbor: MirrorPortal) -> None:
    for company in (1, 2):
        harbor.company(company, f"Company {company}", f"company-{company}.com")
    harbor.deal(11, 1, created=50, won=(40, "3000.00"))
    harbor.deal(12, 2, created=50, won=(40, "1000.00"))
    harbor.settle()
    answered(harbor, [(1, 1, 10), (2, 2, 0), (3, 3, 0)], desk.runtime.now())
    with harbor.database.portal(HARBOR) as tx:
        tx.run("UPDATE deal SET closed_at = now() - interval '9 days' WHERE portal_id = :portal")

    felt = read(desk).now[Way.REVENUE]

    assert (felt.mix, felt.companies, felt.number) == (Mix(1, 0, 1), 2, None)
    assert "1 company that bought nothing in the window is left out." in desk.get(PAGE).text


def test_each_quarter_stands_beside_the_one_before(desk: Desk, harbor: MirrorPortal) -> None:
    now = desk.runtime.now()
    answered(harbor, forty(1, promoters=35, passives=5), now - timedelta(days=92))
    answered(harbor, forty(1, promoters=2, passives=5), now)

    quarters = read(desk).quarters

    assert [quarter.sentiment.mix.n for quarter in quarters] == [40, 40]
    assert quarters[0].change is None
    assert quarters[1].change is not None
    assert quarters[1].change.kind == Change.FALL
    assert "a clear fall" in desk.get(PAGE).text


def test_segments_add_up_to_all(desk: Desk, harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.put("company", 2, name="Zenit", lifecyclestage="customer", hubspot_owner_id="77")
    answered(harbor, [(1, 1, 10), (2, 2, 0), (3, 2, 7), (4, None, 10)], desk.runtime.now())

    found = read(desk)

    for kind in Segment:
        lines = found.segments[kind]
        assert sum((line.sentiment.mix for line in lines), Mix(0, 0, 0)) == Mix(2, 1, 1)
    by_stage = {line.value: line.sentiment.mix for line in found.segments[Segment.STAGE]}
    by_owner = {line.value: line.sentiment.mix for line in found.segments[Segment.OWNER]}
    assert by_stage["customer"] == by_owner["77"] == Mix(0, 1, 1)
    assert found.lines[0].name == "Zenit"


def test_nobody_answered_is_said_and_no_number_is_shown(desk: Desk, harbor: MirrorPortal) -> None:
    page = desk.get(PAGE)

    assert page.status_code == 200
    assert "Nobody answered a survey in the window" in page.text


def test_the_same_figures_are_there_for_programs(desk: Desk, harbor: MirrorPortal) -> None:
    answered(harbor, forty(1, promoters=22, passives=10), desk.runtime.now())

    told = desk.get(f"{PAGE}.json").json

    assert told is not None
    assert told["now"]["people"]["nps"] == 35.0
    assert told["now"]["revenue"]["size"] == "counts"
    assert told["quarters"][0]["promoters"] == 22
    assert (told["invited"], told["answered"]) == (None, 40)


def test_the_response_rate_is_that_of_our_own_survey(desk: Desk, harbor: MirrorPortal) -> None:
    now = desk.runtime.now()
    answered(harbor, forty(1, promoters=22, passives=10), now)
    assert "nobody told us who was invited" in desk.get(PAGE).text

    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO survey_invitation (portal_id, contact_id, number, opened_at, answered_at)
               SELECT :portal, id, 1, CAST(:at AS timestamptz),
                 CASE WHEN id <= 10 THEN CAST(:at AS timestamptz) END
               FROM generate_series(1, 40) AS id""",
            at=now,
        )
    page = desk.get(PAGE).text

    assert "25%" in page
    assert "of 40 people whom our own survey invited" in page


def test_comments_are_for_who_may_read_them(desk: Desk, harbor: MirrorPortal) -> None:
    words = "<b>Setup</b> was slow"
    answered(harbor, [(1, 1, 2)], desk.runtime.now(), comment=words)

    assert "&lt;b&gt;Setup&lt;/b&gt; was slow" in desk.get(PAGE).text

    with desk.runtime.database.service() as tx:
        portal_users.let_installer_in(tx, HARBOR, 88, anew=True)
    with desk.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE portal_user SET role = :role WHERE portal_id = :portal", role=Role.MARKETER)
    page = desk.get(PAGE).text
    assert "was slow" not in page
    assert "Your role does not read what people wrote." in page


def test_another_accounts_answers_are_not_there(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    answered(harbor, forty(1, promoters=22, passives=10), desk.runtime.now())

    with open_portal(desk.runtime, orchard.portal_id) as portal:
        assert portfolio_sentiment.of(portal).freshness.of == 0
    assert desk.get(f"/portals/{ORCHARD}/sentiment").status_code in {302, 401, 403, 404}
