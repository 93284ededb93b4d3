"""The pages of the dashboard: one file a noun, each with `routes(desk)`."""

from __future__ import annotations

from monitor.web.pages import (
    alert,
    alert_feeds,
    alerts,
    feeds,
    ledger,
    overview,
    playground,
    rules,
    search,
    session,
    silences,
    stories,
    system,
)

PAGES = (
    overview,
    session,
    alerts,
    alert_feeds,
    alert,
    stories,
    feeds,
    rules,
    playground,
    search,
    silences,
    ledger,
    system,
)
"""In the order in which their routes are tried."""
