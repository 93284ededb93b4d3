"""What every test has: databases of both kinds; in CI nothing is skipped for want of a browser or a database."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator

import pytest

from tests.support import databases

MEMORY, ROOM = "/dev/shm", 4_000_000_000
"""Where temporary folders go if it has so many bytes free: the suite flushes databases some ten thousand times, and
what it kills are processes, never the machine."""

NEEDS = "needs "
"""A skip whose reason begins so says that this machine lacks something: `needs chromium`."""


def pytest_configure() -> None:
    """Put temporary folders into memory, where there is room and nobody named another place; workers inherit it."""
    if "TMPDIR" not in os.environ and os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = MEMORY
        tempfile.tempdir = None


@pytest.fixture(scope="session")
def made_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    """Databases of this session, from a server of its own."""
    yield from databases.session(tmp_path_factory.mktemp("databases"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, made_databases: databases.Databases) -> str:
    """The URL of a fresh, migrated database."""
    return made_databases.sqlite() if request.param == "sqlite" else made_databases.postgresql()


def _refuse_skip_for_want(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip for want of something into a failure where WIREWATCH_CI=1 says that everything is there."""
    if os.environ.get("WIREWATCH_CI") != "1" or not report.skipped or not isinstance(report.longrepr, tuple):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if reason.startswith(NEEDS):
        report.outcome = "failed"
        report.longrepr = f"skipped where WIREWATCH_CI=1 allows no such skip: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip_for_want(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip_for_want(report)
    return report
