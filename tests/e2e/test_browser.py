"""What a person sees, in a real browser. A laptop without Chromium skips this; CI does not."""

import os
import re
import struct
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.portal import setup_questions
from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, CUSTOMER_RULE
from mappings.stored.setup_shapes import Candidate, SetupQuestion
from tests import readme_picture
from tests.chromium import CHROMIUM, Browser

if TYPE_CHECKING:
    from tests.world import World

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


@pytest.fixture
def deal(world: "World") -> int:
    """A deal that a moved champion brought; her new employer has a name no page may run."""
    now, crm = datetime.now(UTC), world.harbor.crm
    with crm.silently():
        acme = crm.create(
            "company", {"name": "Acme", "domain": "acme.example"}, at=now - timedelta(900)
        ).id
        zenit = crm.create(
            "company", {"name": HOSTILE, "domain": "zenit.example"}, at=now - timedelta(700)
        ).id
        person = {
            "email": "priya@acme.example",
            "firstname": "Priya",
            "lastname": "Narang",
            "hs_buying_role": "CHAMPION",
        }
        priya = crm.create("contact", person, at=now - timedelta(880)).id
        crm.associate("contact", priya, "company", acme, primary=True, at=now - timedelta(880))
        made = []
        for company, opened, closed in ((acme, 860, 800), (zenit, 90, 30)):
            if company == zenit:
                crm.update(
                    "contact",
                    priya,
                    {"email": "priya@zenit.example", "company": "Zenit"},
                    at=now - timedelta(200),
                )
                crm.associate(
                    "contact", priya, "company", zenit, primary=True, at=now - timedelta(200)
                )
            values = {
                "dealname": HOSTILE, "dealstage": "closedwon", "pipeline": "default", "amount": "40000",
                "closedate": (now - timedelta(closed)).isoformat(), "createdate": (now - timedelta(opened)).isoformat(),
            }  # fmt: skip
            made.append(crm.create("deal", values, at=now - timedelta(opened)).id)
            crm.associate("deal", made[-1], "company", company, primary=True)
            crm.associate("deal", made[-1], "contact", priya)
    world.install(world.harbor)
    world.settle()
    return made[-1]


def test_a_seller_sees_the_tag_on_the_deal(world: "World", deal: int, browser: Browser) -> None:
    address = f"{world.sandbox_url}/contacts/4711/record/0-3/{deal}"
    page = browser.show(address)
    assert "Moved champion" in page
    assert "Priya Narang" in page
    assert "<title>broken" not in page
    assert "&lt;script&gt;" in page
    assert browser.picture(address).startswith(b"\x89PNG")


def test_the_readmes_picture_is_one_of_a_deals_page_and_small(
    world: "World", deal: int, browser: Browser
) -> None:
    address = f"{world.sandbox_url}/contacts/4711/record/0-3/{deal}"
    taken, kept = readme_picture.take(browser, address), readme_picture.PICTURE.read_bytes()

    assert taken[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
    assert size_of(taken) == size_of(kept) == (readme_picture.WIDTH, readme_picture.HEIGHT)
    assert len(kept) < 170_000


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_what_a_page_hides_is_invisible_whatever_its_class(
    browser: Browser, tmp_path: Path
) -> None:
    css = (files("integration.pages") / "static" / "site.css").read_text(encoding="utf-8")
    classes = sorted({"", *re.findall(r"\.([a-z]+)", css)})
    hidden = "".join(
        f"<{tag} hidden class='{name}'>x</{tag}>"
        for tag in ("button", "a", "p", "div", "form", "label", "section", "textarea", "details")
        for name in classes
    )
    script = """
        const shown = [...document.querySelectorAll("[hidden]")].filter(e => e.offsetHeight);
        document.title = "shown: " + shown.map(e => e.tagName + "." + e.className).join(" ");"""
    page = tmp_path / "hidden.html"
    page.write_text(f"<style>{css}</style>{hidden}<script>{script}</script>", encoding="utf-8")

    assert len(classes) > 40
    assert "<title>shown: </title>" in browser.show(page.as_uri())


def test_a_picker_offers_names_while_somebody_types(browser: Browser, tmp_path: Path) -> None:
    script = (files("integration.pages") / "static" / "suggest.js").read_text(encoding="utf-8")
    (tmp_path / "suggest.js").write_text(script, encoding="utf-8")
    page = tmp_path / "picker.html"
    page.write_text(
        """<input data-find="company"><script>
        window.asked = [];
        window.fetch = async address => {
          window.asked.push(address);
          return {ok: true, json: async () => [{id: 4, name: "Quartz <b>", note: "quartz.example"}]};
        };
        </script><script src="suggest.js" data-from="/records.json"></script><script>
        const field = document.querySelector("input");
        for (const text of ["q", "qu", "qua"]) {
          field.value = text;
          field.dispatchEvent(new Event("input"));
        }
        setTimeout(() => {
          const option = document.querySelector(`#${field.getAttribute("list")} option`);
          document.title = [window.asked, option.value, option.label].join(" | ");
        }, 1000);
        </script>""",
        encoding="utf-8",
    )

    shown = browser.show(page.as_uri())
    assert (
        "<title>/records.json?type=company&amp;text=qua | Quartz &lt;b&gt; (4) | quartz.example"
        in shown
    )


def test_an_admin_signs_in_and_sees_what_was_found(
    world: "World", deal: int, browser: Browser
) -> None:
    world.hubspot.quirks.approve_at_once = True
    for path, says in (
        ("/portals/4711/", "Second-order"),
        ("/portals/4711/health", "Sync health"),
        ("/portals/4711/settings", "Lifecycle stage"),
        (f"/portals/4711/deal/{deal}", "Priya Narang"),
    ):
        page = browser.show(f"{world.url}/signin?next={path}")
        assert says in page, path
        assert "<title>broken" not in page
        assert "Sign in with HubSpot" not in page, path


def test_an_admin_sees_the_question_that_writing_waits_for(
    world: "World", deal: int, browser: Browser
) -> None:
    asked = SetupQuestion(
        text="Which counts?",
        candidates=(Candidate(BY_DEALS, HOSTILE), Candidate(BY_STAGE_ALWAYS, "The stage")),
        proposal=(BY_STAGE_ALWAYS,),
    )
    with world.runtime.database.portal(world.harbor.portal_id) as tx:
        setup_questions.ask(tx, CUSTOMER_RULE, "customer", asked)
    world.hubspot.quirks.approve_at_once = True

    for path in ("/portals/4711/", "/portals/4711/setup"):
        page = browser.show(f"{world.url}/signin?next={path}")
        assert "Which counts?" in page, path
        assert "Nothing is written to HubSpot yet" in page, path
        assert "<title>broken" not in page
    assert browser.picture(f"{world.url}/signin?next=/portals/4711/setup").startswith(b"\x89PNG")
