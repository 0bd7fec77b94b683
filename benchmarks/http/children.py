"""Processes that run beside the benchmark: they end with it, however it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_STOP_S = 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_US_PER_S = 1_000_000
_KEYS = {"CREDITBANK_KEYS", "CREDITBANK_MASTER_KEY"}
# In /proc/PID/stat, counted after the name: time in the program, and in the kernel for it.
_TICKS = slice(11, 13)


def end_with(parent: int) -> None:
    """Have this process told to stop when its parent dies; at once if that is too late.

    The parent is in truth the thread that started it. Only Linux can do that.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def environment() -> dict[str, str]:
    """Our environment without settings of the product: a run measures the defaults.

    Only where the persons' keys lie is passed on.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CREDITBANK_") or name in _KEYS
    }
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2])}


class Child:
    """A module of this benchmark in a process of its own; it is told who its parent is."""

    def __init__(self, module: str, *words: str, log: Path, **pipes: int | IO[Any]) -> None:
        """Start ``python -m module``; what it says on stderr goes to a file."""
        self.log = log
        command = [sys.executable, "-m", module, "--parent", str(os.getpid()), *words]
        with log.open("ab") as said:
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": said} | pipes
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command, env=environment(), stderr=said, start_new_session=True, **streams
            )

    @property
    def pid(self) -> int:
        """Its process number."""
        return self.process.pid

    def resident_bytes(self) -> int:
        """How much memory it holds now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES

    def busy_us(self) -> int:
        """How long processors have worked for it since it began."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, after_name[_TICKS])) * _US_PER_S // _TICKS_PER_S

    def stop(self) -> int:
        """Ask it to stop, end it if it does not, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it did not read is lost
                    pipe.close()
        return self.process.wait()


def free_port() -> int:
    """A port of this machine's own address that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
