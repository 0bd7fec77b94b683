"""What a deployment may set, from the environment (``CREDITBANK_…``) or the command line."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

BODY_BYTES_MOST = 1_000_000
UPLOAD_BYTES_MOST = 64_000_000


def default_database() -> str:
    """Return the URL of the embedded file in the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return f"sqlite:///{Path(home) / 'creditbank' / 'creditbank.db'}"


class Settings(BaseSettings):
    """One object for all of it; every field has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="CREDITBANK_", extra="ignore")

    database: str = Field(default_factory=default_database)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    stop_grace_s: int = Field(default=3, ge=1, le=60)
    wake_every_s: int = Field(default=15, ge=1, le=3600)
    heartbeat_every_s: int = Field(default=10, ge=1, le=20)
    backup_dir: Path | None = None
    body_bytes_most: int = Field(default=BODY_BYTES_MOST, ge=1_000)
    upload_bytes_most: int = Field(default=UPLOAD_BYTES_MOST, ge=1_000)
