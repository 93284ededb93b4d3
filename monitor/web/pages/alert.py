"""The page of one alert: its text with all that was found marked, why now, where it went; rate, resend, mute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.alerts import rating
from monitor.delivery import wording
from monitor.store import decisions, messages, ratings, silences, story_views
from monitor.store.ratings import StoredRating
from monitor.store.store import Connection
from monitor.web import alert_parts, reasons
from monitor.web.access import Visitor
from monitor.web.desk import Desk, is_htmx, local_path, said_event
from monitor.web.faults import NotThere, Unusable
from monitor.web.forms import Form

LONGEST_TEXT = 100_000
"""Characters of an article's text that the page shows."""
SILENCES = {"4h": 4, "12h": 12, "1d": 24, "3d": 72, "7d": 168}
"""How long a story may be muted from here, in hours."""
_GONE = "There is no such alert in the archive."


def rater(visitor: Visitor) -> str:
    """Return under what name a visitor's ratings are kept."""
    return visitor.name[:300] or "dashboard"


def own_rating(given: Sequence[StoredRating], visitor: Visitor) -> str:
    """Return what the visitor said of an alert before; empty for nothing."""
    return next((one.rating for one in given if one.by == rater(visitor)), "")


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of one alert."""
    return [
        Route("/alerts/{id:int}", _show(desk), methods=["GET"]),
        desk.post("/alerts/{id:int}/rating", _rate(desk)),
        desk.post("/alerts/{id:int}/resend", _resend(desk)),
        desk.post("/alerts/{id:int}/silence", _silence(desk)),
    ]


def _show(desk: Desk):  # type: ignore[no-untyped-def]
    async def show(request: Request) -> Response:
        number = desk.number(request)
        found = await desk.read(lambda c: alert_parts.load(c, number))
        if found is None:
            raise NotThere(_GONE)
        return desk.render(
            request,
            "alert.html",
            one=found.listed,
            full=found,
            why=reasons.sentence(found.listed.row.reason),
            facts=reasons.facts(found.listed.row.detail),
            sentence=reasons.sentence,
            own=own_rating(found.listed.ratings, desk.visitor(request)),
            terms=alert_parts.terms_found(found.fired),
            longest=LONGEST_TEXT,
            silences=SILENCES,
        )

    return show


def _rate(desk: Desk):  # type: ignore[no-untyped-def]
    async def rate(request: Request, form: Form) -> Response:
        number, given = desk.number(request), form.get("rating")
        if given not in rating.RATINGS:
            raise Unusable("Rate an alert `useful` or `noise`.", "rating")
        by = rater(desk.visitor(request))
        comment = wording.clean(form.get("comment"))[: rating.MOST_COMMENT]
        one = await desk.write(lambda c: rate_alert(c, desk, number, given, by, comment))
        if one is None:
            raise NotThere(_GONE)
        said = f"al-{number} is rated {given}."
        if not is_htmx(request):
            return desk.redirect(request, local_path(form.get("back"), f"/alerts/{number}"), said)
        return desk.render(request, "_alert_rating.html", one=one, own=given, headers={"HX-Trigger": said_event(said)})

    return rate


def rate_alert(
    connection: Connection, desk: Desk, alert_id: int, given: str, by: str, comment: str
) -> alert_parts.Listed | None:
    """Keep what `by` says of an alert and return it as lists show it; None where there is none."""
    rows = decisions.get_alerts(connection, [alert_id])
    if not rows:
        return None
    before = ratings.get(connection, alert_id, by)
    kept = comment or (before.comment if before is not None and before.rating == given else "")
    ratings.rate(connection, alert_id, given, by, desk.now(), kept)
    return alert_parts.listed(connection, rows)[0]


def _resend(desk: Desk):  # type: ignore[no-untyped-def]
    async def resend(request: Request, _form: Form) -> Response:
        number = desk.number(request)
        queued = await desk.write(lambda c: resend_alert(c, desk, number))
        if queued is None:
            raise NotThere(_GONE)
        many = f"{len(queued)} message{'s' * (len(queued) > 1)} queued again."
        said = many if queued else "Nothing to send again: no message of it is dead."
        return desk.redirect(request, f"/alerts/{number}", said)

    return resend


def resend_alert(connection: Connection, desk: Desk, alert_id: int) -> list[int] | None:
    """Queue again what died of an alert; return the messages, None where there is no such alert."""
    if not decisions.get_alerts(connection, [alert_id]):
        return None
    return messages.resend(connection, alert_id, desk.now())


def _silence(desk: Desk):  # type: ignore[no-untyped-def]
    async def silence(request: Request, form: Form) -> Response:
        number, hours = desk.number(request), SILENCES.get(form.get("lasts"))
        if hours is None:
            raise Unusable(f"Mute it for one of {', '.join(SILENCES)}.", "lasts")
        comment = wording.clean(form.get("comment"))[:500]
        until = desk.now() + timedelta(hours=hours)

        def mute(connection: Connection) -> int | None:
            rows = decisions.get_alerts(connection, [number])
            if not rows:
                return None
            story = story_views.stories_of(connection, [rows[0].article_id])[rows[0].article_id]
            return silences.add(connection, until, desk.now(), comment, story_id=story)

        made = await desk.write(mute)
        if made is None:
            raise NotThere(_GONE)
        return desk.redirect(request, f"/alerts/{number}", f"si-{made} mutes this story for {form.get('lasts')}.")

    return silence
