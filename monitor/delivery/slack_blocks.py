"""Notice -> the JSON of a Slack incoming webhook, within Slack's limits and with nothing of the data live.

Source: https://docs.slack.dev/reference/block-kit/blocks (150 characters a header, 3,000 a section, 50 blocks) and
https://docs.slack.dev/messaging/formatting-message-text (escaping). Lengths are counted after escaping, in UTF-16
units, the strictest reading of "characters".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from monitor import model
from monitor.delivery import developing, plain_text, wording

HEADER = 150
SECTION = 3000
CONTEXT = 2000
TEXT = 3500
"""Slack cuts fallback texts over 40,000 characters and advises 4,000."""
URL = 3000
ITEMS_LISTED = 40
ITEMS_QUOTED = 10
SNIPPETS_SHOWN = 3
LINE = 480
"""Of what is said of a story that goes on: five such lines and a link fit into a section."""
LINE_OF_LIST = 140
LINK = 400
"""Longest address inside a text that has more to say."""

Block = dict[str, Any]

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SIGNS = {"urgent": "🔴", "high": "🟠", "normal": "🔵", "info": "⚪"}


def render_payload(notice: model.Notice, channel: str | None = None) -> dict[str, Any]:
    """Return the payload for `notice`; with `notice.plain`, its text alone.

    Args:
        channel: `#room` that overrides the webhook's own room, where the service allows it.
    """
    payload: dict[str, Any] = {"text": _text(notice), "unfurl_links": False, "unfurl_media": False}
    if channel:
        payload["channel"] = channel
    if not notice.plain:
        payload["blocks"] = _blocks(notice)
    return payload


def _blocks(notice: model.Notice) -> list[Block]:
    if not notice.items:
        return _notice_blocks(notice)
    if not wording.is_list(notice):
        return _item_blocks(notice, notice.items[0])
    return _list_blocks(notice)


# -- one article ---------------------------------------------------------------------------------


def _item_blocks(notice: model.Notice, item: model.NoticeItem) -> list[Block]:
    title = wording.title(item)
    unconfirmed = "Unconfirmed: " if wording.is_unconfirmed(item) else ""
    blocks = [_header(unconfirmed + title), _context([_origin(notice, item)])]
    if lines := developing.lines(item, notice.timezone):
        blocks.append(_section("\n".join(map(_story_line, lines))))
    if _width(_escape(title)) >= HEADER:
        blocks.append(_section(f"*{fit([(title, False)], SECTION - 2)}*"))
    elif item.title_marks:
        blocks.append(_section(_marked(item.title, item.title_marks, SECTION)))
    blocks.append(_section(_tellings(item)))
    blocks += [_section(quote) for quote in _quotes(item, SNIPPETS_SHOWN)]
    remarks = wording.remarks(notice, item)
    if fine := [_fine_line(line) for line in developing.fine_print(notice, item)]:
        blocks.append(_context(fine))
    if remarks:
        blocks.append(_context([_inert_line(f"⚠️ {remark}", CONTEXT) for remark in remarks]))
    return blocks + _button(item) + _folded(developing.folded(item, notice.timezone))


def _fine_line(line: developing.Line) -> str:
    leads_somewhere = any(piece.url for piece in line.pieces)
    return _story_line(line) if leads_somewhere else _inert_line(developing.plain(line), LINE)


def _origin(notice: model.Notice, item: model.NoticeItem) -> str:
    severity = _severity(notice, item)
    place = f"{wording.newsroom(item)} · {wording.when(item.published, notice.timezone)}"
    update = f" · {wording.kind(item)}" if wording.is_update(item) else ""
    update += " · *UNCONFIRMED*" if wording.is_unconfirmed(item) else ""
    return f"{_SIGNS.get(severity, '⚪')} *{severity.upper()}*{update} · {_inert_line(place, CONTEXT - 40)}"


def _severity(notice: model.Notice, item: model.NoticeItem) -> str:
    return max((told.severity for told in item.tellings), key=model.severity_rank, default=notice.severity)


def _story_line(line: developing.Line) -> str:
    """Return a line of at most LINE units, the address of its link not counted."""
    out, room = fit([(f"{line.label}:", True)], LINE // 2) + " ", LINE // 2
    for piece in line.pieces:
        inert = wording.inert(developing.isolated(piece))
        taken = _take(inert, room - 1)
        room -= _width(taken)
        cut = len(taken) < len(_escape(inert))
        out += _linked(piece.url, taken + "…" if cut else taken)
        if cut:
            break
    return out.rstrip()


def _linked(url: str | None, escaped: str) -> str:
    """Return `escaped` as a link where there is an address that is not too long."""
    link = _link(url) if url else ""
    return f"<{link}|{escaped}>" if link and escaped.strip() and _width(link) <= LINK else escaped


def _folded(folded: developing.Folded | None) -> list[Block]:
    if folded is None:
        return []
    lines = [_inert_line(folded.sentence + (":" if folded.reports else ""), 200)]
    for report in folded.reports:
        title = _linked(report.url, _isolated_line(report.title, 85))
        lines.append(f"• {_isolated_line(report.newsroom, 62)}: {title}")
    return [_section("\n".join(lines))]


def _tellings(item: model.NoticeItem) -> str:
    return fit([("\n".join(map(wording.telling, item.tellings)) or "no pack", False)], SECTION)


def _quotes(item: model.NoticeItem, count: int) -> list[str]:
    shown = [s for s in item.snippets if s.text.strip()][:count]
    return ["> " + _marked(snippet.text, snippet.marks, SECTION - 2) for snippet in shown]


def _button(item: model.NoticeItem) -> list[Block]:
    url = wording.web_url(item.url)
    if url is None or _width(url) > URL:
        return []
    label = {"type": "plain_text", "text": "Read the article", "emoji": False}
    return [{"type": "actions", "elements": [{"type": "button", "text": label, "url": url, "action_id": "read"}]}]


# -- many articles, and notices without one --------------------------------------------------------


def _list_blocks(notice: model.Notice) -> list[Block]:
    listed = notice.items[:ITEMS_LISTED]
    quoted = 1 if len(notice.items) <= ITEMS_QUOTED else 0
    blocks = [_header(wording.clean(notice.headline) or f"{len(notice.items)} alerts")]
    if why := wording.introduction(notice):
        blocks.append(_section(fit([(why, False)], SECTION)))
    blocks += [_section(_list_item(notice, item, quoted)) for item in listed]
    closing = [*wording.repeat_remark(notice), *filter(None, [wording.left_out(notice, len(listed))])]
    if closing:
        blocks.append(_context([_inert_line(sentence, CONTEXT) for sentence in closing]))
    return blocks


def _list_item(notice: model.Notice, item: model.NoticeItem, quoted: int) -> str:
    url = wording.web_url(item.url)
    title = fit([(wording.standing(item) + wording.clamp(wording.title(item), 250), False)], 400)
    story = [_inert_line(developing.plain(line), LINE_OF_LIST) for line in developing.lines(item, notice.timezone)]
    tellings = "\n".join(wording.clamp(wording.telling(told), 90) for told in item.tellings[:6])
    partial = [_inert_line(f"⚠️ {remark}", 100) for remark in wording.remarks(notice, item)]
    quotes = ["> " + _marked(s.text, s.marks, 500) for s in item.snippets[:quoted] if s.text.strip()]
    sign = _SIGNS.get(_severity(notice, item), "⚪")
    lines = [f"{sign} *{_linked(url, title)}*", _origin_short(notice, item), *story, fit([(tellings, False)], 600)]
    return "\n".join([*lines, *quotes, *partial])


def _origin_short(notice: model.Notice, item: model.NoticeItem) -> str:
    return fit([(f"{wording.newsroom(item)} · {wording.when(item.published, notice.timezone)}", False)], 250)


def _notice_blocks(notice: model.Notice) -> list[Block]:
    blocks = [_header(wording.clean(notice.headline) or "Notice")]
    if notice.kind == "ops":
        blocks.append(_context(["⚙️ *MONITOR*"]))
    body = wording.clean_lines(notice.body)
    if body:
        blocks.append(_section(fit([(body, False)], SECTION)))
    if notice.possible_repeat:
        blocks.append(_context([_inert_line(f"⚠️ {s}", CONTEXT) for s in wording.repeat_remark(notice)]))
    return blocks


# -- the text of pushes, of plain messages, and of services that know no blocks ------------------------


def _text(notice: model.Notice) -> str:
    if not notice.items:
        return fit([(plain_text.plain_lines(notice), False)], TEXT)
    why = filter(None, [fit([(wording.introduction(notice), False)], 900)])
    texts = [fit([(wording.subject(notice), False)], 900), *why, *_repeat_of_many(notice)]
    for n, item in enumerate(notice.items):
        text = _text_item(notice, item)
        if _width("\n\n".join([*texts, text])) > TEXT - 100:
            texts.append(_inert_line(wording.left_out(notice, n), 100))
            break
        texts.append(text)
    return "\n\n".join(texts)


def _repeat_of_many(notice: model.Notice) -> list[str]:
    return list(wording.repeat_remark(notice)) if wording.is_list(notice) else []


def _text_item(notice: model.Notice, item: model.NoticeItem) -> str:
    head = [wording.standing(item) + wording.title(item)] if wording.is_list(notice) else []
    origin = f"{wording.newsroom(item)}, {wording.when(item.published, notice.timezone)}"
    tellings = [wording.clamp(wording.telling(told), 200) for told in item.tellings[:8]]
    quotes = [f"“{wording.clamp(wording.marked_text(s), 400)}”" for s in item.snippets[:2] if s.text.strip()]
    story = [wording.clamp(developing.plain(line), 300) for line in developing.lines(item, notice.timezone)]
    folded = None if wording.is_list(notice) else developing.folded(item, notice.timezone)
    more = [folded.sentence] if folded else []
    fine = [wording.clamp(developing.plain(line), 300) for line in developing.fine_print(notice, item)]
    lines = [*head, origin, *story, *tellings, *quotes, *fine, *wording.remarks(notice, item), *more]
    text = fit([("\n".join(lines), False)], TEXT - 1400)
    url = wording.web_url(item.url)
    return f"{text}\n<{_link(url)}>" if url and _width(_link(url)) <= 400 else text


# -- pieces ---------------------------------------------------------------------------------------


def _header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": _escaped_fit(wording.inert(text), HEADER), "emoji": False},
    }


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}


def _context(texts: Sequence[str]) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True} for text in texts]}


def _marked(text: str, marks: Sequence[tuple[int, int]], limit: int) -> str:
    return fit(wording.runs(text, wording.whole_words(text, marks)), limit)


def _isolated_line(text: str, limit: int) -> str:
    return _inert_line(developing.isolated(developing.Piece(text, True)), limit)


def _inert_line(text: str, limit: int) -> str:
    return fit([(text, False)], limit)


def fit(pieces: Iterable[wording.Run], limit: int) -> str:
    """Return `pieces` as mrkdwn of at most `limit` UTF-16 units, marked ones bold, ended by an ellipsis if cut."""
    out: list[str] = []
    left = limit - 1
    for text, marked in pieces:
        inert = wording.inert(text)
        bold = marked and bool(inert.strip())
        taken = _take(inert, left - 2 * bold)
        out.append(_bold(taken) if bold else taken)
        left -= _width(out[-1])
        if len(taken) < len(_escape(inert)):
            return "".join(out).rstrip() + "…"
    return "".join(out).strip(" ")


def _escaped_fit(text: str, limit: int) -> str:
    taken = _take(text, limit - 1)
    return taken if len(taken) == len(_escape(text)) else taken.rstrip() + "…"


def _bold(escaped: str) -> str:
    # A star next to a blank makes nothing bold.
    inner = escaped.strip(" ")
    if not inner:
        return escaped
    before, _, after = escaped.partition(inner)
    return f"{before}*{inner}*{after}"


def _take(text: str, room: int) -> str:
    out: list[str] = []
    for c in text:
        escaped = _ESCAPES.get(c, c)
        room -= _width(escaped)
        if room < 0:
            break
        out.append(escaped)
    return "".join(out)


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)


def _link(url: str) -> str:
    return _escape(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _width(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)
