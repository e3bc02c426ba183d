"""Because: the reasons of a conclusion as short plain sentences for a CRM field, strongest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mappings.rules.facts import PPM
from mappings.rules.findings import Allocation, CreditLine, Move, Source

FIELD_LIMIT = 600
"""Characters that still read well in a record's sidebar."""
_HOW = {
    "association_label": "by the association on the record",
    "tracked_code": "by a tracked code",
    "field_email": "by the referred-by field",
    "field_name_and_company": "by the referred-by field",
    "named_person": "named in an answer",
    "introduction_email": "by an introduction e-mail",
    "named_company": "named in an answer",
    "note_names_customer": "named in a note",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What to call records in sentences, by id."""

    contacts: Mapping[int, str] = field(default_factory=dict)
    companies: Mapping[int, str] = field(default_factory=dict)

    def contact(self, contact_id: int | None) -> str:
        """A contact's name; an erased or unnamed person stays opaque."""
        return self.contacts.get(contact_id or 0, "") or "a removed or unnamed person"

    def company(self, company_id: int | None) -> str:
        """A company's name."""
        return self.companies.get(company_id or 0, "") or "an unnamed company"


def percent(ppm: int) -> str:
    """Whole percent; what is small but there says so."""
    whole = (ppm + PPM // 200) // (PPM // 100)
    return "under 1%" if whole == 0 and ppm > 0 else f"{whole}%"


def fit(sentences: Iterable[str], limit: int = FIELD_LIMIT) -> str:
    """Join sentences up to *limit* characters: whole ones, else the first cut at a word with an ellipsis."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".strip()
        if len(longer) > limit:
            return text or _cut(sentence, limit)
        text = longer
    return text


def _cut(sentence: str, limit: int) -> str:
    if limit < 1:
        return ""
    head = sentence[: limit - 1]
    if not sentence[limit - 1 : limit].isspace() and " " in head:
        head = head[: head.rindex(" ")]
    return head.rstrip(" ,;:.") + "…"


def of_deal(allocation: Allocation, names: Names, limit: int = FIELD_LIMIT) -> str:
    """Why a deal is second-order revenue; says so when nothing was found."""
    if not allocation.lines:
        return "No customer is known to have led to this deal."
    ordered = sorted(allocation.lines, key=lambda line: (-line.share, line.source.key))
    return fit((sentence(line, names) for line in ordered), limit)


def sentence(line: CreditLine, names: Names) -> str:
    """One source in words, with its certainty and its part of the deal."""
    source = line.source
    tail = f"{percent(source.p)} sure, {percent(line.share_ppm)} of the deal"
    return f"{story(source, names)}: {tail}."


def story(source: Source, names: Names) -> str:
    """What happened, without figures."""
    who, firm = names.contact(source.contact_id), names.company(source.company_id)
    when = f" ({source.at:%Y-%m-%d})" if source.at else ""
    first = source.because[0] if source.because else None
    if source.kind == "moved_champion":
        return f"{who} left {firm}{when} and {first.text if first else 'came to this company'}"
    if source.kind == "referral":
        how = f", {_HOW[first.code]}" if first and first.code in _HOW else ""
        whose = f"{who} of {firm}" if source.contact_id is not None else f"Somebody of {firm}"
        return f"{whose} recommended us{when}{how}"
    return f"Word of mouth{when}: {first.text if first else 'heard of us from others'}"


def of_move(move: Move, names: Names, limit: int = FIELD_LIMIT) -> str:
    """How we know that a person moved."""
    who, old = names.contact(move.new_contact_id), names.company(move.former_company_id)
    goal = f"{old} for {names.company(move.new_company_id)}" if move.new_company_id is not None else old
    head = f"{who} left {goal} by {move.latest:%Y-%m-%d}: {percent(move.confidence)} sure."
    return fit((head, *(f"{reason.text[:1].upper()}{reason.text[1:]}." for reason in move.reasons)), limit)


def source_name(sources: Sequence[Source], names: Names) -> str:
    """The largest credit's person and company, as "Maria Lopez (Acme)"; empty for the pool."""
    if not sources or sources[0].company_id is None:
        return ""
    top = sources[0]
    firm = names.company(top.company_id)
    return firm if top.contact_id is None else f"{names.contact(top.contact_id)} ({firm})"
