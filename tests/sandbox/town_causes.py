"""Why deals exist: movers and referrers bring them, and afterwards the truth of every deal is read off the facts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words
from tests.sandbox.town_deals import Deal, Market
from tests.sandbox.town_rows import REFERRED_BY
from tests.sandbox.town_state import District, Draft, Firm, Seat, new_person, new_record, seat
from tests.sandbox.truth_facts import (
    MOVED_CHAMPION,
    NOT_SCORED,
    REFERRAL,
    WORD_OF_MOUTH,
    DealTruth,
    Source,
)

MOVE_WINDOW = 730
REFERRAL_WINDOW = 365
# Assumed, so that the measured share of deals comes out: movers from customers who bring a deal.
MOVER_BUYS = 0.65


@dataclass(frozen=True, slots=True)
class Referral:
    """Somebody recommended us to somebody; *deal* when only the deal tells."""

    day: float
    referrer: Seat
    referred: Draft
    deal: Draft | None = None


@dataclass(slots=True)
class Causes:
    """What brought people to us."""

    market: Market
    referrals: list[Referral]

    @property
    def district(self) -> District:
        """Where it happens."""
        return self.market.district

    def run(self, deals: int) -> None:
        """Let movers, referrers and good things said bring deals, in the order of time."""
        dice = self.district.dice
        queue: list[tuple[float, int, Seat | None, str]] = []
        movers = [
            sit
            for person in self.district.people
            for sit in person.seats
            if sit.moved_from is not None
        ]
        for mover in movers:
            heapq.heappush(queue, (mover.since, len(queue), mover, MOVED_CHAMPION))
        for kind, share in (
            (REFERRAL, rates.REFERRAL_DEALS),
            (WORD_OF_MOUTH, rates.WORD_OF_MOUTH_DEALS),
        ):
            for _ in range(round(share * deals)):
                heapq.heappush(
                    queue, (120 + dice.random() * (rates.DAYS - 300), len(queue), None, kind)
                )
        while queue:
            day, _, sit, kind = heapq.heappop(queue)
            if sit is not None:
                self._mover(sit)
            elif kind == REFERRAL:
                self._refer(day)
            else:
                self._hear(day)

    def _mover(self, sit: Seat) -> None:
        """Note whether the former company was a customer; if so, a deal may follow."""
        former = former_customer_seat(sit)
        sit.from_customer = former is not None
        if former is None or self.district.dice.random() > MOVER_BUYS:
            return
        opened = sit.since + names.by_deciles(self.district.dice, rates.CHAMPION_DEAL_LAG_DECILES)
        if sit.there(opened) and opened < rates.DAYS - 3:
            self.market.sell(sit.firm, opened, sit)

    def _refer(self, day: float) -> None:
        dice = self.district.dice
        outsider = dice.random() < rates.NON_CUSTOMER_REFERRERS
        referrer = self._somebody(day, customer=not outsider)
        if referrer is None:
            return
        firm = self._stranger(day, referrer.firm)
        sit = self._newcomer(firm, day)
        deal = self.market.sell(firm, day + 2 + dice.random() * 110, sit)
        self._trace(Referral(day, referrer, sit.draft), deal)

    def _hear(self, day: float) -> None:
        sit = self._newcomer(self._stranger(day), day)
        sit.draft.put(
            "how_did_you_hear", self.district.dice.choice(words.WORD_OF_MOUTH_ANSWERS), day, "FORM"
        )
        self.market.sell(sit.firm, day + 2 + self.district.dice.random() * 110, sit)

    def _somebody(self, day: float, *, customer: bool) -> Seat | None:
        for _ in range(60):
            firm = self.district.pick_firm()
            there = [
                sit for sit in firm.seats if sit.there(day) and not sit.hidden and sit.person.first
            ]
            if there and firm.is_customer(day) == customer:
                return self.district.dice.choice(there)
        return None

    def _stranger(self, day: float, *unlike: Firm) -> Firm:
        for _ in range(60):
            firm = self.district.pick_firm(*unlike)
            if not firm.is_customer(day) and firm.opened < day:
                return firm
        return self.district.pick_firm(*unlike)

    def _newcomer(self, firm: Firm, day: float) -> Seat:
        person = new_person(self.district)
        person.settled = False
        return seat(self.district, person, firm, new_record(self.district, person, firm, day), day)

    def _trace(self, referral: Referral, deal: Deal) -> None:
        """Write the referral down in one of the ways a CRM knows."""
        dice, draft, by = self.district.dice, referral.referred, referral.referrer
        trace, day = names.weighted(dice, rates.REFERRAL_TRACES), referral.day
        if trace == "label_on_contact":
            self.district.link(draft, by.draft, day, REFERRED_BY)
        elif trace == "label_on_deal":
            self.district.link(deal.draft, by.draft, deal.opened, REFERRED_BY)
            referral = replace(referral, day=min(day, deal.opened), deal=deal.draft)
        elif trace == "field_email":
            draft.put("referred_by", by.draft.now["email"], day, "CRM_UI")
        elif trace == "field_name":
            draft.put(
                "referred_by", f"{by.person.first} {by.person.last}, {by.firm.name}", day, "CRM_UI"
            )
        elif trace == "code":
            code = f"REF-{by.draft.id}"
            by.draft.put("advocate_code", code, max(by.since, day - 40), "INTEGRATION")
            draft.put("referral_code", code, day, "FORM")
        else:
            self._text(draft, by, day)
        self.referrals.append(referral)

    def _text(self, draft: Draft, by: Seat, day: float) -> None:
        name = f"{by.person.first} {by.person.last}"
        shape = self.district.dice.choice(words.NAMED_ANSWERS)
        text = shape.format(
            first=by.person.first, last=by.person.last, name=name, company=by.firm.name
        )
        draft.put("how_did_you_hear", text, day, "FORM")


def former_customer_seat(sit: Seat) -> Seat | None:
    """The person's latest earlier seat at a company that was a customer when they left it."""
    if sit.moved_from is None:
        return None
    seats = sit.person.seats
    for earlier in reversed(seats[: seats.index(sit)]):
        if (
            earlier.firm is not sit.firm
            and not earlier.hidden
            and earlier.firm.is_customer(earlier.until)
        ):
            return earlier
    return None


def deal_truths(causes: Causes) -> tuple[DealTruth, ...]:
    """The real sources of every deal, read off the facts and not off what was intended."""
    by_contact: dict[int, list[Referral]] = {}
    for referral in causes.referrals:
        by_contact.setdefault(referral.referred.id, []).append(referral)
    return tuple(_truth_of(deal, by_contact) for deal in causes.market.deals)


def _truth_of(deal: Deal, referrals: dict[int, list[Referral]]) -> DealTruth:
    sources = dict.fromkeys([*_movers(deal), *_referrers(deal, referrals), *_hearsay(deal)])
    note = "" if sources else _note(deal)
    return DealTruth(
        deal.draft.id,
        deal.firm.id,
        deal.outcome == "won",
        deal.amount,
        deal.currency,
        tuple(sources),
        note,
    )


def _movers(deal: Deal) -> Iterator[Source]:
    for sit in deal.on_time():
        former = former_customer_seat(sit)
        if (
            former is not None
            and sit.since <= deal.opened
            and deal.opened - sit.since <= MOVE_WINDOW
        ):
            yield Source(MOVED_CHAMPION, former.draft.id, former.firm.id)


def _referrers(deal: Deal, referrals: dict[int, list[Referral]]) -> Iterator[Source]:
    for sit in deal.on_time():
        for referral in referrals.get(sit.draft.id, ()):
            by, day = referral.referrer, referral.day
            fresh = day <= deal.opened <= day + REFERRAL_WINDOW
            here = referral.deal in (None, deal.draft)
            if (
                fresh
                and here
                and by.firm is not deal.firm
                and by.firm.is_customer(day)
                and not deal.firm.is_customer(day)
            ):
                yield Source(REFERRAL, by.draft.id, by.firm.id)


def _hearsay(deal: Deal) -> Iterator[Source]:
    for sit in deal.on_time():
        said = sit.draft.now.get("how_did_you_hear", "")
        heard = sit.draft.created
        fresh = heard <= deal.opened <= heard + REFERRAL_WINDOW
        if said in words.WORD_OF_MOUTH_ANSWERS and fresh and not deal.firm.is_customer(heard):
            yield Source(WORD_OF_MOUTH, None, None)


def _note(deal: Deal) -> str:
    on_deal = {id(sit.person) for sit, _ in deal.present}
    for sit in deal.firm.seats:
        recent = deal.opened - MOVE_WINDOW / 2 <= sit.since <= deal.opened
        if recent and sit.there(deal.opened) and former_customer_seat(sit) is not None:
            return "mover was added later" if id(sit.person) in on_deal else NOT_SCORED
    if any(sit.moved_from is not None for sit, _ in deal.present):
        return "mover_from_non_customer"
    return ""
