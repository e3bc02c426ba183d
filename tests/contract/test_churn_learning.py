"""From thirty churns on an account's own odds are learnt, kept as a version, and said to be its own."""

import pytest

from integration.conclude.fields import churn_learning
from integration.storage.success import churn_rows
from mappings.records.portal_map import PortalMap
from mappings.rules.policy import DEFAULT
from mappings.rules.success.churn_risk import RiskFactor
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal

MAP = PortalMap(home_currency="USD", recurring_property="arr")
SHRANK, STEADY = range(100, 160), range(200, 260)


def value(company: int) -> list[tuple[int, str]]:
    """Who paid less 250 days ago mostly stopped 100 days ago; of the others a tenth did."""
    paid = [(900, "1000")]
    if company in SHRANK:
        paid.append((250, "600"))
    gone = company % 6 != 0 if company in SHRANK else company % 10 == 0
    return [*paid, (100, "0")] if gone else paid


@pytest.fixture
def portals(clock: Clock) -> tuple[MirrorPortal, MirrorPortal]:
    both = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in both:
        portal.install(MAP, {"churn_factors": 1})
        portal.imported()
    harbor, orchard = both
    for company in (*SHRANK, *STEADY):
        harbor.put("company", company, name=f"C{company}", arr=value(company))
        harbor.deal(company, company, created=910, won=(900, "1000.00"))
    orchard.put("company", 1, name="Elm", arr=[(900, "1000")])
    orchard.deal(1, 1, created=910, won=(900, "1000.00"))
    for portal in both:
        portal.settle()
    return both


def test_an_accounts_own_churns_teach_its_odds_once(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals
    before = harbor.said("company", 102)["second_order_churn_risk_because"]

    found = churn_learning.learn(harbor.context)
    harbor.settle()
    again = churn_learning.learn(harbor.context)

    assert found is not None
    assert again is not None
    assert found.model.odds[RiskFactor.CONTRACTION] > 2 * DEFAULT.churn_odds["contraction"]
    assert (found.model.events, found.model.version) == (56, 1)
    assert found.left_out.brier_ppm < found.left_out.reference_ppm
    with harbor.database.portal(HARBOR) as tx:
        kept = churn_rows.shown_fit(tx)
        versions = tx.value("SELECT count(*) FROM churn_fit WHERE portal_id = :portal")
    assert kept is not None
    assert (kept[0].model.odds, kept[0].left_out.bins) == (found.model.odds, found.left_out.bins)
    assert versions == 1
    after = harbor.said("company", 102)["second_order_churn_risk_because"]
    assert "starting values" in before
    assert "learnt from this account" in after
    assert churn_learning.learn(orchard.context) is None


def test_a_day_of_the_past_is_judged_by_what_was_so_then(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    with harbor.database.portal(HARBOR) as tx:
        spells = churn_rows.all_spells(tx)

    half, whole = churn_learning.days(NOW, DEFAULT)[:2]
    lately = list(churn_learning.past_customers(harbor.context, half, spells))
    before = list(churn_learning.past_customers(harbor.context, whole, spells))

    shrank = {one.company_id for one in lately if RiskFactor.CONTRACTION in one.facts}
    assert shrank == set(SHRANK)
    assert sum(one.has_churned for one in lately) == 56
    assert not any(one.facts or one.has_churned for one in before)
    assert len(before) == len(lately) == 120
