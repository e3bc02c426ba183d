"""The pages of reports: built by an address, shown in words and figures, saved without losing a change."""

import re
from html import unescape

import pytest

from integration.reports import revenue_total
from integration.reports.ready_reports import READY
from integration.storage.mirror import owner_rows
from integration.storage.service import erasure
from mappings import formats
from mappings.kinds import Role
from mappings.records.owners import Owner as OwnerOfRecords
from tests.contract.conclude_world import MirrorPortal, moved_champion
from tests.contract.record_world import counted, written_by_hand
from tests.contract.test_reports import several_sources
from tests.contract.test_roles import give
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor
from tests.page_words import text_of
from tests.sandbox.pipelines import Owner

HERE = f"/portals/{HARBOR}/reports"
SAVED = f"{HERE}/saved"
HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}"


@pytest.fixture
def harbor(town: Town) -> MirrorPortal:
    """What both accounts won; several customers led to it in harbor."""
    town.visitor().install(ORCHARD)
    town.visitor().install()
    portals = [written_by_hand(town, portal_id) for portal_id in (HARBOR, ORCHARD)]
    several_sources(portals[0])
    moved_champion(portals[1], amount="77.77")
    for portal in portals:
        portal.settle()
    return portals[0]


@pytest.fixture
def visitor(town: Town, harbor: MirrorPortal) -> Visitor:
    visitor = town.visitor()
    visitor.sign_in()
    return visitor


def get(visitor: Visitor, address: str) -> str:
    page = visitor.get(address)
    if page.status_code == 302:
        page = visitor.get(str(page.headers["Location"]))
    assert page.status_code == 200, (page.status_code, text_of(page.text)[:500])
    return page.text


def save(visitor: Visitor, name: str, **words: str) -> str:
    """Save a report; its address."""
    answer = visitor.press(SAVED, {"name": name, **words})
    assert answer.status_code == 303, text_of(answer.text)[:500]
    return str(answer.headers["Location"]).partition("?")[0]


def revision(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def test_a_report_shows_figures_whose_total_is_the_accounts_total(
    harbor: MirrorPortal, visitor: Visitor
) -> None:
    page = text_of(get(visitor, f"{HERE}?measure=booked&by=source"))
    total = revenue_total.of(harbor.context)

    assert "Second-order revenue by source." in page
    assert "Of deals won at any time." in page
    assert formats.money(total.second_order, total.currency) in page
    assert "Moved champion" in page
    assert "77.77" not in page


def test_what_a_form_says_becomes_the_one_address_of_its_report(visitor: Visitor) -> None:
    answer = visitor.get(
        f"{HERE}?by=&by=month&measure=deals&measure=booked&period=all&from=&to=&chart=fitting"
    )

    assert answer.status_code == 302
    address = str(answer.headers["Location"])
    assert address.endswith("?measure=deals&measure=booked&by=month&period=all")
    assert visitor.get(address).status_code == 200


def test_a_form_that_replaces_a_part_of_the_page_is_answered_with_it_and_its_address(
    visitor: Visitor,
) -> None:
    answer = visitor.get(f"{HERE}?by=source&by=&period=all", **{"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == f"{HERE}?measure=booked&by=source&period=all"
    assert 'id="answer"' in answer.text


def test_figures_lead_to_the_deals_behind_them(visitor: Visitor) -> None:
    page = get(visitor, f"{HERE}?measure=booked&by=source&from=2026-05&to=2026-06")
    links = [
        unescape(link) for link in re.findall(rf'href="(/portals/{HARBOR}/deals\?[^"]+)"', page)
    ]

    champion = next(link for link in links if "kind=moved_champion" in link)
    assert "booked_from=2026-05-01" in champion
    assert "booked=yes" in champion
    assert "deal" in text_of(get(visitor, champion))


def test_columns_sort_both_ways(visitor: Visitor) -> None:
    address = f"{HERE}?measure=booked&by=source&period=all"
    up, down = (get(visitor, f"{address}&sort={word}") for word in ("booked", "-booked"))

    def companies(page: str) -> list[str]:
        return re.findall(r'<th scope="row" class="name"><bdi>([^<]+)</bdi>', page)

    assert companies(up) == companies(down)[::-1]
    assert len(companies(up)) > 1
    assert 'aria-sort="ascending"' in up


def test_a_filter_is_chosen_from_what_was_won_and_taken_out_again(visitor: Visitor) -> None:
    choice = get(visitor, f"{HERE}/filter/pipeline?measure=booked&by=source&period=all")
    assert 'name="pipeline" value="partners"' in choice
    assert 'name="by" value="source"' in choice

    page = get(visitor, f"{HERE}?measure=booked&by=source&pipeline=partners&period=all")

    assert "Only Pipeline: partners." in text_of(page)
    without = re.search(r'href="([^"]+)" aria-label="Remove the filter', page)
    assert without
    assert "pipeline=" not in unescape(without[1])


def test_two_dimensions_are_drawn_and_can_be_taken_away(visitor: Visitor) -> None:
    address = "measure=booked&by=month&by=source&period=all"
    page = get(visitor, f"{HERE}?{address}")
    svg, png = (visitor.get(f"{HERE}/chart.{kind}?{address}") for kind in ("svg", "png"))

    assert page.count('role="img"') == 2
    assert svg.content_type.startswith("image/svg+xml")
    assert "Second-order revenue by" in svg.text
    assert png.data.startswith(b"\x89PNG")
    assert "attachment" in png.headers["Content-Disposition"]


def test_an_address_that_makes_no_sense_is_refused_in_a_sentence(visitor: Visitor) -> None:
    for address, sentence in {
        "measure=profit": "no measure",
        "by=sorce": "did you mean 'source'?",
        "by=source&period=yesterday": "no period",
        "by=source&chart=pie": "no kind of chart",
        "by=source&period=all&compare=before": "only then is there a period before",
        "from=2026&to=2025": "before it begins",
        "from=0001": "no day of a report",
        "saved=12&by=source": "Nothing here for you",
    }.items():
        page = visitor.get(f"{HERE}?{address}")
        page = visitor.get(str(page.headers["Location"])) if page.status_code == 302 else page
        assert page.status_code in {400, 404}, address
        assert sentence in unescape(page.text), address


def test_nothing_won_is_said_and_drawn_as_nothing(visitor: Visitor) -> None:
    page = get(visitor, f"{HERE}?measure=booked&by=source&from=2001&to=2001")

    assert "Nothing was won" in page
    assert 'role="img"' not in page
    assert visitor.get(f"{HERE}/chart.svg?by=source&from=2001&to=2001").status_code == 400


def test_every_ready_report_answers(visitor: Visitor) -> None:
    for key, ready in READY.items():
        page = get(visitor, f"{HERE}/ready/{key}")
        assert ready.name in unescape(page)
        assert "Total" in page or "Nothing was won" in page


def test_a_saved_report_is_listed_for_everybody_with_its_owner(
    town: Town, visitor: Visitor
) -> None:
    address = save(visitor, HOSTILE, by="source", measure="booked", period="all")
    town.harbor.owners[88] = Owner(88, "seller@harbor.example", user_id=9088)
    seller = town.visitor()
    seller.sign_in(user="seller@harbor.example")

    listed = get(seller, HERE)

    assert "<script>alert(1)" not in listed
    assert HOSTILE in unescape(listed)
    assert "Second-order revenue" in get(seller, address)
    assert "Save as" not in get(seller, address)
    assert seller.press(SAVED, {"name": "Mine", "by": "source"}).status_code == 403
    assert seller.press(f"{address}/delete").status_code == 403


def test_a_saved_report_is_nothing_to_another_account(town: Town, visitor: Visitor) -> None:
    address = save(visitor, "Ours", by="source")
    other = town.visitor()
    other.sign_in(ORCHARD)

    assert other.get(address).status_code == 404
    theirs = address.replace(str(HARBOR), str(ORCHARD))
    assert other.get(theirs).status_code == 404
    assert other.press(f"{theirs}/delete").status_code in {303, 404}
    assert "Ours" in get(visitor, HERE)


def test_of_two_people_who_change_a_report_the_second_is_told_and_loses_nothing(
    visitor: Visitor,
) -> None:
    address = save(visitor, "By source", by="source", measure="booked", period="all")
    seen = revision(get(visitor, address))
    first = visitor.press(f"{address}/change", {"seen": seen, "by": "owner", "period": "all"})
    second = visitor.press(f"{address}/change", {"seen": seen, "by": "month", "period": "all"})

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Somebody was quicker" in second.text
    assert 'name="by" value="month"' in second.text
    assert "by deal owner" in text_of(get(visitor, address))


def test_a_report_is_renamed_copied_deleted_and_taken_back(visitor: Visitor) -> None:
    address = save(visitor, "First", by="source")
    seen = revision(get(visitor, address))
    assert (
        visitor.press(f"{address}/rename", {"seen": seen, "name": " Second  try "}).status_code
        == 303
    )
    copied = visitor.press(f"{address}/copy")
    assert "Copy of Second try" in get(visitor, str(copied.headers["Location"]))

    visitor.press(f"{address}/delete")
    assert ">Second try<" not in get(visitor, HERE)
    assert "Take it back" in get(visitor, address)
    visitor.press(f"{address}/take-back")
    assert ">Second try<" in get(visitor, HERE)


def test_a_report_needs_a_name_of_some_length(visitor: Visitor) -> None:
    for name in ("", "   ", "x" * 121):
        answer = visitor.press(SAVED, {"name": name, "by": "source"})
        assert answer.status_code == 400
        assert "name" in answer.text


def test_a_saved_report_says_by_name_what_the_account_no_longer_has(
    harbor: MirrorPortal, visitor: Visitor
) -> None:
    address = save(visitor, "Old", by="source", measure="booked", pipeline="partners", period="all")
    for name, word in (
        ("by", "company.size_class"),
        ("company.size_class", "Large"),
        ("mood", "x"),
    ):
        _keep_word(harbor, name, word, "Company size")

    page = text_of(get(visitor, address))

    assert "Company size" in page
    assert "company.size_class" in page
    assert "nothing is shown" in page
    assert "mood: Company size" in page
    assert "Total" not in page


def test_a_grouping_that_is_gone_leaves_the_rest_of_a_saved_report(
    harbor: MirrorPortal, visitor: Visitor
) -> None:
    address = save(visitor, "Old", by="source", measure="booked", owner="88")
    _keep_word(harbor, "by", "company.size_class", "Company size")
    _keep_word(harbor, "owner", "4040", "Anna Berg")
    with harbor.context.transaction() as tx:
        owner_rows.replace(tx, [OwnerOfRecords(88, first_name="Bo")])

    page = text_of(get(visitor, address))

    assert "Company size (company.size_class) is not read from this account any more" in page
    assert "“Anna Berg” (Deal owner) is no longer in HubSpot." in page
    assert "“Bo”" not in page
    assert "Total" in page


def _keep_word(harbor: MirrorPortal, name: str, value: str, label: str) -> None:
    """Add a word to all saved reports, as an earlier day or version would have."""
    with harbor.context.transaction() as tx:
        tx.run(
            """UPDATE saved_report SET body = jsonb_set(body, '{words}', (body -> 'words')
                 || jsonb_build_array(jsonb_build_object(
                   'name', CAST(:name AS text), 'value', CAST(:value AS text),
                   'label', CAST(:label AS text))))
               WHERE portal_id = :portal""",
            name=name,
            value=value,
            label=label,
        )


def test_saved_reports_forget_an_erased_person_and_stay_reports_of_somebody(
    harbor: MirrorPortal, visitor: Visitor
) -> None:
    address = save(visitor, "What Eve Stone led to", by="source", advocate="40", period="all")
    assert "Eve Stone" in get(visitor, address)

    with harbor.context.transaction() as tx:
        erasure.contact(tx, 40)
        kept = tx.rows("SELECT name, body::text AS body FROM saved_report")

    assert "Eve" not in str(kept)
    assert '"40"' not in str(kept)
    assert "removed" in kept[0]["body"]
    assert "Eve Stone" not in get(visitor, address)


def test_a_marketer_saves_and_a_seller_may_not_take_charts_away(
    town: Town, visitor: Visitor
) -> None:
    for number, role in ((90, Role.MARKETER), (91, Role.SELLER)):
        email = f"{role.value}@harbor.example"
        town.harbor.owners[number] = Owner(number, email, user_id=9000 + number)
        user = town.visitor()
        user.sign_in(user=email)
        give(town, email, role)
        answer = user.get(f"{HERE}/chart.svg?by=source&period=all")
        saved = user.press(SAVED, {"name": "Mine", "by": "source"}, csrf=user.session().csrf)
        may = role is Role.MARKETER
        assert answer.status_code == (200 if may else 403)
        assert saved.status_code == (303 if may else 403)


def test_two_sides_are_not_held_against_each_other_when_they_are_too_few(visitor: Visitor) -> None:
    page = text_of(get(visitor, f"{HERE}/comparison?from=2024-01-01"))

    assert "Too few to compare" in page
    assert "Each side needs at least 30." in page
    assert "not why" in page
    assert "Too few to compare the two ways" in page
    assert "Win rate" not in page


def test_a_day_that_is_none_is_refused_by_the_comparison(visitor: Visitor) -> None:
    for day in ("yesterday", "2026-02-30", "0001-01-01"):
        answer = visitor.get(f"{HERE}/comparison?from={day}")
        assert answer.status_code == 400, day
        assert "no day" in unescape(answer.text)


def test_a_report_costs_a_fixed_number_of_queries_however_much_it_shows(
    town: Town, harbor: MirrorPortal, visitor: Visitor
) -> None:
    plain = _queries(town, visitor, f"{HERE}?measure=booked&by=source&period=all")
    drawn_by_two = _queries(town, visitor, f"{HERE}?measure=booked&by=month&by=source&period=all")
    filtered = _queries(town, visitor, f"{HERE}?measure=booked&by=source&period=all&owner=88")

    assert plain <= 20
    assert drawn_by_two <= plain + 1  # when the first and the last deal were won
    assert filtered <= plain + 2  # what the chosen are called
    assert _queries(town, visitor, HERE) <= 5


def _queries(town: Town, visitor: Visitor, address: str) -> int:
    with counted(town.runtime.database) as statements:
        get(visitor, address)
    return len(statements)


def test_a_report_by_a_property_is_wholly_in_the_readers_language(visitor: Visitor) -> None:
    address = f"{HERE}?measure=booked&by=deal.deal_currency_code&period=all"
    page = text_of(visitor.get(address, **{"Accept-Language": "de"}).text)

    assert "Umsatz zweiter Ordnung nach Währung" in page
    assert "Currency" not in page
    assert "currency" not in page
