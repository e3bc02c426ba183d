"""A file of settings is read as the commands print them, and refused by name where it cannot be."""

import pytest

from integration.admin import settings_files
from integration.core.errors import Refused
from mappings.records.portal_map import PortalMap, dump_portal_map

PRESENT = PortalMap(home_currency="EUR")


def test_map_and_policy_may_stand_side_by_side_or_apart() -> None:
    together = {"customer_stage": "customer", "move_to_deal_days": 1000}
    apart = {"map": {"customer_stage": "customer"}, "policy": {"move_to_deal_days": 1000}}

    for content in (together, apart):
        wanted = settings_files.read(PRESENT, content)
        expected = PortalMap(home_currency="EUR", customer_stage="customer")
        assert wanted.map_values == dump_portal_map(expected)
        assert wanted.policy == {"move_to_deal_days": 1000}


def test_values_are_read_as_the_policy_command_prints_them() -> None:
    printed = {
        "move_to_deal_days": {"value": 1000, "default": 730},
        "signals.hard_bounce": {"value": 300_000, "default": 350_000},
        "edit_days": {"value": 7, "default": 7},
    }

    wanted = settings_files.read(PRESENT, printed)

    assert wanted.policy == {
        "move_to_deal_days": 1000,
        "signals.hard_bounce": 300_000,
        "edit_days": None,
    }


def test_a_table_of_weights_may_be_nested() -> None:
    wanted = settings_files.read(PRESENT, {"signals": {"hard_bounce": 300_000}})

    assert wanted.policy == {"signals.hard_bounce": 300_000}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"customer_staeg": "customer"}, "customer_staeg"),
        ({"move_to_deal_days": "soon"}, "move_to_deal_days"),
        ({"books_close_day": 31}, "books_close_day is a whole number, 0 to 28"),
        ({"max_order": 40}, "max_order is a whole number, 1 to 12"),
        ({"healthy_at": 101}, "healthy_at is a whole number, 0 to 100"),
        ([], "JSON object"),
    ],
)
def test_what_cannot_be_a_setting_is_refused_by_name(content: object, name: str) -> None:
    with pytest.raises(Refused, match=name):
        settings_files.read(PRESENT, content)
