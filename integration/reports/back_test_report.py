"""Back-test of an account: bands and risks of a year ago against what became of it since.

Rules: `mappings/rules/success/back_test.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration.conclude.fields import back_testing
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.success import back_test_rows, churn_rows
from integration.storage.success.back_test_rows import SaidThen
from mappings.rules.success import back_test, churn
from mappings.rules.success.back_test import BandOutcome, PastJudgement, RiskOutcome, Verdict
from mappings.rules.success.churn import CustomerSpell, Fate
from mappings.rules.success.churn_fit import FittedModel


@dataclass(frozen=True, slots=True)
class BackTest:
    """What was said as of `since`, and what had become of it by `until`.

    `bands` is empty where the customers were not judged yet, or there were none: `customers` says
    how many there were. `fit` is the newest re-fit with its day, None while starting values hold;
    `fit_events` is how many churns a re-fit needs. A risk is said for `horizon_days`, and held
    against those; a band is held against the whole time.
    """

    since: datetime
    until: datetime
    customers: int
    bands: Sequence[BandOutcome]
    risks: RiskOutcome
    bands_told: Verdict
    referrals_told: Verdict
    fit: tuple[FittedModel, datetime] | None
    horizon_days: int
    fit_events: int
    settings_version: int

    @property
    def is_waiting(self) -> bool:
        """Whether the customers are judged in the night to come."""
        return bool(self.customers) and not any(band.customers for band in self.bands)


def of(portal: PortalContext) -> BackTest:
    """Hold a year ago against today.

    A small account that was not judged yet is judged at once; a large one in the night.
    """
    now = portal.runtime.now()
    with portal.transaction() as tx:
        known = settings.read(tx)
        since = back_test_rows.as_of(tx)
        said = back_test_rows.every(tx)
        fit = churn_rows.shown_fit(tx)
    if since is None:
        since = now - back_testing.YEAR
        said = _said_now(portal, since)
    in_time = since + timedelta(known.policy.churn_horizon_days)
    tested = _tested(portal, said, since, now, in_time)
    bands = back_test.by_band(tested)
    return BackTest(
        since=since,
        until=now,
        customers=len(said) or len(back_testing.customers_of(portal, since)),
        bands=bands,
        risks=back_test.of_risks(tested),
        bands_told=back_test.of_bands(bands),
        referrals_told=back_test.of_referrals(bands),
        fit=fit,
        horizon_days=known.policy.churn_horizon_days,
        fit_events=known.policy.churn_fit_events,
        settings_version=known.version,
    )


def _said_now(portal: PortalContext, since: datetime) -> list[SaidThen]:
    """What was said then, if so few customers are to be judged that nobody waits long."""
    company_ids = back_testing.customers_of(portal, since)
    if len(company_ids) > back_testing.AT_ONCE_FOR_A_PAGE:
        return []
    return list(back_testing.said_on(portal, since, company_ids))


def _tested(
    portal: PortalContext,
    said: Sequence[SaidThen],
    since: datetime,
    until: datetime,
    in_time: datetime,
) -> list[PastJudgement]:
    with portal.transaction() as tx:
        spells = churn_rows.all_spells(tx)
        renewals = back_test_rows.renewals(tx, since, until)
        referrers = back_test_rows.referrers(tx, since, until)
    return [
        PastJudgement(
            one.company_id,
            one.band,
            one.tenths,
            one.risk_ppm,
            has_churned=_has_churned(spells, one.company_id, since, until),
            churned_in_time=_has_churned(spells, one.company_id, since, in_time),
            has_renewed=renewals.get(one.company_id),
            has_referred=one.company_id in referrers,
        )
        for one in said
    ]


def _has_churned(
    spells: Mapping[int, Sequence[CustomerSpell]], company_id: int, since: datetime, until: datetime
) -> bool | None:
    """Whether a customer churned; None where nobody can tell."""
    fate = churn.fate_of(spells.get(company_id, ()), since, until)
    return None if fate in {None, Fate.UNKNOWN} else fate is Fate.CHURNED
