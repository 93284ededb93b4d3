"""Charts as SVG markup made here, from numbers: no script, no colour (classes carry it), a text alternative in each.

Every chart has a `<title>` and a table twin in its page; labels are escaped, numbers formatted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 600, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 6, 10, 22


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers, one for each label; None where nothing was measured."""

    name: str
    values: tuple[float | None, ...]
    kind: str = "a"
    """The colour class: `a`, `b`, `c`, `good`, `bad`."""


def bars(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Markup:
    """Return stacked bars, one for each label; hovering a bar says its numbers."""
    sums = [sum(row.values[i] or 0 for row in series) for i in range(len(labels))]
    top = nice_top(max(sums, default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    pieces = [_axis(top, unit), *_labels(labels, step)]
    for i, label in enumerate(labels):
        pieces.append(_column(label, [(row, row.values[i] or 0) for row in series], i, step, top, unit))
    return _svg(title, pieces)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Markup:
    """Return lines through the values; where one is None the line is broken."""
    values = [value for row in series for value in row.values if value is not None]
    top = nice_top(max(values, default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    pieces = [_axis(top, unit), *_labels(labels, step)]
    for row in series:
        pieces += [_line(run, row.kind, step, top) for run in _runs(row.values)]
        for i, value in enumerate(row.values):
            if value is not None:
                x, y = _LEFT + (i + 0.5) * step, _y(value, top)
                words = f"{labels[i]}: {row.name} {number(value)}{unit}"
                pieces.append(
                    Markup('<circle class="s-{}" cx="{:.1f}" cy="{:.1f}" r="2.5"><title>{}</title></circle>').format(
                        row.kind, x, y, words
                    )
                )
    return _svg(title, pieces)


def spark(title: str, values: Sequence[float], width: int = 96, height: int = 20) -> Markup:
    """Return small bars without axes, for a row of a list."""
    top = max([*values, 1])
    step = width / max(1, len(values))
    pieces = [
        Markup('<rect class="s-a" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            i * step, height - max(1.0, value / top * height), max(0.5, step - 1), max(1.0, value / top * height)
        )
        for i, value in enumerate(values)
        if value > 0
    ]
    return Markup('<svg class="spark" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>').format(
        width, height, title, Markup("").join(pieces)
    )


@dataclass(frozen=True, slots=True)
class Dot:
    """One event of a timeline."""

    at: float
    """Seconds since 1970."""
    row: int
    words: str
    kind: str = "a"
    href: str = ""
    """An address of ours; empty for none."""


def timeline(title: str, rows: Sequence[str], dots: Sequence[Dot], ticks: Sequence[tuple[float, str]]) -> Markup:
    """Return events over time, a row for each name; `ticks` are times with their labels."""
    height = 24 + 22 * max(1, len(rows))
    left, right = 150, 24
    begin, end = _span([dot.at for dot in dots] + [at for at, _ in ticks])
    scale = (WIDTH - left - right) / (end - begin)
    pieces = []
    for at, label in ticks:
        x = left + (at - begin) * scale
        pieces.append(
            Markup('<line class="grid" x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1}"/>').format(x, height - 18)
            + Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(x, height - 4, label)
        )
    for i, name in enumerate(rows):
        shown = name if len(name) <= 22 else name[:21] + "…"
        pieces.append(
            Markup('<text class="row" x="{}" y="{}" text-anchor="end">{}</text>').format(left - 8, 22 * i + 16, shown)
        )
    for dot in dots:
        mark = Markup('<circle class="s-{}" cx="{:.1f}" cy="{}" r="5"><title>{}</title></circle>').format(
            dot.kind, left + (dot.at - begin) * scale, 22 * dot.row + 12, dot.words
        )
        is_ours = dot.href.startswith("/") and not dot.href.startswith("//")
        pieces.append(Markup('<a href="{}">{}</a>').format(dot.href, mark) if is_ours else mark)
    # What holds links is no picture to those who hear the page.
    return _svg(title, pieces, height, "group")


def nice_top(value: float) -> float:
    """Return the round number at or above `value` that an axis ends at: 1, 2, 5, 10, 20, 50 ..."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if value <= power * step * (1 + 1e-9))


def number(value: float) -> str:
    """Return a number as a person reads it: `0.4`, `12`, `1,204`."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


# -- pieces --------------------------------------------------------------------------------------


def _svg(title: str, pieces: Sequence[Markup], height: int = HEIGHT, role: str = "img") -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="{}"><title>{}</title>{}</svg>').format(
        WIDTH, height, role, title, Markup("").join(pieces)
    )


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)


def _axis(top: float, unit: str) -> Markup:
    found = Markup("")
    for part in (0.0, 0.5, 1.0):
        y = _y(top * part, top)
        found += Markup('<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(
            _LEFT, y, WIDTH - _RIGHT, y
        )
        if part in (0.0, 1.0):
            found += Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                _LEFT - 4, y + 4, number(top * part) + (unit if part else "")
            )
    return found


def _labels(labels: Sequence[str], step: float) -> list[Markup]:
    every = max(1, math.ceil(len(labels) / 6))
    return [
        Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            _LEFT + (i + 0.5) * step, HEIGHT - 5, label
        )
        for i, label in enumerate(labels)
        if i % every == 0
    ]


def _column(label: str, parts: Sequence[tuple[Series, float]], i: int, step: float, top: float, unit: str) -> Markup:
    below, found = 0.0, Markup("")
    for row, value in parts:
        if value > 0:
            found += Markup('<rect class="s-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                row.kind,
                _LEFT + i * step + step * 0.1,
                _y(below + value, top),
                step * 0.8,
                _y(below, top) - _y(below + value, top),
            )
            below += value
    words = f"{label}: " + ", ".join(f"{row.name} {number(value)}{unit}" for row, value in parts)
    return Markup("<g><title>{}</title>{}</g>").format(words, found)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((i, value))
    return [run for run in runs if len(run) > 1]


def _line(run: Sequence[tuple[int, float]], kind: str, step: float, top: float) -> Markup:
    points = " ".join(f"{_LEFT + (i + 0.5) * step:.1f},{_y(value, top):.1f}" for i, value in run)
    return Markup('<polyline class="s-{}" points="{}"/>').format(kind, points)


def _span(times: Sequence[float]) -> tuple[float, float]:
    begin, end = min(times, default=0.0), max(times, default=1.0)
    return (begin, end) if end - begin > 60 else (begin - 1800, end + 1800)
