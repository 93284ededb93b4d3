"""What holds for every test: in CI nothing is skipped for want of a browser or a database."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

NEEDS = "needs "
"""A skip whose reason begins so says that this machine lacks something: `needs chromium`."""


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
