"""A till with manners: whatever it says in the end is what the books say.

It writes the request id down before it sends, so that a crash forgets nothing. Without an answer
it asks by that id, every 3 s for 30 s; what never arrived and what stays unclear it cancels, so
that a late copy is refused; and whether the cancelling came too late, the server tells.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from api.client.line import Line, Problem, Unanswered

ASK_EVERY_S = 3.0
ASK_FOR_S = 30.0
_NEVER_ARRIVED = "request-not-found"
_PAID_ALREADY = "already-paid"
_PIN_NEEDED = "pin-needed"
_UNDONE = {"cancelled", "voided", "expired"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was taken: ``points`` 0 with a ``reason`` means that nothing was usable.

    ``to_pay_fen`` is what the customer still pays; amounts in fen, None where there is no bill.
    """

    redemption_id: str
    receipt_no: str
    state: str
    points: int
    discount_fen: int
    to_pay_fen: int | None
    balance_after: int | None
    transfer_id: str | None
    reason: str | None


class NotTaken(Exception):
    """No points were taken, for certain: refused, cancelled or stopped; ``slug`` says why."""

    def __init__(self, request_id: str, slug: str, words: str = "") -> None:
        """Keep which request it was and why."""
        super().__init__(words or slug)
        self.request_id = request_id
        self.slug = slug


class PinWanted(Exception):
    """The customer has to type the PIN on their own phone; then `Till.redeem` goes on."""

    def __init__(self, redemption_id: str, points: int) -> None:
        """Keep which redemption waits, and for how many points."""
        super().__init__(redemption_id)
        self.redemption_id = redemption_id
        self.points = points


class Unclear(Exception):
    """The server cannot be reached even to cancel: `Till.settle_open` finds out later."""


class Book:
    """The till's own book of requests that are not over; in a file, or only in memory."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the book; what an earlier run left open is in it."""
        self._path = path
        self._open: list[str] = []
        if path is not None and path.exists():
            self._open = [line for line in path.read_text().splitlines() if line]

    def __iter__(self) -> Iterator[str]:
        """Walk over the requests that are open, oldest first."""
        return iter(list(self._open))

    def begin(self, request_id: str) -> None:
        """Write a request down; on disk before this returns."""
        self._keep([*self._open, request_id])

    def end(self, request_id: str) -> None:
        """Strike a request out: it is known what became of it."""
        self._keep([one for one in self._open if one != request_id])

    def _keep(self, now_open: list[str]) -> None:
        self._open = now_open
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("w") as file:
            file.write("".join(f"{one}\n" for one in now_open))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


class Till:
    """Takes points at a till. One till serves one customer at a time."""

    def __init__(
        self,
        line: Line,
        *,
        book: Book | None = None,
        ask_every_s: float = ASK_EVERY_S,
        ask_for_s: float = ASK_FOR_S,
    ) -> None:
        """Take points over a line with a till's token."""
        self._line = line
        self.book = book or Book()
        self._every_s = ask_every_s
        self._asks_most = max(1, round(ask_for_s / ask_every_s))

    def take(
        self,
        code: str,
        cart_fen: int | None,
        *,
        points: int | None = None,
        offer_id: str | None = None,
        request_id: str | None = None,
    ) -> Receipt:
        """Read a pay code and take points; without ``points``, the most that are usable.

        Raises:
            NotTaken: nothing was taken, for certain.
            PinWanted: the customer has to type the PIN first.
            Unclear: not known yet; `settle_open` will find out.
        """
        form = {"code": code, "cart_fen": cart_fen, "points": points, "offer_id": offer_id}
        return self._request("/scan-and-redeem", form, request_id)

    def redeem(
        self, redemption_id: str, *, points: int | None = None, request_id: str | None = None
    ) -> Receipt:
        """Take the points of a redemption that is open, as after `PinWanted`.

        Raises:
            NotTaken: nothing was taken, for certain.
            PinWanted: the PIN was not typed yet.
            Unclear: not known yet; `settle_open` will find out.
        """
        return self._request(f"/redemptions/{redemption_id}/redeem", {"points": points}, request_id)

    def _request(self, path: str, form: dict[str, Any], request_id: str | None) -> Receipt:
        request_id = request_id or f"till-{uuid.uuid4()}"
        said = {name: value for name, value in form.items() if value is not None}
        self.book.begin(request_id)
        try:
            receipt = _receipt(self._line.post(path, said, key=request_id))
        except Problem as problem:
            if not problem.final:
                return self._find_out(request_id)
            self.book.end(request_id)
            if problem.slug == _PIN_NEEDED:
                raise PinWanted(
                    problem.figures["redemption_id"], problem.figures["points"]
                ) from problem
            raise NotTaken(request_id, problem.slug, str(problem)) from problem
        except Unanswered:
            return self._find_out(request_id)
        self.book.end(request_id)
        return receipt

    def settle_open(self) -> dict[str, Receipt | NotTaken]:
        """Find out what became of the requests that an earlier run left open, and end them.

        Raises:
            Unclear: the server still cannot be reached.
        """
        found: dict[str, Receipt | NotTaken] = {}
        for request_id in self.book:
            try:
                found[request_id] = self._find_out(request_id)
            except NotTaken as told:
                found[request_id] = told
        return found

    def _find_out(self, request_id: str) -> Receipt:
        """Ask every so often; cancel what never arrived, and what stays unclear."""
        for _ in range(self._asks_most):
            time.sleep(self._every_s)
            with contextlib.suppress(Unanswered):
                try:
                    return self._told(request_id, self._asked(request_id))
                except Problem as problem:
                    if problem.slug == _NEVER_ARRIVED:
                        break
                    if problem.final:
                        raise
        return self._cancel(request_id)

    def _asked(self, request_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._line.get(f"/till/requests/{request_id}")
        return answer

    def _cancel(self, request_id: str) -> Receipt:
        """Cancel; if it was paid already, it is paid."""
        for _ in range(self._asks_most):
            try:
                answer = self._line.post(
                    f"/till/requests/{request_id}/cancel", key=f"cancel/{request_id}"[:255]
                )
            except Problem as problem:
                if problem.slug == _PAID_ALREADY:
                    return self._told(request_id, self._reached(lambda: self._asked(request_id)))
                if problem.final:
                    raise
            except Unanswered:
                pass
            else:
                if answer["state"] == "declined":  # it had come, and nothing was usable
                    return self._told(request_id, self._reached(lambda: self._asked(request_id)))
                self.book.end(request_id)
                raise NotTaken(request_id, answer["state"])
            time.sleep(self._every_s)
        raise Unclear(request_id)

    def _reached(self, ask: Callable[[], T]) -> T:
        for _ in range(self._asks_most):
            with contextlib.suppress(Unanswered):
                return ask()
            time.sleep(self._every_s)
        raise Unclear

    def _told(self, request_id: str, asked: dict[str, Any]) -> Receipt:
        """Take what the server says of a request for final."""
        self.book.end(request_id)
        if asked["receipt"] is None or asked["refusal"] or asked["state"] in _UNDONE:
            raise NotTaken(request_id, asked["refusal"] or asked["state"])
        return _receipt(asked["receipt"])


def _receipt(body: dict[str, Any]) -> Receipt:
    return Receipt(**{one.name: body[one.name] for one in fields(Receipt)})
