"""How pages say money, times, counts and import progress."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.hubspot.routes import ROUTES
from integration.ingest.backfill import Progress
from integration.pages import figures, wording
from integration.reports import ledger_lines
from integration.storage.queue.import_runs import Stream
from mappings.kinds import source_label
from mappings.records.setting_labels import setting_label


def test_times_are_said_as_how_long_ago() -> None:
    now = datetime.now(UTC)
    assert figures.ago(now - timedelta(minutes=3), now) == "3 minutes ago"
    assert figures.ago((now - timedelta(hours=2)).isoformat(), now) == "2 hours ago"
    assert figures.ago(None, now) == "never"


def test_field_names_become_words() -> None:
    assert setting_label("referred_by_property") == "Referred by"
    assert setting_label("told_properties") == "More texts of contacts"
    assert source_label("word_of_mouth") == "Word of mouth"
    assert source_label("several") == "Several sources"
    assert source_label("something_new") == "something new"


def test_an_import_is_a_line_for_each_record_type_and_one_for_all_links() -> None:
    run = Progress(
        "import",
        running=True,
        streams=[
            Stream("records:contact", None, done=True, records=40, drift=0),
            Stream("records:deal", "x", done=False, records=0, drift=0),
            Stream("links:deal>contact", "x", done=False, records=7, drift=0),
            Stream("links:deal>company", None, done=True, records=5, drift=0),
        ],
    )

    assert [(one["label"], one["records"], one["state"]) for one in wording.lines(run)] == [
        ("contacts", 40, "done"),
        ("deals", 0, "idle"),
        ("links between them", 12, "busy"),
    ]
    assert wording.lines(None) == []


@pytest.mark.parametrize(
    ("number", "plural", "said"),
    [
        (1, "users", "1 user"),
        (1, "companies", "1 company"),
        (0, "contacts", "0 contacts"),
        (2579, "companies", "2,579 companies"),
    ],
)
def test_one_thing_is_no_plural(number: int, plural: str, said: str) -> None:
    assert wording.things(number, plural) == said


def test_every_call_to_hubspot_is_said_in_words() -> None:
    assert {wording._call_words(name) for name in ROUTES} & {"Another call"} == set()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("moved_champion: sourced", "moved champion: on the deal when it opened"),
        ("referral: field_email", "referral: by the referred-by field"),
        ("word_of_mouth: wom_generic", "word of mouth: somebody recommended us"),
        ("referral: a_new_sign", "referral: a new sign"),
        ("won", "booked when the deal was won"),
        ("Refund: agreed with Ana", "Refund: agreed with Ana"),
    ],
)
def test_the_reason_of_an_entry_is_said_in_words(reason: str, said: str) -> None:
    assert ledger_lines.reason_text(reason) == said
