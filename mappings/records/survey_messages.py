"""Survey messages: one answer is read out of a tool's message by the tool's layout."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError

from mappings.records import identifiers
from mappings.records.survey_tools import (
    ChosenFields,
    Layout,
    Path,
    Scale,
    ScaleKind,
    Survey,
    Tool,
)

# How the fields are usually called, in small letters, where nobody said it.
_SCORES: Final = ("nps", "nps_score", "score")
_COMMENTS: Final = ("comment", "nps_comment", "reason")
_CONTACTS: Final = ("contact_id", "hs_object_id", "hubspot_contact_id", "hubspot_id")
_EMAILS: Final = ("email", "e-mail", "email_address")
_TOKENS: Final = ("token", "second_order_survey_link", "survey_link")
_ANSWERS: Final = ("answer_id", "external_id")
_MOST_NAMED: Final = 8
_LONGEST_NAME: Final = 80
_WHERE: Final = "in Settings, Survey tools"
_NOBODY: Final = (
    "it does not say who answered: give the survey a hidden field contact_id, email or token,"
    f" or name the field that says it {_WHERE}"
)
_DEEPEST: Final = 3
_DIGITS: Final = re.compile(r"\s*\d{1,2}\s*", re.ASCII)
_TOP: Final = 10


class NoAnswer(Exception):
    """A message that holds no answer and is no mistake: a test, or a survey under way."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a survey with what was answered; None: nothing was."""

    name: str
    value: object
    kind: str = ""
    scale: Scale | None = None
    others: tuple[str, ...] = ()
    other_scale: str = ""

    def is_called(self, name: str) -> bool:
        """Whether this is one of its names, however it is written."""
        wanted = name.strip().casefold()
        return wanted in {other.strip().casefold() for other in (self.name, *self.others)}


def fields_of(survey: Survey, message: object) -> dict[str, Any]:
    """Return what our own form would have held.

    Raises NoAnswer for a message without one, and ValidationError for one that cannot be read, with
    a sentence that says what to do.
    """
    layout = survey.tool.layout
    if layout is None:
        return _own_form(message)
    if not isinstance(message, Mapping):
        raise ValidationError("a message is a JSON object")
    _look_for_tests(layout, message)
    _check_tool(survey.tool, layout, message)
    questions = list(_questions(layout, message))
    hidden = _hidden(layout, message, questions)
    return {
        "id": _text(_first(message, layout.id)),
        "score": _score(survey, layout, message, questions),
        "answered_at": _first(message, layout.answered_at),
        "comment": _comment(survey.fields, layout, questions),
        **_person(survey.fields, layout, questions, hidden),
        "external_id": _named(hidden, "", _ANSWERS),
    }


def _own_form(message: object) -> dict[str, Any]:
    """Our own form, as it is or as the data of a Standard Webhooks message."""
    if not isinstance(message, Mapping):
        raise ValidationError("an item is a JSON object")
    data = message.get("data")
    if isinstance(data, Mapping) and "score" not in message:
        if message.get("type") in ("ping", "test"):
            raise NoAnswer("a test message")
        return dict(data)
    return dict(message)


def _look_for_tests(layout: Layout, message: Mapping[str, Any]) -> None:
    for path, value in layout.tests:
        if _at(message, path) == value:
            raise NoAnswer("a test message")


def _check_tool(tool: Tool, layout: Layout, message: Mapping[str, Any]) -> None:
    """Refuse what does not look like this tool's messages: the source names another tool."""
    needed = (layout.id, layout.answered_at, (layout.questions,))
    if any(_first(message, paths) is None for paths in needed):
        raise ValidationError(
            f"this is no answer as {tool.label} sends it: check the tool {_WHERE}"
        )


def _questions(layout: Layout, message: Mapping[str, Any]) -> Iterator[Question]:
    """Answered questions, nested ones by their names with a point between, and unanswered ones."""
    defined = _defined(layout, message)
    asked = _at(message, layout.questions)
    if isinstance(asked, Mapping):
        yield from _by_name(asked)
        return
    listed = asked if isinstance(asked, list) else []
    seen: set[str] = set()
    for item in listed:
        if not isinstance(item, Mapping):
            continue
        question = _answered(layout, item, defined)
        seen.update((question.name, *question.others))
        yield question
    for name, definition in defined.items():
        if name not in seen:
            yield _question(layout, definition, None, definition)
            seen.update(_names(layout, definition))


def _defined(layout: Layout, message: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What the survey says of its questions, by each of their names."""
    defined: dict[str, Mapping[str, Any]] = {}
    definitions = _at(message, layout.definitions) if layout.definitions else None
    for definition in definitions if isinstance(definitions, list) else ():
        if isinstance(definition, Mapping):
            defined.update(dict.fromkeys(_names(layout, definition), definition))
    return defined


def _answered(
    layout: Layout, item: Mapping[str, Any], defined: Mapping[str, Mapping[str, Any]]
) -> Question:
    own = _names(layout, item)
    definition = next((defined[name] for name in own if name in defined), {})
    return _question(layout, item, _first(item, layout.values), definition)


def _question(
    layout: Layout, item: Mapping[str, Any], value: object, definition: Mapping[str, Any]
) -> Question:
    own = (*_names(layout, item), *_names(layout, definition))
    names = tuple(dict.fromkeys([*own, *_titles(layout, item, definition)]))
    kind = _text(_at(item, layout.kind)) or _text(definition.get("type"))
    scale, other = _scale(layout.scales.get(kind), _at(definition, layout.properties))
    return Question(next(iter(names), ""), value, kind, scale, names[1:], other)


def _names(layout: Layout, item: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a question: in an answer they stand under its field, in a definition on top."""
    paths = [*layout.names, *(path[-1:] for path in layout.names)]
    found = [_text(_at(item, path)) for path in paths]
    return tuple(dict.fromkeys(name for name in found if name))


def _titles(
    layout: Layout, item: Mapping[str, Any], definition: Mapping[str, Any]
) -> Iterator[str]:
    for path in layout.titles:
        yield from filter(None, (_text(_at(item, path)), _text(_at(definition, path))))


def _scale(kind: ScaleKind | None, properties: object) -> tuple[Scale | None, str]:
    """The scale of a question as far as it is said, and words for one that is another."""
    if kind is None:
        return None, ""
    if kind.scale or kind.words:
        return kind.scale, kind.words
    steps = properties.get("steps") if isinstance(properties, Mapping) else None
    if not isinstance(steps, int):
        return None, ""
    start = 1 if isinstance(properties, Mapping) and properties.get("start_at_one") else 0
    scale = Scale(start, start + steps - 1)
    return scale, "" if scale.is_ours else f"from {scale.lowest} to {scale.highest}"


def _by_name(asked: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[Question]:
    for name, value in asked.items():
        full = f"{before}{name}"
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _by_name(value, f"{full}.", depth + 1)
        else:
            yield Question(full, value)


def _score(
    survey: Survey, layout: Layout, message: Mapping[str, Any], questions: Sequence[Question]
) -> int:
    chosen = _score_question(survey, layout, message, questions)
    if chosen.other_scale:
        raise ValidationError(_refused_scale(chosen), "score")
    if chosen.value in (None, ""):
        raise NoAnswer("the score question was not answered")
    score = _whole(chosen.value)
    if score is None or not 0 <= score <= _TOP:
        raise ValidationError(
            f"the answer to {_quoted(chosen)} is no whole number from 0 to 10;"
            " answers on other scales are never converted",
            "score",
        )
    return score


def _score_question(
    survey: Survey, layout: Layout, message: Mapping[str, Any], questions: Sequence[Question]
) -> Question:
    name = survey.fields.score
    wanted = [question for question in questions if _is_score(question, name)]
    if len(wanted) == 1:
        return wanted[0]
    if _is_unfinished(layout, message):
        raise NoAnswer("the survey is under way, and its score is not there yet")
    if len(wanted) > 1:
        raise ValidationError(
            f"several questions may be the score, {_list(wanted)}: name one {_WHERE}", "score"
        )
    raise ValidationError(_no_score(name, questions), "score")


def _is_score(question: Question, name: str) -> bool:
    """Whether this is the question that was chosen; without a choice, whether it says so itself."""
    if name:
        return question.is_called(name)
    if question.scale is not None:
        return question.scale.is_ours
    return not question.kind and any(map(question.is_called, _SCORES))


def _no_score(name: str, questions: Sequence[Question]) -> str:
    if name:
        return f"it has no question {_cut(name)}, only {_list(questions)}: correct that {_WHERE}"
    others = [question for question in questions if question.other_scale]
    if others:
        return _refused_scale(others[0])
    return (
        f"no question says that it is answered from 0 to 10, of {_list(questions)}:"
        f" name the score question {_WHERE}"
    )


def _refused_scale(question: Question) -> str:
    return (
        f"{_quoted(question)} is answered on another scale, {question.other_scale};"
        " only answers from 0 to 10 count, and others are never converted"
    )


def _is_unfinished(layout: Layout, message: Mapping[str, Any]) -> bool:
    return any(_at(message, path) == value for path, value in layout.unfinished)


def _comment(chosen: ChosenFields, layout: Layout, questions: Sequence[Question]) -> str:
    if chosen.comment:
        wanted = [question for question in questions if question.is_called(chosen.comment)]
    else:
        wanted = [question for question in questions if _is_comment(layout, question)]
    return _text(wanted[0].value) if len(wanted) == 1 else ""


def _is_comment(layout: Layout, question: Question) -> bool:
    return question.kind in layout.comments or any(map(question.is_called, _COMMENTS))


def _hidden(
    layout: Layout, message: Mapping[str, Any], questions: Sequence[Question]
) -> dict[str, str]:
    """Further fields by name in small letters; questions count as fields, too."""
    found = {
        name.casefold(): _text(question.value)
        for question in questions
        for name in (question.name, *question.others)
    }
    for path in layout.hidden:
        fields = _at(message, path)
        if isinstance(fields, Mapping):
            found |= {str(name).casefold(): _text(value) for name, value in fields.items()}
    return {name: value for name, value in found.items() if value}


def _person(
    chosen: ChosenFields,
    layout: Layout,
    questions: Sequence[Question],
    hidden: Mapping[str, str],
) -> dict[str, str | None]:
    addresses = [
        _text(question.value)
        for question in questions
        if question.kind in layout.addresses and _text(question.value)
    ]
    token = _named(hidden, chosen.token, _TOKENS)
    email = _named(hidden, chosen.email, _EMAILS) or next(iter(addresses), "")
    contact_id = _named(hidden, chosen.contact, _CONTACTS)
    if not identifiers.read(contact_id) and (token or email):
        # A field that the survey's link left unfilled, as "{{contact.id}}" or "xxxxx".
        contact_id = ""
    if not (token or email or contact_id):
        raise ValidationError(_NOBODY, "contact_id")
    return {"token": token, "contact_id": contact_id or None, "email": email or None}


def _named(hidden: Mapping[str, str], chosen: str, usual: Sequence[str]) -> str:
    if chosen:
        return hidden.get(chosen.casefold(), "")
    return next((hidden[name] for name in usual if name in hidden), "")


def _first(item: Mapping[str, Any], paths: Sequence[Path]) -> Any:  # noqa: ANN401 - JSON
    found = (_at(item, path) for path in paths)
    return next((value for value in found if value is not None), None)


def _at(item: object, path: Path) -> Any:  # noqa: ANN401 - JSON
    for key in path:
        if not isinstance(item, Mapping):
            return None
        item = item.get(key)
    return item


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _whole(value: object) -> int | None:
    """A whole number as tools send it: 9, 9.0 or "9"."""
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == int(value) else None


def _quoted(question: Question) -> str:
    # A title, if there is one, is its last name.
    return _cut((question.name, *question.others)[-1])


def _list(questions: Sequence[Question]) -> str:
    names = [_cut(question.name) for question in questions]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(names[:_MOST_NAMED]) or "none at all") + more


def _cut(name: str) -> str:
    return f"“{name[:_LONGEST_NAME]}”"
