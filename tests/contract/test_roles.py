"""Roles: every route asks the one table of permissions, whoever calls it; roles are handed out by admins."""

from collections.abc import Iterator
from re import findall
from threading import Barrier, Thread

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from integration.admin import detection, roles
from integration.core.errors import Refused
from integration.portal import permissions
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Open, Permission
from integration.storage.database import as_json
from integration.storage.service import portal_users
from mappings.kinds import Role
from tests.contract.review_world import ASKING, DOUBTING, namesakes
from tests.contract.test_pages_review import mirror_of, question
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor
from tests.sandbox.pipelines import Owner

# What each address is filled with: nothing that exists, so that nothing is changed.
FILLED = {"object_type": "deal", "root": "company", "record_id": 1, "review_id": 1, "report_id": 1, "key": "x", "word": "owner", "source": "x", "code": "en", "filename": "site.css", "token": "x"}  # fmt: skip
USERS = f"/portals/{HARBOR}/users"
REFUSED = ("Your role does not allow this", "You have no role in this account any more")


@pytest.fixture
def installed(town: Town) -> Town:
    """Both accounts have the app; harbor has a user of each role, and one whose role was taken away."""
    town.visitor().install()
    town.visitor().install(ORCHARD)
    for number, name in enumerate([*(role.value for role in Role), "nobody"], 200):
        town.harbor.owners[number] = Owner(number, f"{name}@harbor.example", user_id=9000 + number)
    return town


def visitor(town: Town, name: str) -> Visitor:
    """A user of harbor, signed in, who then gets the role of their name."""
    user = town.visitor()
    user.sign_in(user=f"{name}@harbor.example")
    give(town, f"{name}@harbor.example", Role.of(name))
    return user


def give(town: Town, email: str, role: Role | None, *, actor: str = "user:88") -> None:
    owner = next(one for one in town.harbor.owners.values() if one.email == email)
    assert owner.user_id is not None
    with open_portal(town.runtime, HARBOR) as portal:
        roles.give(portal, owner.user_id, role, actor=actor)


def look(town: Town) -> None:
    """The nightly look, which reads who the account's users are."""
    with open_portal(town.runtime, HARBOR) as portal:
        detection.look(portal)


def routes(town: Town) -> Iterator[tuple[Rule, str]]:
    """Every route of the app with each of its methods."""
    for rule in town.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def address(town: Town, rule: Rule) -> str:
    values = {name: {**FILLED, "portal_id": HARBOR}.get(name, 1) for name in rule.arguments}
    return town.app.url_map.bind("").build(rule.endpoint, values)


def call(user: Visitor, csrf: str, rule: Rule, method: str) -> TestResponse:
    path = address(user.town, rule)
    return user.press(path, csrf=csrf) if method == "POST" else user.get(path)


def test_every_route_and_every_row_of_the_table_belong_together(town: Town) -> None:
    served = {rule.endpoint for rule, _ in routes(town)}
    assert served == set(permissions.ENDPOINTS)


def test_an_address_of_an_account_is_never_open(town: Town) -> None:
    for rule, _ in routes(town):
        is_open = isinstance(permissions.of_endpoint(rule.endpoint), Open)
        assert is_open == ("portal_id" not in rule.arguments), rule


@pytest.mark.parametrize("name", [*(role.value for role in Role), "nobody"])
def test_every_route_of_an_account_asks_for_the_role_of_whoever_calls_it(
    installed: Town, name: str
) -> None:
    user = visitor(installed, name)
    csrf = user.session().csrf
    seen = {True: 0, False: 0}
    # What uninstalls comes last: nobody is signed in to harbor afterwards.
    for rule, method in sorted(
        routes(installed), key=lambda route: route[0].endpoint == "settings.leave"
    ):
        asked = permissions.of_endpoint(rule.endpoint)
        if isinstance(asked, Open):
            continue
        may = permissions.may(Role.of(name), asked)
        answer = call(user, csrf, rule, method)
        said = answer.data.decode(errors="replace")  # a workbook is no text
        assert any(title in said for title in REFUSED) is not may, (name, method, rule)
        assert (answer.status_code == 403) is not may, (name, method, rule, answer.status_code)
        seen[may] += 1
    assert seen[True] == 0 if name == "nobody" else seen[True] > 10
    assert seen[False] == 0 if name == "admin" else seen[False] > 10


def test_another_accounts_session_and_no_session_open_nothing(installed: Town) -> None:
    stranger, other = installed.visitor(), installed.visitor()
    other.sign_in(ORCHARD)
    csrf = other.session().csrf
    for rule, method in routes(installed):
        if "portal_id" in rule.arguments:
            assert call(other, csrf, rule, method).status_code == 404, (method, rule)
            assert call(stranger, csrf, rule, method).status_code in {403, 404}, (method, rule)
            assert "Nothing here for you" in call(stranger, csrf, rule, method).text


def test_a_route_without_a_row_answers_nobody(town: Town) -> None:
    with pytest.raises(LookupError, match="no row in permissions"):
        permissions.of_endpoint("reports.new")


def test_whoever_installs_is_admin_and_others_begin_as_sellers(installed: Town) -> None:
    installed.visitor().sign_in(user="seller@harbor.example")

    with open_portal(installed.runtime, HARBOR) as portal:
        assert roles_of(portal) == {88: Role.ADMIN, 9203: Role.SELLER}


def roles_of(portal: PortalContext) -> dict[int, Role | None]:
    with portal.transaction() as tx:
        return {user.user_id: user.role for user in portal_users.every(tx)}


def test_an_admin_hands_out_a_role_that_counts_from_the_next_click_on(installed: Town) -> None:
    admin, user = visitor(installed, "admin"), visitor(installed, "seller")
    assert user.get(f"/portals/{HARBOR}/settings").status_code == 403

    done = admin.press(f"{USERS}/9203", {"role": "admin"})

    assert done.status_code == 303
    assert user.get(f"/portals/{HARBOR}/settings").status_code == 200
    assert "gave a role" in admin.get(f"/portals/{HARBOR}/health").text


def test_a_role_taken_away_in_mid_session_closes_the_account_with_a_sentence(
    installed: Town,
) -> None:
    admin, user = visitor(installed, "admin"), visitor(installed, "seller")
    assert user.get(f"/portals/{HARBOR}/").status_code == 200

    admin.press(f"{USERS}/9203", {"role": ""})

    refused = user.get(f"/portals/{HARBOR}/")
    assert refused.status_code == 403
    assert "You have no role in this account any more" in refused.text
    assert "admin@harbor.example" in refused.text
    assert f'="/portals/{HARBOR}/' not in refused.text
    user.sign_in(user="seller@harbor.example")
    assert (
        user.get(f"/portals/{HARBOR}/").status_code == 403
    )  # signing in again begins nothing anew


def test_the_page_of_users_names_each_with_role_and_days(installed: Town) -> None:
    installed.harbor.owners[203].first_name = "Ana <b>"
    installed.harbor.owners[203].last_name = "\u0627\u0628\u0646"
    look(installed)
    admin = visitor(installed, "admin")
    visitor(installed, "seller")

    page = admin.get(USERS).text

    assert "<bdi>Ana &lt;b&gt; \u0627\u0628\u0646</bdi>" in page
    assert "seller@harbor.example" in page
    assert "orchard" not in page.replace(f"/portals/{ORCHARD}", "")


def test_whoever_left_the_account_in_hubspot_is_marked_and_keeps_no_session(
    installed: Town,
) -> None:
    admin, user = visitor(installed, "admin"), visitor(installed, "seller")
    look(installed)
    installed.harbor.owners[203].archived = True

    look(installed)

    assert "left HubSpot" in admin.get(USERS).text
    assert user.get(f"/portals/{HARBOR}/").status_code == 404


@pytest.mark.parametrize(("user_id", "role"), [(9203, "king"), (12345, "admin"), (9203, None)])
def test_a_form_made_up_by_hand_changes_no_role(
    installed: Town, user_id: int, role: str | None
) -> None:
    admin = visitor(installed, "admin")
    visitor(installed, "seller")

    done = admin.press(f"{USERS}/{user_id}", {} if role is None else {"role": role})

    assert done.status_code == 422
    with open_portal(installed.runtime, HARBOR) as portal:
        assert roles_of(portal)[9203] is Role.SELLER


def test_a_seller_sees_no_button_that_the_role_may_not_press(installed: Town) -> None:
    user, admin = visitor(installed, "seller"), visitor(installed, "admin")
    for path in ("/", "/health", "/review"):
        page = user.get(f"/portals/{HARBOR}{path}").text
        assert 'href="/portals/4711/settings' not in page
        assert 'href="/portals/4711/users' not in page
        forms = set(findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page))
        assert forms <= {"/signout"}
    assert 'action="/portals/4711/repair"' in admin.get(f"/portals/{HARBOR}/health").text
    assert f"/portals/{HARBOR}/users" in admin.get(f"/portals/{HARBOR}/").text


def test_a_seller_answers_what_is_about_their_own_records_and_nothing_else(
    installed: Town,
) -> None:
    portal = mirror_of(installed)
    with installed.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', CAST(:policy AS jsonb))",
               policy=as_json({**ASKING, **DOUBTING}))  # fmt: skip
    namesakes(portal)
    portal.settle()
    user, number = visitor(installed, "seller"), question(installed)
    look(installed)
    path, answer = f"/portals/{HARBOR}/review/{number}", {"verb": "same", "reason": "I know her"}

    assert f'action="{path}"' not in user.get(path).text
    refused = user.press(path, answer)
    assert (refused.status_code, "your own records" in refused.text) == (403, True)

    portal.change("contact", 33, hubspot_owner_id="203")
    assert f'action="{path}"' in user.get(f"/portals/{HARBOR}/review").text
    assert user.press(path, answer).status_code == 303
    assert "Separate a person" not in user.get(f"/portals/{HARBOR}/review").text


def test_one_browser_is_signed_in_to_several_accounts(installed: Town) -> None:
    user = installed.visitor()
    user.sign_in()
    user.sign_in(ORCHARD)

    harbor, orchard = (user.get(f"/portals/{account}/") for account in (HARBOR, ORCHARD))

    assert (harbor.status_code, orchard.status_code) == (200, 200)
    assert f'href="/portals/{ORCHARD}/"' in harbor.text
    assert "orchard.example" in harbor.text
    # Another page shows the account that was looked at last, and a form of either signs out of both.
    assert f'href="/portals/{ORCHARD}/health"' in user.get("/help").text
    user.get(f"/portals/{HARBOR}/")
    assert f'href="/portals/{HARBOR}/health"' in user.get("/help").text
    csrf = user.session().others[0].csrf
    assert user.press("/signout", csrf=csrf).status_code == 303
    assert user.get(f"/portals/{HARBOR}/").status_code == 404
    assert user.get(f"/portals/{ORCHARD}/").status_code == 404


def test_a_form_of_one_account_changes_nothing_in_another(installed: Town) -> None:
    user = installed.visitor()
    user.sign_in()
    user.sign_in(ORCHARD)
    of_orchard = user.session().csrf

    assert user.press(f"/portals/{HARBOR}/pause", csrf=of_orchard).status_code == 400


def test_two_admins_cannot_remove_each_other_at_once(installed: Town) -> None:
    visitor(installed, "admin")
    start, refused = Barrier(2), []

    def remove(user_id: int) -> None:
        with open_portal(installed.runtime, HARBOR) as portal:
            start.wait()
            try:
                roles.give(portal, user_id, None, actor="user:0")
            except Refused as refusal:
                refused.append(str(refusal))

    workers = [Thread(target=remove, args=(user_id,)) for user_id in (88, 9200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    with open_portal(installed.runtime, HARBOR) as portal:
        left = [role for role in roles_of(portal).values() if role is Role.ADMIN]
    assert (len(left), len(refused)) == (1, 1)


@pytest.mark.parametrize("permission", Permission)
def test_an_admin_may_do_everything(permission: Permission) -> None:
    assert permissions.may(Role.ADMIN, permission)
    assert not permissions.may(None, permission)


def test_the_last_admin_cannot_be_removed(installed: Town) -> None:
    with (
        pytest.raises(Refused, match="last admin"),
        open_portal(installed.runtime, HARBOR) as portal,
    ):
        roles.give(portal, 88, Role.SELLER, actor="user:88")
