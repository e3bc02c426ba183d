"""The finishing of a drawn chart: named for screen readers, patterned, fit for a page."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Final

from integration.pages.charts.labels import clean
from integration.pages.charts.themes import Theme

_SVG: Final = "http://www.w3.org/2000/svg"
_TEXT: Final = "font-family"
# A tile of 8 by 8 pixels for each series but the first: lines and dots of paper on its colour.
_TILES: Final = (
    "",
    "M-1,9L9,-1M-1,1L1,-1M7,9L9,7",
    "M2,2h2v2h-2zM6,6h2v2h-2z",
    "M-1,-1L9,9M7,-1L9,1M-1,7L1,9",
    "M0,2h8M0,6h8",
    "M2,0v8M6,0v8",
)


def fills(theme: Theme, prefix: str) -> list[str]:
    """Return what fills each series: its colour, or the pattern of this picture with it."""
    return [
        f"url(#{prefix}-{number})" if tile else theme.series[number]
        for number, tile in enumerate(_TILES)
    ]


def finished(
    picture: str, theme: Theme, prefix: str, title: str, description: str, *, series: int
) -> str:
    """Return a drawn picture as one that stands in a page, or alone.

    It has a title and a description under ids that begin with *prefix*, and no style, script or
    address. What the pointer says of a mark is its title.
    """
    ET.register_namespace("", _SVG)
    root = ET.fromstring(picture)  # noqa: S314 - drawn here a moment ago
    for element in root.iter():
        _simplify(element)
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{prefix}-title {prefix}-text",
        # An Arabic page would otherwise turn around which end of a label is its anchor.
        "direction": "ltr",
    }
    if theme.font:
        root.set(_TEXT, theme.font)
    root[:0] = list(_head(theme, prefix, clean(title), clean(description), series))
    return ET.tostring(root, encoding="unicode")


def _head(
    theme: Theme, prefix: str, title: str, description: str, series: int
) -> Iterator[ET.Element]:
    for tag, name, text in (("title", "title", title), ("desc", "text", description)):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{prefix}-{name}"})
        element.text = text
        yield element
    yield _patterns(theme, prefix, _TILES[:series])


def _patterns(theme: Theme, prefix: str, tiles: Sequence[str]) -> ET.Element:
    definitions = ET.Element(f"{{{_SVG}}}defs")
    size = {"width": "8", "height": "8"}
    for number, tile in enumerate(tiles):
        if tile:
            made = {"id": f"{prefix}-{number}", "patternUnits": "userSpaceOnUse", **size}
            pattern = ET.SubElement(definitions, f"{{{_SVG}}}pattern", made)
            ET.SubElement(pattern, f"{{{_SVG}}}rect", {**size, "fill": theme.series[number]})
            lines = {"d": tile, "stroke": theme.paper, "stroke-opacity": "0.55", "fill": "none"}
            ET.SubElement(pattern, f"{{{_SVG}}}path", lines)
    return definitions


def _simplify(element: ET.Element) -> None:
    """Leave out what only repeats: roles inside of an image, fonts that are the page's own."""
    said = element.attrib.pop("aria-label", None)
    is_mark = element.attrib.get("aria-roledescription") in {"bar", "point"}
    for name in [*element.attrib]:
        if name in {"role", "class", "style", _TEXT} or name.startswith("aria-"):
            del element.attrib[name]
    if said and is_mark:
        title = ET.Element(f"{{{_SVG}}}title")
        title.text = said
        element.insert(0, title)
