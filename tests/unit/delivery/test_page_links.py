"""A message links to its alert's page in the dashboard where readers can reach it."""

from __future__ import annotations

import json

from monitor.delivery import mail_body, plain_text, slack_blocks
from tests.support import notices

PAGE = "https://wire.example.org/alerts/12"
ENVELOPE = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")


def test_one_alert_links_to_its_page_in_every_form() -> None:
    """Mail, plain text and Slack lead to where the alert is explained."""
    said = notices.notice(notices.item(tellings=(notices.telling(page_url=PAGE),)))

    assert f"Details: {PAGE}" in plain_text.plain_lines(said)
    assert f'<a href="{PAGE}">' in mail_body.render_html(said, ENVELOPE)
    assert f"<{PAGE}|" in json.dumps(slack_blocks.render_payload(said), ensure_ascii=False)


def test_without_an_address_and_in_lists_there_is_no_link() -> None:
    """A link that leads nowhere is not sent; a digest is read for its titles."""
    told = notices.item(tellings=(notices.telling(page_url=PAGE),))

    assert "Details" not in plain_text.plain_lines(notices.notice(notices.item()))
    assert "Details" not in plain_text.plain_lines(notices.notice(told, told, kind="digest", headline="2 alerts"))


def test_a07_an_address_that_is_none_is_not_linked() -> None:
    """Only a web address becomes a link."""
    said = notices.notice(notices.item(tellings=(notices.telling(page_url="javascript:alert(1)"),)))

    assert "javascript:" not in mail_body.render_html(said, ENVELOPE)
