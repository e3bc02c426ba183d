"""Whom a text, a mail or a note names, and what that is worth as a recommendation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from mappings.rules.attribution import credit
from mappings.rules.attribution.sources import Surroundings, sources_of
from mappings.rules.facts import CompanyFacts, ContactFacts, DealContact, Directory, Note, Thread
from mappings.rules.policy import DEFAULT
from mappings.rules.referrals import introductions, mentions, referrals
from mappings.rules.text import self_reported
from mappings.rules.text.model_labels import HIGHEST, completed
from tests.unit.rules_builders import (
    ACME,
    NOW,
    ORBIT,
    ZENIT,
    a_contact,
    a_deal,
    day,
    said,
    the_companies,
)

MARIA = a_contact(1, "Maria Lopez", "maria@acme.example", company_ids=(ACME,))
BO = a_contact(2, "Bo Lind", "bo@zenit.example", on=50, company_ids=(ZENIT,))
ANNA = a_contact(4, "Anna Berg", "anna@orbit.example", company_ids=(ORBIT,))
Customers = Callable[[int, datetime], bool]


def customers(*ids: int) -> Customers:
    return lambda company, _at: company in ids


def a_ring(
    *more: ContactFacts,
    who: Customers | None = None,
    known: Directory | None = None,
    **options: Any,  # noqa: ANN401 - a builder passes any field on
) -> referrals.ReferrerLookup:
    return referrals.referrer_lookup(
        [MARIA, BO, ANNA, *more],
        known or the_companies(),
        is_customer=who or customers(ACME, ORBIT),
        **options,
    )


def told(
    text: str,
    ring: referrals.ReferrerLookup | None = None,
    **more: Any,  # noqa: ANN401
) -> list[tuple[str, int, str, int | None]]:
    found = referrals.of_contact(
        replace(BO, texts=said(heard_from=text), **more), ring or a_ring(), DEFAULT
    )
    return [(one.how, one.p, one.status, one.referrer_contact_id) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "Maria at Acme told us, then I googled you",
        "Lopez, Maria",
        "my friend MARIA LOPEZ (Acme)",
        "maria@acme.example wrote me",
        "Mrs Lopez from Acme",
        "von Maria Lopez bei Acme",
        "Maria López, de Acme, nos habló de ustedes",
        "grâce à Maria Lopez d'Acme",
    ],
)
def test_one_customers_contact_is_named(text: str) -> None:
    assert told(text) == [("named_person", 800_000, "auto", 1)]


def test_a_name_with_its_company_is_believed_by_the_classifier() -> None:
    found = mentions.labels("Maria at Acme told us, then I googled you", a_ring(), NOW)

    assert [(one.label, one.confidence) for one in found] == [
        ("referral_person", 850_000),
        ("search", 750_000),
    ]
    assert [one.label for one in mentions.labels("the folks at Acme", a_ring(), NOW)][:1] == [
        "referral_company"
    ]


def test_a_name_of_nobody_at_a_customer_is_only_a_name() -> None:
    found = mentions.labels("John Smith", a_ring(), NOW)

    assert [(one.label, one.confidence) for one in found] == [("referral_person", 550_000)]


def test_a_customers_contact_is_meant_before_a_namesake_elsewhere() -> None:
    namesake = a_contact(5, "Maria Lopez", "maria@other.example")

    assert told("Maria Lopez", a_ring(namesake)) == [("named_person", 800_000, "auto", 1)]


def test_two_customers_contacts_of_one_name_are_for_a_person_to_decide_with_both_kept() -> None:
    other = a_contact(5, "Maria Lopez", "m@orbit.example", company_ids=(ORBIT,))

    (found,) = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria Lopez")), a_ring(other), DEFAULT
    )

    assert (found.how, found.p, found.status) == ("ambiguous", 400_000, "review")
    assert set(found.reasons[0].evidence) == {"contact:1", "contact:5", "contact:2"}


def test_two_people_named_are_two_referrers_who_share_the_credit() -> None:
    ring = a_ring()
    found = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria Lopez and Anna Berg")), ring, DEFAULT
    )
    deal = a_deal(created=60, contacts=(DealContact(2, day(60)),))

    told_of = sources_of(deal, (), found, Surroundings({2: BO}), policy=DEFAULT, now=NOW)
    shared = credit.allocate(7, 40_001, "USD", told_of.sources, DEFAULT)

    assert {one.contact_id for one in told_of.sources} == {1, 4}
    assert shared.derived == round((1 - (1 - 0.68) ** 2) * 1e6)
    assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == 40_001


@pytest.mark.parametrize(
    "text",
    [
        "not Maria Lopez",
        "nicht von Maria Lopez",
        "no fue Maria Lopez, fue un anuncio",
        "Maria at Acme? no, Google",
    ],
)
def test_a_denied_name_is_nobody(text: str) -> None:
    assert told(text) == []


def test_of_two_names_only_the_denied_one_is_nobody() -> None:
    assert told("not Maria Lopez but Anna Berg") == [("named_person", 800_000, "auto", 4)]


def test_who_warns_of_us_is_kept_with_the_reason_and_earns_nothing() -> None:
    (found,) = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria at Acme said your support is terrible")),
        a_ring(),
        DEFAULT,
    )
    deal = a_deal(created=60, contacts=(DealContact(2, day(60)),))

    assert (found.how, found.status, found.referrer_contact_id) == ("negative_wom", "rejected", 1)
    assert found.reasons[-1].text == referrals.WARNS
    assert sources_of(deal, (), [found], Surroundings({}), policy=DEFAULT, now=NOW).sources == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [("Google", "Google"), ("LinkedIn", "saw it on LinkedIn"), ("Friend", "a friend"), ("Slack", "slack group"),
     ("Reddit", "from Reddit"), ("Target", "hit the target"), ("Orange", "the orange one I think Bob")],
)  # fmt: skip
def test_a_word_is_not_the_customer_that_is_called_so(name: str, text: str) -> None:
    known = the_companies(CompanyFacts(40, name, frozenset()))

    assert told(text, a_ring(known=known, who=customers(40))) == []


@pytest.mark.parametrize(
    "text", ["someone at Google", "people at Google recommended you", "jemand bei Google"]
)
def test_a_customer_with_an_everyday_name_is_named_by_people_who_are_there(text: str) -> None:
    known = the_companies(CompanyFacts(40, "Google", frozenset()))

    assert told(text, a_ring(known=known, who=customers(40)))[0][:3] == (
        "named_company",
        600_000,
        "auto",
    )


def test_two_customers_named_are_both_kept() -> None:
    found = referrals.of_contact(
        replace(BO, texts=said(heard_from="Acme and Orbit both use you")), a_ring(), DEFAULT
    )

    assert {one.referrer_company_id for one in found} == {ACME, ORBIT}


def test_an_address_that_two_records_of_one_human_share_is_no_doubt() -> None:
    second = a_contact(5, "Maria L.", "maria@acme.example", company_ids=(ACME,))
    ring = a_ring(second, person_of={1: 1, 5: 1})

    (found,) = referrals.of_contact(
        replace(BO, texts=said(referred_by="maria@acme.example")), ring, DEFAULT
    )

    assert (found.how, found.p, found.status) == ("field_email", 950_000, "auto")


@pytest.mark.parametrize(
    ("text", "how"), [("Maria at Acme, over dinner", "named_person"), ("Acme", "named_company")]
)
def test_a_referred_by_field_may_hold_free_words(text: str, how: str) -> None:
    (found,) = referrals.of_contact(replace(BO, texts=said(referred_by=text)), a_ring(), DEFAULT)

    assert (found.how, found.status) == (how, "auto")


def test_any_mapped_text_of_a_contact_or_deal_can_name_who_told() -> None:
    further = said(day(55), told_properties="met Maria Lopez, she uses you")

    (of_contact,) = referrals.of_contact(replace(BO, texts=further), a_ring(), DEFAULT)
    (of_deal,) = referrals.of_deal(a_deal(texts=further), a_ring(), DEFAULT)

    assert (of_contact.target, of_contact.at, of_deal.target) == ("contact:2", day(55), "deal:7")


@pytest.mark.parametrize(
    ("late", "timing", "w"),
    [(-40, "sourced", 850_000), (20, "sourced", 850_000), (31, "assisted", 500_000)],
)
def test_a_deal_much_older_than_the_recommendation_was_only_assisted(
    late: int, timing: str, w: int
) -> None:
    deal = a_deal(created=100, contacts=(DealContact(2, day(100)),))
    found = referrals.of_contact(
        replace(BO, texts=said(day(100 + late), heard_from="Maria Lopez")), a_ring(), DEFAULT
    )

    (source,) = sources_of(deal, (), found, Surroundings({}), policy=DEFAULT, now=NOW).sources

    assert (source.timing, source.w, source.p) == (timing, w, 800_000)


def test_the_worked_example_of_a_form_that_names_maria() -> None:
    deal = a_deal(created=90, contacts=(DealContact(2, day(90)),))
    found = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria at Acme told us")), a_ring(), DEFAULT
    )

    (source,) = sources_of(deal, (), found, Surroundings({}), policy=DEFAULT, now=NOW).sources

    assert (source.w, source.p, source.g, source.raw) == (850_000, 800_000, 1_000_000, 680_000)


def a_thread(**more: Any) -> Thread:  # noqa: ANN401 - a builder passes any field on
    return replace(Thread(9, day(60), 2, (1,), sender_id=1), **more)


def test_a_customer_who_writes_the_first_mail_introduces() -> None:
    (found,) = introductions.introduced_by(a_thread(), a_ring(), DEFAULT)

    assert (found.how, found.p, found.status, found.referrer_contact_id) == (
        "introduction_email",
        750_000,
        "auto",
        1,
    )
    assert (found.target, found.at) == ("contact:2", day(60))


@pytest.mark.parametrize(
    ("thread", "why"),
    [
        ({"first": False}, "there was contact before"),
        ({"by_us": False}, "none of us was on it"),
        ({"contact_ids": ()}, "nobody else was on it"),
        ({"contact_ids": (2,)}, "only the prospect was on it"),
        ({"contact_ids": (1, 4), "sender_id": 2}, "it says not which of two customers"),
        ({"contact_ids": (3,), "sender_id": 3}, "who wrote is no customer"),
    ],
)
def test_other_first_mails_introduce_nobody(thread: dict[str, Any], why: str) -> None:
    stranger = a_contact(3, "Kim Doe", "kim@free.example")

    assert introductions.introduced_by(a_thread(**thread), a_ring(stranger), DEFAULT) == (), why


def test_a_prospect_who_writes_with_one_customer_in_copy_was_introduced_by_them() -> None:
    (found,) = introductions.introduced_by(a_thread(sender_id=2), a_ring(), DEFAULT)

    assert found.referrer_contact_id == 1


def test_a_colleague_of_the_prospect_does_not_introduce() -> None:
    (found,) = introductions.introduced_by(a_thread(), a_ring(who=customers(ACME)), DEFAULT)
    mate = a_contact(6, "Ute Lind", "ute@zenit.example", company_ids=(ZENIT,))
    (own,) = introductions.introduced_by(
        a_thread(contact_ids=(6,), sender_id=6), a_ring(mate, who=customers(ACME, ZENIT)), DEFAULT
    )

    assert (found.status, own.status) == ("auto", "rejected")


def a_note(text: str, **more: Any) -> Note:  # noqa: ANN401 - a builder passes any field on
    return Note(7, day(55), text, **{"contact_ids": (2,), "company_ids": (ZENIT,), **more})


@pytest.mark.parametrize(
    ("text", "referrer", "company"),
    [
        ("Good call. Maria Lopez recommended us to them.", 1, ACME),
        ("Referred by Maria at Acme", 1, ACME),
        ("Intro from Acme", None, ACME),
        ("Kam auf Empfehlung von Maria Lopez", 1, ACME),
    ],
)
def test_a_note_that_says_who_recommended_us_is_a_referral(
    text: str, referrer: int | None, company: int
) -> None:
    (found,) = introductions.of_notes([a_note(text)], BO, a_ring(), DEFAULT)

    assert (found.how, found.p, found.status) == ("note_names_customer", 600_000, "auto")
    assert (found.referrer_contact_id, found.referrer_company_id, found.target) == (
        referrer,
        company,
        "contact:2",
    )


@pytest.mark.parametrize(
    "text",
    [
        "They want what Acme has",
        "Maria Lopez joins the next call",
        "Acme is in the same building. A friend told them about us.",
        "No referral from Acme",
        "Maria Lopez recommended us badly: said the support is terrible",
        "Bo Lind was told by his boss",
        "",
    ],
)
def test_a_note_that_only_names_a_customer_is_none(text: str) -> None:
    assert introductions.of_notes([a_note(text)], BO, a_ring(), DEFAULT) == ()


def test_a_note_on_a_deal_tells_of_the_deal() -> None:
    deal = a_deal(contacts=(DealContact(2, day(100)),))

    (found,) = introductions.of_notes(
        [a_note("Maria Lopez recommended us", deal_ids=(7,))], deal, a_ring(), DEFAULT
    )

    assert found.target == "deal:7"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("the blue one", {"wom_generic": HIGHEST}),
        ("Google", {"search": 750_000}),
        ("asdf", {"junk": 750_000}),
    ],
)
def test_a_models_label_counts_only_where_no_phrase_fits_and_up_to_its_cap(
    text: str, labels: dict[str, int]
) -> None:
    suggested = {"wom_generic": 990_000, "not_a_label": 900_000, "search": 400_000, "junk": 900_000}

    assert {
        one.label: one.confidence for one in completed(self_reported.classify(text), suggested)
    } == labels


def test_without_a_model_silence_stays_silence() -> None:
    assert [one.label for one in completed(self_reported.classify("the blue one"), {})] == [
        "unknown"
    ]
    assert [
        one.label for one in completed(self_reported.classify("the blue one"), {"search": 1})
    ] == ["unknown"]
    assert DEFAULT.ask_language_model is False
