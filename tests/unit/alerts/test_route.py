"""Which channels an alert goes to."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.alerts.route import Route, Subject, channels_for

ALERT = Subject("us_aid", "high", ("core", "vote"), frozenset({"congress", "wire"}), "en", "Reuters")


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"pack": "us_aid"}, True),
        ({"pack": "talks"}, False),
        ({"rule": "vote"}, True),
        ({"rule": "veto"}, False),
        ({"severity": "normal"}, True),
        ({"severity": "high"}, True),
        ({"severity": "urgent"}, False),
        ({"tag": "congress"}, True),
        ({"tag": "sport"}, False),
        ({"lang": "en"}, True),
        ({"lang": "ar"}, False),
        ({"newsroom": "reuters"}, True),
        ({"newsroom": "AFP"}, False),
        ({"pack": "us_aid", "severity": "urgent"}, False),
        ({"pack": "us_aid", "severity": "high", "lang": "en"}, True),
    ],
)
def test_route_fits_where_all_that_it_names_fits(wanted: dict[str, Any], fits: bool) -> None:
    """Each key narrows; a severity is the least one; names of newsrooms are read in any case."""
    assert channels_for(ALERT, ("desk",), [Route(("extra",), **wanted)]) == (("desk", "extra") if fits else ("desk",))


def test_routes_add_and_never_take_away() -> None:
    """All that fit add to the pack's own route, in order, each channel once."""
    routes = [Route(("b", "desk")), Route(("c",), pack="talks"), Route(("b", "d"), severity="info")]

    assert channels_for(ALERT, ("desk",), routes) == ("desk", "b", "d")
