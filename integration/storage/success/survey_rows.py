"""Our own survey (`survey_setup`, `survey_invitation`): how it asks, and who was invited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from mappings.rules.success.own_survey import Invitation


@dataclass(frozen=True, slots=True)
class SurveySetup:
    """How an account asks with our survey; `link_key` makes its links.

    `by_stage` says that a lifecycle stage decides there who is a customer.
    """

    is_on: bool
    link_key: str
    address: str
    asker: str = ""
    promoter_words: str = ""
    promoter_link: str = ""
    by_stage: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """How many invitations there were in a time, and how many of them were answered."""

    invited: int
    answered: int


def setup(tx: Transaction) -> SurveySetup | None:
    """Return how the account asks; None where it never did."""
    row = tx.one(
        """SELECT is_on, link_key, address, asker, promoter_words, promoter_link,
             by_stage FROM survey_setup WHERE portal_id = :portal"""
    )
    return SurveySetup(**row) if row else None


def keep_setup(tx: Transaction, chosen: SurveySetup, *, by: str) -> None:
    """Store how the account asks from now on."""
    tx.run(
        """INSERT INTO survey_setup (portal_id, is_on, link_key, address, asker, promoter_words,
             promoter_link, by_stage, changed_by)
           VALUES (:portal, :is_on, :key, :address, :asker, :words, :link, :by_stage, :by)
           ON CONFLICT (portal_id) DO UPDATE SET is_on = excluded.is_on,
             link_key = excluded.link_key, address = excluded.address, asker = excluded.asker,
             promoter_words = excluded.promoter_words, promoter_link = excluded.promoter_link,
             by_stage = excluded.by_stage,
             changed_by = excluded.changed_by, changed_at = clock_timestamp()""",
        is_on=chosen.is_on,
        key=chosen.link_key,
        address=chosen.address,
        asker=chosen.asker,
        words=chosen.promoter_words,
        link=chosen.promoter_link,
        by_stage=chosen.by_stage,
        by=by,
    )


def invitations(tx: Transaction, contact_id: int) -> Sequence[Invitation]:
    """Return a contact's invitations, with those of records merged into it, locked until the end.

    Two forms that are sent at once take turns.
    """
    tx.run(
        "SELECT pg_advisory_xact_lock(hashint8(:portal), hashint8(:contact))", contact=contact_id
    )
    rows = tx.rows(
        """SELECT contact_id, number, opened_at, answered_at FROM survey_invitation
           WHERE portal_id = :portal AND contact_id IN (
             SELECT CAST(:contact AS bigint)
             UNION SELECT old_id FROM alias WHERE portal_id = :portal
               AND object_type = 'contact' AND new_id = :contact)
           ORDER BY opened_at, number""",
        contact=contact_id,
    )
    return [_invitation(row) for row in rows]


def open_invitation(tx: Transaction, invitation: Invitation) -> None:
    """Note that somebody was invited."""
    tx.run(
        """INSERT INTO survey_invitation (portal_id, contact_id, number, opened_at)
           VALUES (:portal, :contact, :number, :at) ON CONFLICT DO NOTHING""",
        contact=invitation.contact_id,
        number=invitation.number,
        at=invitation.opened_at,
    )


def answered(tx: Transaction, invitation: Invitation, at: datetime) -> None:
    """Note when an invitation was answered first."""
    tx.run(
        """UPDATE survey_invitation SET answered_at = coalesce(answered_at, :at)
           WHERE portal_id = :portal AND contact_id = :contact AND number = :number""",
        contact=invitation.contact_id,
        number=invitation.number,
        at=at,
    )


def response(tx: Transaction, *, since: datetime) -> Response:
    """Count the invitations since a moment; people who were forgotten since count, too."""
    row = tx.one(
        """SELECT count(*) AS invited, count(answered_at) AS answered FROM survey_invitation
           WHERE portal_id = :portal AND opened_at >= :since""",
        since=since,
    )
    return Response(row["invited"], row["answered"]) if row else Response(0, 0)


def may_get_links(tx: Transaction) -> int:
    """Return how many contacts are linked to companies that bought: that many links at most."""
    return int(
        tx.value(
            """SELECT count(DISTINCT from_id) FROM association
               WHERE portal_id = :portal AND from_type = 'contact' AND to_type = 'company'
                 AND to_id IN (SELECT company_id FROM deal
                   WHERE portal_id = :portal AND is_won AND company_id IS NOT NULL)"""
        )
    )


def _invitation(row: Row) -> Invitation:
    return Invitation(row["contact_id"], row["number"], row["opened_at"], row["answered_at"])
