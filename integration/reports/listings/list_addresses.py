"""Addresses of lists: where a figure of a report, a page or an e-mail leads to its rows."""

from urllib.parse import urlencode


def address(portal_id: int, list_name: str, /, **filters: object) -> str:
    """Return the address of a list with these filters; what is None or empty is left out.

    `address(4711, "deals", source="referral", booked_from=date(2026, 1, 1))` is what a figure
    links to. Several values of one filter come as a list.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in filters.items():
        values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        pairs += [(name, str(part)) for part in values if part not in {None, ""}]
    query = urlencode(pairs)
    return f"/portals/{portal_id}/{list_name}" + (f"?{query}" if query else "")
