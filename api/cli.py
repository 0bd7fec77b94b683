"""The command line: it only assembles the commands and says plainly what went wrong.

Exit codes: 0 done · 1 a typed error, or findings of the audit · 2 usage · 3 another program
writes to the database.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from api.commands import (
    audit,
    backup,
    bank,
    bench,
    demo,
    jobs,
    journal,
    keys,
    operator,
    quote,
    replay,
    scheme,
    serve,
    setup,
    token,
)

_WRITER_TAKEN = 3


class _Plain(TyperGroup):
    """Says typed errors in both languages on stderr; a person never sees a traceback for them."""

    def invoke(self, ctx: Any) -> Any:
        from creditbank.core.errors import CreditbankError, WriterTaken  # noqa: PLC0415 - slow

        try:
            return super().invoke(ctx)
        except CreditbankError as error:
            typer.echo(error.sentence("zh"), err=True)
            typer.echo(error.sentence("en"), err=True)
            code = _WRITER_TAKEN if isinstance(error, WriterTaken) else 1
        except OSError as error:
            typer.echo(f"文件操作失败 / A file operation failed: {error}", err=True)
            code = 1
        raise typer.Exit(code)


app = typer.Typer(
    name="creditbank",
    cls=_Plain,
    help="社区时间银行与积分引擎。 A community time bank and credit-points engine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
_NOUNS = (
    *(setup, bank, operator, token, demo, serve, jobs),
    *(audit, backup, quote, replay, journal, keys, scheme, bench),
)
for noun in _NOUNS:
    noun.register(app)


def main() -> None:
    """Run the command line."""
    app()
