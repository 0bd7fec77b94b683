"""``creditbank backup DIR`` and ``creditbank restore FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import DatabaseUrl, url_of


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)],
    database: DatabaseUrl = None,
) -> None:
    """备份。 Copy the database beside a running server, prove the copy, keep the newest 14."""
    from api import backups  # noqa: PLC0415 - slow
    from api.commands.audit import show  # noqa: PLC0415

    copy = backups.make(url_of(database), folder)
    typer.echo(f"{copy.path}  {copy.size_bytes:,} bytes  checked by: {copy.checked}")
    for path in copy.removed:
        typer.echo(f"removed {path}")
    if copy.findings:
        for slug, verdicts in copy.verdicts.items():
            show(slug, verdicts)
        raise typer.Exit(1)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    database: DatabaseUrl = None,
) -> None:
    """恢复。 Bring a copy back into an empty database, and prove it."""
    from api import backups, proofs  # noqa: PLC0415 - slow
    from api.commands.audit import show  # noqa: PLC0415

    verdicts = backups.restore(url_of(database), file)
    for slug, found in verdicts.items():
        show(slug, found)
    typer.echo(f"已恢复 / restored: {file}")
    if any(map(proofs.count, verdicts.values())):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backup)
    app.command()(restore)
