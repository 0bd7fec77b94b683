"""Where the persons' keys of a database lie: as set, or where they lie by default."""

from __future__ import annotations

from pathlib import Path

from creditbank.core.engines import normalised
from creditbank.core.vault import Vault, keys_path


def vault_of(url: str) -> Vault:
    """Return the vault of a database: ``CREDITBANK_KEYS`` and ``CREDITBANK_MASTER_KEY`` say where.

    Raises:
        SettingUnusable: a setting of the environment is not usable.
    """
    from api import settings  # noqa: PLC0415 - slow, and commands without keys do without

    said = settings.read(database=url)
    return Vault(said.keys or keys_path(normalised(url)), said.master_key)


def copies_in(folder: Path) -> bool:
    """Tell whether a folder holds copies of a database, next to which no keys should lie."""
    kinds = ("creditbank-*.db", "creditbank-*.dump")
    return any(next(folder.glob(kind), None) is not None for kind in kinds)
