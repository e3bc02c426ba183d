"""Text sources: properties of a portal whose text says who referred, left or changed employers.

One row each. The portal map, the properties that are read with their history, the settings page,
the guess at install, the rules that read a text and the words of their reasons follow from the row.
Adding a text source is adding a row.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mappings.kinds import ObjectType
from mappings.rules.facts import MappedText, TextKind

REFERRALS: Final = "Referrals"
JOB_CHANGES: Final = "People and job changes"
"""Headings of the settings page."""
TEXT: Final = frozenset({"string", "enumeration"})
DAY: Final = frozenset({"date", "datetime"})
HEARD_FROM: Final = "heard_from"
"""The place of labels of "how did you hear about us", whatever the property's name."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Which property serves at install: by the words of its name or label, among these types.

    `asks` is the heading of its words in `mappings/field_words`; `words` are more phrases, written
    as there. `tells` completes "seems to tell …" on the settings page.
    """

    asks: str
    tells: str
    types: frozenset[str] = TEXT
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextSource:
    """A mapped property, or several, whose text one kind of rule reads.

    `setting` is its key in a portal's stored map. `group` and `hint` place it on the settings page.
    Without a `guess` only a person maps it. `has_history` asks HubSpot for all values, since when a
    text stands there. `reason` and `company_reason` are the words of the conclusion, with "{said}"
    for the text ("{company}" for the company that was left). `place` is where its labels are kept,
    when not under the property's own name.
    """

    setting: str
    object_type: str
    kind: TextKind
    group: str
    hint: str
    guess: Guess | None = None
    takes_several: bool = False
    has_history: bool = True
    place: str = ""
    reason: str = MappedText.NAMES
    company_reason: str = MappedText.NAMES_CUSTOMER

    def properties(self, value: object) -> tuple[str, ...]:
        """The property names that a stored value of the setting means."""
        names = value if isinstance(value, list | tuple) else (value,)
        return tuple(str(name) for name in names if name)

    def stored(self, properties: Sequence[str]) -> str | list[str] | None:
        """Property names as the setting is stored: one name or None, or a list."""
        if self.takes_several:
            return list(properties)
        return properties[0] if properties else None

    def place_of(self, property_name: str) -> str:
        """Where labels of this property's text are kept."""
        return self.place or property_name

    def text(self, said: str, at: datetime | None = None, property_name: str = "") -> MappedText:
        """A record's text as the rules take it."""
        place = self.place_of(property_name)
        return MappedText(said, self.kind, at, place, self.reason, self.company_reason)


_WITH_CODE = "came with the code {said}"

SOURCES: Final = (
    TextSource(
        "referred_by_property",
        ObjectType.CONTACT,
        TextKind.REFERRER,
        REFERRALS,
        "Contact property that names who referred them.",
        Guess("referred_by", "who referred a contact"),
    ),
    TextSource(
        "heard_from_property",
        ObjectType.CONTACT,
        TextKind.ANSWER,
        REFERRALS,
        "Contact property: how did you hear about us.",
        Guess("heard_from", "how a contact heard of us"),
        place=HEARD_FROM,
    ),
    TextSource(
        "referral_code_property",
        ObjectType.CONTACT,
        TextKind.CODE,
        REFERRALS,
        "Contact property with a tracked referral code.",
        Guess("used_code", "the referral code that a contact used"),
        reason=_WITH_CODE,
    ),
    TextSource(
        "first_address_property",
        ObjectType.CONTACT,
        TextKind.CODE,
        REFERRALS,
        "Contact property with the address of the page they first came to, such as"
        " HubSpot's “First page seen”: the code of a personal link in it counts.",
        reason=_WITH_CODE,
    ),
    TextSource(
        "own_code_property",
        ObjectType.CONTACT,
        TextKind.OWN_CODE,
        REFERRALS,
        "Contact property with the code a contact gives to others.",
        Guess("own_code", "the code a contact gives to others"),
        has_history=False,  # whose code it is counts, not since when
    ),
    TextSource(
        "deal_referred_by_property",
        ObjectType.DEAL,
        TextKind.REFERRER,
        REFERRALS,
        "Deal property that names who referred it.",
        Guess("referred_by", "who referred a deal"),
        has_history=False,  # a deal's texts count from its creation
    ),
    TextSource(
        "deal_heard_from_property",
        ObjectType.DEAL,
        TextKind.ANSWER,
        REFERRALS,
        "Deal property: how did they hear about us.",
        Guess("heard_from", "how a deal's people heard of us"),
        has_history=False,
        place=HEARD_FROM,
    ),
    TextSource(
        "deal_referral_code_property",
        ObjectType.DEAL,
        TextKind.CODE,
        REFERRALS,
        "Deal property with a tracked referral code.",
        Guess("used_code", "the referral code that a deal came with"),
        has_history=False,
        reason=_WITH_CODE,
    ),
    TextSource(
        "told_properties",
        ObjectType.CONTACT,
        TextKind.FREE_TEXT,
        REFERRALS,
        "Further contact properties whose text may say how they heard of you, one a line.",
        takes_several=True,
    ),
    TextSource(
        "deal_told_properties",
        ObjectType.DEAL,
        TextKind.FREE_TEXT,
        REFERRALS,
        "The same on deals.",
        takes_several=True,
        has_history=False,
    ),
    TextSource(
        "left_company_property",
        ObjectType.CONTACT,
        TextKind.LEFT,
        JOB_CHANGES,
        "Contact property a rep sets when somebody left.",
        Guess("left", "that a contact left their company", TEXT | DAY | {"bool"}),
        reason="the CRM says that the person left {company}",
    ),
    TextSource(
        "new_company_property",
        ObjectType.CONTACT,
        TextKind.EMPLOYER,
        JOB_CHANGES,
        "Contact property with the new employer.",
        Guess("new_company", "a contact's new company"),
        reason="the CRM names {said} as the new company",
    ),
    TextSource(
        "provider_company_property",
        ObjectType.CONTACT,
        TextKind.DETECTED_EMPLOYER,
        JOB_CHANGES,
        "Contact property in which a job-change service writes the employer it found.",
        Guess("service_company", "the employer a job-change service found"),
        reason="a job-change service names {said} as the new company",
    ),
)

# One list for the whole process and no context variable: an import reads pages in several threads.
_MORE: Final[list[TextSource]] = []


def known() -> tuple[TextSource, ...]:
    """The text sources there are, in the order of the settings page."""
    return (*SOURCES, *_MORE) if _MORE else SOURCES


@contextmanager
def with_more(*sources: TextSource) -> Iterator[None]:
    """Add text sources to those of the table inside a with statement: to try a row."""
    _MORE.extend(sources)
    try:
        yield
    finally:
        del _MORE[-len(sources) :]
