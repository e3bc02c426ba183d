"""Files of the referral program: its advocates and its rewards, row by row."""

from collections.abc import Iterator, Sequence
from typing import Final

from integration.portal.context import PortalContext
from integration.reports import referral_program, spreadsheets
from integration.reports.report_tables import Cell, Kind, TableColumn
from integration.storage.program.advocate_rows import Advocate
from integration.storage.program.reward_rows import RewardRow
from mappings.rules.ledger import money

_ADVOCATE_COLUMNS: Final = tuple(
    TableColumn(name, kind)
    for name, kind in (
        ("contact", Kind.COUNT),
        ("name", Kind.TEXT),
        ("link", Kind.TEXT),
        ("leads on", Kind.TEXT),
        ("visits", Kind.COUNT),
        ("referrals", Kind.COUNT),
        ("second-order revenue", Kind.MONEY),
    )
)
_REWARD_COLUMNS: Final = tuple(
    TableColumn(name, kind)
    for name, kind in (
        ("reward", Kind.COUNT),
        ("contact", Kind.COUNT),
        ("for", Kind.TEXT),
        ("deal", Kind.COUNT),
        ("source", Kind.TEXT),
        ("kind", Kind.TEXT),
        ("value", Kind.TEXT),
        ("currency", Kind.TEXT),
        ("approved on", Kind.TEXT),
        ("paid on", Kind.TEXT),
        ("withdrawn on", Kind.TEXT),
    )
)


def advocates(portal: PortalContext) -> Iterator[str]:
    """Yield the file of all advocates, those with most revenue first."""
    base = f"{portal.runtime.settings.public_url}/r/"
    rows = (_advocate(advocate, base) for advocate in referral_program.every_advocate(portal))
    return spreadsheets.csv_lines(_ADVOCATE_COLUMNS, rows)


def rewards(portal: PortalContext) -> Iterator[str]:
    """Yield the file of all rewards, the newest first."""
    rows = map(_reward, referral_program.every_reward(portal))
    return spreadsheets.csv_lines(_REWARD_COLUMNS, rows)


def _advocate(advocate: Advocate, base: str) -> Sequence[Cell]:
    return (
        advocate.contact_id,
        advocate.name,
        base + advocate.code,
        "yes" if advocate.is_living else "no",
        advocate.visits,
        advocate.referrals,
        advocate.revenue,
    )


def _reward(reward: RewardRow) -> Sequence[Cell]:
    return (
        reward.reward_id,
        reward.contact_id,
        reward.target,
        reward.deal_id,
        reward.source,
        reward.kind,
        money.major(reward.minor, reward.currency),
        reward.currency,
        reward.approved_at.date(),
        reward.paid_on,
        reward.withdrawn_at.date() if reward.withdrawn_at else None,
    )
