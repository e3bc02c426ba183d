"""Who may ask this machine's own clock: rows are dated and compared by the database's, and rules are given the time."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("commands", "webhooks", "workers", "integration", "mappings")
# What tells the time of day. Durations are measured by `time.monotonic` and `time.perf_counter`,
# which tell none.
CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns",
    "time.localtime", "time.gmtime", "time.ctime", "time.strftime", "time.clock_gettime",
}  # fmt: skip
ALLOWED = {
    "integration/storage/clock.py": "a process that never reached the database has no other clock to go by",
}


def _names(tree: ast.Module) -> dict[str, str]:
    """What each imported name is called where it comes from: `dt` is datetime, `now_of` may be time.time."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
            }
    return names


def clocks_asked(source: str) -> Iterator[str]:
    """Every mention of a clock, called or handed on as a function."""
    tree = ast.parse(source)
    names = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            whole = f"{names.get(first, first)}{dot}{rest}"
            spoken = ".".join(whole.split(".")[-2:])
            if spoken in CLOCKS:
                yield f"{spoken} in line {node.lineno}"


def test_only_the_shared_clock_asks_the_clock_of_the_machine() -> None:
    files = [
        ROOT / "wsgi.py",
        *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
    ]
    asking = {str(path.relative_to(ROOT)): list(clocks_asked(path.read_text())) for path in files}
    asking = {path: lines for path, lines in asking.items() if lines}

    assert {path: lines for path, lines in asking.items() if path not in ALLOWED} == {}
    assert asking.keys() == ALLOWED.keys(), "a place that asks no more needs no leave"


def test_a_clock_is_seen_under_any_name() -> None:
    sources = [
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\nkey = datetime.now",
        "from datetime import date as day\nday.today()",
        "from time import time\ntime()",
        "import time as watch\nwatch.time_ns()",
    ]
    assert [len(list(clocks_asked(source))) for source in sources] == [1, 1, 1, 1, 1]
    assert list(clocks_asked("import time\ntime.monotonic()\nruntime.now()")) == []
