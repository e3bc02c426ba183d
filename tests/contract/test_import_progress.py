"""While set-up is under way its pages say so, move by themselves, and show totals and time left."""

import re
from collections import Counter

from integration.ingest import backfill, import_progress
from integration.portal.context import open_portal
from integration.storage.queue import lanes
from tests.contract.activity_world import ago
from tests.contract.visiting import HARBOR, ORCHARD, Town
from workers import jobs

HOME, HEALTH = f"/portals/{HARBOR}/", f"/portals/{HARBOR}/health"
COUNTED = ("contacts", "companies", "deals", "tickets", "feedback_submissions", "meetings", "calls", "emails", "notes")  # fmt: skip


def filled(town: Town, people: int = 130) -> None:
    """Harbor with some people and what happened with them."""
    crm = town.harbor
    with crm.silently():
        company = crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
        for number in range(people):
            contact = crm.create("contact", {"email": f"p{number}@acme.example"}).id
            crm.associate("contact", contact, "company", company, primary=True)
        for number in range(12):
            noted = {"hs_timestamp": f"{ago(3):%Y-%m-%dT%H:%M:%SZ}", "hs_note_body": f"{number}"}
            crm.associate("contact", contact, "note", crm.create("note", noted).id)


def one_slice(town: Town, *, seconds: float) -> None:
    """The import goes on for so long."""
    with open_portal(town.runtime, HARBOR) as portal:
        with portal.transaction() as tx:
            lease = lanes.take(tx, HARBOR, "import")
        assert lease
        backfill.advance(portal, lease, seconds=seconds)
        with portal.transaction() as tx:
            lanes.release(tx, lease, again_after=0)


def searches(town: Town) -> Counter[str]:
    """Searches that were no samples of values: those ask for contacts, companies and deals."""
    return Counter(
        {
            path.split("/")[4]: number
            for path, number in town.harbor.calls.items()
            if path.endswith("/search")
        }
    )


def test_the_pages_say_that_set_up_is_under_way_and_move_by_themselves(town: Town) -> None:
    filled(town)
    visitor = town.visitor()
    visitor.install()
    town.hubspot.trouble.add("503", "POST */associations/*")  # the import gets no further than this
    one_slice_or_trouble(town)

    for path in (HOME, HEALTH):
        page = visitor.get(path).text
        assert "Setting up: reading your HubSpot for the first time" in page
        assert re.search(r'id="how-far">\d+% read, ', page)
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        said = dict(re.findall(r'data-stream="([^"]+)".*?data-said>([^<]+)<', page, re.DOTALL))
        assert said["records:contact"] == "130 read"
        assert said["records:company"] == "1 read"
        assert re.fullmatch(r"0 of 12, 0%, .+ left", said["activities:note"])
        assert said["activities:meeting"] == "0 of 0"
        assert re.fullmatch(r"\d+ of \d+, \d+%, .+ left", said["links"])
        assert re.search(r'<script src="/assets/progress\.js\?v=\w+" defer>', page)
    said = visitor.get(f"/portals/{HARBOR}/progress").get_json()
    assert said["under_way"] is True
    note = next(line for line in said["lines"] if line["name"] == "activities:note")
    assert (note["records"], note["total"], note["percent"]) == (0, 12, 0)

    town.hubspot.trouble.clear()
    work_until_quiet(town)
    for path in (HOME, HEALTH):
        page = visitor.get(path).text
        assert "Setting up" not in page
        assert "http-equiv" not in page
    assert visitor.get(f"/portals/{HARBOR}/progress").get_json()["under_way"] is False


def one_slice_or_trouble(town: Town) -> None:
    """As far as it gets: everything but links is read."""
    jobs.work(town.runtime, HARBOR, "import")


def work_until_quiet(town: Town) -> None:
    for _ in range(200):
        with town.runtime.database.service() as tx:
            tx.run("UPDATE lane SET retry_after = NULL")
            due = list(lanes.due(tx))
        if not due:
            return
        for portal_id, kind in due:
            jobs.work(town.runtime, portal_id, kind)
    raise AssertionError("the work does not end")


def test_activities_are_part_of_the_set_up(town: Town) -> None:
    """Records are read and concluded first; until activities are read, too, set-up goes on."""
    filled(town)
    town.visitor().install()
    one_slice(town, seconds=60)

    with open_portal(town.runtime, HARBOR) as portal:
        progress = import_progress.progress(portal)
    assert progress is not None
    assert progress.is_under_way
    assert {line.state for line in progress.lines if "activities" in line.name} == {"idle"}
    work_until_quiet(town)
    with open_portal(town.runtime, HARBOR) as portal:
        progress = import_progress.progress(portal)
    assert progress is not None
    assert not progress.is_under_way
    assert {line.state for line in progress.lines} == {"done"}
    assert progress.percent == 100


def test_counting_costs_one_search_a_stream_and_none_for_a_small_account(town: Town) -> None:
    filled(town)
    for portal_id in (HARBOR, ORCHARD):
        town.visitor().install(portal_id)
    before = searches(town)

    work_until_quiet(town)

    assert searches(town) - before == Counter(dict.fromkeys(COUNTED, 1))
    assert not [path for path in town.orchard.calls if path.endswith("notes/search")]

    # A reconciliation knows how many there were.
    counted = searches(town)
    with open_portal(town.runtime, HARBOR) as portal:
        backfill.begin(portal, kind="reconciliation")
        with portal.transaction() as tx:
            totals = {
                row["stream"]: row["total"]
                for row in tx.rows("SELECT * FROM import_step ORDER BY run_id")
            }
            lanes.want(tx, HARBOR, "import")
    assert totals["records:contact"] == 130
    work_until_quiet(town)
    assert searches(town) == counted


def test_an_account_that_cannot_be_counted_is_imported_all_the_same(town: Town) -> None:
    filled(town)
    visitor = town.visitor()
    visitor.install()
    town.hubspot.trouble.add("403", "POST */search")
    town.hubspot.trouble.add("503", "POST */associations/*")
    one_slice_or_trouble(town)

    page = visitor.get(HOME).text
    assert "Setting up" in page
    assert "waiting" in page, "the activities of which nobody knows how many there are"

    town.hubspot.trouble.rules.pop()
    work_until_quiet(town)
    assert "Setting up" not in visitor.get(HOME).text
