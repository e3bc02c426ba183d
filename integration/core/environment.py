"""The environment's variables as one validated value; all mistakes are reported together."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import OneOf, Range

from integration.core import forget_keys
from integration.core.errors import Refused

PUBLIC_API = "https://api.hubapi.com"
PUBLIC_AUTHORIZE = "https://app.hubspot.com/oauth/authorize"
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
    env = Env(eager=False)
    port = env.int("PORT", 8000, validate=Range(1, 65535))
    data_dir = Path(env.str("DATA_DIR", "") or _default_data_dir()).expanduser()
    plain = _plain_values(env, port)
    metrics_token = env.str("METRICS_TOKEN", "", validate=_is_long)
    metrics_address = env.str(
        "METRICS_ADDRESS", "", validate=lambda value: _is_other_address(value, port)
    )
    configured = _ConfiguredSecrets.of(env)
    try:
        env.seal()
    except EnvValidationError as trouble:
        problems = dict(trouble.error_messages)  # type: ignore[arg-type]  # sealed errors come as a mapping
        raise Refused(_sentence(problems)) from None
    return Settings(
        **plain,
        **configured.completed(data_dir),
        data_dir=data_dir,
        metrics_token=metrics_token,
        metrics_address=urlsplit(f"//{metrics_address}") if metrics_address else None,
    )


def _plain_values(env: Env, port: int) -> dict[str, Any]:
    """Read what is no secret; addresses lose the slash at their end."""
    values: dict[str, Any] = {
        "host": env.str("HOST", "127.0.0.1"),
        "port": port,
        "public_url": env.str("PUBLIC_URL", f"http://localhost:{port}", validate=_is_web_address),
        "hubspot_app_id": env.int("HUBSPOT_APP_ID", 0, validate=Range(min=0)),
        "hubspot_client_id": env.str("HUBSPOT_CLIENT_ID", ""),
        "hubspot_api_url": env.str("HUBSPOT_API_URL", PUBLIC_API, validate=_is_web_address),
        "hubspot_authorize_url": env.str(
            "HUBSPOT_AUTHORIZE_URL", PUBLIC_AUTHORIZE, validate=_is_web_address
        ),
        "hubspot_rate_per_10s": env.int("HUBSPOT_RATE_PER_10S", 100, validate=Range(10, 1000)),
        "log_level": env.str("LOG_LEVEL", "INFO", validate=OneOf(LEVELS)),
        "workers": env.int("WORKERS", 2, validate=Range(1, 64)),
        "web_processes": env.int("WEB_PROCESSES", 2, validate=Range(1, 64)),
        "web_threads": env.int("WEB_THREADS", 8, validate=Range(1, 256)),
        "database_url": env.str("DATABASE_URL", "", validate=_is_postgres) or None,
        "redis_url": env.str("REDIS_URL", "", validate=_is_redis) or None,
    }
    for name, value in values.items():
        if name.endswith("_url") and value:
            values[name] = value.rstrip("/")
    return values


@dataclass(frozen=True, slots=True)
class _ConfiguredSecrets:
    """The secrets that the environment gives; until it is sealed, None for a wrong one."""

    secret_key: str = field(repr=False)
    token_keys: list[str] = field(repr=False)
    forget_keys: list[str] = field(repr=False)
    hubspot_client_secrets: list[str] = field(repr=False)

    @classmethod
    def of(cls, env: Env) -> Self:
        return cls(
            env.str("SECRET_KEY", "", validate=_is_long),
            env.list("TOKEN_KEYS", [], validate=_are_fernet_keys),
            env.list("FORGET_KEYS", [], validate=_are_fernet_keys),
            env.list("HUBSPOT_CLIENT_SECRET", []),
        )

    def completed(self, data_dir: Path) -> dict[str, Any]:
        """Return all secrets, with those of the data folder where the environment has none."""
        # Before there were forget keys SECRET_KEY marked who was forgotten; those marks go on
        # counting.
        had_secret = bool(self.secret_key) or (data_dir / "secret_key").exists()
        secret_key = self.secret_key or _made_once(
            data_dir, "secret_key", lambda: secrets.token_urlsafe(48)
        )
        return {
            "secret_key": secret_key,
            "token_keys": tuple(self.token_keys)
            or (_made_once(data_dir, "token_keys", _fernet_key),),
            "forget_keys": tuple(self.forget_keys)
            or _forget_keys_made_once(data_dir, secret_key if had_secret else None),
            "hubspot_client_secrets": tuple(self.hubspot_client_secrets),
        }


def _fernet_key() -> str:
    return Fernet.generate_key().decode()


def _forget_keys_made_once(folder: Path, secret_key: str | None) -> tuple[str, ...]:
    """Return the data folder's keys; a *secret_key* that was there before makes the first."""
    text = _made_once(
        folder,
        "forget_keys",
        lambda: forget_keys.from_secret(secret_key) if secret_key else _fernet_key(),
    )
    keys = [key.strip() for key in text.split(",")]
    try:
        _are_fernet_keys(keys)
    except ValidationError as wrong:
        raise Refused(f"{folder / 'forget_keys'}: {wrong}") from None
    return tuple(keys)


def _default_data_dir() -> str:
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{base}/second-order"


def _made_once(folder: Path, name: str, make: Callable[[], str]) -> str:
    """Return a secret that is made once; of two processes that start together one wins, whole."""
    path = folder / name
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, draft = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w") as new:
                new.write(make())
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
            Path(draft).unlink()
        return path.read_text().strip()
    except OSError as trouble:
        raise Refused(
            f"DATA_DIR {folder} cannot be used ({trouble.strerror}): name a folder of your own"
        ) from None


def _is_web_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValidationError("must be an http or https address, such as https://app.example.org")


def _is_postgres(value: str) -> None:
    if value and not value.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValidationError("must look like postgresql://user:password@host/database")


def _is_redis(value: str) -> None:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("must look like redis://host:6379/0")


def _is_other_address(value: str, port: int) -> None:
    """Check for host and port of a listener that is not the one of the public pages."""
    if not value:
        return
    parts = urlsplit(f"//{value}")
    try:
        own_port = parts.port
    except ValueError:
        own_port = None
    if not parts.hostname or not own_port or parts.netloc != value or "@" in value:
        raise ValidationError("must be host:port, such as 127.0.0.1:9100")
    if own_port == port:
        raise ValidationError("must have another port than PORT, where everybody's pages are")


def _is_long(value: str) -> None:
    if value and len(value) < 16:  # noqa: PLR2004 - shorter keys can be guessed
        raise ValidationError("must have at least 16 characters")


def _are_fernet_keys(values: list[str]) -> None:
    for number, value in enumerate(values, 1):
        try:
            Fernet(value)
        except ValueError:
            raise ValidationError(
                f"key {number} is not a Fernet key (32 bytes, url-safe base64)"
            ) from None


def _sentence(problems: Mapping[str, list[str]]) -> str:
    lines = [
        f"  {name}: {'; '.join(str(text) for text in texts)}"
        for name, texts in sorted(problems.items())
    ]
    return "The environment has mistakes:\n" + "\n".join(lines)
