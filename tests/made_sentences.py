"""Sentences that rules and use cases make, as catalogues hold them: f-strings with named places."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
# What says sentences that pages show.
SPEAKERS: Final = (
    "integration/admin/account_time.py",
    "integration/admin/holding_back.py",
    "integration/admin/install.py",
    "integration/admin/invitations.py",
    "integration/admin/move_window.py",
    "integration/admin/operations.py",
    "integration/admin/overwriting.py",
    "integration/admin/preview.py",
    "integration/admin/program_settings.py",
    "integration/admin/reward_log.py",
    "integration/admin/roles.py",
    "integration/admin/settings_changes.py",
    "integration/admin/settings_effects.py",
    "integration/admin/setup_answers.py",
    "integration/admin/uninstall.py",
    "integration/conclude/deals/deal_evidence.py",
    "integration/conclude/fields/company_asks.py",
    "integration/conclude/fields/health_feeds.py",
    "integration/conclude/overrides.py",
    "integration/conclude/task_builders.py",
    "integration/ingest/answer_uploads.py",
    "integration/ingest/customer_question.py",
    "integration/ingest/stream_labels.py",
    "integration/pages/health_forms.py",
    "integration/pages/period_choice.py",
    "integration/pages/users_page.py",
    "integration/portal/connection.py",
    "integration/portal/contact_caps.py",
    "integration/portal/holds.py",
    "integration/portal/inbound_keys.py",
    "integration/portal/record_choice.py",
    "integration/portal/settings.py",
    "integration/portal/survey_sources.py",
    "integration/reports/board_periods.py",
    "integration/reports/board_rows_shown.py",
    "integration/reports/bookkeeping.py",
    "integration/reports/digests.py",
    "integration/reports/ledger_changes.py",
    "integration/reports/ledger_lines.py",
    "integration/reports/listings/list_requests.py",
    "integration/reports/report.py",
    "integration/reports/report_figures.py",
    "integration/reports/saved_reports.py",
    "integration/review/answer_details.py",
    "integration/review/answering.py",
    "integration/review/answers.py",
    "integration/review/health_deciding.py",
    "integration/review/questions.py",
    "integration/review/reading.py",
    "integration/review/review_kinds.py",
    "integration/success/ask_reminders.py",
    "integration/success/asking.py",
    "integration/success/unmatched.py",
    "mappings/records/answer_columns.py",
    "mappings/records/delimited_files.py",
    "integration/success/costs.py",
    "integration/success/unmatched.py",
    "mappings/records/cost_entries.py",
    "mappings/records/detection/choosing.py",
    "mappings/records/detection/evidence.py",
    "mappings/records/detection/map_questions.py",
    "mappings/records/detection/wishes.py",
    "mappings/records/map_guesses.py",
    "mappings/records/portal_words.py",
    "mappings/records/report_request.py",
    "mappings/records/report_view.py",
    "mappings/records/score_samples.py",
    "mappings/records/text_sources.py",
    "mappings/rules/attribution/arrivals.py",
    "mappings/rules/attribution/decisions.py",
    "mappings/rules/attribution/sources.py",
    "mappings/rules/identity/circumstances.py",
    "mappings/rules/identity/linkage.py",
    "mappings/rules/identity/match_weights.py",
    "mappings/rules/identity/name_evidence.py",
    "mappings/rules/job_changes/champions.py",
    "mappings/rules/job_changes/moves.py",
    "mappings/rules/job_changes/signals.py",
    "mappings/rules/job_changes/successors.py",
    "mappings/rules/ledger/money.py",
    "mappings/rules/ledger/periods.py",
    "mappings/rules/ledger/report_period.py",
    "mappings/rules/ledger/rewards.py",
    "mappings/rules/referrals/introductions.py",
    "mappings/rules/referrals/personal_links.py",
    "mappings/rules/referrals/referrals.py",
    "mappings/rules/success/acquaintances.py",
    "mappings/rules/success/ask_choice.py",
    "mappings/rules/success/contact_cap.py",
    "mappings/rules/success/health.py",
    "mappings/rules/success/health_course.py",
    "mappings/rules/success/health_factors.py",
    "mappings/rules/success/win_sources.py",
    "mappings/rules/success/health_override.py",
    "mappings/rules/success/readiness.py",
    "mappings/rules/success/reminders.py",
)
# Sentences that are put together from pieces. What a place in capitals holds is a figure.
COMPOSED: Final = (
    "%(story)s: %(SURE)s, %(SHARE)s of the credit",
    "%(person)s of %(company)s recommended us",
    "%(person)s of %(company)s recommended us on %(DAY)s",
    "%(person)s of %(company)s recommended us on %(DAY)s, %(DAYS)s before this deal opened",
    "%(person)s of %(company)s recommended us on %(DAY)s, %(DAYS)s before this deal opened, %(how)s",
    "%(person)s of %(company)s recommended us on %(DAY)s, while this deal was open",
    "%(person)s of %(company)s recommended us on %(DAY)s, while this deal was open, %(how)s",
    "%(person)s left %(company)s, a customer then, and %(part)s",
    "%(person)s left %(company)s, a customer then, by %(DAY)s and %(part)s",
    "%(person)s left %(company)s by %(DAY)s and %(part)s",
    "%(person)s left %(company)s by %(DAY)s, where they %(stood)s, and %(part)s",
    "%(person)s left %(company)s, where they %(stood)s, and %(part)s",
    "%(person)s left %(company)s by %(DAY)s: %(SURE)s",
    "%(person)s left %(company)s for %(other)s by %(DAY)s: %(SURE)s",
    "%(person)s at %(company)s, a customer",
    "was on this deal %(DAYS)s before it opened",
    "was on this deal when it opened",
    "was on this deal when it opened, %(DAYS)s later",
    "was on this deal when it opened, the same day",
    "was on this deal without a role",
    "came to this company",
    "had a key role on this deal",
    "had a key role on this deal, from %(DAY)s",
    "was in %(meetings)s meetings while it was open",
    "was in %(meetings)s meetings while it was open, from %(DAY)s",
    "had been on a won deal",
    "had been a contact on a deal",
    "had been %(role)s on a won deal",
    "gave us %(score)s on %(DAY)s",
    "administered the product",
    "by the association on the record",
    "by a tracked code",
    "by the referred-by field",
    "by an introduction e-mail",
    "named in an answer",
    "named in a note",
    "%(who)s heard of us by word of mouth",
    "%(who)s heard of us by word of mouth on %(DAY)s",
    "%(who)s heard of us by word of mouth on %(DAY)s, %(DAYS)s before this deal opened",
    "%(who)s heard of us by word of mouth on %(DAY)s, %(DAYS)s before this deal opened (%(quote)s)",
    "%(who)s heard of us by word of mouth on %(DAY)s, while this deal was open",
    "%(who)s heard of us by word of mouth on %(DAY)s, while this deal was open (%(quote)s)",
    "%(who)s heard of us from %(other)s on %(DAY)s, %(DAYS)s before this deal opened (%(quote)s)",
    "%(who)s heard of us from %(other)s on %(DAY)s, while this deal was open (%(quote)s)",
    "heard of us: %(quote)s",
    "heard of us from %(other)s: %(quote)s",
    "somebody of %(company)s",
    "somebody on this deal",
    "somebody whose name is not known",
    "No customer is known to have led to this deal.",
    "And %(number)s more",
    "moved champion: %(sign)s",
    "referral: %(sign)s",
    "word of mouth: %(sign)s",
    "%(name)s: %(MONEY)s booked (%(SHARE)s of the deal)",
    "%(name)s: %(MONEY)s booked",
    "%(person)s of %(company)s: %(MONEY)s booked (%(SHARE)s of the deal)",
    "%(person)s of %(company)s: %(MONEY)s booked",
    "%(person)s of %(company)s: %(MONEY)s taken back",
    "first order",
    "moved champion",
    "referral",
    "word of mouth",
    "hours",
    "Did %(person)s leave %(former)s for %(new)s by %(DAY)s?",
    "Did %(person)s leave %(former)s for %(new)s?",
    "%(name)s: %(MONEY)s taken back",
    "first order: %(MONEY)s booked (%(SHARE)s of the deal)",
    "first order: %(MONEY)s booked",
    "first order: %(MONEY)s taken back",
    "the deal %(what)s",
    "%(DAY)s: The deal %(what)s: %(MONEY)s",
    "the deal was judged anew by settings version %(version)s",
    "automation changed the company to %(company)s on %(DAY)s",
    "automation changed the company to %(company)s and the address on %(DAY)s",
    "an import changed the company to %(company)s on %(DAY)s",
    "an import changed the company to %(company)s and the address on %(DAY)s",
    "an import changed the company to %(company)s, name and link, on %(DAY)s",
    "a user changed the company to %(company)s on %(DAY)s",
    "a user changed the company to %(company)s on %(DAY)s; the person may work there from outside",
    "the e-mail address changed from %(before)s to %(after)s on %(DAY)s",
    "the record of %(company)s got an address at %(other)s on %(DAY)s",
    'the record names "%(said)s"',
    'the answer "%(said)s" names a customer',
    'is labelled "%(label)s"',
    "was on %(number)s won deals",
    "was a contact on %(number)s deals",
    "a champion",
    "renewal on %(DAY)s",
    "renewal overdue since %(DAY)s",
    "last two-way touch %(DAY)s",
    "%(contacts)s active in %(NUMBER)s days",
    "adoption: %(because)s",
    "relationship: %(because)s",
    "sentiment: %(because)s",
    "support: %(because)s",
    "commercial: %(because)s",
)
_WORDS = re.compile(r"[^\W\d_]{2,}[,.:;']? [^\W\d_]{2,}")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}\W.*[^\W\d_]{2,}", re.DOTALL)
_FORMAT = re.compile(r"\{(\w+)\}")  # a part of a text that str.format fills
_LOGS = "_log"
# Calls whose texts nobody reads on a page: patterns, and names of work.
_SILENT = frozenset({"compile", "get", "lock"})
# Names of commands' arguments and of locks, which nobody reads on a page.
_NOT_SAID = frozenset(
    {"command line", "not any", "not code", "set-up broke off", "%(NUMBER)s won deals"}
)
_FIGURES = {
    "amount": "MONEY",
    "count": "NUMBER",
    "day": "DAY",
    "exact_percent": "SHARE",
    "len": "NUMBER",
    "likelihood": "SURE",
    "moment": "MOMENT",
    "money": "MONEY",
    "month": "MONTH",
    "percent": "SHARE",
    "sure": "SURE",
}
_PLAIN = frozenset({"str", "len", "in_words", "join", "map", "sorted", "strip", "sum", "value"})


def sentences(source: str) -> Iterator[str]:
    """Yield the texts of a module that read like words; the parts of an f-string as places."""
    tree = ast.parse(source)
    silent = _silent(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.JoinedStr):
            text, words = _pattern(node), _TWO_WORDS
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text, words = _FORMAT.sub(r"%(\1)s", node.value), _WORDS
        else:
            continue
        if text not in _NOT_SAID and "{" not in text and words.search(_without_places(text)):
            yield text.strip()


def of_speakers() -> Iterator[str]:
    """Yield every such text of the modules that pages quote, and those put together."""
    for place in SPEAKERS:
        yield from sentences((ROOT / place).read_text())
    yield from COMPOSED
    for path in sorted((ROOT / "integration").rglob("*.py")):
        yield from _deeds(path.read_text())


def _deeds(source: str) -> Iterator[str]:
    """What the audit trail says that somebody did: the third part of each note."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "note":
            continue
        deed = node.args[2] if len(node.args) > 2 else None
        # A branch may say either; a part that stands elsewhere is collected there.
        for part in ast.walk(deed) if deed is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value.strip()


def _silent(tree: ast.Module) -> set[int]:
    """Docstrings, logs, keys, and the constants inside f-strings, which stand in their pattern."""
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_silent(node.func):
            silent |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
    return silent


def _is_silent(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value
    return function.attr in _SILENT or (isinstance(owner, ast.Name) and owner.id == _LOGS)


def _pattern(text: ast.JoinedStr) -> str:
    """The f-string with a named place for each part; the same part has the same name."""
    names: dict[str, str] = {}
    written = ""
    for part in text.values:
        if isinstance(part, ast.Constant):
            written += str(part.value).replace("%", "%%")
        elif isinstance(part, ast.FormattedValue):
            written += f"%({_name(part, names)})s"
    return written


def _name(place: ast.FormattedValue, names: dict[str, str]) -> str:
    said = ast.unparse(place.value)
    words = [
        word for word in re.findall(r"[a-z_]{2,}", _outside_quotes(said)) if word not in _PLAIN
    ]
    base = _figure(place) or (words[-1] if words else "part").strip("_") or "part"
    name, number = base, 2
    while names.setdefault(name, said) != said:
        name, number = f"{base}{number}", number + 1
    return name


def _figure(place: ast.FormattedValue) -> str:
    """What a place is called that holds a figure: these names tell a page what may stand there."""
    if place.format_spec is not None and "," in ast.unparse(place.format_spec):
        return "NUMBER"
    if not isinstance(place.value, ast.Call):
        return ""
    function = place.value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return _FIGURES.get(name, "")


def _outside_quotes(code: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", code)


def _without_places(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "\x00", text)
