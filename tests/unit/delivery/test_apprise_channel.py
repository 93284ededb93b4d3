"""apprise behind its one door: text that fits, failures read from its words, threads that may be left behind."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from monitor import model
from monitor.delivery import apprise_channel, channel
from tests.support import notices, web

SENT, RETRY, REFUSED = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.REFUSED
REFUSED_CONTENT, UNCERTAIN = model.SendOutcome.REFUSED_CONTENT, model.SendOutcome.UNCERTAIN


@pytest.fixture
async def site():
    async with web.Site() as running:
        yield running


def open_sender(site, path="/hook/s3cr3t-token", deadline=10.0, options=""):
    """Return a sender of apprise's plain JSON service."""
    url = f"json://127.0.0.1:{site.port}{path}{options}"
    return channel.open_channel("desk", url, channel.SenderSettings(deadline=deadline))[0].sender


async def test_message_arrives_as_text(site):
    """Headline and text reach the service, with nothing of apprise's own decoration."""
    site.page("/hook/s3cr3t-token")

    result = await open_sender(site).send(notices.notice())

    posted = json.loads(site.requests[0].body)
    assert result.outcome is SENT
    assert posted["title"] == "[high] Cabinet weighs plan to move residents (Gazette)"
    assert posted["message"].endswith("https://gazette.test/news/plan?id=7&page=2")
    assert "»transfer«" in posted["message"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, REFUSED_CONTENT), (401, REFUSED), (404, REFUSED), (429, RETRY), (500, RETRY), (503, RETRY)],
)
async def test_status_is_read_from_apprises_words(site, status, outcome):
    """apprise gives no status; its warning does."""
    site.page("/hook/s3cr3t-token", status=status)

    result = await open_sender(site).send(notices.notice())

    assert (result.outcome, result.status) == (outcome, status)
    assert f"error={status}" in result.detail


@pytest.mark.parametrize(
    ("code", "outcome", "status"),
    [("40014", REFUSED_CONTENT, 400), ("41303", REFUSED_CONTENT, 413), ("42901", RETRY, 429), ("40101", REFUSED, 401)],
)
def test_ntfys_own_codes_are_read(code, outcome, status):
    """ntfy's codes of five digits begin with those of the status: a refusal is not tried for seven days."""
    result = apprise_channel.classify(False, f"Failed to send ntfy notification to topic 'desk': no, error={code}.")

    assert (result.outcome, result.status) == (outcome, status)


async def test_redirects_are_not_success(site):
    """A redirect, which apprise would follow and call a success, is a refusal, whatever the URL asks for."""
    site.redirect("/hook/s3cr3t-token", site.url("/elsewhere"))
    site.page("/elsewhere")

    result = await open_sender(site, options="?redirect=yes").send(notices.notice())

    assert result.outcome is REFUSED
    assert site.asked("/elsewhere") == []


async def test_service_is_asked_once(site):
    """A retry option in the URL is overruled: the outbox does the retries."""
    site.page("/hook/s3cr3t-token", status=500)

    await open_sender(site, options="?retry=3&wait=0").send(notices.notice())

    assert len(site.requests) == 1


async def test_lost_answers_are_doubt(site):
    """A connection that ends without an answer may have delivered."""
    site.on("/hook/s3cr3t-token", web.hangup())

    assert (await open_sender(site).send(notices.notice())).outcome is UNCERTAIN


async def test_slow_answers_are_left_at_the_deadline(site):
    """A dripping answer, which apprise would follow for ever, ends in doubt at our deadline."""
    site.on("/hook/s3cr3t-token", web.drip(b"x" * 100, pause=0.5, headers=True))
    began = time.monotonic()

    result = await open_sender(site, deadline=0.4).send(notices.notice())

    assert result.outcome is UNCERTAIN
    assert time.monotonic() - began < 1.2


def test_exit_does_not_wait_for_an_abandoned_call():
    """A process whose apprise call hangs ends at once."""
    code = """
        import asyncio, socket
        from monitor.delivery import channel
        from tests.support import notices
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"json://127.0.0.1:{listener.getsockname()[1]}/?rto=60"
        sender = channel.open_channel("desk", url, channel.SenderSettings(deadline=0.2))[0].sender
        print(asyncio.run(sender.send(notices.notice())).outcome)
    """

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=20, check=True
    )

    assert ended.stdout.strip() == "uncertain"


async def test_debug_logging_shows_no_token(site, caplog):
    """With DEBUG for everything, neither log nor detail holds the webhook's address."""
    caplog.set_level(logging.DEBUG)
    site.page("/hook/s3cr3t-token", status=404)

    result = await open_sender(site).send(notices.notice())

    assert "s3cr3t-token" not in caplog.text + result.detail


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Failed to send JSON notification: Not Found, error=404.", REFUSED),
        ("A Connection error occurred sending JSON notification", UNCERTAIN),
        ("Read timed out", UNCERTAIN),
        ("There were no devices to notify", RETRY),
        ("", RETRY),
    ],
)
def test_failures_without_status(words, outcome):
    """Without a status, connection trouble is doubt and all else is tried again."""
    assert apprise_channel.classify(False, words).outcome is outcome


def test_recipients_become_objects_of_their_own():
    """Two chats of one bot are two targets, each with one recipient, so that a failing one repeats nothing."""
    opened = channel.open_channel("desk", "tgram://123456789:abcdefg_hijklmnop/12315544/456456")

    assert len({one.target.key for one in opened}) == 2
    assert [one.sender._service.targets for one in opened] == [[(12315544, None)], [(456456, None)]]
    assert not any("abcdefg_hijklmnop" in f"{one.target.key} {one.target.label}" for one in opened)


async def test_html_services_get_escaped_text():
    """Telegram takes HTML: a link or tag in a title is shown as it is written, and our link stays whole."""
    sender = channel.open_channel("desk", "tgram://123456789:abcdefg_hijklmnop/12315544")[0].sender
    sent = []
    sender._service.send = lambda **said: sent.append((said["body"], threading.current_thread().daemon)) or True
    title = '<a href="http://evil.test">bank</a> & <b>more</b>'

    result = await sender.send(notices.notice(notices.item(title=title, snippets=(model.Snippet("a b " * 3000),))))

    ((body, in_daemon_thread),) = sent
    assert result.outcome is SENT
    assert in_daemon_thread
    assert "<a" not in body
    assert '&lt;a href="http://evil.test"&gt;bank&lt;/a&gt; &amp; &lt;b&gt;more' in body
    assert "https://gazette.test/news/plan?id=7&amp;page=2" in body
    assert len(body) <= 4096


@pytest.mark.parametrize(
    ("title_room", "body_room"), [(250, 32768), (250, 300), (0, 4096), (0, 160), (0, 70), (20, 30)]
)
def test_text_fits_the_service(title_room, body_room):
    """Text is cut by us, so that a service neither refuses nor splits it, and keeps its link where there is room."""
    item = notices.item(title="A title that goes on " * 20, snippets=(model.Snippet("long " * 4000),))

    title, body = apprise_channel.fit_text(notices.notice(item), title_room, body_room)

    assert len(title) <= title_room
    assert 0 < len(body) <= body_room
    assert item.url in body or body_room < 65


def test_markup_of_titles_is_inert_and_links_stay():
    """Mentions and masked links of a title mean nothing to Discord or Mattermost; our link is untouched."""
    item = notices.item(title="@everyone [bank](http://evil.test) *now*", url="https://gazette.test/_a_*b*")

    title, body = apprise_channel.fit_text(notices.notice(item), 250, 4000)

    assert "＠everyone [bank] (http://evil.test) ∗now∗" in title
    assert "@everyone" not in body
    assert body.splitlines()[-1] == "https://gazette.test/_a_*b*"


def test_only_the_plugin_of_a_service_is_loaded() -> None:
    """A channel costs the memory of its own plugin, not of all that apprise has."""
    code = (
        "import sys; from monitor.delivery import apprise_channel as c, sender;"
        "c.open_targets('hook', 'json://127.0.0.1:1/x', sender.SenderSettings());"
        "print([name for name in ('custom_json', 'slack') if f'apprise.plugins.{name}' in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "['custom_json']"


def test_every_scheme_of_apprise_finds_its_plugin() -> None:
    """What apprise serves with all plugins loaded, it serves with those loaded that name the scheme."""
    code = (
        "import apprise; from monitor.delivery import apprise_channel as c\n"
        "known = apprise.NotificationManager(); known.load_modules()\n"
        "wanted = {scheme: known[scheme].__name__ for scheme in sorted(known.schemas())}\n"
        "known.unload_modules()\n"
        "found = {scheme: known[scheme].__name__ for scheme in wanted if c._load_plugin(scheme)}\n"
        "print(len(wanted) > 100, [scheme for scheme in wanted if found.get(scheme) != wanted[scheme]])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "True []"
