"""Junk answers to "how did you hear about us": nothing, figures only, or keys hit at random."""

from collections.abc import Sequence

from mappings.rules.text.answer_texts import Word
from mappings.rules.text.phrases import tables

_NO_ANSWER = 2  # fewer letters say nothing
_NO_WORD = 5  # so many letters without a vowel are no word that the tables lack
_MASHED = 3  # so few different letters, or more of a keyboard's row in sequence, are no word
_VOWELS = frozenset("aeiouy")
# Keyboards of English, German and French; read in both directions.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
# These say something: networks, television, artificial intelligence, a boyfriend.
_SHORT_WORDS = frozenset({"fb", "ig", "tv", "vk", "hn", "ki", "ia", "ai", "bf", "gf"})


def is_junk(answer: Sequence[Word]) -> bool:
    """Whether an answer says nothing; one with an address or a link always says something."""
    if any(word.kind != "word" for word in answer):
        return False
    letters = "".join(word.text for word in answer)
    if len(letters) < _NO_ANSWER or letters.isdigit() or len(set(letters)) == 1:
        return letters not in _SHORT_WORDS
    return len(answer) == 1 and letters.isascii() and _is_mashed(letters)


def _is_mashed(letters: str) -> bool:
    if len(letters) > _MASHED and _is_along_a_row(letters):
        return True
    if len(letters) > _NO_WORD and len(set(letters)) <= _MASHED:
        return True
    has_vowels = not _VOWELS.isdisjoint(letters)
    return len(letters) >= _NO_WORD and not has_vowels and letters not in tables().vocabulary


def _is_along_a_row(letters: str) -> bool:
    # Twice, since who mashes keys comes back to the row's beginning.
    return any(letters in row * 2 or letters in row[::-1] * 2 for row in _ROWS)
