"""The pages of uploads: a file is read, its columns corrected, each row told, and then imported."""

import io
from collections.abc import Iterator
from html import unescape

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from integration.portal.runtime import Runtime
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened
from workers import jobs

UPLOADS = f"/portals/{HARBOR}/answers/upload"
FILE = (
    "mail,likely,day,words\n"
    "ana@acme.example,9,04/13/2026,<b>bold</b>\n"
    'bo@acme.example,12,04/14/2026,"=HYPERLINK(""x"")"\n'
)


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    with opened(runtime) as built:
        yield built


@pytest.fixture
def ada(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    return visitor


def send(visitor: Visitor, raw: bytes, **form: str) -> TestResponse:
    """Press Upload with a file, as a browser does."""
    file = FileStorage(io.BytesIO(raw), filename="answers.csv")
    headers = {"Origin": visitor.town.origin, "Sec-Fetch-Site": "same-origin"}
    # Not by the client itself, which leaves temporary files open.
    boundary, body = encode_multipart({"csrf": visitor.csrf(), "file": file, **form})
    return visitor.client.post(
        UPLOADS,
        base_url=visitor.town.origin,
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=headers,
    )


def answers(town: Town, portal_id: int = HARBOR) -> list[dict[str, object]]:
    with town.runtime.database.portal(portal_id) as tx:
        return [dict(row) for row in tx.rows("SELECT * FROM answer")]


def test_a_file_is_checked_and_imported_by_its_page(town: Town, ada: Visitor) -> None:
    added = send(ada, FILE.encode("utf-16"), survey="spring")
    assert added.status_code == 303
    page = added.headers["Location"]
    shown = ada.get(page).text
    assert "UTF-16" in shown
    assert "<b>bold" not in shown
    assert '<option value="1" selected>likely' in shown, "guessed by its name"
    assert ada.press(f"{page}/import").status_code == 422, "nobody looked at it yet"

    columns = {"score": "1", "email": "0", "at": "2", "comment": "3"}
    refused = ada.press(f"{page}/check", columns)
    assert refused.status_code == 422
    assert "begin with the day or with the month" in unescape(refused.text)
    assert ada.press(f"{page}/check", columns | {"dates": "month"}).status_code == 303
    assert "Rows are being checked" in ada.get(page).text
    jobs.work(town.runtime, HARBOR, "upload")
    told = unescape(ada.get(page).text)
    assert "What becomes of each row" in told
    assert "waits for its person" in told
    assert "no whole number from 0 to 10" in told
    file = ada.get(f"{page}/refused.csv")
    assert "'=HYPERLINK" in file.text, "a spreadsheet runs nothing of it"
    assert "no whole number" in file.text
    assert "ana@acme" not in file.text

    assert ada.press(f"{page}/import").status_code == 303
    jobs.work(town.runtime, HARBOR, "upload")
    assert "What became of each row" in ada.get(page).text
    (kept,) = answers(town)
    assert (kept["source"], kept["score"], kept["comment"]) == ("survey:spring", 9, "<b>bold</b>")
    assert answers(town, ORCHARD) == []

    eve = town.visitor()
    eve.sign_in(ORCHARD)
    theirs = page.replace(str(HARBOR), str(ORCHARD))
    assert eve.get(theirs).status_code == 404
    assert eve.get(f"{theirs}/refused.csv").status_code == 404
    assert ada.press(f"{page}/remove").status_code == 303
    assert ada.get(page).status_code == 404
    assert len(answers(town)) == 1, "the answers of a removed file stay"


def test_a_large_file_is_taken_and_too_large_a_one_refused(town: Town, ada: Visitor) -> None:
    row = "somebody@acme.example,9,2026-04-13," + "x" * 90 + "\n"
    large = "mail,nps,date,words\n" + row * 20_000
    assert send(ada, large.encode()).status_code == 303
    assert send(ada, b"x" * 26_000_000).status_code == 413
    assert send(ada, b"", survey="x").status_code == 422
    assert "holds no rows" in unescape(send(ada, b"mail,nps\n").text)
    wrong = send(ada, "mail,nps\nä,9\n".encode("cp1252"), encoding="utf-8")
    assert "choose another encoding" in unescape(wrong.text)
    assert "named by 1 to 40" in unescape(send(ada, FILE.encode(), survey="No Name").text)
