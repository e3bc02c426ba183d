"""Delivering webhook events: batches, signatures, several at a time, retries, duplicates and disorder."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
import urllib3

from . import signing
from .records import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .crm import HubSpot

BATCH = 100
ATTEMPTS = 11  # the first and ten more
TIMEOUT = 5.0


@dataclass(slots=True)
class Report:
    """What came of a round of deliveries."""

    events: int = 0
    batches: int = 0
    failed: int = 0
    given_up: int = 0
    statuses: list[int | str] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    events: list[Json]
    attempt: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Courier:
    """Sends what is queued. Change the fields to make it as bad as the real one."""

    hubspot: HubSpot
    batch: int = BATCH
    concurrency: int = 10
    duplicates: float = 0.0  # share of batches sent twice
    repeat_events: float = 0.0  # share of events that appear twice, in different batches
    shuffle: bool = False  # events in any order
    paused: bool = False
    secret: str | None = (
        None  # sign with another secret than the app's (during a rotation, or a forger's)
    )
    signed_url: str | None = (
        None  # the URL HubSpot believes it calls, when a proxy stands before the receiver
    )
    clock_off: float = 0.0  # seconds added to the signed timestamp
    timeout: float = TIMEOUT  # seconds in which the receiver has to answer
    retry_base: float = 2.0  # seconds until the second attempt; doubles each time
    delivered: int = 0  # events answered 2xx
    attempts: int = 0  # requests made
    waiting: list[_Batch] = field(default_factory=list)  # failed, to be sent again
    _dice: random.Random = field(default_factory=lambda: random.Random(7))
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False)
    )
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, *, retries: bool = True, only_due: bool = False) -> Report:
        """One round: everything queued, and failed batches (all, or only those that are due)."""
        report = Report()
        if self.hubspot.app.webhook_url is None or self.paused:
            return report
        with self._sending:
            batches = self._batches()
            if retries:
                now = self.hubspot.monotonic()
                again = [one for one in self.waiting if not only_due or one.due <= now]
                self.waiting = [one for one in self.waiting if only_due and one.due > now]
                batches += again
            if not batches:
                return report
            if len(batches) == 1 or self.concurrency == 1:
                answers = [self._send(one) for one in batches]
            else:
                with ThreadPoolExecutor(min(self.concurrency, len(batches))) as pool:
                    answers = list(pool.map(self._send, batches))
            for one, answer in zip(batches, answers, strict=True):
                self._settle(one, answer, report)
        return report

    def _batches(self) -> list[_Batch]:
        events = _drain(self.hubspot.queue)
        if self.repeat_events:
            events += [dict(event) for event in events if self._dice.random() < self.repeat_events]
        if self.shuffle:
            self._dice.shuffle(events)
        parcels: list[Sequence[Json]] = [events]
        if not self.hubspot.quirks.mix_portals:
            by_portal: dict[int, list[Json]] = {}
            for event in events:
                by_portal.setdefault(event["portalId"], []).append(event)
            parcels = list(by_portal.values())
        made = [
            _Batch(list(parcel[start : start + self.batch]))
            for parcel in parcels
            for start in range(0, len(parcel), self.batch)
        ]
        twice = [
            _Batch([dict(event) for event in one.events])
            for one in made
            if self._dice.random() < self.duplicates
        ]
        return made + twice

    def _send(self, batch: _Batch) -> int | str:
        url = self.hubspot.app.webhook_url or ""
        body = self.body(batch.events, batch.attempt)
        return self.post(url, body)

    def body(self, events: Sequence[Json], attempt: int) -> bytes:
        """The bytes of one delivery."""
        key = self.hubspot.quirks.event_type_key
        said = [event | {"attemptNumber": attempt} for event in events]
        if key != "subscriptionType":
            said = [
                {key if name == "subscriptionType" else name: event[name] for name in event}
                for event in said
            ]
        return orjson.dumps(said)

    def post(self, url: str, body: bytes) -> int | str:
        """Sign and send these very bytes; the status, or the name of what went wrong."""
        stamp = round((self.hubspot.time() + self.clock_off) * 1000)
        headers = signing.headers(
            self.secret or self.hubspot.app.client_secret,
            "POST",
            self.signed_url or url,
            body,
            stamp,
        )
        self.attempts += 1
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=headers, redirect=False, timeout=self.timeout
            )
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__
        return answer.status

    def _settle(self, batch: _Batch, answer: int | str, report: Report) -> None:
        report.batches += 1
        report.statuses.append(answer)
        if isinstance(answer, int) and 200 <= answer < 300:
            report.events += len(batch.events)
            self.delivered += len(batch.events)
            return
        report.failed += 1
        batch.attempt += 1
        if batch.attempt >= ATTEMPTS:
            report.given_up += 1
            return
        delay = self.retry_base * 2 ** (batch.attempt - 1) * self._dice.uniform(0.8, 1.2)
        batch.due = self.hubspot.monotonic() + delay
        self.waiting.append(batch)

    @property
    def pending(self) -> int:
        """Events not yet delivered, failed ones included."""
        return len(self.hubspot.queue) + sum(len(one.events) for one in self.waiting)

    @contextmanager
    def running(self, every: float = 0.2) -> Iterator[None]:
        """Deliver in a background thread while inside."""
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(every):
                self.deliver(only_due=True)

        thread = threading.Thread(target=work, name="sandbox-webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=self.timeout * 2)


def _drain(queue: deque[Json]) -> list[Json]:
    events = []
    while queue:
        events.append(queue.popleft())
    return events
