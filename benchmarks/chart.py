"""The results as an SVG: a bar per case, its ratio in the middle of all rounds, its range on it.

Cases that are divided by the same anchor share a scale, on which as fast as the anchor is within
the picture. A floor is a red mark across its bar, the
target a green one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks import results
from benchmarks.floors import Verdict
from benchmarks.results import Results, Row

_WIDTH, _MARGIN = 920, 20
_BARS_AT, _BARS_END = 380, 790
_ROW, _BAR, _HEADING = 26, 14, 40
_TOP, _LEGEND = 74, 44
_INK, _QUIET, _BLUE, _RANGE, _RED, _GREEN = (
    *("#1f2328", "#59636e", "#4c78a8", "#1f2328"),
    *("#c62828", "#067a3d"),
)
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans CJK SC', sans-serif"


def drawn(found: Results) -> str:
    """Return the whole picture."""
    groups = results.groups([one for one in (*found.rows, *_of_floors(found)) if one.ratios])
    height = _TOP + sum(_HEADING + _ROW * len(of) for of in groups.values()) + _LEGEND
    floors = {
        (one.floor.case, one.floor.against): one for one in found.verdicts if not one.floor.times
    }
    parts = [*_head(found, height)]
    top = _TOP
    for against, of in groups.items():
        parts += _group(against, of, floors, top)
        top += _HEADING + _ROW * len(of)
    parts += _legend(top + _LEGEND // 2)
    return "\n".join([*parts, "</svg>", ""])


def _of_floors(found: Results) -> Iterator[Row]:
    """Return rows for floors whose case is divided by something else in the table."""
    drawn = {(one.name, one.against) for one in found.rows}
    for floor in (one.floor for one in found.verdicts if one.ratios):
        if (floor.case, floor.against) not in drawn:
            yield results.row(found.measured, floor.case, floor.against)


def _head(found: Results, height: int) -> Iterator[str]:
    about = found.machine
    rounds = found.settings.get("rounds", "?")
    title = "creditbank bench: ratios to anchors of the same run"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"'
        f' viewBox="0 0 {_WIDTH} {height}" role="img" font-family="{_FONT}" font-size="13">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    yield _text(_MARGIN, 30, title, size=18, weight=600)
    said = f"{about.cpu} · {about.cores} cores · {about.measured_at} · rounds: {rounds}"
    yield _text(_MARGIN, 52, said, fill=_QUIET)


def _group(
    against: str, rows: Sequence[Row], floors: dict[tuple[str, str], Verdict], top: int
) -> Iterator[str]:
    most = max(max(one.ratios) for one in rows)
    marks = [
        bound
        for one in rows
        if (fits := floors.get((one.name, against)))
        for bound in (fits.floor.floor, fits.floor.target)
    ]
    scale = (_BARS_END - _BARS_AT) / max([most, 1.0, *marks])
    yield _text(_MARGIN, top + 26, f"÷ {against}", weight=600)
    for n, one in enumerate(rows):
        verdict = floors.get((one.name, against))
        yield from _row(one, verdict, top + _HEADING + n * _ROW, scale)


def _row(one: Row, verdict: Verdict | None, top: int, scale: float) -> Iterator[str]:
    middle = one.ratio or 0.0
    low, high = (_BARS_AT + value * scale for value in (min(one.ratios), max(one.ratios)))
    line = top + _BAR / 2
    yield _text(_BARS_AT - 10, top + _BAR - 2, one.name, anchor="end")
    said = f"{one.name}: {results.ratio(middle)} ({results.spread(one.ratios)})"
    yield (
        f'<rect x="{_BARS_AT}" y="{top}" width="{max(middle * scale, 1):.1f}" height="{_BAR}"'
        f' fill="{_BLUE}"><title>{escape(said)}</title></rect>'
    )
    yield _path(f"M{low:.1f} {line}H{high:.1f}", _RANGE)
    for end in (low, high):
        yield _path(f"M{end:.1f} {line - 4}v8", _RANGE)
    if verdict is not None:
        for bound, colour in ((verdict.floor.floor, _RED), (verdict.floor.target, _GREEN)):
            yield _path(f"M{_BARS_AT + bound * scale:.1f} {top - 4}v{_BAR + 8}", colour, width=2.5)
    label = results.ratio(middle) + (f" · {verdict.word.value}" if verdict else "")
    yield _text(_BARS_END + 12, top + _BAR - 2, label, weight=600)


def _legend(line: int) -> Iterator[str]:
    yield _path(f"M{_MARGIN} {line - 11}v16", _RED, width=2.5)
    yield _text(_MARGIN + 10, line, "floor", fill=_QUIET)
    yield _path(f"M{_MARGIN + 70} {line - 11}v16", _GREEN, width=2.5)
    yield _text(_MARGIN + 80, line, "target", fill=_QUIET)
    yield _path(f"M{_MARGIN + 146} {line - 4}h24", _RANGE)
    yield _text(_MARGIN + 178, line, "slowest and fastest round", fill=_QUIET)


def _path(d: str, colour: str, *, width: float = 1.2) -> str:
    return f'<path d="{d}" stroke="{colour}" stroke-width="{width}" fill="none"/>'


def _text(
    x: int,
    y: float,
    said: str,
    *,
    fill: str = _INK,
    size: int = 13,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{fill}" font-size="{size}" font-weight="{weight}"'
        f' text-anchor="{anchor}">{escape(said)}</text>'
    )
