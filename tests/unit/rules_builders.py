"""Builders for the tests of the rules: they show what matters and hide the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from mappings.records import text_sources
from mappings.rules.attribution.credit import raw
from mappings.rules.facts import (
    PPM,
    CompanyFacts,
    ContactFacts,
    DealContact,
    DealFacts,
    Directory,
    MappedText,
    Version,
)
from mappings.rules.findings import IdentityLink, Move, Person, Source
from mappings.rules.identity import companies, linkage
from mappings.rules.policy import Policy
from mappings.rules.text import names

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def plain(policy: Policy) -> dict[str, Any]:
    """A policy as plain values."""
    values = {part.name: getattr(policy, part.name) for part in fields(policy)}
    return {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()
    }


def a_contact(
    contact_id: int = 1,
    name: str = "Priya Nair",
    email: str = "",
    on: int = 0,
    **more: Any,  # noqa: ANN401
) -> ContactFacts:
    first, _, last = name.partition(" ")
    emails = (email,) if email else ()
    return ContactFacts(
        id=contact_id, created_at=day(on), emails=emails, first_name=first, last_name=last, **more
    )


def said(at: datetime | None = None, **texts: str) -> tuple[MappedText, ...]:
    """Texts of a record by their source: said(heard_from="Maria told us")."""
    sources = {source.setting.removesuffix("_property"): source for source in text_sources.known()}
    return tuple(sources[name].text(text, at) for name, text in texts.items())


def a_history(
    **changes: Sequence[tuple[str, int] | tuple[str, int, str]],
) -> Mapping[str, tuple[Version, ...]]:
    """Histories as property=[(value, day[, source])]."""
    return {
        name: tuple(
            Version(one[0], day(one[1]), one[2] if len(one) > 2 else "CRM_UI") for one in rows
        )
        for name, rows in changes.items()
    }


ACME, ZENIT, ORBIT = 10, 20, 30


def the_companies(*more: CompanyFacts, **options: Any) -> Directory:  # noqa: ANN401 - a builder passes any field on
    return companies.directory(
        [
            CompanyFacts(ACME, "Acme", frozenset({"acme.example"})),
            CompanyFacts(ZENIT, "Zenit GmbH", frozenset({"zenit.example"})),
            CompanyFacts(ORBIT, "Orbit Inc.", frozenset({"orbit.example"})),
            *more,
        ],
        **options,
    )


def a_portal(known: Directory | None = None, **options: Any) -> linkage.Frequencies:  # noqa: ANN401 - a builder passes any field on
    """A portal of 1,000 differently named people, so that names are as rare as the test says."""
    stats = options.pop("names", names.NameStats(total=1000))
    return linkage.Frequencies(companies=known or the_companies(), names=stats, **options)


def a_person(*contacts: ContactFacts, p_same: int = PPM) -> tuple[Person, dict[int, ContactFacts]]:
    ids = tuple(sorted(one.id for one in contacts))
    links = tuple(IdentityLink(a, b, 0.0, p_same, "link") for a, b in combinations(sorted(ids), 2))
    return Person(ids[0], ids, links), {one.id: one for one in contacts}


def a_move(**more: Any) -> Move:  # noqa: ANN401 - a builder passes any field on
    values: dict[str, Any] = {
        "person_id": 1,
        "former_company_id": ACME,
        "new_company_id": ZENIT,
        "former_contact_id": 1,
        "new_contact_id": 1,
        "earliest": day(0),
        "latest": day(10),
        "moved_at": day(10),
        "p_same": PPM,
        "p_moved": 950_000,
        "confidence": 950_000,
        "status": "auto",
        "strength": PPM,
    }
    return Move(**{**values, **more})


def a_deal(
    deal_id: int = 7,
    *,
    created: int = 100,
    closed: int | None = None,
    **more: Any,  # noqa: ANN401
) -> DealFacts:
    values: dict[str, Any] = {
        "company_id": ZENIT,
        "amount_minor": 4_000_000,
        "currency": "USD",
        "contacts": (DealContact(1, day(created)),),
    }
    if closed is not None:
        values |= {"closed_at": day(closed), "is_closed": True, "is_won": True}
    return DealFacts(id=deal_id, created_at=day(created), **{**values, **more})


def a_source(
    kind: str = "referral",
    w: int = 850_000,
    p: int = 800_000,
    g: int = PPM,
    **more: Any,  # noqa: ANN401
) -> Source:
    values: dict[str, Any] = {"person_id": 2, "contact_id": 2, "company_id": ACME}
    return Source(kind, w, p, g, raw(w, p, g), **{**values, **more})


def the_three_sources() -> tuple[Source, ...]:
    """The combination of the worked example: moved champion, referral, generic word of mouth."""
    return (
        a_source("moved_champion", 900_000, 950_000, person_id=1, contact_id=1),
        a_source("referral", 850_000, 800_000),
        a_source(
            "word_of_mouth", 350_000, 600_000, person_id=None, contact_id=None, company_id=None
        ),
    )
