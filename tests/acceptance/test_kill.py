"""The soak in small: 12 random kills over 60 alerts; `make soak` makes 1,000 over 10,000."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance import soak


@pytest.mark.timeout(600)
def test_f01_random_kills_lose_nothing(tmp_path: Path) -> None:
    """12 random kill -9: nothing lost, at most one repeat a kill and channel, each labelled."""
    outcome = soak.soak(tmp_path, kills=12, alerts=60, seed=20250310)

    assert outcome.failures == []
    assert outcome.tally.expected == 60
