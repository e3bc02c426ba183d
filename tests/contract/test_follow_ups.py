"""Follow-ups: what opens one, whose it is, how it is closed, and that nobody else's is touched."""

import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.storage.mirror import inbound_items, owner_rows
from integration.storage.success import follow_up_rows
from mappings.kinds import Role
from mappings.records.owners import Owner
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, desk
from tests.contract.test_own_survey import ACME, ANA, BO, answer, link_of, surveyed
from tests.contract.test_pulse import become
from tests.contract.test_pulse import say as say_pulse

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/follow-ups"
OTTO, ANNA, _USER = 7, 8, 88


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Acme is Otto's; Anna, who looks at the pages, is another owner."""
    portal = surveyed(desk, HARBOR)
    with desk.runtime.database.service() as tx:
        tx.run("UPDATE portal SET installed_at = installed_at - interval '100 days'")
    with portal.database.portal(HARBOR) as tx:
        owners = [Owner(OTTO, 99, "otto@harbor.example", "Otto", "Maler")]
        owners.append(Owner(ANNA, _USER, "anna@harbor.example", "Anna", "Berg"))
        owner_rows.replace(tx, owners)
    portal.change("company", ACME, hubspot_owner_id=str(OTTO))
    portal.settle()
    return portal


def told(
    portal: MirrorPortal,
    score: int,
    *,
    days_ago: float = 0.5,
    contact: int = ANA,
    comment: str = "",
) -> None:
    """Some other tool tells an answer."""
    at = portal.clock.at - timedelta(days_ago)
    said = {
        "key": f"{contact}:{at.isoformat()}",
        "contact_id": contact,
        "email": None,
        "score": score,
        "comment": comment,
        "at": at.isoformat(),
    }
    with portal.database.portal(portal.portal_id) as tx:
        inbound_items.keep_answer(tx, "survey:other", said)
        invalidation.record(tx, Change.OUTSIDE_REPORTED, records={("contact", contact)})
    portal.settle()


def rows(portal: MirrorPortal) -> list[dict[str, Any]]:
    with portal.database.portal(portal.portal_id) as tx:
        return [
            dict(row)
            for row in tx.rows(
                "SELECT * FROM follow_up WHERE portal_id = :portal ORDER BY follow_up_id"
            )
        ]


def press(desk: Desk, path: str, **form: str) -> TestResponse:
    csrf = re.search(r'name="csrf" value="([^"]+)"', desk.get("/portals/4711/").text)
    assert csrf is not None
    return desk.client.post(
        path,
        base_url="http://127.0.0.1:8000",
        data={"csrf": csrf[1], **form},
        headers={"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
    )


def close(desk: Desk, number: int, tag: str = "product", words: str = "") -> int:
    return press(desk, f"{PAGE}/{number}/close", tag=tag, words=words).status_code


# What opens one


def test_an_answer_by_our_link_opens_one_that_is_due_and_whose_it_is(
    desk: Desk, harbor: MirrorPortal
) -> None:
    answer(desk, link_of(harbor), 3, "It is <slow>")
    harbor.settle()

    (row,) = rows(harbor)
    assert (row["contact_id"], row["company_id"], row["score"]) == (ANA, ACME, 3)
    assert row["owner_id"] == OTTO
    weekdays = [row["due_on"] - timedelta(days) for days in range((row["due_on"] - row["opened_at"].date()).days)]  # fmt: skip
    assert sum(day.weekday() < 5 for day in weekdays) == 2
    page = Shown.of(desk, PAGE)
    assert "Answer of a detractor" in page.text
    assert "3 out of 10" in page.text
    assert "It is &lt;slow&gt;" in page.html
    assert "Otto Maler" in page.text


def test_an_answer_of_any_tool_opens_one_unless_it_is_a_promoters(harbor: MirrorPortal) -> None:
    told(harbor, 9)
    assert rows(harbor) == []
    told(harbor, 8, contact=BO)
    assert [row["contact_id"] for row in rows(harbor)] == [BO]


def test_hubspots_own_survey_opens_one_and_telling_it_twice_does_not(harbor: MirrorPortal) -> None:
    at = harbor.clock.at - timedelta(1)
    harbor.put(
        "feedback_submission",
        900,
        hs_survey_type="NPS",
        hs_value="2",
        hs_submission_timestamp=at.isoformat(),
    )
    harbor.link("feedback_submission", 900, "contact", ANA)
    harbor.settle()
    harbor.change(
        "contact",
        ANA,
        hs_feedback_last_nps_rating_number="2",
        hs_feedback_last_survey_date=(at + timedelta(minutes=5)).isoformat(),
    )
    harbor.settle()

    assert [(row["score"], row["owner_id"]) for row in rows(harbor)] == [(2, OTTO)]


def test_old_answers_and_those_of_before_the_install_open_none(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 1, days_ago=31)
    with desk.runtime.database.service() as tx:
        tx.run("UPDATE portal SET installed_at = clock_timestamp() - interval '5 days'")
    told(harbor, 1, days_ago=6, contact=BO)

    assert rows(harbor) == []


def test_a_person_has_one_at_a_time_and_concluding_anew_opens_no_other(
    harbor: MirrorPortal,
) -> None:
    told(harbor, 7, days_ago=9)
    told(harbor, 2, days_ago=1)
    with harbor.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    (row,) = rows(harbor)
    assert row["score"] == 2


def test_a_better_answer_is_shown_and_leaves_it_open(desk: Desk, harbor: MirrorPortal) -> None:
    told(harbor, 2, days_ago=9)
    told(harbor, 9, days_ago=1)

    (row,) = rows(harbor)
    assert (row["closed_at"], row["later_score"]) == (None, 9)
    assert "9 since" in Shown.of(desk, PAGE).text


def test_two_contacts_of_one_person_bring_one(harbor: MirrorPortal) -> None:
    told(harbor, 2, contact=ANA)
    told(harbor, 3, contact=BO)
    harbor.merge("contact", (ANA,), BO)
    harbor.settle()

    open_ones = [row for row in rows(harbor) if row["closed_at"] is None]
    assert len(open_ones) == 1
    assert [row["tag"] for row in rows(harbor) if row["closed_at"]] == ["same_person"]


def test_the_owner_follows_the_record_until_somebody_hands_it_over(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2)
    harbor.change("contact", ANA, hubspot_owner_id=str(ANNA))
    harbor.settle()
    assert rows(harbor)[0]["owner_id"] == ANNA

    number = rows(harbor)[0]["follow_up_id"]
    assert press(desk, f"{PAGE}/{number}/hand-over", owner=str(OTTO)).status_code == 303
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()
    assert rows(harbor)[0]["owner_id"] == OTTO
    assert press(desk, f"{PAGE}/{number}/hand-over", owner="12345").status_code == 422


def test_of_a_forgotten_person_nothing_is_left(harbor: MirrorPortal) -> None:
    told(harbor, 2)
    with harbor.database.portal(HARBOR) as tx:
        forgotten.erase(tx, ANA, keys=KEYS)
    harbor.settle()

    assert rows(harbor) == []


def test_an_owner_who_is_more_hopeful_than_the_customer_is_asked_why(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2)
    say_pulse(desk, "5", "all is well")
    harbor.clock.at = desk.runtime.now() + timedelta(hours=1)
    harbor.settle()
    harbor.settle()

    gap = next(row for row in rows(harbor) if row["kind"] == "gap")
    assert (gap["company_id"], gap["gap"], gap["owner_id"]) == (ACME, 4, OTTO)
    assert "The owner sees it 4 steps better" in Shown.of(desk, PAGE).text
    assert "Follow-ups" in Shown.of(desk, f"/portals/{HARBOR}/company/{ACME}").text

    say_pulse(desk, "1")
    harbor.settle()
    gap = next(row for row in rows(harbor) if row["kind"] == "gap")
    assert (gap["is_withdrawn"], gap["closed_at"]) == (True, None)


# Closing


def test_one_is_closed_with_a_reason_and_words_and_opened_again(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2)
    number = rows(harbor)[0]["follow_up_id"]

    assert close(desk, number, "support", "called <Ana>") == 303
    assert close(desk, number, "support", "pressed twice") == 303
    assert close(desk, number, "price") == 422
    (row,) = rows(harbor)
    assert (row["tag"], row["words"], row["closed_by"]) == ("support", "called <Ana>", "user:88")
    assert "Nothing to follow up here" in Shown.of(desk, PAGE).text
    closed = Shown.of(desk, f"{PAGE}?state=closed")
    assert "called &lt;Ana&gt;" in closed.html

    assert press(desk, f"{PAGE}/{number}/reopen").status_code == 303
    assert rows(harbor)[0]["closed_at"] is None
    told(harbor, 2, days_ago=0.4)
    assert len(rows(harbor)) == 1


def test_without_a_reason_that_is_offered_nothing_is_closed(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2)
    number = rows(harbor)[0]["follow_up_id"]

    for tag in ("", "made up", "same_person", "product'--"):
        assert close(desk, number, tag) == 422
    assert rows(harbor)[0]["closed_at"] is None


def test_a_closed_one_stays_closed_until_the_person_answers_again(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2, days_ago=3)
    close(desk, rows(harbor)[0]["follow_up_id"])
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()
    assert len(rows(harbor)) == 1

    told(harbor, 5, days_ago=1)
    assert [row["score"] for row in rows(harbor)] == [2, 5]
    assert press(desk, f"{PAGE}/{rows(harbor)[0]['follow_up_id']}/reopen").status_code == 422


def test_admins_add_reasons_of_their_own_and_take_them_away(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told(harbor, 2)
    assert press(desk, f"{PAGE}/reasons", label="Roadmap <b>").status_code == 303
    for taken in ("roadmap <B>", "", "Support", "same_person"):
        assert press(desk, f"{PAGE}/reasons", label=taken).status_code == 422
    number = rows(harbor)[0]["follow_up_id"]
    assert close(desk, number, "Roadmap <b>") == 303
    with harbor.database.portal(HARBOR) as tx:
        (tag,) = follow_up_rows.own_tags(tx)
    assert press(desk, f"{PAGE}/reasons/{tag.tag_id}/end").status_code == 303

    assert "Roadmap &lt;b&gt;" in Shown.of(desk, f"{PAGE}?state=closed").html
    press(desk, f"{PAGE}/{number}/reopen")
    assert close(desk, number, "Roadmap <b>") == 422


# Who may


def test_sellers_work_on_their_own_and_marketers_read(desk: Desk, harbor: MirrorPortal) -> None:
    told(harbor, 2, comment="A secret")
    number = rows(harbor)[0]["follow_up_id"]
    become(desk, Role.SELLER)
    assert close(desk, number) == 403
    assert "A secret" not in Shown.of(desk, PAGE).text
    harbor.change("contact", ANA, hubspot_owner_id=str(ANNA))
    harbor.settle()
    assert "A secret" in Shown.of(desk, PAGE).text
    assert close(desk, number) == 303

    become(desk, Role.MARKETER)
    assert press(desk, f"{PAGE}/{number}/reopen").status_code == 403
    page = Shown.of(desk, f"{PAGE}?state=closed")
    assert "2 out of 10" in page.text
    assert "A secret" not in page.text


def test_another_accounts_are_neither_seen_nor_touched(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = surveyed(desk, ORCHARD)
    with desk.runtime.database.service() as tx:
        tx.run("UPDATE portal SET installed_at = installed_at - interval '100 days'")
    told(orchard, 2)
    number = rows(orchard)[0]["follow_up_id"]

    assert close(desk, number) == 404
    assert desk.get(f"/portals/{ORCHARD}/follow-ups").status_code == 404
    assert rows(harbor) == []
    assert rows(orchard)[0]["closed_at"] is None


# The list


FILTERS = {
    "": 2,
    "?state=closed": 1,
    "?state=overdue": 1,
    "?why=detractor&state=open&state=overdue&state=closed": 2,
    f"?owner={OTTO}&state=open&state=overdue": 2,
    f"?owner={ANNA}": 0,
    f"?person={BO}&state=open": 1,
    f"?company={ACME}": 3,
    "?no_owner=yes": 0,
    "?sort=-score&state=open&state=overdue": 2,
}


def test_every_filter_stands_in_the_address(desk: Desk, harbor: MirrorPortal) -> None:
    told(harbor, 3, days_ago=20)
    close(desk, rows(harbor)[0]["follow_up_id"])
    told(harbor, 2)
    told(harbor, 7, contact=BO)
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE follow_up SET due_at = due_at - interval '60 days' WHERE contact_id = :ana",
            ana=ANA,
        )

    pages = {query: Shown.of(desk, f"{PAGE}{query}").html for query in FILTERS}
    counts = {query: len(re.findall(r'id="follow-up-\d+"', page)) for query, page in pages.items()}
    assert counts == FILTERS


def test_a_filter_that_there_is_not_is_refused(desk: Desk, harbor: MirrorPortal) -> None:
    assert desk.get(f"{PAGE}?colour=red").status_code == 400
    assert desk.get(f"{PAGE}?state=red").status_code == 400


def test_the_list_is_a_file_too_without_what_people_wrote(desk: Desk, harbor: MirrorPortal) -> None:
    told(harbor, 2, comment="A secret")

    lines = desk.get(f"{PAGE}.csv").text.splitlines()
    assert len(lines) == 2
    assert "Ana Berg" in lines[1]
    assert "A secret" not in lines[1]
