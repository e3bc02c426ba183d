"""Words of an answer: folded, cut to a bounded length, numbered by clause and sentence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mappings.rules.text.folding import fold
from mappings.rules.text.names import near
from mappings.rules.text.phrases import Tables

LONGEST = 2000
"""Characters of an answer that are read; a source stands in its first few hundred words."""
MOST_WORDS = 300
_PIECES = re.compile(
    r"(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
    r"|(?P<url>(?:https?://|www\.)\S{1,300}"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){0,2}"
    r"\.(?:com|org|net|io|de|fr|es|pt|br|uk|eu|info|edu|gov|app|dev|ai)\b)"
    r"|(?P<word>\w{1,60}(?:['\u2019\u02bc]\w{1,60}){0,2})"
    r"|(?P<end>\.(?=\s|$)|[!?;:\n\r\u2026\u3002]|\s[-\u2013\u2014]{1,2}\s|\u2014)"
    r"|(?P<pause>[,/()\[\]+&|\u2022\"\u201c\u201d\u201e\u00ab\u00bb>]|\u3001)"
)
_E_MAIL = re.compile(r"\be[- ]mail", re.IGNORECASE)
_APOSTROPHE = re.compile(r"['\u2019\u02bc]")
# What French and Italian words lose their vowel to: "l'ami" is two words, "don't" is one.
_ELIDED = frozenset({"l", "d", "j", "n", "m", "s", "c", "t", "qu", "jusqu", "lorsqu", "quelqu"})
# A new clause begins with these, so that a denial before them ends there.
_BUT = frozenset(
    {
        "but",
        "sondern",
        "mais",
        "sino",
        "pero",
        "mas",
        "aber",
        "jedoch",
        "then",
        "dann",
        "puis",
        "luego",
    }
)
# A full stop behind these ends no sentence.
_SHORTENED = frozenset(
    {
        *"abcdefghijklmnopqrstuvwxyz",
        "dr",
        "prof",
        "mr",
        "mrs",
        "ms",
        "st",
        "sr",
        "sra",
        "mme",
        "dra",
    }
)
# Typing errors are mended in answers of so few words, and in words of so many letters: elsewhere
# another word is meant too often.
_SHORT_ANSWER, _LONG_WORD = 6, 7


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an answer: folded, as written, and the numbers of its clause and sentence."""

    text: str
    written: str = ""
    clause: int = 0
    sentence: int = 0
    possessive: bool = False
    kind: str = "word"  # or "mail", "url"

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.written[:1].isupper()


def read(text: str, tables: Tables) -> tuple[Word, ...]:
    """The words of an answer; typing errors in a short one are mended where one word is meant."""
    words = tuple(_words(text[:LONGEST]))[:MOST_WORDS]
    if len(words) > _SHORT_ANSWER:
        return words
    return tuple(_mended(word, tables) for word in words)


def _words(text: str) -> Iterator[Word]:
    clause = sentence = 0
    before = ""
    for piece in _PIECES.finditer(_E_MAIL.sub("email", text)):
        written = piece.group()
        if piece.lastgroup == "end":
            if written == "." and before in _SHORTENED:
                continue
            clause, sentence = clause + 1, sentence + 1
        elif piece.lastgroup == "pause":
            clause += 1
        elif piece.lastgroup in {"mail", "url"}:
            yield Word("", written, clause, sentence, kind=piece.lastgroup)
        else:
            for word in _split(written):
                if word.text in _BUT:
                    clause += 1
                yield replace(word, clause=clause, sentence=sentence)
                before = word.text


def _split(written: str) -> Iterator[Word]:
    """One written word as compared ones: "l'ami" is two, "don't" one, "Joel's" a possessive."""
    parts = _APOSTROPHE.split(written)
    possessive = len(parts) > 1 and parts[-1] in {"s", "S"}
    if possessive:
        parts = parts[:-1]
    if len(parts) > 1 and parts[0].casefold() not in _ELIDED:
        parts = ["".join(parts)]
    for place, part in enumerate(parts):
        for word in fold(part.replace("_", " ")).split():
            yield Word(word, part, possessive=possessive and place == len(parts) - 1)


def _mended(word: Word, tables: Tables) -> Word:
    if len(word.text) < _LONG_WORD or word.text in tables.vocabulary or word.text in tables.given:
        return word
    candidates = [known for known in tables.correctable if len(known) >= _LONG_WORD - 1]
    meant = [known for known in candidates if near(word.text, known)]
    return replace(word, text=meant[0]) if len(meant) == 1 else word
