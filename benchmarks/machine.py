"""What the figures were measured on."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

_KIB_PER_GIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine at one time; ``load`` is how many processes wanted to run when it began."""

    measured_at: str
    cpu: str
    cores: int
    memory_gib: int
    kernel: str
    disk: str
    python: str
    sqlite: str
    load: float


def describe(folder: Path) -> Machine:
    """Describe this machine, and the disk on which a folder lies."""
    now = dt.datetime.now(dt.UTC)
    return Machine(
        measured_at=now.isoformat(timespec="minutes"),
        cpu=_found(Path("/proc/cpuinfo"), r"^model name\s*:\s*(.+)$") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(
            int(_found(Path("/proc/meminfo"), r"^MemTotal:\s*(\d+)") or 0) / _KIB_PER_GIB
        ),
        kernel=f"{platform.system()} {platform.release()}",
        disk=disk_of(folder),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        load=round(os.getloadavg()[0], 1),
    )


def _found(path: Path, pattern: str) -> str:
    try:
        match = re.search(pattern, path.read_text(), re.MULTILINE)
    except OSError:
        return ""
    return match[1].strip() if match else ""


def disk_of(folder: Path) -> str:
    """Return the kind of file system in which a folder lies."""
    best, kind = "", "?"
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return kind
    for line in lines:
        point, found = line.split()[1:3]
        inside = folder.resolve().is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
