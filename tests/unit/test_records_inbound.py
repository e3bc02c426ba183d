"""Bodies of the inbound API: who answered and whose usage it is are ids, or nothing is taken."""

import json

import pytest

from mappings.records import inbound_bodies, usage_items
from mappings.records.events import Bad
from mappings.records.inbound_bodies import Answer
from mappings.records.usage_items import UsageItem

NO_IDS = [True, 12.7, 12.0, 0, -12, 1 << 62 | 1 << 63, " 12", "1_2", "\uff11\uff12", "twelve", [12]]


def answer(contact_id: object) -> bytes:
    said = {"id": "a1", "score": 9, "answered_at": "2026-05-01T10:00:00Z", "contact_id": contact_id}
    return json.dumps(said).encode()


def figure(company_id: object) -> bytes:
    said = {"metric": "logins", "value": 3, "at": "2026-05-01T10:00:00Z", "company_id": company_id}
    return json.dumps(said).encode()


@pytest.mark.parametrize("number", NO_IDS, ids=repr)
def test_what_is_no_id_is_no_contact_and_no_company(number: object) -> None:
    for (read,) in (inbound_bodies.answers(answer(number)), usage_items.items(figure(number))):
        assert isinstance(read, Bad), "12.7 must not become somebody else's answer"
        assert "id" in read.reason or "64 bits" in read.reason


@pytest.mark.parametrize("number", [12, "12"])
def test_an_id_may_come_as_a_number_or_its_digits(number: object) -> None:
    (answered,) = inbound_bodies.answers(answer(number))
    (used,) = usage_items.items(figure(number))
    assert isinstance(answered, Answer)
    assert isinstance(used, UsageItem)
    assert (answered.contact_id, used.company_id) == (12, 12)
