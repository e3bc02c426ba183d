"""The referral program of a portal (`referral_program`): whether it is on, and where links lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Transaction

_COLUMNS = """is_on, targets, campaign, parameter, gives_champions, link_base, board_code,
  changed_by, changed_at"""


@dataclass(frozen=True, slots=True)
class Program:
    """The settings of the program; `board_code` is the public leaderboard's, None without one."""

    is_on: bool = False
    targets: tuple[str, ...] = ()
    campaign: str = "customer-referral"
    parameter: str = "referral_code"
    gives_champions: bool = False
    link_base: str = ""
    board_code: str | None = None
    changed_by: str = ""
    changed_at: datetime | None = None

    def target_of(self, chosen: str) -> str:
        """Where a link leads: where its maker chose, if that is still one of ours."""
        return chosen if chosen in self.targets else self.targets[0]


def read(tx: Transaction) -> Program:
    """Return the program; as it begins, and off, where nobody looked after it yet."""
    row = tx.one(f"SELECT {_COLUMNS} FROM referral_program WHERE portal_id = :portal")
    if row is None:
        return Program()
    values: dict[str, Any] = {**row, "targets": tuple(row["targets"])}
    return Program(**values)


def save(tx: Transaction, program: Program, *, by: str) -> None:
    """Keep the program's settings."""
    tx.run(
        """INSERT INTO referral_program (portal_id, is_on, targets, campaign, parameter,
             gives_champions, link_base, board_code, changed_by)
           VALUES (:portal, :is_on, CAST(:targets AS text[]), :campaign, :parameter, :champions,
             :base, :board, :by)
           ON CONFLICT (portal_id) DO UPDATE SET is_on = excluded.is_on,
             targets = excluded.targets, campaign = excluded.campaign,
             parameter = excluded.parameter, gives_champions = excluded.gives_champions,
             link_base = excluded.link_base, board_code = excluded.board_code,
             changed_by = excluded.changed_by, changed_at = clock_timestamp()""",
        is_on=program.is_on,
        targets=list(program.targets),
        campaign=program.campaign,
        parameter=program.parameter,
        champions=program.gives_champions,
        base=program.link_base,
        board=program.board_code,
        by=by,
    )


def is_open(tx: Transaction) -> bool:
    """Whether the portal is one whose links lead anywhere: installed, and the program is on."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM portal WHERE portal_id = :portal
                 AND state <> 'uninstalled')
               AND EXISTS (SELECT FROM referral_program WHERE portal_id = :portal AND is_on)"""
        )
    )
