"""Hostile bytes end in a plain reason, and never in a crash."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.records import strict_json
from mappings.records.strict_json import (
    BadJson,
    BadNumber,
    BadText,
    DuplicateKey,
    NotJson,
    TooDeep,
    TooLarge,
)

REFUSED = [
    pytest.param(b"", NotJson, id="nothing"),
    pytest.param(b"  ", NotJson, id="only space"),
    pytest.param(b"not json", NotJson, id="words"),
    pytest.param(b'{"a": 1', NotJson, id="cut off"),
    pytest.param(b"[1, 2,]", NotJson, id="trailing comma"),
    pytest.param(b"{} {}", NotJson, id="two documents"),
    pytest.param(b"\xef\xbb\xbf\xef\xbb\xbf{}", NotJson, id="two byte order marks"),
    pytest.param(b"[\xef\xbb\xbf]", NotJson, id="byte order mark inside"),
    pytest.param(b"[NaN]", BadNumber, id="NaN"),
    pytest.param(b"[Infinity]", BadNumber, id="Infinity"),
    pytest.param(b"[-Infinity]", BadNumber, id="minus Infinity"),
    pytest.param(b"[1e400]", BadNumber, id="1e400"),
    pytest.param(b"[9223372036854775808]", BadNumber, id="2^63"),
    pytest.param(b"[-9223372036854775809]", BadNumber, id="-2^63-1"),
    pytest.param(b"[" + b"9" * 100_000 + b"]", BadNumber, id="a hundred thousand digits"),
    pytest.param(b'{"a": 1, "a": 2}', DuplicateKey, id="duplicate key"),
    pytest.param(b'{"x": {"a": 1, "\\u0061": 2}}', DuplicateKey, id="duplicate key, escaped"),
    pytest.param(b'["\\u0000"]', BadText, id="NUL"),
    pytest.param(b'{"\\u0000": 1}', BadText, id="NUL in a key"),
    pytest.param(b'["\\ud800"]', BadText, id="high surrogate alone"),
    pytest.param(b'["\\udc00 x"]', BadText, id="low surrogate alone"),
    pytest.param(b'["\xff"]', BadText, id="no UTF-8"),
    pytest.param(b'["\xed\xa0\x80"]', BadText, id="surrogate in UTF-8"),
    pytest.param(b"[" * 33 + b"]" * 33, TooDeep, id="33 levels"),
    pytest.param(b"[" * 200_000, TooDeep, id="two hundred thousand levels"),
    pytest.param(b'{"a":' * 100_000 + b"1", TooDeep, id="objects without end"),
    pytest.param(b" " * (strict_json.MAX_BYTES + 1), TooLarge, id="too many bytes"),
]


@pytest.mark.parametrize(("raw", "fault"), REFUSED)
def test_what_is_refused_and_why(raw: bytes, fault: type[BadJson]) -> None:
    with pytest.raises(fault) as caught:
        strict_json.loads(raw)

    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 100


ACCEPTED = [
    pytest.param(b"[" * 32 + b"]" * 32, id="32 levels"),
    pytest.param(b'[{"a": [1, -2.5, 1e10, true, null, "x"]}]', id="all kinds"),
    pytest.param(b"[9223372036854775807, -9223372036854775808]", id="64-bit bounds"),
    pytest.param(
        '["\\ud83d\\ude00", "Σίσυφος"]'.encode(), id="a pair of surrogates, other scripts"
    ),
    pytest.param(b'["' + b"[" * 1000 + b'"]', id="brackets in a string"),
    pytest.param(b' \r\n\t{"a": {}} \n', id="space around"),
    pytest.param(b'\xef\xbb\xbf {"a": ["\xef\xbb\xbf"]}', id="byte order mark"),
]


@pytest.mark.parametrize("raw", ACCEPTED)
def test_what_is_accepted_reads_as_everybody_reads_it(raw: bytes) -> None:
    assert strict_json.loads(raw) == json.loads(raw)


def test_elements_after_a_byte_order_mark_are_read() -> None:
    assert [item.value for item in strict_json.items(b"\xef\xbb\xbf[1, 2]")] == [1, 2]


def test_a_bad_element_is_refused_alone() -> None:
    raw = b'[{"id": 1}, {"id": NaN}, {"a": 1, "a": 2}, ["\\u0000"], {"id": "\xff"}, {"id": 2}]'

    items = strict_json.items(raw)

    assert [type(item.fault) for item in items[1:5]] == [BadNumber, DuplicateKey, BadText, BadText]
    assert [items[0].value, items[5].value] == [{"id": 1}, {"id": 2}]
    assert [items[0].fault, items[5].fault] == [None, None]
    assert items[1].raw == b'{"id": NaN}'
    assert items[4].raw == b'{"id": "\xff"}'


@pytest.mark.parametrize(
    "raw", [b'[{"id": 1}, {"id": 2}, {"id"', b'[{"id": 1}, {"id": 2} {"id": 3}]']
)
def test_what_came_before_a_break_is_still_read(raw: bytes) -> None:
    items = strict_json.items(raw)

    assert [item.value for item in items[:2]] == [{"id": 1}, {"id": 2}]
    assert isinstance(items[2].fault, NotJson)
    assert len(items) == 3


def test_an_element_may_not_nest_deeper_than_the_whole() -> None:
    items = strict_json.items(b"[" + b"[" * 32 + b"]" * 32 + b", 1]")

    assert isinstance(items[0].fault, TooDeep)
    assert items[1].value == 1


@pytest.mark.parametrize("raw", [b"{}", b"", b"7", b'"[1]"'])
def test_elements_need_an_array(raw: bytes) -> None:
    with pytest.raises(NotJson):
        strict_json.items(raw)


def test_an_empty_array_has_no_elements() -> None:
    assert strict_json.items(b" [ ] ") == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcé", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_what_others_write_is_read_back(value: object) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value
    assert [item.value for item in strict_json.items(json.dumps([value, value]).encode())] == [
        value,
        value,
    ]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_read_or_refused(raw: bytes) -> None:
    for read in (strict_json.loads, strict_json.items):
        with suppress(BadJson):
            assert read(raw) is not ...


@settings(deadline=None)
@given(st.text('[]{}",:\\ 0123eE.-ntfu"', max_size=60))
def test_nearly_json_is_read_as_the_standard_library_does_or_refused(text: str) -> None:
    try:
        value = strict_json.loads(text.encode())
    except BadJson:
        return
    assert value == json.loads(text)
