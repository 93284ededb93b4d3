"""The tables, the same on SQLite and PostgreSQL. A change here needs a migration beside it (`migrations/versions`).

Times are aware UTC datetimes (`UtcTime`). JSON columns hold small lists and mappings that are never searched.
`docs/decisions/0002-schema.md` says why each growing table is indexed as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    true,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps it as naive UTC text, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: one of them in a comparison would shift every poll by hours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime bound for the database")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Sparse = JSON(none_as_null=True)
"""A mapping or list that most rows lack: None is NULL, so that queries can ask for it."""
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


feeds = Table(
    "feeds",
    metadata,
    _id(),
    Column("slug", String(200), nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("newsroom", Text, nullable=False),
    Column("lang", String(8)),
    Column("country", String(8)),
    Column("side", String(40)),
    Column("tags", JSON, nullable=False),
    Column("candidate", Boolean, nullable=False),
    Column("trusted", Boolean, nullable=False, server_default=true()),
    Column("every", Float, nullable=False),
    Column("backfill", Integer, nullable=False),
    Column("origin", String(16), nullable=False),  # config: declared in a file; added: by command or page
    Column("retired_at", UtcTime),
    Column("paused_at", UtcTime),
    # what the last polls taught
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("next_check", UtcTime, nullable=False),
    Column("next_reason", String(40)),
    Column("polled_at", UtcTime),
    Column("succeeded_at", UtcTime),
    Column("new_entry_at", UtcTime),
    Column("baselined_at", UtcTime),
    Column("status", Integer),
    Column("error", Text),
    Column("failures", Integer, nullable=False),
    Column("items", Integer),
    Column("permanent_url", Text),  # where 301/308 lead, seen `permanent_polls` times since `permanent_since`
    Column("permanent_polls", Integer, nullable=False),
    Column("permanent_since", UtcTime),
    Column("declared_url", Text),  # what the declaration says, once `url` has followed a permanent redirect
    Column("ttl", Float),  # seconds that the feed's own text asks to be left alone
    Column("skip", Sparse),  # {"hours": [0-23], "days": [0-6, Monday first]} in UTC, when its text asks for no polls
    Column("arrivals", Sparse),  # seconds since 1970 at which its last entries came out, oldest first: the rhythm
    Column("lulls", Sparse),  # [end, length] in seconds of the longest gaps between them in the last weeks
    Column("stale_at", UtcTime),  # when silence will be longer than the lulls explain
    Column("newest_at", UtcTime),  # publication of the newest entry that its last body listed
    Column("spoken", String(8)),  # language that its entries are written in, as polls found it
    Column("troubles", Sparse),  # that stand: {code: [seconds since 1970 of its beginning, sentence]}
    Column("failing_at", UtcTime),  # first of the failed polls in a row
    Column("gone_at", UtcTime),  # first of the 410 answers in a row
    Column("stopped_at", UtcTime),  # since when it is not polled: 410 for more than a day
    Column("quota_day", String(10)),  # UTC date of `quota_used`
    Column("quota_used", Integer),  # new entries taken on that day
    Column("quota_changed", Integer),  # changes of known entries taken
    Column("quota_over", Integer),  # new entries beyond the bound: not read, `feed_quota`
    Column("memory", LargeBinary),  # of the items of its last body: what need not be read again (`feeds.recall`)
    Column("memory_at", UtcTime),  # when a body was last read as a whole
    Column("quota_bytes", BigInteger),  # text stored for the feed on that day
    Column("history", LargeBinary),  # how its last polls ended (`feeds.history`)
    Column("dropped", Sparse),  # sentences: what of its last body was left out, and why
    Index("ix_feeds_next_check", "next_check"),
)

entries = Table(
    "entries",
    metadata,
    _id(),
    Column("feed_id", Id, ForeignKey("feeds.id"), nullable=False),
    Column("guid", Text),
    Column("url", Text),
    Column("canonical_url", Text),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("author", Text),
    Column("lang", String(8)),
    Column("tags", JSON, nullable=False),
    Column("publisher", Text),
    Column("published", UtcTime),
    Column("first_seen", UtcTime, nullable=False),
    Column("state", String(12), nullable=False),  # baseline | pending | done | unreadable | over_quota
    Column("due_at", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("article_id", Id),
    Column("batch_id", Id),  # of `batches`: what is told together
    Index("ix_entries_state_due_at", "state", "due_at"),
    Index("ix_entries_article_id", "article_id"),
    Index("ix_entries_batch_id", "batch_id"),
    Index("ix_entries_feed_id_id", "feed_id", "id"),
)

batches = Table(
    "batches",
    metadata,
    _id(),
    Column("kind", String(12), nullable=False),  # rebuilt: mass novelty of one feed; catch_up: what came while away
    Column("feed_id", Id, ForeignKey("feeds.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),  # when its last entry was decided and its digests were queued
    Index("ix_batches_closed_at", "closed_at"),
)

entry_keys = Table(
    "entry_keys",
    metadata,
    Column("feed_id", Id, ForeignKey("feeds.id"), primary_key=True),
    Column("kind", String(8), primary_key=True),  # guid | url | print
    Column("value", Text, primary_key=True),
    Column("entry_id", Id, ForeignKey("entries.id"), nullable=False),
    Column("listed_at", UtcTime, nullable=False),
    Index("ix_entry_keys_entry_id", "entry_id"),
)

stories = Table(
    "stories",
    metadata,
    _id(),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime),  # when its last article was decided
    Column("articles", Integer, nullable=False, server_default="0"),
    Column("merged_into", Id),
    Index("ix_stories_updated_at", "updated_at"),
)

story_changes = Table(
    "story_changes",
    metadata,
    _id(),
    Column("kind", String(8), nullable=False),  # merge: `story_id` became part of `other_id`; split: left it
    Column("story_id", Id, nullable=False),
    Column("other_id", Id, nullable=False),
    Column("article_id", Id, nullable=False),  # whose coming showed it
    Column("decided_seq", Id, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("detail", Sparse),
    Index("ix_story_changes_story_id", "story_id"),
    Index("ix_story_changes_other_id", "other_id"),
)

story_terms = Table(  # of the articles of the last days: which stories an article may belong to
    "story_terms",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", Id, primary_key=True, autoincrement=False),
    Index("ix_story_terms_article_id", "article_id"),
    sqlite_with_rowid=False,
)

term_counts = Table(  # in how many articles a term stood: what it is worth
    "term_counts",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("articles", Integer, nullable=False),
    sqlite_with_rowid=False,
)

sketches = Table(  # of the articles' texts: which ones share words with another
    "sketches",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", Id, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

articles = Table(
    "articles",
    metadata,
    _id(),
    Column("feed_id", Id, ForeignKey("feeds.id"), nullable=False),
    Column("entry_id", Id, ForeignKey("entries.id"), nullable=False),
    Column("story_id", Id, ForeignKey("stories.id"), nullable=False),
    Column("url", Text),
    Column("canonical_url", Text),
    Column("newsroom", Text, nullable=False),
    Column("aggregator", Text),  # newsroom of the feed that only passed it on (Google News): never an independent one
    Column("author", Text),
    Column("lang", String(8)),
    Column("published", UtcTime),
    Column("first_seen", UtcTime, nullable=False),
    Column("folded_hash", String(64)),
    Column("partial", Boolean, nullable=False),
    Column("retry_at", UtcTime),  # when a partial article's page is tried again
    Column("retries", Integer, nullable=False),
    Column("duplicate_of", Id),
    Column("duplicate_reason", String(20)),  # same_url | same_text | copy
    Column("share", Float),  # of the shorter text that stands in `duplicate_of` too, 0 to 1
    Column("sketch_kind", String(20)),  # how its rows in `sketches` were made
    Column("sketch_size", Integer),
    Column("sketch", LargeBinary),  # the digest that its text is compared by (`stories.sketch`)
    Column("features", LargeBinary),  # what its story was told by (`stories.features`)
    Column("joined", Sparse),  # why it is in its story: the nearest article, the score and its parts
    Column("credits", Sparse),  # whom it credits: ["agency:reuters", "report:axios"]
    Column("copied_id", Id),  # the article at the head of its chain of copies; None: itself
    Column("claim", Text),  # whose word it gives (`stories.independence.Claim`), as counted in `voices`
    Index("ix_articles_canonical_url", "canonical_url"),
    Index("ix_articles_folded_hash", "folded_hash"),
    Index("ix_articles_story_id_id", "story_id", "id"),
    Index("ix_articles_retry_at", "retry_at"),
    Index("ix_articles_entry_id", "entry_id"),
    Index("ix_articles_copied_id", "copied_id"),
    Index("ix_articles_first_seen", "first_seen"),
)

voices = Table(  # whose word a story's articles give: what its independent newsrooms are counted by
    "voices",
    metadata,
    Column("story_id", Id, primary_key=True, autoincrement=False),
    Column("claim", Text, primary_key=True),
    Column("feed_id", Id, primary_key=True, autoincrement=False),  # trust is asked of the feed when it is counted
    Column("articles", Integer, nullable=False),
    Column("first_id", Id, nullable=False),  # the first article of the feed with the claim
    sqlite_with_rowid=False,
)

texts = Table(
    "texts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    _id(),
    Column("article_id", Id, ForeignKey("articles.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text_hash", String(64), ForeignKey("texts.hash"), nullable=False),
    Column("lang", String(8)),
    Column("partial", Boolean, nullable=False),
    Column("partial_reason", String(40)),
    Column("cut", Boolean, nullable=False),
    Column("ruleset_id", String(40)),
    Column("table_id", String(40)),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("article_id", "n"),
    Index("ix_revisions_text_hash", "text_hash"),
)

matches = Table(
    "matches",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("pack", String(100), primary_key=True),
    Column("rule", String(100), primary_key=True),
    Column("severity", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("score", Integer),
    Column("evidence", JSON, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("pack", String(100), primary_key=True),  # "*": every pack of the rule set that has no row of its own
    Column("n", Integer, primary_key=True),
    Column("outcome", String(12), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("severity", String(10)),
    Column("detail", JSON),
    Column("decided_seq", Id, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("alert_id", Id),
    Index("ix_decisions_decided_seq", "decided_seq"),
)
MATCHED = decisions.c.pack != literal_column("'*'")
"""A pack's own decision. Statements say it in the very words of the partial indexes that it serves."""
NOT_UNMATCHED = decisions.c.reason != literal_column("'no_match'")


def _partial(condition: ColumnElement[bool], *columns: Column[Any]) -> None:
    """Index the rows for which a condition holds; an index that names a table's columns belongs to it."""
    name = "_".join(("ix_decisions", *(column.name for column in columns), "of"))
    kind = "matched" if condition is MATCHED else "reason"
    Index(f"{name}_{kind}", *columns, sqlite_where=condition, postgresql_where=condition)


# Most rows of `decisions` say that no pack matched: these hold the others.
_partial(MATCHED, decisions.c.decided_seq)
_partial(MATCHED, decisions.c.pack, decisions.c.decided_seq)
_partial(NOT_UNMATCHED, decisions.c.reason, decisions.c.decided_seq)

holds = Table(  # decisions `held` that nothing has closed yet
    "holds",
    metadata,
    Column("revision_id", Id, ForeignKey("revisions.id"), primary_key=True),
    Column("pack", String(100), primary_key=True),
    Column("story_id", Id, nullable=False),
    Column("article_id", Id, nullable=False),
    Column("reason", String(40), nullable=False),  # of the decision: what it waits for
    Column("severity", String(10), nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("alert", JSON, nullable=False),  # what it will be told as: rules, route, rule set, terms of that time
    Column("facts", Sparse),  # what of them is told then
    Index("ix_holds_until", "until"),
    Index("ix_holds_story_id", "story_id"),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    Column("pack", String(100), nullable=False),
    Column("story_id", Id, ForeignKey("stories.id"), nullable=False),
    Column("article_id", Id, ForeignKey("articles.id"), nullable=False),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("pack_title", Text, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("route", JSON, nullable=False),
    Column("ruleset_id", String(40), nullable=False),
    Column("decided_seq", Id, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("newsrooms", Integer),  # independent ones that carried the story when this was told
    Column("facts", Sparse),  # what was told of the pack's concern: {"entity": [..], "number": [..], "place": [..]}
    Column("detail", Sparse),  # of its decision: what is new, why now
    UniqueConstraint("revision_id", "pack"),
    Index("ix_alerts_created_at", "created_at"),
    Index("ix_alerts_pack_story_id", "pack", "story_id"),
    Index("ix_alerts_story_id", "story_id"),
    Index("ix_alerts_article_id", "article_id"),
)

targets = Table(
    "targets",
    metadata,
    _id(),
    Column("channel", String(100), nullable=False),
    Column("key", String(300), nullable=False),
    Column("label", Text, nullable=False),
    Column("paused_until", UtcTime),
    Column("pause_seconds", Float),
    Column("removed_at", UtcTime),
    Column("created_at", UtcTime),  # no digest is owed of before
    UniqueConstraint("channel", "key"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("target_id", Id, ForeignKey("targets.id"), nullable=False),
    Column("kind", String(10), nullable=False),  # alert | digest | ops | test
    Column("revision_id", Id),  # alerts that one revision raises share a message per target
    Column("slot", String(100)),  # a digest's slot and local date, or an ops notice's key and day
    Column("state", String(12), nullable=False),  # gathering | queued | sending | sent | uncertain | dead
    Column("reason", Text),  # of dead, or of the last failure
    Column("due_at", UtcTime, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", Integer),
    Column("lease_until", UtcTime),
    Column("possible_repeat", Boolean, nullable=False),
    Column("plain", Boolean, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("severity", String(10), nullable=False),
    Column("headline", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("service_id", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    UniqueConstraint("target_id", "revision_id"),
    UniqueConstraint("target_id", "slot"),
    Index("ix_messages_state_due_at", "state", "due_at"),
    Index("ix_messages_target_id_state", "target_id", "state"),
    Index("ix_messages_target_id_created_at", "target_id", "created_at"),
)

message_alerts = Table(
    "message_alerts",
    metadata,
    Column("alert_id", Id, ForeignKey("alerts.id"), primary_key=True),
    Column("target_id", Id, ForeignKey("targets.id"), primary_key=True),
    Column("message_id", Id, ForeignKey("messages.id"), nullable=False),
    Index("ix_message_alerts_message_id", "message_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("channel", String(100), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", String(20)),
    Column("status", Integer),
    Column("detail", Text),
    Column("retry_after", Float),
    Index("ix_attempts_channel_started_at", "channel", "started_at"),
)

rulesets = Table(
    "rulesets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", Text, nullable=False),
    Column("table_id", String(40), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("live", Boolean, nullable=False),
)

daemon = Table(
    "daemon",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("boot_id", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("beat", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
)

poll_hours = Table(  # how the polls of an hour ended, all feeds together
    "poll_hours",
    metadata,
    Column("hour", UtcTime, primary_key=True),
    Column("outcome", String(12), primary_key=True),
    Column("polls", Integer, nullable=False),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", String(300), primary_key=True),
    Column("not_before", UtcTime, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("headline", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("closed_at", UtcTime),
)

silences = Table(
    "silences",
    metadata,
    _id(),
    Column("pack", String(100)),
    Column("rule", String(100)),
    Column("story_id", Id),
    Column("newsroom", Text),
    Column("words", Text),
    Column("comment", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # when a person ended it, or when its end was told
    Column("hidden", Integer, nullable=False),  # alerts and updates that it hid
    Index("ix_silences_ended_at", "ended_at"),
)

ratings = Table(  # whether an alert was worth its reader's time, one word of each reader
    "ratings",
    metadata,
    Column("alert_id", Id, ForeignKey("alerts.id"), primary_key=True),
    Column("by", String(300), primary_key=True),  # the recipient of the mail, or who gave the command
    Column("rating", String(10), nullable=False),  # useful | noise
    Column("at", UtcTime, nullable=False),
    Column("comment", Text, nullable=False),
)

signing_keys = Table(  # what links are signed with, made by chance where it is first needed
    "signing_keys",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

Folded = Text().with_variant(Text(collation="C"), "postgresql")
"""Words compared byte by byte on both databases, so that a range finds those that begin alike."""

word_forms = Table(  # what a word may also be found as: without clitics, or joined with its hyphen neighbours
    "word_forms",
    metadata,
    Column("form", Folded, primary_key=True),
    Column("words", Folded, primary_key=True),  # the folded words that stand in the full-text index
    sqlite_with_rowid=False,
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Id, nullable=False),
)

sessions = Table(  # browsers that are logged in to the dashboard
    "sessions",
    metadata,
    _id(),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the cookie's secret
    Column("name", String(200), nullable=False),
    Column("mark", String(64), nullable=False),  # of the password it was opened with: a new one ends it
    Column("agent", String(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    Column("name", String(100), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the token
    Column("scopes", JSON, nullable=False),  # read | write | feeds
    Column("created_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)

members = Table(  # of a cluster: the processes that work on this database, by the leases they renew
    "members",
    metadata,
    _id(),  # the epoch that its writes are checked by
    Column("role", String(16), nullable=False),  # all | scheduler | worker | web
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(40), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("beat_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime, nullable=False),  # all four on the server's clock
    Column("ended_at", UtcTime),
    Column("reason", String(40)),  # left: by itself; lease: it gave no sign of life
    Column("state", Sparse),  # what others must know of it: its way out, its findings
    Index("ix_members_ended_at", "ended_at"),
)

claims = Table(  # of a cluster: what a member works on; void once that member has ended
    "claims",
    metadata,
    Column("kind", String(8), primary_key=True),  # feed | entry | page
    Column("item_id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id),  # NULL: its member died
    Column("deaths", Integer, nullable=False),  # members that died in a row with it under way
    Column("alone", Boolean, nullable=False, server_default=false()),  # nothing else is under way: a death is its doing
    Index("ix_claims_member_id", "member_id"),
)

host_slots = Table(  # of a cluster: requests under way to each host, over all members
    "host_slots",
    metadata,
    Column("host", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("member_id", Id, nullable=False),
    Column("until", UtcTime, nullable=False),  # on the server's clock
    Index("ix_host_slots_member_id", "member_id"),
)

schema_steps = Table(  # revisions of this schema as they were applied
    "schema_steps",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("beside", String(32), nullable=False),  # code of this revision and later may work on it
    Column("at", UtcTime, nullable=False),
)
