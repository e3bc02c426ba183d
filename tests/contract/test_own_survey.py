"""Our survey: whose link there is, what it shows, and what becomes of an answer."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from integration.portal import forgotten, survey_links
from integration.storage.mirror import owner_rows
from integration.storage.success import approach_rows, do_not_ask_rows, survey_rows
from integration.success import survey_switch
from mappings.records.owners import Owner
from mappings.rules.success.contact_cap import Approach, ApproachKind
from tests.contract.conclude_world import HARBOR, KEYS, NOW, ORCHARD, MirrorPortal, day
from tests.contract.record_world import Desk, desk, written_by_hand

__all__ = ["desk"]  # a fixture

ACME, ZENIT, LEAD = 1, 2, 3
ANA, BO = 12, 13
LINK = "second_order_survey_link"
FORGED = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Acme bought, with Ana and Bo; a third company is none of ours. The survey is on."""
    return surveyed(desk, HARBOR)


def surveyed(desk: Desk, portal_id: int) -> MirrorPortal:
    portal = written_by_hand(desk, portal_id)
    # What is answered while a test runs has happened when it is concluded.
    portal.clock.at = desk.runtime.now() + timedelta(hours=1)
    portal.company(ACME, "Acme", "acme-tools.com")
    portal.company(LEAD, "Lead", "lead.com")
    portal.contact(ANA, ACME, firstname="Ana", lastname="Berg", email="ana@acme-tools.com")
    portal.contact(BO, ACME, firstname="Bo", lastname="Li", email="bo@acme-tools.com")
    portal.contact(14, LEAD, firstname="Lea", lastname="Dorn", email="lea@lead.com")
    portal.deal(5, ACME, ANA, created=300, won=(200, "1000.00"))
    switch(portal)
    return portal


def switch(
    portal: MirrorPortal, *, key: str = "", is_on: bool = True, words: str = "", link: str = ""
) -> None:
    with portal.database.portal(portal.portal_id) as tx:
        before = survey_rows.setup(tx)
        setup = survey_rows.SurveySetup(
            is_on,
            key or (before.link_key if before else survey_links.new_key()),
            "http://127.0.0.1:8000",
            "Harbor Ltd",
            words,
            link,
        )
        survey_rows.keep_setup(tx, setup, by="test")
        survey_switch._follow(tx, before, setup)
    portal.settle()


def link_of(portal: MirrorPortal, contact_id: int = ANA) -> str:
    return portal.said("contact", contact_id).get(LINK, "").removeprefix("http://127.0.0.1:8000")


def look(desk: Desk, path: str, *, language: str = "en") -> TestResponse:
    return desk.client.get(
        path, base_url="http://127.0.0.1:8000", headers={"Accept-Language": language}
    )


def answer(desk: Desk, path: str, score: object, comment: str = "", **more: str) -> TestResponse:
    form = {"score": str(score), "comment": comment, **more}
    return desk.client.post(path, base_url="http://127.0.0.1:8000", data=form, headers=FORGED)


def answers(portal: MirrorPortal) -> list[tuple[int, int, str]]:
    with portal.database.portal(portal.portal_id) as tx:
        rows = tx.rows("SELECT contact_id, score, comment FROM answer ORDER BY at, answer_key")
    return [(row["contact_id"], row["score"], row["comment"]) for row in rows]


def response(portal: MirrorPortal) -> tuple[int, int]:
    with portal.database.portal(portal.portal_id) as tx:
        counted = survey_rows.response(tx, since=day(4000))
    return counted.invited, counted.answered


def pass_days(portal: MirrorPortal, days: float) -> None:
    """So much time passes for what was sent and answered."""
    with portal.database.portal(portal.portal_id) as tx:
        for statement in (
            "UPDATE survey_invitation SET opened_at = opened_at - :by, answered_at = answered_at - :by",
            "UPDATE approach SET at = at - :by",
            "UPDATE answer SET at = at - :by",
        ):
            tx.run(statement, by=timedelta(days))


# Whose link there is


def test_people_of_customers_have_a_link_of_their_own_and_others_have_none(
    harbor: MirrorPortal,
) -> None:
    links = {link_of(harbor, contact_id) for contact_id in (ANA, BO)}

    assert len(links) == 2
    assert all(re.fullmatch(rf"/s/{HARBOR}\.[\w-]{{32}}", link) for link in links)
    assert link_of(harbor, 14) == ""


def test_no_link_names_its_person_and_concluding_anew_makes_the_same(harbor: MirrorPortal) -> None:
    before = link_of(harbor)
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()

    assert link_of(harbor) == before
    assert str(ANA) not in before.removeprefix(f"/s/{HARBOR}.")


UNREACHABLE: list[dict[str, Any]] = [
    {"hs_email_optout": "true"},
    {"email": ""},
    {"hs_email_hard_bounce_reason_enum": [(10, "OTHER")]},
]


def test_who_cannot_or_does_not_want_to_be_reached_has_no_link(harbor: MirrorPortal) -> None:
    for properties in UNREACHABLE:
        known: dict[str, Any] = {"firstname": "Ana", "email": "ana@acme-tools.com"}
        harbor.put("contact", ANA, **known)
        harbor.settle()
        assert link_of(harbor) != ""

        harbor.put("contact", ANA, **{**known, **properties})
        harbor.settle()
        assert link_of(harbor) == "", properties
        assert link_of(harbor, BO) != ""


def test_switched_off_all_links_go_and_lead_nowhere(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)
    switch(harbor, is_on=False)

    assert link_of(harbor) == link_of(harbor, BO) == ""
    assert look(desk, link).status_code == 404
    assert answer(desk, link, 9).status_code == 404
    assert answers(harbor) == []


def test_renewed_links_end_those_that_were_sent(desk: Desk, harbor: MirrorPortal) -> None:
    old = link_of(harbor)
    switch(harbor, key=survey_links.new_key())

    assert link_of(harbor) not in {"", old}
    assert look(desk, old).status_code == 404
    assert look(desk, link_of(harbor)).status_code == 200


def test_an_account_without_the_switch_asks_for_nothing_more(desk: Desk) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.company(ACME, "Acme", "acme-tools.com")
    orchard.contact(ANA, ACME, firstname="Ana", email="ana@acme-tools.com")
    orchard.deal(5, ACME, ANA, created=300, won=(200, "1000.00"))
    orchard.settle()

    assert link_of(orchard) == ""


# Looking and answering


def test_looking_never_answers_whatever_the_address_says(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)

    for path in (link, f"{link}?score=9", f"{link}?score=9&comment=great&lang=fr"):
        page = look(desk, path)
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
    assert 'value="9" required checked' in look(desk, f"{link}?score=9").text
    assert 'value="9" required checked' not in look(desk, f"{link}?score=99").text
    assert desk.client.head(link, base_url="http://127.0.0.1:8000").status_code == 200
    assert answers(harbor) == []


def test_the_page_is_for_its_reader_alone(desk: Desk, harbor: MirrorPortal) -> None:
    page = look(desk, link_of(harbor))

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert "Harbor Ltd" in page.text
    assert "Ana" not in page.text


def test_an_answer_is_kept_and_reaches_the_field_in_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = answer(desk, link_of(harbor), 9, "Great <b>people</b> 🎉 \u202eabc")
    harbor.settle()

    assert page.status_code == 200
    assert answers(harbor) == [(ANA, 9, "Great <b>people</b> 🎉 \u202eabc")]
    assert harbor.said("contact", ANA)["second_order_nps"] == "9"
    assert harbor.said("contact", ANA)["second_order_nps_group"] == "promoter"
    assert "second_order_nps" not in harbor.said("contact", BO)


def test_a_second_answer_replaces_the_first_for_a_day_and_then_nothing_does(
    desk: Desk, harbor: MirrorPortal
) -> None:
    link = link_of(harbor)
    answer(desk, link, 9, "good")
    answer(desk, link, 9, "good")
    assert "a new answer replaces it" in look(desk, link).text
    answer(desk, link, 3, "not so good")
    assert answers(harbor) == [(ANA, 3, "not so good")]

    pass_days(harbor, 1.01)
    late = answer(desk, link, 10)

    assert "You have answered already" in late.text
    assert 'type="radio"' not in look(desk, link).text
    assert answers(harbor) == [(ANA, 3, "not so good")]
    assert response(harbor) == (1, 1)


def test_after_the_rest_the_same_link_is_a_new_invitation(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)
    answer(desk, link, 9)
    harbor.settle()
    assert link_of(harbor) == ""

    pass_days(harbor, 91)
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()
    assert link_of(harbor) == link
    answer(desk, link, 5)

    assert [score for _, score, _ in answers(harbor)] == [9, 5]
    assert response(harbor) == (2, 2)


def test_who_only_opened_the_link_is_invited_and_rests(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)
    look(desk, link)
    look(desk, link)
    harbor.settle()

    assert response(harbor) == (1, 0)
    assert link_of(harbor) == ""
    assert answer(desk, link, 8).status_code == 200
    assert response(harbor) == (1, 1)


@pytest.mark.parametrize(("rested", "has_link"), [(29, False), (31, True)])
def test_who_was_asked_for_something_gets_no_link_for_thirty_days(
    harbor: MirrorPortal, rested: int, has_link: bool
) -> None:
    at = harbor.clock.at - timedelta(rested)
    with harbor.database.portal(HARBOR) as tx:
        approach_rows.note(tx, Approach(ANA, ApproachKind.ASK, at, "intro"), by="test")
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()

    assert (link_of(harbor) != "") is has_link


def test_what_is_no_number_of_the_scale_is_asked_for_again_and_the_comment_stays(
    desk: Desk, harbor: MirrorPortal
) -> None:
    for score in ("11", "-1", "9.5", "nine", "", "٩", "09", "1e1"):
        page = answer(desk, link_of(harbor), score, "kept <i>words</i>")
        assert page.status_code == 422, score
        assert "Nothing was sent yet" in page.text
        assert "kept &lt;i&gt;words&lt;/i&gt;" in page.text
    assert answers(harbor) == []


def test_a_comment_of_two_thousand_characters_is_kept_and_a_longer_one_refused(
    desk: Desk, harbor: MirrorPortal
) -> None:
    assert answer(desk, link_of(harbor), 8, "x" * 2_001).status_code == 422
    assert answer(desk, link_of(harbor), 8, "ü\r\n" * 999 + "\x00").status_code == 200

    assert answers(harbor) == [(ANA, 8, ("ü\n" * 999).strip())]


# What is said afterwards


def test_thanks_differ_by_the_answer(desk: Desk, harbor: MirrorPortal) -> None:
    with harbor.database.portal(HARBOR) as tx:
        owner_rows.replace(tx, [Owner(7, 88, "otto@harbor.example", "Otto", "Maler")])
    harbor.change("company", ACME, hubspot_owner_id="7")
    switch(harbor, words="Write a <review>?", link="https://reviews.example/us")
    link = link_of(harbor)

    promoter, passive, detractor = (answer(desk, link, score).text for score in (10, 7, 2))

    assert "Write a &lt;review&gt;?" in promoter
    assert 'href="https://reviews.example/us"' in promoter
    assert "reviews.example" not in passive + detractor
    assert "<bdi>Otto Maler</bdi> will come back to you" in detractor
    assert "Otto" not in promoter + passive


ASKED = {"de-AT,de;q=0.9": "de", "fr": "fr", "es-MX": "es", "pt-BR": "pt", "fi": "en"}


def test_the_page_speaks_the_language_of_the_browser_and_another_can_be_chosen(
    desk: Desk, harbor: MirrorPortal
) -> None:
    link = link_of(harbor)

    for asked, language in ASKED.items():
        assert f'<html lang="{language}"' in look(desk, link, language=asked).text
    assert '<html lang="es"' in look(desk, f"{link}?lang=es", language="de").text
    assert '<html lang="pt"' in answer(desk, link, 9, lang="pt").text


# Links that lead nowhere


def dead_links(desk: Desk, harbor: MirrorPortal) -> Iterator[str]:
    link = link_of(harbor)
    letter = "A" if link[-1] != "A" else "B"
    yield link[:-1] + letter
    yield link.replace(f"/s/{HARBOR}.", f"/s/{ORCHARD}.")
    yield link.replace(f"/s/{HARBOR}.", "/s/999.")
    yield link[:-1]
    yield "/s/x"
    yield f"/s/{HARBOR}.{'A' * 32}"
    yield "/s/" + "9" * 400
    yield f"/s/{'9' * 18}.{'A' * 32}"
    with harbor.database.portal(HARBOR) as tx:
        setup = survey_rows.setup(tx)
        assert setup is not None
        yield f"/s/{survey_links.token(setup.link_key, HARBOR, 999_999)}"


def test_a_link_that_was_tampered_with_leads_to_one_plain_page(
    desk: Desk, harbor: MirrorPortal
) -> None:
    surveyed(desk, ORCHARD)
    pages = [look(desk, path) for path in dead_links(desk, harbor)]
    pages += [answer(desk, path, 9) for path in dead_links(desk, harbor)]

    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert answers(harbor) == []


def test_after_the_person_is_forgotten_the_link_leads_nowhere_and_their_words_are_gone(
    desk: Desk, harbor: MirrorPortal
) -> None:
    link = link_of(harbor)
    answer(desk, link, 2, "a secret of Ana's")
    with harbor.database.portal(HARBOR) as tx:
        forgotten.erase(tx, ANA, keys=KEYS)
    harbor.settle()

    assert look(desk, link).status_code == answer(desk, link, 9).status_code == 404
    assert answers(harbor) == []
    assert response(harbor) == (1, 1)


def test_who_asked_to_be_left_alone_is_asked_no_more_by_a_mail_of_before(
    desk: Desk, harbor: MirrorPortal
) -> None:
    link = link_of(harbor)
    with harbor.database.portal(HARBOR) as tx:
        do_not_ask_rows.note(tx, ANA, harbor.clock.at, by="test")
    harbor.change("contact", ANA, jobtitle="Head of things")
    harbor.settle()

    assert link_of(harbor) == ""
    assert look(desk, link).status_code == 404


def test_a_deleted_contact_answers_no_more(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)
    harbor.retire("contact", ANA)
    harbor.settle()

    assert look(desk, link).status_code == 404


def test_a_merged_contact_answers_as_the_survivor_and_once(
    desk: Desk, harbor: MirrorPortal
) -> None:
    link, other = link_of(harbor), link_of(harbor, BO)
    answer(desk, link, 9, "as Ana")
    harbor.merge("contact", (ANA,), BO)
    harbor.settle()

    answer(desk, other, 4, "as Bo")
    answer(desk, link, 5, "as both")
    harbor.settle()

    assert [(score, comment) for _, score, comment in answers(harbor)] == [(5, "as both")]
    assert harbor.said("contact", BO)["second_order_nps"] == "5"


def test_an_answer_stays_with_the_employer_of_its_day(desk: Desk, harbor: MirrorPortal) -> None:
    answer(desk, link_of(harbor), 2, "bad")
    harbor.settle()
    assert harbor.said("company", ACME)["second_order_nps_answers"] == "1"

    pass_days(harbor, 40)
    harbor.company(ZENIT, "Zenit", "zenit-labs.com")
    harbor.contact(15, ZENIT, firstname="Zoe", lastname="Ohm", email="zoe@zenit-labs.com")
    harbor.deal(6, ZENIT, 15, created=300, won=(200, "1000.00"))
    ten_days_ago = (NOW - harbor.clock.at).total_seconds() / 86_400 + 10
    harbor.put(
        "contact",
        ANA,
        firstname="Ana",
        lastname="Berg",
        email=[(300, "ana@acme-tools.com"), (ten_days_ago, "ana@zenit-labs.com")],
        associatedcompanyid=[(300, str(ACME)), (ten_days_ago, str(ZENIT))],
    )
    harbor.link("contact", ANA, "company", ZENIT)
    harbor.settle()

    assert harbor.said("company", ACME)["second_order_nps_answers"] == "1"
    assert "second_order_nps_answers" not in harbor.said("company", ZENIT)


# Limits


def test_who_tries_links_one_after_the_other_is_held_up(desk: Desk, harbor: MirrorPortal) -> None:
    link = link_of(harbor)
    statuses = [look(desk, link).status_code for _ in range(25)]

    assert statuses[:20] == [200] * 20
    assert 429 in statuses


def test_what_the_account_asks_in_the_name_of_is_the_admins(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.database.portal(HARBOR) as tx:
        setup = survey_rows.setup(tx)
        assert setup is not None
        survey_rows.keep_setup(tx, replace(setup, asker=""), by="test")

    assert "recommend us to a friend" in look(desk, link_of(harbor)).text
