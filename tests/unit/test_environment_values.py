"""What came along with a copied value is dropped or refused by name, and addresses have one form."""

import shutil

import pytest
from cryptography.fernet import Fernet

from integration.core import environment, server_urls
from integration.core.environment import Settings
from integration.core.errors import Refused
from integration.core.web_origins import normal_origin

KEY, OLD_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
VALUES = {
    "HOST": "127.0.0.2",
    "PORT": "8001",
    "PUBLIC_URL": "https://app.example.org",
    "HUBSPOT_APP_ID": "77",
    "HUBSPOT_CLIENT_ID": "client-id",
    "HUBSPOT_CLIENT_SECRET": "client-secret",
    "HUBSPOT_API_URL": "https://api.example.org",
    "HUBSPOT_AUTHORIZE_URL": "https://app.example.org/authorize",
    "HUBSPOT_RATE_PER_10S": "120",
    "LOG_LEVEL": "DEBUG",
    "WORKERS": "3",
    "WEB_PROCESSES": "4",
    "WEB_THREADS": "5",
    "DATABASE_URL": "postgresql://user:word@db.example.org/app",
    "REDIS_URL": "redis://:word@valkey.example.org/0",
    "SECRET_KEY": "a-secret-key-for-tests-only",
    "TOKEN_KEYS": f"{KEY},{OLD_KEY}",
    "FORGET_KEYS": KEY,
    "METRICS_TOKEN": "a-token-for-tests-only",
    "METRICS_ADDRESS": "127.0.0.1:9100",
    "SMTP_URL": "smtp://user:word@mail.example.org:587",
    "MAIL_FROM": "Reports <reports@example.org>",
}
SECRETS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "METRICS_TOKEN",
    "HUBSPOT_CLIENT_SECRET",
    "SMTP_URL",
)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """All variables are set, each to a value that is none of the defaults."""
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_DIR", str(tmp_path_factory.getbasetemp() / "no folder is needed"))
    return environment.load()


@pytest.mark.parametrize(
    "around",
    [
        " {}", "{}\n", "{}\r\n", "\t{}  ", "\N{ZERO WIDTH NO-BREAK SPACE}{}", "\N{NO-BREAK SPACE}{}",
        "{}\N{ZERO WIDTH SPACE}", "\N{IDEOGRAPHIC SPACE}{}\N{LINE SEPARATOR}", "\N{LEFT-TO-RIGHT MARK}{}",
    ],
    ids=["blank", "line", "line of Windows", "tab", "byte-order mark", "no-break space", "zero width",
         "wide blank", "direction"],
)  # fmt: skip
def test_unseen_signs_around_any_value_are_dropped(
    monkeypatch: pytest.MonkeyPatch, given: Settings, around: str
) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, around.format(value))

    assert environment.load() == given


def test_a_blank_variable_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, given: Settings
) -> None:
    for name in VALUES:
        monkeypatch.setenv(name, " \n")
    monkeypatch.setenv("DATA_DIR", str(given.data_dir))

    blank = environment.load()

    assert (blank.port, blank.public_url) == (8000, "http://localhost:8000")
    assert (blank.log_level, blank.database_url, blank.client_secret) == ("INFO", None, "")


@pytest.mark.parametrize("name", ["HUBSPOT_CLIENT_SECRET", "TOKEN_KEYS", "FORGET_KEYS"])
def test_a_list_may_have_blanks_lines_and_empty_items(
    monkeypatch: pytest.MonkeyPatch, given: Settings, name: str
) -> None:
    monkeypatch.setenv(name, f" {KEY} ,\n {OLD_KEY}\r\n, ,")

    found = environment.load()

    listed = {
        "HUBSPOT_CLIENT_SECRET": found.hubspot_client_secrets,
        "TOKEN_KEYS": found.token_keys,
        "FORGET_KEYS": found.forget_keys,
    }
    assert listed[name] == (KEY, OLD_KEY)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "inside", ["\n", " ", "\N{ZERO WIDTH SPACE}", "\N{SOFT HYPHEN}"], ids=ascii
)
def test_unseen_signs_inside_a_secret_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: Settings, name: str, inside: str
) -> None:
    monkeypatch.setenv(name, VALUES[name][:-2] + inside + VALUES[name][-2:])

    with pytest.raises(Refused, match=f"\n  {name}: ") as told:
        environment.load()

    assert "word" not in str(told.value).replace("password", "")


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_that_were_copied_along_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: Settings, name: str, quote: str
) -> None:
    monkeypatch.setenv(name, f"{quote}{VALUES[name]}{quote}")

    with pytest.raises(Refused, match=f"\n  {name}: "):
        environment.load()


@pytest.mark.parametrize(
    ("given_url", "origin"),
    [
        ("https://app.example.org:443", "https://app.example.org"),
        ("http://app.example.org:80/", "http://app.example.org"),
        ("HTTPS://App.Example.ORG", "https://app.example.org"),
        ("https://app.example.org.", "https://app.example.org"),
        ("https://app.example.org.:443//", "https://app.example.org"),
        ("https://app.example.org:8443/", "https://app.example.org:8443"),
        ("https://B\u00dcCHER.example", "https://xn--bcher-kva.example"),
        ("https://stra\u00dfe.de", "https://xn--strae-oqa.de"),
        ("https://XN--BCHER-KVA.example:443", "https://xn--bcher-kva.example"),
        ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
        ("http://my_host:8000", "http://my_host:8000"),
    ],
)
def test_a_public_address_has_the_form_that_browsers_send(given_url: str, origin: str) -> None:
    assert normal_origin(given_url) == origin
    assert normal_origin(origin) == origin


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://app.example.org/crm", "has a path"),
        ("https://app.example.org/crm/", "has a path"),
        ("https://app.example.org\\crm", "has a path"),
        ("https://app.example.org?a=1", "must end with the host"),
        ("https://app.example.org#top", "must end with the host"),
        ("https://ana:word@app.example.org", "must not hold a user"),
        ("app.example.org", "must be an http or https address"),
        ("ftp://app.example.org", "must be an http or https address"),
        ("https://", "must be an http or https address"),
        ("https://app.example.org:0", "must be an http or https address"),
        ("https://app.example.org:70000", "has no valid host or port"),
        ("https://app..example.org", "has no valid host"),
        ("https://-app.example.org", "has no valid host"),
        ("https://[::1", "has no valid host"),
    ],
)
def test_what_is_no_origin_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: Settings, address: str, reason: str
) -> None:
    monkeypatch.setenv("PUBLIC_URL", address)

    with pytest.raises(Refused, match=f"PUBLIC_URL: {reason}") as told:
        environment.load()

    assert "word" not in str(told.value).replace("password", "")


@pytest.mark.parametrize("sign", ["@", "/", "?", "#", "%", "[", " ", "@h/x?y#z"])
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://ana:12{}word@db.example.org:5432/app"),
        ("DATABASE_URL", "postgres://ana:{}word@[::1]/app"),
        ("DATABASE_URL", "postgresql://db.example.org/app?password=word{}x@y"),
        ("REDIS_URL", "redis://:12{}word@valkey.example.org:6379/0"),
        ("REDIS_URL", "rediss://ana:{}word@[::1]:6379"),
    ],
)
def test_a_password_that_is_not_escaped_is_refused_and_never_told(
    monkeypatch: pytest.MonkeyPatch, given: Settings, name: str, address: str, sign: str
) -> None:
    monkeypatch.setenv(name, address.format(sign))

    with pytest.raises(Refused, match=f"\n  {name}: ") as told:
        environment.load()

    assert "word" not in str(told.value).replace("password", "")
    assert "12" not in str(told.value)
    assert "example.org" not in str(told.value)
    assert str(told.value).count("\n") == 1


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ana:p%40ss%2Fword%25@db.example.org:5432/app",
        "postgresql://ana:a:b@db.example.org/app",
        "postgresql://ana@[2001:db8::1]:5432/app",
        "postgresql:///app?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/app",
        "postgresql://ana:w@one.example.org:5432,two.example.org:5433/app?target_session_attrs=read-write",
        "postgresql+psycopg://ana:w@db.example.org/app?sslmode=require",
        "postgresql://db/app?options=-csearch_path%3Dours",
    ],
)
def test_every_address_that_postgresql_knows_is_taken(address: str) -> None:
    server_urls.check_postgres(address)


@pytest.mark.parametrize(
    "address",
    ["redis://valkey", "redis://:p%40ss@valkey:6379/2", "rediss://ana:w@[::1]:6380/0", "unix:///run/valkey.sock?db=1"],
)  # fmt: skip
def test_every_address_that_valkey_knows_is_taken(address: str) -> None:
    server_urls.check_redis(address)


@pytest.mark.parametrize("name", ["secret_key", "token_keys", "forget_keys"])
@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00s"], ids=["empty", "blank", "bytes"])
def test_a_kept_secret_that_was_spoiled_is_named(
    monkeypatch: pytest.MonkeyPatch, given: Settings, name: str, content: bytes
) -> None:
    monkeypatch.delenv(name.upper())
    given.data_dir.mkdir(exist_ok=True)
    (given.data_dir / name).write_bytes(content)
    try:
        with pytest.raises(Refused, match=name):
            environment.load()
    finally:
        shutil.rmtree(given.data_dir)


def test_no_folder_is_made_where_none_is_needed(given: Settings) -> None:
    assert not given.data_dir.exists()


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "smtp://", "http://mail.example.org", "smtp://user@mail.example.org", "smtp://h:99999",
     "smtp://h:0", "smtp://h/path", "smtps://h?starttls=perhaps"],
)  # fmt: skip
def test_an_address_that_is_no_mail_server_is_named_with_every_other_mistake(
    monkeypatch: pytest.MonkeyPatch, given: Settings, url: str
) -> None:
    del given
    monkeypatch.setenv("SMTP_URL", url)
    monkeypatch.setenv("MAIL_FROM", "nobody")

    with pytest.raises(Refused) as refused:
        environment.load()

    assert "SMTP_URL: " in str(refused.value)
    assert "MAIL_FROM: must be a mail address" in str(refused.value)


def test_a_mail_server_needs_somebody_whom_mail_is_from(
    monkeypatch: pytest.MonkeyPatch, given: Settings
) -> None:
    monkeypatch.setenv("MAIL_FROM", "")

    with pytest.raises(Refused, match=r"MAIL_FROM: .*not set"):
        environment.load()

    assert given.mail_server is not None
    assert (given.mail_server.host, given.mail_server.port) == ("mail.example.org", 587)
