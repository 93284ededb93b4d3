"""Notice -> a mail: one text part, one HTML part from the template below, headers that no title can add to."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from monitor import model
from monitor.delivery import developing, listing, plain_text, rating_links, template, wording

_COLOURS = {"urgent": "#b3261e", "high": "#b45309", "normal": "#1d4ed8", "info": "#57606a"}

_ENCODED_BYTES = 39
"""Of the subject in one encoded word: 64 characters of it, 73 with the header's name before it."""

_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 16px; background: #ffffff; color: #1f2328; }
.page { max-width: 640px; margin: 0 auto; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; }
.item { margin: 0 0 28px; }
.listed { margin: 0 0 14px; padding: 14px 0 0; border-top: 1px solid #d0d7de; font-size: 15px; }
.listed h1 { font-size: 17px; }
.severity { display: inline-block; padding: 1px 8px; border-radius: 4px; color: #ffffff; }
.severity { font-size: 13px; font-weight: 700; }
.monitor { background: #57606a; }
h1 { margin: 8px 0 4px; font-size: 21px; line-height: 1.35; }
h1.digest { margin: 0 0 8px; font-size: 23px; }
.why { margin: 0 0 24px; }
h1 a { color: inherit; text-decoration: underline; }
p { margin: 0 0 10px; }
.origin, .foot, .fine { color: #57606a; font-size: 14px; }
.tellings { margin: 0 0 12px; padding-inline-start: 20px; font-size: 15px; }
.unconfirmed { background: #fff8c5; color: #6b4d00; border: 1px solid #d4a72c; }
.story { margin: 0 0 12px; padding: 8px 14px; border-radius: 4px; background: #f3f5f7; font-size: 15px; }
.story p { margin: 0 0 4px; }
.folded { color: #57606a; font-size: 14px; }
.folded p { margin: 0 0 4px; }
.folded ul { margin: 0; padding-inline-start: 20px; }
.story a, .folded a { color: inherit; }
blockquote { margin: 0 0 12px; padding: 6px 14px; border-inline-start: 4px solid #d0d7de; }
strong.hit { background: #fff3bf; color: #1f2328; font-weight: 700; padding: 0 2px; border-radius: 2px; }
.remark { border: 1px solid #d4a72c; border-radius: 4px; padding: 4px 10px; font-size: 14px; }
.button { display: inline-block; padding: 7px 16px; border-radius: 6px; background: #1f2328; color: #ffffff; }
.button { text-decoration: none; font-weight: 600; }
.foot a, .rate a { color: inherit; }
.rate { color: #57606a; font-size: 14px; }
.rate a { display: inline-block; padding: 4px 6px; }
.foot { border-top: 1px solid #d0d7de; padding-top: 10px; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; color: #e6e8eb; }
  .origin, .foot, .folded, .rate, .fine { color: #a7b0ba; }
  .story { background: #20252b; }
  .unconfirmed { background: #3f3200; color: #ffe8a3; }
  blockquote, .foot, .listed { border-color: #3d444d; }
  strong.hit { background: #6b5200; color: #fff7d6; }
  .button { background: #e6e8eb; color: #14171a; }
}
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom; addresses are plain `local@domain`, already checked."""

    sender: str
    sender_name: str
    recipient: str
    list_id: str
    public_url: str | None = None
    template: template.Template | None = None
    """The user's own words; where they tell of an article, the mail has no HTML part that would say it otherwise."""


def render_mail(notice: model.Notice, envelope: Envelope, now: datetime) -> bytes:
    """Return the mail in the form that goes over the wire (CRLF, 7-bit headers and bodies).

    Args:
        now: Time of this attempt, for the Date header.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(envelope.sender, envelope.sender_name)
    mail["To"] = _address(envelope.recipient, "")
    mail["Date"] = now
    mail["Message-ID"] = _visible(notice.message_id)
    if notice.thread is not None:
        mail["In-Reply-To"] = mail["References"] = _visible(notice.thread.message_id)
    mail["List-Id"] = envelope.list_id
    mail["Auto-Submitted"] = "auto-generated"
    # base64 for both: no line of any title can then be too long, begin with a dot, or need an 8-bit server.
    mail.set_content(_text(notice, envelope), cte="base64")
    if not notice.plain and not _has_own_body(notice, envelope):
        mail.add_alternative(render_html(notice, envelope), subtype="html", cte="base64")
    if listing.is_due(notice):
        mail.add_attachment(
            listing.render(notice), "text", "csv", filename=listing.FILE_NAME, params={"charset": "utf-8"}
        )
    return _subject(_subject_line(notice, envelope.template)) + mail.as_bytes()


def _has_own_body(notice: model.Notice, envelope: Envelope) -> bool:
    return bool(notice.items) and envelope.template is not None and bool(envelope.template.body)


def _subject_line(notice: model.Notice, own: template.Template | None) -> str:
    """Return the subject: that of the first message behind `Re: ` while it still holds, else one of its own.

    Thunderbird and Apple Mail keep a thread together by References; Gmail and Outlook only where the subjects are the
    same but for `Re:`. What no longer holds (another severity, a report that is not unconfirmed any more) is not
    repeated for that: filters and readers go by the subject.
    """
    if notice.thread is None or not notice.thread.subject:
        return template.subject(notice, own)
    repeat = "Possible repeat: " if notice.possible_repeat else ""
    first = notice.thread.first
    subject = template.subject(first, own) if first is not None else notice.thread.subject
    return f"{repeat}Re: {wording.clamp(wording.clean(subject), wording.SUBJECT_LENGTH)}"


def _visible(message_id: str) -> str:
    return re.sub(r"[^\x21-\x7e]", "", message_id)


def _subject(subject: str) -> bytes:
    """Return the header line of `subject`; the standard library adds or moves blanks where it folds one.

    Source: RFC 2047 section 2: encoded words of at most 75 characters, lines of at most 76, no character cut in two.
    """
    if subject.isascii() and "=?" not in subject:
        return b"Subject: " + subject.encode() + b"\r\n"
    words = (f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(subject, _ENCODED_BYTES))
    return b"Subject: " + "\r\n ".join(words).encode() + b"\r\n"


def _pieces(text: str, size: int) -> Iterator[bytes]:
    piece = b""
    for c in text:
        encoded = c.encode()
        if len(piece) + len(encoded) > size:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _address(address: str, name: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=wording.clean(name), username=local, domain=domain)


def _text(notice: model.Notice, envelope: Envelope) -> str:
    foot = f"\n\n--\nWirewatch · {envelope.public_url}" if envelope.public_url else "\n\n--\nWirewatch"
    attached = f"\n\n{listing.sentence(notice)}" if listing.is_due(notice) else ""
    return plain_text.plain_lines(notice, envelope.template) + attached + rating_links.render_text(notice) + foot + "\n"


# -- HTML ----------------------------------------------------------------------------------------


def render_html(notice: model.Notice, envelope: Envelope) -> str:
    """Return the HTML part: every character of data escaped, nothing loaded from anywhere."""
    body = "".join(_items(notice)) if notice.items else _announcement(notice)
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(wording.subject(notice))}</title><style>{_STYLE}</style></head>\n"
        f'<body><div class="page">\n{body}{_foot(envelope)}</div></body></html>\n'
    )


def _items(notice: model.Notice) -> Iterable[str]:
    listed = notice.items[: wording.ITEMS_LISTED]
    if notice.headline:
        headline = wording.clean(notice.headline)
        yield f'<h1 class="digest"{_dir(headline)}>{html.escape(headline)}</h1>\n'
        yield _paragraph(wording.introduction(notice), "why")
    if wording.is_list(notice):
        yield from (_paragraph(remark, "remark") for remark in wording.repeat_remark(notice))
    yield from (_item(notice, item) for item in listed)
    rest = wording.left_out(notice, len(listed))
    for sentence in filter(None, (rest, listing.sentence(notice))):
        yield _paragraph(sentence)


def _item(notice: model.Notice, item: model.NoticeItem) -> str:
    origin = f"{wording.newsroom(item)} · {wording.when(item.published, notice.timezone)}"
    parts = [
        f'<div dir="{wording.direction(wording.title(item))}">{_severity(notice, item)}</div>',
        _title(item),
        _paragraph(origin, "origin"),
        _developing(developing.lines(item, notice.timezone)),
        _tellings(item.tellings),
        *(_quote(snippet) for snippet in item.snippets if snippet.text.strip()),
        *(f'<p class="fine" dir="ltr">{_line(line)}</p>' for line in developing.fine_print(notice, item)),
        *(_paragraph(remark, "remark") for remark in wording.remarks(notice, item)),
        "" if wording.is_list(notice) else _button(item),
        "" if wording.is_list(notice) else _folded(developing.folded(item, notice.timezone)),
        rating_links.render_html(item),
    ]
    kind = "item listed" if wording.is_list(notice) else "item"
    return f'<div class="{kind}">\n' + "\n".join(filter(None, parts)) + "\n</div>\n"


def _severity(notice: model.Notice, item: model.NoticeItem) -> str:
    severity = max((told.severity for told in item.tellings), key=model.severity_rank, default=notice.severity)
    colour = _COLOURS.get(severity, _COLOURS["info"])
    update = f" · {wording.kind(item)}" if wording.is_update(item) else ""
    badge = f'<span class="severity" style="background:{colour}">{html.escape(severity.upper())}{update}</span>'
    unconfirmed = ' <span class="severity unconfirmed">UNCONFIRMED</span>' if wording.is_unconfirmed(item) else ""
    return badge + unconfirmed


def _title(item: model.NoticeItem) -> str:
    title = wording.title(item)
    marks = item.title_marks if len(item.title) <= wording.TITLE_LENGTH else ()
    inner = _marked(item.title, marks) if marks else html.escape(title)
    url = wording.web_url(item.url)
    linked = f'<a href="{html.escape(url)}">{inner}</a>' if url else inner
    return f'<h1 dir="{wording.direction(title)}">{linked}</h1>'


def _developing(lines: Sequence[developing.Line]) -> str:
    inner = "\n".join(f'<p dir="ltr">{_line(line)}</p>' for line in lines)
    return f'<div class="story">\n{inner}\n</div>' if inner else ""


def _line(line: developing.Line) -> str:
    return f"<b>{html.escape(line.label)}:</b> {''.join(map(_piece, line.pieces))}"


def _piece(piece: developing.Piece) -> str:
    if not piece.is_data:
        return html.escape(piece.text)
    shown = f"<bdi>{html.escape(piece.text)}</bdi>"
    return f'<a href="{html.escape(piece.url)}">{shown}</a>' if piece.url else shown


def _folded(folded: developing.Folded | None) -> str:
    if folded is None:
        return ""
    rows = (
        f'<li dir="ltr"><bdi>{html.escape(report.newsroom)}</bdi>: '
        f"{_piece(developing.Piece(report.title, True, report.url or None))}</li>"
        for report in folded.reports
    )
    inner = "".join(rows)
    reports = f"<ul>{inner}</ul>" if inner else ""
    return f'<div class="folded">{_paragraph(folded.sentence + (":" if reports else "."))}{reports}</div>'


def _tellings(tellings: Sequence[model.Telling]) -> str:
    lines = "".join(f"<li{_dir(text)}>{html.escape(text)}</li>" for text in map(wording.telling, tellings))
    return f'<ul class="tellings">{lines}</ul>' if lines else ""


def _quote(snippet: model.Snippet) -> str:
    return f"<blockquote{_dir(snippet.text)}>{_marked(snippet.text, snippet.marks)}</blockquote>"


def _marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    return "".join(
        f'<strong class="hit">{html.escape(piece)}</strong>' if marked else html.escape(piece)
        for piece, marked in wording.runs(text, marks)
    )


def _button(item: model.NoticeItem) -> str:
    url = wording.web_url(item.url)
    return f'<p><a class="button" href="{html.escape(url)}">Read the article</a></p>' if url else ""


def _announcement(notice: model.Notice) -> str:
    headline = wording.clean(notice.headline) or "Notice"
    body = wording.clean_lines(notice.body)
    paragraphs = [_paragraph(text) for text in body.split("\n\n") if text]
    remarks = [_paragraph(remark, "remark") for remark in wording.repeat_remark(notice)]
    badge = '<span class="severity monitor">MONITOR</span>\n' if notice.kind == "ops" else ""
    return "".join([badge, f"<h1{_dir(headline)}>{html.escape(headline)}</h1>", *remarks, *paragraphs])


def _foot(envelope: Envelope) -> str:
    url = wording.web_url(envelope.public_url or "")
    link = f' · <a href="{html.escape(url)}">{html.escape(url)}</a>' if url else ""
    return f'<p class="foot">Wirewatch{link}</p>\n'


def _paragraph(text: str, kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    return f"<p{css}{_dir(text)}>{html.escape(text).replace(chr(10), '<br>')}</p>"


def _dir(text: str) -> str:
    return f' dir="{wording.direction(text)}"'
