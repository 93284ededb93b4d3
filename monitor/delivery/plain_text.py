"""Notice -> plain text: the text part of a mail, the console, and the services that know nothing richer."""

from __future__ import annotations

from monitor import model
from monitor.delivery import developing, template, wording


def plain_lines(notice: model.Notice, own: template.Template | None = None) -> str:
    """Return the whole message as plain text; matched words stand between »guillemets«.

    Args:
        own: The user's words for each article.
    """
    if not notice.items:
        parts = (wording.clean(notice.headline), *wording.repeat_remark(notice), wording.clean_lines(notice.body))
        return "\n\n".join(filter(None, parts))
    blocks = [_item(notice, item, own) for item in notice.items[: wording.ITEMS_LISTED]]
    return "\n\n".join(filter(None, [*_head(notice), *blocks, wording.left_out(notice, len(blocks))]))


def plain_lines_within(notice: model.Notice, room: int, own: template.Template | None = None) -> str:
    """Return a message of many in at most about `room` characters: whole articles, and how many more there are."""
    parts = list(filter(None, _head(notice)))
    for place, item in enumerate(notice.items):
        block, rest = _item(notice, item, own), wording.left_out(notice, place + 1)
        if place >= wording.ITEMS_LISTED or len("\n\n".join([*parts, block, rest])) > room:
            return "\n\n".join([*parts, wording.left_out(notice, place)])
        parts.append(block)
    return "\n\n".join(parts)


def _head(notice: model.Notice) -> tuple[str, ...]:
    repeat = wording.repeat_remark(notice) if wording.is_list(notice) else ()
    return (wording.clean(notice.headline), wording.introduction(notice), *repeat)


def _item(notice: model.Notice, item: model.NoticeItem, own: template.Template | None) -> str:
    return template.body(notice, item, own) or _usual(notice, item)


def _usual(notice: model.Notice, item: model.NoticeItem) -> str:
    lines = [
        wording.standing(item) + wording.title(item),
        f"{wording.newsroom(item)}, {wording.when(item.published, notice.timezone)}",
        *map(developing.plain, developing.lines(item, notice.timezone)),
        *map(wording.telling, item.tellings),
        *wording.quotes(item),
        *map(developing.plain, developing.fine_print(notice, item)),
        *wording.remarks(notice, item),
        *filter(None, [wording.web_url(item.url)]),
        *([] if wording.is_list(notice) else developing.read_more(item, notice.timezone)),
    ]
    return "\n".join(lines)
