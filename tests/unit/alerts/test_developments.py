"""What messages read out of what an alert recorded."""

from __future__ import annotations

import pytest

from monitor.alerts import developments
from monitor.model import Development

DETAIL = {
    "alert": 12,
    "new": {"entities": ["Sisi"], "places": ["Rafah crossing"], "numbers": ["300,000 people"]},
    "newsrooms": 4,
    "names": ["Reuters", "BBC"],
    "folded": 7,
    "from": "normal",
    "to": "high",
}


def test_detail_of_an_update_is_read():
    """Numbers come first, then places and names; the count of the alert's own column wins."""
    assert developments.read_development("higher_severity", 5, DETAIL) == Development(
        newsrooms=5,
        names=("Reuters", "BBC"),
        new=("300,000 people", "Rafah crossing", "Sisi"),
        severity_before="normal",
        folded=7,
    )
    assert developments.first_alert(DETAIL) == 12


def test_unconfirmed_is_known_by_the_reason_too():
    """The mark does not hang on the detail alone: nobody must take it for confirmed."""
    assert developments.read_development("unconfirmed", None, None).unconfirmed
    assert developments.read_development("first_report", 1, {"unconfirmed": True}).unconfirmed
    assert not developments.read_development("first_report", 1, {}).unconfirmed


@pytest.mark.parametrize(
    "detail",
    [
        None,
        {},
        {"new": None, "names": None, "newsrooms": "4", "folded": -1, "from": 3, "alert": True},
        {"new": ["Sisi"], "names": "BBC", "newsrooms": None, "folded": 1.5, "alert": "12"},
        {"new": {"entities": [1, None], "towns": ["x"]}, "names": [None]},
    ],
)
def test_details_of_other_versions_break_nothing(detail):
    """What is missing or of another shape counts as absent."""
    assert developments.read_development("new_facts", None, detail) == Development()
    assert developments.first_alert(detail) is None
