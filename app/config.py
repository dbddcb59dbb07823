"""Settings from the environment, read once at start; everything that is missing or wrong is reported together.

Production refuses to start with a simulator's address, without encryption keys or with an app URL that is not https.
`shopify app dev` sets names of its own (Shopify CLI 4: `HOST` and `APP_URL` for the tunnel's address, `SCOPES`, `PORT`,
`APP_ENV=development`); they are understood too, ours win.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHOPIFY_CDN = "https://cdn.shopify.com"
RINGCENTRAL_SERVER = "https://platform.ringcentral.com"
ADMIN_API_VERSION = "2026-10"
"""Shopify Admin API version of every call and every webhook subscription; lives at least until October 2027."""


class AppEnv(StrEnum):
    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TRIAL = "trial"
    TEST = "test"


class ConfigurationError(Exception):
    """The environment does not describe a working app; the text names everything that is wrong."""


class Settings(BaseSettings):
    """One attribute for each environment variable, in lower case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    app_env: AppEnv = AppEnv.PRODUCTION
    shopify_api_key: str = Field(min_length=1)
    shopify_api_secret: SecretStr = Field(min_length=1)
    shopify_api_secret_previous: SecretStr | None = None
    shopify_app_url: str
    app_url: str | None = None
    host: str | None = None
    scopes: str | None = None
    database_url: str | None = None
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    ringcentral_client_id: str = ""
    ringcentral_client_secret: SecretStr = SecretStr("")
    ringcentral_server_url: str = RINGCENTRAL_SERVER
    operator_token: SecretStr | None = None
    port: int = Field(default=8000, ge=1, le=65535)
    web_concurrency: int = Field(default=1, ge=1, le=64)
    data_dir: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    shopify_simulator_origin: str | None = None
    shopify_cdn_origin: str = SHOPIFY_CDN
    smtp_url: SecretStr | None = None
    """smtp://user:password@host:587 (STARTTLS) or smtps://…:465; without it replies are only shown on the pages."""
    mail_from: str = ""
    history_bulk: bool = False
    """Let Shopify gather past orders in one bulk operation; it has to be allowed for the app there."""
    polaris_url: str = "/shopifycloud/polaris-1.js"

    @model_validator(mode="before")
    @classmethod
    def _address_from_the_cli(cls, given: object) -> object:
        if isinstance(given, dict) and not given.get("shopify_app_url"):
            known = [given.get("app_url"), given.get("host")]
            url = next((each for each in known if isinstance(each, str) and "://" in each), None)
            return {**given, "shopify_app_url": url} if url is not None else given
        return given

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.strip().upper() or "INFO" if isinstance(value, str) else value

    @field_validator("shopify_app_url", "ringcentral_server_url", "shopify_cdn_origin", "shopify_simulator_origin")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("must be an absolute http(s) address")
        return value.rstrip("/")

    @field_validator("encryption_keys")
    @classmethod
    def _fernet_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in value:
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError("holds something that is no Fernet key (`keys new` prints one).") from None
        return value

    @field_validator(
        "shopify_api_secret_previous",
        "operator_token",
        "smtp_url",
        "database_url",
        "data_dir",
        "shopify_simulator_origin",
        "smtp_url",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _fit_for_env(self) -> Self:
        wrong = unfit(self.model_dump())
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def bind_address(self) -> str:
        """What to listen on: `HOST`, unless the CLI has put its tunnel's address there."""
        if self.host and "://" not in self.host:
            return self.host
        return "0.0.0.0" if self.production else "127.0.0.1"  # noqa: S104  # behind the operator's proxy

    @property
    def production(self) -> bool:
        return self.app_env is AppEnv.PRODUCTION

    @cached_property
    def shopify_secrets(self) -> tuple[str, ...]:
        """The current client secret, then the previous one while it is being replaced."""
        both = (self.shopify_api_secret, self.shopify_api_secret_previous)
        return tuple(secret.get_secret_value() for secret in both if secret is not None)

    @property
    def polaris_src(self) -> str:
        return self.shopify_cdn_origin + self.polaris_url

    @property
    def app_bridge_src(self) -> str:
        return self.shopify_cdn_origin + "/shopifycloud/app-bridge.js"


def read_settings() -> Settings:
    """Settings of this process. In trial and development `.env` is read too. Raises `ConfigurationError`."""
    env_file = ".env" if os.environ.get("APP_ENV") in (AppEnv.TRIAL, AppEnv.DEVELOPMENT) else None
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        # A fault in one setting keeps the rules about several from being asked; both are told at once.
        given = {name: value for name in Settings.model_fields if (value := os.environ.get(name.upper()))}
        lines = dict.fromkeys([*_plain(error), *unfit(given)])
    raise ConfigurationError(
        "\n".join(["The app cannot start with this environment:", *(f"  {line}" for line in lines)])
    )


def unfit(given: Mapping[str, Any]) -> list[str]:
    """What the settings get wrong together, a sentence each."""
    wrong = []
    if not given.get("encryption_keys"):
        wrong.append("ENCRYPTION_KEYS is missing: give a Fernet key (`sms-for-ecommerce keys new` prints one).")
    if given.get("app_env", AppEnv.PRODUCTION) != AppEnv.PRODUCTION:
        return wrong
    if given.get("shopify_simulator_origin"):
        wrong.append("SHOPIFY_SIMULATOR_ORIGIN must not be set in production.")
    if given.get("shopify_cdn_origin", SHOPIFY_CDN) != SHOPIFY_CDN:
        wrong.append("SHOPIFY_CDN_ORIGIN must not be set in production.")
    addresses = ("shopify_app_url", "ringcentral_server_url")
    insecure = [name for name in addresses if not given.get(name, "https://").startswith("https://")]
    return wrong + [f"{name.upper()} must start with https:// in production." for name in insecure]


def _plain(error: ValidationError) -> list[str]:
    """A line for each fault of a single setting."""
    lines: list[str] = []
    for fault in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in fault["loc"][:1]).upper()
        sentence = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] in ("missing", "string_too_short", "too_short"):
            sentence = "is missing."
        lines += [f"{name} {sentence}"] if name else sentence.split("\n")
    return lines
