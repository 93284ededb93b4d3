"""Several processes on one PostgreSQL database: members, what each works on, and the queue that wakes them.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcTime

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add tables; nothing of before changes. SQLite has the empty tables, so that both have one schema."""
    op.create_table(
        "members",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("beat_at", UtcTime(), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("state", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_ended_at", "members", ["ended_at"])
    op.create_table(
        "claims",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("item_id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "item_id", name=op.f("pk_claims")),
    )
    op.create_index("ix_claims_member_id", "claims", ["member_id"])
    op.create_table(
        "host_slots",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", "n", name=op.f("pk_host_slots")),
    )
    op.create_index("ix_host_slots_member_id", "host_slots", ["member_id"])
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()


def _postgresql() -> None:
    from procrastinate.schema import SchemaManager

    # Epochs of before were counted in `daemon`; a member's number must be none of them.
    op.execute("SELECT setval(pg_get_serial_sequence('members', 'id'), coalesce(max(epoch), 0) + 1, false) FROM daemon")
    # Its text has percent signs and several statements: it goes to the driver as it is.
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(SchemaManager.get_schema())
