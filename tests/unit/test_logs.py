"""Log lines: one an event, harmless, without secrets, and never a reason to wait."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from monitor import logs, metrics

HOSTILE = 'x\n{"level": "critical"}\r\x1b[31mred\x00\x7f\x85\u2028\u2029\u202eltr\ud800\ufeff"\\ level=error'


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Leave structlog and logging as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def lines() -> Callable[..., list[str]]:
    """Return a function that runs `work` with logs set up, and gives the lines that were written."""

    def run(
        work: Callable[[], object], json: bool = True, level: str = "info", secrets: tuple[str, ...] = ()
    ) -> list[str]:
        stream = io.StringIO()
        writer = logs.setup(level, json, lambda: frozenset(secrets), stream)
        work()
        writer.close()
        return stream.getvalue().splitlines(keepends=True)

    return run


class BlockedPipe:
    """A stream whose reader takes nothing until told to."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._writer

    def isatty(self) -> bool:
        return False

    def drain(self, until: bytes) -> bytes:
        """Read until `until` was read, and its line to the end."""
        data = b""
        while until not in data or not data.endswith(b"\n"):
            data += os.read(self.reader, 65_536)
        return data

    def close(self) -> None:
        os.close(self.reader)
        os.close(self._writer)


# -- lines ---------------------------------------------------------------------------------------


def test_event_is_one_json_object(lines: Callable[..., list[str]]) -> None:
    """Time, level and event come first, then the keys as they were given."""
    found = lines(lambda: structlog.get_logger().info("feed_polled", feed="bbc", new=3, title="مصر"))

    event = json.loads(found[0])
    assert list(event) == ["time", "level", "event", "feed", "new", "title"]
    assert event["time"].endswith("Z")
    assert (event["level"], event["event"], event["new"], event["title"]) == ("info", "feed_polled", 3, "مصر")
    assert "مصر" in found[0]


def test_plain_line_is_for_people(lines: Callable[..., list[str]]) -> None:
    """On a terminal an event is words and key=value, quoted where it is no plain word."""
    found = lines(lambda: structlog.get_logger().warning("feed_failed", feed="bbc", why="no route"), json=False)

    assert found[0].endswith('Z warning  feed_failed feed=bbc why="no route"\n')


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("place", ["value", "key", "nested", "event", "exception", "library"])
def test_a11_hostile_text_stays_within_its_line(lines: Callable[..., list[str]], as_json: bool, place: str) -> None:
    """Line breaks, escapes and marks of direction from outside are shown as escapes, wherever they come in."""
    log = structlog.get_logger()

    def fail() -> None:
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            log.exception("failed")

    work: dict[str, Callable[[], object]] = {
        "value": lambda: log.info("seen", title=HOSTILE),
        "key": lambda: log.info("seen", **{HOSTILE: 1}),
        "nested": lambda: log.info("seen", entry={HOSTILE: [HOSTILE]}),
        "event": lambda: log.info(HOSTILE),
        "exception": fail,
        "library": lambda: logging.getLogger("aiohttp").error("bad header %s", HOSTILE),
    }

    found = lines(work[place], json=as_json)

    assert len(found) == 1
    assert [c for c in found[0][:-1] if not c.isprintable()] == []
    if as_json:
        assert "ltr" in str(json.loads(found[0]))


def test_json_keeps_the_text_behind_the_escapes(lines: Callable[..., list[str]]) -> None:
    """Whoever reads the JSON gets the very text back."""
    found = lines(lambda: structlog.get_logger().info("seen", title=HOSTILE))

    assert json.loads(found[0])["title"] == HOSTILE


def test_value_cannot_look_like_a_key(lines: Callable[..., list[str]]) -> None:
    """A value with an equals sign or a quote is quoted, so that it forges no key."""
    found = lines(lambda: structlog.get_logger().info("seen", title='a level=error "b'), json=False)

    assert found[0].endswith('seen title="a level=error \\"b"\n')


def test_long_value_is_cut(lines: Callable[..., list[str]]) -> None:
    """A megabyte from outside costs no megabyte of log."""
    found = lines(lambda: structlog.get_logger().info("seen", body="x" * 1_000_000))

    assert json.loads(found[0])["body"] == "x" * logs.MAX_VALUE + "... (1000000 characters)"


def test_object_that_cannot_be_shown_does_no_harm(lines: Callable[..., list[str]]) -> None:
    """Logging never raises because of what it is given."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    found = lines(lambda: structlog.get_logger().info("seen", what=Broken()))

    assert json.loads(found[0])["what"] == "<Broken that cannot be shown>"


def test_level_is_a_threshold(lines: Callable[..., list[str]]) -> None:
    """What is below the level is not written."""
    log = structlog.get_logger()

    found = lines(lambda: (log.debug("a"), log.info("b"), log.error("c")), level="WARNING")

    assert [json.loads(line)["event"] for line in found] == ["c"]


def test_unknown_level_is_refused() -> None:
    """A level that does not exist is an error that lists those that do."""
    with pytest.raises(ValueError, match="write debug, info, warning or error"):
        logs.setup("loud", True, frozenset, io.StringIO())


def test_libraries_are_heard_from_warnings_up(lines: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Even at debug level no library's debug lines pass: apprise writes webhook addresses there."""
    apprise = logging.getLogger("apprise")
    monkeypatch.setattr(apprise, "propagate", True)  # a channel that another test opened listens to it alone

    found = lines(lambda: (apprise.debug("https://hooks"), apprise.warning("careful %d", 1)), level="debug")

    assert [(json.loads(line)["logger"], json.loads(line)["message"]) for line in found] == [("apprise", "careful 1")]


def test_broken_message_of_a_library_is_told(lines: Callable[..., list[str]]) -> None:
    """A library's mistake in formatting does not raise, and its logger is named."""
    found = lines(lambda: logging.getLogger("lib").error("%d", "one"))

    assert json.loads(found[0]) == {"event": "library_message_broken", "logger": "lib"}


def test_json_is_chosen_unless_a_person_watches() -> None:
    """Without a choice, a terminal gets plain lines and everything else JSON."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    streams = [io.StringIO(), Terminal()]
    for stream in streams:
        writer = logs.setup("info", None, frozenset, stream)
        structlog.get_logger().info("started")
        writer.close()

    assert [stream.getvalue().startswith("{") for stream in streams] == [True, False]


# -- secrets -------------------------------------------------------------------------------------


def test_a16_secrets_are_masked_everywhere(lines: Callable[..., list[str]]) -> None:
    """A secret is masked in values, keys, lists, exceptions and the words of libraries."""
    secret = 'p"a\\ss\nword'
    log = structlog.get_logger()

    def work() -> None:
        log.info("a", url=f"https://u:{secret}@h/", **{secret: [secret, {"x": secret}]})
        logging.getLogger("lib").error("sent %s", secret)
        try:
            raise ValueError(secret)
        except ValueError:
            log.exception("b")

    found = "".join(lines(work, secrets=(secret,)))

    assert "word" not in found
    assert found.count(logs.MASK) >= 6


def test_a16_longer_secret_is_masked_whole(lines: Callable[..., list[str]]) -> None:
    """Where one secret contains another, nothing of the longer one is left."""
    found = lines(lambda: structlog.get_logger().info("a", x="abcd-efgh-tail"), secrets=("abcd", "abcd-efgh-tail"))

    assert json.loads(found[0])["x"] == "***"


def test_a16_secret_across_the_cut_is_masked(lines: Callable[..., list[str]]) -> None:
    """A long value is masked before it is cut."""
    text = "x" * (logs.MAX_VALUE - 3) + "the-secret"

    found = lines(lambda: structlog.get_logger().info("a", body=text), secrets=("the-secret",))

    assert "the" not in found[0]


def test_a16_reloaded_secret_is_masked_at_once() -> None:
    """The set of secrets is asked for at every event."""
    stream, secrets = io.StringIO(), {"old-secret"}
    writer = logs.setup("info", True, lambda: frozenset(secrets), stream)
    log = structlog.get_logger()

    log.info("a", x="new-secret")
    secrets.add("new-secret")
    log.info("b", x="new-secret")
    writer.close()

    assert [json.loads(line)["x"] for line in stream.getvalue().splitlines()] == ["new-secret", "***"]


# -- writing -------------------------------------------------------------------------------------


def test_f44_blocked_reader_never_blocks_the_work() -> None:
    """With a full pipe the lines are dropped and counted; when it is read again, a line says how many."""
    pipe, drops = BlockedPipe(), []
    writer = logs.Writer(pipe, lambda: drops.append(1), size=10)  # type: ignore[arg-type]
    started = time.monotonic()

    for _ in range(2_000):
        writer.msg("x" * 1_000)
    took = time.monotonic() - started
    told = []
    while sum(told) < writer.dropped:  # lines may be lost on both sides of a report
        lines = pipe.drain(until=b"log_lines_dropped").decode().splitlines()
        told += [json.loads(line)["count"] for line in lines if "log_lines_dropped" in line]

    assert took < 5
    assert sum(told) == writer.dropped == len(drops) > 1_000
    writer.close()
    pipe.close()


def test_f44_close_gives_a_blocked_reader_up() -> None:
    """Leaving waits for a blocked reader only so long."""
    pipe = BlockedPipe()
    writer = logs.Writer(pipe, lambda: None, size=10)  # type: ignore[arg-type]
    for _ in range(200):
        writer.msg("x" * 1_000)

    closing = threading.Thread(target=writer.close, args=(0.05,))
    closing.start()
    closing.join(5)

    assert not closing.is_alive()
    pipe.drain(until=b"log_lines_dropped")


def test_f44_process_leaves_although_its_log_is_blocked() -> None:
    """A program whose log nobody reads does its work and ends by itself, with its own exit code."""
    program = (
        "import sys, structlog; from monitor import logs\n"
        "logs.setup('info', True, frozenset)\n"
        "log = structlog.get_logger()\n"
        "for n in range(20_000): log.info('seen', text='x' * 100, n=n)\n"
        "print('done', flush=True); sys.exit(3)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr

    said = process.stdout.read()
    code = process.wait(30)

    assert (said, code) == (b"done\n", 3)
    process.stderr.close()
    process.stdout.close()


def test_f44_gone_reader_is_counted() -> None:
    """A closed pipe costs the lines, each counted, and raises nothing."""
    pipe = BlockedPipe()
    os.close(pipe.reader)
    writer = logs.Writer(pipe, lambda: None)  # type: ignore[arg-type]

    for _ in range(5):
        writer.msg("x")
    writer.close()

    assert writer.dropped == 5
    os.close(pipe.fileno())


def test_f44_closed_stream_is_counted() -> None:
    """A stream that was closed under us costs the lines only."""
    stream = io.StringIO()
    writer = logs.Writer(stream, lambda: None)
    stream.close()

    writer.msg("x")
    writer.close()

    assert writer.dropped == 1


def test_f44_dropped_lines_reach_the_metric() -> None:
    """What `setup` wires by default counts in wirewatch_log_lines_dropped_total."""
    before = metrics.REGISTRY.get_sample_value("wirewatch_log_lines_dropped_total") or 0.0
    stream = io.StringIO()
    writer = logs.setup("info", True, frozenset, stream)
    stream.close()

    structlog.get_logger().info("lost")
    writer.close()

    assert metrics.REGISTRY.get_sample_value("wirewatch_log_lines_dropped_total") == before + 1


def test_close_writes_what_waits() -> None:
    """What was logged before the end is written at the end, in order, and closing twice is fine."""
    stream = io.StringIO()
    writer = logs.Writer(stream, lambda: None)

    for number in range(1_000):
        writer.msg(str(number))
    writer.close()
    writer.close()

    assert stream.getvalue().split() == [str(number) for number in range(1_000)]


# -- the manual ----------------------------------------------------------------------------------


def test_every_event_is_documented() -> None:
    """docs/operations.md has a row for each event that the program logs by name, and events are snake_case."""
    root = Path(__file__).resolve().parents[2]
    rows = set(re.findall(r"^\| `(\w+)` \|", (root / "docs" / "operations.md").read_text(), re.MULTILINE))
    call = re.compile(r"\blog\.(?:debug|info|warning|error|exception)\(\s*\"([^\"]*)\"")

    logged = {event for path in (root / "monitor").rglob("*.py") for event in call.findall(path.read_text())}

    assert [event for event in logged if not re.fullmatch(r"[a-z][a-z0-9_]*", event)] == []
    assert logged - rows - {"message_"} == set()
