"""Scorer and naive rules against the development data's own scorer and figures; skipped without that data."""

import importlib.util
import random
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from tests.accuracy import definition, employers, hearing, moving, twins
from tests.accuracy.halves import Half
from tests.accuracy.naive import Naive, folded
from tests.sandbox import truth
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import Town
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not at hand")


@pytest.fixture(scope="module")
def town() -> Town:
    return read_town(DATA / "crm", date(2026, 3, 31))


@pytest.fixture(scope="module")
def naive(town: Town) -> Naive:
    return Naive(town, town.free_mail_hosts)


@pytest.fixture(scope="module")
def kept() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kept_score", DATA / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("rule", "everybody", "customers"),
    [
        (0, (0.7887, 0.5896, 2707), (0.7545, 0.5548, 1165)),
        (1, (0.8848, 0.5553, 2032), (0.8535, 0.5098, 860)),
        (2, (0.943, 0.7673, 2615), (0.9334, 0.7441, 1202)),
        (3, (0.9323, 0.8176, 2849), (0.9185, 0.7957, 1313)),
    ],
    ids=["N1", "N2", "N3", "N4"],
)
def test_the_naive_rules_give_the_published_figures(
    town: Town,
    naive: Naive,
    rule: int,
    everybody: tuple[float, float, int],
    customers: tuple[float, float, int],
) -> None:
    pairs = naive.rules()[rule][1]
    for customers_only, (precision, recall, claims) in ((False, everybody), (True, customers)):
        score = moving.score(town.truth, pairs, None, customers_only=customers_only)
        assert score.precision == pytest.approx(precision, abs=5e-5)
        assert score.recall == pytest.approx(recall, abs=5e-5)
        assert score.right + score.wrong == claims


def test_the_naive_deal_rule_gives_nearly_the_published_figures(town: Town, naive: Naive) -> None:
    # The published rule is described in words only; ours differs from it by two deals of 670.
    tags = dict.fromkeys(naive.deals(), MOVED_CHAMPION)
    score = truth.score_tags(town.truth, tags)[MOVED_CHAMPION]
    assert score.precision == pytest.approx(0.498, abs=0.003)
    assert score.recall == pytest.approx(0.573, abs=0.0005)
    amounts = {
        deal.deal: deal.amount or 0 for deal in town.truth.deals if deal.won and deal.sources
    }
    assert sum(amounts.get(deal, 0) for deal in tags) == 411_091_00
    assert sum(amounts.values()) == 643_833_00


@pytest.mark.parametrize(
    ("subset", "reader", "precision", "recall"),
    [
        (0, 1, 1.0, 0.866), (0, 2, 0.348, 0.866), (1, 1, 1.0, 0.465), (1, 2, 0.909, 0.465), (2, 1, 1.0, 0.571),
        (2, 2, 0.909, 0.571),
    ],
)  # fmt: skip
def test_the_naive_readers_give_the_published_figures(
    subset: int, reader: int, precision: float, recall: float
) -> None:
    said = [
        one
        for one in hearing.answers(DATA / "how_heard" / "answers.csv.gz")
        if hearing.SUBSETS[subset][1](one)
    ]
    found = hearing.score(said, hearing.READERS[reader][1])
    assert found.precision == pytest.approx(precision, abs=5e-4)
    assert found.recall == pytest.approx(recall, abs=5e-4)


@pytest.mark.parametrize("customers_only", [False, True])
def test_our_score_is_that_of_the_scorer_kept_beside_the_data(
    town: Town, naive: Naive, kept: ModuleType, customers_only: bool
) -> None:
    dice = random.Random(11)
    contacts = sorted(town.truth.people)
    pairs = [pair for pair in naive.rules()[3][1] if dice.random() < 0.7]
    pairs += [(a, a) for a in contacts if dice.random() < 0.05] + [
        (a, b) for a, b in pairwise(contacts)
    ][:500]
    claims = [{"former_contact_id": str(a), "new_contact_id": str(b)} for a, b in pairs]
    theirs = kept.score(str(DATA / "crm"), claims, customers_only)
    ours = moving.score(town.truth, pairs, None, customers_only=customers_only)
    assert (ours.right, ours.wrong, ours.ignored) == tuple(
        theirs[name] for name in ("right_predictions", "wrong_predictions", "ignored")
    )
    assert (ours.found, ours.true) == (theirs["moves_found"], theirs["moves"])
    for by, ours_by in (
        ("mode", ours.found_by_kind),
        ("variant_after", ours.found_by_form),
        ("kind", ours.found_by_career),
    ):
        assert {name: f"{found}/{of}" for name, (found, of) in ours_by.items()} == theirs[
            f"recall_by_{by}"
        ]


def test_both_halves_of_the_data_are_the_whole(town: Town, naive: Naive) -> None:
    pairs = naive.rules()[3][1]
    whole, parts = (
        moving.score(town.truth, pairs, None),
        [moving.score(town.truth, pairs, half) for half in Half],
    )
    for name in ("right", "wrong", "ignored", "found", "true"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert sum(moving.records_of(town.truth, half) for half in Half) == len(town.truth.people)
    assert sum(len(moving.known_of(town.truth, half).deals) for half in Half) == len(
        town.truth.deals
    )


@pytest.mark.parametrize(
    ("customers", "window", "movers", "unsettled"),
    [
        (definition.WON_DEALS, 730, 470, 18),
        (definition.STAGE_REACHED, 730, 418, 25),
        (definition.STAGE_ALWAYS, 730, 655, 0),
        (definition.STAGE_ALWAYS, 36_500, 710, 0),
    ],
)
def test_the_definitions_give_the_counts_that_other_code_worked_out_from_the_tables(
    town: Town, customers: str, window: int, movers: int, unsettled: int
) -> None:
    judged = definition.by_definition(town, definition.Rule(customers, window))
    notes = [deal.note for deal in judged.deals]
    assert sum(bool(deal.sources) for deal in judged.deals) == movers
    assert notes.count(NOT_SCORED) == unsettled


def test_imports_by_address_make_contacts_with_a_past() -> None:
    portal = employers.imported(DATA / "oss_identity")
    known = employers.truth_of(DATA / "oss_identity", portal)
    assert len(portal.of_record) == 3782
    assert len({one for contact in portal.contacts for one in contact.emails}) == len(
        portal.by_email
    )
    assert sum(kind == employers.REAL for kind in known.changes.values()) == 100
    assert all(
        value.at <= later.at for one in portal.contacts for value, later in pairwise(one.values)
    )


def test_a_claimed_change_is_settled_by_the_truth_or_by_what_was_seen() -> None:
    known = employers.Known({("p", "A", "B"): employers.REAL}, {"p": ("A", "B", "", "C")}, {})
    assert known.verdict(("p", "A", "B")) == employers.REAL
    assert known.verdict(("p", "B", "C")) == employers.GAP
    assert known.verdict(("p", "C", "A")) == employers.NONE


def test_each_list_entry_becomes_a_contact_without_the_national_number() -> None:
    made, whose = twins.contacts(DATA / "febrl")
    assert (len(made), len(set(whose.values()))) == (10_000, 5_000)
    assert all(value.name not in {"soc_sec_id", "email"} for one in made for value in one.values)


def test_a_folded_name_has_neither_case_nor_accents() -> None:
    assert folded("José O'Brien") == "jose obrien"


def test_believing_every_company_that_an_import_set_finds_all_changes_and_misses_the_aim() -> None:
    portal = employers.imported(DATA / "oss_identity")
    known = employers.truth_of(DATA / "oss_identity", portal)
    precision, recall = employers.aims(known, employers._changed(portal, known))
    assert (precision.met, recall.met, recall.figure) == (False, True, 1.0)
    assert [aim.met for aim in employers.aims(known, [])] == [False, False]
