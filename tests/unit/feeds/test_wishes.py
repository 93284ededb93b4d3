"""monitor.feeds.wishes: what a feed's text asks of those who poll it."""

from __future__ import annotations

import pytest

from monitor.feeds import parse, wishes

HOUR = 3600.0


def rss(channel: str) -> bytes:
    """Return a feed with one item whose channel says `channel`."""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        f"<title>t</title>{channel}<item><title>a</title></item></channel></rss>"
    ).encode()


@pytest.mark.parametrize(
    ("channel", "ttl"),
    [
        ("<ttl>30</ttl>", 1800.0),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>99999999999999</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", HOUR),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>48</sy:updateFrequency>", HOUR / 2),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", HOUR),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", None),
        ("<sy:updatePeriod>weekly</sy:updatePeriod><ttl>60</ttl>", HOUR),
        ("", None),
    ],
)
def test_ttl_is_read_from_either_vocabulary(channel: str, ttl: float | None) -> None:
    """Minutes of RSS go first; a period counts for an hour at most; what WordPress writes everywhere says nothing."""
    assert parse.parse_feed(rss(channel), "https://a.example/feed").ttl == ttl


def test_every_hour_and_day_to_skip_is_read() -> None:
    """All hours and days count, in order; 24 is midnight, and what is no hour or no day is left out."""
    hours = "".join(f"<hour>{hour}</hour>" for hour in (3, 24, 2, 99, "x"))
    days = "<day>Sunday</day><day>saturday</day><day>Funday</day>"

    parsed = parse.parse_feed(
        rss(f"<skipHours>{hours}</skipHours><skipDays>{days}</skipDays>"), "https://a.example/feed"
    )

    assert parsed.skip_hours == (0, 2, 3)
    assert parsed.skip_days == (5, 6)


def test_a_feed_that_skips_everything_skips_nothing() -> None:
    """A list of all hours, or of all days, would silence the feed for ever: it counts as absent."""
    hours = b"".join(b"<hour>%d</hour>" % hour for hour in range(24))
    days = b"".join(b"<day>%s</day>" % day.encode() for day in wishes.DAYS)

    assert wishes.read_skip_hours(b"<skipHours>" + hours + b"</skipHours>") == ()
    assert wishes.read_skip_days(b"<skipDays>" + days + b"</skipDays>") == ()


def test_a_list_without_an_end_costs_nothing() -> None:
    """An element that is never closed is not searched to the end of the feed."""
    assert wishes.read_skip_hours(b"<skipHours>" + b"<hour>3</hour>" * 100_000) == ()
