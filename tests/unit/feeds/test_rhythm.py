"""monitor.feeds.rhythm: what is learned of when a feed brings something."""

from __future__ import annotations

from monitor.feeds import rhythm

NOW = 1_700_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


def test_arrivals_are_kept_in_order_and_no_more_than_needed() -> None:
    """The last of them stay; one that was published before others takes its place among them."""
    learned = rhythm.learn(rhythm.Rhythm(), (NOW - n * HOUR for n in range(50)), NOW)
    learned = rhythm.learn(learned, [NOW - 90.0], NOW)

    assert len(learned.arrivals) == rhythm.KEPT
    assert learned.arrivals == tuple(sorted(learned.arrivals))
    assert learned.arrivals[-2:] == (NOW - 90.0, NOW)


def test_dates_to_come_count_as_now() -> None:
    """A date ahead is taken for the moment at which the entry was seen."""
    assert rhythm.learn(rhythm.Rhythm(), [NOW + DAY], NOW).arrivals == (NOW,)


def test_the_gap_grows_while_nothing_comes() -> None:
    """The present gap is the mean of the last few, with the one that is open."""
    arrivals = [NOW - n * 600 for n in range(10)]

    assert rhythm.gap(arrivals, NOW) == 500.0
    assert rhythm.gap(arrivals, NOW + HOUR) == 1100.0


def test_nothing_is_a_rhythm_of_nothing() -> None:
    """Without arrivals, with one batch, and with all of them ahead of a clock that was set back, there is no gap."""
    assert rhythm.gap([], NOW) is None
    assert rhythm.gap([NOW] * 20, NOW) is None
    assert rhythm.gap([NOW + n for n in range(20)], NOW - DAY) is None


def test_nights_and_weekends_are_tolerated_twice_over() -> None:
    """A feed that rests from Friday to Sunday may have a long weekend; one that never rests is silent after a day."""
    weekly = rhythm.Rhythm(lulls=((NOW - 3 * DAY, 62 * HOUR),))

    assert rhythm.tolerance(weekly, young=False) == 124 * HOUR
    assert rhythm.tolerance(rhythm.Rhythm(lulls=((NOW, HOUR),)), young=False) == DAY


def test_a_new_feed_may_have_a_weekend() -> None:
    """Until its first week is over three days of silence are no trouble."""
    assert rhythm.tolerance(rhythm.Rhythm(lulls=((NOW, HOUR),)), young=True) == 72 * HOUR


def test_lulls_are_the_longest_gaps_of_four_weeks() -> None:
    """Longer gaps push out shorter ones, and what is older than four weeks is forgotten."""
    old = rhythm.Rhythm(arrivals=(NOW - 40 * DAY,), lulls=((NOW - 29 * DAY, 60 * HOUR), (NOW - DAY, 5 * HOUR)))

    learned = rhythm.learn(old, [NOW - 10 * HOUR, NOW], NOW)

    assert (NOW, 10 * HOUR) in learned.lulls
    assert (NOW - DAY, 5 * HOUR) in learned.lulls
    assert all(NOW - end < rhythm.MEMORY for end, _ in learned.lulls)


def test_a_month_of_silence_is_no_habit() -> None:
    """A gap that was told of as silence counts as no more than what was tolerated before it."""
    before = rhythm.Rhythm(arrivals=(NOW - 30 * DAY,), lulls=((NOW - 20 * DAY, 10 * HOUR),))

    learned = rhythm.learn(before, [NOW], NOW)

    assert learned.lulls[0] == (NOW, 72 * HOUR)
