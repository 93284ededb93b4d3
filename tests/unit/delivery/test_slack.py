"""Slack payloads within Slack's limits, and what each answer of a webhook means."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor import model
from monitor.delivery import channel, slack, slack_blocks
from tests.support import inbox, notices, web, webhook

SENT, RETRY, REFUSED = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.REFUSED
REFUSED_CONTENT = model.SendOutcome.REFUSED_CONTENT


@pytest.fixture
def authority(tmp_path):
    return web.Authority(tmp_path)


@pytest.fixture
async def hook(authority):
    async with webhook.Webhook(authority) as running:
        yield running


@pytest.fixture
async def open_sender(authority):
    opened = []

    def open_sender(url, **changes):
        settings = channel.SenderSettings(ca_file=str(authority.ca_file), **{"deadline": 10.0, **changes})
        opened.extend(channel.open_channel("desk", url, settings))
        return opened[-1].sender

    yield open_sender
    for one in opened:
        await one.sender.close()


def blocks(notice, kind):
    """Return the blocks of one type."""
    return [block for block in slack_blocks.render_payload(notice)["blocks"] if block["type"] == kind]


# -- rendering -----------------------------------------------------------------------------------


def test_one_article_has_header_origin_packs_sentence_and_button():
    """A reader sees title, severity, newsroom, desk time, pack, rule, id, the marked sentence and a button."""
    payload = slack_blocks.render_payload(notices.notice())

    assert [block["type"] for block in payload["blocks"]] == [
        *("header", "context", "section", "section", "context", "actions"),
    ]
    shown = list(webhook.strings(payload["blocks"]))
    assert shown == [
        "Cabinet weighs plan to move residents",
        "🟠 *HIGH* · Gazette · Sun 22 Nov 2026, 19:40 (UTC+02:00)",
        "Resettlement: core (high) · al-12",
        "> The minister said the *transfer* of residents would begin in spring.",
        "Why now: first report of the story",
        "Read the article",
    ]
    assert payload["blocks"][-1]["elements"][0]["url"] == "https://gazette.test/news/plan?id=7&page=2"
    assert payload["unfurl_links"] is False


def test_fallback_text_is_the_whole_message():
    """Services that know no blocks, and push notifications, get everything in the text."""
    text = webhook.visible(slack_blocks.render_payload(notices.notice())["text"])

    assert text.splitlines() == [
        "[high] Cabinet weighs plan to move residents (Gazette)",
        "",
        "Gazette, Sun 22 Nov 2026, 19:40 (UTC+02:00)",
        "Resettlement: core (high) · al-12",
        "“The minister said the »transfer« of residents would begin in spring.”",
        "Why now: first report of the story",
        "<https://gazette.test/news/plan?id=7&page=2>",
    ]


def test_title_marks_are_bold_in_a_line_of_their_own():
    """A header cannot be bold in part, so a matched title is shown again with its words marked."""
    item = notices.item(title="Strike closes port", title_marks=((0, 6),), snippets=())

    assert blocks(notices.notice(item), "section")[0]["text"]["text"] == "*Strike* closes port"


def test_partial_and_possible_repeat_are_said():
    """Both remarks stand in a context line."""
    notice = notices.notice(notices.item(partial=True), possible_repeat=True)

    remarks = [e["text"] for e in blocks(notice, "context")[-1]["elements"]]
    assert remarks == [
        "⚠️ Full text unavailable: matched on the feed's text",
        "⚠️ Possible repeat: an earlier attempt got no answer",
    ]


def test_update_is_said_beside_the_severity():
    """The header stays the title alone, so that its direction is the title's."""
    notice = notices.notice(notices.hebrew())

    assert blocks(notice, "header")[0]["text"]["text"] == notices.hebrew().title
    assert blocks(notice, "context")[0]["elements"][0]["text"].startswith("🟠 *HIGH* · update · העיתון")


def test_repeat_of_a_list_is_said_in_blocks_and_text():
    """A list says that it may be a repeat, with and without blocks."""
    payload = slack_blocks.render_payload(notices.notice(notices.item(), notices.item(), possible_repeat=True))

    assert payload["text"].count("Possible repeat: an earlier") == 1
    assert "Possible repeat" in payload["blocks"][-1]["elements"][0]["text"]


def test_arabic_evidence_is_bold_by_whole_words():
    """Slack makes only whole words bold: a mark without the article grows to its word."""
    text = "القاهرة ترفض التهجير القسري"
    start = text.index("تهجير")
    item = notices.item(snippets=(model.Snippet(text, ((start, start + 5),)),))

    assert blocks(notices.notice(item), "section")[1]["text"]["text"] == "> القاهرة ترفض *التهجير* القسري"


def test_plain_is_text_alone():
    """What a service refused as blocks is sent as text without any."""
    payload = slack_blocks.render_payload(replace(notices.notice(), plain=True), "#desk")

    assert "blocks" not in payload
    assert payload["channel"] == "#desk"
    assert "»transfer«" in payload["text"]


def test_long_title_is_cut_in_the_header_and_whole_below():
    """A header holds 150 characters; the section below it the whole title."""
    title = "A&B " * 60
    notice = notices.notice(notices.item(title=title))

    assert len(blocks(notice, "header")[0]["text"]["text"]) <= slack_blocks.HEADER
    assert blocks(notice, "header")[0]["text"]["text"].endswith("…")
    assert webhook.visible(blocks(notice, "section")[0]["text"]["text"]).strip("*") == title.strip()


def assert_within_limits(payload):
    """Slack's limits: 50 blocks, 150 characters a header, 3,000 a section, 10 elements a context."""
    assert len(payload["text"].encode("utf-16-le")) // 2 <= slack_blocks.TEXT
    assert len(payload.get("blocks", ())) <= 50
    for block in payload.get("blocks", ()):
        limit = {"header": 150, "section": 3000, "context": 2000, "actions": 75}[block["type"]]
        texts = list(webhook.strings(block))
        assert len(texts) <= 10
        assert all(0 < len(text.encode("utf-16-le")) // 2 <= limit for text in texts)


@pytest.mark.parametrize("letter", ["x", "&", "𝔸", "ש"])
@pytest.mark.parametrize("count", [1, 2, 45, 300])
def test_limits_hold_however_much_is_said(letter, count):
    """Long words, escapes and astral letters, in one article or hundreds, stay within every limit."""
    tellings = tuple(notices.telling(alert_id=n, pack_title=letter * 80, rules=(letter * 60,)) for n in range(40))
    item = notices.item(
        title=letter * 5000,
        newsroom=letter * 500,
        url="https://gazette.test/" + "a" * 2000,
        partial=True,
        tellings=tellings,
        snippets=tuple(model.Snippet(letter * 9000, ((0, 50), (60, 8000))) for _ in range(9)),
    )

    payload = slack_blocks.render_payload(notices.notice(*[item] * count, possible_repeat=True))

    assert_within_limits(payload)
    assert_within_limits(slack_blocks.render_payload(notices.ops(letter * 9000, f"{letter} " * 90_000)))


def test_many_articles_link_their_titles_and_count_the_rest():
    """A list names 40 articles, each title a link of ours, and counts the others."""
    items = [notices.item(title=f"Report | {n} <b>", url=f"https://gazette.test/{n}?a|b") for n in range(50)]

    payload = slack_blocks.render_payload(notices.notice(*items))

    first = payload["blocks"][1]["text"]["text"]
    assert payload["blocks"][0]["text"]["text"] == "50 alerts"
    assert first.startswith("🟠 *<https://gazette.test/0?a%7Cb|Report | 0 &lt;b&gt;>*")
    assert payload["blocks"][-1]["elements"][0]["text"].startswith("and 10 more articles")
    assert len(blocks(notices.notice(*items), "section")) == slack_blocks.ITEMS_LISTED


def test_ops_notice_has_headline_and_body():
    """An ops notice is a header and a section, and says that it is no news."""
    payload = slack_blocks.render_payload(notices.ops("Feed <down>", "a & b"))

    assert [list(webhook.strings(block)) for block in payload["blocks"]] == [
        ["Feed &lt;down&gt;"],
        ["⚙️ *MONITOR*"],
        ["a &amp; b"],
    ]


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words", "outcome"),
    [
        (200, "ok", SENT),
        (200, "OK", SENT),
        (200, '{"success": true}', SENT),
        (200, '{"ok": true}', SENT),
        (200, '{"result": "success", "msg": ""}', SENT),
        (200, "invalid_token", REFUSED),
        (200, '{"ok": false}', REFUSED),
        (200, "[1]", REFUSED),
        (200, "", REFUSED),
        (200, "<html>Sign in to the hotel network", REFUSED),
        (204, "", REFUSED),
        (200, "invalid_blocks", REFUSED_CONTENT),
        (301, "", REFUSED),
        (302, "redirect to elsewhere.test", REFUSED),
        (400, "invalid_payload", REFUSED_CONTENT),
        (400, "invalid_blocks", REFUSED_CONTENT),
        (400, "user_not_found", REFUSED),
        (400, "<h1>Bad Request</h1>", REFUSED_CONTENT),
        (413, "", REFUSED_CONTENT),
        (401, "", REFUSED),
        (403, "action_prohibited", REFUSED),
        (403, "invalid_token", REFUSED),
        (404, "no_service", REFUSED),
        (404, "channel_not_found", REFUSED),
        (410, "channel_is_archived", REFUSED),
        (408, "", RETRY),
        (429, "rate_limited", RETRY),
        (500, "rollup_error", RETRY),
        (500, "invalid_payload", RETRY),
        (503, "", RETRY),
    ],
)
def test_every_answer_has_one_meaning(status, words, outcome):
    """Only a 2xx with the service's own ok counts as sent."""
    assert slack.classify(status, words).outcome is outcome


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("30", None, 30.0),
        (" 5 ", None, 5.0),
        ("0", None, 0.0),
        ("99999999999", None, slack.LONGEST_WAIT),
        ("Sun, 22 Nov 2026 12:00:30 GMT", None, 30.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", "Sun, 22 Nov 2026 12:00:10 GMT", 20.0),
        ("Sun, 22 Nov 2020 12:00:30 GMT", None, 0.0),
        ("soon", None, None),
        ("-5", None, None),
        ("1.5", None, None),
        ("٣٠", None, None),
        (None, None, None),
    ],
)
def test_retry_after_in_both_forms(value, date, expected):
    """Seconds or a date; anything else counts as absent."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert slack.retry_after(value, date, now) == expected


async def test_message_arrives_as_json(hook, open_sender):
    """The real sender posts the payload over verified TLS and reads the ok."""
    result = await open_sender(hook.channel_url()).send(notices.notice())

    assert result == model.SendResult(SENT, 200, "200 ok")
    assert hook.accepted == [slack_blocks.render_payload(notices.notice())]
    assert hook.site.requests[0].headers["content-type"] == "application/json"


async def test_rooms_are_targets_of_their_own(hook, open_sender, authority):
    """Each room of a webhook is one recipient, named in its own messages."""
    url = f"{hook.channel_url()}#desk"
    opened = channel.open_channel("desk", url, channel.SenderSettings(ca_file=str(authority.ca_file)))

    await opened[0].sender.send(notices.notice())
    await opened[0].sender.close()

    assert opened[0].target.key == "#desk"
    assert hook.accepted[0]["channel"] == "#desk"


@pytest.mark.parametrize("kind", ["expired", "self_signed", "other_name"])
async def test_bad_certificates_are_not_talked_to(authority, open_sender, kind):
    """Without a valid certificate for the host nothing is sent, and that is certain."""
    contexts = {"expired": authority.expired, "self_signed": authority.self_signed}
    tls = authority.server("other.test") if kind == "other_name" else contexts[kind]()
    async with web.Site(tls) as site:
        result = await open_sender(f"slack+https://127.0.0.1:{site.port}/hook").send(notices.notice())

    assert result.outcome is RETRY
    assert "certificate" in result.detail.lower()
    assert site.requests == []


async def test_refused_connections_are_certain(open_sender):
    """Nobody listens: not delivered, to be tried again."""
    async with web.Site() as site:
        port = site.port

    result = await open_sender(f"slack+https://127.0.0.1:{port}/hook").send(notices.notice())

    assert result.outcome is RETRY
    assert result.detail.startswith("not connected")


async def test_handshake_that_hangs_is_certain(open_sender):
    """No byte of the message went out before TLS stood."""
    async with inbox.Inbox() as mute:
        mute.mute = True
        result = await open_sender(f"slack+https://127.0.0.1:{mute.port}/hook", deadline=0.3).send(notices.notice())

    assert result.outcome is RETRY


async def test_environment_proxies_are_ignored(hook, open_sender, monkeypatch):
    """A proxy variable does not lead alerts elsewhere."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    result = await open_sender(hook.channel_url()).send(notices.notice())

    assert result.outcome is SENT


async def test_sending_can_be_cancelled(hook, open_sender):
    """A shutdown cancels a send in flight at once, and the next one works."""
    hook.script.append(web.silence())
    sender = open_sender(hook.channel_url())
    sending = asyncio.create_task(sender.send(notices.notice()))
    await hook.arrived.wait()

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await sender.send(notices.notice())).outcome is SENT


def test_payload_is_ascii_json():
    """Every payload survives a strict encoder, whatever the title holds."""
    payload = slack_blocks.render_payload(notices.notice(notices.item(title="a\x00b\ud800c")))

    json.dumps(payload).encode("ascii")
    assert blocks(notices.notice(notices.item(title="a\x00b\ud800c")), "header")[0]["text"]["text"] == "a bc"
