"""Notices as the desk would get them, in English, Arabic and Hebrew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor import model

PUBLISHED = datetime(2026, 11, 22, 17, 40, tzinfo=UTC)
MESSAGE_ID = "<al-12.7f3a@wirewatch.desk.test>"


def telling(**changes: Any) -> model.Telling:
    """One pack's alert."""
    return model.Telling(
        **{
            "alert_id": 12,
            "pack": "resettlement",
            "pack_title": "Resettlement",
            "rules": ("core",),
            "severity": "high",
            "outcome": "alert",
            "reason": "first_report",
            **changes,
        }
    )


def snippet(text: str, *words: str, field: str = "text") -> model.Snippet:
    """A sentence whose `words` are marked."""
    spans = sorted((text.index(word), text.index(word) + len(word)) for word in words)
    return model.Snippet(text, tuple(spans), field)


def item(**changes: Any) -> model.NoticeItem:
    """One article of a message."""
    title = changes.get("title", "Cabinet weighs plan to move residents")
    return model.NoticeItem(
        **{
            "title": title,
            "url": "https://gazette.test/news/plan?id=7&page=2",
            "newsroom": "Gazette",
            "published": PUBLISHED,
            "lang": "en",
            "partial": False,
            "tellings": (telling(),),
            "snippets": (snippet("The minister said the transfer of residents would begin in spring.", "transfer"),),
            **changes,
        }
    )


def notice(*items: model.NoticeItem, **changes: Any) -> model.Notice:
    """A message about `items`, or about one sample article."""
    return model.Notice(
        **{
            "kind": "alert",
            "message_id": MESSAGE_ID,
            "severity": "high",
            "items": items or (item(),),
            "timezone": "Asia/Jerusalem",
            **changes,
        }
    )


def ops(headline: str = "Feed gazette fails since 3 hours", body: str = "HTTP 503, 18 polls in a row.") -> model.Notice:
    """A message about the monitor itself."""
    return model.Notice("ops", MESSAGE_ID, "normal", headline=headline, body=body, timezone="Asia/Jerusalem")


def arabic() -> model.NoticeItem:
    """An article in Arabic, told to two packs."""
    return item(
        title="الحكومة تناقش خطة لنقل السكان من غزة",
        url="https://sahifa.test/akhbar/1",
        newsroom="الصحيفة",
        lang="ar",
        tellings=(
            telling(pack_title="Resettlement", rules=("core", "plans"), severity="urgent"),
            telling(alert_id=13, pack="egypt", pack_title="Egypt–Israel talks", severity="normal"),
        ),
        snippets=(snippet("وقال المسؤول إن القاهرة ترفض التهجير القسري للفلسطينيين إلى سيناء.", "القاهرة", "التهجير"),),
    )


def hebrew() -> model.NoticeItem:
    """An article in Hebrew whose page could not be read; an update."""
    return item(
        title="הממשלה דנה בתוכנית להעברת תושבים",
        url="https://iton.test/hadashot/9",
        newsroom="העיתון",
        lang="he",
        partial=True,
        tellings=(telling(alert_id=14, outcome="update", reason="higher_severity"),),
        snippets=(snippet('השר אמר כי "הגירה מרצון" תחל באביב.', "הגירה מרצון"),),
    )
