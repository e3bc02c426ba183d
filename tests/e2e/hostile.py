"""A portal full of records nobody should have, and the good neighbours who must not suffer from them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.hostile_values import (
    AMOUNTS,
    BROKEN,
    CURRENCIES,
    DATES,
    EMAILS,
    IDS,
    LONG,
    NO_TEXT,
    SCORES,
    SCRIPT,
    TEXTS,
)
from tests.sandbox.portal import Portal
from tests.sandbox.records import Change, Record, to_ms

NOW = datetime.now(UTC)
USER = ("CRM_UI", "userId:88")


def ago(days: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=days)


_OF_THE_WHOLE = {
    "second_order_updated_at",
    "second_order_churn_risk",
    "second_order_churn_risk_because",
}


@dataclass
class Good:
    """Two stories whose numbers must not change: a champion who moved, and a friend who was referred."""

    crm: Portal
    records: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        crm = self.crm
        self.acme, self.zenit, self.borea = (
            self.add("company", {"name": name, "domain": f"{name.lower()}.example"}, 900)
            for name in ("Acme", "Zenit", "Borea")
        )
        self.priya = self._person("Priya", "Narang", "Acme", self.acme, hs_buying_role="CHAMPION")
        self.first = self.deal("Acme buys", self.acme, self.priya, 860, 800, "10000")
        moved = {
            "email": "priya@zenit.example",
            "company": "Zenit",
            "jobtitle": "Head of Purchasing",
        }
        crm.update("contact", self.priya, moved, at=ago(200))
        crm.associate("contact", self.priya, "company", self.zenit, primary=True, at=ago(200))
        self.second = self.deal("Zenit buys", self.zenit, self.priya, 90, 30, "40000.00")
        self.ana = self._person("Ana", "Bekele", "Acme", self.acme)
        self.bo = self._person("Bo", "Lind", "Borea", self.borea, days=100)
        crm.associate("contact", self.bo, "contact", self.ana, "Referred by", at=ago(100))
        self.third = self.deal("Borea buys", self.borea, self.bo, 60, 20, "12345.67")
        crm.answer_survey(self.ana, 10, "Good", at=ago(5))

    def add(self, kind: str, values: Mapping[str, str], days: float) -> int:
        """One more good record."""
        made = self.crm.create(kind, values, at=ago(days)).id
        self.records.append((kind, made))
        return made

    def _person(
        self, first: str, last: str, firm: str, company: int, *, days: float = 880, **more: str
    ) -> int:
        named = {
            "firstname": first,
            "lastname": last,
            "email": f"{first}@{firm}.example".lower(),
            "company": firm,
        }
        made = self.add("contact", named | more, days)
        self.crm.associate("contact", made, "company", company, primary=True, at=ago(days))
        return made

    def deal(
        self, name: str, company: int, contact: int, opened: float, closed: float, amount: str
    ) -> int:
        """A won deal."""
        values = {"dealname": name, "dealstage": "closedwon", "pipeline": "default", "amount": amount,
                  "closedate": ago(closed).isoformat(), "createdate": ago(opened).isoformat()}  # fmt: skip
        made = self.add("deal", values, opened)
        self.crm.associate("deal", made, "company", company, primary=True, at=ago(opened))
        self.crm.associate("deal", made, "contact", contact, at=ago(opened))
        return made

    def fields(self) -> dict[tuple[str, int], dict[str, str]]:
        """What we wrote onto these records, but for the time, and the risk, which goes by all customers."""
        found = {}
        for ref in self.records:
            values = self.crm.need(*ref).values.items()
            found[ref] = {
                name: value
                for name, value in values
                if name.startswith("second_order_") and name not in _OF_THE_WHOLE
            }
        return found


def prepare(crm: Portal) -> None:
    """What an admin made: fields for stories, a label, another currency."""
    crm.define_property("contact", "referred_by", label="Referred by")
    crm.define_property("contact", "how_did_you_hear", label="How did you hear about us?")
    crm.define_property("contact", "left_company", label="Left company")
    crm.define_property("deal", "deal_referred_by", label="Referred by")
    crm.define_label("contact", "contact", "Referred by", "Referred")
    crm.add_currency("USD", "0.9")


@dataclass
class Hostile:
    """The worst portal anybody saw; every record it makes is listed."""

    crm: Portal
    crowd: tuple[int, int]
    records: list[tuple[str, int]] = field(default_factory=list)

    def fill(self) -> None:
        """Make them all; nothing is told to the app."""
        with self.crm.silently():
            for make in self._makers():
                make()

    def _makers(self) -> Iterator[Callable[[], object]]:
        yield from (
            self.texts,
            self.contacts,
            self.amounts,
            self.dates,
            self.companies,
            self.crowds,
            self.odd_links,
        )
        yield from (self.tickets_and_surveys, self.merges, self.histories)

    def add(self, kind: str, values: Mapping[str, Any], days: float = 50) -> Record:
        """A record with whatever values, past all checks; its history says the same."""
        record = self.crm.create(kind, {}, at=ago(days))
        for name, value in values.items():
            record.values[name] = value
            record.history[name] = [(to_ms(ago(days)), value, "CRM_UI", "userId:88")]
        self.records.append((kind, record.id))
        return record

    def company(self, **values: object) -> int:
        return self.add("company", {"name": "Evil", **values}, 500).id

    def contact(self, at: int | None = None, /, **values: object) -> int:
        made = self.add("contact", {"firstname": "Eve", "lastname": "Ill", **values}, 400).id
        if at is not None:
            self.link("contact", made, "company", at, primary=True)
        return made

    def deal(self, at: int | None = None, by: int | None = None, /, **values: object) -> int:
        said = {"dealname": "Bad", "dealstage": "closedwon", "pipeline": "default", "amount": "100",
                "closedate": ago(10).isoformat(), "createdate": ago(40).isoformat(), **values}  # fmt: skip
        made = self.add(
            "deal", {name: value for name, value in said.items() if value is not None}, 40
        ).id
        if at is not None:
            self.link("deal", made, "company", at, primary=True)
        if by is not None:
            self.link("deal", made, "contact", by)
        return made

    def link(
        self, one: str, a: int, other: str, b: int, *labels: str, primary: bool | None = None
    ) -> None:
        self.crm.associate(one, a, other, b, *labels, primary=primary, at=ago(39))

    def texts(self) -> None:
        """Every text of every type is one of the worst."""
        for text in (*TEXTS.values(), *NO_TEXT):
            firm = self.company(
                name=text, domain=text, hs_additional_domains=text, lifecyclestage=text, type=text
            )
            person = self.contact(
                firm, firstname=text, lastname=text, company=text, jobtitle=text, city=text, state=text,
                country=text, phone=text, mobilephone=text,
                hs_linkedin_url=text, referred_by=text, how_did_you_hear=text, left_company=text, hs_buying_role=text,
                hs_email_hard_bounce_reason=text, hubspot_owner_id=text, hs_analytics_source=text,
                hs_merged_object_ids=text, hs_calculated_merged_vids=text,
            )  # fmt: skip
            if isinstance(text, str):  # the local HubSpot itself needs these to be text
                self.crm.need("contact", person).values["hs_additional_emails"] = text
            self.deal(
                firm,
                person,
                dealname=text,
                deal_referred_by=text,
                dealtype=text,
                hubspot_owner_id=text,
            )
            self.deal(
                firm, person, dealname=text, pipeline=text, dealstage="1e400", hs_exchange_rate=text
            )
            ticket = self.add(
                "ticket", {"subject": text, "hs_ticket_priority": text, "hs_pipeline_stage": text}
            )
            self.link("ticket", ticket.id, "company", firm)
        self.deal(dealname=None, dealstage="gone", pipeline="gone")
        self.contact(firstname="", lastname="")
        self.contact(hubspot_owner_id="9" * 30)

    def contacts(self) -> None:
        """Addresses, three employers at once, and people who say they recommend each other."""
        firms = [self.company(name=f"Evil {n}", domain=f"evil{n}.example") for n in range(3)]
        for email in EMAILS:
            person = self.contact(
                firms[0], email=email, referred_by=email, how_did_you_hear=f"{email} told me"
            )
            self.crm.need("contact", person).history["email"] = [
                (to_ms(ago(30)), email, "CRM_UI", None), (to_ms(ago(300)), "a@evil1.example", "CRM_UI", None)
            ]  # fmt: skip
        everywhere = self.contact(email="three@evil0.example")
        for firm in firms:
            self.link("contact", everywhere, "company", firm)
        a, b, c = (self.contact(firms[0], email=f"circle{n}@evil{n}.example") for n in range(3))
        for one, other in ((a, b), (b, a), (b, c), (c, a), (a, a)):
            self.link("contact", one, "contact", other, "Referred by")
        for one, of in ((a, firms[0]), (b, firms[1]), (c, firms[2])):
            self.deal(of, one)
        for text in ("circle0@evil0.example", "Eve Ill", "Eve Ill at Evil 0"):
            self.contact(
                firms[0], email="self@evil0.example", referred_by=text, how_did_you_hear=text
            )

    def amounts(self) -> None:
        """Amounts, currencies and their absence."""
        firm = self.company(domain="money.example")
        person = self.contact(firm, email="rich@money.example")
        for amount in (*AMOUNTS, *NO_TEXT):
            self.deal(firm, person, amount=amount)
            self.deal(
                firm, person, amount=amount, deal_currency_code="USD", dealstage="contractsent"
            )
        for code in (*CURRENCIES, *NO_TEXT):
            self.deal(firm, person, deal_currency_code=code)
        self.deal(firm, person, amount=None, closedate=None)
        self.deal(firm, person, closedate=None)
        self.deal(firm, person, closedate=ago(400).isoformat())  # closed before it was made

    def dates(self) -> None:
        """Times that no calendar and no database agree about."""
        firm = self.company(domain="time.example")
        for date in (*DATES, *NO_TEXT):
            person = self.contact(
                firm, createdate=date, notes_last_contacted=date, hs_job_change_detected_date=date, left_company=date,
                hs_sales_email_last_replied=date, hs_feedback_last_survey_date=date,
                hs_calculated_merged_vids=f"7:{date}",
            )  # fmt: skip
            self.deal(firm, person, createdate=date, closedate=date)
            self.deal(firm, person, createdate=date, dealstage="closedlost")
            self.add("ticket", {"createdate": date, "closed_date": date})
        for ms in (
            -62_135_596_800_000,
            253_402_300_799_000,
            10**15,
            -1,
            0,
            to_ms(NOW + timedelta(500)),
        ):
            for kind, made in (
                ("contact", self.contact(firm)),
                ("deal", self.deal(firm)),
                ("company", self.company()),
            ):
                record = self.crm.need(kind, made)
                record.created = record.updated = ms
                record.values.pop("createdate", None)

    def companies(self) -> None:
        """No name, no domain, the same domain, parents in a circle."""
        for values in ({"name": ""}, {"domain": ""}, {"name": "", "domain": ""}, {"domain": "shared.example"},
                       {"domain": "shared.example"}, {"domain": "gmail.com"}, {"domain": "com"}):  # fmt: skip
            firm = self.company(**values)
            self.deal(firm, self.contact(firm, email="x@shared.example"))
        one, two, three, alone = (
            self.company(name=f"Ring {n}", domain=f"ring{n}.example") for n in range(4)
        )
        for child, parent in ((one, two), (two, three), (three, one), (alone, alone)):
            self.link("company", child, "company", parent, "Parent Company")
        self.link("company", alone, "company", alone)
        for firm, n in ((one, 0), (two, 1), (three, 2), (alone, 3)):
            self.deal(firm, self.contact(firm, email=f"r@ring{n}.example", company="Ring 0"))

    def crowds(self) -> None:
        """A deal with a crowd on it, and a person on a thousand deals."""
        people, deals = self.crowd
        firm = self.company(domain="crowd.example")
        crowded = self.deal(firm)
        for n in range(people):
            made = self.crm.create(
                "contact", {"email": f"p{n}@crowd.example", "firstname": "Pat"}, at=ago(99)
            ).id
            self.link("deal", crowded, "contact", made)
        busy = self.contact(firm, email="busy@crowd.example")
        for n in range(deals):
            values = {
                "dealname": f"D{n}",
                "dealstage": "closedwon",
                "amount": "1",
                "closedate": ago(9).isoformat(),
            }
            made = self.crm.create("deal", values, at=ago(60 - n / 1000)).id
            self.link("deal", made, "contact", busy)
            self.link("deal", made, "company", firm, primary=True)

    def odd_links(self) -> None:
        """Records linked to themselves, twice, and in both directions."""
        firm = self.company(domain="links.example")
        person = self.contact(firm, email="self@links.example")
        deal = self.deal(firm, person)
        for kind, one in (("contact", person), ("company", firm), ("deal", deal)):
            self.link(kind, one, kind, one)
        self.link("contact", person, "contact", person, "Referred by")
        self.link("contact", person, "contact", person, "Referred")

    def tickets_and_surveys(self) -> None:
        """Tickets without anything, scores off the scale."""
        firm = self.company(domain="scores.example")
        self.add("ticket", {})
        for score in (*SCORES, *NO_TEXT):
            person = self.contact(
                firm, hs_feedback_last_nps_rating_number=score, hs_feedback_last_survey_date=score
            )
            said = {
                "hs_survey_type": "NPS",
                "hs_value": score,
                "hs_content": SCRIPT,
                "hs_submission_timestamp": score,
            }
            for kind in ("NPS", "nps", "", SCRIPT, score):
                answer = self.add("feedback_submission", said | {"hs_survey_type": kind}).id
                self.link("contact", person, "feedback_submission", answer)
        self.add("feedback_submission", {"hs_survey_type": "NPS", "hs_value": "10"})

    def merges(self) -> None:
        """Five merges deep, and a survivor that was deleted afterwards."""
        for kind, make in (
            ("contact", self.contact),
            ("company", self.company),
            ("deal", self.deal),
        ):
            last = make()
            for _ in range(5):
                last = self.crm.merge(kind, last, make(), at=ago(20)).id
                self.records.append((kind, last))
            lost = self.crm.merge(kind, make(), make(), at=ago(20)).id
            self.crm.archive(kind, lost, at=ago(19))

    def histories(self) -> None:
        """Equal times, the wrong order, times that are none, and versions that are no text."""
        past, future = to_ms(ago(100)), to_ms(NOW + timedelta(900))
        firm = self.company(domain="history.example")
        mails = [f"h@history{n}.example" for n in range(4)]
        for times in (
            (past,) * 4,
            (past, past + 9, past + 5, past + 1),
            (future, past, 0, -(10**14)),
            (10**15,) * 4,
        ):
            person = self.contact(firm, email=mails[0], company="History")
            told: list[Change] = [
                (at, mail, "CRM_UI", None) for at, mail in zip(times, mails, strict=True)
            ]
            values: list[Any] = [None, 7, BROKEN, LONG]
            record = self.crm.need("contact", person)
            record.history["email"] = told
            record.history["company"] = [(at, "x", SCRIPT, BROKEN) for at in times]
            record.history["jobtitle"] = [
                (at, value, "CRM_UI", None) for at, value in zip(times, values, strict=True)
            ]
            record.history["associatedcompanyid"] = [
                (at, value, "CRM_UI", None) for at, value in zip(times, IDS, strict=False)
            ]
            self.deal(firm, person)
        for odd in IDS:
            self.contact(
                firm, associatedcompanyid=odd, hubspot_owner_id=odd, hs_merged_object_ids=odd
            )
            self.company(hs_merged_object_ids=odd, hubspot_owner_id=odd)
            self.deal(firm, hubspot_owner_id=odd)

    def stir(self) -> None:
        """The same again while the app listens: edits, merges, deletions, restores, everything announced."""
        kinds = {
            kind: [one for of, one in self.records if of == kind]
            for kind in ("contact", "company", "deal")
        }
        for kind, ids in kinds.items():
            # The local HubSpot cannot edit or merge what is no text; it can only show it.
            ids[:] = [one for one in ids if (found := self.crm.get(kind, one)) and _is_text(found)]
            for place, one in enumerate(ids[::3]):
                with suppress(LookupError, ValueError):
                    self._disturb(kind, one, ids, place)

    def _disturb(self, kind: str, one: int, ids: list[int], place: int) -> None:
        crm = self.crm
        if place % 4 == 0:
            text = list(TEXTS.values())[place % len(TEXTS)]
            crm.update(
                kind,
                one,
                {
                    "firstname": text,
                    "name": text,
                    "dealname": text,
                    "email": EMAILS[place % len(EMAILS)],
                },
            )
        elif place % 4 == 1:
            self.records.append((kind, crm.merge(kind, one, ids[place]).id))
        elif place % 4 == 2:
            crm.archive(kind, one)
            crm.restore(kind, one)
        elif kind == "contact":
            crm.gdpr_delete(one)
        else:
            crm.archive(kind, one)


def _is_text(record: Record) -> bool:
    return all(isinstance(value, str) for value in record.values.values())
