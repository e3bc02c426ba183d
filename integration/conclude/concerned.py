"""Whom a change of companies concerns: their people of today and once, what was told of them, what came of them."""

from collections.abc import Collection, Iterable

from integration.conclude.batch import Batch
from integration.storage.findings import move_rows, pending_mentions, person_rows, source_rows
from integration.storage.mirror import company_keys, deal_rows, mirror

Key = tuple[str, str]
_CONTACTS_KIND = {"domain": "host", "name": "firm"}
_SOUGHT = frozenset({"mail", "name", "code"})


def by_companies(batch: Batch, company_ids: Collection[int], changed: Collection[Key]) -> None:
    """Companies are called, reached or related otherwise, or are gone, back or one: all that rests on which is which.

    *changed* are the look-up keys that came or went; who was found by a key that is gone is concerned as well.
    """
    kin = {*company_ids, *company_keys.below(batch.tx, company_ids)}
    staff = people_of(batch, kin, changed)
    mirror.mark_stale(batch.tx, mirror.PEOPLE, {("person", one) for one in staff})
    # Before the import is through nothing was concluded yet that could be outdated.
    if not batch.imported:
        return
    own = {
        ("deal", row["deal_id"])
        for rows in deal_rows.of_companies(batch.tx, kin).values()
        for row in rows
    }
    named = {("deal", one) for one in source_rows.deals_from(batch.tx, kin)}
    mirror.mark_stages(
        batch.tx,
        {
            mirror.DEALS: own | named | _told_of(batch, kin),
            mirror.SUMMARIES: {
                ("contact", one) for one in _members(batch, _movers(batch, company_ids))
            },
        },
    )


def by_custom(batch: Batch, company_ids: Collection[int]) -> None:
    """Companies became customers, or at another time, or are none: who stood for us there, and whose word counts."""
    if not company_ids:
        return
    mirror.mark_stale(
        batch.tx, mirror.PEOPLE, {("person", one) for one in _movers(batch, company_ids)}
    )
    if not batch.imported:
        return
    staff = people_of(batch, company_ids)
    own = {
        ("deal", row["deal_id"])
        for rows in deal_rows.of_companies(batch.tx, company_ids).values()
        for row in rows
    }
    known = {key for keys in person_rows.keys_of(batch.tx, staff).values() for key in keys}
    names = {f"{kind}:{value}" for kind, value in known if kind in _SOUGHT}
    names |= {
        f"firm:{value.split()[0]}"
        for keys in company_keys.keys_of(batch.tx, company_ids).values()
        for kind, value in keys
        if kind == "name"
    }
    told = {
        ("contact", row["owner_id"])
        for row in source_rows.referrals_told_by(batch.tx, "contact", staff)
    }
    made = {
        (row["owner_type"], row["owner_id"])
        for row in source_rows.referrals_by(batch.tx, contact_ids=staff)
    }
    mirror.mark_stages(
        batch.tx,
        {
            mirror.DEALS: own
            | told
            | made
            | _told_of(batch, company_ids)
            | pending_mentions.seekers(batch.tx, names),
            mirror.SUMMARIES: {("contact", one) for one in staff},
        },
    )


def people_of(batch: Batch, company_ids: Collection[int], changed: Iterable[Key] = ()) -> set[int]:
    """Contacts that mean, or meant, one of these companies: by link, address or typed name."""
    keys = {
        key for several in company_keys.keys_of(batch.tx, company_ids).values() for key in several
    } | set(changed)
    wanted = {(_CONTACTS_KIND[kind], value) for kind, value in keys if kind in _CONTACTS_KIND}
    wanted |= {("at", str(one)) for one in company_ids}
    return {one for ids in person_rows.with_keys(batch.tx, wanted).values() for one in ids}


def _movers(batch: Batch, company_ids: Collection[int]) -> set[int]:
    return {row["person_id"] for row in move_rows.with_company(batch.tx, company_ids)}


def _members(batch: Batch, person_ids: Collection[int]) -> set[int]:
    return {one for ids in person_rows.members(batch.tx, person_ids).values() for one in ids}


def _told_of(batch: Batch, company_ids: Collection[int]) -> set[tuple[str, int]]:
    rows = [
        *source_rows.referrals_by(batch.tx, company_ids=company_ids),
        *source_rows.referrals_to(batch.tx, {f"company:{one}" for one in company_ids}),
    ]
    return {(row["owner_type"], row["owner_id"]) for row in rows}
