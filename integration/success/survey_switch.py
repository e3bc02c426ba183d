"""The switch of our survey: whether an account asks with it, in whose name, by which links."""

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from integration.core.errors import Refused
from integration.portal import invalidation, settings, survey_links
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.queue import lanes
from integration.storage.service import portals
from integration.storage.success import survey_rows
from integration.storage.success.survey_rows import Response, SurveySetup
from mappings.rules.text.names import spoken

LONGEST_NAME, LONGEST_WORDS, LONGEST_LINK = 100, 500, 500
COUNTED = timedelta(days=90)
"""Over so long invitations and answers are counted."""


@dataclass(frozen=True, slots=True)
class SurveyChoice:
    """How an admin wants the account to ask; `has_new_links` ends all links that were made."""

    is_on: bool
    asker: str = ""
    promoter_words: str = ""
    promoter_link: str = ""
    has_new_links: bool = False


@dataclass(frozen=True, slots=True)
class SurveyState:
    """How the account asks now, what came of it, and how often one person is asked at most."""

    setup: SurveySetup | None
    response: Response
    most_links: int
    rest_days: int


def state(portal: PortalContext) -> SurveyState:
    """Return how the account asks and how many answered of those invited lately."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        return SurveyState(
            survey_rows.setup(tx),
            survey_rows.response(tx, since=now - COUNTED),
            survey_rows.may_get_links(tx),
            settings.read(tx).policy.survey_rest_days,
        )


def change(portal: PortalContext, wanted: SurveyChoice, *, actor: str) -> None:
    """Ask as *wanted* from now on; links on contacts come, go or read differently by themselves.

    Raises Refused for a link that is no https address.
    """
    _check(wanted)
    with portal.confirmed() as tx:
        before = survey_rows.setup(tx)
        chosen = _setup(before, wanted, portal.runtime.settings.public_url)
        after = replace(chosen, by_stage=bool(settings.read(tx).map.customer_stage))
        survey_rows.keep_setup(tx, after, by=actor)
        portals.note(tx, actor, _deed(before, after), new_links=wanted.has_new_links)
        _follow(tx, before, after)
    portal.runtime.queue.wake(portal.portal_id)


def follow_address(tx: Transaction, public_url: str) -> None:
    """Let links begin with the address that this service has now. For the nightly run."""
    before = survey_rows.setup(tx)
    if before is not None and before.address != public_url:
        after = replace(before, address=public_url)
        survey_rows.keep_setup(tx, after, by="second-order")
        _follow(tx, before, after)


def _check(wanted: SurveyChoice) -> None:
    link = wanted.promoter_link
    if not link:
        return
    parts = urlsplit(link)
    if parts.scheme != "https" or not parts.hostname or len(link) > LONGEST_LINK:
        raise Refused("What promoters are offered is an address that begins with https://")


def _setup(before: SurveySetup | None, wanted: SurveyChoice, public_url: str) -> SurveySetup:
    keeps = before is not None and not wanted.has_new_links
    return SurveySetup(
        is_on=wanted.is_on,
        link_key=before.link_key if before is not None and keeps else survey_links.new_key(),
        address=public_url,
        asker=spoken(wanted.asker)[:LONGEST_NAME],
        promoter_words=spoken(wanted.promoter_words)[:LONGEST_WORDS],
        promoter_link=wanted.promoter_link,
    )


def _deed(before: SurveySetup | None, after: SurveySetup) -> str:
    was_on = before is not None and before.is_on
    if was_on == after.is_on:
        return "changed the survey"
    return "switched the survey on" if after.is_on else "switched the survey off"


def _follow(tx: Transaction, before: SurveySetup | None, after: SurveySetup) -> None:
    """Have the links of contacts follow, where they read differently now."""
    old = (before.is_on, before.link_key, before.address) if before else (False, "", "")
    if old != (after.is_on, after.link_key, after.address):
        invalidation.record(tx, Change.SURVEY_CHANGED)
        lanes.want(tx, tx.portal_id, "drain")
