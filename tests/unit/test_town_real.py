"""A CRM history kept as tables: a tiny hand-made one, and the real one where it is at hand."""

import csv
import gzip
import importlib.util
import random
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from tests.sandbox import town, truth
from tests.sandbox.crm import HubSpot
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import PRIMARY, Town
from tests.sandbox.truth_facts import MOVED_CHAMPION

REAL = Path(__file__).parents[3] / "shared" / "data" / "crm"
TODAY = date(2026, 3, 31)
SHIFT = TODAY - date(2021, 6, 30)
TABLES = {
    "companies": """company_id,name,domain,additional_domains,parent_company_id,lifecyclestage,customer_since,createdate,phone
1,Old Firm,old.example,,,customer,2020-02-01,2020-01-01,
2,New Firm,new.example,,1,lead,,2020-01-01,""",
    "contacts": """contact_id,firstname,lastname,email,jobtitle,company,associatedcompanyid,phone,mobilephone,hs_linkedin_url,city,country,createdate,last_activity_date,hs_email_hard_bounce_date,lifecyclestage,hs_analytics_source,how_did_you_hear
10,Ana,Bell,ana@old.example,,,1,,,,,,2020-01-02,2020-05-01,2020-08-01,customer,OFFLINE,a friend
11,Ana,Bell,ana.bell@gmail.example,,New Firm,,,,,,,2020-09-01,2021-06-30,,lead,OFFLINE,""",
    "contact_history": """contact_id,property,value,timestamp,source_type
10,email,ana@old.example,2020-01-02,FORM
10,associatedcompanyid,1,2020-01-02,CRM_UI
11,email,ana.bell@gmail.example,2020-09-01,IMPORT""",
    "deals": """deal_id,dealname,company_id,createdate,closedate,dealstage,amount,product
20,Big one,2,2020-10-01,2020-11-01,closedwon,1250.50,X""",
    "deal_contacts": """deal_id,contact_id,associated_at,is_primary
20,11,2020-10-01,1""",
    "nps_responses": """response_id,contact_id,company_id,score,submitted_at
30,10,1,9,2020-03-01""",
    "truth/moves": """person_id,former_company_id,former_role,left_at,new_company_id,joined_at,observed_at,former_contact_id,new_contact_id,mode,kind
P,1,customer,2020-06-01,2,,2020-09-01,10,11,freemail_record,move""",
    "truth/moves_not_visible": "person_id,former_company_id",
    "truth/non_moves": "contact_id_a,contact_id_b,kind,basis,note\n10,11,namesake,chance,",
    "truth/identity": "contact_id,person_id\n10,P\n11,P",
    "truth/positions": "contact_id,person_id,company_id\n10,P,1\n11,P,2",
    "truth/deals": """deal_id,label,is_won,amount,former_company_id,primary_contact_text_is_person_referral,primary_contact_text_ambiguous,note
20,moved_champion,1,1250.5,1,,,""",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "truth").mkdir()
    for name, text in TABLES.items():
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt", encoding="utf-8") as table:
            table.write(text + "\n")
    return tmp_path


def test_the_last_day_becomes_today_and_all_others_keep_their_distance(folder: Path) -> None:
    read = read_town(folder, TODAY)
    ana = next(record for record in read.of("contact") if record.id == 10)
    assert ana.created.date() == date(2020, 1, 2) + SHIFT
    assert max(value.at for record in read.records for value in record.values).date() == TODAY


def test_signs_of_life_and_answers_stand_where_hubspot_keeps_them(folder: Path) -> None:
    ana = next(
        record for record in read_town(folder, TODAY).of("contact") if record.id == 10
    ).current()
    assert ana["notes_last_contacted"] == f"{date(2020, 5, 1) + SHIFT}T00:00:00Z"
    assert ana["hs_email_hard_bounce_reason_enum"] == "UNKNOWN_USER"
    assert ana["hard_bounced_on"] == str(date(2020, 8, 1) + SHIFT)
    assert ana["hs_feedback_last_nps_rating"] == "PROMOTER"
    assert ana["how_did_you_hear"] == "a friend"


def test_a_closed_deal_was_open_first(folder: Path) -> None:
    deal = read_town(folder, TODAY).of("deal")[0]
    stages = [(value.value, value.at.date()) for value in deal.history("dealstage")]
    assert stages == [
        ("prospecting", date(2020, 10, 1) + SHIFT),
        ("closedwon", date(2020, 11, 1) + SHIFT),
    ]


def test_the_truth_comes_along_and_private_hosts_are_named(folder: Path) -> None:
    read = read_town(folder, TODAY)
    assert read.free_mail_hosts == {"gmail.example"}
    assert read.truth.moves[0].joined == date(2020, 6, 1) + SHIFT
    assert read.truth.deals[0].tag == MOVED_CHAMPION
    assert read.truth.second_order_by_company() == {1: {"USD": 125_050}}


def test_a_folder_fills_harbor(folder: Path) -> None:
    hubspot = HubSpot()
    loaded = town.load(hubspot, folder, orchard_scale=0.05, today=TODAY)
    harbor = hubspot.portals[town.HARBOR_ID]
    deal = harbor.need("deal", 20)
    assert harbor.value(deal, "hs_is_closed_won") == "true"
    assert list(harbor.associated("deal", 20, "contact")) == [11]
    assert harbor.value(harbor.need("company", 2), "hs_parent_company_id") == "1"
    assert loaded.free_mail_hosts[town.HARBOR_ID] == {"gmail.example"}
    assert truth.score_moves(loaded.truths[town.HARBOR_ID], [(10, 11, 1.0)]).right == 1


@pytest.fixture(scope="module")
def real() -> Town:
    return read_town(REAL, TODAY)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real town is not at hand")
class TestRealTown:
    def test_it_loads_whole_and_in_time(self) -> None:
        hubspot = HubSpot()
        began = time.thread_time()
        loaded = town.load(hubspot, REAL, orchard_scale=0.05)
        assert time.thread_time() - began < 30, "of work, whatever else the machine does"
        harbor = hubspot.portals[town.HARBOR_ID]
        for kind, table in (("contact", "contacts"), ("company", "companies"), ("deal", "deals")):
            with gzip.open(REAL / f"{table}.csv.gz", "rt", encoding="utf-8") as rows:
                assert len(harbor.all(kind)) == sum(1 for _ in csv.DictReader(rows))
        known = loaded.truths[town.HARBOR_ID]
        contacts = {contact.id for contact in harbor.all("contact")}
        assert {move.new_contact for move in known.moves} | {
            move.former_contact for move in known.moves
        } <= contacts

    def test_a_perfect_reader_scores_perfectly(self, real: Town) -> None:
        known = real.truth
        claims = [(move.former_contact, move.new_contact, 1.0) for move in known.moves]
        score = truth.score_moves(known, claims)
        assert (score.precision, score.recall) == (1.0, 1.0)
        tags = truth.score_tags(known, {deal.deal: deal.tag for deal in known.deals})
        assert (tags[MOVED_CHAMPION].precision, tags[MOVED_CHAMPION].recall) == (1.0, 1.0)

    @pytest.mark.parametrize("customers_only", [False, True])
    def test_our_scores_are_those_of_the_scorer_kept_beside_it(
        self, real: Town, customers_only: bool
    ) -> None:
        spec = importlib.util.spec_from_file_location("kept_score", REAL.parent / "score.py")
        assert spec is not None
        assert spec.loader is not None
        kept = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(kept)
        dice = random.Random(4)
        contacts = sorted(real.truth.people)
        pairs = [
            (move.former_contact, move.new_contact)
            for move in real.truth.moves
            if dice.random() < 0.6
        ]
        pairs += [
            (pair.first_contact, pair.second_contact)
            for pair in real.truth.non_moves
            if dice.random() < 0.5
        ]
        pairs += [(dice.choice(contacts), dice.choice(contacts)) for _ in range(300)]
        pairs += [(a, b) for a, b in pairwise(contacts) if dice.random() < 0.2]
        claims = [{"former_contact_id": str(a), "new_contact_id": str(b)} for a, b in pairs]

        theirs = kept.score(str(REAL), claims, customers_only)
        ours = truth.score_moves(
            real.truth, [(a, b, 1.0) for a, b in pairs], customers_only=customers_only
        )

        assert ours.right == theirs["right_predictions"]
        assert ours.wrong == theirs["wrong_predictions"]
        assert ours.ignored == theirs["ignored"]
        assert (ours.found, ours.true) == (theirs["moves_found"], theirs["moves"])
        assert dict(ours.wrong_by_kind) == theirs["wrong_by_kind"]

    def test_its_second_order_revenue_is_the_one_kept_beside_it(self, real: Town) -> None:
        with gzip.open(
            REAL / "truth" / "second_order_by_company.csv.gz", "rt", encoding="utf-8"
        ) as rows:
            kept = {
                int(row["company_id"]): round(float(row["won_amount"]) * 100)
                for row in csv.DictReader(rows)
            }
        known = real.truth
        ours = {company: sums["USD"] for company, sums in known.second_order_by_company().items()}
        assert ours == {company: won for company, won in kept.items() if won}

    def test_every_primary_company_of_its_links_is_there(self, real: Town) -> None:
        read = real
        companies = {record.id for record in read.of("company")}
        assert all(link.to_id in companies for link in read.links if link.label == PRIMARY)
