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


# -- stories that go on --------------------------------------------------------------------------


def first_told(**changes: Any) -> model.FirstTold:
    """What the desk was told first: the sample article, at 14:05 of the desk's time."""
    told_at = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)
    report = model.Report("Cabinet weighs plan to move residents", "Gazette", "https://gazette.test/first", told_at)
    return model.FirstTold(**{"alert_id": 9, "report": report, **changes})


def development(**changes: Any) -> model.Development:
    """A story that four newsrooms carry and that has news."""
    return model.Development(
        **{
            "newsrooms": 4,
            "names": ("Reuters", "BBC", "Haaretz"),
            "new": ("300,000 people", "Rafah crossing", "Sisi"),
            "folded": 7,
            "folded_since": datetime(2026, 11, 22, 12, 5, tzinfo=UTC),
            "folded_reports": (
                model.Report("Plan to move residents splits cabinet", "Haaretz", "https://haaretz.test/1"),
                model.Report("الحكومة تناقش خطة لنقل السكان", "الصحيفة", "https://sahifa.test/1"),
            ),
            "first": first_told(),
            **changes,
        }
    )


def updated(**changes: Any) -> model.NoticeItem:
    """An update about new facts."""
    told = {"outcome": "update", "reason": "new_facts", "alert_id": 15, "development": development()}
    return item(
        **{
            "title": "Egypt to open crossing for 300,000 people",
            "newsroom": "BBC",
            "url": "https://bbc.test/news/15",
            "tellings": (telling(**told),),
            "snippets": (snippet("Sisi said the transfer of 300,000 people would begin.", "transfer"),),
            **changes,
        }
    )


def unconfirmed(**changes: Any) -> model.NoticeItem:
    """An alert that one newsroom alone carries."""
    now = model.Development(newsrooms=1, names=("Gazette",), unconfirmed=True)
    return item(**{"tellings": (telling(reason="unconfirmed", development=now),), **changes})


def corroborated(**changes: Any) -> model.NoticeItem:
    """An update: what was told as unconfirmed is carried by another newsroom, whose report is in Arabic."""
    now = model.Development(newsrooms=2, names=("Gazette", "الصحيفة"), first=first_told(unconfirmed=True))
    told = telling(alert_id=16, outcome="update", reason="newsrooms", development=now)
    return item(
        **{
            "title": "الحكومة تناقش خطة لنقل السكان من غزة",
            "url": "https://sahifa.test/akhbar/1",
            "newsroom": "الصحيفة",
            "lang": "ar",
            "tellings": (told,),
            "snippets": (snippet("وقال المسؤول إن القاهرة ترفض التهجير القسري.", "التهجير"),),
            **changes,
        }
    )


def hebrew_update(**changes: Any) -> model.NoticeItem:
    """An update in Hebrew about new facts, told as news in several scripts, of which this desk missed the first."""
    report = model.Report("مجلس الوزراء يناقش خطة لنقل السكان", "الصحيفة", "https://sahifa.test/akhbar/1", PUBLISHED)
    now = development(
        names=("הארץ", "BBC", "الصحيفة", "Reuters"),
        new=("300 אלף בני אדם", "מעבר רפיח", "السيسي"),
        first=first_told(report=report, here=False),
    )
    told = telling(alert_id=17, outcome="update", reason="new_facts", development=now)
    return item(
        **{
            "title": "מצרים תפתח את מעבר רפיח ל-300 אלף בני אדם",
            "url": "https://iton.test/hadashot/9",
            "newsroom": "העיתון",
            "lang": "he",
            "tellings": (told,),
            "snippets": (snippet("השר אמר כי העברת התושבים תחל באביב.", "העברת התושבים"),),
            **changes,
        }
    )
