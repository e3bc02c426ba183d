"""Mail: one message to one person over the operator's SMTP server, and what became of it."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from integration.core.errors import Refused, Retryable

# For each answer of the server; a message is small, and a person may wait for the first.
TIMEOUT_SECONDS = 8.0
_PORTS = {"smtp": 25, "smtps": 465}
_FORM = "must look like smtp://user:password@host:587, or smtps://user:password@host:465"
_ENCRYPTIONS = frozenset({"required", "never"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_GO_ON, _ACCEPTED, _FINAL = 354, 250, 500


class _WholeAddresses(EmailPolicy):
    """Writes headers as SMTP carries them; a long web address in one is never cut or encoded."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header's lines."""
        if name.startswith("List-"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _WholeAddresses(linesep="\r\n", cte_type="7bit")


class Unclear(Exception):
    """The server took the whole message and did not say whether it accepted it."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server as SMTP_URL names it, and whom messages are from."""

    host: str
    port: int
    sender: str
    is_tls: bool = False
    starttls: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def send(self, message: EmailMessage, to: str) -> None:
        """Hand a message over.

        Raises :class:`Retryable` when it was certainly not taken and may be later, Refused when
        the server says never, and :class:`Unclear` when it may have been taken.
        """
        if not to.isascii():
            raise Refused(f"The mail server is not asked to reach {to}: it has signs beyond ASCII")
        message["From"] = self.sender
        message["To"] = to
        with _said_plainly(self.host), self._connection() as smtp:
            _hand_over(smtp, message, _address(self.sender), to)

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        tls = ssl.create_default_context()
        smtp: smtplib.SMTP
        if self.is_tls:
            smtp = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=tls)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            smtp.ehlo_or_helo_if_needed()
            self._encrypt(smtp, tls)
            if self.user:
                smtp.login(self.user, self.password)
            yield smtp
        finally:
            smtp.close()

    def _encrypt(self, smtp: smtplib.SMTP, tls: ssl.SSLContext) -> None:
        """Turn to TLS if the server offers it; a password goes to another machine only so."""
        if self.is_tls or self.starttls == "never":
            return
        if smtp.has_extn("starttls"):
            smtp.starttls(context=tls)
            smtp.ehlo()
        elif self.starttls == "required" or (self.user and self.host not in _LOCAL):
            raise Refused(f"The mail server {self.host} offers no encryption (STARTTLS)")


def server(url: str, sender: str) -> MailServer:
    """Read SMTP_URL; refuse an address that means no server."""
    parts = _parts(url)
    starttls = parse_qs(parts.query).get("starttls", [""])[-1]
    if starttls and starttls not in _ENCRYPTIONS:
        raise Refused("may end in ?starttls=required or ?starttls=never")
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        sender=sender,
        is_tls=parts.scheme == "smtps",
        starttls=starttls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        raise Refused(_FORM) from None
    if parts.scheme not in _PORTS or not parts.hostname or not is_port:
        raise Refused(_FORM)
    if parts.path.strip("/") or parts.fragment or (parts.username and not parts.password):
        raise Refused(f"{_FORM}; in the user and the password write %40 for @ and %2F for /")
    return parts


def _address(sender: str) -> str:
    """The address in "Second Order <reports@example.com>"."""
    _, _, inside = sender.rpartition("<")
    return inside.rstrip("> ") if "<" in sender else sender


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage, sender: str, to: str) -> None:
    body = message.as_bytes(policy=_POLICY)
    for answer in (smtp.mail(sender), smtp.rcpt(to), smtp.docmd("DATA")):
        code, words = answer
        if code not in {_ACCEPTED, _ACCEPTED + 1, _GO_ON}:
            raise smtplib.SMTPResponseException(code, words)
    # Until the last dot the server has taken nothing; from then on silence says nothing.
    smtp.send(_dotted(body))
    try:
        smtp.send(b".\r\n")
        code, words = smtp.getreply()
    except (OSError, smtplib.SMTPException) as silence:
        raise Unclear(
            "The mail server took the message and did not say whether it accepted it"
        ) from silence
    if code != _ACCEPTED:
        raise smtplib.SMTPResponseException(code, words)


def _dotted(body: bytes) -> bytes:
    """A message's lines as SMTP carries them: a dot more where one begins with a dot."""
    lines = body.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)


@contextmanager
def _said_plainly(host: str) -> Iterator[None]:
    """Turn smtplib's and the network's failures into what can be done about them."""
    try:
        yield
    except smtplib.SMTPResponseException as answer:
        words = answer.smtp_error
        text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        sentence = f"The mail server {host} answered {answer.smtp_code} {text[:200]}".strip()
        # 421 ends a connection, 5xx is final, and anything else passes.
        if answer.smtp_code >= _FINAL:
            raise Refused(sentence) from None
        raise Retryable(sentence) from None
    except (OSError, smtplib.SMTPException) as trouble:
        words = str(trouble).strip() or type(trouble).__name__
        raise Retryable(f"The mail server {host} does not answer ({words[:200]})") from None
