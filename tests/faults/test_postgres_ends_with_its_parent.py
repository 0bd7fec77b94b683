"""The tests' PostgreSQL leaves nothing running."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTER = """
import sys, time
from tests import postgres
server = postgres.start()
print(server.pid, server._folder, flush=True)
time.sleep(60)
"""


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_test_run_takes_its_server_with_it() -> None:
    """After kill -9 of the process that started it, the server is gone."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert runs(int(pid))
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while runs(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(folder)
    assert not runs(int(pid))
