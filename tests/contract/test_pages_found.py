"""What was found, on the home page and on record pages: names, money, reasons, and whose they are."""

import re
from html import unescape

import pytest

from integration.ingest import sync
from integration.storage.database import as_json
from mappings.records.rows import Record
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, hash_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e"
REASON: dict[str, object] = {
    "text": f"because of {HOSTILE}",
    "code": "x",
    "at": None,
    "evidence": [],
    "strength": 1,
}


@pytest.fixture
def visitor(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    for portal_id in (HARBOR, ORCHARD):
        _find_something(town, portal_id)
    return visitor


def _find_something(town: Town, portal_id: int) -> None:
    """One customer's contact brought one won deal of 100.01; everything is called something hostile."""
    with town.runtime.database.portal(portal_id) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        tx.run("UPDATE import_step SET done = true")
        for object_type, record_id, names in (
            ("deal", 11, {"dealname": HOSTILE}),
            ("contact", 12, {"firstname": HOSTILE, "lastname": f"of {portal_id}"}),
            ("company", 13, {"name": HOSTILE}),
        ):
            tx.run(
                """INSERT INTO record (portal_id, object_type, record_id, properties)
                   VALUES (:portal, :type, :id, CAST(:names AS jsonb))""",
                type=object_type,
                id=record_id,
                names=as_json(names),
            )
            tx.run(
                """INSERT INTO conclusion (portal_id, object_type, record_id, desired, reasons, settings_version)
                   VALUES (:portal, :type, :id, CAST(:desired AS jsonb), CAST(:reasons AS jsonb), 1)""",
                type=object_type,
                id=record_id,
                desired=as_json(
                    {
                        "second_order_source": "referral",
                        "second_order_because": HOSTILE,
                        "second_order_amount": "81.00",
                        "second_order_role": "referrer",
                        "second_order_revenue": "81.00",
                    }
                ),
                reasons=as_json([REASON, HOSTILE]),
            )
        tx.run("INSERT INTO subject (portal_id, contact_id) VALUES (:portal, 12)")
        subject = tx.value("SELECT subject_id FROM subject")
        tx.run(
            """INSERT INTO deal (portal_id, deal_id, created_at, closed_at, is_won, is_open, amount_minor, currency)
               VALUES (:portal, 11, now(), now(), true, false, 10001, 'EUR')"""
        )
        tx.run(
            """INSERT INTO source (portal_id, deal_id, source_key, kind, contact_id, company_id, share, confidence,
                 body, settings_version)
               VALUES (:portal, 11, 'k', 'referral', 12, 13, 810000000000, 0.9, CAST(:body AS jsonb), 1)""",
            body=as_json({"because": [REASON]}),
        )
        for kind, key, minor, who, company in (
            ("referral", "k", 8100, subject, 13),
            ("first_order", "first_order", 1901, None, None),
        ):
            tx.run(
                """INSERT INTO ledger (portal_id, deal_id, source_key, kind, subject_id, company_id, share,
                     amount_minor, currency, home_minor, home_currency, effective_at, settings_version, occasion,
                     reason)
                   VALUES (:portal, 11, :key, :kind, :who, :company, 500000000000, :minor, 'EUR', :minor, 'EUR', now(),
                     1, 'won', :reason)""",
                key=key,
                kind=kind,
                who=who,
                company=company,
                minor=minor,
                reason=HOSTILE,
            )


def test_home_shows_what_was_found_with_reasons(town: Town, visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/").text

    assert "€81.00" in page
    assert "81% of €100.01 won in 1 deal" in re.sub(r"\s+", " ", page)
    assert f'href="/portals/{HARBOR}/contact/12"' in page
    assert f'href="/portals/{HARBOR}/company/13"' in page
    assert "of 4711" in page
    assert "of 4712" not in page
    assert "Up to date" in page


def test_a_deal_says_who_it_came_from_why_and_adds_up(town: Town, visitor: Visitor) -> None:
    page = re.sub(r"\s+", " ", visitor.get(f"/portals/{HARBOR}/deal/11").text)

    assert "sure (0.90)" in page
    assert "81.00%" in page
    assert "because of &lt;script&gt;" in page
    assert (
        "<b>€81.00</b> because of customers + <b>€19.01</b> from marketing and selling"
        " = <b>€100.01</b>" in page
    )
    assert "Referral" in page
    assert "of 4711" in page


@pytest.mark.parametrize("path", ["", "deal/11", "contact/12", "company/13"])
def test_hostile_names_and_reasons_stay_text(town: Town, visitor: Visitor, path: str) -> None:
    page = visitor.get(f"/portals/{HARBOR}/{path}")

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(\d*)", page.text)
    assert "&lt;script&gt;alert(1)" in page.text


def test_records_of_another_portal_look_like_records_that_are_not_there(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(ORCHARD) as tx:
        tx.run(
            "INSERT INTO record (portal_id, object_type, record_id) VALUES (:portal, 'deal', 77)"
        )
    ours, theirs = (visitor.get(f"/portals/{portal}/deal/78").data for portal in (HARBOR, ORCHARD))

    for path, absent in (
        (f"/portals/{HARBOR}/deal/77", ours), (f"/portals/{HARBOR}/deal/0", ours),
        (f"/portals/{HARBOR}/deal/{10**30}", ours), (f"/portals/{HARBOR}/contact/11", ours),
        (f"/portals/{ORCHARD}/deal/77", theirs), (f"/portals/{ORCHARD}/deal/11", theirs),
        (f"/portals/{HARBOR}/ticket/11", theirs),
    ):  # fmt: skip
        answer = visitor.get(path)
        assert answer.status_code == 404, path
        assert answer.data == absent, path
    assert f"/portals/{HARBOR}/" in ours.decode(), "the way back"


def test_a_record_that_is_gone_still_shows_its_ledger(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE record SET gone_at = now(), gone_why = 'deleted' WHERE record_id = 11")

    page = visitor.get(f"/portals/{HARBOR}/deal/11").text

    assert "gone from HubSpot" in page
    assert "€19.01" in page


def test_a_forgotten_person_has_no_name_anywhere(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE record SET gone_at = now(), gone_why = 'forgotten', properties = '{}' WHERE record_id = 12"
        )

    assert "of 4711" not in visitor.get(f"/portals/{HARBOR}/").text


def test_a_record_is_found_by_its_number(town: Town, visitor: Visitor) -> None:
    found = visitor.get(f"/portals/{HARBOR}/find?type=contact&id=12")

    assert found.headers["Location"] == f"/portals/{HARBOR}/contact/12"
    for bad in ("type=ticket&id=12", "type=deal&id=abc", "type=deal&id=", "type=deal&id=٣"):
        assert visitor.get(f"/portals/{HARBOR}/find?{bad}").status_code == 404


def test_a_record_is_found_by_its_name(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        records = [
            Record("company", 31, {"name": "Quartz Mills", "domain": "quartz.example"}),
            Record("company", 32, {"name": "Quartz Mills"}),
            Record("company", 33, {"name": HOSTILE}),
        ]
        sync.store_records(tx, records, known_contacts=set())
    find = f"/portals/{HARBOR}/find?type=company&id="

    assert visitor.get(f"{find}quartz.example").headers["Location"].endswith("/company/31")
    several = visitor.get(f"{find}quartz mills").text
    assert f'href="/portals/{HARBOR}/company/31"' in several
    assert f'href="/portals/{HARBOR}/company/32"' in several
    close = visitor.get(f"{find}alert(1)").text
    assert "<script>alert" not in close
    nobody = visitor.get(f"{find}Nobody+Ltd")
    assert (nobody.status_code, "No company here is called “Nobody Ltd”" in nobody.text) == (
        404,
        True,
    )


def test_an_account_without_deals_says_so(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")

    assert "Nothing found yet" in visitor.get(f"/portals/{HARBOR}/").text


def test_the_home_page_tells_one_total_with_its_rates_its_range_and_what_could_be_judged(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        for n, amount in enumerate((10_000, 20_000, None)):
            tx.run(
                """INSERT INTO deal (portal_id, deal_id, created_at, closed_at, is_won, is_open, amount_minor, currency)
                   VALUES (:portal, :id, now(), now(), true, false, :amount, 'CHF')""",
                id=100 + n,
                amount=amount,
            )
        for deal, home in ((100, 6_199), (101, None)):
            tx.run(
                """INSERT INTO ledger (portal_id, deal_id, source_key, kind, share, amount_minor, currency,
                     home_minor, home_currency, effective_at, settings_version, occasion, reason)
                   VALUES (:portal, :deal, 'first_order', 'first_order', 1000000000000, 10000, 'CHF',
                     :home, 'EUR', now(), 1, 'won', 'won')""",
                deal=deal,
                home=home,
            )

    page = re.sub(r"\s+", " ", visitor.get(f"/portals/{HARBOR}/").text)

    assert "€81.00" in page
    assert "50% of €162.00 won in 2 deals" in page
    assert "at the rates frozen when each deal closed" in page
    assert "€81.00 to €81.00" in page
    assert '61%</div> <div class="note">of won revenue' in page
    assert "Deals without a contact: put the people who bought on them" in page
    assert "CHF" in page
    assert "of 1 deal without an amount in EUR" in page
    assert "1 deal without an amount" in page


def test_a_company_that_led_to_thousands_of_deals_shows_the_largest_and_the_sum_of_all(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO ledger (portal_id, deal_id, source_key, kind, company_id, share, amount_minor, currency,
                 effective_at, settings_version, occasion, reason)
               SELECT :portal, n, 'k', 'referral', 13, 0, 1, 'EUR', now(), 1, 'won', 'x'
               FROM generate_series(1000, 3999) AS n"""
        )

    page = visitor.get(f"/portals/{HARBOR}/company/13")

    assert page.status_code == 200
    assert "2,991 more deals" in page.text
    assert "€111.00" in page.text, "81.00 and 3,000 cents"
    assert len(page.data) < 500_000


def test_looking_at_what_was_found_changes_nothing(town: Town, visitor: Visitor) -> None:
    before = hash_of(town)
    for path in (
        "",
        "health",
        "settings",
        "progress",
        "deal/11",
        "contact/12",
        "company/13",
        "find?type=deal&id=11",
    ):
        assert visitor.get(f"/portals/{HARBOR}/{path}").status_code in {200, 303}

    assert hash_of(town) == before


def test_the_address_of_a_record_merged_before_the_install_leads_to_its_survivor(
    town: Town, visitor: Visitor
) -> None:
    """The old id stands in e-mails and bookmarks; only what the survivor carries tells what it means."""
    survivor = Record("company", 21, {"name": "Acme Tools", "hs_merged_object_ids": "19;20"})
    with town.runtime.database.portal(HARBOR) as tx:
        sync.store_records(tx, [survivor], known_contacts=set())

    for record_id in (19, 20, 21):
        page = visitor.get(f"/portals/{HARBOR}/company/{record_id}")
        assert page.status_code == 200
        assert "Acme Tools" in page.text
    assert visitor.get(f"/portals/{HARBOR}/company/22").status_code == 404


def test_every_number_of_the_overview_leads_to_a_page_with_its_rows(
    town: Town, visitor: Visitor
) -> None:
    page = visitor.get(f"/portals/{HARBOR}/overview?period=all").text
    main = page.partition("<main")[2].partition("</main>")[0]

    links = {unescape(link) for link in re.findall(r'href="(/[^"#]+)"', main)}

    assert {link.partition("?")[0].rpartition("/")[2] for link in links} >= {
        "deals",
        "11",
        "12",
        "13",
    }
    for link in sorted(links):
        assert visitor.get(link).status_code == 200, link


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("?period=next_year", "“next_year” is no period"),
        ("?from=yesterday", "“yesterday” is no day: write 2026-05-31"),
        ("?from=2026-05-02&to=2026-05-01", "ends on 2026-05-01, before it begins"),
        ("?to=0001-01-01", "choose one between 1900 and 2200"),
    ],
)
def test_a_period_made_up_by_hand_is_refused_in_a_sentence(
    visitor: Visitor, address: str, sentence: str
) -> None:
    answer = visitor.get(f"/portals/{HARBOR}/overview{address}")

    assert answer.status_code == 400
    assert sentence in unescape(answer.text)


def test_the_overview_of_another_account_is_not_there(visitor: Visitor) -> None:
    assert visitor.get(f"/portals/{ORCHARD}/overview").status_code == 404
