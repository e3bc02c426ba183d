"""A person's page: who they are now, their story in the account's days, and the two accounts they join."""

import re
from dataclasses import replace

import pytest

from integration.portal.forgotten import erase
from integration.storage.database import as_json
from integration.storage.service import portals, settings_versions
from mappings.records.portal_map import dump_portal_map
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    ORCHARD,
    WORDS,
    MirrorPortal,
    day,
    moved_champion,
)
from tests.contract.record_world import Desk, Shown, counted, desk, minor, written_by_hand

__all__ = ["desk"]  # a fixture

PRIYA = f"/portals/{HARBOR}/contact/12"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Priya was at Acme, answered 9, went to Zenit, recommended us to Bo of Bolt; Bolt bought."""
    portal = written_by_hand(desk, HARBOR)
    moved_champion(portal)
    portal.change("contact", 12, jobtitle="Head of Purchasing", hubspot_owner_id="77")
    portal.put(
        "feedback_submission",
        71,
        created=day(300),
        hs_survey_type="NPS",
        hs_value="9",
        hs_submission_timestamp=day(300).isoformat(),
        hs_content="Just works",
    )
    portal.link("feedback_submission", 71, "contact", 12)
    portal.company(3, "Bolt", "bolt-works.com")
    told = [(90, "priya@zenit-labs.com")]
    portal.contact(
        22, 3, firstname="Bo", lastname="Li", email="bo@bolt-works.com", referred_by=told
    )
    portal.deal(10, 3, 22, created=70, won=(15, "1000.00"))
    portal.settle()
    return portal


def entries(page: Shown) -> list[str]:
    """The story's entries, each as one line."""
    story = page.part("story").html
    found = re.findall(
        r"<li class=[^>]*>\s*(<time.*?)</li>\s*(?=<li class|</ol>)", story, re.DOTALL
    )
    return [" ".join(Shown(entry).text.split("\n")) for entry in found]


def test_the_story_is_told_from_the_first_employer_to_what_came_of_it(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told = entries(Shown.of(desk, PRIYA))

    days = ["12 January 2024", "30 July 2024", "3 September 2025", "12 December 2025"]
    assert [line[: len(start)] for line, start in zip(told, days, strict=False)] == days
    whats = [
        "At Acme", "Acme bought: deal 5", "Answered 9 out of 10", "Left Acme for Zenit",
        "Arrived at Zenit", "Recommended us to Bo Li", "Zenit bought: deal 9", "Bolt bought because of it: deal 10",
    ]  # fmt: skip
    assert len(told) == len(whats)
    for line, what in zip(told, whats, strict=True):
        assert what in line, told
    assert "$40,000.00" in told[6]
    assert "booked" in told[6]
    assert "known from: the e-mail address" in told[0]
    assert "sure (0.90); known from: signs of a job change" in told[3]
    assert "“ Just works ”" in told[2]


def test_days_are_those_of_the_account_s_time_zone(desk: Desk, harbor: MirrorPortal) -> None:
    with desk.runtime.database.portal(HARBOR) as tx:
        portals.change_time_zone(tx, "Pacific/Auckland", at=day(2000))

    told = entries(Shown.of(desk, PRIYA))

    assert told[1].startswith("31 July 2024"), "noon in UTC is the next day in Auckland"


def test_who_the_person_is_now_stands_on_top(desk: Desk, harbor: MirrorPortal) -> None:
    who = Shown.of(desk, PRIYA).part("who")

    for part in ("Zenit", "Head of Purchasing", "priya@zenit-labs.com", "owner 77", "9 out of 10"):
        assert part in f"{who.text} {who.html}", part
    assert "Moved champion" in who.text


def test_one_relationship_and_two_accounts_are_drawn_and_said_in_a_sentence(
    desk: Desk, harbor: MirrorPortal
) -> None:
    drawn = Shown.of(desk, PRIYA).part("two")
    booked = harbor.derived(9)

    sentence = re.sub("[\u2068\u2069]", "", drawn.text)
    assert "Priya Raman was at Acme (1 won deal, $10,000.00)" in sentence
    assert "at Zenit (1 won deal, $40,000.00) since 12 December 2025, sure (0.90)." in sentence
    assert f"${booked / 100:,.2f} of it is booked because of Acme." in sentence
    assert drawn.html.count("<svg") == 2
    assert 'aria-labelledby="drawn-said"' in drawn.html
    for path in ("company/1", "company/2", "deal/5", "deal/9", "contact/12"):
        assert f"/portals/{HARBOR}/{path}" in drawn.links()


def test_an_account_whose_currency_is_not_known_shows_no_sums_instead_of_nothing(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        body = {"map": dump_portal_map(replace(WORDS, home_currency="")), "policy": {}}
        settings_versions.append(tx, body, author="test", reason="test")

    sentence = re.sub("[\u2068\u2069]", "", Shown.of(desk, PRIYA).part("two").text)

    assert "Priya Raman was at Acme (1 won deal) and has been at Zenit (1 won deal)" in sentence


def test_what_came_because_of_a_person_adds_up_to_the_field_in_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    credit = Shown.of(desk, PRIYA).part("credit")
    lines, (total,) = credit.rows(), credit.rows("tfoot")

    assert len(lines) == 2
    assert sum(minor(line[-1]) for line in lines) == minor(total[-1])
    field = harbor.said("contact", 12)["second_order_revenue"]
    assert minor(total[-1]) == minor(field)


def test_two_records_of_one_human_show_one_story_and_both_lead_to_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    profile = "https://www.linkedin.com/in/priya-raman-7"
    harbor.change("contact", 12, hs_linkedin_url=profile)
    same = {"firstname": "Priya", "lastname": "Raman", "hs_linkedin_url": profile}
    harbor.contact(13, 2, email="p.raman@zenit-labs.com", **same)
    harbor.settle()

    page, other = Shown.of(desk, PRIYA), Shown.of(desk, f"/portals/{HARBOR}/contact/13")

    assert entries(page) == entries(other)
    who = other.part("who")
    assert f"/portals/{HARBOR}/contact/12" in who.links()
    assert "has the figures" in who.text
    assert "Why they are one person" in who.text


def test_a_doubtful_job_change_is_told_as_perhaps_and_leads_to_its_question(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        tx.run("UPDATE move SET status = 'review' WHERE portal_id = :portal")
        tx.run(
            """INSERT INTO review (portal_id, kind, question, confidence, body)
               VALUES (:portal, 'move', '12>12:1>2', 700000, CAST(:body AS jsonb))""",
            body=as_json({"contacts": [12, 12], "companies": [1, 2], "reasons": []}),
        )
        number = tx.value("SELECT max(review_id) FROM review")
        tx.run(
            """INSERT INTO review_ref (portal_id, review_id, object_type, object_id, weighs)
               VALUES (:portal, :id, 'contact', 12, true)""",
            id=number,
        )

    page = Shown.of(desk, PRIYA)

    assert "Perhaps left Acme" in " ".join(entries(page))
    assert f"/portals/{HARBOR}/review/{number}" in page.part("story").links()
    assert "leave Acme for Zenit?" in page.part("decisions").text
    assert "somebody has to say so before it counts" in page.part("two").text


def test_a_removed_person_has_no_page_and_no_name_on_others(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        erase(tx, 12, keys=KEYS)
    harbor.settle()

    # Not even the number of a forgotten person is kept, so there is no record of that number.
    page = Shown.of(desk, PRIYA, status=404)
    company = Shown.of(desk, f"/portals/{HARBOR}/company/1")

    for shown in (page, company):
        assert "Priya" not in shown.html
    for word in ("Priya", "Raman", "zenit-labs.com", "Purchasing", "Just works"):
        assert word not in page.html, word


def test_a_row_that_an_older_version_left_of_a_forgotten_person_says_nothing_of_them(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE record SET gone_at = now(), gone_why = 'forgotten'
               WHERE portal_id = :portal AND object_type = 'contact' AND record_id = 12"""
        )

    page = Shown.of(desk, PRIYA)

    assert "This person asked to be forgotten" in page.text
    assert "Purchasing" not in page.html
    assert "priya@" not in page.part("who").html


def test_a_merged_contact_leads_to_the_survivor_and_a_deleted_one_says_so(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.contact(14, 2, firstname="Pri", lastname="Raman")
    harbor.settle()
    harbor.merge("contact", (14,), 12)
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/contact/14")
    assert "It was another record until a merge in HubSpot." in page.text
    assert "Priya Raman" in page.text

    harbor.retire("contact", 12)
    harbor.settle()
    assert "This record is gone from HubSpot" in Shown.of(desk, PRIYA).text


def test_a_person_of_another_account_is_not_there(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.company(1, "Theirs", "theirs.example")
    orchard.contact(99, 1, firstname="Zoe")
    orchard.settle()

    Shown.of(desk, f"/portals/{HARBOR}/contact/99", status=404)
    Shown.of(desk, f"/portals/{ORCHARD}/contact/99", status=404)
    assert "Zoe" not in desk.get(f"/portals/{ORCHARD}/contact/99").text


def referrals(harbor: MirrorPortal, number: int) -> None:
    """So many recommendations of Priya's, an hour apart."""
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO referral (portal_id, owner_type, owner_id, referral_key, target,
                 referrer_contact_id, referrer_company_id, status, body)
               SELECT :portal, 'contact', 200000 + n, 'named_person|' || n, 'contact:' || 200000 + n, 12, 1, 'auto',
                 jsonb_build_object('at', to_char(now() - n * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))
               FROM generate_series(1, :number) AS n""",
            number=number,
        )


def test_a_story_of_five_thousand_entries_is_told_a_page_at_a_time_with_the_same_queries(
    desk: Desk, harbor: MirrorPortal
) -> None:
    referrals(harbor, 200)
    with counted(harbor.database) as few:
        Shown.of(desk, PRIYA)
    referrals_more = 5_000
    with harbor.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM referral WHERE portal_id = :portal AND owner_id > 200000")
    referrals(harbor, referrals_more)
    with counted(harbor.database) as many:
        page = Shown.of(desk, PRIYA)

    assert len(many) == len(few) < 90
    seen: list[str] = []
    for _ in range(2):
        (further,) = [link for link in page.links() if "?after=" in link]
        page = Shown.of(desk, further)
        told = re.findall(r"<small class=\"id\">(contact [0-9]+)</small>", page.part("story").html)
        assert len(set(told)) == len(told) == 50
        assert not set(told) & set(seen)
        seen += told


@pytest.mark.parametrize("query", ["?after=x", "?after=2024-01-01~k", "?after=2024-01-01T00:00:00%2B00:00~%00", "?after=~", "?after=0001-01-01T00:00:00%2B14:00~k"])  # fmt: skip
def test_an_address_that_was_made_up_begins_at_the_start(
    desk: Desk, harbor: MirrorPortal, query: str
) -> None:
    assert "At Acme" in entries(Shown.of(desk, f"{PRIYA}{query}"))[0]


def test_somebody_who_left_for_nobody_knows_where_is_said_to_have_left(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        tx.run("UPDATE move SET new_company_id = NULL WHERE portal_id = :portal")

    page = Shown.of(desk, PRIYA)

    assert "This person left, and where to is not known." in page.part("two").text
    assert any("Left Acme" in line for line in entries(page))
    assert not any("Arrived" in line for line in entries(page))


def test_names_of_any_script_and_length_stay_text_and_fit_the_picture(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.change("company", 1, name="株式会社" * 40)
    harbor.change("company", 2, name="<script>alert(1)</script>\u202e\u05e9\u05dc")
    harbor.change("contact", 12, firstname="مريم", lastname="Donaudampfschifffahrt" * 20)
    harbor.settle()

    page = Shown.of(desk, PRIYA)

    assert "<script>alert" not in page.html
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", page.part("two").html)
    assert all(len(text) < 40 for text in drawn), drawn
    assert any("株式会社株式会社" in text for text in drawn)


def test_somebody_of_whom_nothing_is_known_is_told_what_would_begin_a_story(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.put("contact", 80, firstname="New")
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/contact/80").text

    assert "would begin the story" in page
    assert "link the contact to a company in HubSpot" in page
    assert "No job change of this person is known." in page
