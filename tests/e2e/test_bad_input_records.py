"""A portal full of hostile records is installed, imported, judged and written, and its good neighbours are unharmed."""

import contextlib
import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner, Result

from commands.main import cli
from integration.admin import replay
from integration.storage.ledger import entry_rows
from integration.storage.queue import inbox_events
from mappings.rules.facts import ContactFacts
from mappings.rules.identity import linkage
from tests.e2e.hostile import USER, Good, Hostile, prepare
from tests.e2e.hostile_values import SCRIPT, SQL
from tests.passing_time import work_until_quiet
from tests.waiting import PATIENCE, wait_until
from tests.world import HARBOR, Account

if TYPE_CHECKING:
    from tests.world import World

TWIN = 4713
# Notifications that quote these characters are kept as they came; the records themselves are read
# all the same.
UNREADABLE = {
    "a string holds a NUL character",
    "a string is not UTF-8, or holds half a surrogate pair",
}
LARGEST_PAGE = 400_000


class Trial:
    """harbor has the good and the bad, its twin only the good."""

    def __init__(self, world: "World", *, crowd: tuple[int, int]) -> None:
        self.world = world
        world.hubspot.add_portal(TWIN, "Twin").allowance.limit = 100_000
        world.hubspot.quirks.association_repeats = 2
        self.harbor, self.twin = world.harbor, Account(world, TWIN, world.hubspot.portals[TWIN])
        self.good: dict[int, Good] = {}
        for account in (self.harbor, self.twin):
            prepare(account.crm)
            with account.crm.silently():
                self.good[account.portal_id] = Good(account.crm)
        self.bad = Hostile(world.harbor.crm, crowd)
        self.bad.fill()
        for account in (self.harbor, self.twin):
            world.install(account)
        world.rest()

    def check(self) -> None:
        """Nothing stuck, nothing aside without a reason, balanced, and the good ones as if they were alone."""
        for account in (self.harbor, self.twin):
            assert account.kept("stale") == []
            assert account.rows("SELECT state, paused_reason FROM portal") == [
                {"state": "active", "paused_reason": None}
            ]
            assert account.troubles() == []
            assert account.paused_properties() == []
            assert account.kept("outbox") == []
            assert account.kept("event", state="waiting") == []
            aside = account.rows("SELECT DISTINCT reason FROM event WHERE state = 'set_aside'")
            assert {row["reason"] for row in aside} <= UNREADABLE
            with account.context() as context, context.transaction() as tx:
                assert entry_rows.unbalanced(tx) == []
                identity = inbox_events.identity(tx)
            assert identity.pop("received") == sum(identity.values())
        alone, among = self.good[TWIN].fields(), self.good[HARBOR].fields()
        assert among == alone
        assert alone["deal", self.good[TWIN].second]["second_order_source"] == "moved_champion"
        assert alone["deal", self.good[TWIN].third]["second_order_source"] == "referral"
        assert alone["contact", self.good[TWIN].ana]["second_order_nps"] == "10"

    def calls(self) -> dict[str, int]:
        """Writes to HubSpot so far."""
        return {call: n for call, n in self.harbor.crm.calls.items() if "batch/update" in call}


def test_hostile_records_end_in_sane_values_and_harm_no_neighbour(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial(world, crowd=(1500, 1000))
    trial.check()
    _no_field_is_absurd(trial)
    _every_page_answers_and_escapes(trial)
    _every_command_answers(trial, monkeypatch)


def test_hostile_edits_merges_and_deletions_are_followed(world: "World") -> None:
    trial = Trial(world, crowd=(30, 20))
    trial.bad.stir()
    world.settle()
    trial.check()
    trial.good[HARBOR].crm.update(
        "deal", trial.good[HARBOR].second, {"amount": "50000"}, source=USER
    )
    trial.good[TWIN].crm.update("deal", trial.good[TWIN].second, {"amount": "50000"}, source=USER)
    world.settle()
    trial.check()
    before = trial.calls()
    world.settle()
    assert trial.calls() == before


def _no_field_is_absurd(trial: Trial) -> None:
    for kind in ("deal", "contact", "company"):
        for record in trial.harbor.crm.all(kind):
            for name, value in record.values.items():
                if name.startswith("second_order_"):
                    assert len(value) <= 2000, (kind, record.id, name)
                    assert "\x00" not in value
                    assert "\u202e" not in value, (kind, record.id, name)
    booked = trial.harbor.booked_by("deal_id")
    assert all(abs(minor) <= 10**15 for minor in booked.values())


def _every_page_answers_and_escapes(trial: Trial) -> None:
    session, home = signed_in(trial.world.url), f"{trial.world.url}/portals/{HARBOR}"
    for path in ("/", "/health", "/settings", "/progress"):
        _look(session, home + path)
    for kind, one in trial.bad.records + trial.good[HARBOR].records:
        if kind in {"contact", "company", "deal"} and one in trial.harbor.crm.records[kind]:
            _look(session, f"{home}/{kind}/{one}")
    for odd in ("9" * 30, "9" * 5000, "0", "-1", "１２", "%00", "9223372036854775808", SQL):  # noqa: RUF001 - digits of another width
        for path in (f"/deal/{odd}", f"/find?type={odd}&id=1"):
            assert session.get(home + path, timeout=PATIENCE).status_code == 404, path
        # What is no number is looked for in names, and some of these hold "-1".
        found = session.get(f"{home}/find?type=deal&id={odd}", timeout=PATIENCE)
        is_a_choice = "<h1>Which one?</h1>" in found.text
        assert found.status_code == (200 if is_a_choice else 404), odd
    session.close()


def signed_in(url: str) -> requests.Session:
    session = requests.Session()
    leaving = session.get(f"{url}/signin", allow_redirects=False, timeout=PATIENCE)
    back = session.get(f"{leaving.headers['Location']}&portalId={HARBOR}&auto=1", timeout=PATIENCE)
    assert back.status_code == 200, back.text[:300]
    return session


def _look(session: requests.Session, url: str) -> None:
    answer = session.get(url, timeout=PATIENCE)
    assert answer.status_code == 200, (url, answer.status_code)
    assert "<script>alert" not in answer.text, url
    assert "<img src=x" not in answer.text, url
    assert len(answer.content) < LARGEST_PAGE, (url, len(answer.content))


def _every_command_answers(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = trial.world.runtime.settings
    for name, value in {
        "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": "a-secret-key-for-tests-only-and-long-enough", "TOKEN_KEYS": settings.token_keys[0],
        "LOG_LEVEL": "ERROR",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    for kind in ("deal", "contact", "company"):
        for one in [found for of, found in trial.bad.records if of == kind][::15]:
            told = _run("explain", HARBOR, kind, one, "--json")
            assert json.loads(told.stdout)["object_type"] == kind
            assert _run("explain", HARBOR, kind, one).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(_run("ledger", HARBOR, "--csv").stdout)))
    assert sum(1 for row in rows if row["deal_id"] == str(trial.good[HARBOR].second)) >= 2
    assert json.loads(_run("status", HARBOR).stdout)["found"]["unbalanced_deals"] == []
    assert "Set aside" in _run("portals").stdout
    for odd in ("9" * 30, "-1", "0", "9223372036854775808"):
        refused = CliRunner().invoke(cli, ["explain", str(HARBOR), "deal", "--", odd])
        assert refused.exit_code != 0, odd
        assert refused.exception is None or isinstance(refused.exception, SystemExit), (
            refused.exception
        )


def _run(*words: object) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 0, (words, result.output[-500:], result.exception)
    return result


def test_the_scripts_are_really_there(world: "World") -> None:
    """So that the tests above cannot pass on an empty portal."""
    prepare(world.harbor.crm)
    bad = Hostile(world.harbor.crm, (3, 3))
    bad.fill()
    texts = [
        value
        for kind, one in bad.records
        if (found := world.harbor.crm.get(kind, one))
        for value in found.values.values()
    ]
    assert SCRIPT in texts
    assert any(isinstance(value, str) and "\x00" in value for value in texts)
    assert any(isinstance(value, str) and "\ud83d" in value for value in texts)
    assert any(not isinstance(value, str) for value in texts)


def test_a_record_that_trips_an_unforeseen_fault_of_ours_is_set_aside_and_the_portal_goes_on(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    harbor = world.harbor
    prepare(harbor.crm)
    with harbor.crm.silently():
        good = Good(harbor.crm)
        bad = harbor.crm.create("contact", {"email": "trips@evil.example", "lastname": "Trips"}).id
    honest = linkage.block_keys

    def trips(contact: ContactFacts) -> frozenset[str]:
        if contact.id == bad:
            raise ArithmeticError("nobody thought of this")
        return honest(contact)

    monkeypatch.setattr(linkage, "block_keys", trips)
    world.install(harbor)
    _settle_through_faults(world)
    aside = harbor.kept("stale")
    assert [(row["object_type"], row["record_id"]) for row in aside] == [("contact", bad)]
    assert "failed" in aside[0]["error"]
    assert harbor.read("deal", good.second, "second_order_source") == "moved_champion"
    monkeypatch.undo()
    with harbor.context() as context:
        assert replay.replay(context) == 1
    world.settle()
    assert harbor.kept("stale") == []


def _settle_through_faults(world: "World") -> None:
    """As a supervised worker would: a fault is logged, and the lane is due again after a while."""

    def is_done() -> bool:
        with contextlib.suppress(ArithmeticError):
            work_until_quiet(world)
            return True
        return False

    wait_until(is_done, lambda: "the portal is stuck", every=0.0)
