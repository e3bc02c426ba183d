"""How far an import is: totals, per cent and time left of each stream, activities included."""

from datetime import UTC, datetime, timedelta

from integration.ingest.import_progress import ImportProgress, Line, lines_of
from integration.storage.queue.activity_cursors import ActivityCursor
from integration.storage.queue.import_runs import Stream

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def a_stream(
    name: str, records: int = 0, total: int | None = None, *, done: bool = False, seconds: float = 0
) -> Stream:
    """A stream that began so many seconds ago, unless it did not begin."""
    began_at = NOW - timedelta(seconds=seconds) if records else None
    return Stream(name, None, done, records, 0, total, began_at)


def a_type(name: str, records: int = 0, total: int | None = None) -> ActivityCursor:
    return ActivityCursor(name, None, done=False, told=False, records=records, calls=0, total=total)


def lines(*streams: Stream | ActivityCursor, refused: set[str] | None = None) -> dict[str, Line]:
    found = lines_of(
        [stream for stream in streams if isinstance(stream, Stream)],
        [stream for stream in streams if isinstance(stream, ActivityCursor)],
        refused or set(),
        NOW,
    )
    return {line.name: line for line in found}


def test_a_stream_says_how_much_of_how_much_and_how_long() -> None:
    (line,) = lines(a_stream("records:contact", 2_500, 10_000, seconds=50)).values()

    assert (line.label, line.state, line.records, line.total) == ("contacts", "busy", 2_500, 10_000)
    assert line.percent == 25
    assert line.seconds_left == 150, "7,500 at 50 a second"


def test_what_has_not_begun_takes_as_long_as_at_the_speed_of_the_others() -> None:
    found = lines(
        a_stream("records:contact", 2_500, 10_000, seconds=50),
        a_stream("records:deal", 0, 1_000),
        a_type("meeting", total=500),
    )

    assert found["records:deal"].state == "idle"
    assert found["records:deal"].seconds_left == 20
    assert found["activities:meeting"].label == "meetings"
    assert found["activities:meeting"].seconds_left == 10


def test_nothing_is_all_read_before_it_is_done() -> None:
    """More may have been made since they were counted."""
    found = lines(
        a_stream("records:deal", 1_000, 1_000, seconds=10),
        a_stream("records:company", 1_200, 1_000, seconds=10),
        a_stream("records:ticket", 70, 90, done=True, seconds=10),
    )

    assert found["records:deal"].percent == 99
    assert (found["records:company"].percent, found["records:company"].total) == (99, 1_200)
    assert (found["records:ticket"].percent, found["records:ticket"].total) == (100, 70)


def test_links_are_one_line_that_ends_with_the_longest_of_them() -> None:
    found = lines(
        a_stream("records:contact", 4_000, done=True, seconds=50),
        a_stream("records:deal", 1_000, done=True, seconds=20),
        a_stream("links:contact>company", 1_000, seconds=10),
        a_stream("links:deal>company", 1_000, done=True, seconds=10),
    )

    links = found["links"]
    assert (links.records, links.total, links.percent) == (2_000, 5_000, 40)
    assert links.seconds_left == 30


def test_what_is_not_counted_has_no_per_cent_and_no_time() -> None:
    found = lines(a_stream("records:contact", 100, None, seconds=5), a_stream("records:deal"))

    assert [line.percent for line in found.values()] == [None, None]
    assert [line.seconds_left for line in found.values()] == [None, None]


def test_a_refused_stream_keeps_nobody_waiting() -> None:
    found = lines(
        a_stream("records:ticket", 100, 400, done=True, seconds=5), refused={"records:ticket"}
    )

    assert found["records:ticket"].state == "refused"
    assert found["records:ticket"].seconds_left == 0


def test_the_whole_takes_its_longest_stream_and_then_its_longest_activities() -> None:
    found = lines(
        a_stream("records:contact", 2_500, 10_000, seconds=50),
        a_stream("records:deal", 0, 1_000),
        a_type("meeting", total=500),
        a_type("email", total=2_000),
    )
    whole = ImportProgress("import", is_under_way=True, lines=list(found.values()))

    assert whole.seconds_left == 150 + 40
    assert whole.percent == 100 * 2_500 // 13_500


def test_the_whole_says_neither_share_nor_time_while_a_part_is_not_counted() -> None:
    found = lines(a_stream("records:contact", 2_500, 10_000, seconds=50), a_type("note"))
    whole = ImportProgress("import", is_under_way=True, lines=list(found.values()))

    assert whole.seconds_left is None
    assert whole.percent is None
    assert whole.records == 2_500
