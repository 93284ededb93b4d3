"""The full list of a long message, as the mail carries it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from monitor import model
from monitor.delivery import channel, listing, mail_body
from tests.support import inbox as inboxes
from tests.support import notices

ENVELOPE = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "a@desk.test", "<desk.wirewatch.desk.test>")


def storm(count: int) -> model.Notice:
    """A storm's message about `count` articles."""
    items = (
        notices.item(title=f"Report {n}", tellings=(notices.telling(alert_id=n), notices.telling(alert_id=n + count)))
        for n in range(count)
    )
    return notices.notice(*items, kind="digest", headline=f"Storm: {count} reports at once", body="Too many.")


def read(table: bytes) -> list[list[str]]:
    """Return the cells as a spreadsheet reads them."""
    return list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))


async def test_f39_mail_of_a_storm_has_every_report_attached() -> None:
    """Of 2,500 articles the mail names a hundred; its attachment has a row for each alert, and both parts say so."""
    async with inboxes.Inbox() as inbox:
        sender = channel.open_channel("desk", inbox.channel_url("a@desk.test"))[0].sender

        result = await sender.send(storm(2500))
        await sender.close()

    assert result.outcome is model.SendOutcome.SENT
    (mail,) = inbox.mails
    (attached,) = mail.message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("text/csv", "reports.csv")
    head, *rows = read(attached.get_payload(decode=True))
    assert head == list(listing.COLUMNS)
    assert {row[7] for row in rows} == {f"Report {n}" for n in range(2500)}
    assert sorted(int(row[0].removeprefix("al-")) for row in rows) == list(range(5000))
    for part in (mail.text, mail.html):
        assert "and 2400 more articles" in part
        assert "All 2500 articles are in the attached reports.csv." in part


def test_row_tells_what_the_message_would() -> None:
    """Alert, severity, pack, rules, why, when in the desk's zone, who, what, and where to read it."""
    row = read(listing.render(notices.notice()))[1]

    assert row == [
        *("al-12", "high", "Resettlement", "core", "first_report"),
        *("2026-11-22T19:40:00+02:00", "Gazette", "Cabinet weighs plan to move residents"),
        "https://gazette.test/news/plan?id=7&page=2",
    ]


def test_a10_no_title_is_a_formula_or_a_row_of_its_own() -> None:
    """A spreadsheet that opens the list computes nothing of what newsrooms wrote, and shows one row for each alert."""
    titles = ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", '",=1\r\nal-9,urgent', "\t=1", "\x00=1", "\u200b=1", " =1"]
    told = notices.notice(*(notices.item(title=title, newsroom=title) for title in titles))

    rows = read(listing.render(told))[1:]

    assert len(rows) == len(titles)
    assert {len(row) for row in rows} == {len(listing.COLUMNS)}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_what_names_everything_attaches_nothing() -> None:
    """A hundred articles stand in the mail itself; the plainest form of a message has no attachment."""
    shown = mail_body.render_mail(storm(100), ENVELOPE, notices.PUBLISHED)
    plain = mail_body.render_mail(replace(storm(101), plain=True), ENVELOPE, notices.PUBLISHED)

    assert b"text/csv" not in shown + plain
