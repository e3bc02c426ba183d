"""Roles: every route asks the one table of permissions, whoever calls it; roles are handed out by admins."""

from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from integration.admin import roles
from integration.core.errors import Refused
from integration.portal import permissions
from integration.portal.context import PortalContext, open_portal
from integration.portal.permissions import Open, Permission
from integration.storage.service import portal_users
from mappings.kinds import Role
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor
from tests.sandbox.pipelines import Owner

# What each address is filled with: nothing that exists, so that nothing is changed.
FILLED = {"object_type": "deal", "record_id": 1, "review_id": 1, "source": "x", "code": "en", "filename": "site.css"}  # fmt: skip
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
        assert any(title in answer.text for title in REFUSED) is not may, (name, method, rule)
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
