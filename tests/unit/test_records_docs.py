"""The page of facts names real tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_named_on_the_page_of_facts_exists() -> None:
    page = (ROOT / "docs" / "hubspot.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )

    assert len(named) > 40
    assert sorted(name for name in named if f"def {name}(" not in written) == []
