from datetime import timedelta

import pytest

from mappings.rules.facts import NpsAnswer
from mappings.rules.policy import DEFAULT
from mappings.rules.success import nps
from tests.unit.rules_builders import NOW


@pytest.mark.parametrize(
    ("score", "group"),
    [
        (0, "detractor"),
        (6, "detractor"),
        (7, "passive"),
        (8, "passive"),
        (9, "promoter"),
        (10, "promoter"),
    ],
)
def test_groups(score: int, group: str) -> None:
    assert nps.group(score) == group


@pytest.mark.parametrize("score", [-1, 11])
def test_other_scales_are_refused(score: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        nps.group(score)


def answer(score: int, days_ago: int, role: str = "", contact: int = 1) -> NpsAnswer:
    return NpsAnswer(contact, score, NOW - timedelta(days_ago), role=role)


def test_a_companys_mean_weighs_roles_and_age() -> None:
    found = nps.company([answer(10, 30, "champion"), answer(4, 200), answer(8, 10)], NOW, DEFAULT)

    assert found is not None
    assert found.mean == pytest.approx(0.411, abs=0.0005)
    assert (found.number, found.words, found.flagged) == (
        None,
        "1 promoter, 1 passive, 1 detractor",
        False,
    )
    assert nps.company([], NOW, DEFAULT) is None


def test_five_answers_make_a_number_and_a_deciding_detractor_a_flag() -> None:
    found = nps.company(
        [*(answer(10, 0, contact=n) for n in range(4)), answer(0, 179, "decision_maker")],
        NOW,
        DEFAULT,
    )

    assert found is not None
    assert (found.number, found.flagged) == (60, True)


def test_only_each_persons_latest_answer_in_the_window_counts() -> None:
    answers = [
        answer(2, 10),
        answer(9, 5),
        answer(9, 366, contact=2),
        answer(1, 4, contact=3),
        answer(3, -1, contact=4),
    ]

    found = nps.latest(answers, NOW, DEFAULT, person_of={1: 7, 3: 7})

    assert [(person, one.score) for person, one in found.items()] == [(7, 1)]
