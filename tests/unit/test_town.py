"""The shipped town: same seed, same bytes; proportions as measured; the truth speaks of what is there."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.sandbox import town, truth, truth_facts
from tests.sandbox import town_rates as rates
from tests.sandbox.crm import HubSpot
from tests.sandbox.town_rows import Town
from tests.sandbox.town_words import WORD_OF_MOUTH_ANSWERS
from tests.sandbox.truth_facts import MOVED_CHAMPION, REFERRAL, WORD_OF_MOUTH

TODAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def small() -> Town:
    return town.grow(7, 0.2, TODAY)


@pytest.fixture(scope="module")
def large() -> Town:
    return town.grow(7, 1.0, TODAY)


@pytest.fixture(scope="module")
def loaded() -> HubSpot:
    hubspot = HubSpot()
    town.load(hubspot, "shipped:0.2", orchard_scale=0.05, today=TODAY)
    return hubspot


def test_the_same_seed_grows_the_same_town_and_another_seed_another() -> None:
    assert repr(town.grow(3, 0.05, TODAY)) == repr(town.grow(3, 0.05, TODAY))
    assert town.grow(3, 0.05, TODAY).records != town.grow(4, 0.05, TODAY).records


@pytest.mark.parametrize("seed", range(12))
def test_the_smallest_towns_grow_too(seed: int) -> None:
    tiny = town.grow(seed, 0.005, TODAY)
    assert len(tiny.of("company")) >= town.LEAST_FIRMS
    assert tiny.of("contact")
    for move in tiny.truth.moves:
        assert move.former_company != move.new_company


def test_another_day_moves_all_dates_and_changes_nothing_else() -> None:
    early, late = town.grow(3, 0.05, TODAY), town.grow(3, 0.05, TODAY + timedelta(days=3))

    assert [record.id for record in early.records] == [record.id for record in late.records]
    assert all(
        after.created - before.created == timedelta(days=3)
        for before, after in zip(early.records, late.records, strict=True)
    )


def test_nothing_happens_after_today(small: Town) -> None:
    latest = max(value.at for record in small.records for value in record.values)
    assert latest.date() <= TODAY
    assert latest.date() >= TODAY - timedelta(days=3)
    assert max(link.at for link in small.links).date() <= TODAY


def test_the_full_town_has_the_promised_size(large: Town) -> None:
    counts = Counter(record.kind for record in large.records)
    assert counts["company"] == pytest.approx(rates.COMPANIES, rel=0.1)
    assert counts["contact"] == pytest.approx(rates.CONTACTS, rel=0.1)
    assert counts["deal"] == pytest.approx(rates.DEALS, rel=0.1)
    assert counts["feedback_submission"] == pytest.approx(
        rates.ANSWERS_PER_CONTACT * counts["contact"], rel=0.15
    )


@pytest.mark.parametrize("mode", rates.MODES)
def test_moves_show_in_the_measured_modes(large: Town, mode: str) -> None:
    share = sum(move.mode == mode for move in large.truth.moves) / len(large.truth.moves)
    assert share == pytest.approx(rates.MODES[mode], abs=0.05)


@pytest.mark.parametrize("kind", rates.NON_MOVES_PER_1000)
def test_each_kind_of_non_move_is_there_about_as_often_as_measured(large: Town, kind: str) -> None:
    wanted = rates.NON_MOVES_PER_1000[kind] * rates.CONTACTS / 1000
    # A firm that is sold or renamed takes all its people with it, whatever the wanted count.
    assert sum(pair.kind == kind for pair in large.truth.non_moves) == pytest.approx(wanted, abs=6)


def test_survey_scores_are_spread_as_measured(large: Town) -> None:
    scores = Counter(
        int(answer.current()["hs_value"]) for answer in large.of("feedback_submission")
    )
    for score, share in rates.SCORES.items():
        assert scores[score] / scores.total() == pytest.approx(share, abs=0.05)


def test_deals_end_as_measured(large: Town) -> None:
    won = sum(deal.won for deal in large.truth.deals) / len(large.truth.deals)
    assert won == pytest.approx(rates.OUTCOMES["won"], abs=0.06)


def test_deals_come_through_moved_champions_and_referrals_as_often_as_measured(large: Town) -> None:
    kinds = Counter(
        kind for deal in large.truth.deals for kind in {source.kind for source in deal.sources}
    )
    total = len(large.truth.deals)
    assert kinds[MOVED_CHAMPION] / total == pytest.approx(rates.MOVED_CHAMPION_DEALS, abs=0.03)
    assert kinds[REFERRAL] / total == pytest.approx(rates.REFERRAL_DEALS, abs=0.03)
    assert kinds[WORD_OF_MOUTH] / total == pytest.approx(rates.WORD_OF_MOUTH_DEALS, abs=0.03)


def test_ids_and_addresses_are_given_once_across_districts() -> None:
    pieces = list(town.districts(5, 2.1, TODAY))
    contacts = [record for piece in pieces for record in piece.of("contact")]
    companies = [record for piece in pieces for record in piece.of("company")]
    emails = [contact.current()["email"] for contact in contacts]

    assert len(pieces) == 3
    assert len({contact.id for contact in contacts}) == len(contacts)
    assert len({company.id for company in companies}) == len(companies)
    assert len(set(emails)) == len(emails)


def test_every_move_is_between_records_that_are_there_and_know_both_companies(large: Town) -> None:
    contacts = {record.id: record for record in large.of("contact")}
    companies = {record.id for record in large.of("company")}
    for move in large.truth.moves:
        assert {move.former_company, move.new_company} <= companies
        assert (
            large.truth.people[move.former_contact]
            == large.truth.people[move.new_contact]
            == move.person
        )
        assert move.former_company in large.truth.employers[move.former_contact]
        assert move.new_company in large.truth.employers[move.new_contact]
        same = move.former_contact == move.new_contact
        assert same == (move.mode in {"in_place", "merged"})
        if same:
            assert len(contacts[move.new_contact].history("email")) >= 2
        else:
            assert contacts[move.former_contact].created < contacts[move.new_contact].created


def test_a_merged_record_keeps_the_old_address(large: Town) -> None:
    contacts = {record.id: record for record in large.of("contact")}
    merged = [move for move in large.truth.moves if move.mode == "merged"]
    assert merged
    for move in merged:
        record = contacts[move.new_contact]
        kept = {value.value for value in record.history("email")}
        assert kept & set(record.current()["hs_additional_emails"].split(";"))


def test_non_moves_are_between_records_that_are_there_and_namesakes_are_two_people(
    large: Town,
) -> None:
    contacts = {record.id for record in large.of("contact")}
    for pair in large.truth.non_moves:
        assert {pair.first_contact, pair.second_contact} <= contacts
        same = large.truth.people[pair.first_contact] == large.truth.people[pair.second_contact]
        assert same == (pair.kind != "namesake")


def test_causes_come_before_their_deals(large: Town) -> None:
    opened = {record.id: record.created for record in large.of("deal")}
    contacts = {record.id: record for record in large.of("contact")}
    for deal in large.truth.deals:
        for source in deal.sources:
            if source.contact is not None:
                assert contacts[source.contact].created < opened[deal.deal]
                assert source.company != deal.company


def test_every_deal_of_word_of_mouth_has_a_contact_who_heard_of_us(large: Town) -> None:
    contacts = {record.id: record.current() for record in large.of("contact")}
    on_deal: dict[int, list[int]] = {}
    for link in large.links:
        if (link.from_kind, link.to_kind) == ("deal", "contact"):
            on_deal.setdefault(link.from_id, []).append(link.to_id)
    for deal in large.truth.deals:
        if deal.tag == WORD_OF_MOUTH:
            said = {contacts[contact].get("how_did_you_hear") for contact in on_deal[deal.deal]}
            assert said & set(WORD_OF_MOUTH_ANSWERS)


def test_second_order_sums_agree_whichever_way_they_are_added(large: Town) -> None:
    truth = large.truth
    total: Counter[str] = Counter()
    for by_currency in truth.second_order_by_company().values():
        total.update(by_currency)
    assert dict(total) == truth.second_order_total()
    assert sum(total.values()) > 0
    amounts = {record.id: record.current().get("amount") for record in large.of("deal")}
    for deal in truth.deals:
        text = amounts[deal.deal]
        assert deal.amount == (None if text is None else round(float(text) * 100))


def test_a_perfect_reader_scores_perfectly_and_one_who_takes_look_alikes_for_moves_does_not(
    large: Town,
) -> None:
    known = large.truth
    moves = [(move.former_contact, move.new_contact, 1.0) for move in known.moves]
    look_alikes = [(pair.first_contact, pair.second_contact, 1.0) for pair in known.non_moves]

    perfect = truth.score_moves(known, moves)
    assert (perfect.precision, perfect.recall) == (1.0, 1.0)
    fooled = truth.score_moves(known, look_alikes)
    assert (fooled.right, fooled.wrong) == (0, len(set(look_alikes)))
    tags = truth.score_tags(known, {deal.deal: deal.tag for deal in known.deals})
    assert {(score.precision, score.recall) for score in tags.values()} == {(1.0, 1.0)}


def test_the_town_is_as_dirty_as_a_crm(large: Town) -> None:
    contacts = [record.current() for record in large.of("contact")]
    companies = [record.current() for record in large.of("company")]
    deals = [record.current() for record in large.of("deal")]
    assert any("domain" not in company for company in companies)
    assert any("hubspot_owner_id" not in deal for deal in deals)
    assert any(
        "amount" not in deal and deal["dealstage"] in {"1104771", "1104703"} for deal in deals
    )
    assert any("firstname" not in contact and "lastname" not in contact for contact in contacts)
    assert any(contact["email"].endswith("@gmail.com") for contact in contacts)
    assert any(
        link.from_kind == link.to_kind and link.from_id == link.to_id for link in large.links
    )
    assert any("<script>" in contact.get("jobtitle", "") for contact in contacts)


def test_no_stage_id_proves_that_a_deal_is_won(loaded: HubSpot) -> None:
    harbor = loaded.portals[town.HARBOR_ID]
    by_stage = {
        deal.get("dealstage"): harbor.value(deal, "hs_is_closed_won") for deal in harbor.all("deal")
    }
    assert by_stage["1104771"] == "true"
    assert by_stage["closedwon"] == "false"


def test_the_loaded_portal_tells_of_deals_what_the_truth_tells(loaded: HubSpot) -> None:
    harbor = loaded.portals[town.HARBOR_ID]
    grown = town.grow(7, 0.2, TODAY)
    assert {deal.id for deal in harbor.all("deal")} == {deal.deal for deal in grown.truth.deals}
    for deal in grown.truth.deals:
        record = harbor.need("deal", deal.deal)
        assert harbor.value(record, "hs_is_closed_won") == ("true" if deal.won else "false")


def test_the_loaded_portal_holds_every_value_in_its_time(loaded: HubSpot, small: Town) -> None:
    harbor = loaded.portals[town.HARBOR_ID]
    for record in small.of("contact"):
        held = harbor.need("contact", record.id)
        for name in ("email", "company", "jobtitle"):
            told = [
                (round(value.at.timestamp() * 1000), value.value) for value in record.history(name)
            ]
            assert [
                (change[0], change[1]) for change in reversed(held.history.get(name, []))
            ] == told


def test_a_contact_points_to_its_primary_company(loaded: HubSpot, small: Town) -> None:
    harbor = loaded.portals[town.HARBOR_ID]
    for record in small.of("contact"):
        if company := record.current().get("associatedcompanyid"):
            assert 1 in harbor.associated("contact", record.id, "company")[int(company)]
            assert harbor.need("contact", record.id).get("associatedcompanyid") == company


def test_loading_tells_nobody_and_orchard_is_another_town(loaded: HubSpot) -> None:
    harbor, orchard = loaded.portals[town.HARBOR_ID], loaded.portals[town.ORCHARD_ID]
    assert not loaded.queue
    assert {contact.get("email") for contact in harbor.all("contact")}.isdisjoint(
        contact.get("email") for contact in orchard.all("contact")
    )
    assert orchard.all("contact")
    assert not orchard.all("feedback_submission")


def test_the_truth_survives_a_file(small: Town, tmp_path: Path) -> None:
    truth_facts.write(small.truth, tmp_path / "truth.json")
    assert truth_facts.read(tmp_path / "truth.json") == small.truth


def test_the_summary_counts_what_is_there(small: Town) -> None:
    said = town.summary(small)
    assert f"{len(small.of('contact')):,} contact" in said
    assert f"{len(small.truth.moves):,} moves that show" in said
