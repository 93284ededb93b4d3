"""F32: pages that are missing, slow, huge, walled or no pages, through the real jobs and a real server on loopback.

Each time the alert goes out at once from the feed's text, says that the full text is missing, and the page is tried
again on the schedule of its reason.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import http, model
from monitor.config import FeedSettings
from monitor.delivery import mail_body, plain_text, slack_blocks
from monitor.engine.local import LocalEngine
from monitor.jobs import pages
from monitor.store.schema import articles, revisions, texts
from tests.support import databases, desk, web

SUMMARY = "The ministry speaks of a resettlement of the families."
REMARK = "Full text unavailable: matched on the feed's text"
BODY = [
    f"Paragraph {n} tells at length of the families, of their homes and of the road to the south." for n in range(9)
]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CONSENT = """<html><head><title>Before you continue</title></head><body><div class="box"><h1>Your privacy</h1>
<p>We and our 812 partners use cookies and personal data to show you news and advertising.</p>
<p>With your consent we store cookies on your device. You may accept all, or refuse.</p></div></body></html>"""
CONSENT_HE = """<html lang="he" dir="rtl"><head><title>הפרטיות שלך</title></head><body><div><h1>הפרטיות שלך</h1>
<p>אנו והשותפים שלנו משתמשים בעוגיות ובנתונים אישיים כדי להציג לך תוכן ופרסום מותאמים, בכפוף להסכמתך.</p>
<p>בלחיצה על הכפתור ניתנת הסכמה לשמירת עוגיות במכשיר שלך לפי מדיניות הפרטיות.</p></div></body></html>"""
SHELL = """<html><head><title>Gazette</title><script src="/app.js"></script></head><body><div id="root"></div>
<noscript>You need to enable JavaScript to run this app.</noscript></body></html>"""
MISSING = {
    "en": "<title>Page not found - Gazette</title><h1>Page not found</h1><p>Sorry, this page could not be found. "
    "Try the search, or go back to the front page of the paper and start from there.</p>",
    "he": "<title>הדף לא נמצא</title><h1>הדף לא נמצא</h1><p>מצטערים, העמוד שחיפשתם אינו קיים. אפשר לחזור לדף הבית "
    "ולנסות שוב, או לחפש בתיבת החיפוש שבראש העמוד.</p>",
    "ar": "<title>الصفحة غير موجودة</title><h1>الصفحة غير موجودة</h1><p>عذرا، الصفحة التي تبحث عنها غير موجودة. "
    "يمكنكم العودة إلى الصفحة الرئيسية والبحث من جديد.</p>",
}


class Newsroom:
    """A monitor past its baseline, with a real gate, and the site of the one feed that it polls."""

    def __init__(self, monitor: desk.Desk, site: web.Site) -> None:
        self.monitor, self.site = monitor, site

    async def run(self) -> None:
        """Do what is due: poll, process, retry, send."""
        assert self.monitor.context is not None
        await LocalEngine(self.monitor.context).run_once()

    async def later(self, wait: timedelta) -> None:
        """Let time pass and do what is due."""
        self.monitor.clock.time += wait
        await self.run()

    async def tells(self, url: str, summary: str = SUMMARY, title: str = "Plan unveiled") -> None:
        """Publish an item with this link and read it."""
        entry = {"title": title, "guid": url, "link": url, "description": summary}
        self.site.page("/feed", desk.rss(entry), content_type="application/rss+xml")
        await self.later(20 * MINUTE)

    @property
    def notices(self) -> list[model.Notice]:
        """What the desk was sent."""
        return self.monitor.senders["desk"].notices

    def revisions(self) -> list[tuple[bool, str | None, str]]:
        """Return of each revision whether it is partial, why, and its text."""
        query = (
            sa.select(revisions.c.partial, revisions.c.partial_reason, texts.c.text)
            .join(texts, texts.c.hash == revisions.c.text_hash)
            .order_by(revisions.c.id)
        )
        return [
            (bool(row.partial), row.partial_reason, row.text)
            for row in self.monitor.read(lambda c: c.execute(query).all())
        ]

    def next_try(self) -> timedelta | None:
        """Return after what time the page is due again."""
        due = self.monitor.read(lambda c: c.execute(sa.select(articles.c.retry_at)).scalar())
        return due - self.monitor.clock.now() if due else None


@pytest.fixture
async def newsroom(tmp_path: Path, site: web.Site) -> AsyncIterator[Newsroom]:
    made = next(databases.session(tmp_path))
    monitor = desk.Desk(made.sqlite(), tmp_path).has([], channels=["desk"])
    feed = FeedSettings(url=site.url("/feed"), id="gazette", name="Gazette", newsroom="Gazette")
    object.__setattr__(monitor.config, "feeds", (feed,))
    monitor.set_up()
    assert monitor.context is not None
    names = web.Names({"login.gazette.example": ["127.0.0.1"], "consent.gazette.example": ["127.0.0.1"]})
    gate = http.Gate(http.HttpSettings("test", allow_private=("127.0.0.0/8",), deadline=1.0), names)
    monitor.context.gate = gate
    site.page("/feed", desk.rss(), content_type="application/rss+xml")
    room = Newsroom(monitor, site)
    await room.run()
    yield room
    await gate.close()
    monitor.close()


def article(head: str = "", body: str = "".join(f"<p>{text}</p>" for text in BODY)) -> str:
    """Return an article page."""
    content = f"<article><h1>Plan unveiled</h1>{body}</article>"
    return f"<html><head><title>Plan unveiled</title>{head}</head><body>{content}</body></html>"


def json_ld(**about: Any) -> str:
    """Return a JSON-LD script."""
    return f'<script type="application/ld+json">{json.dumps(about)}</script>'


# -- what was answered, why the text is missing, and when the page is due again --------------------

PAGES: dict[str, tuple[web.Reply, str, timedelta | None]] = {
    "missing": (web.page(b"no", status=404), "http_404", 5 * MINUTE),
    "gone": (web.page(b"no", status=410), "http_410", 12 * HOUR),
    "forbidden": (web.page(b"no", status=403), "http_403", 5 * MINUTE),
    "broken": (web.page(b"no", status=500), "http_500", 5 * MINUTE),
    "hangs up": (web.hangup(), "protocol", 5 * MINUTE),
    "says nothing": (web.silence(), "timeout", 5 * MINUTE),
    "byte by byte": (web.drip(article().encode(), 0.3), "timeout", 5 * MINUTE),
    "cut off": (web.truncated(article().encode(), 300), "truncated", 5 * MINUTE),
    "huge": (web.page(b"<p>" + b"a " * 1_100_000, headers={"Content-Type": "text/html"}), "too_large", 12 * HOUR),
    "endless": (web.endless(b"<p>and so on</p>" * 1000, {"Content-Type": "text/html"}), "too_large", 12 * HOUR),
    "bomb": (web.bomb(50), "too_large", 12 * HOUR),
    "PDF": (web.page(b"%PDF-1.7 ...", headers={"Content-Type": "application/pdf"}), "not_a_page", None),
    "PDF that says HTML": (web.page(b"%PDF-1.7 ...", headers={"Content-Type": "text/html"}), "not_a_page", None),
    "picture": (web.page(b"\x89PNG\r\n\x1a\n", headers={"Content-Type": "image/png"}), "not_a_page", None),
    "film": (web.page(b"\x00\x00\x00 ftypmp42", headers={"Content-Type": "video/mp4"}), "not_a_page", None),
    "data": (web.page(b'{"a": 1}', headers={"Content-Type": "application/json"}), "not_a_page", None),
    "empty": (web.page(b"", headers={"Content-Type": "text/html"}), "no_text", 5 * MINUTE),
    "consent wall": (web.page(CONSENT.encode()), "consent_wall", 5 * MINUTE),
    "consent wall, he": (web.page(CONSENT_HE.encode()), "consent_wall", 5 * MINUTE),
    "not found, 200": (web.page(MISSING["en"].encode()), "not_found", 5 * MINUTE),
    "not found, he": (web.page(MISSING["he"].encode()), "not_found", 5 * MINUTE),
    "not found, ar": (web.page(MISSING["ar"].encode()), "not_found", 5 * MINUTE),
    "script shell": (web.page(SHELL.encode()), "script_only", 5 * MINUTE),
    "robot check": (
        web.page(b"<title>Just a moment...</title><p>Checking your browser before you can go on to the gazette.</p>"),
        "robot_check",
        5 * MINUTE,
    ),
    "log-in form": (
        web.page(b"<script src=/a.js></script><form><p>Sign in to read</p><label>Password</label></form>"),
        "script_only",
        5 * MINUTE,
    ),
    "teaser": (web.page(article(body="<p>The families are to leave their homes.</p>").encode()), "no_text", 5 * MINUTE),
}


@pytest.mark.parametrize("kind", PAGES)
async def test_f32_alert_goes_out_from_the_feed_at_once(newsroom: Newsroom, kind: str) -> None:
    """Whatever the page is, the alert goes out in the same pass, marked, with the reason stored and a retry planned."""
    reply, reason, wait = PAGES[kind]
    newsroom.site.on("/a/1", reply)

    await newsroom.tells(newsroom.site.url("/a/1"))

    (notice,) = newsroom.notices
    assert [item.title for item in notice.items] == ["Plan unveiled"]
    assert notice.items[0].partial
    assert newsroom.revisions() == [(True, reason, SUMMARY)]
    assert newsroom.next_try() == wait


async def test_f32_remark_is_read_in_mail_slack_and_text(newsroom: Newsroom) -> None:
    """The reader of any channel is told in plain words that the full text was not there."""
    await newsroom.tells(newsroom.site.url("/a/1"))
    (notice,) = newsroom.notices
    envelope = mail_body.Envelope("wire@desk.test", "Wire", "a@desk.test", "<desk.wire.test>")

    mail = mail_body.render_html(notice, envelope)
    slack = json.dumps(slack_blocks.render_payload(notice), ensure_ascii=False)
    plain = plain_text.plain_lines(notice)

    assert REMARK in mail.replace("&#39;", "'").replace("&#x27;", "'")
    assert REMARK in slack
    assert REMARK in plain


async def test_f32_schedule_is_kept_and_ends(newsroom: Newsroom) -> None:
    """A page that its server does not give is asked for after 5 minutes, 30 minutes, 3 and 12 hours, then no more."""
    newsroom.site.page("/a/1", "no", status=500)
    await newsroom.tells(newsroom.site.url("/a/1"))
    waits = []

    while (wait := newsroom.next_try()) is not None:
        waits.append(wait)
        await newsroom.later(wait)

    assert waits == [5 * MINUTE, 30 * MINUTE, 3 * HOUR, 12 * HOUR]
    assert len(newsroom.site.asked("/a/1")) == 5
    assert len(newsroom.notices) == 1


@pytest.mark.parametrize(("status", "tries"), [(404, 3), (410, 2)])
async def test_f32_missing_page_is_asked_for_less_often(newsroom: Newsroom, status: int, tries: int) -> None:
    """404 is asked for twice more, since it may only not be there yet; 410 once."""
    newsroom.site.page("/a/1", "no", status=status)
    await newsroom.tells(newsroom.site.url("/a/1"))

    while (wait := newsroom.next_try()) is not None:
        await newsroom.later(wait)

    assert len(newsroom.site.asked("/a/1")) == tries


async def test_f32_full_text_is_a_new_revision_and_matched_again(newsroom: Newsroom) -> None:
    """A pack that the feed's text did not fire is told when the page comes; a pack that was told is not told again."""
    newsroom.site.page("/a/1", "no", status=503)
    await newsroom.tells(newsroom.site.url("/a/1"))
    full = article(body="".join(f"<p>{text}</p>" for text in [*BODY, "A delegation is on its way."]))
    newsroom.site.page("/a/1", full)

    await newsroom.later(5 * MINUTE)

    told = [[telling.pack for telling in item.tellings] for notice in newsroom.notices for item in notice.items]
    assert told == [["move"], ["talks"]]
    assert [(partial, reason) for partial, reason, _ in newsroom.revisions()] == [(True, "http_503"), (False, None)]
    assert not newsroom.notices[1].items[0].partial
    assert newsroom.next_try() is None


async def test_f32_paid_page_gives_what_it_shows_and_stays_partial(newsroom: Newsroom) -> None:
    """A page that says it is not free is read as far as it goes, matched, and marked."""
    head = json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": False})
    newsroom.site.page("/a/1", article(head))

    await newsroom.tells(newsroom.site.url("/a/1"))

    ((partial, reason, text),) = newsroom.revisions()
    assert (partial, reason) == (True, "paid")
    assert BODY[0] in text
    assert newsroom.notices[0].items[0].partial
    assert newsroom.next_try() == 5 * MINUTE


async def test_f32_open_part_that_grows_is_matched_again(newsroom: Newsroom) -> None:
    """A retry that brings more of a paid article, not all of it, is read too; the page stays owed."""
    newsroom.site.page("/a/1", "no", status=500)
    await newsroom.tells(newsroom.site.url("/a/1"))
    head = json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": "False"})
    newsroom.site.page("/a/1", article(head, "".join(f"<p>{t}</p>" for t in [*BODY, "A delegation is on its way."])))

    await newsroom.later(5 * MINUTE)

    assert [reason for _, reason, _ in newsroom.revisions()] == ["http_500", "paid"]
    assert [telling.pack for telling in newsroom.notices[1].items[0].tellings] == ["talks"]
    assert newsroom.next_try() == 30 * MINUTE


async def test_f32_feed_with_the_whole_article_needs_no_paid_page(newsroom: Newsroom) -> None:
    """What the feed carries in full is not called partial because the page is not free."""
    head = json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": False})
    newsroom.site.page(
        "/a/1",
        article(head, "<p>Only the beginning of this report is open to all; the rest is for those who pay for it.</p>"),
    )
    whole = " ".join([SUMMARY, *BODY, *BODY, "That was all."])

    await newsroom.tells(newsroom.site.url("/a/1"), summary=whole)

    assert newsroom.revisions() == [(False, None, whole)]
    assert not newsroom.notices[0].items[0].partial


@pytest.mark.parametrize("host", ["login.gazette.example", "consent.gazette.example"])
async def test_f32_page_that_leads_to_another_host_to_log_in(newsroom: Newsroom, host: str) -> None:
    """A redirect to a log-in or consent page of another host is no article, however long its text is."""
    newsroom.site.redirect("/a/1", newsroom.site.url("/welcome", host=host))
    newsroom.site.page("/welcome", article(body="".join(f"<p>{text}</p>" for text in BODY * 3)))

    await newsroom.tells(newsroom.site.url("/a/1"))

    reason = "login" if host.startswith("login") else "consent_wall"
    assert newsroom.revisions() == [(True, reason, SUMMARY)]
    assert newsroom.notices[0].items[0].partial


async def test_f32_live_blog_is_read_from_its_posts(newsroom: Newsroom) -> None:
    """A live blog that shows its posts by script states them for machines; they are the text."""
    posts = [
        {"@type": "BlogPosting", "headline": f"Post {n}", "articleBody": f"<p>{text}</p>"}
        for n, text in enumerate(BODY)
    ]
    posts.append({"@type": "BlogPosting", "headline": "Arrival", "articleBody": "A delegation is on its way."})
    head = json_ld(**{"@type": "LiveBlogPosting", "headline": "Plan unveiled", "liveBlogUpdate": posts})
    newsroom.site.page("/a/1", article(head, "<div id='live'></div>"))

    await newsroom.tells(newsroom.site.url("/a/1"))

    ((partial, reason, text),) = newsroom.revisions()
    assert (partial, reason) == (False, None)
    assert all(part in text for part in BODY)
    assert [telling.pack for telling in newsroom.notices[0].items[0].tellings] == ["move", "talks"]


@pytest.mark.parametrize("target", ["/inside", "http://169.254.169.254/latest/meta-data/"])
async def test_a03_meta_refresh_is_not_followed(newsroom: Newsroom, connects: list[Any], target: str) -> None:
    """A page that sends browsers on, be it to an inside address, is not followed; the feed's text stands."""
    refresh = f'<meta http-equiv="Refresh" content="0; url={target}">'
    newsroom.site.page("/a/1", f"<html><head>{refresh}</head><body>One moment</body></html>")
    newsroom.site.page("/inside", article())

    await newsroom.tells(newsroom.site.url("/a/1"))

    assert newsroom.revisions() == [(True, "meta_refresh", SUMMARY)]
    assert newsroom.site.asked("/inside") == []
    assert {address[0] for address in connects} <= {"127.0.0.1"}


async def test_f32_later_consent_wall_never_replaces_the_text(newsroom: Newsroom) -> None:
    """A retry that meets a wall adds no revision."""
    await newsroom.tells(newsroom.site.url("/a/1"))
    newsroom.site.page("/a/1", CONSENT)

    await newsroom.later(5 * MINUTE)

    assert newsroom.revisions() == [(True, "http_404", SUMMARY)]
    assert newsroom.next_try() == 30 * MINUTE


@pytest.mark.parametrize("reason", ["http_404", "http_410", "not_a_page", "http_500", "paid", "unheard_of"])
def test_retries_end_for_every_reason(reason: str) -> None:
    """No reason has a page asked for without end."""
    waits = [pages.next_try(reason, tries) for tries in range(10)]

    assert waits[-1] is None
    assert waits == sorted(waits, key=lambda wait: (wait is None, wait))
