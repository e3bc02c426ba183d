"""The environment's variables as one validated value; all mistakes are reported together."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import OneOf, Range

from integration.core import data_folder, mail, plain_text, server_urls, vault, web_origins
from integration.core.errors import Refused
from integration.core.mail import MailServer

PUBLIC_API = "https://api.hubapi.com"
PUBLIC_AUTHORIZE = "https://app.hubspot.com/oauth/authorize"
_LONGEST_NAME = 200
_MAIL_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one process; ``repr`` leaves secrets out, so that no log has them."""

    data_dir: Path
    host: str
    port: int
    public_url: str
    hubspot_app_id: int
    hubspot_client_id: str
    hubspot_api_url: str
    hubspot_authorize_url: str
    hubspot_rate_per_10s: int
    log_level: str
    workers: int
    web_processes: int
    web_threads: int
    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    token_keys: tuple[str, ...] = field(repr=False)
    hubspot_client_secrets: tuple[str, ...] = field(repr=False)
    forget_keys: tuple[str, ...] = field(default=(), repr=False)
    metrics_token: str = field(default="", repr=False)
    metrics_address: SplitResult | None = None
    operator_name: str = ""
    operator_contact: str = ""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail goes out; None where none is to."""
        return mail.server(self.smtp_url, self.mail_from) if self.smtp_url else None

    @property
    def webhook_url(self) -> str:
        """The address HubSpot calls and signs; never taken from a request."""
        return f"{self.public_url}/webhooks/hubspot"

    @property
    def redirect_url(self) -> str:
        """The address HubSpot sends an admin's browser back to, exactly as registered."""
        return f"{self.public_url}/oauth/callback"

    @property
    def client_secret(self) -> str:
        """The app's newest secret; older ones only verify signatures during a rotation."""
        return self.hubspot_client_secrets[0] if self.hubspot_client_secrets else ""


def load() -> Settings:
    """Read the environment.

    Raises :class:`~integration.core.errors.Refused` with one line for each wrong variable.
    Secrets that are not set are made once and kept in the data folder, readable by its owner
    only.
    """
    env = _TrimmedEnv(eager=False)
    port = env.int("PORT", 8000, validate=Range(1, 65535))
    data_dir = env.str("DATA_DIR", data_folder.default(), validate=[_is_unquoted, _is_folder])
    plain = _plain_values(env, port)
    # Without a default a variable has to be set.
    optional = {} if plain["smtp_url"] else {"default": ""}
    mail_from = env.str("MAIL_FROM", validate=_is_sender, **optional)
    metrics_token = env.str("METRICS_TOKEN", "", validate=[_is_plain, _is_long])
    metrics_address = env.str(
        "METRICS_ADDRESS", "", validate=lambda value: _is_other_address(value, port)
    )
    configured = _ConfiguredSecrets.of(env)
    try:
        env.seal()
    except EnvValidationError as trouble:
        problems = dict(trouble.error_messages)  # type: ignore[arg-type]  # sealed errors come as a mapping
        raise Refused(_sentence(problems)) from None
    folder = Path(data_dir).expanduser()
    return Settings(
        **plain,
        **configured.completed(folder),
        data_dir=folder,
        mail_from=mail_from,
        metrics_token=metrics_token,
        metrics_address=urlsplit(f"//{metrics_address}") if metrics_address else None,
    )


class _TrimmedEnv(Env):
    """Reads variables without the unseen signs around them; a blank one counts as not set."""

    def _get_value(self, env_key: str, default: Any) -> Any:  # noqa: ANN401 - the library's own signature
        value = super()._get_value(env_key, default)
        return (plain_text.trimmed(value) or default) if isinstance(value, str) else value


def _plain_values(env: Env, port: int) -> dict[str, Any]:
    """Read what is no secret, and the servers' addresses; web addresses get one form each."""
    values: dict[str, Any] = {
        "host": env.str("HOST", "127.0.0.1", validate=_is_host),
        "port": port,
        "public_url": env.str("PUBLIC_URL", f"http://localhost:{port}", validate=_is_origin),
        "hubspot_app_id": env.int("HUBSPOT_APP_ID", 0, validate=Range(min=0)),
        "hubspot_client_id": env.str("HUBSPOT_CLIENT_ID", "", validate=_is_plain),
        "hubspot_api_url": env.str("HUBSPOT_API_URL", PUBLIC_API, validate=_is_web_address),
        "hubspot_authorize_url": env.str(
            "HUBSPOT_AUTHORIZE_URL", PUBLIC_AUTHORIZE, validate=_is_web_address
        ),
        "hubspot_rate_per_10s": env.int("HUBSPOT_RATE_PER_10S", 100, validate=Range(10, 1000)),
        "log_level": env.str("LOG_LEVEL", "INFO", validate=OneOf(LEVELS)),
        "workers": env.int("WORKERS", 2, validate=Range(1, 64)),
        "web_processes": env.int("WEB_PROCESSES", 2, validate=Range(1, 64)),
        "web_threads": env.int("WEB_THREADS", 8, validate=Range(1, 256)),
        "database_url": env.str("DATABASE_URL", "", validate=[_is_plain, _is_postgres]) or None,
        "redis_url": env.str("REDIS_URL", "", validate=[_is_plain, _is_redis]) or None,
        "operator_name": env.str("OPERATOR_NAME", "", validate=_is_short),
        "operator_contact": env.str("OPERATOR_CONTACT", "", validate=_is_contact),
        "smtp_url": env.str("SMTP_URL", "", validate=[_is_plain, _is_mail_server]),
    }
    values["host"] = (values["host"] or "").strip("[]")
    with contextlib.suppress(Refused):  # what has no normal form is reported when all were read
        values["public_url"] = web_origins.normal_origin(values["public_url"] or "")
    for name in ("hubspot_api_url", "hubspot_authorize_url"):
        values[name] = (values[name] or "").rstrip("/")
    return values


@dataclass(frozen=True, slots=True)
class _ConfiguredSecrets:
    """The secrets that the environment gives; until it is sealed, None for a wrong one."""

    secret_key: str = field(repr=False)
    token_keys: tuple[str, ...] = field(repr=False)
    forget_keys: tuple[str, ...] = field(repr=False)
    hubspot_client_secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, env: Env) -> Self:
        return cls(
            env.str("SECRET_KEY", "", validate=[_is_plain, _is_long]),
            _listed(env, "TOKEN_KEYS", _are_fernet_keys),
            _listed(env, "FORGET_KEYS", _are_fernet_keys),
            _listed(env, "HUBSPOT_CLIENT_SECRET", _are_plain),
        )

    def completed(self, data_dir: Path) -> dict[str, Any]:
        """Return all secrets, with those of the data folder where the environment has none."""
        # Before there were forget keys SECRET_KEY marked who was forgotten; those marks go on
        # counting.
        had_secret = bool(self.secret_key) or data_folder.has(data_dir, "secret_key")
        secret_key = self.secret_key or data_folder.secret_key(data_dir)
        return {
            "secret_key": secret_key,
            "token_keys": self.token_keys or data_folder.token_keys(data_dir),
            "forget_keys": self.forget_keys
            or data_folder.forget_keys(data_dir, secret_key if had_secret else None),
            "hubspot_client_secrets": self.hubspot_client_secrets,
        }


def _listed(env: Env, name: str, check: Callable[[Sequence[str]], None]) -> tuple[str, ...]:
    """Read a comma-separated variable."""
    text = env.str(name, "", validate=[_is_unquoted, lambda value: check(plain_text.items(value))])
    return plain_text.items(text or "")


def _is_plain(value: str) -> None:
    _is_unquoted(value)
    if any(plain_text.is_unseen(sign) for sign in value):
        raise ValidationError("has white space or an unseen sign inside: type it anew")


def _is_unquoted(value: str) -> None:
    if plain_text.is_quoted(value):
        raise ValidationError("is in quotes: leave them out")


def _is_folder(value: str) -> None:
    try:
        Path(value).expanduser()
    except RuntimeError:
        raise ValidationError("names the home of a user who is not known here") from None
    if "\0" in value or "\n" in value:
        raise ValidationError("has a line's end inside: type it anew")


def _are_plain(values: Sequence[str]) -> None:
    for value in values:
        _is_plain(value)


def _is_host(value: str) -> None:
    with _refusal_as_mistake():
        web_origins.normal_host(value.strip("[]"))


def _is_origin(value: str) -> None:
    _is_plain(value)
    with _refusal_as_mistake():
        web_origins.normal_origin(value)


def _is_web_address(value: str) -> None:
    _is_plain(value)
    with _refusal_as_mistake():
        web_origins.checked_parts(value)


def _is_postgres(value: str) -> None:
    if value:
        with _refusal_as_mistake():
            server_urls.check_postgres(value)


def _is_redis(value: str) -> None:
    if value:
        with _refusal_as_mistake():
            server_urls.check_redis(value)


@contextlib.contextmanager
def _refusal_as_mistake() -> Iterator[None]:
    """Let a refusal count as one variable's mistake, so that all are reported together."""
    try:
        yield
    except Refused as trouble:
        raise ValidationError(str(trouble)) from None


def _is_other_address(value: str, port: int) -> None:
    """Check for host and port of a listener that is not the one of the public pages."""
    if not value:
        return
    _is_plain(value)
    try:
        parts = urlsplit(f"//{value}")
        own_port = parts.port
    except ValueError:
        raise ValidationError("must be host:port, such as 127.0.0.1:9100") from None
    if not parts.hostname or not own_port or parts.netloc != value or "@" in value:
        raise ValidationError("must be host:port, such as 127.0.0.1:9100")
    if own_port == port:
        raise ValidationError("must have another port than PORT, where everybody's pages are")


def _is_mail_server(value: str) -> None:
    if value:
        with _refusal_as_mistake():
            mail.server(value, "")


def _is_sender(value: str) -> None:
    """Check for one mail address, with or without a name before it."""
    if not value:
        return
    _is_short(value)
    name, _, address = value.rpartition("<") if value.endswith(">") else ("", "", f"{value}>")
    if not _MAIL_ADDRESS.fullmatch(address.removesuffix(">")) or set(name) & set('<>"@'):
        raise ValidationError("must be a mail address, or Name <address>")


def _is_short(value: str) -> None:
    _is_unquoted(value)
    if len(value) > _LONGEST_NAME or "\n" in value:
        raise ValidationError(f"must be one line of at most {_LONGEST_NAME} characters")


def _is_contact(value: str) -> None:
    """Check for what a link on a page can lead to: a mail address or a web address."""
    if not value:
        return
    _is_plain(value)
    _is_short(value)
    if not value.startswith("https://") and not _MAIL_ADDRESS.fullmatch(value):
        raise ValidationError("must be a mail address, or a web address that begins with https://")


def _is_long(value: str) -> None:
    if value and len(value) < 16:  # noqa: PLR2004 - shorter keys can be guessed
        raise ValidationError("must have at least 16 characters")


def _are_fernet_keys(values: Sequence[str]) -> None:
    with _refusal_as_mistake():
        vault.check_keys(values)


def _sentence(problems: Mapping[str, list[str]]) -> str:
    lines = [
        f"  {name}: {'; '.join(str(text) for text in texts)}"
        for name, texts in sorted(problems.items())
    ]
    return "The environment has mistakes:\n" + "\n".join(lines)
