"""Every page of a portal names what it speaks of, in words that a seller knows, in one form."""

import re
from collections import Counter, deque
from collections.abc import Iterator

import pytest
import requests

from integration.core.environment import Settings
from integration.portal import forgotten
from integration.reports import portal_figures
from integration.review import answering
from integration.review.answers import Answer
from integration.storage.database import Database
from integration.storage.findings import move_rows
from mappings.kinds import Verb
from tests import texts_catalogue
from tests.page_words import in_english, otherwise
from tests.sandbox import town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE
from tests.world import World, build_world

MOST = 12  # pages of a kind
# Names that contain markup, run from right to left, are emoji, or have no end.
HOSTILE = (
    "<script>document.title='broken'</script>",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c",
    "\N{CONVENIENCE STORE}\N{VARIATION SELECTOR-16}\N{FLEXED BICEPS}",
    "Donaudampfschifffahrtsgesellschaft" * 12,
    "{{ 7 * 7 }} ${x} %s",
)
_LINK = re.compile(r'href="(/[^"#]*)"')


@pytest.fixture
def world(
    settings: Settings, database: Database, redis_url: str, postgres_url: str
) -> Iterator[World]:
    hubspot = HubSpot()
    town.load(hubspot, "shipped:0.05", orchard_scale=0.01)
    crm = hubspot.portals[town.HARBOR_ID]
    with crm.silently():
        for kind, name in (("company", "name"), ("contact", "lastname"), ("deal", "dealname")):
            for number, record in enumerate(crm.all(kind)[::3]):
                named = f"{record.values.get(name, '')} {HOSTILE[number % len(HOSTILE)]}"
                crm.update(kind, record.id, {name: named})
    with build_world(settings, database, redis_url, postgres_url, hubspot=hubspot) as world:
        yield world


def doubt(world: World) -> None:
    """Make questions of a few people's job changes, and answer the first of them."""
    with world.harbor.context() as portal:
        with portal.transaction() as tx:
            people = sorted({row["new_contact_id"] for row in move_rows.every(tx)})[:8]
        questions = [number for person in people for number in answering.flag(portal, person)]
        answer = Answer(Verb.CONFIRM, "user:4712", "She told me", actor="user:4712")
        answering.decide(portal, questions[0], answer)


def forget_who_brought_most(world: World) -> None:
    with world.harbor.context() as portal:
        leaders = portal_figures.summary(portal)["people"]
        forgotten.forget(portal, leaders[0]["contact_id"])


def kind_of(path: str) -> str:
    return re.sub(r"\d+", "N", path.partition("?")[0])


def pages_of(world: World, language: str = "en", most: int = MOST) -> Iterator[tuple[str, str]]:
    """Every page that links lead to from Home, each kind of record by its first ones."""
    world.hubspot.quirks.approve_at_once = True
    browser = requests.Session()
    browser.headers["Accept-Language"] = language
    home = f"/portals/{world.harbor.portal_id}/"
    browser.get(f"{world.url}/signin?next={home}", timeout=PATIENCE)
    waiting, seen = deque([home, "/", "/help", "/privacy", "/terms"]), {home}
    of_kind: Counter[str] = Counter()
    while waiting:
        path = waiting.popleft()
        of_kind[kind_of(path)] += 1
        if of_kind[kind_of(path)] > most:
            continue
        answer = browser.get(f"{world.url}{path}", timeout=PATIENCE)
        assert answer.status_code == 200, path
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue  # a file for programs
        yield path, answer.text
        for link in _LINK.findall(answer.text):
            address = link.replace("&amp;", "&")
            if address not in seen and address.startswith(home):
                seen.add(address)
                waiting.append(address)


def test_no_page_has_bare_numbers_words_of_our_own_or_figures_in_another_form_and_german_is_german(
    world: World,
) -> None:
    world.install(world.harbor)
    world.settle()
    doubt(world)
    forget_who_brought_most(world)
    world.settle()

    check_english(world)
    check_german(world)


def check_english(world: World) -> None:
    guilty: dict[str, str] = {}
    kinds: set[str] = set()
    removed = 0  # pages that name who was forgotten; of a new month nobody has brought anything
    for path, page in pages_of(world):
        kinds.add(kind_of(path))
        assert "<script>document" not in page, path
        removed += "removed person" in page
        for line in otherwise(page):
            guilty.setdefault(line, path)

    assert removed
    assert {
        f"/portals/N/{kind}"
        for kind in ("deal/N", "contact/N", "company/N", "review/N", "health", "settings")
    } <= kinds
    assert [f"{path}: {line}" for line, path in guilty.items()] == []


def check_german(world: World) -> None:
    known = {
        message.id: message.string
        for message in texts_catalogue.read("de")
        if isinstance(message.id, str) and isinstance(message.string, str)
    }
    guilty: dict[str, str] = {}
    for path, page in pages_of(world, "de", most=4):
        assert '<html lang="de" dir="ltr">' in page, path
        for line in in_english(page, known):
            guilty.setdefault(line, path)

    assert [f"{path}: {line}" for line, path in guilty.items()] == []
