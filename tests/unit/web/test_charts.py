"""Charts are pictures of numbers: every number can be read, nothing of a name becomes markup."""

from __future__ import annotations

import re

import pytest
from defusedxml import ElementTree

from monitor.web import charts
from monitor.web.charts import Dot, Series

HOSTILE = "<script>&\"'"


def heights(svg: str) -> list[float]:
    """Return the heights of the bars."""
    return [float(found) for found in re.findall(r'<rect[^>]* height="([\d.]+)"', svg)]


def test_bars_are_as_high_as_their_numbers() -> None:
    """Twice the number is twice the height, stacked on the one below; zero draws nothing."""
    svg = charts.bars("Alerts", ["Mon", "Tue", "Wed"], [Series("high", (10, 20, 0)), Series("low", (5, 0, 0), "b")])

    assert heights(svg)[0] * 2 == pytest.approx(heights(svg)[2], abs=0.2)
    assert len(heights(svg)) == 3
    assert "Mon: high 10, low 5" in svg


def test_lines_break_where_nothing_was_measured() -> None:
    """A gap is a gap, not a line through zero."""
    svg = charts.lines("Delay", ["1", "2", "3", "4", "5"], [Series("p50", (1, 2, None, 4, 5))], " s")

    assert svg.count("<polyline") == 2
    assert svg.count("<circle") == 4
    assert "4: p50 4 s" in svg


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.3, 0.5), (7, 10), (10, 10), (11, 20), (4999, 5000), (1e9, 1e9)])
def test_axis_ends_at_a_round_number(value: float, top: float) -> None:
    """An axis ends at 1, 2 or 5 times a power of ten."""
    assert charts.nice_top(value) == pytest.approx(top)


@pytest.mark.parametrize(
    "svg",
    [
        charts.bars(HOSTILE, [HOSTILE], [Series(HOSTILE, (1,))], HOSTILE),
        charts.lines(HOSTILE, [HOSTILE, "b"], [Series(HOSTILE, (1, 2))]),
        charts.spark(HOSTILE, [1, 2, 0]),
        charts.timeline(HOSTILE, [HOSTILE], [Dot(1.0, 0, HOSTILE, href="/a"), Dot(2, 0, "x")], [(1.0, HOSTILE)]),
        charts.bars("none", [], []),
        charts.spark("none", []),
        charts.timeline("none", [], [], []),
    ],
)
def test_a07_every_chart_is_well_formed_and_inert(svg: str) -> None:
    """Names are text in any chart, and an empty one is still a picture with a title."""
    root = ElementTree.fromstring(svg)

    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "g", "rect", "line", "text", "circle", "polyline", "a"}
    assert root.find("title") is not None
    assert not re.search(r"\s(style|on\w+)=", svg)


def test_a07_a_dot_leads_to_us_only() -> None:
    """An address that is not ours is no link."""
    for href in ("javascript:alert(1)", "https://evil.example", "//evil.example"):
        assert "<a " not in charts.timeline("t", ["r"], [Dot(1, 0, "x", href=href)], [])
