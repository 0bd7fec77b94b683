"""Anchors: what our figures are divided by, measured in the same rounds on the same disk."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial

import psycopg
from psycopg import sql
from sqlalchemy import URL

from benchmarks import durability
from benchmarks.cases import ANCHOR, POSTGRES, SQLITE, Case, Slice
from benchmarks.errors import AnchorFailed, DiskFull
from benchmarks.places import Engine
from benchmarks.postgres import die_with_parent
from creditbank.core.engines import normalised

SCALE = 50
CLIENTS, JOBS = 8, 2
INSERT, PGBENCH = "insert", "pgbench"

_DATABASE = "creditbank_bench_anchor"
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DURABLE = {"PGOPTIONS": "-c synchronous_commit=on", "LC_ALL": "C"}
_COUNT = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_COMMAND_MOST_S = 600
_UNTIL_LOG_IS_WHOLE = 3_000  # SQLite begins its log anew after 1,000 pages, one or two a row


def raw_insert(opened: Engine) -> Case:
    """Return the anchor of SQLite: one row, autocommit, WAL, synchronous=FULL, the same disk."""
    connection = sqlite3.connect(opened.folder / "anchor.db", isolation_level=None)
    opened.held.callback(connection.close)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE anchor (n INTEGER PRIMARY KEY, said TEXT)")
    _grow_log(connection)
    connection.execute("PRAGMA synchronous=FULL")
    durability.refuse(
        SQLITE,
        {
            name: str(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in durability.WANTED[SQLITE]
        },
    )
    return Case(SQLITE, ANCHOR, INSERT, partial(_insert, connection), 0)


def _grow_log(connection: sqlite3.Connection) -> None:
    """Write until the log has the size that it keeps; ours has by then.

    While it still grows, each commit waits for the file system as well: an anchor so cold is up to
    three times as slow, and would make us look as much faster.
    """
    connection.execute("PRAGMA synchronous=OFF")
    for _ in range(_UNTIL_LOG_IS_WHOLE):
        _insert_one(connection)


def _insert(connection: sqlite3.Connection, seconds: float) -> Slice:
    done, started = 0, time.perf_counter()
    until = started + seconds
    try:
        while time.perf_counter() < until:
            _insert_one(connection)
            done += 1
    except sqlite3.OperationalError as error:
        raise DiskFull(str(error)) from error
    return Slice(done, time.perf_counter() - started)


def _insert_one(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO anchor (said) VALUES ('one durable row')")


def pgbench(opened: Engine, scale: int) -> Case:
    """Return the anchor of PostgreSQL: pgbench's tpcb-like in the same server, prepared.

    Raises:
        AnchorFailed: there is no pgbench, or this role may not make a database for it.
    """
    program = _pgbench(opened)
    url = _admin(opened)
    _drop(url)
    try:
        with _connected(url) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    except psycopg.Error as error:
        raise AnchorFailed(PGBENCH, str(error).strip()) from error
    opened.held.callback(_drop_if_there, url)
    words = [program, "--initialize", "--quiet", "--scale", str(scale)]
    _said(PGBENCH, [*words, _DATABASE], _environment(url))
    return Case(POSTGRES, ANCHOR, PGBENCH, partial(_tpcb, program, _environment(url)), 0)


def _pgbench(opened: Engine) -> str:
    """Return the program that belongs to the server, or else the one on the path."""
    if opened.server is not None:
        beside = opened.server.binaries / PGBENCH
        if os.access(beside, os.X_OK):
            return str(beside)
    on_path = shutil.which(PGBENCH)
    if on_path is None:
        raise AnchorFailed(PGBENCH, "it is not there / 未安装 pgbench")
    return on_path


def _admin(opened: Engine) -> URL:
    if opened.server is not None:
        return normalised(opened.server.admin_url)
    return normalised(opened.place.url)


def _connected(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )


def _drop(url: URL) -> None:
    """Drop the database of the anchor, also one that a killed run left."""
    try:
        with _connected(url) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_DATABASE))
            )
    except psycopg.Error as error:
        raise AnchorFailed(PGBENCH, str(error).strip()) from error


def _drop_if_there(url: URL) -> None:
    """Drop it at the end; a server that died meanwhile has told its story already."""
    with contextlib.suppress(AnchorFailed):
        _drop(url)


def _environment(url: URL) -> dict[str, str]:
    """Return our environment with what says which server; pgbench reads no URL.

    Its commits wait for the disk as ours do, whatever the role or the database says.
    """
    host = url.host or url.query.get("host", "")
    said = {
        "PGHOST": str(host),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {name: value for name, value in said.items() if value} | _DURABLE


def _tpcb(program: str, environment: Mapping[str, str], seconds: float) -> Slice:
    whole = max(round(seconds), 1)
    words = [program, "--no-vacuum", "--protocol", "prepared", "--client", str(CLIENTS)]
    words += ["--jobs", str(JOBS), "--time", str(whole), _DATABASE]
    said = _said(PGBENCH, words, environment)
    rate, count = _RATE.search(said), _COUNT.search(said)
    if rate is None or count is None or not float(rate[1]):
        raise AnchorFailed(PGBENCH, said[-300:])
    return Slice(int(count[1]), int(count[1]) / float(rate[1]))


def command(name: str, words: str) -> Case:
    """Return an anchor that somebody names: a command whose last number is a rate per second."""

    def work(_seconds: float) -> Slice:
        said = _said(name, shlex.split(words), os.environ)
        numbers = _NUMBER.findall(said)
        rate = float(numbers[-1].replace(",", "")) if numbers else 0.0
        if rate <= 0:
            raise AnchorFailed(name, f"it printed no rate / 没有输出速率: {said[-200:]!r}")
        return Slice(max(round(rate), 1), max(round(rate), 1) / rate)

    return Case("", ANCHOR, name, work, 0)


def _said(name: str, words: list[str], environment: Mapping[str, str]) -> str:
    """Run a program to its end, which comes with ours at the latest; return what it printed.

    Raises:
        AnchorFailed: it cannot be run, fails, or does not end.
    """
    try:
        done = subprocess.run(
            words,
            check=False,
            capture_output=True,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_COMMAND_MOST_S,
            preexec_fn=_dying(),
        )
    except (OSError, subprocess.TimeoutExpired, IndexError) as error:
        raise AnchorFailed(name, str(error)) from error
    if done.returncode != 0:
        raise AnchorFailed(
            name, f"{done.returncode}: {(done.stderr or done.stdout)[-300:].strip()}"
        )
    return done.stdout


def _dying() -> Callable[[], None] | None:
    return die_with_parent(os.getpid())
