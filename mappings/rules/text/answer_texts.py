"""Words of an answer, cleaned so that they compare, cut to a bounded length and divided into clauses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mappings.rules.text.folding import fold
from mappings.rules.text.names import near
from mappings.rules.text.phrases import Tables

LONGEST = 2000
"""Characters of an answer that are read; who says more has said it by then."""
MOST_WORDS = 300
_PIECES = re.compile(
    r"(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
    r"|(?P<url>(?:https?://|www\.)\S{1,300}|[\w-]{1,63}(?:\.[\w-]{1,63}){0,2}\.(?:com|org|net|io|de|fr|es|pt|br|uk|eu|info|edu|gov|app|dev|ai)\b)"
    r"|(?P<word>\w{1,60}(?:['\u2019\u02bc]\w{1,60}){0,2})"
    r"|(?P<end>\.(?=\s|$)|[!?;:\n\r\u2026\u3002]|\s[-\u2013\u2014]{1,2}\s|\u2014)"
    r"|(?P<pause>[,/()\[\]+&|\u2022\"\u201c\u201d\u201e\u00ab\u00bb>]|\u3001)"
)
_E_MAIL = re.compile(r"\be[- ]mail", re.IGNORECASE)
_APOSTROPHE = re.compile(r"['\u2019\u02bc]")
_ELIDED = frozenset({"l", "d", "j", "n", "m", "s", "c", "t", "qu", "jusqu", "lorsqu", "quelqu"})
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
_SHORT_ANSWER, _LONG_WORD = 6, 7


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an answer: folded, as written, and where the clause and the sentence it stands in began."""

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
    """The words of an answer; typing errors in a short one are mended where only one person word is meant."""
    words = tuple(_words(text[:LONGEST]))[:MOST_WORDS]
    if len(words) > _SHORT_ANSWER:
        return words
    return tuple(_mended(word, tables) for word in words)


def _words(text: str) -> Iterator[Word]:
    clause = sentence = 0
    before = ""
    for piece in _PIECES.finditer(_E_MAIL.sub("email", text)):
        said = piece.group()
        if piece.lastgroup == "end":
            if said == "." and before in _SHORTENED:
                continue
            clause, sentence = clause + 1, sentence + 1
        elif piece.lastgroup == "pause":
            clause += 1
        elif piece.lastgroup in {"mail", "url"}:
            yield Word("", said, clause, sentence, kind=piece.lastgroup)
        else:
            for word in _split(said):
                if word.text in _BUT:
                    clause += 1
                yield replace(word, clause=clause, sentence=sentence)
                before = word.text


def _split(said: str) -> Iterator[Word]:
    """One written word as compared words: "l'ami" is two, "Joel's" is Joel and his, "don't" is one."""
    parts = _APOSTROPHE.split(said)
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
    meant = [
        one for one in tables.correctable if len(one) >= _LONG_WORD - 1 and near(word.text, one)
    ]
    return replace(word, text=meant[0]) if len(meant) == 1 else word
