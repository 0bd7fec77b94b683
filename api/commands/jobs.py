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
    if not known:
        typer.echo("还没有定时作业；服务运行后会出现 / No jobs yet; they appear once it is served")
        return
    table = Table(title=f"定时作业 / Jobs · {of.name}", title_justify="left")
    for column in ("kind", "period", "state", "lease until / done at"):
        table.add_column(column, no_wrap=True)
    table.add_column("owner", overflow="fold")
    for job in sorted(known, key=lambda job: job.created_at)[-_SHOWN_MOST:]:
        at = job.done_at or job.lease_until
        instant = f"{at:%Y-%m-%d %H:%M:%SZ}" if at else ""
        table.add_row(job.kind, job.period or "-", job.state, instant, job.owner)
    Console().print(table)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(jobs)
