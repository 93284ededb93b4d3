"""Who is served next, and who waits on the bench."""

from __future__ import annotations

import pytest

from monitor.errors import WorkerBusy
from monitor.workers_line import BENCH, FORGIVEN, MEMORY, PATIENCE, SHARE, STUCK, Line, Standing


def opened(workers: int = 2, passed: tuple[str, ...] = (), slow: tuple[str, ...] = ()) -> Line[str]:
    """Return a line that knows some sources already."""
    line: Line[str] = Line(workers)
    for source in passed:
        line.passed(source)
    for source in slow:
        line.failed(source)
    return line


def order(line: Line[str], now: float = 0.0) -> list[str]:
    """Serve everything that may start, one after another."""
    served = []
    while place := line.take(now):
        served.append(place.task)
        line.leave(seated=place.is_slow)
    return served


def test_known_good_goes_before_new_and_new_before_slow() -> None:
    """However they arrived, the good are served first and the slow last."""
    line = opened(passed=("good",), slow=("slow",))
    for source in ("slow", "new", "good", ""):
        line.join(source, source, 0.0)

    served = order(line)

    assert served == ["good", "", "new", "slow"]


def test_slow_tasks_never_take_the_last_worker() -> None:
    """Of two workers one is never given to the slow; of one worker there is no other choice."""
    two, one = opened(2, slow=("a", "b")), opened(1, slow=("a", "b"))
    for line in (two, one):
        line.join("a", "a", 0.0)
        line.join("b", "b", 0.0)

    first, second = two.take(0.0), two.take(0.0)
    alone = one.take(0.0)

    assert first is not None
    assert second is None
    assert alone is not None


def test_slow_tasks_take_as_many_workers_as_they_are_given_seats() -> None:
    """Where nothing brief is asked, as in a backtest by command, no worker is kept free for it."""
    line: Line[str] = Line(2, seats=2)
    line.failed("slow")
    for task in ("one", "two", "three"):
        line.join(task, "slow", 0.0)

    served = [line.take(0.0), line.take(0.0), line.take(0.0)]

    assert [place.task if place else None for place in served] == ["one", "two", None]


def test_a_seat_is_free_again_when_its_task_ends() -> None:
    """The next slow task starts when the one before it has left."""
    line = opened(2, slow=("a", "b"))
    line.join("first", "a", 0.0)
    line.join("second", "b", 0.0)
    line.take(0.0)

    line.leave(seated=True)
    place = line.take(0.0)

    assert place is not None
    assert place.task == "second"


def test_one_long_task_goes_on_and_the_second_is_set_back() -> None:
    """A task that takes long keeps its worker if a seat of the slow is free; the next one does not."""
    line = opened(2)
    line.join("one", "a", 0.0)
    line.join("two", "b", 0.0)
    one, two = line.take(0.0), line.take(0.0)
    assert one is not None
    assert two is not None

    stays, goes_on = line.outstay(one), line.outstay(two)

    assert stays
    assert not goes_on
    assert line.standing("a") is line.standing("b") is Standing.SLOW


def test_the_bench_is_short() -> None:
    """When as many slow tasks wait as jobs can spare places, the next is sent away; others are let in."""
    line = opened(2, slow=("slow",))
    for _ in range(BENCH):
        line.join("task", "slow", 0.0)

    assert line.is_full("slow")
    assert not line.is_full("other")
    with pytest.raises(WorkerBusy, match="other slow work goes first"):
        line.join("task", "slow", 0.0)


def test_nobody_starves() -> None:
    """Of eight tasks in a row one may be the oldest of all, once it has waited longer than PATIENCE."""
    line = opened(passed=("good",), slow=("slow",))
    line.join("slow", "slow", 0.0)
    line.join("new", "new", 1.0)
    for number in range(2 * SHARE):
        line.join(f"good {number}", "good", PATIENCE)

    served = order(line, PATIENCE + 1.5)

    assert served[0] == "slow"
    assert served[SHARE] == "new"
    assert len(served) == 2 + 2 * SHARE


def test_impatience_of_many_does_not_make_a_line_by_age() -> None:
    """However many unknown sources have lost patience, the good ones are served in between."""
    line = opened(passed=("good",))
    for number in range(100):
        line.join("new", f"new {number}", 0.0)
    for _ in range(3):
        line.join("good", "good", PATIENCE)

    served = order(line, PATIENCE + 1.0)

    assert served[:4].count("good") == 3


def test_a_mended_source_is_forgiven() -> None:
    """Strikes are bounded, and each task that passes takes one away."""
    line = opened(slow=("a",) * 100)

    for _ in range(FORGIVEN - 1):
        line.passed("a")
    before = line.standing("a")
    line.passed("a")

    assert before is Standing.SLOW
    assert line.standing("a") is Standing.PASSED


def test_memory_is_bounded() -> None:
    """A million sources do not fill the memory: the one that was not heard of for longest is forgotten."""
    line = opened(slow=("first",))

    for number in range(MEMORY):
        line.passed(f"source {number}")

    assert line.standing("first") is Standing.NEW


def test_emptied_line_serves_nobody() -> None:
    """What is taken out at the end is not served any more."""
    line = opened()
    line.join("a", "a", 0.0)
    line.join("b", "b", 0.0)

    assert list(line.empty()) == ["a", "b"]
    assert line.take(0.0) is None
    assert len(line) == 0


def test_strangers_that_take_long_are_noticed() -> None:
    """When unknown sources wait for long, the next unknown one is told; good ones, and slow ones, are not meant."""
    line = opened(passed=("good",), slow=("slow",))
    line.join("task", "new", 0.0)

    assert line.is_stuck("another", STUCK + 0.1)
    assert not line.is_stuck("another", STUCK - 0.1)
    assert not line.is_stuck("good", STUCK + 0.1)
    assert not line.is_stuck("slow", STUCK + 0.1)
