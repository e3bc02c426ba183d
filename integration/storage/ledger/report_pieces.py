"""The pieces of a report's statements: what rows are grouped by, which count, in which money.

A statement reads no table that none of its pieces needs. All speak of a table called balance, with
a deal, a win's time and, where it is of credits, a kind and who is credited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

DERIVED: Final = "balance.kind <> 'first_order'"
ALIVE: Final = "(balance.amount_minor <> 0 OR balance.home_minor <> 0)"

DEAL_ALIVE: Final = "(balance.derived_minor <> 0 OR balance.rest_minor <> 0)"


@dataclass(frozen=True, slots=True)
class Piece:
    """How a dimension is read: its key, the tables that this needs, and if credits differ in it."""

    key: str
    joins: tuple[str, ...] = ()
    is_of_credits: bool = False


DEAL: Final = "LEFT JOIN deal ON deal.portal_id = :portal AND deal.deal_id = balance.deal_id"
_OWNER = "LEFT JOIN owner ON owner.portal_id = :portal AND owner.owner_id = deal.owner_id"
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
    "owner": Piece("CAST(deal.owner_id AS text)", (DEAL,)),
    "team": Piece("owner.team_ids[1]", (DEAL, _OWNER)),
    "pipeline": Piece("nullif(deal.pipeline, '')", (DEAL,)),
    "company": Piece("CAST(deal.company_id AS text)", (DEAL,)),
    "credited": Piece(
        f"""CASE WHEN NOT {DERIVED} THEN 'first_order'
          WHEN balance.company_id IS NOT NULL
            THEN CAST(coalesce(firm.new_id, balance.company_id) AS text)
          WHEN balance.subject_id IS NULL THEN 'pool' ELSE 'person' END""",
        (_FIRM,),
        is_of_credits=True,
    ),
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
    "order": Piece("CAST(deal.deal_order AS text)", (DEAL,)),
    "timing": Piece("nullif(deal.timing, '')", (DEAL,)),
    "deal": Piece(
        "nullif(btrim(deal_record.properties ->> :{name}), '')",
        (_RECORD.format("deal", "balance.deal_id"),),
    ),
    "company_property": Piece(
        "nullif(btrim(company_record.properties ->> :{name}), '')",
        (DEAL, _RECORD.format("company", "deal.company_id")),
    ),
}
"""What balances can be grouped by. A property's name is bound as a value."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """One dimension of a statement: the piece's name, and the property where it is of one."""

    piece: str
    property_name: str = ""

    @property
    def is_of_credits(self) -> bool:
        """Whether the credits of one deal can differ in it."""
        return PIECES[self.piece].is_of_credits


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which wins are added up, and by what.

    Amounts are in `unit`, the account's currency, or, with `is_own`, in that of deals which have
    it. `chosen` has for each dimension the keys that count, None for what has none. `starts` are
    the first moments of the steps of the period. Of sums only the `most` largest groups are told,
    by their sum of that name.
    """

    unit: str
    since: datetime | None = None
    until: datetime | None = None
    is_own: bool = False
    by: tuple[Grouped, ...] = ()
    chosen: Mapping[Grouped, Sequence[str | None]] = field(default_factory=dict)
    starts: Sequence[datetime] = ()
    most: tuple[str, int] | None = None

    @property
    def is_shared(self) -> bool:
        """Whether a deal can be in several of its groups."""
        return any(grouped.is_of_credits for grouped in self.by)

    @property
    def is_of_credits(self) -> bool:
        """Whether single credits are told apart, in groups or by what is chosen."""
        return self.is_shared or any(grouped.is_of_credits for grouped in self.chosen)

    @property
    def of_deals(self) -> "Wanted":
        """The same without what is chosen of credits."""
        chosen = {key: keys for key, keys in self.chosen.items() if not key.is_of_credits}
        return replace(self, chosen=chosen)

    @property
    def is_of_days(self) -> bool:
        """Whether its groups are periods."""
        return any(grouped.piece == "period" for grouped in self.by)


# What is known in the account's currency, at the rate of the close; of what is not, nothing.
_HOME = """CASE
  WHEN {0}.home_currency = :unit AND {0}.home_minor IS NOT NULL THEN {0}.home_minor
  WHEN {0}.currency = :unit THEN {0}.amount_minor END"""
_OWN = "CASE WHEN {0}.currency = :unit THEN {0}.amount_minor END"


def amount(wanted: Wanted, table: str = "balance") -> str:
    """Return an amount in the wanted money; nothing where it is not known in it."""
    return (_OWN if wanted.is_own else _HOME).format(table)


def deal_amount(wanted: Wanted, part: str) -> str:
    """Return a deal's *part*, derived or rest, in the wanted money."""
    if wanted.is_own:
        return f"CASE WHEN balance.currency = :unit THEN balance.{part}_minor END"
    return f"""CASE WHEN balance.home_currency = :unit THEN balance.{part}_home
      WHEN balance.currency = :unit THEN balance.{part}_minor END"""


_SUMS = {
    "booked": "sum(derived)",
    "first_order": "sum(rest)",
    "won": "sum(derived + rest)",
    "deals": "count(*) FILTER (WHERE derived <> 0)",
    "won_deals": "count(*)",
}
SUMS: Final = frozenset(_SUMS)
"""By which sums the largest groups can be asked for."""


class Statement:
    """What a statement's keys, conditions and joins are, and the values that it names."""

    def __init__(
        self, wanted: Wanted, *, needs: Sequence[str] = (), has_deals: bool = False
    ) -> None:
        """*needs* are joins beside those of its keys; if it *has_deals*, they are not joined."""
        self._joins = dict.fromkeys(needs)
        self._has_deals = has_deals
        self._most = wanted.most
        self.values: dict[str, Any] = {
            "unit": wanted.unit,
            "since": wanted.since,
            "until": wanted.until,
            "starts": list(wanted.starts),
        }
        self._keys = [self._key(grouped) for grouped in wanted.by]
        self._conditions = [
            self._condition(grouped, keys) for grouped, keys in wanted.chosen.items()
        ]

    def _key(self, grouped: Grouped) -> str:
        piece = PIECES[grouped.piece]
        self._joins.update(dict.fromkeys(piece.joins))
        if not grouped.property_name:
            return piece.key
        name = f"value_{len(self.values)}"
        self.values[name] = grouped.property_name
        return piece.key.format(name=name)

    def _condition(self, grouped: Grouped, keys: Sequence[str | None]) -> str:
        key, name = self._key(grouped), f"value_{len(self.values)}"
        self.values[name] = [value for value in keys if value is not None]
        is_among = f"({key}) = ANY(CAST(:{name} AS text[]))"
        return f"({is_among} OR ({key}) IS NULL)" if None in keys else is_among

    @property
    def joins(self) -> str:
        """The tables beside balance."""
        # An owner is looked up by the deal: so deals come first.
        joins = [join for join in self._joins if not (self._has_deals and join == DEAL)]
        return " ".join(sorted(joins, key=lambda join: join != DEAL))

    @property
    def where(self) -> str:
        """What is chosen."""
        return " AND ".join(self._conditions) or "true"

    @property
    def keys(self) -> str:
        """The columns of the keys, each behind a comma."""
        return "".join(f", {key} AS key_{number}" for number, key in enumerate(self._keys))

    @property
    def listed(self) -> str:
        """The keys' expressions."""
        return ", ".join(self._keys)

    @property
    def names(self) -> str:
        """Their names, each behind a comma."""
        return "".join(f", key_{number}" for number in range(len(self._keys)))

    @property
    def largest(self) -> str:
        """Which groups are told: all of them, or the largest by a sum."""
        if self._most is None:
            return ""
        name, number = self._most
        # By the keys' bytes, or a server with other collations would tell others of equal ones.
        return f'ORDER BY {_SUMS[name]} DESC, {self.array} COLLATE "C" LIMIT {number:d}'

    @property
    def array(self) -> str:
        """The keys as one value."""
        return f"ARRAY[{self.names[2:]}]" if self._keys else "CAST(ARRAY[] AS text[])"

    @property
    def group(self) -> str:
        """How rows are grouped by the keys."""
        return f"GROUP BY {self.names[2:]}" if self._keys else ""


WITHIN: Final = """(CAST(:since AS timestamptz) IS NULL OR {0} >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR {0} < :until)"""
"""Whether a time lies in the period."""
