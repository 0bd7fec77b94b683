"""The key file: persons' keys, wrapped with the master key, in a small SQLite file of their own.

A destroyed key leaves its id, so that the file can tell what was destroyed from what it never
knew: a key that it never knew is a sign of another file, and nothing goes on with it. Several
programs may have the file open; what one did (a new key, a destroyed one, a new master key) the
others see at their next look.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditbank.core.errors import KeysUnusable

KEY_BYTES = 32
NONCE_BYTES = 12

_BUSY_S = 5
_LOOKUP = "lookup"
_DESTROYED = b""
_TABLES = {"secret": "name", "person_key": "key_id"}
_CREATE = "CREATE TABLE IF NOT EXISTS {} ({} TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID"


def master_path(keys: Path) -> Path:
    """Return where the master key of a key file lies unless told otherwise."""
    return keys.with_name(keys.name + ".master")


@dataclass(frozen=True, slots=True)
class Held:
    """What a key file holds: keys that open, and ids of destroyed ones.

    ``old_master`` says that the master key before the last rotation is still there.
    """

    keys: int
    destroyed: int
    old_master: bool


class KeyFile:
    """One key file and its master key; threads of one program take turns."""

    def __init__(self, keys: Path, master: Path | None = None) -> None:
        """Name the files; nothing is touched yet."""
        self.keys = keys
        self.master = master or master_path(keys)
        self.changes = 0
        self._new_master = self.master.with_name(self.master.name + ".new")
        self._old_master = self.master.with_name(self.master.name + ".old")
        self._lock = threading.RLock()
        self._may_begin = True
        self._used: Callable[[], Iterable[str]] = tuple
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._wrapper = AESGCM(bytes(KEY_BYTES))
        self._lookup = b""
        self._pepper = b""
        self._version = -1

    def belong(self, used: Callable[[], Iterable[str]], *, begin: bool) -> None:
        """Say whose keys these are: ``used`` returns ids of keys that its database has used.

        New files are begun only with ``begin``, and only where nothing was sealed yet.
        """
        self._used = used
        self._may_begin = self._may_begin and begin

    @contextlib.contextmanager
    def at_hand(self) -> Iterator[sqlite3.Connection]:
        """Hand the open file out for a with block, to one thread at a time.

        Raises:
            KeysUnusable: a file is missing, unreadable, or another database's.
        """
        with self._lock:
            try:
                yield self._ready()
            except (OSError, sqlite3.Error) as error:
                raise KeysUnusable(self.keys.name) from error

    # Rows -----------------------------------------------------------------------------------

    def pepper(self) -> bytes:
        """Return the secret of keyed hashes, which never changes."""
        if not self._pepper:
            with self.at_hand():
                pass
        return self._pepper

    def key(self, key_id: str) -> bytes | None:
        """Return a key, None if it was destroyed.

        Raises:
            KeysUnusable: the file never knew such a key.
        """
        with self.at_hand() as connection:
            wrapped = _wrapped(connection, key_id)
            if wrapped is None:
                raise KeysUnusable(self.keys.name)
            return None if wrapped == _DESTROYED else self._unwrap(key_id, wrapped)

    def add(self, key_ids: Sequence[str]) -> None:
        """Make keys of these ids, on disk when this returns."""
        with self.at_hand() as connection, _alone(connection):
            self._unlock(connection)
            rows = [
                (one, _wrap(self._wrapper, one, secrets.token_bytes(KEY_BYTES))) for one in key_ids
            ]
            connection.executemany("INSERT INTO person_key VALUES (?, ?)", rows)

    def destroy(self, key_id: str) -> None:
        """Destroy a key; only its id stays."""
        with self.at_hand() as connection:
            connection.execute(
                "INSERT INTO person_key VALUES (?, ?)"
                " ON CONFLICT (key_id) DO UPDATE SET wrapped = excluded.wrapped",
                [key_id, _DESTROYED],
            )
            self.changes += 1

    def has(self, key_id: str) -> bool:
        """Tell whether a key is there, neither destroyed nor unknown."""
        with self.at_hand() as connection:
            return bool(_wrapped(connection, key_id))

    def held(self) -> Held:
        """Open every key, and tell how many there are.

        Raises:
            KeysUnusable: one of them does not open.
        """
        with self.at_hand() as connection:
            rows = connection.execute("SELECT key_id, wrapped FROM person_key").fetchall()
            live = [self._unwrap(name, wrapped) for name, wrapped in rows if wrapped]
            return Held(len(live), len(rows) - len(live), self._old_master.exists())

    # Files ----------------------------------------------------------------------------------

    def backup(self, target: Path) -> int:
        """Copy the key file (not the master key) and return how many keys it holds.

        Raises:
            KeysUnusable: it cannot be read, or the copy cannot be written.
        """
        with self.at_hand() as source:
            part = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                with contextlib.closing(sqlite3.connect(part)) as copy:
                    source.backup(copy)
                    counted = copy.execute("SELECT count(*) FROM person_key WHERE wrapped <> x''")
                    count = counted.fetchone()[0]
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return int(count)

    def rotate(self) -> int:
        """Make a new master key and wrap all keys with it; return how many persons' keys those are.

        All rows change in one transaction. The new key lies beside the old one until then, so a
        crash at any point leaves a file that opens. The old one is kept until `confirm`.

        Raises:
            KeysUnusable: a key does not open, or a file cannot be written.
        """
        with self.at_hand() as connection:
            with _alone(connection):
                self._unlock(connection)
                self._settle()
                wrapper = AESGCM(_write_master(self._new_master))
                count = self._wrap_anew(connection, wrapper)
            with _alone(connection):
                self._unlock(connection)
                self._settle()
        return count

    def confirm(self) -> Held:
        """Open every key with the new master key, then delete the old one.

        Raises:
            KeysUnusable: a key does not open; the old master key stays.
        """
        with self.at_hand() as connection:
            with _alone(connection):
                self._settle()
            self.held()
            self._old_master.unlink(missing_ok=True)
            return self.held()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._version, self._lookup = -1, b""
            self.changes += 1

    def _ready(self) -> sqlite3.Connection:
        """Return the open key file; what another program did to it is noticed here."""
        if self._connection is not None and not self._is_in_place():
            self.close()
        connection = self._connection or self._open()
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self.changes += 1
            self._unlock(connection)
        return connection

    def _is_in_place(self) -> bool:
        try:
            found = self.keys.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def _open(self) -> sqlite3.Connection:
        used = list(self._used())
        if not self.keys.exists() or self.keys.stat().st_size == 0:
            if used or not self._may_begin:
                raise KeysUnusable(self.keys.name)
            self._begin()
        connection = self._connect()
        try:
            self._unlock(connection)
            self._recognise(connection, used)
        except BaseException:
            connection.close()
            raise
        found = self.keys.stat()
        self._file = (found.st_dev, found.st_ino)
        self._may_begin = False
        self._connection = connection
        return connection

    def _recognise(self, connection: sqlite3.Connection, used: list[str]) -> None:
        if any(_wrapped(connection, key_id) is None for key_id in used):
            raise KeysUnusable(self.keys.name)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.keys.resolve().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_S,
        )
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _begin(self) -> None:
        """Make the files; whoever comes second takes what the first has made."""
        for path in (self.keys, self.master):
            path.parent.mkdir(parents=True, exist_ok=True)
        if not self.master.exists():
            _make_master(self.master)
        self._wrapper = AESGCM(_read_master(self.master))
        os.close(os.open(self.keys, os.O_RDWR | os.O_CREAT, 0o600))
        with contextlib.closing(self._connect()) as connection, _alone(connection):
            for table, column in _TABLES.items():
                connection.execute(_CREATE.format(table, column))
            fresh = _wrap(self._wrapper, _LOOKUP, secrets.token_bytes(KEY_BYTES))
            connection.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", [_LOOKUP, fresh])

    def _unlock(self, connection: sqlite3.Connection) -> None:
        """Take the master key that opens the file: during a rotation it may be the new one."""
        row = connection.execute("SELECT wrapped FROM secret WHERE name = ?", [_LOOKUP]).fetchone()
        if row is None:
            raise KeysUnusable(self.keys.name)
        if row[0] == self._lookup:
            return
        for path in (self.master, self._new_master):
            if not path.exists():
                continue
            wrapper = AESGCM(_read_master(path))
            with contextlib.suppress(InvalidTag):
                pepper = _unwrap(wrapper, _LOOKUP, row[0])
                if self._pepper not in {b"", pepper}:
                    raise KeysUnusable(self.keys.name)
                self._wrapper, self._pepper, self._lookup = wrapper, pepper, row[0]
                return
        raise KeysUnusable(self.master.name)

    def _settle(self) -> None:
        """Put the master key that opens the file in its place; the file's write lock is held."""
        if not self._new_master.exists():
            return
        if self._opens_with(self.master):
            self._new_master.unlink()
            return
        if self.master.exists():
            self.master.replace(self._old_master)
        self._new_master.replace(self.master)

    def _opens_with(self, path: Path) -> bool:
        if not path.exists():
            return False
        try:
            _unwrap(AESGCM(_read_master(path)), _LOOKUP, self._lookup)
        except InvalidTag:
            return False
        return True

    def _wrap_anew(self, connection: sqlite3.Connection, wrapper: AESGCM) -> int:
        """Wrap every row with another master key; return how many persons' keys those are."""
        count = 0
        for table, column in _TABLES.items():
            rows = connection.execute(
                f"SELECT {column}, wrapped FROM {table} WHERE wrapped <> x''"  # noqa: S608
            ).fetchall()
            connection.executemany(
                f"UPDATE {table} SET wrapped = ? WHERE {column} = ?",  # noqa: S608
                [(_wrap(wrapper, name, self._unwrap(name, old)), name) for name, old in rows],
            )
            count = len(rows)
        return count

    def _unwrap(self, name: str, wrapped: bytes) -> bytes:
        try:
            return _unwrap(self._wrapper, name, wrapped)
        except InvalidTag as error:
            raise KeysUnusable(self.keys.name) from error


def _wrapped(connection: sqlite3.Connection, key_id: str) -> bytes | None:
    """Return a key as it lies in the file, empty if it was destroyed, None if unknown."""
    row = connection.execute("SELECT wrapped FROM person_key WHERE key_id = ?", [key_id]).fetchone()
    return None if row is None else bytes(row[0])


@contextlib.contextmanager
def _alone(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the file's write lock for a with block, across programs; commit, or undo."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _wrap(wrapper: AESGCM, name: str, key: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + wrapper.encrypt(nonce, key, name.encode())


def _unwrap(wrapper: AESGCM, name: str, wrapped: bytes) -> bytes:
    return wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name.encode())


def _make_master(path: Path) -> None:
    """Make a master key, once: whoever comes second leaves that of the first."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    _write_master(fresh)
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def _write_master(path: Path) -> bytes:
    """Write a fresh master key to a file that only its owner may read."""
    path.unlink(missing_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_master(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise KeysUnusable(path.name) from error
    if len(key) != KEY_BYTES:
        raise KeysUnusable(path.name)
    return key
