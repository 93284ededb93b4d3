"""The dashboard: sessions, API tokens, and the indexes that its lists are served by.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcTime

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add tables and indexes; nothing of before changes."""
    op.create_table(
        "sessions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_sessions_hash")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_tokens_hash")),
    )
    _feeds()
    _search()
    op.drop_index("ix_articles_story_id", "articles")  # PostgreSQL sorted a whole story to find its first articles
    op.create_index("ix_articles_story_id_id", "articles", ["story_id", "id"])
    _ledger()


def _feeds() -> None:
    """Add how polls ended, and the indexes of a feed's entries and of alerts by day."""
    op.add_column("feeds", sa.Column("history", sa.LargeBinary(), nullable=True))
    op.add_column("feeds", sa.Column("dropped", sa.JSON(none_as_null=True), nullable=True))
    op.create_index("ix_entries_feed_id_id", "entries", ["feed_id", "id"])
    op.create_index("ix_alerts_created_at", "alerts", ["created_at"])
    op.create_table(
        "poll_hours",
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "outcome", name=op.f("pk_poll_hours")),
    )


def _ledger() -> None:
    """Index the decisions that are about a match, by pack, and by reason those that are not `no_match`."""
    matched, other = sa.text("pack != '*'"), sa.text("reason != 'no_match'")
    for name, columns, where in (
        ("ix_decisions_decided_seq_of_matched", ["decided_seq"], matched),
        ("ix_decisions_pack_decided_seq_of_matched", ["pack", "decided_seq"], matched),
        ("ix_decisions_reason_decided_seq_of_reason", ["reason", "decided_seq"], other),
    ):
        op.create_index(name, "decisions", columns, sqlite_where=where, postgresql_where=where)


def _search() -> None:
    """Add what the search of the archive looks up; the forms of articles that are there already are noted later."""
    folded = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "word_forms",
        sa.Column("form", folded, nullable=False),
        sa.Column("words", folded, nullable=False),
        sa.PrimaryKeyConstraint("form", "words", name=op.f("pk_word_forms")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_articles_first_seen", "articles", ["first_seen"])
    op.create_index("ix_revisions_text_hash", "revisions", ["text_hash"])
    op.execute("INSERT INTO counters (name, value) SELECT 'forms_missing', id FROM articles ORDER BY id DESC LIMIT 1")
