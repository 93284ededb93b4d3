"""What messages say, and what no title can smuggle into them."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import model
from monitor.delivery import plain_text, wording
from tests.support import notices


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("  two\r\nlines \t here ", "two lines here"),
        ("a\x00b", "a b"),
        ("next\x85line\u2028para\u2029graph", "next line para graph"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("\u200bzero\u200d\ufeffwidth\u00ad", "zerowidth"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("سنة \u0601٢٠٢٦", "سنة \u0601٢٠٢٦"),
        ("café 日本 🇮🇱", "café 日本 🇮🇱"),
    ],
)
def test_clean_keeps_letters_and_drops_what_nobody_sees(dirty, expected):
    """Control, bidirectional and invisible characters go; everything that is read stays."""
    assert wording.clean(dirty) == expected


@given(st.text())
def test_clean_text_is_one_visible_line(text):
    """Whatever comes in, no line break, control or lone surrogate comes out."""
    cleaned = wording.clean(text)

    assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cs", "Zl", "Zp"}
    assert cleaned == cleaned.strip()
    assert wording.clean(cleaned) == cleaned


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(-5, 50), st.integers(-5, 50)), max_size=5))
def test_runs_hold_the_whole_clean_text_once(text, marks):
    """Cutting at marks loses and repeats nothing, whatever the marks are."""
    pieces = wording.runs(text, marks)

    joined = "".join(piece for piece, _ in pieces)
    assert " ".join(joined.split()) == wording.clean(text)


def test_marks_survive_cleaning():
    """A mark after removed characters still marks its own word."""
    text = "the\u200b \u202eplan\u202c to move"

    pieces = wording.runs(text, [(text.index("plan"), text.index("plan") + 4)])

    assert [piece for piece, marked in pieces if marked] == ["plan"]


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [("ترفض التهجير القسري", (7, 12), (5, 12)), ("the plans, all", (4, 8), (4, 9)), ("(a) b", (1, 2), (1, 2))],
)
def test_whole_words_widen_to_the_word(text, mark, expected):
    """A mark inside a word (an Arabic word without its article) grows to the word, never past it."""
    assert wording.whole_words(text, [mark]) == (expected,)


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://gazette.test/a?b=c", True),
        ("HTTP://gazette.test", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://bank.test@evil.test/", False),
        ("https://gazette.test/a b", False),
        ("https://gazette.test/\u202egnp", False),
        ("//gazette.test/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_readers_are_sent_to_web_addresses_only(url, usable):
    """Links are http or https with a host and without a user part, or there is no link."""
    assert wording.web_url(url) == (url if usable else None)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Jerusalem", "Sun 22 Nov 2026, 19:40 (UTC+02:00)"),
        ("America/New_York", "Sun 22 Nov 2026, 12:40 (UTC-05:00)"),
        ("Asia/Kolkata", "Sun 22 Nov 2026, 23:10 (UTC+05:30)"),
        ("UTC", "Sun 22 Nov 2026, 17:40 (UTC+00:00)"),
        ("Nowhere/Land", "Sun 22 Nov 2026, 17:40 (UTC+00:00)"),
    ],
)
def test_times_are_the_desks_with_their_offset(zone, expected):
    """A time is shown in the desk's zone and says so."""
    assert wording.when(notices.PUBLISHED, zone) == expected


def test_missing_time_says_so():
    """An undated article has no invented time."""
    assert wording.when(None, "UTC") == "time not given"


def test_summer_time_is_the_one_of_the_article():
    """The offset is that of the article's day, not of today."""
    assert wording.when(datetime(2026, 7, 1, 9, tzinfo=UTC), "Asia/Jerusalem").endswith("12:00 (UTC+03:00)")


def test_plain_text_says_everything():
    """Title, newsroom, time, packs with rules, severity and id, the marked sentence, remarks and the link are there."""
    item = notices.item(partial=True, tellings=(notices.telling(rules=("core", "plans")), notices.telling(alert_id=13)))

    text = plain_text.plain_lines(notices.notice(item, possible_repeat=True))

    assert text.splitlines() == [
        "Cabinet weighs plan to move residents",
        "Gazette, Sun 22 Nov 2026, 19:40 (UTC+02:00)",
        "Resettlement: core, plans (high) · al-12",
        "Resettlement: core (high) · al-13",
        "“The minister said the »transfer« of residents would begin in spring.”",
        "Why now: first report of the story",
        "Full text unavailable: matched on the feed's text",
        "Possible repeat: an earlier attempt got no answer",
        "https://gazette.test/news/plan?id=7&page=2",
    ]


def test_update_is_named_so():
    """An update says that it is one, in subject and text."""
    notice = notices.notice(notices.item(tellings=(notices.telling(outcome="update"),)))

    assert wording.subject(notice) == "[high] Update: Cabinet weighs plan to move residents (Gazette)"
    assert plain_text.plain_lines(notice).startswith("Update: Cabinet")
    assert "· update · al-12" in plain_text.plain_lines(notice)


def test_many_articles_are_listed_and_counted():
    """What does not fit is counted, never dropped in silence."""
    items = tuple(notices.item(title=f"Report {n}") for n in range(103))

    text = plain_text.plain_lines(notices.notice(*items))

    assert text.count("al-12") == wording.ITEMS_LISTED
    assert text.endswith("and 3 more articles: see `wirewatch alerts list --limit 103`")
    assert wording.subject(notices.notice(*items)) == "[high] 103 alerts: Report 0"


def test_repeat_of_many_articles_is_said_once():
    """A message with several articles says once, at its top, that it may be a repeat."""
    text = plain_text.plain_lines(notices.notice(notices.item(), notices.item(), possible_repeat=True))

    assert text.startswith("Possible repeat: ")
    assert text.count("Possible repeat") == 1


def test_notice_without_articles_has_headline_and_body():
    """An ops notice is its headline and its body."""
    assert plain_text.plain_lines(notices.ops("Feed down", "first\n\nsecond")) == "Feed down\n\nfirst\n\nsecond"
    assert wording.subject(notices.ops("Feed\r\nBcc: x", "")) == "Feed Bcc: x"


def test_empty_title_and_newsroom_have_words():
    """An article without title or newsroom is still a readable message."""
    text = plain_text.plain_lines(notices.notice(notices.item(title="\u200b", newsroom="", snippets=(), url="")))

    assert text.splitlines()[0] == "(no title)"
    assert text.splitlines()[1].startswith("unknown newsroom, ")


def test_long_titles_leave_room_in_the_subject():
    """A subject is at most SUBJECT_LENGTH characters and keeps its severity."""
    subject = wording.subject(replace(notices.notice(notices.item(title="word " * 1000)), possible_repeat=True))

    assert len(subject) <= wording.SUBJECT_LENGTH
    assert subject.startswith("Possible repeat: [high] word word")


def test_service_words_hold_no_secret():
    """A service that echoes our address does not bring its token into the log."""
    words = wording.service_words("no hook at /services/T/B/abcdef123\r\n" + "x" * 900, ("abcdef123", ""))

    assert "abcdef123" not in words
    assert words.startswith("no hook at /services/T/B/*** x")
    assert len(words) == wording.DETAIL_LENGTH


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Hello", "ltr"),
        ("«שלום»", "rtl"),
        ("12. الحكومة", "rtl"),
        ("(CNN) القاهرة", "ltr"),
        ("123", "ltr"),
        ("", "ltr"),
    ],
)
def test_direction_is_that_of_the_first_strong_letter(text, direction):
    """Digits and signs have no direction of their own."""
    assert wording.direction(text) == direction


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("*bold* _thin_ ~gone~ `code`", "∗bold∗ ˍthinˍ ∼gone∼ ˋcodeˋ"),
        ("snake_case stays", "snake_case stays"),
        ("@here and @everyone", "＠here and ＠everyone"),
        ("desk@everyone", "desk＠everyone"),
        ("mail desk@example.test", "mail desk@example.test"),
        ("[bank](http://evil.test)", "[bank] (http://evil.test)"),
        ("<@U123> <@&9>", "<＠U123> <＠&9>"),
    ],
)
def test_chat_markup_of_the_data_is_inert(data, shown):
    """Emphasis, mentions and masked links in a title read the same and do nothing."""
    assert wording.inert(data) == shown


def test_severity_words_are_the_models():
    """Every severity of the model has a place in the wording."""
    for severity in model.SEVERITIES:
        assert f"({severity})" in wording.telling(notices.telling(severity=severity))
