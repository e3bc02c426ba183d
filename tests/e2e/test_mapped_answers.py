"""Answers in a contact's own properties: an admin names them, with their history, and other scales are refused."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.admin import portal_choices, settings_changes
from integration.admin.portal_choices import NotThere
from integration.portal import settings
from mappings.records.portal_map import PortalMap, dump_portal_map
from tests.sandbox.records import to_ms

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)


def chosen(account: "Account", **values: object) -> PortalMap:
    """As Settings takes what an admin typed."""
    with account.context() as context:
        with context.transaction() as tx:
            before = settings.read(tx).map
        return portal_choices.chosen(context, {**dump_portal_map(before), **values}, before)


def maps(account: "Account", **values: object) -> None:
    wanted = chosen(account, **values)
    with account.context() as context:
        settings_changes.change(context, portal_map=wanted, actor="ana", reason="so it is")
    account.world.settle()


@pytest.fixture
def harbor(world: "World") -> "Account":
    for account in world.accounts:
        crm = account.crm
        crm.define_property("contact", "likely", "number", label="Likely to recommend")
        crm.define_property("contact", "likely_on", "date", label="Answered on")
        crm.define_property("contact", "likely_why", "string", label="Why")
        crm.define_property("contact", "stars", "number", label="Stars")
        crm.define_property("contact", "points", "number", label="Points")
        with crm.silently():
            company = crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
            for number in range(24):
                told: Mapping[str, str] = {
                    "email": f"p{number}@acme.example",
                    "stars": str(1 + number % 5),
                    "points": str(number * 9),
                }
                contact = crm.create("contact", dict(told)).id
                crm.associate("contact", contact, "company", company, primary=True)
        world.install(account)
    world.settle()
    return world.harbor


def first(account: "Account") -> int:
    return min(contact.id for contact in account.crm.all("contact"))


def test_a_mapped_property_is_an_answer_for_each_value_that_it_had(harbor: "Account") -> None:
    ana, orchards = first(harbor), first(harbor.world.orchard)
    on = f"{NOW - timedelta(days=9):%Y-%m-%d}"
    for account, contact in ((harbor, ana), (harbor.world.orchard, orchards)):
        earlier = NOW - timedelta(days=200)
        account.crm.update("contact", contact, {"likely": "3"}, at=to_ms(earlier))
        said = {"likely": "9", "likely_on": on, "likely_why": "swift"}
        account.crm.update("contact", contact, said, at=to_ms(NOW - timedelta(days=2)))
    harbor.world.settle()
    assert harbor.read("contact", ana, "second_order_nps") == ""
    maps(
        harbor,
        nps_property="Likely to recommend",
        nps_date_property="likely_on",
        nps_comment_property="likely_why",
    )
    assert harbor.read("contact", ana, "second_order_nps") == "9"
    kept = sorted(harbor.kept("person_answer"), key=lambda row: row["answered_at"])
    assert [(row["score"], row["comment"]) for row in kept] == [(3, ""), (9, "swift")]
    assert f"{kept[1]['answered_at']:%Y-%m-%d}" == on, "the day that was told, not of the writing"
    assert harbor.world.orchard.read("contact", orchards, "second_order_nps") == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [("stars", "look like a scale from 1 to 5"), ("points", "no whole numbers from 0 to 10")],
)
def test_a_property_on_another_scale_is_refused_by_name_with_samples(
    harbor: "Account", name: str, words: str
) -> None:
    with pytest.raises(NotThere) as refused:
        chosen(harbor, nps_property=name)
    (problem,) = refused.value.problems.values()
    assert list(refused.value.problems) == ["nps_property"]
    assert words in problem
    assert "never converted" in problem
    assert "“" in problem, "with values as they stand there"
