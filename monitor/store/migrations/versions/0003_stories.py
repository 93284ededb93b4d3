"""Copies by sketch, stories by likeness, independent newsrooms, held decisions and what an alert told.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcTime

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add tables and columns; articles of before have no sketch and no features, and stay in their stories."""
    op.create_table(
        "story_changes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("decided_seq", ID, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_changes")),
    )
    op.create_index("ix_story_changes_story_id", "story_changes", ["story_id"])
    op.create_index("ix_story_changes_other_id", "story_changes", ["other_id"])
    op.create_table(
        "story_terms",
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "article_id", name=op.f("pk_story_terms")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_terms_article_id", "story_terms", ["article_id"])
    op.create_table(
        "term_counts",
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_term_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sketches",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hash", "article_id", name=op.f("pk_sketches")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holds",
        sa.Column("revision_id", ID, nullable=False),
        sa.Column("pack", sa.String(length=100), nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("held_at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("alert", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_holds_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", "pack", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_until", "holds", ["until"])
    op.create_index("ix_holds_story_id", "holds", ["story_id"])
    op.create_table(
        "silences",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("pack", sa.String(length=100), nullable=True),
        sa.Column("rule", sa.String(length=100), nullable=True),
        sa.Column("story_id", ID, nullable=True),
        sa.Column("newsroom", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("hidden", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index("ix_silences_ended_at", "silences", ["ended_at"])
    op.create_table(
        "ratings",
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("by", sa.String(length=300), nullable=False),
        sa.Column("rating", sa.String(length=10), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_ratings_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "by", name=op.f("pk_ratings")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_signing_keys")),
    )
    op.add_column("stories", sa.Column("updated_at", UtcTime()))
    op.add_column("stories", sa.Column("articles", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_stories_updated_at", "stories", ["updated_at"])
    for column in (
        sa.Column("share", sa.Float()),
        sa.Column("sketch_kind", sa.String(length=20)),
        sa.Column("sketch_size", sa.Integer()),
        sa.Column("sketch", sa.LargeBinary()),
        sa.Column("features", sa.LargeBinary()),
        sa.Column("joined", sa.JSON()),
        sa.Column("credits", sa.JSON()),
        sa.Column("copied_id", ID),
        sa.Column("claim", sa.Text()),
    ):
        op.add_column("articles", column)
    op.create_index("ix_articles_copied_id", "articles", ["copied_id"])
    op.create_table(
        "voices",
        sa.Column("story_id", ID, autoincrement=False, nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("feed_id", ID, autoincrement=False, nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("first_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("story_id", "claim", "feed_id", name=op.f("pk_voices")),
        sqlite_with_rowid=False,
    )
    for column in (
        sa.Column("newsrooms", sa.Integer()),
        sa.Column("facts", sa.JSON()),
        sa.Column("detail", sa.JSON()),
    ):
        op.add_column("alerts", column)
    op.create_index("ix_alerts_story_id", "alerts", ["story_id"])
    op.add_column("targets", sa.Column("created_at", UtcTime()))
    op.create_index("ix_messages_target_id_created_at", "messages", ["target_id", "created_at"])
    op.execute(
        "UPDATE stories SET articles = (SELECT count(*) FROM articles WHERE articles.story_id = stories.id),"
        " updated_at = (SELECT max(articles.first_seen) FROM articles WHERE articles.story_id = stories.id)"
    )
