"""Commands ask the table of permissions, too, where they are run as a user of an account."""

import pytest
from click.testing import CliRunner, Result

from commands import main
from integration.admin import roles
from integration.core.errors import Refused
from integration.portal import permissions
from integration.portal.context import open_portal
from integration.portal.permissions import Open
from integration.storage.service import audit, portal_users
from mappings.kinds import Role
from tests.contract.visiting import HARBOR, ORCHARD, Town

EVERY_ROLE = [*Role, None]


@pytest.fixture
def town(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Harbor's users are numbered by their role; 88 installed the app. Commands find the servers."""
    settings = town.runtime.settings
    for name, value in (
        ("DATABASE_URL", settings.database_url), ("REDIS_URL", settings.redis_url), ("SECRET_KEY", settings.secret_key),
        ("TOKEN_KEYS", ",".join(settings.token_keys)), ("FORGET_KEYS", ",".join(settings.forget_keys)),
    ):  # fmt: skip
        monkeypatch.setenv(name, value or "")
    town.visitor().install()
    town.visitor().install(ORCHARD)
    with town.runtime.database.portal(HARBOR) as tx:
        for number, role in enumerate(EVERY_ROLE):
            portal_users.give(tx, 100 + number, role, by="user:88", email=f"{role}@harbor.example")
    return town


def run(*words: str) -> Result:
    return CliRunner().invoke(main.cli, words)


def test_every_command_asks_for_the_role_of_whom_it_is_run_as(town: Town) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        for name in main.cli.commands:
            asked = permissions.of_command(name)
            for number, role in enumerate(EVERY_ROLE):
                if isinstance(asked, Open):
                    continue
                if permissions.may(role, asked):
                    roles.check_command(portal, 100 + number, name, asked)
                    continue
                with pytest.raises(Refused, match=r"needs one of these roles|has no role"):
                    roles.check_command(portal, 100 + number, name, asked)


def test_every_row_is_a_command() -> None:
    assert set(permissions.COMMANDS) == set(main.cli.commands)


RUNS = (
    (("--as", "103", "status", str(HARBOR)), ""),
    (("--as", "103", "policy", str(HARBOR)), "policy needs one of these roles: Admin. User 103 is seller"),
    (("--as", "104", "status", str(HARBOR)), "User 104 has no role in account 4711"),
    (("--as", "100", "status", str(ORCHARD)), "User 100 has no role in account 4712"),
    (("--as", "100", "portals"), "portals is for whoever runs the server"),
    (("policy", str(HARBOR)), ""),
)  # fmt: skip


def test_a_command_that_is_run_as_a_user_goes_as_far_as_their_role(town: Town) -> None:
    for words, said in RUNS:
        done = run(*words)
        assert said in str(done.exception or ""), words
        assert (done.exception is None) is (said == ""), done.output


def test_what_a_user_does_by_command_carries_their_name(town: Town) -> None:
    done = run("--as", "100", "users", str(HARBOR), "--give", "None@harbor.example", "marketer")

    assert done.exception is None, done.output
    with town.runtime.database.portal(HARBOR) as tx:
        user = portal_users.find(tx, 104)
        assert user is not None
        assert (user.role, user.given_by) == (Role.MARKETER, "user:100")
        assert {line["actor"] for line in audit.trail(tx)[:2]} == {"user:100"}
    assert "not both" in str(run("--as", "100", "users", str(HARBOR), "--give", "104", "none", "--by", "x").exception)  # fmt: skip


def test_the_command_of_users_lists_them_and_keeps_the_last_admin(town: Town) -> None:
    listed = run("users", str(HARBOR), "--json").output
    assert '"role": "marketer"' in listed
    assert run("users", str(HARBOR), "--give", "100", "none").exception is None
    assert "last admin" in str(run("users", str(HARBOR), "--give", "88", "seller").exception)
    assert "No user of this account" in str(run("users", str(HARBOR), "--give", "7", "admin").exception)  # fmt: skip
    assert "orchard" not in listed
