"""The page behind the links in mail, where the recipient says whether an alert was useful: `/rate/TOKEN`.

It is open to whoever has a link that we signed (`alerts.rating`). A GET shows the alert and two buttons and never
changes anything, for mail scanners open every link; the buttons post. One rating for each recipient and alert: what
came first stands, so that a link that is passed on or sent again cannot turn it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor import errors
from monitor.alerts import rating
from monitor.delivery import wording
from monitor.store import ratings
from monitor.store.store import Store

log = structlog.get_logger()

MOST_BYTES = 8192
"""Of a posted form: a comment of 500 characters takes at most 6,000 percent-encoded."""
_PATIENCE = 10.0
"""Seconds in which a form has to arrive."""

_STYLE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0; padding: 24px 16px; background: #ffffff; color: #1f2328; }
main { max-width: 560px; margin: 0 auto; font: 17px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; }
h1 { margin: 0 0 4px; font-size: 22px; line-height: 1.35; overflow-wrap: anywhere; }
p { margin: 0 0 12px; overflow-wrap: anywhere; }
.origin, .foot, label { color: #57606a; font-size: 15px; }
.ask { margin-top: 20px; font-weight: 600; }
.buttons { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 16px; }
button { flex: 1 1 140px; min-height: 48px; padding: 8px 16px; font: inherit; font-weight: 600; cursor: pointer; }
button { border: 2px solid #1f2328; border-radius: 8px; background: #ffffff; color: #1f2328; }
button.chosen { background: #1f2328; color: #ffffff; }
button:focus-visible, textarea:focus-visible { outline: 3px solid #1d4ed8; outline-offset: 2px; }
label { display: block; margin: 0 0 4px; }
textarea { width: 100%; min-height: 76px; margin: 0 0 16px; padding: 8px 10px; font: inherit; }
textarea { border: 1px solid #6e7781; border-radius: 8px; background: #ffffff; color: #1f2328; }
code { padding: 2px 6px; border-radius: 4px; background: #eef1f4; font: 15px ui-monospace, Consolas, monospace; }
.foot { margin-top: 24px; padding-top: 12px; border-top: 1px solid #d0d7de; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; color: #e6e8eb; }
  .origin, .foot, label { color: #a7b0ba; }
  .foot { border-color: #3d444d; }
  code { background: #262c32; }
  button { border-color: #e6e8eb; background: #14171a; color: #e6e8eb; }
  button.chosen { background: #e6e8eb; color: #14171a; }
  button:focus-visible, textarea:focus-visible { outline-color: #8ab4ff; }
  textarea { border-color: #8b949e; background: #1c2126; color: #e6e8eb; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}
"""Beside those of every answer: the one style sheet that stands in the page, and the form's way back to us."""

_LABELS = {"useful": "Useful", "noise": "Noise"}


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer says."""

    status: int
    headline: str
    body: str
    """HTML of ours, with data escaped."""
    is_data: bool = False
    """Whether the headline comes from outside."""


class RatingPage:
    """Answers `/rate/TOKEN`.

    Args:
        key: Gives the key that links are signed with.
        now: Gives the time.
        zone: Gives the desk's time zone; times are shown in it.
    """

    def __init__(
        self, store: Store, key: Callable[[], bytes], now: Callable[[], datetime], zone: Callable[[], str]
    ) -> None:
        self._store = store
        self._key = key
        self._now = now
        self._zone = zone

    @property
    def route(self) -> Route:
        """Return the route of the page."""
        return Route(rating.PATH + "/{token}", self.answer, methods=["GET", "POST"])

    async def answer(self, request: Request) -> Response:
        """Show the form, or take what it posted; whatever is wrong with the link is said in a sentence."""
        try:
            return _respond(await self._page(request))
        except errors.MonitorError as fault:
            log.warning("rating_failed", error=str(fault))
            return _respond(_said(503, "Not kept", "The monitor cannot keep ratings at the moment. Try again later."))

    async def _page(self, request: Request) -> Page:
        claim = rating.read(self._key(), request.path_params["token"])
        if claim is None:
            return _INVALID
        if claim.expires <= self._now():
            return _EXPIRED
        asked = await self._store.read(lambda c: ratings.get_rateable(c, claim.alert_id, claim.target_id))
        if asked is None:
            return _GONE
        if asked.rated is not None:
            return self._rated(asked.rated, 200 if request.method in ("GET", "HEAD") else 409)
        if request.method in ("GET", "HEAD"):
            return _form(asked, request.query_params.get("r", ""), self._zone())
        return await self._take(request, asked)

    async def _take(self, request: Request, asked: ratings.Rateable) -> Page:
        form = await _read_form(request)
        given = form.get("rating", "") if form is not None else ""
        if form is None or given not in rating.RATINGS:
            return _said(400, "Not understood", "Nothing was changed. Open the link in your mail again.")
        comment = wording.clean(form.get("comment", ""))[: rating.MOST_COMMENT]
        now = self._now()
        before = await self._store.write(lambda c: ratings.rate_once(c, asked.alert_id, given, asked.by, now, comment))
        if before is not None:
            return self._rated(before, 409)
        log.info("alert_rated", alert=asked.alert_id, rating=given, by=asked.by)
        body = f"al-{asked.alert_id} is rated {_LABELS[given].lower()}. You can close this page."
        return _said(200, "Thank you", body)

    def _rated(self, rated: ratings.StoredRating, status: int) -> Page:
        said = _LABELS.get(rated.rating, rated.rating).lower()
        when = wording.when(rated.at, self._zone())
        was = f"al-{rated.alert_id} was rated {said}, {when}."
        how = f"wirewatch alerts rate al-{rated.alert_id} useful|noise --by {shlex.quote(wording.clean(rated.by))}"
        return _said(
            status, "Rated already", was, "Nothing was changed now. To change it, at the monitor:", command=how
        )


async def _read_form(request: Request) -> Mapping[str, str] | None:
    """Return the fields of a posted form; None where it is too large, too slow, or no form."""
    data = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MOST_BYTES:
                    return None
        return dict(parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=10))
    except (TimeoutError, ValueError):
        return None


# -- pages ---------------------------------------------------------------------------------------


def _said(status: int, headline: str, *sentences: str, command: str = "") -> Page:
    body = "".join(f"<p>{html.escape(sentence)}</p>\n" for sentence in sentences)
    return Page(status, headline, body + (f"<p><code>{html.escape(command)}</code></p>\n" if command else ""))


_COMMAND = "wirewatch alerts rate ID useful|noise"


_INVALID = _said(
    403,
    "This link is not valid",
    "It is cut short, or was altered. Nothing was changed. Open it from the mail itself, or, at the monitor:",
    command=_COMMAND,
)
_EXPIRED = _said(
    410,
    "This link has expired",
    f"Links are good for {rating.LIFETIME.days} days. Nothing was changed. It can still be said at the monitor:",
    command=_COMMAND,
)
_GONE = _said(410, "This alert is gone", "It is not in the archive any more. Nothing was changed.")


def _form(asked: ratings.Rateable, chosen: str, zone: str) -> Page:
    """Return the alert with two buttons; the one that the link in the mail named stands out."""
    first = chosen if chosen in rating.RATINGS else ""
    buttons = "".join(
        f'<button name="rating" value="{name}"{" class=chosen" if name == first else ""}>{_LABELS[name]}</button>'
        for name in rating.RATINGS
    )
    origin = f"{wording.clean(asked.newsroom)} · {wording.when(asked.published, zone)}"
    pack = wording.clean(asked.pack_title)
    body = (
        f'<p class="origin" dir="{wording.direction(origin)}">{html.escape(origin)}</p>\n'
        f'<p dir="ltr">al-{asked.alert_id} · <bdi>{html.escape(pack)}</bdi></p>\n'
        '<form method="post">\n<p class="ask">Was this alert useful to you?</p>\n'
        '<label for="comment">Why? (if you like)</label>\n'
        f'<textarea id="comment" name="comment" dir="auto" maxlength="{rating.MOST_COMMENT}"></textarea>\n'
        f'<div class="buttons">{buttons}</div>\n</form>\n'
    )
    title = wording.clamp(wording.clean(asked.title), wording.TITLE_LENGTH) or "(no title)"
    return Page(200, title, body, is_data=True)


def _respond(page: Page) -> Response:
    headline = html.escape(page.headline)
    direction = wording.direction(page.headline) if page.is_data else "ltr"
    title = "Rate an alert" if page.is_data else headline
    return HTMLResponse(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · Wirewatch</title><style>{_STYLE}</style></head>\n"
        f'<body><main>\n<h1 dir="{direction}">{headline}</h1>\n{page.body}'
        '<p class="foot">Wirewatch</p>\n</main></body></html>\n',
        page.status,
        HEADERS,
    )
