"""The set-up page: open questions with samples, their answers, and who may not see them."""

from html import unescape

import pytest

from integration.portal import setup_questions
from integration.storage.service import erasure
from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, CUSTOMER_RULE, STAFF_HOSTS
from mappings.stored.setup_shapes import Candidate, SetupQuestion
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor

HOME, SETUP, HEALTH = (f"/portals/{HARBOR}/{page}" for page in ("", "setup", "health"))
HOSTILE = "<script>alert('x')</script>"
ASKED = SetupQuestion(
    text="2,579 companies are customers by stage, 3,480 by won deals, 1,753 by both: which counts?",
    candidates=(
        Candidate(BY_DEALS, "Won deals", count=3480, counted="companies"),
        Candidate(BY_STAGE_ALWAYS, "The stage, always", f"“Maria Lopez {HOSTILE}”", 2579),
    ),
    proposal=(BY_STAGE_ALWAYS,),
    because="9 of 10 stages were set in bulk",
)


@pytest.fixture
def ada(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    return visitor


def ask(town: Town, question: SetupQuestion = ASKED, key: str = "customer") -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        setup_questions.ask(tx, CUSTOMER_RULE, key, question)


def test_an_account_with_nothing_to_ask_says_so(ada: Visitor) -> None:
    assert "Nothing to answer" in ada.get(SETUP).text
    assert "about your account" not in ada.get(HOME).text


def test_a_question_shows_its_candidates_with_samples_and_the_proposal(
    town: Town, ada: Visitor
) -> None:
    ask(town)

    page = unescape(ada.get(SETUP).text)

    assert ASKED.text in page
    assert "Proposed because 9 of 10 stages were set in bulk." in page
    assert "3,480 companies" in page
    assert f'value="{BY_STAGE_ALWAYS}" checked' in page
    assert f'value="{BY_DEALS}" checked' not in page
    assert "Without an answer the proposal counts from " in page


def test_the_front_page_asks_what_writing_waits_for(town: Town, ada: Visitor) -> None:
    ask(town)

    page = unescape(ada.get(HOME).text)

    assert ASKED.text in page
    assert f'value="{BY_STAGE_ALWAYS}" checked' in page
    form = {"kind": CUSTOMER_RULE, "key": "customer", "value": BY_STAGE_ALWAYS}
    ada.press(SETUP, form)
    assert ASKED.text not in unescape(ada.get(HOME).text)


def test_a_sample_with_html_is_shown_as_text(town: Town, ada: Visitor) -> None:
    ask(town)

    page = ada.get(SETUP).text

    assert HOSTILE not in page
    assert "2,579 records, “Maria Lopez &lt;script&gt;" in page


@pytest.mark.parametrize("path", [HOME, SETUP, HEALTH])
def test_every_page_says_that_writing_waits_for_the_answer(
    town: Town, ada: Visitor, path: str
) -> None:
    ask(town)

    page = ada.get(path).text

    assert "Nothing is written to HubSpot yet: it waits for your answer" in page
    assert f"/portals/{HARBOR}/setup" in page


def test_an_answer_counts_at_once_and_is_shown_with_its_author(town: Town, ada: Visitor) -> None:
    ask(town)
    form = {"kind": CUSTOMER_RULE, "key": "customer", "value": BY_STAGE_ALWAYS}

    assert ada.press(SETUP, form).status_code == 303

    page = unescape(ada.get(f"{SETUP}?said=answered").text)
    assert "Kept. Everything is being worked out by your answer" in page
    assert "The stage, always" in page
    assert "<bdi>you</bdi>" in page
    assert "Nothing is written to HubSpot yet" not in ada.get(HOME).text
    assert "always" in ada.get(f"/portals/{HARBOR}/settings").text


def test_the_second_answer_is_refused_with_the_first_one(town: Town, ada: Visitor) -> None:
    ask(town)
    form = {"kind": CUSTOMER_RULE, "key": "customer", "value": BY_DEALS}
    ada.press(SETUP, form)

    refused = ada.press(SETUP, {**form, "value": BY_STAGE_ALWAYS})

    assert refused.status_code == 409
    assert "Nothing was changed. Somebody answered this first" in refused.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "no such kind", "key": "customer", "value": BY_DEALS},
        {"kind": CUSTOMER_RULE, "key": "customer"},
        {"kind": CUSTOMER_RULE, "key": "customer", "value": "everybody"},
    ],
    ids=["empty", "unknown kind", "no choice", "not offered"],
)
def test_a_form_without_an_answer_to_choose_changes_nothing(
    town: Town, ada: Visitor, form: dict[str, str]
) -> None:
    ask(town)

    refused = ada.press(SETUP, form)

    assert refused.status_code == 422
    assert "Nothing was changed." in refused.text
    assert ASKED.text in unescape(refused.text)


def test_another_account_sees_and_answers_nothing_of_it(town: Town, ada: Visitor) -> None:
    ask(town)
    other = town.visitor()
    other.sign_in(ORCHARD)

    assert other.get(SETUP).status_code == 404
    form = {"kind": CUSTOMER_RULE, "key": "customer", "value": BY_DEALS}
    assert other.press(SETUP, form).status_code == 404
    assert "Nothing to answer" in other.get(f"/portals/{ORCHARD}/setup").text
    own = other.press(f"/portals/{ORCHARD}/setup", form)
    assert (own.status_code, ASKED.text in unescape(own.text)) == (422, False)
    assert ASKED.text in unescape(ada.get(SETUP).text)


def test_a_forgotten_person_is_in_no_sample(town: Town, ada: Visitor) -> None:
    ask(town)

    with town.runtime.database.portal(HARBOR) as tx:
        erasure.contact(tx, 12)
        assert erasure.mentions(tx, "Maria Lopez") == []

    page = unescape(ada.get(SETUP).text)
    assert (ASKED.text in page, "Maria Lopez" in page) == (True, False)


def test_many_questions_stand_under_the_title_of_their_kind(town: Town, ada: Visitor) -> None:
    for number in range(40):
        ask(town, key=f"stage {number}")

    page = ada.get(SETUP).text

    assert page.count('<h2 class="kind"') == 1
    assert page.count("<fieldset>") == 40
    assert "40 questions open" in page
    assert "40 questions about your account" in ada.get(HOME).text


def test_none_of_several_is_an_answer(town: Town, ada: Visitor) -> None:
    hosts = (Candidate("a.example", "a.example"), Candidate("b.example", "b.example"))
    asked = SetupQuestion("Whose domains?", hosts, ("a.example",), takes_several=True)
    with town.runtime.database.portal(HARBOR) as tx:
        setup_questions.ask(tx, STAFF_HOSTS, "", asked)
    assert 'type="checkbox"' in ada.get(SETUP).text

    assert ada.press(SETUP, {"kind": STAFF_HOSTS, "key": ""}).status_code == 303

    page = unescape(ada.get(SETUP).text)
    assert "Whose domains? <b>None of these</b>" in page


def test_what_was_changed_in_settings_is_no_question_any_more(town: Town, ada: Visitor) -> None:
    ask(town)
    settings = f"/portals/{HARBOR}/settings"
    ada.press(settings, {"customer_stage": "evangelist"})

    page = unescape(ada.get(SETUP).text)

    assert "Nothing to answer" in page
    assert f"{ASKED.text} <b>Changed in Settings</b>" in page
