"""How the schema came about: which older code may work beside each revision (docs/decisions/0036-rolling-upgrade.md).

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcTime

revision = "0006"
down_revision = "0005"
beside = "0005"


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "schema_steps",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("beside", sa.String(length=32), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_steps")),
    )
