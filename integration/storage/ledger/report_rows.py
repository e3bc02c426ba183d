"""What a report is added up from: balances of the wins of a period, grouped and chosen as asked.

A statement is put together from the pieces of what it groups by and filters, and reads no table
that none of these needs. Keys are text; None is what has no such value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integration.storage.database import Row, Transaction

DERIVED: Final = "balance.kind <> 'first_order'"
_ALIVE = "(balance.amount_minor <> 0 OR balance.home_minor <> 0)"


@dataclass(frozen=True, slots=True)
class Piece:
    """How a dimension is read: its key, the tables that this needs, and if credits differ in it."""

    key: str
    joins: tuple[str, ...] = ()
    is_of_credits: bool = False


_DEAL = "LEFT JOIN deal ON deal.portal_id = :portal AND deal.deal_id = balance.deal_id"
_FIRM = """LEFT JOIN alias AS firm ON firm.portal_id = :portal AND firm.object_type = 'company'
  AND firm.old_id = balance.company_id"""
_SUBJECT = """LEFT JOIN subject ON subject.portal_id = :portal
  AND subject.subject_id = balance.subject_id
LEFT JOIN alias AS renamed ON renamed.portal_id = :portal AND renamed.object_type = 'contact'
  AND renamed.old_id = subject.contact_id
LEFT JOIN person ON person.portal_id = :portal
  AND person.contact_id = coalesce(renamed.new_id, subject.contact_id)"""
# A forgotten person who was their company's only one stays in the company's sum alone: a line would
# name them.
_IS_ALONE = """balance.company_id IS NOT NULL AND NOT EXISTS (
  SELECT FROM balance AS other WHERE other.portal_id = :portal
    AND other.company_id = balance.company_id AND other.subject_id <> balance.subject_id)"""
_RECORD = """LEFT JOIN record AS {0}_record ON {0}_record.portal_id = :portal
  AND {0}_record.object_type = '{0}' AND {0}_record.record_id = {1}
  AND {0}_record.gone_at IS NULL"""

PIECES: Final[Mapping[str, Piece]] = {
    "source": Piece("balance.kind", is_of_credits=True),
    "period": Piece("CAST(width_bucket(balance.won_at, CAST(:starts AS timestamptz[])) AS text)"),
    "owner": Piece("CAST(deal.owner_id AS text)", (_DEAL,)),
    "pipeline": Piece("nullif(deal.pipeline, '')", (_DEAL,)),
    "company": Piece("CAST(deal.company_id AS text)", (_DEAL,)),
    "credited": Piece(
        f"""CASE WHEN NOT {DERIVED} THEN 'first_order'
          WHEN balance.company_id IS NOT NULL
            THEN CAST(coalesce(firm.new_id, balance.company_id) AS text)
          WHEN balance.subject_id IS NULL THEN 'pool' ELSE 'person' END""",
        (_FIRM,),
        is_of_credits=True,
    ),
    # People by their person, erased ones by the opaque number that is left of them.
    "advocate": Piece(
        f"""CASE WHEN NOT {DERIVED} THEN 'first_order'
          WHEN balance.subject_id IS NULL AND balance.company_id IS NULL THEN 'pool'
          WHEN balance.subject_id IS NULL THEN 'company'
          WHEN subject.contact_id IS NULL AND ({_IS_ALONE}) THEN 'company'
          WHEN subject.contact_id IS NULL THEN 'removed'
          ELSE CAST(coalesce(person.person_id, renamed.new_id, subject.contact_id) AS text) END""",
        (_SUBJECT,),
        is_of_credits=True,
    ),
    "order": Piece("CAST(deal.deal_order AS text)", (_DEAL,)),
    "timing": Piece("nullif(deal.timing, '')", (_DEAL,)),
    "deal": Piece(
        "nullif(btrim(deal_record.properties ->> :{name}), '')",
        (_RECORD.format("deal", "balance.deal_id"),),
    ),
    "company_property": Piece(
        "nullif(btrim(company_record.properties ->> :{name}), '')",
        (_DEAL, _RECORD.format("company", "deal.company_id")),
    ),
}
"""What balances can be grouped by. A property's name is bound as a value."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """One dimension of a statement: the piece's name, and the property where it is of one."""

    piece: str
    property_name: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which balances are added up, and how.

    Amounts are in `unit`, the account's currency, or, with `is_own`, in that of deals which have
    it. `chosen` has for each dimension the keys that count, None for what has none.
    """

    unit: str
    since: datetime | None = None
    until: datetime | None = None
    is_own: bool = False
    by: tuple[Grouped, ...] = ()
    chosen: Mapping[Grouped, Sequence[str | None]] = field(default_factory=dict)
    starts: Sequence[datetime] = ()
    derived_only: bool = False

    @property
    def is_of_credits(self) -> bool:
        """Whether a deal can be in several of its groups."""
        return any(PIECES[grouped.piece].is_of_credits for grouped in self.by)


# What is known in the account's currency, at the rate of the close; of what is not, nothing.
_HOME = """CASE
  WHEN balance.home_currency = :unit AND balance.home_minor IS NOT NULL THEN balance.home_minor
  WHEN balance.currency = :unit THEN balance.amount_minor END"""
_OWN = "CASE WHEN balance.currency = :unit THEN balance.amount_minor END"


class _Statement:
    """The pieces of one statement and the values it names."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.joins: dict[str, None] = {}
        self.values: dict[str, Any] = {
            "unit": wanted.unit,
            "since": wanted.since,
            "until": wanted.until,
            "starts": list(wanted.starts),
        }
        self.amount = _OWN if wanted.is_own else _HOME
        self.keys = [self._key(grouped) for grouped in wanted.by]
        self.conditions = [
            self._condition(number, grouped, keys)
            for number, (grouped, keys) in enumerate(wanted.chosen.items())
        ]
        if wanted.derived_only:
            self.conditions.append(DERIVED)

    def _key(self, grouped: Grouped) -> str:
        piece = PIECES[grouped.piece]
        self.joins.update(dict.fromkeys(piece.joins))
        if not grouped.property_name:
            return piece.key
        name = f"property_{len(self.values)}"
        self.values[name] = grouped.property_name
        return piece.key.format(name=name)

    def _condition(self, number: int, grouped: Grouped, keys: Sequence[str | None]) -> str:
        name, key = f"chosen_{number}", self._key(grouped)
        self.values[name] = [value for value in keys if value is not None]
        is_among = f"({key}) = ANY(CAST(:{name} AS text[]))"
        return f"({is_among} OR ({key}) IS NULL)" if None in keys else is_among

    @property
    def source(self) -> str:
        """The tables and conditions."""
        conditions = "".join(f" AND {condition}" for condition in self.conditions)
        return f"""FROM balance {" ".join(self.joins)}
            WHERE balance.portal_id = :portal AND {_ALIVE}
              AND (CAST(:since AS timestamptz) IS NULL OR balance.won_at >= :since)
              AND (CAST(:until AS timestamptz) IS NULL OR balance.won_at < :until){conditions}"""

    @property
    def grouped(self) -> tuple[str, str]:
        """The columns of the keys, and how they are grouped."""
        columns = "".join(f", {key} AS key_{n}" for n, key in enumerate(self.keys))
        names = "".join(f", key_{n}" for n in range(len(self.keys)))
        return columns, names


def sums(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return for each group `keys`, `booked`, `first_order`, `deals` with credit, and `won_deals`.

    A group in which nothing stands any more is left out.
    """
    statement = _Statement(wanted)
    columns, names = statement.grouped
    keys = f"ARRAY[{names[2:]}]" if names else "CAST(ARRAY[] AS text[])"
    rows = tx.rows(
        f"""SELECT {keys} AS keys, sum(derived) AS booked, sum(rest) AS first_order,
              count(*) FILTER (WHERE derived <> 0) AS deals, count(*) AS won_deals
            FROM (
              SELECT balance.deal_id{columns},
                coalesce(sum({statement.amount}) FILTER (WHERE {DERIVED}), 0) AS derived,
                coalesce(sum({statement.amount}) FILTER (WHERE NOT {DERIVED}), 0) AS rest
              {statement.source} GROUP BY balance.deal_id{names}) AS of_deal
            WHERE derived <> 0 OR rest <> 0{f" GROUP BY {names[2:]}" if names else ""}""",
        **statement.values,
    )
    return [row for row in rows if row["won_deals"]]


def ends(tx: Transaction) -> tuple[datetime, datetime] | None:
    """Return when the first and the last win was; None while nothing is booked."""
    ((first, last),) = tx.tuples(
        f"SELECT min(won_at), max(won_at) FROM balance WHERE portal_id = :portal AND {_ALIVE}"
    )
    return None if first is None else (first, last)
