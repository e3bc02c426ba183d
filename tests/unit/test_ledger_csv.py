"""The ledger as CSV: what a spreadsheet adds up, and what it must not run."""

import csv
import io

import pytest

from commands import ledger_output


def test_amounts_that_were_taken_back_stay_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet adds up numbers only: a reversal written as text would leave the money in the sum."""
    rows = [{"amount": "18880.44", "reason": "won"}, {"amount": "-18880.44", "reason": "lost"}]
    ledger_output.print_csv(iter(rows), for_spreadsheet=True)

    assert (
        sum(float(row["amount"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out)))
        == 0
    )


UNSEEN = (
    "", " ", "\t", "\r\n", "\0", "\N{ZERO WIDTH NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\N{NO-BREAK SPACE}",
    "\N{WORD JOINER}", "\N{SOFT HYPHEN}", "\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{LINE SEPARATOR}",
    "\N{IDEOGRAPHIC SPACE}", "\N{VARIATION SELECTOR-16}", "\N{COMBINING GRAPHEME JOINER}", "\N{HANGUL FILLER}",
    "\N{BRAILLE PATTERN BLANK}", "\N{ZERO WIDTH NO-BREAK SPACE} \N{ZERO WIDTH SPACE}\t",
)  # fmt: skip
FORMULAS = (
    "=1+1", "-1+1", "+49 30 1", "@SUM(A1)", "-", "-1e5+A1", "-1\n=2", "\N{FULLWIDTH EQUALS SIGN}1",
    "\N{FULLWIDTH PLUS SIGN}1", "\N{FULLWIDTH HYPHEN-MINUS}1", "\N{FULLWIDTH COMMERCIAL AT}a",
    "\N{SMALL EQUALS SIGN}1", "\N{SMALL HYPHEN-MINUS}1", "\N{SUPERSCRIPT PLUS SIGN}1", "\N{MINUS SIGN}1+1",
)  # fmt: skip


@pytest.mark.parametrize("before", UNSEEN, ids=ascii)
@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_what_begins_like_a_formula_stays_text(
    before: str, formula: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = before + formula
    ledger_output.print_csv(iter([{"reason": text}]), for_spreadsheet=True)

    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row["reason"] == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", " ", "Acme", "Acme = Zenit", "a@b.example", "1-2", "\N{EN DASH} said she", "\u017b\xf3\u0142w", "-12.50", "7",
     "\N{ZERO WIDTH NO-BREAK SPACE}Acme"],
    ids=ascii,
)  # fmt: skip
def test_other_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    ledger_output.print_csv(iter([{"reason": text}]), for_spreadsheet=True)

    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row["reason"] == text
