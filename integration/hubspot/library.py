"""HubSpot's client library: its request builders on our wire, its answers left unparsed."""

from functools import cached_property
from typing import Any

import hubspot

from integration.hubspot.wire import Wire


class Library:
    """The API objects in use, each built once: a new one costs a connection pool.

    Every answer is the raw response: the library's models cost twenty times what reading the
    JSON costs (docs/hubspot.md, "What the client library costs").
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        # The wire adds the token, retries nothing and owns the connections.
        self._client: Any = hubspot.HubSpot(host=wire.base, retry=False)

    @cached_property
    def records(self) -> Any:  # noqa: ANN401 - the library is untyped
        """List and get records."""
        return self._on_wire(self._client.crm.objects.basic_api)

    @cached_property
    def search(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Search records."""
        return self._on_wire(self._client.crm.objects.search_api)

    @cached_property
    def properties(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Property definitions, one at a time."""
        return self._on_wire(self._client.crm.properties.core_api)

    @cached_property
    def property_batches(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Property definitions, many at a time."""
        return self._on_wire(self._client.crm.properties.batch_api)

    @cached_property
    def groups(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Property groups."""
        return self._on_wire(self._client.crm.properties.groups_api)

    @cached_property
    def pipelines(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Pipelines and their stages."""
        return self._on_wire(self._client.crm.pipelines.pipelines_api)

    @cached_property
    def owners(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Users who own records."""
        return self._on_wire(self._client.crm.owners.owners_api)

    @cached_property
    def labels(self) -> Any:  # noqa: ANN401 - the library is untyped
        """Association labels."""
        return self._on_wire(self._client.crm.associations.v4.schema.definitions_api)

    def _on_wire(self, api: Any) -> Any:  # noqa: ANN401 - the library is untyped
        api.api_client.rest_client.pool_manager = self._wire
        return api
