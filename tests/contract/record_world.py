"""Two accounts whose stories are written by hand, concluded, and looked at as their pages show them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

from sqlalchemy import event

from integration.storage.database import Database
from integration.storage.service import settings_versions
from mappings.records.portal_map import dump_portal_map
from tests.contract.conclude_world import WORDS, Clock, MirrorPortal
from tests.contract.visiting import Town, Visitor
from tests.page_words import text_of


def written_by_hand(town: Town, portal_id: int) -> MirrorPortal:
    """An installed account whose import is through: its records are the test's to write."""
    portal = MirrorPortal(Clock(town.runtime.database), portal_id)
    with town.runtime.database.portal(portal_id) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        tx.run("UPDATE import_step SET done = true")
        body = {"map": dump_portal_map(WORDS), "policy": {}}
        settings_versions.append(tx, body, author="test", reason="test")
    return portal


class Shown:
    """A page as people read it."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.text = text_of(html)

    @classmethod
    def of(cls, visitor: Visitor, path: str, *, status: int = 200) -> "Shown":
        answer = visitor.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return cls(answer.text)

    def part(self, name: str) -> "Shown":
        """The section or folded part with this id."""
        start = self.html.index(f'id="{name}"')
        end = re.compile(
            r"</section>|</details>\s*(?=<section|<details class=\"card|</main)"
        ).search(self.html, start)
        return Shown(self.html[start : end.start() if end else None])

    def rows(self, of: str = "tbody") -> list[list[str]]:
        """The cells of each row of the tables' bodies (or feet), as text."""
        bodies = re.findall(rf"<{of}>(.*?)</{of}>", self.html, re.DOTALL)
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", "".join(bodies), re.DOTALL)
        return [
            [
                " ".join(text_of(cell).split("\n"))
                for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            ]
            for row in rows
        ]

    def links(self) -> list[str]:
        """Where the page leads."""
        return [unescape(address) for address in re.findall(r'href="([^"]+)"', self.html)]


def minor(text: str) -> int:
    """An amount on a page in cents."""
    sign = -1 if "-" in text else 1
    return sign * int(re.sub(r"\D", "", text))


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are said meanwhile."""
    said: list[str] = []

    def note(*arguments: object) -> None:
        said.append(str(arguments[2]))

    event.listen(database._engine, "before_cursor_execute", note)
    yield said
    event.remove(database._engine, "before_cursor_execute", note)
