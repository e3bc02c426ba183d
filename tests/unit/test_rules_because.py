"""Sentences: what a salesperson can read to a customer, in any field, whatever the names hold."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.attribution.credit import allocate
from mappings.rules.attribution.reasons import (
    FIELD_LIMIT,
    NOBODY,
    Names,
    fit,
    of_deal,
    of_move,
    source_name,
)
from mappings.rules.attribution.sources import Surroundings, sources_of
from mappings.rules.facts import PPM, DealContact
from mappings.rules.findings import Allocation, Reason, Source
from mappings.rules.job_changes.champions import strength, with_strength
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import (
    ACME,
    NOW,
    ZENIT,
    a_contact,
    a_deal,
    a_move,
    a_source,
    day,
    the_three_sources,
)

NAMES = Names({1: "Priya Nair", 2: "Maria Lopez"}, {ACME: "Acme", ZENIT: "Zenit"})


def a_story(
    *found: Source, names: Names = NAMES, created: int = 100, limit: int = FIELD_LIMIT
) -> str:
    return of_deal(allocate(7, 4_000_000, "USD", found, DEFAULT), names, limit, opened=day(created))


def moved(*reasons: Reason, took_part: Reason | None = None) -> Source:
    why = took_part or Reason("sourced", "was on the deal when it began", day(101))
    return a_source(
        "moved_champion",
        900_000,
        910_000,
        person_id=1,
        contact_id=1,
        at=day(88),
        because=(why, *reasons),
    )


SIGNED = Reason(
    "won_key_role", "was decision maker on 2 won deals", day(30), ("deal:3", "deal:4"), PPM
)


def test_a_moved_champions_sentence_has_names_dates_certainty_and_share() -> None:
    assert a_story(moved(SIGNED)) == (
        "Priya Nair left Acme by 29 March 2024, where they had been decision maker on 2 won deals, "
        "and was on this deal when it opened, 12 days later: sure (0.91), 82% of the credit."
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("won_contact", "was on a won deal"), "where they had been on a won deal, and"),
        (Reason("won_contact", "was on 3 won deals"), "where they had been on 3 won deals, and"),
        (Reason("admin", "administers the product"), "where they administered the product, and"),
        (
            Reason("promoter", "gave 9 of 10 on 2024-01-31", day(30)),
            "where they gave us 9 of 10 on 31 January 2024, and",
        ),
        (
            Reason("user", "worked at a customer"),
            "left Acme, a customer then, by 29 March 2024 and was",
        ),
        (
            Reason("hard_bounce", "the address at Acme bounced"),
            "left Acme by 29 March 2024 and was",
        ),
    ],
)
def test_how_somebody_stood_at_the_old_company(reason: Reason, words: str) -> None:
    assert words in a_story(moved(reason))


@pytest.mark.parametrize(
    ("took_part", "created", "words"),
    [
        (
            Reason("sourced", "was on the deal when it began", day(88)),
            100,
            "was on this deal 12 days before it opened",
        ),
        (
            Reason("sourced", "was on the deal when it began", day(99)),
            100,
            "was on this deal 1 day before it opened",
        ),
        (
            Reason("sourced", "was on the deal when it began", day(90)),
            88,
            "was on this deal when it opened, the same day",
        ),
        (
            Reason("assisted", "had a key role on the deal", day(120)),
            60,
            "had a key role on this deal, from 30 April 2024",
        ),
        (
            Reason("assisted", "was in 4 meetings", day(120)),
            60,
            "was in 4 meetings while it was open, from 30 April 2024",
        ),
        (
            Reason("present", "was on the deal without a role", day(120)),
            60,
            "was on this deal without a role",
        ),
        (Reason("unheard of", "helped"), 60, "and helped"),
    ],
)
def test_how_somebody_took_part(took_part: Reason, created: int, words: str) -> None:
    assert words in a_story(moved(took_part=took_part), created=created)


def test_a_recommendation_and_hearsay_are_told_with_their_dates() -> None:
    named = a_source(at=day(60), because=(Reason("named_person", "…"),))
    heard = a_source("word_of_mouth", 350_000, 750_000, person_id=None, contact_id=3, company_id=None, at=day(99),
                     because=(Reason("wom_generic", 'heard of us: "a friend"', evidence=("contact:3",)),))  # fmt: skip

    names = replace(NAMES, contacts={**NAMES.contacts, 3: "Vera Kim"})

    assert a_story(named, heard, names=names) == (
        "Maria Lopez of Acme recommended us on 1 March 2024, 40 days before this deal opened, named in an answer: "
        "likely (0.80), 55% of the credit. "
        'Vera Kim heard of us by word of mouth on 9 April 2024, 1 day before this deal opened ("a friend"): '
        "likely (0.75), 21% of the credit."
    )
    assert "on 20 April 2024, while this deal was open" in a_story(replace(named, at=day(110)))
    assert a_story(replace(named, person_id=None, contact_id=None)).startswith(
        "Somebody of Acme recommended us"
    )


def test_strongest_first_and_nothing_found_says_so() -> None:
    text = of_deal(allocate(7, 4_000_000, "USD", the_three_sources(), DEFAULT), NAMES)

    assert text == (
        "Priya Nair left Acme and came to this company: sure (0.95), 47% of the credit. "
        "Maria Lopez of Acme recommended us: likely (0.80), 38% of the credit. "
        "Somebody on this deal heard of us by word of mouth: possible (0.60), 12% of the credit."
    )
    assert of_deal(allocate(7, 100, "USD", (), DEFAULT), NAMES) == NOBODY


def test_no_sentence_knows_whether_somebody_is_a_man_or_a_woman() -> None:
    told = a_story(moved(SIGNED), a_source(at=day(60)))

    assert not re.search(r"\b(he|she|him|her|his|hers)\b", told, re.IGNORECASE)


def test_who_was_erased_or_never_named_stays_opaque() -> None:
    gone = Names({2: ""}, {ACME: "Acme"})

    assert a_story(moved(SIGNED), names=gone).startswith("A removed person left Acme")
    assert a_story(a_source(person_id=-5, contact_id=None), names=gone).startswith(
        "A removed person of Acme recommended"
    )
    assert a_story(a_source(at=day(60)), names=gone).startswith(
        "Somebody whose name is not known of Acme recommended"
    )
    assert a_story(moved(), names=Names({1: "Priya"})).startswith(
        "Priya left a company without a name"
    )


HOSTILE = [
    "Bobby\nTables\r\nDROP",
    "\u202eevil\u202c",
    "\u2066\u2067\u200f\ufeff",
    "x" * 500,
    "<script>alert(1)</script>",
    "{0} %s %(name)s {names}",
    "  ",
    "\x00\x1b[31mred",
    "مريم",
    "李小龍 " * 100,
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_on_one_line_and_turn_nothing_around(name: str) -> None:
    told = a_story(
        moved(SIGNED), a_source(at=day(60)), names=Names({1: name, 2: name}, {ACME: name})
    )

    assert len(told) <= FIELD_LIMIT
    assert told.isprintable()
    assert not set(told) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert "sure (0.91)" in told
    assert told.endswith((".", "…"))


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=300))
def test_any_name_and_any_quote_make_whole_sentences(person: str, company: str, quote: str) -> None:
    heard = a_source(
        "word_of_mouth",
        350_000,
        750_000,
        person_id=None,
        company_id=None,
        because=(Reason("x", quote),),
    )
    told = a_story(moved(), heard, names=Names({1: person}, {ACME: company}))

    assert len(told) <= FIELD_LIMIT
    assert "\n" not in told
    assert told


def test_thousands_of_sources_fit_a_field_and_say_how_many_more_there_are() -> None:
    many = [a_source(person_id=n, contact_id=n, w=10_000 + n) for n in range(1, 3001)]
    names = Names({n: f"Person {n}" for n in range(1, 3001)}, {ACME: "Acme"})

    told = a_story(*many, names=names)

    said = re.fullmatch(
        r"((?:Person \d+ of Acme recommended us: \w+ \(0\.\d\d\), [^.]*\. )+)And (\d+) more\.",
        told,
    )
    assert said is not None
    assert told.startswith("Person 3000 of Acme")
    assert said[1].count("recommended us") + int(said[2]) == 3000
    assert len(told) <= FIELD_LIMIT


def test_a_move_says_how_it_is_known() -> None:
    reason = Reason("hard_bounce", "the address at Acme bounced on 2024-03-01")

    assert of_move(a_move(reasons=(reason,)), NAMES) == (
        "Priya Nair left Acme for Zenit by 11 January 2024: sure (0.95). The address at Acme bounced on 2024-03-01."
    )
    assert of_move(a_move(), Names()).startswith(
        "A removed person left a company without a name for"
    )


@pytest.mark.parametrize(
    ("sentences", "limit", "text"),
    [
        (["One two.", "Three."], 15, "One two. Three."),
        (["One two.", "Three."], 14, "One two."),
        (["One.", "Two two two.", "Three."], 16, "One. And 2 more."),
        (["One.", "Two.", "Three three."], 21, "One. Two. And 1 more."),
        (["One two three."], 9, "One two…"),
        (["One two three."], 8, "One two…"),
        (["One two three."], 7, "One…"),
        (["Unbroken"], 5, "Unbr…"),
        (["word"], 0, ""),
        ([], 10, ""),
    ],
)
def test_sentences_fit_a_field_without_cutting_words(
    sentences: list[str], limit: int, text: str
) -> None:
    assert fit(sentences, limit) == text
    assert len(text) <= limit


def test_a_source_is_named_with_its_company() -> None:
    assert source_name(the_three_sources()[1:2], NAMES) == "Maria Lopez (Acme)"


def heard(text: str, *evidence: str) -> Source:
    return a_source(
        "word_of_mouth", 350_000, 750_000, person_id=None, contact_id=3, company_id=None,
        because=(Reason("referral_person", text, evidence=evidence),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "story_begins", "name"),
    [
        pytest.param(
            heard('heard of us from Tom Baker: "told by"', "contact:3"),
            'Vera Kim heard of us from Tom Baker ("told by"): ',
            "Tom Baker (heard by Vera Kim)",
            id="who said it and who heard",
        ),
        pytest.param(
            heard('heard of us: "a friend"', "contact:3"),
            'Vera Kim heard of us by word of mouth ("a friend"): ',
            "Word of mouth (heard by Vera Kim)",
            id="who heard",
        ),
        pytest.param(
            heard('heard of us from Tom Baker: "told by"', "deal:7"),
            'Somebody on this deal heard of us from Tom Baker ("told by"): ',
            "Tom Baker (heard by somebody on this deal)",
            id="an answer on a deal of several people",
        ),
        pytest.param(
            heard("heard of us", "contact:3"),
            "Vera Kim heard of us by word of mouth: ",
            "Word of mouth (heard by Vera Kim)",
            id="no words are kept",
        ),
    ],
)
def test_word_of_mouth_names_who_heard_and_who_said_it(
    source: Source, story_begins: str, name: str
) -> None:
    names = Names({3: "Vera Kim"}, {})

    assert a_story(source, names=names).startswith(story_begins)
    assert source_name([source], names) == name


def test_of_a_removed_person_only_what_they_said_is_told() -> None:
    source = heard('heard of us from Tom Baker: "told by"', "contact:3")

    assert source_name([source], Names()) == "Tom Baker (heard by a removed person)"


def test_won_deals_at_the_old_company_are_counted() -> None:
    role = DealContact(1, day(1), frozenset({"decision_maker"}))
    bought = [
        a_deal(n, created=n, closed=n + 5, company_id=ACME, contacts=(role,)) for n in (1, 2, 3)
    ]
    lost = replace(bought[2], is_won=False)

    c, why = strength([1], ACME, day(50), deals=[*bought[:2], lost], policy=DEFAULT)

    assert (c, why and why.text, why and why.evidence) == (
        PPM,
        "was decision maker on 2 won deals",
        ("deal:1", "deal:2"),
    )
    one, single = strength([1], ACME, day(50), deals=bought[:1], policy=DEFAULT)
    assert (one, single and single.text) == (PPM, "was decision maker on a won deal")


def test_the_whole_way_from_facts_to_the_sentence() -> None:
    role = DealContact(1, day(1), frozenset({"decision_maker"}))
    bought = [a_deal(n, created=n, closed=n + 5, company_id=ACME, contacts=(role,)) for n in (1, 2)]
    move = with_strength(
        a_move(moved_at=day(88), confidence=910_000),
        *strength([1], ACME, day(50), deals=bought, policy=DEFAULT),
    )
    deal = a_deal(created=100)

    found = sources_of(
        deal, [move], [], Surroundings({1: a_contact(1, on=0)}), policy=DEFAULT, now=NOW
    )

    assert of_deal(
        allocate(7, 100, "USD", found.sources, DEFAULT), NAMES, opened=deal.created_at
    ) == (
        "Priya Nair left Acme by 29 March 2024, where they had been decision maker on 2 won deals, "
        "and was on this deal when it opened, 12 days later: sure (0.91), 82% of the credit."
    )


def test_a_source_that_lost_its_words_still_has_a_sentence() -> None:
    bare = Source("moved_champion", 0, 855_000, 0, 1, person_id=-7, company_id=ACME)
    line = allocate(7, 100, "USD", [bare], DEFAULT).lines
    allocation = Allocation(7, 100, "USD", line, 0, 0, 0, 0, 0)

    assert of_deal(allocation, NAMES).startswith(
        "A removed person left Acme and came to this company: likely (0.86)"
    )
