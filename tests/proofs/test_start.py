"""How long a start takes, against what any program of this kind waits for."""

import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.faults import program
from tests.faults.program import CREDITBANK, Process
from tests.proofs.conftest import Proof

_ROUNDS = 5
_BARE = (sys.executable, "-c", "import fastapi, sqlalchemy")
_HELP_MOST = 1  # about 0.3 s where the bare imports take 0.3 s
_ANSWER_MOST = 8  # about 2 s there


def test_a_start_is_short(proof: Proof, tmp_path: Path) -> None:
    """The help, and a server's first page, as multiples of importing its two big libraries."""
    url = f"sqlite:///{tmp_path / 'start.db'}"
    program.run("init", "--name", "清河", "--bank", "qinghe", url=url)
    took: dict[str, list[float]] = {"bare": [], "help": [], "answer": []}
    for n in range(_ROUNDS + 1):
        bare, told = _ran(_BARE), _ran((*CREDITBANK, "--help"))
        answer = _first_answer(url, tmp_path / f"{n}.log")
        if n:  # the first round compiles what has never been imported
            for name, seconds in zip(took, (bare, told, answer), strict=True):
                took[name].append(seconds)
    for name, line, most in (
        ("help", "creditbank --help", _HELP_MOST),
        ("answer", "start of creditbank serve to its first page", _ANSWER_MOST),
    ):
        ratios = [one / bare for one, bare in zip(took[name], took["bare"], strict=True)]
        middle = statistics.median(ratios)
        seconds, bare = (statistics.median(took[of]) for of in (name, "bare"))
        proof(
            f"{line} ÷ `import fastapi, sqlalchemy`",
            f"{middle:.1f} ({min(ratios):.1f}–{max(ratios):.1f} in {_ROUNDS} rounds;"
            f" {seconds:.2f} s, the imports {bare:.2f} s)",
            met=middle <= most,
        )


def _ran(command: tuple[str, ...]) -> float:
    """The seconds of one command."""
    begun = time.perf_counter()
    subprocess.run(
        command, check=True, capture_output=True, cwd=program.ROOT, env=program.environment(None)
    )
    return time.perf_counter() - begun


def _first_answer(url: str, log: Path) -> float:
    """The seconds from the start of a server to the first page that it has read a database for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = time.perf_counter()
    server = Process([*CREDITBANK, "serve", "--port", str(port)], log, program.environment(url))
    try:
        while True:
            assert server.code is None, log.read_text()
            try:
                page = f"http://127.0.0.1:{port}/b/qinghe"
                with urllib.request.urlopen(page) as answer:
                    assert answer.status == 200
                    return time.perf_counter() - begun
            except urllib.error.URLError:
                time.sleep(0.01)
    finally:
        server.stop()
