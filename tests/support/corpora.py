"""The labelled and real data beside the project, which is not part of it: tests that read it are skipped without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SUITES = DATA / "feeds-parser-suites"
ARCHIVE = DATA / "rss-archive-2023" / "dev"

THOROUGH = os.environ.get("WIREWATCH_THOROUGH") == "1"
"""Whether the dearest evaluations take all there is (`make eval`) or, so that the suite stays short, a part."""

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled and real data (../shared/data) are not here")
