"""Pictures of the main pages, light and dark, taken of the demo; docs/screens.md shows them.

`python -m tests.pictures` runs the demo, takes them anew and writes the page.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import demo
from tests.demo_report import Report
from tests.devtools import Tab, led_browser
from tests.world import HARBOR

DOCS = Path(__file__).parents[1] / "docs"
FOLDER, PAGE = DOCS / "images" / "screens", DOCS / "screens.md"
WIDTH, HEIGHT = 1280, 860
SCHEMES = ("light", "dark")
_QUALITY = 72
_HEAD = """# The pages

Each as the demo shows it (`make demo`), light and dark as the reader's system is set. Made by `python -m tests.pictures`.
"""


@dataclass(frozen=True)
class Picture:
    """A page to show: the name of its file, what it is called, what it is for, and where it is."""

    name: str
    title: str
    about: str
    path: Callable[[Report], str]


def _page(path: str) -> Callable[[Report], str]:
    return lambda _: path


PICTURES: Sequence[Picture] = (
    Picture(
        "overview",
        "Overview",
        "What customers led to in a period, what changed since the one before and why, and what is still open.",
        _page("?period=all"),
    ),
    Picture(
        "report",
        "A report",
        "Built by choosing; its address is the report, and every number opens the deals behind it.",
        _page("reports?measure=booked&measure=deals&by=source&by=year&period=all"),
    ),
    Picture(
        "reconciliation",
        "Reconciliation",
        "What HubSpot says was won, and what of it is in the books, to the cent.",
        _page("reconciliation?month=2026-04"),
    ),
    Picture(
        "tree",
        "Who brought whom",
        "Customers who brought customers, as a tree or as a table.",
        lambda report: f"tree/contact/{report.best_champion()}",
    ),
    Picture(
        "deals",
        "Deals",
        "Every number leads to a list like this one; each filter stands in the address.",
        _page("deals?state=won&sort=-booked"),
    ),
    Picture(
        "deal",
        "A deal",
        "Who led to it, how sure that is and why, and books that add up on the page.",
        lambda report: f"deal/{report.best_deal()}",
    ),
    Picture(
        "person",
        "A person",
        "One relationship, two accounts: the story of a champion who moved.",
        lambda report: f"contact/{report.best_champion()}",
    ),
    Picture(
        "asks",
        "Whom to ask",
        "Whom to ask for a referral today, for what and why now, with the message and what is at stake.",
        _page("asks"),
    ),
    Picture(
        "customers",
        "Health",
        "Every customer's health, how much of it is known, what changed, and who was not in touch.",
        _page("customers"),
    ),
    Picture(
        "sentiment",
        "Sentiment",
        "What customers say, with intervals; too few answers make no number.",
        _page("sentiment"),
    ),
    Picture(
        "back-test",
        "Back-test",
        "What the scores said a year ago, and what came; a score that tells nothing is called so.",
        _page("back-test"),
    ),
    Picture(
        "board",
        "Board numbers",
        "Retention, earned growth, lifetime value and what customers bring, each with what it rests on.",
        _page("board"),
    ),
    Picture("find", "Find", "Anybody, by half a name.", _page("find?q=mar")),
    Picture(
        "review", "Review", "What is doubtful is asked, the most money first.", _page("review")
    ),
    Picture("users", "Users", "Who may do what, handed out by an admin.", _page("users")),
)


def main() -> int:
    """Run the demo, take all pictures and write their page."""
    with demo.running("shipped", 1.0) as (app, report):
        if not demo.enrich(app, report):
            return 1
        demo.hear_of_success(app, report)
        report.hubspot.quirks.approve_at_once = True
        FOLDER.mkdir(exist_ok=True)
        with (
            tempfile.TemporaryDirectory() as folder,
            led_browser(Path(folder)) as browser,
            browser.tab() as tab,
        ):
            for name, picture in taken(tab, report):
                (FOLDER / name).write_bytes(picture)
    PAGE.write_text(page(), "utf-8")
    return 0


def taken(tab: Tab, report: Report) -> Iterator[tuple[str, bytes]]:
    """Each picture with the name of its file."""
    home = f"{report.app.url}/portals/{HARBOR}/"
    tab.resize(WIDTH, HEIGHT)
    tab.go(f"{report.app.url}/signin?next=/portals/{HARBOR}/")
    for picture in PICTURES:
        tab.go(f"{home}{picture.path(report)}")
        for scheme in SCHEMES:
            tab.prefer(color_scheme=scheme, reduced_motion="reduce")
            yield file_name(picture, scheme), tab.picture(kind="webp", quality=_QUALITY)


def file_name(picture: Picture, scheme: str) -> str:
    return f"{picture.name}-{scheme}.webp"


def page() -> str:
    """The text of docs/screens.md."""
    return "\n".join([_HEAD, *map(_section, PICTURES)])


def _section(picture: Picture) -> str:
    light, dark = (f"images/screens/{file_name(picture, scheme)}" for scheme in SCHEMES)
    return f"""## {picture.title}

{picture.about}

<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}"><img src="{light}" width="{WIDTH}" alt="{picture.title}: {picture.about}"></picture>
"""


if __name__ == "__main__":
    sys.exit(main())
