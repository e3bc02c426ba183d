"""The page of customers: how each is, who is falling, with whom nobody was in touch, and the sums."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from integration.reports.listings.listings import CUSTOMERS
from integration.storage.listings import customer_rows
from integration.storage.listings.customer_rows import CustomerRow
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, counted, desk, written_by_hand
from tests.contract.test_conclude_health import ACME, ANA, a_customer
from tests.contract.test_conclude_touches import happen
from tests.contract.test_health_days import fill

__all__ = ["desk"]  # a fixture
HERE = f"/portals/{HARBOR}/customers"
BANDS = ("healthy", "watch", "at_risk", "unknown")


def a_row(number: int, **values: object) -> CustomerRow:
    """A customer; by its number one of four bands, owners 60 to 62 and nobody, every third active."""
    band = BANDS[number % 4]
    known = band != "unknown"
    usual: dict[str, object] = {
        "company_id": number,
        "name": f"Firm {number % 7}",
        "owner_id": 60 + number % 4 if number % 4 else None,
        "band": band,
        "worked_out": band,
        "health": 90 - 25 * (number % 4) if known else None,
        "coverage": 70 if known else 20,
        "change": (number % 5 - 2) * 1.5 if known else None,
        "touched_at": NOW - timedelta(number % 60) if number % 9 else None,
        "is_touched": number % 9 != 0 and number % 60 <= 30,
        "is_active": number % 3 != 0,
        "is_flagged": number % 10 == 0,
        "recurring_minor": number % 6 * 100_000,
        "bought_minor": number % 5 * 1_000,
    }
    return CustomerRow(**{**usual, **values})  # type: ignore[arg-type]  # of these kinds


def keep(portal: MirrorPortal, *rows: CustomerRow) -> None:
    with portal.database.portal(portal.portal_id) as tx:
        customer_rows.keep(tx, [row.company_id for row in rows], rows)


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    portal = written_by_hand(desk, HARBOR)
    keep(portal, *(a_row(number) for number in range(1, 121)))
    keep(written_by_hand(desk, ORCHARD), a_row(9001, name="Orchard's"))
    return portal


def companies_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(rf"/portals/{HARBOR}/company/(\d+)\"", page)]


def test_a_customer_stands_there_as_it_was_concluded(desk: Desk) -> None:
    portal = a_customer(written_by_hand(desk, HARBOR))

    (row,) = portal.kept("customer")
    said = portal.said("company", ACME)

    assert (row["name"], row["band"], row["worked_out"]) == ("Acme", "healthy", "healthy")
    assert (f"{row['health']}", row["coverage"]) == (said["second_order_health"], 80)
    assert (row["recurring_minor"], row["bought_minor"]) == (100_000, 0)
    assert (row["touched_at"], row["is_touched"]) == (NOW - timedelta(10), True)
    assert row["is_active"], "it pays regularly, although it bought long ago"
    page = Shown.of(desk, HERE)
    assert "Acme" in page.text
    assert "80%" in page.text


def test_who_stops_paying_and_buying_is_no_active_customer_any_more(desk: Desk) -> None:
    portal = a_customer(written_by_hand(desk, HARBOR))
    portal.put("company", ACME, name="Acme", arr=[(600, "1000"), (5, "0")])
    portal.settle()
    (row,) = portal.kept("customer")
    assert (row["is_active"], row["recurring_minor"]) == (False, 0)

    portal.deal(6, ACME, ANA, created=420, won=(399, "500.00"))
    portal.settle()
    (row,) = portal.kept("customer")
    assert (row["is_active"], row["bought_minor"]) == (True, 50_000)

    portal.retire("deal", 5, 6)
    portal.settle()
    assert portal.kept("customer") == [], "who never bought is no customer"


def test_a_touch_that_grows_old_is_none_of_the_month(desk: Desk) -> None:
    portal = a_customer(written_by_hand(desk, HARBOR))
    happen(portal, "meeting", 1, 31, [ANA])
    portal.settle()

    (row,) = portal.kept("customer")

    assert (row["touched_at"], row["is_touched"]) == (NOW - timedelta(31), False)


def test_every_order_shows_each_customer_once(desk: Desk, harbor: MirrorPortal) -> None:
    for order in CUSTOMERS.stored.orders:
        address, found = f"{HERE}?sort=-{order}", list[int]()
        while address:
            page = desk.get(address).text
            found += companies_on(page)
            forward = re.search(r'rel="next" href="([^"]+)"', page)
            address = f"{HERE}{forward[1]}".replace("&amp;", "&") if forward else ""

        assert sorted(found) == list(range(1, 121)), order


FITS: Mapping[str, Callable[[CustomerRow], bool]] = {
    "band=at_risk": lambda row: row.band == "at_risk",
    "band=unknown&active=yes": lambda row: row.band == "unknown" and row.is_active,
    "falling=yes": lambda row: (row.change or 0) < 0,
    "untouched=yes&active=yes": lambda row: row.is_active and not row.is_touched,
    "touched=yes": lambda row: row.is_touched,
    "owner=61": lambda row: row.owner_id == 61,
    "no_owner=yes": lambda row: row.owner_id is None,
    "flagged=yes": lambda row: row.is_flagged,
    "recurring_from=4000": lambda row: row.recurring_minor >= 400_000,
}


def test_a_filter_shows_what_fits_and_the_file_the_same(desk: Desk, harbor: MirrorPortal) -> None:
    for query, fits in FITS.items():
        wanted = {number for number in range(1, 121) if fits(a_row(number))}

        lines = list(csv.reader(io.StringIO(desk.get(f"{HERE}.csv?{query}").text)))

        assert {int(line[0]) for line in lines[1:]} == wanted, query
        assert set(companies_on(desk.get(f"{HERE}?{query}").text)) <= wanted, query


def test_the_bands_and_their_money_add_up_to_the_active_customers(
    desk: Desk, harbor: MirrorPortal
) -> None:
    active = [row for row in map(a_row, range(1, 121)) if row.is_active]
    touched = sum(row.is_touched for row in active)

    page = Shown.of(desk, HERE)

    for band in BANDS:
        count = sum(row.band == band for row in active)
        link = f"{HERE}?band={band}&amp;active=yes"
        assert f'<a href="{link}">{count}</a>' in page.html
    assert f"{touched} of {len(active)} active customers; 95% interval" in page.text
    assert f"{len(active) - touched} active customers without a touch" in page.text


def test_a_band_that_was_set_stands_beside_what_it_would_be(
    desk: Desk, harbor: MirrorPortal
) -> None:
    keep(harbor, a_row(4, band="at_risk", worked_out="healthy", name="Set by hand"))

    page = Shown.of(desk, f"{HERE}?set_by_hand=yes")

    assert companies_on(page.html) == [4]
    assert 'At risk<br><small class="dim"><bdi>otherwise healthy' in page.html


def test_an_account_without_customers_says_what_will_come(desk: Desk) -> None:
    written_by_hand(desk, HARBOR)

    page = Shown.of(desk, HERE)

    assert "Nothing here yet" in page.text
    assert 'id="bands"' not in page.html


def test_one_account_sees_nothing_of_the_others_customers(desk: Desk, harbor: MirrorPortal) -> None:
    assert "Orchard" not in desk.get(f"{HERE}.csv").text
    assert desk.get(f"/portals/{ORCHARD}/customers").status_code == 404


def test_the_page_asks_the_same_few_questions_however_many_customers(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with counted(harbor.database) as few:
        desk.get(HERE)
    keep(harbor, *(a_row(number) for number in range(200, 2200)))
    with counted(harbor.database) as many:
        desk.get(HERE)

    assert len(many) == len(few)


def lived(desk: Desk) -> MirrorPortal:
    """Acme with its days, as of the fixture's today."""
    portal = a_customer(written_by_hand(desk, HARBOR))
    fill(portal)
    return portal


def test_a_customers_page_shows_its_year_as_a_picture_and_month_by_month(desk: Desk) -> None:
    lived(desk)

    health = Shown.of(desk, f"/portals/{HARBOR}/company/{ACME}").part("health")

    assert '<figure class="chart">' in health.html
    assert "31 May 2026" in health.text
    assert "29 June 2026" in health.text, "the last day that is kept"


def test_bands_by_month_lead_to_each_day_and_days_say_whose_band_changed(desk: Desk) -> None:
    lived(desk)

    months = Shown.of(desk, f"{HERE}/months")
    assert f'href="{HERE}/day?on=2026-05-31"' in months.html
    assert f'href="{HERE}/day?on=2026-06-29"' in months.html

    day = Shown.of(desk, f"{HERE}/day?on=2026-05-31")
    assert "on 1 May 2026" in day.text
    nothing = Shown.of(desk, f"{HERE}/day?on=1999-01-01")
    assert "Nothing is kept of this day" in nothing.text
    Shown.of(desk, f"{HERE}/day?on=soon", status=400)


def test_every_customer_every_month_says_whom_nobody_met_by_owner(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, f"{HERE}/touch")

    active = [row for row in map(a_row, range(1, 121)) if row.is_active]
    own = [row for row in active if row.owner_id == 61]
    others = sum(not row.is_touched for row in own)
    assert f"{len(active)}" in page.text
    link = f"{HERE}?active=yes&amp;untouched=yes&amp;owner=61"
    assert f'<a href="{link}">{others}</a>' in page.html
    assert f'{HERE}?active=yes&amp;untouched=yes&amp;no_owner=yes"' in page.html


def test_pages_over_time_say_so_where_nothing_is_kept(desk: Desk) -> None:
    written_by_hand(desk, HARBOR)

    assert "No days are kept yet" in Shown.of(desk, f"{HERE}/months").text
    assert "No active customer" in Shown.of(desk, f"{HERE}/touch").text
    assert "Nothing is kept of this day" in Shown.of(desk, f"{HERE}/day").text
