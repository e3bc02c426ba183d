from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from integration.core import environment
from integration.core.errors import Refused
from integration.core.forget_keys import from_secret
from integration.core.logs import redact
from integration.core.vault import Vault, WrongKey


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "HOST", "PORT", "PUBLIC_URL", "SECRET_KEY", "TOKEN_KEYS",
                 "FORGET_KEYS", "LOG_LEVEL", "WORKERS", "HUBSPOT_APP_ID", "HUBSPOT_CLIENT_ID",
                 "HUBSPOT_CLIENT_SECRET", "HUBSPOT_API_URL",
                 "HUBSPOT_AUTHORIZE_URL", "HUBSPOT_RATE_PER_10S",
                 "WEB_PROCESSES", "WEB_THREADS", "METRICS_TOKEN", "METRICS_ADDRESS"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def test_everything_has_a_default_on_one_machine(tmp_path: Path) -> None:
    found = environment.load()
    assert (found.host, found.port, found.public_url) == (
        "127.0.0.1",
        8000,
        "http://localhost:8000",
    )
    assert (found.hubspot_api_url, found.hubspot_rate_per_10s) == ("https://api.hubapi.com", 100)
    assert found.webhook_url == "http://localhost:8000/webhooks/hubspot"


def test_secrets_are_made_once_kept_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first, second = environment.load(), environment.load()
    assert first.secret_key == second.secret_key
    assert first.token_keys == second.token_keys
    assert first.forget_keys == second.forget_keys
    for name in ("secret_key", "token_keys", "forget_keys"):
        assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0


def test_a_new_installation_has_a_forget_key_that_owes_nothing_to_the_secret_key() -> None:
    found = environment.load()
    assert found.forget_keys != (from_secret(found.secret_key),)
    assert len(found.forget_keys) == 1


@pytest.mark.parametrize("where", ["environment", "data folder"])
def test_who_was_forgotten_under_the_secret_key_stays_forgotten_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """An installation from before forget keys: its first start with this version makes the old key one of them."""
    if where == "environment":
        monkeypatch.setenv("SECRET_KEY", "the-old-secret-key")
    else:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "secret_key").write_text("the-old-secret-key")
    assert environment.load().forget_keys == (from_secret("the-old-secret-key"),)

    monkeypatch.setenv("SECRET_KEY", "quite-another-secret-key")
    assert environment.load().forget_keys == (from_secret("the-old-secret-key"),)


def test_the_kept_forget_keys_can_be_rotated_in_their_file(tmp_path: Path) -> None:
    old, new = environment.load().forget_keys[0], Fernet.generate_key().decode()
    (tmp_path / "data" / "forget_keys").write_text(f"{new}, {old}\n")
    assert environment.load().forget_keys == (new, old)
    (tmp_path / "data" / "forget_keys").write_text("a slip")
    with pytest.raises(Refused, match=r"forget_keys: key 1 is not"):
        environment.load()


def test_all_mistakes_are_told_together_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "PORT": "99999", "PUBLIC_URL": "example.org", "DATABASE_URL": "mysql://x", "REDIS_URL": "http://x",
        "TOKEN_KEYS": "short", "FORGET_KEYS": "short", "SECRET_KEY": "x", "HUBSPOT_RATE_PER_10S": "fast",
        "LOG_LEVEL": "LOUD", "WORKERS": "0",
        "WEB_PROCESSES": "many", "WEB_THREADS": "0", "METRICS_TOKEN": "short", "METRICS_ADDRESS": "9100",
    }  # fmt: skip
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused) as told:
        environment.load()
    assert all(f"\n  {name}: " in str(told.value) for name in wrong)
    assert "mysql" not in str(told.value), "a wrong address may hold a password"


@pytest.mark.parametrize(
    "address",
    ["9100", ":9100", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "http://127.0.0.1:9100", "h:9100/x", "a@h:9100",
     "127.0.0.1:8000"],
)  # fmt: skip
def test_an_address_for_metrics_is_a_host_and_a_port_of_its_own(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("METRICS_ADDRESS", address)
    with pytest.raises(Refused, match="\n  METRICS_ADDRESS: must "):
        environment.load()


def test_metrics_are_for_nobody_in_particular_until_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = environment.load()
    assert (found.metrics_token, found.metrics_address) == ("", None)

    monkeypatch.setenv("METRICS_TOKEN", "canary-token-long-enough")
    monkeypatch.setenv("METRICS_ADDRESS", "[::1]:9100")
    found = environment.load()
    assert found.metrics_address is not None
    assert (found.metrics_address.hostname, found.metrics_address.port) == ("::1", 9100)
    assert found.metrics_token == "canary-token-long-enough"
    assert "canary" not in repr(found)


def test_a_data_folder_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(Refused, match=r"DATA_DIR .* cannot be used"):
        environment.load()


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Fernet.generate_key().decode()
    secret = {
        "DATABASE_URL": "postgresql://u:canary-1@h/d", "REDIS_URL": "redis://:canary-2@h/0",
        "SECRET_KEY": "canary-3-and-longer", "TOKEN_KEYS": key, "FORGET_KEYS": key,
        "HUBSPOT_CLIENT_SECRET": "canary-4,canary-5",
    }  # fmt: skip
    for name, value in secret.items():
        monkeypatch.setenv(name, value)
    found = environment.load()
    assert found.hubspot_client_secrets == ("canary-4", "canary-5")
    assert found.client_secret == "canary-4"
    assert "canary" not in repr(found)
    assert key not in repr(found)


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("Authorization: Bearer abc.DEF-123", "abc.DEF-123"),
        ("refresh_token=na1-canary&x=1", "na1-canary"),
        ('{"access_token": "canary"}', "canary"),
        ("postgresql://user:canary@host/db", "canary"),
        ("ana.b+x@acme.example wrote", "ana.b"),
        ("client_secret: canary", "canary"),
    ],
)
def test_logs_blot_out_what_slips_through(said: str, hidden: str) -> None:
    assert hidden not in redact(said)


def test_a_log_line_stays_one_line() -> None:
    assert "\n" not in redact("a\r\nb")


def test_a_sealed_token_opens_for_its_portal_and_with_any_of_the_keys() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault([old]).seal(4711, {"access": "a"})
    assert Vault([new, old]).open(4711, sealed) == {"access": "a"}
    with pytest.raises(WrongKey, match="another portal"):
        Vault([old]).open(4712, sealed)
    with pytest.raises(WrongKey, match="no key in TOKEN_KEYS"):
        Vault([new]).open(4711, sealed)
    assert Vault([new]).open(4711, Vault([new, old]).reseal(sealed)) == {"access": "a"}
