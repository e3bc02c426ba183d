"""The list of people to ask today: of whom, for what, with what at stake, in whose hands."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from integration.conclude.batch import Batch, open_batch
from integration.portal import permissions
from integration.portal.context import PortalContext
from integration.portal.permissions import Permission
from integration.storage.database import Row, Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import mirror, owner_rows
from integration.storage.queue import page_context
from integration.storage.success import ask_list_rows, ask_rows, do_not_ask_rows
from integration.storage.success.ask_rows import Ask
from integration.success import ask_people
from mappings.kinds import AskKind, AskOutcome, AskState, GateKind, ObjectType, Role, WinKind
from mappings.records import values
from mappings.records.owners import Owner
from mappings.rules.policy import Policy
from mappings.rules.success import acquaintances, ask_choice, readiness, wins
from mappings.rules.success.acquaintances import Target
from mappings.rules.success.ask_choice import Asked, Choice, LateDeal, Situation
from mappings.rules.success.readiness import Throttle
from mappings.rules.success.wins import ActWindow, Win

PAGE: Final = 25
BRIEFLY: Final = 5
_WEEK = timedelta(days=7)
_WORTH_DAYS: Final = 400
_LATE_AT: Final = 500_000  # ppm: at least an even chance to be won


Throttles = Mapping[int | None, Throttle]
"""How many more people each owner may ask this week; who asked nobody lately is left out."""


@dataclass(frozen=True, slots=True)
class AskFilter:
    """What the list is narrowed to. `owners` None are all; `after` is where the last page ended."""

    owners: Collection[int] | None = None
    state: AskState = AskState.ASK_NOW
    kind: AskKind | None = None
    gate: GateKind | None = None
    after: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class AskLine:
    """One person to ask now: for what, why, and what is at stake, in home currency's minor units.

    `stake_minor` is the open deal that an introduction may help to, `worth_minor` what their own
    company bought lately. It `is_late` after the time in which the win is best acted on. Not
    `is_due` where the owner has asked enough people this week.
    """

    company_id: int
    company: str
    contact_id: int
    person: str
    first_name: str
    country: str
    job_title: str
    owner: Owner | None
    owner_id: int | None
    points: int
    parts: Mapping[str, int]
    win: Win | None
    act: ActWindow | None
    choice: Choice
    stake_minor: int
    worth_minor: int
    others: int
    nps: int | None
    last: Asked | None
    is_late: bool
    is_due: bool = True


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """One person who waits, rests or may never be asked, and why.

    That they want none `is_noted` here where it can be taken back here.
    """

    company_id: int
    company: str
    contact_id: int
    person: str
    owner: Owner | None
    because: str
    opens_at: datetime | None
    is_noted: bool


@dataclass(frozen=True, slots=True)
class OpenAsk:
    """One ask of late: whom, for what, and what became of it."""

    ask: Ask
    outcome: AskOutcome
    owner: Owner | None


@dataclass(frozen=True, slots=True)
class AskList:
    """The list: the page's lines, how many there are in all, and what the others wait for.

    `throttles` say of owners how many more they may ask this week.
    """

    currency: str
    lines: Sequence[AskLine]
    waiting: Sequence[WaitingLine]
    total: int
    counts: Mapping[AskState, int]
    reasons: Mapping[AskState, Mapping[str, int]]
    asked: Sequence[OpenAsk]
    owners: Mapping[int, Owner]
    throttles: Throttles
    next_after: tuple[int, int] | None


def own_owners(tx: Transaction, user_id: int) -> frozenset[int]:
    """The owners that a user of HubSpot's is, whose customers are theirs."""
    return frozenset(owner.owner_id for owner in owner_rows.of_user(tx, user_id))


def read(portal: PortalContext, wanted: AskFilter, *, page: int = PAGE) -> AskList:
    """Return a page of the list as of now."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), now)
        return _list(batch, wanted, page)


def whole(portal: PortalContext, wanted: AskFilter) -> AskList:
    """Return everybody to ask, on one page: what a file and a command show."""
    return read(portal, replace(wanted, state=AskState.ASK_NOW), page=ask_list_rows.MOST_READY)


@dataclass(frozen=True, slots=True)
class AskBrief:
    """The first few people to ask this week, and how many there are in all."""

    currency: str
    lines: Sequence[AskLine]
    total: int


def brief(portal: PortalContext, user_id: int, role: Role | None) -> AskBrief | None:
    """Return the people whom a user is to ask this week; None for who asks nobody.

    Whoever may ask at their own customers only reads of these.
    """
    if not permissions.may(role, Permission.ASK):
        return None
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        owners = None if permissions.may(role, Permission.ASK_FOR_ALL) else own_owners(tx, user_id)
        asked = ask_rows.since(tx, batch.now - _WEEK)
        lines = _in_turn(batch, ready(batch, owners), _throttles(batch, asked))
    due = [line for line in lines if line.is_due]
    return AskBrief(batch.portal_map.home_currency, due[:BRIEFLY], len(due))


@dataclass(frozen=True, slots=True)
class AskCard:
    """What a small card beside a contact or company needs: state, reason, and the ask to make."""

    state: str
    because: str
    person: str
    contact_id: int | None
    ask_for: str
    why: str
    last: OpenAsk | None

    @property
    def label(self) -> str:
        """The state as people read it."""
        state = AskState.of(self.state)
        return state.label if state else ""


def card(
    portal: PortalContext, object_type: str, record_id: int, *, with_choice: bool = True
) -> AskCard | None:
    """Return whether to ask a contact, or somebody at a company; None of who is not judged.

    What to ask for takes longer to find; without *with_choice* it is left out.
    """
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        row = ask_list_rows.best_of(tx, object_type, record_id)
        if row is None:
            return None
        is_choosing = with_choice and row["state"] == AskState.ASK_NOW
        lines = _lines(batch, [row]) if is_choosing else []
        asks = ask_rows.of_contacts(tx, [row["contact_id"]])
        last = [_open(batch, ask, owner_rows.every(tx)) for ask in asks[:1]]
    choice = lines[0].choice if lines else None
    return AskCard(
        state=row["state"],
        because=row["because"],
        person=row["person"] or "",
        contact_id=row["contact_id"],
        ask_for=choice.kind.label if choice else "",
        why=choice.because if choice else "",
        last=next(iter(last), None),
    )


def last_asks(portal: PortalContext, contact_id: int) -> list[OpenAsk]:
    """Return what a person was asked for, by all of their records, the newest first."""
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        person_of, _ = person_rows.groups(tx, [contact_id])
        asks = ask_rows.of_contacts(tx, {contact_id, *person_of})
        owners = owner_rows.every(tx)
        return [_open(batch, ask, owners) for ask in asks]


def _list(batch: Batch, wanted: AskFilter, page: int) -> AskList:
    tx = batch.tx
    owners = owner_rows.every(tx)
    # Twice as long as an answer takes: who was silent until now may still introduce somebody.
    asked = ask_rows.since(tx, batch.now - timedelta(2 * batch.policy.ask_silent_days))
    throttles = _throttles(batch, asked)
    lines = _in_turn(batch, ready(batch, wanted.owners, wanted.kind), throttles)
    shown = _page(lines, wanted.after, page) if wanted.state == AskState.ASK_NOW else []
    waiting = _waiting(batch, wanted, owners)
    counts = ask_list_rows.counts(tx, wanted.owners)
    return AskList(
        currency=batch.portal_map.home_currency,
        lines=[_with_owner(line, owners) for line in shown],
        waiting=waiting[:PAGE],
        total=len(lines),
        counts={state: counts.get(state.value, 0) for state in AskState},
        reasons={
            state: ask_list_rows.reasons(tx, state.value, wanted.owners)
            for state in (AskState.WAIT, AskState.RESTING, AskState.NEVER)
        },
        asked=[_open(batch, ask, owners) for ask in asked if _is_of(ask, wanted.owners)],
        owners=owners,
        throttles=throttles,
        next_after=_next(lines, shown, waiting),
    )


def ready(
    batch: Batch, owner_ids: Collection[int] | None = None, kind: AskKind | None = None
) -> list[AskLine]:
    """Everybody to ask now, one a company, the most money at stake first.

    First what open deals an introduction could help, then what the customer is worth.
    """
    rows = [row for row in ask_list_rows.ready(batch.tx) if _owned(row, owner_ids)]
    lines = _lines(batch, _unasked(batch, rows))
    return sorted((line for line in lines if kind in (None, line.choice.kind)), key=_place)


def _unasked(batch: Batch, rows: Sequence[Row]) -> list[Row]:
    """Those rows of which nothing was noted since they were judged: it counts at once."""
    since = batch.now - timedelta(batch.policy.ask_company_rest_days)
    asked = {ask.company_id for ask in ask_rows.since(batch.tx, since)}
    left_alone = do_not_ask_rows.in_force(batch.tx, [row["contact_id"] for row in rows])
    return [
        row
        for row in rows
        if row["company_id"] not in asked and row["contact_id"] not in left_alone
    ]


def _lines(batch: Batch, rows: Sequence[Row]) -> list[AskLine]:
    """The line of each row."""
    contact_ids = [row["contact_id"] for row in rows]
    evidence = _Evidence(
        batch,
        targets=ask_people.targets(batch, contact_ids),
        before=_before(batch, contact_ids),
        worth=_worth(batch, rows),
        late=_late_deals(batch),
        contacts=mirror.load(batch.tx, ObjectType.CONTACT, contact_ids),
    )
    return [evidence.line(row) for row in rows]


def _place(line: AskLine) -> tuple[int, int, int]:
    return -line.stake_minor, -line.worth_minor, line.company_id


def _owned(row: Row, owner_ids: Collection[int] | None) -> bool:
    return owner_ids is None or row["owner_id"] in owner_ids


def _is_of(ask: Ask, owner_ids: Collection[int] | None) -> bool:
    return owner_ids is None or ask.owner_id in owner_ids


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What decides for what people are asked, by contact; `worth` goes by company."""

    batch: Batch
    targets: Mapping[int, Sequence[Target]]
    before: Mapping[int, Sequence[Asked]]
    worth: Mapping[int, tuple[int, datetime | None]]
    late: Mapping[int, LateDeal]
    contacts: Mapping[int, mirror.MirroredRecord]

    def line(self, row: Row) -> AskLine:
        """One person's line."""
        contact_id = row["contact_id"]
        worth, since = self.worth.get(row["company_id"], (0, None))
        win = _win(row, self.batch.policy)
        record = self.contacts.get(contact_id)
        said = record.properties if record else {}
        act = wins.act_window(win, self.batch.policy) if win else None
        choice = ask_choice.choose(self._situation(row, win, since, said), self.batch.now)
        target = choice.target
        return AskLine(
            company_id=row["company_id"],
            company=row["company"] or "",
            contact_id=contact_id,
            person=row["person"] or "",
            first_name=str(said.get("firstname") or "").strip(),
            country=str(said.get("country") or "").strip(),
            job_title=str(said.get("jobtitle") or "").strip(),
            owner=None,
            owner_id=row["owner_id"],
            points=row["points"],
            parts={name: row[f"{name}_points"] for name in _PARTS},
            win=win,
            act=act,
            is_late=act is not None and act.ends_at < self.batch.now,
            choice=choice,
            stake_minor=acquaintances.stake(target, self.batch.policy) if target else 0,
            worth_minor=worth,
            others=row["others"],
            nps=row["nps"],
            last=next(iter(self.before.get(contact_id, ())), None),
        )

    def _situation(
        self, row: Row, win: Win | None, since: datetime | None, said: Mapping[str, object]
    ) -> Situation:
        contact_id = row["contact_id"]
        return Situation(
            win=win.kind if win else None,
            health_band=row["band"] or "",
            customer_since=since,
            roles=frozenset(values.several(str(said.get("hs_buying_role") or ""))),
            score=row["nps"],
            job_title=str(said.get("jobtitle") or ""),
            targets=self.targets.get(contact_id, ()),
            late_deal=self.late.get(row["owner_id"] or 0),
            before=self.before.get(contact_id, ()),
        )


_PARTS: Final = ("win", "sentiment", "health", "relationship")


def _win(row: Row, policy: Policy) -> Win | None:
    """The win that counts most; None if it is gone since somebody looked."""
    if row["win_kind"] is None:
        return None
    kind = WinKind.of(row["win_kind"])
    return Win(
        kind=kind,
        company_id=row["company_id"],
        contact_id=None,
        at=row["win_at"],
        source=row["win_key"],
        words=row["win_words"],
        weight=wins.weight(kind, policy),
    )


def _before(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[Asked]]:
    """What these contacts were asked for before, the newest first."""
    found: dict[int, list[Asked]] = {}
    for ask in ask_rows.of_contacts(batch.tx, contact_ids):
        found.setdefault(ask.contact_id, []).append(asked_of(ask, batch.now, batch.policy))
    return found


def asked_of(ask: Ask, now: datetime, policy: Policy) -> Asked:
    """An ask as the next one is chosen by."""
    outcome = ask_choice.outcome(ask.outcome, ask.at, now, policy.ask_silent_days)
    return Asked(ask.kind, ask.at, outcome, ask.target_contact_id)


def _worth(batch: Batch, rows: Iterable[Row]) -> dict[int, tuple[int, datetime | None]]:
    since = batch.now - timedelta(_WORTH_DAYS)
    company_ids = {row["company_id"] for row in rows}
    return ask_list_rows.worth(batch.tx, company_ids, since, batch.portal_map.home_currency)


def _late_deals(batch: Batch) -> dict[int, LateDeal]:
    rows = ask_list_rows.late_deals(batch.tx, _LATE_AT, batch.portal_map.home_currency)
    return {
        owner_id: LateDeal(row["deal_id"], row["name"] or "", row["company"] or "")
        for owner_id, row in rows.items()
    }


def _throttles(batch: Batch, asked: Iterable[Ask]) -> Throttles:
    """Of each owner who asked somebody this week, how many more they may ask."""
    times: dict[int | None, list[datetime]] = {}
    for ask in asked:
        times.setdefault(ask.owner_id, []).append(ask.at)
    return {
        owner_id: readiness.throttle(own, batch.now, batch.policy)
        for owner_id, own in times.items()
    }


def _in_turn(batch: Batch, lines: Sequence[AskLine], throttles: Throttles) -> list[AskLine]:
    """The same lines, due ones first: of each owner's as many as they may still ask this week."""
    taken: Counter[int | None] = Counter()
    settled: list[AskLine] = []
    for line in lines:
        throttle = throttles.get(line.owner_id)
        left = throttle.left if throttle else batch.policy.owner_asks_a_week
        is_due = line.owner_id is None or taken[line.owner_id] < left
        taken[line.owner_id] += 1
        settled.append(replace(line, is_due=is_due))
    return sorted(settled, key=lambda line: not line.is_due)


def _page(lines: Sequence[AskLine], after: tuple[int, int], page: int) -> Sequence[AskLine]:
    """The lines behind the one at which the last page ended; the first ones if it is gone."""
    places = [line.company_id for line in lines]
    start = places.index(after[0]) + 1 if after[0] in places else 0
    return lines[start : start + page]


def _next(
    lines: Sequence[AskLine], shown: Sequence[AskLine], waiting: Sequence[WaitingLine]
) -> tuple[int, int] | None:
    """Where the next page begins; None where there is none."""
    if len(waiting) > PAGE:
        last = waiting[PAGE - 1]
        return last.company_id, last.contact_id
    if shown and shown[-1].company_id != lines[-1].company_id:
        return shown[-1].company_id, shown[-1].contact_id
    return None


def _waiting(batch: Batch, wanted: AskFilter, owners: Mapping[int, Owner]) -> Sequence[WaitingLine]:
    """A page of those who wait, rest or may never be asked, and one more to tell that there is."""
    if wanted.state == AskState.ASK_NOW:
        return ()
    rows = ask_list_rows.others(
        batch.tx,
        wanted.state.value,
        wanted.gate.value if wanted.gate else "",
        wanted.owners,
        wanted.after,
        PAGE + 1,
    )
    return [
        WaitingLine(
            company_id=row["company_id"],
            company=row["company"] or "",
            contact_id=row["contact_id"],
            person=row["person"] or "",
            owner=owners.get(row["owner_id"] or 0),
            because=row["because"],
            opens_at=row["opens_at"],
            is_noted=row["is_noted"],
        )
        for row in rows
    ]


def _with_owner(line: AskLine, owners: Mapping[int, Owner]) -> AskLine:
    return replace(line, owner=owners.get(line.owner_id or 0))


def _open(batch: Batch, ask: Ask, owners: Mapping[int, Owner]) -> OpenAsk:
    outcome = ask_choice.outcome(ask.outcome, ask.at, batch.now, batch.policy.ask_silent_days)
    return OpenAsk(ask, outcome, owners.get(ask.owner_id or 0))
