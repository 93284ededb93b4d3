"""Hostile titles through every kind of sender: nothing is refused for what it says, and nothing of it is live.

10,000 titles to each kind: `python -m tests.eval.fuzz_messages`.
"""

from __future__ import annotations

import re

import pytest

from monitor.delivery import apprise_channel, mail_body, slack_blocks
from tests.eval import fuzz_messages
from tests.support import notices, poison

TITLES = 40


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [38])
async def test_f38_a09_a10_poison_is_sent_by_every_kind_and_nothing_of_it_is_live(seed: int) -> None:
    """Alerts, updates, lists and notices made of attacks arrive everywhere, also in the words of a template."""
    messages = list(poison.Poison(seed).notices(TITLES))

    counts = await fuzz_messages.run(lambda: messages)

    assert len(counts) == 17
    assert [(count.kind, count.refused, count.live) for count in counts if count.failed] == []
    assert {count.sent for count in counts} == {len(messages)}


def test_f38_the_judges_see_what_is_live() -> None:
    """What the test above looks for is found where it is put: judges that see nothing would prove nothing."""
    notice = notices.notice()
    payload = slack_blocks.render_payload(notice)
    payload["blocks"][1]["elements"][0]["text"] += " <!channel> & <http://evil.test|bank>"
    envelope = mail_body.Envelope("w@desk.test", "Wirewatch", "a@desk.test", "<desk.desk.test>")
    raw = mail_body.render_mail(notice, envelope, notices.PUBLISHED)
    page = mail_body.render_html(notice, envelope)

    seen = poison.slack_faults(payload, notice)
    in_mail = poison.mail_faults(raw.replace(b"List-Id", b"X-Evil: 1\r\nList-Id"), notice)
    in_page = poison.page_faults(page.replace("<h1", '<img src="http://evil.test/x"><h1'), notice)

    assert poison.slack_faults(slack_blocks.render_payload(notice), notice) == []
    assert poison.mail_faults(raw, notice) == []
    assert "the control <!channel>" in seen
    assert "the control <http://evil.test|bank>" in seen
    assert "an unescaped &" in seen
    assert in_mail == ["the header X-Evil"]
    assert {"the tag img", "the attribute src"} <= set(in_page)
    assert poison.chat_faults("x @here\x1b") == ["the characters U+001B", "a mention"]


@pytest.mark.parametrize("room", [*range(60, 700, 7)])
def test_f38_no_address_is_torn_or_lengthened(room: int) -> None:
    """Wherever a text is cut, an address in it is whole or left out: half of one leads somewhere else."""
    whole = {
        "https://bbc.test/news/15",
        "https://gazette.test/first",
        "https://haaretz.test/1",
        "https://sahifa.test/1",
    }

    _, body = apprise_channel.fit_text(notices.notice(notices.updated()), 0, room)

    assert len(body) <= room
    assert set(re.findall(r"https?://\S*", body)) <= whole
    assert "https://bbc.test/news/15" in body


def test_f38_an_address_calls_nobody() -> None:
    """A feed may put a mention into its article's address, where some services look for them, too."""
    item = notices.item(url="https://gazette.test/@desk/<@123>#@everyone")

    _, body = apprise_channel.fit_text(notices.notice(item), 250, 2000)

    assert body.endswith("https://gazette.test/@desk/%3C@123%3E#%40everyone")
