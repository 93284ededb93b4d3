"""What holds for every test: in CI nothing is skipped for want of a browser or a database."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator

import pytest

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
