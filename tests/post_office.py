"""A real SMTP server for tests, with mailboxes to read; it can be slow to answer, or refuse."""

import contextlib
import socket
import threading
from asyncio import WriteTransport
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from re import findall
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from integration.core.servers import free_port


@dataclass
class PostOffice:
    """What arrived, and how the server answers: *refuses* is an SMTP answer to every recipient.

    With *dies_after_message* it keeps a message and never says so.
    """

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    refuses: str = ""
    refuses_to: dict[str, str] = field(default_factory=dict)
    dies_after_message: bool = False
    asked: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        """The letters of one mailbox, in the order in which they came."""
        return [letter for letter in self.letters if letter["X-Mailbox"] == address]

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        self.asked += 1
        refusal = self.refuses_to.get(address, self.refuses)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        for address in envelope.rcpt_tos:
            content = cast("bytes", envelope.content)
            letter = message_from_bytes(content, policy=default)
            letter["X-Mailbox"] = address
            self.letters.append(letter)
        if self.dies_after_message:
            cast("WriteTransport", server.transport).abort()
        return "250 Message accepted"


@contextlib.contextmanager
def opened() -> Iterator[PostOffice]:
    """Run the server."""
    office = PostOffice(free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word; its address."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hold() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=hold, daemon=True).start()
        yield f"smtp://127.0.0.1:{port}"
        for connection in held:
            connection.close()


def text_of(letter: EmailMessage) -> str:
    """What a mail program without HTML shows."""
    body = letter.get_body(("plain",))
    assert body is not None
    return cast("str", body.get_content())


def links_in(letter: EmailMessage) -> list[str]:
    return findall(r"https?://\S+", text_of(letter))
