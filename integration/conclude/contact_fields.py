"""Stage three for contacts: role, credit of the whole person, referrals, the latest move, the latest answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude import (
    champion_strength,
    company_directory,
    field_patches,
    record_facts,
    stored_moves,
)
from integration.conclude.batch import Batch
from integration.portal import record_names
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows
from mappings.rules.attribution.reasons import Names, of_move
from mappings.rules.facts import ContactFacts, DealFacts, Directory, NpsAnswer
from mappings.rules.findings import Move
from mappings.rules.identity.linkage import employer
from mappings.rules.job_changes import champions
from mappings.rules.ledger import money
from mappings.rules.success import nps


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Persons whose records are to be summed up, with all that is known of them."""

    contacts: Mapping[int, ContactFacts]
    person_of: Mapping[int, int]
    members: Mapping[int, tuple[int, ...]]
    companies: Directory
    moves: Mapping[int, Sequence[Move]]
    deals: Mapping[int, Sequence[DealFacts]]
    answers: Mapping[int, Sequence[NpsAnswer]]
    credit: Mapping[int, int]
    referrals: Mapping[int, Sequence[Row]]
    since: Mapping[int, datetime]
    names: Names


def refresh(batch: Batch, contact_ids: Collection[int]) -> None:
    """Say on each contact what its person stands for; all records of a person say the same."""
    page = _load(batch, contact_ids)
    asked = set(contact_ids)
    persons = {page.person_of[one] for one in asked if one in page.person_of}
    found: list[field_patches.Conclusion] = []
    for person, said in batch.each(
        ((("contact", person), person) for person in sorted(persons)),
        lambda person: _person(batch, person, page),
    ):
        desired, reasons = said
        found.extend(
            field_patches.Conclusion(one, desired, reasons)
            for one in page.members[person]
            if one in asked
        )
    told = {one.record_id for one in found}
    nobody = [
        one
        for one in asked
        if one not in told and ("contact", page.person_of.get(one, one)) not in batch.failed
    ]
    field_patches.plan(
        batch, "contact", [*found, *(field_patches.Conclusion(one, {}) for one in nobody)]
    )


def _load(batch: Batch, contact_ids: Collection[int]) -> ContactPage:
    person_of, members = person_rows.groups(batch.tx, contact_ids)
    everybody = set(person_of)
    contacts = {
        one: facts
        for one, facts in record_facts.contacts(batch, everybody).items()
        if not facts.archived
    }
    known = company_directory.directory(batch, contacts.values())
    found: dict[int, list[Move]] = {}
    kept = stored_moves.moves_of(batch, set(members))
    for row, move in kept:
        found.setdefault(row["person_id"], []).append(move)
    home = batch.portal_map.home_currency
    return ContactPage(
        contacts,
        person_of,
        members,
        known,
        found,
        champion_strength.deals_of(batch, everybody),
        record_facts.answers(batch, everybody),
        entry_rows.by_subject(batch.tx, everybody, home),
        _referrals(batch, everybody),
        champion_strength.customers_since(batch, set(known.companies)),
        record_names.names(
            batch.tx,
            contacts=[move.new_contact_id for _, move in kept],
            companies=[
                one for _, move in kept for one in (move.former_company_id, move.new_company_id)
            ],
        ),
    )


def _referrals(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in source_rows.referrals_by(batch.tx, contact_ids=contact_ids):
        found.setdefault(row["referrer_contact_id"], []).append(row)
    return found


Said = tuple[dict[str, str], list[object]]


def _person(batch: Batch, person: int, page: ContactPage) -> Said:
    """What every record of one person should say, and why."""
    own = page.members[person]
    sure = [one for one in page.moves.get(person, ()) if one.status == "auto"]
    answer = _latest_answer(batch, own, page)
    made = {
        row["target"]
        for one in own
        for row in page.referrals.get(one, ())
        if row["status"] == "auto"
    }
    here = _champion_here(batch, own, page)
    role = champions.role_of(
        is_moved=any(
            one.kind != "departure" and one.strength >= batch.policy.champion_at for one in sure
        ),
        is_champion=here[0] >= batch.policy.champion_at,
        is_referrer=bool(made),
        is_promoter=answer is not None and nps.group(answer.score) == "promoter",
    )
    said = {} if role == "none" else {"second_order_role": role}
    credit = sum(page.credit.get(one, 0) for one in own)
    if credit and batch.portal_map.home_currency:
        said["second_order_revenue"] = money.major(credit, batch.portal_map.home_currency)
    if made:
        said["second_order_referrals"] = str(len(made))
    said |= _move_words(sure, page) | _answer_words(answer)
    reasons: list[object] = [of_move(one, page.names) for one in page.moves.get(person, ())]
    reasons += [here[1]] if here[1] else []
    return said, [stored_shapes.plain(one) for one in reasons]


def _latest_answer(batch: Batch, own: Collection[int], page: ContactPage) -> NpsAnswer | None:
    told = [answer for one in own for answer in page.answers.get(one, ())]
    return nps.latest(told, batch.now, batch.policy, dict.fromkeys(own, 0)).get(0)


def _champion_here(batch: Batch, own: Collection[int], page: ContactPage) -> tuple[int, object]:
    """How strongly the person stands for us where they are now."""
    records = [page.contacts[one] for one in own if one in page.contacts]
    best: tuple[int, object] = (0, None)
    for company in sorted(
        {found for one in records if (found := employer(one, page.companies)) is not None}
    ):
        is_customer = company in page.since and page.since[company] <= batch.now
        c, why = champions.strength(
            own,
            company,
            batch.now,
            deals=champion_strength.of_customers(
                batch, page.deals.get(company, ()), is_customer=is_customer
            ),
            answers=[answer for one in own for answer in page.answers.get(one, ())],
            roles=frozenset(role for one in records for role in one.buying_roles),
            is_customer=is_customer,
            policy=batch.policy,
        )
        best = max(best, (c, why), key=lambda one: one[0])
    return best


def _move_words(sure: Sequence[Move], page: ContactPage) -> dict[str, str]:
    gone = [one for one in sure if one.kind != "departure" and one.former_company_id is not None]
    if not gone:
        return {}
    last = max(gone, key=lambda one: (one.moved_at, one.key))
    return {
        "second_order_moved_from": page.names.company(last.former_company_id),
        "second_order_moved_at": f"{last.moved_at:%Y-%m-%d}",
        "second_order_move_confidence": field_patches.share(last.confidence),
    }


def _answer_words(answer: NpsAnswer | None) -> dict[str, str]:
    if answer is None:
        return {}
    return {
        "second_order_nps": str(answer.score),
        "second_order_nps_group": nps.group(answer.score),
        "second_order_nps_at": field_patches.moment(answer.at),
    }
