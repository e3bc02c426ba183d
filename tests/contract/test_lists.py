"""Lists: every row once whatever the order, filters in the address, and nothing of other accounts."""

import csv
import io
import re
from html import unescape

import pytest

from integration.reports.listings.list_addresses import address
from integration.reports.listings.listings import COMPANIES, DEALS, MOVES, PEOPLE
from tests.contract.record_world import counted
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor

HOSTILE = "<script>alert(1)</script>\"'><img src=x>=cmd()"
DEALS_OF_HARBOR = 120


@pytest.fixture
def visitor(town: Town) -> Visitor:
    """Somebody of harbor, who has many deals; orchard has one."""
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    _sell(town, HARBOR, DEALS_OF_HARBOR)
    _sell(town, ORCHARD, 1, first_id=9001)
    return visitor


def _sell(town: Town, portal_id: int, number: int, *, first_id: int = 101) -> None:
    """Deals in all states, many alike in what they are sorted by; every third is booked, every
    fifth has no amount."""
    with town.runtime.database.portal(portal_id) as tx:
        tx.run(
            """INSERT INTO deal (portal_id, deal_id, company_id, created_at, closed_at, is_won, is_open,
                 amount_minor, currency, home_minor, home_currency, name, pipeline, stage, owner_id, state,
                 source, timing, booked_minor, booked_on, certainty, sources)
               SELECT :portal, id, 7, timestamptz '2026-01-01' + n % 10 * interval '1 day',
                 CASE WHEN n % 4 <> 0 THEN timestamptz '2026-02-01' + n % 20 * interval '1 day' END,
                 n % 4 = 1, n % 4 = 0,
                 CASE WHEN n % 5 <> 0 THEN n * 100 END, 'EUR', NULL, 'EUR',
                 CASE WHEN n = 1 THEN :hostile ELSE 'Deal ' || n % 7 END, 'default', 'won', 60 + n % 2,
                 CASE n % 4 WHEN 1 THEN 'won' WHEN 0 THEN 'open' ELSE 'lost' END,
                 CASE WHEN n % 3 = 0 THEN 'referral' ELSE 'none' END, '',
                 CASE WHEN n % 3 = 0 THEN n % 4 * 1000 ELSE 0 END,
                 CASE WHEN n % 3 = 0 THEN date '2026-02-01' + n % 20 END, n % 2 / 2.0, n % 3
               FROM (SELECT n, :first + n - 1 AS id FROM generate_series(1, :number) AS n) AS t""",
            number=number,
            first=first_id,
            hostile=HOSTILE,
        )


def ids_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(rf"/portals/{HARBOR}/deal/(\d+)\"", page)]


def rows_on(page: str) -> int:
    return page.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return unescape(found[1]) if found else None


def test_every_order_shows_each_deal_once_forwards_and_backwards(visitor: Visitor) -> None:
    for order in DEALS.stored.orders:
        for direction in ("", "-"):
            _walk(visitor, f"/portals/{HARBOR}/deals", f"?sort={direction}{order}")


def _walk(visitor: Visitor, here: str, query: str) -> None:
    page = visitor.get(f"{here}{query}").text
    pages = [ids_on(page)]
    while forward := link(page, "next"):
        page = visitor.get(f"{here}{forward}").text
        pages.append(ids_on(page))
    everything = [deal_id for ids in pages for deal_id in ids]
    assert len(everything) == len(set(everything)) == DEALS_OF_HARBOR, query
    backwards = [pages[-1]]
    while back := link(page, "prev"):
        page = visitor.get(f"{here}{back}").text
        backwards.insert(0, ids_on(page))
    assert backwards == pages, query


def test_people_companies_and_job_changes_are_listed_in_every_order(
    town: Town, visitor: Visitor
) -> None:
    _know(town, HARBOR, 70)
    for listing in (PEOPLE, COMPANIES, MOVES):
        here = f"/portals/{HARBOR}/{listing.name}"
        for order in listing.stored.orders:
            first = visitor.get(f"{here}?sort=-{order}").text
            second = visitor.get(f"{here}{link(first, 'next')}").text
            assert (rows_on(first), rows_on(second)) == (50, 20), (listing.name, order)
            assert link(second, "next") is None
            assert rows_on(visitor.get(f"{here}{link(second, 'prev')}").text) == 50
        rows = list(csv.reader(io.StringIO(visitor.get(f"{here}.csv").text)))
        assert len(rows) == 71, listing.name


def test_each_list_is_narrowed_by_what_it_shows(town: Town, visitor: Visitor) -> None:
    _know(town, HARBOR, 70)
    for query, number in (
        ("people?role=champion&role=promoter", 47),
        ("people?answer=promoter", 14),
        ("people?revenue_from=60&company=7", 11),
        ("people?moved_from=2026-01-01&moved_to=2026-01-03", 3),
        ("companies?band=watch", 18),
        ("companies?left=yes", 35),
        ("moves?status=auto", 24),
        ("moves?person=203", 1),
        ("moves?moved_from=2026-01-05&moved_to=2026-01-05", 1),
        ("moves?from_company=301", 1),
    ):
        page = visitor.get(f"/portals/{HARBOR}/{query}").text
        assert f"{number} in this list" in page, query


def _know(town: Town, portal_id: int, number: int) -> None:
    with town.runtime.database.portal(portal_id) as tx:
        tx.run(
            """INSERT INTO listed_contact (portal_id, contact_id, name, email, company_id, role, revenue,
                 referrals, moved_on, nps)
               SELECT :portal, 200 + n, 'Ana ' || n, 'ana@x.example', 7,
                 CASE n % 3 WHEN 0 THEN 'champion' WHEN 1 THEN 'promoter' ELSE 'referrer' END, n, n % 2,
                 date '2025-12-31' + n, CASE WHEN n % 5 = 0 THEN 9 END
               FROM generate_series(1, :number) AS n""",
            number=number,
        )
        tx.run(
            """INSERT INTO listed_company (portal_id, company_id, name, domain, band, health, revenue,
                 pipeline, all_in, deals, champions_left)
               SELECT :portal, 300 + n, 'Firm ' || n % 3, 'x.example',
                 CASE n % 4 WHEN 0 THEN 'healthy' WHEN 1 THEN 'watch' ELSE 'unknown' END, n, n % 9, 0, n,
                 n % 5, n % 2
               FROM generate_series(1, :number) AS n""",
            number=number,
        )
        tx.run(
            """INSERT INTO move (portal_id, person_id, move_key, former_contact_id, new_contact_id,
                 former_company_id, new_company_id, latest, confidence, status, body, settings_version)
               SELECT :portal, 200 + n, 'k', 200 + n, 200 + n, 300 + n, 301,
                 timestamptz '2026-01-01' + (n - 1) * interval '1 day', n / 100.0,
                 CASE n % 3 WHEN 1 THEN 'auto' ELSE 'review' END, '{"kind": "move"}', 1
               FROM generate_series(1, :number) AS n""",
            number=number,
        )


def test_filters_stand_in_the_address_and_can_be_taken_away_one_by_one(visitor: Visitor) -> None:
    page = visitor.get(
        address(HARBOR, "deals", source=["referral"], state="won", amount_from="50", owner=61)
    ).text
    wanted = {100 + n for n in range(50, 121) if n % 12 == 9 and n % 5}
    assert set(ids_on(page)) == wanted
    assert "Source: Referral" in page
    assert "Amount from: €50.00" in page
    without = re.findall(r'<a href="([^"]+)" aria-label="Remove the filter', page)
    assert len(without) == 4
    assert "source" not in without[0]
    assert "state=won" in unescape(without[0])


def test_a_made_up_filter_order_value_or_place_is_refused_by_name(visitor: Visitor) -> None:
    for query, said in (
        ("colour=red", "no filter “colour”"),
        ("source=aliens", "“source” cannot be “aliens”"),
        ("sort=colour", "not sorted by “colour”"),
        ("closed_from=yesterday", "“closed_from” cannot be “yesterday”"),
        ("closed_from=2026-02-30", "“closed_from” cannot be “2026-02-30”"),
        ("amount_from=NaN", "“amount_from” cannot be “NaN”"),
        ("company=Acme", "“company” cannot be “Acme”"),
        ("owner=%00", "“owner” cannot be"),
        ("stage=%00", "This account has no stage"),
        ("stage=unheard", "This account has no stage “unheard”"),
        ("after=1~tomorrow", "no place in this list"),
        ("after=x", "no place in this list"),
        ("sort=name&after=1~%00", "no place in this list"),
        ("sort=amount&after=1~99999999999999999999999", "no place in this list"),
        ("after=1~2026-01-01&before=1~2026-01-01", "no place in this list"),
        ("booked=perhaps", "“booked” cannot be “perhaps”"),
        ("amount_from=1&amount_from=2", "takes one value"),
    ):
        answer = visitor.get(f"/portals/{HARBOR}/deals?{query}")
        assert answer.status_code == 400, query
        assert said in unescape(answer.text), query


def test_a_list_shows_its_own_account_alone_and_names_as_text(visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/deals?sort=name").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "9001" not in page
    assert visitor.get(f"/portals/{ORCHARD}/deals").status_code == 404
    assert visitor.get(f"/portals/{ORCHARD}/deals.csv").status_code == 404


def test_the_file_has_the_rows_of_the_list_and_no_formulas(visitor: Visitor) -> None:
    answer = visitor.get(f"/portals/{HARBOR}/deals.csv?state=won&sort=name")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 30
    assert {row["State"] for row in rows} == {"Won"}
    assert rows[0]["Deal"] == HOSTILE
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    assert sum(float(row["Amount"] or 0) for row in rows) == sum(
        n for n in range(1, 121) if n % 4 == 1 and n % 5
    )


def test_a_list_says_how_many_rows_it_has_and_what_they_add_up_to(visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/deals?state=won").text
    amount = sum(n for n in range(1, 121) if n % 4 == 1 and n % 5)
    booked = sum(10 for n in range(1, 121) if n % 12 == 9)
    assert "30 in this list" in page
    foot = page.partition("<tfoot>")[2]
    assert f"€{amount:,}.00" in foot
    assert f"€{booked}.00" in foot


def test_a_long_list_is_counted_up_to_ten_thousand(town: Town, visitor: Visitor) -> None:
    _sell(town, HARBOR, 10_001, first_id=20_001)
    page = visitor.get(f"/portals/{HARBOR}/deals").text
    assert "More than 10,000 in this list" in page
    assert "<tfoot>" not in page
    rows = list(csv.reader(io.StringIO(visitor.get(f"/portals/{HARBOR}/deals.csv").text)))
    assert len({row[0] for row in rows}) == len(rows) == 1 + DEALS_OF_HARBOR + 10_001


def test_a_list_says_that_records_of_an_older_version_are_still_being_listed(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("INSERT INTO unlisted SELECT :portal, 'deal'")
    assert "not all of them stand here yet" in visitor.get(f"/portals/{HARBOR}/deals").text
    assert "not all of them stand here yet" not in visitor.get(f"/portals/{HARBOR}/people").text


def test_a_list_asks_the_database_the_same_number_of_times_however_long_it_is(
    town: Town, visitor: Visitor
) -> None:
    here = f"/portals/{HARBOR}/deals?state=won&owner=61"
    short = _queries(town, visitor, here)
    _sell(town, HARBOR, 3000, first_id=20_001)
    assert _queries(town, visitor, here) == short


def _queries(town: Town, visitor: Visitor, path: str) -> int:
    with counted(town.runtime.database) as asked:
        assert visitor.get(path).status_code == 200
    return len(asked)


def test_an_empty_list_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/deals?company=5").text
    assert "Nothing matches" in page
