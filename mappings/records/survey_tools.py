"""Survey tools: how each signs its messages, and where in them an answer's fields stand.

A new tool is a row of `TOOLS`: its signature, and its layout, which is paths into the message.
What a layout finds is read by :mod:`mappings.records.survey_messages`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from mappings.kinds import Labelled

Path = tuple[str, ...]
"""Keys that lead into a message, from outside in."""


class Scheme(Labelled):
    """How a message proves that it comes from who knows the secret."""

    STANDARD = "standard", "Standard Webhooks (webhook-signature)"
    TYPEFORM = "typeform", "Typeform-Signature"
    TALLY = "tally", "Tally-Signature"
    OWN = "own", "X-Second-Order-Signature"


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest answer that a question takes."""

    lowest: int
    highest: int

    @property
    def is_ours(self) -> bool:
        """Whether answers on it count: from 0 to 10 and no other, for scales are not converted."""
        return (self.lowest, self.highest) == (0, 10)


@dataclass(frozen=True, slots=True)
class ScaleKind:
    """What a kind of question says of its scale.

    `scale` is the one that all questions of the kind have; None: each question has its own, and
    says so under `steps` and `starts_at_one` of its properties, or does not.
    """

    scale: Scale | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a tool's messages hold an answer; of several paths the first that leads to something.

    `questions` is a list of answered questions, each with its `names`, `kind` and `values`, or an
    object of answers by question. `definitions` lists all questions of the survey, so that one that
    nobody answered differs from one that is not there. `hidden` are objects of further fields.
    `scales`, `comments` and `addresses` say what the kinds of questions are. `tests` and
    `unfinished` tell messages without an answer that are no mistake.
    """

    id: tuple[Path, ...]
    answered_at: tuple[Path, ...]
    questions: Path
    names: tuple[Path, ...] = ()
    titles: tuple[Path, ...] = ()
    kind: Path = ()
    values: tuple[Path, ...] = ()
    definitions: Path = ()
    properties: Path = ("properties",)
    hidden: tuple[Path, ...] = ()
    scales: Mapping[str, ScaleKind] = field(default_factory=dict)
    comments: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    tests: tuple[tuple[Path, str], ...] = ()
    unfinished: tuple[tuple[Path, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A survey tool: its key and name, how it signs, and its layout.

    Without a layout its messages have the fields of our own form. `makes_secret`: the tool makes
    the secret by itself, and it is entered here.
    """

    key: str
    label: str
    schemes: tuple[Scheme, ...]
    layout: Layout | None = None
    makes_secret: bool = False


_TYPEFORM: Final = Layout(
    id=(("form_response", "token"), ("event_id",)),
    answered_at=(("form_response", "submitted_at"),),
    questions=("form_response", "answers"),
    names=(("field", "ref"), ("field", "id")),
    titles=(("title",),),
    kind=("field", "type"),
    values=(
        ("number",),
        ("text",),
        ("email",),
        ("choice", "label"),
        ("boolean",),
        ("phone_number",),
        ("url",),
        ("date",),
    ),
    definitions=("form_response", "definition", "fields"),
    hidden=(("form_response", "hidden"),),
    scales=MappingProxyType(
        {
            "nps": ScaleKind(Scale(0, 10)),
            "rating": ScaleKind(words="a rating in stars or the like"),
            "opinion_scale": ScaleKind(),
        }
    ),
    comments=frozenset({"long_text"}),
    addresses=frozenset({"email"}),
)

_FORMBRICKS: Final = Layout(
    id=(("data", "id"),),
    answered_at=(("data", "updatedAt"), ("data", "createdAt")),
    questions=("data", "data"),
    hidden=(("data", "data"), ("data", "contactAttributes"), ("data", "personAttributes")),
    tests=((("event",), "testEndpoint"),),
    unfinished=((("event",), "responseCreated"), (("data", "finished"), False)),
)

_TALLY: Final = Layout(
    id=(("data", "responseId"), ("data", "submissionId"), ("eventId",)),
    answered_at=(("data", "createdAt"), ("createdAt",)),
    questions=("data", "fields"),
    names=(("key",),),
    titles=(("label",),),
    kind=("type",),
    values=(("value",),),
    definitions=("data", "fields"),
    hidden=(),
    scales=MappingProxyType(
        {"RATING": ScaleKind(words="a rating in stars or the like"), "LINEAR_SCALE": ScaleKind()}
    ),
    comments=frozenset({"TEXTAREA"}),
    addresses=frozenset({"INPUT_EMAIL"}),
)

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - not a secret, its beginning
GENERIC: Final = Tool("generic", "Another tool, in our own form", (Scheme.OWN, Scheme.STANDARD))
TOOLS: Final = (
    Tool("typeform", "Typeform", (Scheme.TYPEFORM,), _TYPEFORM),
    Tool("formbricks", "Formbricks", (Scheme.STANDARD,), _FORMBRICKS, makes_secret=True),
    Tool("tally", "Tally", (Scheme.TALLY,), _TALLY),
    GENERIC,
)
_BY_KEY: Final = MappingProxyType({tool.key: tool for tool in TOOLS})


def tool_of(key: str | None) -> Tool:
    """Return a tool by its key; our own form for a source that nobody set up."""
    return _BY_KEY.get(key or "", GENERIC)


def is_known(key: str) -> bool:
    """Whether there is a tool with this key."""
    return key in _BY_KEY


def fits(key: str, secret: str) -> bool:
    """Whether a secret can be this tool's: Standard Webhooks asks for base64."""
    if any(scheme is not Scheme.STANDARD for scheme in tool_of(key).schemes):
        return True
    try:
        return len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)) > 0
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class ChosenFields:
    """Which questions or hidden fields of one survey are what; empty: found by the usual names."""

    score: str = ""
    comment: str = ""
    contact: str = ""
    email: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey as it was set up: its tool, and its fields."""

    tool: Tool = GENERIC
    fields: ChosenFields = ChosenFields()


OUR_FORM: Final = Survey()
