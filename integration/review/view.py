"""Questions and answers in words: what they are about, with the names that records have today."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from integration.portal.record_names import name_in
from integration.storage.database import Row, Transaction
from integration.storage.mirror import lookups, mirror
from mappings.rules.attribution.decisions import VERBS
from mappings.rules.text.names import spoken

Json = dict[str, Any]
Ref = tuple[str, int]


def refs(kind: str, detail: Mapping[str, Any]) -> set[Ref]:
    """The records that a question or an answer is about."""
    found = {("contact", one) for one in detail.get("contacts", ())}
    found |= {("company", one) for one in detail.get("companies", ()) if one is not None}
    if detail.get("deal"):
        found.add(("deal", detail["deal"]))
    return found | {
        ref(detail[name]) for name in ("owner", "target") if kind == "referral" and name in detail
    }


def ref(text: str) -> Ref:
    """A record as kept in JSON: "contact:12"."""
    kind, _, number = text.partition(":")
    return kind, int(number)


def names(tx: Transaction, rows: Collection[Row], *, column: str = "body") -> dict[Ref, str]:
    """What the records that rows speak of are called today; who was forgotten has no name."""
    wanted = {ref for row in rows for ref in _refs_said(row[column])}
    by_type = {
        kind: {one for each, one in wanted if each == kind}
        for kind in ("contact", "company", "deal")
    }
    found = {
        (one.object_type, one.record_id): name_in(one)
        for one in lookups.names(tx, by_type["contact"], by_type["company"])
    }
    for record_id, record in mirror.load(tx, "deal", by_type["deal"]).items():
        found["deal", record_id] = spoken(str(record.properties.get("dealname") or ""))
    employers = _employers(tx, by_type["contact"])
    return {ref: _full(ref, found.get(ref, ""), employers) for ref in wanted}


def _employers(tx: Transaction, contact_ids: Collection[int]) -> dict[int, str]:
    at = {
        link.from_id: link.to_id
        for link in reversed(mirror.links_from(tx, "contact", contact_ids, "company"))
    }
    called = {one.record_id: name_in(one) for one in lookups.names(tx, (), set(at.values()))}
    return {contact: called.get(company, "") for contact, company in at.items()}


def _full(ref: Ref, name: str, employers: Mapping[int, str]) -> str:
    kind, number = ref
    firm = employers.get(number, "") if kind == "contact" else ""
    called = name or f"{kind} {number}"
    return f"{called} ({firm})" if firm else called


def _refs_said(body: Mapping[str, Any]) -> set[Ref]:
    """Also those that only the answer names, and those that late evidence would credit."""
    found = refs("referral", body)
    for one in (body, *body.get("would", ())):
        found |= {("company", one["company"])} if one.get("company") else set()
        found |= {("contact", one["contact"])} if one.get("contact") else set()
    return found | ({("contact", body["pick"])} if body.get("pick") else set())


def question(row: Row, names: Mapping[Ref, str]) -> Json:
    """A question for pages and scripts: the sentence, the evidence, what hangs on it, and the answers it takes."""
    body = row["body"]
    return {
        "id": row["review_id"],
        "kind": row["kind"],
        "verbs": [one for one in VERBS[row["kind"]] if one != "reopen"],
        "confidence": row["confidence"] / 1_000_000,
        "stake_minor": row["stake_minor"],
        "stake_currency": row["stake_currency"],
        "asked_at": row["asked_at"],
        "is_open": row["is_open"],
        "evidence": [one["text"] for one in body.get("reasons", ())],
        **question_in_words(row["kind"], body, names),
    }


def question_in_words(kind: str, body: Mapping[str, Any], names: Mapping[Ref, str]) -> Json:
    """What a question or answer is about: the sentence, and the records with their names."""
    return {
        "text": _SENTENCES[kind](body, names),
        "records": [
            {
                "object_type": object_type,
                "record_id": number,
                "name": names.get((object_type, number), ""),
            }
            for object_type, number in _in_order(body)
        ],
        "candidates": [
            {"contact_id": one, "name": names.get(("contact", one), "")}
            for one in body.get("contacts", ())
        ]
        if kind == "referral"
        else [],
    }


def _in_order(body: Mapping[str, Any]) -> list[Ref]:
    own: list[Ref] = [("contact", one) for one in body.get("contacts", ())]
    own += [("company", one) for one in body.get("companies", ()) if one is not None]
    own += [("deal", body["deal"])] if body.get("deal") else []
    own += [ref(body[name]) for name in ("owner", "target") if name in body]
    return list(dict.fromkeys(own))


def _called(names: Mapping[Ref, str], kind: str, number: int | None) -> str:
    return names.get((kind, number or 0), "") or (
        f"{kind} {number}" if number else "somewhere unknown"
    )


def _of_identity(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    a, b = (f"{_called(names, 'contact', one)}, contact {one}" for one in body["contacts"])
    return f"Are {a}, and {b}, the same person?"


def _of_move(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    who = _called(names, "contact", body["contacts"][-1])
    former, new = (_called(names, "company", one) for one in body["companies"])
    when = f" by {str(body['latest'])[:10]}" if body.get("latest") else ""
    return f"Did {who} leave {former} for {new}{when}?"


def _of_referral(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    kind, number = ref(body["target"])
    return f"Who referred {_called(names, kind, number)}: {len(body['contacts'])} people fit"


def _of_suggestion(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    return f"Add {_called(names, 'contact', body['contacts'][0])} to {_called(names, 'deal', body['deal'])}?"


def _of_merge(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    source, own = (_called(names, "company", one) for one in body["companies"])
    return f"Were {source} and {own} one company already when {_called(names, 'deal', body['deal'])} was won?"


def _of_rejudge(body: Mapping[str, Any], names: Mapping[Ref, str]) -> str:
    return f"Judge {_called(names, 'deal', body['deal'])} anew by evidence that came after its 90 days?"


_SENTENCES = {
    "identity": _of_identity,
    "move": _of_move,
    "referral": _of_referral,
    "suggestion": _of_suggestion,
    "merge": _of_merge,
    "rejudge": _of_rejudge,
}


def task_told(row: Row, now: datetime) -> Json:
    """An answer for pages and scripts: what was said, by whom, why, and until when it holds."""
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
        "until": (until - timedelta(seconds=1)).date() if until else None,
        "has_ended": until is not None and until <= now,
        "is_newest": row.get("is_newest", True),
    }
