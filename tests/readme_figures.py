"""The figures of the README, as a demo measured them; `python -m tests.demo --once --readme` writes them there."""

from pathlib import Path

from mappings import formats
from tests.demo_report import Report
from tests.sandbox.truth import Score

README = Path(__file__).parents[1] / "README.md"
SHIPPED, REAL = "the shipped town", "real careers"


def write(report: Report, part: str) -> None:
    """Put what *report* measured in the place of the figures before; all else of the page stays."""
    text = README.read_text(encoding="utf-8")
    figures = _table(report) if part == SHIPPED else _sentence(report)
    README.write_text(replaced(text, part, figures), encoding="utf-8")


def replaced(text: str, part: str, figures: str) -> str:
    """Return *text* with other figures between the two marks of *part*; ValueError without marks."""
    begin, end = f"<!-- figures of {part} -->\n", f"<!-- end of {part} -->"
    before, begin, rest = text.partition(begin)
    _, end, after = rest.partition(end)
    if not end:
        raise ValueError(f"{README.name} has no place for the figures of {part}")
    return f"{before}{begin}{figures}{end}{after}"


def _table(report: Report) -> str:
    seconds, waiting = report.seconds, report.share_of_waiting
    made, least = report.calls
    allowance = report.harbor.allowance
    refused = report.harbor.refused or "none"
    rows = (
        ("imported", report.imported()),
        (
            "until every field was written",
            f"{seconds:.0f} s, {waiting:.0%} of them waiting for HubSpot's rate limit",
        ),
        (
            "API calls",
            (
                f"{made}; HubSpot's page and batch sizes allow no fewer than {least}. At most"
                f" {allowance.peak} in any ten seconds, where {allowance.limit} are allowed;"
                f" {refused} refused"
            ),
        ),
        ("second-order revenue", _total(report)),
        ("job changes, against the true history", _score(report.moves())),
        (
            "deals that came from another customer, against the true history",
            _score(report.tags()["derived"]),
        ),
    )
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


def _sentence(report: Report) -> str:
    made, least = report.calls
    return (
        f"With {report.imported()}, made from real careers, it took {report.seconds:.0f} s,"
        f" {report.share_of_waiting:.0%}\n"
        f"of them waiting for the rate limit, and {made} calls where {least} are the least."
        f" Job changes came out with {_score(report.moves())},\n"
        f"deals that came from a job change with {_score(report.tags()['moved_champion'])}, as"
        " that data labels them.\n"
    )


def _total(report: Report) -> str:
    """The one total: its range, of what it is a part, and how much of that could be judged."""
    total = report.total
    amount, low, high, won = (
        formats.amount(total[name], total["currency"])
        for name in ("second_order", "low", "high", "won")
    )
    judged = total["measurement"]["percent"]
    return (
        f"{amount} ({low} to {high}) of {won} won, {total['rates']}; {judged}% of what was won"
        " could be judged"
    )


def _score(score: Score) -> str:
    return f"precision {score.precision:.3f}, recall {score.recall:.3f}"
