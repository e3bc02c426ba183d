"""Mirror rows become facts; what cannot be read is left out and said so."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.records.answer_records import contact_answers, employer_at, survey_answer
from mappings.records.portal_map import PortalMap
from mappings.records.readers import company_facts, contact_facts, deal_facts, ticket
from mappings.records.referral_links import referral_links
from mappings.records.row_reader import UNKNOWN_TIME, Odd
from mappings.records.rows import Link, Record
from mappings.rules.facts import AccountFigures, Reading, TextKind

HARBOR = PortalMap(
    home_currency="EUR",
    role_labels=(("Decision maker", "DECISION_MAKER"),),
    referred_by_labels=("Referred by",),
    referred_by_type_ids=(71,),
    ticket_closed_stages=("4",),
    texts={
        "referred_by_property": ("referred_by",),
        "heard_from_property": ("how_heard",),
        "left_company_property": ("left_company",),
    },
)
ORCHARD = PortalMap()


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def a_version(value: str, number: int, source: str = "CRM_UI") -> dict[str, object]:
    return {"value": value, "timestamp": f"2026-01-{number:02}T00:00:00.000Z", "sourceType": source}


def a_record(
    kind: str,
    properties: Mapping[str, str | None] | None = None,
    *,
    links: Iterable[Link] = (),
    history: Mapping[str, list[dict[str, object]]] | None = None,
    archived: bool = False,
) -> Record:
    return Record(
        kind,
        501,
        properties or {},
        history or {},
        created_at=day(1),
        archived=archived,
        links=tuple(links),
    )


def a_link(
    kind: str,
    to_type: str,
    to_id: int,
    type_id: int = 3,
    *,
    label: str | None = None,
    category: str = "HUBSPOT_DEFINED",
    seen: datetime | None = None,
) -> Link:
    return Link(kind, 501, to_type, to_id, type_id, category, label, seen)


def test_a_contact_with_everything() -> None:
    facts = contact_facts(
        a_record(
            "contact",
            {
                "email": "Ana@Acme.example",
                "hs_additional_emails": "ana@old.example;broken",
                "firstname": " Ana ",
                "lastname": "Lima",
                "mobilephone": "+1 919 555 0123",
                "phone": "030 1234567",
                "hs_linkedin_url": "https://www.linkedin.com/in/ana/",
                "hs_buying_role": "CHAMPION;BUDGET_HOLDER",
                "hubspot_owner_id": "88",
                "hs_email_optout": "true",
                "hs_calculated_merged_vids": "502:1767225600000;501:1767312000000",
                "associatedcompanyid": "77",
                "createdate": "2026-01-05T00:00:00Z",
            },
            links=[a_link("contact", "company", 76, 279), a_link("contact", "company", 77, 1)],
        ),
        HARBOR,
    )

    assert facts.emails == ("ana@acme.example", "ana@old.example")
    assert (facts.name, facts.profile) == ("Ana Lima", "linkedin.com/in/ana")
    assert (facts.phones, facts.mobiles) == (("0301234567",), ("+19195550123",))
    assert facts.buying_roles == {"champion", "budget_holder"}
    assert (facts.owner_id, facts.opted_out) == (88, True)
    assert (facts.merged_ids, facts.merged_at) == ((502,), day(2))
    assert facts.company_ids == (77, 76)
    assert facts.created_at == day(5)


def test_a_mobile_without_a_country_identifies_nobody() -> None:
    assert (
        contact_facts(a_record("contact", {"mobilephone": "0151 1234567"}), ORCHARD).mobiles == ()
    )


def test_addresses_compare_without_tags_and_in_dns_form() -> None:
    history = {"email": [a_version("Ana+x@München.example", 3)]}

    facts = contact_facts(
        a_record("contact", {"email": "ana+x@münchen.example"}, history=history), ORCHARD
    )

    assert facts.emails == ("ana@xn--mnchen-3ya.example",)
    assert facts.history["email"][0].value == "ana+x@xn--mnchen-3ya.example"


def test_a_contact_with_nothing_is_still_a_contact() -> None:
    facts = contact_facts(a_record("contact"), ORCHARD)

    assert (facts.id, facts.name, facts.emails, facts.company_ids) == (501, "", (), ())
    assert facts.created_at == day(1)


def test_history_is_told_oldest_first_and_without_unbelievable_times() -> None:
    history: dict[str, list[dict[str, object]]] = {
        "email": [
            a_version("c@z.example", 9),
            a_version("b@y.example", 5, "IMPORT"),
            {"value": "a@x.example", "timestamp": "0001-01-01T00:00:00Z"},
            {"value": None, "timestamp": "2026-01-02T00:00:00Z"},
        ]
    }

    facts = contact_facts(a_record("contact", history=history), ORCHARD)

    assert [version.value for version in facts.history["email"]] == [
        "",
        "b@y.example",
        "c@z.example",
    ]
    assert [version.at for version in facts.history["email"]] == [day(2), day(5), day(9)]
    assert facts.history["email"][1].source_type == "IMPORT"


def test_the_time_of_a_mapped_field_is_when_it_got_its_present_value() -> None:
    history = {
        "referred_by": [
            a_version("Bo", 9),
            a_version("Bo", 7),
            a_version("Cy", 5),
            a_version("Bo", 3),
        ]
    }

    facts = contact_facts(a_record("contact", {"referred_by": "Bo"}, history=history), HARBOR)

    assert [(text.text, text.kind, text.at) for text in facts.texts] == [
        ("Bo", TextKind.REFERRER, day(7))
    ]
    assert contact_facts(a_record("contact", {"referred_by": "Bo"}), ORCHARD).texts == ()


@pytest.mark.parametrize(
    ("written", "left_at", "words"),
    [
        ("2026-01-04", day(4), "2026-01-04"),
        ("true", day(6), "true"),
        ("false", None, None),
        ("", None, None),
        ("went to Zenit", day(6), "went to Zenit"),
    ],
)
def test_a_left_company_field_may_be_a_date_a_tick_or_words(
    written: str, left_at: datetime | None, words: str | None
) -> None:
    history = {"left_company": [a_version(written, 6)]}

    facts = contact_facts(a_record("contact", {"left_company": written}, history=history), HARBOR)

    assert [(text.at, text.text) for text in facts.texts] == ([(left_at, words)] if words else [])


def test_a_company_with_several_labels_is_one_company() -> None:
    links = [
        a_link("contact", "company", 77, 1, label="Primary"),
        a_link("contact", "company", 77, 279),
        a_link("contact", "company", 77, 90, label="Adviser", category="USER_DEFINED"),
    ]

    facts = contact_facts(a_record("contact", links=links), ORCHARD)

    assert facts.company_ids == (77,)


def test_a_company_may_lack_a_domain_and_be_its_own_parent() -> None:
    odd: list[Odd] = []

    facts = company_facts(
        a_record(
            "company", {"name": "Acme", "domain": "not a domain", "hs_parent_company_id": "501"}
        ),
        HARBOR,
        odd,
    )

    assert (facts.name, facts.domains, facts.parent_id) == ("Acme", frozenset(), None)
    assert [(one.property_name, one.reason) for one in odd] == [("domain", "is not a domain")]


def test_a_company_has_all_its_domains_and_former_names() -> None:
    record = a_record(
        "company",
        {
            "name": "Acme",
            "domain": "https://acme.example",
            "hs_additional_domains": "acme.test;www.ac.me",
        },
        history={"name": [a_version("Acme", 5), a_version("Ajax", 2)]},
    )

    facts = company_facts(record, HARBOR)

    assert facts.domains == {"acme.example", "acme.test", "ac.me"}
    assert facts.former_names == ("Ajax",)


def test_a_stage_makes_a_customer_from_the_day_it_was_reached_or_always() -> None:
    record = a_record(
        "company",
        {"lifecyclestage": "customer"},
        history={"lifecyclestage": [a_version("customer", 9)]},
    )
    lost = a_record(
        "company",
        {"lifecyclestage": "other"},
        history={"lifecyclestage": [a_version("customer", 9)]},
    )
    dated = PortalMap(customer_stage="customer")
    always = PortalMap(customer_stage="customer", customer_stage_since="always")

    assert company_facts(record, dated).customer_since == day(9)
    assert company_facts(record, always).customer_since == datetime(1970, 1, 1, tzinfo=UTC)
    assert company_facts(lost, dated).customer_since == day(9)
    assert company_facts(lost, always).customer_since is None
    assert company_facts(record, HARBOR).customer_since is None


def test_figures_are_read_with_their_days_in_the_portals_currency() -> None:
    said = {"arr": "1200.50", "seats": "80", "live": "2026-01-05", "renews": "soon"}
    told = [
        {"value": "1200.50", "timestamp": day(9).isoformat(), "sourceType": "CRM_UI"},
        {"value": "900", "timestamp": day(2).isoformat(), "sourceType": "CRM_UI"},
    ]
    record = a_record("company", said)._replace(history={"arr": told})
    mapped = PortalMap(
        home_currency="EUR",
        recurring_property="arr",
        usage_property="seats",
        milestone_property="live",
        renewal_date_property="renews",
    )

    figures = company_facts(record, mapped).figures

    assert figures.recurring == (Reading(90000, day(2)), Reading(120050, day(9)))
    assert figures.usage == (Reading(80.0),)
    assert figures.milestone == (Reading(datetime(2026, 1, 5, tzinfo=UTC)),)
    assert figures.renewal == (Reading(None),), "what makes no sense is not known"
    assert company_facts(record, ORCHARD).figures == AccountFigures()
    assert set(mapped.history_properties("company")) == {"arr", "seats", "live", "renews"}


def test_a_won_deal() -> None:
    facts = deal_facts(
        a_record(
            "deal",
            {
                "dealname": "Acme buys",
                "amount": "1000.50",
                "closedate": "2026-01-09T12:00:00Z",
                "hs_is_closed_won": "true",
                "hs_is_closed": "true",
                "hs_deal_stage_probability": "1",
                "dealtype": "newbusiness",
            },
            links=[
                a_link("deal", "company", 70, 341),
                a_link("deal", "company", 77, 5),
                a_link("deal", "contact", 9, 3, seen=day(4)),
                a_link("deal", "contact", 9, 88, label="Decision maker", category="USER_DEFINED"),
                a_link("deal", "contact", 8, 3),
            ],
        ),
        HARBOR,
    )

    assert (facts.amount_minor, facts.currency, facts.is_won, facts.open_probability) == (
        100050,
        "EUR",
        True,
        0,
    )
    assert facts.closed_at == datetime(2026, 1, 9, 12, tzinfo=UTC)
    assert facts.company_id == 77
    assert [(one.contact_id, one.at, one.roles) for one in facts.contacts] == [
        (8, None, frozenset()),
        (9, day(4), {"DECISION_MAKER"}),
    ]


def test_a_closed_deal_may_lack_amount_and_date() -> None:
    facts = deal_facts(a_record("deal", {"hs_is_closed_won": "true", "amount": None}), HARBOR)

    assert (facts.is_won, facts.is_closed, facts.amount_minor, facts.closed_at) == (
        True,
        True,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1,000.50", "EUR", 100050),
        ("1000", "JPY", 1000),
        ("1e400", "EUR", None),
        ("10", "???", None),
        ("ten", "", None),
    ],
)
def test_absurd_amounts_are_not_known_yet(amount: str, currency: str, minor: int | None) -> None:
    odd: list[Odd] = []
    record = a_record("deal", {"amount": amount, "deal_currency_code": currency})

    assert deal_facts(record, HARBOR, odd).amount_minor == minor
    assert [one.property_name for one in odd] == ([] if minor else ["amount"])


def test_an_open_deal_has_its_probability_and_no_close() -> None:
    facts = deal_facts(
        a_record(
            "deal", {"hs_deal_stage_probability": "0.4", "closedate": "2026-01-30", "pipeline": "b"}
        ),
        PortalMap(included_pipelines=("a",)),
    )

    assert (facts.open_probability, facts.closed_at, facts.pipeline_included) == (
        400_000,
        None,
        False,
    )


def test_won_can_be_stages_when_the_owner_says_so() -> None:
    won = PortalMap(won_rule="stages", won_stages=("signed",))

    assert deal_facts(a_record("deal", {"dealstage": "signed"}), won).is_won
    assert not deal_facts(
        a_record("deal", {"dealstage": "open", "hs_is_closed_won": "true"}), won
    ).is_won


def test_without_a_currency_there_is_no_amount() -> None:
    assert deal_facts(a_record("deal", {"amount": "10"}), ORCHARD).amount_minor is None


def test_a_record_associated_with_itself_is_nothing() -> None:
    own = Link("company", 501, "company", 501, 450)

    assert company_facts(a_record("company", links=[own]), HARBOR).parent_id is None


def test_tickets_close_by_date_or_by_stage() -> None:
    links = [a_link("ticket", "company", 77, 26), a_link("ticket", "contact", 9, 16)]
    closed = ticket(
        a_record("ticket", {"closed_date": "2026-01-05", "hs_ticket_priority": "high"}), HARBOR
    )
    staged = ticket(
        a_record(
            "ticket", {"hs_pipeline_stage": "4", "hs_lastmodifieddate": "2026-01-06"}, links=links
        ),
        HARBOR,
    )
    waiting = ticket(a_record("ticket", {"hs_pipeline_stage": "1"}), HARBOR)

    assert (closed.closed_at, closed.priority) == (day(5), "HIGH")
    assert (staged.closed_at, staged.company_id, staged.contact_ids) == (day(6), 77, (9,))
    assert waiting.closed_at is None


def a_submission(**properties: str) -> Record:
    told = {
        "hs_survey_type": "NPS",
        "hs_value": "9",
        "hs_submission_timestamp": "2026-01-05",
    } | properties
    return a_record(
        "feedback_submission", told, links=[a_link("feedback_submission", "contact", 9, 98)]
    )


def test_a_survey_answer_is_somebodys() -> None:
    answer = survey_answer(a_submission(hs_content="<b>great</b>"))

    assert answer is not None
    assert (answer.contact_id, answer.score, answer.at, answer.comment) == (
        9,
        9,
        day(5),
        "<b>great</b>",
    )
    assert (
        survey_answer(a_record("feedback_submission", {"hs_survey_type": "NPS", "hs_value": "9"}))
        is None
    )


@pytest.mark.parametrize(
    "change",
    [
        {"hs_survey_type": "CSAT"},
        {"hs_value": "11"},
        {"hs_value": "-1"},
        {"hs_value": "7.5"},
        {"hs_value": ""},
    ],
)
def test_what_is_no_answer_from_0_to_10_is_left_out(change: dict[str, str]) -> None:
    assert survey_answer(a_submission(**change)) is None


def test_without_service_hub_each_version_of_the_rating_is_an_answer() -> None:
    history = {
        "hs_feedback_last_nps_rating_number": [a_version("9", 8), a_version("3", 4)],
        "associatedcompanyid": [a_version("78", 6), a_version("77", 2)],
    }
    record = a_record("contact", {"hs_feedback_last_nps_follow_up": "better now"}, history=history)

    answers = contact_answers(record)

    assert [(one.score, one.at, one.company_id) for one in answers] == [
        (3, day(4), 77),
        (9, day(8), 78),
    ]
    assert [one.comment for one in answers] == ["", "better now"]
    assert len({one.id for one in answers}) == 2


def test_without_history_the_last_answer_has_the_last_surveys_date() -> None:
    told = {
        "hs_feedback_last_nps_rating_number": "10",
        "hs_feedback_last_survey_date": "2026-01-05",
    }

    assert [(one.score, one.at) for one in contact_answers(a_record("contact", told))] == [
        (10, day(5))
    ]
    assert contact_answers(a_record("contact", {"hs_feedback_last_nps_rating_number": "10"})) == ()


def test_an_employer_before_the_first_known_one_is_not_guessed() -> None:
    record = a_record("contact", history={"associatedcompanyid": [a_version("77", 5)]})

    assert [employer_at(record, day(number)) for number in (4, 5, 9)] == [None, 77, 77]


def labelled(
    from_type: str,
    from_id: int,
    to_type: str,
    to_id: int,
    *,
    type_id: int = 71,
    label: str = "Referred by",
) -> Link:
    return Link(from_type, from_id, to_type, to_id, type_id, "USER_DEFINED", label, day(3))


def test_referred_by_points_from_the_referred_to_the_referrer() -> None:
    (found,) = referral_links([labelled("contact", 2, "contact", 1)], HARBOR)

    assert (found.referrer_contact_id, found.referred_type, found.referred_id, found.at) == (
        1,
        "contact",
        2,
        day(3),
    )
    assert referral_links([labelled("contact", 2, "contact", 1)], ORCHARD) == ()


def test_between_contact_and_company_the_contact_referred() -> None:
    (found,) = referral_links([labelled("contact", 2, "company", 9)], HARBOR)

    assert (found.referrer_contact_id, found.referred_type, found.referred_id) == (2, "company", 9)


def test_a_label_without_direction_tells_nobodys_part() -> None:
    both = [labelled("contact", 2, "contact", 1), labelled("contact", 1, "contact", 2)]

    assert referral_links(both, HARBOR) == ()
    assert referral_links([labelled("contact", 2, "contact", 2)], HARBOR) == ()


@pytest.mark.parametrize(
    ("there", "back", "referrers"),
    [
        ("Referred by", "Has referred", [1]),
        ("Hat empfohlen", "Empfohlen von", [2]),
        ("Referral", "Referral", []),
        ("Referred by", "Referred by", []),
    ],
)
def test_of_two_sides_that_are_mapped_the_one_that_names_the_referrer_counts(
    there: str, back: str, referrers: list[int]
) -> None:
    sides = [
        labelled("contact", 2, "contact", 1, label=there),
        labelled("contact", 1, "contact", 2, type_id=72, label=back),
    ]
    mapped = replace(HARBOR, referred_by_type_ids=(71, 72))

    found = referral_links(sides, mapped)

    assert [link.referrer_contact_id for link in found] == referrers


def test_the_same_number_of_another_category_is_another_type() -> None:
    own = Link("deal", 1, "contact", 2, 71, "HUBSPOT_DEFINED")

    assert referral_links([own], HARBOR) == ()


HOSTILE = (
    st.none()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "1e400",
            "0001-01-01",
            "9999-12-31",
            "<script>alert(1)</script>",
            "-1",
            "true",
            "501;502:x",
            "\u202eabc",
            "NaN",
        ]
    )
)
NAMES = sorted(
    {
        name
        for kind in ("contact", "company", "deal", "ticket", "feedback_submission")
        for name in HARBOR.read_properties(kind)
    }
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), HOSTILE, max_size=12),
    st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(
            st.dictionaries(st.sampled_from(["value", "timestamp", "sourceType"]), HOSTILE),
            max_size=3,
        ),
        max_size=3,
    ),
)
def test_no_hostile_record_makes_a_reader_raise(
    properties: Mapping[str, str | None] | None,
    history: Mapping[str, list[dict[str, object]]] | None,
) -> None:
    odd: list[Odd] = []
    for portal_map in (HARBOR, ORCHARD):
        assert (
            contact_facts(a_record("contact", properties, history=history), portal_map, odd).id
            == 501
        )
        assert (
            company_facts(a_record("company", properties, history=history), portal_map, odd).id
            == 501
        )
        assert deal_facts(a_record("deal", properties, history=history), portal_map, odd).id == 501
        assert ticket(a_record("ticket", properties, history=history), portal_map, odd).id == 501
        survey_answer(a_record("feedback_submission", properties, history=history), odd)
        contact_answers(a_record("contact", properties, history=history), odd)
    assert all(one.reason and one.property_name for one in odd)


def test_unknown_creation_times_are_old_not_new() -> None:
    record = Record("contact", 501, {"createdate": "9999-12-31"})

    assert contact_facts(record, ORCHARD).created_at == UNKNOWN_TIME
