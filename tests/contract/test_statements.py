"""Statements are text with named values: what looks like a name and is none, and how lists arrive."""

import pytest

from integration.storage.database import Database

HARBOR = 4711


def test_casts_and_percent_signs_are_left_alone(database: Database) -> None:
    with database.portal(HARBOR) as tx:
        found = tx.one(
            "SELECT 1::text AS one, 'links:%' AS many, 'a:b' LIKE 'a:%' AS fits, :name AS name",
            name="100%",
        )

    assert found == {"one": "1", "many": "links:%", "fits": True, "name": "100%"}


@pytest.mark.parametrize(
    "ids", [[], [7], [9_007_199_254_740_993, -1]], ids=["none", "one", "large"]
)
def test_a_list_of_ids_arrives_whole(database: Database, ids: list[int]) -> None:
    with database.portal(HARBOR) as tx:
        assert tx.value("SELECT CAST(:ids AS bigint[])", ids=ids) == ids


def test_a_list_of_texts_is_not_taken_apart(database: Database) -> None:
    told = ["a,b", "{c}", 'say "d"', ""]

    with database.portal(HARBOR) as tx:
        assert [
            row[0] for row in tx.tuples("SELECT unnest(CAST(:told AS text[]))", told=told)
        ] == told


def test_the_portal_is_always_bound(database: Database) -> None:
    with database.portal(HARBOR) as tx:
        assert tx.value("SELECT CAST(:portal AS bigint)") == HARBOR
