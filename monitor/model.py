"""The nouns that travel between stages: frozen values, no behaviour beyond what follows from their fields.

Times are aware UTC `datetime`s. Offsets count code points of the original text. Ids are database ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

SEVERITIES = ("info", "normal", "high", "urgent")
"""From the least to the most urgent."""


def severity_rank(severity: str) -> int:
    """Return the place of `severity` in SEVERITIES; higher is more urgent."""
    return SEVERITIES.index(severity)


# -- feeds ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feed:
    """An address we poll, as it stands in the database."""

    id: int
    slug: str
    url: str
    name: str
    newsroom: str
    lang: str | None = None
    country: str | None = None
    side: str | None = None
    tags: tuple[str, ...] = ()
    candidate: bool = False
    every: float = 600.0
    """Longest wait of the healthy feed, seconds."""
    backfill: int = 0
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    failures: int = 0
    """Failed polls in a row."""
    baselined: bool = False
    """Whether the first poll has been done."""
    succeeded_at: datetime | None = None
    trusted: bool = True
    """Whether its reports may keep those of others from being told as copies."""
    declared_url: str | None = None
    """What the declaration says where `url` is an address that the feed has moved to since."""
    due: datetime | None = None
    """When this poll was to be."""
    polled_at: datetime | None = None
    baselined_at: datetime | None = None
    arrivals: tuple[float, ...] = ()
    """When its last entries came out, seconds since 1970, oldest first."""
    ttl: float | None = None
    """Seconds that its text asked to be left alone when it was last read."""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    newest_at: datetime | None = None
    """Publication of the newest entry that its last body listed."""
    spoken: str | None = None
    """Language that its entries are written in."""
    troubles: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Alarms that stand: by code, since when (seconds since 1970) and the sentence."""
    permanent_url: str | None = None
    """Where its address permanently redirects to, seen at `permanent_polls` polls since `permanent_since`."""
    permanent_polls: int = 0
    permanent_since: datetime | None = None
    failing_at: datetime | None = None
    """First of the failed polls in a row, those counted that were held to be our own fault."""
    gone_at: datetime | None = None
    """First of the 410 answers in a row."""
    memory: bytes | None = None
    """What is remembered of the items of its last body (`feeds.recall`)."""
    memory_at: datetime | None = None
    """When a body was last read as a whole."""
    over_quota: bool = False
    """Whether it was over its bound on the last day that it brought something."""
    history: bytes | None = None
    """How its last polls ended (`feeds.history`)."""


@dataclass(frozen=True, slots=True)
class FeedUse:
    """What a feed brought on one day (UTC, `2025-03-10`)."""

    day: str
    taken: int = 0
    """New entries that are read."""
    changed: int = 0
    """Changes of entries that were read before."""
    over: int = 0
    """New entries beyond the bound."""
    stored: int = 0
    """Bytes of text."""


@dataclass(frozen=True, slots=True)
class HttpInfo:
    """Status and headers of one answer, as far as pacing and caching need them."""

    status: int
    etag: str | None = None
    last_modified: str | None = None
    retry_after: str | None = None
    cache_control: str | None = None
    expires: str | None = None
    date: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's final answer. `body` is empty unless the status is 2xx."""

    info: HttpInfo
    url: str
    """The address that answered, after redirects."""
    body: bytes = b""
    permanent_url: str | None = None
    """Where an unbroken chain of 301/308 led, if the request was so redirected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as a feed gave it; every string is plain text without NUL or lone surrogates, lengths clamped."""

    guid: str | None
    url: str | None
    title: str
    summary: str = ""
    """Plain text of summary or content, whichever is longer; paragraphs separated by blank lines."""
    author: str | None = None
    published: datetime | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()
    publisher: str | None = None
    """The newsroom that RSS `<source>` names, where the feed is a wrapper."""


CUT_OFF = "The document ends early"
"""How the sentence begins that tells of a document which was cut off."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed's bytes held. `dropped` tells what was left out and why, one sentence each."""

    format: str
    title: str
    entries: tuple[Entry, ...]
    lang: str | None = None
    ttl: float | None = None
    """Seconds that the text asks to be left alone, from RSS `<ttl>` or the `sy:` module."""
    skip_hours: tuple[int, ...] = ()
    """Hours, 0 to 23 UTC, at which it asks for no polls."""
    skip_days: tuple[int, ...] = ()
    """Days, 0 is Monday in UTC, on which it asks for no polls."""
    spoken: str | None = None
    """Language that its entries are clearly written in, whatever it declares."""
    dropped: tuple[str, ...] = ()
    items: int = 0
    """How many items the document listed as far as it was read, those included that `dropped` tells of as empty."""
    unread_dates: tuple[tuple[int, str], ...] = ()
    """Dates that cannot be, as they were written, with the place of their entry in `entries`."""
    recalled: bool = False
    """Whether `entries` lacks the items that stand as they stood at the last poll; they are in `unchanged`."""
    unchanged: tuple[datetime | None, ...] = ()
    """Publication of each item that was not read again, because it stands as it stood."""
    memory: bytes | None = None
    """What the next call needs in order to recall them; None where it may not."""

    @property
    def listed(self) -> int:
        """Return how many entries the document lists, those that were not read again included."""
        return len(self.entries) + len(self.unchanged)

    @property
    def ended_early(self) -> bool:
        """Whether the document was cut off on its way: what it lists stands, and the rest is still owed."""
        return any(sentence.startswith(CUT_OFF) for sentence in self.dropped)


# -- articles ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """What the extractor saw in a page."""

    title: str
    text: str
    """Paragraphs separated by newlines."""
    lang: str | None = None
    author: str | None = None
    published: datetime | None = None
    canonical_url: str | None = None
    partial: bool = False
    """Whether the page itself says that the text is not all there (a paywall), or the text is too thin."""


@dataclass(frozen=True, slots=True)
class Article:
    """An entry with its text, as the rules see it."""

    title: str
    text: str
    lang: str | None = None
    url: str = ""
    source: str = ""
    """Id (slug) of the feed, or the newsroom where no feed is known."""
    newsroom: str = ""
    groups: tuple[str, ...] = ()
    """Tags of the feed; `group:TAG` in a rule's `sources` names them."""
    author: str = ""
    tags: tuple[str, ...] = ()
    """Categories of the entry."""
    published: datetime | None = None
    first_seen: datetime | None = None
    partial: bool = False


# -- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A span of the original text that made a rule true."""

    field: str
    """`title` or `text`; offsets count within that field."""
    start: int
    end: int
    text: str
    term: str
    """As the rule file writes it."""
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that an article made true."""

    pack: str
    rule: str
    severity: str
    status: str
    """`live`, or `test`: recorded, never sent."""
    evidence: tuple[Evidence, ...]
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity that an article names, in whatever language.

    `type`: as its file says (person, place, org, programme, law, office, event). `count`: how often, overlapping
    names once. `in_title`: whether the title does. `first`: words of title and text before the first mention.
    """

    entity: str
    type: str
    count: int
    in_title: bool
    first: int


# -- decisions -----------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What was decided for a pack about a revision, strongest first."""

    ALERT = "alert"
    UPDATE = "update"
    HELD = "held"
    SUPPRESSED = "suppressed"
    NONE = "none"


class Reason(StrEnum):
    """Why; the closed list that docs/decisions.md and the contract's users rely on."""

    FIRST_REPORT = "first_report"
    """alert: the pack had not been told this story."""
    TRUSTED_REPORT = "trusted_report"
    """alert: only feeds that are not trusted had told the story."""
    OTHER_EVENT = "other_event"
    """alert: its story was told, and it is unlike everything that was told of it."""
    CORROBORATED = "corroborated"
    """alert: the rules asked for several independent newsrooms, and they are there."""
    UNCONFIRMED = "unconfirmed"
    """alert: the rules asked for several independent newsrooms, and too few came while it was held; marked so."""
    HIGHER_SEVERITY = "higher_severity"
    """update: the story was told at a lower severity."""
    NEWSROOMS = "newsrooms"
    """update: the number of independent newsrooms that carry the story reached a step."""
    NEW_FACTS = "new_facts"
    """update: names, places or numbers of the pack's concern that were not told yet."""
    AWAITING_CORROBORATION = "awaiting_corroboration"
    """held: until enough independent newsrooms carry the story, or the time is over."""
    AWAITING_INTERVAL = "awaiting_interval"
    """held: it has new facts, and the story was told too short a time ago; others gather with it."""
    SAME_ARTICLE = "same_article"
    """suppressed: an earlier revision of this very article was told."""
    SAME_URL = "same_url"
    """suppressed: an article with the same canonical URL was told."""
    SAME_TEXT = "same_text"
    """suppressed: an article with the same folded text was told."""
    COPY = "copy"
    """suppressed: an article that shares most of its words was told."""
    SAME_STORY = "same_story"
    """suppressed: another article of the story was told, or is held and will be."""
    UNCORROBORATED = "uncorroborated"
    """suppressed: too few independent newsrooms came while it was held."""
    FEED_QUOTA = "feed_quota"
    """suppressed: its feed had brought as much as it may on one day; read later if there is room while it is listed."""
    BASELINE = "baseline"
    """suppressed: stood in the feed when it was first polled."""
    TOO_OLD = "too_old"
    """suppressed: older than the rule's max_age."""
    SILENCED = "silenced"
    """suppressed: a person muted what it belongs to; `detail` says which silence, and what it would have been."""
    INHIBITED = "inhibited"
    """suppressed: routine, and everybody whom it would reach was told the story as urgent lately."""
    TEST_STATUS = "test_status"
    """suppressed: only rules with `status: test` matched."""
    NO_MATCH = "no_match"
    """none: no rule of the pack matched."""
    UNREADABLE = "unreadable"
    """none: neither page nor feed text could be read, three times; shown in `feeds list` and metrics."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one pack, and why. `detail` holds times, ids and numbers that explain the reason."""

    pack: str
    outcome: Outcome
    reason: Reason
    severity: str | None = None
    detail: Mapping[str, Any] | None = None


# -- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snippet:
    """A sentence (or title) with the matched words marked; `marks` are (start, end) within `text`, sorted, disjoint."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Report:
    """An article that a message names beside the one it is about."""

    title: str
    newsroom: str
    url: str = ""
    at: datetime | None = None
    """When it was told, or folded."""


@dataclass(frozen=True, slots=True)
class FirstTold:
    """The alert that an update carries on. `report`: its article, and when its message went out."""

    alert_id: int
    report: Report
    here: bool = True
    """Whether this recipient got it; False where it went elsewhere, still waits, or was never delivered."""
    unconfirmed: bool = False
    """Whether it was told as unconfirmed."""


@dataclass(frozen=True, slots=True)
class Development:
    """What had become of a story when its alert was decided, as the alert recorded it."""

    newsrooms: int = 0
    """Independent ones that carry it; 0 where they were not counted."""
    names: tuple[str, ...] = ()
    """Of those newsrooms; perhaps not of all."""
    new: tuple[str, ...] = ()
    """Numbers, places and names that no earlier message told."""
    severity_before: str | None = None
    unconfirmed: bool = False
    folded: int = 0
    """Reports of the story that were not told one by one since it was last told."""
    folded_since: datetime | None = None
    folded_reports: tuple[Report, ...] = ()
    """Some of them."""
    first: FirstTold | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """What a rule was true by: its terms as the rule file writes them, in the order of the text."""

    rule: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """One pack's alert about an article."""

    alert_id: int
    pack: str
    pack_title: str
    rules: tuple[str, ...]
    severity: str
    outcome: str
    """`alert` or `update`."""
    reason: str
    development: Development = Development()
    clause: Clause | None = None
    """What the plainest of its rules was true by."""
    rating_url: str = field(default="", repr=False)
    """The page where its recipient says whether it was useful; empty where there is none."""
    page_url: str = field(default="", repr=False)
    """Its page in the dashboard; empty where readers cannot reach that."""


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One article inside a message, with every pack that it alerts."""

    title: str
    url: str
    newsroom: str
    published: datetime | None
    lang: str | None
    partial: bool
    tellings: tuple[Telling, ...]
    snippets: tuple[Snippet, ...]
    title_marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """The first message about a story that the recipient of an update got."""

    message_id: str
    """Its RFC 5322 Message-ID."""
    subject: str = ""
    """Its subject while that still holds for the update; else empty."""
    first: Notice | None = field(default=None, repr=False, compare=False)
    """What it said, where its subject holds: for who words subjects otherwise."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says, before a channel gives it its shape.

    Either `items` (alerts) or `headline` and `body` (an ops notice, a channel test) is filled; a digest has both, and
    the body says why it is one.
    """

    kind: str
    """`alert`, `digest`, `ops` or `test`."""
    message_id: str
    """Stable RFC 5322 Message-ID with angle brackets; the same at every attempt."""
    severity: str
    items: tuple[NoticeItem, ...] = ()
    headline: str = ""
    body: str = ""
    timezone: str = "UTC"
    """IANA name of the desk's zone: times are shown in it."""
    possible_repeat: bool = False
    """An earlier attempt got no answer: it may have arrived."""
    plain: bool = False
    """Render as plain text only: the service refused the rich form."""
    thread: Thread | None = None
    """Where an update belongs, for services that keep messages together."""


@dataclass(frozen=True, slots=True)
class Target:
    """One recipient of one channel, as a sender knows it."""

    channel: str
    key: str
    """Stable within the channel, holds no secret: the mail address, `#room`, or a hash."""
    label: str
    """For people; masked where the address is a secret."""


class SendOutcome(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    """Certainly not delivered; may be tried again."""
    UNCERTAIN = "uncertain"
    """Bytes went out and no definite answer came: it may have been delivered."""
    REFUSED_CONTENT = "refused_content"
    """The service refuses this content; a plainer rendering may pass."""
    REFUSED = "refused"
    """Permanent: wrong address, revoked webhook, unknown recipient."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome of one attempt, with the service's own words (at most 500 characters, no secret)."""

    outcome: SendOutcome
    status: int | None = None
    detail: str = ""
    retry_after: float | None = None
    """Seconds the service asked us to wait."""
    service_id: str | None = None
    """The service's id of the message, if it gave one."""
    pause_channel: bool = field(default=True)
    """For RETRY: whether the target as a whole should pause (False: only this message)."""
