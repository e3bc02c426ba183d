"""What a page says to people, and where it says it otherwise than it should."""

import re
from collections.abc import Iterator, Mapping
from html import unescape

# What people do not read: numbers of records in small, what is for programs, what they typed.
_NOT_READ = re.compile(
    r"<(?P<tag>script|style|textarea|code|head|small)\b.*?</(?P=tag)>|<!--.*?-->"
    r"|<option\b[^>]*>|<(?:input|meta|link|img)\b[^>]*>",
    re.DOTALL,
)
_TAG = re.compile(r"<[^>]*>")
# Words of our own, and the database's, that no seller knows.
JARGON = (
    "stale", "lane", "drain", "drift", "mirror", "outbox", "inbox", "edge", "settle", "settled", "conclude",
    "concluded", "concluding", "conclusion", "conclusions", "portal", "ppm", "patch", "patches", "reconciliation",
    "allowance", "lease", "fence", "sweeper", "stream", "streams", "recompute", "invalidation", "backfill",
    "enum", "none/none", "null", "NaN",
)  # fmt: skip
OTHERWISE: dict[str, re.Pattern[str]] = {
    "a number without a name": re.compile(
        # HubSpot's users have names only where reading them was granted.
        r"(?<!HubSpot )\b(?:contact|company|deal|user|owner)s? #?\d+\b",
        re.IGNORECASE,
    ),
    "a word of our own": re.compile(rf"\b(?:{'|'.join(map(re.escape, JARGON))})\b"),
    "a name of a program's": re.compile(r"(?<![.\w])[a-z]+(?:_[a-z0-9]+)+(?![.\w])"),
    "a day in numbers": re.compile(r"\b\d{4}-\d\d(?:-\d\d)?\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b"),
    "a percent sign apart": re.compile(r"\d %"),
    "a percentage with a single decimal or more than two": re.compile(r"\d\.(?:\d|\d{3,})%"),
    "money with its code behind": re.compile(r"\d (?:EUR|USD|GBP|JPY)\b"),
    "money without separators": re.compile(r"[€$£¥]\s?\d{4,}|\b[A-Z]{3} \d{4,}\.\d\d\b"),
    "a raw figure": re.compile(r"\b\d+\.\d{3,}\b"),
    "sureness without its word": re.compile(r"(?:\d%|\d\.\d+) sure\b"),
    "a key of a finding": re.compile(r"\d{2,}[>|]\d{2,}|\d{3,}:\d{3,}"),
    "a Python value": re.compile(r"(?<=.)\bNone\b(?! of)|\bTrue\b|\bFalse\b|\[\]|\{\}"),
}


def text_of(page: str) -> str:
    """What people read on a page, a line for each piece."""
    read = _TAG.sub("\n", _NOT_READ.sub("\n", page))
    pieces = (re.sub(r"\s+", " ", unescape(piece)).strip() for piece in read.split("\n"))
    return "\n".join(piece for piece in pieces if piece)


# Words of English sentences that German ones do not have.
_ENGLISH = re.compile(
    r"\b(?:the|of|and|is|are|were|to|with|this|that|from|has|have|it|its|you|your|who|which|when|or"
    r"|by|for|on|not|be|been|would|their|they|as|at)\b"
)
_MARKED = re.compile(r"<(\w+)[^>]*\blang=\"en\"[^>]*>.*?</\1>", re.DOTALL)
# Names of records, and what people wrote.
_DATA = re.compile(r"<(bdi|small|code)\b.*?</\1>|„[^“]*“|“[^”]*”|&#34;.*?&#34;", re.DOTALL)


def in_english(page: str, known: Mapping[str, str]) -> Iterator[str]:
    """What a page in another language says in English: texts that *known* has, and sentences.

    *known* has translations by their English. Names of records, what people wrote, and what is
    marked as English may be so.
    """
    _, _, body = _MARKED.sub("", _DATA.sub("…", page)).partition("<body")
    for line in text_of(f"<body{body}").splitlines():
        if known.get(line, line) != line or len(set(_ENGLISH.findall(line))) > 1:
            yield line


def otherwise(page: str) -> Iterator[str]:
    """What a page says otherwise than it should, a line for each."""
    for line in text_of(page).splitlines():
        for what, pattern in OTHERWISE.items():
            for found in pattern.finditer(line):
                yield f"{what}: {found.group()!r} in {line[:160]!r}"
