"""A later version of the program: the migrations of this one, and one more (`entry.py --migrations FOLDER`)."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitor.store import migrate

LATER = "9999"


def migrations(folder: Path, beside: str | None = None, body: str = "") -> Path:
    """Return a folder of migrations whose last adds a column to `counters`.

    `beside`: which older revision's code it says can go on beside it; None says nothing. `body`: further statements.
    """
    made = folder / "later"
    shutil.copytree(migrate.FOLDER, made, ignore=shutil.ignore_patterns("__pycache__"))
    said = f'beside = "{beside}"\n' if beside else ""
    (made / "versions" / f"{LATER}_remark.py").write_text(
        '"""A column more."""\n\n'
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "{LATER}"\ndown_revision = "{migrate.newest()}"\n{said}\n\n'
        "def upgrade() -> None:\n"
        f'    op.add_column("counters", sa.Column("remark", sa.Text))\n{body}'
    )
    return made
