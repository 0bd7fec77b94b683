"""What a deployment may set, from the environment (``CREDITBANK_…``) or the command line."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import SettingUnusable

BODY_BYTES_MOST = 1_000_000
UPLOAD_BYTES_MOST = 512_000_000
SMS_BODY = '{"id": "$id", "phone": "$phone", "text": "$text"}'


def data_home() -> Path:
    """Return our part of the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "creditbank"


def default_database() -> str:
    """Return the URL of the embedded file in the user's data folder."""
    return f"sqlite:///{data_home() / 'creditbank.db'}"


def _networks(said: object) -> object:
    """Read networks divided by commas; a network of everybody would trust anybody."""
    parts = said.split(",") if isinstance(said, str) else said
    assert isinstance(parts, list | tuple), "networks come as a text or a list"
    found = tuple(ip_network(str(part).strip()) for part in parts if str(part).strip())
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("a network of all addresses / 不能信任所有地址")
    return found


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]


class Settings(BaseSettings):
    """One object for all of it; every field has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="CREDITBANK_", extra="ignore")

    database: str = Field(default_factory=default_database)
    keys: Path | None = None
    master_key: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    stop_grace_s: int = Field(default=3, ge=1, le=60)
    wake_every_s: int = Field(default=15, ge=1, le=3600)
    heartbeat_every_s: int = Field(default=10, ge=1, le=20)
    backup_dir: Path | None = None
    body_bytes_most: int = Field(default=BODY_BYTES_MOST, ge=1_000)
    upload_bytes_most: int = Field(default=UPLOAD_BYTES_MOST, ge=1_000)
    production: bool = False
    domain: str | None = Field(default=None, max_length=253, pattern=r"^[A-Za-z0-9.-]+$")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    trusted_proxies: Networks = ()
    metrics_token: str | None = Field(default=None, min_length=16)
    outbox: Path | None = None
    outbox_console: bool = False
    sms_url: str | None = Field(default=None, max_length=500)
    sms_headers: dict[str, str] = Field(default_factory=dict)
    sms_body: str = Field(default=SMS_BODY, max_length=2_000)
    sms_secret: SecretStr = SecretStr("")
    sms_timeout_s: int = Field(default=5, ge=1, le=60)
    sms_tries: int = Field(default=3, ge=1, le=5)


def read(**told: object) -> Settings:
    """Return the settings of the environment, with what the command line says above them.

    Raises:
        SettingUnusable: names the setting.
    """
    said = {name: value for name, value in told.items() if value is not None}
    try:
        return Settings.model_validate(Settings().model_dump() | said)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise SettingUnusable(name, first["msg"]) from None
