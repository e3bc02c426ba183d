"""What a total is added up from, in home currency: parts, ranges, traces, and what has no part.

Entries are read as their balances, and count in the period that their win belongs to, whenever they
were booked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import AS_WRITTEN, Row, Transaction
from integration.storage.ledger.entry_rows import DERIVED, HOME, NOTHING_BOOKED


@dataclass(frozen=True, slots=True)
class Wins:
    """Which wins are added up: from when, until when (excluded), and of one deal; None is all."""

    since: datetime | None = None
    until: datetime | None = None
    deal_id: int | None = None

    @property
    def bounds(self) -> dict[str, object]:
        """The values that statements name."""
        return {"since": self.since, "until": self.until, "deal": self.deal_id}


def _within(at: str) -> str:
    return f"""(CAST(:since AS timestamptz) IS NULL OR {at} >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR {at} < :until)"""


_OF_DEAL = "(CAST(:deal AS bigint) IS NULL OR deal_id = :deal)"
BELONGS = f"{_within('balance.won_at')} AND {_OF_DEAL}"
# The account's currency, or that in which alone the amount is known.
_UNIT = f"""CASE WHEN ({HOME}) IS NOT NULL THEN :home
  WHEN home_minor IS NOT NULL THEN home_currency ELSE currency END"""
_AMOUNT = f"coalesce({HOME}, home_minor, amount_minor)"


def parts(tx: Transaction, home: str, wins: Wins) -> list[Row]:
    """Return sums by currency (`unit`), kind and holder of the credit.

    Holders are company, gone_company, pool, person (who has no company), and first_order for the
    remainder. What is known in the account's currency has that as its unit.
    """
    return list(
        tx.rows(
            f"""SELECT unit, kind, CASE
                  WHEN NOT {DERIVED} THEN 'first_order'
                  WHEN company_id IS NULL AND is_nobodys THEN 'pool'
                  WHEN company_id IS NULL THEN 'person'
                  WHEN record_id IS NULL THEN 'gone_company' ELSE 'company' END AS holder,
                  sum(minor) AS minor
                FROM (SELECT part.*, coalesce(alias.new_id, company_id) AS firm_id
                  FROM (SELECT {_UNIT} AS unit, kind, company_id,
                      subject_id IS NULL AS is_nobodys, sum({_AMOUNT}) AS minor
                    FROM balance WHERE portal_id = :portal AND {BELONGS}
                    GROUP BY 1, 2, 3, 4 {AS_WRITTEN}) AS part
                  LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'company'
                    AND alias.old_id = part.company_id {AS_WRITTEN}) AS part
                LEFT JOIN LATERAL (  -- one by one: a period has few of an account's companies
                  SELECT record_id FROM record
                  WHERE record.portal_id = :portal AND record.object_type = 'company'
                    AND record.record_id = part.firm_id AND record.gone_at IS NULL {AS_WRITTEN}
                ) AS firm ON true
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
            home=home,
            **wins.bounds,
        )
    )


# What is booked of each deal; one that was taken back as a whole is not there.
_BOOKED = f"""SELECT deal_id, {_UNIT} AS unit, sum({_AMOUNT}) AS booked,
    coalesce(sum({_AMOUNT}) FILTER (WHERE {DERIVED}), 0) AS derived
  FROM balance WHERE portal_id = :portal AND {BELONGS}
  GROUP BY 1, 2 HAVING sum({_AMOUNT}) <> 0 OR sum({_AMOUNT}) FILTER (WHERE {DERIVED}) <> 0"""
_FIGURE = """CASE WHEN jsonb_typeof(body -> '{0}') = 'number' AND body ->> '{0}' ~ '^[0-9]{{1,18}}$'
  THEN CAST(body ->> '{0}' AS bigint) END"""
_FIGURES = ", ".join(_FIGURE.format(name) for name in ("w", "p", "g", "raw"))


def derived(tx: Transaction, home: str, wins: Wins) -> list[tuple[Any, ...]]:
    """Return deals with credit: id, booked and derived, and (kind, w, p, g, raw) of each source.

    A figure that was erased with a person is None.
    """
    return tx.tuples(
        f"""SELECT booked.deal_id, booked.booked, booked.derived, coalesce((
              SELECT jsonb_agg(jsonb_build_array(kind, {_FIGURES}) ORDER BY source_key)
              FROM source WHERE source.portal_id = :portal
                AND source.deal_id = booked.deal_id), '[]')
            FROM ({_BOOKED}) AS booked WHERE unit = :home AND derived <> 0
            ORDER BY booked.deal_id""",
        home=home,
        **wins.bounds,
    )


# The type of the other end is compared as an expression, or a planner that has not counted the
# portal yet would look for it in the index of the other direction, which it then reads whole.
_CONTACTS = """SELECT on_deal.to_id AS contact_id FROM association AS on_deal
  WHERE on_deal.portal_id = :portal AND on_deal.from_type = 'deal'
    AND on_deal.from_id = booked.deal_id AND on_deal.to_type || '' = 'contact'"""
_LINKED = f"""EXISTS (SELECT FROM ({_CONTACTS} {AS_WRITTEN}) AS mine CROSS JOIN LATERAL (
    SELECT FROM association AS firm WHERE firm.portal_id = :portal AND firm.from_type = 'contact'
      AND firm.from_id = mine.contact_id AND firm.to_type || '' = 'company' {AS_WRITTEN}
  ) AS firm)"""
# Under which companies all records of the people are found, by their links, addresses and texts of
# all time.
_FOUND_AT = f"""EXISTS (SELECT FROM ({_CONTACTS}) AS mine
  JOIN person AS own ON own.portal_id = :portal AND own.contact_id = mine.contact_id
  JOIN person AS alike ON alike.portal_id = :portal AND alike.person_id = own.person_id
  JOIN identity_key AS key ON key.portal_id = :portal AND key.contact_id = alike.contact_id
  WHERE CASE key.kind
    WHEN 'at' THEN EXISTS (SELECT FROM company_key AS firm WHERE firm.portal_id = :portal
        AND firm.company_id = CAST(key.value AS bigint))
      OR EXISTS (SELECT FROM alias WHERE alias.portal_id = :portal
        AND alias.object_type = 'company' AND alias.old_id = CAST(key.value AS bigint))
    WHEN 'host' THEN EXISTS (SELECT FROM company_key AS firm WHERE firm.portal_id = :portal
      AND firm.kind = 'domain' AND firm.value = key.value)
    WHEN 'firm' THEN EXISTS (SELECT FROM company_key AS firm WHERE firm.portal_id = :portal
      AND firm.kind = 'name' AND firm.value = key.value)
    ELSE false END)"""
_SPEAKERS = f"""SELECT 'deal' AS kind, booked.deal_id AS id
  UNION ALL SELECT 'contact', contact_id FROM ({_CONTACTS}) AS mine"""
# Words without meaning are no answer.
_SAID = f"""EXISTS (SELECT FROM ({_SPEAKERS}) AS speaker JOIN told ON told.portal_id = :portal
  AND told.owner_type = speaker.kind AND told.owner_id = speaker.id
  WHERE told.label <> 'junk' AND NOT told.by_model)"""
_NAMED = f"""EXISTS (SELECT FROM ({_SPEAKERS}) AS speaker
  JOIN record ON record.portal_id = :portal AND record.object_type = speaker.kind
    AND record.record_id = speaker.id
  JOIN unnest(CAST(:types AS text[]), CAST(:names AS text[])) AS mapped(kind, name)
    ON mapped.kind = speaker.kind
  WHERE btrim(record.properties ->> mapped.name) <> '')"""
_MET = f"""EXISTS (SELECT FROM (
    SELECT contact_id FROM ({_CONTACTS}) AS mine UNION ALL
    SELECT old_id FROM alias JOIN ({_CONTACTS}) AS mine ON alias.portal_id = :portal
      AND alias.object_type = 'contact' AND alias.new_id = mine.contact_id) AS person
  JOIN touch ON touch.portal_id = :portal AND touch.contact_id = person.contact_id
  WHERE touch.at < deal.created_at)"""
_MET_THERE = """EXISTS (SELECT FROM touch WHERE touch.portal_id = :portal
    AND touch.company_id = deal.company_id AND touch.at < deal.created_at)"""


def figures(tx: Transaction, deal_id: int) -> list[tuple[Any, ...]]:
    """Return (kind, w, p, g, raw) of each source of a deal, won or not, in the order of its key."""
    return tx.tuples(
        f"""SELECT kind, {_FIGURES} FROM source
            WHERE portal_id = :portal AND deal_id = :deal ORDER BY source_key""",
        deal=deal_id,
    )


# The rarer trace is looked for only where the more frequent one is lacking.
_LOOKED_FOR = f"""CROSS JOIN LATERAL (SELECT EXISTS ({_CONTACTS}) AS contacts {AS_WRITTEN}) AS a
  CROSS JOIN LATERAL (
    SELECT contacts AND ({_LINKED} OR {_FOUND_AT}) AS employer {AS_WRITTEN}) AS b
  CROSS JOIN LATERAL (SELECT NOT employer AND ({_SAID} OR {_NAMED}) AS answer {AS_WRITTEN}) AS c
  CROSS JOIN LATERAL (
    SELECT NOT employer AND NOT answer AND ({_MET} OR {_MET_THERE}) AS activity
    {AS_WRITTEN}) AS d"""


def traces(tx: Transaction, home: str, wins: Wins, mapped: Sequence[tuple[str, str]]) -> list[Row]:
    """Return booked deals by what could show a customer's part of them: their number and money.

    *mapped* are object types with properties that name a referrer or a code. The rarer trace is
    looked for only where the more frequent one is lacking.
    """
    return list(
        tx.rows(
            f"""SELECT unit, contacts, employer, answer, activity, booked.derived <> 0 AS found,
                  count(*) AS deals, sum(booked.booked) AS minor
                FROM ({_BOOKED}) AS booked
                LEFT JOIN deal ON deal.portal_id = :portal AND deal.deal_id = booked.deal_id
                {_LOOKED_FOR}
                GROUP BY 1, 2, 3, 4, 5, 6""",
            home=home,
            types=[object_type for object_type, _ in mapped],
            names=[name for _, name in mapped],
            **wins.bounds,
        )
    )


# The same of the sums that are kept by deal.
_KEPT_UNIT = """CASE WHEN :home IN (home_currency, currency) THEN :home
  ELSE coalesce(home_currency, currency) END"""
_KEPT_AMOUNT = """CASE WHEN home_currency = :home THEN {0}_home WHEN currency = :home THEN {0}_minor
  WHEN home_currency IS NOT NULL THEN {0}_home ELSE {0}_minor END"""


def kept_traces(tx: Transaction, home: str, wins: Wins) -> list[Row]:
    """Return the same of a period's deals, by what is kept with each since it was concluded."""
    return list(
        tx.rows(
            f"""SELECT unit, coalesce(trace, 'nothing') <> 'nothing' AS contacts,
                  trace IS NOT DISTINCT FROM 'employer' AS employer,
                  trace IS NOT DISTINCT FROM 'answer' AS answer,
                  trace IS NOT DISTINCT FROM 'activity' AS activity,
                  derived <> 0 AS found, count(*) AS deals, sum(derived + rest) AS minor
                FROM (SELECT deal_id, {_KEPT_UNIT} AS unit, max(trace) AS trace,
                    sum({_KEPT_AMOUNT.format("derived")}) AS derived,
                    sum({_KEPT_AMOUNT.format("rest")}) AS rest
                  FROM deal_balance WHERE portal_id = :portal AND {_within("won_at")}
                  GROUP BY 1, 2) AS booked
                WHERE derived + rest <> 0 OR derived <> 0
                GROUP BY 1, 2, 3, 4, 5, 6""",
            home=home,
            since=wins.since,
            until=wins.until,
        )
    )


def keep_judged(
    tx: Transaction,
    ranges: Mapping[int, tuple[int, int] | None],
    mapped: Sequence[tuple[str, str]],
) -> None:
    """Keep with booked deals their range, in ppm of the amount, and what could show a customer.

    *mapped* is as for :func:`traces`. A report reads some hundred thousand deals, and could not
    look for the traces of all.
    """
    if not ranges:
        return
    ends = [ends or (None, None) for ends in ranges.values()]
    tx.run(
        f"""UPDATE deal_balance AS kept
            SET low_share = now.low, high_share = now.high, trace = now.trace
            FROM (
              SELECT booked.deal_id, booked.low, booked.high,
                CASE WHEN employer THEN 'employer' WHEN answer THEN 'answer'
                  WHEN activity THEN 'activity' WHEN contacts THEN 'contacts'
                  ELSE 'nothing' END AS trace
              FROM unnest(CAST(:ids AS bigint[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
                AS booked(deal_id, low, high)
              JOIN deal ON deal.portal_id = :portal AND deal.deal_id = booked.deal_id
              {_LOOKED_FOR}
              WHERE EXISTS (SELECT FROM deal_balance WHERE deal_balance.portal_id = :portal
                AND deal_balance.deal_id = booked.deal_id)) AS now
            WHERE kept.portal_id = :portal AND kept.deal_id = now.deal_id
              AND (kept.low_share, kept.high_share, kept.trace)
                IS DISTINCT FROM (now.low, now.high, now.trace)""",
        ids=list(ranges),
        lows=[low for low, _ in ends],
        highs=[high for _, high in ends],
        types=[object_type for object_type, _ in mapped],
        names=[name for _, name in mapped],
    )


def unbooked(tx: Transaction, deal_id: int, currencies: Collection[str]) -> dict[str, int]:
    """Say of a won deal of which nothing is booked why: no_amount, no_currency, or waiting."""
    rows = tx.tuples(
        f"""SELECT CASE WHEN upper(coalesce(currency, '')) <> ALL(:currencies) THEN 'no_currency'
              WHEN coalesce(amount_minor, 0) = 0 THEN 'no_amount' ELSE 'waiting' END, count(*)
            FROM deal WHERE portal_id = :portal AND deal_id = :deal AND is_won AND {NOTHING_BOOKED}
            GROUP BY 1""",
        currencies=list(currencies),
        deal=deal_id,
    )
    return dict(rows)
