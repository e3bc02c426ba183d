"""Stage three for companies: what came because of them, how their people feel, how healthy the account is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from integration.conclude import field_patches, record_facts, stored_moves
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.findings import all_in_values, person_rows, source_rows, stored_shapes
from integration.storage.ledger import entry_rows
from integration.storage.mirror import deal_rows, mirror
from integration.storage.mirror import survey_answers as answer_rows
from mappings.rules.attribution import orders
from mappings.rules.facts import PPM, CompanyFacts, ContactFacts, DealFacts, NpsAnswer, Ticket
from mappings.rules.findings import SHARE_ONE, Move
from mappings.rules.job_changes import champions
from mappings.rules.ledger import money
from mappings.rules.policy import KEY_ROLES
from mappings.rules.success import health, nps

_ACTIVE_DAYS = 90
_LEFT_DAYS = 365


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """Companies with their people, deals, tickets and what flowed from them."""

    companies: Mapping[int, CompanyFacts]
    own_deals: Mapping[int, Sequence[Row]]
    booked: Mapping[int, tuple[int, int]]
    pipeline: Mapping[int, Sequence[Row]]
    values: Mapping[int, orders.AllIn]
    staff: Mapping[int, Sequence[ContactFacts]]
    deals: Mapping[int, Sequence[DealFacts]]
    moves: Mapping[int, Sequence[Move]]
    answers: Mapping[int, Sequence[NpsAnswer]]
    tickets: Mapping[int, Sequence[Ticket]]
    person_of: Mapping[int, int]


def refresh(batch: Batch, company_ids: Collection[int]) -> None:
    """Say on each company what it stands for; a company that never bought and brought nothing says nothing."""
    page = _load(batch, company_ids)
    living = [one for one in page.companies.values() if not one.archived]
    found = [
        field_patches.Conclusion(company.id, said, reasons)
        for company, (said, reasons) in batch.each(
            ((("company", one.id), one) for one in living),
            lambda company: _company(batch, company, page),
        )
    ]
    field_patches.plan(batch, "company", found)
    field_patches.forget(
        batch, "company", [one for one in company_ids if one not in {each.id for each in living}]
    )
    all_in_values.store(
        batch.tx, company_ids, page.values.values(), max_order=orders.deepest(batch.policy)
    )


def _load(batch: Batch, company_ids: Collection[int]) -> CompanyPage:
    home = batch.portal_map.home_currency
    companies = record_facts.companies(batch, company_ids)
    own = deal_rows.of_companies(batch.tx, company_ids)
    links = mirror.links_to(batch.tx, "contact", "company", companies)
    moved = stored_moves.moves_with(batch, companies)
    gone = [move for row, move in moved if row["former_company_id"] in companies]
    # Only a customer's people are weighed; of others it is enough to know what they brought.
    customers = {one for one, rows in own.items() if any(row["is_won"] for row in rows)}
    near = {(link.from_id, link.to_id) for link in links if link.to_id in customers}
    asked = near | answer_rows.givers(batch.tx, customers)
    told = record_facts.answers(batch, {contact for contact, _ in asked})
    facts = {one: c for one, c in record_facts.contacts(batch, {one for one, _ in near} | told.keys()).items()
             if not c.archived}  # fmt: skip
    staff: dict[int, list[ContactFacts]] = {}
    for contact, company in sorted(near):
        if contact in facts:
            staff.setdefault(company, []).append(facts[contact])
    pipeline: dict[int, list[Row]] = {}
    for row in source_rows.open_from(batch.tx, companies):
        pipeline.setdefault(row["company_id"], []).append(row)
    return CompanyPage(
        companies,
        own,
        entry_rows.by_company(batch.tx, companies, home),
        pipeline,
        _values(batch, own),
        staff,
        _deals(batch, customers, own),
        _moves(gone),
        _answers(batch, asked, told, facts),
        _tickets(batch, customers),
        person_rows.persons_of(batch.tx, told),
    )


def _deals(
    batch: Batch, customers: Collection[int], own: Mapping[int, Sequence[Row]]
) -> dict[int, list[DealFacts]]:
    found: dict[int, list[DealFacts]] = {}
    for deal in record_facts.deals(
        batch, {row["deal_id"] for one in customers for row in own[one]}
    ).values():
        if deal.company_id is not None:
            found.setdefault(deal.company_id, []).append(deal)
    return found


def _moves(gone: Iterable[Move]) -> dict[int, list[Move]]:
    """Moves by the company that was left."""
    found: dict[int, list[Move]] = {}
    for move in gone:
        if move.former_company_id is not None:
            found.setdefault(move.former_company_id, []).append(move)
    return found


def _answers(
    batch: Batch,
    asked: Collection[tuple[int, int]],
    told: Mapping[int, Sequence[NpsAnswer]],
    known: Mapping[int, ContactFacts],
) -> dict[int, list[NpsAnswer]]:
    """Answers by the company they were given as people of; each company's own people and no others that are loaded."""
    given = [one for several in told.values() for one in several]
    today = mirror.resolve(
        batch.tx, "company", (one.company_id for one in given if one.company_id is not None)
    )
    found: dict[int, list[NpsAnswer]] = {}
    for one in given:
        facts = known.get(one.contact_id)
        here = facts.company_ids[0] if facts and facts.company_ids else None
        company = today.get(one.company_id or 0, here)
        if company is not None and (one.contact_id, company) in asked:
            role = _role(facts)
            found.setdefault(company, []).append(
                replace(one, company_id=company, role=one.role or role)
            )
    return found


def _role(facts: ContactFacts | None) -> str:
    roles = facts.buying_roles if facts else frozenset()
    return min(roles & KEY_ROLES, default=min(roles, default=""))


def _tickets(batch: Batch, company_ids: Collection[int]) -> dict[int, list[Ticket]]:
    links = mirror.links_to(batch.tx, "ticket", "company", company_ids)
    facts = record_facts.tickets(batch, {link.from_id for link in links})
    found: dict[int, list[Ticket]] = {}
    for ticket, company in sorted({(link.from_id, link.to_id) for link in links}):
        if ticket in facts:
            found.setdefault(company, []).append(facts[ticket])
    return found


def _home_minor(row: Mapping[str, object], home: str) -> int | None:
    if row["home_minor"] is not None:
        return int(str(row["home_minor"]))
    return (
        int(str(row["amount_minor"]))
        if row["currency"] == home and row["amount_minor"] is not None
        else None
    )


def revalue(batch: Batch, company_ids: Collection[int]) -> dict[int, orders.AllIn]:
    """Work out anew what companies are worth all-in and keep it: four queries, however large the portal is."""
    values = _values(batch, deal_rows.of_companies(batch.tx, company_ids))
    all_in_values.store(
        batch.tx, company_ids, values.values(), max_order=orders.deepest(batch.policy)
    )
    return values


def _values(batch: Batch, own: Mapping[int, Sequence[Row]]) -> dict[int, orders.AllIn]:
    """What each company is worth all-in, by the won deals that credit from its own can reach."""
    home = batch.portal_map.home_currency
    start = {row["deal_id"]: row for rows in own.values() for row in rows if row["is_won"]}
    below = (
        source_rows.edges_below(batch.tx, start, depth=orders.deepest(batch.policy) - 1)
        if start
        else ()
    )
    rows = (
        {**deal_rows.load(batch.tx, {edge["to_deal_id"] for edge in below}), **start}
        if below
        else start
    )
    deals = [
        orders.WonDeal(
            one,
            row["company_id"],
            _home_minor(row, home) or 0,
            row["closed_at"] or row["created_at"],
        )
        for one, row in rows.items()
        if row["is_won"]
    ]
    edges = (
        orders.Edge(row["from_deal_id"], row["to_deal_id"], row["share"], row["inherited"])
        for row in below
    )
    graph = orders.graph_of(deals, edges)
    return {one: orders.all_in(one, graph, batch.policy) for one in own if one in graph.of_company}


Said = tuple[dict[str, str], list[object]]


def _company(batch: Batch, company: CompanyFacts, page: CompanyPage) -> Said:
    said, reasons = _money(batch, company.id, page)
    if not any(row["is_won"] for row in page.own_deals.get(company.id, ())):
        return said, reasons
    answers = _latest(batch, page.answers.get(company.id, ()), page)
    mood = nps.company(answers, batch.now, batch.policy)
    if mood is not None:
        said["second_order_nps_answers"] = str(mood.answers)
        if mood.number is not None:
            said["second_order_nps"] = str(mood.number)
    left = _champions_left(batch, company.id, page)
    if left:
        said["second_order_champions_left"] = str(len(left))
    score = _health(batch, company, page, mood, left)
    said["second_order_health_band"] = score.band
    said["second_order_health_because"] = score.because
    if score.band != "unknown":
        said["second_order_health"] = f"{score.score:g}"
    return said, [
        *reasons,
        {"health": stored_shapes.plain(score)},
        {"champions_left": [one.key for one in left]},
    ]


def _money(batch: Batch, company_id: int, page: CompanyPage) -> Said:
    home = batch.portal_map.home_currency
    if not home:
        return {}, [{"money": "the portal's home currency is not known"}]
    said: dict[str, str] = {}
    booked, count = page.booked.get(company_id, (0, 0))
    if booked:
        said["second_order_revenue"] = money.major(booked, home)
    if count:
        said["second_order_deals"] = str(count)
    rows = page.pipeline.get(company_id, ())
    waiting = sum(
        (
            Fraction(
                (_home_minor(row, home) or 0) * row["share"] * row["open_probability"],
                SHARE_ONE * PPM,
            )
            for row in rows
        ),
        Fraction(0),
    )
    if round(waiting):
        said["second_order_pipeline"] = money.major(round(waiting), home)
    value = page.values.get(company_id)
    if value is None:
        return said, []
    if value.total_minor:
        said["second_order_all_in_value"] = money.major(value.total_minor, home)
    return said, [{"all_in": stored_shapes.plain(value)}]


def _latest(batch: Batch, answers: Sequence[NpsAnswer], page: CompanyPage) -> list[NpsAnswer]:
    return list(nps.latest(answers, batch.now, batch.policy, page.person_of).values())


def _champions_left(batch: Batch, company_id: int, page: CompanyPage) -> list[Move]:
    start = batch.now - timedelta(_LEFT_DAYS)
    found = {
        move.person_id: move
        for move in page.moves.get(company_id, ())
        if move.status == "auto"
        and move.strength >= batch.policy.champion_at
        and start <= move.moved_at <= batch.now
    }
    return [found[person] for person in sorted(found)]


def _health(
    batch: Batch,
    company: CompanyFacts,
    page: CompanyPage,
    mood: nps.CompanyNps | None,
    left: Sequence[Move],
) -> health.Health:
    staff = page.staff.get(company.id, ())
    seen = [
        at for one in staff if (at := one.last_activity_at or one.last_reply_at) and at <= batch.now
    ]
    active = sum(1 for at in seen if batch.now - at <= timedelta(_ACTIVE_DAYS))
    replies = [
        one.last_reply_at for one in staff if one.last_reply_at and one.last_reply_at <= batch.now
    ]
    has_champion = (
        any(_is_champion(batch, one, company.id, page) for one in staff) if staff else None
    )
    factors = [
        health.relationship(
            active_contacts=active if seen else None,
            champion_here=has_champion,
            last_touch_days=_days(batch.now, max(replies)) if replies else None,
        ),
        health.sentiment(mood),
        health.support(page.tickets.get(company.id, ()), batch.now),
    ]
    return health.health(factors, batch.policy, abandoned=bool(left) and not active)


def _days(now: datetime, at: datetime) -> int:
    return (now - at).days


def _is_champion(batch: Batch, contact: ContactFacts, company_id: int, page: CompanyPage) -> bool:
    c, _ = champions.strength(
        {contact.id},
        company_id,
        batch.now,
        deals=page.deals.get(company_id, ()),
        answers=[one for one in page.answers.get(company_id, ()) if one.contact_id == contact.id],
        roles=contact.buying_roles,
        policy=batch.policy,
    )
    return c >= batch.policy.champion_at
