"""Invitations: a way in, once, for a user whose HubSpot rights do not allow the sign-in with HubSpot."""

from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from re import search
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest

from integration.portal.runtime import Runtime
from integration.storage.service import portal_users
from mappings.kinds import Role
from tests import post_office
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened
from tests.post_office import PostOffice
from tests.sandbox.pipelines import Owner

USERS = f"/portals/{HARBOR}/users"
SAM = "sam@harbor.example"


def with_sam(town: Town) -> Town:
    """Both accounts are installed; Sam is a user of harbor who may not run the sign-in."""
    town.harbor.owners[4] = Owner(4, "ana@harbor.example", "Ana", "Admin", user_id=904)
    town.harbor.owners[5] = Owner(5, SAM, "Sam", "Seller", user_id=905)
    town.orchard.owners[6] = Owner(6, "oz@orchard.example", "Oz", "Apple", user_id=906)
    town.harbor.refused_users = {SAM}
    town.visitor().install()
    town.visitor().install(ORCHARD)
    return town


@pytest.fixture
def plain(town: Town) -> Town:
    """A service without a mail server."""
    return with_sam(town)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.opened() as opened_office:
        yield opened_office


@pytest.fixture
def mailing(runtime: Runtime, office: PostOffice) -> Iterator[Town]:
    settings = replace(runtime.settings, smtp_url=office.url, mail_from="Reports <so@app.example>")
    with opened(replace(runtime, settings=settings)) as town:
        yield with_sam(town)


def admin_of(town: Town) -> Visitor:
    admin = town.visitor()
    admin.sign_in()
    return admin


def invite(town: Town, email: str = SAM, role: str = "seller") -> tuple[int, str]:
    answer = admin_of(town).press(f"{USERS}/invite", {"email": email, "role": role})
    return answer.status_code, unescape(answer.text)


def link_on(page: str) -> str:
    found = search(r"<code>(http[^<]+/join/[^<]+)</code>", page)
    assert found, page
    return urlsplit(found[1]).path


def come_in(town: Town, path: str) -> Visitor:
    """Open the link and press the button."""
    sam = town.visitor()
    assert "Come in" in sam.get(path).text
    done = sam.press(path, csrf="")
    assert (done.status_code, done.headers["Location"]) == (303, f"/portals/{HARBOR}/")
    return sam


def role_of(town: Town, user_id: int = 905) -> Role | None:
    with town.runtime.database.portal(HARBOR) as tx:
        user = portal_users.find(tx, user_id)
    return user.role if user else None


def test_with_a_mail_server_the_link_goes_to_that_address_and_to_nobody_else(
    mailing: Town, office: PostOffice
) -> None:
    status, page = invite(mailing, SAM.upper(), "marketer")

    (letter,) = office.to(SAM)
    (link,) = post_office.links_in(letter)
    assert status == 200
    assert "/join/" not in page
    assert letter["From"] == "Reports <so@app.example>"
    assert len(office.letters) == 1
    sam = come_in(mailing, urlsplit(link).path)
    assert role_of(mailing) is Role.MARKETER
    assert sam.get(f"/portals/{HARBOR}/").status_code == 200
    assert sam.get(f"/portals/{HARBOR}/settings").status_code == 403
    assert sam.get(f"/portals/{ORCHARD}/").status_code == 404


def test_without_a_mail_server_the_admin_gets_the_link_and_it_makes_no_admin(plain: Town) -> None:
    assert invite(plain, role="admin")[0] == 422

    status, page = invite(plain)

    assert status == 200
    assert "Send this link yourself" in page
    come_in(plain, link_on(page))
    assert role_of(plain) is Role.SELLER
    assert "/join/" not in admin_of(plain).get(USERS).text


def test_a_link_works_once_and_opening_it_uses_nothing_up(plain: Town) -> None:
    path = link_on(invite(plain)[1])
    for _ in range(3):
        assert plain.visitor().get(path).status_code == 200
    come_in(plain, path)

    again = plain.visitor().press(path, csrf="")

    assert again.status_code == 404
    assert "It was used already" in again.text


def test_of_two_who_press_at_once_one_comes_in(plain: Town) -> None:
    path, start = link_on(invite(plain)[1]), Barrier(2)
    answers: list[int] = []

    def press() -> None:
        start.wait()
        answers.append(plain.visitor().press(path, csrf="").status_code)

    presses = [Thread(target=press) for _ in range(2)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert sorted(answers) == [303, 404]


def test_an_old_link_a_taken_back_one_and_a_made_up_one_let_nobody_in(plain: Town) -> None:
    path = link_on(invite(plain)[1])
    with plain.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE invitation SET ends_at = clock_timestamp() WHERE portal_id = :portal")
    assert "It is too old" in plain.visitor().press(path, csrf="").text

    newer = link_on(invite(plain)[1])
    admin = admin_of(plain)
    found = search(rf'action="({USERS}/invitations/\d+)"', admin.get(USERS).text)
    assert found
    admin.press(found[1])
    for made_up in (newer, "/join/4711.x", "/join/x", f"/join/{ORCHARD}.{newer.partition('.')[2]}", "/join/99999999999999999999.a"):  # fmt: skip
        answer = plain.visitor().get(made_up)
        assert (answer.status_code, "lets nobody in" in answer.text) == (404, True), made_up
    assert role_of(plain) is None


def test_a_second_invitation_ends_the_first(plain: Town) -> None:
    first, second = link_on(invite(plain)[1]), link_on(invite(plain)[1])

    assert plain.visitor().get(first).status_code == 404
    come_in(plain, second)


@pytest.mark.parametrize(
    "email",
    ["oz@orchard.example", "stranger@harbor.example", "", "x" * 5000, "left@harbor.example"],
)
def test_only_a_user_who_is_in_the_account_now_is_invited(plain: Town, email: str) -> None:
    plain.harbor.owners[7] = Owner(
        7, "left@harbor.example", "Lena", "Left", user_id=907, archived=True
    )

    status, page = invite(plain, email)

    assert status == 422
    assert "No user of this HubSpot account has the address" in page


def test_somebody_who_left_after_the_invitation_does_not_come_in(plain: Town) -> None:
    path = link_on(invite(plain)[1])
    plain.harbor.owners[5].archived = True

    assert "in the HubSpot account no more" in plain.visitor().press(path, csrf="").text


def test_an_invitation_brings_back_a_role_that_was_taken_and_changes_none_that_is_there(
    plain: Town,
) -> None:
    come_in(plain, link_on(invite(plain)[1]))
    admin = admin_of(plain)
    admin.press(f"{USERS}/905", {"role": "success"})
    come_in(plain, link_on(invite(plain)[1]))
    assert role_of(plain) is Role.SUCCESS

    waiting = link_on(invite(plain)[1])
    admin.press(f"{USERS}/905", {"role": ""})
    assert plain.visitor().get(waiting).status_code == 404  # it went with the role
    come_in(plain, link_on(invite(plain)[1]))
    assert role_of(plain) is Role.SELLER


def test_who_may_not_see_users_in_hubspot_is_told_what_to_allow(town: Town) -> None:
    town.harbor.denied_scopes = {"crm.objects.owners.read"}
    status, page = invite(with_sam(town))

    assert status == 422
    assert "allow crm.objects.owners.read" in page


def test_a_mail_that_was_not_taken_leaves_no_invitation(mailing: Town, office: PostOffice) -> None:
    office.refuses = "550 No such mailbox"

    status, page = invite(mailing)

    assert status == 422
    assert "answered 550 No such mailbox" in page
    assert "Take back" not in admin_of(mailing).get(USERS).text


@pytest.mark.parametrize(("idle", "status"), [("6 days", 200), ("8 days", 404)])
def test_an_invited_user_stays_signed_in_for_a_week_without_a_visit(
    plain: Town, idle: str, status: int
) -> None:
    sam = come_in(plain, link_on(invite(plain)[1]))
    with plain.runtime.database.service() as tx:
        tx.run(f"UPDATE browser_session SET seen_at = clock_timestamp() - interval '{idle}'")

    assert sam.get(f"/portals/{HARBOR}/").status_code == status


def test_another_sites_form_does_not_use_a_link_up(plain: Town) -> None:
    path = link_on(invite(plain)[1])

    forged = plain.visitor().press(path, csrf="", headers={"Origin": "https://evil.example"})

    assert forged.status_code == 403
    come_in(plain, path)


def test_the_page_of_a_link_sends_its_address_to_no_other_site(plain: Town) -> None:
    answer = plain.visitor().get(link_on(invite(plain)[1]))

    assert answer.headers["Referrer-Policy"] == "same-origin"  # without it no form could be sent
    assert answer.headers["Cache-Control"] == "no-store"
