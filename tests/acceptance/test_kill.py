"""The soak in small: 12 random kills over 60 alerts; `make soak` makes 1,000 over 10,000."""

from __future__ import annotations

import pytest

from tests.acceptance import soak
from tests.support import cluster, world


@pytest.mark.timeout(600)
def test_f01_random_kills_lose_nothing(anywhere: world.World) -> None:
    """12 random kill -9, of a member of a cluster 3: nothing lost, at most one repeat a kill and channel, labelled."""
    kills = 12
    if isinstance(anywhere, cluster.Cluster):
        kills, anywhere.hurry = 3, 6.0

    outcome = soak.soak(anywhere, kills=kills, alerts=5 * kills, seed=20250310)

    assert outcome.failures == []
    assert outcome.tally.expected == 5 * kills
