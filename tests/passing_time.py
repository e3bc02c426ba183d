"""Time passes at once: every wait that PostgreSQL or the local HubSpot knows of is moved towards now."""

from sqlalchemy import text

from tests.world import World

_WAITS = {
    "lane": ("due_at", "lease_until", "retry_after"),
    "allowance": ("next_at", "held_until"),
    "event": ("next_at",),
    "outbox": ("next_at",),
    "stale": ("next_at",),
    "token": ("suspect_since",),
}


def pass_time(world: World, seconds: float) -> None:
    """As if *seconds* had gone by, for us and for HubSpot."""
    world.hubspot.advance(seconds)
    world.hubspot.courier.clock_off -= (
        seconds  # our receiver compares signatures with the real clock
    )
    for account in world.accounts:
        for table, columns in _WAITS.items():
            world_opens = world.runtime.database.service if table == "token" else None
            opened = (
                world_opens() if world_opens else world.runtime.database.portal(account.portal_id)
            )
            moved = ", ".join(
                f"{column} = {column} - make_interval(secs => :seconds)" for column in columns
            )
            with opened as tx:
                tx.connection.execute(
                    text(f"UPDATE {table} SET {moved} WHERE portal_id = :portal"),
                    {"seconds": seconds, "portal": account.portal_id},
                )


def work_until_quiet(world: World, *, hours: float = 2.0, step: float = 1.0) -> float:
    """Work, and let time pass whenever nothing is due; return how many seconds that took by the clock."""
    passed = 0.0
    while passed < hours * 3600:
        if world.work():
            continue
        if not anything_left(world):
            return passed
        pass_time(world, step)
        passed += step
    raise AssertionError(f"not quiet after {passed:.0f} seconds")


def anything_left(world: World) -> bool:
    """Whether something waits, due or not."""
    return any(
        account.rows(
            """SELECT 1 FROM lane WHERE due_at IS NOT NULL OR lease_until IS NOT NULL
               UNION ALL SELECT 1 FROM event WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM outbox WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM stale WHERE next_at < 'infinity' LIMIT 1"""
        )
        for account in world.accounts
    )
