"""A digest as each service shows it: why it is one, what fits, and how much more there is."""

from __future__ import annotations

import pytest

from monitor import model
from monitor.alerts import digest
from monitor.delivery import apprise_channel, mail_body, plain_text, slack_blocks, wording
from tests.support import notices

ENVELOPE = mail_body.Envelope("monitor@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")
WHY = "The feed Gazette was rebuilt: 500 items that look new; "


def made(count: int, **changes: object) -> model.Notice:
    """Return the digest of a rebuilt feed that tells `count` articles."""
    items = [
        notices.item(title=f"Report {n}", url=f"https://gazette.test/{n}", tellings=(notices.telling(alert_id=n),))
        for n in range(count)
    ]
    headline, body = digest.render_words(digest.REBUILT, "Gazette", 500, count, True)
    return notices.notice(*items, kind="digest", headline=headline, body=body, **changes)


def test_every_form_says_why_it_is_a_digest():
    """Mail and chat message say that the feed was rebuilt, how much looks new and how much of it matches."""
    notice = made(4)

    forms = (
        plain_text.plain_lines(notice),
        mail_body.render_html(notice, ENVELOPE),
        slack_blocks.render_payload(notice)["blocks"][1]["text"]["text"],
        slack_blocks.render_payload(notice)["text"],
    )

    assert all(f"{WHY}4 match." in form for form in forms)
    assert wording.subject(notice) == "[high] Gazette was rebuilt: 4 reports among 500 items that look new"


def test_digest_of_one_article_is_a_list_all_the_same():
    """One matching article of a rebuilt feed comes with the explanation, not as an alert of today."""
    notice = made(1, possible_repeat=True)

    blocks = slack_blocks.render_payload(notice)["blocks"]

    assert blocks[0]["text"]["text"] == "Gazette was rebuilt: 1 report among 500 items that look new"
    assert f"{WHY}1 matches." in plain_text.plain_lines(notice)
    assert plain_text.plain_lines(notice).count("Possible repeat") == 1


@pytest.mark.parametrize("count", [41, 101, 500])
def test_what_does_not_fit_is_counted_with_the_command_that_lists_it(count):
    """Within 50 blocks of 3,000 characters, and nothing is dropped without a word."""
    notice = made(count)

    blocks = slack_blocks.render_payload(notice)["blocks"]
    page, plain = mail_body.render_html(notice, ENVELOPE), plain_text.plain_lines(notice)

    assert len(blocks) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if "text" in block)
    assert blocks[-1]["elements"][0]["text"].startswith(f"and {count - 40} more article")
    more = f"and {count - 100} more article" if count > 100 else ""
    assert more in page
    assert more in plain
    assert "alerts list --limit" in blocks[-1]["elements"][0]["text"] or count <= wording.ALERTS_LISTED


@pytest.mark.parametrize("room", [160, 500, 1000, 4096, 100_000])
def test_a_service_with_little_room_gets_whole_articles_and_the_count_of_the_rest(room):
    """However short a service's texts are, what is missing is counted."""
    _, body = apprise_channel.fit_text(made(60), 0, room)

    shown = body.count("https://gazette.test/")
    assert len(body) <= room
    assert shown == 60 or f"and {60 - shown} more articles: see" in body


def test_markup_of_a_feed_s_name_means_nothing():
    """A feed may call itself what it likes."""
    headline, body = digest.render_words(digest.REBUILT, "<b>&*x*", 20, 2, True)

    page = mail_body.render_html(notices.notice(kind="digest", headline=headline, body=body), ENVELOPE)

    assert "<b>&*x*" not in page
    assert "&lt;b&gt;&amp;*x*" in page


def test_list_counts_its_alerts_by_severity():
    """What a storm holds is seen before its first title; one severity alone is in the subject already."""
    items = [notices.item(tellings=(notices.telling(severity=one),)) for one in ("high", "urgent", "normal", "high")]

    mixed = plain_text.plain_lines(notices.notice(*items, kind="digest", headline="Storm", body="More than usual."))
    alike = plain_text.plain_lines(notices.notice(*items[:1], kind="digest", headline="Storm", body="More than usual."))

    assert mixed.startswith("Storm\n\n1 urgent, 2 high, 1 normal\nMore than usual.\n\n")
    assert alike.startswith("Storm\n\nMore than usual.\n\n")
