"""What a HubSpot user does with a record; each act is one function that changes the portal or raises Problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.sandbox import crm, properties
from tests.sandbox.pages import look

Form = Mapping[str, str]
EDITABLE: dict[str, tuple[str, ...]] = {
    "contact": (
        "email", "firstname", "lastname", "jobtitle", "company", "mobilephone", "how_did_you_hear", "referred_by",
        "left_company", "new_company",
    ),
    "company": ("name", "domain", "contract_renewal_date"),
    "deal": ("dealname", "amount", "closedate"),
    "ticket": ("subject", "hs_ticket_priority"),
    "feedback_submission": (),
}  # fmt: skip


class Problem(Exception):
    """The user asked for something HubSpot would not do; the message says why."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A user with a record before them."""

    portal: crm.Portal
    record: crm.Record
    form: Form

    def said(self, name: str) -> str:
        """A field of the form without the spaces around it."""
        return self.form.get(name, "").strip()


def find(portal: crm.Portal, kind: str, text: str) -> crm.Record:
    """The record meant by an id, an e-mail address, a domain or a full title; Problem when none or several."""
    text = text.strip()
    if not text:
        raise Problem(
            f"Say which {kind}: its id, or its {'e-mail' if kind == 'contact' else 'name'}."
        )
    if text.isdigit() and (record := portal.get(kind, int(text))):
        return record
    if kind == "contact" and (record := portal.find("contact", "email", text)):
        return record
    wanted = text.casefold()
    found = [
        one
        for one in portal.all(kind)
        if wanted in (look.title(one).casefold(), one.get("domain").casefold())
    ]
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found[:5])
        raise Problem(f"{len(found)} records are called “{text}” ({ids}): give the id.")
    if not found:
        raise Problem(f"There is no {kind} “{text}”.")
    return found[0]


def edit(acting: Acting) -> crm.Record:
    """Write the fields of the form that were sent."""
    portal, record = acting.portal, acting.record
    allowed = [name for name in EDITABLE[record.type] if name in portal.definitions[record.type]]
    values = {name: acting.said(name) for name in allowed if name in acting.form}
    return portal.update(record.type, record.id, _checked(portal, record.type, values, record.id))


def _checked(
    portal: crm.Portal, kind: str, values: Mapping[str, str], own_id: int = 0
) -> dict[str, str]:
    """The values as HubSpot would store them; Problem where it would refuse."""
    accepted = {}
    for name, value in values.items():
        definition = portal.definitions[kind][name]
        try:
            owners = [str(owner) for owner in portal.owners]
            accepted[name] = properties.accept(
                definition, value, owners, [portal.currency, *portal.rates]
            )
        except properties.Invalid as refused:
            raise Problem(f"{definition.label}: {refused.args[1]}") from None
    if kind == "contact" and (email := accepted.get("email")):
        holder = portal.find("contact", "email", email)
        if holder is not None and holder.id != own_id:
            raise Problem(f"Contact {holder.id} already has the address {email}.")
    return accepted


def change_company(acting: Acting) -> crm.Record:
    """Give a contact, deal or ticket another primary company."""
    company = find(acting.portal, "company", acting.said("company"))
    acting.portal.associate(
        acting.record.type, acting.record.id, "company", company.id, primary=True
    )
    return acting.record


def change_stage(acting: Acting) -> crm.Record:
    """Win, lose or reopen a deal (in its own pipeline), or put it into a stage by id."""
    wanted, portal, deal = acting.said("stage"), acting.portal, acting.record
    if deal.type != "deal":
        raise Problem("Only deals are won and lost.")
    pipeline = portal.pipelines["deal"].get(deal.get("pipeline")) or next(
        iter(portal.pipelines["deal"].values())
    )
    chosen = next((stage for stage in pipeline.stages if _stage_is(stage, wanted)), None)
    if chosen is None:
        raise Problem(f"The pipeline {pipeline.label} has no such stage.")
    values = {"dealstage": chosen.id, "pipeline": pipeline.id}
    if chosen.closed:
        values["closedate"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return portal.update("deal", deal.id, values)


def _stage_is(stage: crm.Stage, wanted: str) -> bool:
    kinds = {
        "won": stage.is_won,
        "lost": stage.closed and not stage.is_won,
        "open": not stage.closed,
    }
    return kinds.get(wanted, stage.id == wanted)


def associate(acting: Acting) -> crm.Record:
    """Link to another record, with a label if one is chosen."""
    kind, record = acting.said("kind"), acting.record
    if kind not in look.SHOWN or acting.portal.labels.plain(record.type, kind) is None:
        raise Problem(f"A {record.type} cannot be associated with that.")
    other = find(acting.portal, kind, acting.said("other"))
    label = acting.said("label")
    if label and acting.portal.labels.named(record.type, kind, label) is None:
        raise Problem(f"There is no label “{label}” from {record.type} to {kind}.")
    primary = None if not label else label.casefold() == "primary"
    labels = [] if label.casefold() in ("", "primary") else [label]
    acting.portal.associate(record.type, record.id, kind, other.id, *labels, primary=primary)
    return record


def dissociate(acting: Acting) -> crm.Record:
    """End an association with all its labels."""
    kind, other = acting.said("kind"), acting.said("other")
    if kind not in look.SHOWN or not other.isdigit():
        raise Problem("Say which association to end.")
    acting.portal.dissociate(acting.record.type, acting.record.id, kind, int(other))
    return acting.record


def merge(acting: Acting) -> crm.Record:
    """Merge another record of the same type into this one; both become a third."""
    other = find(acting.portal, acting.record.type, acting.said("other"))
    if other.id == acting.record.id:
        raise Problem("A record cannot be merged with itself.")
    return acting.portal.merge(acting.record.type, acting.record.id, other.id)


def delete(acting: Acting) -> None:
    """Into the recycle bin."""
    acting.portal.archive(acting.record.type, acting.record.id)


def forget(acting: Acting) -> None:
    """Privacy deletion, for good."""
    if acting.record.type != "contact":
        raise Problem("Only contacts are deleted for privacy.")
    acting.portal.gdpr_delete(acting.record.id)


def answer(acting: Acting) -> crm.Record:
    """The contact answers how likely they are to recommend us."""
    score = acting.said("score")
    if acting.record.type != "contact":
        raise Problem("Only contacts answer surveys.")
    if not score.isdigit() or int(score) > 10:
        raise Problem("A score is a whole number from 0 to 10.")
    acting.portal.answer_survey(acting.record.id, int(score), acting.said("comment"))
    return acting.record


def create(portal: crm.Portal, kind: str, form: Form) -> crm.Record:
    """A new contact, company or deal, with its company and contact if they are named."""
    names = [*EDITABLE[kind], "pipeline", "dealstage"]
    values = {name: form.get(name, "").strip() for name in names}
    values = {
        name: value for name, value in values.items() if value and name in portal.definitions[kind]
    }
    values = _checked(portal, kind, values)
    if kind == "deal":
        _deal_defaults(portal, values)
    if not values:
        raise Problem(f"Fill in at least one field of the new {kind}.")
    company = (
        find(portal, "company", form["of_company"]) if form.get("of_company", "").strip() else None
    )
    contact = (
        find(portal, "contact", form["of_contact"]) if form.get("of_contact", "").strip() else None
    )
    record = portal.create(kind, values)
    if company is not None and kind != "company":
        portal.associate(kind, record.id, "company", company.id, primary=True)
    if contact is not None and kind == "deal":
        portal.associate(kind, record.id, "contact", contact.id)
    return record


def _deal_defaults(portal: crm.Portal, values: dict[str, str]) -> None:
    if not values.get("dealname"):
        raise Problem("A deal needs a name.")
    pipeline = next(iter(portal.pipelines["deal"].values()))
    values.setdefault("pipeline", pipeline.id)
    values.setdefault("dealstage", pipeline.stages[0].id)


ACTS: dict[str, Callable[[Acting], crm.Record | None]] = {
    "edit": edit,
    "company": change_company,
    "stage": change_stage,
    "associate": associate,
    "dissociate": dissociate,
    "merge": merge,
    "delete": delete,
    "forget": forget,
    "survey": answer,
}
