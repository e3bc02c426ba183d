"""Review tasks and decisions as JSON: the question, its records with their names, the answers."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from integration.portal import record_names
from integration.portal.record_names import name_in
from integration.review.answers import last_day
from integration.review.questions import Body, Names, ref
from integration.review.review_kinds import TASK_KINDS
from integration.storage.database import Row, Transaction
from integration.storage.mirror import lookups, mirror
from mappings.kinds import ObjectType, ReviewKind
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM

Json = dict[str, Any]


def records(body: Body) -> list[RefPair]:
    """Return the records that a task or decision is about, in the order they are shown."""
    refs: list[RefPair] = [
        *_known(ObjectType.CONTACT, *body.get("contacts", ())),
        *_known(ObjectType.COMPANY, *body.get("companies", ())),
        *_known(ObjectType.DEAL, body.get("deal")),
        *(ref(body[name]) for name in ("owner", "target") if name in body),
    ]
    return list(dict.fromkeys(refs))


def _known(object_type: ObjectType, *record_ids: int | None) -> Iterator[RefPair]:
    return ((object_type.value, record_id) for record_id in record_ids if record_id)


def names(tx: Transaction, bodies: Collection[Body]) -> dict[RefPair, str]:
    """Return what people read for the records in *bodies* today."""
    refs = {ref for body in bodies for ref in _named_records(body)}
    known = record_names.shown(tx, refs)
    contact_ids = {
        record_id for object_type, record_id in refs if object_type == ObjectType.CONTACT
    }
    employers = _employers(tx, contact_ids)
    return {ref: _full_name(ref, known[ref], employers) for ref in refs}


def _named_records(body: Body) -> set[RefPair]:
    """The records of *body*, those that only its answer names, and those of late evidence."""
    refs = set(records(body))
    for part in (body, *body.get("would", ())):
        refs.update(_known(ObjectType.COMPANY, part.get("company")))
        refs.update(_known(ObjectType.CONTACT, part.get("contact")))
    return refs.union(_known(ObjectType.CONTACT, body.get("pick")))


def _employers(tx: Transaction, contact_ids: Collection[int]) -> dict[int, str]:
    links = mirror.links_from(tx, ObjectType.CONTACT, contact_ids, ObjectType.COMPANY)
    # Of several companies the first link counts: it is set last.
    company_ids = {link.from_id: link.to_id for link in reversed(links)}
    companies = {
        company.record_id: name_in(company)
        for company in lookups.names(tx, (), set(company_ids.values()))
    }
    return {
        contact_id: companies.get(company_id, "") for contact_id, company_id in company_ids.items()
    }


def _full_name(ref: RefPair, name: str, employers: Mapping[int, str]) -> str:
    object_type, record_id = ref
    employer = employers.get(record_id, "") if object_type == ObjectType.CONTACT else ""
    return f"{name} ({employer})" if employer else name


def task(row: Row, names: Names) -> Json:
    """Return a task: the question, its evidence, the money at stake, and the verbs it takes."""
    body = row["body"]
    return {
        "id": row["review_id"],
        "kind": row["kind"],
        "verbs": list(TASK_KINDS[row["kind"]].verbs),
        "confidence": row["confidence"] / PPM,
        "stake_minor": row["stake_minor"],
        "stake_currency": row["stake_currency"],
        "asked_at": row["asked_at"],
        "is_open": row["is_open"],
        "evidence": list(_evidence(body, names)),
        **_subject(row["kind"], body, names),
    }


def _evidence(body: Body, names: Names) -> Iterator[str]:
    """The reasons in words; of late evidence each with the name of whom it speaks."""
    would = body.get("would", ())
    reasons = body.get("reasons", ())
    yield from (reason["text"] for reason in (reasons[:1] if would else reasons))
    for part in would:
        who = names.get((ObjectType.CONTACT, part.get("contact") or 0), "")
        for reason in part.get("because", ()):
            yield f"{who}: {reason['text']}" if who else reason["text"]


def decision(row: Row, names: Names, now: datetime) -> Json:
    """Return a decision: the answer, and the question with its records."""
    said = answer(row, now)
    return {
        **said,
        "pick_name": names.get((ObjectType.CONTACT, said["pick"] or 0), ""),
        "company_name": names.get((ObjectType.COMPANY, said["company"] or 0), ""),
        **_subject(row["kind"], row["detail"], names),
    }


def answer(row: Row, now: datetime) -> Json:
    """Return an answer: what was decided, by whom, why, and until when it holds."""
    until = row["holds_until"]
    return {
        "decision_id": row["decision_id"],
        "review_id": row.get("review_id"),
        "kind": row["kind"],
        "verb": row["verb"],
        "pick": row["detail"].get("pick"),
        "date": row["detail"].get("date"),
        "company": row["detail"].get("company"),
        "author": row["author"],
        "reason": row["reason"],
        "decided_at": row["decided_at"],
        "until": last_day(until),
        "has_ended": until is not None and until <= now,
        "is_newest": row.get("is_newest", True),
    }


def _subject(kind: str, body: Body, names: Names) -> Json:
    candidates = body.get("contacts", ()) if kind == ReviewKind.REFERRAL else ()
    return {
        "text": TASK_KINDS[kind].question(body, names),
        "records": [
            {
                "object_type": object_type,
                "record_id": record_id,
                "name": names.get((object_type, record_id), ""),
            }
            for object_type, record_id in records(body)
        ],
        "candidates": [
            {"contact_id": contact_id, "name": names.get((ObjectType.CONTACT, contact_id), "")}
            for contact_id in candidates
        ],
    }
