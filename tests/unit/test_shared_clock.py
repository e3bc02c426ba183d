"""The database's time, asked once a minute and carried on in between."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integration.core.errors import Retryable
from integration.storage.clock import ASK_EVERY, SharedClock

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@dataclass
class Server:
    """A database with a clock of its own, and how long this process runs by its stopwatch."""

    at: datetime = NOON
    tick: float = 500.0
    is_away: bool = False
    asked: int = 0
    clock: SharedClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SharedClock(self.tell, monotonic=lambda: self.tick)

    def tell(self) -> datetime:
        self.asked += 1
        if self.is_away:
            raise Retryable("PostgreSQL does not answer")
        return self.at


def test_between_two_looks_the_time_goes_on_by_the_stopwatch() -> None:
    server = Server()
    assert server.clock.now() == NOON

    server.tick += 2.5
    assert server.clock.now() == NOON + timedelta(seconds=2.5)
    assert server.asked == 1


def test_what_a_new_connection_told_is_not_asked_for() -> None:
    server = Server()
    server.clock.set(NOON)

    server.tick += 1
    assert server.clock.now() == NOON + timedelta(seconds=1)
    assert server.asked == 0


def test_after_a_minute_the_database_is_asked_again() -> None:
    server = Server()
    server.clock.now()

    server.tick += ASK_EVERY
    server.at += timedelta(minutes=9)
    assert server.clock.now() == NOON + timedelta(minutes=9)
    assert server.asked == 2


def test_while_the_database_is_away_the_known_time_goes_on_and_nobody_waits_for_it_twice_a_minute() -> (
    None
):
    server = Server()
    server.clock.now()
    server.is_away = True

    server.tick += ASK_EVERY
    assert server.clock.now() == NOON + timedelta(seconds=ASK_EVERY)
    server.tick += 1
    assert server.clock.now() == NOON + timedelta(seconds=ASK_EVERY + 1)
    assert server.asked == 2


def test_a_process_that_never_reached_the_database_goes_by_its_own_clock() -> None:
    server = Server(is_away=True)
    assert abs(server.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
