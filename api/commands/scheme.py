"""``creditbank scheme``: check, explain, simulate, adopt and show a programme's rules."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.bank import operator
from api.commands.options import BankSlug, DatabaseUrl, fresh_key, opened_bank

if TYPE_CHECKING:
    from creditbank.core.units import View
    from creditbank.schemes.files import File
    from creditbank.schemes.journals import Bad
    from creditbank.schemes.scheme import Version

_BAD_ROWS_SHOWN = 1000

commands = typer.Typer(help="规则方案。 A programme's rules as data.", no_args_is_help=True)

RulesFile = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A TOML file.")
]
Language = Annotated[str, typer.Option(help="zh or en.")]


@commands.command()
def check(file: RulesFile) -> None:
    """检查规则文件。 Name what is unknown, contradictory or without limit, by line; exit 1."""
    found = _sound(file)
    typer.echo(f"{file}: 规则可用 / the rules are sound · {found.title}")


@commands.command()
def explain(file: RulesFile, language: Language = "zh") -> None:
    """用话说明规则。 Say the rules in sentences that can be read aloud."""
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.schemes import explaining  # noqa: PLC0415

    if language not in explaining.LANGUAGES:
        raise BadField("language", " | ".join(explaining.LANGUAGES))
    found = _sound(file)
    assert found.scheme is not None, "a sound file has a scheme"
    typer.echo(found.title)
    for heading, sentences in explaining.explained(found.scheme, found.names, language):
        typer.echo(f"\n{heading}")
        for one in sentences:
            typer.echo(f"  {one}")


@commands.command()
def reference() -> None:
    """列出全部参数。 Write the table of all parameters, as in docs/schemes.md."""
    from creditbank.schemes import reference as written  # noqa: PLC0415 - slow

    typer.echo(written.tables(), nl=False)


def _help() -> str:
    from creditbank.schemes.journals import HELP  # noqa: PLC0415 - slow

    return f"用流水试算规则。 Try the rules on a journal; nothing is kept.\n\n{HELP}"


def simulate(
    file: RulesFile,
    journal: Annotated[
        Path, typer.Option(metavar="CSV", exists=True, dir_okay=False, help="See above.")
    ],
    until: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Expire until this day."),
    ] = None,
) -> None:
    """Print what the rules would have made of a journal."""
    from creditbank.ledger.journal import decoded  # noqa: PLC0415 - slow
    from creditbank.schemes import journals  # noqa: PLC0415
    from creditbank.schemes.simulation import Simulation  # noqa: PLC0415

    found = _sound(file)
    assert found.scheme is not None, "a sound file has a scheme"
    lines = decoded(journal.read_bytes()).splitlines(keepends=True)
    events, bad = journals.events(lines, found.scheme)
    if bad:
        _tell_bad(bad)
        raise typer.Exit(1)
    tried = Simulation(found.scheme)
    tried.run(events, None if until is None else until.date())
    rows = [(who, asset, figures) for (who, asset), figures in tried.figures().items()]
    rows += [("合计 / total", asset, figures) for asset, figures in sorted(tried.totals().items())]
    typer.echo(f"{found.title} · {len(events)} rows")
    for who, asset, figures in rows:
        said = "  ".join(f"{name}={units}" for name, units in figures.items() if units)
        typer.echo(f"{who}\t{asset}\t{said}")


def _tell_bad(bad: list[Bad]) -> None:
    for one in bad[:_BAD_ROWS_SHOWN]:
        typer.echo(f"第 {one.line} 行 / line {one.line}: {one.reason}", err=True)
    said = f"共 {len(bad)} 行有误，未试算 / {len(bad)} bad rows; nothing was tried"
    typer.echo(said, err=True)


@commands.command()
def adopt(
    file: RulesFile,
    from_: Annotated[
        dt.datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day."),
    ],
    until: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day of a term."),
    ] = None,
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """采用规则文件。 Adopt the rules from a day on, for good or for a term."""
    from creditbank.schemes import scheme  # noqa: PLC0415 - slow

    found = _sound(file)
    with opened_bank(database, bank, writing=True) as (it, of):
        done = it.write(
            of.bank_id,
            operator(),
            lambda unit: scheme.adopt(
                unit,
                key=fresh_key(),
                parameters=found.parameters,
                effective_from=from_.date(),
                effective_until=None if until is None else until.date(),
            ),
        )
    typer.echo(f"{done.scheme_id}  第 {done.version} 版 / version {done.version}")


@commands.command()
def show(language: Language = "zh", database: DatabaseUrl = None, bank: BankSlug = None) -> None:
    """显示现行规则。 Say the rules in force today, and list every version."""
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.ledger import accounts  # noqa: PLC0415
    from creditbank.schemes import explaining, scheme  # noqa: PLC0415

    if language not in explaining.LANGUAGES:
        raise BadField("language", " | ".join(explaining.LANGUAGES))

    def look(view: View) -> tuple[list[Version], list[tuple[str, list[str]]]]:
        names = {code: one.name for code, one in accounts.every_asset(view).items()}
        said = explaining.explained(scheme.current(view), names, language)
        return scheme.versions(view), said

    with opened_bank(database, bank, writing=False) as (it, of):
        versions, said = it.read(of.bank_id, look)
    for one in versions:
        until = one.effective_until or "…"
        typer.echo(f"{one.version}\t{one.effective_from} – {until}\t{one.scheme_id}")
    for heading, sentences in said:
        typer.echo(f"\n{heading}")
        for sentence in sentences:
            typer.echo(f"  {sentence}")


def _sound(file: Path) -> File:
    """Read a file of rules; where something is wrong, say what and where, and end with 1."""
    from creditbank.core.errors import BadField  # noqa: PLC0415 - slow
    from creditbank.schemes import files  # noqa: PLC0415

    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadField("file", "not UTF-8 / 不是 UTF-8 编码") from error
    found = files.parsed(text)
    for one in found.findings:
        typer.echo(f"{file}:{one.line}: {one.field}: {one.reason}", err=True)
    if found.findings:
        count = len(found.findings)
        typer.echo(f"共 {count} 处有误，请改正 / {count} findings; nothing was done", err=True)
        raise typer.Exit(1)
    return found


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    commands.command("simulate", help=_help())(simulate)
    app.add_typer(commands, name="scheme")
