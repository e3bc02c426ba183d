"""Contact fields: what a person stands for, alike on all contacts of the person (stage three).

Only what is added up, the revenue, stands on one of them: the current record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from integration.conclude import company_directory, field_patches, record_facts
from integration.conclude.batch import Batch
from integration.conclude.field_patches import Conclusion, FieldsAndReasons
from integration.conclude.fields import follow_up_openings, placed_answers, survey_link_field
from integration.conclude.fields.follow_up_openings import Answerers
from integration.conclude.fields.survey_link_field import SurveyPage
from integration.conclude.grouping import grouped
from integration.conclude.people import champion_strength, stored_moves
from integration.conclude.people.champion_strength import ChampionEvidence
from integration.portal import record_names
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows
from integration.storage.listings import kept_columns
from integration.storage.mirror import search_rows
from integration.storage.program import code_rows
from integration.storage.success import person_answers, readiness_rows
from integration.storage.success.person_answers import PersonAnswer
from mappings.kinds import MoveKind, ObjectType, Status
from mappings.rules.attribution.reasons import Names, of_move
from mappings.rules.facts import ContactFacts, Directory, NpsAnswer
from mappings.rules.findings import Move, Reason
from mappings.rules.identity.linkage import employer
from mappings.rules.job_changes import champions
from mappings.rules.job_changes.current_record import current_record
from mappings.rules.ledger import money
from mappings.rules.policy import KEY_ROLES
from mappings.rules.success import nps, readiness
from mappings.rules.text import search_words


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Persons whose contacts are summed up, with all that is known of them.

    `members` and `moves` go by person; `credit`, in the home currency's minor units, `referrals`
    and `links`, the personal ones of the referral program, by contact, and so does `readiness`,
    which is judged at each company of theirs.
    """

    contacts: Mapping[int, ContactFacts]
    person_of: Mapping[int, int]
    members: Mapping[int, tuple[int, ...]]
    companies: Directory
    moves: Mapping[int, Sequence[Move]]
    evidence: ChampionEvidence
    credit: Mapping[int, int]
    referrals: Mapping[int, Sequence[Row]]
    readiness: Mapping[int, Sequence[Row]]
    links: Mapping[int, str]
    names: Names
    survey: SurveyPage | None


def refresh(batch: Batch, contact_ids: Collection[int]) -> None:
    """Plan the fields of these contacts; a contact that is no person any more says nothing."""
    page = _load(batch, contact_ids)
    conclusions = _conclusions(batch, page, set(contact_ids))
    field_patches.plan(batch, ObjectType.CONTACT, conclusions)
    kept_columns.keep_contacts(batch.tx, contact_ids)
    _keep_answers(batch, page, set(contact_ids) - batch.broken(ObjectType.CONTACT))
    _open_follow_ups(batch, page, set(contact_ids))


def _keep_answers(batch: Batch, page: ContactPage, contact_ids: Collection[int]) -> None:
    """Keep what these contacts ever answered; a contact that is no person has no answer."""
    own = {
        contact_id: answers
        for contact_id, answers in page.evidence.answers.items()
        if contact_id in contact_ids and contact_id in page.person_of
    }
    placed = placed_answers.placed(batch, own, page.contacts)
    deciding = _deciding(page)
    kept = [
        PersonAnswer(
            contact_id=answer.contact_id,
            answer_id=answer.id,
            person_id=page.person_of[answer.contact_id],
            company_id=answer.company_id,
            score=answer.score,
            answered_at=answer.at,
            decides=answer.role in KEY_ROLES or answer.contact_id in deciding,
            comment=answer.comment,
        )
        for answer in placed
    ]
    person_answers.keep(batch.tx, contact_ids, kept)
    _keep_words(batch, kept)


def _deciding(page: ContactPage) -> set[int]:
    """The contacts that decided on a deal, as its links say."""
    deals = chain.from_iterable(page.evidence.deals.values())
    on_deals = chain.from_iterable(deal.contacts for deal in deals)
    return {person.contact_id for person in on_deals if person.roles & KEY_ROLES}


def _keep_words(batch: Batch, answers: Sequence[PersonAnswer]) -> None:
    """Have people found by what they wrote, by the newest first."""
    newest = sorted(answers, key=lambda answer: answer.answered_at, reverse=True)
    written = grouped((answer.contact_id, answer.comment) for answer in newest)
    words = {
        contact_id: search_words.words_of_comments(comments)
        for contact_id, comments in written.items()
    }
    search_rows.keep(batch.tx, search_rows.COMMENTS, words)


def _open_follow_ups(batch: Batch, page: ContactPage, contact_ids: Collection[int]) -> None:
    persons = {page.person_of[contact] for contact in contact_ids if contact in page.person_of}
    answerers = Answerers(page.members, page.contacts, page.companies, page.evidence.answers)
    follow_up_openings.of_answers(
        batch, answerers, sorted(persons - batch.broken(ObjectType.CONTACT))
    )


def _load(batch: Batch, contact_ids: Collection[int]) -> ContactPage:
    person_of, members = person_rows.groups(batch.tx, contact_ids)
    everybody = set(person_of)
    contacts = record_facts.living_contacts(batch, everybody)
    companies = company_directory.directory(batch, contacts.values())
    moves = stored_moves.by_person(batch, set(members))
    home = batch.portal_map.home_currency
    return ContactPage(
        contacts=contacts,
        person_of=person_of,
        members=members,
        companies=companies,
        moves=moves,
        evidence=champion_strength.load(batch, everybody, set(companies.companies)),
        credit=entry_rows.by_subject(batch.tx, everybody, home),
        referrals=_referrals_by(batch, everybody),
        readiness=readiness_rows.of_contacts(batch.tx, everybody),
        links=_links(batch, everybody),
        names=_names(batch, [move for own in moves.values() for move in own]),
        survey=survey_link_field.load(batch, everybody),
    )


def _referrals_by(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[Row]]:
    rows = source_rows.referrals_by(batch.tx, contact_ids=contact_ids)
    return grouped((row["referrer_contact_id"], row) for row in rows)


def _links(batch: Batch, contact_ids: Collection[int]) -> dict[int, str]:
    """The personal link of each contact that has a code which leads somewhere; the newest."""
    if not batch.link_base or not batch.has_codes:
        return {}
    codes = code_rows.alive(code_rows.of_contacts(batch.tx, contact_ids))
    return {row.contact_id: f"{batch.link_base}{row.code}" for row in codes}


def _names(batch: Batch, moves: Sequence[Move]) -> Names:
    """The names that moves are told with."""
    former = [move.former_company_id for move in moves]
    new = [move.new_company_id for move in moves]
    movers = [move.new_contact_id for move in moves]
    return record_names.names(batch.tx, contacts=movers, companies=[*former, *new])


def _conclusions(batch: Batch, page: ContactPage, asked: set[int]) -> list[Conclusion]:
    persons = {page.person_of[contact_id] for contact_id in asked & page.person_of.keys()}
    items = (((ObjectType.CONTACT, person_id), person_id) for person_id in sorted(persons))
    conclusions: list[Conclusion] = []
    for person_id, (fields, reasons) in batch.each(
        items, lambda person: _fields(batch, page, person)
    ):
        current = _current(page, person_id)
        own = [contact_id for contact_id in page.members[person_id] if contact_id in asked]
        conclusions += [
            Conclusion(contact_id, _of_record(fields, contact_id, current), reasons)
            for contact_id in own
        ]
    return [*conclusions, *_silenced(batch, page, asked, conclusions)]


def _current(page: ContactPage, person_id: int) -> int | None:
    """The person's current record; None when no record of theirs is left."""
    own = page.members[person_id]
    records = {
        contact_id: page.contacts[contact_id] for contact_id in own if contact_id in page.contacts
    }
    return current_record(records, _counted_moves(page, person_id), page.companies)


def _of_record(fields: dict[str, str], contact_id: int, current: int | None) -> dict[str, str]:
    """What one record says: all that the current one does, but the money, and which that is."""
    if not fields or current in (None, contact_id):
        return fields
    told = {**fields, "second_order_same_person": f"contact:{current}"}
    # A person is asked once: by the record they are reached at.
    told.pop(survey_link_field.NAME, None)
    if "second_order_revenue" in fields:
        told["second_order_revenue"] = "0"
    return told


def _silenced(
    batch: Batch, page: ContactPage, asked: set[int], conclusions: Iterable[Conclusion]
) -> Iterable[Conclusion]:
    """Contacts that are nobody's say nothing; where a rule raised, what was said stands."""
    failed = batch.broken(ObjectType.CONTACT)
    for contact_id in asked - {conclusion.record_id for conclusion in conclusions}:
        if page.person_of.get(contact_id, contact_id) not in failed:
            yield Conclusion(contact_id, {})


@dataclass(frozen=True, slots=True)
class _Person:
    """One person as the fields say it: `moves` that count, whom it referred, its latest answer."""

    contact_ids: tuple[int, ...]
    moves: Sequence[Move]
    referred: Collection[str]
    answer: NpsAnswer | None
    strength: int


def _fields(batch: Batch, page: ContactPage, person_id: int) -> FieldsAndReasons:
    """What the current record of one person should say, and why."""
    own = page.members[person_id]
    moves = page.moves.get(person_id, ())
    strength, why = _strength_here(batch, page, own)
    person = _Person(
        contact_ids=own,
        moves=_counted_moves(page, person_id),
        referred=_referred(page, own),
        answer=_latest_answer(batch, page, own),
        strength=strength,
    )
    fields = {
        **_role_fields(batch, person),
        **_revenue_fields(batch, page, own),
        **_referral_fields(person),
        **_move_fields(page, person),
        **_answer_fields(person),
        **_survey_fields(batch, page, person, person_id),
        **_ask_fields(page, own),
        **_link_fields(page, own),
    }
    reasons = [of_move(move, page.names) for move in moves] + ([why] if why else [])
    return fields, [stored_shapes.plain(reason) for reason in reasons]


def _counted_moves(page: ContactPage, person_id: int) -> list[Move]:
    return [move for move in page.moves.get(person_id, ()) if move.status == Status.AUTO]


def _role_fields(batch: Batch, person: _Person) -> dict[str, str]:
    role = champions.role_of(
        is_moved=any(_is_moved_champion(batch, move) for move in person.moves),
        is_champion=person.strength >= batch.policy.champion_at,
        is_referrer=bool(person.referred),
        is_promoter=person.answer is not None and nps.group(person.answer.score) == "promoter",
    )
    return {} if role == "none" else {"second_order_role": role}


def _is_moved_champion(batch: Batch, move: Move) -> bool:
    return move.kind != MoveKind.DEPARTURE and move.strength >= batch.policy.champion_at


def _latest_answer(batch: Batch, page: ContactPage, own: Sequence[int]) -> NpsAnswer | None:
    """The person's latest answer: all contacts count as one human's."""
    human = 0
    latest = nps.latest(
        page.evidence.answers_of(own), batch.now, batch.policy, dict.fromkeys(own, human)
    )
    return latest.get(human)


def _referred(page: ContactPage, own: Iterable[int]) -> set[str]:
    """Whom the person referred for sure, each once."""
    rows = (row for contact_id in own for row in page.referrals.get(contact_id, ()))
    return {row["target"] for row in rows if row["status"] == Status.AUTO}


def _strength_here(
    batch: Batch, page: ContactPage, own: Sequence[int]
) -> tuple[int, Reason | None]:
    """How strongly the person stands for us where they are now, and the strongest reason."""
    records = [page.contacts[contact_id] for contact_id in own if contact_id in page.contacts]
    employers = (employer(contact, page.companies) for contact in records)
    company_ids = sorted({company_id for company_id in employers if company_id is not None})
    strengths = [_strength_at(batch, page, own, company_id) for company_id in company_ids]
    return max(strengths, key=lambda strength: strength[0], default=(0, None))


def _strength_at(
    batch: Batch, page: ContactPage, own: Sequence[int], company_id: int
) -> tuple[int, Reason | None]:
    return champions.strength(
        own,
        company_id,
        batch.now,
        deals=page.evidence.deals_at(company_id, batch.now),
        answers=page.evidence.answers_of(own),
        roles=champion_strength.buying_roles(own, page.contacts),
        is_customer=page.evidence.was_customer(company_id, batch.now),
        policy=batch.policy,
    )


def _revenue_fields(batch: Batch, page: ContactPage, own: Iterable[int]) -> dict[str, str]:
    home = batch.portal_map.home_currency
    credit = sum(page.credit.get(contact_id, 0) for contact_id in own)
    return {"second_order_revenue": money.major(credit, home)} if credit and home else {}


def _referral_fields(person: _Person) -> dict[str, str]:
    return {"second_order_referrals": str(len(person.referred))} if person.referred else {}


def _link_fields(page: ContactPage, own: Iterable[int]) -> dict[str, str]:
    """The person's link, on whichever of the records an e-mail goes to."""
    links = [page.links[contact_id] for contact_id in own if contact_id in page.links]
    return {"second_order_referral_link": links[-1]} if links else {}


def _move_fields(page: ContactPage, person: _Person) -> dict[str, str]:
    """The latest job change; of a departure, the new company is not known."""
    left = [move for move in person.moves if move.former_company_id is not None]
    changes = [move for move in left if move.kind != MoveKind.DEPARTURE]
    if not changes:
        return {}
    latest = max(changes, key=lambda move: (move.moved_at, move.key))
    return {
        "second_order_moved_from": page.names.company(latest.former_company_id),
        "second_order_moved_at": f"{latest.moved_at:%Y-%m-%d}",
        "second_order_move_confidence": field_patches.share(latest.confidence),
    }


def _survey_fields(
    batch: Batch, page: ContactPage, person: _Person, person_id: int
) -> dict[str, str]:
    current = page.contacts.get(_current(page, person_id) or 0)
    if current is None:
        return {}
    at = employer(current, page.companies)
    return survey_link_field.field(
        batch,
        page.survey,
        current,
        person.contact_ids,
        page.evidence.answers_of(person.contact_ids),
        is_at_customer=at is not None and page.evidence.was_customer(at, batch.now),
        has_left=current.left_reply_at is not None or _has_departed(person),
    )


def _has_departed(person: _Person) -> bool:
    latest = max(person.moves, key=lambda move: (move.moved_at, move.key), default=None)
    return latest is not None and latest.kind == MoveKind.DEPARTURE


def _answer_fields(person: _Person) -> dict[str, str]:
    answer = person.answer
    if answer is None:
        return {}
    return {
        "second_order_nps": str(answer.score),
        "second_order_nps_group": nps.group(answer.score),
        "second_order_nps_at": field_patches.moment(answer.at),
    }


def _ask_fields(page: ContactPage, own: Iterable[int]) -> dict[str, str]:
    """Whether to ask the person, by the company where that is best; nothing of who is unknown."""
    rows = [row for contact_id in own for row in page.readiness.get(contact_id, ())]
    best = min(rows, key=lambda row: readiness.rank(row["state"]), default=None)
    if best is None:
        return {}
    return {"second_order_ask": best["state"], "second_order_ask_because": best["because"]}
