"""Notice -> plain text: the text part of a mail, the console, and the services that know nothing richer."""

from __future__ import annotations

from monitor import model
from monitor.delivery import developing, wording


def plain_lines(notice: model.Notice) -> str:
    """Return the whole message as plain text; matched words stand between »guillemets«."""
    if not notice.items:
        parts = (wording.clean(notice.headline), *wording.repeat_remark(notice), wording.clean_lines(notice.body))
        return "\n\n".join(filter(None, parts))
    blocks = [_item(notice, item) for item in notice.items[: wording.ITEMS_LISTED]]
    return "\n\n".join(filter(None, [*_head(notice), *blocks, wording.left_out(notice, len(blocks))]))


def plain_lines_within(notice: model.Notice, room: int) -> str:
    """Return a message of many in at most about `room` characters: whole articles, and how many more there are."""
    parts = list(filter(None, _head(notice)))
    for place, item in enumerate(notice.items):
        block, rest = _item(notice, item), wording.left_out(notice, place + 1)
        if place >= wording.ITEMS_LISTED or len("\n\n".join([*parts, block, rest])) > room:
            return "\n\n".join([*parts, wording.left_out(notice, place)])
        parts.append(block)
    return "\n\n".join(parts)


def _head(notice: model.Notice) -> tuple[str, ...]:
    repeat = wording.repeat_remark(notice) if wording.is_list(notice) else ()
    return (wording.clean(notice.headline), wording.introduction(notice), *repeat)


def _item(notice: model.Notice, item: model.NoticeItem) -> str:
    lines = [
        wording.standing(item) + wording.title(item),
        f"{wording.newsroom(item)}, {wording.when(item.published, notice.timezone)}",
        *map(developing.plain, developing.lines(item, notice.timezone)),
        *map(wording.telling, item.tellings),
        *(f"“{wording.marked_text(snippet)}”" for snippet in item.snippets if snippet.text.strip()),
        *wording.remarks(notice, item),
        *filter(None, [wording.web_url(item.url)]),
        *([] if wording.is_list(notice) else _links(notice, item)),
    ]
    return "\n".join(lines)


def _links(notice: model.Notice, item: model.NoticeItem) -> list[str]:
    """Return where to read what was told first and what was folded; addresses stand alone, so that they are links."""
    lines = []
    first = developing.first_told(item)
    if first is not None and (url := wording.web_url(first.report.url)):
        lines += ["First report:", url]
    folded = developing.folded(item, notice.timezone)
    if folded is not None:
        lines.append(folded.sentence + (":" if folded.reports else ""))
        for report in folded.reports:
            lines += filter(None, [f"- {developing.reported(report)}", report.url])
    return lines
