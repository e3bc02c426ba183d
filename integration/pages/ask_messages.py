"""Messages to people who are to be asked, in their language: prepared, to be copied and changed.

They say only what is known. We never send them.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from integration.pages import figures, languages
from integration.pages.texts import gettext as _
from integration.pages.texts import marked
from integration.success.ask_list import AskLine
from mappings.kinds import AskKind, ReminderKind, WinKind
from mappings.rules.success import reminders
from mappings.rules.success.acquaintances import Target, Tie
from mappings.rules.success.wins import Win

# Countries in which most people write German, as CRMs call them. Of others we do not guess.
_GERMAN: Final = frozenset({"germany", "deutschland", "de", "austria", "österreich", "at"})
_WINS: Final[Mapping[WinKind, str]] = {
    WinKind.GOAL: marked("you reached a goal on %(day)s. Congratulations!"),
    WinKind.MILESTONE: marked("you reached a milestone on %(day)s. Congratulations!"),
    WinKind.ONBOARDING: marked("you were up and running on %(day)s. Thank you for the start!"),
    WinKind.RENEWAL: marked("thank you for renewing with us on %(day)s."),
    WinKind.EXPANSION: marked("thank you for your order of %(day)s."),
    WinKind.PROMOTER: marked("thank you for your answer to our survey on %(day)s."),
    WinKind.REVIEW: marked("thank you for your review of %(day)s."),
    WinKind.CASE_STUDY: marked("thank you for the case study of %(day)s."),
    WinKind.QUOTE: marked("thank you for your words of %(day)s."),
    WinKind.TICKET: marked("I am glad that your request of %(day)s could be solved."),
    WinKind.USAGE_RECORD: marked("you used our product more than ever on %(day)s. Thank you!"),
    WinKind.PRAISE: marked("thank you for your kind words of %(day)s."),
}


def language_of(line: AskLine) -> str:
    """The language to write to somebody in: by their country if that tells, else the reader's."""
    return "de" if line.country.casefold() in _GERMAN else languages.language()


def message(line: AskLine, code: str) -> str:
    """What to write to somebody, in a language that pages speak."""
    with languages.in_language(code):
        return "\n\n".join(_paragraphs(line))


def note(kind: ReminderKind, outcome: str, first_name: str) -> str:
    """What to write in answer to a reminder, in the reader's language."""
    greeting = _("Hello %(name)s,", name=first_name) if first_name else _("Hello,")
    said = _THANKS.get(outcome) or _NOTES[kind]
    return f"{greeting}\n\n{_(said)}"


_THANKS: Final[Mapping[str, str]] = {
    reminders.WON: marked(
        "you introduced us to somebody, and they decided for us. I wanted you to hear it first:"
        " thank you very much!"
    ),
    reminders.LOST: marked(
        "you introduced us to somebody, and it did not come to anything this time. Thank you all"
        " the same!"
    ),
    reminders.OPENED: marked(
        "you introduced us to somebody, and something may come of it. Thank you very much; I will"
        " tell you what becomes of it."
    ),
}
_NOTES: Final[Mapping[ReminderKind, str]] = {
    ReminderKind.TELL: marked("thank you for introducing us."),
    ReminderKind.SAVE: marked(
        "I hear that you are moving on. Thank you for the time together! Who takes over from you?"
    ),
    ReminderKind.WELCOME: marked(
        "congratulations on your new job! I would be glad to hear what you have in mind there."
    ),
    ReminderKind.SUCCESSOR: marked(
        "we have not met yet: I look after your company with us. May I introduce myself in a short"
        " call?"
    ),
}


def _paragraphs(line: AskLine) -> Iterator[str]:
    greeting = _("Hello %(name)s,", name=line.first_name) if line.first_name else _("Hello,")
    yield f"{greeting}\n\n{_opening(line.win)}"
    yield _request(line)
    yield _("It is quite all right to say no.")


def _opening(win: Win | None) -> str:
    if win is None:
        return _("thank you for working with us.")
    return _(_WINS[win.kind], day=figures.day(win.at))


def _request(line: AskLine) -> str:
    target = line.choice.target
    if line.choice.kind == AskKind.INTRODUCTION and target is not None:
        return " ".join([_acquaintance(target), _introduction(target)])
    if line.choice.kind == AskKind.REFERRAL:
        return _referral(line.job_title)
    return _(_REQUESTS[line.choice.kind])


def _acquaintance(target: Target) -> str:
    parts = {"name": target.name, "company": target.company}
    if target.tie == Tie.MET:
        return _(
            "We met on %(day)s together with %(name)s of %(company)s.",
            day=figures.day(target.at),
            **parts,
        )
    return _(
        "I believe that you know %(name)s, now at %(company)s, from your time at %(where)s.",
        where=target.where,
        **parts,
    )


def _introduction(target: Target) -> str:
    return _(
        "May I ask you to introduce us to %(name)s? A short mail to both of us is enough; I can"
        " send you a draft to forward.",
        name=target.name,
    )


def _referral(job_title: str) -> str:
    if job_title:
        return _(
            "Do you know one person who does what you do (%(title)s) at another company, and whom"
            " we could help, too? A short mail to both of us is enough; I can send you a draft to"
            " forward.",
            title=job_title,
        )
    return _(
        "Do you know one person who does what you do at another company, and whom we could help,"
        " too? A short mail to both of us is enough; I can send you a draft to forward."
    )


_REQUESTS: Final[Mapping[AskKind, str]] = {
    AskKind.INTRODUCTION: marked(
        "May I ask you to introduce us to somebody whom we could help, too? A short mail to both"
        " of us is enough."
    ),
    AskKind.REFERENCE: marked(
        "Would you talk for a quarter of an hour with somebody who is about to decide for us? You"
        " would know beforehand who it is, and what they would like to ask."
    ),
    AskKind.CASE_STUDY: marked(
        "May we tell your story as a case study? I would ask you for half an hour, and nothing is"
        " published that you have not read and agreed to."
    ),
    AskKind.REVIEW: marked(
        "Would you say so in public, in a short review? It helps others to decide, and takes five"
        " minutes."
    ),
}
