"""``creditbank quote``: what an offer gives on a bill; no database needed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.bank import DEFAULT_ZONE


def quote(
    offer: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, readable=True, help="An offer's TOML file.")
    ],
    cart: Annotated[
        str | None, typer.Option(metavar="YUAN", help="The bill, e.g. 59.99; items need none.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day.  [default: today]")
    ] = None,
) -> None:
    """试算。 Say how many points a bill may take, and what they take off it."""
    from creditbank.core.clock import SystemClock, day_of  # noqa: PLC0415 - slow
    from creditbank.core.values import PAYMENT_UNITS_MOST, write_units  # noqa: PLC0415
    from merchants import offer_files, offers  # noqa: PLC0415

    rule = offer_files.parse(_text(offer))
    found = offers.usable(
        rule,
        day=on.date() if on else day_of(SystemClock().now(), DEFAULT_ZONE),
        cart_fen=None if cart is None else offers.cart(offers.read_yuan(cart)),
        balance=PAYMENT_UNITS_MOST,
    )
    if found.reason is not None:
        typer.echo(f"没有可用的积分 / Nothing usable: {found.reason}", err=True)
    discount = write_units(found.discount_fen, offers.YUAN_SCALE)
    typer.echo(f"points={found.points_most} discount={discount}")


def _text(path: Path) -> str:
    """Read a text file.

    Raises:
        OfferInvalid: it is no UTF-8.
    """
    from merchants.errors import OfferInvalid  # noqa: PLC0415 - slow

    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OfferInvalid("toml", 1, "not UTF-8 / 不是 UTF-8 编码") from error


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(quote)
