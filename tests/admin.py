"""An account's admin at a browser: installs the app, fills in Settings, answers the set-up page."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import requests

from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE


@dataclass(frozen=True)
class Asked:
    """A question on the set-up page: its answers by value, and which of them are ticked."""

    kind: str
    key: str
    text: str
    answers: Mapping[str, str]
    ticked: Sequence[str]


@dataclass(frozen=True)
class Admin:
    """A browser that is signed in to one account's pages."""

    app_url: str
    portal_id: int
    browser: requests.Session = field(repr=False)

    def fill_in(self, settings: Mapping[str, str]) -> None:
        """Change fields of the Settings form."""
        page = self.page("settings")
        self._press("settings", page, {**shown_form(page), **settings})

    def asked(self) -> list[Asked]:
        """The questions that are open on the set-up page."""
        forms = re.findall(r'<form class="card setup".*?</form>', self.page("setup"), re.DOTALL)
        return [_asked(form) for form in forms]

    def answer(self, question: Asked, values: Sequence[str]) -> None:
        """Tick these answers of a question, and press its button."""
        form = {"kind": question.kind, "key": question.key, "value": list(values)}
        self._press("setup", self.page("setup"), form)

    def page(self, name: str) -> str:
        """One of the account's pages."""
        shown = self.browser.get(self._address(name), timeout=PATIENCE)
        if not shown.ok:
            raise RuntimeError(f"the {name} page answered {shown.status_code}")
        return shown.text

    def _press(self, name: str, page: str, form: Mapping[str, object]) -> None:
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        if csrf is None:
            raise RuntimeError(f"the {name} page has no form")
        sent = self.browser.post(
            self._address(name),
            data={**form, "csrf": csrf.group(1)},
            headers={"Origin": self.app_url},
            timeout=PATIENCE,
        )
        if not sent.ok:
            raise RuntimeError(f"the {name} page answered {sent.status_code}: {sent.text[:500]}")

    def _address(self, name: str) -> str:
        return f"{self.app_url}/portals/{self.portal_id}/{name}"


def installed(app_url: str, hubspot: HubSpot, portal_id: int) -> Admin:
    """Install the app by OAuth."""
    browser = requests.Session()
    hubspot.quirks.approve_at_once = True
    try:
        away = browser.get(f"{app_url}/install", allow_redirects=False, timeout=PATIENCE)
        back = browser.get(
            f"{away.headers['Location']}&portalId={portal_id}",
            allow_redirects=False,
            timeout=PATIENCE,
        )
        arrived = browser.get(back.headers["Location"], timeout=PATIENCE)
    finally:
        hubspot.quirks.approve_at_once = False
    if not arrived.ok:
        raise RuntimeError(f"the install answered {arrived.status_code}: {arrived.text[:500]}")
    return Admin(app_url, portal_id, browser)


def shown_form(page: str) -> dict[str, str]:
    """What the fields of a page's form hold now."""
    shown = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input id="f-[^"]*" name="([^"]+)" value="([^"]*)"', page)
    }
    shown |= {
        name: html.unescape(value).removeprefix("\n")
        for name, value in re.findall(
            r'<textarea id="f-[^"]*" name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL
        )
    }
    for name, options in re.findall(
        r'<select id="f-[^"]*" name="([^"]+)">(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        shown[name] = chosen.group(1) if chosen else ""
    return shown


def _asked(form: str) -> Asked:
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    choices = re.findall(
        r'<input type="\w+" id="[^"]*" name="value" value="([^"]*)"( checked)?[^>]*>'
        r"\s*<label[^>]*>\s*([^<]*)",
        form,
    )
    text = re.search(r"<legend>(.*?)</legend>", form, re.DOTALL)
    return Asked(
        html.unescape(hidden["kind"]),
        html.unescape(hidden["key"]),
        html.unescape(text.group(1)) if text else "",
        {html.unescape(value): html.unescape(label).strip() for value, _, label in choices},
        [html.unescape(value) for value, ticked, _ in choices if ticked],
    )
