"""The look-back window of moves is asked about once, where it leaves many job changes out."""

from datetime import timedelta
from typing import Final

from integration.portal import settings, setup_questions
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.findings import move_rows
from integration.storage.queue import page_context
from integration.storage.service import portals, setup_question_rows
from mappings.records.setup_kinds import MOVE_WINDOW
from mappings.rules.job_changes.look_back import LookBack
from mappings.stored.setup_shapes import Candidate, SetupQuestion

# Windows to choose from, in days, beside the one that counts; the last is longer than any history.
_WINDOWS: Final = (1_095, 1_825, 36_500)
_LABELS: Final = {1_095: "Three years", 1_825: "Five years", 36_500: "However long ago"}
# What the first import led to is concluded by then; later the window is a matter of Settings.
_ASKED_WITHIN: Final = timedelta(days=2)


def ask_if_due(portal: PortalContext) -> None:
    """Ask once all that was imported is concluded; nothing where the window leaves few out."""
    with portal.transaction() as tx:
        if _is_due(tx, portal):
            _ask(tx)


def _is_due(tx: Transaction, portal: PortalContext) -> bool:
    account = portals.find(tx, portal.portal_id)
    if account is None or account.imported_at is None:
        return False
    if portal.runtime.now() - account.imported_at > _ASKED_WITHIN:
        return False
    if setup_question_rows.is_known(tx, MOVE_WINDOW, ""):
        return False
    context = page_context.read(tx)
    return context.stage is None and not context.is_reading


def _ask(tx: Transaction) -> None:
    window = settings.read(tx).policy.move_to_deal_days
    moves = LookBack(move_rows.days_to_deal(tx))
    if moves.is_disputed(window):
        setup_questions.ask(tx, MOVE_WINDOW, "", _question(moves, window))


def _question(moves: LookBack, window: int) -> SetupQuestion:
    known = len(moves.days_to_deal)
    wider = [days for days in _WINDOWS if days > window]
    return SetupQuestion(
        text=(
            f"{moves.left_out(window):,} of {known:,} job changes had their deal at the new"
            f" company more than {window:,} days later, and are left out: how far back do job"
            " changes count?"
        ),
        candidates=tuple(_candidate(moves, days, window) for days in (window, *wider)),
        proposal=(str(window),),
        because="the longer ago somebody came, the less their coming explains a deal",
    )


def _candidate(moves: LookBack, days: int, window: int) -> Candidate:
    label = f"{days:,} days, as now" if days == window else _LABELS[days]
    return Candidate(str(days), label, count=moves.left_out(days), counted="left-out job changes")
