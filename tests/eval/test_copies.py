"""Floors for copies: a day of real articles, and the simulated world with brief and with hard edits."""

from __future__ import annotations

import pytest

from bench import copies as world
from tests.eval import copies
from tests.support.corpora import THOROUGH, needs_data


@needs_data
def test_copies_of_a_day_of_wire_reports() -> None:
    """Next to all copies of a day are found, whatever the papers changed, and next to nothing else is called one."""
    day = copies.read_day(copies.DAY)

    made = copies.score(copies.place_day(day), copies.count_overlaps(day))

    assert made.strong_found >= 0.98 * made.strong
    assert made.weak_found >= 0.9 * made.weak
    assert made.precision >= 0.98
    assert made.share_error < 0.02


HARD, BRIEF = (True, 0.92, 0.98), (False, 0.99, 0.99)


@pytest.mark.parametrize(("hard", "recall", "precision"), [HARD, BRIEF] if THOROUGH else [HARD])
def test_copies_of_the_simulated_world(hard: bool, recall: float, precision: float) -> None:
    """Edited copies are found, and hard ones too, of which two fifths were cut and replaced."""
    found, right, count = world.quality(*world.make_world(hard))

    assert count > 600
    assert found >= recall
    assert right >= precision
