"""Choices of list filters (`deal_stage`): stages and pipelines as HubSpot calls them, owners."""

from collections.abc import Iterable, Mapping
from typing import Any

from integration.storage.database import Transaction, as_json
from integration.storage.mirror import owner_rows


def keep_stages(tx: Transaction, pipelines: Iterable[Mapping[str, Any]]) -> None:
    """Keep the deal pipelines as HubSpot has them now; ones that are gone go here."""
    rows = [
        {
            "pipeline": str(pipeline.get("id") or ""),
            "pipeline_label": str(pipeline.get("label") or ""),
            "stage": str(stage.get("id") or ""),
            "label": str(stage.get("label") or ""),
            "place": place,
        }
        for pipeline in pipelines
        for place, stage in enumerate(pipeline.get("stages") or ())
    ]
    tx.run("DELETE FROM deal_stage WHERE portal_id = :portal")
    tx.run(
        """INSERT INTO deal_stage (portal_id, pipeline, stage, pipeline_label, label, place)
           SELECT :portal, pipeline, stage, pipeline_label, label, place
           FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
             pipeline text, stage text, pipeline_label text, label text, place int)
           ON CONFLICT DO NOTHING""",
        rows=as_json(rows),
    )


def stages(tx: Transaction) -> dict[str, dict[str, str]]:
    """Return the labels of pipelines and of stages by their ids, in their order."""
    rows = tx.tuples(
        """SELECT pipeline, pipeline_label, stage, label FROM deal_stage
           WHERE portal_id = :portal ORDER BY pipeline_label, pipeline, place"""
    )
    several = len({row[0] for row in rows}) > 1
    return {
        "pipeline": {pipeline: label for pipeline, label, _, _ in rows},
        "stage": {
            stage: f"{label} ({pipeline_label})" if several else label
            for _, pipeline_label, stage, label in rows
        },
    }


def teams(tx: Transaction) -> dict[str, str]:
    """Return the primary teams of owners by their ids."""
    primary = [owner.teams[0] for owner in owner_rows.every(tx).values() if owner.teams]
    named = {team.team_id: team.name or team.team_id for team in primary}
    return dict(sorted(named.items(), key=lambda item: (item[1].casefold(), item[0])))


def is_used(tx: Transaction, name: str, text: str) -> bool:
    """Whether a deal has this stage or pipeline, though HubSpot no longer lists it."""
    if name not in {"stage", "pipeline"}:
        return False
    return bool(
        tx.value(
            f"SELECT EXISTS (SELECT FROM deal WHERE portal_id = :portal AND {name} = :text)",
            text=text.replace("\x00", ""),
        )
    )


def owners(tx: Transaction) -> dict[int, str]:
    """Return what the owners of records are called, in the order of their names."""
    named = {owner.owner_id: owner.name for owner in owner_rows.every(tx).values()}
    return dict(sorted(named.items(), key=lambda item: (item[1].casefold(), item[0])))
