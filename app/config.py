"""Settings from the environment, read once at start; everything that is missing or wrong is reported together.

Production refuses to start with a simulator's address, without encryption keys or with an app URL that is not https.
"""

import os
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHOPIFY_CDN = "https://cdn.shopify.com"
RINGCENTRAL_SERVER = "https://platform.ringcentral.com"
ADMIN_API_VERSION = "2026-10"
"""Shopify Admin API version of every call and every webhook subscription; lives at least until October 2027."""


class AppEnv(StrEnum):
    PRODUCTION = "production"
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
    database_url: str | None = None
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    ringcentral_client_id: str = ""
    ringcentral_client_secret: SecretStr = SecretStr("")
    ringcentral_server_url: str = RINGCENTRAL_SERVER
    operator_token: SecretStr | None = None
    smtp_url: SecretStr | None = None
    """smtp://user:password@host:587 (STARTTLS where offered) or smtps://…:465; without it no e-mail is sent."""
    smtp_from: str = ""
    port: int = Field(default=8000, ge=1, le=65535)
    web_concurrency: int = Field(default=1, ge=1, le=64)
    data_dir: Path | None = None
    shopify_simulator_origin: str | None = None
    shopify_cdn_origin: str = SHOPIFY_CDN
    polaris_url: str = "/shopifycloud/polaris-1.js"

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("shopify_app_url", "ringcentral_server_url", "shopify_cdn_origin", "shopify_simulator_origin")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("must be an absolute http(s) address")
        return value.rstrip("/")

    @field_validator(
        "shopify_api_secret_previous",
        "operator_token",
        "smtp_url",
        "database_url",
        "data_dir",
        "shopify_simulator_origin",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _fit_for_env(self) -> Self:
        wrong = []
        if not self.encryption_keys:
            wrong.append("ENCRYPTION_KEYS is missing: give at least one Fernet key (sms-for-ecommerce keys new).")
        if self.app_env is AppEnv.PRODUCTION:
            if self.shopify_simulator_origin is not None:
                wrong.append("SHOPIFY_SIMULATOR_ORIGIN must not be set in production.")
            if self.shopify_cdn_origin != SHOPIFY_CDN:
                wrong.append("SHOPIFY_CDN_ORIGIN must not be set in production.")
            if not self.shopify_app_url.startswith("https://"):
                wrong.append("SHOPIFY_APP_URL must start with https:// in production.")
            if not self.ringcentral_server_url.startswith("https://"):
                wrong.append("RINGCENTRAL_SERVER_URL must start with https:// in production.")
        if wrong:
            raise ValueError(" ".join(wrong))
        return self

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
    """Settings of this process. In the trial a `.env` file is read too. Raises `ConfigurationError`."""
    env_file = ".env" if os.environ.get("APP_ENV") == AppEnv.TRIAL else None
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        raise ConfigurationError(_plain(error)) from None


def _plain(error: ValidationError) -> str:
    lines = ["The app cannot start with this environment:"]
    for fault in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in fault["loc"][:1]).upper()
        sentence = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "missing":
            sentence = "is missing."
        lines.append(f"  {name} {sentence}" if name else f"  {sentence}")
    return "\n".join(lines)
