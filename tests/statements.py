"""Reads every SQL statement of the tests and fails on what the house forbids.

Three kinds of finding (DESIGN §2 laws 5 and 10, §9):

- a statement that touches a bank's table without asking for its `bank_id`;
- a row lock on PostgreSQL out of the one order, or on many rows in no order;
- a construct that a distributed PostgreSQL cannot run.

A finding is raised where the statement runs, and kept, so that a test fails even if the code
under test swallows the error. The reading is by tokens, not by a grammar: it may be fooled on
purpose, not by accident.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, MetaData, UniqueConstraint, event
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

# The one order of locks. A table that is locked and not named here is a finding: give it a rank.
LOCK_ORDER: dict[str, int] = {
    "job": 0,
    "period": 1,
    "staff": 1,
    "sign_in_attempt": 1,
    "arrival": 1,
    "member": 2,
    "household": 3,
    "list_entry": 3,
    "payment_pin": 3,
    "team": 3,
    "task": 3,
    "claim": 4,
    "cashier": 5,
    "till": 5,
    "pairing": 5,
    "pay_code": 5,
    "redemption": 5,
    "handout": 5,
    "service": 5,
    "counter": 6,
    "notice": 6,
    "sign_in_phone": 6,
    "standing": 6,
    "hold": 7,
    "account": 8,
}

# Rows of these are locked in the order of their ids, over a whole transaction.
_BY_ID = {"account", "member"}

# The only tables that belong to no bank (DESIGN §2 law 10).
OF_NO_BANK = frozenset({"bank", "sign_in_attempt", "installation"})

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|(?P<text>'(?:[^']|'')*')"
    r"|(?P<bind>%\(\w+\)s|%s|(?<!:):\w+|\?|\$\d+)"
    r"|\"(?P<quoted>[^\"]+)\"|(?P<word>[^\W\d]\w*)|(?P<number>\d+)|(?P<other>::|[<>!]=|<>|\S)",
    re.DOTALL,
)
_NOT_ROWS = {
    *("alter", "analyze", "attach", "begin", "comment", "commit", "create", "detach", "drop"),
    *("end", "grant", "pragma", "reindex", "release", "revoke", "rollback", "savepoint", "set"),
    *("show", "start", "truncate", "vacuum"),
}
_CLAUSES = {
    *("select", "from", "where", "on", "set", "values", "returning", "group", "order", "having"),
    *("limit", "offset", "window", "conflict", "for", "union", "except", "intersect", "using"),
}
_COUNTED = {"where", "on", "having", "using", "columns"}
_TABLE_FOLLOWS = {"from", "join", "into", "update", "using"}


class Finding(AssertionError):
    """A statement that the house forbids."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, sign or bound value of a statement, with its place."""

    text: str
    kind: str
    depth: int
    clause: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one statement does, as far as its tokens tell."""

    tokens: tuple[Token, ...]
    tables: tuple[str, ...]
    aliases: Mapping[str, str]
    written: frozenset[str]

    @property
    def verb(self) -> str:
        """The first word."""
        return self.tokens[0].text if self.tokens else ""

    def words(self) -> str:
        """All tokens in lower case, one space between them, texts left out."""
        return " ".join(token.text for token in self.tokens if token.kind != "text")

    def follows(self, *words: str) -> int | None:
        """The place after the first run of these words."""
        size = len(words)
        for place in range(len(self.tokens) - size + 1):
            if all(self.tokens[place + n].text == words[n] for n in range(size)):
                return place + size
        return None


@dataclass(slots=True)
class Locks:
    """What one database transaction has locked so far."""

    rank: int = -1
    last: str = ""
    tables: set[str] = field(default_factory=set)
    ids: dict[str, set[Any]] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def read(statement: str) -> Reading:
    """Read one statement."""
    scan = _Scan()
    for text, kind in _split(statement):
        scan.take(text, kind)
    return Reading(
        tuple(scan.tokens), tuple(scan.tables), dict(scan.aliases), frozenset(scan.written)
    )


class _Scan:
    """One walk over the tokens of a statement."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.tables: list[str] = []
        self.aliases: dict[str, str] = {}
        self.written: set[str] = set()
        self._clauses = [""]  # the clause we are in, one entry per open parenthesis
        self._expecting: set[int] = set()  # depths at which the next name is a table
        self._listing: set[int] = set()  # depths at which a comma brings another table
        self._queries = {0}  # depths that hold a query, not the arguments of a function

    def take(self, text: str, kind: str) -> None:
        """Take the next token."""
        depth = len(self._clauses) - 1
        before = self.tokens[-1].text if self.tokens else ""
        if kind == "other":
            self._sign(text, depth)
        elif kind == "word" and text in _TABLE_FOLLOWS and self._brings_table(text, before, depth):
            self._expecting.add(depth)
            if text in {"from", "using"}:
                self._listing.add(depth)
            self._clauses[-1] = "from" if text == "join" else text
        elif kind == "word" and text in _CLAUSES:
            self._clause(text, depth)
        elif kind in {"word", "quoted"}:
            self._name(text, before, depth)
        self.tokens.append(Token(text, kind, len(self._clauses) - 1, self._clauses[-1]))

    def _sign(self, sign: str, depth: int) -> None:
        if sign == "(":
            self._clauses.append("columns" if self._clauses[-1] == "into" else self._clauses[-1])
            self._expecting.discard(depth)
        elif sign == ")" and depth > 0:
            self._clauses.pop()
            for depths in (self._expecting, self._listing, self._queries):
                depths.discard(depth)
        elif sign == "," and depth in self._listing:
            self._expecting.add(depth)

    def _clause(self, word: str, depth: int) -> None:
        self._clauses[-1] = word
        self._expecting.discard(depth)
        if word == "select":
            self._queries.add(depth)
        if word not in {"on", "using"}:
            self._listing.discard(depth)

    def _name(self, name: str, before: str, depth: int) -> None:
        if depth in self._expecting and name not in {"only", "lateral"}:
            self._expecting.discard(depth)
            self.tables.append(name)
            self.aliases[name] = name
            if before in {"into", "update"} or self._deletes():
                self.written.add(name)
        elif before == "." and self._just_named():  # it was a schema, and this is the table
            del self.aliases[self.tables.pop()]
            self.tables.append(name)
            self.aliases[name] = name
        elif self.tables and before in {self.tables[-1], "as"}:
            self.aliases.setdefault(name, self.tables[-1])

    def _brings_table(self, word: str, before: str, depth: int) -> bool:
        """Whether a table follows this word: not in FOR UPDATE, nor in extract(year FROM …)."""
        if word == "from":
            return before != "distinct" and (depth in self._queries or before == "delete")
        return before not in {"key", "for", "do"}

    def _deletes(self) -> bool:
        return [token.text for token in self.tokens[-2:]] == ["delete", "from"]

    def _just_named(self) -> bool:
        """Whether the last tokens are `name.`, the name being the one just taken for a table."""
        last = [token.text for token in self.tokens[-3:]]
        return (
            len(last) == 3
            and bool(self.tables)
            and last[1] == self.tables[-1]
            and last[0] in {*_TABLE_FOLLOWS, ",", "only"}
            and self.tokens[-2].clause in _TABLE_FOLLOWS
        )


def _split(statement: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup
        if kind is not None:
            text = match[kind]
            yield (text.lower() if kind in {"word", "quoted"} else text), kind


@lru_cache(maxsize=4096)
def check_tenancy(statement: str, bank_tables: frozenset[str]) -> None:
    """Fail unless each of a bank's tables in the statement is asked for by its `bank_id`."""
    reading = read(statement)
    if reading.verb in _NOT_ROWS or "_alembic_tmp_" in statement:
        return
    touched = [name for name in reading.tables if name in bank_tables]
    asked = sum(1 for t in reading.tokens if t.text == "bank_id" and t.clause in _COUNTED)
    if asked < len(touched):
        message = f"{len(touched)} uses of {sorted(set(touched))}, {asked} times bank_id"
        raise Finding(_tell(message, statement))


@lru_cache(maxsize=4096)  # what it raises is not kept
def check_constructs(statement: str, dialect: str) -> None:
    """Fail on a construct that a distributed PostgreSQL cannot run."""
    reading = read(statement)
    words = f" {reading.words()} "
    found: list[str] = []
    if re.search(r" pg_(try_)?advisory_", words):
        found.append("an advisory lock")
    if reading.verb in {"listen", "notify", "unlisten"} or " pg_notify " in words:
        found.append("LISTEN or NOTIFY")
    if reading.verb == "lock":
        found.append("LOCK TABLE")
    if re.search(r"(^| )merge into ", words):
        found.append("MERGE")
    if re.search(r" case (?!when )", words):
        found.append("CASE with an operand")
    if any(t.text == "insert" and t.kind == "word" and t.depth > 0 for t in reading.tokens):
        found.append("INSERT inside a WITH")
    if " on conflict " in words and re.search(r" (now \(|current_timestamp )", words):
        found.append("the database's clock in an upsert")
    if reading.verb in {"create", "alter"}:
        found += _in_definitions(reading, words, dialect)
    if found:
        raise Finding(_tell(" and ".join(found), statement))


def _in_definitions(reading: Reading, words: str, dialect: str) -> list[str]:
    found = []
    if dialect == "postgresql" and re.match(r" create (or replace )?(constraint )?trigger ", words):
        found.append("a trigger on PostgreSQL")
    if re.search(r" ((small|big)?serial|generated (always|by default) as identity) ", words):
        found.append("a serial or identity column")
    if re.search(r" on delete set null ", words):
        found.append("ON DELETE SET NULL")
    if re.search(r"(?<! not) deferrable ", words):
        found.append("a deferrable constraint")
    if reading.follows("exclude", "using") is not None:
        found.append("an exclusion constraint")
    return found


def check_locks(statement: str, parameters: object, locks: Locks, metadata: MetaData) -> None:
    """Fail on a row lock out of order, and remember what this statement locks.

    A plain UPDATE or DELETE locks too: it must not reach back to a table of lower rank that this
    transaction has neither locked nor filled before.
    """
    reading = read(statement)
    for table in _locked_tables(statement):
        if table not in LOCK_ORDER:
            raise Finding(_tell(f"a lock on {table}, which has no rank in LOCK_ORDER", statement))
        _take(table, statement, locks)
        if _is_many(reading, table, metadata):
            _check_ordered(reading, table, statement)
        _check_ascending(reading, table, parameters, locks, statement)
    if reading.verb == "insert":
        locks.tables |= reading.written
    for table in reading.written - locks.tables:
        if table in LOCK_ORDER:
            _take(table, statement, locks)


def _take(table: str, statement: str, locks: Locks) -> None:
    rank = LOCK_ORDER[table]
    if rank < locks.rank:
        raise Finding(_tell(f"{table} is locked after {locks.last}", statement))
    locks.rank, locks.last = rank, table
    locks.tables.add(table)


def _locking_clause(reading: Reading) -> int | None:
    """The place after the words of the locking clause."""
    for words in (
        ("for", "no", "key", "update"),
        ("for", "key", "share"),
        ("for", "update"),
        ("for", "share"),
    ):
        place = reading.follows(*words)
        if place is not None:
            return place
    return None


@lru_cache(maxsize=4096)
def _locked_tables(statement: str) -> tuple[str, ...]:
    reading = read(statement)
    place = _locking_clause(reading)
    if place is None:
        return ()
    after = reading.tokens[place:]
    if after and after[0].text == "of":
        named = [t.text for t in after[1:] if t.text in reading.aliases]
        return tuple(dict.fromkeys(reading.aliases[name] for name in named))
    queries = _named_queries(reading)
    return tuple(name for name in dict.fromkeys(reading.tables) if name not in queries)


def _named_queries(reading: Reading) -> set[str]:
    """The names that a WITH gives to queries of its own."""
    said = [token.text for token in reading.tokens]
    after = zip(said, said[1:], said[2:], strict=False)
    return {name for name, word, sign in after if (word, sign) == ("as", "(")}


def _equalities(reading: Reading, table: str) -> dict[str, Token]:
    """Columns of a table that WHERE compares with one value, and that value."""
    found: dict[str, Token] = {}
    tokens = reading.tokens
    for place in range(1, len(tokens) - 1):
        name, sign, value = tokens[place - 1], tokens[place], tokens[place + 1]
        if sign.text != "=" or name.clause != "where" or value.text in {"any", "all"}:
            continue
        owner = tokens[place - 3].text if tokens[place - 2].text == "." else table
        if reading.aliases.get(owner, owner) == table:
            found[name.text] = value
    return found


def _is_many(reading: Reading, table: str, metadata: MetaData) -> bool:
    """Whether the lock may take more than one row, as far as keys and LIMIT tell."""
    limit = reading.follows("limit")
    if limit is not None and reading.tokens[limit].text == "1":
        return False
    if any(t.text == "or" and t.clause == "where" for t in reading.tokens):
        return True
    known = metadata.tables.get(table)
    if known is None:
        return True
    compared = set(_equalities(reading, table))
    keys = [{column.name for column in known.primary_key.columns}]
    keys += [
        {column.name for column in constraint.columns}
        for constraint in known.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    keys += [{c.name for c in index.columns} for index in known.indexes if index.unique]
    return not any(key and key <= compared for key in keys)


def _check_ordered(reading: Reading, table: str, statement: str) -> None:
    place = reading.follows("order", "by")
    if place is None:
        raise Finding(_tell("a lock on many rows without ORDER BY", statement))
    order = {token.text for token in reading.tokens[place:] if token.clause == "order"}
    if "desc" in order:
        raise Finding(_tell("a lock on many rows in falling order", statement))
    if table in _BY_ID and not order & _ids_of(table):
        raise Finding(_tell(f"a lock on many rows of {table}, not in the order of ids", statement))


def _ids_of(table: str) -> set[str]:
    return {"id", f"{table}_id"}


def _check_ascending(
    reading: Reading, table: str, parameters: object, locks: Locks, statement: str
) -> None:
    if table not in _BY_ID:
        return
    ids = _bound_ids(reading, table, parameters)
    held = locks.ids.setdefault(table, set())
    fresh = ids - held
    try:
        falls = bool(held) and bool(fresh) and min(fresh) < max(held)
    except TypeError:  # ids of different types tell nothing
        falls = False
    if falls:
        raise Finding(_tell(f"rows of {table} are locked in falling order of id", statement))
    held |= fresh


def _bound_ids(reading: Reading, table: str, parameters: object) -> set[Any]:
    """The ids that the statement names by bound values, where they can be seen."""
    binds: list[Token] = []
    tokens = reading.tokens
    compared = _equalities(reading, table)
    for name in _ids_of(table):
        if name in compared:
            binds.append(compared[name])
        for words in ((name, "in", "("), (name, "=", "any", "(")):
            place = reading.follows(*words)
            while place is not None and place < len(tokens) and tokens[place].text != ")":
                binds.append(tokens[place])
                place += 1
    found: set[Any] = set()
    for bind in binds:
        given = _given(reading, bind, parameters)
        if isinstance(given, list | tuple | set):
            found |= set(given)
        elif given is not None:
            found.add(given)
    return found


def _given(reading: Reading, bind: Token, parameters: object) -> Any:
    """The value of a bound place, given by name or by its turn."""
    if isinstance(parameters, Mapping):
        name = bind.text.removeprefix("%(").removesuffix(")s").removeprefix(":")
        return parameters.get(name)
    if not isinstance(parameters, Sequence):
        return None
    places = [token for token in reading.tokens if token.kind == "bind"]
    turn = next((n for n, token in enumerate(places) if token is bind), len(parameters))
    return parameters[turn] if turn < len(parameters) else None


def _tell(finding: str, statement: str) -> str:
    return f"{finding}:\n{statement}"


@lru_cache(maxsize=8)
def _bank_tables(metadata: MetaData, count: int) -> frozenset[str]:
    assert count == len(metadata.tables)
    return frozenset(
        table.name
        for table in metadata.tables.values()
        if "bank_id" in table.columns and table.name not in OF_NO_BANK
    )


_paused: ContextVar[bool] = ContextVar("statements_paused", default=False)


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Let migrations move rows of all banks; forbidden constructs are still found."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


class Watch:
    """Listens to every engine of the process and keeps what it finds."""

    def __init__(self, metadata: MetaData = SQLModel.metadata) -> None:
        self._metadata = metadata
        self._lock = threading.Lock()
        self._findings: list[Finding] = []

    def taken(self) -> list[Finding]:
        """The findings since the last call."""
        with self._lock:
            findings, self._findings = self._findings, []
        return findings

    @contextlib.contextmanager
    def installed(self) -> Iterator["Watch"]:
        """Listen for the length of a with block."""
        events: dict[str, Callable[..., Any]] = {
            "before_cursor_execute": self._before,
            "begin": self._forget,
            "commit": self._forget,
            "rollback": self._forget,
        }
        for name, listener in events.items():
            event.listen(Engine, name, listener)
        try:
            yield self
        finally:
            for name, listener in events.items():
                event.remove(Engine, name, listener)

    def _before(  # the arguments are SQLAlchemy's, by position
        self,
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        try:
            self._check(connection, statement, parameters)
        except Finding as finding:
            with self._lock:
                self._findings.append(finding)
            raise

    def _check(self, connection: Connection, statement: str, parameters: object) -> None:
        dialect = connection.dialect.name
        check_constructs(statement, dialect)
        if _paused.get():
            return
        tables = self._metadata.tables
        check_tenancy(statement, _bank_tables(self._metadata, len(tables)))
        if dialect != "postgresql":  # SQLite has one writer and drops locking clauses
            return
        if read(statement).verb in {"begin", "commit", "start"}:
            self._forget(connection)
        locks = connection.info.setdefault("creditbank.locks", Locks())
        check_locks(statement, parameters, locks, self._metadata)

    def _forget(self, connection: Connection) -> None:
        """The transaction is over, and its locks with it; a lost connection has none."""
        if not connection.invalidated:
            connection.info.pop("creditbank.locks", None)
