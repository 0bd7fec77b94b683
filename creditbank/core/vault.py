"""The vault: one key per person, kept in a small file of its own, apart from the database.

What names or describes a person is sealed with that person's key (AES-GCM) before it goes into
the database; destroying the key makes it unreadable everywhere, in old backups too. Keys lie in
the key file wrapped with the master key, which is a third file: whoever has one of the three
has nothing. Keys are made ahead, a set at a time, so that no unit waits for a disk.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import URL

from creditbank.core.engines import is_sqlite, sqlite_path
from creditbank.core.errors import KeysUnusable
from creditbank.core.key_files import NONCE_BYTES, Held, KeyFile

SEALED = "s1:"
SET_SIZE = 64
CIPHERS_MOST = 5_000


def keys_path(url: URL) -> Path:
    """Return where the keys of a database lie unless told otherwise.

    Beside a SQLite file; for PostgreSQL in the user's data folder, by host, port and name.
    """
    if is_sqlite(url):
        path = sqlite_path(url).resolve()
        return path.with_name(path.name + ".keys")
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home().joinpath(".local", "share"))
    name = f"{url.host or 'local'}-{url.port or 'default'}-{url.database}"
    return Path(home).joinpath("creditbank", f"{name.replace('/', '_')}.keys")


class Vault:
    """The keys of one installation. Opens, and if need be makes, its files when first asked."""

    def __init__(self, keys: Path, master: Path | None = None) -> None:
        """Name the key file and the file of the master key; nothing is touched yet."""
        self.file = KeyFile(keys, master)
        self._ciphers: dict[str, AESGCM] = {}
        self._spare: list[str] = []
        self._changes = -1

    def belong(self, used: Callable[[], Iterable[str]], *, begin: bool) -> None:
        """Say whose vault this is: ``used`` returns ids of keys that its database has used.

        New files are begun only with ``begin``, and only where nothing was sealed yet.
        """
        self.file.belong(used, begin=begin)

    def require(self) -> None:
        """See that the files are there and belong to the database.

        Raises:
            KeysUnusable: one is missing, unreadable, or another database's.
        """
        with self.file.at_hand():
            pass

    def new_key(self) -> str:
        """Return the id of a fresh key that is already on disk; one that stays unused is harmless.

        Raises:
            KeysUnusable: the key file cannot be written.
        """
        return self.new_keys(1)[0]

    def new_keys(self, count: int) -> list[str]:
        """Return the ids of so many fresh keys; what is missing goes to disk in one write.

        Raises:
            KeysUnusable: the key file cannot be written.
        """
        with self.file.at_hand():
            self._see_changes()
            if len(self._spare) < count:
                wanted = max(SET_SIZE, count - len(self._spare))
                made = [f"key_{secrets.token_hex(16)}" for _ in range(wanted)]
                self.file.add(made)
                self._spare = [*made, *self._spare]
            taken = self._spare[-count:]
            del self._spare[-count:]
            return taken

    def destroy(self, key_id: str) -> None:
        """Destroy a person's key: what it sealed is unreadable from now on, everywhere.

        Raises:
            KeysUnusable: the key file cannot be written.
        """
        self.file.destroy(key_id)

    def seal(self, key_id: str, what: str, text: str) -> str:
        """Return a text sealed with a key, good only as what it is ("name", "phone" …).

        Raises:
            KeysUnusable: the key is not there (any more).
        """
        raw = self._encrypt(key_id, what, text.encode())
        return SEALED + base64.urlsafe_b64encode(raw).decode()

    def seal_bytes(self, key_id: str, what: str, content: bytes) -> bytes:
        """Return bytes (a photo) sealed with a key, as `seal` does a text.

        Raises:
            KeysUnusable: the key is not there (any more).
        """
        return SEALED.encode() + self._encrypt(key_id, what, content)

    def _encrypt(self, key_id: str, what: str, content: bytes) -> bytes:
        cipher = self._cipher(key_id)
        if cipher is None:
            raise KeysUnusable(self.file.keys.name)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, content, f"{key_id}/{what}".encode())

    def unseal(self, key_id: str, what: str, sealed: str) -> str | None:
        """Return what was sealed, or None if its key was destroyed.

        Raises:
            KeysUnusable: it was not sealed like this: another key file, or a changed row.
        """
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(SEALED))
        except (binascii.Error, ValueError):
            raw = b""
        plain = self._decrypt(key_id, what, raw if sealed.startswith(SEALED) else b"")
        return None if plain is None else plain.decode()

    def unseal_bytes(self, key_id: str, what: str, sealed: bytes) -> bytes | None:
        """Return the bytes that were sealed, or None if their key was destroyed.

        Raises:
            KeysUnusable: they were not sealed like this: another key file, or a changed row.
        """
        mark = SEALED.encode()
        return self._decrypt(key_id, what, sealed[len(mark) :] if sealed.startswith(mark) else b"")

    def _decrypt(self, key_id: str, what: str, raw: bytes) -> bytes | None:
        cipher = self._cipher(key_id)
        if cipher is None:
            return None
        nonce, body = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, body, f"{key_id}/{what}".encode())
        except (InvalidTag, ValueError) as error:
            raise KeysUnusable(self.file.keys.name) from error

    def hashed(self, what: str, text: str) -> str:
        """Return the keyed hash (HMAC-SHA-256, hex) by which a value is looked up.

        Raises:
            KeysUnusable: the files are missing, unreadable, or another database's.
        """
        said = f"{what}\0{text}".encode()
        return hmac.new(self.file.pepper(), said, hashlib.sha256).hexdigest()

    def has(self, key_id: str) -> bool:
        """Tell whether a key is there, neither destroyed nor unknown."""
        return self.file.has(key_id)

    def held(self) -> Held:
        """Open every key, and tell how many there are.

        Raises:
            KeysUnusable: one of them does not open.
        """
        return self.file.held()

    def close(self) -> None:
        """Let the file go, and forget every key."""
        self.file.close()
        self._ciphers, self._spare = {}, []

    def _cipher(self, key_id: str) -> AESGCM | None:
        """Return the cipher of a key, None if it was destroyed.

        Raises:
            KeysUnusable: the file never knew such a key.
        """
        with self.file.at_hand():
            self._see_changes()
            known = self._ciphers.get(key_id)
            if known is None:
                key = self.file.key(key_id)
                if key is None:
                    return None
                if len(self._ciphers) >= CIPHERS_MOST:
                    self._ciphers.clear()
                known = self._ciphers[key_id] = AESGCM(key)
            return known

    def _see_changes(self) -> None:
        """Forget what was known of the file before something else changed it."""
        if self._changes != self.file.changes:
            self._ciphers, self._changes = {}, self.file.changes
            self._spare = [one for one in self._spare if self.file.has(one)]
