"""A picture of a Block Kit message, close enough to Slack's look to judge a layout by eye.

`python -m tests.support.slack_preview OUT.html` writes the sample messages of `notices`.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

from monitor.delivery import slack_blocks
from tests.support import notices

_STYLE = """
body { margin: 0; padding: 20px 28px; background: #fff; color: #1d1c1d; }
body { font: 15px/1.46668 Lato, "Noto Sans", "DejaVu Sans", Arial, sans-serif; }
.message { max-width: 640px; margin-bottom: 28px; }
.who { font-weight: 900; } .app { font-size: 10px; background: #e8e8e8; padding: 1px 3px; border-radius: 2px; }
.header { font-size: 18px; font-weight: 900; line-height: 1.33; margin: 8px 0; }
.section { margin: 8px 0; white-space: pre-wrap; }
.context { font-size: 13px; color: #616061; margin: 8px 0; }
.quote { border-inline-start: 4px solid #ddd; padding-inline-start: 12px; }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; padding: 0 12px; font-weight: 700; }
.button { font-size: 13px; line-height: 28px; margin: 4px 8px 4px 0; }
.over { outline: 2px solid red; }
"""


def render_page(*payloads: dict[str, Any]) -> str:
    """Return an HTML page that shows `payloads` as messages, one below the other; a text over its limit is outlined."""
    shown = "".join(f'<div class="message">{_sender()}{_payload(payload)}</div>' for payload in payloads)
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"><style>{_STYLE}</style></head><body>{shown}</body></html>'


def _sender() -> str:
    return '<div><span class="who">Wirewatch</span> <span class="app">APP</span></div>'


def _payload(payload: dict[str, Any]) -> str:
    if "blocks" not in payload:
        return f'<div class="section" dir="auto">{_mrkdwn(payload["text"])}</div>'
    return "".join(map(_block, payload["blocks"]))


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "actions":
        return "".join(f'<span class="button">{html.escape(e["text"]["text"])}</span>' for e in block["elements"])
    if kind == "context":
        elements = "".join(f'<div dir="auto">{_mrkdwn(e["text"])}</div>' for e in block["elements"])
        return f'<div class="context">{elements}</div>'
    limit = slack_blocks.HEADER if kind == "header" else slack_blocks.SECTION
    text = block["text"]["text"]
    over = " over" if len(text) > limit else ""
    inner = text if kind == "header" else _mrkdwn(text)
    return f'<div class="{kind}{over}" dir="auto">{inner}</div>'


def _mrkdwn(text: str) -> str:
    """Return escaped mrkdwn as HTML: links, *bold* at word edges and quotes. The data's own signs came escaped."""
    text = "".join(_LIGHTS.get(c, c) for c in text)
    text = re.sub(r"<((?!/?i\b)[^|>]*)\|([^>]*)>", r'<a href="#">\2</a>', text)
    text = re.sub(r"<(https?://[^>]*)>", r'<a href="#">\1</a>', text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])", r"<b>\1</b>", text)
    return "\n".join(_line(line) for line in text.split("\n"))


# Drawn, since a machine without a font for emoji would show boxes.
_COLOURS = {"🔴": "#d92d20", "🟠": "#e8710a", "🔵": "#1d6fdc", "⚪": "#b8bec5"}
_LIGHTS = {sign: f'<i style="color:{colour};font-style:normal">●</i>' for sign, colour in _COLOURS.items()}


def _line(line: str) -> str:
    return f'<div class="quote" dir="auto">{line[2:]}</div>' if line.startswith("> ") else line


def samples() -> list[dict[str, Any]]:
    """Return the payloads of one article per language, a list, an ops notice and a plain rendering."""
    shown = [
        notices.notice(),
        notices.notice(notices.arabic(), severity="urgent"),
        notices.notice(notices.hebrew(), possible_repeat=True),
        notices.notice(notices.item(), notices.arabic(), notices.hebrew()),
        notices.ops(),
        notices.notice(plain=True),
    ]
    return [slack_blocks.render_payload(notice) for notice in shown]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_page(*samples()), encoding="utf-8")
