"""Mentioned keys: the keys under which the people and companies that texts name are found."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from integration.conclude.batch import Batch
from integration.conclude.referrals.mention_page import MentionPage, ReportingRecord
from integration.portal.occurrence import LookUpKey
from integration.storage.findings import pending_mentions
from mappings.rules.facts import SELF_REPORTED, TextKind, texts_of
from mappings.rules.identity import companies
from mappings.rules.referrals import mentions, referrals
from mappings.rules.text import names
from mappings.rules.text.address_kinds import clean_email

_LONGEST_NAME, _LONGEST_TEXT = 4, 40  # words
# The kinds of keys under which contacts are found, and those by which a new contact is waited for.
_PERSON_KINDS = frozenset({"mail", "name", "record", "code"})
_AWAITED_KINDS = frozenset({"mail", "name", "code"})

"""What somebody is found by: its kind (mail, name, firm, record, code) and value."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a page's records say, and the keys under which whom they name is found."""

    texts: Sequence[str]
    keys: set[LookUpKey]

    @classmethod
    def by(cls, records: Collection[ReportingRecord], page: MentionPage) -> "Mentioned":
        """Read the texts of these records, and the notes about them."""
        texts = list(_texts(records, page))
        keys = {("code", referrals.code_key(code)) for code in _codes(records)}
        return cls(texts, keys.union(*map(_keys_in, texts)))

    @property
    def person_keys(self) -> list[LookUpKey]:
        """The keys under which contacts are found."""
        return [key for key in self.keys if key[0] in _PERSON_KINDS]

    @property
    def codes(self) -> list[str]:
        """The tracked codes."""
        return [value for kind, value in self.keys if kind == "code"]

    @property
    def firm_names(self) -> set[str]:
        """The plain names that a company can have."""
        return {companies.plain_name(value) for kind, value in self.keys if kind == "firm"} - {""}


def _keys_in(text: str) -> set[LookUpKey]:
    """The keys under which the people and companies that a text can name are found."""
    addresses = {clean_email(text), *mentions.mails(text)} - {""}
    keys = {("mail", address) for address in addresses}
    keys |= {("name", name) for name in _possible_names(text)}
    keys |= {("firm", name) for name in _possible_firms(text)}
    if referrals.is_id(text):
        keys.add(("record", text.strip()))
    return keys


def _texts(records: Iterable[ReportingRecord], page: MentionPage) -> Iterator[str]:
    """Every text of these records that can name somebody, and the notes about them."""
    for record in records:
        for mapped in texts_of(record, TextKind.REFERRER, *SELF_REPORTED):
            yield mapped.text
        for note in page.notes.get(record.id, ()):
            yield note.text


def _codes(records: Iterable[ReportingRecord]) -> Iterator[str]:
    for record in records:
        for mapped in texts_of(record, TextKind.CODE):
            yield mapped.text


def _possible_names(text: str) -> set[str]:
    """The groups of words that can be a person's name, in the order of `names.full_key`."""
    spans = (" ".join(sorted(words)) for words in _word_groups(text, shortest=2))
    return {span for span in spans if len(span) <= names.LONGEST}


def _possible_firms(text: str) -> set[str]:
    """The groups of words that can be a company's name."""
    spans = (" ".join(words) for words in _word_groups(text, shortest=1))
    return {span for span in spans if len(span) <= names.LONGEST}


def _word_groups(text: str, shortest: int) -> Iterator[list[str]]:
    words = names.fold(text).split()[:_LONGEST_TEXT]
    for size in range(shortest, _LONGEST_NAME + 1):
        for start in range(len(words) - size + 1):
            yield words[start : start + size]


def keep_pending(batch: Batch, page: MentionPage, claimed: Collection[int]) -> None:
    """Remember whom these texts name: they are read again when such a person appears."""
    mentioned = dict.fromkeys(claimed, frozenset[str]())
    for owner_id, record in page.reporting.items():
        if owner_id in mentioned:
            mentioned[owner_id] = _awaited(Mentioned.by([record], page).keys)
    pending_mentions.replace(batch.tx, page.owner_type, mentioned)


def _awaited(keys: Iterable[LookUpKey]) -> frozenset[str]:
    """Whole names, addresses and codes of people, and the first words of companies."""
    return frozenset(f"{kind}:{value}" for kind, value in keys if _is_awaited(kind, value))


def _is_awaited(kind: str, value: str) -> bool:
    if kind == "firm":
        return len(value) > 1 and " " not in value
    return kind in _AWAITED_KINDS and bool(value)
