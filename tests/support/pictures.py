"""Pictures of messages as people see them, shown in Chromium.

    python -m tests.support.pictures docs/img [NAME ...]

writes those of the names, or all: `mail` and `slack`, the seed report through the real daemon; and every other kind of
message, from the samples of `notices`. `NAME-dark` is a mail on a dark phone. Slack messages are drawn from real
payloads by `slack_preview`.
"""

from __future__ import annotations

import email
import email.policy
import sys
import tempfile
from dataclasses import replace
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

from monitor.alerts import digest
from monitor.delivery import apprise_channel, mail_body, slack_blocks
from tests.support import notices, slack_preview, world
from tests.support.chromium import CHROMIUM, FLAGS

SEED = world.ROOT / "seeds" / "000_e3e790c69237bad8.txt"
TITLE = "Israel lobbying Egypt to accept mass migration of Gazans, report says"


def told() -> tuple[str, str]:
    """Run the daemon once on the seed report and return what came: the mail's HTML and the chat message as a page."""
    with tempfile.TemporaryDirectory() as folder, world.opened(Path(folder)) as made:
        made.newsroom("gazette")
        made.configure(rules=world.ROOT / "rules")
        made.publish("gazette", world.Story("seed", TITLE, SEED.read_text("utf-8"), published=world.now()))
        with made.command("run", "--once") as process:
            assert process.wait(90) == 0, process.log
        (mail,), (payload,) = made.inbox.mails, made.webhook.payloads
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    part = message.get_body(("html",))
    assert part is not None
    return part.get_content(), slack_preview.render_page(payload)


def developing() -> dict[str, str]:
    """Return messages of stories that go on: an update, one that is unconfirmed, one that was and is not any more."""
    envelope = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")
    update, hebrew = notices.notice(notices.updated()), notices.notice(notices.hebrew_update())
    doubt = [notices.notice(item) for item in (notices.unconfirmed(), notices.corroborated())]
    return {
        "update-mail": mail_body.render_html(update, envelope),
        "update-mail-he": mail_body.render_html(hebrew, envelope),
        "update-slack": slack_preview.render_page(slack_blocks.render_payload(update)),
        "corroborated-slack": slack_preview.render_page(*map(slack_blocks.render_payload, doubt)),
    }


def lists() -> dict[str, str]:
    """Return a digest in four scripts as mail and in Slack, and a digest without an alert."""
    envelope = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")
    items = (notices.arabic(), notices.updated(), notices.hebrew(), notices.unconfirmed())
    headline, body = digest.slot_words("digest", len(items), True)
    several = notices.notice(*items, kind="digest", headline=headline, body=body)
    empty = notices.ops(*digest.empty_words(1284, 2))
    return {
        "digest-mail-dark": mail_body.render_html(several, envelope),
        "digest-slack": slack_preview.render_page(
            slack_blocks.render_payload(several), slack_blocks.render_payload(replace(empty, kind="digest"))
        ),
    }


def others() -> dict[str, str]:
    """Return a storm in Slack, a notice of the monitor about itself, and the plain text that all other services get."""
    envelope = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")
    crowd = [notices.item(title=f"Cabinet weighs plan {n} to move residents") for n in range(60)]
    headline, body = digest.slot_words("storm", len(crowd), True)
    storm = notices.notice(*crowd, kind="digest", headline=headline, body=body)
    trouble = notices.ops()
    plain = [apprise_channel.fit_text(notices.notice(one), 250, 2000) for one in (notices.updated(), notices.arabic())]
    return {
        "storm-slack": slack_preview.render_page(slack_blocks.render_payload(storm)),
        "storm-mail": mail_body.render_html(storm, envelope),
        "ops-mail": mail_body.render_html(trouble, envelope),
        "ops-slack": slack_preview.render_page(slack_blocks.render_payload(trouble)),
        "plain": "".join(
            f'<p style="white-space: pre-wrap" dir="auto">{escape(a)}\n{escape(b)}</p><hr>' for a, b in plain
        ),
    }


def draw(pages: dict[str, str], folder: Path) -> None:
    """Show each page in Chromium, 720 pixels wide or on a dark phone, and write its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, html in pages.items():
            is_dark = name.endswith("-dark")
            page = browser.new_page(
                viewport={"width": 360 if is_dark else 720, "height": 100}, color_scheme="dark" if is_dark else "light"
            )
            page.set_content(html)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    shown = developing() | lists() | others()
    if not names or {"mail", "slack"} & set(names):
        shown["mail"], shown["slack"] = told()
    draw({name: shown[name] for name in names or shown}, Path(folder))
