"""``creditbank demo``: one society lives through a year; its story, its proofs, then its API."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import audit, serve
from api.commands.options import DatabaseUrl, url_of

if TYPE_CHECKING:
    from api.settings import Settings
    from creditbank.core.clock import ManualClock
    from creditbank.core.database import Database
    from creditbank.identity.roles import Role
    from seeds.chronicle import Year

DEFAULT_SEED = 2025
_WEEKS = 51
_UNTIL_SERVED_S = 2


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
    from api import settings as of_deployment  # noqa: PLC0415
    from api.errors import DemonstrationInProduction  # noqa: PLC0415
    from api.vaults import vault_of  # noqa: PLC0415
    from creditbank.core.clock import ManualClock, SystemClock  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415
    from seeds import story  # noqa: PLC0415

    url = url_of(database) if database else _own_file(seed)
    settings = of_deployment.read(database=url, host=host, port=port, outbox_console=True)
    if settings.production:
        raise DemonstrationInProduction
    _prepare(url, fresh=database is None)
    console = Console()
    clock = ManualClock(SystemClock().now())
    with Database(url, clock=clock, vault=vault_of(url)) as it:
        year = _live(console, it, clock, seed, weeks)
        story.tell(console, year)
        verdicts = it.read(year.bank.bank_id, proofs.audit)
        audit.show(year.bank.name, verdicts)
        if proofs.count(verdicts):
            raise typer.Exit(1)
        if not no_serve:
            _show_way_in(settings, year)
            _show_accounts(it, year, SystemClock().now())
    if not no_serve:
        _open_when_served(settings, year)
        serve.run(settings)


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
    from api.vaults import vault_of  # noqa: PLC0415
    from creditbank.core import banks  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415
    from creditbank.core.engines import is_sqlite, sqlite_path, writer_lock  # noqa: PLC0415
    from creditbank.core.errors import SchemaMissing  # noqa: PLC0415

    try:
        schema.check(url)
    except SchemaMissing:
        schema.migrate(url, vault_of(url))
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
        schema.migrate(url, vault_of(url))


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
    serve.collect_seldom()
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


def _way_in(settings: Settings, year: Year) -> str:
    """Return the address of the page on which a visitor becomes somebody."""
    from api import listening  # noqa: PLC0415 - slow

    return f"{listening.address(settings)}/b/{year.bank.slug}/demonstration"


def _show_way_in(settings: Settings, year: Year) -> None:
    """Print first where to begin: one click there makes a visitor volunteer, cashier, organiser."""
    typer.echo("\n从这里开始，点一下就能成为志愿者、收银员或组织者 / Begin here, with one click:")
    typer.echo(f"  {_way_in(settings, year)}")


def _open_when_served(settings: Settings, year: Year) -> None:
    """Open that page once the server answers, for somebody who sits before a terminal."""
    import webbrowser  # noqa: PLC0415 - seldom

    if sys.stdout.isatty():
        opening = threading.Timer(_UNTIL_SERVED_S, webbrowser.open, [_way_in(settings, year)])
        opening.daemon = True
        opening.start()


def _show_accounts(database: Database, year: Year, now: datetime) -> None:
    """Open an account and a token for every role and print them, this once; live up to now."""
    from creditbank.identity.roles import Role  # noqa: PLC0415 - slow
    from seeds import accounts, today  # noqa: PLC0415 - slow

    typer.echo("\n仅供示范的账户，只显示这一次 / accounts for demonstration only, shown this once")
    typer.echo("\n工作人员 staff · POST /v1/b/demo/staff/sign-in")
    typer.echo(f"  密码 password: {accounts.PASSWORD}")
    for one in accounts.open_staff(year):
        factor = f"  TOTP {one.secret}" if one.secret else ""
        typer.echo(f"  {one.role:<15} {one.login:<20}{factor}")
    typer.echo("\n居民 residents · POST /v1/b/demo/sign-in/codes · 验证码见本窗口 code shown here")
    residents = accounts.open_residents(year)
    accounts.open_till(year)
    today.live(year, residents[0].member_id, now)
    accounts.appoint_leader(year, residents[-1].member_id)
    for who in residents:
        leads = "  team_leader" if who is residents[-1] else ""
        typer.echo(f"  {who.phone}  PIN {accounts.PIN}  {who.member_id}{leads}")
    typer.echo("\n访问令牌 access tokens · Authorization: Bearer …")
    for role, secret in _tokens(database, year):
        typer.echo(f"  {role:<15} {secret}")
    cashier = accounts.open_cashier(year)
    till = _token(database, year, Role.TILL, till_id=cashier.till_id)
    typer.echo("\n收银员 cashier · POST /v1/b/demo/till/cashier")
    typer.echo(f"  {cashier.cashier_id}  PIN {accounts.PIN}")
    typer.echo(f"  其收银端令牌 the token of their till: {till}")
    typer.echo("")


def _tokens(database: Database, year: Year) -> list[tuple[str, str]]:
    """Make one access token a role."""
    from creditbank.identity.roles import RIGHTS, STAFF, Role  # noqa: PLC0415
    from seeds import accounts  # noqa: PLC0415

    holders: list[tuple[Role, dict[str, str | None]]] = [
        (Role.MEMBER, {"member_id": accounts.richest(year, 1)[0]}),
        (Role.TILL, {"till_id": year.till_ids[0]}),
    ]
    for role in sorted(STAFF, key=list(RIGHTS).index):
        where = accounts.bound(year, role)
        holders.append(
            (role, {"community_id": where.community_id, "merchant_id": where.merchant_id})
        )
    return [(role, _token(database, year, role, **holder)) for role, holder in holders]


def _token(database: Database, year: Year, role: Role, **holder: Any) -> str:
    """Make an access token and return its secret."""
    from api import tokens  # noqa: PLC0415 - slow
    from api.commands.bank import operator  # noqa: PLC0415
    from api.commands.options import fresh_key  # noqa: PLC0415

    secret = tokens.new_secret()
    database.write(
        year.bank.bank_id,
        operator(),
        lambda unit: tokens.create(
            unit,
            role=role,
            secret_hash=tokens.hashed(secret),
            label="demonstration",
            key=fresh_key(),
            **holder,
        ),
    )
    return secret


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(demo)
