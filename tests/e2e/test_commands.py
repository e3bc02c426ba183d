"""The commands that other people's scripts depend on; some in a process of their own, as scripts run them."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from commands.main import cli
from integration.admin import uninstall
from integration.core.errors import SecondOrderError
from integration.storage.queue import stream_troubles
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
CANARY = "zz-canary-zz"
FOREIGN = "\u017b\u00f3\u0142w \u682a\u5f0f\u4f1a\u793e"


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def told(world: "World") -> "World":
    """Two portals with a won deal that a referral brought, and a name that looks like a formula."""
    now = datetime.now(UTC)
    for account in world.accounts:
        crm = account.crm
        with crm.silently():
            acme = crm.create(
                "company", {"name": "=cmd|'/c calc'!A1", "domain": "acme.example"}, at=now
            ).id
            ana = crm.create(
                "contact", {"email": f"{CANARY}@acme.example", "firstname": "=Ana"}, at=now
            ).id
            crm.associate("contact", ana, "company", acme, primary=True)
            values = {
                "dealname": "Acme buys",
                "dealstage": "closedwon",
                "pipeline": "default",
                "amount": "1234.50",
            }
            deal = crm.create(
                "deal", {**values, "closedate": (now - timedelta(days=3)).isoformat()}, at=now
            ).id
            crm.associate("deal", deal, "company", acme, primary=True)
            crm.associate("deal", deal, "contact", ana)
        world.install(account)
    world.settle()
    return world


@pytest.fixture
def run(told: "World", tmp_path: Path) -> Run:
    own = told.runtime.settings
    environment = {
        "PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "DATABASE_URL": str(own.database_url),
        "REDIS_URL": str(own.redis_url), "SECRET_KEY": own.secret_key, "TOKEN_KEYS": ",".join(own.token_keys),
        "HUBSPOT_API_URL": own.hubspot_api_url, "HUBSPOT_APP_ID": str(own.hubspot_app_id),
        "HUBSPOT_CLIENT_ID": own.hubspot_client_id, "HUBSPOT_CLIENT_SECRET": own.client_secret,
        "PUBLIC_URL": own.public_url,
    }  # fmt: skip

    def command(
        *arguments: str, apart: bool = False, encoding: str = "utf-8", **changed: str
    ) -> Done:
        if apart:
            return _in_a_process(arguments, {**environment, **changed}, encoding)
        result = CliRunner().invoke(cli, arguments, env={**environment, **changed})
        if isinstance(
            result.exception, SecondOrderError
        ):  # as commands.main does at the end of the process
            return Done(1, result.stdout, f"second-order: {result.exception}")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout_bytes.decode(), result.stderr)

    return command


def _in_a_process(arguments: Sequence[str], environment: dict[str, str], encoding: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "commands", *arguments],
        env=environment, capture_output=True, check=False, timeout=PATIENCE, cwd=ROOT,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("explain", "4711", "company", "{company}"), "??w ????"),
        (("explain", "4711", "company", "{company}", "--json"), json.dumps(FOREIGN)[1:-1]),
        (("portals",), "active"),
        (("ledger", "4711", "--csv"), "1234.50"),
    ],
    ids=["text", "JSON", "table", "CSV"],
)
def test_a_terminal_gets_other_signs_for_those_it_has_not(
    run: Run, told: "World", arguments: Sequence[str], shown: str
) -> None:
    """Each command prints through the same two streams, as text or through one of these forms."""
    (company,) = told.harbor.crm.all("company")
    told.harbor.crm.update("company", company.id, {"name": FOREIGN})
    told.settle()
    words = [word.format(company=company.id) for word in arguments]

    done = run(*words, apart=True, encoding="latin-1", PYTHONIOENCODING="latin-1", TERM="dumb")

    assert done.returncode == 0, done.stderr
    assert shown in done.stdout.replace("\u00f3", "")


def test_looking_prints_what_scripts_can_read(run: Run, told: "World") -> None:
    listed = json.loads(run("portals", "--json", apart=True).stdout)
    assert [(each["portal_id"], each["state"]) for each in listed] == [
        (4711, "active"),
        (4712, "active"),
    ]
    assert run("settle", "--timeout", str(PATIENCE)).returncode == 0
    deal = told.harbor.crm.all("deal")[0].id
    explained = json.loads(run("explain", "4711", "deal", str(deal), "--json").stdout)
    assert explained["values"]["second_order_source"] == "none"
    assert [row["amount"] for row in explained["ledger"]] == ["1234.50"]
    assert "second_order_source = none" in run("explain", "4711", "deal", str(deal)).stdout
    rows = json.loads(run("ledger", "4711", "--json").stdout)
    assert sum(row["amount_minor"] for row in rows) == 123450
    status = json.loads(run("status", "4711").stdout)
    assert status["received"]["set_aside"] == 0
    assert run("doctor").returncode == 0, run("doctor").stdout


def test_settling_tells_a_paused_portal_from_a_settled_one(run: Run, told: "World") -> None:
    """Events of a paused portal wait until somebody resumes it: that is no good end."""
    with told.harbor.context() as harbor:
        uninstall.pause(harbor, actor="user:1")
    contact = told.harbor.crm.all("contact")[0].id
    told.harbor.crm.update("contact", contact, {"jobtitle": "Head of Purchasing"})
    told.hubspot.deliver()

    one, every = run("settle", "4711", "--timeout", "60"), run("settle", "--timeout", "60")

    for paused in (one, every):
        assert paused.returncode == 1
        assert "Portal 4711 is paused, not settled (1 inbox)" in paused.stderr
        assert "until it is resumed" in paused.stderr
    assert run("settle", "4712", "--timeout", "60").returncode == 0
    standing = json.loads(run("settle", "--json", "--timeout", "60").stdout)
    assert [(each["portal_id"], each["settled"], each["inbox"]) for each in standing] == [
        (4711, False, 1),
        (4712, True, 0),
    ]
    assert run("settle", "--json", "--timeout", "60").returncode == 1


def test_a_stream_that_hubspot_refuses_is_named_and_settled_with_a_sentence(
    run: Run, told: "World"
) -> None:
    with told.runtime.database.portal(4711) as tx:
        stream_troubles.refuse(tx, "activities:meeting", "HubSpot answered 400 to objects.page")
    said = (
        "Portal 4711: meetings are left out until the next check of all records:"
        " HubSpot answered 400 to objects.page"
    )

    settled = run("settle", "--timeout", str(PATIENCE))
    assert (settled.returncode, settled.stderr.strip()) == (0, said)
    assert said in " ".join(run("portals").stdout.split())
    listed = json.loads(run("portals", "--json").stdout)
    assert [len(each["refused_streams"]) for each in listed] == [1, 0]
    assert listed[0]["refused_streams"][0]["stream"] == "activities:meeting"
    assert "meetings are left out" in run("doctor").stdout


def test_the_ledger_opens_safely_in_a_spreadsheet(run: Run) -> None:
    done = run("ledger", "4711", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows
    assert all(not cell.startswith(("=", "+", "@", "\t")) for row in rows for cell in row.values())
    assert "\r\n" in done.stdout


def test_one_portals_answers_name_nothing_of_the_other(run: Run, told: "World") -> None:
    only_harbors = told.harbor.crm.create("contact", {"email": f"only-{CANARY}@acme.example"}).id
    told.settle()
    assert told.orchard.crm.get("contact", only_harbors) is None
    assert (
        json.loads(run("explain", "4711", "contact", str(only_harbors), "--json").stdout)["exists"]
        is True
    )
    foreign = run("explain", "4712", "contact", str(only_harbors), "--json").stdout
    assert json.loads(foreign)["exists"] is False
    assert CANARY not in foreign


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ledger", "99"), "Portal 99 has not installed the app"),
        (("explain", "99", "deal", "1"), "Portal 99 has not installed the app"),
        (("settle", "99"), "Portal 99 has not installed the app"),
        (("backfill", "99"), "not installed"),
        (("explain", "4711", "invoice", "1"), "is not one of"),
        (("portals", "--nonsense"), "No such option"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(run: Run, arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_configuration_is_told_whole_and_secrets_are_not(run: Run) -> None:
    done = run("portals", apart=True, PORT="x", TOKEN_KEYS=CANARY, DATABASE_URL=f"mysql://{CANARY}")
    assert done.returncode == 1
    assert all(name in done.stderr for name in ("PORT", "TOKEN_KEYS", "DATABASE_URL"))
    assert CANARY not in done.stderr + done.stdout


def test_no_database_is_a_sentence(run: Run) -> None:
    done = run("portals", apart=True, DATABASE_URL="postgresql://nobody:canary@127.0.0.1:9/x")
    assert done.returncode == 1
    assert "PostgreSQL does not answer" in done.stderr
    assert "canary" not in done.stderr


def test_forgetting_replaying_rotating_and_uninstalling(run: Run, told: "World") -> None:
    contact = told.harbor.crm.all("contact")[0].id
    assert "Forgot contact" in run("forget", "4711", "contact", str(contact)).stdout
    assert CANARY not in str(told.harbor.kept("record"))
    assert "0 put back" in run("replay", "4711").stdout
    assert "2 tokens" in run("rotate-keys").stdout
    assert "is uninstalled" in run("uninstall", "4712", "--yes").stdout
    assert not told.hubspot.installed(4712)
    assert told.orchard.state() == "uninstalled"


def test_an_inbound_key_is_printed_and_renewed(run: Run, told: "World") -> None:
    first = run("inbound-key", "4711").stdout
    orchards = run("inbound-key", "4712").stdout
    renewed = run("inbound-key", "4711", "--renew")
    assert renewed.stdout.startswith("4711.")
    assert renewed.stdout != first
    assert "The key before works until" in renewed.stderr
    ended = run("inbound-key", "4711", "--renew", "--at-once")
    assert ended.stderr == ""
    assert ended.stdout == run("inbound-key", "4711").stdout
    assert run("inbound-key", "4712").stdout == orchards
    assert "add --renew" in run("inbound-key", "4711", "--at-once").stderr
    assert "has not installed" in run("inbound-key", "99").stderr
    assert len(told.harbor.rows("SELECT FROM audit WHERE action = 'renewed the inbound key'")) == 2


def test_the_developer_project_is_written_for_an_address(run: Run, tmp_path: Path) -> None:
    done = run("project", "--to", str(tmp_path / "project"), "--url", "https://app.example.org")
    assert done.returncode == 0, done.stderr
    texts = [path.read_text() for path in (tmp_path / "project").rglob("*.json")]
    assert any("https://app.example.org/webhooks/hubspot" in text for text in texts)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://app.example.org", "HubSpot demands an https address"),
        ("https://203.0.113.7", "no bare IP address"),
        ("https://app.example.org/crm", "--url has a path"),
        ("app.example.org", "--url must be an http or https address"),
    ],
)
def test_an_address_that_hubspot_refuses_is_refused_by_us_first(
    run: Run, tmp_path: Path, url: str, says: str
) -> None:
    done = run("project", "--to", str(tmp_path / "project"), "--url", url)

    assert done.returncode == 1
    assert says in done.stderr
    assert not (tmp_path / "project").exists()


def test_a_project_for_this_machine_says_what_does_not_arrive(run: Run, tmp_path: Path) -> None:
    done = run("project", "--to", str(tmp_path / "project"), "--url", "http://localhost:8000")

    assert done.returncode == 0
    assert "notifications do not arrive here" in done.stderr


def test_every_command_explains_itself(run: Run) -> None:
    listed = run("--help").stdout
    for command in ("up", "web", "worker", "schedule", "migrate", "portals", "backfill", "settle", "replay", "explain",
                    "ledger", "forget", "doctor", "review", "policy", "orders"):  # fmt: skip
        assert f"\n  {command} " in listed
        assert len(run(command, "--help").stdout) > 60


def test_weights_and_thresholds_are_changed_for_one_portal_as_a_version(
    run: Run, told: "World"
) -> None:
    before = json.loads(run("policy", "4711", "--json").stdout)
    assert before["move_to_deal_days"] == {"value": 730, "default": 730}
    assert "version" not in before
    said = ("--by", "Ada", "--reason", "long sales cycles")
    done = run(
        "policy",
        "4711",
        "--set",
        "move_to_deal_days=1000",
        "--set",
        "signals.hard_bounce=400000",
        *said,
    )
    assert done.returncode == 0, done.stderr
    after = json.loads(run("policy", "4711", "--json").stdout)
    changed = {
        name: each["value"] for name, each in after.items() if each["value"] != each["default"]
    }
    assert changed == {"move_to_deal_days": 1000, "signals.hard_bounce": 400_000}
    assert json.loads(run("policy", "4712", "--json").stdout) == before
    versions = told.harbor.rows(
        "SELECT version, author, reason FROM settings_version ORDER BY version DESC LIMIT 1"
    )
    assert (versions[0]["author"], versions[0]["reason"]) == ("Ada", "long sales cycles")
    told.settle()
    deal = told.harbor.crm.all("deal")[0].id
    concluded = (
        "SELECT settings_version FROM conclusion WHERE object_type = 'deal' AND record_id = :id"
    )
    assert told.harbor.rows(concluded, id=deal)[0]["settings_version"] == versions[0]["version"]
    back = run(
        "policy",
        "4711",
        "--default",
        "move_to_deal_days",
        "--default",
        "signals.hard_bounce",
        *said,
    )
    assert back.returncode == 0
    assert json.loads(run("policy", "4711", "--json").stdout) == before


def test_a_change_of_what_somebody_else_changed_since_is_refused(run: Run) -> None:
    assert "Settings version 1" in run("policy", "4711").stdout
    ada = ("--by", "Ada", "--reason", "long sales cycles")
    assert run("policy", "4711", "--set", "move_to_deal_days=1000", *ada).returncode == 0
    bo = ("--by", "Bo", "--reason", "short ones", "--seen", "1")

    refused = run("policy", "4711", "--set", "move_to_deal_days=365", *bo)
    beside = run("policy", "4711", "--set", "edit_days=8", *bo)

    assert refused.returncode == 1
    assert "move_to_deal_days, last in version 2 by Ada on " in refused.stderr
    assert beside.returncode == 0, beside.stderr
    values = json.loads(run("policy", "4711", "--json").stdout)
    assert values["move_to_deal_days"]["value"] == 1000
    assert values["edit_days"]["value"] == 8


def test_a_wrong_setting_is_named_and_nothing_is_changed(run: Run) -> None:
    before = run("policy", "4711", "--json").stdout
    for change, says in (
        (("--set", "move_to_deal_days=soon"), "move_to_deal_days is a whole number, 0 to 36500"),
        (("--set", "move_auto=850001000"), "move_auto is parts per million, 0 to 1000000"),
        (("--set", "prior_bits=nan"), "prior_bits is a number from -100 to 100"),
        (("--set", "colour=red"), "colour is no setting"),
        (("--set", "version=9"), "version is no setting"),
        (("--set", "ask_language_model=true"), "ask_language_model changes nothing yet"),
        (("--default", "signals.smoke"), "signals.smoke is no setting"),
    ):
        done = run(
            "policy",
            "4711",
            "--set",
            "link_at=900000",
            *change,
            "--by",
            "Ada",
            "--reason",
            "a slip",
        )
        assert done.returncode == 1
        assert says in done.stderr
        assert "--by NAME" in run("policy", "4711", *change).stderr
    assert run("policy", "4711", "--json").stdout == before
