"""How people say they heard of us, against labels made by hand: was it a person, and which channel?"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mappings.rules.policy import DEFAULT
from mappings.rules.text import self_reported
from tests.accuracy.ground import Ground
from tests.accuracy.halves import Half, half_of
from tests.accuracy.plain_portal import conclude, record
from tests.accuracy.tables import Aim, Grid, Report
from tests.sandbox.town_rows import Record

# Labels of the app that say that a person told; those of the data are `person` and the referral
# flag.
PERSON = self_reported.BY_A_PERSON
# What the data calls each channel, beside the labels of ours that would be right for it.
CHANNELS: Mapping[str, frozenset[str]] = {
    "person": PERSON,
    "search": frozenset({"search"}),
    "social": frozenset({"social"}),
    "community": frozenset({"community"}),
    "web_content": frozenset({"press_podcast", "search", "social", "community", "review_site"}),
    "organisation": frozenset(
        {"partner", "existing_relationship", "referral_company", "community"}
    ),
    "past_use": frozenset({"moved_self", "existing_relationship"}),
    "event": frozenset({"event_own", "wom_event_talk"}),
    "workplace": frozenset({"referral_company", "existing_relationship"}),
    "email_ads": frozenset({"ads", "outbound"}),
    "unknown": frozenset({"unknown", "junk"}),
}
NAIVE = re.compile(r"friend|colleague|co-?worker|word of mouth", re.IGNORECASE)
NAIVE_WIDE = re.compile(
    r"friend|colleague|co-?worker|word of mouth|refer|recommend|boss", re.IGNORECASE
)
VISITORS, FIRST = 4716, 3_000_000
Reader = Callable[["Answer"], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and what a reader made of it."""

    text: str
    channels: frozenset[str]
    by_person: bool
    ambiguous: bool
    free: bool
    contact: int = 0
    labels: frozenset[str] = frozenset()  # the app's


@dataclass(frozen=True, slots=True)
class Hits:
    """How many answers were claimed to name a person, rightly or not."""

    right: int
    claimed: int
    true: int

    @property
    def precision(self) -> float | None:
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.true if self.true else None


def answers(file: Path) -> list[Answer]:
    """The labelled answers."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as rows:
        return [
            Answer(
                row["text"], frozenset(row["channels"].split("+")), row["is_person_referral"] == "1",
                row["ambiguous"] == "1", row["label_kind"] == "hand", FIRST + number,
            )
            for number, row in enumerate(csv.DictReader(rows))
        ]  # fmt: skip


def contacts(said: Sequence[Answer]) -> list[Record]:
    """Each answer as a contact's field, as a form fills it."""
    today, host = datetime.now(UTC).date(), "visitors.example"
    return [
        record(
            "contact",
            one.contact,
            today,
            {"email": f"{one.contact}@{host}", "how_did_you_hear": one.text},
        )
        for one in said
    ]


def run(ground: Ground, file: Path) -> Report:
    """Load, let the app read the answers, score its labels."""
    said = answers(file)
    labels = conclude(ground, VISITORS, "Visitors", contacts(said), (), {}).told
    read = [replace(one, labels=counted(labels.get(one.contact, {}))) for one in said]
    report = Report()
    report.add(overview(read), by_channel(read), aims=aims(read))
    return report


def counted(labels: Mapping[str, int]) -> frozenset[str]:
    """The labels that are sure enough to count; without any an answer says nothing known."""
    return frozenset(
        label for label, ppm in labels.items() if ppm >= DEFAULT.label_counts_at
    ) or frozenset({"unknown"})


READERS: tuple[tuple[str, Reader], ...] = (
    ("ours", lambda one: bool(one.labels & PERSON)),
    ("naive: friend|colleague|co-?worker|word of mouth", lambda one: bool(NAIVE.search(one.text))),
    ("naive: the same and refer|recommend|boss", lambda one: bool(NAIVE_WIDE.search(one.text))),
)
SUBSETS: tuple[tuple[str, Callable[[Answer], bool]], ...] = (
    ("all", lambda _: True),
    ("free text only", lambda one: one.free),
    ("free text, ambiguous left out", lambda one: one.free and not one.ambiguous),
)


def score(said: Iterable[Answer], reader: Reader) -> Hits:
    """Count a reader's claims."""
    some = list(said)
    claims = [(reader(one), one.by_person) for one in some]
    return Hits(
        sum(claim and true for claim, true in claims),
        sum(claim for claim, _ in claims),
        sum(true for _, true in claims),
    )


def of_half(said: Iterable[Answer], half: Half) -> list[Answer]:
    """Answers by the hash of their text: one text is never in both halves."""
    return [one for one in said if half_of(one.text) is half]


def overview(said: Sequence[Answer]) -> Grid:
    """Referral by a person: ours and the naive rules on three subsets."""
    rows = []
    for name, keep in SUBSETS:
        for reader_name, reader in READERS:
            checking, fitting = (
                score([one for one in of_half(said, half) if keep(one)], reader)
                for half in reversed(Half)
            )
            rows.append((
                f"{name}: {reader_name}", checking.precision, checking.recall, f"{checking.right}/{checking.claimed}",
                f"{checking.right}/{checking.true}", fitting.precision, fitting.recall,
            ))  # fmt: skip
    columns = (
        "a person told",
        "precision",
        "recall",
        "right of claimed",
        "found of true",
        "fitting P",
        "fitting R",
    )
    note = f"Classifier version {self_reported.VERSION}. Each answer is a contact's field, in a portal without customers."
    return Grid("How did you hear about us: told by a person", columns, tuple(rows), (note,))


def by_channel(said: Sequence[Answer]) -> Grid:
    """For each channel of the free texts, how often our labels contain a fitting one."""
    rows = []
    for channel, fits in CHANNELS.items():
        counts = []
        for half in reversed(Half):
            texts = [one for one in of_half(said, half) if one.free and not one.ambiguous]
            have = [one for one in texts if channel in one.channels]
            claimed = [one for one in texts if one.labels & fits]
            found = sum(bool(one.labels & fits) for one in have)
            wrong = sum(not _fits_any(one) for one in claimed)
            counts.append((len(have), found / len(have) if have else None, len(claimed), wrong))
        rows.append((channel, *counts[0], counts[1][0], counts[1][1]))
    columns = (
        "channel of free texts", "answers", "share with a fitting label", "answers with such a label",
        "of these none fits", "fitting answers", "fitting share",
    )  # fmt: skip
    note = "The data's channels and our labels are two vocabularies: a label fits when it may be meant by the channel."
    return Grid("How did you hear about us: channels", columns, tuple(rows), (note,))


def _fits_any(one: Answer) -> bool:
    allowed = frozenset().union(*(CHANNELS.get(channel, frozenset()) for channel in one.channels))
    return bool(one.labels & allowed)


def aims(said: Sequence[Answer]) -> list[Aim]:
    """What is wanted of free texts that are clear to a reader."""
    keep = SUBSETS[2][1]
    one = score([each for each in of_half(said, Half.CHECKING) if keep(each)], READERS[0][1])
    return [
        Aim("told by a person, free text: precision", one.precision, 0.95),
        Aim("told by a person, free text: recall", one.recall, 0.85),
    ]
