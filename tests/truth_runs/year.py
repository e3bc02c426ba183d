"""A year of a portal, drawn: customers who feel, succeed, are asked, refer, move on and leave, and why they do."""

import functools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mappings.rules.ledger import hold_out
from mappings.rules.ledger.derived_measures import FOLLOWED, MovedChampion, Promoted
from mappings.rules.ledger.hold_out import Arm, HoldOut, TrialPerson
from mappings.rules.success.churn_fit import PastCustomer
from mappings.rules.success.churn_risk import RiskFactor
from mappings.rules.success.nps import Mix
from mappings.rules.success.time_to_value import Start

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
ENDED = BEGAN + timedelta(days=365)
LOOKED_AT = ENDED + FOLLOWED
"""When the year is judged: by then everybody was followed to the end."""
COMPANIES, READY, MOVES, STARTS = 400, 1200, 150, 120
_SPREAD = 0.8  # of the logarithm of a deal's size
HELD_BACK = 200_000  # ppm
LOOKED_AT_A_YEAR = 4
"""Days a year on which customers are judged, and followed to the next."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so in a portal, whoever looks: rates as shares, effects as what they add to them.

    `asking` is added to the share of those who refer somebody in time, for whoever is really asked,
    which `reached` of those who ought to be are. `nps_shift` is what the second half year adds to
    the share of promoters and takes from that of detractors. `odds` multiply the odds of a churn.
    """

    refers: float = 0.06
    asking: float = 0.10
    reached: float = 0.75
    promoter: float = 0.45
    detractor: float = 0.20
    nps_shift: float = 0.12
    alike: float = 0.5
    promoter_refers: float = 0.15
    returns: float = 0.20
    value_days: float = 40.0
    churn: float = 0.03
    odds: Mapping[RiskFactor, float] = None  # type: ignore[assignment]  # set below
    deal_minor: int = 1_000_000

    @property
    def asking_itt(self) -> float:
        """What being drawn to be asked adds: not everybody drawn is reached."""
        return self.asking * self.reached

    def nps(self, *, shifted: bool = False) -> float:
        """The true NPS of the first half year, or of the second."""
        shift = self.nps_shift if shifted else 0.0
        return 100 * (self.promoter - self.detractor + 2 * shift)


FACTS: Mapping[RiskFactor, float] = {
    RiskFactor.CHAMPION_LEFT: 0.10,
    RiskFactor.SILENCE: 0.20,
    RiskFactor.CONTRACTION: 0.15,
    RiskFactor.PROMOTER: 0.35,
}
"""How often each fact is so of a customer."""
EFFECTIVE = Truth(
    odds={
        RiskFactor.CHAMPION_LEFT: 4.0,
        RiskFactor.SILENCE: 2.5,
        RiskFactor.CONTRACTION: 3.0,
        RiskFactor.PROMOTER: 0.5,
    }
)
EMPTY = Truth(asking=0.0, nps_shift=0.0, odds=dict.fromkeys(FACTS, 1.0))
"""Nothing has an effect on anything."""


@dataclass(frozen=True)
class Year:
    """What the portal's records say of one such year."""

    trial: tuple[TrialPerson, ...]
    before: tuple[Mix, ...]
    after: tuple[Mix, ...]
    past: tuple[PastCustomer, ...]
    promoted: tuple[Promoted, ...]
    referrals: Mapping[int, tuple[datetime, ...]]
    moves: tuple[MovedChampion, ...]
    starts: tuple[Start, ...]

    @functools.cached_property
    def hold_out(self) -> HoldOut:
        """The two sides of asking, compared."""
        return hold_out.compare(self.trial, LOOKED_AT)


def draw(truth: Truth, seed: int) -> Year:
    """Draw a year: the same for the same seed."""
    lot = random.Random(f"a year {seed}")
    promoted, referrals = _promoters(truth, lot)
    return Year(
        trial=tuple(_trial(truth, lot, seed)),
        before=tuple(_answers(truth, lot, 0.0)),
        after=tuple(_answers(truth, lot, truth.nps_shift)),
        past=tuple(_customers(truth, lot)),
        promoted=promoted,
        referrals=referrals,
        moves=tuple(_moves(truth, lot)),
        starts=tuple(_starts(truth, lot)),
    )


def _trial(truth: Truth, lot: random.Random, seed: int) -> Iterator[TrialPerson]:
    """People become ready; a lot holds some back; of the others most are reached."""
    for person_id in range(1, READY + 1):
        side = hold_out.arm(f"seed {seed}", person_id, HELD_BACK)
        is_asked = side is Arm.ASKED and lot.random() < truth.reached
        refers = lot.random() < truth.refers + truth.asking * is_asked
        wins = refers and lot.random() < 0.5
        minor = round(truth.deal_minor * lot.lognormvariate(0, _SPREAD)) if wins else 0
        ready_at = BEGAN + timedelta(days=lot.randrange(365))
        yield TrialPerson(person_id, side, ready_at, int(refers), minor)


def mean_won(truth: Truth) -> float:
    """What a referrer's deals bring on average: half of them win, and sizes are lopsided."""
    return truth.deal_minor * math.exp(_SPREAD**2 / 2) / 2


def _answers(truth: Truth, lot: random.Random, shift: float) -> Iterator[Mix]:
    """The answers of each company: its people are alike, for some share of them one mood answers."""
    for _ in range(COMPANIES // 2):
        mood = _group(truth, lot, shift)
        counts = {"promoter": 0, "passive": 0, "detractor": 0}
        for _ in range(lot.choice((1, 1, 2, 3, 4))):
            own = mood if lot.random() < truth.alike else _group(truth, lot, shift)
            counts[own] += 1
        yield Mix(counts["promoter"], counts["passive"], counts["detractor"])


def _group(truth: Truth, lot: random.Random, shift: float) -> str:
    drawn = lot.random()
    if drawn < truth.promoter + shift:
        return "promoter"
    return "detractor" if drawn > 1 - (truth.detractor - shift) else "passive"


def _customers(truth: Truth, lot: random.Random) -> Iterator[PastCustomer]:
    """Customers on several days, the facts of that day, and who was gone by the next."""
    for company_id in range(1, COMPANIES + 1):
        for _ in range(LOOKED_AT_A_YEAR):
            facts = frozenset(fact for fact, share in FACTS.items() if lot.random() < share)
            odds = truth.churn / (1 - truth.churn)
            for fact in facts:
                odds *= truth.odds[fact]
            has_churned = lot.random() < odds / (1 + odds)
            yield PastCustomer(company_id, facts, has_churned)
            if has_churned:
                break


def _promoters(
    truth: Truth, lot: random.Random
) -> tuple[tuple[Promoted, ...], dict[int, tuple[datetime, ...]]]:
    """Promoters' answers, some of which a referral follows within half a year, or later."""
    answers: list[Promoted] = []
    referrals: dict[int, tuple[datetime, ...]] = {}
    for person_id in range(1, 301):
        at = BEGAN + timedelta(days=lot.randrange(365))
        answers.append(Promoted(person_id, at))
        if lot.random() < truth.promoter_refers:
            referrals[person_id] = (at + timedelta(days=lot.randrange(1, FOLLOWED.days)),)
        elif lot.random() < 0.1:
            referrals[person_id] = (at + FOLLOWED + timedelta(days=lot.randrange(1, 90)),)
    return tuple(answers), referrals


def _moves(truth: Truth, lot: random.Random) -> Iterator[MovedChampion]:
    for _ in range(MOVES):
        moved_at = BEGAN - timedelta(days=200 + lot.randrange(400))
        yield MovedChampion(moved_at, has_deal=lot.random() < truth.returns)


def _starts(truth: Truth, lot: random.Random) -> Iterator[Start]:
    """Contracts of the year; value comes after a time without memory, if the year is not over."""
    end = ENDED.date()
    for company_id in range(1, STARTS + 1):
        signed = (BEGAN + timedelta(days=lot.randrange(365))).date()
        reached = signed + timedelta(days=1 + int(lot.expovariate(1 / truth.value_days)))
        yield Start(company_id, signed, reached if reached <= end else None)


def today() -> date:
    """The day on which time-to-value is looked at: many still wait."""
    return ENDED.date()
