"""Signed links to rate an alert: who can make them, and what becomes of one that was changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import rating

KEY = b"k" * 32
CLAIM = rating.Claim(3, 7, datetime(2025, 4, 9, 8, 0, tzinfo=UTC))
TOKEN = rating.sign(KEY, CLAIM)


def test_link_says_what_was_signed() -> None:
    """Alert, recipient and end come back as they were, from a link that needs no escaping."""
    links = rating.Links("https://wire.desk.test", KEY, CLAIM.expires)

    url = links.url_of(3, 7)

    assert url.startswith("https://wire.desk.test/rate/3.7.1744185600.")
    assert rating.read(KEY, url.rpartition("/")[2]) == CLAIM


def test_key_stays_out_of_what_is_printed() -> None:
    """The key is in no repr, which logs might show."""
    assert "kkk" not in repr(rating.Links("https://wire.desk.test", KEY, CLAIM.expires))


@pytest.mark.parametrize(
    "token",
    [
        TOKEN.replace("3.7.", "4.7.", 1),
        TOKEN.replace("3.7.", "3.8.", 1),
        TOKEN.replace("3.7.", "03.7.", 1),
        TOKEN.replace("3.7.", "٣.7.", 1),
        TOKEN.replace("1744185600", "1944185600"),
        TOKEN[:-1],
        TOKEN + "=",
        TOKEN + "\n",
        TOKEN.rpartition(".")[0] + ".",
        TOKEN.rpartition(".")[0],
        "",
        "9" * 5000,
    ],
)
def test_changed_link_is_none_of_ours(token: str) -> None:
    """Another alert, recipient or end, other digits for the same number, or a cut signature: not read."""
    assert rating.read(KEY, token) is None


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="utf-8"))
def test_no_character_of_a_link_can_be_another(place: int, character: str) -> None:
    """Every character counts, the last one of the signature included."""
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]

    assert (rating.read(KEY, changed) == CLAIM) is (changed == TOKEN)


def test_another_database_signs_otherwise() -> None:
    """A link of one monitor is worth nothing at another, nor where there is no key."""
    assert rating.read(b"x" * 32, TOKEN) is None
    assert rating.read(b"", rating.sign(b"", CLAIM)) is None
