"""One HubSpot account: its records, associations, definitions and people. No HTTP in here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from . import bonds, merging, surveys
from .account import Account, Settings
from .allowance import Allowance
from .associations import Label, Links, pair
from .calculated import CALCULATED
from .records import A_USER, TYPE_IDS, Moment, Record, Source, iso, object_type, to_ms

if TYPE_CHECKING:
    from .crm import HubSpot


class Missing(LookupError):
    """There is no such record (any more)."""


class Portal(Account):
    """The state of one account, with the things its users do as methods.

    Object types may be given as "contact", "contacts" or "0-1". Every method that changes something
    takes *at* (aware datetime or milliseconds, None is now) and *source* as property history shows
    it, and emits webhook events when the app is installed here, except inside ``with
    portal.silently():``. Nothing is validated here: real accounts hold odd values; the HTTP face
    checks what apps write.
    """

    def __init__(
        self, hubspot: HubSpot, portal_id: int, name: str, **settings: Unpack[Settings]
    ) -> None:
        super().__init__(portal_id, name, settings)
        self.hubspot = hubspot
        self.records: dict[str, dict[int, Record]] = {kind: {} for kind in TYPE_IDS}
        self.bin: dict[str, dict[int, Record]] = {
            kind: {} for kind in TYPE_IDS
        }  # archived, restorable
        self.retired: dict[str, dict[int, Record]] = {kind: {} for kind in TYPE_IDS}  # merged away
        self.merged: dict[str, dict[int, int]] = {kind: {} for kind in TYPE_IDS}  # old id -> new id
        self.links = Links()
        self.calls: Counter[str] = (
            Counter()
        )  # "GET /crm/objects/2026-03/contacts" -> how often, refused ones too
        self.asked: dict[str, set[str]] = {kind: set() for kind in TYPE_IDS}  # properties, by name
        self.refused = 0  # calls answered 429 because the allowance was used up
        self.allowance = Allowance()
        self.touched: dict[
            tuple[str, int], float
        ] = {}  # when search will not know the newest state yet
        self._order: dict[str, list[int]] = {kind: [] for kind in TYPE_IDS}
        self._bin_order: dict[str, list[int]] = {kind: [] for kind in TYPE_IDS}
        self._next_id = dict.fromkeys(TYPE_IDS, 1001)
        self._emails: dict[str, int] = {}
        self._quiet = 0

    # -- reading
    # ------------------------------------------------------------------------------------------------

    def get(self, kind: str, record_id: int) -> Record | None:
        """The live record under this id, or the one it was merged into; None when deleted or never there."""
        kind = object_type(kind)
        return self.records[kind].get(self.survivor(kind, record_id))

    def need(self, kind: str, record_id: int) -> Record:
        """Like get, but raises Missing."""
        if found := self.get(kind, record_id):
            return found
        raise Missing(f"portal {self.id} has no {kind} {record_id}")

    def all(self, kind: str) -> list[Record]:
        """All live records of a type in order of id."""
        kind = object_type(kind)
        with self.hubspot.lock:
            return [self.records[kind][one] for one in self._order[kind]]

    def page(self, kind: str, after: int, limit: int, *, archived: bool = False) -> list[Record]:
        """The next records with ids above *after*."""
        order = self._bin_order[kind] if archived else self._order[kind]
        store = self.bin[kind] if archived else self.records[kind]
        start = bisect_right(order, after)
        return [store[one] for one in order[start : start + limit]]

    def find(self, kind: str, name: str, value: str) -> Record | None:
        """The live record with this value; contacts' e-mail includes additional ones and ignores case."""
        kind = object_type(kind)
        if kind == "contact" and name == "email":
            found = self._emails.get(value.lower())
            return self.records[kind].get(found) if found is not None else None
        return next((one for one in self.all(kind) if one.values.get(name) == value), None)

    def value(self, record: Record, name: str) -> str | None:
        """A property as HubSpot answers it, calculated ones included; None when empty."""
        if calculation := CALCULATED[record.type].get(name):
            return calculation(self, record)
        return record.values.get(name)

    def survivor(self, kind: str, record_id: int) -> int:
        """The id this id stands for after merges."""
        seen = self.merged[kind]
        while record_id in seen:
            record_id = seen[record_id]
        return record_id

    def associated(self, kind: str, record_id: int, to: str) -> dict[int, set[int]]:
        """Live records of type *to* linked to a record: id -> type ids, in the order the links were made."""
        kind, to = pair(kind, to)
        linked = self.links.of(kind, record_id, to)
        if not linked:
            return {}
        live = self.records[to]
        return {one: types for one, types in linked.items() if one in live}

    # -- records
    # ------------------------------------------------------------------------------------------------

    @contextmanager
    def silently(self) -> Iterator[None]:
        """Inside, nothing is told to the app: for loading a town."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def create(
        self, kind: str, values: Mapping[str, str], *, at: Moment = None, source: Source = A_USER,
        record_id: int | None = None,
    ) -> Record:  # fmt: skip
        """A new record; its id is the next free one unless given."""
        kind, ms = object_type(kind), to_ms(at)
        with self.hubspot.lock:
            new_id = self._next_id[kind] if record_id is None else record_id
            self._next_id[kind] = max(self._next_id[kind], new_id + 1)
            record = Record(kind, new_id, ms, ms)
            self.place(record)
            if "createdate" in self.definitions[kind] and "createdate" not in values:
                record.put("createdate", iso(ms), ms, source)
            self.emit("creation", kind, ms, source, objectId=new_id)
            self.write(record, values, ms, source)
            return record

    def update(
        self, kind: str, record_id: int, values: Mapping[str, str], *, at: Moment = None, source: Source = A_USER
    ) -> Record:  # fmt: skip
        """Write values ("" clears); equal values change nothing. An *at* in the past only adds to history."""
        with self.hubspot.lock:
            record = self.need(kind, record_id)
            self.write(record, values, to_ms(at), source)
            return record

    def archive(
        self, kind: str, record_id: int, *, at: Moment = None, source: Source = A_USER
    ) -> None:
        """Put a record into the recycle bin; its links rest until it is restored."""
        with self.hubspot.lock:
            record = self.need(kind, record_id)
            record.archived = to_ms(at)
            self.unplace(record)
            self.bin[record.type][record.id] = record
            insort(self._bin_order[record.type], record.id)
            bonds.follow_bin(self, record, record.archived, source)
            self.emit("deletion", record.type, record.archived, source, objectId=record.id)

    def restore(
        self, kind: str, record_id: int, *, at: Moment = None, source: Source = A_USER
    ) -> Record:
        """Take a record out of the recycle bin."""
        kind = object_type(kind)
        with self.hubspot.lock:
            record = self.out_of_bin(kind, record_id)
            record.archived = None
            self.place(record)
            bonds.follow_bin(self, record, to_ms(at), source)
            self.emit("restore", kind, to_ms(at), source, objectId=record_id)
            return record

    def merge(
        self, kind: str, primary_id: int, other_id: int, *, at: Moment = None, source: Source = A_USER
    ) -> Record:  # fmt: skip
        """Two records become a third one with a new id, to which both old ids lead."""
        with self.hubspot.lock:
            return merging.merge(
                self, object_type(kind), primary_id, other_id, ms=to_ms(at), source=source
            )

    def unmerge(
        self, kind: str, merged_id: int, *, at: Moment = None, source: Source = A_USER
    ) -> list[Record]:
        """Undo a merge: the two old records live again under their old ids."""
        with self.hubspot.lock:
            return merging.unmerge(self, object_type(kind), merged_id, to_ms(at), source)

    def gdpr_delete(self, contact_id: int, *, at: Moment = None, source: Source = A_USER) -> None:
        """Privacy deletion of a contact: gone for good, with a deletion event beside the privacy event."""
        with self.hubspot.lock:
            merging.gdpr_delete(self, contact_id, to_ms(at), source)

    # -- associations
    # -------------------------------------------------------------------------------------------

    def associate(
        self, kind: str, record_id: int, to: str, to_id: int, *labels: str | int, primary: bool | None = None,
        at: Moment = None, source: Source = A_USER,
    ) -> None:  # fmt: skip
        """Link two records, unlabelled and with any labels (label text or type id as seen from *kind*).

        *primary* makes a company the primary one, which demotes the earlier; None does so only when there is none yet.
        """
        kind, to = pair(kind, to)
        with self.hubspot.lock:
            ends = (kind, self.need(kind, record_id).id, to, self.need(to, to_id).id)
            bonds.link(self, ends, labels, primary=primary, ms=to_ms(at), source=source)

    def dissociate(
        self, kind: str, record_id: int, to: str, to_id: int, *labels: str | int, at: Moment = None,
        source: Source = A_USER,
    ) -> None:  # fmt: skip
        """Take labels off a link, or, without labels or with the unlabelled type, end the link."""
        kind, to = pair(kind, to)
        with self.hubspot.lock:
            bonds.unlink(self, (kind, record_id, to, to_id), labels, ms=to_ms(at), source=source)

    def label(self, kind: str, to: str, label: str | int) -> Label:
        """An association type of this portal. Raises Missing."""
        if found := self.labels.named(*pair(kind, to), label):
            return found
        raise Missing(f"no association type {label!r} from {kind} to {to}")

    def define_label(
        self, kind: str, to: str, label: str, inverse: str | None = None, name: str = ""
    ) -> Label:
        """A custom label for a pair of types; *inverse* names the other direction."""
        return self.labels.define(
            *pair(kind, to), label, inverse, name or label.lower().replace(" ", "_")
        )

    def answer_survey(
        self, contact_id: int, score: int, text: str = "", *, survey: str = "NPS", at: Moment = None,
        source: Source = ("INTERNAL_PROCESSING", None), name: str = "Customer survey",
    ) -> Record | None:  # fmt: skip
        """A contact answers; returns the feedback submission, or None without Service Hub."""
        with self.hubspot.lock:
            contact = self.need("contact", contact_id)
            return surveys.answer(
                self, contact, surveys.Answer(survey, score, text, name), to_ms(at), source
            )

    # -- for the modules beside this one
    # ------------------------------------------------------------------------

    @property
    def speaks(self) -> bool:
        """Would an event be told?"""
        return not self._quiet and self.hubspot.installed(self.id)

    def place(self, record: Record) -> None:
        """Make a record live."""
        self.records[record.type][record.id] = record
        order = self._order[record.type]
        if order and order[-1] > record.id:
            insort(order, record.id)
        else:
            order.append(record.id)
        if record.type == "contact":
            self._index(record)

    def unplace(self, record: Record) -> None:
        """Take a record out of the live ones."""
        del self.records[record.type][record.id]
        order = self._order[record.type]
        del order[bisect_left(order, record.id)]
        for email in merging.emails(record):
            if self._emails.get(email) == record.id:
                del self._emails[email]

    def out_of_bin(self, kind: str, record_id: int) -> Record:
        """Take a record out of the recycle bin. Raises Missing."""
        if record_id not in self.bin[kind]:
            raise Missing(f"portal {self.id} has no archived {kind} {record_id}")
        self._bin_order[kind].remove(record_id)
        return self.bin[kind].pop(record_id)

    def next_id(self, kind: str) -> int:
        """The next free record id of a type."""
        self._next_id[kind] += 1
        return self._next_id[kind] - 1

    def _index(self, contact: Record) -> None:
        for email in merging.emails(contact):
            self._emails.setdefault(email, contact.id)

    def write(
        self, record: Record, values: Mapping[str, str], ms: int, source: Source, *, tell: bool = True
    ) -> None:  # fmt: skip
        """Write values of a record, keep the indexes, tell the app."""
        emails = merging.emails(record) if "email" in values and record.type == "contact" else []
        changed = [name for name, value in values.items() if record.put(name, value, ms, source)]
        if self.hubspot.quirks.search_lag:
            self.touched[record.type, record.id] = self.hubspot.monotonic()
        if emails:
            for email in emails:
                if self._emails.get(email) == record.id:
                    del self._emails[email]
        if record.type == "contact" and "email" in values:
            self._index(record)
        if tell and self.speaks:
            for name in changed:
                self.emit(
                    "propertyChange", record.type, ms, source, objectId=record.id, propertyName=name,
                    propertyValue=record.get(name),
                )  # fmt: skip
        if record.type == "ticket" and "hs_pipeline_stage" in changed:
            surveys.follow_ticket(self, record, ms)

    def emit(self, kind: str, of: str, ms: int, source: Source, **fields: object) -> None:
        """Tell the app, if it is installed here, subscribed, and we are not silent."""
        if self.speaks:
            self.hubspot.emit(self, kind, of, fields, ms=ms, source=source)
