"""``creditbank operator create``: the first operator of a bank, made at the server itself."""

from __future__ import annotations

import io
from typing import Annotated

import typer

from api.commands.bank import operator as console
from api.commands.options import BankSlug, DatabaseUrl, fresh_key, opened_bank

commands = typer.Typer(help="管理员。 Operators of a bank.", no_args_is_help=True)


@commands.command()
def create(
    login: Annotated[
        str, typer.Option(prompt="登录名 / Login", help="3–40 of a–z, 0–9, '.', '_', '-'.")
    ],
    name: Annotated[str, typer.Option(prompt="姓名 / Name", help="Who that is.")],
    password: Annotated[
        str,
        typer.Option(
            prompt="密码 / Password",
            hide_input=True,
            confirmation_prompt=True,
            envvar="CREDITBANK_PASSWORD",
            help="At least 10 characters; better typed, or from the environment.",
        ),
    ],
    database: DatabaseUrl = None,
    bank: BankSlug = None,
) -> None:
    """新建管理员。 Make an operator; the second factor and recovery codes are shown this once.

    Others are invited by an operator; this is for the first one, or if all have lost their way in.
    """
    from creditbank.identity import appointments, passwords, second_factors  # noqa: PLC0415 - slow
    from creditbank.identity.roles import Grant, Role  # noqa: PLC0415

    passwords.require_good(password, login)
    kept = passwords.hashed(password)
    secret, codes = second_factors.new_secret(), second_factors.new_recovery_codes()
    with opened_bank(database, bank, writing=True) as (it, of):
        staff_id = it.write(
            of.bank_id,
            console(),
            lambda unit: appointments.install(
                unit,
                key=fresh_key(),
                name=name,
                login=login,
                roles=[Grant(Role.OPERATOR)],
                password_hash=kept,
                secret=secret,
                recovery_codes=codes,
            ),
        )
        uri = second_factors.uri(secret, login=login, bank=of.name)
    _show(staff_id, uri, secret, codes)


def _show(staff_id: str, uri: str, secret: str, codes: tuple[str, ...]) -> None:
    """Show what is shown only once."""
    typer.echo(f"{staff_id}  operator", err=True)
    typer.echo(
        "\n请用验证器应用扫描（只显示一次）/ Scan with an authenticator app, shown this once:\n"
    )
    typer.echo(_picture(uri))
    typer.echo(f"{uri}\n手动输入 / By hand: {secret}\n")
    typer.echo("恢复码（每个只能用一次，请妥善保管）/ Recovery codes, each good for once:")
    for one in codes:
        typer.echo(f"  {one}")


def _picture(text: str) -> str:
    """Return a QR code in the characters of a terminal."""
    import qrcode  # noqa: PLC0415 - slow

    picture = qrcode.QRCode(border=4)
    picture.add_data(text)
    shown = io.StringIO()
    picture.print_ascii(out=shown, invert=True)
    return shown.getvalue()


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(commands, name="operator")
