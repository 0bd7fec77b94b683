"""One key, one effect, for ever (law 3).

``@keyed`` stands on every public function that writes on behalf of a caller. It claims the key
before anything else is looked at, runs the function in a savepoint, and keeps the outcome in the
same transaction: ids, figures and state, never a secret and never a name. The scope of a key is
(bank, caller, operation); its content is the hash of the operation and the caller's arguments,
keyed by the vault, so that nobody finds a phone number by trying all of them.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache, reduce, wraps
from operator import or_
from typing import (
    Annotated,
    Any,
    ClassVar,
    Concatenate,
    NamedTuple,
    ParamSpec,
    Self,
    TypeVar,
    get_args,
    get_type_hints,
)

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Column, Index, bindparam, delete, null, select, text, update
from sqlmodel import Field

from creditbank.core.asks import Ask
from creditbank.core.bulk import insert_new, update_all
from creditbank.core.errors import AnswerGone, CreditbankError, KeyMissing, KeyReused
from creditbank.core.prepared import Prepared
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank
from creditbank.core.units import Declined, Unit

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# What the edge makes or proves for a call (the hash of a fresh secret, a password's verdict): no
# part of what the caller said, so that the same request with the same key stays the same.
_UNSAID = "unsaid"
Unsaid = Annotated[T, _UNSAID]

# An operation that has moved to another room keeps the name under which its keys are stored.
_MOVED = {
    "publishing.publish": "tasks.publish",
    "publishing.open_draft": "tasks.open_draft",
    "rolls.close": "endings.close",
    "claiming.claim": "claims.claim",
    "withdrawals.withdraw": "claims.withdraw",
}

KEY_LENGTH = range(16, 256)
ANSWER_DAYS_KEPT = 30
FORGOTTEN_AT_ONCE = 200
_OK = "ok"
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
_CONTENT = "content"
_KEPT = text("answer IS NOT NULL AND outcome = 'ok'")


class KeyRow(OfBank, table=True):
    """A key, what it was used for, and what came of it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        to_bank(),
        Index(
            "ix_idempotency_key_kept",
            "bank_id",
            "recorded_at",
            sqlite_where=_KEPT,
            postgresql_where=_KEPT,
        ),
    )

    caller: str = Field(primary_key=True, max_length=64)
    operation: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=255)
    content_hash: str = Field(max_length=64)
    outcome: str = Field(max_length=64)
    answer: Any = Field(sa_column=Column("answer", JSON(none_as_null=True), nullable=True))
    recorded_at: datetime = Field(sa_type=UtcDateTime, index=False)


keys = table(KeyRow)


def content_hash(operation: str, arguments: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of an operation and the caller's arguments."""
    content = [operation, to_jsonable_python(dict(arguments))]
    return hashlib.sha256(_CANONICAL(content).encode()).hexdigest()


def keyed(
    function: Callable[Concatenate[Unit, P], R],
) -> Callable[Concatenate[Unit, P], R | Declined]:
    """Make a writing function answer the same call with the same key once and for ever.

    The function takes a Unit, then keyword-only arguments, ``key`` among them, and is annotated
    with a frozen result that JSON can carry. A final refusal it raises is undone, remembered
    and returned as `Declined`; other errors undo everything, the key included. An argument that
    is `Unsaid` is no part of the key's content.

    Raises:
        KeyMissing: the key is not 16–255 characters.
        KeyReused: the key was used with other content.
        AnswerGone: the key is known, its answer is no longer kept.
    """
    name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
    operation = _MOVED.get(name, name)
    signature = inspect.signature(function)
    adapter: list[TypeAdapter[Any]] = []

    def answers() -> TypeAdapter[Any]:
        if not adapter:
            hint = get_type_hints(function)["return"]
            parts = tuple(part for part in get_args(hint) if part is not Declined)
            wanted = reduce(or_, parts) if Declined in get_args(hint) else hint
            adapter.append(TypeAdapter(wanted))
        return adapter[0]

    @wraps(function)
    def once(unit: Unit, /, *args: P.args, **kwargs: P.kwargs) -> R | Declined:
        arguments = dict(signature.bind(unit, *args, **kwargs).kwargs)
        key = arguments.pop("key")
        if not isinstance(key, str) or len(key) not in KEY_LENGTH:
            raise KeyMissing
        claim = {
            "bank_id": unit.bank_id,
            "caller": unit.actor.id,
            "operation": operation,
            "key": key,
        }
        said = content_hash(operation, _said(function, signature, arguments))
        digest = unit.vault.hashed(_CONTENT, said)
        fresh = unit.run(
            insert_or_skip(unit.connection, keys).returning(keys.c.key),
            claim
            | {
                "content_hash": digest,
                "outcome": _OK,
                "answer": None,
                "recorded_at": unit.now,
            },
        ).first()
        if fresh is None:
            first: R | Declined = _recall(unit, claim, digest, answers())
            return first
        try:
            with unit.connection.begin_nested():
                result: R | Declined = function(unit, *args, **kwargs)
        except CreditbankError as error:
            if not error.final:
                raise
            result = Declined(error)
        if isinstance(result, Declined):
            _remember(unit, claim, result.error.slug, to_jsonable_python(result.error.figures))
        else:
            _remember(unit, claim, _OK, [answers().dump_python(result, mode="json")])
        return result

    return once


class KeyedAsk(Ask[R]):
    """An ask that a caller makes under a key: `keyed`, for a set.

    A subclass is a frozen dataclass with a field ``key``; its other fields are what the caller
    said, left out of the key's content where they are as by default.
    """

    operation: ClassVar[str]
    """The name under which keys are stored; never to be changed."""

    key: str

    @classmethod
    @abstractmethod
    def do(
        cls, units: Sequence[Unit], asks: Sequence[Self]
    ) -> Sequence[R | Declined | CreditbankError]:
        """Do the asks whose keys are new; as `Ask.together`.

        A refusal that is final, returned as an error or as `Declined`, is remembered.
        """

    @classmethod
    @abstractmethod
    def answers(cls) -> TypeAdapter[R]:
        """Return what turns an answer into JSON and back."""

    @classmethod
    def together(
        cls, units: Sequence[Unit], asks: Sequence[Self]
    ) -> Sequence[R | Declined | CreditbankError]:
        """Claim the keys, do what is new, remember it, and give first outcomes again."""
        calls = [
            _Call(n, units[n], ask.key, cls._digest(units[n], ask)) for n, ask in enumerate(asks)
        ]
        fresh = _claimed([call for call in calls if len(call.key) in KEY_LENGTH], cls.operation)
        found: dict[int, R | Declined | CreditbankError] = {}
        if fresh:
            done = cls.do([one.unit for one in fresh], [asks[one.place] for one in fresh])
            kept = [
                Declined(one) if isinstance(one, CreditbankError) and one.final else one
                for one in done
            ]
            _settle(fresh, kept, cls.operation, cls.answers())
            found = {one.place: outcome for one, outcome in zip(fresh, kept, strict=True)}
        for one in calls:
            if one.place not in found:
                found[one.place] = _recalled(one, cls.operation, cls.answers())
        return [found[one.place] for one in calls]

    @classmethod
    def _digest(cls, unit: Unit, ask: Self) -> str:
        said = {
            one.name: value
            for one in fields(ask)  # type: ignore[arg-type]
            if one.name != "key" and (value := getattr(ask, one.name)) is not one.default
        }
        return unit.vault.hashed(_CONTENT, content_hash(cls.operation, said))


class _Call(NamedTuple):
    """One ask of a set: its place, its unit, its key, and the hash of its content."""

    place: int
    unit: Unit
    key: str
    digest: str

    def scope(self, operation: str) -> dict[str, Any]:
        return {
            "bank_id": self.unit.bank_id,
            "caller": self.unit.actor.id,
            "operation": operation,
            "key": self.key,
        }


def _claimed(calls: Sequence[_Call], operation: str) -> list[_Call]:
    """Claim the keys of a set in their order; return the first call of each that is new."""
    if not calls:
        return []
    firsts: dict[tuple[str, str], _Call] = {}
    for one in calls:
        firsts.setdefault((one.unit.actor.id, one.key), one)
    rows = [
        one.scope(operation)
        | {
            "content_hash": one.digest,
            "outcome": _OK,
            "answer": None,
            "recorded_at": one.unit.now,
        }
        for _, one in sorted(firsts.items())
    ]
    new = insert_new(calls[0].unit, keys, rows, telling=("caller", "key"))
    return sorted(one for scope, one in firsts.items() if scope in new)


def _settle(
    calls: Sequence[_Call],
    done: Sequence[Any],
    operation: str,
    answers: TypeAdapter[Any],
) -> None:
    """Remember what came of each; what is no outcome gives its key back."""
    kept, given_back = [], []
    for one, outcome in zip(calls, done, strict=True):
        scope = one.scope(operation)
        if isinstance(outcome, CreditbankError):
            given_back.append({f"of_{column}": value for column, value in scope.items()})
        elif isinstance(outcome, Declined):
            answer = to_jsonable_python(outcome.error.figures)
            kept.append(scope | {"outcome": outcome.error.slug, "answer": answer})
        else:
            answer = [answers.dump_python(outcome, mode="json")]
            kept.append(scope | {"outcome": _OK, "answer": answer})
    update_all(calls[0].unit, keys, kept)
    _GIVE_BACK.run_each(calls[0].unit, given_back)


def _recalled(one: _Call, operation: str, answers: TypeAdapter[Any]) -> Any:
    if len(one.key) not in KEY_LENGTH:
        return KeyMissing()
    try:
        return _recall(one.unit, one.scope(operation), one.digest, answers)
    except CreditbankError as error:
        return error


def _said(
    function: Callable[..., Any], signature: inspect.Signature, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Leave out what is as by default, so that a later optional argument changes no old key.

    Nor does the caller say what is `Unsaid`.
    """
    unsaid = _unsaid(function)
    return {
        name: value
        for name, value in arguments.items()
        if value is not signature.parameters[name].default and name not in unsaid
    }


@cache
def _unsaid(function: Callable[..., Any]) -> frozenset[str]:
    hints = get_type_hints(function, include_extras=True)
    return frozenset(
        name for name, hint in hints.items() if _UNSAID in getattr(hint, "__metadata__", ())
    )


def _where(claim: Mapping[str, Any]) -> list[Any]:
    return [keys.c[column] == value for column, value in claim.items()]


def _remember(unit: Unit, claim: Mapping[str, Any], outcome: str, answer: Any) -> None:
    of = {f"of_{column}": value for column, value in claim.items()}
    unit.run(_REMEMBER, of | {"outcome": outcome, "answer": answer})


_THIS_KEY = tuple(
    keys.c[column] == bindparam(f"of_{column}")
    for column in ("bank_id", "caller", "operation", "key")
)
_REMEMBER = update(keys).where(*_THIS_KEY)
_GIVE_BACK = Prepared(delete(keys).where(*_THIS_KEY))


def _recall(unit: Unit, claim: Mapping[str, Any], digest: str, answers: TypeAdapter[Any]) -> Any:
    """Give the first outcome again."""
    row = unit.row(select(keys.c.content_hash, keys.c.outcome, keys.c.answer).where(*_where(claim)))
    assert row is not None, "the key conflicted, so it is there"
    if row.content_hash != digest:
        raise KeyReused(claim["key"])
    if row.outcome != _OK:
        figures = row.answer or {}
        return Declined(CreditbankError.by_slug[row.outcome](**figures))
    if row.answer is None:
        raise AnswerGone(row.outcome)
    return answers.validate_python(row.answer[0], strict=False)


def forget_answers(unit: Unit, *, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Drop up to ``limit`` answers older than 30 days, oldest first; keys and outcomes stay.

    Returns how many were dropped: fewer than ``limit`` when none is left.
    """
    kept = (
        keys.c.bank_id == unit.bank_id,
        keys.c.recorded_at < unit.now - timedelta(days=ANSWER_DAYS_KEPT),
        keys.c.answer.is_not(None),
        keys.c.outcome == _OK,
    )
    place = (keys.c.caller, keys.c.operation, keys.c.key)
    oldest = unit.rows(
        select(*place).where(*kept).order_by(keys.c.recorded_at, *place).limit(limit)
    )
    if oldest:
        unit.run(
            _FORGET,
            [
                {
                    "of_bank": unit.bank_id,
                    "of_caller": row.caller,
                    "of_operation": row.operation,
                    "of_key": row.key,
                }
                for row in oldest
            ],
        )
    return len(oldest)


_FORGET = (
    update(keys)
    .where(
        keys.c.bank_id == bindparam("of_bank"),
        keys.c.caller == bindparam("of_caller"),
        keys.c.operation == bindparam("of_operation"),
        keys.c.key == bindparam("of_key"),
    )
    .values(answer=null())
)
