"""The dashboard on a loopback port, over a seeded database, in a thread of its own.

```
with dashboard.opened(url, folder) as site:          # seeded: alerts in four scripts, a story, hostile titles
    answer = site.get("/alerts")
    site.post("/silences", pack="move", until="2h")  # with the CSRF token that the pages carry
    site.api("GET", "/alerts?limit=5").json
```

`site.desk` is the monitor behind it (`support.desk.Desk`): its clock, its fake web, its store.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.routing import Route

from monitor.config import WebSettings
from monitor.store import articles, ratings
from monitor.store.schema import (
    alerts,
    attempts,
    decisions,
    entries,
    message_alerts,
    messages,
    metadata,
    revisions,
    stories,
    texts,
)
from monitor.store.schema import articles as articles_table
from monitor.web import access, app, server
from monitor.web import rating as rating_page
from monitor.web.desk import Desk as WebDesk
from tests.support.databases import Databases
from tests.support.desk import PACK, SECOND, Desk, item, page

PASSWORD = "correct horse battery"
HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg/onload=document.title='owned'>",
    "'-alert(1)-' javascript:alert(1) {{ 7*7 }} ${7*7} {% raw %}",
    "\u202eevitceffe ton\u202c \u2066hidden\u2069 \u0000nul \U0001f600",
)
"""Ends of titles that would do something in a page that let them."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and text of an answer."""

    status: int
    headers: dict[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)


class Healthy:
    """A daemon that is well."""

    def alive(self) -> tuple[bool, str]:
        """Return that it is alive."""
        return True, ""

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return that it is ready."""
        return True, ()


@dataclass
class Site:
    """A running dashboard, and a visitor who keeps cookies."""

    desk: Desk
    web: WebDesk
    app: Any
    port: int
    loop: asyncio.AbstractEventLoop
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request as it is given, with the cookies, and keep what is set."""
        sent = dict(headers or {})
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            set_cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
            for cookie in set_cookies:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value.strip('"')
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, known, text, set_cookies)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page; `HX_Request="true"` is the header HX-Request."""
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def csrf(self) -> str:
        """Return the token of the forms of whoever the cookies make us; before logging in, that of the login page."""
        for path in ("/api", "/login"):
            found = re.search(r'<meta name="csrf" content="(\w+)"', self.get(path).text)
            if found:
                return found[1]
        raise AssertionError("no page carries a CSRF token")

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form with its token."""
        form = urlencode({"csrf": self.csrf(), **fields})
        return self.ask("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})

    def login(self, password: str = PASSWORD) -> Answer:
        """Log in and keep the session."""
        return self.post("/login", password=password)

    def api(self, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        """Ask the API below /api/v1; `data` goes as JSON, changes carry the CSRF token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if method != "GET" and "Authorization" not in sent:
            sent.setdefault("X-CSRF-Token", self.csrf())
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        body = json.dumps(data) if data is not None else None
        return self.ask(method, "/api/v1" + path, body, sent)

    def pages(self) -> list[str]:
        """Return the path of every page, the first article, story, feed and pack standing for all of them."""
        found = []
        for route in self.app.routes:
            path = getattr(route, "path", "")
            if "GET" not in (getattr(route, "methods", None) or ()) or path.startswith(("/api/v1", "/static", "/rate")):
                continue
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: "move" if name[1] in ("pack", "name") else "1", path)
            answer = self.get(path)
            if answer.status == 200 and answer.text.startswith("<!doctype html>"):  # and no part of a page
                found.append(path)
        return found

    def call(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


@contextlib.contextmanager
def opened(
    url: str,
    folder: Path,
    *,
    seeded: bool = True,
    many: int = 0,
    hostile: bool = False,
    web: WebSettings | None = None,
    loopback: bool = True,
    packs: dict[str, str] | None = None,
    health: Any = None,
) -> Iterator[Site]:
    """Run a dashboard while the block runs.

    Args:
        url: Of a migrated database.
        seeded: Whether there are feeds, articles, stories and alerts; else it is an empty installation.
        many: Further alerts, written straight into the tables.
        hostile: Whether every text from outside tries to run in the page.
        web: `[web]`; without a password whoever asks is this machine.
        loopback: Whether it takes itself for a daemon that listens on loopback only.
    """
    desk = Desk(url, folder, packs if packs is not None else ({"packs/move.yaml": PACK, "packs/talks.yaml": SECOND}))
    try:
        if web is not None:
            desk.config = replace(desk.config, web=web)
        if seeded:
            seed(desk)
        elif desk.context is None:
            desk.set_up()
        if many:
            seed_many(desk, many)
        if hostile:
            poison(desk)
        with running(desk, loopback, health or Healthy()) as site:
            yield site
    finally:
        desk.close()


@contextlib.contextmanager
def apart(folder: Path, **options: Any) -> Iterator[Site]:
    """Run a dashboard as `opened` does, on a database of its own, where a loop runs in this thread: a browser's."""
    with ThreadPoolExecutor(1) as elsewhere:
        url = elsewhere.submit(lambda: Databases(folder).sqlite()).result(120)
        manager = opened(url, folder, **options)
        made = elsewhere.submit(manager.__enter__).result(300)
        try:
            yield made
        finally:
            elsewhere.submit(manager.__exit__, None, None, None).result(60)


@contextlib.contextmanager
def running(
    desk: Desk, loopback: bool, health: Any, extra: Callable[[WebDesk], list[Route]] = lambda desk: []
) -> Iterator[Site]:
    """Serve the dashboard of `desk` in a thread, with `extra` routes beside its own."""
    context = desk.context
    assert context is not None
    key = desk.write(lambda c: ratings.signing_key(c, access.CSRF_KEY))
    web_desk = WebDesk(context, key)
    door = access.Door(lambda: context.setup.config.web, web_desk.keys, loopback)
    rating = rating_page.RatingPage(
        context.store, lambda: context.setup.rating_key, context.clock.now, lambda: context.setup.config.timezone
    )
    made = app.build(health, door, web_desk, (rating.route, *extra(web_desk)))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(server.serve(made, "127.0.0.1", 0), loop).result(30)
    try:
        yield Site(desk, web_desk, made, serving.port, loop)
    finally:
        asyncio.run_coroutine_threadsafe(serving.stop(), loop).result(30)
        web_desk.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


# -- what is in it -------------------------------------------------------------------------------


ARABIC = "خطة إعادة توطين resettlement لسكان غزة تثير الجدل"
HEBREW = "תוכנית resettlement ליישוב מחדש של תושבי עזה"


def seed(desk: Desk) -> None:
    """Publish in four newsrooms and let the monitor poll, match, decide and send: two stories, four scripts."""
    desk.has(["gazette", "herald", "wafa", "makor"], ["desk", "mail"])
    for name in ("gazette", "herald", "wafa", "makor"):
        desk.publishes(name)
    desk.run()
    told = "The resettlement committee of the ministry sat in Cairo on Monday with 120 delegates. "
    titles = {
        "gazette": [
            f"Resettlement ultimatum {HOSTILE[0]}",
            "Delegation leaves for Cairo",
            "Football: nothing happened",
        ],
        "herald": ["Resettlement plan for Gaza is discussed in Cairo", *(f"Resettlement {end}" for end in HOSTILE[1:])],
        "wafa": [ARABIC],
        "makor": [HEBREW],
    }
    for site, names in titles.items():
        for n, title in enumerate(names):
            safe = _escaped(title)
            desk.web.answers[f"https://{site}.example/a/{n}"] = page(safe, told * 3, f"{site} {n} says.")
    listed = {
        site: [item(n, _escaped(title), "", site) for n, title in enumerate(names)] for site, names in titles.items()
    }
    # One after another as far as alerts come of it: what is decided together may be decided in any order.
    for site, places in (("herald", (0,)), ("gazette", (1,)), ("gazette", (1, 0))):
        desk.publishes(site, *(listed[site][place] for place in places))
        desk.later(minutes=10)
    for site, items in listed.items():
        desk.publishes(site, *items)
    desk.later()


def _escaped(title: str) -> str:
    """Return a title as feeds and pages carry it."""
    return title.replace("&", "&amp;").replace("<", "&lt;").replace("\0", "")


SHOWN = {
    "feeds": ("name", "newsroom", "error", "url", "side"),
    "entries": ("title", "summary", "author", "publisher", "url"),
    "articles": ("newsroom", "author", "url", "aggregator"),
    "revisions": ("title",),
    "texts": ("text",),
    "alerts": ("pack_title",),
    "messages": ("headline", "body", "reason"),
    "attempts": ("detail",),
    "targets": ("label",),
    "notices": ("headline", "body"),
    "silences": ("comment", "newsroom", "words"),
    "ratings": ("comment",),
    "sessions": ("agent",),
    "api_tokens": ("name",),
}
"""Columns with words from outside that a page may show."""


def poison(desk: Desk) -> None:
    """Put something that would run into every text from outside that the database holds, and an address that would."""
    payload = " " + "".join(HOSTILE).replace("\0", "")

    def spoil(c: Any) -> None:
        for name, columns in SHOWN.items():
            table = metadata.tables[name]
            for column in columns:
                spoilt = "javascript:document.title='owned'" if column == "url" else table.c[column] + payload
                if column == "url" and name == "feeds":
                    continue  # what is polled stays a web address: nothing else is taken in
                c.execute(table.update().values({column: spoilt}))

    desk.store.writer.submit(spoil).result(timeout=30)


def seed_many(desk: Desk, count: int) -> None:
    """Write `count` more alerts straight into the tables, one a story, a minute apart, each delivered."""
    now = desk.clock.now()
    words = ("port", "strike", "council", "border", "river", "energy", "court", "budget", "harvest", "railway")

    def insert(c: Any) -> None:
        first = 1_000_000
        feed = c.execute(entries.select().limit(1)).mappings().first()
        feed_id = feed["feed_id"] if feed else 1
        text = "The resettlement committee sat. " * 20
        hashed = articles.text_hash(text)

        if c.execute(texts.select().where(texts.c.hash == hashed)).first() is None:
            c.execute(texts.insert(), {"hash": hashed, "text": text})
        rows: dict[Any, list[dict[str, Any]]] = {
            table: []
            for table in (
                stories,
                entries,
                articles_table,
                revisions,
                decisions,
                alerts,
                messages,
                message_alerts,
                attempts,
            )
        }
        target = c.exec_driver_sql("select min(id) from targets").scalar()
        for n in range(count):
            i, at = first + n, now - timedelta(minutes=count - n)
            title = f"Resettlement of {words[n % 10]} {words[n // 10 % 10]} number {n}"
            severity = ("normal", "high", "info", "urgent")[n % 4]
            rows[stories].append({"id": i, "created_at": at, "updated_at": at, "articles": 1})
            rows[entries].append(
                {
                    "id": i,
                    "feed_id": feed_id,
                    "url": f"https://gazette.example/m/{n}",
                    "title": title,
                    "summary": "",
                    "tags": [],
                    "first_seen": at,
                    "state": "done",
                    "attempts": 1,
                    "article_id": i,
                }
            )
            rows[articles_table].append(
                {
                    "id": i,
                    "feed_id": feed_id,
                    "entry_id": i,
                    "story_id": i,
                    "url": f"https://gazette.example/m/{n}",
                    "canonical_url": f"https://gazette.example/m/{n}",
                    "newsroom": f"Newsroom {n % 40}",
                    "lang": "en",
                    "published": at,
                    "first_seen": at,
                    "partial": False,
                    "retries": 0,
                }
            )
            rows[revisions].append(
                {
                    "id": i,
                    "article_id": i,
                    "n": 1,
                    "title": title,
                    "text_hash": hashed,
                    "lang": "en",
                    "partial": False,
                    "cut": False,
                    "table_id": "t",
                    "created_at": at,
                }
            )
            rows[decisions].append(
                {
                    "revision_id": i,
                    "pack": "move",
                    "n": 1,
                    "outcome": "alert",
                    "reason": "first_report",
                    "severity": severity,
                    "decided_seq": i,
                    "decided_at": at,
                    "alert_id": i,
                }
            )
            rows[alerts].append(
                {
                    "id": i,
                    "pack": "move",
                    "story_id": i,
                    "article_id": i,
                    "revision_id": i,
                    "outcome": "alert",
                    "reason": "first_report",
                    "severity": severity,
                    "pack_title": "Gaza move",
                    "rules": ["core"],
                    "route": ["desk"],
                    "ruleset_id": "r",
                    "decided_seq": i,
                    "created_at": at,
                    "newsrooms": 1,
                }
            )
            rows[messages].append(
                {
                    "id": i,
                    "target_id": target,
                    "kind": "alert",
                    "revision_id": i,
                    "state": "sent",
                    "due_at": at,
                    "attempt": 1,
                    "possible_repeat": False,
                    "plain": False,
                    "message_id": f"<m{i}@test>",
                    "severity": severity,
                    "headline": title,
                    "body": "",
                    "created_at": at,
                    "sent_at": at + timedelta(seconds=20),
                }
            )
            rows[message_alerts].append({"alert_id": i, "target_id": target, "message_id": i})
            rows[attempts].append(
                {
                    "message_id": i,
                    "n": 1,
                    "epoch": 1,
                    "channel": "desk",
                    "started_at": at,
                    "ended_at": at + timedelta(seconds=20),
                    "outcome": "sent",
                    "status": 200,
                }
            )
        for table, values in rows.items():
            for begin in range(0, len(values), 500):
                c.execute(table.insert(), values[begin : begin + 500])

    desk.store.writer.submit(insert).result(timeout=120)
