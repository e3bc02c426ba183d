"""The command that lists review tasks and answers them."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.core.errors import Refused
from integration.portal import record_choice
from integration.portal.context import PortalContext
from integration.review import answering, reading
from integration.review.answers import Answer
from mappings.formats import day, likelihood, moment, money
from mappings.kinds import ObjectType, ReviewKind, Verb

Options = Mapping[str, Any]
Json = Mapping[str, Any]
_MOST = 1000
_RECORD_ID = re.compile(r"[0-9]{1,18}")


@click.command()
@portal_argument
@click.argument("act", nargs=-1, metavar="[decide ID VERB | split CONTACT | doubt CONTACT]")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ReviewKind]),
    help="Only questions of this kind.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    default=20,
    show_default=True,
    help="How many at most.",
)
@click.option("--after", help="Go on behind this place; the list's end says which.")
@click.option(
    "--decided", is_flag=True, help="What was decided, newest first, instead of what is open."
)
@click.option("--by", "author", default="", help="Who decides; kept with the decision.")
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option(
    "--until", metavar="DATE", help="Last day on which the decision holds, such as 2027-03-31."
)
@click.option("--date", metavar="DATE", help="The true date of a confirmed move.")
@click.option("--company", help="The true new company of a confirmed move: name, domain or ID.")
@click.option("--again", is_flag=True, help="Replace an answer that stands.")
@json_option
# click passes the options as they are declared here: of every type.
def review(
    portal_id: int,
    act: tuple[str, ...],
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """List what a person should decide, and decide it.

    The question on which most money hangs comes first. `decide ID VERB` answers one: VERB is same,
    different, confirm, reject, pick:CONTACT, dismiss, or reopen to take an answer back. `split
    CONTACT` separates a contact from the records it counts as one person with. Both need --by and
    --reason. `doubt CONTACT` asks about what counts as sure of a contact: job changes, and
    referrals by name.
    """
    with installed_portal(portal_id) as portal:
        text = _act(portal, act, options, as_json=as_json)
    click.echo(text, nl=not text.endswith("\n"))


def _act(portal: PortalContext, act: Sequence[str], options: Options, *, as_json: bool) -> str:
    """Do what the words of *act* order; return what to print."""
    match act:
        case []:
            return _list(portal, options, as_json=as_json)
        case ["decide", number, verb]:
            return _decide(portal, number, verb, options, as_json=as_json)
        case ["split", contact]:
            return _split(portal, contact, options, as_json=as_json)
        case ["doubt", contact]:
            return _flag(portal, contact, as_json=as_json)
        case _:
            raise Refused(
                f"{' '.join(act)} is no act: say `decide ID VERB`, `split CONTACT` or"
                " `doubt CONTACT`, or nothing for the list"
            )


def _list(portal: PortalContext, options: Options, *, as_json: bool) -> str:
    kind, after, limit = options["kind"], options["after"], options["limit"]
    if options["decided"]:
        before = None if after is None else _number(after)
        decided = reading.decisions(portal, kind=kind, before=before, limit=limit)
        return json_text(decided) if as_json else _decided_table(decided, portal.portal_id)
    listed = reading.open_tasks(portal, kind=kind, after=after, limit=limit)
    return json_text(listed) if as_json else _open_table(listed, portal.portal_id)


def _decide(
    portal: PortalContext, number: str, text: str, options: Options, *, as_json: bool
) -> str:
    verb, pick = _verb(text)
    answer = Answer(
        verb,
        options["author"],
        options["reason"],
        until=_day(options["until"]),
        pick=pick,
        company=_record(portal, ObjectType.COMPANY, options["company"]),
        day=_day(options["date"]),
        anyway=options["again"],
    )
    decision = answering.decide(portal, _number(number), answer)
    if as_json:
        return json_text(decision)
    return f"Question {number}: {text}. What it concerns is being worked out again."


def _record(portal: PortalContext, object_type: ObjectType, text: str | None) -> int | None:
    """The record that an argument means; None where none was given, which a blank one is not."""
    if text is None:
        return None
    with portal.transaction() as tx:
        record_id = record_choice.choose(tx, object_type, text)
    if record_id is None:
        raise Refused(f"The {object_type} is blank: name it, or leave it out")
    return record_id


def _split(portal: PortalContext, contact: str, options: Options, *, as_json: bool) -> str:
    answer = Answer(
        Verb.DIFFERENT, options["author"], options["reason"], until=_day(options["until"])
    )
    contact_id = _record(portal, ObjectType.CONTACT, contact) or 0
    others = answering.split(portal, contact_id, answer)
    if as_json:
        return json_text({"contact_id": contact_id, "separated_from": others})
    return (
        f"Contact {contact} is another person than {', '.join(map(str, others))}."
        " What it concerns is being worked out again."
    )


def _flag(portal: PortalContext, contact: str, *, as_json: bool) -> str:
    contact_id = _record(portal, ObjectType.CONTACT, contact) or 0
    review_ids = answering.flag(portal, contact_id)
    if as_json:
        return json_text({"contact_id": contact_id, "questions": review_ids})
    return f"Asked: {', '.join(map(str, review_ids))}. What is doubted counts until it is decided."


def _verb(text: str) -> tuple[str, int | None]:
    """Return the verb of an answer and, for "pick:12", the contact that it picks."""
    verb, _, number = text.partition(":")
    if verb != Verb.PICK:
        if number or verb not in set(Verb):
            raise Refused(f"{text} is no answer; it is one of {_verbs()}")
        return verb, None
    if not _RECORD_ID.fullmatch(number):
        raise Refused("Say whom: pick:CONTACT, with the number of one of the candidates")
    return verb, int(number)


def _verbs() -> str:
    return " | ".join("pick:CONTACT" if verb is Verb.PICK else verb for verb in Verb)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no date; write it like 2027-03-31") from None


def _number(text: str) -> int:
    if not _RECORD_ID.fullmatch(text):
        raise Refused(
            f"{text} is no number; `second-order review PORTAL` lists questions with theirs"
        )
    return int(text)


def _open_table(listed: Json, portal_id: int) -> str:
    if not listed["questions"]:
        of_kind = " of this kind" if sum(listed["open"].values()) else ""
        return f"Nothing to decide{of_kind}."
    table = Table("ID", "Kind", "At stake", "Sure", "Question, evidence, answers", show_lines=True)
    for question in listed["questions"]:
        table.add_row(
            str(question["id"]),
            question["kind"],
            _stake(question),
            likelihood(question["confidence"]),
            escape("\n".join(_question_lines(question))),
        )
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(listed["open"].items()))
    following = f"second-order review {portal_id} --after {listed['next']}"
    return _printed(table, f"Open: {counts}.", f"More: {following}" if listed["next"] else "")


def _question_lines(question: Json) -> list[str]:
    return [
        question["text"],
        *(
            f"  {record['name']}, {record['object_type']} {record['record_id']}"
            for record in question["records"]
        ),
        *(f"- {reason}" for reason in question["evidence"]),
        *(
            f"  pick:{contact['contact_id']} {contact['name']}"
            for contact in question["candidates"]
        ),
        f"({' | '.join(question['verbs'])})",
    ]


def _decided_table(listed: Json, portal_id: int) -> str:
    if not listed["decisions"]:
        return "Nothing was decided yet."
    table = Table("When", "Question", "Answer", "By", "Why", "Holds until", show_lines=True)
    for decision in listed["decisions"]:
        number = f"{decision['review_id']}: " if decision["review_id"] else ""
        table.add_row(
            moment(decision["decided_at"]),
            escape(number + decision["text"]),
            _answer(decision),
            escape(decision["author_name"]),
            escape(decision["reason"]),
            _end(decision),
        )
    following = f"second-order review {portal_id} --decided --after {listed['next']}"
    return _printed(table, f"More: {following}" if listed["next"] else "")


def _answer(decision: Json) -> str:
    details = [str(decision[name]) for name in ("pick", "company", "date") if decision[name]]
    return " ".join([decision["verb"], *details])


def _end(decision: Json) -> str:
    if decision["has_ended"]:
        return "ended"
    if not decision["is_newest"]:
        return "replaced"
    return day(decision["until"]) if decision["until"] else "for good"


def _stake(question: Json) -> str:
    currency, minor = question["stake_currency"], question["stake_minor"]
    return money(minor, currency) if minor and currency else "-"


def _printed(table: Table, *lines: str) -> str:
    console = Console()
    with console.capture() as capture:
        console.print(table)
        for line in lines:
            if line:
                console.print(line, soft_wrap=True, markup=False)
    return capture.get()
