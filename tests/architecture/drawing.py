"""The plan as an SVG: tiers from top to bottom, whoever stands higher may use what lies below."""

import textwrap
from collections.abc import Iterator
from xml.sax.saxutils import escape

from tests.architecture.plan import Room, Tier, house, rooms

WIDTH = 1120
_GAP = 12
_SIDE = 210  # the margin on the right, for what is outside
_LINE = 15
_LETTERS_A_LINE = 6.1  # pixels a letter of the small print takes, on average

# What a notification passes on its way to a written field, in this order.
_STEPS = {
    "webhooks": "1 keep",
    "ingest": "2 split, fetch",
    "conclude": "3 think",
    "writeback": "4 write back",
}
_OUTSIDE = {
    "hubspot": "HubSpot",
    "storage": "PostgreSQL",
    "core": "Valkey (wake-ups only)",
    "pages": "people, in a browser",
    "webhooks": "HubSpot, surveys",
    "commands": "operators",
}
_STYLE = """
text { font-family: system-ui, sans-serif; fill: #1d2733 }
.name { font-size: 15px; font-weight: 600 }
.says, .outside { font-size: 11.5px; fill: #4a5866 }
.step { font-size: 11.5px; font-weight: 600; fill: #ffffff }
.room { fill: #ffffff; stroke: #8794a3 }
.house { fill: #eef2f6; stroke: #c3ccd6 }
.badge { fill: #0b6e69 }
"""


def svg() -> str:
    """The whole picture as the text of an SVG file."""
    parts: list[str] = []
    top = float(_GAP)
    for tier in house():
        if tier[0].name == "integration":
            drawn, top = _house(tier[0], top)
        else:
            drawn, top = _row(tier, top, _GAP, WIDTH - _SIDE - _GAP)
        parts += drawn
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" role="img"'
        ' aria-label="The rooms of the code, the highest on top">'
    )
    background = f'<rect width="{WIDTH}" height="{top:g}" fill="#ffffff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", background, *parts, "</svg>", ""])


def _house(package: Room, top: float) -> tuple[list[str], float]:
    """The package that has rooms of its own, with its tiers inside."""
    inside: list[str] = []
    bottom = top + 34
    for tier in rooms():
        drawn, bottom = _row(tier, bottom, 2 * _GAP, WIDTH - _SIDE - 2 * _GAP)
        inside += drawn
    width = WIDTH - _SIDE - 2 * _GAP
    frame = f'<rect class="house" x="{_GAP}" y="{top:g}" width="{width}" height="{bottom - top:g}" rx="8"/>'
    title = _text("name", 2 * _GAP, top + 22, package.name)
    says = _text("says", 2 * _GAP + 96, top + 22, package.says)
    return [frame, title, says, *inside], bottom + _GAP


def _row(tier: Tier, top: float, left: float, right: float) -> tuple[list[str], float]:
    """One tier: its rooms side by side, as high as the one that has most to say."""
    width = (right - left - _GAP * (len(tier) - 1)) / len(tier)
    said = [textwrap.wrap(room.says, int((width - 20) / _LETTERS_A_LINE)) for room in tier]
    height = 34 + _LINE * max(len(lines) for lines in said)
    parts: list[str] = []
    for place, (room, lines) in enumerate(zip(tier, said, strict=True)):
        parts += _box(room, lines, left + place * (width + _GAP), top, width, height)
    parts += _outside(tier, right, top)
    return parts, top + height + _GAP


def _box(
    room: Room, lines: list[str], left: float, top: float, width: float, height: float
) -> Iterator[str]:
    yield (
        f'<rect class="room" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>'
    )
    yield _text("name", left + 10, top + 20, room.name)
    for number, line in enumerate(lines):
        yield _text("says", left + 10, top + 38 + number * _LINE, line)
    if room.name in _STEPS:
        yield from _badge(_STEPS[room.name], left + width, top)


def _badge(text: str, right: float, top: float) -> Iterator[str]:
    width = 7 * len(text) + 12
    yield (
        f'<rect class="badge" x="{right - width - 8:g}" y="{top + 6:g}" width="{width}"'
        ' height="19" rx="9"/>'
    )
    yield _text("step", right - width - 1, top + 20, text)


def _outside(tier: Tier, right: float, top: float) -> Iterator[str]:
    """What the rooms of a tier deal with outside of our code."""
    met = [f"{room.name}: {_OUTSIDE[room.name]}" for room in tier if room.name in _OUTSIDE]
    for number, line in enumerate(met):
        yield _text("outside", right + 2 * _GAP, top + 20 + number * _LINE, f"↔ {line}")


def _text(kind: str, left: float, top: float, text: str) -> str:
    return f'<text class="{kind}" x="{left:g}" y="{top:g}">{escape(text)}</text>'
