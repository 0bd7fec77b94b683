"""The PostgreSQL server of the tests: the launcher of the benchmarks, under the names used here."""

from benchmarks.postgres import APP, OWNER, Server, running, start
from benchmarks.postgres import binaries as _binaries
from benchmarks.postgres import die_with_parent as _die_with_parent

__all__ = ["APP", "OWNER", "Server", "_binaries", "_die_with_parent", "running", "start"]
