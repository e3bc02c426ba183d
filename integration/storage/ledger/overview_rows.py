"""What an overview is made of: the trend, the causes of a difference, the open pipeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import DERIVED, HOME
from integration.storage.ledger.total_rows import Wins
from mappings.kinds import Cause, EntryOccasion

# Two indexes find entries by their win: that of where they belong, and that of when they count.
_WON_IN = """(origin_at >= {0} AND origin_at < {1}
  OR origin_at IS NULL AND effective_at >= {0} AND effective_at < {1})"""
_WON_AT = "coalesce(origin_at, effective_at)"
_NAMED_DEALS = 3


def first_win(tx: Transaction) -> datetime | None:
    """Return when the first win was that anything is booked of."""
    first: datetime | None = tx.value("SELECT min(won_at) FROM balance WHERE portal_id = :portal")
    return first


def by_step(
    tx: Transaction, home: str, starts: Sequence[datetime], until: datetime
) -> dict[tuple[int, str], int]:
    """Return booked credit in home currency by step and kind; a step ends where the next begins."""
    rows = tx.tuples(
        f"""SELECT width_bucket(won_at, CAST(:starts AS timestamptz[])) - 1, kind,
              coalesce(sum({HOME}), 0)::bigint
            FROM balance WHERE portal_id = :portal AND {DERIVED}
              AND won_at >= :since AND won_at < :until
            GROUP BY 1, 2""",
        starts=list(starts),
        since=starts[0],
        until=until,
        home=home,
    )
    return {(step, kind): minor for step, kind, minor in rows}


def causes(
    tx: Transaction,
    home: str,
    now: Wins,
    earlier: Wins,
    by_occasion: Mapping[EntryOccasion, tuple[Cause, Cause]],
) -> Sequence[Row]:
    """Return what each cause brought to two periods, *earlier* ending before *now* begins.

    A row has cause, version, is_earlier, minor, deals, and the deals and money of the largest. What
    one event did to a deal is taken together, and decides whether it added to it or took from it.
    """
    return tx.rows(
        f"""WITH event AS (
              SELECT deal_id, occasion, {_WON_AT} < CAST(:since AS timestamptz) AS is_earlier,
                sum({HOME}) AS minor
              FROM ledger WHERE portal_id = :portal AND {DERIVED}
                AND ({_WON_IN.format(":since", ":until")}
                  OR {_WON_IN.format(":earlier_since", ":earlier_until")})
              GROUP BY deal_id, occasion, recorded_at, is_earlier),
            named AS (
              SELECT event.*, occasion LIKE :settings || ' %' AS is_settings FROM event),
            caused AS (
              SELECT coalesce(CASE WHEN minor > 0 THEN known.more ELSE known.less END, :other)
                  AS cause,
                CASE WHEN is_settings THEN substr(occasion, length(:settings) + 2) ELSE '' END
                  AS version,
                is_earlier, deal_id, sum(minor)::bigint AS minor
              FROM named LEFT JOIN unnest(CAST(:words AS text[]), CAST(:more AS text[]),
                  CAST(:less AS text[])) AS known(word, more, less)
                ON known.word = CASE WHEN is_settings THEN :settings ELSE occasion END
              WHERE minor <> 0 GROUP BY 1, 2, 3, 4)
            SELECT cause, version, is_earlier, sum(minor)::bigint AS minor, count(*) AS deals,
              (array_agg(deal_id ORDER BY abs(minor) DESC, deal_id))[1:{_NAMED_DEALS}] AS largest,
              (array_agg(minor ORDER BY abs(minor) DESC, deal_id))[1:{_NAMED_DEALS}] AS money
            FROM caused WHERE minor <> 0 GROUP BY 1, 2, 3""",
        home=home,
        since=now.since,
        until=now.until,
        earlier_since=earlier.since,
        earlier_until=earlier.until,
        settings=EntryOccasion.SETTINGS.value,
        other=Cause.OTHER.value,
        words=[occasion.value for occasion in by_occasion],
        more=[more.value for more, _ in by_occasion.values()],
        less=[less.value for _, less in by_occasion.values()],
    )


def pipeline(tx: Transaction, home: str) -> Sequence[Row]:
    """Return open deals with credit by their stage's probability (ppm), the surest first.

    `credit` is shares times amounts, in trillionths of the smallest unit. Deals without an amount
    in home currency count as deals alone.
    """
    return tx.rows(
        """SELECT open_probability AS probability, count(DISTINCT deal_id) AS deals,
              coalesce(sum(CAST(share AS numeric) * CASE
                WHEN home_currency = :home AND home_minor IS NOT NULL THEN home_minor
                WHEN currency = :home THEN amount_minor END), 0) AS credit
            FROM deal JOIN source USING (portal_id, deal_id)
            WHERE deal.portal_id = :portal AND is_open AND share > 0
            GROUP BY 1 ORDER BY 1 DESC""",
        home=home,
    )


def newest_wins(tx: Transaction, home: str, *, limit: int) -> Sequence[Row]:
    """Return the deals won last with credit: id, close, what is booked of it, home currency."""
    return tx.rows(
        f"""SELECT deal_id, closed_at, (
              SELECT coalesce(sum({HOME}), 0)::bigint FROM ledger
              WHERE ledger.portal_id = :portal AND ledger.deal_id = won.deal_id AND {DERIVED}
            ) AS minor
            FROM deal AS won WHERE portal_id = :portal AND is_won AND closed_at IS NOT NULL
              AND EXISTS (SELECT FROM source WHERE source.portal_id = :portal
                AND source.deal_id = won.deal_id AND source.share > 0)
            ORDER BY closed_at DESC, deal_id DESC LIMIT :limit""",
        home=home,
        limit=limit,
    )
