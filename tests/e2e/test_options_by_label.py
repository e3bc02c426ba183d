"""Options are read as people see them: by their label, whatever value stands behind it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from integration.admin import settings_changes
from integration.storage.queue import lanes
from tests.nights import a_night_passes
from tests.passing_time import pass_time
from tests.word_of_mouth import Town

if TYPE_CHECKING:
    from tests.world import World

HEARD = {
    "opt_1": "Google search",
    "opt_4": "A friend or colleague recommended you",
    "w9": "Eine Bekannte hat euch empfohlen",
}


def told(world: "World", **options: dict[str, str]) -> Town:
    """Harbor with Maria of Acme as a customer, and properties of these options."""
    town = Town(world.harbor)
    for name, labels in options.items():
        town.crm.define_property("contact", name, "enumeration", options=labels)
    with town.crm.silently():
        town.customer("Maria Lopez", "Acme Tools")
    return town


@pytest.mark.parametrize(
    ("ticked", "source"),
    [("opt_4", "word_of_mouth"), ("opt_1;w9", "word_of_mouth"), ("opt_1", "none")],
    ids=["a friend", "several, one in German", "a search"],
)
def test_an_answer_from_a_dropdown_is_what_its_label_says(
    world: "World", ticked: str, source: str
) -> None:
    town = told(world, how_did_you_hear_about_us=HEARD)
    deal = town.newcomer("Ulf Sand", "Dune Fields", how_did_you_hear_about_us=ticked)

    world.install(world.harbor)
    world.settle()

    assert town.source(deal) == source


def test_a_referrer_from_a_dropdown_is_the_person_its_label_names(world: "World") -> None:
    town = told(world, referred_by={"amb_1": "Nobody", "amb_7": "Maria Lopez (Acme Tools)"})
    deal = town.newcomer("Bo Berg", "Zenit Labs", referred_by="amb_7")
    nobody = town.newcomer("Cy Dahl", "Elm Street", referred_by="amb_1")

    world.install(world.harbor)
    world.settle()

    assert (town.source(deal), town.credited(deal)) == ("referral", "Maria Lopez (Acme Tools)")
    assert town.source(nobody) == "none"


def test_two_ticked_referrers_are_two_referrals(world: "World") -> None:
    labels = {"a": "Maria Lopez (Acme Tools)", "b": "Ines Prado (Bolt Works)"}
    town = told(world, referred_by=labels)
    town.customer("Ines Prado", "Bolt Works")
    town.newcomer("Bo Berg", "Zenit Labs", referred_by="a;b")

    world.install(world.harbor)
    world.settle()

    referrers = set(world.harbor.values("referral", "referrer_contact_id"))
    assert referrers == {town.people["Maria Lopez"], town.people["Ines Prado"]}


def test_who_maps_a_dropdown_later_has_its_labels_read_then(world: "World") -> None:
    town = told(world, whom_to_thank={"amb_7": "Maria Lopez (Acme Tools)"})
    deal = town.newcomer("Bo Berg", "Zenit Labs", whom_to_thank="amb_7")
    world.install(world.harbor)
    world.settle()
    assert town.source(deal) == "none"

    with world.harbor.context() as context:
        texts = {**context.map.texts, "referred_by_property": ("whom_to_thank",)}
        settings_changes.change(
            context, actor="user:1", reason="test", portal_map=replace(context.map, texts=texts)
        )
    world.settle()

    assert town.credited(deal) == "Maria Lopez (Acme Tools)"


def test_an_option_renamed_in_hubspot_is_read_anew_that_night(world: "World") -> None:
    town = told(world, referred_by={"amb_7": "to be named"})
    deal = town.newcomer("Bo Berg", "Zenit Labs", referred_by="amb_7")
    world.install(world.harbor)
    world.settle()
    assert town.source(deal) == "none"

    definition = town.crm.definitions["contact"]["referred_by"]
    definition.options[0].label = "Maria Lopez (Acme Tools)"
    a_night_passes(world)

    assert town.credited(deal) == "Maria Lopez (Acme Tools)"
    with world.harbor.context() as context, context.transaction() as tx:
        assert tx.value("SELECT author FROM settings_version WHERE version = 2") == "second-order"


def test_an_option_made_in_hubspot_is_known_soon_after_somebody_chose_it(world: "World") -> None:
    town = told(world, referred_by={"amb_1": "Nobody"})
    town.newcomer("Bo Berg", "Zenit Labs")
    world.install(world.harbor)
    world.settle()
    pass_time(world, 2 * 3600)

    options = town.crm.definitions["contact"]["referred_by"].options
    options.append(type(options[0])("Maria Lopez (Acme Tools)", "amb_7"))
    # A change of the mapped property alone is found by the quarter-hour search; a title is told.
    said = {"referred_by": "amb_7", "jobtitle": "Buyer"}
    town.crm.update("contact", town.people["Bo Berg"], said, source=("CRM_UI", "userId:88"))
    world.settle()
    with world.runtime.database.portal(world.harbor.portal_id) as tx:
        lanes.want(tx, world.harbor.portal_id, "import")  # as the calendar does each quarter hour
    world.settle()

    assert world.harbor.values("referral", "referrer_contact_id") == [town.people["Maria Lopez"]]


@pytest.mark.parametrize(("value", "has_left"), [("active", False), ("left", True), ("q", False)])
def test_somebody_left_only_where_the_option_says_so(
    world: "World", value: str, *, has_left: bool
) -> None:
    town = Town(world.harbor)
    options = {"active": "Still there", "left": "Left", "q": "Unknown"}
    town.crm.define_property(
        "contact", "gone", "enumeration", label="No longer at company", options=options
    )
    with town.crm.silently():
        town.customer("Nora Quist", "Maple Grid")
        town.crm.update("contact", town.people["Nora Quist"], {"gone": value})

    world.install(world.harbor)
    world.settle()

    assert bool(world.harbor.kept("move")) is has_left
