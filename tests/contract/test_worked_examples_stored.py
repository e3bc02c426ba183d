"""The worked examples of the rule book that are about stored rows: merges (D17) and a removed person (D18)."""

import json

from integration.portal.forgotten import erase
from integration.reports import explain, portal_figures
from integration.storage.findings import source_rows
from integration.storage.ledger import entry_rows
from integration.storage.mirror import mirror
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal, day


def test_d17_a_chain_of_merges_leads_every_old_number_to_the_survivor(harbor: MirrorPortal) -> None:
    """101 + 202 become 303; then 303 + 404 become 505. An event for 202 an hour later is about 505."""
    harbor.company(1, "Acme", "acme-tools.com")
    for one in (101, 202, 404):
        harbor.contact(
            one, 1, firstname="Priya", lastname="Raman", email=f"priya{one}@acme-tools.com"
        )
    harbor.contact(303, 1, firstname="Priya", lastname="Raman", email="priya@acme-tools.com")
    harbor.merge("contact", (101, 202), 303)
    harbor.contact(505, 1, firstname="Priya", lastname="Raman", email="priya@acme-tools.com")
    harbor.merge("contact", (303, 404), 505)

    with harbor.clock.database.portal(HARBOR) as tx:
        today = mirror.resolve(tx, "contact", [101, 202, 303, 404, 505, 999])
    with harbor.clock.database.portal(ORCHARD) as tx:
        foreign = mirror.resolve(tx, "contact", [101])

    assert today == {101: 505, 202: 505, 303: 505, 404: 505, 505: 505, 999: 999}
    assert foreign == {101: 101}
    assert explain.explain(harbor.context, "contact", 202)["record_id"] == 505


def test_d17_rows_keep_the_numbers_they_were_written_with(harbor: MirrorPortal) -> None:
    _book(harbor, {101: 1_888_044, 202: 500_000})
    harbor.company(1, "Acme", "acme-tools.com")
    for one in (303, 404, 505):
        harbor.contact(one, 1, firstname="Priya", email=f"priya{one}@acme-tools.com")
    before = harbor.ledger()
    harbor.merge("contact", (101, 202), 303)
    harbor.merge("contact", (303, 404), 505)

    with harbor.clock.database.portal(HARBOR) as tx:
        of_survivor = source_rows.subjects_of(tx, [505])
        credit = entry_rows.by_subject(tx, [505], "USD")

    assert harbor.ledger() == before
    assert harbor.rows("SELECT contact_id FROM subject ORDER BY contact_id") == [
        {"contact_id": 101},
        {"contact_id": 202},
    ]
    assert len(of_survivor) == 2
    assert credit == {505: 2_388_044}


def test_d18_a_removed_champions_company_keeps_its_total(harbor: MirrorPortal) -> None:
    """18,880.44 + 5,000.00 of a removed champion, 36,119.56 of others: 60,000.00 before and after."""
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.contact(12, 1, firstname="Priya", lastname="Raman", email="priya@acme-tools.com")
    harbor.contact(13, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    _book(harbor, {12: 1_888_044}, deal=9)
    _book(harbor, {12: 500_000, 13: 3_611_956}, deal=10)
    before = _total(harbor)

    with harbor.clock.database.portal(HARBOR) as tx:
        erase(tx, 12, keys=KEYS)
    harbor.settle()

    assert before == _total(harbor) == {1: (6_000_000, 2)}
    board = portal_figures.summary(harbor.context)["people"]
    assert [(one["name"], one["revenue"]) for one in board] == [
        ("Maria Lopez", "36119.56"),
        ("a removed person", "23880.44"),
    ]
    assert "Priya" not in json.dumps(board)


def _total(portal: MirrorPortal) -> dict[int, tuple[int, int]]:
    with portal.clock.database.portal(portal.portal_id) as tx:
        return entry_rows.by_company(tx, [1], "USD")


def _book(portal: MirrorPortal, credited: dict[int, int], *, deal: int = 9) -> None:
    """Ledger rows by contact, as a won deal leaves them."""
    with portal.clock.database.portal(portal.portal_id) as tx:
        subjects = source_rows.subjects(tx, credited)
        entry_rows.append(
            tx,
            [
                {
                    "deal_id": deal, "source_key": f"moved_champion|s{subjects[one]}|1", "kind": "moved_champion",
                    "subject_id": subjects[one], "company_id": 1, "deal_order": 2, "share": 1, "amount_minor": minor,
                    "currency": "USD", "home_minor": minor, "home_currency": "USD", "rate": None, "rate_at": None,
                    "effective_at": day(20), "settings_version": 1, "occasion": "won", "origin_at": None,
                    "evidence": [], "reason": "", "reverses": None, "line": 0,
                }
                for one, minor in credited.items()
            ],
            at=day(20),
        )  # fmt: skip
