from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from mappings.rules.facts import CompanyFacts, ContactFacts, Directory, ReferralLink
from mappings.rules.policy import DEFAULT
from mappings.rules.referrals import referrals
from mappings.rules.text.self_reported import classify
from tests.unit.rules_builders import ACME, ZENIT, a_contact, a_deal, day, said, the_companies

MARIA = a_contact(1, "Maria Lopez", "maria@acme.example", company_ids=(ACME,))
BO = a_contact(2, "Bo Lind", "bo@zenit.example", on=50, company_ids=(ZENIT,))


def a_ring(
    *more: ContactFacts,
    customers: tuple[int, ...] = (ACME,),
    known: Directory | None = None,
    **options: Any,  # noqa: ANN401 - a builder passes any field on
) -> referrals.ReferrerLookup:
    def is_customer(company: int, _at: datetime) -> bool:
        return company in customers

    return referrals.referrer_lookup(
        [MARIA, BO, *more], known or the_companies(), is_customer=is_customer, **options
    )


def test_a_label_between_records_is_a_referral() -> None:
    (found,) = referrals.of_links([ReferralLink(1, "contact", 2, day(60))], a_ring(), DEFAULT)

    assert (found.referrer_contact_id, found.referrer_company_id, found.target) == (
        1,
        ACME,
        "contact:2",
    )
    assert (found.p, found.status, found.from_customer, found.at) == (
        970_000,
        "auto",
        True,
        day(60),
    )


@pytest.mark.parametrize(
    ("fields", "how", "p"),
    [
        ({"referred_by": "Maria@Acme.example"}, "field_email", 950_000),
        ({"referred_by": "Maria Lopez (Acme)"}, "field_name_and_company", 850_000),
        ({"referred_by": "Lopez Maria, Acme Inc."}, "field_name_and_company", 850_000),
        ({"referred_by": "maria lópez"}, "named_person", 800_000),
        ({"referral_code": "MARIA-7"}, "tracked_code", 980_000),
        ({"heard_from": "Maria at Acme told us, then I googled you"}, "named_person", 800_000),
        ({"heard_from": "my friend Maria Lopez"}, "named_person", 800_000),
        ({"heard_from": "the folks at Acme"}, "named_company", 600_000),
    ],
)
def test_a_contacts_own_fields_tell_of_a_referral(fields: dict[str, str], how: str, p: int) -> None:
    ring = a_ring(codes={"maria-7": 1})

    (found,) = referrals.of_contact(replace(BO, texts=said(None, **fields)), ring, DEFAULT)

    assert (found.how, found.p, found.status, found.referrer_company_id) == (how, p, "auto", ACME)


def test_a_deals_field_tells_of_a_referral_too() -> None:
    (found,) = referrals.of_deal(
        a_deal(texts=said(referred_by="maria@acme.example")), a_ring(), DEFAULT
    )

    assert (found.target, found.status) == ("deal:7", "auto")


def test_two_who_fit_go_to_review() -> None:
    other = a_contact(3, "Maria Stein", "stein@acme.example", company_ids=(ACME,))

    (found,) = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria at Acme")), a_ring(other), DEFAULT
    )

    assert (found.how, found.p, found.status) == ("ambiguous", 400_000, "review")


def test_two_records_of_one_person_are_not_ambiguous() -> None:
    second = a_contact(3, "Maria Lopez", "m.lopez@acme.example", company_ids=(ACME,))

    (found,) = referrals.of_contact(
        replace(BO, texts=said(heard_from="Maria at Acme")),
        a_ring(second, person_of={1: 1, 3: 1}),
        DEFAULT,
    )

    assert (found.status, found.p, found.referrer_contact_id) == ("auto", 800_000, 1)


@pytest.mark.parametrize(
    ("referred", "options", "why"),
    [
        (replace(BO, emails=("bo@acme.example",), company_ids=(ACME,)), {}, "one company"),
        (BO, {"person_of": {1: 1, 2: 1}}, "one person"),
        (replace(BO, phones=("+491511",)), {"phone": True}, "share a phone"),
        (BO, {"known": the_companies(own_domains=frozenset({"acme.example"}))}, "own staff"),
    ],
)
def test_what_is_no_referral_says_why(
    referred: ContactFacts, options: dict[str, Any], why: str
) -> None:
    phone = options.pop("phone", False)
    maria = replace(MARIA, phones=("+491511",)) if phone else MARIA
    ring = replace(a_ring(**options), contacts={1: maria, 2: referred})

    (found,) = referrals.of_links([ReferralLink(1, "contact", 2)], ring, DEFAULT)

    assert found.status == "rejected"
    assert why in found.reasons[-1].text


def test_the_same_local_number_is_no_shared_phone() -> None:
    maria, bo = replace(MARIA, phones=("0301234567",)), replace(BO, phones=("0301234567",))
    ring = replace(a_ring(), contacts={1: maria, 2: bo})

    (found,) = referrals.of_links([ReferralLink(1, "contact", 2)], ring, DEFAULT)

    assert found.status == "auto"


def test_a_record_labelled_as_its_own_referrer_is_rejected() -> None:
    (found,) = referrals.of_links([ReferralLink(2, "contact", 2)], a_ring(), DEFAULT)

    assert found.status == "rejected"


def test_a_referrer_who_is_gone_is_rejected() -> None:
    (found,) = referrals.of_links([ReferralLink(99, "contact", 2)], a_ring(), DEFAULT)

    assert (found.status, found.reasons[-1].text) == ("rejected", "the referrer is not in the CRM")


def test_referrals_from_others_than_customers_are_kept_apart() -> None:
    (found,) = referrals.of_links([ReferralLink(1, "contact", 2)], a_ring(customers=()), DEFAULT)
    (champion,) = referrals.of_links(
        [ReferralLink(1, "contact", 2)], a_ring(customers=(), champions=frozenset({1})), DEFAULT
    )

    assert (found.from_customer, champion.from_customer) == (False, True)


def test_a_referral_to_a_customer_is_an_expansion_referral() -> None:
    (found,) = referrals.of_links(
        [ReferralLink(1, "contact", 2)], a_ring(customers=(ACME, ZENIT)), DEFAULT
    )

    assert found.expansion


def test_a_name_of_a_stranger_finds_nobody() -> None:
    bo = replace(BO, texts=said(heard_from="Google", referred_by="Nobody Known"))

    assert referrals.of_contact(bo, a_ring(), DEFAULT) == ()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Google", {"search": 0.75}),
        ("Used Fulcrum in my previous company", {"moved_self": 0.75}),
        ("not from a friend, saw your ad", {"ads": 0.75}),
        ("people at GeoConf kept talking about you", {"wom_event_talk": 0.75}),
        ("asdf", {"junk": 0.75}),
        ("internet", {"unknown": 0.0}),
        ("various", {"unknown": 0.0}),
        ("", {"junk": 0.75}),
        ("a former customer said support was awful, still wanted to see", {"negative_wom": 0.75}),
        ("a colleague recommended you", {"wom_generic": 0.75}),
        ("von einem Kollegen", {"wom_generic": 0.75}),
        ("par un ami", {"wom_generic": 0.75}),
        ("por un amigo", {"wom_generic": 0.75}),
        ("através de um amigo", {"wom_generic": 0.75}),
        ("it was recommended", {"wom_generic": 0.55}),
        ("podcast and google", {"press_podcast": 0.75, "search": 0.75}),
        ("the blue one", {"unknown": 0.0}),
    ],
)
def test_answers_are_labelled(text: str, labels: dict[str, float]) -> None:
    assert {label.label: label.confidence / 1e6 for label in classify(text)} == labels


def test_a_short_company_name_inside_words_names_nobody() -> None:
    known = the_companies(CompanyFacts(40, "Arc", frozenset()))

    assert (
        referrals.of_contact(
            replace(BO, texts=said(heard_from="search engine")),
            a_ring(known=known, customers=(40,)),
            DEFAULT,
        )
        == ()
    )


USED_AT_ACME = [
    "I used it at Acme, my last job",
    "knew you from my time at Acme",
    "Worked with it at Acme before joining here",
    "my previous employer (Acme) used it",
    "Acme, my former employer",
    "Bei Acme, meinem letzten Arbeitgeber, benutzt",
    "Habe es bei Acme genutzt, mein letzter Job",
    "Wir hatten das bei Acme, meiner alten Firma",
    "Je l'utilisais chez Acme, mon ancien employeur",
    "On l'avait chez Acme, ma boîte précédente",
    "Lo usaba en Acme, mi último trabajo",
    "Lo conocí en Acme, mi trabajo anterior",
    "Usava na Acme, meu último emprego",
    "Conheci na Acme, minha antiga empresa",
]


@pytest.mark.parametrize("text", USED_AT_ACME)
def test_who_used_us_in_an_earlier_job_at_a_customer_brings_its_credit_though_unknown_there(
    text: str,
) -> None:
    lookup = referrals.referrer_lookup([], the_companies(), is_customer=is_acme)
    answers = said(heard_from=text)

    (told,) = referrals.of_contact(a_contact(2, "Bo Berg", texts=answers), lookup, DEFAULT)
    (of_deal,) = referrals.of_deal(a_deal(texts=said(deal_heard_from=text)), lookup, DEFAULT)

    for found in (told, of_deal):
        assert (found.how, found.p, found.status) == ("former_job", 700_000, "auto")
        assert (found.referrer_company_id, found.referrer_contact_id) == (ACME, None)


def is_acme(company_id: int, _at: datetime | None) -> bool:
    return company_id == ACME


@pytest.mark.parametrize(
    ("text", "employer", "hows"),
    [
        ("I never used it at Acme", ZENIT, []),
        ("at my last job, but not at Acme", ZENIT, []),
        ("I used it at Orbit, my last job", ZENIT, []),
        ("I used it at Acme, my last job", ACME, []),
        ("Acme told us. At my last job we had a tool like that", ZENIT, ["named_company"]),
        ("Orbit had it, I used it at Acme", ZENIT, ["former_job"]),
    ],
    ids=[
        "denied",
        "denied beside it",
        "no customer",
        "the company they are at",
        "another sentence",
        "of two the one in the words",
    ],
)
def test_an_earlier_job_counts_where_the_words_name_a_customer(
    text: str, employer: int, hows: list[str]
) -> None:
    lookup = referrals.referrer_lookup([], the_companies(), is_customer=is_acme)
    bo = a_contact(2, "Bo Berg", company_ids=(employer,), texts=said(heard_from=text))

    found = referrals.of_contact(bo, lookup, DEFAULT)

    assert [referral.how for referral in found if referral.status == "auto"] == hows
