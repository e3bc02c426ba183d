"""The house keeps its plan: the picture is the contract's, rooms introduce themselves, names are not used twice."""

from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture import drawing, plan
from tests.architecture.__main__ import TARGET

MOST_TIERS = 8


def test_the_picture_is_drawn_from_the_contract_as_it_is_now() -> None:
    assert TARGET.read_text() == drawing.svg(), "run python -m tests.architecture"


def test_integration_has_at_most_eight_tiers() -> None:
    assert len(plan.rooms()) <= MOST_TIERS


@pytest.mark.parametrize("tiers", [plan.house(), plan.rooms(), plan.rules()], ids=lambda _: "")
def test_every_room_says_in_one_sentence_what_it_is_for(tiers: tuple[plan.Tier, ...]) -> None:
    silent = [room.path for tier in tiers for room in tier if not room.says.endswith(".")]
    assert silent == []


def test_no_two_modules_of_different_rooms_share_a_name() -> None:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for package in ("integration", "mappings", "webhooks", "workers"):
        for path in (plan.ROOT / package).rglob("*.py"):
            if path.stem != "__init__" and "migrations" not in path.parts:
                named[path.stem].append(_shown(path))

    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def _shown(path: Path) -> str:
    return str(path.relative_to(plan.ROOT))
