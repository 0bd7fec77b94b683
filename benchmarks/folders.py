"""The one folder in which a run keeps all of its files, and the removal of what a killed run left.

The folder is locked for as long as its run lives. The lock goes with the process, however that
ends, so a folder that can be locked belongs to nobody any more and the next run removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from benchmarks import machine

PREFIX = "creditbank-bench-"
_LOCK = "lock"
_ON_DISK = Path("/var/tmp")  # noqa: S108  # mkdtemp makes it ours
_IN_MEMORY = {"tmpfs", "ramfs"}
_UNLOCKED_FOR_S = 60  # a run that began just now has not locked its folder yet
_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def run_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make the folder of a run, remove it at the end; SIGTERM ends the run in order.

    It lies in ``parent``, or where temporary files lie. Others may pass through it, as PostgreSQL
    does when root runs this, but not read it.
    """
    parent = parent or anywhere()
    sweep(parent)
    before = signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        folder.chmod(0o711)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(descriptor)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def anywhere() -> Path:
    """Return where temporary files lie: on a disk, unless TMPDIR says otherwise.

    Many systems keep ``/tmp`` in memory, where a commit costs nothing.
    """
    usual = Path(tempfile.gettempdir())
    if "TMPDIR" not in os.environ and in_memory(usual) and os.access(_ON_DISK, os.W_OK):
        return _ON_DISK
    return usual


def in_memory(folder: Path) -> bool:
    """Tell whether what is written into a folder never reaches a disk."""
    return machine.disk_of(folder) in _IN_MEMORY


def sweep(parent: Path) -> list[Path]:
    """Remove the folders of runs that were killed, and return them."""
    return [folder for folder in sorted(parent.glob(f"{PREFIX}*")) if _is_left(folder)]


def _is_left(folder: Path) -> bool:
    try:
        if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
            return False
        lock = folder / _LOCK
        if not lock.exists():
            if time.time() - folder.stat().st_mtime < _UNLOCKED_FOR_S:
                return False
        else:
            descriptor = os.open(lock, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(descriptor)
        shutil.rmtree(folder)
    except OSError:  # it lives, or somebody else is removing it
        return False
    return True


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(_TERMINATED)
