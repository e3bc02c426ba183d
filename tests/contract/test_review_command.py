"""`second-order review` in a terminal: the list, the answers, and what it says when asked for nonsense."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from commands.main import cli
from integration.core.environment import Settings
from integration.core.errors import SecondOrderError
from integration.core.wake_ups import Queue
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal
from tests.contract.review_world import ASKING, Office, doubtful_move, namesakes, two_marias

Run = Callable[..., Result]
WHO = ("--by", "Ana", "--reason", "she told me")


@pytest.fixture
def harbor(database: Database, redis_url: str) -> Iterator[MirrorPortal]:
    queue = Queue(redis_url)
    portal = MirrorPortal(Office(database, queue=queue), HARBOR)
    portal.install(policy=ASKING)
    MirrorPortal(portal.clock, ORCHARD).install(policy=ASKING)
    yield portal
    queue.redis.close()


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys), "LOG_LEVEL": "ERROR", "COLUMNS": "140",
    }  # fmt: skip

    def command(*arguments: str) -> Result:
        result = CliRunner().invoke(cli, ["review", *arguments], env=environment)
        if result.exception and not isinstance(result.exception, SecondOrderError | SystemExit):
            raise result.exception
        return result

    return command


def the_only(run: Run, kind: str) -> int:
    (one,) = json.loads(run("4711", "--kind", kind, "--json").stdout)["questions"]
    return int(one["id"])


def test_the_list_shows_numbers_evidence_money_and_answers(harbor: MirrorPortal, run: Run) -> None:
    assert run("4711").stdout == "Nothing to decide.\n"
    namesakes(harbor)
    harbor.settle()

    said = run("4711").stdout

    for part in (
        "identity",
        "$50,000.00",
        "Are Priya Raman (Acme) and",
        "Priya Raman (Acme), contact 12",
        "both are called",
    ):
        assert part in said, said
    assert "(same | different)" in said
    assert "Open: 1 identity." in said
    assert run("4711", "--kind", "move").stdout == "Nothing to decide of this kind.\n"


def test_a_question_is_decided_and_the_decision_listed(harbor: MirrorPortal, run: Run) -> None:
    namesakes(harbor)
    harbor.settle()
    assert run("4711", "--decided").stdout == "Nothing was decided yet.\n"
    number = the_only(run, "identity")

    done = run("4711", "decide", str(number), "same", *WHO, "--until", "2999-12-31")

    assert done.stdout == f"Question {number}: same. What it concerns is being worked out again.\n"
    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 12}
    listed = run("4711", "--decided").stdout
    assert "she told me" in listed
    assert "31 December" in listed


def test_a_candidate_is_picked_by_number(harbor: MirrorPortal, run: Run) -> None:
    two_marias(harbor)
    harbor.settle()
    number = the_only(run, "referral")
    assert "pick:12 Maria Lopez (Beta)" in run("4711", "--kind", "referral").stdout

    run("4711", "decide", str(number), "pick:12", *WHO)
    harbor.settle()

    assert [source["contact_id"] for source in harbor.sources(9)] == [12]


def test_records_are_separated_and_that_is_told(harbor: MirrorPortal, run: Run) -> None:
    namesakes(harbor)
    for contact in (12, 33):
        harbor.change(
            "contact", contact, hs_linkedin_url="linkedin.com/in/priya", mobilephone="+14155550123"
        )
    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 12}

    said = run("4711", "split", "33", *WHO).stdout

    assert said.startswith("Contact 33 is another person than 12.")
    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 33}


def test_what_counts_as_sure_is_doubted(harbor: MirrorPortal, run: Run) -> None:
    doubtful_move(harbor)
    harbor.settle()
    assert run("4711").stdout == "Nothing to decide.\n"

    assert run("4711", "doubt", "12").stdout.startswith("Asked: ")

    assert "Did Priya Raman (Zenit) leave Acme for Zenit" in run("4711", "--kind", "move").stdout
    assert "There is no contact 77" in str(run("4711", "doubt", "77").exception)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("99",), "Portal 99 has not installed the app"),
        (("4711", "decide", "777", "same", *WHO), "There is no question 777 in portal 4711"),
        (
            ("4711", "decide", "{n}", "confirm", *WHO),
            "takes same, different, reopen, and not confirm",
        ),
        (("4711", "decide", "{n}", "perhaps", *WHO), "perhaps is no answer; it is one of same |"),
        (("4711", "decide", "{n}", "pick:", *WHO), "Say whom: pick:CONTACT"),
        (("4711", "decide", "{n}", "same", "--reason", "x"), "needs its author"),
        (("4711", "decide", "{n}", "same", "--by", "Ana"), "needs its reason"),
        (
            ("4711", "decide", "{n}", "same", *WHO, "--until", "soon"),
            "soon is no date; write it like",
        ),
        (("4711", "decide", "{n}", "same", *WHO, "--until", "2020-01-01"), "2020-01-01 is over"),
        (("4711", "decide", "{n}"), "is no act: say `decide ID VERB`"),
        (("4711", "decide", "abc", "same", *WHO), "abc is no number"),
        (("4711", "split", "999", *WHO), "There is no contact 999"),
        (("4711", "split", "12", *WHO), "is a person of its own already"),
        (("4711", "--after", "nonsense"), "no place in this list"),
        (("4712", "decide", "{n}", "same", *WHO), "There is no question {n} in portal 4712"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    harbor: MirrorPortal, run: Run, arguments: tuple[str, ...], says: str
) -> None:
    namesakes(harbor)
    harbor.settle()
    number = str(the_only(run, "identity"))

    done = run(*(one.replace("{n}", number) for one in arguments))

    assert done.exit_code != 0
    assert says.replace("{n}", number) in str(done.exception)
    assert harbor.decisions() == []


@pytest.mark.parametrize(
    ("company", "says"),
    [
        ("12abc", "No company here is called “12abc”"),
        ("12", "12 is the contact Priya Raman"),
        ("", "The company is blank: name it, or leave it out"),
        ("en", "No company is called “en” exactly; Zenit (2) comes close"),
    ],
)
def test_a_company_that_means_none_is_refused_and_nothing_is_kept(
    harbor: MirrorPortal, run: Run, company: str, says: str
) -> None:
    harbor.rows(
        "UPDATE settings_version SET body = jsonb_set(body, '{policy}', '{\"move_auto\": 999999}') RETURNING 1"
    )
    doubtful_move(harbor)
    harbor.settle()
    number = str(the_only(run, "move"))

    done = run("4711", "decide", number, "confirm", "--company", company, *WHO)

    assert done.exception
    assert says in str(done.exception)
    assert harbor.decisions() == []


def test_a_contact_is_separated_by_name(harbor: MirrorPortal, run: Run) -> None:
    namesakes(harbor)
    harbor.settle()

    done = run("4711", "split", "priya@zenit-labs.com", *WHO)

    assert "Contact 33 is a person of its own already" in str(done.exception)


def test_what_was_answered_is_told_and_replaced_only_on_purpose(
    harbor: MirrorPortal, run: Run
) -> None:
    namesakes(harbor)
    harbor.settle()
    number = str(the_only(run, "identity"))
    run("4711", "decide", number, "same", *WHO)

    late = run("4711", "decide", number, "different", *WHO)
    assert "Ana answered this already" in str(late.exception)
    assert "--again" in str(late.exception)
    assert run("4711", "decide", number, "different", *WHO, "--again").exit_code == 0

    harbor.settle()
    assert harbor.persons() == {12: 12, 33: 33}


def test_the_command_explains_itself(run: Run) -> None:
    said = run("--help").stdout
    for part in ("decide ID VERB", "pick:CONTACT", "--until", "split CONTACT", "--by"):
        assert part in said
