"""Forgetting a person: what was set aside loses them and keeps its neighbours; who was forgotten is remembered."""

import base64
import dataclasses
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet

from integration.admin import doctor as checkup
from integration.admin import housekeeping, key_rotation
from integration.core.forget_keys import ForgetKeys, from_secret
from integration.portal import forgotten
from integration.portal.runtime import Runtime
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.service import erasure, portals, suppression

HARBOR, ORCHARD = 4711, 4712
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def house(runtime: Runtime) -> Runtime:
    with runtime.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            portals.install(tx, portal_id, scopes=[], account={}, user_id=1)
    return runtime


def event(record_id: object, **fields: object) -> dict[str, Any]:
    said = {
        "portalId": HARBOR,
        "subscriptionType": "contact.creation",
        "objectId": record_id,
        "occurredAt": 1,
    }
    return {**said, **fields}


def put_aside(house: Runtime, portal_id: int, body: bytes, *, source: str = "hubspot") -> None:
    with house.database.portal(portal_id) as tx:
        tx.run(
            """INSERT INTO inbox (portal_id, source, body, state, error)
               VALUES (:portal, :source, :body, 'set_aside', 'reading it ended the process three times')""",
            source=source,
            body=body,
        )


def bodies(house: Runtime, portal_id: int) -> list[bytes]:
    with house.database.portal(portal_id) as tx:
        return [bytes(row["body"]) for row in tx.rows("SELECT body FROM inbox ORDER BY inbox_id")]


def store_bad(house: Runtime, portal_id: int, raw: str) -> None:
    now = house.now()
    letter = InboundEvent(
        "hubspot",
        f"bad:{raw[:150]}",
        "bad",
        None,
        None,
        {"raw": raw, "whole": False},
        now,
        now,
        "set_aside",
    )
    with house.database.portal(portal_id) as tx:
        inbox_events.store_events(tx, [letter])


def erase(house: Runtime, contact_id: int, *, keys: ForgetKeys | None = None) -> None:
    with house.database.portal(HARBOR) as tx:
        forgotten.erase(tx, contact_id, keys=keys or house.forget_keys)


def test_a_delivery_set_aside_that_holds_991299_survives_the_erasure_of_contact_12(
    house: Runtime,
) -> None:
    other, company = event(991299), event(12, subscriptionType="company.creation")
    put_aside(house, HARBOR, json.dumps([other]).encode())
    put_aside(house, HARBOR, json.dumps([other, event(12), company]).encode())
    put_aside(house, HARBOR, json.dumps([event(12)]).encode())
    put_aside(house, HARBOR, b'{"objectId": 991299, and it breaks off')
    put_aside(house, HARBOR, b'{"objectId": 12, and it breaks off')
    put_aside(house, ORCHARD, json.dumps([event(12)]).encode())

    erase(house, 12)

    left = bodies(house, HARBOR)
    assert [json.loads(body) for body in left[:2]] == [[other], [other, company]]
    assert left[2:] == [b'{"objectId": 991299, and it breaks off']
    assert len(bodies(house, ORCHARD)) == 1


def test_items_that_were_not_understood_go_when_they_are_about_the_person(house: Runtime) -> None:
    for record_id in (12, 991299):
        store_bad(house, HARBOR, json.dumps(event(record_id, occurredAt="soon")))
    store_bad(house, ORCHARD, json.dumps(event(12, occurredAt="soon")))

    erase(house, 12)

    with house.database.portal(HARBOR) as tx:
        assert [
            json.loads(row["raw"])["objectId"]
            for row in tx.rows("SELECT payload ->> 'raw' AS raw FROM event")
        ] == [991299]
        counts = inbox_events.identity(tx)
    assert counts["received"] == counts["set_aside"] + counts["pruned"] == 2
    with house.database.portal(ORCHARD) as tx:
        assert inbox_events.identity(tx)["set_aside"] == 1


def test_an_answer_under_their_address_goes_whoever_it_was_kept_for(house: Runtime) -> None:
    ana, bo = "ana@acme.example", "bo@acme.example"
    with house.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO record (portal_id, object_type, record_id, properties)
               VALUES (:portal, 'contact', 12, '{"email": "ana@acme.example"}')"""
        )
        tx.run("INSERT INTO identity_key VALUES (:portal, 'mail', :ana, 12)", ana=ana)
        for email in (ana, bo):
            tx.run(
                """INSERT INTO answer (portal_id, source, answer_key, email, score, at)
                   VALUES (:portal, 'survey:x', :email, :email, 9, clock_timestamp())""",
                email=email,
            )
    survey = [{"id": "1", "score": 11, "email": email} for email in (ana.upper(), bo)]
    put_aside(house, HARBOR, json.dumps(survey).encode(), source="survey:x")

    erase(house, 12)

    with house.database.portal(HARBOR) as tx:
        assert tx.rows("SELECT email FROM answer") == [{"email": bo}]
        assert erasure.mentions(tx, "ana@") == []
    assert json.loads(bodies(house, HARBOR)[0]) == survey[1:]


def test_what_comes_later_about_somebody_forgotten_is_swept_out_of_what_was_set_aside(
    house: Runtime,
) -> None:
    erase(house, 12)
    put_aside(house, HARBOR, json.dumps([event(12), event(991299)]).encode())
    store_bad(house, HARBOR, json.dumps(event(12, occurredAt="soon")))
    put_aside(house, ORCHARD, json.dumps([event(12)]).encode())

    housekeeping.run_due(house)

    assert [json.loads(body) for body in bodies(house, HARBOR)] == [[event(991299)]]
    with house.database.portal(HARBOR) as tx:
        assert tx.rows("SELECT * FROM event") == []
    assert len(bodies(house, ORCHARD)) == 1


def still_known(house: Runtime, *ids: int, **changed: object) -> set[int]:
    settings = dataclasses.replace(house.settings, **changed)  # type: ignore[arg-type]  # its fields
    keys = ForgetKeys.of(settings.forget_keys, settings.secret_key)
    with house.database.portal(HARBOR) as tx:
        return forgotten.still_known(tx, ids, keys=keys)


def test_a_changed_secret_key_brings_nobody_back(house: Runtime) -> None:
    house.settings = dataclasses.replace(house.settings, forget_keys=(OLD,))
    erase(house, 12)

    assert still_known(house, 12, 13) == {13}
    assert still_known(house, 12, 13, secret_key="another secret of the service") == {13}
    with house.database.portal(ORCHARD) as tx:
        assert forgotten.still_known(tx, [12], keys=house.forget_keys) == {12}


def test_keys_rotate_and_the_old_one_counts_as_long_as_it_is_listed(house: Runtime) -> None:
    house.settings = dataclasses.replace(house.settings, forget_keys=(OLD,))
    erase(house, 12)
    house.settings = dataclasses.replace(house.settings, forget_keys=(NEW, OLD))
    erase(house, 13)

    assert still_known(house, 12, 13, 14) == {14}
    assert still_known(house, 12, 13, 14, forget_keys=(NEW,)) == {12, 14}
    uses = {use.is_newest: use.people for use in key_rotation.forget_keys_in_use(house)}
    assert uses == {True: 1, False: 1}


def test_the_doctor_says_when_a_key_is_gone_that_somebody_is_remembered_by(house: Runtime) -> None:
    house.settings = dataclasses.replace(house.settings, forget_keys=(OLD,))
    erase(house, 12)
    assert doctor(house).ok

    house.settings = dataclasses.replace(house.settings, forget_keys=(NEW,))

    found = doctor(house)
    assert not found.ok
    assert "1 forgotten person is remembered under key" in found.said
    assert "would be read in again" in found.said
    assert OLD not in found.said


def doctor(house: Runtime) -> checkup.Finding:
    return checkup.forget_keys(house)


def mark_of_the_version_before(house: Runtime, contact_id: int) -> None:
    """As versions without forget keys remembered: under SECRET_KEY, and without saying so."""
    key = hashlib.sha256(house.settings.secret_key.encode()).digest()
    digest = hmac.digest(key, f"forgotten:{HARBOR}:{contact_id}".encode(), "sha256")
    with house.database.portal(HARBOR) as tx:
        tx.run(
            "INSERT INTO suppression (portal_id, object_type, mark) VALUES (:portal, 'contact', :mark)",
            mark=digest,
        )


def test_who_an_earlier_version_forgot_stays_forgotten_when_the_secret_key_changes_afterwards(
    house: Runtime,
) -> None:
    mark_of_the_version_before(house, 12)
    old_secret = house.settings.secret_key
    house.settings = dataclasses.replace(house.settings, forget_keys=(from_secret(old_secret),))
    housekeeping.run_due(house)

    house.settings = dataclasses.replace(house.settings, secret_key="another secret of the service")

    assert still_known(house, 12, 13) == {13}
    assert doctor(house).ok


def test_the_doctor_warns_while_forgetting_still_hangs_on_the_secret_key(house: Runtime) -> None:
    mark_of_the_version_before(house, 12)
    house.settings = dataclasses.replace(house.settings, forget_keys=(NEW,))
    housekeeping.run_due(house)

    assert still_known(house, 12, 13) == {13}, "until SECRET_KEY changes"
    assert "made of SECRET_KEY" in doctor(house).said
    assert not doctor(house).ok


def test_after_three_years_nobody_is_remembered_as_forgotten(house: Runtime) -> None:
    for contact_id, age in ((12, "3 years 1 day"), (13, "2 years 364 days")):
        erase(house, contact_id)
        with house.database.portal(HARBOR) as tx:
            digest = house.forget_keys.mark(HARBOR, contact_id).digest
            tx.run(
                "UPDATE suppression SET at = clock_timestamp() - CAST(:age AS interval) WHERE mark = :mark",
                age=age,
                mark=digest,
            )

    housekeeping.run_due(house)

    with house.database.portal(HARBOR) as tx:
        assert suppression.digests(tx) == {house.forget_keys.mark(HARBOR, 13).digest}


def test_a_mark_tells_nothing_without_its_key(house: Runtime) -> None:
    house.settings = dataclasses.replace(house.settings, forget_keys=(OLD,))
    erase(house, 12)
    with house.database.portal(HARBOR) as tx:
        row = tx.rows("SELECT mark, key_id FROM suppression")[0]
    plain = hmac.digest(base64.urlsafe_b64decode(NEW), b"forgotten:4711:12", "sha256")
    assert bytes(row["mark"]) != plain
    assert row["key_id"] == house.forget_keys.newest
