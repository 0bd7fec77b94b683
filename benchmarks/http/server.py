"""``python -m benchmarks.http.server``: the server as `creditbank serve` runs it, and two routes.

The null route takes the body, the key and the answer of a redemption through the same middlewares
and the same validation, and answers without a database: what a redemption can at best cost. The
other route writes pay codes for whoever keeps the server busy longer than codes last. Both are
mounted here alone. The server ends with the process that began it.
"""

from __future__ import annotations

import argparse
import os
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Depends, Path
from pydantic import Field
from sqlalchemy import insert

from api import settings as of_deployment
from api.commands import serve
from api.edge.forms import Form, Shown
from api.edge.routes import Routes
from api.edge.wiring import Key, bank_of, database_of
from api.routes.receipts import ReceiptShown
from api.routes.redemptions import ScanAndRedeemForm
from benchmarks.http import children
from creditbank.core.clock import SystemClock
from creditbank.core.database import Database
from creditbank.core.ids import IdSource
from creditbank.core.units import Actor, Unit
from merchants import code_digits
from merchants.codes import CodeState, pay_codes
from merchants.receipts import Receipt
from merchants.redemptions import State

_OFFICE = Actor("stf_bench", "operator")
_CODES_LIVE = timedelta(hours=1)
_AT_ONCE = 1_000
_NULL_POINTS, _NULL_FEN = 3, 300

router = Routes(prefix="/v1/b/{slug}", tags=["bench"])


class CodesForm(Form):
    """Who is to have a pay code."""

    member_ids: list[str] = Field(max_length=_AT_ONCE)


class CodesShown(Shown):
    """The digits of their codes, in the same order."""

    digits: list[str]


def _receipt() -> Receipt:
    """Return a receipt such as any other; made once, as it is the route that is measured."""
    ids, now = IdSource(), SystemClock().now()

    def new(kind: str) -> str:
        return ids.prefixed(kind, now)

    return Receipt(
        *(new("red"), "00000000", State.PAID, new("mer"), new("til"), new("off"), "XYB"),
        cart_fen=3000,
        points=_NULL_POINTS,
        discount_fen=_NULL_FEN,
        to_pay_fen=3000 - _NULL_FEN,
        refunded_points=0,
        balance_after=1000,
        transfer_id=new("trf"),
        paid_at=now,
        reason=None,
    )


_RECEIPT = _receipt()


@router.post("/null", summary="Answer without a database", response_model=ReceiptShown)
async def null(slug: str, key: Key, form: ScanAndRedeemForm) -> Receipt:  # noqa: ARG001
    """Take what a redemption takes, and answer what it answers."""
    return _RECEIPT


@router.post("/bench-codes", summary="Write pay codes", response_model=CodesShown)
async def write_codes(
    bank_id: Annotated[int, Depends(bank_of)],
    database: Annotated[Database, Depends(database_of)],
    slug: Annotated[str, Path()],  # noqa: ARG001 - read by `bank_of`
    form: CodesForm,
) -> CodesShown:
    """Give members a pay code each that lives for hours; who has a live one burns both."""
    digits = await database.writer.run(
        bank_id, _OFFICE, lambda unit: _written(unit, form.member_ids)
    )
    return CodesShown(digits=digits)


def _written(unit: Unit, member_ids: list[str]) -> list[str]:
    rows = [
        {
            "bank_id": unit.bank_id,
            "pay_code_id": unit.new_id("pcd"),
            "member_id": member_id,
            "digits": code_digits.complete(unit.ids.digits(code_digits.RANDOM_DIGITS)),
            "state": CodeState.LIVE,
            "issued_at": unit.now,
            "ends_at": unit.now + _CODES_LIVE,
            "device_since": None,
            "delegate_id": None,
        }
        for member_id in member_ids
    ]
    unit.run(insert(pay_codes), rows)
    return [str(row["digits"]) for row in rows]


def main() -> None:
    """Serve until told to stop, or until the parent is gone."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.http.server", description=__doc__)
    asked.add_argument("--database", metavar="URL", required=True)
    asked.add_argument("--keys", metavar="FILE", type=FilePath, help="the persons' keys")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    told = asked.parse_args()
    if told.parent is not None:
        children.end_with(told.parent)
    if told.keys is not None:
        os.environ["CREDITBANK_KEYS"] = str(told.keys)
    serve.run(
        of_deployment.read(database=told.database, host="127.0.0.1", port=told.port),
        beside=(router,),
    )


if __name__ == "__main__":
    main()
