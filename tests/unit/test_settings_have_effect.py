"""Every setting somebody is offered is read by code that runs, and every document by one owner."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from mappings.records import portal_map
from mappings.records.portal_map import PortalMap
from mappings.rules import policy
from mappings.rules.facts import AccountFigures, NpsAnswer, Reading
from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success import health, health_course, health_factors, nps
from mappings.rules.success.health import Factor
from mappings.rules.success.health_factors import Feed, FigureFeeds
from tests.unit.rules_builders import NOW

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("commands", "webhooks", "workers", "integration", "mappings")
# What offers settings, and what only names properties to be read: neither uses a setting.
OFFERING = {
    "mappings/rules/policy.py",
    "mappings/records/map_guesses.py",
    "mappings/records/detection/wishes.py",
    "integration/pages/settings_form.py",
}
NAMING = {"_mapped", "read_properties", "history_properties"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in OFFERING and "/migrations/" not in name:
                yield name, ast.parse(path.read_text())


def used(node: ast.AST) -> set[str]:
    """Names that a piece of code refers to, without its own variables; and its words."""
    nodes = list(ast.walk(node))
    attributes = {part.attr for part in nodes if isinstance(part, ast.Attribute)}
    words = {str(part.value) for part in nodes if isinstance(part, ast.Constant)}
    names = [part for part in nodes if isinstance(part, ast.Name)]
    own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return attributes | words | {name.id for name in names} - own


def tables_of(module: ast.Module) -> list[ast.stmt]:
    """What a module assigns to names of its own, but for the list of what has no effect.

    Members of an enumeration, too: a table of the policy is read by them.
    """
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    members = [part for node in classes for part in node.body if isinstance(part, ast.Assign)]
    tables = [node for node in module.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    tables += members
    return [node for node in tables if not ast.unparse(node).startswith("WITHOUT_EFFECT")]


@cache
def read_names() -> frozenset[str]:
    """Every name that running code refers to: all but the rules, and the rules it leads to."""
    rules: dict[str, set[str]] = defaultdict(set)
    waiting: set[str] = set()
    for path, module in sources():
        waiting = waiting.union(*map(used, tables_of(module)))
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            if function.name in NAMING:
                continue
            if path.startswith("mappings/"):
                rules[function.name] |= used(function)
            else:
                waiting |= used(function)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting |= rules[name]
    return frozenset(reached)


def policy_names() -> Iterator[str]:
    for part in fields(Policy):
        default = getattr(DEFAULT, part.name)
        if isinstance(default, Mapping):
            yield from (f"{part.name}.{key}" for key in default)
        elif part.name != "version":
            yield part.name


def test_every_value_of_the_policy_that_is_offered_is_read() -> None:
    offered = [name for name in policy_names() if name not in policy.WITHOUT_EFFECT]
    unread = [name for name in offered if not set(name.split(".")) <= read_names()]

    assert len(offered) > 100
    assert unread == []


def test_every_field_of_the_map_that_is_offered_is_read() -> None:
    names = {part.name for part in fields(PortalMap)}
    unread = {name for name in names - portal_map.WITHOUT_EFFECT if name not in read_names()}

    assert unread == set()


def test_what_is_not_offered_is_a_setting_all_the_same() -> None:
    assert set(policy_names()) > policy.WITHOUT_EFFECT
    assert {part.name for part in fields(PortalMap)} > portal_map.WITHOUT_EFFECT


def test_what_nobody_reads_is_seen_as_unread() -> None:
    assert "a_setting_that_no_rule_asks_for" not in read_names()


ANSWERS = [NpsAnswer(id=str(n), contact_id=n, score=10, at=NOW) for n in range(3)]
FACTORS = [Factor("sentiment", 100), Factor("relationship", 60), Factor("support", 40)]
GOOD = [Factor(name, 90) for name in ("sentiment", "relationship", "support")]
FIGURES = AccountFigures(
    usage=(Reading(30.0, NOW - timedelta(9)),),
    renewal=(Reading(NOW + timedelta(60)),),
    recurring=(Reading(100, NOW - timedelta(9)), Reading(80, NOW - timedelta(8))),
)
BROKEN = FigureFeeds(usage=Feed(lost_at=NOW - timedelta(8)), renewal=Feed("none"))


def full(usage: int, renewal: int = 60) -> AccountFigures:
    return AccountFigures(
        usage=(Reading(float(usage), NOW - timedelta(9)),),
        renewal=(Reading(NOW + timedelta(renewal)),),
    )


def relation(touched_days_ago: int, policy: Policy) -> Factor:
    touches = [NOW - timedelta(touched_days_ago)]
    return health_factors.relationship(
        touches, NOW, policy, champion_here=True, is_silent=False, feed=Feed()
    )


def sways(policy: Policy) -> str:
    def on(day: datetime) -> health.Health:
        value = 71 if day == NOW else 60
        return health.health([Factor(name, value) for name in health.FACTORS], policy)

    return health_course.today(on, NOW, policy).band


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"nps_company_at": 3}, lambda p: nps.company(ANSWERS, NOW, p)),
        ({"healthy_at": 50}, lambda p: health.health(FACTORS, p).band),
        ({"healthy_factors": 4}, lambda p: health.health(GOOD, p).tenths),
        ({"relationship_zero_days": 90}, lambda p: relation(60, p).value),
        (
            {"usage_zero_at": 20},
            lambda p: health_factors.adoption(FIGURES, NOW, p, FigureFeeds()).value,
        ),
        (
            {"usage_full_at": 50},
            lambda p: health_factors.adoption(FIGURES, NOW, p, FigureFeeds()).value,
        ),
        (
            {"renewal_far_days": 200},
            lambda p: health_factors.commercial(full(80), NOW, p, FigureFeeds()).value,
        ),
        (
            {"contraction_zero_at": 0},
            lambda p: health_factors.commercial(FIGURES, NOW, p, BROKEN).value,
        ),
        (
            {"stale_half_life_days": 6},
            lambda p: health_factors.adoption(full(80), NOW, p, BROKEN).value,
        ),
        ({"band_margin": 0}, sways),
        ({"champion_left_cap": 20}, lambda p: health.health(FACTORS, p, abandoned=True).tenths),
        (
            {"health_weights": {**DEFAULT.health_weights, "sentiment": 60}},
            lambda p: health.health(FACTORS, p).tenths,
        ),
    ],
    ids=[
        "nps_company_at",
        "healthy_at",
        "healthy_factors",
        "relationship_zero_days",
        "usage_zero_at",
        "usage_full_at",
        "renewal_far_days",
        "contraction_zero_at",
        "stale_half_life_days",
        "band_margin",
        "champion_left_cap",
        "health_weights.sentiment",
    ],
)
def test_a_value_that_is_offered_changes_a_result(
    change: dict[str, object], result: Callable[[Policy], object]
) -> None:
    changed = replace(DEFAULT, **change)  # type: ignore[arg-type]  # values of several types

    assert result(changed) != result(DEFAULT)


OWNER = "integration/portal/settings.py"
DOCUMENT = "integration/storage/service/settings_versions.py"
READER = "mappings/stored/settings_document.py"


def test_one_module_reads_and_changes_the_settings_document() -> None:
    importers: set[str] = set()
    readers: set[str] = set()
    for path, module in sources():
        text = (ROOT / path).read_text()
        if "import settings_versions" in text or "storage.settings_versions import" in text:
            importers.add(path)
        if "from_dict" in used(module) and "Policy" in text:
            readers.add(path)
        assert "FROM settings_version" not in text or path == DOCUMENT, path

    # What conclude opens a page with is one query; it hands the document to the owner.
    assert importers == {OWNER, "integration/storage/queue/page_context.py"}
    assert readers == {READER}
