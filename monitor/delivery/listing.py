"""Everything that a long message tells, as a table: what a mail attaches when it names only some of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from monitor import model
from monitor.delivery import wording

FILE_NAME = "reports.csv"
COLUMNS = ("alert", "severity", "pack", "rules", "why", "published", "newsroom", "title", "link")
_FORMULA = ("=", "+", "-", "@")


def is_due(notice: model.Notice) -> bool:
    """Return whether a message has more articles than it names; the plainest form of a message has no attachment."""
    return len(notice.items) > wording.ITEMS_LISTED and not notice.plain


def sentence(notice: model.Notice) -> str:
    """Return what the message says of its attachment; empty if it has none."""
    return f"All {len(notice.items)} articles are in the attached {FILE_NAME}." if is_due(notice) else ""


def render(notice: model.Notice) -> bytes:
    """Return one row for each alert, in the message's order.

    RFC 4180, in UTF-8 with the mark by which spreadsheets know it. A cell that would be a formula begins with an
    apostrophe. Times are ISO 8601 in the desk's zone.
    Source: https://owasp.org/www-community/attacks/CSV_Injection.
    """
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(map(_harmless, row) for row in _rows(notice))
    return text.getvalue().encode("utf-8-sig")


def _rows(notice: model.Notice) -> Iterator[tuple[str, ...]]:
    zone = wording.zone_of(notice.timezone)
    for item in notice.items:
        published = item.published.astimezone(zone).isoformat(timespec="seconds") if item.published else ""
        article = (published, wording.newsroom(item), wording.title(item), wording.web_url(item.url) or "")
        for told in item.tellings:
            rules = " ".join(told.rules)
            yield wording.alert_id(told), told.severity, told.pack_title or told.pack, rules, told.reason, *article


def _harmless(cell: str) -> str:
    cell = wording.clean(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
