"""``creditbank demo``: one society lives through a year; its story, its proofs, then its API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import audit, serve
from api.commands.options import DatabaseUrl, url_of

if TYPE_CHECKING:
    from creditbank.core.clock import ManualClock
    from creditbank.core.database import Database
    from seeds.chronicle import Year

DEFAULT_SEED = 2025
_WEEKS = 51


def demo(
    seed: Annotated[int, typer.Option(min=0, help="The same number, the same society.")] = (
        DEFAULT_SEED
    ),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Tell the story and stop.")] = False,
    weeks: Annotated[int, typer.Option(min=1, max=_WEEKS, help="Live only the first weeks.")] = (
        _WEEKS
    ),
    database: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
) -> None:
    """示范。 Watch an invented society live through a year, then serve it."""
    from rich.console import Console  # noqa: PLC0415 - slow, as are the others

    from api import proofs  # noqa: PLC0415
    from creditbank.core.clock import ManualClock, SystemClock  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415
    from seeds import story  # noqa: PLC0415

    url = url_of(database) if database else _own_file(seed)
    _prepare(url, fresh=database is None)
    console = Console()
    clock = ManualClock(SystemClock().now())
    with Database(url, clock=clock) as it:
        year = _live(console, it, clock, seed, weeks)
        story.tell(console, year)
        verdicts = it.read(year.bank.bank_id, proofs.audit)
        if not no_serve:
            _show_tokens(it, year)
    audit.show(year.bank.name, verdicts)
    if proofs.count(verdicts):
        raise typer.Exit(1)
    if not no_serve:
        serve.serve(database=url, host=host, port=port)


def _own_file(seed: int) -> str:
    return f"sqlite:///{Path(f'demo-{seed}.db').absolute()}"


def _prepare(url: str, *, fresh: bool) -> None:
    """Make the database ready; a file of our own from an earlier run is thrown away.

    Raises:
        DemonstrationRefused: it holds a bank that is no demonstration.
        WriterTaken: a server or command is writing to the file.
    """
    from api import schema  # noqa: PLC0415 - slow
    from api.errors import DemonstrationRefused  # noqa: PLC0415
    from creditbank.core import banks  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415
    from creditbank.core.engines import is_sqlite, sqlite_path, writer_lock  # noqa: PLC0415
    from creditbank.core.errors import SchemaMissing  # noqa: PLC0415

    try:
        schema.check(url)
    except SchemaMissing:
        schema.migrate(url)
        return
    with Database(url, writing=False) as it:
        known = it.reader.submit_install(banks.every).result()
    for bank in known:
        if not bank.demonstration:
            raise DemonstrationRefused(bank.slug)
    if fresh and is_sqlite(url):
        with writer_lock(url):
            for suffix in ("", "-wal", "-shm"):
                path = sqlite_path(url)
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        schema.migrate(url)


def _live(console: object, database: Database, clock: ManualClock, seed: int, weeks: int) -> Year:
    """Live the year with a progress bar."""
    from rich.console import Console  # noqa: PLC0415 - slow
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    from seeds import society, year  # noqa: PLC0415

    assert isinstance(console, Console)
    plan = society.plan(seed, weeks=weeks)
    with Progress(
        TextColumn("[bold green]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[day]}"),
        console=console,
        transient=not console.is_terminal,
    ) as shown:
        task = shown.add_task("这一年 · the year", total=None, day="")

        def progress(done: int, total: int, day: str) -> None:
            shown.update(task, completed=done, total=total, day=day)

        return year.build(database, clock, plan, seed, progress)


def _show_tokens(database: Database, year: Year) -> None:
    """Make one access token a role and print them once, so that the API's pages can be tried."""
    from functools import partial  # noqa: PLC0415

    from api import tokens  # noqa: PLC0415 - slow
    from api.commands.bank import operator  # noqa: PLC0415
    from api.commands.options import fresh_key  # noqa: PLC0415
    from api.tokens import Role  # noqa: PLC0415

    typer.echo("示范用访问令牌，只显示这一次 / access tokens for the demonstration, shown once:")
    holders: list[tuple[Role, dict[str, str]]] = [
        (Role.MEMBER, {"member_id": year.member_ids[0]}),
        (Role.TILL, {"till_id": year.till_ids[0]}),
        (Role.ORGANISER, {}),
        (Role.REVIEWER, {}),
        (Role.TREASURER, {}),
        (Role.AUDITOR, {}),
        (Role.OPERATOR, {}),
    ]
    for role, holder in holders:
        secret = tokens.new_secret()
        database.write(
            year.bank.bank_id,
            operator(),
            partial(
                tokens.create,
                role=role,
                secret_hash=tokens.hashed(secret),
                label="demonstration",
                key=fresh_key(),
                **holder,
            ),
        )
        typer.echo(f"  {role:<10} {secret}")


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(demo)
