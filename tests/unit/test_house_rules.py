"""The laws of the house, read from the source, the tables and the routes.

Each rule is a small function that lists findings. It is tried twice: on the house, where it must
find nothing, and on a bad sample, where it must find something.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import fastapi
import pytest
from fastapi.params import Depends
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from tests.statements import OF_NO_BANK

ROOT = Path(__file__).parents[2]
PACKAGES = ("creditbank", "merchants", "api", "seeds")
ENGINE = ("creditbank", "merchants")
LINES_PER_FUNCTION = 70
LINES_PER_FILE = 400
VAGUE_NAMES = {"utils", "helpers", "common", "base", "manager"}
MONEY_WORDS = ("充值", "提现", "现金")

ROOM_OF_COMMITS = "creditbank/core/writer.py"
ROOM_OF_CLOCK = "creditbank/core/clock.py"
ROOM_OF_WAITING = "creditbank/core/writer.py"  # a pause between two tries is not an amount


# Rules over source -----------------------------------------------------------------------------


def commits(source: str) -> list[str]:
    """Calls of commit and rollback."""
    return [
        f"line {node.lineno}: {node.func.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    ]


def wall_clocks(source: str) -> list[str]:
    """Looks at the wall clock."""
    asked = {
        "datetime": {"now", "utcnow", "today"},
        "date": {"today"},
        "time": {"time", "time_ns", "localtime", "gmtime"},
    }
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if node.attr in asked.get(name, ()):
                found.append(f"line {node.lineno}: {name}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            names = {alias.name for alias in node.names} & asked["time"]
            found += [f"line {node.lineno}: from time import {name}" for name in sorted(names)]
    return found


def fractions(source: str) -> list[str]:
    """Floats, Decimals and true divisions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in {"float", "Decimal"}:
                found.append(f"line {line}: {name}")
        elif isinstance(node, ast.ImportFrom | ast.Import):
            modules = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            if {"decimal", "fractions"} & set(modules):
                found.append(f"line {line}: import")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"line {line}: /")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"line {line}: {node.value}")
    return found


def long_rooms(source: str) -> list[str]:
    """A file or a function that is too long to read at once."""
    found = []
    lines = source.count("\n")
    if lines > LINES_PER_FILE:
        found.append(f"{lines} lines")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > LINES_PER_FUNCTION:
                found.append(f"{node.name}: {size} lines")
    return found


def promises(source: str) -> list[str]:
    """Notes of work that was put off."""
    return re.findall(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", source)


def exports(source: str) -> list[str]:
    """Whatever a wing's __init__ holds beside its docstring."""
    body = ast.parse(source).body
    if not body or ast.get_docstring(ast.parse(source)) is None:
        return ["no docstring"]
    return [f"line {node.lineno}" for node in body[1:]]


def money_words(text: str) -> list[str]:
    """Words that turn points into money."""
    return [word for word in MONEY_WORDS if word in text]


def vague_names(name: str) -> list[str]:
    """A module's name that says nothing."""
    return [name] if name in VAGUE_NAMES else []


def files(*packages: str, suffix: str = ".py") -> Iterator[Path]:
    """The files of packages; migrations are frozen history and stand apart."""
    for package in packages:
        for path in sorted((ROOT / package).rglob(f"*{suffix}")):
            if "migrations" not in path.parts:
                yield path


def findings_in(
    rule: Callable[[str], list[str]], paths: Iterator[Path], *, besides: str = ""
) -> list[str]:
    """What a rule finds in files."""
    found = []
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if name != besides:
            found += [f"{name}: {finding}" for finding in rule(path.read_text())]
    return found


def test_only_the_database_commits() -> None:
    """Commit and rollback are called in one room."""
    assert [] == findings_in(commits, files(*PACKAGES), besides=ROOM_OF_COMMITS)


def test_only_the_clock_reads_the_clock() -> None:
    """The wall clock is read in one room."""
    assert [] == findings_in(wall_clocks, files(*PACKAGES), besides=ROOM_OF_CLOCK)


def test_the_engine_counts_in_whole_numbers() -> None:
    """The engine and the shops know no float, no Decimal and no true division."""
    assert [] == findings_in(fractions, files(*ENGINE), besides=ROOM_OF_WAITING)


def test_rooms_are_small() -> None:
    """No function is longer than a screen, no file longer than a sitting."""
    assert [] == findings_in(long_rooms, files(*PACKAGES))


def test_nothing_is_put_off() -> None:
    """Work that is left has an issue, not a note in the source."""
    assert [] == findings_in(promises, files(*PACKAGES, "tests", "benchmarks"))


def test_modules_are_named_by_their_noun() -> None:
    """No module is named for nothing in particular."""
    names = [path.stem for path in files(*PACKAGES, "tests", "benchmarks")]
    assert [] == [finding for name in names for finding in vague_names(name)]


def test_wings_export_nothing() -> None:
    """A wing's __init__ is its map and nothing else."""
    inits = (path for path in files(*PACKAGES, "tests") if path.name == "__init__.py")
    assert [] == findings_in(exports, inits)


def test_residents_read_no_word_of_money() -> None:
    """Pages and their files never speak of paying in or out."""
    pages = (p for folder in ("templates", "static") for p in (ROOT / "api" / folder).rglob("*"))
    texts = (p for p in pages if p.suffix in {".html", ".txt", ".js", ".css", ".json", ".svg"})
    assert [] == findings_in(money_words, texts)


BAD_SOURCES: list[tuple[Callable[[str], list[str]], str]] = [
    (commits, "connection.commit()"),
    (commits, "with x:\n    session.rollback()"),
    (wall_clocks, "x = datetime.now(UTC)"),
    (wall_clocks, "x = datetime.datetime.utcnow()"),
    (wall_clocks, "field(default_factory=date.today)"),
    (wall_clocks, "time.time()"),
    (wall_clocks, "from time import time"),
    (fractions, "x = 1 / 2"),
    (fractions, "x /= 2"),
    (fractions, "x = 0.5"),
    (fractions, "def f(x: float) -> None: ..."),
    (fractions, "from decimal import Decimal"),
    (fractions, "decimal.Decimal('1')"),
    (long_rooms, "def f():\n" + "    x = 1\n" * LINES_PER_FUNCTION),
    (long_rooms, "x = 1\n" * (LINES_PER_FILE + 1)),
    (promises, "# TO" + "DO: later"),
    (exports, '"""Map."""\nfrom creditbank import ledger'),
    (exports, ""),
    (money_words, "去充值"),
    (vague_names, "utils"),
]
GOOD_SOURCES: list[tuple[Callable[[str], list[str]], str]] = [
    (commits, "unit.flush()"),
    (wall_clocks, "now = clock.now()\ntime.sleep(1)\nstart = time.monotonic()"),
    (fractions, "x = 7 // 2 % 3 * 1_000"),
    (long_rooms, "def f():\n" + "    x = 1\n" * (LINES_PER_FUNCTION - 1)),
    (promises, "todos = 'fixme later'"),
    (exports, '"""Map."""'),
    (money_words, "信义贝"),
    (vague_names, "claims"),
]


@pytest.mark.parametrize(("rule", "source"), BAD_SOURCES)
def test_a_rule_finds_its_bad_sample(rule: Callable[[str], list[str]], source: str) -> None:
    """Every rule over source is able to fail."""
    assert rule(source)


@pytest.mark.parametrize(("rule", "source"), GOOD_SOURCES)
def test_a_rule_lets_its_good_sample_pass(rule: Callable[[str], list[str]], source: str) -> None:
    """No rule over source finds what is not there."""
    assert [] == rule(source)


# Rules over tables -----------------------------------------------------------------------------


def tenancy(table: Table) -> list[str]:
    """Keys of a bank's table that do not lead with bank_id."""
    if table.name in OF_NO_BANK:
        return []
    keys = {"primary key": list(table.primary_key.columns)}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            keys[f"unique {constraint.name}"] = list(constraint.columns)
        if isinstance(constraint, ForeignKeyConstraint):
            keys[f"foreign key {constraint.name}"] = list(constraint.columns)
            keys[f"target of {constraint.name}"] = [constraint.elements[0].column]
    for index in table.indexes:
        if index.unique:
            keys[f"unique index {index.name}"] = list(index.columns)
    return [
        f"{table.name}: {key}"
        for key, columns in keys.items()
        if not columns or columns[0].name != "bank_id"
    ]


def generated_ids(table: Table) -> list[str]:
    """Columns that the database would number itself."""
    found = [
        f"{table.name}.{column.name}"
        for column in table.columns
        if column.identity is not None or isinstance(column.default, Sequence)
    ]
    if table.autoincrement_column is not None:
        found.append(f"{table.name}.{table.autoincrement_column.name}")
    return found


def loose_references(table: Table) -> list[str]:
    """Foreign keys and unique keys that a distributed database does not keep."""
    found = []
    for constraint in table.constraints:
        ondelete = getattr(constraint, "ondelete", None) or ""
        if ondelete.upper() == "SET NULL":
            found.append(f"{table.name}: {constraint.name} sets null")
        if getattr(constraint, "deferrable", None):
            found.append(f"{table.name}: {constraint.name} is deferrable")
    return found


TABLE_RULES = [tenancy, generated_ids, loose_references]


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """All tables of the product."""
    for package in (*ENGINE, "api"):
        home = importlib.import_module(package)
        for module in pkgutil.walk_packages(home.__path__, f"{package}."):
            if not module.name.startswith("api.migrations"):
                importlib.import_module(module.name)
    return list(SQLModel.metadata.tables.values())


@pytest.mark.parametrize("rule", TABLE_RULES)
def test_tables_can_be_spread_by_bank(
    rule: Callable[[Table], list[str]], tables: list[Table]
) -> None:
    """Every key of a bank's table leads with bank_id, and no id is made by the database."""
    assert tables
    assert [] == [finding for table in tables for finding in rule(table)]


def test_few_tables_belong_to_no_bank(tables: list[Table]) -> None:
    """Only the bank itself, sign-in attempts and the installation stand outside the banks."""
    assert {t.name for t in tables if "bank_id" not in t.columns} <= OF_NO_BANK


def bad_tables() -> list[tuple[Callable[[Table], list[str]], Table]]:
    """One table for each way to break a rule."""
    metadata = MetaData()

    def bank_id() -> Column[int]:
        return Column("bank_id", BigInteger, primary_key=True, autoincrement=False)

    def number() -> Column[int]:
        return Column("n", Integer)

    Table("goal", metadata, bank_id(), Column("n", Integer, primary_key=True, autoincrement=False))
    to_goal = (["bank_id", "n"], ["goal.bank_id", "goal.n"])
    crossed = (["n", "bank_id"], ["goal.n", "goal.bank_id"])
    key = Column("id", BigInteger, primary_key=True, autoincrement=False)
    bad: list[tuple[Callable[[Table], list[str]], Table]] = [
        (tenancy, Table("a", metadata, key)),
        (tenancy, Table("b", metadata, bank_id(), number(), UniqueConstraint("n"))),
        (tenancy, Table("c", metadata, bank_id(), number(), Index("i", "n", unique=True))),
        (tenancy, Table("d", metadata, bank_id(), number(), ForeignKeyConstraint(*crossed))),
        (generated_ids, Table("e", metadata, Column("id", Integer, primary_key=True))),
        (generated_ids, Table("f", metadata, bank_id(), Column("n", Integer, Identity()))),
    ]
    loose = ForeignKeyConstraint(*to_goal, ondelete="SET NULL")
    late = ForeignKeyConstraint(*to_goal, deferrable=True)
    bad.append((loose_references, Table("g", metadata, bank_id(), number(), loose)))
    bad.append((loose_references, Table("h", metadata, bank_id(), number(), late)))
    return bad


@pytest.mark.parametrize(
    ("rule", "table"), bad_tables(), ids=lambda one: getattr(one, "__name__", one)
)
def test_a_rule_finds_its_bad_table(rule: Callable[[Table], list[str]], table: Table) -> None:
    """Every rule over tables is able to fail."""
    assert rule(table)


# Rules over routes -----------------------------------------------------------------------------


def exposed_tables(app: fastapi.FastAPI) -> list[str]:
    """Routes that take or give a table's row as it is."""
    found = []
    for context in iter_route_contexts(app.routes):
        endpoint = getattr(context, "endpoint", None)
        if endpoint is None:
            continue
        hints = typing.get_type_hints(inspect.unwrap(endpoint), include_extras=True)
        types = [hint for hint in hints.values() if not _is_dependency(hint)]
        types.append(getattr(context.original_route, "response_model", None))
        if any(_holds_table(kind, set()) for kind in types):
            found.append(str(context.path))
    return found


def _is_dependency(hint: object) -> bool:
    return any(isinstance(extra, Depends) for extra in getattr(hint, "__metadata__", ()))


def _holds_table(kind: object, seen: set[object]) -> bool:
    """Whether a table class is this type, or is held by it at any depth."""
    if isinstance(kind, type) and issubclass(kind, SQLModel) and kind.model_config.get("table"):
        return True
    inner = list(typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
        seen.add(kind)
        inner += [field.annotation for field in kind.model_fields.values()]
    return any(_holds_table(each, seen) for each in inner)


def money_routes(app: fastapi.FastAPI) -> list[str]:
    """Routes whose names speak of paying in or out."""
    said = ("name", "summary", "description", "tags")
    names = [
        " ".join([str(context.path), *(str(getattr(context.original_route, p, "")) for p in said)])
        for context in iter_route_contexts(app.routes)
    ]
    return [name for name in names if money_words(name)]


class Coin(SQLModel, table=True):
    """A table that exists only here, apart from those of the product."""

    metadata: typing.ClassVar[MetaData] = MetaData()
    bank_id: int = Field(primary_key=True)


class Purse(BaseModel):
    """A body that hides a table's row."""

    coins: list[Coin]


def bad_app() -> fastapi.FastAPI:
    """An app that breaks the rules over routes, one way per route."""
    router = fastapi.APIRouter(prefix="/bad")

    @router.get("/coin", summary="提现")
    def give() -> list[Coin]:
        return []

    @router.post("/purse")
    def take(purse: Purse) -> None:
        assert purse.coins is not None

    @router.get("/shown", response_model=Coin | None)
    def shown() -> None:
        return None

    app = fastapi.FastAPI()
    app.include_router(router)
    return app


def test_rules_over_routes_are_able_to_fail() -> None:
    """Table rows and words of money are found in a bad app."""
    assert ["/bad/coin", "/bad/purse", "/bad/shown"] == exposed_tables(bad_app())
    assert 1 == len(money_routes(bad_app()))


@pytest.mark.parametrize("rule", [exposed_tables, money_routes])
def test_routes_keep_the_house_rules(rule: Callable[[fastapi.FastAPI], list[str]]) -> None:
    """No table's row leaves or enters as it is, and no route takes or pays money."""
    module = pytest.importorskip("api.app", reason="there is no app yet")
    assert [] == rule(module.create_app())
