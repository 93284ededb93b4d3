"""Discord, Telegram, Teams, Matrix, ntfy and webhooks through apprise: what arrives, and that no title stops it."""

from __future__ import annotations

import os
import random

import pytest

from monitor import model
from monitor.alerts import digest
from monitor.delivery import channel
from tests.support import chat_services, notices, web

FUZZED = int(os.environ.get("WIREWATCH_TEST_TITLES", "40"))
"""Messages to each service, each with three hostile names besides its title; 1,700 make 10,200 in all."""
SIGNS = "<>&|*_~`@#[](){}!\"'\\ \n\r\t\x00\x1b\u202e\u200b\u2028אבגדעربي𝔸😀e\u0301ß日,.:;-+=/%0"
ATTACKS = (
    "@everyone <@123> <@&9> <@!7> <#1> me@everyone @here",
    "<at>boss@desk.test</at>",
    "</b><script>alert(1)</script><b>",
    '<a href="http://evil.test">bank</a> &lt;b&gt; &amp;amp;',
    "[bank](http://evil.test) ![x](http://evil.test/x.png)",
    "{{ title }} {% raw %} ${HOME} %s %(x)s",
    "\u202egnp.exe \ud800 \x00 \ufeff",
    '","text":"injected',
    "```code``` ||spoiler|| > quote\n# heading\n- list",
    "😀" * 600,
    "التهجير " * 300,
    "&" * 900,
    "",
)


@pytest.fixture(params=chat_services.SERVICES, ids=lambda kind: kind.__name__)
async def service(request, tmp_path, monkeypatch):
    """A running service; its certificate, where it has one, is trusted by apprise's HTTP library."""
    authority = web.Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with web.Site(authority.server() if request.param in chat_services.TLS else None) as site:
        yield request.param(site)


@pytest.fixture
def sender(service):
    """The channel's sender, as the daemon opens it."""
    (opened,) = channel.open_channel("desk", service.url, channel.SenderSettings(deadline=15.0))
    service.point(opened.sender._service)
    return opened.sender


async def arrives(service, sender, notice):
    """Send a message and return what its reader sees."""
    result = await sender.send(notice)

    assert result.outcome is model.SendOutcome.SENT, (result, service.refused)
    return service.taken[-1]


async def test_alert_arrives_with_all_that_it_says(service, sender):
    """Severity, title, newsroom, pack with id, the marked sentence and the link."""
    text = await arrives(service, sender, notices.notice())

    assert "[high] Cabinet weighs plan to move residents (Gazette)" in text
    assert "Resettlement: core (high) · al-12" in text
    assert "»transfer«" in text
    assert "https://gazette.test/news/plan?id=7&page=2" in text


async def test_update_arrives_with_what_is_new(service, sender):
    """What it updates, why now, what is new and who carries it fit into every service."""
    text = await arrives(service, sender, notices.notice(notices.updated()))

    assert "[high] Update: Egypt to open crossing for 300,000 people (BBC)" in text
    assert "Updates: “Cabinet weighs plan to move residents” (Gazette)" in text
    assert "New: 300,000 people · Rafah crossing · Sisi" in text
    assert "4 newsrooms: Reuters, BBC, Haaretz and 1 more" in text
    assert "https://bbc.test/news/15" in text


@pytest.mark.parametrize("service", [chat_services.Teams], indirect=True)
async def test_teams_gets_links_that_can_be_opened(service, sender):
    """Teams makes no link of an address in a text, so the article's is written as one; a title's is not."""
    item = notices.item(title="[bank](https://evil.test/) https://evil.test/", url="https://gazette.test/a_(b)?c=*d*")

    await arrives(service, sender, notices.notice(item))

    assert service.links == ["https://gazette.test/a_%28b%29?c=*d*"]


@pytest.mark.parametrize("service", [chat_services.Discord], indirect=True)
async def test_links_of_an_update_are_not_shown_as_pictures(service, sender):
    """The first report and what was folded are links, not five previews that bury the message."""
    text = await arrives(service, sender, notices.notice(notices.updated()))

    assert text.count("https://") == 4
    assert service.previews == [0]


async def test_digest_arrives_with_whole_articles_and_the_count_of_the_rest(service, sender):
    """Whatever the service's room: what is missing is counted."""
    items = [
        notices.item(title=f"تقرير {n}", url=f"https://gazette.test/{n}", tellings=(notices.telling(alert_id=n),))
        for n in range(90)
    ]
    headline, body = digest.render_words(digest.REBUILT, "Gazette", 500, 90, True)

    text = await arrives(service, sender, notices.notice(*items, kind="digest", headline=headline, body=body))

    shown = text.count("https://gazette.test/")
    assert "Gazette was rebuilt" in text
    assert shown == 90 or f"and {90 - shown} more articles: see" in text


async def test_right_to_left_titles_arrive_whole(service, sender):
    """Arabic and Hebrew come letter by letter as they were written."""
    arabic = await arrives(service, sender, notices.notice(notices.arabic()))
    hebrew = await arrives(service, sender, notices.notice(notices.hebrew_update()))

    assert "الحكومة تناقش خطة لنقل السكان من غزة" in arabic
    assert "»التهجير«" in arabic
    assert "מצרים תפתח את מעבר רפיח ל-300 אלף בני אדם" in hebrew


async def test_no_title_is_refused(service, sender):
    """Whatever a title, a newsroom, a fact or a sentence holds, the service takes the message and nobody is called."""
    fuzz = random.Random(chat_services.SERVICES.index(type(service)))

    for n in range(FUZZED):
        words = [fuzz.choice(ATTACKS) if n < len(ATTACKS) else "".join(fuzz.choices(SIGNS, k=300)) for _ in range(4)]
        now = notices.development(new=(words[0], words[1]), names=(words[2],))
        told = notices.telling(outcome="update", reason="new_facts", development=now, pack_title=words[1])
        snippets = (model.Snippet(words[3] * 5, ((3, 9),)),)
        item = notices.item(title=words[0], newsroom=words[2], tellings=(told,), snippets=snippets)
        text = await arrives(service, sender, notices.notice(item))
        assert "@everyone" not in text

    assert service.refused == []
    assert not [link for link in service.links if "evil" in link]
    assert len(service.taken) == FUZZED
