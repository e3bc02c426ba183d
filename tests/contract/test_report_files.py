"""Reports as files: the same figures, numbers that add up, texts that nothing runs, flat memory."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from integration.reports import report, report_lines, report_sentences, report_tables, spreadsheets
from integration.reports.report import Report
from integration.reports.report_tables import Cell, Kind, TableColumn
from mappings.kinds import Measure
from mappings.records import report_request
from mappings.rules.ledger import money
from tests.contract.conclude_world import MirrorPortal
from tests.contract.test_reports import several_sources

FORMULA = '=HYPERLINK("http://evil.example","Beta")'


def asked(portal: MirrorPortal, *pairs: tuple[str, str]) -> Report:
    return report.of(portal.context, report_request.read(pairs))


def read_csv(columns: Any, rows: Any) -> list[dict[str, str]]:  # noqa: ANN401 - as they come
    text = "".join(spreadsheets.csv_lines(columns, rows))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def summed(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


@pytest.fixture
def told(harbor: MirrorPortal) -> MirrorPortal:
    several_sources(harbor)
    harbor.change("company", 4, name=FORMULA)
    harbor.settle()
    return harbor


def test_a_csv_has_names_beside_ids_and_adds_up(told: MirrorPortal) -> None:
    found = asked(told, ("by", "credited"), ("by", "month"))

    rows = read_csv(report_tables.columns(found), report_tables.rows(found))

    assert list(rows[0])[:5] == ["credited", "credited_name", "month", "month_from", "month_to"]
    total = Decimal(money.major(int(found.total[Measure.BOOKED] or 0), "USD"))
    assert summed(rows, "booked") == total > 0
    (beta,) = {row["credited_name"] for row in rows if row["credited"] == "4"}
    assert beta == f"'{FORMULA}"
    assert {row["currency"] for row in rows} == {"USD"}
    assert ("2026-05", "2026-05-01", "2026-05-31") in {
        (row["month"], row["month_from"], row["month_to"]) for row in rows
    }


def test_a_workbook_has_numbers_dates_and_texts_and_its_total_beside_the_rows(
    told: MirrorPortal, tmp_path: Path
) -> None:
    found = asked(told, ("by", "credited"), ("by", "month"), ("measure", "booked,deals,share"))
    path = tmp_path / "report.xlsx"

    spreadsheets.write_workbook(
        path,
        report_tables.columns(found),
        report_tables.rows(found),
        currency=found.currency,
        total=report_tables.total(found),
        facts=report_tables.facts(found),
    )

    book = openpyxl.load_workbook(path)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    head = list(rows[0])
    booked = [row[head.index("booked")] for row in rows[1:]]
    total = int(found.total[Measure.BOOKED] or 0)
    assert all(type(amount) in {int, float} for amount in booked)
    assert round(sum(Decimal(str(amount)) for amount in booked) * 100) == total
    assert {type(row[head.index("month_from")]) for row in rows[1:]} == {datetime}
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value == FORMULA} == {"s"}
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert round(Decimal(str(about["booked"])) * 100) == total
    assert about["settings version"] == found.settings_version


def test_the_deals_behind_a_report_add_up_to_it_line_by_line(told: MirrorPortal) -> None:
    for pairs in ((), (("source", "referral"),), (("measure", "won"), ("from", "2026-05"))):
        request = report_request.read(pairs)
        found = report.of(told.context, request)

        rows = read_csv(report_lines.COLUMNS, report_lines.lines(told.context, request))

        total = found.total[request.measures[0]]
        assert summed(rows, "booked") == Decimal(money.major(int(total or 0), "USD")) > 0
    assert {row["source"] for row in rows} == {
        "first_order", "moved_champion", "referral", "word_of_mouth",
    }  # fmt: skip
    assert all(date.fromisoformat(row["won_on"]) >= date(2026, 5, 1) for row in rows)


def test_pages_of_lines_leave_none_out_and_tell_none_twice(told: MirrorPortal) -> None:
    request = report_request.read([("measure", "won")])

    whole = list(report_lines.lines(told.context, request))
    by_twos = list(report_lines.lines(told.context, request, page=2))

    assert by_twos == whole
    assert len(whole) > 6


COLUMNS = (
    TableColumn("name", Kind.TEXT),
    TableColumn("booked", Kind.MONEY),
    TableColumn("day", Kind.DAY),
)


def many(count: int) -> Iterator[list[Cell]]:
    for number in range(count):
        yield [f"=Żółw {number}", Decimal(number).scaleb(-2), date(2026, 5, 1)]


def peak_of(rows: int, path: Path) -> int:
    tracemalloc.start()
    try:
        spreadsheets.write_workbook(path, COLUMNS, many(rows), currency="EUR")
        for _ in spreadsheets.csv_lines(COLUMNS, many(rows)):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    few = peak_of(2_000, tmp_path / "few.xlsx")
    many_more = peak_of(20_000, tmp_path / "many.xlsx")

    assert many_more < few * 1.5 + 200_000


def test_the_words_of_a_report_say_what_it_rests_on(told: MirrorPortal) -> None:
    found = asked(told, ("by", "source"), ("measure", "booked,deals,win_rate,days,pipeline"))

    words, lines = report_sentences.table(found), " ".join(report_sentences.lines(found))

    assert words.heads[:4] == ["source", "booked", "low", "high"]
    assert words.total[0] == "Total"
    assert "at the rates frozen when each deal closed; settings version 1" in lines
    assert "counted in several rows" in lines
    assert "part of what was won" in lines
