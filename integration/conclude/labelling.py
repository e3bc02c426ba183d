"""Opinions: asking a language model about answers that the phrases are silent about. Nobody has to."""

from collections.abc import Iterable, Mapping, Sequence

from integration.conclude.batch import begin
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.findings import answer_labels
from integration.storage.findings.answer_labels import LabelRow
from integration.storage.mirror import mirror
from integration.storage.queue import page_context
from mappings.records.portal_map import PortalMap
from mappings.rules.text import self_reported
from mappings.rules.text.model_labels import Model, capped


def ask(portal: PortalContext, model: Model, *, limit: int = 200) -> int:
    """Ask *model* about so many texts nobody understood yet, outside any transaction; return how many it was asked.

    Nothing happens while the portal's setting `ask_language_model` is off. What was said is kept
    with the text's labels, also that nothing was, and is forgotten when the text changes.
    """
    with portal.transaction() as tx:
        step = begin(tx, page_context.read(tx), portal.runtime.now())
        if not step.policy.ask_language_model:
            return 0
        texts = _texts(tx, answer_labels.unheard(tx, limit=limit), step.portal_map)
    said = [
        row
        for one, text in texts
        for row in _opinions(one, model.suggest(text[: self_reported.LONGEST]))
    ]
    with portal.transaction() as tx:
        answer_labels.keep_opinions(tx, said)
        mirror.mark_stale(tx, mirror.DEALS, _deals(tx, said))
    return len(texts)


def _texts(
    tx: Transaction, silent: Sequence[LabelRow], portal_map: PortalMap
) -> list[tuple[LabelRow, str]]:
    """What stands where the labels say that nothing was understood."""
    found = []
    for kind in ("contact", "deal"):
        own = [one for one in silent if one.owner_type == kind]
        records = mirror.load(tx, kind, {one.owner_id for one in own})
        names = {source.place_of(name): name for source, name in portal_map.mapped_texts(kind)}
        for one in own:
            name = names.get(one.place, "")
            text = records[one.owner_id].properties.get(name) if one.owner_id in records else None
            if text:
                found.append((one, str(text)))
    return found


def _opinions(about: LabelRow, suggested: Mapping[str, int]) -> list[LabelRow]:
    labels = capped(suggested) or {"unknown": 0}
    return [about._replace(label=label, confidence=p) for label, p in labels.items()]


def _deals(tx: Transaction, rows: Iterable[LabelRow]) -> set[tuple[str, int]]:
    own = {(one.owner_type, one.owner_id) for one in rows}
    people = {record for kind, record in own if kind == "contact"}
    near = {("deal", link.from_id) for link in mirror.links_to(tx, "deal", "contact", people)}
    return near | {one for one in own if one[0] == "deal"}
