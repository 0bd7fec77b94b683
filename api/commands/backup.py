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
    _say_if_nobody_is_readable(url_of(database))
    if any(map(proofs.count, verdicts.values())):
        raise typer.Exit(1)


def _say_if_nobody_is_readable(url: str) -> None:
    """Say that the books are whole and the names are not, if the keys are not there."""
    from api.vaults import vault_of  # noqa: PLC0415 - slow
    from creditbank.core.database import Database  # noqa: PLC0415
    from creditbank.core.errors import KeysUnusable  # noqa: PLC0415

    with Database(url, writing=False, vault=vault_of(url)) as restored:
        if not restored.reader.keys_used():
            return
        try:
            restored.vault.require()
        except KeysUnusable:
            typer.echo(
                f"密钥文件 {restored.vault.file.keys} 不在或不相配：账目完好，"
                "姓名等个人信息不可读；放回密钥文件和主密钥之前不能启动服务",
                err=True,
            )
            typer.echo(
                "The books are whole, but names are unreadable: put back the key file and the"
                " master key before serving",
                err=True,
            )


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backup)
    app.command()(restore)
