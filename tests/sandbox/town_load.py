"""Puts a town into a portal of the local HubSpot, every value and association in its time, without webhooks."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from tests.sandbox import crm
from tests.sandbox.town_rows import PRIMARY, Link, Record, Setup, Town, Value

# Another app of the portal's owner, so that a value of an integration is not taken for ours.
_SOMEBODY_ELSES_APP = "1118765"
_SOURCE_IDS = {"CRM_UI": "userId:88", "INTEGRATION": _SOMEBODY_ELSES_APP}


def arrange(portal: crm.Portal, setup: Setup) -> None:
    """Owners, pipelines, own properties and labels; the fresh portal's pipelines make way."""
    for owner in setup.owners:
        portal.add_owner(
            owner.email, owner.first, owner.last, owner_id=owner.id
        ).archived = owner.archived
    for kind in {pipeline.kind for pipeline in setup.pipelines}:
        portal.pipelines[kind] = {}
    for pipeline in setup.pipelines:
        stages = [
            crm.Stage(
                stage.id,
                stage.label,
                float(stage.probability) if stage.probability else None,
                stage.closed,
            )
            for stage in pipeline.stages
        ]
        portal.add_pipeline(pipeline.kind, crm.Pipeline(pipeline.id, pipeline.label, stages))
    for row in setup.properties:
        options = ("true", "false") if row.type == "bool" else ()
        portal.define_property(
            row.kind,
            row.name,
            row.type,
            label=row.label,
            field_type=row.field_type,
            options=options,
        )
    for label in setup.labels:
        portal.define_label(label.from_kind, label.to_kind, label.label, label.inverse, label.name)


def fill(portal: crm.Portal, town: Town) -> None:
    """Records with their history, then the associations in the order they were made.

    A portal without Service Hub gets no feedback submissions; what its contacts hold of surveys
    stays.
    """
    with portal.silently():
        for record in town.records:
            if record.kind != "feedback_submission" or portal.service_hub:
                _record(portal, record)
        for link in sorted(town.links, key=_when):
            if "feedback_submission" not in (link.from_kind, link.to_kind) or portal.service_hub:
                _link(portal, link)


def _when(link: Link) -> datetime:
    return link.at


def _act(value: Value) -> tuple[datetime, str]:
    return value.at, value.source


def _record(portal: crm.Portal, record: Record) -> None:
    first: dict[str, str] = {}
    later = list(record.values)
    if later:
        at, source = _act(later[0])
        while later and _act(later[0]) == (at, source) and at == record.created:
            first[later[0].name] = later[0].value
            del later[0]
    created_by = record.values[0].source if record.values else "IMPORT"
    portal.create(
        record.kind, first, at=record.created, source=_source(created_by), record_id=record.id
    )
    for (at, source), values in groupby(later, key=_act):
        told = {value.name: value.value for value in values}
        portal.update(record.kind, record.id, told, at=at, source=_source(source))


def _source(name: str) -> crm.Source:
    return name, _SOURCE_IDS.get(name)


def _link(portal: crm.Portal, link: Link) -> None:
    labels = [link.label] if link.label not in ("", PRIMARY) else []
    portal.associate(
        link.from_kind,
        link.from_id,
        link.to_kind,
        link.to_id,
        *labels,
        primary=link.label == PRIMARY,
        at=link.at,
    )
