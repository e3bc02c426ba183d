"""Installing again: what became readable is imported, and what happened meanwhile is found."""

from datetime import UTC, datetime

import pytest

from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.service import portals
from tests.contract.visiting import HARBOR, Town
from workers import jobs


def work_until_quiet(town: Town) -> None:
    """All work that is due, done here: import, conclusions, writeback."""
    for _ in range(200):
        with town.runtime.database.service() as tx:
            due = list(lanes.due(tx))
        if not due:
            return
        for portal_id, kind in due:
            jobs.work(town.runtime, portal_id, kind)
    raise AssertionError("the work does not end")


def mirrored(town: Town, object_type: str) -> dict[int, dict[str, str]]:
    """Living records of a type as we keep them."""
    with town.runtime.database.portal(HARBOR) as tx:
        rows = tx.rows(
            "SELECT record_id, properties FROM record WHERE object_type = :type AND gone_at IS NULL",
            type=object_type,
        )
    return {row["record_id"]: dict(row["properties"]) for row in rows}


def runs(town: Town) -> list[tuple[str, str]]:
    with town.runtime.database.portal(HARBOR) as tx:
        rows = tx.rows("SELECT kind, state FROM import_run ORDER BY run_id")
    return [(row["kind"], row["state"]) for row in rows]


def test_what_a_reinstall_makes_readable_is_imported(town: Town) -> None:
    crm = town.harbor
    company = crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
    ana = crm.create("contact", {"email": "ana@acme.example"}).id
    crm.associate("contact", ana, "company", company, primary=True)
    ticket = crm.create("ticket", {"subject": "Broken", "hs_pipeline_stage": "1"}).id
    crm.associate("ticket", ticket, "company", company)
    mail = crm.create(
        "email",
        {
            "hs_timestamp": datetime.now(UTC).isoformat(), "hs_email_direction": "INCOMING_EMAIL",
            "hs_email_status": "RECEIVED", "hs_email_subject": "Automatic reply: Hello",
            "hs_email_text": "Ana is no longer with Acme.", "hs_email_from_email": "ana@acme.example",
        },
    )  # fmt: skip
    crm.associate("contact", ana, "email", mail.id)
    crm.denied_scopes = {"tickets", "sales-email-read", "crm.objects.feedback_submissions.read"}
    town.visitor().install()
    work_until_quiet(town)
    assert mirrored(town, "ticket") == {}
    assert texts(town) == []
    crm.denied_scopes = set()

    town.visitor().install()
    work_until_quiet(town)

    assert list(mirrored(town, "ticket")) == [ticket]
    with town.runtime.database.portal(HARBOR) as tx:
        assert mirror.links_from(tx, "ticket", [ticket], "company")
    assert texts(town) == ["Ana is no longer with Acme."]
    assert runs(town) == [("import", "done"), ("reconciliation", "done")]


def texts(town: Town) -> list[str]:
    """Texts of activities that we keep."""
    with town.runtime.database.portal(HARBOR) as tx:
        return [row["text"] for row in tx.rows("SELECT text FROM touch_text")]


@pytest.mark.parametrize("how", ["in HubSpot", "by our page", "and we had noticed"])
def test_what_happened_between_uninstall_and_reinstall_is_found(town: Town, how: str) -> None:
    crm = town.harbor
    deal = crm.create(
        "deal", {"dealname": "Acme buys", "dealstage": "contractsent", "amount": "100"}
    )
    gone = crm.create("deal", {"dealname": "Nobody buys", "dealstage": "contractsent"})
    visitor = town.visitor()
    visitor.install()
    work_until_quiet(town)
    if how == "by our page":
        visitor.press(f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR)})
    else:
        town.hubspot.uninstall(HARBOR)
    if how == "and we had noticed":
        with town.runtime.database.portal(HARBOR) as tx:
            portals.pause(tx, HARBOR, "The connection was revoked")
            tx.run("UPDATE token SET state = 'revoked'")
    crm.update("deal", deal.id, {"amount": "250"})
    crm.archive("deal", gone.id)
    new = crm.create("deal", {"dealname": "Bolt buys", "dealstage": "contractsent"})

    town.visitor().install()
    work_until_quiet(town)

    assert mirrored(town, "deal")[deal.id]["amount"] == "250"
    assert mirrored(town, "deal").keys() == {deal.id, new.id}


def test_an_import_that_an_uninstall_broke_off_is_begun_anew(town: Town) -> None:
    """What its first half read may have changed or gone while nobody told us."""
    crm = town.harbor
    kept = crm.create("deal", {"dealname": "Acme buys", "dealstage": "contractsent", "amount": "1"})
    gone = crm.create("deal", {"dealname": "Nobody buys", "dealstage": "contractsent"})
    town.visitor().install()
    town.hubspot.trouble.add("503", "GET */contacts", times=3)
    jobs.work(town.runtime, HARBOR, "import")
    assert mirrored(town, "deal").keys() == {kept.id, gone.id}
    assert runs(town) == [("import", "running")]
    town.hubspot.uninstall(HARBOR)
    crm.update("deal", kept.id, {"amount": "2"})
    crm.archive("deal", gone.id)

    town.hubspot.trouble.clear()
    town.visitor().install()
    work_until_quiet(town)

    assert runs(town) == [("import", "failed"), ("import", "done")]
    assert {key: deal["amount"] for key, deal in mirrored(town, "deal").items()} == {kept.id: "2"}


def test_installing_once_more_over_a_working_connection_reconciles_too(town: Town) -> None:
    deal = town.harbor.create("deal", {"dealname": "Acme buys", "dealstage": "contractsent"})
    town.visitor().install()
    work_until_quiet(town)
    town.harbor.update("deal", deal.id, {"amount": "250"})  # its notification got lost

    town.visitor().install()
    work_until_quiet(town)

    assert mirrored(town, "deal")[deal.id]["amount"] == "250"
    assert runs(town) == [("import", "done"), ("reconciliation", "done")]
