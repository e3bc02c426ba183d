"""What a report is asked for, as an address says it; what makes no sense is refused by name."""

import re
from datetime import date
from urllib.parse import parse_qsl

import pytest

from mappings.kinds import Dimension, Measure
from mappings.records.report_request import Grouping, ReportRequest, pairs, read

FULL = (
    "measure=booked&measure=deals&by=source&by=month&from=2026-01-01&to=2026-06-30"
    "&compare=before&company.industry=RETAIL&owner=88&owner=none"
)


def request_of(address: str) -> ReportRequest:
    return read(parse_qsl(address, keep_blank_values=True))


def test_an_address_says_what_to_add_up_by_what_and_of_which_deals() -> None:
    found = request_of("measure=booked,deals&by=source&by=company.industry&from=2026-01&owner=88")

    assert found.measures == (Measure.BOOKED, Measure.DEALS)
    assert found.by == (
        Grouping(Dimension.SOURCE),
        Grouping(Dimension.COMPANY_PROPERTY, "industry"),
    )
    assert (found.first, found.last) == (date(2026, 1, 1), None)
    assert found.filters == {Grouping(Dimension.OWNER): ("88",)}


def test_an_empty_address_is_the_revenue_of_all_time() -> None:
    assert request_of("by=&from=&to=&owner=") == ReportRequest(
        filters={Grouping(Dimension.OWNER): ("none",)}
    )


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("2026-02-03", date(2026, 2, 3)),
        ("2028-02", date(2028, 2, 29)),
        ("2026-Q2", date(2026, 6, 30)),
        ("2026", date(2026, 12, 31)),
    ],
)
def test_a_period_ends_with_the_last_day_of_what_is_written(written: str, last: date) -> None:
    assert request_of(f"to={written}").last == last


def test_a_request_that_was_written_as_an_address_is_read_again() -> None:
    found = request_of(FULL)

    assert read(pairs(found)) == found
    assert pairs(read(reversed(pairs(found))))[-3:] == pairs(found)[-3:]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("meassure=booked", "did you mean 'measure'?"),
        ("measure=bookd", "'bookd' is no measure: did you mean 'booked'?"),
        ("by=sorce", "did you mean 'source'?"),
        ("ownr=88", "did you mean 'owner'?"),
        ("by=source,owner,order", "by 2 things at most, not by source, owner, order"),
        ("by=month,year", "one of month, quarter and year"),
        ("month=2026-01", "'month' is nothing that a report is asked for by"),
        ("from=2026-13", "'2026-13' is no day"),
        ("from=yesterday", "'yesterday' is no day"),
        ("from=2026&to=2025", "ends on 2025-12-31, before it begins on 2026-01-01"),
        ("from=2026&from=2027", "from is given several times"),
        ("compare=before&from=2026", "Say from when to when"),
        ("compare=after&from=2026&to=2026", "nothing that a report is compared with"),
        ("currency=XBT", "'XBT' is no currency"),
        ("&".join(f"owner={number}" for number in range(101)), "owner has 101 values"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(address: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        request_of(address)
