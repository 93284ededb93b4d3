"""The page of the system: what waits, channels and their test, troubles, delays."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from monitor.config import ChannelSettings
from monitor.model import SendOutcome, SendResult
from monitor.store import poll_hours, schema, system_views
from monitor.web import system_parts
from tests.support import dashboard, databases
from tests.support.dashboard import Site
from tests.support.desk import START, Desk, item


def words(html: str) -> str:
    """Return the text of a page in one line."""
    return re.sub(r" ([.,;:])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", html).split()))


class Hook:
    """A webhook on loopback that answers with `status`; `taken` holds what came."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[dict[str, Any]] = []
        hook = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Return its address as channels write it."""
        return f"json://127.0.0.1:{self.server.server_port}/s3cret-path"


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    """A webhook."""
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Site]:
    """A dashboard whose mail was refused, whose chat fails, and with a channel that leads to the webhook."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("site")) as made:
        desk = made.desk
        retry = SendResult(SendOutcome.RETRY, 503, "the server is busy")
        desk.senders["mail"].script = [retry] * 9
        desk.publishes("gazette", item(50, "Resettlement begins anew in the valley"))
        desk.later()
        assert desk.context is not None
        config = desk.context.setup.config
        channels = {**config.channels, "hook": ChannelSettings("hook", SecretStr(hook.url))}
        desk.context.setup = replace(desk.context.setup, config=replace(config, channels=channels))
        yield made


def row_of(page: str, channel: str) -> str:
    """Return the row of a channel."""
    table = page.split("<h2>Channels</h2>")[1].split("</table>", maxsplit=1)[0]
    (found,) = [row for row in table.split("<tr>") if f'<bdi dir="auto">{channel}</bdi>' in row.split("</th>")[0]]
    return words(found)


def test_page_says_which_channel_works_and_what_waits(site: Site) -> None:
    """A channel that fails is named with what was said last; what waits for it is counted with its age."""
    page = site.get("/system").text

    assert row_of(page, "desk").startswith("✓ works desk default")
    assert row_of(page, "mail").startswith("✗ failing mail default")
    assert "the server is busy" in row_of(page, "mail")
    assert re.search(r"mail waits 1 \d+ (s|min) ago", words(page.split("<h2>Outbox</h2>")[1]))


def test_page_shows_open_troubles(site: Site) -> None:
    """What the monitor told about itself and what still stands is listed with since when."""
    troubles = words(site.get("/system").text.split("<h2>Troubles</h2>")[1].split("<h2>")[0])

    assert "gives no dates" in troubles
    assert "since 10 Mar 2025" in troubles


def test_a16_page_shows_no_secret_of_a_channel(site: Site) -> None:
    """Of the address of a channel the page shows where it leads, not its token."""
    page = site.get("/system").text

    assert "JSON (apprise): ***" in row_of(page, "hook")
    assert "s3cret" not in page


def test_test_button_sends_a_marked_message(site: Site, hook: Hook) -> None:
    """A test goes out at once, marked as one, and the page says what the service answered."""
    done = site.post("/system/channels/hook/test")
    said = words(site.get(done.headers["location"]).text)

    assert "Test of Wirewatch" in json.dumps(hook.taken[-1])
    assert "Test of hook:" in said
    assert ": sent" in said
    assert "s3cret" not in said


def test_test_button_says_what_went_wrong(site: Site, hook: Hook) -> None:
    """A service that refuses is quoted; a channel that is not there is said."""
    hook.status = 500
    try:
        done = site.post("/system/channels/hook/test")
    finally:
        hook.status = 200

    assert "500" in words(site.get(done.headers["location"]).text)
    assert site.post("/system/channels/nothing/test").status == 404


def test_charts_have_their_numbers_as_tables(site: Site) -> None:
    """Whoever sees no chart reads its numbers; each chart has a title."""
    page = site.get("/system").text

    for title in ("Alerts a day", "Published to sent, minutes", "Polls an hour"):
        assert f'role="img"><title>{title}</title>' in page
    assert words(page).count("as a table") == 3


def test_alerts_delays_and_polls_are_counted_by_day_and_hour_of_the_desk(desk: Desk) -> None:
    """Days begin at midnight of the desk's zone; delays count from publication to acceptance; polls by outcome."""
    desk.has(["gazette", "herald"], ["desk"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", {**item(1, "Resettlement plan"), "pubDate": "Mon, 10 Mar 2025 08:05:00 GMT"})
    desk.later()
    assert desk.context is not None
    now, zone = desk.clock.now(), ZoneInfo("Asia/Kolkata")
    bounds = system_parts.day_bounds(now, zone, 3)

    counted = desk.read(lambda c: system_views.alerts_between(c, bounds))
    (delay,) = desk.read(lambda c: system_views.delays(c, bounds[0]))
    system = desk.read(lambda c: system_parts.read(c, desk.context, now))
    hours = desk.read(lambda c: poll_hours.list_since(c, now - timedelta(hours=1)))

    assert [f"{bound:%d %H:%M}" for bound in bounds] == ["07 18:30", "08 18:30", "09 18:30", "10 18:30"]
    assert counted == [0, 0, 1]
    assert (delay.sent_at - START, delay.published - START) == (timedelta(minutes=20), timedelta(minutes=5))
    assert (system.days[-1].alerts, system.delays[-1].p50, system.delays[-1].p95) == (1, 900.0, 900.0)
    assert {hour.outcome: hour.polls for hour in hours} == {"baseline": 1, "ok": 1, "failed": 2}


def test_a_backup_is_noted(desk: Desk) -> None:
    """The page says when `db backup` last wrote a copy."""
    before = desk.read(system_views.last_backup)
    for _ in range(2):
        desk.write(lambda c: system_views.note_backup(c, desk.clock.now()))

    assert before is None
    assert desk.read(system_views.last_backup) == int(START.timestamp())


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3.0), (0.95, 5.0), (0.0, 1.0)])
def test_percentiles(share: float, expected: float) -> None:
    """The value that so many do not exceed; none of nothing."""
    assert system_parts.percentile([5.0, 1.0, 3.0, 2.0, 4.0], share) == expected
    assert system_parts.percentile([], share) is None


def enter(desk: Desk, role: str, **values: Any) -> None:
    """Enter a process of a cluster: living, unless `values` say otherwise."""
    now = desk.clock.now()
    row = {"role": role, "host": "<b>east</b>", "pid": 7, "version": "1.2", "started_at": START, "beat_at": now}
    row |= {"lease_until": now + timedelta(seconds=30), "state": {"leads": role == "scheduler"}, **values}
    desk.write(lambda c: c.execute(schema.members.insert(), row))


def test_members_of_a_cluster_are_listed_with_what_their_leader_found(site: Site) -> None:
    """Each process has a row with role, state and machine, one lost long ago none; the findings of the leader show."""
    desk, hour = site.desk, timedelta(hours=1)
    alone = site.get("/system").text
    standing = [{"key": "no_feeds", "headline": "No feed is polled", "body": "", "seconds": 300.0}]
    now = desk.clock.now()
    try:
        enter(desk, "scheduler", state={"leads": True, "standing": standing})
        enter(desk, "worker")
        enter(desk, "worker", lease_until=now - hour / 60)
        enter(desk, "web", ended_at=now - hour, reason="lease", lease_until=now - hour)
        enter(desk, "web", ended_at=now - 25 * hour, reason="lease", lease_until=now - 25 * hour)
        enter(desk, "web", ended_at=now - hour, reason="left", lease_until=now - hour)
        page, told = site.get("/system").text, json.loads(site.get("/api/v1/system").text)
    finally:
        desk.write(lambda c: c.execute(schema.members.delete()))

    table = words(page.split("<h2>Members</h2>")[1].split("</table>", maxsplit=1)[0])
    assert re.findall(r"★ leads|✓ works|! silent|✗ lost", table) == ["★ leads", "✓ works", "! silent", "✗ lost"]
    assert "&lt;b&gt;east" in table
    assert "nobody leads" not in page
    assert "No feed is polled for 5 min" in words(page)
    assert [(one["role"], one["state"], one["leads"]) for one in told["members"]] == [
        ("scheduler", "living", True),
        ("worker", "living", False),
        ("worker", "silent", False),
        ("web", "lost", False),
    ]
    assert [one["key"] for one in told["findings"]] == ["no_feeds"]
    assert "<h2>Members</h2>" not in alone
    assert "at work or ready" in alone


def test_page_says_that_nobody_leads(site: Site) -> None:
    """Members without a leader are a trouble of their own."""
    try:
        enter(site.desk, "worker")
        page = site.get("/system").text
    finally:
        site.desk.write(lambda c: c.execute(schema.members.delete()))

    assert "! nobody leads" in words(page)
