"""Owners, pipelines and stages of a portal."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from .records import Json, iso


@dataclass(slots=True)
class Owner:
    """A person (or queue) records belong to."""

    id: int
    email: str
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None
    teams: tuple[str, ...] = ()
    archived: bool = False
    created: int = 0
    kind: str = "PERSON"  # or QUEUE

    def json(self) -> Json:
        """As the owners route shows it."""
        body: Json = {
            "id": str(self.id),
            "email": self.email,
            "type": self.kind,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
            "archived": self.archived,
        }
        if self.user_id is not None:
            body["userIdIncludingInactive"] = self.user_id
            if not self.archived:
                body["userId"] = self.user_id
        if self.teams:
            # A team has one id, whoever is in it.
            body["teams"] = [
                {"id": str(crc32(name.encode())), "name": name, "primary": place == 0}
                for place, name in enumerate(self.teams)
            ]
        return body


@dataclass(slots=True)
class Stage:
    """A step of a pipeline. Deal stages have a probability, ticket stages are open or closed."""

    id: str
    label: str
    probability: float | None = None
    closed: bool = False

    def metadata(self) -> dict[str, str]:
        """Strings throughout, as HubSpot answers."""
        if self.probability is None:
            return {"ticketState": "CLOSED" if self.closed else "OPEN"}
        return {
            "isClosed": "true" if self.closed else "false",
            "probability": str(float(self.probability)),
        }

    @property
    def is_won(self) -> bool:
        """Closed with certainty."""
        return self.closed and self.probability == 1.0


@dataclass(slots=True)
class Pipeline:
    """A named row of stages."""

    id: str
    label: str
    stages: list[Stage] = field(default_factory=list)
    created: int = 0

    def json(self, order: int) -> Json:
        """As the pipelines route shows it."""
        at = iso(self.created)
        common = {"archived": False, "createdAt": at, "updatedAt": at}
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": order,
            **common,
            "stages": [
                {
                    "id": stage.id,
                    "label": stage.label,
                    "displayOrder": place,
                    "metadata": stage.metadata(),
                    "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                    **common,
                }
                for place, stage in enumerate(self.stages)
            ],
        }


def default_pipelines() -> dict[str, dict[str, Pipeline]]:
    """What a fresh portal has: the sales pipeline and the support pipeline."""
    sales = Pipeline(
        "default",
        "Sales Pipeline",
        [
            Stage("appointmentscheduled", "Appointment Scheduled", 0.2),
            Stage("qualifiedtobuy", "Qualified To Buy", 0.4),
            Stage("presentationscheduled", "Presentation Scheduled", 0.6),
            Stage("decisionmakerboughtin", "Decision Maker Bought-In", 0.8),
            Stage("contractsent", "Contract Sent", 0.9),
            Stage("closedwon", "Closed Won", 1.0, closed=True),
            Stage("closedlost", "Closed Lost", 0.0, closed=True),
        ],
    )
    support = Pipeline(
        "0",
        "Support Pipeline",
        [
            Stage("1", "New"),
            Stage("2", "Waiting on contact"),
            Stage("3", "Waiting on us"),
            Stage("4", "Closed", closed=True),
        ],
    )
    return {"deal": {sales.id: sales}, "ticket": {support.id: support}}
