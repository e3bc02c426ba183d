from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mappings.rules.attribution import sources
from mappings.rules.attribution.sources import HeardLabel, Surroundings, sources_of, tag_of
from mappings.rules.facts import PPM, DealContact, DealFacts, NpsAnswer, Touch
from mappings.rules.findings import Arrival, Move, Reason, Referral, Signal
from mappings.rules.job_changes import champions
from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success.customers import since_first_purchase
from mappings.rules.text.self_reported import Label
from tests.unit.rules_builders import ACME, NOW, a_contact, a_deal, a_move, day, plain

NOBODY = Surroundings({})


def found(
    deal: DealFacts,
    *moves: Move,
    referrals: Sequence[Referral] = (),
    around: Surroundings = NOBODY,
    labels: Sequence[HeardLabel] = (),
    now: datetime = NOW,
) -> sources.DealSources:
    return sources_of(deal, moves, referrals, around, policy=DEFAULT, now=now, labels=labels)


def test_a_moved_champion_on_the_deal_when_it_began_sourced_it() -> None:
    (source,) = found(a_deal(created=100, closed=200), a_move(moved_at=day(50))).sources

    assert (source.kind, source.timing, source.w, source.p, source.g) == (
        "moved_champion",
        "sourced",
        900_000,
        950_000,
        PPM,
    )
    assert (source.company_id, source.raw) == (ACME, 855_000)


@pytest.mark.parametrize(("moved", "g"), [(0, 796_214), (120, PPM)])
def test_an_old_move_fades(moved: int, g: int) -> None:
    (source,) = found(a_deal(created=300, closed=400), a_move(moved_at=day(moved))).sources

    assert source.g == pytest.approx(g, abs=400)


@pytest.mark.parametrize(
    ("deal", "move"),
    [
        (a_deal(created=800, closed=900), a_move(moved_at=day(69))),
        (a_deal(created=100, closed=200), a_move(moved_at=day(200))),
        (a_deal(created=100, closed=200, company_id=ACME), a_move()),
        (a_deal(created=100, closed=200), a_move(status="review")),
        (a_deal(created=100, closed=200), a_move(kind="boomerang")),
        (a_deal(created=100, closed=200), a_move(strength=300_000)),
        (a_deal(created=100, closed=200, is_renewal=True), a_move()),
        (a_deal(created=100, closed=200, contacts=(DealContact(1, day(200)),)), a_move()),
        (a_deal(created=100, closed=200, contacts=()), a_move()),
        (a_deal(created=100, closed=200, company_id=None), a_move()),
    ],
    ids=[
        "731 days",
        "joined after the win",
        "the old company",
        "not sure",
        "a return",
        "hardly known",
        "a renewal",
        "added after the win",
        "not on the deal",
        "no company",
    ],
)
def test_what_a_move_earns_nothing_from(deal: DealFacts, move: Move) -> None:
    assert found(deal, move).sources == ()


def test_seven_hundred_and_thirty_days_still_count() -> None:
    assert found(a_deal(created=800, closed=900), a_move(moved_at=day(70))).sources


@pytest.mark.parametrize(
    ("joined", "roles", "meetings", "timing"),
    [
        (107, (), 0, "sourced"),
        (108, ("champion",), 0, "assisted"),
        (108, (), 3, "assisted"),
        (108, (), 1, "present"),
        (108, (), 0, "present"),
    ],
)
def test_coming_later_assists_or_is_present(
    joined: int, roles: tuple[str, ...], meetings: int, timing: str | None
) -> None:
    deal = a_deal(
        created=100, closed=200, contacts=(DealContact(1, day(joined), frozenset(roles)),)
    )
    touches = tuple(Touch(1, day(120 + n), "meeting") for n in range(meetings))

    credited = found(deal, a_move(), around=Surroundings({}, touches)).sources

    assert [source.timing for source in credited] == ([timing] if timing else [])


def test_another_record_of_the_same_person_on_the_deal_will_do() -> None:
    deal = a_deal(created=100, closed=200, contacts=(DealContact(8, day(100)),))

    assert found(deal, a_move()).sources == ()
    assert found(deal, a_move(), around=Surroundings({}, records={1: (1, 8)})).sources


def test_being_on_a_deal_without_any_activity_earns_nothing_where_activity_is_read() -> None:
    deal = a_deal(created=100, closed=200, contacts=(DealContact(1, day(108)),))

    assert (
        found(deal, a_move(), around=Surroundings({}, (Touch(5, day(120), "call"),))).sources == ()
    )


def test_who_moved_while_the_deal_was_open_assists_with_a_key_role_only() -> None:
    plain = a_deal(created=100, closed=200, contacts=(DealContact(1, day(120)),))
    chief = a_deal(
        created=100, closed=200, contacts=(DealContact(1, day(120), frozenset({"decision_maker"})),)
    )
    late = a_move(moved_at=day(110))

    assert found(plain, late).sources == ()
    assert [source.timing for source in found(chief, late).sources] == ["assisted"]


def opened_by_priya(joined: int | None) -> DealFacts:
    """A deal of day 100, won on day 200, with its contact on it since a day, or nobody knows when."""
    contact = DealContact(1, None if joined is None else day(joined))
    return a_deal(created=100, closed=200, contacts=(contact,))


@pytest.mark.parametrize(
    ("joined", "recorded", "timing"),
    [
        (100, 107, "sourced"),
        (106, 130, "sourced"),
        (100, 131, "unsure"),
        (100, 190, "unsure"),
        (100, 191, None),
        (None, 107, "unsure"),
        (None, 230, None),
        (108, 130, None),
        (107, 107, "unsure"),
        (100, 205, None),
    ],
    ids=[
        "corrected a week later",
        "a month later",
        "later still",
        "three months later",
        "too late",
        "nobody knows since when on the deal",
        "nor since when at the buyer",
        "came onto the deal later",
        "on the day of the correction",
        "after the win, and too late",
    ],
)
def test_who_was_on_the_deal_before_the_record_was_corrected_was_there_or_is_asked_about(
    joined: int | None, recorded: int, timing: str | None
) -> None:
    led = found(opened_by_priya(joined), a_move(moved_at=day(recorded), latest=day(recorded)))

    credited, arrivals = led.sources, led.arrivals
    assert [source.timing for source in (*credited, *arrivals)] == ([timing] if timing else [])
    assert [source.at for source in credited] == [day(100)] * len(credited)
    assert [source.raw for source in arrivals] == [0] * len(arrivals)
    late = f"the record shows the new company {recorded - 100} days after the deal opened"
    told = [reason.text for source in (*credited, *arrivals) for reason in source.because]
    assert bool(timing) is any(late in text for text in told)


def test_a_record_made_in_the_same_sitting_as_the_deal_is_as_old_as_the_deal() -> None:
    recorded = day(100) + timedelta(minutes=5)
    deal = a_deal(created=100, closed=200, contacts=(DealContact(1),))

    (source,) = found(deal, a_move(moved_at=recorded)).sources

    assert (source.timing, source.at) == ("sourced", day(100))
    assert source.because[-1].text == "the record shows the new company hours after the deal opened"


def test_a_correction_shortly_after_the_win_counts_as_one_before_it() -> None:
    deal = a_deal(created=100, closed=103, contacts=(DealContact(1, day(100)),))

    assert found(deal, a_move(moved_at=day(107))).sources
    (asked,) = found(replace(deal, contacts=(DealContact(1),)), a_move(moved_at=day(107))).arrivals
    assert asked.because[0].text == (
        "is on the deal; the record shows the new company 7 days after the deal opened"
    )


def test_others_answering_to_marketing_shortly_before_is_not_dormant() -> None:
    touched = Surroundings({}, (Touch(5, day(60), "form", inbound=True),))
    long_ago = Surroundings({}, (Touch(5, day(9), "form", inbound=True),))

    (early,) = found(a_deal(created=100, closed=200), a_move(), around=touched).sources
    (dormant,) = found(a_deal(created=100, closed=200), a_move(), around=long_ago).sources

    assert (early.timing, dormant.timing) == ("present", "sourced")


def test_somebody_active_who_is_not_on_the_deal_is_suggested_without_credit() -> None:
    busy = Surroundings({}, tuple(Touch(1, day(110 + n), "call") for n in range(5)))

    both = found(a_deal(created=100, closed=200, contacts=()), a_move(), around=busy)

    assert both.sources == ()
    assert [source.timing for source in both.suggestions] == ["suspected"]


def test_without_dates_on_associations_the_record_decides() -> None:
    young = Surroundings({1: a_contact(1, on=150)})
    deal = a_deal(
        created=100, closed=200, contacts=(DealContact(1, None, frozenset({"champion"})),)
    )

    assert [source.timing for source in found(deal, a_move(), around=young).sources] == ["assisted"]


def a_referral(at: int | None = 60, **more: Any) -> Referral:  # noqa: ANN401 - a builder passes any field on
    values = {"status": "auto", "from_customer": True, "expansion": False, **more}
    when = None if at is None else day(at)
    reason = Reason("named_person", 'the record names "Maria at Acme"', when, strength=800_000)
    return Referral(
        3, 3, ACME, "contact:1", when, "named_person", 800_000, reasons=(reason,), **values
    )


def test_maria_at_acme_told_us_forty_days_before() -> None:
    (source,) = found(a_deal(created=100, closed=200), referrals=[a_referral(60)]).sources

    assert (source.w, source.p, source.g, source.raw) == (850_000, 800_000, PPM, 680_000)


@pytest.mark.parametrize(
    ("at", "weight"),
    [(130, 850_000), (131, 500_000), (199, 500_000), (200, None), (-265, 850_000), (-266, None)],
)
def test_the_time_of_a_referral_decides_its_weight(at: int, weight: int | None) -> None:
    credited = found(a_deal(created=100, closed=200), referrals=[a_referral(at)]).sources

    assert [source.w for source in credited] == ([weight] if weight else [])


@pytest.mark.parametrize(
    ("came", "how", "weight"),
    [
        (Arrival(day(60), from_customer=True, expansion=False), "named_person", 850_000),
        (
            Arrival(day(150), from_customer=True, expansion=False),
            "named_company",
            850_000,
        ),  # the deal brought them
        (
            Arrival(day(60), from_customer=True, expansion=False),
            "field_email",
            None,
        ),  # a rep's note, not an answer
        (Arrival(day(60), from_customer=False, expansion=False), "named_person", None),
        (Arrival(day(60), from_customer=True, expansion=True), "named_person", None),
        (
            Arrival(day(-300), from_customer=True, expansion=False),
            "named_person",
            None,
        ),  # came long before
    ],
)
def test_an_answer_after_the_win_tells_how_the_customer_came(
    came: Arrival, how: str, weight: int | None
) -> None:
    told = replace(a_referral(220, expansion=True), how=how, arrival=came)

    credited = found(a_deal(created=100, closed=200), referrals=[told]).sources

    assert [source.w for source in credited] == ([weight] if weight else [])
    assert all(source.at == min(came.at, day(100)) for source in credited)


@pytest.mark.parametrize(
    "more",
    [{"status": "review"}, {"status": "rejected"}, {"from_customer": False}, {"expansion": True}],
)
def test_some_referrals_carry_no_credit(more: dict[str, Any]) -> None:
    assert found(a_deal(created=100, closed=200), referrals=[a_referral(**more)]).sources == ()


def test_a_company_earns_nothing_from_a_deal_of_its_own() -> None:
    """Acme's Maria recommended a contact who works elsewhere, and it is Acme that buys."""
    deal = a_deal(created=100, closed=200)

    assert found(deal, referrals=[a_referral()]).sources
    assert found(replace(deal, company_id=ACME), referrals=[a_referral()]).sources == ()


def of_former_job(at: int = 60) -> Referral:
    """Somebody on the deal told of an earlier job at Acme, where nobody knows them."""
    told = replace(a_referral(at), how="former_job", p=700_000)
    return replace(told, referrer_contact_id=None, referrer_person_id=None)


@pytest.mark.parametrize(("at", "weight"), [(60, 900_000), (130, 900_000), (131, 550_000)])
def test_an_earlier_job_that_is_told_moves_a_champion_whose_name_nobody_knows(
    at: int, weight: int
) -> None:
    deal = a_deal(created=100, closed=200)

    (source,) = found(deal, referrals=[of_former_job(at)]).sources

    assert (source.kind, source.w, source.p) == ("moved_champion", weight, 700_000)
    assert (source.person_id, source.contact_id, source.company_id) == (None, None, ACME)


def test_an_earlier_job_that_is_told_and_shows_in_the_records_counts_once() -> None:
    deal = a_deal(created=100, closed=200)

    (source,) = found(deal, a_move(), referrals=[of_former_job()]).sources

    assert (source.person_id, source.company_id) == (1, ACME)


def test_who_comes_to_a_customer_brings_the_earlier_job_all_the_same() -> None:
    deal = a_deal(created=100, closed=200)

    assert found(deal, referrals=[replace(of_former_job(), expansion=True)]).sources
    assert found(deal, referrals=[replace(of_former_job(), from_customer=False)]).sources == ()


def test_unnamed_word_of_mouth_goes_to_the_pool() -> None:
    labels = [
        HeardLabel(Label("wom_generic", 600_000, "a friend"), 1, day(90)),
        HeardLabel(Label("search", 750_000, "google"), 1, day(90)),
    ]

    (source,) = found(a_deal(created=100, closed=200), labels=labels).sources

    assert (source.kind, source.company_id, source.raw) == ("word_of_mouth", None, 210_000)


def test_the_tag_names_one_kind_or_several() -> None:
    both = found(a_deal(created=100, closed=200), a_move(), referrals=[a_referral()]).sources

    assert [tag_of(both), tag_of(both[:1]), tag_of(())] == ["several", "moved_champion", "none"]
    assert sources.confidence_of(both) == 950_000
    assert sources.confidence_of(()) == 0


@pytest.mark.parametrize(
    ("roles", "won", "score", "user", "c"),
    [
        (("decision_maker",), True, None, True, PPM),
        ((), True, None, True, 800_000),
        ((), False, 9, True, 700_000),
        ((), False, 8, True, 400_000),
        ((), False, None, False, 300_000),
        (None, False, None, False, 0),
    ],
)
def test_champion_strength_takes_the_highest(
    roles: tuple[str, ...] | None, won: bool, score: int | None, user: bool, c: int
) -> None:
    on_deal = () if roles is None else (DealContact(1, day(5), frozenset(roles)),)
    deal = a_deal(created=1, closed=50 if won else None, company_id=ACME, contacts=on_deal)
    answers = [] if score is None else [NpsAnswer(1, score, day(90), ACME)]

    strength, _ = champions.strength(
        [1], ACME, day(100), deals=[deal], answers=answers, is_customer=user, policy=DEFAULT
    )

    assert strength == c


def test_what_came_after_leaving_makes_no_champion() -> None:
    deal = a_deal(created=1, closed=150, company_id=ACME)

    strength, _ = champions.strength(
        [1], ACME, day(100), deals=[deal], answers=[NpsAnswer(1, 10, day(101))], policy=DEFAULT
    )

    assert strength == 300_000


@pytest.mark.parametrize(
    ("seen", "told", "left"),
    [
        (100, None, 210),  # ninety days before the move shows
        (250, None, 250),  # but not before the last sign of life
        (100, 150, 150),  # a bounce tells better
        (180, 150, 180),
        (100, 260, 210),
    ],
)
def test_when_somebody_left_is_judged_between_last_seen_and_first_seen(
    seen: int, told: int | None, left: int
) -> None:
    move = _shown(earliest=day(seen), bounced=told)

    assert champions.left_at(move, DEFAULT) == day(left)


@pytest.mark.parametrize(
    ("life", "told", "left"),
    [
        (100, None, 145),  # silent since: gone forty-five days later
        (200, None, 210),
        (250, None, 250),  # seen there shortly before the move shows
        (100, 120, 120),
        (100, 90, 100),
    ],
)
def test_an_old_record_that_fell_silent_says_when_its_person_left(
    life: int, told: int | None, left: int
) -> None:
    move = _shown(earliest=day(min(life, 100)), bounced=told)

    assert champions.left_at(move, DEFAULT, day(life), fell_silent=True) == day(left)


@pytest.mark.parametrize(("answered", "left"), [(100, 210), (250, 250)])
def test_an_old_answer_says_that_they_were_there_and_not_that_they_went_soon_after(
    answered: int, left: int
) -> None:
    move = _shown(earliest=day(50), bounced=None)

    assert champions.left_at(move, DEFAULT, day(answered)) == day(left)


def _shown(*, earliest: datetime, bounced: int | None) -> Move:
    """A move that shows on day 300."""
    bounce = Reason("hard_bounce", "bounced", day(bounced) if bounced else None)
    signals = (Signal("hard_bounce", 350_000, bounce.at, "bounce", bounce),) if bounced else ()
    return a_move(earliest=earliest, moved_at=day(300), signals=signals)


def test_activity_on_the_record_that_stayed_and_answers_are_signs_of_life_at_the_old_company() -> (
    None
):
    stayed = a_move(former_contact_id=1, new_contact_id=2, moved_at=day(300))
    old_record = a_contact(1, last_activity_at=day(120))
    there, elsewhere, later = (
        NpsAnswer(1, 9, day(at), company) for at, company in ((150, ACME), (160, 99), (301, ACME))
    )

    assert champions.last_seen(stayed, old_record, ()) == day(120)
    assert champions.last_seen(stayed, old_record, [there, elsewhere, later]) == day(150)
    # On a record that moved along the activity goes on at the new company.
    assert champions.last_seen(a_move(moved_at=day(300)), old_record, [there]) == day(150)
    assert champions.last_seen(a_move(moved_at=day(300)), old_record, ()) is None
    assert champions.last_seen(stayed, None, ()) is None
    silent = champions.fell_silent
    assert [silent(stayed, old_record), silent(stayed, a_contact(1)), silent(stayed, None)] == [
        True,
        False,
        False,
    ]
    assert not silent(a_move(moved_at=day(300)), old_record)
    # Activity since then tells that the record is somebody's still, and nothing of the old company.
    assert not silent(replace(stayed, moved_at=day(119)), old_record)


def test_the_highest_role_is_written() -> None:
    flags = {"is_moved": False, "is_champion": False, "is_referrer": False, "is_promoter": False}

    assert champions.role_of(**flags) == "none"
    assert champions.role_of(**{**flags, "is_promoter": True, "is_referrer": True}) == "referrer"
    assert champions.role_of(**dict.fromkeys(flags, True)) == "moved_champion"


def test_a_company_is_a_customer_from_its_first_won_deal_with_money() -> None:
    first, second = a_deal(1, created=10, closed=50), a_deal(2, created=60, closed=80)

    assert since_first_purchase([second, first]) == day(50)
    assert since_first_purchase([]) is None


def test_a_won_deal_without_a_close_date_counts_from_its_creation() -> None:
    undated = replace(a_deal(1, created=10, closed=50), closed_at=None)

    assert since_first_purchase([undated]) == day(10)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 0},
        {"amount_minor": None},
        {"amount_minor": -5},
        {"is_won": False},
        {"pipeline_included": False},
        {"archived": True},
    ],
)
def test_other_deals_make_no_customer(change: dict[str, Any]) -> None:
    assert since_first_purchase([replace(a_deal(created=1, closed=2), **change)]) is None


def test_policies_travel_as_plain_values_and_leave_out_what_they_do_not_know() -> None:
    changed = Policy.from_dict({"version": 3, "signals": {"hard_bounce": 1}})

    assert (changed.version, changed.signals["hard_bounce"], changed.signals["records_merged"]) == (
        3,
        1,
        750_000,
    )
    assert plain(Policy.from_dict(plain(changed))) == plain(changed)
    odd = {
        "wrong": 1,
        "move_auto": "high",
        "prior_bits": -3,
        "signals": {"wrong": 1, "hard_bounce": True},
    }
    assert Policy.from_dict(odd) == replace(Policy(), prior_bits=-3.0)
