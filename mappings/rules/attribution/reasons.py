"""Reasons of a conclusion as plain sentences that can be read to a customer, strongest first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from mappings.formats import day, percent, sure
from mappings.kinds import SourceKind, Timing
from mappings.rules.attribution.sources import HEARD
from mappings.rules.facts import PPM
from mappings.rules.findings import Allocation, CreditLine, Move, Reason, Source
from mappings.rules.policy import Policy
from mappings.rules.text.names import spoken

FIELD_LIMIT = 600
"""Characters that still read well in a record's sidebar."""
REMOVED = "a removed person"
NOBODY = "No customer is known to have led to this deal."
HOW = {
    "association_label": "by the association on the record",
    "noted_introduction": "by an introduction that we asked for",
    "tracked_code": "by a tracked code",
    "field_email": "by the referred-by field",
    "field_name_and_company": "by the referred-by field",
    "named_person": "named in an answer",
    "introduction_email": "by an introduction e-mail",
    "named_company": "named in an answer",
    "note_names_customer": "named in a note",
}
# All that is known of most people; said of the company, which reads better.
_CUSTOMER = "worked at a customer"
# How somebody stood at the company that was left, by the code of the champion's reason.
_STOOD = {
    "admin": "administered the product",
    "user": _CUSTOMER,
}
_WAS = frozenset({"won_key_role", "won_contact", "deal_contact"})


@dataclass(frozen=True, slots=True)
class Names:
    """What to call records in sentences, by id.

    A contact that is missing was removed; an empty name is one that the CRM does not have.
    """

    contacts: Mapping[int, str] = field(default_factory=dict)
    companies: Mapping[int, str] = field(default_factory=dict)

    def contact(self, contact_id: int | None) -> str:
        """A contact's name on one line; an erased or unnamed person stays opaque."""
        if contact_id is None or contact_id not in self.contacts:
            return REMOVED
        return spoken(self.contacts[contact_id]) or "somebody whose name is not known"

    def company(self, company_id: int | None) -> str:
        """A company's name on one line."""
        return spoken(self.companies.get(company_id or 0, "")) or "a company without a name"


def several(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count} {noun if count == 1 else noun + 's'}"


def fit(sentences: Iterable[str], limit: int = FIELD_LIMIT, *, more: int = 0) -> str:
    """Whole sentences up to *limit* characters, and how many more there are.

    *more* are sentences beyond those given. The first is cut at a word with an ellipsis when even
    it does not fit.
    """
    given = list(sentences)
    total = len(given) + more
    best, text = "", ""
    for count, sentence in enumerate(given, 1):
        text = f"{text} {sentence}".strip()
        if len(text) > limit:
            break
        whole = text if count == total else f"{text} And {total - count} more."
        best = whole if len(whole) <= limit else best
    return best or (_cut(given[0], limit) if given else "")


def _cut(sentence: str, limit: int) -> str:
    if len(sentence) <= limit:
        return sentence
    if limit < 1:
        return ""
    head = sentence[: limit - 1]
    if not sentence[limit - 1 : limit].isspace() and " " in head:
        head = head[: head.rindex(" ")]
    return head.rstrip(" ,;:.") + "…"


def of_deal(
    allocation: Allocation,
    names: Names,
    limit: int = FIELD_LIMIT,
    *,
    opened: datetime | None = None,
) -> str:
    """Why a deal is second-order revenue, for a field; says so when nothing was found."""
    if not allocation.lines:
        return NOBODY
    ordered = strongest_first(allocation.lines)
    shown = ordered[: limit // _SHORTEST + 1]
    return fit(
        (sentence(line, names, opened) for line in shown), limit, more=len(ordered) - len(shown)
    )


_SHORTEST = 20
"""No sentence is shorter, so no more of thousands have to be made than could fit."""


def strongest_first(lines: Iterable[CreditLine]) -> list[CreditLine]:
    """By share, ties to the lower key."""
    return sorted(lines, key=lambda line: (-line.share, line.source.key))


def sentence(line: CreditLine, names: Names, opened: datetime | None = None) -> str:
    """One source in words, with its certainty and its part of the deal's credit."""
    source = line.source
    tail = f"{sure(source.p)}, {percent(Fraction(line.share_ppm, PPM))} of the credit"
    return f"{story(source, names, opened)}: {tail}."


def story(source: Source, names: Names, opened: datetime | None = None) -> str:
    """What happened, without figures. *opened* is when the deal was created."""
    in_words = _IN_WORDS.get(source.kind, _heard)
    text = in_words(source, names, opened)
    return _capital(text)


def _moved(source: Source, names: Names, opened: datetime | None) -> str:
    if source.person_id is None and source.contact_id is None:
        return _told_of_former_job(source, names)
    left = f"{names.contact(source.contact_id)} left {names.company(source.company_id)}"
    when = f" by {day(source.at)}" if source.at else ""
    how = _stood(source.because[1:])
    taking_part = _took_part(source, opened) if source.because else "came to this company"
    if how == _CUSTOMER:
        return f"{left}, a customer then,{when} and {taking_part}"
    if how:
        return f"{left}{when}, where they {how}, and {taking_part}"
    return f"{left}{when} and {taking_part}"


def _told_of_former_job(source: Source, names: Names) -> str:
    """An earlier job that somebody told of, and of which no record of theirs tells."""
    firm = names.company(source.company_id)
    said = source.because[0].text if source.because else "somebody here told of an earlier job"
    return f"{said.removesuffix(' at a customer')} at {firm}, a customer"


def _stood(reasons: Iterable[Reason]) -> str:
    """How the person stood at the company that was left; empty when nothing is known of it."""
    for reason in reasons:
        if reason.code in _WAS:
            return f"had been {reason.text.removeprefix('was ')}"
        if reason.code == "promoter":
            score = reason.text.removeprefix("gave ").split(" on ")[0]
            return f"gave us {score} on {day(reason.at)}" if reason.at else f"gave us {score}"
        if reason.code in _STOOD:
            return _STOOD[reason.code]
    return ""


def _took_part(source: Source, opened: datetime | None) -> str:
    why = source.because[0]
    if opened is None or why.code not in {Timing.SOURCED, Timing.ASSISTED, Timing.PRESENT}:
        return why.text
    if why.code == Timing.SOURCED:
        if why.at is not None and (opened - why.at).days > 0:
            return f"was on this deal {several((opened - why.at).days, 'day')} before it opened"
        return f"was on this deal when it opened{_later(source.at, opened)}"
    if why.code == Timing.PRESENT:
        return "was on this deal without a role"
    if "role" in why.text:
        role = why.text.replace("on the deal", "on this deal")
    else:
        role = f"{why.text} while it was open"
    return role if why.at is None else f"{role}, from {day(why.at)}"


def _later(moved: datetime | None, opened: datetime) -> str:
    days = (opened - moved).days if moved is not None else -1
    if days < 0:
        return ""
    return ", the same day" if days == 0 else f", {several(days, 'day')} later"


def _recommended(source: Source, names: Names, opened: datetime | None) -> str:
    firm = names.company(source.company_id)
    known = source.contact_id is not None or source.person_id is not None
    who = f"{names.contact(source.contact_id)} of {firm}" if known else f"somebody of {firm}"
    first = source.because[0] if source.because else None
    how = f", {HOW[first.code]}" if first and first.code in HOW else ""
    return f"{who} recommended us{_dated(source.at, opened)}{how}"


def _dated(at: datetime | None, opened: datetime | None) -> str:
    if at is None:
        return ""
    if opened is None:
        return f" on {day(at)}"
    days = (opened - at).days
    if at >= opened:
        return f" on {day(at)}, while this deal was open"
    return f" on {day(at)}, {several(days, 'day') if days else 'hours'} before this deal opened"


def _heard(source: Source, names: Names, opened: datetime | None) -> str:
    """Who heard of us, from whom as far as they say, when, and in which words."""
    said = spoken(source.because[0].text) if source.because else ""
    _, _, quote = said.partition(": ")
    in_words = f" ({quote})" if quote.strip('"') else ""
    how = f"from {name}" if (name := said_by(source)) else "by word of mouth"
    return f"{_hearer(source, names)} {HEARD} {how}{_dated(source.at, opened)}{in_words}"


def _hearer(source: Source, names: Names) -> str:
    """Who heard of us; an answer on a deal of several people is nobody's in particular."""
    evidence = source.because[0].evidence if source.because else ()
    if source.contact_id is None or any(record.startswith("deal:") for record in evidence):
        return "somebody on this deal"
    return names.contact(source.contact_id)


def said_by(source: Source) -> str:
    """Who recommended us, as far as word of mouth names them; empty where it does not."""
    heard, _, _ = (source.because[0].text if source.because else "").partition(": ")
    name = heard.removeprefix(f"{HEARD} from ")
    return spoken(name) if name != heard else ""


# What is neither a move nor a referral was heard.
_IN_WORDS: Mapping[str, Callable[[Source, Names, datetime | None], str]] = {
    SourceKind.MOVED_CHAMPION.value: _moved,
    SourceKind.REFERRAL.value: _recommended,
}


def provisional_until(source: Source, won_at: datetime | None, policy: Policy) -> datetime | None:
    """Until when a referral of a won deal is only provisional; None for what is certain to stay."""
    if source.kind != SourceKind.REFERRAL or won_at is None:
        return None
    return won_at + timedelta(policy.referral_hold_days)


def of_move(move: Move, names: Names, limit: int = FIELD_LIMIT) -> str:
    """How we know that a person moved."""
    who, old = names.contact(move.new_contact_id), names.company(move.former_company_id)
    where = old
    if move.new_company_id is not None:
        where = f"{old} for {names.company(move.new_company_id)}"
    head = f"{_capital(who)} left {where} by {day(move.latest)}: {sure(move.confidence)}."
    return fit([head, *(f"{_capital(reason.text)}." for reason in move.reasons)], limit)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def source_name(sources: Sequence[Source], names: Names) -> str:
    """The largest credit's person and company, as "Maria Lopez (Acme)".

    Of word of mouth it is who said it and who heard: "Tom Baker (heard by Maria Lopez)".
    """
    if not sources:
        return ""
    top = sources[0]
    if top.company_id is None:
        return f"{said_by(top) or 'Word of mouth'} (heard by {_hearer(top, names)})"
    firm = names.company(top.company_id)
    return firm if top.contact_id is None else f"{names.contact(top.contact_id)} ({firm})"
