"""Sources of deals (`referral`, `source`, `edge`), and the opaque subjects they credit."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integration.storage.database import Row, Transaction, as_json
from mappings.stored.shape_table import body_of

_REFERRAL = """owner_type, owner_id, referral_key, target, referrer_contact_id, referrer_company_id,
  status, body"""
_SOURCE = """deal_id, source_key, kind, contact_id, company_id, share, confidence, at, body,
  settings_version"""


def subjects(tx: Transaction, contact_ids: Collection[int]) -> dict[int, int]:
    """Return the opaque number of each contact; one is made where there was none."""
    wanted = sorted(set(contact_ids))
    if not wanted:
        return {}
    rows = tx.rows(
        """SELECT contact_id, subject_id FROM subject
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))""",
        ids=wanted,
    )
    subject_ids = {row["contact_id"]: row["subject_id"] for row in rows}
    missing = [contact_id for contact_id in wanted if contact_id not in subject_ids]
    if missing:
        rows = tx.rows(
            """INSERT INTO subject (portal_id, contact_id)
               SELECT :portal, id FROM unnest(CAST(:ids AS bigint[])) AS id
               -- An update that changes nothing: RETURNING has no row where nothing is done.
               ON CONFLICT (portal_id, contact_id) DO UPDATE SET contact_id = excluded.contact_id
               RETURNING contact_id, subject_id""",
            ids=missing,
        )
        subject_ids.update({row["contact_id"]: row["subject_id"] for row in rows})
    return subject_ids


def contacts_of(tx: Transaction, subject_ids: Collection[int]) -> dict[int, int | None]:
    """Return the contact of each opaque number, merges followed; None once it was forgotten."""
    if not subject_ids:
        return {}
    rows = tx.rows(
        """SELECT subject_id, coalesce(alias.new_id, contact_id) AS contact_id
           FROM subject LEFT JOIN alias ON alias.portal_id = subject.portal_id
             AND alias.object_type = 'contact'
             AND alias.old_id = contact_id
           WHERE subject.portal_id = :portal AND subject_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(subject_ids),
    )
    return {row["subject_id"]: row["contact_id"] for row in rows}


def referrals_told_by(
    tx: Transaction, owner_type: str, owner_ids: Collection[int]
) -> Sequence[Row]:
    """Return the referrals that these records mention."""
    if not owner_ids:
        return ()
    return tx.rows(
        f"""SELECT {_REFERRAL} FROM referral WHERE portal_id = :portal AND owner_type = :type
              AND owner_id = ANY(CAST(:ids AS bigint[]))""",
        type=owner_type,
        ids=list(owner_ids),
    )


def tellers(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return which of these contacts mentioned a referral, or had text, at the last reading."""
    rows = tx.tuples(
        """SELECT owner_id FROM referral WHERE portal_id = :portal AND owner_type = 'contact'
             AND owner_id = ANY(CAST(:ids AS bigint[]))
           UNION SELECT owner_id FROM told WHERE portal_id = :portal AND owner_type = 'contact'
             AND owner_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(contact_ids),
    )
    return {row[0] for row in rows}


def referrals_to(tx: Transaction, targets: Collection[str]) -> Sequence[Row]:
    """Return the referrals that brought these records."""
    if not targets:
        return ()
    return tx.rows(
        f"""SELECT {_REFERRAL} FROM referral
            WHERE portal_id = :portal AND target = ANY(CAST(:targets AS text[]))
            ORDER BY owner_type, owner_id, referral_key""",
        targets=list(targets),
    )


def referrals_by(
    tx: Transaction, *, contact_ids: Collection[int] = (), company_ids: Collection[int] = ()
) -> Sequence[Row]:
    """Return the referrals that these people or companies made."""
    return tx.rows(
        f"""SELECT {_REFERRAL} FROM referral WHERE portal_id = :portal
              AND (referrer_contact_id = ANY(CAST(:contacts AS bigint[]))
                   OR referrer_company_id = ANY(CAST(:companies AS bigint[])))
            ORDER BY owner_type, owner_id, referral_key""",
        contacts=list(contact_ids),
        companies=list(company_ids),
    )


def change_referrals(
    tx: Transaction, *, gone: Collection[tuple[str, int, str]], new: Sequence[Mapping[str, Any]]
) -> None:
    """Delete referrals and write others."""
    if gone:
        tx.run(
            """DELETE FROM referral
               USING unnest(CAST(:types AS text[]), CAST(:ids AS bigint[]), CAST(:keys AS text[]))
                 AS t(owner_type, owner_id, referral_key)
               WHERE referral.portal_id = :portal AND referral.owner_type = t.owner_type
                 AND referral.owner_id = t.owner_id AND referral.referral_key = t.referral_key""",
            types=[key[0] for key in gone],
            ids=[key[1] for key in gone],
            keys=[key[2] for key in gone],
        )
    if new:
        tx.run(
            f"""INSERT INTO referral (portal_id, {_REFERRAL})
                SELECT :portal, {_REFERRAL}
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                  owner_type text, owner_id bigint, referral_key text, target text,
                  referrer_contact_id bigint, referrer_company_id bigint, status text, body jsonb)
                ON CONFLICT (portal_id, owner_type, owner_id, referral_key)
                DO UPDATE SET target = excluded.target,
                  referrer_contact_id = excluded.referrer_contact_id, status = excluded.status,
                  referrer_company_id = excluded.referrer_company_id, body = excluded.body""",
            rows=as_json([{**row, "body": body_of(row["body"])} for row in new]),
        )


def of_deals(tx: Transaction, deal_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the judged sources of each deal, the largest share first."""
    if not deal_ids:
        return {}
    rows = tx.rows(
        f"""SELECT {_SOURCE} FROM source
            WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY deal_id, share DESC, source_key""",
        ids=list(deal_ids),
    )
    by_deal: dict[int, list[Row]] = {}
    for row in rows:
        by_deal.setdefault(row["deal_id"], []).append(row)
    return by_deal


def deals_from(tx: Transaction, company_ids: Collection[int]) -> set[int]:
    """Return the deals with these companies among their sources or their referrers."""
    rows = tx.rows(
        """SELECT DISTINCT deal_id FROM source
           WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(company_ids),
    )
    return {row["deal_id"] for row in rows}


def open_from(tx: Transaction, company_ids: Collection[int]) -> Sequence[Row]:
    """Return the open deals with a share from these companies."""
    if not company_ids:
        return ()
    return tx.rows(
        """SELECT source.company_id, source.deal_id, source.share, deal.amount_minor, deal.currency,
             deal.home_minor, deal.home_currency, deal.open_probability
           FROM source JOIN deal USING (portal_id, deal_id)
           WHERE source.portal_id = :portal AND deal.is_open
             AND source.company_id = ANY(CAST(:ids AS bigint[]))
           ORDER BY source.deal_id, source.source_key""",
        ids=list(company_ids),
    )


def change_sources(
    tx: Transaction, *, gone: Collection[tuple[int, str]], new: Sequence[Mapping[str, Any]]
) -> None:
    """Delete sources of deals and write others."""
    if gone:
        tx.run(
            """DELETE FROM source
               USING unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS t(deal_id, source_key)
               WHERE source.portal_id = :portal AND source.deal_id = t.deal_id
                 AND source.source_key = t.source_key""",
            ids=[deal for deal, _ in gone],
            keys=[key for _, key in gone],
        )
    if new:
        tx.run(
            f"""INSERT INTO source (portal_id, {_SOURCE})
                SELECT :portal, {_SOURCE}
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                  deal_id bigint, source_key text, kind text, contact_id bigint,
                  company_id bigint, share bigint, confidence double precision,
                  at timestamptz, body jsonb, settings_version int)
                ON CONFLICT (portal_id, deal_id, source_key) DO UPDATE SET kind = excluded.kind,
                  contact_id = excluded.contact_id, company_id = excluded.company_id,
                  share = excluded.share, confidence = excluded.confidence, at = excluded.at,
                  body = excluded.body, settings_version = excluded.settings_version""",
            rows=as_json([{**row, "body": body_of(row["body"])} for row in new]),
        )


def edges_into(tx: Transaction, deal_ids: Collection[int]) -> Sequence[Row]:
    """Return the edges that lead to these deals."""
    if not deal_ids:
        return ()
    return tx.rows(
        """SELECT from_deal_id, to_deal_id, source_key, from_company_id, share, inherited FROM edge
           WHERE portal_id = :portal AND to_deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )


def edges_below(tx: Transaction, deal_ids: Collection[int], *, depth: int) -> Sequence[Row]:
    """Return every edge on a path of at most *depth* edges from these deals."""
    return tx.rows(
        """WITH RECURSIVE below(deal_id, depth) AS (
             SELECT id, 1 FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION
             SELECT edge.to_deal_id, below.depth + 1 FROM below
             JOIN edge ON edge.portal_id = :portal AND edge.from_deal_id = below.deal_id
             WHERE below.depth < :depth)
           SELECT from_deal_id, to_deal_id, source_key, from_company_id, share, inherited FROM edge
           WHERE portal_id = :portal AND from_deal_id IN (SELECT deal_id FROM below)""",
        ids=list(deal_ids),
        depth=depth,
    )


def change_edges(
    tx: Transaction, *, gone: Collection[tuple[int, str]], new: Sequence[Mapping[str, Any]]
) -> None:
    """Delete edges and write others."""
    if gone:
        tx.run(
            """DELETE FROM edge USING unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[]))
                 AS t(to_deal_id, source_key)
               WHERE edge.portal_id = :portal AND edge.to_deal_id = t.to_deal_id
                 AND edge.source_key = t.source_key""",
            ids=[deal for deal, _ in gone],
            keys=[key for _, key in gone],
        )
    if new:
        tx.run(
            """INSERT INTO edge (portal_id, from_deal_id, to_deal_id, source_key, from_company_id,
                 share, inherited)
               SELECT :portal, from_deal_id, to_deal_id, source_key, from_company_id, share,
                 inherited
               FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                 from_deal_id bigint, to_deal_id bigint, source_key text, from_company_id bigint,
                 share bigint, inherited boolean)
               ON CONFLICT (portal_id, to_deal_id, source_key)
               DO UPDATE SET from_deal_id = excluded.from_deal_id,
                 from_company_id = excluded.from_company_id, share = excluded.share,
                 inherited = excluded.inherited""",
            rows=as_json(new),
        )


def set_orders(tx: Transaction, orders: Mapping[int, int]) -> set[int]:
    """Write each deal's order; return the deals whose order was another."""
    rows = tx.rows(
        """UPDATE deal SET deal_order = t.n
           FROM unnest(CAST(:ids AS bigint[]), CAST(:orders AS int[])) AS t(id, n)
           WHERE deal.portal_id = :portal AND deal.deal_id = t.id AND deal.deal_order <> t.n
           RETURNING deal_id""",
        ids=list(orders),
        orders=list(orders.values()),
    )
    return {row["deal_id"] for row in rows}


def downstream(tx: Transaction, deal_ids: Collection[int]) -> set[int]:
    """Return the deals that credit from these deals flows to, other than by inheritance."""
    rows = tx.rows(
        """SELECT DISTINCT to_deal_id FROM edge
           WHERE portal_id = :portal AND NOT inherited
             AND from_deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )
    return {row["to_deal_id"] for row in rows}


def hanging_on(tx: Transaction, deal_ids: Collection[int]) -> set[int]:
    """Return deals whose order may follow from these won deals' without a path of credit.

    They are open and lost deals, and won ones with a source that has no share: their sources
    hang on the source company's latest deal won before them, and no edge is stored of that.
    """
    rows = tx.tuples(
        """SELECT DISTINCT later.deal_id FROM deal AS earlier
             JOIN source ON source.portal_id = :portal AND source.company_id = earlier.company_id
             JOIN deal AS later ON later.portal_id = :portal AND later.deal_id = source.deal_id
           WHERE earlier.portal_id = :portal AND earlier.deal_id = ANY(CAST(:ids AS bigint[]))
             AND earlier.is_won AND NOT (later.is_won AND source.share > 0)
             AND later.company_id IS DISTINCT FROM earlier.company_id""",
        ids=list(deal_ids),
    )
    return {row[0] for row in rows}


def upstream_companies(tx: Transaction, deal_ids: Collection[int], *, depth: int) -> set[int]:
    """Return every company that has a part in these deals, directly or through others."""
    rows = tx.rows(
        """WITH RECURSIVE above(deal_id, company_id, depth) AS (
             SELECT from_deal_id, from_company_id, 1 FROM edge
             WHERE portal_id = :portal AND to_deal_id = ANY(CAST(:ids AS bigint[]))
             UNION
             SELECT edge.from_deal_id, edge.from_company_id, above.depth + 1 FROM above
             JOIN edge ON edge.portal_id = :portal AND edge.to_deal_id = above.deal_id
             WHERE above.depth < :depth)
           SELECT DISTINCT company_id FROM above""",
        ids=list(deal_ids),
        depth=depth,
    )
    return {row["company_id"] for row in rows}


def subjects_of(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return the opaque numbers of these contacts, also under ids that were merged into them."""
    rows = tx.rows(
        """SELECT subject_id FROM subject
           WHERE portal_id = :portal AND (contact_id = ANY(CAST(:ids AS bigint[]))
             OR contact_id IN (
               SELECT old_id FROM alias WHERE portal_id = :portal AND object_type = 'contact'
                 AND new_id = ANY(CAST(:ids AS bigint[]))))""",
        ids=list(contact_ids),
    )
    return {row["subject_id"] for row in rows}
