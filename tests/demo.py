"""The main job from nothing: a local HubSpot, our whole service beside it, an install by OAuth, and what was found."""

import argparse
import contextlib
import ctypes
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from integration.core.servers import free_port
from tests import admin, demo_success, readme_figures, readme_picture
from tests.admin import Admin
from tests.chaos_service import answers
from tests.demo_report import Report
from tests.sandbox import pages, server, town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE, wait_until
from tests.world import HARBOR, ORCHARD, subscriptions

ENRICH_SECONDS = 900
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_say = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Run the demo; the status is 0 when the enriched fields are there."""
    given = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    with running(given.town, given.scale) as (app, report):
        enriched = enrich(app, report)
        report.print(_say)
        if enriched and given.town == "shipped":
            hear_of_success(app, report)
        if given.readme and enriched:
            part = readme_figures.SHIPPED if given.town == "shipped" else readme_figures.REAL
            readme_figures.write(report, part)
            if part == readme_figures.SHIPPED and not readme_picture.write(report):
                _say.print("Without Chromium the README's picture stays as it is.")
        if given.once or not enriched:
            return 0 if enriched else 1
        _say.print(
            "\n[bold]Change something[/bold] in the sandbox's pages and watch the tag appear. Ctrl-C ends all."
        )
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return 0


@contextlib.contextmanager
def running(town_name: str, scale: float) -> Iterator[tuple["App", Report]]:
    """A local HubSpot with a town in it and our whole service beside it; nothing is installed yet."""
    with contextlib.ExitStack() as stack:
        data = Path(tempfile.mkdtemp(prefix="second-order-demo-"))
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        _say.print("[bold]Second Order[/bold]: a local HubSpot fills with a town of customers ...")
        hubspot = HubSpot(seed=7)
        loaded = town.load(hubspot, town_name, scale=scale)
        outside = stack.enter_context(
            server.start(hubspot, _port(9000), pages.application(hubspot))
        )
        app = stack.enter_context(_service(data, outside, hubspot))
        stack.enter_context(hubspot.courier.running())
        own_words = {} if town_name == "shipped" else _own_words(loaded)
        yield app, Report(hubspot, loaded, app, outside.url, own_words)


@dataclasses.dataclass
class App:
    """Our service as its users see it, and its command line."""

    url: str
    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    log: Path

    def command(self, *arguments: str) -> str:
        """Run ``second-order ARGUMENTS`` beside the service and return what it prints."""
        return self.module("commands", *arguments)

    def module(self, name: str, *arguments: str) -> str:
        """Run a module as the service would, and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", name, *arguments],
            env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {done.stderr.strip()[-800:]}")
        return done.stdout

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON is any
        """Run a command that prints JSON."""
        return json.loads(self.command(*arguments))


@contextlib.contextmanager
def _service(data: Path, outside: server.Server, hubspot: HubSpot) -> Iterator[App]:
    port = _port(8000)
    url = f"http://127.0.0.1:{port}"
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL"}
        },
        "DATA_DIR": str(data),
        "PORT": str(port),
        "PUBLIC_URL": url,
        "HUBSPOT_API_URL": outside.url,
        "HUBSPOT_AUTHORIZE_URL": outside.authorize_url,
        "HUBSPOT_APP_ID": str(hubspot.app.app_id),
        "HUBSPOT_CLIENT_ID": hubspot.app.client_id,
        "HUBSPOT_CLIENT_SECRET": hubspot.app.client_secret,
        "LOG_LEVEL": "WARNING",
    }
    for given in ("DATABASE_URL", "REDIS_URL"):
        if os.environ.get(f"DEMO_{given}"):
            environment[given] = os.environ[f"DEMO_{given}"]
    hubspot.app.webhook_url = f"{url}/webhooks/hubspot"
    hubspot.app.redirect_urls = [f"{url}/oauth/callback"]
    hubspot.subscriptions.load_project(subscriptions(url))
    log = data / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "commands", "up"],
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - one system call
        )
        try:
            _wait_until_ready(url, process, log)
            yield App(url, process, environment, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _end_with_us() -> None:
    """Even a demo that was killed leaves no service behind."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    wait_until(
        lambda: answers(f"{url}/readyz"),
        lambda: f"The service did not start:\n{log.read_text(errors='replace')[-2000:]}",
        unless=lambda: process.poll() is not None,
    )


def enrich(app: App, report: Report) -> bool:
    """Install both portals through OAuth, as two admins would, and wait until everything is written."""
    report.begin()
    admins = [admin.installed(app.url, report.hubspot, portal) for portal in (HARBOR, ORCHARD)]
    if report.settings:
        admins[0].fill_in(report.settings)
    _say.print("Installed in two portals by OAuth; importing, concluding, writing back ...")
    deadline = time.monotonic() + ENRICH_SECONDS
    while time.monotonic() < deadline:
        if app.process.poll() is not None:
            _say.print(
                f"[red]The service ended:[/red] {app.log.read_text(errors='replace')[-2000:]}"
            )
            return False
        _answer_as_proposed(admins)
        try:
            app.command("settle", "--timeout", "10")
        except RuntimeError as waiting:
            _say.print(f"  {str(waiting).split(': ', 2)[-1]}", style="dim")
            continue
        report.end()
        return report.is_enriched()
    _say.print(
        f"[red]Not enriched after {ENRICH_SECONDS} s.[/red]\n{app.log.read_text(errors='replace')[-2000:]}"
    )
    return False


def hear_of_success(app: App, report: Report) -> None:
    """Let a product tell what customers reached, and wait until it has taken effect."""
    told = demo_success.tell(app, report.harbor, HARBOR)
    _say.print(f"\nA product tells of {told} goals, milestones and praise of customers ...")
    app.command("settle", str(HARBOR), "--timeout", str(ENRICH_SECONDS))


def _answer_as_proposed(admins: Sequence[Admin]) -> None:
    """Answer what is asked on the set-up pages with what is ticked there, and say so."""
    for each in admins:
        for question in each.asked():
            each.answer(question, question.ticked)
            said = ", ".join(question.answers[value] for value in question.ticked)
            _say.print(f"  The set-up page asks: {question.text}")
            _say.print(f"  The admin answers as proposed: {said or 'none of these'}.")


def _own_words(loaded: town.Loaded) -> dict[str, str]:
    """What nobody but the owner of the loaded CRM knows: where private mail lives."""
    return {"extra_free_hosts": "\n".join(sorted(loaded.free_mail_hosts[HARBOR]))}


def _port(wanted: int) -> int:
    """The wanted port, or a free one when somebody has it."""
    import socket  # noqa: PLC0415 - asked once

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
    return wanted


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end when the enriched fields are there"
    )
    parser.add_argument("--town", default="shipped", help="shipped, or a folder with a CRM history")
    parser.add_argument(
        "--readme",
        action="store_true",
        help="write what was measured into the README, and its picture",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="size of the shipped town")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
