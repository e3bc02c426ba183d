"""Answers with the company that they count for today, and with the role of who gave them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from integration.conclude.batch import Batch
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import ContactFacts, NpsAnswer
from mappings.rules.policy import KEY_ROLES


def placed(
    batch: Batch,
    answers: Mapping[int, Sequence[NpsAnswer]],
    contacts: Mapping[int, ContactFacts],
) -> list[NpsAnswer]:
    """Give each answer the company of its day under the id of today, and a role if it has none.

    Both arguments go by contact. An answer whose company nobody knows is the contact's first
    company's.
    """
    given = [answer for own in answers.values() for answer in own]
    named = (answer.company_id for answer in given if answer.company_id is not None)
    today = mirror.resolve(batch.tx, ObjectType.COMPANY, named)
    return [_placed(answer, contacts.get(answer.contact_id), today) for answer in given]


def _placed(answer: NpsAnswer, contact: ContactFacts | None, today: Mapping[int, int]) -> NpsAnswer:
    company_id = today.get(answer.company_id or 0, primary_company(contact))
    return replace(answer, company_id=company_id, role=answer.role or _role(contact))


def primary_company(contact: ContactFacts | None) -> int | None:
    """The contact's first company, if it has any."""
    return contact.company_ids[0] if contact and contact.company_ids else None


def _role(contact: ContactFacts | None) -> str:
    """The buying role an answer counts by: a key role first."""
    # HubSpot writes its own roles in capitals.
    roles = set(contact.buying_roles) if contact else set[str]()
    return min(roles & KEY_ROLES, default=min(roles, default=""))
