"""Churn risk on churn data of others: the same customers as others counted, and what is said of it."""

import json
from pathlib import Path

import pytest

from mappings.rules.success.back_test import Verdict
from mappings.rules.success.churn import Cohort
from mappings.rules.success.churn_risk import RiskFactor
from tests import back_test_figures
from tests.back_test_figures import Tried

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def folder() -> Path:
    if not (DATA / "churn").exists():
        pytest.skip("the development churn data is not here")
    return DATA


def _tried(name: str, folder: Path) -> Tried:
    return back_test_figures.try_out(name, getattr(back_test_figures, name)(folder))


@pytest.mark.parametrize("name", ["telco", "telecom"])
def test_a_contract_by_the_month_tells_who_leaves_and_counts_far_more_than_we_begin_with(
    name: str, folder: Path
) -> None:
    tried = _tried(name, folder)
    expected = json.loads((folder / "expected.json").read_text())["telco_ibm"]

    assert (tried.started.customers, tried.started.churned) == (expected["customers"], expected["churned"])  # fmt: skip
    assert tried.started.verdict == Verdict.TOLD
    assert tried.fitted is not None
    assert tried.fitted.model.odds[RiskFactor.RENEWAL_NEAR] > 5_000
    assert tried.fitted.left_out.brier_ppm < tried.started.calibration.brier_ppm


def test_where_facts_say_nothing_of_churn_it_is_said(folder: Path) -> None:
    """The table is made up by a program, its churns at random."""
    tried = _tried("saas", folder)

    assert tried.started.verdict == Verdict.DID_NOT_TELL
    assert tried.fitted is not None
    assert tried.fitted.left_out.brier_ppm > tried.fitted.left_out.reference_ppm


def test_subscriptions_alone_churn_as_often_as_others_counted(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())["saas_retention"]
    known = expected["2023-12-31..2024-12-31"]

    counted = back_test_figures.churned_by_subscriptions(folder)

    assert counted == Cohort(known["accounts_at_start"], known["churned"])


def test_the_rule_book_says_what_was_found(folder: Path) -> None:
    book = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()

    for line in back_test_figures.lines(folder):
        assert line.strip() in book
