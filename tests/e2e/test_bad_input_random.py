"""Whatever people do to a small portal: it settles, adds up to the cent, and settling again does nothing."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.storage.ledger import entry_rows
from tests.e2e.hostile import USER, prepare

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)
KINDS = {"company": 3, "contact": 5, "deal": 6}
AMOUNTS = ("100", "0.01", "12345.67", "0", "", "-50", "1,000.50", "99999999.99")
DATES = (900, 400, 100, 30, 1)
_pick = st.integers(0, 5)
_made = st.tuples(
    st.just("make"), st.sampled_from(DATES), st.sampled_from(AMOUNTS), _pick, _pick, st.booleans()
)
_acts = st.one_of(
    st.tuples(st.just("win"), _pick, st.booleans()),
    st.tuples(st.just("price"), _pick, st.sampled_from(AMOUNTS)),
    st.tuples(st.just("hire"), _pick, _pick),
    st.tuples(st.just("refer"), _pick, _pick),
    st.tuples(st.just("invite"), _pick, _pick),
    st.tuples(st.just("merge"), st.sampled_from(sorted(KINDS)), _pick, _pick),
    st.tuples(st.just("archive"), st.sampled_from(sorted(KINDS)), _pick),
    st.tuples(st.just("restore"), st.sampled_from(sorted(KINDS)), _pick),
    st.tuples(st.just("forget"), _pick),
    st.tuples(st.just("settle")),
)


class Town:
    """A portal that is filled anew for each example."""

    def __init__(self, account: "Account", deals: list[tuple]) -> None:  # type: ignore[type-arg]  # what hypothesis drew
        self.account, self.crm = account, account.crm
        self.ids: dict[str, list[int]] = {kind: [] for kind in KINDS}
        with self.crm.silently():
            for n in range(KINDS["company"]):
                self._add("company", {"name": f"Firm {n}", "domain": f"firm{n}.example"}, 950)
            for n in range(KINDS["contact"]):
                named = {
                    "firstname": f"Ana{n}",
                    "lastname": f"Bekele{n}",
                    "email": f"ana{n}@firm{n % 3}.example",
                }
                self._add("contact", {**named, "hs_buying_role": "CHAMPION"}, 900 - 150 * n)
                self.link("contact", n, "company", n % 3, primary=True)
            for n, (_, days, amount, firm, who, won) in enumerate(deals):
                stage = "closedwon" if won else "contractsent"
                values = {"dealname": f"Deal {n}", "dealstage": stage, "amount": amount}
                values |= {"closedate": (NOW - timedelta(days / 2)).isoformat()} if won else {}
                self._add("deal", values, days)
                self.link("deal", n, "company", firm, primary=True)
                self.link("deal", n, "contact", who)

    def _add(self, kind: str, values: dict[str, str], days: float) -> None:
        self.ids[kind].append(self.crm.create(kind, values, at=NOW - timedelta(days)).id)

    def one(self, kind: str, place: int) -> int:
        """A record that was made, whatever became of it."""
        return self.ids[kind][place % len(self.ids[kind])]

    def link(
        self, kind: str, a: int, to: str, b: int, *labels: str, primary: bool | None = None
    ) -> None:
        self.crm.associate(
            kind, self.one(kind, a), to, self.one(to, b), *labels, primary=primary, source=USER
        )

    def act(self, what: str, *how: object) -> None:
        """One thing that people do; what HubSpot would not let them do is nothing."""
        with suppress(LookupError, ValueError):
            getattr(self, what)(*how)

    def win(self, deal: int, won: bool) -> None:
        said = {
            "dealstage": "closedwon" if won else "contractsent",
            "closedate": NOW.isoformat() if won else "",
        }
        self.crm.update("deal", self.one("deal", deal), said, source=USER)

    def price(self, deal: int, amount: str) -> None:
        self.crm.update("deal", self.one("deal", deal), {"amount": amount}, source=USER)

    def hire(self, who: int, firm: int) -> None:
        said = {"email": f"ana{who}@firm{firm % 3}.example", "company": f"Firm {firm % 3}"}
        self.crm.update("contact", self.one("contact", who), said, source=USER)
        self.link("contact", who, "company", firm, primary=True)

    def refer(self, who: int, by: int) -> None:
        self.link("contact", who, "contact", by, "Referred by")

    def invite(self, deal: int, who: int) -> None:
        self.link("deal", deal, "contact", who)

    def merge(self, kind: str, a: int, b: int) -> None:
        self.ids[kind].append(
            self.crm.merge(kind, self.one(kind, a), self.one(kind, b), source=USER).id
        )

    def archive(self, kind: str, one: int) -> None:
        self.crm.archive(kind, self.one(kind, one), source=USER)

    def restore(self, kind: str, one: int) -> None:
        self.crm.restore(kind, self.one(kind, one), source=USER)

    def forget(self, who: int) -> None:
        self.crm.gdpr_delete(self.one("contact", who), source=USER)

    def settle(self) -> None:
        self.account.world.settle()


def check(town: Town) -> None:
    """Booked is what was won, nobody has more than a deal's amount, nothing is left over."""
    account = town.account
    with account.context() as context, context.transaction() as tx:
        assert entry_rows.unbalanced(tx) == []
    for table in ("stale", "outbox"):
        assert account.kept(table) == []
    assert not {"waiting", "set_aside"} & set(account.values("event", "state"))
    assert account.troubles() == []
    booked = {
        row["deal_id"]: (row["n"], row["derived"])
        for row in account.rows(
            """SELECT deal_id, sum(amount_minor)::bigint AS n,
                 coalesce(sum(amount_minor) FILTER (WHERE kind <> 'first_order'), 0)::bigint AS derived
               FROM ledger GROUP BY deal_id"""
        )
    }
    for deal in town.crm.all("deal"):
        total, derived = booked.pop(deal.id, (0, 0))
        amount = deal.get("amount").replace(",", "")
        won = round(float(amount or 0) * 100) if deal.get("dealstage") == "closedwon" else 0
        assert total == won, deal.id
        assert abs(derived) <= abs(total), deal.id
    assert not any(total or derived for total, derived in booked.values())  # of deals that are gone


@pytest.fixture
def examples(world: "World") -> "World":
    for account in world.accounts:
        prepare(account.crm)
    return world


def test_random_portals_settle_and_add_up(
    examples: "World", postgres_url: str, request: pytest.FixtureRequest
) -> None:
    count = request.config.getoption("--random-portals")

    @settings(max_examples=count, deadline=None, derandomize=count <= 25, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # fmt: skip
    @given(
        deals=st.lists(_made, min_size=1, max_size=KINDS["deal"]), acts=st.lists(_acts, max_size=12)
    )
    def run(deals: list[tuple], acts: list[tuple]) -> None:  # type: ignore[type-arg]  # what hypothesis drew
        account = _empty(examples, postgres_url)
        town = Town(account, deals)
        examples.install(account)
        for what, *how in acts:
            town.act(what, *how)
        town.settle()
        check(town)
        before = dict(account.crm.calls), len(account.ledger())
        town.settle()
        assert (dict(account.crm.calls), len(account.ledger())) == before

    run()


def _empty(world: "World", postgres_url: str) -> "Account":
    """harbor without any record, at HubSpot and here."""
    crm = world.harbor.crm
    for store in (crm.records, crm.bin, crm.retired, crm.merged):
        for kind in store:
            store[kind].clear()
    for order in (crm._order, crm._bin_order):
        for kind in order:
            order[kind].clear()
    crm.links._links.clear()
    crm._emails.clear()
    world.hubspot.queue.clear()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchone()
        assert tables is not None
        connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE")
    with redis.Redis.from_url(world.runtime.settings.redis_url or "") as client:
        client.flushall()
    return world.harbor
