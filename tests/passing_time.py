"""Time passes at once: every wait that PostgreSQL or the local HubSpot knows of is moved towards now."""

from tests.world import Account, World

_WAITS = {
    "lane": ("due_at", "lease_until", "retry_after"),
    "allowance": ("next_at", "held_until"),
    "event": ("next_at",),
    "outbox": ("next_at",),
    "stale": ("next_at",),
    "setup_question": ("due_at",),
    "portal": ("answer_due_at", "looked_at"),
    "inbox": ("next_at",),
    "token": ("suspect_since",),
}


def pass_time(world: World, seconds: float) -> None:
    """As if *seconds* had gone by, for us and for HubSpot."""
    world.hubspot.advance(seconds)
    world.hubspot.courier.clock_off -= (
        seconds  # our receiver compares signatures with the real clock
    )
    for account in world.accounts:
        with world.runtime.database.portal(account.portal_id) as tx:
            tx.connection.exec_driver_sql(
                "; ".join(_moved(table, seconds) for table in _WAITS if table != "token")
            )
    with world.runtime.database.service() as tx:
        # Deliveries whose portal nobody knows are no portal's.
        tx.connection.exec_driver_sql(_moved("inbox", seconds) + " WHERE portal_id IS NULL")
        tx.connection.exec_driver_sql(_moved("token", seconds))


def _moved(table: str, seconds: float) -> str:
    moved = ", ".join(
        f"{column} = {column} - make_interval(secs => {seconds:f})" for column in _WAITS[table]
    )
    return f"UPDATE {table} SET {moved}"


def work_until_quiet(world: World, *, hours: float = 2.0, step: float = 1.0) -> float:
    """Work, and let time pass whenever nothing is due; return how many seconds that took by the clock."""
    passed = 0.0
    while passed < hours * 3600:
        if world.work():
            continue
        if not anything_left(world):
            return passed
        wait = max(step, min(_next_in(account) for account in world.accounts))
        pass_time(world, wait)
        passed += wait
    raise AssertionError(f"not quiet after {passed:.0f} seconds")


def _next_in(account: Account) -> float:
    """Seconds until something of the portal's is due; a minute at most, for what nobody wrote down."""
    (found,) = account.rows(
        """SELECT extract(epoch FROM min(at) - clock_timestamp())::float8 AS wait FROM (
             SELECT greatest(due_at, lease_until, retry_after) FROM lane WHERE due_at IS NOT NULL AND kind <> 'days'
             UNION ALL SELECT lease_until FROM lane WHERE kind <> 'days'
             UNION ALL SELECT next_at FROM inbox WHERE state = 'waiting'
             UNION ALL SELECT next_at FROM event WHERE state = 'waiting'
             UNION ALL SELECT next_at FROM outbox WHERE state = 'waiting'
             UNION ALL SELECT next_at FROM stale WHERE next_at < 'infinity'
           ) AS waits (at) WHERE at > clock_timestamp()"""
    )
    return min(60.0, found["wait"] if found["wait"] is not None else 0.0)


def anything_left(world: World) -> bool:
    """Whether something waits, due or not."""
    return any(
        account.rows(
            """SELECT 1 FROM lane
               -- Days of health are not worked at unless a test asks for them.
               WHERE kind <> 'days' AND (due_at IS NOT NULL OR lease_until IS NOT NULL)
               UNION ALL SELECT 1 FROM inbox WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM event WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM outbox WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM stale WHERE next_at < 'infinity' LIMIT 1"""
        )
        for account in world.accounts
    )
