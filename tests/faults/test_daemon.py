"""The daemon as a process under faults from outside: stopped at work; feeds, workers, channels and files that fail."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import inbox, web, webhook, world

SECRET = "s3cr3t-never-shown"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with one newsroom and both channels."""
    with world.opened(tmp_path) as made:
        made.newsroom("gazette")
        made.configure()
        yield made


def stop_in_time(daemon: world.Process) -> None:
    """Stop a daemon that has work in flight: exit 0 within 8 s."""
    begun = time.monotonic()
    assert daemon.stop() == 0, daemon.log
    assert time.monotonic() - begun <= 8 * world.SLACK


# -- F02: told to stop with work in flight -----------------------------------------------------------


def test_f02_stopped_while_a_feed_and_a_page_hang(desk: world.World) -> None:
    """A feed and a page that never answer hold no exit; the story behind the page is told by the next daemon."""
    desk.newsroom("slow")
    desk.configure()
    desk.publish("gazette", world.plain_story(1))
    desk.site.on("/slow/feed", web.silence())
    desk.site.on("/gazette/tok-1", web.silence())
    with desk.daemon().until_up() as daemon:
        world.until(lambda: desk.site.busy >= 2, 30, "both requests under way")
        stop_in_time(daemon)

    desk.site.page("/gazette/tok-1", world.article_page(world.plain_story(1)))
    desk.site.on("/slow/feed", desk.feed_of(desk.newsroom("slow")))
    with desk.daemon().until_up() as again:
        desk.until_told("tok-1")
        stop_in_time(again)

    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1}


def test_f02_stopped_while_both_channels_hang(desk: world.World) -> None:
    """Sinks that took the message and do not answer: exit 0 in time; at most one copy more each, labelled."""
    desk.publish("gazette", world.plain_story(1))
    desk.webhook.script.append(web.silence())
    desk.inbox.script.append(inbox.SILENCE)
    with desk.daemon().until_up() as daemon:
        desk.until_told("tok-1")
        stop_in_time(daemon)

    with desk.daemon().until_up() as again:
        desk.until_quiet()
        assert again.stop() == 0

    tally = desk.tally(["tok-1"])
    assert tally.lost == 0
    assert tally.duplicates == tally.labelled == {"mail": 1, "chat": 1}
    assert tally.same_id


def test_f02_stopped_while_a_parser_is_stuck(desk: world.World) -> None:
    """Workers that do not come back are ended with the daemon; what they had is read by the next one."""
    desk.publish("gazette", world.plain_story(1))
    with desk.daemon().until_up() as daemon:
        desk.until_told("tok-1")
        workers = grandchildren(daemon.pid)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        asked = len(desk.site.asked("/gazette/feed"))
        desk.publish("gazette", world.plain_story(2))
        world.until(lambda: len(desk.site.asked("/gazette/feed")) > asked, 30, "a poll")
        time.sleep(0.5)
        stop_in_time(daemon)
        world.until(lambda: not any(alive(pid) for pid in workers), 10, "the workers' end")

    with desk.daemon().until_up() as again:
        desk.until_told("tok-2")
        desk.until_quiet()
        assert again.stop() == 0
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1, "tok-2": 1}


def alive(pid: int) -> bool:
    """Return whether a process runs; one that is dead and not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def grandchildren(pid: int) -> list[int]:
    """Return the children of the children: workers are forked by a server of the daemon's."""
    return [own for child in children(pid) for own in children(child)]


def children(pid: int) -> list[int]:
    """Return the process ids of the children."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


# -- feeds and workers -----------------------------------------------------------------------------------


def test_f17_bad_certificates_are_named_and_never_accepted(desk: world.World) -> None:
    """Expired, by an unknown authority, for another name: each feed says why, and no request is made unverified."""
    bad = {
        "expired": web.Site(desk.authority.expired()),
        "selfsigned": web.Site(desk.authority.self_signed()),
        "othername": web.Site(desk.authority.server("elsewhere.test")),
    }
    good = web.Site(desk.authority.server())
    sites = {**bad, "good": good}
    with contextlib.ExitStack() as running:
        for site in sites.values():
            running.enter_context(web.in_background(site))
            site.on("/feed", desk.feed_of(desk.newsroom("gazette")))
        feeds = "".join(f'[[feeds]]\nurl = "{s.url("/feed")}"\nname = "{n}"\n' for n, s in sites.items())
        desk.configure(feeds=feeds, every="5s", allow=[site.address for site in sites.values()])
        with desk.command("run", "--once") as once:
            assert once.wait(60) == 0, once.log
        with desk.command("feeds", "list", "--json") as listing:
            assert listing.wait() == 0, listing.log

    health = {row["id"]: row for row in json.loads(listing.log)}
    assert "expired" in health["expired"]["error"]
    assert "unknown authority" in health["selfsigned"]["error"]
    assert "127.0.0.1" in health["othername"]["error"]
    assert health["good"]["error"] is None
    assert [len(site.requests) for site in bad.values()] == [0, 0, 0]
    assert good.requests


def test_f28_what_is_no_feed_is_named_and_forgets_nothing(desk: world.World) -> None:
    """An error page with 200 fails the poll with its reason; when the feed is back, nothing is told again."""
    desk.publish("gazette", world.plain_story(1))
    room = desk.newsroom("gazette")
    with desk.daemon().until_up() as daemon:
        desk.until_told("tok-1")
        for body in (b"<!DOCTYPE html><html><body>Be right back</body></html>", b'{"error": "down"}', b""):
            failed = len(daemon.events("feed_failed"))
            room.body = body
            world.until(lambda seen=failed: len(daemon.events("feed_failed")) > seen, 60, "a failed poll")
        room.body = None
        desk.publish("gazette", world.plain_story(2))
        desk.until_told("tok-2", seconds=90)
        assert daemon.stop() == 0

    assert {event["reason"] for event in daemon.events("feed_failed")} <= {"html_page", "json_page", "empty"}
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1, "tok-2": 1}


def test_f31_crashed_workers_are_replaced_and_nothing_is_lost(desk: world.World) -> None:
    """SIGSEGV to every worker, three times at work: new ones take over and every story is told once."""
    tokens = []
    with desk.daemon().until_up() as daemon:
        for n in range(3):
            for pid in world.until(lambda: grandchildren(daemon.pid), 30, "workers"):
                os.kill(pid, signal.SIGSEGV)
            desk.publish("gazette", world.plain_story(2 * n), world.plain_story(2 * n + 1))
            tokens += [f"tok-{2 * n}", f"tok-{2 * n + 1}"]
            desk.until_told(*tokens)
        assert daemon.stop() == 0

    assert desk.told("mail") == desk.told("chat") == dict.fromkeys(tokens, 1)


def test_f31_frozen_worker_is_killed_at_its_limit(desk: world.World) -> None:
    """A worker that stands still holds one task for its time limit, then is replaced; every story is told once."""
    with desk.daemon().until_up() as daemon:
        desk.publish("gazette", world.plain_story(0))
        desk.until_told("tok-0")
        frozen = grandchildren(daemon.pid)[0]
        os.kill(frozen, signal.SIGSTOP)
        desk.publish("gazette", *(world.plain_story(n) for n in range(1, 5)))
        tokens = [f"tok-{n}" for n in range(5)]
        desk.until_told(*tokens, seconds=15 * world.SLACK)
        world.until(lambda: not alive(frozen), 10 * world.SLACK, "the end of the frozen worker")
        desk.until_quiet()
        assert daemon.stop() == 0

    assert desk.told("mail") == desk.told("chat") == dict.fromkeys(tokens, 1)


# -- channels ----------------------------------------------------------------------------------------------


def test_f34_f35_throttled_channel_waits_alone(desk: world.World) -> None:
    """429 with Retry-After on the webhook: it is not asked before, the mail neither waits nor repeats."""
    desk.publish("gazette", world.plain_story(1))
    desk.webhook.script.append(webhook.too_many(after=4))
    with desk.daemon().until_up() as daemon:
        desk.until_told("tok-1", channels=["mail"])
        world.until(lambda: desk.webhook.payloads, 30, "the refused post")
        refused = time.monotonic()
        world.until(lambda: desk.webhook.accepted, 30, "the second post")
        waited = time.monotonic() - refused
        desk.until_quiet()
        assert daemon.stop() == 0

    assert 3.5 <= waited <= 9 * world.SLACK
    assert desk.told("mail") == {"tok-1": 1}
    assert len(desk.webhook.payloads) == 2
    assert len(desk.webhook.accepted) == 1
    assert world.REPEAT not in "\n".join(webhook.strings(desk.webhook.accepted[0])).lower()


def test_f36_refused_message_is_told_and_sent_once_when_asked(desk: world.World) -> None:
    """404 no_service: one try, dead, the ops channel hears of it; `alerts resend` delivers it once, and only there."""
    desk.configure(channels={**desk.channels(), "ops": desk.inbox.channel_url("ops@desk.test")}, ops="ops")
    desk.publish("gazette", world.plain_story(1))
    desk.webhook.script.append(webhook.says("no_service", 404))
    with desk.daemon().until_up() as daemon:
        world.until(lambda: mails_to(desk, "ops@desk.test"), 60, "the ops notice")
        desk.until_quiet()
        with desk.command("alerts", "resend", "al-1") as resend:
            assert resend.wait() == 0, resend.log
        world.until(lambda: desk.webhook.accepted, 30, "the message")
        desk.until_quiet()
        assert daemon.stop() == 0

    (notice,) = mails_to(desk, "ops@desk.test")
    assert "chat" in notice.text
    assert "al-1" in notice.text
    assert len(desk.webhook.payloads) == 2
    assert len(desk.webhook.accepted) == 1
    assert len(mails_to(desk, "desk@desk.test")) == 1


def mails_to(desk: world.World, address: str) -> list[inbox.Mail]:
    """Return the mails that a recipient got."""
    return [mail for mail in desk.inbox.mails if address in mail.recipients]


def test_f37_lost_answers_are_sent_again_labelled_with_the_same_id(desk: world.World) -> None:
    """Both sinks take the message and drop the connection: one copy more each, labelled, same Message-ID."""
    desk.publish("gazette", world.plain_story(1))
    desk.webhook.script.append(web.hangup())
    desk.inbox.script.append(inbox.DROP)
    with desk.daemon().until_up() as daemon:
        world.until(lambda: len(desk.inbox.mails) == 2 and len(desk.webhook.payloads) == 2, 60, "the repeats")
        desk.until_quiet()
        assert daemon.stop() == 0

    tally = desk.tally(["tok-1"])
    assert tally.duplicates == tally.labelled == {"mail": 1, "chat": 1}
    assert tally.same_id


# -- files saved while it runs -------------------------------------------------------------------------------


def test_f40_broken_rules_leave_the_last_good_ones_at_work(desk: world.World) -> None:
    """Twenty broken versions of a pack, and none at all: each story is still told; the fault is told with its line."""
    pack = desk.rules / "packs" / "move.yaml"
    draw = random.Random(40)
    with desk.daemon().until_up() as daemon:
        for _ in range(20):
            at = draw.randrange(20, len(world.PACK))
            pack.write_text(world.PACK[:at] + draw.choice("\t{[\"'&*!%@`") + world.PACK[at + draw.randrange(9) :])
            time.sleep(0.15)
        pack.write_text("format: 1\npack: move\nrules:\n  - {id: core, any: [resettlement\n")
        world.until(lambda: daemon.events("rule_fault"), 5 * world.SLACK, "a fault in the log")
        desk.publish("gazette", world.plain_story(1))
        desk.until_told("tok-1")
        pack.unlink()
        time.sleep(3)
        desk.publish("gazette", world.plain_story(2))
        desk.until_told("tok-2")
        pack.write_text(world.PACK.replace("[resettlement]", "[resettlement, expulsion]"))
        before = len(daemon.events("reloaded"))
        world.until(lambda: len(daemon.events("reloaded")) > before, 5 * world.SLACK, "the sound rules")
        desk.publish("gazette", world.Story("tok-3", "Expulsion order tok-3", "tok-3: an expulsion order was signed."))
        desk.until_told("tok-3")
        assert daemon.stop() == 0

    places = [event["place"] for event in daemon.events("rule_fault")]
    assert any(re.search(r"move\.yaml:\d+:\d+$", place) for place in places), places
    assert desk.told("mail") == {"tok-1": 1, "tok-2": 1, "tok-3": 1}


def test_f41_broken_configuration_leaves_the_old_one_at_work(desk: world.World) -> None:
    """A broken config.toml changes nothing and is told with its place; the next sound one is taken over."""
    good = desk.config.read_text()
    with desk.daemon().until_up() as daemon:
        desk.config.write_text(good.replace("[web]", "[wep]").replace("per_host = 16", "per_host = 'x'"))
        world.until(lambda: len(daemon.events("config_fault")) >= 2, 5 * world.SLACK, "the faults")
        desk.publish("gazette", world.plain_story(1))
        desk.until_told("tok-1")
        with desk.command("check") as check:
            assert check.wait() == 1
        desk.newsroom("herald")
        desk.configure()
        desk.publish("herald", world.plain_story(2))
        desk.until_told("tok-2")
        assert daemon.stop() == 0

    places = {event["place"] for event in daemon.events("config_fault")}
    assert all(place.startswith(f"{desk.config}:") for place in places)
    assert all(place in check.log for place in places)
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1, "tok-2": 1}


def test_f43_missing_secret_is_named_and_no_value_shown(desk: world.World) -> None:
    """An unset variable: exit 2 at once, its name in the message, and the values of the others nowhere."""
    desk.configure(channels={"mail": desk.inbox.channel_url("desk@desk.test"), "chat": "${HOOK}/${OTHER}"})
    environment = desk.environment(OTHER=SECRET)
    begun = time.monotonic()

    with desk.command("run", environment=environment) as refused:
        code = refused.wait(30)

    assert code == 2, refused.log
    assert time.monotonic() - begun <= 2 * world.SLACK
    assert "HOOK" in refused.log
    assert SECRET not in refused.log
    assert not desk.database.exists()


def test_f43_rotated_secret_is_picked_up(desk: world.World) -> None:
    """The file behind `${file:...}` is replaced while the daemon runs: the next message goes the new way."""
    secret = desk.folder / "hook"
    secret.write_text(desk.webhook.channel_url())
    channels = {"mail": desk.inbox.channel_url("desk@desk.test"), "chat": f"${{file:{secret}}}"}
    desk.configure(channels=channels)
    fresh = webhook.Webhook(desk.authority)
    with webhook.in_background(fresh), desk.daemon().until_up() as daemon:
        desk.publish("gazette", world.plain_story(1))
        desk.until_told("tok-1")
        replacement = desk.folder / "hook.new"
        replacement.write_text(fresh.channel_url())
        replacement.rename(secret)
        world.until(lambda: daemon.events("reloaded"), 60, "the reload")
        desk.publish("gazette", world.plain_story(2))
        world.until(lambda: fresh.accepted, 60, "the message at the new address")
        assert daemon.stop() == 0

    assert desk.told("chat") == {"tok-1": 1}
    assert "tok-2" in json.dumps(fresh.accepted[0])
    assert "s3cr3t-t0ken-of-the-hook" not in daemon.log
