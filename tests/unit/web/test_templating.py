"""What templates show of data: in its direction, escaped, with times in the desk's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markupsafe import escape

from monitor.web import templating

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
TEMPLATES = sorted(templating.FOLDER.glob("*.html"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?y=1&z", "https://a.example/x?y=1&z"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("javascript:alert(1)", ""),
        (" \x01javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https://a.example/\u202egnp.x", ""),
        ("https://a.example/\nx", ""),
        (None, ""),
    ],
)
def test_a07_only_web_addresses_are_linked(url: str | None, shown: str) -> None:
    """What is no http or https address is text."""
    assert templating.external(url) == shown


def test_a07_data_is_escaped_and_set_apart() -> None:
    """Text from outside is text, in its own direction, without characters that turn or hide others."""
    assert templating.data("<b>\u202e&x\x00") == '<bdi dir="auto">&lt;b&gt;&amp;x</bdi>'


def test_marks_stand_where_the_spans_are() -> None:
    """Spans count code points of the text as it is stored; overlaps and nonsense are left out."""
    text = "a <b> الخطة end"

    shown = templating.marked(text, [(2, 5, 'x"'), (4, 6, "over"), (6, 11, "plan"), (90, 99, "no"), (3, 3, "no")])

    assert shown == 'a <mark title="x&#34;">&lt;b&gt;</mark> <mark title="plan">الخطة</mark> end'


def test_times_are_the_desks_with_the_exact_one_beside() -> None:
    """A time is shown in the desk's zone, with UTC on hover and for programs."""
    shown = templating.when(NOW, "Asia/Jerusalem")

    assert shown == ('<time datetime="2025-03-10T08:00:00Z" title="2025-03-10 08:00:00 UTC">10 Mar 2025, 10:00</time>')


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=5), "5 days ago"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_how_long_ago(step: timedelta, words: str) -> None:
    """A span is told in its largest sensible unit."""
    assert f">{words}<" in templating.ago(NOW - step, NOW, "UTC")


def test_filters_make_a_query_of_what_is_set() -> None:
    """Links keep the filters that are set, and leave the others out."""
    assert templating.query(pack="a b", lang="", rated=None, tag=["x", "y"]) == "?pack=a+b&tag=x&tag=y"
    assert templating.query(pack="") == ""


@pytest.mark.parametrize(
    ("number", "shown"), [(None, "–"), (7, "7 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (3e12, "3000 GB")]
)
def test_sizes(number: float | None, shown: str) -> None:
    """Bytes are shown in a unit that a person reads."""
    assert templating.size(number) == shown


def test_sentences_of_ours_show_code() -> None:
    """Backticks become code, and nothing else becomes markup."""
    assert templating.ticks("run `a <b>` now") == "run <code>a &lt;b&gt;</code> now"
    assert templating.ticks("one ` alone") == escape("one ` alone")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a07_templates_escape_everything(path: Path) -> None:
    """Autoescape is on, and no template turns it off, marks anything as safe or holds anything inline."""
    text = path.read_text("utf-8")
    environment = templating.environment(None)

    assert environment.autoescape is True
    for word in ("|safe", "| safe", "autoescape", "style=", "onclick", "javascript:", "hx-on", "js:", "<style"):
        assert word not in text, word
