"""The question of a review task, worded for each kind with the names that records have today."""

from collections.abc import Mapping
from typing import Any

from integration.portal.record_names import nameless
from mappings.formats import day
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair

Body = Mapping[str, Any]
Names = Mapping[RefPair, str]


def ref(text: str) -> RefPair:
    """Read a record as JSON holds it: "contact:12"."""
    object_type, _, number = text.partition(":")
    return object_type, int(number)


def same_person(body: Body, names: Names) -> str:
    """Ask whether two contacts are one person."""
    first, second = (_name(names, ObjectType.CONTACT, id_) for id_ in body["contacts"])
    return f"Are {first} and {second} the same person?"


def job_change(body: Body, names: Names) -> str:
    """Ask whether a person left one company for another."""
    person = _name(names, ObjectType.CONTACT, body["contacts"][-1])
    former, new = (_name(names, ObjectType.COMPANY, company_id) for company_id in body["companies"])
    latest = f" by {day(str(body['latest']))}" if body.get("latest") else ""
    return f"Did {person} leave {former} for {new}{latest}?"


def referrer(body: Body, names: Names) -> str:
    """Ask which of several people referred a record."""
    referred = _name(names, *ref(body["target"]))
    return f"Who referred {referred}: {len(body['contacts'])} people fit"


def add_to_deal(body: Body, names: Names) -> str:
    """Ask whether an active contact belongs on a deal."""
    contact = _name(names, ObjectType.CONTACT, body["contacts"][0])
    return f"Add {contact} to {_name(names, ObjectType.DEAL, body['deal'])}?"


def already_there(body: Body, names: Names) -> str:
    """Ask whether a contact had come to the buyer when a deal opened."""
    contact = _name(names, ObjectType.CONTACT, body["contacts"][0])
    company = _name(names, ObjectType.COMPANY, next(iter(body.get("companies", ())), None))
    deal = _name(names, ObjectType.DEAL, body["deal"])
    return f"Was {contact} at {company} already when {deal} opened?"


def merged_companies(body: Body, names: Names) -> str:
    """Ask whether two merged companies were one when a deal was won."""
    source, own = (_name(names, ObjectType.COMPANY, company_id) for company_id in body["companies"])
    deal = _name(names, ObjectType.DEAL, body["deal"])
    return f"Were {source} and {own} one company already when {deal} was won?"


def late_evidence(body: Body, names: Names) -> str:
    """Ask whether evidence counts that came after a deal's shares were final."""
    deal = _name(names, ObjectType.DEAL, body["deal"])
    return f"Judge {deal} anew by evidence that came after its 90 days?"


def _name(names: Names, object_type: str, record_id: int | None) -> str:
    if not record_id:
        return "somewhere unknown"
    return names.get((object_type, record_id)) or nameless(object_type)
