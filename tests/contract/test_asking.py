"""Asking: one note an ask, whoever presses; its outcome counts, and all of it can be taken back."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from integration.core.errors import Refused
from integration.success import ask_list, asking
from integration.success.ask_list import AskFilter, AskLine, AskList
from integration.success.asking import TooLate, Wanted
from mappings.kinds import AskKind, AskOutcome, AskState, GateKind
from mappings.rules.success.acquaintances import Tie
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, MirrorPortal, day
from tests.contract.review_world import Office
from tests.contract.test_conclude_asks import ACME, ANA, BO, a_customer, ask, because
from tests.contract.test_conclude_touches import happen

PAT, ZENIT, ROLLOUT = 40, 4, 9
SAM, OTHER = "user:7", "user:8"


@pytest.fixture
def acme(office: Office) -> MirrorPortal:
    """Acme with Ana, whom we are to ask; Pat, on an open deal of Zenit, was in a meeting with her."""
    portal = a_customer(MirrorPortal(office, HARBOR))
    portal.company(ZENIT, "Zenit", "zenit-labs.com")
    portal.contact(PAT, ZENIT, firstname="Pat", lastname="Li", email="pat@zenit-labs.com")
    portal.deal(ROLLOUT, ZENIT, PAT, created=20, amount="5000.00")
    happen(portal, "meeting", 8, 30, [ANA, PAT])
    portal.settle()
    return portal


def listed(portal: MirrorPortal, **wanted: object) -> AskList:
    return ask_list.read(portal.context, AskFilter(**wanted))  # type: ignore[arg-type]  # its fields


def the_line(portal: MirrorPortal) -> AskLine:
    (line,) = listed(portal).lines
    return line


def asked(portal: MirrorPortal, contact_id: int = ANA, *, by: str = SAM) -> int:
    wanted = Wanted(contact_id, ACME, AskKind.INTRODUCTION, PAT)
    number = asking.ask(portal.context, wanted, actor=by)
    portal.settle()
    return number


def concluded(
    portal: MirrorPortal,
    number: int,
    outcome: AskOutcome,
    *,
    by: str = SAM,
    whom: int | None = None,
) -> None:
    asking.conclude(portal.context, number, outcome, actor=by, introduced_contact_id=whom)
    portal.settle()


def test_the_list_says_whom_to_ask_for_what_and_what_is_at_stake(acme: MirrorPortal) -> None:
    line = the_line(acme)

    assert (line.company, line.person, line.first_name) == ("Acme", "Ana Berg", "Ana")
    assert line.others == 1
    assert line.win is not None
    assert line.win.words == "Milestone reached"
    assert line.choice.kind == AskKind.INTRODUCTION
    assert line.choice.target is not None
    assert (line.choice.target.name, line.choice.target.tie) == ("Pat Li", Tie.MET)
    assert (line.stake_minor, line.worth_minor) == (5000_00, 10000_00)
    assert sum(line.parts.values()) == line.points
    assert listed(acme).counts[AskState.ASK_NOW] == 2


def test_another_account_sees_nothing_of_it(acme: MirrorPortal, office: Office) -> None:
    other = a_customer(MirrorPortal(office, ORCHARD))
    number = asked(acme)

    assert [line.contact_id for line in listed(other).lines] == [ANA]
    assert listed(other).asked == []
    with pytest.raises(Refused, match="no ask of this number"):
        asking.conclude(other.context, number, AskOutcome.DECLINED, actor=SAM)
    assert not asking.take_back(other.context, number, actor=SAM)


def test_one_click_notes_the_ask_and_the_person_rests(acme: MirrorPortal) -> None:
    number = asked(acme)

    assert listed(acme).lines == []
    (open_ask,) = listed(acme).asked
    assert (open_ask.ask.ask_id, open_ask.outcome) == (number, AskOutcome.OPEN)
    assert ask(acme, "contact", ANA) == "resting"
    assert [row["kind"] for row in acme.kept("approach")] == ["ask"]
    (waiting,) = [
        line for line in listed(acme, state=AskState.RESTING).waiting if line.contact_id == BO
    ]
    assert waiting.because.startswith("Not now: somebody at their company was asked")
    reasons = listed(acme).reasons[AskState.RESTING]
    assert reasons == {GateKind.ASKED: 1, GateKind.COMPANY_ASKED: 1}


def test_pressing_twice_or_at_once_with_somebody_else_notes_one_ask(acme: MirrorPortal) -> None:
    number = asked(acme)

    assert asked(acme) == number
    with pytest.raises(TooLate):
        asked(acme, by=OTHER)
    with pytest.raises(Refused, match="somebody at their company was asked on 30 June 2026"):
        asked(acme, BO)
    assert len(acme.kept("ask")) == len(acme.kept("approach")) == 1


def test_who_declines_rests_for_half_a_year(acme: MirrorPortal) -> None:
    concluded(acme, asked(acme), AskOutcome.DECLINED)

    assert because(acme, ANA) == (
        "Not now: they were asked on 30 June 2026, they declined on 30 June 2026."
        " Again from 27 December 2026."
    )


def test_an_introduction_is_a_referral_that_says_which_ask_it_came_from(acme: MirrorPortal) -> None:
    number = asked(acme)
    concluded(acme, number, AskOutcome.INTRODUCED, whom=PAT)

    (referral,) = referrals(acme)
    assert referral["referrer_contact_id"] == ANA
    assert referral["target"] == f"contact:{PAT}"
    assert f"was introduced in answer to ask {number}" in str(referral["body"])
    assert acme.said("contact", ANA)["second_order_referrals"] == "1"

    assert asking.take_back(acme.context, number, actor=SAM)
    acme.settle()
    assert referrals(acme) == []
    assert "second_order_referrals" not in acme.said("contact", ANA)


def referrals(portal: MirrorPortal) -> list[Mapping[str, object]]:
    return [row for row in portal.kept("referral") if "noted_introduction" in row["referral_key"]]


def test_the_same_outcome_again_changes_nothing_and_another_is_refused(acme: MirrorPortal) -> None:
    number = asked(acme)
    concluded(acme, number, AskOutcome.AGREED)
    concluded(acme, number, AskOutcome.AGREED, by=OTHER)

    with pytest.raises(TooLate, match="take that back first"):
        concluded(acme, number, AskOutcome.DECLINED, by=OTHER)
    (row,) = acme.kept("ask")
    assert (row["outcome"], row["outcome_by"]) == ("agreed", SAM)


@pytest.mark.parametrize(
    ("outcome", "whom", "said"),
    [
        (AskOutcome.INTRODUCED, None, "Say whom they introduced"),
        (AskOutcome.INTRODUCED, ANA, "Nobody introduces themselves"),
        (AskOutcome.SILENT, None, "choose one of these"),
        (AskOutcome.DECLINED, PAT, "Say whom they introduced"),
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused_in_words(
    acme: MirrorPortal, outcome: AskOutcome, whom: int | None, said: str
) -> None:
    number = asked(acme)

    with pytest.raises(Refused, match=said):
        concluded(acme, number, outcome, whom=whom)
    assert acme.values("ask", "outcome") == [None]


def test_all_of_it_can_be_taken_back_step_by_step(acme: MirrorPortal) -> None:
    number = asked(acme)
    concluded(acme, number, AskOutcome.DECLINED)

    assert asking.take_back(acme.context, number, actor=SAM)
    acme.settle()
    assert acme.values("ask", "outcome") == [None]
    assert asking.take_back(acme.context, number, actor=SAM)
    acme.settle()
    assert acme.kept("ask") == acme.kept("approach") == []
    assert ask(acme, "contact", ANA) == "ask_now"
    assert not asking.take_back(acme.context, number, actor=SAM)


def test_an_ask_without_an_answer_is_silent_after_30_days_and_can_still_be_answered(
    acme: MirrorPortal, office: Office
) -> None:
    number = asked(acme)
    office.at = NOW + timedelta(days=29)
    assert [open_ask.outcome for open_ask in listed(acme).asked] == [AskOutcome.OPEN]

    office.at = NOW + timedelta(days=31)
    assert ask_list.last_asks(acme.context, ANA)[0].outcome == AskOutcome.SILENT
    concluded(acme, number, AskOutcome.INTRODUCED, whom=PAT)
    assert ask_list.last_asks(acme.context, ANA)[0].outcome == AskOutcome.INTRODUCED


def test_do_not_ask_is_obeyed_and_can_be_withdrawn(acme: MirrorPortal) -> None:
    assert asking.opt_out(acme.context, ANA, actor=SAM)
    assert not asking.opt_out(acme.context, ANA, actor=OTHER)
    acme.settle()

    assert ask(acme, "contact", ANA) == "never"
    assert the_line(acme).contact_id == BO
    with pytest.raises(Refused, match="do not ask"):
        asked(acme)

    assert asking.withdraw_opt_out(acme.context, ANA, actor=SAM)
    acme.settle()
    assert the_line(acme).contact_id == ANA


def test_an_owner_asks_three_people_a_week_and_the_others_wait_for_their_turn(
    acme: MirrorPortal, office: Office
) -> None:
    acme.change("company", ACME, hubspot_owner_id="77")
    for number in range(4):
        a_firm(acme, 100 + number, 1000 + number)
    acme.settle()

    lines = listed(acme).lines
    assert [line.is_due for line in lines] == [True, True, True, False, False]
    for line in lines[:3]:
        asking.ask(
            acme.context, Wanted(line.contact_id, line.company_id, line.choice.kind), actor=SAM
        )
    acme.settle()
    assert [line.is_due for line in listed(acme).lines] == [False, False]

    office.at = NOW + timedelta(days=8)
    assert [line.is_due for line in listed(acme).lines] == [True, True]
    assert [line.company_id for line in listed(acme, owners={78}).lines] == []


def a_firm(portal: MirrorPortal, company_id: int, contact_id: int) -> None:
    """Another customer of the same owner who is to be asked."""
    domain = f"firm{company_id}.com"
    portal.put(
        "company",
        company_id,
        name=f"Firm {company_id}",
        domain=domain,
        hubspot_owner_id="77",
        reached=[(3, day(3).date().isoformat())],
        renews=[(600, (NOW + timedelta(300)).isoformat())],
    )
    portal.contact(
        contact_id,
        company_id,
        firstname=f"Kim{contact_id}",
        email=f"kim@{domain}",
        hs_feedback_last_nps_rating_number="10",
        hs_feedback_last_survey_date=day(100).isoformat(),
    )
    portal.deal(2000 + company_id, company_id, contact_id, created=800, won=(300, "1000.00"))
    portal.put(
        "ticket",
        3000 + company_id,
        createdate=day(200).isoformat(),
        closed_date=day(190).isoformat(),
    )
    portal.link("ticket", 3000 + company_id, "company", company_id)
    happen(portal, "meeting", company_id, 10, [contact_id])
