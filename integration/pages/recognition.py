"""Recognition: the pattern of a sentence that was made elsewhere, and often stored, in English.

Rules and use cases say whole English sentences: HubSpot's fields, logs and commands show them, and
reasons are stored as such. A page in another language finds the pattern that made a sentence in
its catalogue, and puts the sentence's parts into the translation. What it does not recognise stays
English, and is marked as English where it is shown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from integration.pages import figures
from integration.pages.languages import catalogue, language

_PLACE = re.compile(r"%\((\w+)\)s")
_LEAST_LETTERS = 6  # beside the parts; with fewer a pattern would fit anything
# What may stand in places in capitals; in any other, anything.
_FORMS: Mapping[str, str] = {
    "DAY": r"\d{1,2} [A-Z][a-z]+ \d{4}",
    "DAYS": r"[\d,]+ days?|hours|a day",
    "MOMENT": r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC[-+:\d]*",
    "MONTH": r"[A-Z][a-z]+ \d{4}",
    "NUMBER": r"[\d,]+",
    "MONEY": r"[-+]?(?:[A-Z]{3} |[€$£¥])[\d,.]+",
    "SHARE": r"[\d.]+%|under 1%",
    "SURE": r"certain|(?:sure|likely|possible|doubtful) \([^)]*\)",
}
_SENTENCE_END = re.compile(r'(?:(?<=\w\w[.!?])|(?<=\)[.!?])) (?=["“]?[A-Z])')
_LONGEST = 2_000  # characters; what is longer is nobody's sentence


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A text with places for parts; *longest* is its longest piece between them."""

    text: str
    expression: re.Pattern[str]
    longest: str
    letters: int


def recognised(text: str) -> str | None:
    """Return a sentence in the reader's language; None for what no pattern made.

    Nothing of it is remembered: sentences name people, who may be forgotten.
    """
    return _recognised(language(), text) if len(text) <= _LONGEST else None


def _recognised(code: str, text: str) -> str | None:
    pieces = _SENTENCE_END.split(text)
    if len(pieces) > 1:
        said = [_sentence(code, piece) for piece in pieces]
        known = [piece for piece in said if piece is not None]
        if len(known) == len(pieces):
            return " ".join(known)
    return _sentence(code, text) or _list(code, text)


def _list(code: str, text: str) -> str | None:
    """Things one after the other: "no open ticket, a champion"."""
    pieces = text.split(", ")
    if len(pieces) == 1:
        return None
    said = [
        figures.again(piece) or _exactly(code, piece) or _by_pattern(code, piece)
        for piece in pieces
    ]
    known = [piece for piece in said if piece is not None]
    return ", ".join(known) if len(known) == len(pieces) else None


def _sentence(code: str, text: str) -> str | None:
    """One sentence; a rule's may have got a full stop and a capital to stand on its own."""
    if text.endswith(".") and (said := _with_any_capital(code, text.removesuffix("."))):
        return f"{said}."
    return _with_any_capital(code, text)


def _with_any_capital(code: str, text: str) -> str | None:
    said = _exactly(code, text) or _by_pattern(code, text)
    if said is not None or not text[:1].isupper():
        return said
    return _capital(_exactly(code, _small(text)) or _by_pattern(code, _small(text)))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str | None) -> str | None:
    return text and text[0].upper() + text[1:]


def _exactly(code: str, text: str) -> str | None:
    said: str = catalogue(code).translations.ugettext(text)
    return said if said != text else None


def _by_pattern(code: str, text: str) -> str | None:
    for pattern in _patterns(code):
        if pattern.longest in text and (found := pattern.expression.fullmatch(text)):
            parts = {name: _part(code, part) for name, part in found.groupdict("").items()}
            return str(catalogue(code).translations.ugettext(pattern.text) % parts)
    return None


def _part(code: str, part: str) -> str:
    """A part in the reader's language: a figure, a word of ours, or a sentence; names stay."""
    bare = part.strip()
    said = figures.again(bare) or _by_pattern(code, bare) or _list(code, bare)
    # A name is seldom written small: "Home" may be a company, "contact" is a word of ours.
    if said is None and bare[:1].islower():
        said = _exactly(code, bare)
    elif said is None:
        said = _capital(_by_pattern(code, _small(bare)))
    return part if said is None else part.replace(bare, said)


@cache
def _patterns(code: str) -> Sequence[_Pattern]:
    """Every text with places that is recognised, what says most beside its parts first.

    Before them stand those that put figures behind a whole story.
    """
    return sorted(
        _read_patterns(code),
        key=lambda pattern: (
            not pattern.text.startswith("%(story)s"),
            -pattern.letters,
            pattern.expression.groups,
        ),
    )


def _form(place: str) -> str:
    return _FORMS.get(place.rstrip("0123456789"), ".*?")


def _read_patterns(code: str) -> Iterator[_Pattern]:
    for text in catalogue(code).recognised:
        pieces = [piece.replace("%%", "%") for piece in _PLACE.split(text)[::2]]
        letters = sum(map(str.isalpha, "".join(pieces)))
        if len(pieces) > 1 and letters >= _LEAST_LETTERS:
            longest = max(pieces, key=len)
            yield _Pattern(text, _expression(pieces, _PLACE.findall(text)), longest, letters)


def _expression(pieces: Sequence[str], places: Sequence[str]) -> re.Pattern[str]:
    """A regular expression with a group for each place; a place that comes again is the same."""
    written = [re.escape(pieces[0])]
    seen: set[str] = set()
    for place, piece in zip(places, pieces[1:], strict=True):
        written.append(f"(?P={place})" if place in seen else f"(?P<{place}>{_form(place)})")
        written.append(re.escape(piece))
        seen.add(place)
    return re.compile("".join(written), re.DOTALL)
