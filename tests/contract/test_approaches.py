"""Approaches are kept once, found by the person of today, and forgotten with the person."""

from datetime import timedelta

from integration.portal import contact_caps, forgotten
from integration.storage.success import approach_rows, do_not_ask_rows
from mappings.rules.policy import DEFAULT
from mappings.rules.success.contact_cap import Approach, ApproachKind, CapReason, Rest
from tests.contract.conclude_world import KEYS, NOW, MirrorPortal, day

ANA, ANA_TOO, BO = 12, 13, 14


def two_people(portal: MirrorPortal) -> MirrorPortal:
    """Ana has two records that are one person, Bo has one."""
    portal.company(1, "Acme", "acme-tools.com")
    mobile = "+14155550123"
    portal.contact(
        ANA, 1, firstname="Ana", lastname="Berg", email="ana.berg@gmail.com", mobilephone=mobile
    )
    portal.contact(
        ANA_TOO, 1, firstname="Ana", lastname="Berg", email="ana.berg@gmail.com", mobilephone=mobile
    )
    portal.contact(BO, 1, firstname="Bo", lastname="Lund", email="bo@acme-tools.com")
    portal.imported()
    portal.settle()
    return portal


def approach(portal: MirrorPortal, contact_id: int, key: str, days_ago: float = 5) -> bool:
    with portal.database.portal(portal.portal_id) as tx:
        sent = Approach(contact_id, ApproachKind.SURVEY, day(days_ago), key, company_id=1)
        return approach_rows.note(tx, sent, by="test")


def rests(portal: MirrorPortal, *contact_ids: int) -> dict[int, tuple[Rest, ...]]:
    with portal.database.portal(portal.portal_id) as tx:
        return contact_caps.rests_from_surveys(tx, contact_ids, NOW, DEFAULT)


def test_a_survey_to_one_record_of_a_person_counts_for_all_of_them(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    two_people(harbor)
    two_people(orchard)

    assert approach(harbor, ANA, "one")
    assert not approach(harbor, ANA, "one", days_ago=1)

    found = rests(harbor, ANA, ANA_TOO, BO)
    assert [rest.until for rest in found[ANA_TOO]] == [day(5) + timedelta(days=90)]
    assert found[ANA] == found[ANA_TOO]
    assert found[BO] == ()
    assert rests(orchard, ANA) == {ANA: ()}


def test_an_approach_that_was_taken_back_never_took_place(harbor: MirrorPortal) -> None:
    two_people(harbor)
    approach(harbor, BO, "one")

    with harbor.database.portal(harbor.portal_id) as tx:
        assert approach_rows.take_back(tx, ApproachKind.SURVEY, "one")
        assert not approach_rows.take_back(tx, ApproachKind.SURVEY, "one")

    assert rests(harbor, BO) == {BO: ()}


def test_an_approach_follows_its_person_and_company_through_merges(harbor: MirrorPortal) -> None:
    two_people(harbor)
    approach(harbor, BO, "one")
    harbor.contact(20, 1, firstname="Bo", lastname="Lund", email="bo@acme-tools.com")
    harbor.company(2, "Acme Group", "acme-group.com")
    harbor.merge("contact", (BO,), 20)
    harbor.merge("company", (1,), 2)
    harbor.settle()

    assert [rest.reason for rest in rests(harbor, 20)[20]] == [CapReason.SURVEYED]
    with harbor.database.portal(harbor.portal_id) as tx:
        at_company = approach_rows.of_companies(tx, [2], since=day(30))
        assert [(found.contact_id, found.company_id) for found in at_company] == [(BO, 2)]
        assert approach_rows.of_companies(tx, [2], since=day(5)) == []


def test_do_not_ask_holds_until_it_is_withdrawn_on_any_record_of_the_person(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    two_people(harbor)
    two_people(orchard)
    with harbor.database.portal(harbor.portal_id) as tx:
        assert do_not_ask_rows.note(tx, ANA, day(3), by="user:7")
        assert not do_not_ask_rows.note(tx, ANA, day(2), by="user:8")

    (rest,) = rests(harbor, ANA_TOO)[ANA_TOO]
    assert (rest.reason, rest.until) == (CapReason.OPTED_OUT, None)
    assert rest.because == '"do not ask" was noted on 27 June 2026'
    assert rests(orchard, ANA_TOO) == {ANA_TOO: ()}

    with harbor.database.portal(harbor.portal_id) as tx:
        assert do_not_ask_rows.withdraw(tx, [ANA, ANA_TOO], NOW, by="user:7")
        assert not do_not_ask_rows.withdraw(tx, [ANA, ANA_TOO], NOW, by="user:7")
    assert rests(harbor, ANA_TOO) == {ANA_TOO: ()}


def test_who_opted_out_of_mail_in_hubspot_gets_no_survey(harbor: MirrorPortal) -> None:
    two_people(harbor)
    harbor.change("contact", BO, hs_email_optout="true")

    (rest,) = rests(harbor, BO)[BO]
    assert rest.because == "they opted out of e-mail in HubSpot"
    harbor.change("contact", BO, hs_email_optout="false")
    assert rests(harbor, BO) == {BO: ()}


def test_of_a_person_who_is_forgotten_only_the_day_of_an_approach_stays(
    harbor: MirrorPortal,
) -> None:
    two_people(harbor)
    approach(harbor, BO, "one")
    with harbor.database.portal(harbor.portal_id) as tx:
        do_not_ask_rows.note(tx, BO, NOW, by="user:7")
        forgotten.erase(tx, BO, keys=KEYS)

    (row,) = harbor.kept("approach")
    assert row["contact_id"] < 0
    assert row["at"] == day(5)
    assert harbor.kept("do_not_ask") == []
