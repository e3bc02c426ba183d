"""Mentions: which of the portal's people and companies a text names, and at which of its words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mappings.rules.facts import Directory
from mappings.rules.identity import companies
from mappings.rules.referrals.referrer_lookup import ReferrerLookup
from mappings.rules.text import names, self_reported
from mappings.rules.text.address_kinds import clean_email
from mappings.rules.text.answer_texts import Word
from mappings.rules.text.folding import words
from mappings.rules.text.names import given_forms
from mappings.rules.text.phrases import tables
from mappings.rules.text.self_reported import Known, Label

LONGEST_NAME = 4
"""Words of a name that are looked up together."""
# Words before a company name; after those of `_SURELY_AT` even a common word is a company.
_AT = words("at bei chez von from of de en em na no da do with mit avec con com")
_SURELY_AT = words("at bei chez")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name at words `start` up to before `end`, with ids of contacts it can mean or a company."""

    start: int
    end: int
    ids: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The words of the name, as the classifier counts names."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Mentions:
    """The people that a text names, and the companies it names on their own."""

    people: tuple[Mention, ...] = ()
    companies: tuple[Mention, ...] = ()

    @property
    def known(self) -> Known:
        """The words that the classifier may believe to be names."""
        people = tuple(person.span for person in self.people)
        return Known(people, tuple(company.span for company in self.companies))


def find(text: str, lookup: ReferrerLookup) -> Mentions:
    """The names in a text: addresses, full names, and first or last names beside their company."""
    answer = self_reported.words_of(text)
    firms = tuple(_firms(answer, lookup.companies))
    people = [*_by_mail(answer, lookup), *_by_full_name(answer, lookup)]
    people += _beside_company(answer, firms, lookup, _places(people))
    taken = _places(people)
    # A company in the sentence of one of its people is their employer and no second recommender.
    theirs = {answer[person.start].sentence for person in people}
    alone = [
        firm
        for firm in firms
        if answer[firm.start].sentence not in theirs and firm.start not in taken
    ]
    return Mentions(tuple(people), tuple(alone))


def _places(mentions: Iterable[Mention]) -> set[int]:
    """The words that are a part of these names."""
    places: set[int] = set()
    for mention in mentions:
        places.update(range(mention.start, mention.end))
    return places


def labels(text: str, lookup: ReferrerLookup, at: datetime | None) -> tuple[Label, ...]:
    """The labels of a text, with the names of people and companies that were customers then."""
    found = find(text, lookup)
    people = tuple(person for person in found.people if _may_speak(person, lookup, at))
    firms = tuple(firm for firm in found.companies if lookup.was_customer(firm.ids[0], at))
    return self_reported.classify(text, Mentions(people, firms).known)


def _may_speak(person: Mention, lookup: ReferrerLookup, at: datetime | None) -> bool:
    """Whether any human that is meant spoke for a customer then."""
    return any(lookup.speaks_for_customer(contact_id, at) for contact_id in person.ids)


def mails(text: str) -> tuple[str, ...]:
    """The mail addresses in a text, as addresses are compared."""
    answer = self_reported.words_of(text)
    emails = (clean_email(word.written) for word in answer if word.kind == "mail")
    return tuple(dict.fromkeys(filter(None, emails)))


def spans(
    answer: Sequence[Word], shortest: int, longest: int = LONGEST_NAME
) -> Iterator[tuple[int, int]]:
    """Neighbouring words of one sentence that can be a name, the longest first."""
    for size in range(longest, shortest - 1, -1):
        for start in range(len(answer) - size + 1):
            part = answer[start : start + size]
            if part[0].sentence == part[-1].sentence and all(word.text for word in part):
                yield start, start + size


def _by_mail(answer: Sequence[Word], lookup: ReferrerLookup) -> Iterator[Mention]:
    for place, word in enumerate(answer):
        if word.kind == "mail" and (ids := lookup.by_email.get(clean_email(word.written), ())):
            yield Mention(place, place + 1, ids)


def _by_full_name(answer: Sequence[Word], lookup: ReferrerLookup) -> Iterator[Mention]:
    taken: set[int] = set()
    for start, end in spans(answer, 2):
        ids = lookup.by_name.get(" ".join(sorted(word.text for word in answer[start:end])), ())
        if ids and taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            yield Mention(start, end, ids)


def _firms(answer: Sequence[Word], known: Directory) -> Iterator[Mention]:
    taken: set[int] = set()
    for start, end in spans(answer, 1):
        company_id = known.by_name.get(" ".join(word.text for word in answer[start:end]))
        if company_id is None or not taken.isdisjoint(range(start, end)):
            continue
        if _is_company(answer, start, end):
            taken.update(range(start, end))
            yield Mention(start, end, (companies.survivor(known, company_id),))


def _is_company(answer: Sequence[Word], start: int, end: int) -> bool:
    """Whether words that are a company's name mean it here.

    "Google" is a search and "friend" a friend, whatever companies are called so.
    """
    part = answer[start:end]
    lead = _lead(answer, start)
    if all(word.text in tables().vocabulary for word in part):
        return lead in _SURELY_AT and (part[0].capital or not _has_capitals(answer))
    if _has_capitals(part):
        return True
    # In small letters it is a name where the writer uses no capitals at all.
    if _has_capitals(answer):
        return False
    return len(part) > 1 or lead in _AT or len(answer) == len(part)


def _lead(answer: Sequence[Word], start: int) -> str:
    """The word before *start* in its sentence, or ""."""
    if not start or answer[start - 1].sentence != answer[start].sentence:
        return ""
    return answer[start - 1].text


def _has_capitals(words: Iterable[Word]) -> bool:
    return any(word.capital for word in words)


def _beside_company(
    answer: Sequence[Word], firms: Sequence[Mention], lookup: ReferrerLookup, taken: Iterable[int]
) -> Iterator[Mention]:
    """Contacts of a named company whose first or last name also stands in its sentence."""
    named = {*taken, *_places(firms)}
    for firm in firms:
        sentence = answer[firm.start].sentence
        places = [place for place, word in enumerate(answer) if word.sentence == sentence]
        free = [place for place in places if place not in named]
        staff = lookup.at_company.get(firm.ids[0], ())
        for place, ids in _staff_at(answer, free, staff, lookup).items():
            start, end = place, place + 1
            # Name and company are one mention where they stand together: "Maria from Acme".
            if abs(place - firm.start) <= LONGEST_NAME:
                start, end = min(start, firm.start), max(end, firm.end)
            yield Mention(start, end, tuple(ids))


def _staff_at(
    answer: Sequence[Word], free: Sequence[int], staff: Iterable[int], lookup: ReferrerLookup
) -> Mapping[int, list[int]]:
    """The contacts among *staff* by the first of the *free* words that is their name."""
    by_place: dict[int, list[int]] = {}
    for contact_id in staff:
        contact = lookup.contacts[contact_id]
        first, last = names.tokens(contact.first_name), names.tokens(contact.last_name)
        places = (place for place in free if _is_name(answer[place], first, last))
        place = next(places, None)
        if place is not None:
            by_place.setdefault(place, []).append(contact_id)
    return by_place


def _is_name(word: Word, first: tuple[str, ...], last: tuple[str, ...]) -> bool:
    """Whether a word is the person's first name, or their last name with a capital."""
    return _is_first(word.text, first) or (word.capital and word.text in last[-1:])


def _is_first(word: str, first: tuple[str, ...]) -> bool:
    if not first:
        return False
    return word == first[0] or first[0] in given_forms(word) or word in given_forms(first[0])
