"""The geometry of a chart: bars, one line on an axis of its own, round steps. Pure, whole numbers.

`drawn` places everything in a box of `WIDTH` by `HEIGHT`; the one macro in parts/chart.html writes
it as SVG, with the table behind it. Both axes have the same number of steps, so they share a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 320
TOP, BOTTOM, LEFT, RIGHT = 16, 284, 64, 576
_STEPS = 4
_ROUND = (1, 2, 3, 4, 5, 6, 8)
_SLOT_SHARE = 70  # per cent of a label's room that its bars fill
_LABELS_MOST = 12
_MARGIN = 12  # at the right where there is no second axis
_MYRIAD = 10_000
_THOUSAND = 1_000

Series = tuple[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, and what it says when pointed at."""

    nth: int
    x: int
    y: int
    width: int
    height: int
    name: str
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of the grid, with what it is on the left and on the right."""

    y: int
    left: int
    right: int | None


@dataclass(frozen=True, slots=True)
class Label:
    """A label under the bars; a ``minor`` one gives way on narrow screens."""

    x: int
    text: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One place of the line."""

    x: int
    y: int
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, placed."""

    bars: tuple[Bar, ...]
    points: tuple[Point, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    zero_y: int
    right: int


@dataclass(frozen=True, slots=True)
class _Scale:
    low: int
    step: int
    steps: int

    def y(self, value: int) -> int:
        """Return how far down a value stands."""
        return BOTTOM - (value - self.low) * (BOTTOM - TOP) // (self.step * self.steps)


def drawn(
    labels: Sequence[str], bars: Sequence[Series], line: Series | None = None, per: int = 1
) -> Drawn:
    """Place bars side by side under each label, and a line; ``per`` is what axes count by.

    Minutes are drawn by the hour with ``per`` 60.
    """
    scale = _scale([value for _, values in bars for value in values], per)
    second = None if line is None else _scale(line[1], 1, steps=scale.steps)
    right = WIDTH - _MARGIN if line is None else RIGHT
    many = max(len(labels), 1)
    middles = [LEFT + (right - LEFT) * (2 * n + 1) // (2 * many) for n in range(len(labels))]
    return Drawn(
        bars=_bars(labels, bars, middles, (right - LEFT) // many, scale),
        points=()
        if line is None or second is None
        else tuple(
            Point(x, second.y(value), label, value)
            for x, label, value in zip(middles, labels, line[1], strict=True)
        ),
        ticks=_ticks(scale, second),
        labels=_labels(labels, middles),
        zero_y=scale.y(0),
        right=right,
    )


def _bars(
    labels: Sequence[str], bars: Sequence[Series], middles: Sequence[int], slot: int, scale: _Scale
) -> tuple[Bar, ...]:
    width = max(slot * _SLOT_SHARE // 100 // max(len(bars), 1), 1)
    found = []
    for nth, (name, values) in enumerate(bars):
        for middle, label, value in zip(middles, labels, values, strict=True):
            x = middle - width * len(bars) // 2 + nth * width
            above, below = sorted((scale.y(value), scale.y(0)))
            found.append(Bar(nth, x, above, max(width - 2, 1), below - above, name, label, value))
    return tuple(found)


def _ticks(scale: _Scale, second: _Scale | None) -> tuple[Tick, ...]:
    return tuple(
        Tick(
            scale.y(scale.low + n * scale.step),
            scale.low + n * scale.step,
            None if second is None else second.low + n * second.step,
        )
        for n in range(scale.steps + 1)
    )


def _labels(labels: Sequence[str], middles: Sequence[int]) -> tuple[Label, ...]:
    every = -(-len(labels) // _LABELS_MOST) or 1
    shown = list(zip(middles, labels, strict=True))[::every]
    return tuple(
        Label(x, text, minor=n % 2 == 1 and len(shown) > _STEPS + 2)
        for n, (x, text) in enumerate(shown)
    )


def _scale(values: Sequence[int], per: int, steps: int | None = None) -> _Scale:
    """Return the roundest scale that holds all values and nought, in so many steps if asked."""
    high, low = max([0, *values]), min([0, *values])
    wanted = steps or _STEPS
    size = per
    while True:
        for one in _ROUND:
            step = one * size
            below = -(low // step) if low < 0 else 0
            above = -(-high // step)
            if below + above <= wanted:
                fits = steps if steps is not None else max(below + above, 1)
                return _Scale(-below * step, step, fits)
        size *= 10


def short(number: int, *, chinese: bool = True) -> str:
    """Return a number of an axis in few signs: 1.2万, or 12k."""
    base, sign = (_MYRIAD, "万") if chinese else (_THOUSAND, "k")
    if abs(number) < _MYRIAD:
        return f"{number:,}"
    whole, rest = divmod(abs(number), base)
    tenths = rest * 10 // base
    return f"{'-' if number < 0 else ''}{whole:,}{f'.{tenths}' if tenths else ''}{sign}"
