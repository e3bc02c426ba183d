"""A file of answers: each row is told before anything is imported, and a killed import goes on."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.core.errors import Refused
from integration.ingest import answer_uploads
from integration.portal import forgotten
from integration.storage.queue import lanes
from integration.storage.service import erasure
from mappings.records.answer_columns import Columns

if TYPE_CHECKING:
    from tests.world import Account, World

TODAY = datetime.now(UTC).date()
DAY = (TODAY - timedelta(days=3)).isoformat()
HEAD = "Response ID;E-Mail;NPS;Kommentar;Datum\n"
FILE = (
    HEAD
    + f"1;ana@acme.example;9;schön;{DAY}\n"
    + f'2;bo@acme.example;3;"=cmd()|x";{DAY}\n'
    + f"3;nobody@else.example;10;;{DAY}\n"
    + f"4;ana@acme.example;11;;{DAY}\n"
    + f'5;bo@acme.example;7;"open;{DAY}\n'
    + f"1;ana@acme.example;8;;{DAY}\n"
    + f"7;ana@acme.example;8;;{DAY};more\n"
    + f"8;bo@acme.example;6;;{(TODAY + timedelta(days=90)).isoformat()}\n"
).encode("cp1252")


@pytest.fixture
def harbor(world: "World") -> "Account":
    for account in world.accounts:
        with account.crm.silently():
            company = account.crm.create("company", {"name": "Acme", "domain": "acme.example"}).id
            for name in ("ana", "bo"):
                address = f"{name}@acme.example"
                made = account.crm.create("contact", {"email": address, "firstname": name}).id
                account.crm.associate("contact", made, "company", company, primary=True)
        world.install(account)
    world.settle()
    return world.harbor


def person(account: "Account", name: str) -> int:
    return next(
        contact.id
        for contact in account.crm.all("contact")
        if contact.get("email") == f"{name}@acme.example"
    )


def upload(account: "Account", raw: bytes = FILE, columns: Columns | None = None) -> int:
    """Upload and check a file, as the pages do."""
    with account.context() as context:
        upload_id = answer_uploads.add(context, raw, "answers.csv", "csv", actor="user:7")
        found = answer_uploads.find(context, upload_id)
        assert found
        answer_uploads.check(context, upload_id, columns or found.columns)
    account.world.settle()
    return upload_id


def told(account: "Account", upload_id: int) -> dict[str, int]:
    with account.context() as context:
        found = answer_uploads.progress(context, upload_id, samples=3)
    assert found
    assert sum(found.counts.values()) == found.upload.rows
    return found.counts


def start(account: "Account", upload_id: int) -> None:
    with account.context() as context:
        answer_uploads.start(context, upload_id, is_our_scale=False, actor="user:7")


def test_what_becomes_of_each_row_is_told_first_and_then_happens(harbor: "Account") -> None:
    upload_id = upload(harbor)
    expected = {"new": 3, "waiting": 1, "refused": 3, "twice": 1}
    assert told(harbor, upload_id) == expected
    assert harbor.kept("answer") == [], "nothing is imported that nobody looked at"
    reasons = {
        row["row_number"]: row["reason"]
        for row in harbor.kept("answer_upload_row", outcome="refused")
    }
    assert (
        reasons[5] == "the score is no whole number from 0 to 10; other scales are never converted"
    )
    assert reasons[6] == "a quotation mark is not closed"
    assert reasons[8] == "has 6 cells where the head has 5"

    start(harbor, upload_id)
    harbor.world.settle()
    assert told(harbor, upload_id) == expected
    assert harbor.read("contact", person(harbor, "ana"), "second_order_nps") == "9"
    assert harbor.read("contact", person(harbor, "bo"), "second_order_nps") == "6"
    assert harbor.world.orchard.read("contact", person(harbor, "ana"), "second_order_nps") == ""
    assert max(harbor.values("answer", "at")) <= datetime.now(UTC), "a future day is cut"
    cells = {row["outcome"]: row["cells"] for row in harbor.kept("answer_upload_row")}
    assert cells["new"] is None, "imported rows keep no cells"
    assert cells["refused"] is not None

    again = upload(harbor)
    assert told(harbor, again) == {"same": 4, "refused": 3, "twice": 1}
    before = harbor.kept("answer")
    start(harbor, again)
    harbor.world.settle()
    assert harbor.kept("answer") == before, "the same file twice changes nothing"

    corrected = upload(harbor, FILE.replace(b";9;", b";2;"))
    assert told(harbor, corrected) == {"changed": 1, "same": 3, "refused": 3, "twice": 1}
    start(harbor, corrected)
    harbor.world.settle()
    assert harbor.read("contact", person(harbor, "ana"), "second_order_nps") == "2"


def test_an_import_whose_process_was_killed_goes_on_where_it_was(harbor: "Account") -> None:
    rows = "".join(f"r{n};p{n}@acme.example;{n % 11};;{DAY}\n" for n in range(2500))
    upload_id = upload(harbor, (HEAD + rows).encode())
    assert told(harbor, upload_id) == {"waiting": 2500}
    start(harbor, upload_id)
    with harbor.context() as context:
        with context.transaction() as tx:
            lease = lanes.take(tx, harbor.portal_id, answer_uploads.LANE)
        assert lease
        assert answer_uploads.advance(context, lease, seconds=0) == 0
    assert len(harbor.kept("answer")) == 1000, "one page; then the process is killed"
    with harbor.context() as context, context.transaction() as tx:
        tx.run("UPDATE lane SET lease_until = clock_timestamp() - interval '1 second'"
               " WHERE portal_id = :portal AND kind = 'upload'")  # fmt: skip
    harbor.world.settle()
    assert told(harbor, upload_id) == {"waiting": 2500}
    assert len(harbor.kept("answer")) == 2500


def test_what_looks_like_another_scale_is_asked_about(harbor: "Account") -> None:
    rows = "".join(f"r{n};p{n}@acme.example;{1 + n % 5};;{DAY}\n" for n in range(30))
    upload_id = upload(harbor, (HEAD + rows).encode())
    with pytest.raises(Refused, match="“NPS” looks like a scale from 1 to 5"):
        start(harbor, upload_id)
    assert harbor.kept("answer") == []
    with harbor.context() as context:
        answer_uploads.start(context, upload_id, is_our_scale=True, actor="user:7")
    harbor.world.settle()
    assert len(harbor.kept("answer")) == 30


def test_whoever_is_forgotten_leaves_every_uploaded_file(harbor: "Account") -> None:
    ana, bo = person(harbor, "ana"), person(harbor, "bo")
    raw = HEAD + f"1;ana@acme.example;9;so;{DAY}\n2;bo@acme.example;9;ask Ana@acme.example;{DAY}\n"
    checked = upload(harbor, raw.encode())
    with harbor.context() as context:
        untouched = answer_uploads.add(context, raw.encode(), "a.csv", "csv", actor="user:7")
        forgotten.forget(context, ana)
        with context.transaction() as tx:
            assert erasure.mentions(tx, "ana@acme.example") == []
    harbor.world.settle()
    assert sorted(harbor.values("answer_upload_row", "outcome", upload_id=untouched), key=str) == [
        None,
        "forgotten",
    ]
    start(harbor, checked)
    harbor.world.settle()
    assert told(harbor, checked) == {"forgotten": 1, "new": 1}
    assert harbor.values("answer", "contact_id") == [bo]


def test_a_file_that_cannot_be_one_is_refused_with_what_to_do(harbor: "Account") -> None:
    for raw, words in (
        (b"", "Choose a file"),
        (HEAD.encode(), "holds no rows"),
        (b"\n\n\n", "holds no rows"),
        (b"PK\x03\x04\x00\x00\x00\x01", "save it as CSV"),
        (("a;" * 300 + "\n1\n").encode(), "more than 200 columns"),
        (b"NPS\n" + b"9\n" * 200_001, "more than 200000 rows"),
    ):
        with harbor.context() as context, pytest.raises(Refused, match=words):
            answer_uploads.add(context, raw, "x", "csv", actor="user:7")
    assert harbor.kept("answer_upload") == []
    with harbor.context() as context:
        upload_id = answer_uploads.add(context, b"x,y\n1,2\n", "x", "csv", actor="user:7")
        with pytest.raises(Refused, match="which column holds the score"):
            answer_uploads.check(context, upload_id, Columns())
        beyond = Columns(score=0, email=99, at=1, is_day_first=True)
        with pytest.raises(Refused, match="no such column"):
            answer_uploads.check(context, upload_id, beyond)
        with pytest.raises(Refused, match="Check the file first"):
            answer_uploads.start(context, upload_id, is_our_scale=True, actor="user:7")
