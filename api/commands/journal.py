"""``creditbank import transfers`` and ``creditbank export balances``."""

from __future__ import annotations

import csv
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.bank import operator
from api.commands.options import BankSlug, DatabaseUrl, opened_bank

if TYPE_CHECKING:
    from creditbank.core.banks import Bank
    from creditbank.core.database import Database
    from creditbank.core.units import Unit
    from creditbank.core.values import Asset
    from creditbank.ledger.plans import Plan, Slice

importing = typer.Typer(help="导入。 Bring foreign records in.", no_args_is_help=True)
exporting = typer.Typer(help="导出。 Write records out.", no_args_is_help=True)


@importing.callback()
def _importing() -> None:
    """导入。 Bring foreign records in."""


@exporting.callback()
def _exporting() -> None:
    """导出。 Write records out."""


@importing.command()
def transfers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")],
    asset: Annotated[
        str, typer.Option(metavar="CODE:SCALE", help="The asset; made if the bank has none.")
    ],
    allow_negative: Annotated[
        list[str], typer.Option(metavar="NAME", help="A name that may fall below zero.")
    ] = [],  # noqa: B006 - typer's way to say "may be repeated"; never changed
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """导入凭证流水。 Load a journal: key,occurred_at,kind,source,destination,amount."""
    from creditbank.ledger import accounts, journal, plans  # noqa: PLC0415 - slow

    wanted = _asset(asset)
    with opened_bank(database, bank, writing=True) as (it, of), file.open("rb") as content:
        known = _asset_of(it, of, wanted)
        with plans.make(
            journal.lines_of(content),
            asset=known,
            zone=of.zone,
            look=partial(it.read, of.bank_id),
            allow_negative=allow_negative,
        ) as plan:
            if plan.bad_found:
                _tell_bad(plan)
                raise typer.Exit(1)
            it.write(of.bank_id, operator(), lambda unit: accounts.create_asset(unit, known))
            loaded = _load(it, of, plan)
            repeated = plan.repeated
    typer.echo(f"loaded={loaded} repeated={repeated}")
    if not loaded:
        typer.echo("没有新内容，账本未变 / Nothing new; the books are as they were", err=True)


def _asset(text: str) -> Asset:
    """Read ``CODE:SCALE``.

    Raises:
        BadField: it is written otherwise.
    """
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.core.values import Asset, AssetKind  # noqa: PLC0415

    code, _, scale = text.partition(":")
    if not (scale.isascii() and scale.isdigit()):
        raise BadField("asset", "CODE:SCALE, e.g. XYB:0")
    return Asset(code, code, int(scale), AssetKind.SPENDABLE)


def _asset_of(database: Database, bank: Bank, wanted: Asset) -> Asset:
    """Return the bank's asset of this code, or the wanted one if it has none.

    Raises:
        BadField: the bank's asset of this code has another scale.
    """
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.ledger import accounts  # noqa: PLC0415

    known = database.read(bank.bank_id, accounts.every_asset).get(wanted.code, wanted)
    if known.scale != wanted.scale:
        raise BadField("asset", f"{wanted.code}: scale {known.scale} / 小数位数为 {known.scale}")
    return known


def _tell_bad(plan: Plan) -> None:
    told = plan.bad
    for row in told:
        typer.echo(f"第 {row.line} 行 / line {row.line}: {row.reason}", err=True)
    more = plan.bad_found - len(told)
    if more > 0:
        typer.echo(f"另有 {more} 行 / and {more} more", err=True)
    typer.echo(
        f"共 {plan.bad_found} 行有误，未导入任何内容 / "
        f"{plan.bad_found} bad rows; nothing was loaded",
        err=True,
    )


def _load(database: Database, bank: Bank, plan: Plan) -> int:
    """Load a plan slice by slice, with a progress bar on a terminal; returns what was new."""
    from rich.console import Console  # noqa: PLC0415 - slow
    from rich.progress import MofNCompleteColumn, Progress  # noqa: PLC0415

    from creditbank.ledger.imports import PACE  # noqa: PLC0415

    last, loaded = 0, 0
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("导入 / loading", total=plan.rows)
        while part := plan.after(last, PACE.size):
            loaded += database.writer.submit(
                bank.bank_id, operator(), partial(_load_part, part=part), patient=True
            ).result()
            last = part.last
            bar.advance(task, len(part.drafts))
    return loaded


def _load_part(unit: Unit, part: Slice) -> int:
    from creditbank.ledger import walks  # noqa: PLC0415 - slow
    from creditbank.ledger.imports import PACE  # noqa: PLC0415

    with PACE.timed(len(part.drafts)):
        return walks.load(unit, part.drafts, part.bounds, lines=part.lines)


@exporting.command()
def balances(database: DatabaseUrl = None, bank: BankSlug = None) -> None:
    """导出余额。 Write account,asset,balance for every account; each asset sums to 0."""
    from creditbank.ledger import journal  # noqa: PLC0415 - slow

    with opened_bank(database, bank, writing=False) as (it, of):
        lines = it.read(of.bank_id, journal.balance_lines)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("account", "asset", "balance"))
    out.writerows((line.account, line.asset, line.balance) for line in lines)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(importing, name="import")
    app.add_typer(exporting, name="export")
