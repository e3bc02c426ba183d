"""Files of survey answers: any encoding and delimiter, columns guessed, rows read one by one."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records import answer_columns, delimited_files
from mappings.records.answer_columns import Columns, RowAnswer, RowRefused
from mappings.records.delimited_files import DELIMITERS, FileRow, NotText
from mappings.rules.success import answer_scale

HEAD = ["Response ID", "E-Mail", "NPS", "Kommentar", "Datum"]
ROWS = [
    ["r1", "ana@acme.example", "9", "schön, schnell; gut", "2026-05-01"],
    ["r2", "bo@acme.example", "3", 'zu "teuer"\nsagt er', "2026-05-02T10:00:00Z"],
]
BERLIN = ZoneInfo("Europe/Berlin")
COLUMNS = Columns(score=2, email=1, comment=3, key=0, at=4, is_day_first=True)


def written(delimiter: str = ",", rows: list[list[str]] | None = None) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([HEAD, *(ROWS if rows is None else rows)])
    return file.getvalue()


@pytest.mark.parametrize("delimiter", DELIMITERS, ids=repr)
@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("cp1252", "windows-1252"),
    ],
)
def test_a_file_is_read_whatever_its_encoding_and_delimiter(
    encoding: str, named: str, delimiter: str
) -> None:
    raw = written(delimiter).encode(encoding)
    found = delimited_files.encoding_of(raw)
    text = delimited_files.decoded(raw, found)
    assert found == named
    assert delimited_files.delimiter_of(text) == delimiter
    assert [list(row.cells) for row in delimited_files.rows(text, delimiter)] == [HEAD, *ROWS]


def test_a_wrong_encoding_is_refused_in_words() -> None:
    with pytest.raises(NotText, match="choose another encoding"):
        delimited_files.decoded("schön".encode("cp1252"), "utf-8")
    with pytest.raises(NotText, match="choose another encoding"):
        delimited_files.decoded(b"\xff\xfea", "utf-16")
    with pytest.raises(NotText, match="save it as CSV"):
        delimited_files.decoded(b"PK\x03\x04\x00\x00\x00", "windows-1252")


def test_one_broken_row_takes_no_other_with_it() -> None:
    text = 'a,b\n1,"open\n' + "".join(f"{number},x\n" for number in range(2, 400))
    found = list(delimited_files.rows(text, ","))
    assert [row.number for row in found if row.fault] == [2]
    assert "not closed" in found[1].fault
    assert len(found) == 400


def test_marks_inside_of_a_cell_stand_as_they_are() -> None:
    found = list(delimited_files.rows('a,b\n5" pipe,"so" they say\n6,c\n', ","))
    assert found[1] == FileRow(2, ('5" pipe', "so they say"))
    assert found[2].cells == ("6", "c")


@given(
    st.lists(
        st.lists(st.text(alphabet='ab,;"\n\r ü|\t=', max_size=6), min_size=2, max_size=4),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(DELIMITERS),
)
def test_what_a_writer_wrote_is_read_back(cells: list[list[str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(cells)
    found = [list(row.cells) for row in delimited_files.rows(file.getvalue(), delimiter)]
    assert found == [row for row in cells if any(cell.strip() for cell in row)]


@given(st.binary(max_size=300))
def test_no_bytes_make_it_stumble(raw: bytes) -> None:
    try:
        text = delimited_files.decoded(raw, delimited_files.encoding_of(raw))
    except NotText:
        return
    assert all(row.cells for row in delimited_files.rows(text, delimited_files.delimiter_of(text)))


@pytest.mark.parametrize(
    ("head", "row", "expected"),
    [
        (HEAD, ROWS[0], COLUMNS),
        (
            ["Date Submitted", "Email Address", "How likely are you to recommend us?", "Why?"],
            ["5/13/2026 4:05 PM", "a@b.example", "10", "x"],
            Columns(score=2, email=1, comment=3, at=0, is_day_first=False),
        ),
        (
            ["Record ID", "score", "feedback", "survey date"],
            ["501", "7", "", "31.12.2025"],
            Columns(score=1, contact=0, comment=2, at=3, is_day_first=True),
        ),
        (
            ["wer", "Bewertung", "Datum"],
            ["a@b.example", "7", "03/04/2026"],
            Columns(score=1, email=0, at=2, is_day_first=None),
        ),
        (["score", "note"], ["good", "8"], Columns(score=1, is_day_first=True)),
        (["a", "b"], ["x", "y"], Columns(is_day_first=True)),
    ],
    ids=["german", "survey tool", "hubspot", "either way", "by content", "nothing"],
)
def test_columns_are_guessed_by_name_and_content(
    head: list[str], row: list[str], expected: Columns
) -> None:
    assert answer_columns.guess(head, [row]) == expected


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns(), "which column holds the score"),
        (Columns(score=0), "the day of the answer"),
        (Columns(score=0, at=1, is_day_first=True), "who answered"),
        (Columns(score=0, at=1, email=2), "begin with the day or with the month"),
        (Columns(score=0, at=0, email=2, is_day_first=True), "chosen twice"),
        (COLUMNS, ""),
    ],
)
def test_what_lacks_is_asked_for(columns: Columns, words: str) -> None:
    assert words in answer_columns.missing(columns)
    assert bool(words) == bool(answer_columns.missing(columns))


AS_WRITTEN = Columns(score=0, email=1, at=2, comment=3, is_day_first=True)


def read(*cells: str, is_day_first: bool = True) -> RowAnswer:
    columns = replace(AS_WRITTEN, is_day_first=is_day_first)
    return answer_columns.read(cells, columns, width=4, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        ("2026-05-01", True, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00", True, datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T10:00:00+09:00", True, datetime(2026, 5, 1, 1, tzinfo=UTC)),
        ("01.05.2026 23:30", True, datetime(2026, 5, 1, 21, 30, tzinfo=UTC)),
        ("05/01/26 12:05 AM", False, datetime(2026, 4, 30, 22, 5, tzinfo=UTC)),
        ("05/01/2026", False, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026/5/1", False, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("1777629600", True, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("1777629600000", True, datetime(2026, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_day_is_read_as_people_and_programs_write_it(
    text: str, first: bool, expected: datetime
) -> None:
    assert read("9", "a@b.example", text, is_day_first=first).at == expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("11", "a@b.example", "2026-05-01"), "no whole number from 0 to 10"),
        (("8.5", "a@b.example", "2026-05-01"), "no whole number from 0 to 10"),
        (("=9", "a@b.example", "2026-05-01"), "no whole number from 0 to 10"),
        (("", "a@b.example", "2026-05-01"), "the score is empty"),
        (("9", "nobody", "2026-05-01"), "the e-mail address is none"),
        (("9", "", "2026-05-01"), "nobody is named"),
        (("9", "a@b.example", "31.02.2026"), "cannot be read as a date"),
        (("9", "a@b.example", "=NOW()"), "cannot be read as a date"),
        (("9", "a@b.example", ""), "the day is empty"),
        (("9", "a@b.example", "2026-05-01", "", "more"), "has 5 cells where the head has 4"),
        (("9", "a@b.example", "2026-05-01", "x" * 10_001), "longer than 10000"),
    ],
)
def test_a_row_that_holds_no_answer_says_why(cells: tuple[str, ...], words: str) -> None:
    with pytest.raises(RowRefused, match=words):
        read(*cells)


def test_a_formula_is_text() -> None:
    assert read("9", "a@b.example", "2026-05-01", '=HYPERLINK("x")').comment == '=HYPERLINK("x")'


def test_a_row_is_the_same_answer_in_the_next_file_too() -> None:
    one, again = (read("9.0", "A@B.example", "2026-05-01") for _ in range(2))
    other = read("9", "c@b.example", "2026-05-01")
    assert one.key == again.key != other.key
    assert read("3", "a@b.example", "2026-05-01").key == one.key, "corrected, not another"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({1: 5, 4: 10, 5: 5}, "1 to 5"),
        ({0: 5, 4: 10, 5: 5}, "0 to 5"),
        ({1: 5, 7: 20}, "1 to 7"),
        ({1: 5, 8: 1, 5: 20}, ""),
        ({5: 19}, ""),
        ({}, ""),
        ({10: 500, 9: 100}, ""),
    ],
)
def test_scores_that_look_like_another_scale_are_suspected(
    counts: dict[int, int], words: str
) -> None:
    assert answer_scale.suspicion(counts) == words
