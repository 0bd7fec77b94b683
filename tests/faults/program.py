"""Our own program as people run it: commands, and processes that can be killed at any moment."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).parents[2]
CREDITBANK = (sys.executable, "-c", "from api.cli import main; main()")

_READY_S = 60
_STOP_S = 20


def environment(url: str | None, **settings: object) -> dict[str, str]:
    """Our environment with a database and settings such as ``wake_every_s=1``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CREDITBANK_")}
    kept |= {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    kept |= {f"CREDITBANK_{name.upper()}": str(value) for name, value in settings.items()}
    return kept if url is None else kept | {"CREDITBANK_DATABASE": url}


def run(
    *words: str,
    url: str | None = None,
    folder: Path = ROOT,
    timeout_s: int = 300,
    expect: int | None = 0,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; another exit code than expected fails the test."""
    done = subprocess.run(
        [*CREDITBANK, *words],
        check=False,
        capture_output=True,
        cwd=folder,
        env=environment(url),
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout_s,
    )
    assert expect is None or done.returncode == expect, f"{words}:\n{done.stdout}{done.stderr}"
    return done


class Process:
    """A program that runs beside the test, in a process group of its own."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=postgres._die_with_parent(os.getpid()),  # noqa: PLW1509
            )

    @property
    def pid(self) -> int:
        """Its process number, which is also that of its group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it and all it began, at once: kill -9."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(_STOP_S)

    def stop(self) -> None:
        """Ask it to stop, and kill it if it does not."""
        if self.code is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self.kill()


def free_port() -> int:
    """A port of this machine's own address that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def serve(url: str, port: int, log: Path, **settings: object) -> Process:
    """Start the server and return it once it answers."""
    words = ["serve", "--host", "127.0.0.1", "--port", str(port)]
    server = Process([*CREDITBANK, *words], log, environment(url, **settings))
    try:
        _wait_until_ready(server, port)
    except BaseException:
        server.kill()
        raise
    return server


def worker(url: str, log: Path, **settings: object) -> Process:
    """Start a worker."""
    return Process([*CREDITBANK, "worker"], log, environment(url, **settings))


@contextlib.contextmanager
def serving(url: str, folder: Path, **settings: object) -> Iterator[int]:
    """The port of a server that runs for the length of a with block."""
    port = free_port()
    server = serve(url, port, folder / "server.log", **settings)
    try:
        yield port
    finally:
        server.stop()


def _wait_until_ready(server: Process, port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("GET", "/readyz")
            if line.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        if server.code is not None or time.monotonic() > deadline:
            message = f"the server did not start:\n{server.log.read_text()}"
            raise RuntimeError(message)
        time.sleep(0.03)
