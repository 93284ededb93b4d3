"""Faults of channels: a failing recipient, every answer a service can give, lost answers, hostile titles."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import html
import random
import re
import resource
import time
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor import model
from monitor.delivery import channel, mail_body, slack_blocks, wording
from tests.support import inbox as inboxes
from tests.support import notices, web, webhook

SENT, RETRY, REFUSED = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.REFUSED
REFUSED_CONTENT, UNCERTAIN = model.SendOutcome.REFUSED_CONTENT, model.SendOutcome.UNCERTAIN

FUZZED = 400
ENVELOPE = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "a@desk.test", "<desk.wirewatch.desk.test>")


@pytest.fixture
def authority(tmp_path):
    return web.Authority(tmp_path)


@pytest.fixture
async def hook(authority):
    async with webhook.Webhook(authority) as running:
        yield running


@pytest.fixture
async def inbox():
    async with inboxes.Inbox() as running:
        yield running


@pytest.fixture
async def senders(authority):
    opened = []

    def senders(url, deadline=10.0):
        settings = channel.SenderSettings(deadline=deadline, ca_file=str(authority.ca_file))
        opened.extend(found := channel.open_channel("desk", url, settings))
        return [one.sender for one in found]

    yield senders
    for one in opened:
        await one.sender.close()


# -- F34: one of several fails ---------------------------------------------------------------------


async def test_f34_one_refused_recipient_leaves_the_others_alone(inbox, senders):
    """Of three mail recipients one is refused: the other two get one copy each, and the retry repeats neither."""
    inbox.refuse("b@desk.test", "451 4.2.0 try later")
    three = senders(inbox.channel_url("a@desk.test", "b@desk.test", "c@desk.test"))

    first = [await sender.send(notices.notice()) for sender in three]
    again = await three[1].send(notices.notice())

    assert [result.outcome for result in first] == [SENT, RETRY, SENT]
    assert again.outcome is RETRY
    assert [mail.recipients for mail in inbox.mails] == [("a@desk.test",), ("c@desk.test",)]


async def test_f34_one_refused_room_leaves_the_other_alone(hook, senders):
    """Of two rooms of one webhook one is gone: the other gets its message once."""
    hook.refused_rooms["#gone"] = webhook.says("channel_not_found", 404)
    two = senders(hook.channel_url("gone")) + senders(hook.channel_url("desk"))

    results = [await sender.send(notices.notice()) for sender in two]

    assert [result.outcome for result in results] == [REFUSED, SENT]
    assert [payload["channel"] for payload in hook.accepted] == ["#desk"]


# -- F35: every answer -----------------------------------------------------------------------------

ANSWERS = [
    ("429", webhook.too_many(30), RETRY),
    ("500", webhook.says("internal_error", 500), RETRY),
    ("reset", webhook.reset(), UNCERTAIN),
    ("hangup", web.hangup(), UNCERTAIN),
    ("timeout", web.silence(), UNCERTAIN),
    ("cut ok", web.truncated(b"ok", 1), UNCERTAIN),
    ("invalid token", webhook.says("invalid_token"), REFUSED),
    ("302", webhook.moved(), REFUSED),
    ("302 to itself", webhook.moved(webhook.PATH), REFUSED),
    ("not http", web.raw(b"\x00\x01\x02 what?\r\n\r\n"), UNCERTAIN),
    ("no service", webhook.says("no_service", 404), REFUSED),
    ("bad blocks", webhook.says("invalid_blocks", 400), REFUSED_CONTENT),
]


@pytest.mark.parametrize(("reply", "outcome"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
async def test_f35_no_answer_but_ok_counts_as_sent(hook, senders, reply, outcome):
    """Each answer has its outcome, is asked for once, and the next attempt is free to work."""
    hook.script.append(reply)
    (sender,) = senders(hook.channel_url(), deadline=0.5 if outcome is UNCERTAIN else 10.0)

    result = await sender.send(notices.notice())

    assert result.outcome is outcome
    assert len(hook.payloads) == 1
    assert (await sender.send(notices.notice())).outcome is SENT


async def test_f35_retry_after_is_handed_on(hook, senders):
    """The seconds that the service asks for reach the outbox."""
    hook.script += [webhook.too_many(30), webhook.says("busy", 503, {"Retry-After": "7"})]
    (sender,) = senders(hook.channel_url())

    results = [await sender.send(notices.notice()) for _ in range(2)]

    assert [(result.status, result.retry_after) for result in results] == [(429, 30.0), (503, 7.0)]


async def test_f35_a21_huge_replies_are_read_to_64_kb(hook, senders):
    """A reply of 300 MB costs 64 kB of memory and is no ok."""
    hook.script.append(web.endless(b"ok" + b" " * 65_534, {"Content-Length": "300000000"}))
    (sender,) = senders(hook.channel_url())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    result = await sender.send(notices.notice())

    assert result.outcome is REFUSED
    assert len(result.detail) <= wording.DETAIL_LENGTH
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@pytest.mark.parametrize("headers", [True, False])
async def test_a21_dripping_replies_end_at_the_deadline(hook, senders, headers):
    """A byte now and then holds a sender no longer than its deadline."""
    hook.script.append(web.drip(b"ok" * 500, pause=0.05, headers=headers))
    (sender,) = senders(hook.channel_url(), deadline=0.5)
    began = time.monotonic()

    result = await sender.send(notices.notice())

    assert result.outcome is UNCERTAIN
    assert time.monotonic() - began < 1.5


async def test_a21_redirects_are_not_followed(hook, senders):
    """A webhook that redirects leads nowhere: nothing is posted elsewhere, and the words hold no secret path."""
    async with web.Site() as elsewhere:
        hook.script.append(webhook.moved(elsewhere.url(webhook.PATH)))
        (sender,) = senders(hook.channel_url())

        result = await sender.send(notices.notice())

    assert elsewhere.requests == []
    assert "redirects are not followed" in result.detail
    assert "s3cr3t" not in result.detail


async def test_a21_replies_that_echo_our_address_are_masked(hook, senders):
    """A service that repeats the webhook's path in its answer does not bring it into the log."""
    hook.script.append(webhook.says(f"no hook at {webhook.PATH}\x1b[2J\r\nINFO forged line", 404))
    (sender,) = senders(hook.channel_url())

    result = await sender.send(notices.notice())

    assert "s3cr3t" not in result.detail
    assert result.detail.isprintable()


async def test_a21_endless_smtp_greeting_ends_at_the_deadline(senders):
    """A mail server that talks without end is given up."""

    async def babble(_reader, writer):
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"220-and another thing\r\n" * 100)
                await writer.drain()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    (sender,) = senders(f"mailto://127.0.0.1:{server.sockets[0].getsockname()[1]}/?from=w@d.test&to=a@d.test", 1.0)

    result = await sender.send(notices.notice())
    server.close()

    assert result.outcome is RETRY
    assert len(result.detail) <= wording.DETAIL_LENGTH


# -- F36: permanent refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", [webhook.says("no_service", 404), webhook.says("", 401), webhook.says("channel_is_archived", 410)]
)
async def test_f36_webhook_refusals_are_permanent(hook, senders, reply):
    """One answer is enough to know that this webhook takes nothing more."""
    hook.script.append(reply)

    result = await senders(hook.channel_url())[0].send(notices.notice())

    assert result.outcome is REFUSED


async def test_f36_unknown_mailboxes_are_permanent(inbox, senders):
    """550 at RCPT TO is final, in the server's own words."""
    inbox.refuse("a@desk.test", "550 5.1.1 <a@desk.test>: user unknown")

    result = await senders(inbox.channel_url("a@desk.test"))[0].send(notices.notice())

    assert result == model.SendResult(REFUSED, 550, "RCPT TO: 550 5.1.1 <a@desk.test>: user unknown")


# -- F37: accepted, answer lost ----------------------------------------------------------------------


async def test_f37_lost_answers_are_doubt_and_labelled(hook, inbox, senders):
    """A message that was taken without an answer is sent once more, labelled, with the same Message-ID."""
    hook.script.append(web.hangup())
    inbox.script.append(inboxes.DROP)
    both = senders(hook.channel_url()) + senders(inbox.channel_url("a@desk.test"))

    first = [await sender.send(notices.notice()) for sender in both]
    second = [await sender.send(replace(notices.notice(), possible_repeat=True)) for sender in both]

    assert [result.outcome for result in first + second] == [UNCERTAIN, UNCERTAIN, SENT, SENT]
    assert len(hook.payloads) == len(inbox.mails) == 2
    assert len({mail.message["Message-ID"] for mail in inbox.mails}) == 1
    assert "Possible repeat" in inbox.mails[1].text
    assert "Possible repeat" in hook.payloads[1]["text"]
    assert "Possible repeat" not in inbox.mails[0].text + hook.payloads[0]["text"]


# -- F38, A09, A10: hostile titles -------------------------------------------------------------------

HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U024BE7LH>",
    "<http://evil.test|bank.test>",
    "@here ",
    "@everyone ",
    "&lt;!channel&gt;",
    "*bold* _i_ ~s~ `c` ```pre```",
    "> quote",
    "[bank](http://evil.test)",
    "\r\nBcc: victim@evil.test\r\n\r\nbody",
    "\x0bX-Evil: 1",
    "\x85X-Evil: 1",
    "\u2028X-Evil: 1",
    "\u2029X-Evil: 1",
    "<script>alert(1)</script>",
    "<img src=http://evil.test/p.gif onerror=x>",
    "<style>@import url(http://evil.test)</style>",
    '"><a href="http://evil.test">',
    "</blockquote></div></body>",
    "&#x3c;img src=x&#x3e;",
    "\u202egnp.exe\u202c",
    "\u2066isolate\u2069",
    "\u200b\u200d\u2060\ufeff",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "=?utf-8?q?=3Cscript=3E?=",
    "ﷺ" * 20,
    "𝔸" * 200,
    "e" + "\u0301" * 300,
    "خطة التهجير",
    "הגירה מרצון",
    "{{ 7*7 }} ${HOME} %s {0.__class__}",
    "A" * 3000,
]


def hostile_titles(count, seed=38):
    """Return fuzzed titles: hostile pieces and random characters in any order."""
    rng = random.Random(seed)
    titles = list(HOSTILE)
    while len(titles) < count:
        noise = "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 30)))
        pieces = [*rng.choices(HOSTILE, k=rng.randint(1, 5)), noise]
        rng.shuffle(pieces)
        titles.append("".join(pieces)[:5000])
    return titles


def hostile_notice(title):
    """Return a message whose every word from outside is `title`."""
    item = notices.item(
        title=title,
        newsroom=title,
        url=f"https://gazette.test/{title[:20]}",
        tellings=(notices.telling(pack_title=title, rules=(title,)),),
        snippets=(model.Snippet(title, ((0, len(title) // 2),)),),
        title_marks=((1, len(title)),),
    )
    return notices.notice(item)


class Page(HTMLParser):
    """Collects what a mail program would act on."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.links = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "srcset", "background")]
        self.links += [value for name, value in attrs if name == "href"]


@pytest.mark.parametrize("plain", [False, True])
def test_a09_no_title_is_live_in_slack(plain):
    """No `<`, `>` or bare `&` of the data is unescaped, no mention or emphasis lives, links are ours alone."""
    for title in hostile_titles(FUZZED):
        notice = replace(hostile_notice(title), plain=plain)
        link = wording.web_url(notice.items[0].url)

        for text in webhook.strings(slack_blocks.render_payload(notice)):
            assert not re.search(r"&(?!amp;|lt;|gt;)", text)
            ours = [slack_blocks._link(link)] if link else []
            assert [control for control in webhook.controls(text) if control not in ours] == []
            bare = re.sub(r"<[^>]*>", "", text)
            assert "<" not in bare
            assert not re.search(r"(?<!\w)@\w", bare)
            assert "`" not in text
            assert "~" not in bare
            assert not [c for c in text if unicodedata.category(c) in ("Cf", "Cs") and c != "\u06dd"]


def test_a10_no_title_adds_a_header_or_html():
    """Mail has our headers alone, each once; its HTML holds our tags alone and loads nothing."""
    ours = ["Subject", "From", "To", "Date", "Message-ID", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type"]
    for title in hostile_titles(FUZZED):
        notice = hostile_notice(title)

        message = email.message_from_bytes(
            mail_body.render_mail(notice, ENVELOPE, notices.PUBLISHED), policy=email.policy.default
        )

        assert message.keys() == ours
        assert not message.defects
        assert message["Subject"] == wording.subject(notice)
        page = message.get_body(("html",)).get_content()
        found = Page(page)
        assert found.tags <= {
            *("html", "head", "meta", "title", "style", "body", "div", "span", "h1", "a", "p", "ul", "li"),
            *("blockquote", "strong", "b", "bdi"),
        }
        assert all(wording.web_url(href) == notice.items[0].url for href in found.links)
        assert html.escape(wording.title(notice.items[0])) in page or notice.items[0].title_marks


async def test_f38_poison_titles_are_delivered(hook, inbox, senders):
    """Messages with hostile titles arrive: no content breaks a sender or is refused for its form."""
    slack_sender, mail_sender = senders(hook.channel_url()) + senders(inbox.channel_url("a@desk.test"))

    for title in hostile_titles(60, seed=39):
        assert (await slack_sender.send(hostile_notice(title))).outcome is SENT
        assert (await mail_sender.send(hostile_notice(title))).outcome is SENT

    assert len(hook.accepted) == len(inbox.mails) == 60


def test_f38_long_texts_fit_every_limit():
    """A title of 5,000 characters and a text of 100 kB make a message within Slack's limits."""
    for title in HOSTILE:
        notice = hostile_notice((title * 5000)[:5000])
        ops = notices.ops(title, title * (100_000 // max(len(title), 1)))
        for payload in map(slack_blocks.render_payload, (notice, ops)):
            assert len(payload["text"]) <= slack_blocks.TEXT
            assert all(len(text) <= slack_blocks.SECTION for text in webhook.strings(payload["blocks"]))
            assert payload["blocks"][0]["text"]["text"]
