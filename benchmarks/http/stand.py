"""``python -m benchmarks.http.stand FOLDER``: a server that stands, to be measured by hand.

Founds a society in an SQLite file of an empty folder, serves it, and writes two plans: the
redemptions of everyone there, and as many requests to the null route. Prints how wrk or the load
generator ask for them, and stays until it is told to stop; the folder is left as it is.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from api import schema
from benchmarks import society
from benchmarks.http import plan, runs
from benchmarks.http.customers import Customers
from creditbank.core.database import Database

_PLANS = ("redemptions", "nulls")


def main() -> None:
    """Serve until told to stop."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.http.stand", description=__doc__)
    asked.add_argument("folder", type=Path, help="an empty folder, or one to be made")
    asked.add_argument("--people", type=int, default=society.MEMBERS)
    told = asked.parse_args()
    folder: Path = told.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        asked.error(f"{folder} is not empty")
    url = f"sqlite:///{folder / 'bench.db'}"
    schema.migrate(url)
    with Database(url) as database:
        there = society.found(database, people=told.people)
    with runs.serving(url, folder) as (_, port):
        customers = Customers(port, there)
        count = plan.write(folder / "redemptions.tsv", customers.plan(told.people, hot=False))
        plan.write(folder / "nulls.tsv", customers.orders.nulls(count))
        for name in _PLANS:
            print(_commands(port, folder / f"{name}.tsv"), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _commands(port: int, file: Path) -> str:
    """Say how a plan is asked."""
    script = Path(__file__).with_name("redeem.lua")
    return (
        f"wrk -t1 -c32 -d5s --latency -s {script} http://127.0.0.1:{port} -- {file}\n"
        f"python -m benchmarks.http.load --connections 32 --port {port} --plan {file}"
    )


if __name__ == "__main__":
    main()
