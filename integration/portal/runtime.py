"""The runtime: one process's open resources; nothing is global."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from integration.core import environment as configuration
from integration.core import logs, servers
from integration.core.environment import Settings
from integration.core.errors import Refused
from integration.core.forget_keys import ForgetKeys
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.storage.database import Database


@dataclass(slots=True)
class Runtime:
    """The settings, database, queue and vault of one process."""

    settings: Settings
    database: Database = field(repr=False)
    queue: Queue = field(repr=False)
    vault: Vault = field(repr=False)

    @property
    def forget_keys(self) -> ForgetKeys:
        """The keys under which forgotten people are remembered."""
        return ForgetKeys.of(self.settings.forget_keys, self.settings.secret_key)

    def now(self) -> dt.datetime:
        """The time by the database's clock, in UTC; rules get it as an argument."""
        return self.database.now()


@contextlib.contextmanager
def open_runtime(settings: Settings | None = None, *, pool_size: int = 5) -> Iterator[Runtime]:
    """Open what a process needs and close it afterwards.

    Without DATABASE_URL or REDIS_URL it joins the embedded servers that ``second-order up``
    runs in DATA_DIR.
    """
    settings = settings or configuration.load()
    logs.configure(settings.log_level)
    database_url, redis_url = urls(settings)
    database = Database(database_url, pool_size=pool_size, long_lived=False)
    queue = Queue(redis_url)
    try:
        yield Runtime(settings, database, queue, Vault(settings.token_keys))
    finally:
        database.close()
        queue.redis.close()


def urls(settings: Settings) -> tuple[str, str]:
    """Return the addresses of PostgreSQL and Valkey: given by URL, or embedded and running."""
    if settings.database_url and settings.redis_url:
        return settings.database_url, settings.redis_url
    running = servers.running(settings.data_dir)
    if running is None:
        raise Refused(
            "No database: start `second-order up` (it runs its own servers in"
            f" {settings.data_dir}), or set DATABASE_URL and REDIS_URL"
        )
    return settings.database_url or running.database_url, settings.redis_url or running.redis_url
