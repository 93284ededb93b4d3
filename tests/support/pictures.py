"""Pictures of an alert as people see it: the seed report through the real daemon, shown in Chromium.

    python -m tests.support.pictures docs/img

writes mail.png and slack.png; the Slack message is drawn from its real payload by `slack_preview`.
"""

from __future__ import annotations

import email
import email.policy
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support import slack_preview, world

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
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


def draw(pages: dict[str, str], folder: Path) -> None:
    """Show each page in Chromium, 720 pixels wide, and write its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, html in pages.items():
            page = browser.new_page(viewport={"width": 720, "height": 100})
            page.set_content(html)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    mail_html, slack_html = told()
    draw({"mail": mail_html, "slack": slack_html}, Path(sys.argv[1]))
