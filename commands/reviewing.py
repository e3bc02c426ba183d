"""The command that asks people: what is doubtful, the most valuable first, and what they answer."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click
from babel.numbers import format_currency
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.look import AN_ID, as_json, dump, known
from integration.core.errors import Refused
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import open_runtime
from integration.review import answering as asking
from integration.review.answering import Answer
from mappings.records.currencies import digits_of
from mappings.rules.attribution.decisions import VERBS

_VERBS = "same | different | confirm | reject | pick:CONTACT | dismiss | reopen"
_MOST = 1000


@click.command()
@click.argument("portal", type=AN_ID)
@click.argument("act", nargs=-1, metavar="[decide ID VERB | split CONTACT | doubt CONTACT]")
@click.option("--kind", type=click.Choice(tuple(VERBS)), help="Only questions of this kind.")
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
@click.option("--company", type=AN_ID, help="The true new company of a confirmed move.")
@click.option("--again", is_flag=True, help="Replace an answer that stands.")
@as_json
def review(portal: int, act: tuple[str, ...], *, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's options, one by one below
    """List what a person should decide, and decide it.

    The question on which most money hangs comes first. `decide ID VERB` answers one: VERB is same,
    different, confirm, reject, pick:CONTACT, dismiss, or reopen to take an answer back. `split
    CONTACT` separates a contact from the records it counts as one person with. Both need --by and
    --reason. `doubt CONTACT` asks about what counts as sure of a contact: job changes, and
    referrals by name.
    """
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        if not act:
            told = _list(context, given, as_json=as_json)
        elif act[0] == "decide" and len(act) == _WORDS_OF_DECIDE:
            told = _decide(context, act[1], act[2], given, as_json=as_json)
        elif act[0] == "split" and len(act) == _WORDS_OF_SPLIT:
            told = _split(context, act[1], given, as_json=as_json)
        elif act[0] == "doubt" and len(act) == _WORDS_OF_SPLIT:
            told = _doubt(context, act[1], as_json=as_json)
        else:
            raise Refused(
                f"{' '.join(act)} is no act: say `decide ID VERB`, `split CONTACT` or `doubt CONTACT`,"
                " or nothing for the list"
            )
    click.echo(told, nl=not told.endswith("\n"))


Given = Mapping[str, Any]
_WORDS_OF_DECIDE, _WORDS_OF_SPLIT = 3, 2


def _list(context: PortalContext, given: Given, *, as_json: bool) -> str:
    kind, after, limit = given["kind"], given["after"], given["limit"]
    if given["decided"]:
        before = None if after is None else _number(after)
        decided = asking.history(context, kind=kind, before=before, limit=limit)
        return dump(decided) if as_json else _decided_table(decided, context.portal_id)
    found = asking.listing(context, kind=kind, after=after, limit=limit)
    return dump(found) if as_json else _open_table(found, context.portal_id)


def _decide(context: PortalContext, number: str, verb: str, given: Given, *, as_json: bool) -> str:
    word, pick = _verb(verb)
    answer = Answer(
        word, given["author"], given["reason"], _day(given["until"]), pick, given["company"], _day(given["date"]),
        anyway=given["again"],
    )  # fmt: skip
    done = asking.decide(context, _number(number), answer)
    return (
        dump(done)
        if as_json
        else f"Question {number}: {verb}. What it concerns is being concluded anew."
    )


def _split(context: PortalContext, contact: str, given: Given, *, as_json: bool) -> str:
    answer = Answer("different", given["author"], given["reason"], _day(given["until"]))
    others = asking.split(context, _number(contact), answer)
    if as_json:
        return dump({"contact_id": int(contact), "separated_from": others})
    records = ", ".join(str(one) for one in others)
    return f"Contact {contact} is another person than {records}. What it concerns is being concluded anew."


def _doubt(context: PortalContext, contact: str, *, as_json: bool) -> str:
    asked = asking.flag(context, _number(contact))
    if as_json:
        return dump({"contact_id": int(contact), "questions": asked})
    return f"Asked: {', '.join(str(one) for one in asked)}. What is doubted counts until it is decided."


def _verb(text: str) -> tuple[str, int | None]:
    word, _, number = text.partition(":")
    if word != "pick":
        if number or word not in {"same", "different", "confirm", "reject", "dismiss", "reopen"}:
            raise Refused(f"{text} is no answer; it is one of {_VERBS}")
        return word, None
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise Refused("Say whom: pick:CONTACT, with the number of one of the candidates")
    return word, int(number)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no date; write it like 2027-03-31") from None


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(
            f"{text} is no number; `second-order review PORTAL` lists questions with theirs"
        )
    return int(text)


def _open_table(found: Given, portal: int) -> str:
    if not found["questions"]:
        return (
            "Nothing to decide of this kind."
            if sum(found["open"].values())
            else "Nothing to decide."
        )
    table = Table("ID", "Kind", "At stake", "Sure", "Question, evidence, answers", show_lines=True)
    for one in found["questions"]:
        lines = [one["text"], *(f"- {line}" for line in one["evidence"])]
        lines += [f"  pick:{each['contact_id']} {each['name']}" for each in one["candidates"]]
        lines.append(f"({' | '.join(one['verbs'])})")
        table.add_row(
            str(one["id"]),
            one["kind"],
            _money(one),
            f"{one['confidence']:.0%}",
            escape("\n".join(lines)),
        )
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(found["open"].items()))
    more = f"More: second-order review {portal} --after {found['next']}" if found["next"] else ""
    return _printed(table, f"Open: {said}.", more)


def _decided_table(found: Given, portal: int) -> str:
    if not found["decisions"]:
        return "Nothing was decided yet."
    table = Table("When", "Question", "Answer", "By", "Why", "Holds until", show_lines=True)
    for one in found["decisions"]:
        number = f"{one['review_id']}: " if one["review_id"] else ""
        ends = (
            "ended"
            if one["has_ended"]
            else "replaced"
            if not one["is_newest"]
            else str(one["until"] or "for good")
        )
        table.add_row(
            f"{one['decided_at']:%Y-%m-%d %H:%M}", escape(number + one["text"]), _answer(one), escape(one["author"]),
            escape(one["reason"]), ends,
        )  # fmt: skip
    more = (
        f"More: second-order review {portal} --decided --after {found['next']}"
        if found["next"]
        else ""
    )
    return _printed(table, more)


def _printed(table: Table, *lines: str) -> str:
    console = Console()
    with console.capture() as kept:
        console.print(table)
        for line in lines:
            if line:
                console.print(line, soft_wrap=True, markup=False)
    return kept.get()


def _answer(one: Given) -> str:
    more = [str(one[name]) for name in ("pick", "company", "date") if one[name]]
    return " ".join([one["verb"], *more])


def _money(one: Given) -> str:
    digits = digits_of(one["stake_currency"])
    if not one["stake_minor"] or digits is None:
        return "-"
    return format_currency(
        Decimal(one["stake_minor"]).scaleb(-digits), one["stake_currency"], locale="en"
    )
