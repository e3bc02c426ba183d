"""Where somebody lives and what they do, from the record in HubSpot to the person and the question."""

from typing import Any

import pytest

from integration.storage.findings import person_rows
from tests.contract.conclude_world import MirrorPortal, day


def two_records(portal: MirrorPortal, one: dict[str, Any], two: dict[str, Any]) -> None:
    """Two contacts at two companies, of which the older fell silent before the newer came."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    heard = {"notes_last_contacted": day(300).isoformat()}
    portal.contact(12, 1, created=day(900), email="k7@acme-tools.com", **heard, **one)
    portal.contact(33, 2, created=day(200), email="m3@zenit-labs.com", **two)
    portal.settle()


def questions(portal: MirrorPortal) -> list[Any]:
    return [row["body"]["contacts"] for row in portal.kept("review") if row["kind"] == "identity"]


def written(name: str, **more: str) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    return {"firstname": first, "lastname": last, **more}


AT_HOME = {"city": "Toronto", "jobtitle": "Special Projects Lead"}


@pytest.mark.parametrize("later", ["Hiral Shah", "Hiral"], ids=["a new surname", "no surname"])
def test_a_given_name_in_one_city_with_one_title_is_asked_about(
    harbor: MirrorPortal, orchard: MirrorPortal, later: str
) -> None:
    two_records(harbor, written("Hiral Ray", **AT_HOME), written(later, **AT_HOME))
    two_records(orchard, written("Hiral Ray", **AT_HOME), written(later))

    assert questions(harbor) == [[12, 33]]
    assert questions(orchard) == []
    assert len(set(harbor.persons().values())) == 2


@pytest.mark.parametrize(
    ("there", "linked"),
    [({}, True), ({"country": "Canada"}, True), ({"country": "Norway"}, False)],
    ids=["unknown", "the same country", "another country"],
)
def test_one_name_in_two_countries_is_two_people(
    harbor: MirrorPortal, there: dict[str, str], *, linked: bool
) -> None:
    here = written("Hiral Ray", country="CA")
    two_records(harbor, here, written("Hiral Ray", **there))

    assert len(set(harbor.persons().values())) == (1 if linked else 2)


def test_places_and_titles_are_counted_and_so_are_names_that_begin_alike(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    for number, name in enumerate(["Kurt Meier", "Kim Ray", "Lena Ray", "Zoe Ash", "Zz Oak"]):
        harbor.put("contact", 50 + number, **written(name, city="Köln", jobtitle="CEO"))
    orchard.put("contact", 50, **written("Karl Meier", city="Cologne"))
    harbor.settle()
    orchard.settle()

    with harbor.context.transaction() as tx:
        begun = person_rows.beginning_so(tx, "first", {"k", "ku", "z", "zz", "x"})
        held = person_rows.counts_of(
            tx, {("city", "cologne"), ("title", "ceo"), ("city", "bonn")}, most=3
        )

    assert begun == {"k": 2, "ku": 1, "z": 2, "zz": 1, "x": 0}
    assert held == {("city", "cologne"): 3, ("title", "ceo"): 3, ("city", "bonn"): 0}
