"""``creditbank replay orders``: real purchases through the till, with known totals."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import BankSlug, DatabaseUrl, url_of

DEFAULT_SLUG = "replay"

replaying = typer.Typer(help="重放。 Replay records through the engine.", no_args_is_help=True)


@replaying.callback()
def _replaying() -> None:
    """重放。 Replay records through the engine."""


@replaying.command()
def orders(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV of orders.")],
    offer: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="An offer's TOML file.")],
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """重放购物记录。 Take points for every order, in a throw-away database by default."""
    from rich.console import Console  # noqa: PLC0415 - slow, as are the others
    from rich.progress import Progress  # noqa: PLC0415

    from api.vaults import vault_of  # noqa: PLC0415
    from creditbank.core.clock import ManualClock, SystemClock  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415
    from seeds import orders as seeds  # noqa: PLC0415

    found = seeds.read(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""))
    text = offer.read_text(encoding="utf-8")
    clock = ManualClock(SystemClock().now())
    with (
        _ready(database) as url,
        Database(url, clock=clock, vault=vault_of(url) if database else None) as it,
        Progress(console=Console(stderr=True), transient=True) as shown,
    ):
        task = shown.add_task("核销 / redeeming", total=len(found))

        def bad_cart(order_no: int) -> None:
            said = f"订单 {order_no}:金额为 0 / order {order_no}: the bill is 0"
            shown.console.print(said, highlight=False, soft_wrap=True)

        totals = seeds.replay(
            it,
            clock,
            found,
            slug=bank or DEFAULT_SLUG,
            offer=text,
            bad_cart=bad_cart,
            progress=lambda done: shown.update(task, completed=done),
        )
    typer.echo(
        f"orders={totals.orders} eligible={totals.eligible} "
        f"points={totals.points} discount_fen={totals.discount_fen}"
    )


@contextmanager
def _ready(database: str | None) -> Iterator[str]:
    """Yield the URL of a database that is ready: the one that was told, or one for this run."""
    from api import schema  # noqa: PLC0415 - slow

    if database:
        url = url_of(database)
        schema.check(url)
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="creditbank-replay-") as folder:
        url = f"sqlite:///{Path(folder) / 'replay.db'}"
        schema.migrate(url)
        yield url


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(replaying, name="replay")
