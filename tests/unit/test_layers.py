"""What import-linter cannot see: nobody imports the web process's own module."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("commands", "webhooks", "workers", "integration", "mappings")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_nobody_imports_the_web_process_or_the_tests() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if imported(path) & {"wsgi", "tests"}
    ]
    assert guilty == []


def test_nothing_is_pickled_and_no_scheduler_of_rqs_is_used() -> None:
    words = ("pickle", "CronScheduler(", "RateLimit(", "Retry(max")
    guilty = [
        f"{path.relative_to(ROOT)}: {word}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for word in words
        if word in path.read_text()
    ]
    assert guilty == []
