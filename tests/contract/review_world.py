"""Questions for people, raised in a portal whose mirror is written by hand, and answered as the pages do."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from integration.core.wake_ups import Queue
from integration.review import answering, reading
from integration.review.answers import Answer
from tests.contract.conclude_world import NOW, Clock, MirrorPortal, day

# Two records of one name are asked about, whatever the newest weights are.
ASKING = {"link_at": 999_999, "link_review_at": 500_000}


@dataclass
class Office(Clock):
    """A clock with a queue: as much of a runtime as answering needs."""

    at: datetime = NOW
    queue: Queue = field(default=None)  # type: ignore[assignment]  # given by the fixture


def namesakes(portal: MirrorPortal, *, first: int = 12, second: int = 33) -> None:
    """Priya at Acme went silent; a Priya appears at Zenit, on its deal 9. The same person? Acme bought before."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    who = {"firstname": "Priya", "lastname": "Raman"}
    portal.contact(
        first, 1, email="priya@acme-tools.com", notes_last_contacted=day(400).isoformat(), **who
    )
    portal.put(
        "contact",
        second,
        created=day(200),
        email="priya@zenit-labs.com",
        associatedcompanyid=2,
        **who,
    )
    portal.link("contact", second, "company", 2, type_id=1)
    portal.deal(5, 1, first, created=800, won=(700, "10000.00"))
    portal.deal(9, 2, second, created=60, won=(20, "40000.00"))


def doubtful_move(portal: MirrorPortal, contact: int = 12) -> None:
    """Priya may have gone from Acme to Zenit: likely, and not sure."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    mail = [(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")]
    portal.contact(contact, 2, firstname="Priya", lastname="Raman", email=mail)
    portal.deal(5, 1, contact, created=800, won=(700, "10000.00"))
    portal.deal(9, 2, contact, created=60, won=(20, "40000.00"))


# An automatic move becomes a question when hardly anything is sure enough.
DOUBTING = {"move_auto": 999_999}


def two_marias(portal: MirrorPortal) -> None:
    """Bo at Zenit heard of us from a Maria Lopez; there is one at Acme and one at Beta, both customers."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(3, "Beta", "beta-works.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(11, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    portal.contact(12, 3, firstname="Maria", lastname="Lopez", email="m.lopez@beta-works.com")
    portal.deal(5, 1, 11, created=800, won=(700, "10000.00"))
    portal.deal(6, 3, 12, created=800, won=(700, "10000.00"))
    portal.put(
        "contact",
        22,
        created=day(100),
        firstname="Bo",
        lastname="Stone",
        email="bo@zenit-labs.com",
        associatedcompanyid=2,
        referred_by="Maria Lopez",
    )
    portal.link("contact", 22, "company", 2, type_id=1)
    portal.deal(9, 2, 22, created=60, won=(20, "40000.00"))


def questions(portal: MirrorPortal, kind: str | None = None) -> list[dict[str, Any]]:
    """The open questions as a page shows them."""
    found: list[dict[str, Any]] = reading.open_tasks(portal.context, kind=kind)["questions"]
    return found


def the_question(portal: MirrorPortal, kind: str) -> dict[str, Any]:
    (found,) = questions(portal, kind)
    return found


def answer(portal: MirrorPortal, review_id: int, verb: str, **more: Any) -> int:  # noqa: ANN401 - whatever an answer has
    """Ana answers, and everything is concluded again."""
    words = Answer(verb, "Ana", "she told me", **more)
    made: int = answering.decide(portal.context, review_id, words)["decision_id"]
    portal.settle()
    return made


def later(portal: MirrorPortal, days: float) -> None:
    """Time goes by, and the night's work is done."""
    portal.clock.at += timedelta(days=days)
    with portal.clock.database.portal(portal.portal_id) as tx:
        answering.reopen_ended(tx, portal.clock.at)
    portal.settle()


def tomorrow(portal: MirrorPortal) -> date:
    return (portal.clock.at + timedelta(days=1)).date()
