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
_AT = words("at bei chez von from of de en em na no da do with mit avec con com")
_SURELY_AT = words("at bei chez")


@dataclass(frozen=True, slots=True)
class Mention:
    """People (by each way they can be read: contact ids) or a company, named at words `start` up to before `end`."""

    start: int
    end: int
    ids: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The words that name them, as the classifier counts names."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Mentions:
    """Everybody a text names, and the companies it names on their own."""

    people: tuple[Mention, ...] = ()
    companies: tuple[Mention, ...] = ()

    @property
    def known(self) -> Known:
        """The words that the classifier may believe to be names."""
        people = tuple(person.span for person in self.people)
        return Known(people, tuple(company.span for company in self.companies))


def find(text: str, ring: ReferrerLookup) -> Mentions:
    """Whom a text names: by address, by full name, or by first or last name beside their company."""
    said = self_reported.words_of(text)
    firms = tuple(_firms(said, ring.companies))
    people = [*_by_mail(said, ring), *_by_full_name(said, ring)]
    people += _beside_company(said, firms, ring, _places(people))
    taken = _places(people)
    # A company in the sentence of one of its people says where they are, not that it told us, too.
    theirs = {said[person.start].sentence for person in people}
    alone = [
        firm
        for firm in firms
        if said[firm.start].sentence not in theirs and firm.start not in taken
    ]
    return Mentions(tuple(people), tuple(alone))


def _places(found: Iterable[Mention]) -> set[int]:
    """The words that are a part of these names."""
    return {place for mention in found for place in range(mention.start, mention.end)}


def labels(text: str, ring: ReferrerLookup, at: datetime | None) -> tuple[Label, ...]:
    """What a text says, with the names of customers believed."""
    found = find(text, ring)
    people = tuple(person for person in found.people if _may_speak(person, ring, at))
    firms = tuple(
        firm for firm in found.companies if at is not None and ring.is_customer(firm.ids[0], at)
    )
    return self_reported.classify(text, Mentions(people, firms).known)


def _may_speak(person: Mention, ring: ReferrerLookup, at: datetime | None) -> bool:
    """Whether any human that is meant spoke for a customer then."""
    return any(ring.speaks_for_customer(contact_id, at) for contact_id in person.ids)


def mails(text: str) -> tuple[str, ...]:
    """The mail addresses in a text, as addresses are compared."""
    words_of_text = self_reported.words_of(text)
    found = (clean_email(word.written) for word in words_of_text if word.kind == "mail")
    return tuple(dict.fromkeys(filter(None, found)))


def spans(
    said: Sequence[Word], shortest: int, longest: int = LONGEST_NAME
) -> Iterator[tuple[int, int]]:
    """Neighbouring words of one sentence that can be a name, the longest first."""
    for size in range(longest, shortest - 1, -1):
        for start in range(len(said) - size + 1):
            part = said[start : start + size]
            if part[0].sentence == part[-1].sentence and all(word.text for word in part):
                yield start, start + size


def _by_mail(said: Sequence[Word], ring: ReferrerLookup) -> Iterator[Mention]:
    for place, word in enumerate(said):
        if word.kind == "mail" and (ids := ring.by_email.get(clean_email(word.written), ())):
            yield Mention(place, place + 1, ids)


def _by_full_name(said: Sequence[Word], ring: ReferrerLookup) -> Iterator[Mention]:
    taken: set[int] = set()
    for start, end in spans(said, 2):
        ids = ring.by_name.get(" ".join(sorted(word.text for word in said[start:end])), ())
        if ids and taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            yield Mention(start, end, ids)


def _firms(said: Sequence[Word], known: Directory) -> Iterator[Mention]:
    taken: set[int] = set()
    for start, end in spans(said, 1):
        company = known.by_name.get(" ".join(word.text for word in said[start:end]))
        if (
            company is None
            or not taken.isdisjoint(range(start, end))
            or not _is_meant(said, start, end)
        ):
            continue
        taken.update(range(start, end))
        yield Mention(start, end, (companies.survivor(known, company),))


def _is_meant(said: Sequence[Word], start: int, end: int) -> bool:
    """Whether a company's name stands for it: "Google" is a search, "friend" a friend, whoever is called so."""
    part = said[start:end]
    lead = said[start - 1].text if start and said[start - 1].sentence == part[0].sentence else ""
    if all(word.text in tables().vocabulary for word in part):
        return lead in _SURELY_AT and (part[0].capital or not _has_capitals(said))
    if part[0].capital or any(word.capital for word in part):
        return True
    return not _has_capitals(said) and (len(part) > 1 or lead in _AT or len(said) == len(part))


def _has_capitals(said: Iterable[Word]) -> bool:
    return any(word.capital for word in said)


def _beside_company(
    said: Sequence[Word], firms: Sequence[Mention], ring: ReferrerLookup, taken: Iterable[int]
) -> Iterator[Mention]:
    """Contacts of a named company whose first or last name also stands in its sentence."""
    own = {*taken, *_places(firms)}
    for firm in firms:
        sentence = said[firm.start].sentence
        free = [
            place
            for place, word in enumerate(said)
            if word.sentence == sentence and place not in own
        ]
        by_place = _staff_at(said, free, ring.at_company.get(firm.ids[0], ()), ring)
        for place, ids in by_place.items():
            near = abs(place - firm.start) <= LONGEST_NAME
            start, end = (
                (min(place, firm.start), max(place + 1, firm.end)) if near else (place, place + 1)
            )
            yield Mention(start, end, tuple(ids))


def _staff_at(
    said: Sequence[Word], free: Sequence[int], staff: Iterable[int], ring: ReferrerLookup
) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for contact_id in staff:
        contact = ring.contacts[contact_id]
        first, last = names.tokens(contact.first_name), names.tokens(contact.last_name)
        place = next(
            (free_place for free_place in free if _is_of(said[free_place], first, last)), None
        )
        if place is not None:
            found.setdefault(place, []).append(contact_id)
    return found


def _is_of(word: Word, first: tuple[str, ...], last: tuple[str, ...]) -> bool:
    """Whether a word is the person's first name, or their last name with a capital."""
    return _is_first(word.text, first) or (word.capital and word.text in last[-1:])


def _is_first(word: str, first: tuple[str, ...]) -> bool:
    return bool(first) and (
        word == first[0] or first[0] in given_forms(word) or word in given_forms(first[0])
    )
