"""``creditbank token create`` and ``creditbank token revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.bank import operator
from api.commands.options import BankSlug, DatabaseUrl, fresh_key, opened_bank

if TYPE_CHECKING:
    from creditbank.identity.roles import Role

commands = typer.Typer(help="访问令牌。 Access tokens.", no_args_is_help=True)


@commands.command()
def create(
    role: Annotated[
        str | None,
        typer.Option(help="organiser, reviewer, treasurer, auditor or operator."),
    ] = None,
    till: Annotated[str | None, typer.Option(metavar="TIL_ID", help="A till.")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="MEM_ID", help="A member, alone or behind a role.")
    ] = None,
    staff: Annotated[
        str | None, typer.Option(metavar="STF_ID", help="Someone who has an office token already.")
    ] = None,
    label: Annotated[str, typer.Option(help="A note, e.g. whose phone it is.")] = "",
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """新建访问令牌(只显示一次)。 Make a token; it is shown this once."""
    from api import tokens  # noqa: PLC0415 - slow

    kind = _role(role, till, member)
    secret = tokens.new_secret()
    with opened_bank(database, bank, writing=True) as (it, of):
        token = it.write(
            of.bank_id,
            operator(),
            lambda unit: tokens.create(
                unit,
                key=fresh_key(),
                role=kind,
                secret_hash=tokens.hashed(secret),
                label=label,
                member_id=member,
                till_id=till,
                staff_id=staff,
            ),
        )
    typer.echo(f"{token.token_id}  {token.role}  {token.holder_id}", err=True)
    typer.echo(secret)


@commands.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOK_ID")],
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """停用访问令牌。 Stop a token from now on."""
    from api import tokens  # noqa: PLC0415 - slow

    with opened_bank(database, bank, writing=True) as (it, of):
        it.write(
            of.bank_id,
            operator(),
            lambda unit: tokens.revoke(unit, key=fresh_key(), token_id=token),
        )
    typer.echo(f"{token} 已停用 / revoked")


def _role(role: str | None, till: str | None, member: str | None) -> Role:
    """Return the role that the options name.

    Raises:
        BadField: they name none, or one that is not known.
    """
    from creditbank.core.errors import BadField  # noqa: PLC0415
    from creditbank.identity.roles import Role  # noqa: PLC0415 - slow

    said = role or ("till" if till else "member" if member else "")
    if said not in set(Role):
        raise BadField("role", f"--role {'|'.join(Role)}, --till, --member")
    return Role(said)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(commands, name="token")
