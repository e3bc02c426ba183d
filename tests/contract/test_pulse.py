"""The pulse on a company's page: who may give it, what is shown, and what becomes of it."""

import pytest

from integration.portal import forgotten
from integration.storage.mirror import owner_rows
from integration.storage.reviews import pulse_rows
from mappings.kinds import Role
from mappings.records.owners import Owner
from tests.contract.conclude_world import HARBOR, KEYS, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, desk, written_by_hand
from tests.contract.test_conclude_health import ANA, a_customer

__all__ = ["desk"]  # a fixture

ACME = f"/portals/{HARBOR}/company/1"
_USER = 88


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    return a_customer(written_by_hand(desk, HARBOR))


def say(desk: Desk, value: str, words: str = "", *, page: str = ACME) -> int:
    page_text = desk.get(ACME).text
    csrf = page_text.split('name="csrf" value="')[1].split('"')[0]
    form = {"value": value, "words": words, "csrf": csrf}
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    return desk.client.post(
        f"{page}/pulse", base_url="http://127.0.0.1:8000", data=form, headers=headers
    ).status_code


def kept(portal: MirrorPortal, company_id: int = 1) -> list[tuple[int, str]]:
    with portal.database.portal(portal.portal_id) as tx:
        pulses = pulse_rows.of_companies(tx, [company_id]).get(company_id, ())
    return [(pulse.value, pulse.words) for pulse in pulses]


def become(desk: Desk, role: Role) -> None:
    with desk.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE portal_user SET role = :role WHERE portal_id = :portal", role=role.value)


def test_the_last_word_of_a_month_is_shown_as_it_was_typed(
    desk: Desk, harbor: MirrorPortal
) -> None:
    assert say(desk, "2", "first") == 303
    assert say(desk, "4", "<b>Ana</b> is back") == 303

    assert kept(harbor) == [(4, "<b>Ana</b> is back")]
    card = Shown.of(desk, ACME).part("pulse")
    assert "4: good" in card.text
    assert "&lt;b&gt;Ana&lt;/b&gt; is back" in card.html


@pytest.mark.parametrize("value", ["0", "6", "-1", "ten", ""])
def test_what_is_no_pulse_is_refused_and_nothing_is_kept(
    desk: Desk, harbor: MirrorPortal, value: str
) -> None:
    assert say(desk, value) == 400

    assert kept(harbor) == []


def test_a_seller_says_it_of_their_own_companies_and_a_marketer_of_none(
    desk: Desk, harbor: MirrorPortal
) -> None:
    become(desk, Role.SELLER)
    assert say(desk, "4") == 403
    with desk.runtime.database.portal(HARBOR) as tx:
        owner_rows.replace(tx, [Owner(5, _USER, "anna@harbor.example")])
    harbor.change("company", 1, hubspot_owner_id="5")
    assert say(desk, "4") == 303

    become(desk, Role.MARKETER)
    assert say(desk, "1") == 403
    assert kept(harbor) == [(4, "")]


def test_a_company_of_nobody_or_of_another_account_has_no_pulse(
    desk: Desk, harbor: MirrorPortal
) -> None:
    orchard = a_customer(written_by_hand(desk, ORCHARD))

    assert say(desk, "3", page=f"/portals/{HARBOR}/company/999") == 404
    assert say(desk, "3", page=f"/portals/{ORCHARD}/company/1") == 404
    assert kept(harbor) == kept(orchard) == []


def test_the_pulse_goes_with_a_company_that_is_merged(desk: Desk, harbor: MirrorPortal) -> None:
    say(desk, "2", "uneasy")
    harbor.company(8, "Acme Group", "acme-group.com")
    harbor.merge("company", (1,), 8)
    harbor.settle()

    assert kept(harbor, 8) == [(2, "uneasy")]


def test_words_that_name_a_person_go_when_the_person_is_forgotten(
    desk: Desk, harbor: MirrorPortal
) -> None:
    say(desk, "2", "Ana Berg is unhappy")
    with harbor.database.portal(HARBOR) as tx:
        forgotten.erase(tx, ANA, keys=KEYS)

    assert kept(harbor) == [(2, "")]
