"""Messages of survey tools: one answer is read out of each, or a sentence says why there is none."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.records import inbound_bodies
from mappings.records.events import Bad
from mappings.records.inbound_bodies import Answer, Skipped
from mappings.records.survey_tools import (
    TOOLS,
    ChosenFields,
    Layout,
    ScaleKind,
    Scheme,
    Survey,
    Tool,
    fits,
    tool_of,
)

# As the tools send them, cut to what is read and one more field.
TYPEFORM: dict[str, Any] = {
    "event_id": "01DQDVZ0MS8CTJDYVP6KD57J78",
    "event_type": "form_response",
    "form_response": {
        "form_id": "DHsCKv",
        "token": "qcy0wyokfyuo3h6ek3za7qcy0wyoj7wc",
        "landed_at": "2026-10-17T22:03:12Z",
        "submitted_at": "2026-10-17T22:03:43Z",
        "hidden": {"contact_id": "501", "plan": "gold"},
        "definition": {
            "id": "DHsCKv",
            "fields": [
                {"id": "aa1", "ref": "likely", "type": "nps", "title": "Recommend?"},
                {"id": "bb2", "ref": "why", "type": "long_text", "title": "Why?"},
                {"id": "cc3", "ref": "stars", "type": "rating", "title": "Support?"},
            ],
        },
        "answers": [
            {"type": "number", "number": 9, "field": {"id": "aa1", "ref": "likely", "type": "nps"}},
            {"type": "text", "text": "Quick", "field": {"id": "bb2", "type": "long_text"}},
            {"type": "number", "number": 4, "field": {"id": "cc3", "ref": "stars"}},
        ],
    },
}
FORMBRICKS: dict[str, Any] = {
    "webhookId": "cm8x2k4tq0007l508u1d3hz9e",
    "event": "responseFinished",
    "data": {
        "id": "cm8x31w2v000dl508f0a7qk1m",
        "surveyId": "cm8wz6n3a0002l508c4r9t2yb",
        "createdAt": "2026-10-21T22:14:48.012Z",
        "updatedAt": "2026-10-21T22:15:54.776Z",
        "finished": True,
        "data": {"nps": 9, "reason": "Quick", "grid": {"speed": "good"}},
        "contactAttributes": {"email": "Ana@Acme.example", "userId": "u1"},
        "survey": {"title": "Relationship"},
    },
}
TALLY: dict[str, Any] = {
    "eventId": "a4cb511e",
    "eventType": "FORM_RESPONSE",
    "createdAt": "2026-06-28T15:00:21.889Z",
    "data": {
        "responseId": "2wgx4n",
        "createdAt": "2026-06-28T15:00:21.000Z",
        "fields": [
            {"key": "question_1", "label": "Recommend?", "type": "LINEAR_SCALE", "value": 9},
            {"key": "question_2", "label": "Why?", "type": "TEXTAREA", "value": "Quick"},
            {
                "key": "question_3_id",
                "label": "contact_id",
                "type": "HIDDEN_FIELDS",
                "value": "501",
            },
        ],
    },
}
OURS: dict[str, Any] = {
    "id": "a1",
    "score": 9,
    "answered_at": "2026-10-17T22:03:43Z",
    "contact_id": 501,
    "comment": "Quick",
    "campaign": "spring",
}


def survey(tool: str, **chosen: str) -> Survey:
    return Survey(tool_of(tool), ChosenFields(**chosen))


def read(message: object, how: Survey) -> Answer | Skipped | Bad:
    (item,) = inbound_bodies.answers(json.dumps(message).encode(), how)
    return item


def reason(message: object, how: Survey) -> str:
    item = read(message, how)
    assert isinstance(item, Bad), item
    return item.reason


def with_question(kind: str, number: object, **properties: object) -> dict[str, Any]:
    """A Typeform message with one question of a kind, and nothing else that could be the score."""
    message = copy.deepcopy(TYPEFORM)
    field = {"id": "q", "ref": "happy", "type": kind}
    form = message["form_response"]
    form["answers"] = [{"type": "number", "number": number, "field": field}]
    form["definition"]["fields"] = [{**field, "title": "Happy?", "properties": properties}]
    return message


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (TYPEFORM, survey("typeform")),
        (TYPEFORM, survey("typeform", score="Recommend?", comment="why")),
        (TALLY, survey("tally", score="Recommend?")),
        (TALLY, survey("tally", score="question_1")),
        (OURS, survey("generic")),
        ({"type": "survey.answered", "data": OURS}, survey("generic")),
    ],
    ids=["typeform", "typeform named", "tally by label", "tally by key", "ours", "ours wrapped"],
)
def test_a_tools_message_is_read_as_our_own_form_is(message: object, how: Survey) -> None:
    answer = read(message, how)
    assert isinstance(answer, Answer), answer
    assert (answer.score, answer.comment, answer.contact_id) == (9, "Quick", 501)
    assert answer.at.year == 2026


def test_formbricks_names_people_by_their_attributes_and_questions_by_their_ids() -> None:
    answer = read(FORMBRICKS, survey("formbricks"))
    assert isinstance(answer, Answer)
    assert answer.key == "cm8x31w2v000dl508f0a7qk1m"
    assert (answer.score, answer.comment, answer.email) == (9, "Quick", "ana@acme.example")
    assert answer.at == datetime(2026, 10, 21, 22, 15, 54, 776000, tzinfo=UTC)


def test_a_nested_question_is_named_with_a_point() -> None:
    message = copy.deepcopy(FORMBRICKS)
    message["data"]["data"] = {"page2": {"likely": 7, "grid": {"speed": "good"}}}
    answer = read(message, survey("formbricks", score="page2.likely", comment="page2.grid.speed"))
    assert isinstance(answer, Answer)
    assert (answer.score, answer.comment) == (7, "good")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (with_question("rating", 4), "stars"),
        (with_question("opinion_scale", 4, steps=5, start_at_one=True), "from 1 to 5"),
        (with_question("opinion_scale", 4, steps=6), "from 0 to 5"),
        (with_question("opinion_scale", 6, steps=7, start_at_one=True), "from 1 to 7"),
        (with_question("opinion_scale", 6, steps=10, start_at_one=True), "from 1 to 10"),
    ],
    ids=["stars", "1-5", "0-5", "1-7", "1-10"],
)
@pytest.mark.parametrize("chosen", ["", "happy"])
def test_another_scale_is_refused_by_name_even_when_it_was_chosen(
    message: object, words: str, chosen: str
) -> None:
    said = reason(message, survey("typeform", score=chosen))
    assert "Happy?" in said
    assert words in said
    assert "never converted" in said


def test_a_scale_from_0_to_10_that_says_so_is_found_and_one_that_does_not_is_asked_about() -> None:
    found = read(with_question("opinion_scale", 10, steps=11), survey("typeform"))
    assert isinstance(found, Answer)
    assert found.score == 10
    silent = with_question("opinion_scale", 10)
    assert "name the score question in Settings" in reason(silent, survey("typeform"))
    assert isinstance(read(silent, survey("typeform", score="happy")), Answer)


@pytest.mark.parametrize("number", [11, -1, 8.5, "nine", True, [9], "10.0", 100])
def test_a_score_off_the_scale_is_refused(number: object) -> None:
    said = reason(with_question("nps", number), survey("typeform"))
    assert "no whole number from 0 to 10" in said


@pytest.mark.parametrize("number", [9, 9.0, "9", " 9 "])
def test_a_whole_number_may_be_written_as_tools_write_it(number: object) -> None:
    answer = read(with_question("nps", number), survey("typeform"))
    assert isinstance(answer, Answer)
    assert answer.score == 9


def test_of_several_score_questions_one_has_to_be_named() -> None:
    message = with_question("nps", 9)
    second = {"id": "r", "ref": "again", "type": "nps"}
    message["form_response"]["answers"].append({"type": "number", "number": 3, "field": second})
    said = reason(message, survey("typeform"))
    assert "happy" in said
    assert "again" in said
    answer = read(message, survey("typeform", score="again"))
    assert isinstance(answer, Answer)
    assert answer.score == 3


def test_a_wrong_mapping_says_which_questions_there_are() -> None:
    said = reason(TYPEFORM, survey("typeform", score="nosuch"))
    assert "“nosuch”" in said
    assert "“likely”" in said
    assert "correct that in Settings, Survey tools" in said


@pytest.mark.parametrize("message", [FORMBRICKS, OURS, [], "x", {"form_response": {}}, 5, None])
def test_a_message_of_another_tool_says_to_check_the_tool(message: object) -> None:
    body = json.dumps(message).encode()
    for item in inbound_bodies.answers(body, survey("typeform")):
        assert isinstance(item, Bad)
        assert "Typeform" in item.reason or "JSON object" in item.reason


def test_a_question_that_nobody_answered_is_no_answer_and_no_mistake() -> None:
    message = copy.deepcopy(TYPEFORM)
    del message["form_response"]["answers"][0]
    item = read(message, survey("typeform"))
    assert isinstance(item, Skipped), item
    assert "not answered" in item.reason


@pytest.mark.parametrize(
    "changed",
    [{"event": "responseCreated"}, {"data": {**FORMBRICKS["data"], "finished": False}}],
    ids=["just begun", "not finished"],
)
def test_a_survey_under_way_is_waited_for(changed: dict[str, Any]) -> None:
    message = copy.deepcopy(FORMBRICKS) | copy.deepcopy(changed)
    message["data"]["data"] = {"name": "Ana"}
    assert isinstance(read(message, survey("formbricks")), Skipped)


def test_a_test_message_is_no_answer() -> None:
    assert isinstance(read({"event": "testEndpoint"}, survey("formbricks")), Skipped)
    assert isinstance(read({"type": "ping", "data": {"ok": True}}, survey("generic")), Skipped)


def test_a_survey_that_does_not_say_who_answered_says_what_to_add() -> None:
    message = copy.deepcopy(TYPEFORM)
    message["form_response"]["hidden"] = {"plan": "gold"}
    assert "hidden field contact_id, email or token" in reason(message, survey("typeform"))


@pytest.mark.parametrize("unfilled", ["xxxxx", "{{contact.id}}", ""])
def test_a_hidden_field_that_a_link_left_unfilled_names_nobody(unfilled: str) -> None:
    message = copy.deepcopy(TYPEFORM)
    message["form_response"]["hidden"] = {"contact_id": unfilled, "email": "ana@acme.example"}
    answer = read(message, survey("typeform"))
    assert isinstance(answer, Answer)
    assert (answer.contact_id, answer.email) == (None, "ana@acme.example")


def test_who_answered_may_stand_in_a_field_of_any_name_and_a_question_for_it() -> None:
    message = copy.deepcopy(TYPEFORM)
    form = message["form_response"]
    form["hidden"] = {"kunde": "77", "TOKEN": "abc", "answer_id": "x-1"}
    field = {"id": "m", "type": "email"}
    form["answers"].append({"type": "email", "email": "bo@b.example", "field": field})
    answer = read(message, survey("typeform", contact="Kunde"))
    assert isinstance(answer, Answer)
    assert (answer.contact_id, answer.email) == (77, "bo@b.example")
    assert (answer.token, answer.external_id) == ("abc", "x-1")


def test_a_new_tool_is_a_row_and_a_layout() -> None:
    layout = Layout(
        id=(("uuid",),),
        answered_at=(("when",),),
        questions=("items",),
        names=(("q",),),
        kind=("kind",),
        values=(("a",),),
        scales={"zehn": ScaleKind(scale=None)},
    )
    message = {
        "uuid": "u",
        "when": 1790000000000,
        "items": [
            {"q": "score", "a": 10},
            {"q": "contact_id", "a": 5},
            {"q": "new in their version", "a": {"b": [1]}},
        ],
    }
    answer = read(message, Survey(Tool("t", "T", (Scheme.STANDARD,), layout)))
    assert isinstance(answer, Answer)
    assert (answer.key, answer.score, answer.contact_id) == ("u", 10, 5)


def test_every_tool_is_complete() -> None:
    assert len({tool.key for tool in TOOLS}) == len(TOOLS)
    for tool in TOOLS:
        assert tool.schemes
        assert tool_of(tool.key) is tool


def test_a_tool_of_standard_webhooks_has_a_secret_in_base64() -> None:
    assert fits("formbricks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert not fits("formbricks", "whsec_ no base64 !")
    assert fits("typeform", "any words that somebody chose")
