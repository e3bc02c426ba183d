"""Survey tools and unmatched answers: an admin sets surveys up, and strangers' answers find their person."""

from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest

from integration.portal.runtime import Runtime
from integration.storage.mirror import inbound_items, mirror
from integration.storage.mirror.inbound_items import SaidAnswer
from integration.storage.mirror.mirror import MirroredRecord
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened

SURVEYS = f"/portals/{HARBOR}/settings/surveys"
UNMATCHED = f"/portals/{HARBOR}/answers/unmatched"
HTML = "<b>so</b> & 'so'"
AT = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    with opened(runtime) as built:
        yield built


@pytest.fixture
def ada(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    return visitor


def contact(town: Town, contact_id: int, **properties: str) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        mirror.store(tx, [MirroredRecord("contact", contact_id, dict(properties), {})])


def waiting(town: Town, *keys: str, score: int = 3) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        said = [
            SaidAnswer("survey:own", key, score, AT, HTML, None, f"{key}@nowhere.example")
            for key in keys
        ]
        inbound_items.keep_answers(tx, said)


def answers(town: Town, portal_id: int = HARBOR) -> list[dict[str, object]]:
    with town.runtime.database.portal(portal_id) as tx:
        return [dict(row) for row in tx.rows("SELECT * FROM answer ORDER BY answer_key")]


def test_an_admin_sets_a_survey_up_and_reads_its_address_and_secret(
    town: Town, ada: Visitor
) -> None:
    assert "No survey is set up" in ada.get(SURVEYS).text
    made = ada.press(SURVEYS, {"name": "spring", "tool": "typeform", "score": "likely"})
    assert made.status_code == 303
    page = unescape(ada.get(SURVEYS).text)
    assert f"{town.origin}/webhooks/surveys/spring?account={HARBOR}" in page
    assert "whsec_" in page
    assert 'value="likely"' in page

    assert (
        ada.press(f"{SURVEYS}/spring/secret", {"secret": "as the tool shows it"}).status_code == 303
    )
    page = unescape(ada.get(SURVEYS).text)
    assert "as the tool shows it" in page
    assert "Secret before" in page

    assert ada.press(f"{SURVEYS}/spring/fields", {"score": HTML}).status_code == 303
    assert HTML not in ada.get(SURVEYS).text
    assert HTML in unescape(ada.get(SURVEYS).text)
    assert ada.press(f"{SURVEYS}/spring/remove").status_code == 303
    assert "No survey is set up" in ada.get(SURVEYS).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "Not A Name", "tool": "typeform"}, "named by 1 to 40"),
        ({"name": "", "tool": "typeform"}, "named by 1 to 40"),
        ({"name": "x", "tool": "nosuch"}, "Choose the tool"),
        ({"name": "x", "tool": "typeform", "secret": "short"}, "16 to 200 characters"),
        ({"name": "x", "tool": "formbricks", "secret": "no base64 at all!"}, "begins with whsec_"),
        ({"name": "x", "tool": "typeform", "score": "x" * 201}, "at most 200 characters"),
        ({"name": "there", "tool": "typeform"}, "There is a survey there already"),
    ],
    ids=["name", "no name", "tool", "short", "no base64", "long field", "twice"],
)
def test_what_cannot_be_set_up_is_refused_with_what_to_do(
    ada: Visitor, form: dict[str, str], words: str
) -> None:
    ada.press(SURVEYS, {"name": "there", "tool": "tally"})
    refused = ada.press(SURVEYS, form)
    assert refused.status_code == 422
    assert words in unescape(refused.text)


def test_a_strangers_answer_is_matched_with_the_contact_that_somebody_names(
    town: Town, ada: Visitor
) -> None:
    contact(town, 501, firstname="Ana", lastname="Reyes", email="ana@acme.example")
    waiting(town, "k1", "k2")
    page = ada.get(UNMATCHED)
    assert "2 answers wait" in page.text
    assert HTML not in page.text
    assert HTML in unescape(page.text)

    chosen = {"source": "survey:own", "key": "k1", "contact": "Ana Reyes"}
    assert ada.press(f"{UNMATCHED}/match", chosen).status_code == 303
    assert ada.press(f"{UNMATCHED}/match", chosen).status_code == 422, "it waits no more"
    one, two = answers(town)
    assert (one["contact_id"], one["matched_by"]) == (501, "hand")
    assert two["contact_id"] is None
    assert "1 answer waits" in ada.get(UNMATCHED).text

    with town.runtime.database.portal(HARBOR) as tx:
        later = SaidAnswer("survey:own", "k1", 9, AT, "", None, "k1@nowhere.example")
        inbound_items.keep_answers(tx, [later])
    assert answers(town)[0]["contact_id"] == 501, "a corrected answer stays with its person"


def test_a_name_that_several_have_is_asked_about(town: Town, ada: Visitor) -> None:
    for contact_id in (501, 502):
        contact(town, contact_id, firstname="Ana", lastname="Reyes")
    waiting(town, "k1")
    named = {"source": "survey:own", "key": "k1", "contact": "Ana Reyes"}
    asked = ada.press(f"{UNMATCHED}/match", named)
    assert asked.status_code == 422
    assert "Which one?" in asked.text
    chosen = named | {"contact_asked": "Ana Reyes", "contact_choice": "502"}
    assert ada.press(f"{UNMATCHED}/match", chosen).status_code == 303
    assert answers(town)[0]["contact_id"] == 502


def test_a_dismissed_answer_keeps_no_words_and_does_not_come_back(town: Town, ada: Visitor) -> None:
    waiting(town, "k1")
    named = {"source": "survey:own", "key": "k1"}
    assert ada.press(f"{UNMATCHED}/dismiss", named).status_code == 422, "without a reason"
    assert ada.press(f"{UNMATCHED}/dismiss", named | {"reason": "a test"}).status_code == 303
    waiting(town, "k1", score=9)
    (kept,) = answers(town)
    assert (kept["email"], kept["comment"], kept["score"]) == (None, None, 3)
    assert kept["dismissed_because"] == "a test"
    assert "Every answer has its person" in ada.get(UNMATCHED).text


def test_many_are_listed_page_by_page_and_none_of_another_account(town: Town, ada: Visitor) -> None:
    waiting(town, *(f"k{number:02}" for number in range(60)))
    first = ada.get(UNMATCHED).text
    assert first.count("@nowhere.example") == 50
    following = unescape(first.partition('rel="next" href="')[2].partition('"')[0])
    assert ada.get(following).text.count("@nowhere.example") == 10
    eve = town.visitor()
    eve.sign_in(ORCHARD)
    assert "@nowhere.example" not in eve.get(f"/portals/{ORCHARD}/answers/unmatched").text
    assert eve.get(UNMATCHED).status_code in {403, 404, 302}
