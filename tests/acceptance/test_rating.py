"""The real daemon, a real mail, and its link: an alert is rated from the mailbox, and the word outlives the daemon."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request

from tests.support import commands, world

PUBLIC = "https://wire.desk.test/w"


def ask(url: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """Return status and text of an answer."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    try:
        with urllib.request.urlopen(url, data, 20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_alert_is_rated_from_the_mailbox(anywhere: world.World) -> None:
    """What is open without a password is the page of a link in a mail; what it took is there after a kill."""
    desk = anywhere
    desk.newsroom("gazette")
    written = desk.configure().read_text("utf-8")
    desk.config.write_text(written.replace("[web]\n", f'[web]\npublic_url = "{PUBLIC}"\n'), "utf-8")
    desk.publish("gazette", world.plain_story(1))
    with desk.daemon() as daemon:
        daemon.until_up()
        desk.until_told("tok-1")
        (mail,) = desk.inbox.mails
        useful, noise = re.findall(rf'href="({PUBLIC}/rate/[^"]+)"', mail.html)
        at = daemon.address
        looked = ask(noise.replace(PUBLIC, at))
        posted = ask(noise.replace(PUBLIC, at), {"rating": "noise", "comment": "seen before"})
        tampered = ask(noise.replace(PUBLIC, at).replace("/rate/1.", "/rate/2."), {"rating": "noise"})
        daemon.kill()
    with desk.daemon() as daemon:
        again = ask(useful.replace(PUBLIC, daemon.until_up().address), {"rating": "useful"})
        shown = commands.call("alerts", "show", "al-1", "--config", desk.config, "--json").json["ratings"]
        assert daemon.stop() == 0

    assert (looked[0], posted[0], tampered[0], again[0]) == (200, 200, 403, 409)
    assert "Resettlement hearing tok-1" in looked[1]
    assert [(one["rating"], one["by"], one["comment"]) for one in shown] == [
        ("noise", "desk@desk.test", "seen before"),
    ]
