"""Digests: what happened in an account's week or month, by mail to users whose role may see it.

Nobody gets two for one period. A message that the mail server certainly did not take is tried
again for a day; one of which nobody knows is told on Sync health and not sent again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage

from integration.core import logs
from integration.core.errors import RecordGone, Refused, Retryable
from integration.core.mail import Unclear
from integration.ingest import import_progress, owner_reading
from integration.portal import permissions
from integration.portal.context import PortalContext
from integration.portal.permissions import Permission
from integration.reports import report, report_choices, revenue_overview, saved_reports
from integration.reports.report import Report
from integration.reports.revenue_overview import Overview
from integration.reports.saved_reports import Saved
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease
from integration.storage.service import digest_rows, portal_users, portals
from integration.storage.service.digest_rows import Delivery, Digest
from integration.storage.service.portal_users import PortalUser
from integration.success import ask_list
from integration.success.ask_list import AskBrief
from mappings.kinds import Rhythm
from mappings.records.report_request import Grouping
from mappings.records.report_view import ReportView
from mappings.rules.ledger import digest_times
from mappings.rules.ledger.report_period import Period

_SCOPE = "crm.objects.owners.read"
_AGAIN_AFTER = (60.0, 300.0, 900.0, 1800.0, 3600.0)  # seconds; then as long as the last
_MOST_ROWS = 50  # of a report; the page has all
_SLICE_SECONDS = 10.0
_TRIED_FOR = timedelta(days=1)
_NO_SERVER = "No mail server is set up (SMTP_URL)"
_KILLED = "The process that sent it was killed; it may have gone out, so it is not sent again"
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class SavedReport:
    """A saved report and its answer for the digest's own days."""

    saved: Saved
    view: ReportView
    report: Report
    labels: Mapping[Grouping, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """What a digest is written from."""

    portal_id: int
    digest: Digest
    user: PortalUser
    account: str
    content: Overview | SavedReport
    is_importing: bool = False  # its figures will still change
    asks: AskBrief | None = None  # each week, for users who ask people


Compose = Callable[[Letter], EmailMessage]


def want(
    portal: PortalContext,
    user_id: int,
    rhythm: Rhythm,
    report_id: int = 0,
    *,
    language: str,
    actor: str,
) -> None:
    """Have a user get digests from the next one on; refuse one whose role may not see them.

    They are of a saved report, or with 0 of the overview.
    """
    if portal.runtime.settings.mail_server is None:
        raise Refused(f"{_NO_SERVER}, so no digest can go out; ask whoever runs this server")
    with portal.confirmed() as tx:
        user = portal_users.find(tx, user_id)
        trouble = _why_not(user)
        if user is None or trouble:
            raise Refused(trouble)
        if report_id and saved_reports.within(tx, report_id).is_deleted:
            raise Refused("The saved report was deleted")
        digest_rows.want(tx, user_id, rhythm, report_id, language=language, by=actor)
        portals.note(tx, actor, "asked for a digest", user=user_id, outcome=rhythm.label)
        lanes.want(tx, portal.portal_id, "mail")
    portal.runtime.queue.wake(portal.portal_id, "mail")


def end(portal: PortalContext, digest_id: int, *, actor: str) -> Digest | None:
    """Send no more of a digest; return it, None when it was ended before."""
    with portal.confirmed() as tx:
        digest = digest_rows.find(tx, digest_id)
        if digest is not None and digest_rows.end(tx, digest_id):
            portals.note(
                tx, actor, "ended a digest", user=digest.user_id, outcome=digest.rhythm.label
            )
    return digest


def send_due(portal: PortalContext, lease: Lease, compose: Compose) -> float | None:
    """Send what is due; return in how many seconds there is more to do, None for nothing ever."""
    with portal.transaction(lease) as tx:
        now = portal.runtime.now()
        digest_rows.give_up_lost(tx, _KILLED)
        _plan(tx, now)
        due = digest_rows.due(tx)
    if due:
        _look_who_is_there(portal)
    begun = time.monotonic()
    for delivery in due:
        if time.monotonic() - begun > _SLICE_SECONDS:
            return 0
        with portal.transaction(lease) as tx:  # the lease lasts for one message more
            is_ours = digest_rows.take(tx, delivery)
        if is_ours:
            _deliver(portal, delivery, compose)
    return _seconds_until_next(portal)


def _plan(tx: Transaction, now: datetime) -> None:
    """Note the newest period of each digest, if it was asked for before that should go out."""
    calendar = period_rows.read(tx).calendar
    for digest in digest_rows.every(tx):
        first_day = digest_times.newest_due(digest.rhythm, now, calendar)
        if digest_times.goes_out(digest.rhythm, first_day, calendar) >= digest.made_at:
            digest_rows.plan(tx, digest, first_day)


def _look_who_is_there(portal: PortalContext) -> None:
    """Ask HubSpot who left: they get nothing. While it does not answer, nobody does."""
    installed = portal.find()
    if installed is not None and _SCOPE in installed.scopes:
        owner_reading.refresh(portal)


def _deliver(portal: PortalContext, delivery: Delivery, compose: Compose) -> None:
    """Send one and note what became of it; no trouble with one is a trouble of the next."""
    with portal.transaction() as tx:
        user = portal_users.find(tx, delivery.user_id)
        digest = digest_rows.of_delivery(tx, delivery)
    trouble = _why_not(user)
    if digest is None or user is None or trouble:
        _settle(portal, delivery, "withheld", trouble or "The digest was ended")
        return
    server = portal.runtime.settings.mail_server
    if server is None:
        _settle(portal, delivery, "failed", _NO_SERVER)
        return
    try:
        message = compose(_letter(portal, digest, user, delivery))
        server.send(message, user.email)
    except Retryable as fault:
        _try_again(portal, delivery, str(fault))
    except (Refused, RecordGone) as refusal:
        _settle(portal, delivery, "failed", str(refusal))
    except Unclear as silence:
        _settle(portal, delivery, "unclear", f"{silence}, so it is not sent again")
    else:
        _settle(portal, delivery, "sent", "")


def _letter(portal: PortalContext, digest: Digest, user: PortalUser, delivery: Delivery) -> Letter:
    installed = portal.find()
    account = str(installed.account.get("name") or "") if installed else ""
    period = digest_times.period(delivery.rhythm, delivery.first_day)
    content: Overview | SavedReport
    if digest.report_id:
        content = _report(portal, digest.report_id, period)
    else:
        content = revenue_overview.of(portal, period)
    progress = import_progress.progress(portal)
    is_importing = progress is not None and progress.is_under_way
    is_of_week = delivery.rhythm == Rhythm.WEEK and not digest.report_id
    asks = ask_list.brief(portal, user.user_id, user.role) if is_of_week else None
    return Letter(portal.portal_id, digest, user, account, content, is_importing, asks)


def _report(portal: PortalContext, report_id: int, period: Period) -> SavedReport:
    """Work a saved report out for the digest's days; refuse one that is not what it was."""
    saved = saved_reports.find(portal, report_id)
    if saved.is_deleted:
        raise Refused("The saved report was deleted")
    if saved.unread:
        raise Refused(f"The report “{saved.name}” asks for what is there no more: open and save it")
    asked = replace(saved.view.request, preset=None, first=period.first, last=period.last)
    view = replace(saved.view, request=asked)
    labels = report_choices.choices(report_choices.counting_map(portal)).properties
    return SavedReport(saved, view, report.of(portal, asked, most=_MOST_ROWS), labels)


def _why_not(user: PortalUser | None) -> str:
    """Why a user gets no digest; empty for one who does."""
    if user is None or user.role is None:
        return "The user has no role in this account"
    if user.has_left:
        return "The user left the account in HubSpot"
    if not permissions.may(user.role, Permission.READ):
        return "The user's role may not see it"
    return "" if user.email else "HubSpot tells no mail address of the user"


def _settle(portal: PortalContext, delivery: Delivery, state: str, trouble: str) -> None:
    with portal.transaction() as tx:
        digest_rows.settle(tx, delivery, state, trouble)
    if trouble:
        _log.warning("digest not sent", portal_id=portal.portal_id, state=state, reason=trouble)


def _try_again(portal: PortalContext, delivery: Delivery, trouble: str) -> None:
    """Let it wait, ever longer; after a day it is given up."""
    if portal.runtime.now() - delivery.made_at > _TRIED_FOR:
        _settle(portal, delivery, "failed", f"{trouble}; given up after a day")
        return
    after = _AGAIN_AFTER[min(delivery.tries, len(_AGAIN_AFTER) - 1)]
    with portal.transaction() as tx:
        digest_rows.try_again(tx, delivery, trouble, after=after)
    _log.warning(
        "digest waits", portal_id=portal.portal_id, tries=delivery.tries + 1, reason=trouble
    )


def _seconds_until_next(portal: PortalContext) -> float | None:
    """How long nothing is to do."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        calendar = period_rows.read(tx).calendar
        again = [delivery.next_at for delivery in digest_rows.waiting(tx)]
        rhythms = {digest.rhythm for digest in digest_rows.every(tx)}
    new = [digest_times.next_out(rhythm, now, calendar) for rhythm in rhythms]
    times = [*again, *new]
    return max(1.0, (min(times) - now).total_seconds()) if times else None
