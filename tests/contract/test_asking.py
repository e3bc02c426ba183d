"""Asking: one note an ask, whoever presses; its outcome counts, and all of it can be taken back."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from integration.core.errors import Refused
from integration.portal import forgotten
from integration.success import ask_list, ask_reminders, asking
from integration.success.ask_list import AskFilter, AskLine, AskList
from integration.success.asking import TooLate, Wanted
from mappings.kinds import AskKind, AskOutcome, AskState, GateKind, ReminderKind, Role
from mappings.rules.success.acquaintances import Tie
from tests.contract.conclude_world import HARBOR, KEYS, NOW, ORCHARD, MirrorPortal, closed_won, day
from tests.contract.record_world import counted
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


def test_the_referrer_hears_what_became_of_it_until_somebody_says_it_was_done(
    acme: MirrorPortal,
) -> None:
    concluded(acme, asked(acme), AskOutcome.INTRODUCED, whom=PAT)
    assert ask_reminders.read(acme.context) == []

    acme.deal(90, ZENIT, PAT, created=-0.01, amount="700.00")
    acme.clock.at = NOW + timedelta(days=1)
    acme.settle()
    (opened,) = ask_reminders.read(acme.context)
    assert (opened.reminder.contact_id, opened.reminder.deal_id) == (ANA, 90)
    acme.change("deal", 90, **closed_won(-0.5, "700.00"))
    acme.settle()
    (won,) = ask_reminders.read(acme.context)
    assert won.reminder.because.startswith("A deal with somebody whom they introduced was won on")

    ask_reminders.note_done(acme.context, won.reminder.key, actor=SAM)
    ask_reminders.note_done(acme.context, won.reminder.key, actor=OTHER)
    assert ask_reminders.read(acme.context) == []
    assert acme.values("reminder_done", "done_by") == [SAM]
    assert ask_reminders.take_back(acme.context, won.reminder.key)
    assert len(ask_reminders.read(acme.context)) == 1
    with pytest.raises(Refused, match="no such reminder"):
        ask_reminders.note_done(acme.context, "x", actor=SAM)


def test_a_champions_move_reminds_the_owners_of_both_companies(office: Office) -> None:
    portal = MirrorPortal(office, HARBOR)
    portal.install()
    portal.imported()
    portal.put("company", 1, name="Acme", domain="acme-tools.com", hubspot_owner_id="77")
    portal.put("company", 2, name="Zenit", domain="zenit-labs.com", hubspot_owner_id="78")
    mail = [(900, "priya@acme-tools.com"), (30, "priya@zenit-labs.com")]
    portal.contact(
        12, 2, firstname="Priya", lastname="Raman", email=mail, jobtitle="Head of Operations"
    )
    portal.deal(5, 1, 12, created=800, won=(700, "10000.00"))
    portal.put(
        "contact",
        50,
        created=day(10),
        firstname="Kim",
        email="kim@acme-tools.com",
        jobtitle="Head of Operations",
        associatedcompanyid=1,
    )
    portal.settle()

    def of(owner: int) -> list[tuple[ReminderKind, int]]:
        found = ask_reminders.read(portal.context, {owner})
        return [(one.reminder.kind, one.reminder.contact_id) for one in found]

    assert of(77) == [(ReminderKind.SAVE, 12), (ReminderKind.SUCCESSOR, 50)]
    assert of(78) == [(ReminderKind.WELCOME, 12)]


def test_a_card_and_a_weeks_mail_tell_the_same_in_short(acme: MirrorPortal) -> None:
    by_person = ask_list.card(acme.context, "contact", ANA)
    by_company = ask_list.card(acme.context, "company", ACME)

    assert by_person == by_company
    assert by_person is not None
    assert (by_person.state, by_person.person, by_person.last) == ("ask_now", "Ana Berg", None)
    assert by_person.why.startswith("They were in a meeting with Pat Li (Zenit)")
    assert ask_list.card(acme.context, "contact", PAT) is None

    brief = ask_list.brief(acme.context, 88, Role.SUCCESS)
    assert brief is not None
    assert ([line.contact_id for line in brief.lines], brief.total) == ([ANA], 1)
    assert ask_list.brief(acme.context, 88, Role.MARKETER) is None
    of_nobody = ask_list.brief(acme.context, 88, Role.SELLER)
    assert of_nobody is not None
    assert of_nobody.total == 0


def test_forgetting_somebody_keeps_that_there_was_an_ask_and_nothing_of_them(
    acme: MirrorPortal,
) -> None:
    concluded(acme, asked(acme), AskOutcome.INTRODUCED, whom=PAT)
    with acme.database.portal(HARBOR) as tx:
        forgotten.erase(tx, PAT, keys=KEYS)
        forgotten.erase(tx, ANA, keys=KEYS)
    acme.settle()

    (row,) = acme.kept("ask")
    assert row["contact_id"] < 0
    assert (row["target_contact_id"], row["introduced_contact_id"]) == (None, None)
    assert ANA not in acme.values("readiness", "contact_id")
    assert referrals(acme) == []
    assert listed(acme).asked[0].outcome == AskOutcome.INTRODUCED


def test_the_list_takes_the_same_queries_for_one_person_as_for_many(acme: MirrorPortal) -> None:
    few = queries_of(acme)
    for number in range(6):
        a_firm(acme, 100 + number, 1000 + number)
    acme.settle()

    assert len(listed(acme).lines) == 7
    assert queries_of(acme) <= few
    assert few < 45


def queries_of(portal: MirrorPortal) -> int:
    with counted(portal.database) as statements:
        listed(portal)
    return len(statements)


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
