"""A made-up portal for identity and moves: contacts with names as frequent as names are.

Names are put together from syllables and drawn from lists that grow with the portal, with the slope
of real ones: the commonest surname is borne by one in two hundred, the commonest first name by one
in forty, most by one or two. Of a hundred contacts three have changed employers, half of them seen
as a second record and half as a changed address on the same one; one in fifty is written twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import psycopg
from numpy.typing import NDArray

SEED = 20_27
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
_STARTS = (
    "Ba",
    "Ce",
    "Do",
    "Fi",
    "Gu",
    "Ha",
    "Je",
    "Ka",
    "Lo",
    "Mi",
    "Na",
    "Pe",
    "Ro",
    "Su",
    "Ta",
    "Ve",
    "Wi",
    "Za",
)
_MIDDLES = (
    "",
    "l",
    "r",
    "n",
    "m",
    "ri",
    "la",
    "ne",
    "to",
    "mi",
    "sa",
    "vo",
    "ke",
    "ndi",
    "rsa",
    "lle",
)
_ENDS = (
    "a",
    "o",
    "an",
    "en",
    "er",
    "is",
    "ez",
    "ini",
    "ova",
    "sen",
    "ak",
    "ard",
    "ley",
    "son",
    "ura",
    "ich",
)
_TITLES = (
    "Head of Operations",
    "IT Manager",
    "Purchasing Lead",
    "Finance Director",
    "Engineer",
    "Sales Manager",
)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact as the mirror has it."""

    id: int
    company: int
    first: str
    last: str
    mails: tuple[tuple[datetime, str], ...]
    title: str
    created: datetime


def grow(count: int) -> list[Contact]:
    """Make contacts up; the same for the same number."""
    chance = np.random.default_rng(SEED)
    companies = max(count // 5, 10)
    firsts, lasts = _names(chance, int(3 * count**0.6)), _names(chance, int(2.5 * count**0.75))
    first, last = _drawn(chance, firsts, count, 8, 1.1), _drawn(chance, lasts, count, 20, 1.0)
    where = chance.integers(1, companies + 1, count)
    days = chance.integers(200, 2000, count)
    kind = chance.random(count)
    found: list[Contact] = []
    for n in range(count):
        one = _plain(n + 1, int(where[n]), first[n], last[n], int(days[n]))
        if kind[n] < 0.015 and found:
            found.append(
                _second(
                    n + 1,
                    found[int(chance.integers(0, len(found)))],
                    int(where[n]),
                    int(days[n]) // 4,
                )
            )
        elif kind[n] < 0.03:
            found.append(_moved(one, int(chance.integers(1, companies + 1)), int(days[n]) // 3))
        elif kind[n] < 0.05 and found:
            found.append(_twice(n + 1, found[int(chance.integers(0, len(found)))]))
        else:
            found.append(one)
    return found


def _names(chance: np.random.Generator, count: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        parts = [
            chance.choice(_STARTS),
            chance.choice(_MIDDLES),
            chance.choice(_MIDDLES),
            chance.choice(_ENDS),
        ]
        made["".join(parts)] = None
        if len(made) > len(_STARTS) * len(_MIDDLES) ** 2 * len(_ENDS) // 3:
            made[f"{''.join(parts)}{chance.choice(_MIDDLES)}{chance.choice(_ENDS)}"] = None
    return list(made)[:count]


def _drawn(
    chance: np.random.Generator, names: list[str], count: int, flat: int, slope: float
) -> list[str]:
    odds = 1 / (np.arange(len(names)) + 1 + flat) ** slope
    drawn: NDArray[np.int64] = chance.choice(len(names), count, p=odds / odds.sum())
    return [names[place] for place in drawn.tolist()]


def _mail(first: str, last: str, company: int, number: int) -> str:
    return f"{first}.{last}{number % 7 or ''}@firm{company}.com".lower()


def _plain(number: int, company: int, first: str, last: str, days: int) -> Contact:
    at = NOW - timedelta(days=days)
    mail = _mail(first, last, company, number)
    return Contact(number, company, first, last, ((at, mail),), _TITLES[number % len(_TITLES)], at)


def _second(number: int, old: Contact, company: int, days: int) -> Contact:
    """The same human at another company, as a record of their own."""
    at = NOW - timedelta(days=days)
    return Contact(
        number,
        company,
        old.first,
        old.last,
        ((at, _mail(old.first, old.last, company, number)),),
        old.title,
        at,
    )


def _moved(one: Contact, company: int, days: int) -> Contact:
    """The same record with an address elsewhere since."""
    later = (NOW - timedelta(days=days), _mail(one.first, one.last, company, one.id))
    return Contact(
        one.id, company, one.first, one.last, (*one.mails, later), one.title, one.created
    )


def _twice(number: int, old: Contact) -> Contact:
    """The same human once more at the same company, with a private address."""
    mail = f"{old.first}{old.last}{number}@gmail.com".lower()
    return Contact(
        number, old.company, old.first, old.last, ((old.created, mail),), old.title, old.created
    )


_STAGES = """
DROP TABLE IF EXISTS bench_contact;
CREATE UNLOGGED TABLE bench_contact (
  id bigint, company bigint, created timestamptz, properties jsonb, history jsonb);
"""
_FILL = """
SET app.portal_id = '4711';
INSERT INTO record (portal_id, object_type, record_id, properties, history, created_at, updated_at)
  SELECT 4711, 'contact', id, properties, history, created, created FROM bench_contact;
INSERT INTO record (portal_id, object_type, record_id, properties, created_at, updated_at)
  SELECT 4711, 'company', company,
    jsonb_build_object('name', 'Firm ' || company, 'domain', 'firm' || company || '.com'),
    min(created), min(created)
  FROM bench_contact GROUP BY company;
INSERT INTO association (portal_id, from_type, from_id, to_type, to_id, category, type_id)
  SELECT 4711, 'contact', id, 'company', company, 'HUBSPOT_DEFINED', 1 FROM bench_contact
  UNION ALL SELECT 4711, 'company', company, 'contact', id, 'HUBSPOT_DEFINED', 2 FROM bench_contact;
INSERT INTO stale (portal_id, stage, object_type, record_id)
  SELECT portal_id, 1, object_type, record_id FROM record WHERE portal_id = 4711;
DROP TABLE bench_contact;
"""


def load(url: str, contacts: list[Contact]) -> None:
    """Store contacts, their companies and links, and mark everything, as an import does."""
    with psycopg.connect(url) as connection:
        connection.execute(_STAGES)
        with connection.cursor() as cursor, cursor.copy("COPY bench_contact FROM STDIN") as out:
            for contact in contacts:
                properties = {
                    "firstname": contact.first,
                    "lastname": contact.last,
                    "email": contact.mails[-1][1],
                    "jobtitle": contact.title,
                    "associatedcompanyid": str(contact.company),
                }
                history = {"email": [_version(at, mail) for at, mail in reversed(contact.mails)]}
                out.write_row(
                    (
                        contact.id,
                        contact.company,
                        contact.created,
                        _json(properties),
                        _json(history),
                    )
                )
        connection.execute(_FILL)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _version(at: datetime, value: str) -> dict[str, str]:
    return {"value": value, "timestamp": at.isoformat(), "sourceType": "CRM_UI"}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
