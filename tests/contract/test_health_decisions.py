"""Bands that people set and factors that they leave out: seen everywhere, explained, and ended."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from integration.core.errors import RecordGone, Refused
from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.review import health_deciding
from integration.review.health_deciding import Deed
from integration.storage.reviews import health_decisions, pulse_rows
from integration.storage.service import erasure
from mappings.rules.success.pulse import Pulse
from tests.contract.conclude_world import HARBOR, KEYS, NOW, ORCHARD, Clock, MirrorPortal
from tests.contract.record_world import written_by_hand
from tests.contract.review_world import Office
from tests.contract.test_conclude_health import ACME, ANA, a_customer, score, why
from tests.contract.visiting import HARBOR as HARBOR_ID
from tests.contract.visiting import Town, Visitor

TODAY = NOW.date()
BAND = "second_order_health_band"


@pytest.fixture
def acme(office: Office) -> MirrorPortal:
    return a_customer(MirrorPortal(office, HARBOR))


def sets(
    portal: MirrorPortal,
    band: str = "at_risk",
    *,
    days: int | None = 10,
    reason: str = "Ana told us",
    company: int = ACME,
    author: str = "user:7",
) -> None:
    until = None if days is None else TODAY + timedelta(days)
    health_deciding.set_band(portal.context, Deed(company, band, reason, until, author))
    portal.settle()


def a_day_later(portal: MirrorPortal, days: int) -> None:
    portal.clock.at = NOW + timedelta(days)
    with portal.database.portal(portal.portal_id) as tx:
        invalidation.record(tx, Change.DAY_PASSED)
    portal.settle()


def said(portal: MirrorPortal, name: str = BAND) -> str:
    return portal.said("company", ACME)[name]


def test_a_band_that_was_set_is_seen_until_it_ends_and_the_number_stays(
    acme: MirrorPortal, clock: Clock
) -> None:
    orchard = a_customer(MirrorPortal(clock, ORCHARD))
    before, number = said(acme), score(acme)

    sets(acme)

    assert (before, said(acme), score(acme)) == ("healthy", "at_risk", number)
    assert why(acme).startswith(
        'Set to at risk by HubSpot user 7 until 10 July 2026: "Ana told us".'
        " Without that it would be healthy. 50, "
    )
    assert (said(orchard), orchard.kept("health_override")) == ("healthy", [])

    a_day_later(acme, 10)
    assert said(acme) == "at_risk"
    a_day_later(acme, 11)
    assert said(acme) == "healthy"
    assert "Set to" not in why(acme)


def test_a_second_one_replaces_the_first_and_is_taken_back_alone(acme: MirrorPortal) -> None:
    sets(acme)
    sets(acme)  # a button pressed twice
    sets(acme, "watch", reason="Better")
    assert (said(acme), len(acme.kept("health_override"))) == ("watch", 2)

    health_deciding.withdraw_band(acme.context, ACME, author="user:8")
    acme.settle()

    assert said(acme) == "healthy", "what was replaced does not come back"
    with pytest.raises(Refused, match="Nobody's band holds"):
        health_deciding.withdraw_band(acme.context, ACME, author="user:8")


@pytest.mark.parametrize(
    ("company", "days", "reason", "trouble"),
    [
        (ACME, None, "why", "must end"),
        (ACME, 31, "why", "at most 30 days"),
        (ACME, 5, " ", "Say why"),
        (2, 5, "why", "never bought"),
    ],
    ids=["endless", "too long", "without a reason", "no customer"],
)
def test_what_is_refused_changes_nothing(
    acme: MirrorPortal, company: int, days: int | None, reason: str, trouble: str
) -> None:
    acme.company(2, "Prospect", "prospect.com")
    acme.settle()

    with pytest.raises(Refused, match=trouble):
        sets(acme, days=days, reason=reason, company=company)

    assert acme.kept("health_override") == []
    with pytest.raises(RecordGone):
        sets(acme, company=999)


def test_a_band_moves_with_a_company_that_is_merged_and_leaves_with_one_that_is_deleted(
    acme: MirrorPortal,
) -> None:
    sets(acme)
    acme.company(3, "Acme Tools", "acme-tools.com")
    acme.merge("company", (ACME,), 3)
    acme.settle()

    assert acme.said("company", 3)[BAND] == "at_risk"
    health_deciding.withdraw_band(acme.context, 3, author="user:8")
    acme.settle()
    assert acme.said("company", 3)[BAND] == "unknown", "what it would be without"

    acme.retire("company", 3)
    acme.settle()
    assert acme.said("company", 3) == {}


def test_a_factor_that_does_not_apply_to_one_customer_is_left_out_for_that_one(
    acme: MirrorPortal,
) -> None:
    before = acme.said("company", ACME)["second_order_health_coverage"]
    words = "They bought without support"
    deed = Deed(ACME, "support", words, TODAY + timedelta(10), "user:7")

    health_deciding.leave_out(acme.context, deed)
    acme.settle()

    assert f'Left out by an admin: support ("{words}").' in why(acme)
    assert float(acme.said("company", ACME)["second_order_health_coverage"]) != float(before)
    a_day_later(acme, 11)
    assert "Left out" not in why(acme)

    health_deciding.leave_out(acme.context, Deed(ACME, "support", words, None, "user:7"))
    a_day_later(acme, 400)
    assert "Left out" in why(acme)
    health_deciding.count_again(acme.context, ACME, "support", author="user:7")
    acme.settle()
    assert "Left out" not in why(acme)
    for wrong, trouble in (("weather", "Choose a factor"), ("support", "Say why")):
        with pytest.raises(Refused, match=trouble):
            health_deciding.leave_out(acme.context, Deed(ACME, wrong, "", None, "user:7"))


def test_the_reason_goes_with_a_person_whom_it_names_and_the_band_stays(
    acme: MirrorPortal,
) -> None:
    sets(acme, reason="Ana Berg is unhappy")
    health_deciding.leave_out(acme.context, Deed(ACME, "support", "Berg said so", None, "user:7"))

    with acme.database.portal(HARBOR) as tx:
        forgotten.erase(tx, ANA, keys=KEYS)
        left = erasure.mentions(tx, "Berg")
    acme.settle()

    assert {"health_override", "left_out_factor"}.isdisjoint(left)
    assert said(acme) == "at_risk"
    assert "Left out by an admin: support." in why(acme)


def test_hubspots_own_score_stands_beside_and_does_not_count(acme: MirrorPortal) -> None:
    with acme.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE settings_version SET body = jsonb_set(body, '{map,health_score_property}',
                 '"their_score"')"""
        )
    number = score(acme)
    acme.change("company", ACME, their_score="87")
    acme.settle()

    assert score(acme) == number
    assert why(acme).endswith('HubSpot\'s own health score says "87"; it is not counted.')


def test_the_owners_worry_weighs_on_sentiment_the_day_it_is_said(acme: MirrorPortal) -> None:
    before = score(acme)
    with acme.database.portal(HARBOR) as tx:
        pulse_rows.keep(tx, Pulse(ACME, date(2026, 6, 1), 1, NOW, "They are silent", 7))
        invalidation.record(tx, Change.PULSE_GIVEN, companies={ACME})
    acme.settle()

    assert score(acme) < before
    assert "sentiment -" in why(acme)
    assert "(pulse 1 of 5 on 30 June 2026)" in why(acme)


def test_what_holds_is_read_with_one_query_however_many_companies(acme: MirrorPortal) -> None:
    sets(acme)

    with acme.database.portal(HARBOR) as tx:
        none = health_decisions.of_companies(tx, [ACME], date(2027, 1, 1))
        holds = health_decisions.of_companies(tx, range(1, 400), TODAY)

    assert (none, list(holds)) == ({}, [ACME])


HERE = f"/portals/{HARBOR_ID}/company/{ACME}"


@pytest.fixture
def page(town: Town) -> Visitor:
    """An admin of harbor in a browser; Acme is there as everywhere here."""
    visitor = town.visitor()
    visitor.install()
    a_customer(written_by_hand(town, HARBOR_ID))
    return visitor


def test_a_band_is_set_shown_and_taken_back_on_the_customers_page(page: Visitor) -> None:
    until = (datetime.now(UTC) + timedelta(9)).date()
    told = {"band": "at_risk", "reason": "Their <b>boss</b> left", "until": f"{until}"}

    assert page.press(f"{HERE}/band", told).status_code == 303

    shown = page.get(HERE).text
    assert "set the band to “At risk” until" in shown
    assert "Without that it would be “Healthy”" in shown
    assert "“Their &lt;b&gt;boss&lt;/b&gt; left”" in shown
    assert page.press(f"{HERE}/band/withdraw").status_code == 303
    assert "set the band to" not in page.get(HERE).text
    assert "taken back by" in page.get(HERE).text


REFUSED: Mapping[str, dict[str, str]] = {
    "an override must end": {"reason": "x", "until": ""},
    "at most 30 days": {"reason": "x", "until": "2999-01-01"},
    "The end is no date": {"reason": "x", "until": "soon"},
    "Say why": {"reason": "", "until": "2999-01-01"},
}


def test_a_refused_band_says_what_is_wrong_and_keeps_what_was_typed(page: Visitor) -> None:
    for said, told in REFUSED.items():
        answer = page.press(f"{HERE}/band", {"band": "watch", **told})

        assert answer.status_code == 422
        assert said in answer.text
        assert '<option value="watch" selected>' in answer.text
    assert "set the band to" not in page.get(HERE).text


def test_a_factor_is_left_out_and_counted_again_on_the_customers_page(page: Visitor) -> None:
    told = {"factor": "support", "reason": "They bought without", "until": ""}

    assert page.press(f"{HERE}/left-out", told).status_code == 303
    assert "“They bought without”" in page.get(HERE).text
    assert page.press(f"{HERE}/left-out/count", {"factor": "support"}).status_code == 303
    assert "“They bought without”" not in page.get(HERE).text
    assert page.press(f"{HERE}/left-out", {"factor": "weather"}).status_code == 422
    assert page.press("/portals/4711/company/999/band", {"band": "watch"}).status_code == 404


def test_a_seller_decides_on_their_own_customers_and_on_no_other(page: Visitor, town: Town) -> None:
    until = f"{(datetime.now(UTC) + timedelta(9)).date()}"
    told = {"band": "watch", "reason": "I know them", "until": until}
    with town.runtime.database.portal(HARBOR_ID) as tx:
        tx.run("UPDATE portal_user SET role = 'seller' WHERE portal_id = :portal")

    refused = page.press(f"{HERE}/band", told)
    assert refused.status_code == 403
    assert "this one is another" in refused.text

    with town.runtime.database.portal(HARBOR_ID) as tx:
        tx.run(
            """INSERT INTO owner (portal_id, owner_id, user_id, email, first_name, last_name,
                 team_ids, team_names, is_archived)
               SELECT :portal, 60, user_id, '', 'Sam', 'Seller', '{}', '{}', false
               FROM portal_user WHERE portal_id = :portal"""
        )
        tx.run(
            """UPDATE record SET properties = properties || '{"hubspot_owner_id": "60"}'
               WHERE portal_id = :portal AND object_type = 'company' AND record_id = :id""",
            id=ACME,
        )
    assert page.press(f"{HERE}/band", told).status_code == 303
    assert page.press(f"{HERE}/left-out", {"factor": "support", "reason": "x"}).status_code == 403
