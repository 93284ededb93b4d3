"""The user's own words: what a template may hold, where its faults are, and what each service makes of it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from monitor import errors, model
from monitor.delivery import apprise_channel, channel, console, mail_body, plain_text, template
from tests.support import notices

DESK = """\
subject: {severity}! {title}

{standing}{title}
aus {newsroom} um {published}
Neu: {new}
{evidence}
{url}
"""
CHANNELS = Path(__file__).parents[3] / "docs" / "channels.md"


def own(text: str = DESK) -> template.Template:
    """Return a template that is sound."""
    return template.parse(text.encode(), "desk.txt")


def faults(text: str | bytes) -> list[str]:
    """Return what is wrong with a template, each with its place."""
    with pytest.raises(errors.ConfigError) as caught:
        template.parse(text if isinstance(text, bytes) else text.encode(), "desk.txt")
    return [f"{fault.place} {fault.code}" for fault in caught.value.faults]


def fix(text: str) -> str:
    """Return the remedy of a template's first fault."""
    with pytest.raises(errors.ConfigError) as caught:
        own(text)
    return str(caught.value.faults[0].fix)


def mail(notice: model.Notice, text: str = DESK) -> email.message.EmailMessage:
    """Return the mail of a channel with a template, as a program reads it."""
    envelope = mail_body.Envelope("w@desk.test", "Wirewatch", "a@desk.test", "<desk.desk.test>", template=own(text))
    raw = mail_body.render_mail(notice, envelope, notices.PUBLISHED)
    return email.message_from_bytes(raw, policy=email.policy.default)


# -- what it says --------------------------------------------------------------------------------


def test_fields_are_filled_and_empty_lines_left_out() -> None:
    """The words are the user's, the values the article's; what is new stands only where something is."""
    first = plain_text.plain_lines(notices.notice(), own())
    update = plain_text.plain_lines(notices.notice(notices.updated()), own())

    assert first == (
        "Cabinet weighs plan to move residents\n"
        "aus Gazette um Sun 22 Nov 2026, 19:40 (UTC+02:00)\n"
        "“The minister said the »transfer« of residents would begin in spring.”\n"
        "https://gazette.test/news/plan?id=7&page=2"
    )
    assert "Neu: 300,000 people · Rafah crossing · Sisi\n" in update
    assert update.startswith("Update: Egypt to open crossing")


def test_every_field_says_what_the_manual_shows() -> None:
    """Each field of the manual's table is there, gives something for an update, and no other is."""
    table = re.findall(r"^\| `\{(\w+)\}`", CHANNELS.read_text("utf-8"), re.MULTILINE)
    told = notices.updated().tellings[0]
    item = notices.updated(partial=True, tellings=(replace(told, clause=model.Clause("core", ("transfer*",))),))

    filled = {name: template.body(notices.notice(item), item, own(f"<\n{{{name}}}\n>")) for name in table}

    assert sorted(table) == sorted([*template.INLINE, *template.BLOCKS])
    assert [name for name, text in filled.items() if text == "<\n>"] == []


def test_braces_are_written_twice() -> None:
    """A plain brace is possible."""
    assert plain_text.plain_lines(notices.notice(), own("{{{newsroom}}} }}{{")) == "{Gazette} }{"


def test_list_has_its_own_head_and_the_template_for_each_article() -> None:
    """A digest says what it is, then each article in the user's words, and counts the rest where room is short."""
    items = [notices.item(title=f"Report {n}") for n in range(9)]
    digest = notices.notice(*items, kind="digest", headline="Digest: 9 reports", body="Collected.")

    whole = plain_text.plain_lines(digest, own("* {title}"))
    title, short = apprise_channel.fit_text(digest, 0, 120, own("* {title}"))

    assert whole == "Digest: 9 reports\n\nCollected.\n\n" + "\n\n".join(f"* Report {n}" for n in range(9))
    assert title == ""
    assert re.search(r"and \d more articles: see", short)
    assert template.subject(digest, own()) == "[high] Digest: 9 reports"


def test_notices_of_the_monitor_keep_their_words() -> None:
    """A template is about articles; trouble is told as always."""
    assert mail(notices.ops())["Subject"] == "Feed gazette fails since 3 hours"
    assert mail(notices.ops()).get_body(("html",)) is not None


def test_what_fills_nothing_is_said_as_usual() -> None:
    """A template whose fields are all empty sends no empty message, which services refuse."""
    empty = own("subject: {new}\n{new}\n{more}")

    assert template.subject(notices.notice(), empty) == "[high] Cabinet weighs plan to move residents (Gazette)"
    assert plain_text.plain_lines(notices.notice(), empty) == plain_text.plain_lines(notices.notice())


def test_doubts_are_said_whatever_the_template_leaves_out() -> None:
    """That a message may be a repeat and that a report is unconfirmed stand before the user's words, once."""
    notice = notices.notice(notices.unconfirmed(), possible_repeat=True)

    without = template.subject(notice, own("subject: {title}"))
    with_it = template.subject(notice, own("subject: {standing}{title}"))

    assert without == with_it == "Possible repeat: Unconfirmed: Cabinet weighs plan to move residents"


# -- who takes it --------------------------------------------------------------------------------


def test_mail_has_the_own_words_alone() -> None:
    """Subject and text are the template's, and no HTML part says it otherwise."""
    sent = mail(notices.notice())

    assert sent["Subject"] == "high! Cabinet weighs plan to move residents"
    assert sent.get_content_type() == "text/plain"
    assert "aus Gazette um Sun 22 Nov" in sent.get_content()


def test_mail_with_a_subject_alone_keeps_its_looks() -> None:
    """Who only wants another subject loses no layout."""
    sent = mail(notices.notice(), "subject: {newsroom}: {title}")

    assert sent["Subject"] == "Gazette: Cabinet weighs plan to move residents"
    assert "Read the article" in sent.get_body(("html",)).get_content()


def test_update_threads_under_its_first_mail_in_the_own_words() -> None:
    """Gmail keeps together what has the same subject, so an update repeats the first mail's as it was."""
    thread = model.Thread("<first@desk.test>", "[high] Cabinet weighs plan", notices.notice())

    sent = mail(notices.notice(notices.updated(), thread=thread))

    assert sent["Subject"] == "Re: high! Cabinet weighs plan to move residents"


def test_console_prints_the_own_words() -> None:
    """The console takes a template as mail does."""
    out = io.StringIO()

    asyncio.run(console.ConsoleSender(out, own()).send(notices.notice()))

    assert out.getvalue().startswith("high! Cabinet weighs plan to move residents\n  Cabinet weighs plan")


def test_slack_takes_none() -> None:
    """Slack's blocks are no text to word anew; who asks for it is told so."""
    with pytest.raises(errors.DeliveryError, match="channel desk: Slack's messages have a layout of their own"):
        channel.open_channel("desk", "slack://T/B/C", channel.SenderSettings(template=own()))


# -- A12 -----------------------------------------------------------------------------------------

INJECTIONS = (
    "{title}",
    "{{7*7}}",
    "{title.__class__}",
    "{0}",
    "%(title)s ${HOME}",
    "{url}",
    "''.__class__.__mro__",
    "{" * 5000,
    "}{",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_a12_data_is_never_read_as_a_template(text: str) -> None:
    """Whatever a title, a newsroom or a sentence holds stands in the message as it is."""
    item = notices.item(title=text, newsroom=text, snippets=(model.Snippet(text),))

    said = plain_text.plain_lines(notices.notice(item), own("{title}\n{newsroom}\n{evidence}"))

    shown = text if len(text) < 120 else text[:119] + "…"
    assert said.split("\n")[1] == shown
    assert said.split("\n")[2] == f"“{text}”"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {title.__class__}", ["desk.txt:1:3 template_field"]),
        ("{title[0]}", ["desk.txt:1:1 template_field"]),
        ("{title!r}", ["desk.txt:1:1 template_field"]),
        ("{title:>100000000}", ["desk.txt:1:1 template_field"]),
        ("{ title }", ["desk.txt:1:1 template_field"]),
        ("{}", ["desk.txt:1:1 unknown_field"]),
        ("{0}", ["desk.txt:1:1 unknown_field"]),
        ("x\n\n  {tilte} {{7*7}}", ["desk.txt:3:3 unknown_field"]),
        ("{title", ["desk.txt:1:1 template_brace"]),
        ("{title}}", ["desk.txt:1:8 template_brace"]),
        ("{{title}", ["desk.txt:1:8 template_brace"]),
        ("subject: {url}", ["desk.txt:1:10 template_field"]),
        ("Read: {url}", ["desk.txt:1:7 template_field"]),
        ("{title}\x1b[31m", ["desk.txt:1:8 template_character"]),
        ("{title}\n\x00", ["desk.txt:2:1 template_character"]),
        ("hello", ["desk.txt:1:1 template_fields"]),
        ("", ["desk.txt:1:1 template_empty"]),
        ("subject:\n\n", ["desk.txt:1:1 template_empty"]),
        (b"{title}\n\xff", ["desk.txt:2:1 encoding"]),
        ("{title}" + "x" * 9000, ["desk.txt template_size"]),
        ("{title}" * 65, ["desk.txt:1:449 template_size"]),
        ("{a}\n{b}", ["desk.txt:1:1 unknown_field", "desk.txt:2:1 unknown_field"]),
    ],
)
def test_a12_what_is_no_plain_field_is_refused_with_its_place(text: str | bytes, expected: list[str]) -> None:
    """No attribute, index, format, conversion or number: each fault is told with line and column, all at once."""
    assert faults(text) == expected


def test_a12_remedies_name_what_can_be_written() -> None:
    """A slip of the pen is answered with the right word, or all of them."""
    assert fix("{tilte}").startswith("did you mean {title}? known here: title, newsroom, published")
    assert fix("{title.upper}") == "write {title}"
    assert "url" not in fix("subject: {nothing}")


def test_a12_the_largest_template_of_the_largest_fields_is_a_small_message() -> None:
    """64 times the longest sentences of ten packs: what a mail server takes, made in the blink of an eye."""
    told = tuple(notices.telling(pack_title="p" * 200, rules=("r" * 64,) * 20) for _ in range(10))
    item = notices.item(title="t" * 10_000, tellings=told, snippets=(model.Snippet("s" * 400),) * 10)

    said = plain_text.plain_lines(notices.notice(item), own("{tellings}\n" * 32 + "{evidence}\n" * 32))

    assert len(said) < 1_000_000
