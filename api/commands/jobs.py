"""``creditbank jobs``: what the scheduler has done, does and has yet to do."""

from __future__ import annotations

import typer

from api.commands.options import BankSlug, DatabaseUrl, opened_bank

_SHOWN_MOST = 100


def jobs(database: DatabaseUrl = None, bank: BankSlug = None) -> None:
    """列出定时作业。 List the jobs of a bank, the newest hundred."""
    from rich.console import Console  # noqa: PLC0415 - slow
    from rich.table import Table  # noqa: PLC0415

    from creditbank import jobs as rows  # noqa: PLC0415

    with opened_bank(database, bank, writing=False) as (it, of):
        known = it.read(of.bank_id, rows.listing)
    table = Table(title=f"定时作业 / Jobs · {of.name}", title_justify="left")
    for column in ("kind", "period", "state", "owner", "lease until", "done at"):
        table.add_column(column, overflow="fold")
    newest = sorted(known, key=lambda job: job.created_at)[-_SHOWN_MOST:]
    for job in newest:
        times = (job.lease_until, job.done_at)
        instants = [at.isoformat(timespec="seconds") if at else "" for at in times]
        table.add_row(job.kind, job.period or "-", job.state, job.owner, *instants)
    Console().print(table)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(jobs)
