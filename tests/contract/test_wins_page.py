"""The page of wins: what went well, for whom, known from what; on the stories of companies and people, too."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.storage.findings import win_rows
from integration.storage.mirror import success_rows
from integration.storage.mirror.success_rows import SentItem
from mappings.kinds import WinKind
from mappings.records import usage_items
from mappings.rules.policy import DEFAULT
from mappings.rules.success import wins
from mappings.rules.success.wins import Win
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal, day
from tests.contract.record_world import Desk, Shown, counted, desk, written_by_hand

__all__ = ["desk"]  # a fixture
HERE = f"/portals/{HARBOR}/wins"
ACME, ZENIT, PRIYA = 1, 2, 12
NOTHING = "\N{EN DASH}"
PRODUCT = "A product or a workflow"


def a_win(
    kind: WinKind, company: int, ago: float, source: str, words: str, contact: int | None = None
) -> Win:
    weight = wins.weight(kind, DEFAULT)
    return Win(kind, company, contact, day(ago), source, words, weight)


WINS = [
    a_win(WinKind.MILESTONE, ACME, 2, "success:usage:id:1", "Milestone reached: <b>Live</b>"),
    a_win(WinKind.RENEWAL, ACME, 5, "deal:5", 'Deal "More" won'),
    a_win(WinKind.PROMOTER, ACME, 9, "answer:a", "Answered 10 of 10", PRIYA),
    a_win(WinKind.TICKET, ZENIT, 40, "ticket:7", 'Ticket 7 solved, rated "good"', PRIYA),
    a_win(WinKind.EXPANSION, ZENIT, -9999, "deal:6", "Deal won"),
]


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Acme and Zenit bought; Priya works at Acme. Orchard has a win of its own."""
    portals = [written_by_hand(desk, portal_id) for portal_id in (HARBOR, ORCHARD)]
    for portal in portals:
        portal.company(ACME, "Acme", "acme.example")
        portal.company(ZENIT, "Zenit", "zenit.example")
        for number, company in ((5, ACME), (6, ZENIT)):
            portal.deal(number, company, created=800, won=(700, "10000.00"))
        portal.contact(PRIYA, ACME, firstname="Priya", lastname="Nair", email="p@acme.example")
        portal.settle()
    keep(portals[0], *WINS)
    keep(portals[1], a_win(WinKind.PRAISE, ACME, 1, "success:x:1", "Orchard's own"))
    return portals[0]


def keep(portal: MirrorPortal, *kept: Win) -> None:
    with portal.database.portal(portal.portal_id) as tx:
        win_rows.store(tx, {ACME, ZENIT}, kept)


def listed(desk: Desk, asked: str = "") -> list[tuple[str, str]]:
    """Company and what of each row."""
    return [(row[1], row[3]) for row in Shown.of(desk, f"{HERE}{asked}").rows()]


def test_the_newest_wins_come_first_with_what_they_are_known_from(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, HERE)

    assert [row[1:6] for row in page.rows()] == [
        ["Acme", "Milestone reached", "<b>Live</b>", NOTHING, NOTHING],
        ["Acme", "Renewal won", 'Deal "More" won', NOTHING, "deal 5"],
        ["Acme", "Promoter answer", "Answered 10 of 10", "Priya Nair", NOTHING],
        [
            "Zenit",
            "Hard ticket solved well",
            'Ticket 7 solved, rated "good"',
            "Priya Nair",
            NOTHING,
        ],
    ]
    for known_from in (PRODUCT, "A won deal", "A survey answer", "A ticket"):
        assert f"<bdi>{known_from}</bdi>" in page.html
    assert "Orchard" not in page.text
    assert "<b>Live" not in page.html


@pytest.mark.parametrize(
    ("asked", "companies"),
    [
        ("?kind=renewal", ["Acme"]),
        ("?kind=renewal&kind=ticket", ["Acme", "Zenit"]),
        (f"?company={ZENIT}", ["Zenit"]),
        (f"?person={PRIYA}", ["Acme", "Zenit"]),
        (f"?since={day(6).date()}", ["Acme", "Acme"]),
        (f"?until={day(30).date()}", ["Zenit"]),
        ("?no_owner=yes", ["Acme", "Acme", "Acme", "Zenit"]),
        ("?owner=60", []),
        ("?sort=at", ["Zenit", "Acme", "Acme", "Acme"]),
    ],
)
def test_a_filter_leaves_its_rows(
    desk: Desk, harbor: MirrorPortal, asked: str, companies: list[str]
) -> None:
    assert [company for company, _ in listed(desk, asked)] == companies


def test_a_kind_that_there_is_not_is_refused_in_words(desk: Desk, harbor: MirrorPortal) -> None:
    Shown.of(desk, f"{HERE}?kind=party", status=400)


def test_the_file_has_the_same_rows_with_ids(desk: Desk, harbor: MirrorPortal) -> None:
    rows = list(csv.reader(io.StringIO(desk.get(f"{HERE}.csv").text)))

    assert rows[0][:4] == ["When", "Company ID", "Company", "Win"]
    assert [row[1] for row in rows[1:]] == ["1", "1", "1", "2"]


def test_the_figures_above_lead_to_the_rows_they_count(desk: Desk, harbor: MirrorPortal) -> None:
    now = datetime.now(UTC)
    recent = [
        replace(win, at=now - timedelta(days))
        for win, days in zip(WINS, (1, 8, 8.5, 30, -3), strict=True)
    ]
    keep(harbor, *recent)

    page = Shown.of(desk, HERE).part("of-late")
    counts = [int(number) for number in re.findall(r"<a [^>]*>(\d+)</a>", page.html)]
    rows = [len(Shown.of(desk, address).rows()) for address in page.links()]

    assert counts == rows
    assert counts[:2] == [1, 3]


def test_without_a_win_it_says_what_would_bring_some(desk: Desk, harbor: MirrorPortal) -> None:
    keep(harbor)

    page = Shown.of(desk, HERE)
    assert "No win yet" in page.text
    assert "Let your product send milestones and figures" in page.text
    assert any(link.endswith("#inbound-key") for link in page.links())


def test_wins_stand_in_the_story_of_the_company_and_of_the_person(
    desk: Desk, harbor: MirrorPortal
) -> None:
    company = Shown.of(desk, f"/portals/{HARBOR}/company/{ACME}").part("story")
    person = Shown.of(desk, f"/portals/{HARBOR}/contact/{PRIYA}").part("story")

    assert "Milestone reached: <b>Live</b>" in company.text
    assert "Answered 10 of 10, by Priya Nair" in " ".join(company.text.split())
    assert "known from: A product or a workflow" in company.text
    assert 'Deal "More" won' not in company.text, "the deal is told already"
    assert 'Ticket 7 solved, rated "good"' in person.text
    assert "Orchard" not in company.text + person.text


def test_companies_that_were_told_of_and_are_not_there_are_listed(
    desk: Desk, harbor: MirrorPortal
) -> None:
    assert "are not in HubSpot" not in Shown.of(desk, HERE).text
    told = [
        {"kind": "goal", "id": f"{n}", "day": "2026-05-01", "domain": f"d{n % 2}.example"}
        for n in range(3)
    ]
    with harbor.database.portal(HARBOR) as tx:
        sent = [SentItem("usage", usage_items.item(one), day(3)) for one in told]
        success_rows.wait_for(tx, sent)

    assert f"{HERE}/awaited" in Shown.of(desk, HERE).links()
    page = Shown.of(desk, f"{HERE}/awaited")
    assert [row[:2] for row in page.rows()] == [["domain", "2"], ["domain", "1"]]
    assert "d0.example" in page.text
    assert "3 items wait." in page.text
    Shown.of(desk, f"/portals/{ORCHARD}/wins/awaited", status=404)


def test_a_page_takes_a_fixed_number_of_statements(desk: Desk, harbor: MirrorPortal) -> None:
    counts = []
    for many in (5, 60):
        keep(
            harbor, *(a_win(WinKind.GOAL, ACME, 1 + n, f"success:{n}", f"{n}") for n in range(many))
        )
        with counted(harbor.database) as statements:
            Shown.of(desk, HERE)
        counts.append(len(statements))
    assert counts[0] == counts[1]
