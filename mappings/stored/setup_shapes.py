"""Set-up questions as they are stored: what is asked, the candidates with samples, the proposal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer: its value, its label, what the portal has there, on how many records.

    `sample` is text of records, and may name a person; it is erased with any person. `counted` is
    the plural of what `count` counts, such as "contacts".
    """

    value: str
    label: str = ""
    sample: str = ""
    count: int | None = None
    counted: str = ""


@dataclass(frozen=True, slots=True)
class SetupQuestion:
    """A question to the admin about the portal's own words.

    `proposal` has the values that count if nobody answers, and `because` the reason for them.
    `takes_several`: any number of candidates may be chosen, also none; else exactly one is.
    """

    text: str = ""
    candidates: tuple[Candidate, ...] = ()
    proposal: tuple[str, ...] = ()
    because: str = ""
    takes_several: bool = False
