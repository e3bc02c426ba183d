"""Labelling: a language model is asked about answers that no phrase fits, where one is given."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from integration.conclude.batch import open_batch
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import by_type
from integration.storage.database import Transaction
from integration.storage.findings import answer_labels
from integration.storage.findings.answer_labels import LabelRow
from integration.storage.mirror import mirror
from integration.storage.queue import page_context
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.rules.text import self_reported
from mappings.rules.text.model_labels import Model, capped


def ask(portal: PortalContext, model: Model, *, limit: int = 200) -> int:
    """Ask *model* about so many texts nobody understood yet; return how many it was asked.

    It is asked outside any transaction. Nothing happens while the portal's setting
    `ask_language_model` is off. What was said is kept with the text's labels, also that nothing
    was, and is forgotten when the text changes.
    """
    texts = _not_understood(portal, limit)
    suggested: list[LabelRow] = []
    for about, text in texts:
        suggested += _rows(about, model.suggest(text[: self_reported.LONGEST]))
    if texts:
        _keep(portal, suggested)
    return len(texts)


def _not_understood(portal: PortalContext, limit: int) -> list[tuple[LabelRow, str]]:
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        if not batch.policy.ask_language_model:
            return []
        return _texts(tx, answer_labels.not_understood(tx, limit=limit), batch.portal_map)


def _keep(portal: PortalContext, suggested: Sequence[LabelRow]) -> None:
    with portal.transaction() as tx:
        answer_labels.keep_model_labels(tx, suggested)
        _record(tx, suggested)


def _texts(
    tx: Transaction, rows: Sequence[LabelRow], portal_map: PortalMap
) -> list[tuple[LabelRow, str]]:
    """The rows, each with the text that stands where its label says that nothing was understood."""
    texts: list[tuple[LabelRow, str]] = []
    for object_type in (ObjectType.CONTACT, ObjectType.DEAL):
        own = [row for row in rows if row.owner_type == object_type]
        texts += _of_type(tx, object_type, own, portal_map)
    return texts


def _of_type(
    tx: Transaction, object_type: ObjectType, rows: Collection[LabelRow], portal_map: PortalMap
) -> Iterator[tuple[LabelRow, str]]:
    records = mirror.load(tx, object_type, {row.owner_id for row in rows})
    mapped = portal_map.mapped_texts(object_type)
    names = {source.place_of(name): name for source, name in mapped}
    for row in rows:
        record = records.get(row.owner_id)
        if record is None or row.place not in names:
            continue
        written = record.properties.get(names[row.place])
        if written:
            labels = portal_map.labels_of(object_type, names[row.place])
            yield row, "; ".join(labels.chosen(str(written)))


def _rows(about: LabelRow, suggested: Mapping[str, int]) -> list[LabelRow]:
    """A model's labels as rows; that it had none is kept, too, so that it is not asked again."""
    labels = capped(suggested) or {"unknown": 0}
    return [about._replace(label=label, confidence=p) for label, p in labels.items()]


def _record(tx: Transaction, suggested: Sequence[LabelRow]) -> None:
    ids = by_type((row.owner_type, row.owner_id) for row in suggested)
    invalidation.record(
        tx,
        Change.READING_CHANGED,
        contacts=ids.get(ObjectType.CONTACT, ()),
        deals=ids.get(ObjectType.DEAL, ()),
    )
