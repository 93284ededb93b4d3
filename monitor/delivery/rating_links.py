"""The links by which a mail's recipient says whether an alert was useful, as text and as HTML."""

from __future__ import annotations

import html

from monitor import model
from monitor.delivery import wording

CHOICES = (("useful", "Useful"), ("noise", "Noise"))
"""What the page behind a link is asked to offer first, and what the link is called."""


def render_text(notice: model.Notice) -> str:
    """Return a paragraph with a blank line before it, empty where nothing can be rated; a list has a link an alert."""
    told = [told for item in notice.items[: wording.ITEMS_LISTED] for told in item.tellings if told.rating_url]
    if not told:
        return ""
    if len(told) == 1:
        rows = [f"{label}: {_choice(told[0], name)}" for name, label in CHOICES]
    else:
        rows = [f"{wording.alert_id(one)}: {one.rating_url}" for one in told]
    return "\n\n" + "\n".join(["Was this useful to you, or noise?", *rows])


def render_html(item: model.NoticeItem) -> str:
    """Return a paragraph for each alert of an article; its pack is named where there are several."""
    told = [told for told in item.tellings if told.rating_url]
    return "\n".join(_paragraph(one, named=len(told) > 1) for one in told)


def _paragraph(told: model.Telling, *, named: bool) -> str:
    title = html.escape(wording.clean(told.pack_title) or wording.clean(told.pack))
    about = f"<bdi>{title}</bdi>: useful to you?" if named else "Was this useful to you?"
    links = "\n".join(f'<a href="{html.escape(_choice(told, name))}">{label}</a>' for name, label in CHOICES)
    return f'<p class="rate" dir="ltr">{about} {links}</p>'


def _choice(told: model.Telling, name: str) -> str:
    return f"{told.rating_url}?r={name}"
