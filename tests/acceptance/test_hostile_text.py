"""Characters that a database or a reader cannot have, through the whole command: polled, read, told and searched."""

from __future__ import annotations

import json
import re

from tests.support import webhook, world

DIRT = b"Gaza resettlement\x00\x07\x1b[31m &#0;&#xD800;&#x85; half \xed\xa0\x80 tok-1 end"
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def test_f27_hostile_characters_are_told_and_found_without_them(anywhere: world.World) -> None:
    """NUL, halves of characters and controls in feed and page: the alert arrives, and the search finds the article."""
    desk = anywhere
    page = b"<html><head><title>%b</title></head><body><article><h1>%b</h1>%b</article></body></html>"
    desk.site.page("/wire/a", page % (DIRT, DIRT, b"".join(b"<p>Paragraph %d: %b</p>" % (n, DIRT) for n in range(5))))
    desk.newsroom("wire").body = (
        b"<rss version='2.0'><channel><title>x</title><item><title>%b</title><guid>g%b</guid><author>%b</author>"
        b"<link>%b</link><description>%b</description></item></channel></rss>"
    ) % (DIRT, DIRT, DIRT, desk.site.url("/wire/a").encode(), DIRT)
    desk.configure()

    with desk.command("run", "--once") as once:
        assert once.wait(90) == 0, once.log
    with desk.command("search", "resettlement", "--json") as search:
        assert search.wait(60) == 0, search.log
        found = search.log

    ((title, text),) = desk.query("SELECT title, text FROM revisions JOIN texts ON hash = text_hash")
    (mail,), (payload,) = desk.inbox.mails, desk.webhook.payloads
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1}
    for words in (title, text, mail.text, "\n".join(webhook.strings(payload))):
        assert UNWANTED.findall(words) == []
    assert "Paragraph 4" in text
    assert json.dumps(title)[1:-1] in found or title in found
