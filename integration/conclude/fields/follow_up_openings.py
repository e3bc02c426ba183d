"""Openings of follow-ups: what a page's answers and pulses ask somebody to look into."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from integration.conclude.batch import Batch
from integration.conclude.fields import placed_answers
from integration.storage.ledger import period_rows
from integration.storage.success import follow_up_rows
from mappings.rules.facts import CompanyFacts, ContactFacts, Directory, NpsAnswer
from mappings.rules.ledger.periods import Calendar
from mappings.rules.success import follow_ups
from mappings.rules.success.follow_ups import FollowUp
from mappings.rules.success.pulse import Pulse

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answerers:
    """Persons with all their contacts, and what they answered, by contact."""

    members: Mapping[int, Sequence[int]]
    contacts: Mapping[int, ContactFacts]
    companies: Directory
    answers: Mapping[int, Sequence[NpsAnswer]]


def of_answers(batch: Batch, page: Answerers, person_ids: Iterable[int]) -> None:
    """Open follow-ups for these persons' poor answers, and bring those that are open up to date.

    Nothing is asked where nobody answered of late and nothing is open.
    """
    since = batch.loops.since
    wanted = [
        person for person in person_ids if batch.loops.any_open or _of_late(batch, page, person)
    ]
    if not wanted or since is None:
        return
    contact_ids = {contact_id for person in wanted for contact_id in page.members[person]}
    existing = follow_up_rows.of_contacts(batch.tx, contact_ids)
    calendar = period_rows.read(batch.tx).calendar
    for person in wanted:
        own = page.members[person]
        before = sorted(
            (loop for contact_id in own for loop in existing.get(contact_id, ())),
            key=lambda loop: loop.number or 0,
        )
        loop = follow_ups.of_person(
            _answers_of(page, own),
            before,
            since=since,
            now=batch.now,
            policy=batch.policy,
        )
        for other in follow_ups.open_ones(before)[1:]:
            _end_as_same(batch, other)
        if loop is not None:
            placed = _placed(batch, page, loop)
            _store(batch, placed, before, _owner_of_person(page, placed), calendar)


def _end_as_same(batch: Batch, loop: FollowUp) -> None:
    """Close a follow-up of a record that turned out to be somebody who has an open one."""
    follow_up_rows.close(
        batch.tx,
        loop.number or 0,
        at=batch.now,
        by="second-order",
        tag=follow_ups.SAME_PERSON,
        words="",
    )


def _of_late(batch: Batch, page: Answerers, person: int) -> bool:
    start = batch.now - timedelta(batch.policy.follow_up_answer_days)
    return any(answer.at >= start for answer in _answers_of(page, page.members[person]))


def _answers_of(page: Answerers, contact_ids: Iterable[int]) -> list[NpsAnswer]:
    return [answer for contact in contact_ids for answer in page.answers.get(contact, ())]


def _placed(batch: Batch, page: Answerers, loop: FollowUp) -> FollowUp:
    """The follow-up with the company that its answer counts for."""
    contact_id = loop.contact_id or 0
    told = [answer for answer in page.answers.get(contact_id, ()) if answer.at == loop.answered_at]
    placed = placed_answers.placed(batch, {contact_id: told[:1]}, page.contacts)
    return replace(loop, company_id=placed[0].company_id) if placed else loop


def _owner_of_person(page: Answerers, loop: FollowUp) -> int | None:
    """The contact's owner, else the company's."""
    contact = page.contacts.get(loop.contact_id or 0)
    if contact is not None and contact.owner_id is not None:
        return contact.owner_id
    company = page.companies.companies.get(loop.company_id or 0)
    return company.owner_id if company is not None else None


def of_gap(
    batch: Batch,
    company: CompanyFacts,
    pulses: Sequence[Pulse],
    sentiment: float | None,
    existing: Sequence[FollowUp],
    calendar: Calendar,
) -> None:
    """Open a follow-up where the owner sees a company otherwise than it sees itself."""
    loop = follow_ups.of_gap(
        company.id, pulses, sentiment, existing, now=batch.now, policy=batch.policy
    )
    if loop is not None:
        _store(batch, loop, existing, company.owner_id, calendar)


def _store(
    batch: Batch,
    loop: FollowUp,
    before: Sequence[FollowUp],
    owner_id: int | None,
    calendar: Calendar,
) -> None:
    """Store a follow-up where it is new or differs from what is stored."""
    today = calendar.day_of(batch.now)
    owner = loop.owner_id if loop.is_reassigned else owner_id
    due = _due(loop, today, batch)
    wanted = replace(loop, owner_id=owner, due_on=due, opened_at=loop.opened_at or batch.now)
    due_at = calendar.start_of_day(due + _ONE_DAY)
    if wanted.number is None:
        follow_up_rows.add(batch.tx, wanted, due_at)
    elif wanted not in before:
        follow_up_rows.change(batch.tx, wanted, due_at)


def _due(loop: FollowUp, today: date, batch: Batch) -> date:
    """A new one is due from today on; one that got sharper is due sooner, never later."""
    due = follow_ups.due_on(loop, today, batch.policy)
    return due if loop.due_on is None else min(due, loop.due_on)
