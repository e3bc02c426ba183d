"""Records of the sandbox behave as HubSpot's: reading, writing, history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.hands import LAST_YEAR, World, a_world
from tests.sandbox.records import Json, iso, to_ms

CONTACTS = "/crm/objects/2026-03/contacts"
DEALS = "/crm/objects/2026-03/deals"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def reading(
    *ids: int, properties: tuple[str, ...] = ("email",), history: tuple[str, ...] = ()
) -> Json:
    inputs = [{"id": str(one)} for one in ids]
    return {
        "inputs": inputs,
        "properties": list(properties),
        "propertiesWithHistory": list(history),
    }


def test_an_empty_property_is_null_and_an_unknown_one_is_left_out(world: World) -> None:
    got = world.api.get(CONTACTS, "limit=1&properties=phone,no_such_thing")

    properties = got["results"][0]["properties"]
    assert properties["phone"] is None
    assert "no_such_thing" not in properties


@pytest.mark.parametrize(
    "query", ["properties=email,jobtitle", "properties=email&properties=jobtitle"]
)
def test_properties_come_joined_or_repeated(world: World, query: str) -> None:
    properties = world.api.get(CONTACTS, query)["results"][0]["properties"]

    assert (properties["email"], properties["jobtitle"]) == ("ana@acme.example", "Buyer")


def test_pages_end_without_a_cursor_and_each_record_comes_once(world: World) -> None:
    for number in range(23):
        world.harbor.create("contact", {"email": f"p{number}@x.example"})
    seen, after = [], ""
    while True:
        got = world.api.get(CONTACTS, f"limit=10&after={after}")
        seen += got.ids
        if "paging" not in got.body:
            break
        after = got["paging"]["next"]["after"]

    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, key=int)


@pytest.mark.parametrize(
    ("query", "status"), [("limit=100", 200), ("limit=101", 400), ("limit=50&propertiesWithHistory=email", 200),
                          ("limit=51&propertiesWithHistory=email", 400), ("after=!!", 400)]
)  # fmt: skip
def test_page_sizes_are_refused_not_cut(world: World, query: str, status: int) -> None:
    assert world.api.get(CONTACTS, query).status == status


def test_history_is_newest_first_and_says_who(world: World) -> None:
    world.harbor.update(
        "contact", world.ana.id, {"jobtitle": "Head"}, source=("CRM_UI", "userId:99")
    )
    world.harbor.update(
        "contact",
        world.ana.id,
        {"jobtitle": "Intern"},
        at=to_ms(LAST_YEAR) - 1,
        source=("IMPORT", None),
    )

    got = world.api.get(f"{CONTACTS}/{world.ana.id}", "propertiesWithHistory=jobtitle")

    history = got["propertiesWithHistory"]["jobtitle"]
    assert [one["value"] for one in history] == ["Head", "Buyer", "Intern"]
    assert history[0]["sourceId"] == "userId:99"
    assert history[0]["updatedByUserId"] == 99
    assert "sourceId" not in history[2]
    assert got["properties"]["jobtitle"] == "Head"


def test_a_missing_id_makes_a_batch_read_a_207(world: World) -> None:
    got = world.api.post(f"{CONTACTS}/batch/read", reading(world.ana.id, 999999))

    assert got.status == 207
    assert got.ids == [str(world.ana.id)]
    assert got["errors"][0]["context"]["ids"] == ["999999"]
    assert got["numErrors"] == 1


def test_batch_read_never_tells_associations_and_takes_at_most_100(world: World) -> None:
    got = world.api.post(f"{CONTACTS}/batch/read", reading(world.ana.id))
    assert "associations" not in got["results"][0]
    assert world.api.post(f"{CONTACTS}/batch/read", reading(*range(1, 102))).status == 400


def test_batch_read_by_email_finds_the_person(world: World) -> None:
    body = reading() | {"idProperty": "email", "inputs": [{"id": "ANA@acme.example"}]}

    assert world.api.post(f"{CONTACTS}/batch/read", body).ids == [str(world.ana.id)]


def test_deleted_records_are_read_only_when_asked_for(world: World) -> None:
    world.harbor.archive("contact", world.bo.id)

    assert world.api.get(f"{CONTACTS}/{world.bo.id}").status == 404
    assert world.api.get(f"{CONTACTS}/{world.bo.id}", "archived=true")["archived"] is True
    assert world.api.get(CONTACTS, "archived=True").ids == [str(world.bo.id)]
    got = world.api.post(f"{CONTACTS}/batch/read", reading(world.bo.id), "archived=true")
    assert got["results"][0]["archivedAt"]


def test_associations_inline_name_the_type_without_labels(world: World) -> None:
    got = world.api.get(f"{CONTACTS}/{world.ana.id}", "associations=companies,deals")

    types = {one["type"] for one in got["associations"]["companies"]["results"]}
    assert types == {"contact_to_company", "contact_to_company_unlabeled"}
    assert [one["type"] for one in got["associations"]["deals"]["results"]] == ["contact_to_deal"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("no_such_thing", "1", "PROPERTY_DOESNT_EXIST"),
        ("lifecyclestage", "nirvana", "INVALID_OPTION"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("associatedcompanyid", "1", "READ_ONLY_VALUE"),
        ("hubspot_owner_id", "12", "INVALID_OWNER_ID"),
        ("email", "nobody", "INVALID_EMAIL"),
        ("hs_job_change_detected_date", "2026-02-30", "INVALID_DATE"),
        ("hs_job_change_detected_date", "1767225600001", "INVALID_DATE"),
        ("hs_email_optout", "maybe", "INVALID_BOOLEAN"),
    ],
)
def test_a_bad_value_fails_with_its_code_and_writes_nothing(
    world: World, name: str, value: str, code: str
) -> None:
    body = {"inputs": [
        {"id": str(world.bo.id), "properties": {"jobtitle": "new"}},
        {"id": str(world.ana.id), "properties": {name: value}},
    ]}  # fmt: skip
    got = world.api.post(f"{CONTACTS}/batch/update", body)

    assert got.status == 400
    assert got["category"] == "VALIDATION_ERROR"
    assert got["errors"][0]["code"] == code
    assert code in got["message"]
    assert world.bo.get("jobtitle") == ""


@pytest.mark.parametrize(
    ("kind", "name", "given", "stored"),
    [
        ("deals", "amount", "1E+7", "1E+7"),
        ("deals", "amount", "", None),
        ("deals", "closedate", "1767225600000", "2026-01-01T00:00:00.000Z"),
        ("deals", "closedate", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_values_are_stored_in_hubspots_spelling(
    world: World, kind: str, name: str, given: str, stored: str | None
) -> None:
    got = world.api.ask(
        "PATCH", f"/crm/objects/2026-03/{kind}/{world.deal.id}", {"properties": {name: given}}
    )

    assert got["properties"][name] == stored


@pytest.mark.parametrize("amount", ["1,000.50", "1e400", "NaN", "many"])
def test_a_number_is_a_number(world: World, amount: str) -> None:
    got = world.api.ask("PATCH", f"{DEALS}/{world.deal.id}", {"properties": {"amount": amount}})

    assert (got.status, got["errors"][0]["code"]) == (400, "INVALID_NUMBER")


def test_a_create_batch_fails_whole_without_trace_ids_and_in_part_with_them(world: World) -> None:
    good = {"properties": {"email": "new@x.example"}, "associations": []}
    bad = {"properties": {"email": "nobody"}, "associations": []}
    got = world.api.post(f"{CONTACTS}/batch/create", {"inputs": [good, bad]})
    assert got.status == 400
    assert world.harbor.find("contact", "email", "new@x.example") is None

    traced = [one | {"objectWriteTraceId": f"t{place}"} for place, one in enumerate((good, bad))]
    got = world.api.post(f"{CONTACTS}/batch/create", {"inputs": traced})
    assert got.status == 207
    assert got["results"][0]["objectWriteTraceId"] == "t0"
    assert got["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]


@pytest.mark.parametrize(("helps", "status"), [(False, 400), (True, 207)])
def test_trace_ids_on_a_failing_update_batch_are_a_switch(
    world: World, helps: bool, status: int
) -> None:
    world.hubspot.quirks.update_trace_ids_help = helps
    inputs = [
        {"id": str(world.ana.id), "properties": {"jobtitle": "Boss"}, "objectWriteTraceId": "a"},
        {
            "id": str(world.bo.id),
            "properties": {"hs_email_optout": "maybe"},
            "objectWriteTraceId": "b",
        },
    ]
    got = world.api.post(f"{CONTACTS}/batch/update", {"inputs": inputs})

    assert got.status == status
    assert world.ana.get("jobtitle") == ("Boss" if helps else "Buyer")


def test_batch_update_reports_missing_ids_and_refuses_twins(world: World) -> None:
    inputs = [
        {"id": one, "properties": {"jobtitle": "Boss"}} for one in (str(world.ana.id), "999999")
    ]
    got = world.api.post(f"{CONTACTS}/batch/update", {"inputs": inputs})
    assert got.status == 207
    assert got["errors"][0]["context"]["ids"] == ["999999"]

    assert (
        world.api.post(f"{CONTACTS}/batch/update", {"inputs": [inputs[0], inputs[0]]}).status == 400
    )


def test_upsert_updates_or_creates_by_email(world: World) -> None:
    inputs = [
        {"id": "ana@acme.example", "idProperty": "email", "properties": {"jobtitle": "Boss"}},
        {"id": "new@x.example", "idProperty": "email", "properties": {"email": "new@x.example"}},
    ]
    got = world.api.post(f"{CONTACTS}/batch/upsert", {"inputs": inputs})

    assert [one["new"] for one in got["results"]] == [False, True]
    assert world.ana.get("jobtitle") == "Boss"


def test_an_email_belongs_to_one_contact(world: World) -> None:
    got = world.api.post(CONTACTS, {"properties": {"email": "BO@bolt.example"}, "associations": []})

    assert got.status == 409
    assert str(world.bo.id) in got["message"]


def test_a_deal_needs_a_name_and_a_stage_that_exists(world: World) -> None:
    assert (
        world.api.post(DEALS, {"properties": {"dealname": "x"}, "associations": []}).status == 400
    )
    got = world.api.post(
        DEALS, {"properties": {"dealname": "x", "dealstage": "nowhere"}, "associations": []}
    )
    assert got["errors"][0]["code"] == "INVALID_OPTION"
    link = {
        "to": {"id": str(world.ana.id)},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
    }
    body = {"properties": {"dealname": "x", "dealstage": "closedwon"}, "associations": [link]}
    got = world.api.post(DEALS, body)
    assert got.status == 201
    assert world.harbor.associated("deal", int(got["id"]), "contact").keys() == {world.ana.id}


def test_a_lifecycle_stage_moves_forward_only(world: World) -> None:
    for stage in ("customer", "lead"):
        world.api.ask(
            "PATCH", f"{CONTACTS}/{world.ana.id}", {"properties": {"lifecyclestage": stage}}
        )
    assert world.ana.get("lifecyclestage") == "customer"
    for stage in ("", "lead"):
        world.api.ask(
            "PATCH", f"{CONTACTS}/{world.ana.id}", {"properties": {"lifecyclestage": stage}}
        )
    assert world.ana.get("lifecyclestage") == "lead"


def test_won_and_lost_are_calculated_from_the_stage(world: World) -> None:
    asked = "properties=hs_is_closed,hs_is_closed_won,hs_is_closed_lost,amount_in_home_currency,num_associated_contacts"
    world.harbor.update(
        "deal", world.deal.id, {"dealstage": "closedwon", "deal_currency_code": "USD"}
    )

    got = world.api.get(f"{DEALS}/{world.deal.id}", asked)["properties"]

    assert (got["hs_is_closed"], got["hs_is_closed_won"], got["hs_is_closed_lost"]) == (
        "true",
        "true",
        "false",
    )
    assert got["amount_in_home_currency"] == "900.45"
    assert got["num_associated_contacts"] == "1"


def test_contacts_say_lastmodifieddate_and_all_others_hs_lastmodifieddate(world: World) -> None:
    contact = world.api.get(f"{CONTACTS}/{world.ana.id}")["properties"]
    deal = world.api.get(f"{DEALS}/{world.deal.id}")["properties"]

    assert "lastmodifieddate" in contact
    assert "hs_lastmodifieddate" not in contact
    assert deal["hs_lastmodifieddate"] == iso(world.deal.updated)


@pytest.mark.parametrize(
    "value", ["\u202e<b>\U0001f680", "a" * 65_536, "\ud800 half", "'; drop table deals; --"]
)
def test_odd_text_is_held_and_answered(world: World, value: str) -> None:
    world.harbor.update("deal", world.deal.id, {"dealname": value})

    got = world.api.get(f"{DEALS}/{world.deal.id}", "properties=dealname")
    assert got["properties"]["dealname"] == value.replace("\ud800", "?")


@pytest.mark.parametrize(
    ("value", "code"),
    [("a" * 65_537, "VALUE_TOO_LONG"), ("a\x00b", "INVALID_STRING"), ([1], "INVALID_STRING")],
)
def test_text_an_app_may_not_write(world: World, value: object, code: str) -> None:
    got = world.api.ask(
        "PATCH", f"{DEALS}/{world.deal.id}", {"properties": {"dealname": value}}, checked=False
    )

    assert (got.status, got["errors"][0]["code"]) == (400, code)


def test_deals_have_a_currency_only_where_there_are_several(world: World) -> None:
    asked = "properties=deal_currency_code"
    assert "deal_currency_code" in world.api.get(f"{DEALS}/{world.deal.id}", asked)["properties"]
    deal = world.orchard.create("deal", {"dealname": "x"})
    with world.as_orchard() as orchard:
        assert "deal_currency_code" not in orchard.get(f"{DEALS}/{deal.id}", asked)["properties"]
        world.orchard.add_currency("EUR", "1.1")
        assert "deal_currency_code" in orchard.get(f"{DEALS}/{deal.id}", asked)["properties"]


def test_own_writes_are_marked_as_the_integrations(world: World) -> None:
    world.api.ask("PATCH", f"{CONTACTS}/{world.ana.id}", {"properties": {"jobtitle": "Boss"}})

    assert world.ana.history["jobtitle"][0][2:] == ("INTEGRATION", str(world.hubspot.app.app_id))


def test_one_portals_token_never_shows_anothers_records(world: World) -> None:
    with world.as_orchard() as orchard:
        got = orchard.get(CONTACTS, "properties=firstname")

    assert [one["properties"]["firstname"] for one in got["results"]] == ["Ana of Orchard"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/crm/objects/2030-03/contacts"), ("GET", "/crm/v3/objects/contacts/1/2/3/4"), ("POST", "/nothing"),
     ("POST", "/crm/objects/2026-03/feedback_submissions")],
)  # fmt: skip
def test_unknown_routes_are_404_in_hubspots_shape(world: World, method: str, path: str) -> None:
    got = world.api.ask(method, path, {} if method == "POST" else None, checked=False)

    assert got.status == 404
    assert got["status"] == "error"
    assert got["correlationId"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"inputs": 3}', b'{"inputs": [3]}', b'{"inputs": []}', b"\xff"]
)
def test_a_body_that_makes_no_sense_is_400(world: World, body: bytes) -> None:
    assert world.api.ask("POST", f"{CONTACTS}/batch/read", body).status == 400


def test_feedback_submissions_can_be_read_and_lead_to_people(world: World) -> None:
    world.harbor.answer_survey(world.ana.id, 9, "great")
    got = world.api.get(
        "/crm/objects/2026-03/feedback_submissions",
        "properties=hs_value,hs_response_group&associations=contacts",
    )

    assert got["results"][0]["properties"]["hs_response_group"] == "PROMOTER"
    assert got["results"][0]["associations"]["contacts"]["results"][0]["id"] == str(world.ana.id)
    assert world.ana.get("hs_feedback_last_nps_rating_number") == "9"


def test_closing_a_ticket_dates_it_and_reopening_clears_the_date(world: World) -> None:
    ticket = world.harbor.create(
        "ticket", {"subject": "broken", "hs_pipeline": "0", "hs_pipeline_stage": "1"}
    )
    world.harbor.update("ticket", ticket.id, {"hs_pipeline_stage": "4"})
    assert ticket.get("closed_date")
    world.harbor.update("ticket", ticket.id, {"hs_pipeline_stage": "3"})
    assert ticket.get("closed_date") == ""
    assert ticket.get("hs_last_closed_date")
