"""A portal's words: the properties, options, stages, pipelines and labels that a map can name.

A setting names one of them by its own name or by its label; anything else is refused by name.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.records import text_sources
from mappings.records.catalogue import own_names
from mappings.records.portal_map import PortalMap, dump_portal_map

# By name: what people call it.
Words = Mapping[str, str]
NUMBER: Final = frozenset({"number"})
DAY: Final = frozenset({"date", "datetime"})
ANY_TYPE: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Property:
    """A property of one object type; `options` are empty for a text."""

    label: str
    type: str
    options: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PortalWords:
    """What a portal has, as far as it lets us read it.

    Properties go by object type. What could not be read is missing, and is not checked.
    """

    properties: Mapping[str, Mapping[str, Property]] = field(default_factory=dict)
    pipelines: Words | None = None
    deal_stages: Words | None = None
    ticket_stages: Words | None = None
    labels: Words | None = None
    label_ids: frozenset[str] | None = None
    metrics: Words | None = None

    def options_of(self, object_type: str, name: str) -> Words | None:
        """The options of a property; None where there is nothing to choose from."""
        found = self.properties.get(object_type, {}).get(name)
        return found.options or None if found else None


@dataclass(frozen=True, slots=True)
class Choice:
    """What one setting names: `what` completes "is no …", in `words` or among properties."""

    what: str
    words: Words | None = None
    object_type: str = ""
    types: frozenset[str] = ANY_TYPE


def checked(
    wanted: Mapping[str, Any], before: PortalMap, words: PortalWords
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return settings with names in place of labels, and a sentence for each refused one.

    *wanted* are all settings of a map as they are stored. Only what differs from *before* is
    checked: what a portal lost since is told elsewhere.
    """
    values, present = dict(wanted), dump_portal_map(before)
    problems: dict[str, str] = {}
    choices = {
        **_choices(words),
        "left_options": _left_options(words, values),
        "recurring_property": _recurring(values),
        "ticket_good_ratings": _good_ratings(words, values),
    }
    for setting, choice in choices.items():
        if values[setting] != present[setting]:
            values[setting], problem = _resolved(values[setting], choice, words)
            problems |= {setting: problem} if problem else {}
    return values, problems


def missing(counting: PortalMap, words: PortalWords) -> dict[str, str]:
    """Return a sentence for each setting that names what the portal no longer has."""
    # The defaults name what most portals have; one that never had it has lost nothing.
    _, problems = checked(dump_portal_map(counting), PortalMap(), words)
    return problems


def _choices(words: PortalWords) -> dict[str, Choice]:
    """What each setting names; settings that name nothing of the portal's are left out."""
    stages = Choice("stage of this account's deals", words.deal_stages)
    labels = Choice("association label of this account", words.labels)
    choices = {
        "included_pipelines": Choice("deal pipeline of this account", words.pipelines),
        "won_stages": stages,
        "replaced_stages": stages,
        "ticket_closed_stages": Choice("stage of this account's tickets", words.ticket_stages),
        "amount_property": Choice("number property of deals", None, ObjectType.DEAL, NUMBER),
        "usage_property": Choice("number property of companies", None, ObjectType.COMPANY, NUMBER),
        "usage_metric": Choice("metric that a product sent for this account", words.metrics),
        "milestone_property": Choice("date property of companies", None, ObjectType.COMPANY, DAY),
        "goal_date_property": Choice("date property of companies", None, ObjectType.COMPANY, DAY),
        "onboarding_date_property": Choice(
            "date property of companies", None, ObjectType.COMPANY, DAY
        ),
        "ticket_rating_property": Choice("property of tickets", None, ObjectType.TICKET),
        "renewal_date_property": Choice(
            "date property of companies", None, ObjectType.COMPANY, DAY
        ),
        "term_months_property": Choice("number property of deals", None, ObjectType.DEAL, NUMBER),
        "recurring_deal_property": Choice("property of deals", None, ObjectType.DEAL),
        "health_score_property": Choice("property of companies", None, ObjectType.COMPANY),
        "nps_property": Choice("property of contacts", None, ObjectType.CONTACT),
        "nps_date_property": Choice("date property of contacts", None, ObjectType.CONTACT, DAY),
        "nps_comment_property": Choice("property of contacts", None, ObjectType.CONTACT),
        "buying_role_property": Choice("property of contacts", None, ObjectType.CONTACT),
        "customer_stage": Choice(
            "lifecycle stage of this account",
            words.options_of(ObjectType.COMPANY, "lifecyclestage"),
        ),
        "deal_renewal_types": Choice("deal type", words.options_of(ObjectType.DEAL, "dealtype")),
        "agency_types": Choice("company type", words.options_of(ObjectType.COMPANY, "type")),
        "role_labels": labels,
        "referred_by_labels": labels,
        "referred_by_type_ids": Choice("type id of an association label", _ids(words.label_ids)),
    }
    for source in text_sources.known():
        what = f"property of {_PLURAL.get(source.object_type, source.object_type)}"
        choices[source.setting] = Choice(what, None, source.object_type)
    return choices


def _left_options(words: PortalWords, values: Mapping[str, Any]) -> Choice:
    """The options of the property that says who left; a text has none."""
    name = values.get("left_company_property")
    known = words.properties.get(ObjectType.CONTACT, {}).get(str(name))
    what = f"option of {name}" if name else "option: no property says who left"
    return Choice(what, known.options if known else None)


def _good_ratings(words: PortalWords, values: Mapping[str, Any]) -> Choice:
    """The options of the property that rates tickets; a number has none, and takes any value."""
    name = values.get("ticket_rating_property")
    known = words.properties.get(ObjectType.TICKET, {}).get(str(name))
    what = f"option of {name}" if name else "option: no property rates tickets"
    return Choice(what, (known.options or None) if known else None)


def _recurring(values: Mapping[str, Any]) -> Choice:
    """A number property of companies; of deals in a map that was made when those were proposed."""
    object_type = str(values["recurring_on"])
    return Choice(f"number property of {_PLURAL[object_type]}", None, object_type, NUMBER)


_PLURAL: Final = {"contact": "contacts", "company": "companies", "deal": "deals"}


def _ids(label_ids: frozenset[str] | None) -> Words | None:
    return None if label_ids is None else dict.fromkeys(label_ids, "")


def _resolved(value: Any, choice: Choice, words: PortalWords) -> tuple[Any, str]:  # noqa: ANN401 - a map's values are of several types
    """The value by the portal's names, and why it is refused, if it is."""
    known = _known(choice, words)
    if value in (None, "", []) or known is None:
        return value, ""
    if not isinstance(value, list):
        name = _name_of(str(value), known)
        return (value, _refusal(value, choice, known)) if name is None else (name, "")
    names = [_with_name(item, known) for item in value]
    refused = [item for item, name in zip(value, names, strict=True) if name is None]
    if refused:
        return value, _refusal(_said(refused[0]), choice, known)
    return names, ""


def _known(choice: Choice, words: PortalWords) -> Words | None:
    if not choice.object_type:
        return choice.words
    properties = words.properties.get(choice.object_type)
    if properties is None:
        return None
    ours = own_names(choice.object_type)
    return {
        name: known.label
        for name, known in properties.items()
        if name not in ours and (not choice.types or known.type in choice.types)
    }


def _with_name(item: Any, known: Words) -> Any:  # noqa: ANN401 - an item of a list of several types
    """A list's item by the portal's name: of a pair, as a label with its role, the first part."""
    if isinstance(item, list):
        name = _name_of(str(item[0]), known)
        return None if name is None else [name, *item[1:]]
    if isinstance(item, int):
        return item if str(item) in known else None
    return _name_of(str(item), known)


def _said(item: object) -> object:
    return item[0] if isinstance(item, list) else item


def _name_of(said: str, known: Words) -> str | None:
    """The name of what is said: by its name, else by a label that only one has."""
    if said in known:
        return said
    wanted = said.strip().casefold()
    same = [name for name, label in known.items() if wanted in {name.casefold(), label.casefold()}]
    return same[0] if len(same) == 1 else None


def _refusal(said: object, choice: Choice, known: Words) -> str:
    near = difflib.get_close_matches(str(said), [*known, *known.values()], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f'"{str(said)[:100]}" is no {choice.what}.{hint}'


def words_of(
    definitions: Mapping[str, Iterable[Mapping[str, Any]]],
    pipelines: Mapping[str, Iterable[Mapping[str, Any]]],
    labels: Iterable[Mapping[str, Any]] | None,
) -> PortalWords:
    """Return a portal's words from HubSpot's answers, by object type; what is missing was not read.

    A label is called what a link's label is called: its own text.
    """
    known = None if labels is None else list(labels)
    return PortalWords(
        {kind: _properties(answers) for kind, answers in definitions.items()},
        pipelines=_labelled(pipelines.get(ObjectType.DEAL)),
        deal_stages=_labelled(_stages(pipelines.get(ObjectType.DEAL))),
        ticket_stages=_labelled(_stages(pipelines.get(ObjectType.TICKET))),
        labels=None if known is None else {str(one["label"]): "" for one in known if one["label"]},
        label_ids=None if known is None else frozenset(str(one["typeId"]) for one in known),
    )


def _properties(answers: Iterable[Mapping[str, Any]]) -> dict[str, Property]:
    return {
        str(answer["name"]): Property(
            str(answer.get("label") or ""), str(answer.get("type") or ""), _options(answer)
        )
        for answer in answers
    }


def _options(answer: Mapping[str, Any]) -> dict[str, str]:
    options = answer.get("options") or ()
    return {str(option["value"]): str(option.get("label") or "") for option in options}


def _stages(
    pipelines: Iterable[Mapping[str, Any]] | None,
) -> Iterator[Mapping[str, Any]] | None:
    if pipelines is None:
        return None
    return (stage for pipeline in pipelines for stage in pipeline.get("stages") or ())


def _labelled(answers: Iterable[Mapping[str, Any]] | None) -> dict[str, str] | None:
    if answers is None:
        return None
    return {str(answer["id"]): str(answer.get("label") or "") for answer in answers}
