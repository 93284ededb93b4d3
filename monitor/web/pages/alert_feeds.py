"""Alerts as feeds for readers: Atom and JSON Feed, of all packs or one, narrowed as the page of alerts is.

An entry is what was told when it was told: it never changes, so that a feed has one ETag until the next alert. Ids are
tag URIs made from a key of the database: they stay whatever address the monitor is reached under.
Source: RFC 4287, RFC 4151, https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor import model
from monitor.delivery import wording
from monitor.web import alert_parts, reasons
from monitor.web.alert_parts import Listed
from monitor.web.api.operation import tagged
from monitor.web.desk import Desk
from monitor.web.faults import NotThere
from monitor.web.pages.alerts import narrowed, read_filters

ENTRIES = 50
MAX_AGE = 60
"""Seconds for which a reader need not ask again."""
ATOM = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed before it gets its form."""

    title: str
    name: str
    """`alerts`, or `alerts/PACK`: what its address and its ids are made of."""
    authority: str
    base: str
    """Address of the dashboard, without a slash at its end."""
    query: str
    alerts: tuple[Listed, ...]

    @property
    def updated(self) -> datetime:
        """Return when its newest alert was decided."""
        return max((one.row.created_at for one in self.alerts), default=_NEVER)

    def address(self, form: str) -> str:
        """Return where it is."""
        return f"{self.base}/{self.name}.{form}{'?' if self.query else ''}{self.query}"


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the feeds; the guard lets in by token, or from this machine."""

    async def atom(request: Request) -> Response:
        feed = await _load(desk, request)
        return _respond(request, feed, to_atom(feed), "application/atom+xml")

    async def json_feed(request: Request) -> Response:
        feed = await _load(desk, request)
        return _respond(request, feed, to_json(feed), "application/feed+json")

    return [
        Route("/alerts.atom", atom, methods=["GET"]),
        Route("/alerts.json", json_feed, methods=["GET"]),
        Route("/alerts/{pack}.atom", atom, methods=["GET"]),
        Route("/alerts/{pack}.json", json_feed, methods=["GET"]),
    ]


async def _load(desk: Desk, request: Request) -> Feed:
    pack = request.path_params.get("pack")
    packs = desk.context.setup.live.ruleset.packs
    if pack is not None and pack not in packs:
        raise NotThere("There is no such pack that is switched on.")
    values = {**request.query_params, **({"pack": pack} if pack is not None else {})}
    wanted = narrowed(read_filters(values), desk.zone, desk.now())
    _, found = await desk.read(lambda c: alert_parts.list_page(c, wanted, ENTRIES))
    public = desk.context.setup.config.web.public_url
    title = packs[pack].title if pack is not None else ""
    return Feed(
        title=f"Wirewatch: {wording.clean(title or pack or 'alerts')}",
        name="alerts" if pack is None else f"alerts/{pack}",
        authority=authority(desk.csrf_key),
        base=(public or f"{request.url.scheme}://{request.url.netloc}").rstrip("/"),
        query=request.url.query,
        alerts=found,
    )


def authority(key: bytes) -> str:
    """Return what the ids of a database's alerts begin with; nothing of `key` can be learnt from it."""
    return f"tag:wirewatch.invalid,2025:{hmac.new(key, b'alert feeds', hashlib.sha256).hexdigest()[:16]}"


def _respond(request: Request, feed: Feed, body: bytes, kind: str) -> Response:
    newest = feed.updated.replace(microsecond=0)
    headers = {
        "Cache-Control": f"private, max-age={MAX_AGE}",
        "Last-Modified": format_datetime(newest, usegmt=True),
        "Vary": "Authorization",
    }
    if "if-none-match" not in request.headers and _has(request, newest):
        return Response(status_code=304, headers=headers)
    return tagged(request, body, kind, headers=headers)


def _has(request: Request, newest: datetime) -> bool:
    """Return whether the asker's copy is as new; RFC 9110 section 13.1.3 ignores what is no date."""
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return since >= newest
    except (TypeError, ValueError):
        return False


# -- one alert -------------------------------------------------------------------------------------


def alert_tag(feed: Feed, one: Listed) -> str:
    """Return the id of an entry."""
    return f"{feed.authority}:alert:{one.row.id}"


def title_of(one: Listed) -> str:
    """Return the headline, with what a reader must know before it."""
    marks = [one.row.severity.upper()] if one.row.severity in ("urgent", "high") else []
    if one.row.outcome == "update":
        marks.append("Update")
    if one.row.reason == "unconfirmed":
        marks.append("Unconfirmed")
    title = wording.clean(one.row.title) or "(no title)"
    return f"{', '.join(marks)}: {title}" if marks else title


def content_of(one: Listed, page: str) -> Markup:
    """Return the entry in HTML: the sentences with the matched words in bold, where it is from, why it was told."""
    row = one.row
    pieces = [Markup("<p>{}</p>").format(_bold(snippet)) for snippet in one.quotes.snippets]
    pack = wording.clean(row.pack_title or row.pack)
    told = f"{wording.clean(row.newsroom)} · {pack} · {row.severity}"
    pieces.append(Markup("<p>{}</p>").format(told))
    pieces.append(Markup('<p>{} <a href="{}">{}</a></p>').format(reasons.sentence(row.reason), page, f"al-{row.id}"))
    return Markup("\n").join(pieces)


def _bold(snippet: model.Snippet) -> Markup:
    return Markup("").join(
        Markup("<b>{}</b>").format(text) if is_marked else escape(text)
        for text, is_marked in wording.runs(snippet.text, snippet.marks)
    )


def _link_of(one: Listed, page: str) -> str:
    return wording.web_url(one.row.url or "") or page


# -- forms -----------------------------------------------------------------------------------------


def to_atom(feed: Feed) -> bytes:
    """Return the feed as Atom."""
    root = ElementTree.Element("feed", {"xmlns": ATOM})
    _add(root, "id", f"{feed.authority}:{feed.name}")
    _add(root, "title", feed.title)
    _add(root, "updated", _time(feed.updated))
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.address("atom"))
    _add(root, "link", rel="alternate", type="text/html", href=f"{feed.base}/alerts")
    _add(root, "generator", "Wirewatch")
    for one in feed.alerts:
        _entry(root, feed, one)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(root: ElementTree.Element, feed: Feed, one: Listed) -> None:
    row, page = one.row, f"{feed.base}/alerts/{one.row.id}"
    entry = ElementTree.SubElement(root, "entry", {"xml:lang": row.lang} if row.lang else {})
    _add(entry, "id", alert_tag(feed, one))
    _add(entry, "title", title_of(one))
    _add(entry, "updated", _time(row.created_at))
    _add(entry, "published", _time(row.published or row.created_at))
    author = ElementTree.SubElement(entry, "author")
    _add(author, "name", wording.clean(row.newsroom) or "unknown")
    _add(entry, "link", rel="alternate", href=_link_of(one, page))
    _add(entry, "link", rel="related", type="text/html", href=page)
    for term in (row.pack, row.severity, row.outcome):
        _add(entry, "category", term=term)
    _add(entry, "content", str(content_of(one, page)), type="html")


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> None:
    made = ElementTree.SubElement(parent, name, {key: _NO_XML.sub("", value) for key, value in attributes.items()})
    made.text = _NO_XML.sub("", text) or None


def to_json(feed: Feed) -> bytes:
    """Return the feed as JSON Feed 1.1, each item with what programs want to know below `_wirewatch`."""
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{feed.base}/alerts",
        "feed_url": feed.address("json"),
        "items": [_item(feed, one) for one in feed.alerts],
    }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _item(feed: Feed, one: Listed) -> dict[str, Any]:
    row, page = one.row, f"{feed.base}/alerts/{one.row.id}"
    told = {"alert": row.id, "pack": row.pack, "severity": row.severity, "decision": row.outcome, "reason": row.reason}
    more = {"rules": list(row.rules), "article": row.article_id, "page": page, "partial": row.partial}
    return {
        "id": alert_tag(feed, one),
        "url": _link_of(one, page),
        "title": title_of(one),
        "content_html": str(content_of(one, page)),
        "date_published": _time(row.published or row.created_at),
        "date_modified": _time(row.created_at),
        "authors": [{"name": wording.clean(row.newsroom) or "unknown"}],
        "tags": [row.pack, row.severity, row.outcome],
        **({"language": row.lang} if row.lang else {}),
        "_wirewatch": {"about": "docs/webhooks.md", **told, **more},
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
