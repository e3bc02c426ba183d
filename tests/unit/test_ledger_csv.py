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


@pytest.mark.parametrize(
    "text", ["=1+1", "-1+1", "+49 30 1", "@SUM(A1)", "\t=1", "-1\n=2", "-", "-1e5+A1"]
)
def test_what_begins_like_a_formula_stays_text(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger_output.print_csv(iter([{"reason": text}]), for_spreadsheet=True)

    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row["reason"] == f"'{text}"
