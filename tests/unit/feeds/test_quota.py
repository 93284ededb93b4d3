"""monitor.feeds.quota: how much one feed may bring on a day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor import model
from monitor.feeds import quota

TODAY = "2024-11-04"
EMPTY = model.FeedUse(TODAY)


def test_a_new_day_begins_with_nothing_used():
    """What was used yesterday, or before a pause of months, does not count."""
    yesterday = model.FeedUse("2024-11-03", taken=5, changed=5, over=5, stored=5)
    used = model.FeedUse(TODAY, taken=5)

    assert quota.use_on(TODAY, yesterday) == quota.use_on(TODAY, None) == EMPTY
    assert quota.use_on(TODAY, used) == used


def test_the_day_is_that_of_utc():
    """One minute before midnight UTC and one after are two days."""
    before = datetime(2024, 11, 4, 23, 59, tzinfo=UTC)

    assert quota.day_of(before) == TODAY
    assert quota.day_of(before.replace(day=5, hour=0)) == "2024-11-05"


@pytest.mark.parametrize(
    ("use", "state"),
    [
        (model.FeedUse(TODAY, taken=1), "pending"),
        (model.FeedUse(TODAY, taken=2), "over_quota"),
        (model.FeedUse(TODAY, taken=2, over=19), "over_quota"),
        (model.FeedUse(TODAY, taken=2, over=20), "lost"),
        (model.FeedUse(TODAY, stored=2 * quota.BYTES_PER_ENTRY - 1), "pending"),
        (model.FeedUse(TODAY, stored=2 * quota.BYTES_PER_ENTRY), "over_quota"),
    ],
)
def test_an_entry_is_read_recorded_or_counted(use, state):
    """With a bound of two: two are read, twenty recorded, the rest counted; bytes bind as numbers do."""
    after, found = quota.take_entry(use, 7, 2)

    assert found == state
    assert (after.taken, after.over) == (use.taken + (state == "pending"), use.over + (state != "pending"))
    assert after.stored == use.stored + (7 if state == "pending" else 0)


def test_changes_have_a_bound_of_their_own():
    """A feed that changes all its entries at each poll does not use up what its news may take, nor the reverse."""
    news = model.FeedUse(TODAY, taken=2, over=9)

    after, taken = quota.take_change(news, 7, 2)
    full, refused = quota.take_change(model.FeedUse(TODAY, changed=2), 7, 2)

    assert (taken, after.changed, after.stored) == (True, 1, 7)
    assert (refused, full.changed) == (False, 2)
    assert quota.take_entry(full, 7, 2)[1] == "pending"
