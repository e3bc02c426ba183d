"""The app and a local HubSpot around it: installed by OAuth, filled, settled, read through the app's own storage."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rich.console import Console

from integration.admin import operations
from integration.core import environment as configuration
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime, open_runtime
from tests import admin, demo
from tests.admin import Admin
from tests.sandbox import pages, server
from tests.sandbox.crm import HubSpot, Portal

SETTLE_SECONDS = 1800
# Nothing here measures speed against HubSpot's limit, so the local HubSpot allows as much as the
# app can ask for.
_RATE = 1000
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Ground:
    """A running app beside a local HubSpot."""

    hubspot: HubSpot
    app: demo.App
    say: Console
    admins: dict[int, Admin] = field(default_factory=dict)

    def connect(self, portal: Portal, settings: Mapping[str, str]) -> None:
        """Install the app as an admin would, who then fills in what only they know."""
        portal.allowance.limit = 10 * _RATE
        self.admins[portal.id] = admin.installed(self.app.url, self.hubspot, portal.id)
        if settings:
            self.choose(portal.id, settings)

    def choose(self, portal_id: int, settings: Mapping[str, str]) -> None:
        """Fill in fields of the Settings form."""
        self.admins[portal_id].fill_in(settings)

    def answer(self, portal_id: int, answers: Mapping[str, str] = _NOTHING) -> None:
        """Answer what the set-up page asks now: *answers* by kind, else as proposed."""
        for question in self.admins[portal_id].asked():
            chosen = answers.get(question.kind)
            values = question.ticked if chosen is None else [chosen]
            self.admins[portal_id].answer(question, values)

    def decide(self, portal_id: int, policy: Mapping[str, str]) -> None:
        """Choose weights and windows as an admin does on the command line."""
        changes = [word for name, value in policy.items() for word in ("--set", f"{name}={value}")]
        reason = "so the development data counts"
        self.app.command("policy", str(portal_id), *changes, "--by", "owner", "--reason", reason)

    def settle(self, portal_id: int, answers: Mapping[str, str] | None = _NOTHING) -> float:
        """Wait until the portal has nothing to do, answering what it asks; return the seconds it took.

        Without *answers* nobody answers, and for a question that all waits for its time runs out.
        """
        began = time.monotonic()
        while time.monotonic() - began < SETTLE_SECONDS:
            if self.app.process.poll() is not None:
                raise RuntimeError(
                    f"the service ended:\n{self.app.log.read_text(errors='replace')[-2000:]}"
                )
            if answers is None:
                self.let_time_run_out(portal_id)
            else:
                self.answer(portal_id, answers)
            try:
                self.app.command("settle", str(portal_id), "--timeout", "10")
            except RuntimeError as waiting:
                self.say.print(f"  {str(waiting).split(': ', 2)[-1]}{self._faults()}", style="dim")
                continue
            return time.monotonic() - began
        raise RuntimeError(f"portal {portal_id} is not settled after {SETTLE_SECONDS} s")

    def let_time_run_out(self, portal_id: int) -> None:
        """As if the time to answer the set-up page's open questions were over."""
        with self.runtime() as runtime:
            with runtime.database.portal(portal_id) as tx:
                tx.run(
                    """UPDATE setup_question SET due_at = clock_timestamp()
                       WHERE portal_id = :portal AND due_at > clock_timestamp()"""
                )
            operations.take_overdue_proposals(PortalContext(runtime, portal_id))

    @contextlib.contextmanager
    def runtime(self) -> Iterator[Runtime]:
        """The app's own storage, as another of its processes would open it."""
        with environment(self.app.environment), open_runtime(configuration.load()) as runtime:
            yield runtime

    def _faults(self) -> str:
        """A word on errors in the service's log: figures of a run with faults deserve no trust."""
        count = self.app.log.read_text(errors="replace").count("a fault of ours")
        return f"; {count} times a fault of ours, see {self.app.log}" if count else ""


@contextlib.contextmanager
def ground(hubspot: HubSpot, say: Console) -> Iterator[Ground]:
    """Start everything and stop it afterwards."""
    with contextlib.ExitStack() as stack:
        data = Path(tempfile.mkdtemp(prefix="second-order-accuracy-"))
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        stack.enter_context(environment({"HUBSPOT_RATE_PER_10S": str(_RATE)}))
        outside = stack.enter_context(server.start(hubspot, 0, pages.application(hubspot)))
        app = stack.enter_context(demo._service(data, outside, hubspot))
        stack.enter_context(hubspot.courier.running())
        here = Ground(hubspot, app, say)
        try:
            yield here
        finally:
            for each in here.admins.values():
                each.browser.close()


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
