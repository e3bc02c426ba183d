"""The settings form: text in, a portal map out, and back again."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from integration.admin.return_addresses import local_path
from integration.pages.settings_form import as_text, values_of
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.rules.success.health import FACTORS


def map_of(form: Mapping[str, str], seen: PortalMap) -> PortalMap:
    return load_portal_map(values_of(form, seen))


def test_a_form_is_read_as_lists_names_and_nothing() -> None:
    found = map_of(
        {
            "staff_domains": " a.example \r\n\r\nb.example",
            "referred_by_property": "",
            "heard_from_property": " heard ",
            "role_labels": "Champion = champion\nBoss = of = all = decision_maker",
            "referred_by_type_ids": "12\n13",
            "won_rule": "stages",
            "not_a_setting": "x",
            "recurring_on": "company",
            "not_applicable": "Adoption = we sell = no product\nsupport = by e-mail only",
        },
        PortalMap(recurring_on="deal"),
    )

    assert found.staff_domains == ("a.example", "b.example")
    assert found.texts == {"heard_from_property": ("heard",)}
    assert found.role_labels == (("Champion", "champion"), ("Boss = of = all", "decision_maker"))
    assert found.referred_by_type_ids == (12, 13)
    assert found.won_rule == "stages"
    assert found.recurring_on == "company"
    assert found.not_applicable == (
        ("adoption", "we sell = no product"),
        ("support", "by e-mail only"),
    )


def test_a_recurring_value_stands_on_the_records_that_the_form_says() -> None:
    of_companies = PortalMap(recurring_property="arr")

    changed = map_of({"recurring_property": "hs_arr", "recurring_on": "deal"}, of_companies)
    kept = map_of({"recurring_property": "arr"}, of_companies)

    assert (changed.recurring_property, changed.recurring_on) == ("hs_arr", "deal")
    assert kept == of_companies


def test_what_a_form_leaves_out_stays_as_it_was() -> None:
    seen = PortalMap(texts={"heard_from_property": ("heard",)}, staff_domains=("a.example",))

    assert map_of({}, seen) == seen


_LINES = st.lists(
    st.text("abcXYZ .-äß", min_size=1, max_size=20).map(str.strip).filter(bool), max_size=4
)


@given(domains=_LINES, labels=_LINES, ids=st.lists(st.integers(0, 999_999_999), max_size=4))
def test_what_is_shown_is_what_is_read_back(
    domains: list[str], labels: list[str], ids: list[int]
) -> None:
    portal_map = PortalMap(
        staff_domains=tuple(domains),
        role_labels=tuple((label, "champion") for label in labels),
        referred_by_type_ids=tuple(ids),
        texts={"heard_from_property": ("heard",)},
    )
    form = {name: as_text(name, value) for name, value in dump_portal_map(portal_map).items()}

    assert map_of(form, PortalMap()) == portal_map


def problems(form: dict[str, str]) -> set[str]:
    try:
        map_of(form, PortalMap())
    except ValidationError as wrong:
        return {str(name) for name in wrong.normalized_messages()}  # type: ignore[no-untyped-call]
    return set()


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ("happiness = we are glad", "names no factor of health: adoption, relationship,"),
        ("adoption", "adoption needs a reason"),
        ("adoption = " + "x" * 201, "adoption needs a reason of at most 200 characters"),
        ("support = a\nsupport = b", "names a factor twice"),
        (
            "\n".join(f"{name} = not here" for name in FACTORS),
            "leaves no factor of health",
        ),
    ],
)
def test_a_factor_is_left_out_by_its_name_and_with_a_reason(declared: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        map_of({"not_applicable": declared}, PortalMap())


@given(
    st.dictionaries(
        st.sampled_from(sorted(dump_portal_map(PortalMap()))), st.text(max_size=30), max_size=6
    )
)
def test_any_text_is_a_map_or_a_named_mistake(form: dict[str, str]) -> None:
    assert problems(form) <= set(form)


@pytest.mark.parametrize("path", ["/", "/portals/1/", "/portals/1/deal/5?x=1"])
def test_our_own_paths_may_be_gone_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "portals",
        "//x.example",
        "/\\x.example",
        "\\\\x",
        "https://x.example",
        "/a\nb",
        "/é",
        "/" + "a" * 600,
        "/\t/x",
    ],
)
def test_other_addresses_may_not(path: str | None) -> None:
    assert local_path(path) is None
