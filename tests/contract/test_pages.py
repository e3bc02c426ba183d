"""People's pages: whose they are, what forms they take, what headers they carry, what they say about hostile text."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.routing import Rule

import wsgi
from integration.pages import guard
from integration.portal import settings as portal_settings
from integration.storage.database import Database
from integration.storage.queue import outbox, stream_troubles
from integration.storage.queue.inbox_writer import InboxWriter
from integration.storage.service import portals, settings_versions
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, hash_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
# For machines, which prove themselves by signature or key; everything else that changes something
# is a form.
MACHINES = {"/webhooks/hubspot", "/webhooks/surveys/<source>", "/webhooks/usage"}
# For people who are not signed in, and for mail programs: the secret is in the address.
BY_LINK = {"/join/<token>", "/mail/stop/<token>", "/s/<token>"}


@pytest.fixture
def visitor(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    return visitor


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def path_of(rule: Rule, portal_id: int = HARBOR) -> str:
    path = rule.rule.replace("<int:portal_id>", str(portal_id)).replace(
        "<path:filename>", "site.css"
    )
    path = re.sub(r"<any\((\w+)[^>]*\):\w+>", r"\1", path)
    return re.sub(r"<int:\w+>", "1", re.sub(r"<(?:string:)?\w+>", "x", path))


def test_there_are_pages_to_test(town: Town) -> None:
    posts = {rule.rule for rule in rules(town.app, "POST")}
    assert len(posts - MACHINES) >= 7
    assert posts >= MACHINES


def test_pages_of_another_portal_are_the_same_bytes_as_of_one_that_does_not_exist(
    town: Town, visitor: Visitor
) -> None:
    own_csrf = visitor.csrf()
    for rule in [*rules(town.app, "GET"), *rules(town.app, "POST")]:
        if "<int:portal_id>" not in rule.rule:
            continue
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        answers = []
        for portal_id in (ORCHARD, 99_999, 10**30):
            path = path_of(rule, portal_id)
            answer = visitor.press(path, csrf=own_csrf) if method == "POST" else visitor.get(path)
            kept = {name: value for name, value in answer.headers if name != "Date"}
            answers.append((answer.status_code, answer.data, kept))
        assert answers[0][0] == 404, rule
        assert answers[0] == answers[1] == answers[2], rule


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/portals/x/", f"/portals/{ORCHARD}/review", f"/portals/{HARBOR}/nowhere"],
)
def test_who_is_signed_in_keeps_the_navigation_where_nothing_is(
    town: Town, visitor: Visitor, path: str
) -> None:
    page = visitor.get(path)

    assert page.status_code == 404
    assert f"You are signed in to account {HARBOR}" in page.text
    assert f'href="/portals/{HARBOR}/review"' in page.text
    assert f'class="button" href="/portals/{HARBOR}/"' in page.text
    assert "Sign out" in page.text
    assert 'aria-current="page"' not in page.text
    assert f'href="/portals/{HARBOR}' not in town.visitor().get(path).text


def test_a_refused_form_keeps_the_navigation(town: Town, visitor: Visitor) -> None:
    page = visitor.press(f"/portals/{HARBOR}/resume")

    assert page.status_code == 400
    assert f'href="/portals/{HARBOR}/review"' in page.text


def test_without_a_session_every_portal_looks_as_if_it_did_not_exist(
    town: Town, visitor: Visitor
) -> None:
    stranger = town.visitor()
    for rule in rules(town.app, "GET"):
        if "<int:portal_id>" in rule.rule:
            assert stranger.get(path_of(rule)).data == stranger.get(path_of(rule, 99_999)).data
            assert stranger.get(path_of(rule)).status_code == 404


def test_every_form_needs_its_token_and_our_own_page(town: Town, visitor: Visitor) -> None:
    token, before = visitor.csrf(), hash_of(town)
    home = {"Origin": town.origin}
    for rule in rules(town.app, "POST"):
        if rule.rule in MACHINES:
            continue
        path = path_of(rule)
        if rule.rule in BY_LINK:
            continue
        assert visitor.press(path, csrf="", headers=home).status_code == 400, rule
        assert visitor.press(path, csrf="wrong-€", headers=home).status_code == 400, rule
        for foreign in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": town.origin, "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"X-Nothing": "said"},
        ):
            assert visitor.press(path, csrf=token, headers=foreign).status_code == 403, (
                rule,
                foreign,
            )
        stranger = town.visitor()
        assert stranger.press(path, csrf=token, headers=home).status_code == 404, rule
    assert hash_of(town) == before


@pytest.mark.parametrize("path", ["/join/x", "/mail/stop/x"])
def test_a_form_whose_secret_is_its_address_is_not_sent_from_another_site(
    town: Town, path: str
) -> None:
    stranger = town.visitor()

    for foreign in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": town.origin, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert stranger.press(path, csrf="", headers=foreign).status_code == 403, foreign
    assert stranger.press(path, csrf="", headers={"Origin": town.origin}).status_code == 404


def test_the_token_of_another_session_is_no_good(town: Town, visitor: Visitor) -> None:
    other = town.visitor()
    other.sign_in()

    assert visitor.press(f"/portals/{HARBOR}/pause", csrf=other.csrf()).status_code == 400


def test_looking_changes_nothing(town: Town, visitor: Visitor) -> None:
    before = hash_of(town)
    for rule in rules(town.app, "GET"):
        answer = visitor.get(path_of(rule))
        assert answer.status_code < 500, (rule, answer.text)
    assert hash_of(town) == before


def test_every_answer_carries_the_headers_errors_included(town: Town, visitor: Visitor) -> None:
    paths = {path_of(rule) for rule in rules(town.app, "GET")} | {
        "/nowhere",
        f"/portals/{ORCHARD}/",
        "/portals/x/",
    }
    for path in sorted(paths):
        for method in ("GET", "POST", "PUT"):
            answer = visitor.client.open(path, method=method, base_url=town.origin, buffered=True)
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none';"), path
            assert "base-uri 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
            assert "Strict-Transport-Security" not in answer.headers
            if not path.startswith("/assets/") or answer.status_code >= 400:
                assert answer.headers["Cache-Control"] == "no-store", path
    assert visitor.get("/oauth/callback?code=a&state=b").headers["Referrer-Policy"] == "no-referrer"


def test_scripts_are_files_of_our_own_and_none_is_inline(town: Town, visitor: Visitor) -> None:
    for rule in rules(town.app, "GET"):
        page = visitor.get(path_of(rule))
        if not page.content_type.startswith("text/html") or "<main" not in page.text:
            continue
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL)
        policy = page.headers["Content-Security-Policy"]
        assert all(re.search(r'\ssrc="/assets/[^"]+"', script) for script, _ in scripts), rule
        assert not any(inline.strip() for _, inline in scripts), rule
        assert ("script-src 'self';" in policy) == bool(scripts), rule
    assert "script-src" not in town.visitor().get("/").headers["Content-Security-Policy"]
    assert "<script" not in town.visitor().get("/").text


def test_every_file_that_a_page_names_is_there_and_may_be_kept(
    town: Town, visitor: Visitor
) -> None:
    page = visitor.get(f"/portals/{HARBOR}/").text
    files = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page))
    assert len(files) > 3
    for address in files:
        answer = visitor.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] != "no-store", address


def test_no_page_has_inline_style_handlers_or_anything_from_elsewhere(
    town: Town, visitor: Visitor
) -> None:
    for rule in rules(town.app, "GET"):
        page = visitor.get(path_of(rule))
        if page.content_type.startswith("text/html") and page.status_code != 302:
            assert not re.search(r"<[^>]+\s(style|on\w+)=", page.text), rule
            assert not re.search(
                r'(src|href|action)="(?!/|#|"|http://127\.0\.0\.1:8000)[a-z]', page.text
            ), rule


def test_hostile_text_stays_text_on_every_page(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO event (portal_id, source, dedupe_key, kind, payload, occurred_at, received_at, state, reason)
               VALUES (:portal, 'hubspot', 'k', 'bad', '{}', now(), now(), 'set_aside', :text)""",
            text=HOSTILE,
        )
        outbox.pause_property(tx, "deal", "second_order_source", HOSTILE)
        portals.note(tx, HOSTILE, HOSTILE, reason=HOSTILE)
        settings_versions.append(
            tx,
            {"map": {"staff_domains": [HOSTILE]}, "why": {"staff_domains": HOSTILE}},
            author="x",
            reason="x",
        )
    for path in ("health", "settings", ""):
        page = visitor.get(f"/portals/{HARBOR}/{path}").text
        assert "<script>alert" not in page, path
        assert "onerror=alert(2)>" not in page.replace("&gt;", ""), path
    assert page.count("{{7*7}}") == 0
    assert "&lt;script&gt;alert(1)" in visitor.get(f"/portals/{HARBOR}/health").text
    assert "&lt;script&gt;alert(1)" in visitor.get(f"/portals/{HARBOR}/settings").text

    with town.runtime.database.portal(HARBOR) as tx:
        portals.pause(tx, HARBOR, HOSTILE)
    assert "&lt;script&gt;alert(1)" in visitor.get(f"/portals/{HARBOR}/").text


@pytest.mark.parametrize(
    "query",
    [
        "?error=" + "%3Cscript%3E",
        "?state=%00&code=%00",
        "?state=" + "x" * 5000,
        "?code=%ff%fe&state=%ff",
        "?",
    ],
)
def test_a_callback_with_anything_in_it_is_a_refusal(town: Town, query: str) -> None:
    page = town.visitor().get(f"/oauth/callback{query}")

    assert 400 <= page.status_code < 500
    assert "<script>" not in page.text


def test_home_says_how_the_portal_is(town: Town, visitor: Visitor) -> None:
    home = f"/portals/{HARBOR}/"
    assert "Importing" in visitor.get(home).text
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        tx.run("UPDATE import_step SET done = true")
    assert "Up to date" in visitor.get(home).text

    with town.runtime.database.portal(HARBOR) as tx:
        portals.pause(tx, HARBOR, "The connection was revoked; reconnect the account")
    page = visitor.get(home).text
    assert "The connection was revoked" in page
    assert 'href="/install"' in page


def test_a_pause_by_hand_stops_the_lanes_and_resuming_starts_them(
    town: Town, visitor: Visitor
) -> None:
    home = f"/portals/{HARBOR}/"
    assert visitor.press(f"{home}pause").status_code == 303
    with town.runtime.database.portal(HARBOR) as tx:
        portal = portals.find(tx, HARBOR)
        assert portal is not None
        assert portal.state == "paused"
        tx.run(
            "UPDATE lane SET due_at = NULL, failures = 9, retry_after = clock_timestamp() + interval '1 day'"
        )
    page = visitor.get(home).text
    assert "Resume" in page
    assert "Reconnect" not in page

    assert visitor.press(f"{home}resume").status_code == 303
    with town.runtime.database.portal(HARBOR) as tx:
        portal = portals.find(tx, HARBOR)
        assert portal is not None
        assert portal.is_active
        due = tx.value("SELECT count(*) FROM lane WHERE due_at IS NOT NULL AND retry_after IS NULL")
        assert due == tx.value("SELECT count(*) FROM lane") >= 3
        actors = [
            row["actor"]
            for row in tx.rows("SELECT actor FROM audit WHERE action IN ('paused', 'resumed')")
        ]
    assert actors == [f"user:{town.harbor.user_id}"] * 2


def test_a_revoked_connection_is_not_resumed_by_a_button(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        portals.pause(tx, HARBOR, "revoked")
        tx.run("UPDATE token SET state = 'revoked'")

    answer = visitor.press(f"/portals/{HARBOR}/resume")

    assert answer.status_code == 400
    assert "Reconnect" in answer.text


def test_health_adds_up_and_replays_what_was_set_aside(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        for n, state in enumerate(("done", "waiting", "ignored", "set_aside")):
            tx.run(
                """INSERT INTO event (portal_id, source, dedupe_key, kind, object_type, object_id, payload, occurred_at,
                     received_at, state, reason)
                   VALUES (:portal, 'hubspot', :key, 'changed', 'deal', 77, '{}', now(), now(), :state, 'a reason')""",
                key=str(n),
                state=state,
            )
        tx.run(
            "INSERT INTO tally (portal_id, received, duplicate, pruned) VALUES (:portal, 1205, 1, 1200)"
        )
    page = visitor.get(f"/portals/{HARBOR}/health").text
    assert "It adds up." in page
    assert "1,205" in page
    assert "deal 77" in page
    assert "a reason" in page

    assert visitor.press(f"/portals/{HARBOR}/replay").status_code == 303
    with town.runtime.database.portal(HARBOR) as tx:
        assert tx.value("SELECT count(*) FROM event WHERE state = 'set_aside'") == 0
    assert "deal 77" not in visitor.get(f"/portals/{HARBOR}/health").text


def test_home_and_health_name_what_hubspot_refuses(town: Town, visitor: Visitor) -> None:
    assert "Left out" not in visitor.get(f"/portals/{HARBOR}/health").text
    with town.runtime.database.portal(HARBOR) as tx:
        stream_troubles.refuse(tx, "records:ticket", "HubSpot answered 403")
        stream_troubles.refuse(tx, "links:deal>company", HOSTILE)

    assert "2 lists are left out" in visitor.get(f"/portals/{HARBOR}/").text
    page = visitor.get(f"/portals/{HARBOR}/health").text
    assert "Tickets are left out until the next check of all records: HubSpot answered 403" in page
    assert "Links from deals to companies are left out" in page
    assert "&lt;script&gt;alert(1)" in page
    with town.runtime.database.portal(ORCHARD) as tx:
        assert stream_troubles.refused(tx) == {}


def test_health_shows_calls_by_route_and_says_so_when_something_is_lost(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("INSERT INTO tally (portal_id, received) VALUES (:portal, 5)")
    page = visitor.get(f"/portals/{HARBOR}/health").text
    assert "properties.create_many" in page
    assert "does not add up" in page


def test_changed_settings_are_a_new_version_and_everything_is_thought_again(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            "INSERT INTO record (portal_id, object_type, record_id) VALUES (:portal, 'deal', 5), (:portal, 'ticket', 6)"
        )
        tx.run("UPDATE import_run SET state = 'done'")
    town.harbor.define_property("contact", "who_sent_them")
    form = {
        "referred_by_property": "who_sent_them",
        "staff_domains": "harbor.example\r\nother.example\r\n",
    }

    answer = visitor.press(f"/portals/{HARBOR}/settings", form)

    assert answer.status_code == 303
    with town.runtime.database.portal(HARBOR) as tx:
        settings = portal_settings.read(tx)
        assert (
            tx.value("SELECT author FROM settings_version WHERE version = 2")
            == f"user:{town.harbor.user_id}"
        )
        assert [row["object_type"] for row in tx.rows("SELECT object_type FROM stale")] == ["deal"]
        assert tx.value("SELECT kind FROM import_run WHERE state = 'running'") == "rereading"
    assert settings.version == 2
    assert settings.map.texts["referred_by_property"] == ("who_sent_them",)
    assert settings.map.staff_domains == ("harbor.example", "other.example")
    with town.runtime.database.portal(ORCHARD) as tx:
        assert portal_settings.read(tx).version == 1


def test_saving_the_form_as_it_stands_makes_no_version(town: Town, visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/settings").text
    form = dict(re.findall(r'<input id="f-\w+" name="(\w+)" value="([^"]*)"', page))
    form |= {
        name: text.strip()
        for name, text in re.findall(r'<textarea id="f-\w+" name="(\w+)"[^>]*>([^<]*)<', page)
    }
    for name, options in re.findall(
        r'<select id="f-\w+" name="(\w+)">(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'value="(\w*)" selected', options)
        assert chosen is not None
        form[name] = chosen[1]
    assert len(form) >= 25

    visitor.press(f"/portals/{HARBOR}/settings", form)

    with town.runtime.database.portal(HARBOR) as tx:
        assert portal_settings.read(tx).version == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("referred_by_property", "no such name!"),
        ("referred_by_property", "x" * 300),
        ("won_rule", "whatever"),
        ("home_currency", "euro"),
        ("referred_by_type_ids", "12\nabc"),
        ("staff_domains", "a\x00b"),
        ("role_labels", "= "),
        ("staff_domains", "x\n" * 600),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_saved(
    town: Town, visitor: Visitor, name: str, value: str
) -> None:
    answer = visitor.press(f"/portals/{HARBOR}/settings", {name: value})

    if name == "role_labels":  # an empty label is harmless, a broken one is refused
        assert answer.status_code in {303, 422}
        return
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert f'<div class="field wrong">\n      <label for="f-{name}"' in answer.text
    with town.runtime.database.portal(HARBOR) as tx:
        assert portal_settings.read(tx).version == 1


def test_a_form_cannot_set_what_is_not_a_setting(town: Town, visitor: Visitor) -> None:
    before = visitor.get(f"/portals/{HARBOR}/settings").text.count("version 1")
    visitor.press(
        f"/portals/{HARBOR}/settings",
        {"state": "uninstalled", "portal_id": str(ORCHARD), "why": "x"},
    )

    with town.runtime.database.portal(HARBOR) as tx:
        portal = portals.find(tx, HARBOR)
    assert before == 1
    assert portal is not None
    assert portal.is_active


def test_what_optional_permissions_are_missing_is_shown_with_what_is_lost(town: Town) -> None:
    visitor = town.visitor()
    visitor.install(ORCHARD)

    page = visitor.get(f"/portals/{ORCHARD}/settings").text

    assert re.search(
        r"feedback_submissions\.read</code>[^<]*only the latest one[^<]*<b>Not granted", page
    )


def test_the_inbound_key_on_the_page_is_the_one_that_works(town: Town, visitor: Visitor) -> None:
    from integration.portal.inbound_keys import portal_of  # noqa: PLC0415 - the other side of the same key

    page = visitor.get(f"/portals/{HARBOR}/settings").text
    found = re.search(r'class="key">([^<]+)<', page)
    assert found is not None
    assert portal_of(town.runtime, f"Bearer {found[1]}") == HARBOR


def test_a_new_inbound_key_is_made_on_the_page_and_the_old_one_counts_or_ends_as_was_wished(
    town: Town, visitor: Visitor
) -> None:
    from integration.portal.inbound_keys import portal_of  # noqa: PLC0415 - the other side of the same key

    def shown() -> str:
        found = re.search(r'class="key">([^<]+)<', visitor.get(f"/portals/{HARBOR}/settings").text)
        return found[1] if found else ""

    first = shown()
    assert (
        visitor.press(f"/portals/{HARBOR}/inbound-key", {"former": "works on"}).status_code == 303
    )
    second = shown()
    assert second != first
    assert "Works until" in visitor.get(f"/portals/{HARBOR}/settings").text
    assert [portal_of(town.runtime, f"Bearer {key}") for key in (first, second)] == [HARBOR, HARBOR]

    visitor.press(f"/portals/{HARBOR}/inbound-key", {"former": "ends now"})
    third = shown()
    assert [portal_of(town.runtime, f"Bearer {key}") for key in (first, second, third)] == [
        None,
        None,
        HARBOR,
    ]
    assert "Works until" not in visitor.get(f"/portals/{HARBOR}/settings").text
    assert visitor.get(f"/portals/{HARBOR}/inbound-key").status_code == 405


def test_progress_is_json_for_the_page_to_look_at(town: Town, visitor: Visitor) -> None:
    said = visitor.get(f"/portals/{HARBOR}/progress").get_json()

    assert said["state"] == "active"
    assert said["importing"] is True
    assert {"name": "records:deal", "label": "deals", "records": 0, "state": "idle"} in said[
        "streams"
    ]


def test_a_bug_shows_a_number_and_nothing_else(town: Town) -> None:
    app = wsgi.create_app(town.runtime, InboxWriter("postgresql://127.0.0.1:1/none"))

    def broken() -> str:
        raise ZeroDivisionError("token=very-secret")

    app.add_url_rule("/broken", view_func=broken)
    page = Visitor(town, app.test_client()).get("/broken")

    assert page.status_code == 500
    number = re.search(r"error ([0-9a-f]{8})", page.text)
    assert number is not None
    assert "Zero" not in page.text
    assert "Traceback" not in page.text
    assert "very-secret" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_with_postgresql_away_pages_say_come_back_and_nothing_more(
    town: Town, visitor: Visitor
) -> None:
    away = Database("postgresql://nobody:nothing@127.0.0.1:1/none")
    runtime = replace(town.runtime, database=away)
    app = wsgi.create_app(runtime, InboxWriter("postgresql://nobody:nothing@127.0.0.1:1/none"))
    lost = Visitor(town, app.test_client())
    lost.client.set_cookie("session", "x" * 43, domain="127.0.0.1")

    for path in (
        f"/portals/{HARBOR}/",
        "/install",
        "/signin",
        "/oauth/callback?code=x&state=" + "y" * 43,
    ):
        page = lost.get(path)
        assert page.status_code == 503, path
        assert page.headers["Retry-After"]
        assert "psycopg" not in page.text
        assert "127.0.0.1:1" not in page.text
    away.close()


def test_machines_get_plain_words_not_pages(town: Town) -> None:
    answer = town.visitor().get("/webhooks/nowhere")

    assert answer.status_code == 404
    assert answer.content_type.startswith("text/plain")
    assert guard.MACHINE_PATHS[0] == "/webhooks/"
