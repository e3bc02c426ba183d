"""Digests: the overview by mail to users whose role may see it; never two for one period."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from re import search
from urllib.parse import urlsplit

import pytest

from integration.admin import roles
from integration.core.errors import Refused
from integration.core.mail import MailServer, server
from integration.pages import digest_mail
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import revenue_overview, saved_reports
from integration.reports.digests import Letter
from integration.storage.queue import lanes
from integration.storage.service import digest_rows, portal_users
from mappings.kinds import Rhythm
from mappings.records import report_view
from mappings.rules.ledger import digest_times, report_period
from mappings.rules.ledger.periods import Calendar
from tests import post_office
from tests.contract.conclude_world import moved_champion
from tests.contract.test_pages_review import conclude_all, mirror_of
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened
from tests.post_office import PostOffice
from tests.sandbox.pipelines import Owner
from workers import jobs

DIGESTS = f"/portals/{HARBOR}/digests"
ANA, SAM = "admin@harbor.example", "sam@harbor.example"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.opened() as running:
        yield running


@contextmanager
def serving(runtime: Runtime, smtp_url: str) -> Iterator[Town]:
    """Both accounts are installed; Ana (user 88) is harbor's admin, Sam a seller there."""
    settings = replace(runtime.settings, smtp_url=smtp_url, mail_from="so@app.example")
    with opened(replace(runtime, settings=settings)) as town:
        town.harbor.owners[4] = Owner(4, ANA, "Ana", "Admin", user_id=88)
        town.harbor.owners[5] = Owner(5, SAM, "Sam", "Seller", user_id=905)
        town.visitor().install()
        town.visitor().install(ORCHARD)
        yield town


@pytest.fixture
def town(runtime: Runtime, office: PostOffice) -> Iterator[Town]:
    with serving(runtime, office.url) as running:
        yield running


def signed_in(town: Town, user: str = "") -> Visitor:
    visitor = town.visitor()
    visitor.sign_in(user=user)
    return visitor


def asks(
    town: Town,
    user: str = "",
    rhythm: str = "month",
    *,
    days_ago: int = 70,
    to: str = "",
    of: str = "",
) -> int:
    """A user asks for a digest; as if some days ago, so that one is due."""
    status = (
        signed_in(town, user)
        .press(DIGESTS, {"rhythm": rhythm, "user": to, "report": of})
        .status_code
    )
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE digest SET made_at = clock_timestamp() - make_interval(days => :days)
               WHERE portal_id = :portal""",
            days=days_ago,
        )
    return status


def work(town: Town, *, hours: int = 0) -> None:
    """The mail lane's next slice, as if some hours had passed."""
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE digest_delivery SET next_at = next_at - make_interval(hours => :hours),
                 made_at = made_at - make_interval(hours => :hours) WHERE portal_id = :portal""",
            hours=hours,
        )
        lanes.want(tx, HARBOR, "mail")
    jobs.work(town.runtime, HARBOR, "mail")


def states(town: Town) -> list[tuple[str, int, str]]:
    with town.runtime.database.portal(HARBOR) as tx:
        rows = tx.rows(
            "SELECT state, tries, coalesce(trouble, '') AS trouble FROM digest_delivery"
            " WHERE portal_id = :portal ORDER BY user_id, first_day"
        )
    return [(row["state"], row["tries"], row["trouble"]) for row in rows]


def test_a_digest_arrives_once_however_often_the_work_is_done(
    town: Town, office: PostOffice
) -> None:
    assert asks(town, SAM) == 303

    for _ in range(3):
        work(town)

    (letter,) = office.to(SAM)
    assert len(office.letters) == 1
    assert letter["Subject"].startswith("Second-order revenue of harbor.example: ")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    assert "An import is under way" in post_office.text_of(letter)  # the town's first one is
    assert [state for state, _, _ in states(town)] == ["sent"]


def test_ending_and_asking_again_brings_no_second_digest_for_a_period(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    work(town)
    page = signed_in(town, SAM).get(DIGESTS).text
    found = search(rf'action="({DIGESTS}/\d+/end)"', page)
    assert found
    signed_in(town, SAM).press(found[1])
    asks(town, SAM)

    work(town)

    assert len(office.to(SAM)) == 1


def test_a_digest_that_was_asked_for_after_its_hour_waits_for_the_next(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM, days_ago=0)

    work(town)

    assert office.letters == []
    with town.runtime.database.service() as tx:
        due_in = tx.value(
            "SELECT due_at - clock_timestamp() FROM lane WHERE kind = 'mail' AND portal_id = :id",
            id=HARBOR,
        )
    assert 0 < due_in.total_seconds() < 32 * 86_400


def test_who_has_no_role_any_more_or_left_the_account_gets_nothing(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    asks(town)
    with open_portal(town.runtime, HARBOR) as portal:
        roles.give(portal, 905, None, actor="user:88")
    town.harbor.owners[4].archived = True  # nobody told us: it is asked before mail goes out

    work(town)

    assert office.letters == []
    assert states(town) == [
        ("withheld", 0, "The user left the account in HubSpot"),
        ("withheld", 0, "The user has no role in this account"),
    ]


def test_a_link_in_the_digest_ends_it_on_a_press_and_by_the_mail_programs_one_click(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    work(town)
    (letter,) = office.to(SAM)
    path = urlsplit(letter["List-Unsubscribe"].strip("<>")).path
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert any(link.endswith(path) for link in post_office.links_in(letter))
    assert "End this digest?" in town.visitor().get(path).text
    assert len(wanted(town)) == 1  # looking at it ended nothing

    one_click = {"data": {"List-Unsubscribe": "One-Click"}, "base_url": town.origin}
    ended = town.visitor().client.post(path, **one_click)

    assert (ended.status_code, "The digest is ended" in ended.text) == (200, True)
    assert wanted(town) == []
    assert town.visitor().client.post(path, **one_click).status_code == 200  # a second press
    forged = path[:-1] + ("a" if path[-1] != "a" else "b")
    assert town.visitor().client.post(forged, **one_click).status_code == 404


def wanted(town: Town) -> list[int]:
    with town.runtime.database.portal(HARBOR) as tx:
        return [digest.user_id for digest in digest_rows.every(tx)]


def test_a_server_that_hangs_is_given_up_on_tried_again_and_told_on_sync_health(
    runtime: Runtime, office: PostOffice
) -> None:
    with post_office.silent() as deaf, serving(runtime, deaf) as town:
        asks(town, SAM)
        work(town)
        ((state, tries, trouble),) = states(town)
        assert (state, tries) == ("waiting", 1)
        assert "does not answer" in trouble
        health = signed_in(town).get(f"/portals/{HARBOR}/health").text
        assert "Sam Seller" in health
        assert "does not answer" in health

        settings = replace(town.runtime.settings, smtp_url=office.url)
        work(replace(town, runtime=replace(town.runtime, settings=settings)), hours=1)

        assert len(office.to(SAM)) == 1
        assert [state for state, _, _ in states(town)] == ["sent"]
        assert "does not answer" not in signed_in(town).get(f"/portals/{HARBOR}/health").text


def test_a_mailbox_that_is_refused_is_not_tried_again_and_its_neighbour_gets_theirs(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    asks(town)
    office.refuses_to = {SAM: "550 No such mailbox"}

    work(town)
    work(town, hours=2)

    assert len(office.to(ANA)) == 1
    assert [state for state, _, _ in states(town)] == ["sent", "failed"]
    assert "550 No such mailbox" in states(town)[1][2]


def test_what_does_not_get_through_for_a_day_is_given_up(town: Town, office: PostOffice) -> None:
    asks(town, SAM)
    office.refuses_to = {SAM: "451 Try again later"}
    for hours in (0, 2, 23):
        work(town, hours=hours)

    assert states(town)[0][0] == "failed"
    assert "given up after a day" in states(town)[0][2]


def test_a_server_that_goes_silent_after_the_message_is_not_sent_it_twice(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    office.dies_after_message = True
    work(town)

    office.dies_after_message = False
    work(town, hours=5)

    assert len(office.to(SAM)) == 1
    assert states(town)[0][0] == "unclear"
    assert "not sent again" in signed_in(town).get(f"/portals/{HARBOR}/health").text


def test_a_process_that_was_killed_while_it_sent_does_not_send_again(
    town: Town, office: PostOffice
) -> None:
    asks(town, SAM)
    work(town)
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE digest_delivery SET state = 'sending',
                 changed_at = clock_timestamp() - interval '1 hour' WHERE portal_id = :portal"""
        )

    work(town)

    assert len(office.letters) == 1
    assert states(town)[0][0] == "unclear"


def test_a_seller_chooses_for_themselves_and_a_marketer_for_others_too(
    town: Town, office: PostOffice
) -> None:
    assert signed_in(town, SAM).press(DIGESTS, {"rhythm": "week", "user": "88"}).status_code == 403
    assert asks(town, rhythm="week", days_ago=20, to="906") == 422  # never here
    assert asks(town, rhythm="week", days_ago=20, to="905") == 303
    assert asks(town, rhythm="never") == 422

    work(town)

    assert len(office.to(SAM)) == 1
    assert (
        "Ana Admin"
        not in signed_in(town, SAM)
        .get(DIGESTS)
        .text.partition("<main")[2]
        .partition("Sam Seller")[0]
    )


def test_without_a_mail_server_the_page_says_so(runtime: Runtime) -> None:
    with serving(runtime, "") as town:
        assert "No mail server is set up" in signed_in(town).get(DIGESTS).text
        assert signed_in(town).press(DIGESTS, {"rhythm": "week"}).status_code == 422


@pytest.mark.parametrize(("language", "word"), [("en", "Its range"), ("de", "harbor")])
def test_a_digest_says_what_the_overview_says_in_the_users_language(
    town: Town, language: str, word: str
) -> None:
    portal = mirror_of(town)
    moved_champion(portal)
    for deal in (5, 9):
        portal.change("deal", deal, deal_currency_code=town.harbor.currency)
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
    portal.settle()
    conclude_all(town)
    period = report_period.of_month(date(2026, 6, 1))
    with open_portal(town.runtime, HARBOR) as context:
        overview = revenue_overview.of(context, period)
        with context.transaction() as tx:
            digest_rows.want(tx, 88, Rhythm.MONTH, 0, language=language, by="user:88")
            (digest,) = digest_rows.every(tx)
            user = portal_users.find(tx, 88)
    assert user is not None
    assert overview.total.second_order > 0

    write = digest_mail.writer(town.runtime)
    letter = write(Letter(HARBOR, digest, user, "harbor.example\r\nBcc: x@y.example", overview))

    text = post_office.text_of(letter)
    html = letter.get_body(("html",))
    assert html is not None
    page = signed_in(town).get(
        f"/portals/{HARBOR}/?from=2026-06-01&to=2026-06-30", **{"Accept-Language": language}
    )
    booked = search(r">([^<>]*\d[^<>]*)</a></td>", html.get_content())
    assert booked
    assert booked[1] in page.text
    assert booked[1].replace("&nbsp;", "\u00a0") in text
    assert word in text
    assert letter["Bcc"] is None
    assert f"http://127.0.0.1:8000/portals/{HARBOR}/deals?" in text


def test_a_saved_report_comes_for_the_digests_own_days_and_is_missed_by_name_when_it_is_gone(
    town: Town, office: PostOffice
) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        view = report_view.read([("measure", "booked"), ("by", "source"), ("period", "all")])
        report_id = saved_reports.save(portal, "By source <b>", view, labels={}, actor="user:88")
    asks(town, of=str(report_id))

    work(town)

    (letter,) = office.to(ANA)
    html = letter.get_body(("html",))
    assert html is not None
    assert letter["Subject"].startswith("By source <b> of harbor.example: ")
    assert "By source &lt;b&gt;" in html.get_content()
    assert f"/portals/{HARBOR}/reports/saved/{report_id}" in post_office.text_of(letter)
    assert "Total: " in post_office.text_of(letter)
    assert asks(town, of=str(report_id + 7)) in {404, 422}

    with open_portal(town.runtime, HARBOR) as portal:
        saved_reports.delete(portal, report_id, actor="user:88")
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM digest_delivery WHERE portal_id = :portal")
    work(town)

    assert len(office.letters) == 1
    assert states(town) == [("failed", 0, "The saved report was deleted")]


def test_a_week_and_a_month_are_due_at_seven_on_the_accounts_own_clock() -> None:
    berlin = Calendar("Europe/Berlin")
    monday = datetime(2026, 11, 30, 5, 59, tzinfo=UTC)
    assert digest_times.newest_due(Rhythm.WEEK, monday, berlin) == date(2026, 11, 16)
    assert digest_times.newest_due(Rhythm.WEEK, monday.replace(hour=6), berlin) == date(
        2026, 11, 23
    )
    first = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
    assert digest_times.newest_due(Rhythm.MONTH, first, berlin) == date(2026, 2, 1)
    assert digest_times.newest_due(Rhythm.MONTH, first.replace(hour=5), berlin) == date(2026, 1, 1)
    assert digest_times.next_out(Rhythm.MONTH, first, berlin) == datetime(2026, 4, 1, 5, tzinfo=UTC)
    assert digest_times.period(Rhythm.WEEK, date(2026, 11, 23)).last == date(2026, 11, 29)


def test_a_message_to_an_address_beyond_ascii_is_refused_by_name(office: PostOffice) -> None:
    office_server: MailServer = server(office.url, "so@app.example")
    with pytest.raises(Refused, match="beyond ASCII"):
        office_server.send(EmailMessage(), "jürgen@harbor.example")


def test_lines_that_begin_with_a_dot_arrive_as_they_were(office: PostOffice) -> None:
    message = EmailMessage()
    message.set_content(".\n..two\nlast line")

    server(office.url, "Reports <so@app.example>").send(message, SAM)

    assert post_office.text_of(office.to(SAM)[0]).splitlines() == [".", "..two", "last line"]
