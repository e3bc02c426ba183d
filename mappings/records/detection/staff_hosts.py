"""Staff hosts: the mail domains that most users of an account share; free-mail ones never are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.records import addresses
from mappings.rules.text.address_kinds import domain_of, is_free


@dataclass(frozen=True, slots=True)
class StaffHosts:
    """The users' hosts by registrable domain: `shared` by most of them, `others` to ask about.

    `users` counts the users of each; those with a free-mail address are no host's.
    """

    shared: tuple[str, ...]
    others: tuple[str, ...]
    users: Mapping[str, int]


def staff_hosts(owners: Iterable[Mapping[str, Any]]) -> StaffHosts:
    """Find the hosts of an account's own people among its users' addresses."""
    emails = (addresses.email(str(owner.get("email") or "")).value for owner in owners)
    own = {email for email in emails if email and not is_free(email)}
    users = Counter(domain_of(email) for email in own)
    shared = [host for host, count in users.items() if 2 * count > users.total()]
    others = [host for host in users if host not in shared]
    return StaffHosts(tuple(sorted(shared)), tuple(sorted(others)), dict(users))
