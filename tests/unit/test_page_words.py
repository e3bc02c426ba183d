"""The crawl over every page finds what no page may say, and lets pass what it may."""

import pytest

from tests.page_words import otherwise, text_of


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<p>deal 17 was won</p>", "a number without a name"),
        ("<td>company 5</td>", "a number without a name"),
        ("<p>answered by user 88</p>", "a number without a name"),
        ("<p>It waits in the outbox</p>", "a word of our own"),
        ("<p>Your portal is paused</p>", "a word of our own"),
        ("<p>heard_from_property is empty</p>", "a name of a program's"),
        ("<td>2026-03-01</td>", "a day in numbers"),
        ("<td>3/4/2026</td>", "a day in numbers"),
        ("<td>34 %</td>", "a percent sign apart"),
        ("<td>34.5%</td>", "a percentage with a single decimal or more than two"),
        ("<td>12.00 EUR</td>", "money with its code behind"),
        ("<td>€12345.00</td>", "money without separators"),
        ("<td>0.9312</td>", "a raw figure"),
        ("<td>90% sure</td>", "sureness without its word"),
        ("<td>moved in None days</td>", "a Python value"),
        ("<li>12>33:1>2</li>", "a key of a finding"),
    ],
)
def test_what_no_page_may_say_is_found(page: str, what: str) -> None:
    assert [line.partition(":")[0] for line in otherwise(page)] == [what]


@pytest.mark.parametrize(
    "page",
    [
        '<a href="/deal/17">Zenit buys</a> <small class="id">deal 17</small>',
        "<p>€1,234.56 and SEK 1,234.56, 34%, 47.20%, sure (0.93)</p>",
        "<p>21 March 2026, 14:05 UTC+1</p>",
        "<p><code>second-order portals</code></p>",
        '<input value="heard_from_property"><textarea>portal</textarea>',
        "<p>Version 3 of the settings; 12 deals</p>",
    ],
)
def test_what_a_page_may_say_passes(page: str) -> None:
    assert list(otherwise(page)) == []


def test_text_is_read_as_people_read_it() -> None:
    assert text_of("<p>Priya&nbsp;&lt;b&gt;\n Nair</p><script>portal</script>") == "Priya <b>\nNair"
