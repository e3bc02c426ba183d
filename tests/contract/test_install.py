"""Install, sign in, come back, leave: against the sandbox, with a browser's cookies."""

import threading
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from integration.admin import doctor, install, sign_in
from integration.ingest import intake
from integration.portal import connection
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.storage.service import portals, tokens
from mappings.records.access import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.contract.visiting import HARBOR, ORCHARD, Town, opened
from tests.sandbox.oauth import Office
from tests.sandbox.pipelines import Owner
from tests.sandbox.portal import Portal


class Stingy(Office):
    """A HubSpot that lets a required permission be left out."""

    __slots__ = ()

    def grantable(
        self, portal: Portal, asked: Sequence[str], optional: Sequence[str]
    ) -> tuple[str, ...]:
        every = super().grantable(portal, asked, optional)
        return tuple(context for context in every if context != "crm.objects.deals.write")


def stored(town: Town, portal_id: int = HARBOR) -> portals.Portal | None:
    with town.runtime.database.portal(portal_id) as tx:
        return portals.find(tx, portal_id)


def held(town: Town, portal_id: int = HARBOR) -> dict[str, str]:
    with town.runtime.database.portal(portal_id) as tx:
        row = tokens.read(tx, portal_id)
    assert row is not None
    return town.runtime.vault.open(portal_id, row.sealed)


def age(town: Town, statement: str, **values: object) -> int:
    with town.runtime.database.service() as tx:
        return tx.run(statement, **values)


def test_the_install_link_asks_for_all_required_scopes_and_the_optional_ones_apart(
    town: Town,
) -> None:
    left = town.visitor().get("/install")

    query = parse_qs(urlsplit(left.headers["Location"]).query)
    assert query["scope"] == [" ".join(context.name for context in REQUIRED_SCOPES)]
    assert query["optional_scope"] == [" ".join(context.name for context in OPTIONAL_SCOPES)]
    assert len(query["state"][0]) >= 43
    cookie = left.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert query["state"][0] not in cookie


def test_over_https_cookies_are_secure_and_bound_to_the_host(runtime: Runtime) -> None:
    with opened(runtime, public_url="https://app.example.org") as town:
        left = town.visitor().get("/install")

        assert left.headers["Set-Cookie"].startswith("__Host-browser=")
        assert "Secure" in left.headers["Set-Cookie"]
        assert left.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_an_installed_portal_is_active_has_its_properties_and_wants_its_import(town: Town) -> None:
    done = town.visitor().install()

    assert done.status_code == 303
    assert done.headers["Location"] == f"/portals/{HARBOR}/"
    portal = stored(town)
    assert portal is not None
    assert portal.state == "active"
    assert portal.settings_version == 1
    assert "tickets" in portal.scopes
    assert portal.account["currency"] == town.harbor.currency
    assert "second_order_source" in town.harbor.definitions["deal"]
    with town.runtime.database.service() as tx:
        assert tx.value(
            "SELECT due_at IS NOT NULL FROM lane WHERE portal_id = :id AND kind = 'import'",
            id=HARBOR,
        )
    with open_portal(town.runtime, HARBOR) as context:
        assert install.is_set_up(context)
    assert stored(town, ORCHARD) is None


def test_the_calls_of_an_install_are_counted_when_its_connection_closes(town: Town) -> None:
    town.visitor().install()

    with open_portal(town.runtime, HARBOR) as context:
        calls = doctor.portal_report(context)["calls"]
    assert sum(route["calls"] for route in calls) > 0


def test_tokens_and_secrets_are_stored_sealed_or_hashed(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()

    secrets = list(held(town).values())
    cookie = visitor.client.get_cookie("session", domain="127.0.0.1")
    assert cookie is not None
    with town.runtime.database.service() as tx:
        rows = [*tx.rows("SELECT * FROM token"), *tx.rows("SELECT * FROM browser_session"),
                *tx.rows("SELECT * FROM oauth_state"), *tx.rows("SELECT * FROM portal")]  # fmt: skip
    dump = b"\n".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for row in rows
        for value in row.values()
    )
    for secret in [*secrets, cookie.value]:
        assert secret.encode() not in dump


def test_without_service_hub_the_optional_scope_is_simply_absent(town: Town) -> None:
    assert town.visitor().install(ORCHARD).status_code == 303

    portal = stored(town, ORCHARD)
    assert portal is not None
    assert "crm.objects.feedback_submissions.read" not in portal.scopes
    assert portal.settings_version == 1


def test_who_refuses_on_hubspots_page_reads_that_nothing_happened(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.cancel()

    page = visitor.get(back)

    assert page.status_code == 403
    assert "Nothing was connected" in page.text
    assert 'href="/install"' in page.text
    assert stored(town) is None
    again = visitor.get(back.replace("error=access_denied", "code=x"))
    assert "done already" in again.text


@pytest.mark.parametrize(
    "spoil", ["missing", "unknown", "other browser", "no cookie", "reused", "expired"]
)
def test_a_state_that_is_no_good_installs_nothing_and_says_why(town: Town, spoil: str) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    says = "Start again"
    if spoil == "missing":
        back, says = back.partition("&state=")[0], "no beginning"
    elif spoil == "unknown":
        back, says = back.partition("&state=")[0] + "&state=" + "x" * 43, "do not know this visit"
    elif spoil == "other browser":
        visitor, says = town.visitor(), "another browser"
        visitor.get("/install")
    elif spoil == "no cookie":
        visitor, says = town.visitor(), "another browser"
    elif spoil == "reused":
        assert (
            visitor.get("/oauth/callback?error=x&state=" + back.partition("&state=")[2]).status_code
            == 400
        )
        says = "done already"
    else:
        assert age(town, "UPDATE oauth_state SET made_at = made_at - interval '11 minutes'")
        says = "ten minutes"

    page = visitor.get(back)

    assert page.status_code == 400
    assert says in page.text
    assert 'href="/install"' in page.text
    assert stored(town) is None
    assert town.hubspot.office.exchanges == 0


def test_who_loads_the_page_of_the_return_again_reads_that_it_is_done(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    assert visitor.get(back).status_code == 303

    signed_in = visitor.get(back)
    visitor.press("/signout", csrf=visitor.csrf())
    signed_out = visitor.get(back)

    for page in (signed_in, signed_out):
        assert page.status_code == 400
        assert "done already" in page.text
        assert "another browser" not in page.text
    assert f'class="button" href="/portals/{HARBOR}/"' in signed_in.text
    assert 'class="button" href="/signin"' in signed_out.text
    assert stored(town) is not None


def test_a_used_or_expired_code_has_a_page_and_a_way_back(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    town.hubspot.advance(120)

    page = visitor.get(back)

    assert page.status_code == 400
    assert "expired" in page.text
    assert stored(town) is None


def test_hubspot_away_during_the_exchange_is_no_install_and_no_error_of_ours(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    town.hubspot.trouble.add("503", "POST /oauth/*", times=1)

    page = visitor.get(back)

    assert page.status_code == 503
    assert "Retry-After" in page.headers
    assert stored(town) is None


def test_missing_required_scopes_are_named_and_nothing_is_installed(town: Town) -> None:
    lacking = "crm.objects.deals.write"
    town.hubspot.office.__class__ = Stingy
    page = town.visitor().install()

    assert page.status_code == 403
    assert lacking in page.text
    assert 'href="/install"' in page.text
    assert stored(town) is None


def test_a_second_user_is_let_in_and_the_installers_connection_stays(town: Town) -> None:
    town.visitor().install()
    before = held(town)
    town.harbor.owners[99] = Owner(99, "second@harbor.example", "Second", "User", user_id=9001)

    done = town.visitor().install(user="second@harbor.example")

    assert done.status_code == 303
    assert held(town) == before
    assert town.hubspot.office.exchanges == 2
    with town.runtime.database.service() as tx:
        assert {row["user_id"] for row in tx.rows("SELECT user_id FROM browser_session")} == {
            town.harbor.user_id, 9001,
        }  # fmt: skip


def test_connecting_again_with_more_permissions_replaces_the_connection(town: Town) -> None:
    town.harbor.denied_scopes = {"tickets"}
    town.visitor().install()
    before = held(town)
    town.harbor.denied_scopes = set()

    town.visitor().install()

    portal = stored(town)
    assert portal is not None
    assert "tickets" in portal.scopes
    assert held(town)["refresh"] != before["refresh"]


def test_reinstalling_before_we_noticed_the_uninstall_replaces_the_dead_connection(
    town: Town,
) -> None:
    town.visitor().install()
    before = held(town)
    town.hubspot.uninstall(town.harbor.id)

    town.visitor().install()

    assert held(town) != before
    with town.runtime.database.service() as tx:
        tx.run("UPDATE token SET refresh_at = clock_timestamp()")
    assert connection.TokenProvider(town.runtime, town.harbor.id)()


def test_reinstalling_after_a_pause_clears_it_and_resumes(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    with town.runtime.database.portal(HARBOR) as tx:
        portals.pause(tx, HARBOR, "The connection was revoked")
        tx.run("UPDATE token SET state = 'revoked'")
        tx.run("UPDATE lane SET due_at = NULL, retry_after = clock_timestamp() + interval '1 hour'")
    before = held(town)

    visitor.install()

    portal = stored(town)
    assert portal is not None
    assert (portal.state, portal.paused_reason) == ("active", None)
    assert held(town) != before
    with town.runtime.database.service() as tx:
        rows = tx.rows(
            "SELECT kind, due_at, retry_after FROM lane WHERE portal_id = :id", id=HARBOR
        )
    assert {row["kind"] for row in rows} == {"drain", "write", "import"}
    assert all(row["due_at"] and row["retry_after"] is None for row in rows)
    assert portal.settings_version == 1


def test_two_callbacks_of_one_trip_at_once_make_one_install(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    cookie = visitor.client.get_cookie("browser", domain="127.0.0.1")
    assert cookie is not None
    answers: list[int] = []

    def come_back() -> None:
        client = town.app.test_client()
        client.set_cookie("browser", cookie.value, domain="127.0.0.1")
        answers.append(client.get(back, base_url=town.origin).status_code)

    threads = [threading.Thread(target=come_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [303, 400]
    assert town.hubspot.office.exchanges == 1


def test_two_admins_who_install_at_once_leave_one_connection_that_works(town: Town) -> None:
    visitors = [town.visitor() for _ in range(3)]
    backs = [visitor.ask() for visitor in visitors]
    answers: list[int] = []

    threads = [
        threading.Thread(target=lambda v=v, b=b: answers.append(v.get(b).status_code))
        for v, b in zip(visitors, backs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [303, 303, 303]
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT version FROM token") == 1
        assert tx.value("SELECT count(*) FROM import_run") == 1
        assert tx.value("SELECT count(*) FROM audit WHERE action = 'installed'") == 1


def test_a_set_up_that_broke_off_is_said_on_the_page_and_can_be_finished(town: Town) -> None:
    visitor = town.visitor()
    back = visitor.ask()
    town.hubspot.trouble.add("502", "GET /crm/properties/*", times=1)

    assert visitor.get(back).status_code == 303
    page = visitor.get(f"/portals/{HARBOR}/").text
    assert "Finish set-up" in page
    assert "properties.all" in page

    assert visitor.press(f"/portals/{HARBOR}/repair").status_code == 303
    assert "Finish set-up" not in visitor.get(f"/portals/{HARBOR}/").text
    assert "second_order_source" in town.harbor.definitions["deal"]


def test_signing_in_changes_no_token_and_ends_at_the_page_asked_for(town: Town) -> None:
    town.visitor().install()
    before = held(town)

    done = town.visitor().sign_in(next_path=f"/portals/{HARBOR}/health")

    assert done.headers["Location"] == f"/portals/{HARBOR}/health"
    assert held(town) == before


@pytest.mark.parametrize(
    "next_path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        f"/portals/{ORCHARD}/",
        "/%0d%0aX:y",
        "javascript:1",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(town: Town, next_path: str) -> None:
    town.visitor().install()

    assert town.visitor().sign_in(next_path=next_path).headers["Location"] == f"/portals/{HARBOR}/"


def test_signing_in_to_an_account_without_the_app_offers_to_install(town: Town) -> None:
    page = town.visitor().sign_in(ORCHARD)

    assert page.status_code == 403
    assert "Not installed yet" in page.text
    assert stored(town, ORCHARD) is None
    assert "session=" not in page.headers.get("Set-Cookie", "")


def test_the_sign_in_link_on_a_closed_page_leads_back_to_that_page(town: Town) -> None:
    town.visitor().install()
    visitor = town.visitor()
    closed = visitor.get(f"/portals/{HARBOR}/settings")
    assert closed.headers["Referrer-Policy"] == "same-origin"

    left = visitor.get("/signin", Referer=f"{town.origin}/portals/{HARBOR}/settings")
    query = urlsplit(left.headers["Location"]).query
    state = parse_qs(query)["state"][0]
    with town.runtime.database.service() as tx:
        assert tx.value("SELECT next_path FROM oauth_state ORDER BY made_at DESC LIMIT 1") == (
            f"/portals/{HARBOR}/settings"
        )
    assert state


def test_a_new_sign_in_ends_the_session_it_replaces(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    old = visitor.client.get_cookie("session", domain="127.0.0.1")
    visitor.sign_in()
    new = visitor.client.get_cookie("session", domain="127.0.0.1")

    assert old is not None
    assert new is not None
    assert old.value != new.value
    assert sign_in.find(town.runtime, old.value) is None
    assert sign_in.find(town.runtime, new.value) is not None


def test_a_session_ends_by_signing_out_by_idling_and_by_age(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    home = f"/portals/{HARBOR}/"
    cookie = visitor.client.get_cookie("session", domain="127.0.0.1")
    assert cookie is not None
    assert visitor.get(home).status_code == 200

    assert visitor.press("/signout").status_code == 303
    visitor.client.set_cookie("session", cookie.value, domain="127.0.0.1")
    assert visitor.get(home).status_code == 404

    for ended in (
        "seen_at = seen_at - interval '31 minutes'",
        "made_at = made_at - interval '13 hours'",
    ):
        visitor.sign_in()
        assert visitor.get(home).status_code == 200
        assert age(town, f"UPDATE browser_session SET {ended}")
        assert visitor.get(home).status_code == 404


def test_uninstalling_asks_for_the_id_calls_hubspot_and_signs_everybody_out(town: Town) -> None:
    visitor, other = town.visitor(), town.visitor()
    visitor.install()
    other.sign_in()
    town.visitor().install(ORCHARD)
    leave = f"/portals/{HARBOR}/uninstall"

    wrong = visitor.press(leave, {"portal_id": str(ORCHARD)})
    assert wrong.status_code == 422
    assert town.hubspot.office.installed(HARBOR)

    page = visitor.press(leave, {"portal_id": str(HARBOR)})

    assert page.status_code == 200
    assert "30 days" in page.text
    assert not town.hubspot.office.installed(HARBOR)
    portal = stored(town)
    assert portal is not None
    assert portal.state == "uninstalled"
    with town.runtime.database.portal(HARBOR) as tx:
        assert tokens.read(tx, HARBOR) is None
    assert other.get(f"/portals/{HARBOR}/").status_code == 404
    assert town.harbor.definitions["deal"]["second_order_source"].archived is None
    orchard = stored(town, ORCHARD)
    assert orchard is not None
    assert orchard.is_active


def test_uninstalling_may_take_our_properties_along_and_nobody_elses(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    before = {name for name, one in town.harbor.definitions["deal"].items() if one.archived is None}

    visitor.press(
        f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR), "remove_properties": "yes"}
    )

    after = {name for name, one in town.harbor.definitions["deal"].items() if one.archived is None}
    assert before - after == {name for name in before if name.startswith("second_order_")}


def test_uninstalling_works_when_hubspot_cut_the_connection_before(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE token SET state = 'revoked'")

    page = visitor.press(f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR)})

    assert "already" in page.text
    portal = stored(town)
    assert portal is not None
    assert portal.state == "uninstalled"


def test_hubspot_away_while_uninstalling_changes_nothing(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    town.hubspot.trouble.add("503", "DELETE *", times=1)

    page = visitor.press(f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR)})

    assert page.status_code == 503
    portal = stored(town)
    assert portal is not None
    assert portal.is_active


def test_installing_again_after_uninstalling_goes_on_with_the_settings(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    visitor.press(f"/portals/{HARBOR}/uninstall", {"portal_id": str(HARBOR)})

    assert visitor.install().status_code == 303

    portal = stored(town)
    assert portal is not None
    assert portal.is_active
    assert portal.settings_version == 1


def test_what_came_before_the_install_is_not_lost(town: Town) -> None:
    with town.runtime.database.service() as tx:
        body = b'[{"portalId": 4711}, {"portalId": 99}]'
        tx.run("INSERT INTO inbox (portal_id, body) VALUES (NULL, :body)", body=body)
    intake.split_unaddressed(town.runtime)

    town.visitor().install()

    with town.runtime.database.service() as tx:
        rows = tx.rows("SELECT portal_id, state FROM inbox ORDER BY portal_id NULLS LAST")
    assert [tuple(row.values()) for row in rows] == [(4711, "waiting"), (None, "set_aside")]
