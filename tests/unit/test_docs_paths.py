"""Pages name files that exist: whoever follows a path or a link arrives."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "integration|mappings|webhooks|workers|commands|tests|bench|hubspot_project|docs"
_PATH = re.compile(rf"`((?:{PACKAGES})/[\w/.\-]+)`")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
# Patterns and no paths: what the examples of stored shapes and the catalogues are called.
PATTERNS = {
    "tests/unit/stored_shapes/NAME.VERSION.json",
    "integration/pages/translations/LANGUAGE.po",
}


def pages() -> list[str]:
    folders = ("docs", "tests", "mappings", "hubspot_project")
    found = list(ROOT.glob("*.md"))
    for folder in folders:
        found += (ROOT / folder).rglob("*.md")
    return sorted(str(page.relative_to(ROOT)) for page in found if "node_modules" not in page.parts)


def test_every_path_in_a_page_exists() -> None:
    named = [(page, path) for page in pages() for path in _PATH.findall(read(page))]

    assert len(named) > 30
    assert [(page, path) for page, path in named if is_gone(path)] == []


def test_every_link_in_a_page_leads_somewhere() -> None:
    links = [(page, link) for page in pages() for link in _LINK.findall(read(page))]

    assert len(links) > 20
    assert [
        (page, link) for page, link in links if not ((ROOT / page).parent / link).exists()
    ] == []


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def is_gone(path: str) -> bool:
    return path not in PATTERNS and not (ROOT / path).exists()
