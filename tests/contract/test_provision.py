"""Our properties in a portal: made, repaired, brought back, paused; never anybody else's."""

import copy
from dataclasses import replace

from integration.admin import settings_changes
from integration.admin.provisioning import Provisioned, provision
from integration.portal import settings as portal_settings
from integration.portal.context import open_portal
from integration.storage.queue import outbox
from integration.storage.service import portals
from mappings.records.catalogue import OF_PROGRAM, PROPERTIES, WRITTEN_TYPES, own_names
from mappings.records.properties import GROUP_NAME
from tests.contract.visiting import HARBOR, ORCHARD, Town
from tests.sandbox.portal import Portal

USUAL = [prop for prop in PROPERTIES if prop.name not in OF_PROGRAM]
"""What every account gets; the referral program's own come with it."""


def run(town: Town, portal_id: int = HARBOR) -> Provisioned:
    with open_portal(town.runtime, portal_id) as context:
        return provision(context)


def paused(town: Town, portal_id: int = HARBOR) -> dict[tuple[str, str], str]:
    with town.runtime.database.portal(portal_id) as tx:
        return outbox.paused_properties(tx)


def changes(portal: Portal) -> list[str]:
    return [call for call in portal.calls if not call.startswith("GET ")]


def test_everything_in_the_catalogue_is_made_in_our_group(town: Town) -> None:
    town.visitor().install()

    for prop in USUAL:
        made = town.harbor.definitions[prop.object_type][prop.name]
        assert (made.group, made.type, made.field_type) == (GROUP_NAME, prop.type, prop.field_type)
        assert {option.value for option in made.options} == {
            option.value for option in prop.options
        }
    assert paused(town) == {}
    assert not any(name.startswith("second_order") for name in town.orchard.definitions["deal"])


def test_making_them_takes_three_calls_an_object_type(town: Town) -> None:
    town.visitor().install()

    spent = {call: n for call, n in town.harbor.calls.items() if "/properties/" in call}
    assert sum(spent.values()) == 3 * len(WRITTEN_TYPES), spent


def test_a_second_run_only_reads_and_says_so(town: Town) -> None:
    town.visitor().install()
    town.harbor.calls.clear()

    done = run(town)

    assert done.changed_nothing
    assert changes(town.harbor) == []
    assert sum(town.harbor.calls.values()) == len(WRITTEN_TYPES)
    assert done.sentence() == "All our properties were there and in order."


def test_nothing_of_anybody_else_is_touched(town: Town) -> None:
    town.harbor.define_property("deal", "second_hand", "string")
    before = {kind: copy.deepcopy(town.harbor.definitions[kind]) for kind in WRITTEN_TYPES}

    town.visitor().install()

    for kind in WRITTEN_TYPES:
        now = {
            name: one
            for name, one in town.harbor.definitions[kind].items()
            if name not in own_names(kind)
        }
        assert now == before[kind]


def test_an_archived_namesake_comes_back(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    visitor.press(
        f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR), "remove_properties": "yes"}
    )
    assert town.harbor.definitions["deal"]["second_order_source"].archived is not None

    visitor.install()

    assert all(
        town.harbor.definitions[prop.object_type][prop.name].archived is None for prop in USUAL
    )
    assert paused(town) == {}


def test_what_drifted_is_repaired_and_what_an_admin_may_change_stays(town: Town) -> None:
    town.visitor().install()
    role = town.harbor.definitions["contact"]["second_order_role"]
    role.label, role.group = "Our own name for it", "contactinformation"
    lost, kept = role.options[0], role.options[1:]
    role.options = [*kept, type(lost)("Our own", "our_own")]
    town.harbor.definitions["company"]["second_order_health"].hidden = True

    done = run(town)

    assert sorted(done.repaired) == [
        ("company", "second_order_health"),
        ("contact", "second_order_role"),
    ]
    role = town.harbor.definitions["contact"]["second_order_role"]
    assert role.label == "Our own name for it"
    assert role.group == GROUP_NAME
    assert {lost.value, "our_own"} <= {option.value for option in role.options}
    assert not town.harbor.definitions["company"]["second_order_health"].hidden


def test_a_property_that_only_shares_our_name_is_left_alone_and_paused_with_a_sentence(
    town: Town,
) -> None:
    town.harbor.define_property("deal", "second_order_share", "date")
    before = copy.deepcopy(town.harbor.definitions["deal"]["second_order_share"])

    assert town.visitor().install().status_code == 303

    assert town.harbor.definitions["deal"]["second_order_share"] == before
    sentences = paused(town)
    assert list(sentences) == [("deal", "second_order_share")]
    assert "Repair properties" in sentences["deal", "second_order_share"]
    assert "second_order_source" in town.harbor.definitions["deal"]


def test_a_paused_property_is_written_again_once_its_cause_is_gone(town: Town) -> None:
    foreign = town.harbor.define_property("deal", "second_order_share", "date")
    visitor = town.visitor()
    visitor.install()
    assert "second_order_share" in visitor.get(f"/portals/{HARBOR}/health").text
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        portals.stamp(tx, HARBOR, "imported_at")

    del town.harbor.definitions["deal"][foreign.name]
    answer = visitor.press(f"/portals/{HARBOR}/repair")

    assert answer.headers["Location"].endswith("said=repaired")
    assert paused(town) == {}
    assert town.harbor.definitions["deal"]["second_order_share"].type == "number"
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT kind FROM import_run WHERE state = 'running'") == "reconciliation"


def test_a_property_an_admin_deleted_is_made_again(town: Town) -> None:
    town.visitor().install()
    del town.harbor.definitions["company"]["second_order_health"]

    done = run(town)

    assert done.created == [("company", "second_order_health")]


def test_hubspot_away_in_the_middle_is_made_good_by_the_next_run(town: Town) -> None:
    town.hubspot.trouble.add("500", "POST /crm/properties/*/companies/batch/create", times=1)
    visitor = town.visitor()
    visitor.install()
    assert "second_order_health" not in town.harbor.definitions["company"]

    visitor.press(f"/portals/{HARBOR}/repair")

    assert "second_order_health" in town.harbor.definitions["company"]
    assert paused(town) == {}


def test_the_map_is_detected_with_reasons_and_kept_as_version_one(town: Town) -> None:
    town.harbor.define_property("contact", "referred_by", "string", label="Referred by")
    town.harbor.define_property("company", "renewal_date", "date", label="Renewal date")
    visitor = town.visitor()
    visitor.install()

    with town.runtime.database.portal(HARBOR) as tx:
        settings = portal_settings.read(tx)
    assert settings.version == 1
    assert settings.map.texts["referred_by_property"] == ("referred_by",)
    assert settings.map.renewal_date_property == "renewal_date"
    assert settings.map.home_currency == town.harbor.currency
    assert (town.harbor.time_zone, settings.map.home_country) == ("Europe/Berlin", "DE")
    assert "Referred by" in settings.why["referred_by_property"]
    page = visitor.get(f"/portals/{HARBOR}/settings").text
    assert "seems to tell who referred a contact" in page
    with town.runtime.database.portal(ORCHARD) as tx:
        assert portal_settings.read(tx).version == 0


def test_installing_again_never_overwrites_what_an_admin_chose(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    with open_portal(town.runtime, HARBOR) as context:
        with context.transaction() as tx:
            chosen = portal_settings.read(tx).map
        wanted = replace(chosen, texts={"referred_by_property": ("my_field",)})
        settings_changes.change(context, portal_map=wanted, actor="user:1", reason="a try")
    with town.runtime.database.portal(HARBOR) as tx:
        portals.pause(tx, HARBOR, "revoked")

    visitor.install()

    with town.runtime.database.portal(HARBOR) as tx:
        settings = portal_settings.read(tx)
    assert settings.version == 2
    assert settings.map.texts["referred_by_property"] == ("my_field",)
    assert settings.why["referred_by_property"] == "You chose this."


def test_without_optional_permissions_the_map_is_detected_from_what_can_be_read(town: Town) -> None:
    town.harbor.denied_scopes = {"crm.objects.owners.read", "tickets"}

    town.visitor().install()

    with town.runtime.database.portal(HARBOR) as tx:
        settings = portal_settings.read(tx)
    assert settings.version == 1
    assert settings.map.staff_domains == ()
