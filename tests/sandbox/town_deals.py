"""Companies buy: by themselves, because somebody moved there, because somebody told them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words
from tests.sandbox.town_firms import PARTNERS, SALES
from tests.sandbox.town_rows import PRIMARY
from tests.sandbox.town_state import District, Draft, Firm, Seat

WON_STAGES = {"default": "1104771", "1104700": "1104703"}
LOST_STAGES = {"default": ("closedlost", "closedlost", "closedwon"), "1104700": ("1104704",)}


@dataclass(slots=True, eq=False)
class Deal:
    """A deal in the making; *present* are the seats on it with the day they were put there."""

    draft: Draft
    firm: Firm
    opened: float
    closed: float
    outcome: str
    amount: int | None = None
    currency: str = ""
    present: list[tuple[Seat, float]] = field(default_factory=list)

    def on_time(self) -> list[Seat]:
        """Who was on it within a week of its opening."""
        return [sit for sit, day in self.present if day <= self.opened + 7]


@dataclass(slots=True)
class Market:
    """The deals of a district, in one home currency and some others."""

    district: District
    currency: str
    others: tuple[str, ...]
    deals: list[Deal] = field(default_factory=list)

    def sell(self, firm: Firm, opened: float, with_seat: Seat | None = None) -> Deal:
        """Open a deal, put people on it, and close it if its time has come."""
        district = self.district
        outcome = names.weighted(district.dice, rates.OUTCOMES)
        closed = opened + names.by_deciles(district.dice, rates.CYCLE_DECILES)
        if closed > rates.DAYS - 1:
            outcome = "open"
        deal = Deal(district.draft("deal", opened), firm, opened, closed, outcome)
        self._price(deal)
        self._people(deal, with_seat)
        self._write(deal)
        if outcome == "won" and deal.amount:
            firm.wins.append(closed)
        self.deals.append(deal)
        return deal

    def _price(self, deal: Deal) -> None:
        dice = self.district.dice
        blank = {"won": rates.WON_WITHOUT_AMOUNT, "open": rates.OPEN_WITHOUT_AMOUNT, "lost": 1.0}[
            deal.outcome
        ]
        if dice.random() >= blank:
            deal.amount = round(names.by_deciles(dice, rates.AMOUNT_DECILES) * 100)
            deal.amount -= deal.amount % 100 if dice.random() < 0.7 else 0
        deal.currency = self.currency
        if self.others and dice.random() < rates.OTHER_CURRENCY:
            deal.currency = dice.choice(self.others)

    def _people(self, deal: Deal, with_seat: Seat | None) -> None:
        dice = self.district.dice
        count = max(names.weighted(dice, rates.CONTACTS_ON_DEAL), 1 if with_seat else 0)
        present = [
            sit for sit in deal.firm.seats if sit.there(deal.opened) and sit is not with_seat
        ]
        chosen = dice.sample(present, min(len(present), count - (1 if with_seat else 0)))
        for sit in ([with_seat] if with_seat else []) + chosen:
            late = sit is not with_seat and dice.random() < rates.LATE_ASSOCIATION
            day = deal.opened + (8 + dice.random() * 50 if late else dice.random() * 2)
            if day < rates.DAYS - 1:
                deal.present.append((sit, day))

    def _write(self, deal: Deal) -> None:
        district, draft, dice = self.district, deal.draft, self.district.dice
        source = "CRM_UI" if dice.random() < 0.7 else "INTEGRATION"
        pipeline = PARTNERS if dice.random() < rates.SECOND_PIPELINE else SALES
        existing = deal.firm.is_customer(deal.opened)
        draft.put(
            "dealname", f"{deal.firm.name} - {dice.choice(words.PRODUCTS)}", deal.opened, source
        )
        draft.put("pipeline", pipeline.id, deal.opened, source)
        draft.put("dealstage", pipeline.stages[0].id, deal.opened, source)
        draft.put("createdate", _instant(district, deal.opened), deal.opened, source)
        draft.put(
            "dealtype", "existingbusiness" if existing else "newbusiness", deal.opened, source
        )
        if self.others:
            draft.put("deal_currency_code", deal.currency, deal.opened, source)
        if dice.random() > rates.NO_OWNER:
            draft.put("hubspot_owner_id", str(dice.choice(district.owners)), deal.opened, source)
        self._money(deal, source)
        self._stages(deal, pipeline.id)
        if dice.random() > 0.01:
            district.link(draft, deal.firm.draft, deal.opened, PRIMARY)
        for sit, day in deal.present:
            district.link(draft, sit.draft, day)
            if dice.random() < 0.35:
                role = dice.choice(("DECISION_MAKER", "CHAMPION", "INFLUENCER", "BUDGET_HOLDER"))
                sit.draft.put("hs_buying_role", role, day, "CRM_UI")

    def _money(self, deal: Deal, source: str) -> None:
        if deal.amount is None:
            return
        dice, draft = self.district.dice, deal.draft
        day = min(deal.closed, rates.DAYS - 1) - 0.01
        if dice.random() < 0.25:
            draft.put("amount", _money_text(deal.amount + 50000), deal.opened, source)
        draft.put("amount", _money_text(deal.amount), max(day, deal.opened), source)
        if dice.random() < rates.RECURRING:
            draft.put("hs_arr", _money_text(deal.amount), max(day, deal.opened), "CALCULATED")
            draft.put("hs_mrr", _money_text(deal.amount // 12), max(day, deal.opened), "CALCULATED")

    def _stages(self, deal: Deal, pipeline: str) -> None:
        dice, draft = self.district.dice, deal.draft
        won, lost = WON_STAGES[pipeline], dice.choice(LOST_STAGES[pipeline])
        if deal.outcome == "open":
            due = self.district.start + timedelta(days=int(max(deal.closed, rates.DAYS + 10)))
            draft.put("closedate", due.strftime("%Y-%m-%dT00:00:00Z"), deal.opened, "CRM_UI")
            if dice.random() < 0.5:
                stage = SALES.stages[1].id if pipeline == SALES.id else PARTNERS.stages[1].id
                draft.put("dealstage", stage, min(deal.opened + 5, rates.DAYS - 0.5), "CRM_UI")
            return
        if deal.outcome == "won" and dice.random() < 0.015:  # won, reopened by mistake, won again
            draft.put("dealstage", won, deal.closed - 0.6, "CRM_UI")
            draft.put(
                "dealstage",
                SALES.stages[2].id if pipeline == SALES.id else PARTNERS.stages[1].id,
                deal.closed - 0.4,
                "CRM_UI",
            )
        draft.put("closedate", _instant(self.district, deal.closed), deal.closed, "CRM_UI")
        draft.put("dealstage", won if deal.outcome == "won" else lost, deal.closed, "CRM_UI")


def _instant(district: District, day: float) -> str:
    return district.at(day).strftime("%Y-%m-%dT%H:%M:%SZ")


def _money_text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}" if minor % 100 else str(minor // 100)


def ordinary_deals(market: Market, count: int) -> None:
    """Deals that came the ordinary way, at firms that buy at all."""
    district = market.district
    buyers = [firm for firm in district.firms if district.dice.random() < 0.7] or district.firms
    weights = [firm.pull for firm in buyers]
    for firm in district.dice.choices(buyers, weights=weights, k=count):
        room = rates.DAYS - 2 - firm.opened
        market.sell(firm, firm.opened + district.dice.random() * room)
