"""The README's picture: a deal as HubSpot's users see it, taken of the demo that measured the figures."""

import tempfile
from pathlib import Path

from tests.chromium import CHROMIUM, Browser
from tests.demo_report import Report

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "enriched-deal.png"
WIDTH, HEIGHT = 1280, 880


def write(report: Report) -> bool:
    """Take the picture of the won deal with which a moved champion brought most; False without Chromium."""
    if CHROMIUM is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_bytes(take(Browser(Path(folder)), report.best_deal_address()))
    return True


def take(browser: Browser, address: str) -> bytes:
    """A picture of the page at *address* as a PNG, in the size in which the README shows it."""
    return browser.picture(address, width=WIDTH, height=HEIGHT)
