"""The privacy notice says everything that is read, in the documents as on the page."""

import dataclasses

from integration.pages import privacy_notice
from mappings.records import access, activity_records, text_sources, what_is_read
from mappings.records.portal_map import PortalMap
from mappings.records.text_sources import TextSource
from mappings.rules.facts import TextKind
from tests.what_we_read_page import PAGE, what_we_read_page


def names() -> set[str]:
    return {
        name
        for section in privacy_notice.sections()
        for line in section.lines
        for name in line.names
    }


def test_the_page_in_the_documents_is_the_generated_one() -> None:
    written = PAGE.read_text(encoding="utf-8")

    assert written == what_we_read_page(), "run python -m tests.what_we_read_page"


def test_every_property_and_activity_that_is_read_is_named() -> None:
    read = {name for names in what_is_read.READ.values() for name in names}
    read |= {name for names in activity_records.READ.values() for name in names}

    assert read | set(activity_records.TEXT) <= names()


def test_every_property_whose_earlier_values_are_read_is_named_as_such() -> None:
    (earlier,) = (
        section for section in privacy_notice.sections() if section.title.startswith("Earlier")
    )
    named = {name for line in earlier.lines for name in line.names}

    chosen = PortalMap(customer_stage="customer")
    assert named == {name for kind in what_is_read.READ for name in chosen.history_properties(kind)}


def test_every_setting_that_names_a_property_to_read_has_a_line() -> None:
    settings = [
        field.name for field in dataclasses.fields(PortalMap) if field.name.endswith("_property")
    ]
    settings += [source.setting for source in text_sources.known()]

    (mapped,) = (s for s in privacy_notice.sections() if s.title.startswith("Properties that your"))

    assert len(mapped.lines) == len(settings) + 1  # the company's type, for agencies
    assert len({line.what for line in mapped.lines}) == len(mapped.lines)


def test_a_new_text_source_is_told_by_its_row_alone() -> None:
    row = TextSource("met_at_property", "contact", TextKind.ANSWER, "Referrals", "Where we met.")

    with text_sources.with_more(row):
        lines = [line for section in privacy_notice.sections() for line in section.lines]

    assert ("Met at, with its earlier values", "Where we met.") in [
        (line.what, line.because) for line in lines
    ]


def test_everything_has_a_reason_and_a_time() -> None:
    lines = [line for section in privacy_notice.sections() for line in section.lines]

    assert len(lines) > 50
    assert all(line.what or line.names for line in lines)
    assert all(line.because.endswith(".") and line.kept for line in lines)


def test_every_permission_is_told_with_its_reason() -> None:
    told = {name: line.because for line in privacy_notice.permissions() for name in line.names}

    scopes = (*access.REQUIRED_SCOPES, *access.OPTIONAL_SCOPES)
    assert told == {scope.name: scope.because for scope in scopes}
