"""Proposals: what was made after the install is asked about, never taken."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from mappings.records.detection.map_questions import NONE_OF_THESE, Question
from mappings.records.setup_kinds import PROPERTY, REFERRAL_LABELS, STAFF_HOSTS
from mappings.stored.setup_shapes import Candidate

Offers = Iterable[tuple[str, Iterable[Question]]]
"""By setting, the questions that could be asked about it."""


def proposals(
    offers: Offers, seen: Mapping[str, Collection[str]], chosen: Mapping[str, object]
) -> Iterator[Question]:
    """The offers in which something is neither *seen* nor *chosen* by now, about that alone.

    *chosen* is the portal's map as it is stored; what it holds stays preselected.
    """
    for setting, questions in offers:
        mapped = _mapped(chosen.get(setting))
        known = {*seen.get(setting, ()), *mapped}
        for question in questions:
            new = [answer for answer in question.asked.candidates if _is_new(answer, known)]
            if new:
                yield _about(question, new, mapped)


def _mapped(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(entry) for entry in values if entry)


def _is_new(answer: Candidate, known: Collection[str]) -> bool:
    # A label's value is its type id and its text; the map holds the type id.
    type_id = answer.value.partition(":")[0]
    return bool(answer.value) and answer.value not in known and type_id not in known


def _about(question: Question, new: list[Candidate], mapped: tuple[str, ...]) -> Question:
    asked = question.asked
    present = [_as_found(value, asked.candidates) for value in mapped]
    if question.kind == PROPERTY:
        proposal = mapped or tuple(answer.value for answer in new[:1])
        answers = (*present, *new, NONE_OF_THESE)
    elif question.kind == STAFF_HOSTS:
        # The answer is the whole list: what counts today is part of it.
        proposal, answers = mapped, (*present, *new)
    else:
        proposal = tuple(answer.value for answer in new if answer.value in asked.proposal)
        answers = tuple(new) if question.kind == REFERRAL_LABELS else asked.candidates
    because = "it is mapped now" if mapped and question.kind == PROPERTY else asked.because
    found_later = replace(asked, candidates=answers, proposal=proposal, because=because)
    return replace(question, key=f"{question.key}:{new[0].value}", asked=found_later)


def _as_found(value: str, candidates: Iterable[Candidate]) -> Candidate:
    """A value of the map with its sample, where the look found it, too."""
    same = (candidate for candidate in candidates if candidate.value == value)
    return next(same, Candidate(value, value))
