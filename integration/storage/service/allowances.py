"""HubSpot's call allowance of a portal (`allowance`), shared by all processes that call.

The clock is PostgreSQL's and the state one row a portal and kind, so the limit survives the
loss of Valkey. Calls are paced evenly (the generic cell rate algorithm): in no ten seconds more
than the allowance.
"""

from integration.storage.database import Transaction

# A few calls may start at once; one more is kept back for a call that overtakes another on the
# network.
BURST = 3
SPARE = 1
WINDOW_SECONDS = 10.0
LONGEST_WAIT = 15.0


def step_seconds(per_window: int, window: float = WINDOW_SECONDS) -> float:
    """Return the seconds between calls so that no window holds more than *per_window* of them."""
    return window / max(1, per_window - BURST - SPARE)


def reserve(tx: Transaction, kind: str, *, step: float, burst: int = BURST) -> tuple[float, bool]:
    """Reserve the next call; return the seconds to wait before it, and whether it was reserved.

    Nothing is reserved when the wait would be longer than :data:`LONGEST_WAIT`: come back later
    instead.
    """
    row = tx.one(
        """INSERT INTO allowance AS mine (portal_id, kind, next_at)
           VALUES (:portal, :kind,
             clock_timestamp() - make_interval(secs => :slack) + make_interval(secs => :step))
           ON CONFLICT (portal_id, kind) DO UPDATE
             SET next_at = greatest(mine.next_at, mine.held_until,
                                    clock_timestamp() - make_interval(secs => :slack))
                           + make_interval(secs => :step)
             -- No row comes back, and none is reserved, when the wait would be too long.
             WHERE greatest(mine.next_at, mine.held_until)
                   <= clock_timestamp() + make_interval(secs => :longest)
           RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - :step AS wait""",
        kind=kind,
        step=step,
        slack=step * (burst - 1),
        longest=LONGEST_WAIT,
    )
    if row is None:
        left = tx.value(
            """SELECT extract(epoch FROM greatest(next_at, held_until) - clock_timestamp())::float8
               FROM allowance WHERE portal_id = :portal AND kind = :kind""",
            kind=kind,
        )
        return max(0.0, float(left or 0)), False
    return max(0.0, float(row["wait"])), True


def hold(tx: Transaction, kind: str, *, seconds: float) -> None:
    """Stop all calls for *seconds*, after HubSpot answered 429."""
    tx.run(
        """INSERT INTO allowance (portal_id, kind, held_until)
           VALUES (:portal, :kind, clock_timestamp() + make_interval(secs => :seconds))
           ON CONFLICT (portal_id, kind) DO UPDATE
             SET held_until = greatest(allowance.held_until, excluded.held_until)""",
        kind=kind,
        seconds=float(seconds),
    )


def count(tx: Transaction, calls: list[tuple[str, int, int, int, int]]) -> None:
    """Add (route, calls, errors, waited ms, took ms) to the portal's usage of today."""
    tx.many(
        """INSERT INTO api_usage (portal_id, day, route, calls, errors, waited_ms, took_ms)
           VALUES (:portal, current_date, :route, :calls, :errors, :waited, :took)
           ON CONFLICT (portal_id, day, route)
           DO UPDATE SET calls = api_usage.calls + excluded.calls,
             errors = api_usage.errors + excluded.errors,
             waited_ms = api_usage.waited_ms + excluded.waited_ms,
             took_ms = api_usage.took_ms + excluded.took_ms""",
        [
            {"route": route, "calls": n, "errors": bad, "waited": waited, "took": took}
            for route, n, bad, waited, took in sorted(calls)
        ],
    )
