"""monitor.feeds.outage: whether it is them or us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.feeds import outage

NOW = datetime(2025, 3, 10, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(*events: tuple[float, str, bool]) -> outage.Network:
    """Return the network after polls at minutes from NOW: (minute, host, whether it answered)."""
    network = outage.Network()
    for minute, host, answered in events:
        see = outage.see_answer if answered else outage.see_silence
        network = see(network, host, NOW + minute * MINUTE)
    return network


def test_one_dead_host_among_others_is_its_own_fault() -> None:
    """As long as others answer, a host that does not is to blame."""
    network = after((0, "a", True), (1, "b", False), (1.5, "a", True), (2, "b", False))

    assert not outage.is_ours(network, NOW + MINUTE, NOW + 2 * MINUTE)


def test_nothing_answers_for_minutes_and_it_is_us() -> None:
    """Two hosts and two minutes without any answer: no feed is blamed."""
    network = after((0, "a", True), (1, "a", False), (2, "b", False))

    assert outage.is_ours(network, NOW + MINUTE, NOW + 3 * MINUTE)
    assert not outage.is_ours(network, NOW + MINUTE, NOW + 1.5 * MINUTE)


def test_a_host_that_was_dead_before_the_last_answer_stays_to_blame() -> None:
    """Whoever failed while others answered is not excused by an outage that follows."""
    network = after((0, "dead", False), (1, "a", True), (5, "dead", False), (6, "a", False), (9, "b", False))

    assert not outage.is_ours(network, NOW, NOW + 9 * MINUTE)
    assert outage.is_ours(network, NOW + 6 * MINUTE, NOW + 9 * MINUTE)


def test_the_only_host_gets_the_benefit_of_the_doubt() -> None:
    """With a single feed nobody can tell whose fault it is; then it is asked on."""
    network = after((0, "a", True), (3, "a", False))

    assert outage.is_ours(network, NOW + 3 * MINUTE, NOW + 6 * MINUTE)


def test_a_feed_inside_the_house_does_not_hide_an_outage() -> None:
    """One host of our own that answers among hundreds that do not: it is us."""
    outside = [(n / 10, f"h{n}", n == 50) for n in range(150)]

    network = after((0, "intranet", True), *outside)

    assert outage.is_ours(network, NOW + MINUTE, NOW + 15 * MINUTE)


def test_silence_is_counted_from_the_first_failure() -> None:
    """A desk that polls hourly has not been cut off for an hour when its first poll fails."""
    network = after((0, "a", True), (60, "a", False))

    assert outage.silence(network, NOW + 61 * MINUTE) == MINUTE
    assert outage.silence(after((0, "a", False), (1, "a", True)), NOW + 9 * MINUTE) == timedelta()


def test_a_clock_that_is_set_lengthens_no_outage() -> None:
    """The times move along with the clock."""
    network = outage.shift(after((0, "a", True), (1, "a", False)), timedelta(days=30))

    assert outage.silence(network, NOW + timedelta(days=30) + 2 * MINUTE) == MINUTE
