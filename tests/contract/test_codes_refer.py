"""A code that somebody brings is a referral by whose code it is, with the guards of any referral."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from integration.admin import program_settings
from integration.portal import forgotten, invalidation, settings
from integration.portal.invalidation import Change
from integration.storage.program import code_rows, program_row
from integration.storage.program.program_row import Program
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    ORCHARD,
    WORDS,
    Clock,
    MirrorPortal,
    day,
)

MAPPED = replace(
    WORDS,
    texts={
        "referral_code_property": ("code_used",),
        "first_address_property": ("hs_analytics_first_url",),
        "deal_referral_code_property": ("deal_code",),
    },
)
CODE, OTHER = "7vbbkq4xkqb4x", "7wbbkq4xkqb4x"
MARIA, BO = 11, 20
BASE = "https://app.example/r/"


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return furnished(MirrorPortal(clock, HARBOR))


@pytest.fixture
def orchard(clock: Clock) -> MirrorPortal:
    return furnished(MirrorPortal(clock, ORCHARD))


def furnished(portal: MirrorPortal) -> MirrorPortal:
    """Acme (1) is a customer, where Maria (11) works; Bo (20) at Zenit (2) is on the won deal 9."""
    portal.install(MAPPED)
    portal.imported()
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(MARIA, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    portal.deal(5, 1, MARIA, created=800, won=(700, "1000.00"))
    bo_comes(portal)
    portal.deal(9, 2, BO, created=30, won=(10, "5000.00"))
    return portal


def bo_comes(portal: MirrorPortal, days: float = 60, **values: Any) -> None:  # noqa: ANN401 - text or number
    """Bo's record, with what was written on it when it was made."""
    dated = {name: [(days, text)] for name, text in values.items() if name in _DATED}
    others = {name: text for name, text in values.items() if name not in _DATED}
    usual = {"firstname": "Bo", "lastname": "Berg", "email": "bo@zenit-labs.com"}
    company = others.pop("company_id", 2)
    portal.put(
        "contact",
        BO,
        created=day(days),
        associatedcompanyid=company,
        **{**usual, **others},
        **dated,
    )


_DATED = ("code_used", "hs_analytics_first_url")


def given(
    portal: MirrorPortal, code: str = CODE, contact_id: int = MARIA, *, is_on: bool = True
) -> None:
    """The program is on, and somebody has a code."""
    with portal.database.portal(portal.portal_id) as tx:
        program = Program(is_on=is_on, targets=("https://www.harbor.example/",), link_base=BASE)
        program_row.save(tx, program, by="test")
        code_rows.add(tx, {contact_id: code}, by="test")
        invalidation.record(tx, Change.CODE_CHANGED, records={("contact", contact_id)})
    portal.settle()


def referrals(portal: MirrorPortal) -> list[Mapping[str, Any]]:
    return [row["body"] for row in portal.kept("referral")]


def test_a_code_in_the_mapped_property_is_a_referral_as_sure_as_a_tracked_code(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    for portal in (harbor, orchard):
        bo_comes(portal, code_used=CODE.upper())
    given(harbor)
    orchard.settle()

    (referral,) = referrals(harbor)
    assert (referral["how"], referral["p"], referral["status"]) == ("tracked_code", 980_000, "auto")
    assert referral["referrer_contact_id"] == MARIA
    assert harbor.said("deal", 9)["second_order_source"] == "referral"
    assert harbor.said("contact", MARIA)["second_order_referrals"] == "1"
    # The same text in another account is nobody's code.
    assert referrals(orchard) == []
    assert orchard.said("deal", 9)["second_order_source"] == "none"


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.harbor.example/demo?utm_source=referral&utm_content={CODE}",
        f"https://www.harbor.example/demo?referral_code={CODE}",
        f"www.harbor.example/?ref={CODE.upper()}#form",
    ],
)
def test_a_code_in_the_address_of_the_first_page_counts_the_same(
    harbor: MirrorPortal, address: str
) -> None:
    bo_comes(harbor, hs_analytics_first_url=address)
    given(harbor)

    assert [referral["how"] for referral in referrals(harbor)] == ["tracked_code"]
    assert harbor.said("deal", 9)["second_order_source"] == "referral"


def test_a_code_on_a_deal_counts_the_same(harbor: MirrorPortal) -> None:
    harbor.change("deal", 9, deal_code=CODE)
    given(harbor)

    assert [referral["target"] for referral in referrals(harbor)] == ["deal:9"]
    assert harbor.said("deal", 9)["second_order_source"] == "referral"


def test_two_places_that_bring_one_code_are_one_referral(harbor: MirrorPortal) -> None:
    bo_comes(harbor, code_used=CODE, hs_analytics_first_url=f"https://h.example/?ref={CODE}")
    given(harbor)

    assert len(referrals(harbor)) == 1


def test_a_code_that_was_brought_before_it_was_known_is_found_later(harbor: MirrorPortal) -> None:
    bo_comes(harbor, code_used=CODE)
    harbor.settle()
    assert referrals(harbor) == []

    given(harbor)

    assert len(referrals(harbor)) == 1


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ({"company_id": 1, "email": "bo@acme-tools.com"}, "one company"),
        ({"company_id": "", "email": "bo@acme-tools.com"}, "one company"),
        ({"company_id": "", "email": "bo@acme.example"}, "addresses at one company"),
        ({"phone": "+14155550123"}, "share a phone"),
    ],
    ids=["same company", "same domain", "same domain that no company has", "same phone"],
)
def test_who_brings_a_code_of_their_own_people_refers_nobody(
    harbor: MirrorPortal, brought: dict[str, Any], why: str
) -> None:
    is_elsewhere = brought.get("email") == "bo@acme.example"
    email = "maria@acme.example" if is_elsewhere else "maria@acme-tools.com"
    harbor.change("contact", MARIA, phone="+14155550123", email=email)
    came: dict[str, Any] = {"code_used": CODE, **brought}
    bo_comes(harbor, **came)
    given(harbor)

    (referral,) = referrals(harbor)
    assert referral["status"] == "rejected"
    assert why in referral["reasons"][-1]["text"]
    assert harbor.said("deal", 9)["second_order_source"] == "none"


def test_somebody_elses_code_of_the_same_person_is_their_own(harbor: MirrorPortal) -> None:
    mobile: dict[str, Any] = {
        "mobilephone": "+14155550199",
        "firstname": "Maria",
        "lastname": "Lopez",
    }
    harbor.change("contact", MARIA, **mobile, hs_additional_emails="mlopez@gmail.com")
    bo_comes(harbor, code_used=CODE, hs_additional_emails="mlopez@gmail.com", **mobile)
    given(harbor)

    (referral,) = referrals(harbor)
    assert referral["status"] == "rejected"


def test_our_own_people_refer_nobody(harbor: MirrorPortal) -> None:
    with harbor.database.portal(HARBOR) as tx:
        words = replace(settings.read(tx).map, staff_domains=("acme-tools.com",))
        settings.change(tx, author="test", reason="test", portal_map=words)
    bo_comes(harbor, code_used=CODE)
    given(harbor)

    (referral,) = referrals(harbor)
    assert "our own staff" in referral["reasons"][-1]["text"]


def test_a_code_brought_by_a_customer_is_expansion(harbor: MirrorPortal) -> None:
    harbor.deal(7, 2, created=400, won=(390, "700.00"))
    bo_comes(harbor, code_used=CODE)
    given(harbor)

    (referral,) = referrals(harbor)
    assert referral["expansion"] is True
    assert harbor.said("deal", 9)["second_order_source"] == "none"


def test_a_revoked_code_keeps_what_came_by_it_and_takes_nothing_new(harbor: MirrorPortal) -> None:
    bo_comes(harbor, code_used=CODE)
    harbor.company(3, "Late", "late-labs.com")
    given(harbor)
    with harbor.database.portal(HARBOR) as tx:
        assert code_rows.revoke(tx, CODE, by="test") == MARIA
        tx.run("UPDATE referral_code SET revoked_at = :at WHERE portal_id = :portal", at=day(20))
        invalidation.record(tx, Change.CODE_CHANGED, records={("contact", MARIA)})
    harbor.contact(
        30, 3, firstname="Lu", lastname="Late", email="lu@late-labs.com", code_used=[(5, CODE)]
    )
    harbor.settle()

    by_target = {referral["target"]: referral for referral in referrals(harbor)}
    assert by_target[f"contact:{BO}"]["status"] == "auto"
    assert harbor.said("deal", 9)["second_order_source"] == "referral"
    assert by_target["contact:30"]["status"] == "rejected"
    assert "revoked before it was used" in by_target["contact:30"]["reasons"][-1]["text"]


def test_a_merged_record_brings_its_code_along(harbor: MirrorPortal) -> None:
    bo_comes(harbor, code_used=CODE)
    harbor.contact(12, 1, firstname="Maria", lastname="Lopez-Diaz", email="maria.l@acme-tools.com")
    given(harbor)
    harbor.merge("contact", (MARIA, 12), 12)
    harbor.settle()

    (referral,) = referrals(harbor)
    assert (referral["referrer_contact_id"], referral["status"]) == (12, "auto")
    assert harbor.said("contact", 12)["second_order_referral_link"] == BASE + CODE


def test_the_code_dies_with_the_person(harbor: MirrorPortal) -> None:
    bo_comes(harbor, code_used=CODE)
    given(harbor)
    with harbor.database.portal(HARBOR) as tx:
        code_rows.visit(tx, CODE, day(1).date())
        forgotten.erase(tx, MARIA, keys=KEYS)
    harbor.settle()

    assert harbor.kept("referral_code") == harbor.kept("referral_visit") == []
    assert referrals(harbor) == []
    assert sum(row["amount_minor"] for row in harbor.ledger()) == 600_000  # what was won stays


def test_every_record_of_a_person_carries_the_link_and_nobody_elses_does(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    harbor.change("contact", MARIA, hs_additional_emails="mlopez@gmail.com")
    harbor.contact(13, 1, firstname="Maria", lastname="Lopez", email="mlopez@gmail.com")
    given(harbor)
    given(orchard, OTHER)

    for contact_id in (MARIA, 13):
        assert harbor.said("contact", contact_id)["second_order_referral_link"] == BASE + CODE
    assert "second_order_referral_link" not in harbor.said("contact", BO)
    assert orchard.said("contact", MARIA)["second_order_referral_link"] == BASE + OTHER


def test_a_link_goes_when_the_code_is_revoked_or_the_program_is_off(harbor: MirrorPortal) -> None:
    given(harbor)
    with harbor.database.portal(HARBOR) as tx:
        program_row.save(tx, replace(program_row.read(tx), is_on=False), by="test")
        invalidation.record(tx, Change.PROGRAM_CHANGED, contacts=code_rows.owners(tx))
    harbor.settle()
    assert not harbor.said("contact", MARIA).get("second_order_referral_link")

    with harbor.database.portal(HARBOR) as tx:
        program_row.save(tx, replace(program_row.read(tx), is_on=True), by="test")
        invalidation.record(tx, Change.PROGRAM_CHANGED, contacts=code_rows.owners(tx))
    harbor.settle()
    assert harbor.said("contact", MARIA)["second_order_referral_link"] == BASE + CODE

    with harbor.database.portal(HARBOR) as tx:
        code_rows.revoke(tx, CODE, by="test")
        invalidation.record(tx, Change.CODE_CHANGED, records={("contact", MARIA)})
    harbor.settle()
    assert not harbor.said("contact", MARIA).get("second_order_referral_link")


def test_champions_who_never_had_a_code_are_found_once_a_person(harbor: MirrorPortal) -> None:
    harbor.change("contact", MARIA, hs_additional_emails="mlopez@gmail.com")
    harbor.contact(13, 1, firstname="Maria", lastname="Lopez", email="mlopez@gmail.com")
    harbor.settle()
    with harbor.database.portal(HARBOR) as tx:
        current, bo = code_rows.without_code(tx, program_settings.CHAMPIONS, limit=9)
        assert (current in {MARIA, 13}, bo) == (True, BO)
        other = MARIA if current == 13 else 13
        code_rows.add(tx, {other: CODE}, by="test")
        assert code_rows.without_code(tx, program_settings.CHAMPIONS, limit=9) == [BO]
        code_rows.revoke(tx, CODE, by="test")
        assert code_rows.without_code(tx, program_settings.CHAMPIONS, limit=9) == [BO]
