"""python -m tests.accuracy: how right the app is, on people nobody tuned on."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.accuracy import calibration, customers, employers, hearing, paper, people, twins
from tests.accuracy.calibration import Halves
from tests.accuracy.ground import ground
from tests.accuracy.tables import Report, show, show_aims
from tests.sandbox.crm import HubSpot

DATA = Path(__file__).parents[3] / "shared" / "data"
PARTS = ("customers", "heard", "employers", "twins")
MOVES, SAME_HUMAN = "moves", "same human"


def main() -> int:
    """Measure, print, keep; the status is 0 unless ``--strict`` was asked for and an aim is missed."""
    given = _arguments()
    say = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 180)
    if not (given.data / "crm" / "contacts.csv.gz").is_file():
        say.print(f"No development data in {given.data}: nothing to measure against, skipped.")
        return 0
    began = time.monotonic()
    told = _measure(given, say)
    for grid in [*([told.first] if told.first else []), *told.tables]:
        show(say, grid)
    show_aims(say, told.aims)
    say.print(
        f"\nReported is the checking half; fitting columns are there to show overfitting. {_took(began)}."
    )
    if given.json:
        given.json.write_text(
            json.dumps(told.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    if given.docs:
        paper.rewrite(given.docs, told.to_json(), f'make accuracy ARGS="{" ".join(sys.argv[1:])}"')
    return 1 if given.strict and not all(aim.met for aim in told.aims) else 0


def _measure(given: argparse.Namespace, say: Console) -> Report:
    told, parts = Report(), set(given.only or PARTS)
    sure: dict[str, Halves] = {}
    with ground(HubSpot(seed=7), say) as here:
        if "customers" in parts:
            say.print("Importing a CRM history through the local HubSpot ...")
            found = customers.run(here, given.data / "crm", every_choice=not given.quick)
            _join(told, customers.report(found))
            known, chosen = found.town.truth, found.chosen
            sure[MOVES] = customers.moves_of(known, chosen)
            sure["the CRM history"] = people.confidences(known.people, chosen.pairs)
        if "heard" in parts:
            say.print("Importing answers to how did you hear about us ...")
            _join(told, hearing.run(here, given.data / "how_heard" / "answers.csv.gz"))
        if "employers" in parts:
            say.print("Importing contributors as seven lists over the years ...")
            report, sure["contributors"] = employers.run(here, given.data / "oss_identity")
            _join(told, report)
        if "twins" in parts:
            say.print("Importing a list and its corrupted copy ...")
            grid, sure["a list and its copy"] = twins.run(here, given.data / "febrl")
            told.add(grid)
    _calibrate(told, sure, given.svg)
    return told


def _calibrate(told: Report, sure: dict[str, Halves], file: Path | None) -> None:
    """Tables and aims of how sure the app was; of same human over all data that was measured, and each."""
    moves = sure.pop(MOVES, None)
    panels = {MOVES: moves} if moves else {}
    if sure:
        panels[SAME_HUMAN] = calibration.together(sure.values())
    for title, (checking, fitting) in panels.items():
        told.add(
            calibration.table(title, checking, fitting), aims=[calibration.aim(title, checking)]
        )
    told.add(*(calibration.table(f"same human, {name}", *each) for name, each in sure.items()))
    if file:
        drawn = {title: checking for title, (checking, _) in panels.items()}
        file.write_text(calibration.diagram(drawn), encoding="utf-8")


def _join(told: Report, more: Report) -> None:
    told.first = told.first or more.first
    told.add(*more.tables, aims=more.aims)


def _took(began: float) -> str:
    return f"Took {time.monotonic() - began:.0f} s"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the development data")
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="measure this part only; may be repeated"
    )
    parser.add_argument(
        "--quick", action="store_true", help="the CRM history by the owner's choices alone"
    )
    parser.add_argument("--json", type=Path, help="also write all tables to this file")
    parser.add_argument("--svg", type=Path, help="draw the reliability diagram into this file")
    parser.add_argument(
        "--docs", type=Path, help="also write all tables into this document, under its figures"
    )
    parser.add_argument(
        "--strict", action="store_true", help="end with status 1 when an aim is missed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
