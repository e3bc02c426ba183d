"""Sentences that rules and use cases make, as catalogues hold them: f-strings with named places."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
# What says sentences that pages show.
SPEAKERS: Final = (
    "integration/admin/account_time.py",
    "integration/admin/install.py",
    "integration/admin/move_window.py",
    "integration/admin/operations.py",
    "integration/admin/overwriting.py",
    "integration/admin/preview.py",
    "integration/admin/settings_changes.py",
    "integration/admin/settings_effects.py",
    "integration/admin/setup_answers.py",
    "integration/admin/uninstall.py",
    "integration/ingest/customer_question.py",
    "integration/ingest/stream_labels.py",
    "integration/portal/holds.py",
    "integration/portal/inbound_keys.py",
    "integration/portal/record_choice.py",
    "integration/portal/settings.py",
    "integration/reports/ledger_lines.py",
    "integration/reports/listings/list_requests.py",
    "integration/review/answer_details.py",
    "integration/review/answering.py",
    "integration/review/answers.py",
    "integration/review/questions.py",
    "integration/review/reading.py",
    "integration/review/review_kinds.py",
    "mappings/records/detection/choosing.py",
    "mappings/records/detection/map_questions.py",
    "mappings/records/detection/wishes.py",
    "mappings/records/map_guesses.py",
    "mappings/records/portal_words.py",
    "mappings/records/text_sources.py",
    "mappings/rules/ledger/money.py",
    "mappings/rules/ledger/report_period.py",
)
_WORDS = re.compile(r"[^\W\d_]{2,}[,.:;']? [^\W\d_]{2,}")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}\W.*[^\W\d_]{2,}", re.DOTALL)
_FORMAT = re.compile(r"\{(\w+)\}")  # a part of a text that str.format fills
_LOGS = "_log"
# Calls whose texts nobody reads on a page: patterns, and names of work.
_SILENT = frozenset({"compile", "get", "lock"})
# Names of commands' arguments and of locks, which nobody reads on a page.
_NOT_SAID = frozenset({"command line", "set-up broke off"})
_PLAIN = frozenset({"str", "len", "in_words", "join", "map", "sorted", "strip", "sum", "value"})


def sentences(source: str) -> Iterator[str]:
    """Yield the texts of a module that read like words; the parts of an f-string as places."""
    tree = ast.parse(source)
    silent = _silent(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.JoinedStr):
            text, words = _pattern(node), _TWO_WORDS
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text, words = _FORMAT.sub(r"%(\1)s", node.value), _WORDS
        else:
            continue
        if text not in _NOT_SAID and words.search(_without_places(text)):
            yield text.strip()


def of_speakers() -> Iterator[tuple[str, str]]:
    """Yield every such text with its module."""
    for place in SPEAKERS:
        for text in sentences((ROOT / place).read_text()):
            yield place, text


def _silent(tree: ast.Module) -> set[int]:
    """Docstrings, logs, keys, and the constants inside f-strings, which stand in their pattern."""
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_silent(node.func):
            silent |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
    return silent


def _is_silent(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value
    return function.attr in _SILENT or (isinstance(owner, ast.Name) and owner.id == _LOGS)


def _pattern(text: ast.JoinedStr) -> str:
    """The f-string with a named place for each part; the same part has the same name."""
    names: dict[str, str] = {}
    written = ""
    for part in text.values:
        if isinstance(part, ast.Constant):
            written += str(part.value).replace("%", "%%")
        elif isinstance(part, ast.FormattedValue):
            written += f"%({_name(part.value, names)})s"
    return written


def _name(part: ast.expr, names: dict[str, str]) -> str:
    said = ast.unparse(part)
    words = [
        word for word in re.findall(r"[a-z_]{2,}", _outside_quotes(said)) if word not in _PLAIN
    ]
    base = (words[-1] if words else "part").strip("_") or "part"
    name, number = base, 2
    while names.setdefault(name, said) != said:
        name, number = f"{base}{number}", number + 1
    return name


def _outside_quotes(code: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", code)


def _without_places(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "\x00", text)
