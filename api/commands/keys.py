"""``creditbank keys``: the persons' keys, which lie apart from the database and its copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import DatabaseUrl, opened

if TYPE_CHECKING:
    from creditbank.core.key_files import KeyFile

commands = typer.Typer(help="个人信息密钥。 The persons' keys.", no_args_is_help=True)


@contextmanager
def _keys(database: str | None) -> Iterator[KeyFile]:
    """Open the key file of a database for a with block, beside a server.

    Raises:
        KeysUnusable: it is missing, unreadable, or another database's.
    """
    with opened(database, writing=False) as it:
        it.vault.require()
        yield it.vault.file


@commands.command()
def status(database: DatabaseUrl = None) -> None:
    """密钥状态。 Open every key, and say where the files are and who may read them."""
    with _keys(database) as file:
        held = file.held()
        for what, path in (("keys", file.keys), ("master key", file.master)):
            typer.echo(f"{what}: {path}  mode {path.stat().st_mode & 0o777:04o}")
        typer.echo(f"可用 / usable: {held.keys:,}  已销毁 / destroyed: {held.destroyed:,}")
        if held.old_master:
            typer.echo(
                "旧主密钥尚未删除：重新备份密钥后运行 creditbank keys confirm"
                " / the old master key is still there: back the keys up, then 'keys confirm'"
            )


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)],
    beside_copies: Annotated[
        bool, typer.Option("--beside-copies", help="Yes, into a folder with database copies.")
    ] = False,
    database: DatabaseUrl = None,
) -> None:
    """备份密钥文件。 Copy the key file, without the master key, beside a running server."""
    from api.errors import KeysBesideCopies  # noqa: PLC0415 - slow
    from api.vaults import copies_in  # noqa: PLC0415

    folder = file.resolve().parent
    if copies_in(folder) and not beside_copies:
        raise KeysBesideCopies(str(folder))
    with _keys(database) as keys:
        folder.mkdir(parents=True, exist_ok=True)
        count = keys.backup(file)
        typer.echo(f"{file}  {count:,} 把密钥 / keys")
        typer.echo(
            f"主密钥不在其中，请另存 / the master key is not in it, keep it apart: {keys.master}"
        )


@commands.command()
def rotate(database: DatabaseUrl = None) -> None:
    """更换主密钥。 Wrap all keys with a new master key; the old one stays until confirmed."""
    with _keys(database) as file:
        count = file.rotate()
        typer.echo(f"{count:,} 把密钥已换用新主密钥 / keys wrapped with a new master key")
        typer.echo(
            "请重新备份密钥与主密钥，再运行 / back both up again, then: creditbank keys confirm"
        )


@commands.command()
def confirm(database: DatabaseUrl = None) -> None:
    """确认新主密钥。 Open every key with the new master key, then delete the old one."""
    with _keys(database) as file:
        held = file.confirm()
        typer.echo(
            f"{held.keys:,} 把密钥可用，旧主密钥已删除 / keys open; the old master key is gone"
        )


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(commands, name="keys")
