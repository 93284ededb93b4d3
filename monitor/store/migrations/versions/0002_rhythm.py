"""What polls teach about a feed's rhythm and troubles, batches of entries told in one digest, and aggregators.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcTime

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add tables and columns; what is there keeps its meaning."""
    op.create_table(
        "batches",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("feed_id", ID, nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_batches_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_closed_at", "batches", ["closed_at"])
    for column in (
        sa.Column("declared_url", sa.Text()),
        sa.Column("ttl", sa.Float()),
        sa.Column("skip", sa.JSON()),
        sa.Column("arrivals", sa.JSON()),
        sa.Column("lulls", sa.JSON()),
        sa.Column("stale_at", UtcTime()),
        sa.Column("newest_at", UtcTime()),
        sa.Column("spoken", sa.String(length=8)),
        sa.Column("troubles", sa.JSON()),
        sa.Column("failing_at", UtcTime()),
        sa.Column("gone_at", UtcTime()),
        sa.Column("stopped_at", UtcTime()),
        sa.Column("quota_day", sa.String(length=10)),
        sa.Column("quota_used", sa.Integer()),
        sa.Column("quota_changed", sa.Integer()),
        sa.Column("quota_over", sa.Integer()),
        sa.Column("memory", sa.LargeBinary()),
        sa.Column("memory_at", UtcTime()),
        sa.Column("quota_bytes", sa.BigInteger()),
        sa.Column("trusted", sa.Boolean(), nullable=False, server_default=sa.true()),
    ):
        op.add_column("feeds", column)
    op.add_column("entries", sa.Column("batch_id", ID, nullable=True))
    op.create_index("ix_entries_batch_id", "entries", ["batch_id"])
    op.add_column("articles", sa.Column("aggregator", sa.Text()))
