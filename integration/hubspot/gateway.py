"""The gateway to one portal's HubSpot: records, links, definitions and writes in few calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from integration.core.errors import RecordGone
from integration.hubspot import answer_shapes, definitions, faults, writes
from integration.hubspot.answer_shapes import Account, Page, ReadResult, Sample, WriteResult
from integration.hubspot.library import Library
from integration.hubspot.wire import Wire
from mappings.kinds import ObjectType
from mappings.records import identifiers
from mappings.records.catalogue import PLURAL
from mappings.records.rows import Link, Record

T = TypeVar("T")

PAGE_SIZE: Final = 100
READ_SIZE: Final = 100
# Lists are halved when history is asked for; batch reads are said to be, too.
WITH_HISTORY_SIZE: Final = 50
ASSOCIATION_SIZE: Final = 1000
SEARCH_SIZE: Final = 200
OWNER_SIZE: Final = 100

_NO_ASSOCIATIONS: Final = frozenset({"OBJECT_NOT_FOUND"})
_RAW: Final[Mapping[str, Any]] = {"_preload_content": False}


class HubSpot:
    """All calls to one portal.

    Keep it: it holds the connections, and threads may share it. Every method raises only what
    `faults` lists; a Retryable means that nothing is lost by asking again.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._library = Library(wire)

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    # Records

    def page(
        self,
        object_type: str,
        after: str | None = None,
        properties: Sequence[str] = (),
        history: Sequence[str] = (),
        associations: Sequence[str] = (),
        *,
        archived: bool = False,
    ) -> Page:
        """Return one page of all records of a type, in the order of their ids; one call."""
        choices: dict[str, str | list[str]] = {
            "limit": str(WITH_HISTORY_SIZE if history else PAGE_SIZE),
            "archived": _word(archived),
            "after": after or "",
            "properties": list(properties),
            "propertiesWithHistory": list(history),
            "associations": [PLURAL[to_type] for to_type in associations],
        }
        asked = {name: value for name, value in choices.items() if value}
        answer = self._wire.call("objects.page", objectType=PLURAL[object_type], query=asked)
        page = _shaped("objects.page", answer_shapes.page_of, object_type, answer)
        return replace(page, records=answer_shapes.naming_absent(page.records, properties))

    def read(
        self,
        object_type: str,
        ids: Sequence[int],
        properties: Sequence[str],
        history: Sequence[str] = (),
        *,
        archived: bool = False,
    ) -> ReadResult:
        """Return the records with these ids; one call per 100, or per 50 with history."""
        asked = list(dict.fromkeys(ids))
        records: list[Record] = []
        for some in _chunks(asked, WITH_HISTORY_SIZE if history else READ_SIZE):
            body = {
                "inputs": [{"id": str(record_id)} for record_id in some],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            answer = self._wire.call(
                "objects.read",
                objectType=PLURAL[object_type],
                query={"archived": _word(archived)} if archived else None,
                body=body,
            )
            records += _shaped("objects.read", _read_records, object_type, answer)
        records = answer_shapes.naming_absent(records, properties)
        return answer_shapes.read_result(asked, records)

    def deleted(self, object_type: str, ids: Sequence[int]) -> set[int]:
        """Return which of these records lie in the recycle bin; one call per 100.

        HubSpot keeps deleted records there for 90 days. Merged ones are not among them, nor
        those deleted for privacy.
        """
        found = self.read(object_type, ids, (), archived=True)
        return {record.id for record in found.records if record.archived} & set(ids)

    def survivor(self, object_type: str, record_id: int) -> int | None:
        """Return the id under which a record lives after any merges; None when it is gone."""
        try:
            answer = self._ask(
                "objects.get",
                self._library.records.get_by_id,
                object_type=PLURAL[object_type],
                object_id=str(record_id),
            )
        except RecordGone:
            return None
        return _shaped("objects.get", _id, answer)

    def search_page(
        self, object_type: str, since: datetime, last: int, properties: Sequence[str] = ()
    ) -> Page:
        """Return up to 200 records changed at or after *since* with ids above *last*, by id.

        Search lags behind writes and knows no archived records: ask with overlap, and never to
        check a write. Pages follow the ids, so that more than 10,000 hits are no trouble.
        """
        answer = self._ask(
            "objects.search",
            self._library.search.do_search,
            object_type=PLURAL[object_type],
            public_object_search_request=_search_body(object_type, since, last, properties),
        )
        return _shaped("objects.search", answer_shapes.page_of, object_type, answer)

    def search_changed_since(
        self, object_type: str, since: datetime, properties: Sequence[str] = ()
    ) -> Iterator[list[Record]]:
        """Yield all records changed at or after *since*, page by page."""
        last = 0
        while True:
            page = self.search_page(object_type, since, last, properties)
            if page.records:
                yield page.records
            if page.next_after is None or not page.records:
                return
            last = max(record.id for record in page.records)

    def count(self, object_type: str) -> int:
        """Return how many records of a type there are; one search, which tells no record."""
        answer = self._ask(
            "objects.search",
            self._library.search.do_search,
            object_type=PLURAL[object_type],
            public_object_search_request={
                "filterGroups": [],
                "sorts": [],
                "properties": [],
                "limit": 1,
                "after": "0",
            },
        )
        return _shaped("objects.search", _total, answer)

    def sample(self, object_type: str, name: str, *, limit: int = PAGE_SIZE) -> Sample:
        """Return some records that have a value in a property, and how many have; one call."""
        answer = self._ask(
            "objects.search",
            self._library.search.do_search,
            object_type=PLURAL[object_type],
            public_object_search_request={
                "filterGroups": [{"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]}],
                # The latest show how the property is used now.
                "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
                "properties": [name],
                "limit": limit,
                "after": "0",
            },
        )
        return _shaped("objects.search", answer_shapes.sample_of, object_type, answer)

    def update(self, object_type: str, patches: Mapping[int, Mapping[str, str]]) -> WriteResult:
        """Write property values, 100 records a call; return the outcome of each record.

        Never raises for trouble on the way: see WriteResult.stopped.
        """
        return writes.update(self._wire, object_type, patches)

    def create_task(self, properties: Mapping[str, str], to_type: str, to_id: int) -> int:
        """Make a task that is linked to a contact or a company; return its id.

        HubSpot has no key that would make a second try harmless: look for it after trouble.
        """
        link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TASK_TO[to_type]}
        body = {
            "properties": dict(properties),
            "associations": [{"to": {"id": str(to_id)}, "types": [link]}],
        }
        answer = self._wire.call("objects.create", objectType=PLURAL["task"], body=body)
        return _shaped("objects.create", _id, answer)

    # Links

    def associations(
        self, from_type: str, to_type: str, ids: Sequence[int]
    ) -> dict[int, list[Link]]:
        """Return every link of each record to one type, with labels; 1,000 records a call.

        A record without links has an empty list. Records with very many links are asked for
        again, together, for the rest.
        """
        links: dict[int, list[Link]] = {record_id: [] for record_id in dict.fromkeys(ids)}
        waiting: list[dict[str, str]] = [{"id": str(record_id)} for record_id in links]
        while waiting:
            some, waiting = waiting[:ASSOCIATION_SIZE], waiting[ASSOCIATION_SIZE:]
            answer = self._wire.call(
                "associations.read",
                fromObjectType=PLURAL[from_type],
                toObjectType=PLURAL[to_type],
                body={"inputs": some},
            )
            waiting += _shaped("associations.read", _take_links, from_type, to_type, answer, links)
        return links

    def labels(self, from_type: str, to_type: str) -> list[dict[str, Any]]:
        """Return the association types between two object types: `category`, `typeId`, `label`."""
        answer = self._ask(
            "associations.labels",
            self._library.labels.get_all,
            from_object_type=PLURAL[from_type],
            to_object_type=PLURAL[to_type],
        )
        return _results("associations.labels", answer)

    # Definitions

    def owners(self, *, archived: bool = False) -> list[dict[str, Any]]:
        """Return all owners, of every page of HubSpot's answer."""
        owners: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            asked = {"after": after} if after else {}
            answer = self._ask(
                "owners.page",
                self._library.owners.get_page,
                limit=OWNER_SIZE,
                archived=_word(archived),
                **asked,
            )
            owners += _results("owners.page", answer)
            after = _shaped("owners.page", _next, answer)
            if after is None:
                return owners

    def pipelines(self, object_type: str) -> list[dict[str, Any]]:
        """Return all pipelines of deals or tickets with their stages."""
        answer = self._ask(
            "pipelines.all", self._library.pipelines.get_all, object_type=PLURAL[object_type]
        )
        return _results("pipelines.all", answer)

    def properties(self, object_type: str, *, archived: bool = False) -> list[dict[str, Any]]:
        """Return all property definitions of a type; HubSpot does not page these."""
        answer = self._ask(
            "properties.all",
            self._library.properties.get_all,
            object_type=PLURAL[object_type],
            archived=_word(archived),
        )
        return _results("properties.all", answer)

    def groups(self, object_type: str) -> list[dict[str, Any]]:
        """Return all property groups of a type."""
        answer = self._ask(
            "groups.all", self._library.groups.get_all, object_type=PLURAL[object_type]
        )
        return _results("groups.all", answer)

    def create_group(self, object_type: str, definition: Mapping[str, object]) -> bool:
        """Create a property group; False when it exists."""
        try:
            self._ask(
                "groups.create",
                self._library.groups.create,
                object_type=PLURAL[object_type],
                property_group_create=dict(definition),
            )
        except faults.AlreadyExists:
            return False
        return True

    def create_properties(
        self, object_type: str, properties: Sequence[Mapping[str, object]]
    ) -> dict[str, str]:
        """Create properties; return by name `created`, `exists`, or the code of refusal.

        An archived property of the same name is restored.
        """
        return definitions.create(self._library, self._ask, PLURAL[object_type], properties)

    def update_property(self, object_type: str, name: str, patch: Mapping[str, object]) -> None:
        """Change a property's definition; options are replaced as a whole."""
        self._ask(
            "properties.update",
            self._library.properties.update,
            object_type=PLURAL[object_type],
            property_name=name,
            property_update=dict(patch),
        )

    def archive_properties(self, object_type: str, names: Sequence[str]) -> None:
        """Archive properties; HubSpot keeps them and their values for 90 days."""
        body = {"inputs": [{"name": name} for name in names]}
        self._wire.call("properties.archive", objectType=PLURAL[object_type], body=body)

    # The portal

    def account(self) -> Account:
        """Return the portal's account and its currencies."""
        answer = self._wire.call("account")
        return _shaped("account", answer_shapes.account_of, answer)

    def uninstall(self) -> None:
        """Remove the app from the portal; HubSpot mails its admins."""
        self._wire.call("uninstall")

    def _ask(self, route: str, call: Callable[..., Any], **asked: Any) -> Any:  # noqa: ANN401 - the library is untyped
        return self._wire.decoded(route, call(**asked, **_RAW).data)


# The types of links from a task.
_TASK_TO: Mapping[str, int] = {"contact": 204, "company": 192}


def _read_records(object_type: str, answer: Mapping[str, Any]) -> list[Record]:
    for error in answer.get("errors") or ():
        if error.get("category") not in _NO_ASSOCIATIONS:
            # Some ids could not be looked up for another reason: that does not make them missing.
            raise faults.broken("objects.read", f"is partial ({error.get('category')})")
    return [answer_shapes.record_of(object_type, raw) for raw in answer["results"]]


def _search_body(
    object_type: str, since: datetime, last: int, properties: Sequence[str]
) -> dict[str, object]:
    """Return a search for records changed at or after *since* with ids above *last*, by id."""
    is_contact = object_type == ObjectType.CONTACT
    changed = {
        # HubSpot keeps a contact's date of change under a name of its own.
        "propertyName": "lastmodifieddate" if is_contact else "hs_lastmodifieddate",
        "operator": "GTE",
        "value": str(int(since.timestamp() * 1000)),
    }
    behind = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
    return {
        "filterGroups": [{"filters": [changed, behind]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH_SIZE,
        "after": "0",
    }


def _take_links(
    from_type: str, to_type: str, answer: Mapping[str, Any], links: dict[int, list[Link]]
) -> list[dict[str, str]]:
    """Add an answer's links to *links*; return the records whose list goes on."""
    for error in answer.get("errors") or ():
        if error.get("category") not in _NO_ASSOCIATIONS:
            raise faults.broken("associations.read", f"is partial ({error.get('category')})")
    more = []
    for result in answer["results"]:
        from_id = identifiers.required(result["from"]["id"])
        links.setdefault(from_id, []).extend(
            answer_shapes.links_of(from_type, to_type, from_id, result["to"])
        )
        after = _next(result)
        if after is not None:
            more.append({"id": str(from_id), "after": after})
    return more


def _next(answer: Mapping[str, Any]) -> str | None:
    after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    return None if after in (None, "") else str(after)


def _results(route: str, answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON is any
    return _shaped(route, _dicts, answer)


def _dicts(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [result for result in answer["results"] if isinstance(result, dict)]


def _total(answer: Mapping[str, Any]) -> int:
    return int(answer["total"])


def _id(answer: Mapping[str, Any]) -> int:
    return identifiers.required(answer["id"])


def _shaped(route: str, read: Callable[..., T], *said: Any) -> T:  # noqa: ANN401 - JSON is any
    try:
        return read(*said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise faults.broken(route, f"has an unknown shape ({type(error).__name__})") from None


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _word(truth: bool) -> str:
    # The library would write True as "True".
    return "true" if truth else "false"
