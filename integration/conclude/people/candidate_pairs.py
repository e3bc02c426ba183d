"""Blocking: which contacts of the portal could be one human with a contact of the page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from integration.conclude import overrides
from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.storage.findings import person_rows
from integration.storage.findings.person_rows import IdentityKey
from mappings.kinds import ObjectType
from mappings.records import readers
from mappings.records.rows import Record
from mappings.rules.identity import blocking, linkage
from mappings.rules.identity.screening import NameForms, alike, name_forms

_NO_KEYS = frozenset[IdentityKey]()


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a page's contacts, each with all its members, on the page or not.

    `wide` are the keys that too many share. They have no members here: who shares one with a
    contact of the page is not compared for it.
    """

    strong: Mapping[IdentityKey, Collection[int]]
    weak: Mapping[IdentityKey, Collection[int]]
    wide: frozenset[IdentityKey]

    @property
    def oversized(self) -> frozenset[str]:
        """The wide keys as the rules write them."""
        return frozenset(f"{kind}:{value}" for kind, value in self.wide)


def blocks_of(batch: Batch, contact_ids: Collection[int]) -> Blocks:
    """Read the blocks that these contacts are in."""
    kinds = (*blocking.STRONG, *blocking.WEAK)
    blocks = person_rows.blocking_keys(batch.tx, contact_ids, kinds, widest=blocking.WIDEST)
    wide = frozenset(key for key, members in blocks.items() if not members)
    return Blocks(_of_kinds(blocks, blocking.STRONG), _of_kinds(blocks, blocking.WEAK), wide)


def _of_kinds(
    blocks: Mapping[IdentityKey, Collection[int]], kinds: Collection[str]
) -> dict[IdentityKey, Collection[int]]:
    return {key: members for key, members in blocks.items() if members and key[0] in kinds}


def candidates(batch: Batch, contact_ids: Collection[int], blocks: Blocks) -> set[int]:
    """Whoever has to be compared with these contacts, or was by a person; themselves included."""
    sure = {*contact_ids, *overrides.partners(batch, contact_ids)}.union(*blocks.strong.values())
    if linkage.needs_names(batch.policy):
        return sure | _similar_names(batch, sure, blocks)
    return sure.union(*blocks.weak.values())


@dataclass(frozen=True, slots=True)
class _Screening:
    """The members of weak blocks: their names, weak blocks, and the wide strong keys they hold."""

    names: Mapping[int, NameForms]
    blocks: Mapping[int, Collection[Collection[int]]]
    wide: Mapping[int, set[IdentityKey]]

    def may_match(self, contact_id: int, other_id: int) -> bool:
        """Whether the names agree, or both hold a wide key: for that, names do not matter."""
        if alike(self.names[contact_id], self.names[other_id]):
            return True
        own = self.wide.get(contact_id, _NO_KEYS)
        return not own.isdisjoint(self.wide.get(other_id, _NO_KEYS))


def _similar_names(batch: Batch, sure: Collection[int], blocks: Blocks) -> set[int]:
    """Whoever shares a weak key and a name with one of these, or with one found so, in turn.

    Most that share a weak key are somebody else: their names are compared first, and nothing else
    is read of them.
    """
    members = set[int]().union(*blocks.weak.values())
    screening = _screening(batch, members, blocks)
    # Whose name cannot be read is kept: reading the whole record says what is wrong with it.
    kept = members - screening.names.keys()
    new = [contact_id for contact_id in screening.names if contact_id in sure]
    left = screening.names.keys() - set(new)
    while new:
        contact_id = new.pop()
        met = left.intersection(set[int]().union(*screening.blocks[contact_id]))
        matching = {other_id for other_id in met if screening.may_match(contact_id, other_id)}
        left -= matching
        kept |= matching
        new += matching
    return kept


def _screening(batch: Batch, members: Collection[int], blocks: Blocks) -> _Screening:
    strong = {key for key in blocks.wide if key[0] in blocking.STRONG}
    beside = ((contact_id, ids) for ids in blocks.weak.values() for contact_id in ids)
    return _Screening(
        _names(batch, members),
        grouped(beside),
        person_rows.name_bearers(batch.tx, strong, members) if strong else {},
    )


def _names(batch: Batch, contact_ids: Collection[int]) -> dict[int, NameForms]:
    """What contacts can be called; no more of them is read."""
    stored = person_rows.names(batch.tx, contact_ids).items()
    records = [Record(ObjectType.CONTACT, contact_id, texts) for contact_id, texts in stored]
    read = batch.each_of(
        ObjectType.CONTACT, records, lambda record: name_forms(readers.named(record))
    )
    return {record.id: names for record, names in read}
