"""The referral program's page: links, won referrals and their rewards; what is refused, by whom it is seen."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from integration.admin import program_settings
from integration.portal.context import PortalContext
from integration.storage.program import code_rows, program_row
from integration.storage.program.program_row import Program
from integration.storage.service import portal_users
from mappings.kinds import Role
from tests.contract.browsing import HOSTILE
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, desk, written_by_hand

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/program"
MARIA, BO, LU = 11, 20, 21
SITE = "https://www.harbor.example/demo"
_ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Maria of Acme referred Bo, who bought long ago, and Lu, who bought last week."""
    portal = written_by_hand(desk, HARBOR)
    now = portal.clock.at = desk.runtime.now()

    def before(days: int) -> float:
        """As the world's builders count: from their own now."""
        return (NOW - (now - timedelta(days))) / timedelta(1)

    portal.imported()
    for number, name in ((1, "Acme"), (2, "Zenit"), (3, "Bolt")):
        portal.company(number, name, f"{name.lower()}.example")
    portal.contact(MARIA, 1, firstname="Maria", lastname="Lopez", email="maria@acme.example")
    portal.deal(5, 1, MARIA, created=before(800), won=(before(700), "1000.00"))
    for number, name, company in ((BO, "Bo", 2), (LU, "Lu", 3)):
        told = [(before(100), "maria@acme.example")]
        portal.contact(
            number,
            company,
            firstname=name,
            lastname="Berg",
            email=f"{name.lower()}@{'zenit' if company == 2 else 'bolt'}.example",
            referred_by=told,
        )
    portal.deal(9, 2, BO, created=before(90), won=(before(60), "5000.00"))
    portal.deal(10, 3, LU, created=before(90), won=(before(7), "7000.00"))
    portal.settle()
    return portal


def switched_on(portal: MirrorPortal) -> None:
    with portal.database.portal(portal.portal_id) as tx:
        program_row.save(tx, Program(is_on=True, targets=(SITE,)), by="test")


def a_link(desk: Desk, contact_id: int = MARIA, portal_id: int = HARBOR) -> str:
    portal = PortalContext(desk.runtime, portal_id)
    return program_settings.give(portal, [contact_id], actor="user:88")[contact_id]


def send(desk: Desk, path: str = "", **fields: str) -> TestResponse:
    """Press a button of the program's page."""
    return press(desk, f"{PAGE}{path}", **fields)


def press(desk: Desk, address: str, **fields: str) -> TestResponse:
    """Send a form, as from a page of ours."""
    token = re.search(r'name="csrf" value="([^"]+)"', desk.get(f"/portals/{HARBOR}/digests").text)
    assert token is not None
    headers = {"Origin": _ORIGIN, "Sec-Fetch-Site": "same-origin"}
    form = {**fields, "csrf": unescape(token[1])}
    return desk.client.post(address, base_url=_ORIGIN, data=form, headers=headers)


def reward(desk: Desk, **more: str) -> TestResponse:
    usual = {
        "contact": str(MARIA),
        "target": "deal:9",
        "kind": "gift_card",
        "value": "50.00",
        "currency": "USD",
    }
    return send(desk, "/rewards", **{**usual, **more})


def refused(answer: TestResponse, why: str) -> bool:
    return answer.status_code == 422 and why in Shown(answer.text).text


def test_a_program_that_nobody_switched_on_says_what_it_would_do(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, PAGE)

    assert "The program is off" in page.text
    assert "Nobody has a link yet." in page.text


def test_won_referrals_are_provisional_for_thirty_days_and_then_earn_one_reward(
    desk: Desk, harbor: MirrorPortal
) -> None:
    rows = Shown.of(desk, PAGE).part("won").rows()
    assert [(row[0].split(" Deal")[0], row[3].split(" until")[0]) for row in rows] == [
        ("deal 10", "provisional"),
        ("deal 9", "confirmed"),
    ]
    assert refused(reward(desk, target="deal:10"), "That referral is provisional until")

    assert reward(desk).status_code == 303

    assert refused(reward(desk), "has a reward already")
    # The deal came of Bo's referral: that is the same one.
    assert refused(reward(desk, target=f"contact:{BO}"), "has a reward already")
    (kept,) = harbor.kept("reward")
    assert (kept["target"], kept["deal_id"], kept["source"]) == (f"contact:{BO}", 9, "referral")
    assert (kept["minor"], kept["currency"], kept["approved_by"]) == (5000, "USD", "user:88")
    page = Shown.of(desk, PAGE)
    assert page.part("rewards").rows()[0][2:4] == ["Gift card", "$50.00"]
    assert "$0.00 paid, $50.00 still owed" in page.text


NO_REWARDS: tuple[tuple[dict[str, str], str], ...] = (
    ({"value": "-5"}, "more than nothing"),
    ({"value": "0"}, "more than nothing"),
    ({"value": "fifty"}, "no amount"),
    ({"value": "50.001"}, "more digits"),
    ({"currency": "XXX"}, "no currency"),
    ({"currency": ""}, "no currency"),
    ({"kind": "yacht"}, "no kind of reward"),
    ({"target": "deal:5"}, "No credit of that deal"),
    ({"target": "deal:999"}, "No credit of that deal"),
    ({"target": "deal:x"}, "No credit of that deal"),
    ({"target": "contact:1"}, "did not refer"),
    ({"target": ""}, "did not refer"),
    ({"contact": str(BO)}, "No credit of that deal"),
    ({"contact": "x"}, "names nobody"),
)


def test_what_is_no_reward_is_refused_with_a_sentence(desk: Desk, harbor: MirrorPortal) -> None:
    for wrong, why in NO_REWARDS:
        assert refused(reward(desk, **wrong), why), wrong
    assert harbor.kept("reward") == []


def test_a_reward_is_paid_or_withdrawn_once(desk: Desk, harbor: MirrorPortal) -> None:
    reward(desk)
    reward(desk, target=f"contact:{LU}", value="30")
    first, second = sorted(row["reward_id"] for row in harbor.kept("reward"))
    today = desk.runtime.now().date()

    assert refused(send(desk, f"/rewards/{first}/paid", on="soon"), "Choose the day")
    late, early = str(today + timedelta(2)), str(today - timedelta(2))
    assert refused(send(desk, f"/rewards/{first}/paid", on=late), "still to come")
    assert refused(send(desk, f"/rewards/{first}/paid", on=early), "before the reward")
    assert send(desk, f"/rewards/{first}/paid", on=str(today)).status_code == 303
    assert refused(send(desk, f"/rewards/{first}/withdraw"), "paid or withdrawn already")
    assert send(desk, f"/rewards/{second}/withdraw").status_code == 303
    assert refused(send(desk, f"/rewards/{second}/paid", on=str(today)), "paid or withdrawn")
    assert refused(send(desk, "/rewards/999/withdraw"), "no such reward")

    page = Shown.of(desk, PAGE)
    assert "$50.00 paid, $0.00 still owed" in page.text
    lines = list(csv.reader(io.StringIO(desk.get(f"{PAGE}/rewards.csv").text)))
    assert [line[6:8] for line in lines[1:]] == [["30.00", "USD"], ["50.00", "USD"]]
    assert date.fromisoformat(lines[2][9]) == today
    assert reward(desk, target=f"contact:{LU}").status_code == 303, "a withdrawn one makes room"


def test_advocates_stand_in_the_order_that_is_chosen(desk: Desk, harbor: MirrorPortal) -> None:
    switched_on(harbor)
    maria, bo = a_link(desk), a_link(desk, BO)
    with harbor.database.portal(HARBOR) as tx:
        for _ in range(3):
            code_rows.visit(tx, bo, NOW.date())
        code_rows.visit(tx, maria, NOW.date())
    harbor.settle()

    by_revenue = Shown.of(desk, PAGE).part("advocates").rows()
    by_visits = Shown.of(desk, f"{PAGE}?order=visits").part("advocates").rows()

    assert [row[0].split(" Contact")[0] for row in by_revenue] == ["Maria Lopez", "Bo Berg"]
    assert [row[0].split(" Contact")[0] for row in by_visits] == ["Bo Berg", "Maria Lopez"]
    assert by_revenue[0][3:5] == ["1", "2"]
    assert by_revenue[0][5] == "$9,690.00"  # 0.95 x 0.85 of 12,000
    lines = list(csv.reader(io.StringIO(desk.get(f"{PAGE}/advocates.csv").text)))
    assert lines[1][0:2] == [str(MARIA), "Maria Lopez"]
    assert lines[1][2].endswith(f"/r/{maria}")


def test_a_link_is_made_and_ended_on_the_page_and_on_the_persons(
    desk: Desk, harbor: MirrorPortal
) -> None:
    switched_on(harbor)
    assert refused(send(desk, "/links", person=""), "Say whose link")
    assert send(desk, "/links", person="Maria Lopez").status_code == 303
    (kept,) = harbor.kept("referral_code")
    person = Shown.of(desk, f"/portals/{HARBOR}/contact/{MARIA}").part("program")
    assert f"{_ORIGIN}/r/{kept['code']}" in person.html
    assert "Bo Berg" in person.text

    ended = send(desk, f"/links/{kept['code']}/end", back=str(MARIA))

    assert ended.headers["Location"].endswith(f"/contact/{MARIA}#program")
    person = Shown.of(desk, f"/portals/{HARBOR}/contact/{MARIA}").part("program")
    assert "No link; 1 was ended." in person.text
    assert "No link was made" in Shown.of(desk, f"/portals/{HARBOR}/contact/{BO}").text
    assert refused(send(desk, f"/links/{kept['code']}/end"), "ended already")


def test_every_champion_gets_one_link_by_itself_where_an_admin_says_so(
    desk: Desk, harbor: MirrorPortal
) -> None:
    portal = PortalContext(desk.runtime, HARBOR)
    switched_on(harbor)
    assert program_settings.give_champions(portal) == 0
    with harbor.database.portal(HARBOR) as tx:
        program_row.save(tx, replace(program_row.read(tx), gives_champions=True), by="test")

    assert program_settings.give_champions(portal) == 3  # who bought: Maria, Bo and Lu
    assert program_settings.give_champions(portal) == 0

    codes = [row["code"] for row in harbor.kept("referral_code")]
    assert len(set(codes)) == 3
    program_settings.revoke(portal, codes[0], actor="user:88")
    assert program_settings.give_champions(portal) == 0, "somebody took it from them"


def test_links_follow_the_address_of_this_service(desk: Desk, harbor: MirrorPortal) -> None:
    switched_on(harbor)
    code = a_link(desk)
    with harbor.database.portal(HARBOR) as tx:
        program_settings.follow_address(tx, desk.runtime)
    harbor.settle()

    said = harbor.said("contact", MARIA)
    assert said["second_order_referral_link"] == f"{_ORIGIN}/r/{code}"


def test_the_leaderboard_is_public_by_choice_only_and_shows_first_names(
    desk: Desk, harbor: MirrorPortal
) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    switched_on(orchard)
    assert refused(send(desk, "/board", public="yes"), "program is off")
    switched_on(harbor)
    harbor.change("contact", MARIA, firstname=HOSTILE)
    harbor.settle()
    code = a_link(desk)
    a_link(desk, BO)
    assert "leaders" not in desk.get(PAGE).text

    assert send(desk, "/board", public="yes").status_code == 303
    address = harbor.kept("referral_program")[0]["board_code"]
    board = desk.client.get(f"/leaders/{address}")

    assert board.status_code == 200
    assert "noindex" in board.headers["X-Robots-Tag"]
    assert HOSTILE not in board.text
    assert "Lopez" not in board.text
    assert "Acme" not in board.text
    assert "$" not in board.text
    assert [row[2] for row in Shown(board.text).rows()] == ["2"], "nobody without a referral"
    send(desk, f"/links/{code}/name", name="The  Lopez of Lima")
    named = desk.client.get(f"/leaders/{address}").text
    assert Shown(named).rows()[0][1] == "The Lopez of Lima"
    assert refused(send(desk, f"/links/{code}/name", name="x" * 61), "longer than 60")

    send(desk, "/board", public="no")
    gone, unknown = desk.client.get(f"/leaders/{address}"), desk.client.get("/leaders/x")
    assert gone.status_code == unknown.status_code == 404
    assert gone.text == unknown.text
    send(desk, "/board", public="yes")
    assert harbor.kept("referral_program")[0]["board_code"] != address


def test_who_may_not_is_not_offered_and_changes_nothing(desk: Desk, harbor: MirrorPortal) -> None:
    switched_on(harbor)
    code = a_link(desk)
    with harbor.database.portal(HARBOR) as tx:
        portal_users.give(tx, 88, Role.SELLER, by="test")

    page = desk.get(PAGE)

    assert page.status_code == 200
    assert "<form" not in Shown(page.text).part("won").html
    assert f"{PAGE}/links" not in page.text
    for path in ("", "/links", f"/links/{code}/end", "/rewards", "/board"):
        assert send(desk, path, contact=str(MARIA)).status_code == 403
    assert harbor.kept("reward") == []


def test_another_account_sees_nothing_of_it(desk: Desk, harbor: MirrorPortal) -> None:
    written_by_hand(desk, ORCHARD)

    assert desk.get(f"/portals/{ORCHARD}/program").status_code == 404
    assert desk.get(f"/portals/{ORCHARD}/program/rewards.csv").status_code == 404
