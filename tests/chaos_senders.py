"""Who sends: a HubSpot that signs, retries until it is answered 2xx, and remembers what was acknowledged."""

import contextlib
import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import urllib3

from mappings.records import events
from mappings.records.events import Bad, Event, Unknown
from tests.sandbox import signing
from tests.sandbox.crm import HubSpot, Portal
from tests.sandbox.records import Json
from tests.waiting import PATIENCE

BIGGEST_BATCH = 20
_STAGES = ("appointmentscheduled", "qualifiedtobuy", "closedwon", "closedlost")


@dataclass
class Ledger:
    """What was sent and what was promised to us, by portal and key."""

    good: dict[int, set[str]] = field(default_factory=dict)
    ignored: dict[int, set[str]] = field(default_factory=dict)
    bad: dict[int, set[str]] = field(default_factory=dict)
    events: int = 0
    deliveries: int = 0
    attempts: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, batch: list[Json]) -> None:
        """A delivery was answered 2xx: from now on each of its items must be found again."""
        by_portal: dict[int, list[bytes]] = {}
        for item in batch:
            by_portal.setdefault(item["portalId"], []).append(_bytes(item))
        with self.lock:
            self.deliveries += 1
            self.events += len(batch)
            for portal_id, raws in by_portal.items():
                for read in events.split(b"[" + b",".join(raws) + b"]"):
                    self._note(portal_id, read)

    def _note(self, portal_id: int, item: Event | Unknown | Bad) -> None:
        if isinstance(item, Bad):
            self.bad.setdefault(portal_id, set()).add(
                f"bad:{hashlib.sha256(item.raw_item).hexdigest()}"
            )
        elif isinstance(item, Unknown):
            self.ignored.setdefault(portal_id, set()).add(item.dedupe_key)
        else:
            self.good.setdefault(portal_id, set()).add(item.dedupe_key)

    def keys(self, portal_id: int) -> set[str]:
        """Everything acknowledged for a portal."""
        return set().union(
            *(kind.get(portal_id, set()) for kind in (self.good, self.ignored, self.bad))
        )


@dataclass
class Senders:
    """Threads that deliver what the local HubSpot has queued, and extras of their own while *storming*."""

    hubspot: HubSpot
    seed: int
    count: int = 4
    extras_per_second: float = 600.0
    ledger: Ledger = field(default_factory=Ledger)
    storming: bool = True
    _stop: threading.Event = field(default_factory=threading.Event)
    _busy: int = 0
    number: int = 10_000_000
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(
            maxsize=16, retries=False, timeout=urllib3.Timeout(8)
        )
    )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        threads = [
            threading.Thread(
                target=self._work, args=(random.Random(self.seed * 100 + n),), daemon=True
            )
            for n in range(self.count)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            self._pool.clear()

    @property
    def idle(self) -> bool:
        """Nothing queued, nothing under way."""
        return not self.hubspot.queue and not self._busy

    def _work(self, dice: random.Random) -> None:
        while not self._stop.is_set():
            with self._lock:
                batch = self._take(dice.randint(1, BIGGEST_BATCH))
                storming = self.storming
                self._busy += bool(batch) or storming
            if storming:
                batch += [self._extra(dice) for _ in range(max(1, BIGGEST_BATCH - len(batch)))]
                time.sleep(self.count * len(batch) / self.extras_per_second)
            if not batch:
                time.sleep(0.02)
                continue
            self._deliver(batch, dice)
            with self._lock:
                self._busy -= 1

    def _take(self, most: int) -> list[Json]:
        taken: list[Json] = []
        with contextlib.suppress(IndexError):
            while len(taken) < most:
                taken.append(self.hubspot.queue.popleft())
        return taken

    def _extra(self, dice: random.Random) -> Json:
        """A notification about a record that did not change; a few that make no sense."""
        with self._lock:
            self.number += 1
            number = self.number
        portal = dice.choice(list(self.hubspot.portals.values()))
        kind = dice.choice(("contact", "company", "deal"))
        with self.hubspot.lock:
            record = dice.choice(portal.all(kind))
        said: Json = {
            "eventId": number, "subscriptionId": 1, "portalId": portal.id, "appId": self.hubspot.app.app_id,
            "occurredAt": int(time.time() * 1000), "subscriptionType": f"{kind}.propertyChange", "attemptNumber": 0,
            "objectId": record.id, "propertyName": "lifecyclestage", "propertyValue": "lead", "changeSource": "CRM_UI",
        }  # fmt: skip
        luck = dice.random()
        if luck < 0.02:
            said["objectId"] = f"no. {number}"
        elif luck < 0.04:
            said["subscriptionType"] = "conversation.creation"
        return said

    def _deliver(self, batch: list[Json], dice: random.Random) -> None:
        """Until it is answered 2xx, as often as it takes; each time signed anew, now and then twice."""
        for parcel in [batch] if dice.random() < 0.1 else _by_portal(batch):
            for _ in range(2 if dice.random() < 0.05 else 1):
                self._until_heard(parcel, dice)

    def _until_heard(self, parcel: list[Json], dice: random.Random) -> None:
        body = b"[" + b",".join(_bytes(item) for item in parcel) + b"]"
        url = str(self.hubspot.app.webhook_url)
        attempt = 0
        while True:
            headers = signing.headers(
                self.hubspot.app.client_secret, "POST", url, body, round(self.hubspot.time() * 1000)
            )
            began = time.monotonic()
            try:
                status = self._pool.request("POST", url, body=body, headers=headers).status
                answer = str(status)
            except urllib3.exceptions.HTTPError as error:
                status, answer = 0, "no answer"
                del error
            with self.ledger.lock:
                self.ledger.attempts += 1
                self.ledger.answers[answer] += 1
                self.ledger.slowest = max(self.ledger.slowest, time.monotonic() - began)
            if 200 <= status < 300:
                self.ledger.acknowledged(parcel)
                return
            attempt += 1
            if self._stop.is_set():
                return
            time.sleep(min(2.0, 0.05 * 2**attempt) * dice.uniform(0.5, 1.5))


@dataclass
class Users:
    """People who work in the local HubSpot while everything falls over."""

    hubspot: HubSpot
    seed: int
    per_second: float = 15.0
    tangled: bool = False
    changes: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(PATIENCE)

    def _work(self) -> None:
        dice = random.Random(self.seed)
        while not self._stop.wait(1 / self.per_second):
            portal = dice.choice(list(self.hubspot.portals.values()))
            with self.hubspot.lock:
                (_tangled if self.tangled and dice.random() < 0.5 else _plain)(portal, dice)
            self.changes += 1


def _plain(portal: Portal, dice: random.Random) -> None:
    """Changes whose conclusions are the same in whatever order and portions they are seen."""
    contact, company, deal = (
        dice.choice(portal.all(kind)).id for kind in ("contact", "company", "deal")
    )
    strangers = [one.id for one in portal.all("contact") if one.get("email").startswith("new")]
    what = dice.randrange(100)
    if what < 45:
        portal.update(
            "deal", deal, {"amount": f"{dice.randint(1, 9999)}.{dice.randint(0, 99):02d}"}
        )
    elif what < 60:
        portal.update(
            "contact", contact, {"jobtitle": f"Head of {dice.choice(('Sales', 'Ops', 'Data'))}"}
        )
    elif what < 70:
        portal.update("company", company, {"description": f"Firm {dice.randrange(10**6)}"})
    elif what < 82 or len(strangers) < 3:
        new = portal.create(
            "contact", {"email": f"new{dice.randrange(10**6)}@{dice.randrange(10**6)}.example"}
        )
        portal.associate("contact", new.id, "company", company, primary=True)
    elif what < 90:
        portal.update(
            "contact", dice.choice(strangers), {"email": f"new{dice.randrange(10**9)}@else.example"}
        )
    elif what < 95:
        portal.archive("contact", dice.choice(strangers))
    else:
        portal.merge("contact", *dice.sample(strangers, 2))


def _tangled(portal: Portal, dice: random.Random) -> None:
    """Changes of evidence: what was credited once stays credited, so a clean run may know less, or more."""
    contact, deal = (dice.choice(portal.all(kind)).id for kind in ("contact", "deal"))
    what = dice.randrange(4)
    if what == 0:
        portal.update("deal", deal, {"dealstage": dice.choice(_STAGES)})
    elif what == 1:
        host = dice.choice(portal.all("company")).get("domain") or "somewhere.example"
        portal.update("contact", contact, {"email": f"p{dice.randrange(10**6)}@{host}"})
    elif what == 2:
        portal.associate("deal", deal, "contact", contact)
    else:
        other = dice.choice(portal.all("contact")).id
        if other != contact:
            portal.merge("contact", contact, other)


def _by_portal(batch: list[Json]) -> list[list[Json]]:
    parcels: dict[int, list[Json]] = {}
    for item in batch:
        parcels.setdefault(item["portalId"], []).append(item)
    return list(parcels.values())


def _bytes(item: Json) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode()
