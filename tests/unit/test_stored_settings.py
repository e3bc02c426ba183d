"""Stored settings of every version read to the same map and policy, and are read with patience."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.rules.policy import Policy
from mappings.stored import settings_document
from mappings.stored.shapes import VERSION
from tests.unit.rules_builders import plain

BODIES = Path(__file__).with_name("stored_shapes")
DROPPED = ({"app_ids"}, set[str](), set[str](), set[str]())  # by version


def body(version: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BODIES / f"settings.{version}.json").read_text())
    return found


@pytest.mark.parametrize("version", range(settings_document.SETTINGS_VERSION + 1))
def test_settings_of_any_version_read_to_the_same_map_and_policy(version: int) -> None:
    """Fails when the map or the policy changes its names without a new version and body."""
    document = body(version)
    kept = settings_document.settings_in(document)
    portal_map, policy = settings_document.map_in(kept), settings_document.policy_in(kept, 7)

    usual_map, usual_policy = dump_portal_map(PortalMap()), plain(Policy())
    known = {name: value for name, value in document["map"].items() if name in usual_map}
    # An entry that was dropped since is ignored, one that came since has its default.
    assert dump_portal_map(portal_map) == usual_map | known
    assert document["map"].keys() - known.keys() == DROPPED[version]
    chosen = {name: value for name, value in document["policy"].items() if name in usual_policy}
    assert {**plain(policy), "version": 7} == {**_filled_in(chosen), "version": 7}
    assert settings_document.codes_in(kept) == {"maria10": 11}
    # A value like the default would not tell that it was read.
    assert all(value != usual_map[name] for name, value in known.items())
    assert all(value != usual_policy[name] for name, value in chosen.items())
    newest = settings_document.SETTINGS_VERSION
    assert settings_document.settings_body(document)[VERSION] == newest
    if version == newest:
        assert known.keys() == usual_map.keys()
        everything = {"version": 1, **document["policy"]}
        assert _filled_in(document["policy"]) == everything
        assert settings_document.settings_body(document) == document


def _filled_in(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored policy with the defaults of what came since, entry by entry of its tables."""
    filled = {**plain(Policy()), **stored}
    tables = {name: usual for name, usual in plain(Policy()).items() if isinstance(usual, Mapping)}
    return filled | {name: usual | filled[name] for name, usual in tables.items()}


@pytest.mark.parametrize("odd", [None, 7, "text", [1]])
def test_settings_that_cannot_be_read_are_the_defaults(odd: object) -> None:
    for document in (odd, {"map": odd, "policy": odd, "why": odd, "referral_codes": odd}):
        kept = settings_document.settings_in(document)
        assert settings_document.map_in(kept) == PortalMap()
        assert settings_document.policy_in(kept) == Policy()
        assert settings_document.codes_in(kept) == {}


def test_one_wrong_entry_of_the_settings_spoils_no_other() -> None:
    words = {"amount_property": "acv", "won_rule": "of_old", "included_pipelines": ["a", 7, "b"]}
    signals = {"hard_bounce": 3, "of_old": 4}
    policy = {"move_auto": 1, "of_old": 2, "move_review": "high", "signals": signals}
    document = {"map": {**words, "of_tomorrow": 1}, "policy": policy, "referral_codes": {"x": "?"}}
    kept = settings_document.settings_in({VERSION: 99, **document})

    right_words = PortalMap(amount_property="acv", included_pipelines=("a", "b"))
    right_policy = Policy.from_dict({"move_auto": 1, "signals": {"hard_bounce": 3}})
    assert settings_document.map_in(kept) == right_words
    assert settings_document.policy_in(kept) == right_policy
    assert settings_document.codes_in(kept) == {}
