"""Messages of every kind whose words from outside are hostile, and what may be in them once they have been sent.

`Poison(seed)` makes the same messages for the same seed; the functions below return what is wrong with one as a service
got it, one sentence each.
"""

from __future__ import annotations

import email
import email.policy
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, TypeVar

from monitor import model
from monitor.alerts import digest
from monitor.delivery import slack_blocks, template, wording
from tests.support import notices, webhook

T = TypeVar("T")

ATTACKS = (
    "<!channel> <!here> <!everyone> <@U123ABC> <#C123|general> <!subteam^S1> <!date^1^{date}|x>",
    "@everyone @here user@everyone <@123> <@&9> <@!7> <at>boss@desk.test</at>",
    "<http://evil.test|bank> <mailto:a@evil.test|a> [bank](http://evil.test) ![x](http://evil.test/x.png)",
    "&lt;!channel&gt; &amp;lt; &#60;b&#62; &#x3c;img src=x&#x3e; & && &;",
    "*bold* _it_ ~no~ `code` ```block``` ||spoiler|| > quote\n> quote\n# heading\n- list\n1. one",
    '<script>alert(1)</script><img src="http://evil.test/p.gif" onerror=x><style>@import url(http://evil.test)</style>',
    '"><a href="javascript:alert(1)">x</a></blockquote></div></body></html>',
    "<base href=http://evil.test><meta http-equiv=refresh content=0><link rel=stylesheet href=//evil.test>",
    "\r\nBcc: victim@evil.test\r\n\r\nbody\r\n.\r\nQUIT\r\n",
    "\nSubject: other\n\x0bX-Evil: 1\x0cX-Evil: 1\x1cX-Evil: 1\x85X-Evil: 1\u2028X-Evil: 1\u2029X-Evil: 1",
    "=?utf-8?q?=3Cscript=3E?= =?utf-8?b?PGI+?=",
    '","text":"injected","channel":"#all","x":"\\u0000\\',
    "{title} {{7*7}} {0.__class__} {title!r:>999999999} ${HOME} %s %(x)s {% raw %} <%= 1 %>",
    "\x1b[31m\x1b]0;owned\x07 \x08\x7f\x9b2J",
    "\u202egnp.exe\u202c \u2066iso\u2069 \u2067late \u061c \u200f\u200e",
    "a\u200b\u200d\u2060\ufeff\u00ad\u034fb\u3164\u115f\u2800",
    "\x00\ud800\udfff\ud83d",
    "é" * 30 + "e" + "\u0301" * 300,
    "\U000e0001\U000e0041\U000e007f\ufffe\uffff\U0010ffff",
    "ﷺ﷽" * 300,
    "😀👩‍👩‍👧‍👦🇮🇱🏴\U000e0067\U000e0062" * 80,
    "𝔸" * 600,
    "خطة التهجير القسري " * 200,
    "הגירה מרצון " * 300,
    "&" * 1500,
    "<" * 1500,
    "*" * 1500,
    "A" * 5000,
    "word " * 1000,
    "https://evil.test/ http://evil.test/" + "x" * 2000,
    ".",
    ".\r\n.",
    "-- \n",
    "",
    " \t\n",
    "\u2800\u3164",
)
SIGNS = "<>&|*_~`@#[](){}!\"'\\ \n\r\t\x00\x1b\u202e\u200b\u2028אבגדעربي𝔸😀e\u0301ß日,.:;-+=/%0$^?"
URLS = (
    "https://gazette.test/1",
    "https://gazette.test/~desk/a_(b)?c=*d*&e=_f_&g=%3C|x#@here",
    "https://gazette.test/" + "x" * 5000,
    "https://gazette.test/<|>&\"'",
    "https://خبر.test/تهجير?q=عربي",
    "http://[::1]/x",
    "http://[::1/x",
    "https://user:pass@evil.test/",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://gazette.test/a b",
    "https://gazette.test/\u202egnp",
    "//evil.test",
    "",
)
TEMPLATE = """\
subject: {severity} {title} {why}
{standing}{title} / {newsroom} / {packs} / {new} / {updates}
{evidence}
{remarks}
{more}
{url}
"""


class Poison:
    """Hostile messages, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._kinds = (self._alert, self._alert, self._update, self._update, self._list, self._list, self._ops)

    def notices(self, titles: int) -> Iterator[model.Notice]:
        """Yield messages with so many titles or a few more; each attack alone first, as every word of one message."""
        for attack in ATTACKS[:titles]:
            yield _filled(attack)
        left = titles - len(ATTACKS)
        while left > 0:
            made = self.random.choice(self._kinds)()
            left -= max(1, len(made.items))
            yield made

    def words(self) -> str:
        """Return attacks, signs and characters of all of Unicode in any order; 100 kB once in a while."""
        r = self.random
        if r.random() < 0.002:
            return r.choice(ATTACKS) * 20 + "".join(r.choices(SIGNS, k=100_000))
        signs = "".join(r.choices(SIGNS, k=r.randrange(120)))
        noise = "".join(chr(r.randrange(0x110000)) for _ in range(r.randrange(30)))
        pieces = [*r.choices(ATTACKS, k=r.randrange(3)), signs, noise]
        r.shuffle(pieces)
        return "".join(pieces)[: r.choice((60, 300, 5000))]

    def _several(self, made: Callable[[], T], most: int) -> tuple[T, ...]:
        return tuple(made() for _ in range(self.random.randrange(most + 1)))

    def _report(self) -> model.Report:
        r = self.random
        at = r.choice((None, notices.PUBLISHED))
        return model.Report(self.words(), self.words(), r.choice((*URLS, self.words())), at)

    def _development(self) -> model.Development:
        r = self.random
        first = model.FirstTold(r.randrange(10**12), self._report(), r.random() < 0.5, r.random() < 0.5)
        return model.Development(
            newsrooms=r.choice((0, 1, 2, 10**6)),
            names=self._several(self.words, r.choice((1, 2, 12))),
            new=self._several(self.words, r.choice((1, 2, 30))),
            severity_before=r.choice((None, "info")),
            unconfirmed=r.random() < 0.3,
            folded=r.choice((0, 1, 10**6)),
            folded_since=r.choice((None, notices.PUBLISHED)),
            folded_reports=self._several(self._report, r.choice((1, 2, 8))),
            first=r.choice((None, first, first)),
        )

    def _telling(self, outcome: str) -> model.Telling:
        r = self.random
        return notices.telling(
            alert_id=r.randrange(1, 10**6),
            outcome=outcome,
            reason=r.choice(list(model.Reason)).value,
            severity=r.choice(model.SEVERITIES),
            development=self._development() if outcome == "update" else model.Development(unconfirmed=r.random() < 0.1),
            clause=model.Clause(self.words(), self._several(self.words, 6)),
            pack_title=self.words(),
            rules=self._several(self.words, 3),
        )

    def _snippet(self) -> model.Snippet:
        text = self.words()
        cuts = sorted(self.random.randrange(len(text) + 5) for _ in range(4))
        return model.Snippet(text, ((cuts[0], cuts[1]), (cuts[2], cuts[3])))

    def _item(self, outcome: str) -> model.NoticeItem:
        r = self.random
        title = self.words()
        return notices.item(
            title=title,
            newsroom=self.words(),
            url=r.choice((*URLS, *URLS, self.words())),
            lang=r.choice((None, "en", "ar", self.words()[:8])),
            published=r.choice((None, notices.PUBLISHED)),
            partial=r.random() < 0.3,
            tellings=tuple(self._telling(outcome) for _ in range(r.choice((1, 1, 1, 4)))),
            snippets=self._several(self._snippet, 3),
            title_marks=r.choice(((), ((0, 3),), ((2, len(title)),))),
        )

    def _notice(self, *items: model.NoticeItem, **changes: Any) -> model.Notice:
        r = self.random
        return notices.notice(
            *items,
            severity=r.choice(model.SEVERITIES),
            possible_repeat=r.random() < 0.2,
            plain=r.random() < 0.2,
            timezone=r.choice(("Asia/Jerusalem", "America/St_Johns", "Nowhere/None")),
            **changes,
        )

    def _alert(self) -> model.Notice:
        return self._notice(self._item("alert"))

    def _update(self) -> model.Notice:
        thread = self.random.choice((None, model.Thread("<a\r\nb@c>", self.words())))
        return self._notice(self._item("update"), thread=thread)

    def _list(self) -> model.Notice:
        r = self.random
        count = r.choice((1, 2, 3, 8, 45))
        items = [self._item(r.choice(("alert", "alert", "alert", "update"))) for _ in range(count)]
        if r.random() < 0.3:
            return self._notice(*items)
        headline, body = r.choice(
            (
                digest.render_words(digest.REBUILT, self.words(), 500, count, True),
                digest.slot_words(
                    r.choice(("digest", "quiet", "throttle", "budget", "storm")), count, r.random() < 0.5
                ),
                (self.words(), self.words()),
            )
        )
        return self._notice(*items, kind="digest", headline=headline, body=body)

    def _ops(self) -> model.Notice:
        changed = replace(notices.ops(self.words(), self.words()), possible_repeat=self.random.random() < 0.5)
        return replace(changed, plain=self.random.random() < 0.3)


def _filled(text: str) -> model.Notice:
    """Return an update whose every word from outside is `text`."""
    marks = ((0, max(1, len(text) // 2)),)
    now = notices.development(new=(text,), names=(text,), folded_reports=(model.Report(text, text, text),))
    told = notices.telling(pack_title=text, rules=(text,), outcome="update", reason="new_facts", development=now)
    item = notices.item(title=text, newsroom=text, tellings=(told,), snippets=(model.Snippet(text, marks),))
    return notices.notice(item)


# -- judges --------------------------------------------------------------------------------------


def addresses(notice: model.Notice) -> set[str]:
    """Return every address that a message may lead to."""
    found = set()
    for item in notice.items:
        found.add(item.url)
        for told in item.tellings:
            now = told.development
            found |= {report.url for report in now.folded_reports}
            found |= {now.first.report.url} if now.first else set()
    return {url for url in found if wording.web_url(url)}


def text_faults(text: str) -> list[str]:
    """Return what must not be in a text that a person reads, whatever service shows it."""
    bad = sorted({f"U+{ord(c):04X}" for c in text if _is_bad(c)})
    found = [f"the characters {', '.join(bad)}"] if bad else []
    return found if text.strip() else [*found, "an empty text"]


def chat_faults(text: str) -> list[str]:
    """Return what must not be in a text that a chat service shows; blanks that its client writes are its own."""
    called = re.search(r"@(everyone|here)\b|<@[!&]?\w+>", text, re.IGNORECASE)
    return text_faults(text.replace("\r\n", "\n")) + (["a mention"] if called else [])


def _is_bad(c: str) -> bool:
    """Return whether a character hides, breaks lines or turns the text around; isolates of our own are balanced."""
    if c in "\n\u2068\u2069" or c in wording._VISIBLE_FORMAT_CHARACTERS:
        return False
    return unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def slack_faults(payload: dict[str, Any], notice: model.Notice) -> list[str]:
    """Return what Slack would refuse of a payload, and what of the data would be live in it."""
    found = list(_slack_limits(payload))
    ours = {slack_blocks._link(url) for url in addresses(notice)}
    for text in webhook.strings(payload):
        plain = re.sub(r"<[^>]*>", "", text)
        found += text_faults(text) + [fault for fault in chat_faults(plain) if "mention" in fault]
        found += [f"the control <{c[:60]}>" for c in webhook.controls(text) if c.split("|")[0] not in ours]
        if re.search(r"&(?!amp;|lt;|gt;)", text):
            found.append("an unescaped &")
        if "<" in plain or re.search(r"(?m)(?<!^)>|^>(?! )", plain):
            found.append("an unescaped < or >")
        if "`" in text or "~" in plain:
            found.append("a live sign")
    for block in payload.get("blocks", ()):
        urls = [element["url"] for element in block["elements"]] if block["type"] == "actions" else []
        found += [f"a button to {url[:60]}" for url in urls if url not in addresses(notice)]
    return found


def _slack_limits(payload: dict[str, Any]) -> Iterator[str]:
    """Source: https://docs.slack.dev/reference/block-kit/blocks and .../messaging."""
    if not payload["text"].strip() or units(payload["text"]) > 4000:
        yield "msg_too_long, or no_text"
    if len(payload.get("blocks", ())) > 50 or payload.get("blocks") == []:
        yield "invalid_blocks: 1 to 50"
    for block in payload.get("blocks", ()):
        texts = block["elements"] if block["type"] == "context" else [block["text"]] if "text" in block else []
        limit = {"header": 150, "section": 3000, "context": 3000, "actions": 0}[block["type"]]
        if block["type"] == "context" and not 1 <= len(block["elements"]) <= 10:
            yield "invalid_blocks: elements of a context"
        yield from (f"invalid_blocks: a {block['type']}" for t in texts if not 1 <= units(t["text"].strip()) <= limit)
        if block["type"] == "actions" and any(units(element["url"]) > 3000 for element in block["elements"]):
            yield "invalid_blocks: a button"


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


OUR_HEADERS = frozenset(
    ("Subject", "From", "To", "Date", "Message-ID", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type")
)
OUR_OPTIONAL_HEADERS = frozenset(("In-Reply-To", "References", "Content-Transfer-Encoding"))
OUR_TAGS = frozenset(
    "html head meta title style body div span h1 a p ul li blockquote strong b bdi br".split()  # noqa: SIM905
)


def mail_faults(raw: bytes, notice: model.Notice) -> list[str]:
    """Return what is wrong with a mail as it went over the wire."""
    found = [f"a line of {len(line)} bytes" for line in raw.split(b"\r\n") if len(line) > 998]
    if re.search(rb"[^\x09\x0a\x0d\x20-\x7e]|(?<!\r)\n|\r(?!\n)", raw):
        found.append("a byte that needs more than 7-bit SMTP")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    names = message.keys()
    if len(set(names)) != len(names) or not set(names) >= OUR_HEADERS - {"Content-Type"}:
        found.append(f"the headers {names}")
    found += [f"the header {name}" for name in names if name not in OUR_HEADERS | OUR_OPTIONAL_HEADERS]
    found += [str(defect) for defect in message.defects]
    found += text_faults(str(message["Subject"]))
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    found += text_faults(text.get_content().replace("\r", "")) if text else ["no text part"]
    return found + (page_faults(page.get_content(), notice) if page else [])


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.faults: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag not in OUR_TAGS:
            self.faults.append(f"the tag {tag}")
        allowed = ("href", "class", "dir", "style", "charset", "name", "content")
        self.faults += [f"the attribute {name}" for name, _ in attrs if name not in allowed]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"a stray </{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data if "style" not in self.open else ""


def page_faults(page: str, notice: model.Notice) -> list[str]:
    """Return what is wrong with the HTML of a mail: tags, attributes and links that are not ours."""
    read = _Page(page)
    found = [*read.faults, *(["an open tag"] if read.open else [])]
    found += [f"a link to {str(url)[:60]}" for url in read.links if url not in addresses(notice)]
    return found + text_faults(read.text.replace("\r", ""))


def own_words() -> template.Template:
    """Return a template that uses most fields."""
    return template.parse(TEMPLATE.encode(), "poison.txt")
