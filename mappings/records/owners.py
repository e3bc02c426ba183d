"""Owners: HubSpot's users (and queues) whom records belong to, with their names and teams."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings.records import identifiers
from mappings.rules.text.names import LONGEST, spoken


@dataclass(frozen=True, slots=True)
class Team:
    """A team of an account's users."""

    team_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a record's `hubspot_owner_id` names; of several teams the first is the primary one.

    `user_id` is the user behind it, also one who left; a queue has none.
    """

    owner_id: int
    user_id: int | None = None
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    teams: tuple[Team, ...] = ()
    is_archived: bool = False

    @property
    def name(self) -> str:
        """What people call them: name, else address, else their number."""
        full = full_name(self.first_name, self.last_name)
        return full or self.email or f"Owner {self.owner_id}"

    @property
    def team(self) -> Team | None:
        """The team whose figures theirs are: the primary one."""
        return self.teams[0] if self.teams else None


def full_name(first: str, last: str) -> str:
    """Return a user's name as people write it; empty for none."""
    return spoken(f"{first} {last}".strip())


def read(answer: Mapping[str, Any]) -> Owner | None:
    """Return the owner that HubSpot tells of; None for an answer without an id."""
    owner_id = identifiers.read(answer.get("id"))
    if owner_id is None:
        return None
    return Owner(
        owner_id,
        identifiers.read(answer.get("userId") or answer.get("userIdIncludingInactive")),
        _text(answer.get("email")).lower(),
        _text(answer.get("firstName")),
        _text(answer.get("lastName")),
        _teams(answer.get("teams")),
        bool(answer.get("archived")),
    )


def _teams(answer: object) -> tuple[Team, ...]:
    told = (
        [team for team in answer if isinstance(team, Mapping)] if isinstance(answer, list) else []
    )
    known = [team for team in told if _text(team.get("id"))]
    # Sorting keeps HubSpot's order of the others.
    known.sort(key=lambda team: not team.get("primary"))
    return tuple(Team(_text(team["id"]), _text(team.get("name"))) for team in known)


def _text(value: object) -> str:
    return str(value or "").strip()[:LONGEST]
