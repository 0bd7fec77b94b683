"""``creditbank audit``: proves the books of a bank, beside a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from api.commands.options import BankSlug, DatabaseUrl, opened_bank

if TYPE_CHECKING:
    from api.proofs import Verdict

_SHOWN_MOST = 20


def audit(database: DatabaseUrl = None, bank: BankSlug = None) -> None:
    """核账。 Prove that the books add up; exit 1 and name what does not."""
    from api import proofs  # noqa: PLC0415 - slow

    with opened_bank(database, bank, writing=False) as (it, of):
        verdicts = it.read(of.bank_id, proofs.audit)
    show(of.name, verdicts)
    if proofs.count(verdicts):
        raise typer.Exit(1)


def show(title: str, verdicts: list[Verdict]) -> None:
    """Print a table of proofs, and below it the first findings of each that fails."""
    from rich.console import Console  # noqa: PLC0415 - slow
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=f"核账 / Audit · {title}", title_justify="left")
    table.add_column("proof", overflow="fold")
    table.add_column("result", justify="right", no_wrap=True)
    for one in verdicts:
        count = len(one.findings)
        result = Text(f"{count} findings", "bold red") if count else Text("ok", "green")
        table.add_row(Text(one.proof), result)
    console = Console()
    console.print(table)
    for one in verdicts:
        for finding in one.findings[:_SHOWN_MOST]:
            console.print(Text(f"{finding.proof}: {finding.subject}: {finding.detail}"))
    total = sum(len(one.findings) for one in verdicts)
    said = f"{total} findings / 发现 {total} 处不符" if total else "账目相符 / the books add up"
    console.print(Text(f"{len(verdicts)} proofs · {said}"))


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(audit)
