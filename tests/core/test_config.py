"""Settings from the environment, by our names and by those that Shopify CLI sets."""

import os
import tomllib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.config import AppEnv, ConfigurationError, read_settings

PROJECT = Path(__file__).parents[2]
TUNNEL = "https://some-words.trycloudflare.com"
KEY = Fernet.generate_key().decode()
BY_THE_CLI = {
    "SHOPIFY_API_KEY": "key",
    "SHOPIFY_API_SECRET": "secret",
    "HOST": TUNNEL,
    "APP_URL": TUNNEL,
    "SCOPES": "read_orders,write_customers",
    "PORT": "51234",
    "BACKEND_PORT": "51234",
    "FRONTEND_PORT": "51234",
    "NODE_ENV": "development",
    "APP_ENV": "development",
    "REMIX_DEV_ORIGIN": TUNNEL,
    "ENCRYPTION_KEYS": KEY,
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No name from the machine that runs this, and no `.env`."""
    ours = {*BY_THE_CLI, "SHOPIFY_APP_URL", "SHOPIFY_SIMULATOR_ORIGIN", "SHOPIFY_CDN_ORIGIN", "DATABASE_URL"}
    for name in ours & os.environ.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)


def test_what_shopify_app_dev_sets_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **BY_THE_CLI)
    settings = read_settings()
    assert settings.shopify_app_url == TUNNEL
    assert settings.app_env is AppEnv.DEVELOPMENT
    assert (settings.port, settings.bind_address) == (51234, "127.0.0.1")
    assert settings.scopes == "read_orders,write_customers"


def test_host_alone_names_the_tunnel_and_our_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **BY_THE_CLI)
    monkeypatch.delenv("APP_URL")
    assert read_settings().shopify_app_url == TUNNEL
    given(monkeypatch, SHOPIFY_APP_URL="https://mine.example.com/")
    assert read_settings().shopify_app_url == "https://mine.example.com"


def test_host_as_an_address_is_what_to_listen_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **{**BY_THE_CLI, "HOST": "10.0.0.5", "APP_ENV": "production"})
    settings = read_settings()
    assert (settings.bind_address, settings.shopify_app_url) == ("10.0.0.5", TUNNEL)
    monkeypatch.delenv("HOST")
    assert read_settings().bind_address == "0.0.0.0"


def test_in_development_a_file_may_add_what_the_cli_does_not_know(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given(monkeypatch, **BY_THE_CLI)
    monkeypatch.delenv("ENCRYPTION_KEYS")
    (tmp_path / ".env").write_text(f"ENCRYPTION_KEYS={KEY}\n")
    assert len(read_settings().encryption_keys) == 1


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({}, "SHOPIFY_APP_URL is missing."),
        ({"SHOPIFY_APP_URL": "http://plain.example.com"}, "must start with https://"),
        (
            {"SHOPIFY_APP_URL": "https://x", "SHOPIFY_SIMULATOR_ORIGIN": "http://127.0.0.1:1"},
            "SIMULATOR_ORIGIN must not",
        ),
        ({"SHOPIFY_APP_URL": "https://x", "SHOPIFY_CDN_ORIGIN": "https://cdn.example.com"}, "CDN_ORIGIN must not"),
        ({"SHOPIFY_APP_URL": "https://x", "ENCRYPTION_KEYS": ""}, "ENCRYPTION_KEYS is missing"),
    ],
)
def test_production_refuses_what_is_unsafe(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], sentence: str
) -> None:
    base = {"SHOPIFY_API_KEY": "key", "SHOPIFY_API_SECRET": "top-secret-value", "ENCRYPTION_KEYS": KEY}
    given(monkeypatch, **{**base, **names})
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert sentence in str(refused.value)
    assert "top-secret-value" not in str(refused.value)


def test_the_cli_finds_the_web_process_and_the_worker() -> None:
    web = tomllib.loads((PROJECT / "web/shopify.web.toml").read_text())
    worker = tomllib.loads((PROJECT / "web/worker/shopify.web.toml").read_text())
    assert web["roles"] == ["backend", "frontend"]
    assert web["webhooks_path"] == "/webhooks/shopify"
    assert web["commands"]["dev"].endswith("-m app web'")
    assert worker["roles"] == ["background"]
    assert worker["commands"]["dev"].endswith("-m app worker'")


@pytest.mark.parametrize("level", ["debug", "Info", " WARNING ", ""])
def test_the_log_level_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    given(monkeypatch, **BY_THE_CLI, LOG_LEVEL=level)
    assert read_settings().log_level == (level.strip().upper() or "INFO")


def test_an_unknown_log_level_is_told_like_any_other_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **BY_THE_CLI, LOG_LEVEL="chatty")
    with pytest.raises(ConfigurationError, match="LOG_LEVEL"):
        read_settings()
