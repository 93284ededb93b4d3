"""The operations of the API on feeds: listing, looking at an address, adding, pausing, removing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from monitor.feeds.opml import OpmlFeed
from monitor.jobs import feed_add, feed_look, feed_words
from monitor.store import feed_views, feeds
from monitor.store.feed_views import FeedDetail, FeedRow
from monitor.web import feed_intake, feed_parts
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Limit, Text
from monitor.web.desk import Desk
from monitor.web.faults import Conflicting, NotThere, Unusable
from monitor.web.pages import feeds as pages

Url = Annotated[str, Field(min_length=1, max_length=feed_intake.LONGEST_URL)]
Line = Annotated[str, Field(max_length=feed_intake.LONGEST)]


class FeedPath(Model):
    """Where a feed is."""

    id: Id


class FeedQuery(Model):
    """Which feeds a list holds; all of what is given must be true."""

    state: Literal["new", "ok", "failing", "candidate", "paused", "stopped", "retired", "trouble"] | None = Field(
        None, description="`trouble`: any that needs a look. Without it all but those that were removed"
    )
    text: Text | None = Field(None, description="Part of id, name, newsroom or address")
    origin: Literal["config", "added"] | None = None
    cursor: Text | None = Field(None, description="`next` of the page before")
    limit: Limit = 50


class FeedTrouble(Model):
    """What is wrong with a feed, other than that it fails."""

    code: str
    since: datetime
    sentence: str


class FeedOut(Model):
    """A feed with what its last polls taught."""

    id: int
    slug: str
    """Its id in config.toml and in commands."""
    url: str
    name: str
    newsroom: str
    lang: str | None
    country: str | None
    side: str | None
    tags: list[str]
    candidate: bool
    trusted: bool
    origin: str
    """`config` or `added`."""
    every: float
    """Longest wait between polls, seconds."""
    state: str
    polled_at: datetime | None
    succeeded_at: datetime | None
    new_entry_at: datetime | None
    next_check: datetime
    next_reason: str | None
    """Why then, in words."""
    rhythm: float | None
    """Seconds between its entries, as the last few came."""
    status: int | None
    error: str | None
    failing_since: datetime | None
    failures: int
    items: int | None
    troubles: list[FeedTrouble]
    declared_url: str | None
    permanent_url: str | None

    @classmethod
    def of(cls, row: FeedRow, now: datetime) -> FeedOut:
        """Return what is stored."""
        return cls(**_fields(row, now))


def _fields(row: FeedRow, now: datetime) -> dict[str, Any]:
    health, feed = row.health, row.health.feed
    same = ("id", "slug", "url", "name", "newsroom", "lang", "country", "side", "candidate", "trusted", "every")
    known = ("origin", "state", "polled_at", "succeeded_at", "new_entry_at", "next_check", "status", "error")
    return {
        **{name: getattr(feed, name) for name in (*same, "declared_url", "permanent_url")},
        **{name: getattr(health, name) for name in (*known, "failures", "items")},
        "tags": list(feed.tags),
        "next_reason": feed_words.why_next(health) or None,
        "rhythm": feed_words.learned_gap(feed, now),
        "failing_since": feed.failing_at,
        "troubles": [
            FeedTrouble(code=code, since=datetime.fromtimestamp(since, UTC), sentence=sentence)
            for code, (since, sentence) in sorted(feed.troubles.items())
        ],
    }


class FeedList(Model):
    """A page of feeds, by their ids."""

    feeds: list[FeedOut]
    next: str | None
    """`cursor` of the next page."""


class FeedPoll(Model):
    """How one poll ended."""

    at: datetime
    outcome: str
    """`unchanged`, `ok`, `baseline` or `failed`."""
    status: int | None
    new: int


class FeedDay(Model):
    """The polls of one UTC day."""

    day: str
    polls: int
    failed: int
    new: int


class FeedEntry(Model):
    """An entry and what became of it."""

    title: str
    url: str | None
    published: datetime | None
    first_seen: datetime
    state: str
    """`baseline`, `pending`, `done`, `unreadable` or `over_quota`."""
    article: int | None


class FeedDetailOut(FeedOut):
    """Everything about one feed."""

    polls: list[FeedPoll]
    """The newest last."""
    days: list[FeedDay]
    entries: list[FeedEntry]
    """The newest first."""
    dropped: list[str]
    """What of its last body was left out, a sentence each."""
    silent_at: datetime | None
    """When it will count as silent if nothing comes."""

    @classmethod
    def of_detail(cls, found: FeedDetail, now: datetime) -> FeedDetailOut:
        """Return what is stored."""
        shown = feed_parts.shown(found.row, now)
        return cls(
            **_fields(found.row, now),
            polls=[
                FeedPoll(
                    at=datetime.fromtimestamp(poll.at, UTC),
                    outcome=poll.outcome,
                    status=poll.status or None,
                    new=poll.new,
                )
                for poll in shown.polls
            ],
            days=[
                FeedDay(
                    day=f"{datetime.fromtimestamp(day.day * 86_400, UTC):%Y-%m-%d}",
                    polls=day.polls,
                    failed=day.failed,
                    new=day.new,
                )
                for day in shown.days
            ],
            entries=[
                FeedEntry(
                    title=one.title,
                    url=one.url,
                    published=one.published,
                    first_seen=one.first_seen,
                    state=one.state,
                    article=one.article_id,
                )
                for one in found.entries
            ],
            dropped=list(found.dropped),
            silent_at=found.stale_at,
        )


class FeedIn(Model):
    """A feed to add; what is left out is what the feed says of itself."""

    url: Url
    name: Line = ""
    newsroom: Line = ""
    lang: str = Field("", max_length=2)
    country: str = Field("", max_length=2)
    side: str = Field("", max_length=40)
    tags: list[Line] = Field(default_factory=list, max_length=feed_intake.MOST_TAGS)
    every: str = Field("", max_length=20, description="Longest wait between polls: `10m`")
    candidate: bool = False
    trusted: bool = True
    check: bool = Field(True, description="Fetch it first, and take the feed behind a page")


class FeedAdded(Model):
    """What became of it."""

    added: bool
    """False: it was polled already."""
    feed: FeedOut


class FeedChange(Model):
    """What to change of a feed."""

    paused: bool
    """False polls it at once, whether it was paused, had stopped, or is being asked seldom."""


class FeedPlace(Model):
    """An address to look at."""

    url: Url


class SeenEntry(Model):
    """An entry as the monitor sees it."""

    title: str
    url: str | None
    wrapper: bool
    """A link to an aggregator, followed only after a match."""
    published: datetime | None
    date_refused: str | None
    lang: str | None
    author: str | None
    publisher: str | None
    tags: list[str]
    summary_characters: int
    keys: dict[str, str]


class SeenFeed(Model):
    """A feed as the monitor sees it."""

    url: str
    format: str
    title: str
    lang: str | None
    ttl: float | None
    skip_hours: list[int]
    skip_days: list[int]
    items: int
    entries: list[SeenEntry]
    dropped: list[str]


class SeenBehind(Model):
    """An address behind a page, and what it answered."""

    url: str
    how: str
    format: str | None
    title: str | None
    entries: int | None
    newest: datetime | None
    fault: str | None


class SeenOther(Model):
    """Anything else that stands at an address."""

    url: str
    kind: str
    code: str | None
    fault: str | None
    feeds_found: list[str]
    behind: list[SeenBehind]
    problems: list[str]


class FeedSeen(Model):
    """What stands at an address: `feed` where it is one, else `other` with what leads to one."""

    feed: SeenFeed | None
    other: SeenOther | None


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on feeds."""
    return [
        Operation("GET", "/feeds", "Feeds and how they fare", list_feeds, answer=FeedList, query_model=FeedQuery),
        Operation(
            "POST",
            "/feeds",
            "Poll one more feed",
            add_feed,
            answer=FeedAdded,
            body_model=FeedIn,
            heavy=True,
            description="`added` is false where it was polled already. 422 where no feed is there, or several are.",
        ),
        Operation(
            "POST",
            "/feeds/check",
            "What a feed looks like to the monitor; nothing is added",
            check_feed,
            answer=FeedSeen,
            body_model=FeedPlace,
            heavy=True,
        ),
        Operation(
            "GET", "/feeds/{id}", "One feed with its polls and entries", show_feed, FeedDetailOut, path_model=FeedPath
        ),
        Operation(
            "PATCH",
            "/feeds/{id}",
            "Pause a feed, or poll it at once",
            change_feed,
            answer=FeedOut,
            path_model=FeedPath,
            body_model=FeedChange,
        ),
        Operation(
            "DELETE",
            "/feeds/{id}",
            "Poll a feed no more that was added by hand",
            remove_feed,
            path_model=FeedPath,
            description="409 for one that stands in config.toml: it would come back at the next reload.",
        ),
    ]


async def list_feeds(call: Call) -> Answer:
    """Answer with a page of feeds."""
    asked, now = call.query(FeedQuery), call.desk.now()
    wanted = pages.narrowed(asked.state or "", asked.text or "", asked.origin or "")
    page = await call.desk.read(lambda c: feed_views.list_page(c, wanted, asked.cursor or "", asked.limit))
    return Answer(FeedList(feeds=[FeedOut.of(row, now) for row in page.rows], next=page.next))


async def show_feed(call: Call) -> Answer:
    """Answer with everything about one feed."""
    found = await _detail(call)
    return Answer(FeedDetailOut.of_detail(found, call.desk.now()))


async def check_feed(call: Call) -> Answer:
    """Answer with what stands at an address."""
    url = feed_intake.checked_url(call.body(FeedPlace).url)
    seen = await feed_intake.look(call.desk, url)
    if seen.look.parsed is not None:
        return Answer(FeedSeen(feed=SeenFeed(**feed_look.feed_shown(seen.look.parsed, seen.url)), other=None))
    return Answer(FeedSeen(feed=None, other=SeenOther(**feed_look.other_shown(seen))))


async def add_feed(call: Call) -> Answer:
    """Add a feed, looked at first."""
    given, now = call.body(FeedIn), call.desk.now()
    wanted = feed_intake.wanted(
        given.url,
        name=given.name,
        newsroom=given.newsroom,
        lang=given.lang,
        country=given.country,
        side=given.side,
        tags=tuple(given.tags),
        every=given.every,
        candidate=given.candidate,
        trusted=given.trusted,
    )
    if given.check:
        wanted = await _seen(call.desk, wanted)
    added, _ = await feed_intake.add(call.desk, (wanted,))
    row = await call.desk.read(lambda c: feed_views.find(c, wanted.url))
    if row is None:
        raise Conflicting("It was removed while it was added. Nothing is polled.")
    return Answer(FeedAdded(added=bool(added), feed=FeedOut.of(row, now)))


async def _seen(desk: Desk, wanted: OpmlFeed) -> OpmlFeed:
    """Return the feed with what it says of itself. Raises: Unusable, where there is not exactly one."""
    seen = await feed_intake.look(desk, wanted.url)
    choice = feed_add.choose(seen, wanted)
    if choice.feed is not None:
        return choice.feed
    if not choice.working:
        raise Unusable(f"{seen.look.fault or 'It is no feed.'} No feed was found behind it; nothing was added.", "url")
    named = ", ".join(tried.found.url for tried in choice.working)
    raise Unusable(f"There are several feeds behind it; add the one that you want: {named}", "url")


async def change_feed(call: Call) -> Answer:
    """Pause or resume."""
    change = feeds.pause if call.body(FeedChange).paused else feeds.resume
    await pages.change_feed(call.desk, call.path(FeedPath).id, change)
    return Answer(FeedOut.of((await _detail(call)).row, call.desk.now()))


async def remove_feed(call: Call) -> Answer:
    """Retire a feed that was added by hand."""
    await pages.remove_feed(call.desk, call.path(FeedPath).id)
    return Answer()


async def _detail(call: Call) -> FeedDetail:
    number = call.path(FeedPath).id
    found = await call.desk.read(lambda c: feed_views.get(c, number))
    if found is None:
        raise NotThere(pages.GONE)
    return found
