"""Orders: what the tills of a society ask, with 1 % asked again and 1 % that must be declined."""

from __future__ import annotations

import itertools
import random
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.http.plan import DECLINED, NULL, PAID, REPLAYED, Ask
from benchmarks.society import CART_FEN, POINTS, Society
from merchants import code_digits

ONE_IN = 100
# A request is asked again about so many later: at times the first is still on its way.
_BACK_ABOUT = 30
_HALF = 0.5
_ANY_CODE = code_digits.complete("0" * code_digits.RANDOM_DIGITS)


class Orders:
    """Makes plans for one society; every key it uses is new."""

    def __init__(self, society: Society, *, one_in: int = ONE_IN) -> None:
        """Say whose tills ask; one in so many is asked again, and as many are declined."""
        self._society = society
        self._one_in = one_in
        self._dice = random.Random(one_in)
        self._keys = self._new_keys()
        self._burned: deque[str] = deque(maxlen=ONE_IN)

    @staticmethod
    def _new_keys() -> Iterator[str]:
        run = secrets.token_hex(6)
        return (f"bench-{run}-{n:09d}" for n in itertools.count())

    def redemptions(
        self, codes: Iterable[str], poor_codes: Iterator[str], *, hot: bool
    ) -> Iterator[Ask]:
        """Return a plan that uses codes up, at all tills or all at one shop's.

        What is declined is a code of somebody without points, or one that was used before.
        """
        replays: deque[Ask] = deque()
        for n, code in enumerate(codes):
            one = self._paid(code, hot=hot)
            if n % self._one_in == self._one_in // 2:
                one = replace(one, again=True)
                replays.append(replace(one, kind=REPLAYED))
            yield one
            if replays and self._dice.randrange(_BACK_ABOUT) == 0:
                yield replays.popleft()
            if n % self._one_in == self._one_in - 1:
                yield from self._declined(next(poor_codes, None), hot=hot)
        yield from replays

    def declined_of(self, count: int) -> int:
        """Return how many of so many redemptions are declined."""
        return count // self._one_in

    def used(self, codes: Iterable[str]) -> None:
        """Note codes that were taken; some are shown once more."""
        self._burned.extend(codes)

    def nulls(self, count: int) -> Iterator[Ask]:
        """Return a plan of the same requests to the null route, which uses nothing up."""
        for _ in range(count):
            yield replace(self._paid(_ANY_CODE, hot=False), kind=NULL, path=self._path("null"))

    def _paid(self, code: str, *, hot: bool) -> Ask:
        of = self._society
        till = self._dice.choice(of.hot_tills if hot else of.tills)
        return Ask(
            kind=PAID,
            path=self._path("scan-and-redeem"),
            key=next(self._keys),
            token=till.token,
            body={"code": code, "cart_fen": CART_FEN, "points": POINTS},
            status=200,
            expected={"points": POINTS},
        )

    def _declined(self, poor_code: str | None, *, hot: bool) -> Iterator[Ask]:
        """Return a request that is declined, if there is a code for one."""
        code, slug = poor_code, "points-too-many"
        if self._burned and (code is None or self._dice.random() < _HALF):
            code, slug = self._burned.popleft(), "code-used"
        if code is not None:
            yield replace(
                self._paid(code, hot=hot),
                kind=DECLINED,
                status=409,
                expected={"type": f"/problems/{slug}"},
            )

    def _path(self, route: str) -> str:
        return f"/v1/b/{self._society.slug}/{route}"
