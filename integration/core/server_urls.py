"""Addresses of PostgreSQL and Valkey: read as strictly as a password in them needs, told never.

A password that was pasted unescaped can make a part of itself the host, the port or the database,
which messages of drivers then repeat.
"""

import re
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import conninfo

from integration.core.errors import Refused

_POSTGRES = ("postgresql+psycopg://", "postgresql://", "postgres://")
_REDIS = ("redis://", "rediss://", "unix://")
_POSTGRES_FORM = "must look like postgresql://user:password@host/database"
_REDIS_FORM = "must look like redis://:password@host:6379/0"
_ESCAPE = "in the user and the password write %25 for %, %40 for @, %2F for /, %23 for #, %3F for ?"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_PORTS = re.compile(r"\d+(,\d+)*")
_NAMES = re.compile(r"[\w.,:%-]*|/.*")  # several hosts, an IPv6 address, or a socket's folder


def check_postgres(url: str) -> None:
    """Refuse an address that no driver reads, or that each would read in its own way."""
    _check_form(url, _POSTGRES, _POSTGRES_FORM)
    try:
        read = conninfo.conninfo_to_dict(libpq_url(url))
    except psycopg.Error:
        raise Refused(f"{_POSTGRES_FORM}; {_ESCAPE}") from None
    host, port = str(read.get("host") or ""), str(read.get("port") or "5432")
    if not _NAMES.fullmatch(host) or not _PORTS.fullmatch(port):
        raise Refused(f"{_POSTGRES_FORM}; {_ESCAPE}")


def check_redis(url: str) -> None:
    """Refuse an address that the client does not read."""
    _check_form(url, _REDIS, _REDIS_FORM)
    try:
        with redis.Redis.from_url(url) as client:
            client.connection_pool.make_connection()
    except (ValueError, TypeError, redis.RedisError):
        raise Refused(f"{_REDIS_FORM}; {_ESCAPE}") from None


def libpq_url(url: str) -> str:
    """Return an address of PostgreSQL as its own library spells it."""
    for prefix in _POSTGRES:
        if url.startswith(prefix):
            return "postgresql://" + url.removeprefix(prefix)
    return url


def _check_form(url: str, prefixes: tuple[str, ...], form: str) -> None:
    if not url.startswith(prefixes):
        raise Refused(form)
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # A second @, or one behind the host, comes from a password; so does a lone percent sign.
    is_ambiguous = rest.count("@") > authority.count("@") or authority.count("@") > 1
    if is_ambiguous or "#" in rest or _LONE_PERCENT.search(rest):
        raise Refused(f"{form}; {_ESCAPE}")
    try:
        urlsplit(url)
    except ValueError:
        raise Refused(f"{form}; {_ESCAPE}") from None
