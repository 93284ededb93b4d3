"""The API below /api/v1: one file a noun, each with `operations(desk)`."""

from __future__ import annotations

from monitor.web.api import (
    access,
    alerts,
    articles,
    backtest,
    channels,
    decisions,
    feeds,
    opml,
    rules,
    search,
    silences,
    stories,
    system,
)

NOUNS = (alerts, stories, decisions, articles, feeds, opml, silences, search, rules, backtest, channels, system, access)
"""In the order in which the document lists them."""
