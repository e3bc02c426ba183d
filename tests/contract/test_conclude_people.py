"""What conclude makes of people: who is who, who moved, who referred whom, in whatever order the rows arrive."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from integration.conclude.people import successor_search
from integration.reports import explain, explain_words
from integration.storage.findings import move_rows
from mappings import formats
from tests.contract.conclude_world import (
    ORCHARD,
    WORDS,
    Clock,
    MirrorPortal,
    day,
    moved_champion,
)


def moves(portal: MirrorPortal) -> list[tuple[int, int, str]]:
    rows = portal.rows(
        "SELECT former_contact_id, new_contact_id, status FROM move ORDER BY 1, 2, 3"
    )
    return [(row["former_contact_id"], row["new_contact_id"], row["status"]) for row in rows]


def test_two_records_with_one_profile_are_one_person_and_say_the_same(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    who = {"firstname": "Priya", "lastname": "Raman", "hs_linkedin_url": "linkedin.com/in/priya"}
    harbor.contact(
        12, 1, email="priya@acme-tools.com", notes_last_contacted="2025-01-10T00:00:00Z", **who
    )
    harbor.put(
        "contact",
        33,
        created=harbor.clock.at,
        email="priya@zenit-labs.com",
        associatedcompanyid=2,
        **who,
    )
    harbor.link("contact", 33, "company", 2, type_id=1)

    harbor.settle()

    assert harbor.persons() == {12: 12, 33: 12}
    assert [pair[:2] for pair in moves(harbor)] == [(12, 33)]
    assert harbor.said("contact", 12) == {
        **harbor.said("contact", 33),
        "second_order_same_person": "contact:33",
    }


def test_a_record_that_gets_another_profile_leaves_the_person(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    for contact, name in ((12, "Ann"), (13, "Bea")):
        harbor.contact(
            contact, 1, firstname=name, lastname=f"Oak{name}", hs_linkedin_url="linkedin.com/in/ann"
        )
    harbor.settle()
    assert harbor.persons() == {12: 12, 13: 12}

    harbor.change("contact", 13, hs_linkedin_url="linkedin.com/in/bea")
    harbor.settle()

    assert harbor.persons() == {12: 12, 13: 13}


def test_a_crowd_between_two_companies_is_no_move_for_anybody(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    names = ["Ann Oak", "Bea Elm", "Cal Ash"]
    for number, name in enumerate(names):
        first, last = name.split()
        mail = [(900, f"{first}@acme-tools.com"), (100 - number, f"{first}@zenit-labs.com")]
        harbor.contact(20 + number, 2, firstname=first, lastname=last, email=mail)
        harbor.settle()
        if number < 2:
            assert len(moves(harbor)) == number + 1

    assert moves(harbor) == []
    assert len(harbor.kept("migration")) == 1


def test_a_company_that_arrives_after_its_people_explains_their_moves(harbor: MirrorPortal) -> None:
    mail = [(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")]
    harbor.put("contact", 12, firstname="Priya", lastname="Raman", email=mail)
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.settle()
    assert moves(harbor) == []

    harbor.company(1, "Acme", "acme-tools.com")
    harbor.settle()

    assert moves(harbor) == [(12, 12, "auto")]


def test_a_renamed_domain_of_one_company_takes_the_move_back(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    assert harbor.derived(9) > 0

    harbor.change("company", 2, hs_parent_company_id="1")
    harbor.settle()

    assert moves(harbor) == []
    assert harbor.derived(9) == 0
    assert harbor.booked(9) == 4_000_000
    assert "second_order_revenue" not in harbor.said("company", 1)


def customer_with_maria(portal: MirrorPortal) -> None:
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(
        30, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com", own_code="MARIA-1"
    )
    portal.deal(5, 1, 30, created=800, won=(700, "10000.00"))


@pytest.mark.parametrize(
    "told",
    [
        {"referred_by": [(80, "maria@acme-tools.com")]},
        {"referred_by": [(80, "Maria Lopez, Acme")]},
        {"heard_from": [(80, "Maria Lopez at Acme told us about you")]},
        {"heard_from": [(80, "Maria at Acme told us, then I googled you")]},
        {"code_used": [(80, "maria-1")]},
    ],
    ids=["e-mail", "name and company", "full name in an answer", "first name and company", "code"],
)
@pytest.mark.parametrize("referrer_first", [True, False], ids=["referrer first", "referred first"])
def test_a_referral_is_found_however_it_is_told(
    harbor: MirrorPortal, told: dict[str, object], *, referrer_first: bool
) -> None:
    if referrer_first:
        customer_with_maria(harbor)
        harbor.settle()
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(40, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com", **told)
    harbor.deal(6, 2, 40, created=60, won=(10, "1000.00"))
    harbor.settle()
    if not referrer_first:
        customer_with_maria(harbor)
        harbor.settle()

    said = harbor.said("deal", 6)
    assert said["second_order_source"] == "referral"
    assert said["second_order_source_name"] == "Maria Lopez (Acme)"
    assert harbor.said("contact", 30)["second_order_referrals"] == "1"
    assert harbor.said("contact", 30)["second_order_revenue"] == said["second_order_amount"]
    assert harbor.booked(6) == 100_000


def test_a_labelled_link_is_a_referral_until_it_is_taken_away(harbor: MirrorPortal) -> None:
    customer_with_maria(harbor)
    harbor.contact(
        40, 2, created=day(80), firstname="Bo", lastname="Berg", email="bo@zenit-labs.com"
    )
    harbor.link("contact", 40, "contact", 30, "referred by", type_id=101)
    harbor.deal(6, 2, 40, created=60, won=(10, "1000.00"))
    harbor.settle()
    assert harbor.said("deal", 6)["second_order_source"] == "referral"

    with harbor.context.transaction() as tx:
        tx.run("DELETE FROM association WHERE label = 'referred by'")
    harbor.change("contact", 40)
    harbor.change("contact", 30)
    harbor.settle()

    assert harbor.said("deal", 6)["second_order_source"] == "none"
    assert "second_order_referrals" not in harbor.said("contact", 30)
    assert (harbor.booked(6), harbor.derived(6)) == (100_000, 0)


def test_word_of_mouth_goes_to_the_pool_and_to_nobodys_account(harbor: MirrorPortal) -> None:
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(
        40,
        2,
        firstname="Bo",
        lastname="Berg",
        email="bo@zenit-labs.com",
        heard_from=[(70, "from a friend")],
    )
    harbor.deal(6, 2, 40, created=60, won=(10, "1000.00"))

    harbor.settle()

    assert harbor.said("deal", 6)["second_order_source"] == "word_of_mouth"
    assert harbor.derived(6) > 0
    assert {(row["subject_id"], row["company_id"]) for row in harbor.ledger(6)} == {(None, None)}
    assert "second_order_source_record" not in harbor.said("deal", 6)


def test_merged_contacts_keep_one_persons_credit(harbor: MirrorPortal) -> None:
    customer_with_maria(harbor)
    harbor.contact(31, 1, firstname="Mary", lastname="L.", email="m.lopez@acme-tools.com")
    harbor.contact(
        40, 2, firstname="Bo", lastname="Berg", referred_by=[(80, "maria@acme-tools.com")]
    )
    harbor.deal(6, 2, 40, created=60, won=(10, "1000.00"))
    harbor.settle()
    credit = harbor.said("contact", 30)["second_order_revenue"]

    harbor.put(
        "contact", 99, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com",
        hs_additional_emails="m.lopez@acme-tools.com", associatedcompanyid=1, hs_merged_object_ids="30;31",
    )  # fmt: skip
    harbor.merge("contact", (30, 31), 99)
    harbor.settle()

    assert harbor.said("contact", 99)["second_order_revenue"] == credit
    assert harbor.said("contact", 99)["second_order_referrals"] == "1"
    assert harbor.said("contact", 30) == {}
    assert harbor.booked(6) == 100_000
    assert harbor.said("deal", 6)["second_order_source_record"] == "contact:99"


def test_merged_companies_carry_the_credit_on(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    credit = harbor.said("company", 1)["second_order_revenue"]

    harbor.put("company", 77, name="Acme", domain="acme-tools.com", hs_merged_object_ids="1")
    harbor.merge("company", (1,), 77)
    harbor.settle()

    assert harbor.said("company", 77)["second_order_revenue"] == credit
    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"
    assert harbor.booked(9) == 4_000_000
    assert harbor.booked(5) == 1_000_000


def test_a_deleted_contact_takes_its_move_along(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    harbor.retire("contact", 12)
    harbor.settle()

    assert moves(harbor) == []
    assert harbor.persons() == {}
    assert harbor.booked(9) == 4_000_000
    assert ("contact", 12) not in harbor.patches()


def test_two_portals_with_the_same_ids_and_people_do_not_meet(
    clock: Clock, harbor: MirrorPortal
) -> None:
    orchard = MirrorPortal(clock, ORCHARD)
    orchard.install()
    moved_champion(harbor)
    orchard.company(2, "Zenit", "zenit-labs.com")
    orchard.contact(12, 2, firstname="Priya", lastname="Raman", email="priya@zenit-labs.com")
    orchard.deal(9, 2, 12, created=60, won=(20, "40000.00"))

    harbor.settle()
    orchard.settle()

    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"
    assert orchard.said("deal", 9)["second_order_source"] == "none"
    assert orchard.derived(9) == 0


def test_survey_answers_become_fields_of_the_person_and_the_company(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    for number in range(5):
        contact = harbor.contact(20 + number, 1, firstname=f"Ann{number}", lastname=f"Oak{number}")
        harbor.put(
            "feedback_submission", 200 + number, hs_survey_type="NPS", hs_value=10 if number else 3,
            hs_submission_timestamp="2026-06-01T00:00:00Z",
        )  # fmt: skip
        harbor.link("feedback_submission", 200 + number, "contact", contact, type_id=98)
    harbor.deal(5, 1, 20, created=200, won=(100, "10.00"))

    harbor.settle()

    assert harbor.said("contact", 21)["second_order_nps"] == "10"
    assert harbor.said("contact", 21)["second_order_nps_group"] == "promoter"
    assert harbor.said("contact", 20)["second_order_nps_group"] == "detractor"
    assert harbor.said("company", 1)["second_order_nps_answers"] == "5"
    assert harbor.said("company", 1)["second_order_nps"] == "60"
    assert harbor.said("company", 1)["second_order_health_coverage"] == "0.2"
    assert harbor.said("company", 1)["second_order_health_band"] == "unknown"
    assert "second_order_health" not in harbor.said("company", 1)


def test_a_change_costs_the_same_few_queries_in_a_small_and_a_larger_portal(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.settle()
    small = _queries_of_a_change(harbor)
    for number in range(100, 160):
        harbor.company(number, f"Firm {number}", f"firm{number}.com")
        harbor.contact(
            number,
            number,
            firstname=f"Ann{number}",
            lastname=f"Oak{number}",
            email=f"ann@firm{number}.com",
        )
        harbor.deal(number, number, number, created=50, won=(10, "100.00"))
    harbor.settle()

    assert _queries_of_a_change(harbor) == small


def _queries_of_a_change(portal: MirrorPortal) -> int:
    engine = portal.clock.database._engine
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    portal.change("deal", 9, amount=f"{41000 + len(portal.ledger(9))}.00")
    event.listen(engine, "before_cursor_execute", note)
    portal.settle()
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_record_with_a_private_address_only_is_the_person_who_left(harbor: MirrorPortal) -> None:
    """Its owner goes on reading mail there, which says nothing of the company it was known at."""
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    who = {"firstname": "Priya", "lastname": "Raman", "hs_linkedin_url": "linkedin.com/in/priya"}
    harbor.put(
        "contact", 12, created=day(900), email="priya@gmail.com", company="Acme",
        notes_last_contacted=day(5).isoformat(), **who,
    )  # fmt: skip
    harbor.contact(33, 2, created=day(300), email="priya@zenit-labs.com", **who)

    harbor.settle()

    assert moves(harbor) == [(12, 33, "auto")]


@pytest.mark.parametrize(
    ("bought", "role"),
    [
        pytest.param(400, "moved_champion", id="bought while they were there"),
        pytest.param(300, "none", id="bought after they had gone"),
    ],
)
@pytest.mark.parametrize("rule", ["won deals", "the stage since it was reached"])
def test_who_left_before_the_company_bought_was_no_customers_champion(
    harbor: MirrorPortal, rule: str, bought: float, role: str
) -> None:
    """They were on the deal, fell silent 360 days ago, and showed up elsewhere 200 days ago."""
    if rule != "won deals":
        harbor.install(replace(WORDS, customer_stage="customer", customer_stage_since="reached"))
    reached = [(900, "opportunity"), (bought, "customer")]
    harbor.put("company", 1, name="Acme", domain="acme-tools.com", lifecyclestage=reached)
    harbor.company(2, "Zenit", "zenit-labs.com")
    who = {"firstname": "Priya", "lastname": "Raman", "hs_linkedin_url": "linkedin.com/in/priya"}
    harbor.contact(
        12, 1, created=day(900), email="priya@acme-tools.com",
        notes_last_contacted=day(360).isoformat(), **who,
    )  # fmt: skip
    harbor.contact(33, 2, created=day(200), email="priya@zenit-labs.com", **who)
    harbor.deal(7, 1, 12, created=500, won=(bought, "9000.00"))
    harbor.deal(8, 2, 33, created=150, won=(100, "40000.00"))

    harbor.settle()

    assert moves(harbor) == [(12, 33, "auto")]
    assert harbor.said("deal", 8).get("second_order_source") == role


@pytest.mark.parametrize(
    ("stage", "source"),
    [
        pytest.param("", "moved_champion", id="won deals make a customer"),
        pytest.param("customer", "none", id="it reached the stage after that"),
    ],
)
def test_whose_record_moved_along_was_there_to_win_the_deal_they_were_on(
    harbor: MirrorPortal, stage: str, source: str
) -> None:
    """Her address changed a week after the win: no old record fell silent before it."""
    harbor.install(replace(WORDS, customer_stage=stage))
    reached = [(900, "opportunity"), (205, "customer")]
    harbor.put("company", 1, name="Acme", domain="acme-tools.com", lifecyclestage=reached)
    harbor.company(2, "Zenit", "zenit-labs.com")
    addresses = [(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")]
    harbor.contact(12, 2, firstname="Priya", lastname="Raman", email=addresses)
    harbor.deal(7, 1, 12, created=300, won=(207, "9000.00"))
    harbor.deal(8, 2, 12, created=150, won=(100, "40000.00"))

    harbor.settle()

    assert harbor.said("deal", 8)["second_order_source"] == source


def test_names_in_another_script_or_only_in_an_address_are_found(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    title = {"jobtitle": "Head of Data"}
    harbor.contact(
        12,
        1,
        created=day(900),
        firstname="Иван",
        lastname="Петров",
        email="ip@acme-tools.com",
        **title,
    )
    harbor.contact(
        13,
        2,
        created=day(200),
        firstname="Ivan",
        lastname="Petrov",
        email="ip@zenit-labs.com",
        **title,
    )
    harbor.contact(
        14,
        1,
        created=day(900),
        firstname="Ann",
        lastname="Oakley",
        email="ao@acme-tools.com",
        **title,
    )
    harbor.contact(15, 2, created=day(200), email="ann.oakley@zenit-labs.com", **title)

    harbor.settle()

    assert harbor.persons() == {12: 12, 13: 12, 14: 14, 15: 14}


def test_one_more_who_goes_elsewhere_tells_a_crowd_from_chance(harbor: MirrorPortal) -> None:
    """Three of five leavers in a year are a takeover; once four others scattered they are not."""
    for number in range(1, 9):
        harbor.company(number, f"Firm{number}", f"firm-{number}.com")

    def leaves(contact: int, goal: int, days_ago: int) -> None:
        first, last = f"Ann{contact}", f"Oak{contact}"
        mail = [(900, f"{first}@firm-1.com"), (days_ago, f"{first}@firm-{goal}.com")]
        harbor.contact(contact, goal, firstname=first, lastname=last, email=mail)

    for number, days_ago in enumerate((300, 200, 100)):
        leaves(20 + number, 2, days_ago)
    harbor.settle()
    assert moves(harbor) == []

    for number in range(4):
        leaves(30 + number, 3 + number, 250 - number)
    harbor.settle()

    assert {pair[0] for pair in moves(harbor)} == {20, 21, 22, 30, 31, 32, 33}
    assert harbor.kept("migration") == []


def test_who_took_over_is_told_with_the_company_that_was_left(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    titles = [(900, "Head of Data"), (200, "Counsel")]
    mail = [(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")]
    harbor.contact(12, 2, firstname="Priya", lastname="Raman", email=mail, jobtitle=titles)
    harbor.contact(50, 1, created=day(180), firstname="Bo", lastname="Berg", jobtitle="Head of Data",
                   email="bo@acme-tools.com")  # fmt: skip
    harbor.settle()
    now = harbor.clock.at

    with harbor.context.transaction() as tx:
        found = successor_search.of_moves(tx, move_rows.with_company(tx, [1]), now)

        company, contact = (
            successor_search.of_record(tx, *ref, now) for ref in (("company", 1), ("contact", 12))
        )

    ((person, _), successor), = found.items()  # fmt: skip
    assert (person, successor.contact_id, successor.reason.code) == (12, 50, "replaced_by")
    assert company == contact
    assert (
        company[0]["because"]
        == f"Bo Berg is at the old company since {formats.day(day(180))} with the same title"
    )


def test_the_records_of_one_person_are_explained_with_what_joins_them_and_who_took_over(
    harbor: MirrorPortal,
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    who = {
        "firstname": "Priya",
        "lastname": "Raman",
        "hs_linkedin_url": "linkedin.com/in/priya",
        "jobtitle": "Buyer",
    }
    last = day(350).isoformat()
    harbor.contact(
        12, 1, created=day(900), email="priya@acme-tools.com", notes_last_contacted=last, **who
    )
    harbor.contact(33, 2, created=day(300), email="priya@zenit-labs.com", **who)
    harbor.contact(
        50,
        1,
        created=day(250),
        firstname="Bo",
        lastname="Berg",
        jobtitle="Buyer",
        email="bo@acme-tools.com",
    )
    harbor.settle()

    lines = explain_words.in_words(explain.explain(harbor.context, "contact", 33))

    people = "Priya Raman (contact 12), Priya Raman (contact 33)"
    assert f"  one person on the records {people}:" in lines
    assert "    same profile linkedin.com/in/priya" in lines
    assert any(
        line.startswith("  taken over: Bo Berg is at the old company since") for line in lines
    )
