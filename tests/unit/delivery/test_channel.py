"""A channel's URL -> its recipients, and what is said about a URL that cannot be used."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from monitor import errors, model
from monitor.delivery import addresses, channel, console
from tests.support import notices


def keys(url):
    """Return the keys of a URL's recipients."""
    return [one.target.key for one in channel.open_channel("desk", url)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("slack://T1/B2/s3cret", ["webhook"]),
        ("slack://T1/B2/s3cret/#desk", ["#desk"]),
        ("slack://T1/B2/s3cret/%23desk/night", ["#desk", "#night"]),
        ("https://hooks.slack.com/services/T1/B2/s3cret", ["webhook"]),
        ("slack+https://chat.desk.test:8443/hooks/abc", ["webhook"]),
        ("slack+https://chat.desk.test/hooks/abc#town-square", ["#town-square"]),
        ("mailto://mail.desk.test/?to=a@desk.test,b@desk.test&from=w@desk.test", ["a@desk.test", "b@desk.test"]),
        ("mailtos://w:pw@desk.test", ["w@desk.test"]),
        ("mailtos://w%40desk.test:p%40w@smtp.desk.test/?to=desk%2Balerts@desk.test", ["desk+alerts@desk.test"]),
        ("mailtos://w:pw@desk.test/a@desk.test/A@DESK.test?to=a@desk.test", ["a@desk.test", "A@desk.test"]),
        ("mailto://m.test/?from=w@m.test&to=a@bücher.test", ["a@xn--bcher-kva.test"]),
        ("console://", ["console"]),
        ("json://127.0.0.1:9/hook", ["service"]),
    ],
)
def test_recipients_are_targets(url, expected):
    """Each room and each address is one target with a key that holds no secret."""
    assert keys(url) == expected


def test_webhook_key_survives_a_new_token():
    """Rotating a leaked webhook keeps what waits for it."""
    assert keys("slack://T1/B2/old0ne") == keys("slack://T9/B9/new0ne")


def test_slack_tokens_become_the_webhook():
    """apprise's spelling leads to Slack's address."""
    assert addresses.parse_slack("slack://T1/B2/s3cret").url == "https://hooks.slack.com/services/T1/B2/s3cret"


@pytest.mark.parametrize(
    ("url", "host", "port", "mode"),
    [
        ("mailto://w@desk.test", "desk.test", 25, "insecure"),
        ("mailtos://w:p@desk.test", "desk.test", 587, "starttls"),
        ("mailtos://w:p@desk.test:465", "desk.test", 465, "ssl"),
        ("mailtos://w:p@desk.test?mode=ssl", "desk.test", 465, "ssl"),
        ("mailto://w:p@desk.test:2525?mode=starttls", "desk.test", 2525, "starttls"),
        ("mailtos://w:p@desk.test?smtp=out.desk.test", "out.desk.test", 587, "starttls"),
        ("mailto://[::1]:2525/?from=w@desk.test", "::1", 2525, "insecure"),
    ],
)
def test_mail_server_and_encryption(url, host, port, mode):
    """Host, port and encryption follow from the URL; mailtos:// is encrypted."""
    server = addresses.parse_mail(url).server

    assert (server.host, server.port, server.mode) == (host, port, mode)


def test_writer_of_the_mail():
    """The writer is `from`, else the user; a name may stand before it."""
    assert addresses.parse_mail("mailto://u:p@desk.test").sender == "u@desk.test"
    named = addresses.parse_mail("mailto://desk.test/?from=News Desk <w@desk.test>&to=a@desk.test")
    assert (named.sender, named.sender_name) == ("w@desk.test", "News Desk")
    assert addresses.parse_mail("mailto://u:p@desk.test/?from=Night Desk").sender_name == "Night Desk"
    assert addresses.parse_mail("mailto://u:p@desk.test/?user=login&pass=x").server.user == "login"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "begins with a scheme"),
        ("s3cret", "begins with a scheme"),
        ("nonsense://s3cret", "no service is known by nonsense://"),
        ("slack://s3cret", "three tokens"),
        ("slack://xoxb-1-s3cret/#desk", "not a bot's token"),
        ("slack://bot@T1/B2/s3cret", "no name before '@'"),
        ("slack://T1/B2/s3cret?footer=no", "no options"),
        ("slack://T1/B2/s3cret/#bad room!", "not the name of a room"),
        ("https://hooks.slack.com/workflows/s3cret", "incoming webhook"),
        ("slack+https://chat.test", "lacks its host or its path"),
        ("slack+https://chat.test:s3cret/x", "cannot be read"),
        ("mailto://", "lacks its server"),
        ("mailto://u:s3cret@desk.test?cc=a@desk.test", "no option 'cc'"),
        ("mailto://desk.test/?to=a@desk.test", "nobody is named"),
        ("mailto://u:s3cret@desk.test/?to=nobody", "not a mail address"),
        ("mailto://u:s3cret@desk.test/?to=a@desk.test%0d%0aBcc:x@y.test", "not a mail address"),
        ("mailto://u:s3cret@desk.test/?to=böb@desk.test", "not a mail address"),
        ("mailtos://u:s3cret@desk.test?mode=insecure", "mode=insecure is not"),
        ("mailto://u:s3cret@desk.test?mode=tls", "mode=tls is unknown"),
        ("mailto://u:s3cret@de_sk.test", "not the name of a host"),
        ("mailto://u:s3cret@desk.test:99999/", "cannot be read"),
        ("json://", "json:// url"),
        ("tgram://s3cret", "tgram:// url"),
        ("sns://AHIAJGNT76XIMXDBIJYA/bu1dHSs3cret/us-east-1/12223334444/12223334445", "one channel for each"),
    ],
)
def test_unusable_urls_are_explained_without_their_secret(url, words):
    """The sentence names the channel, the fault and the remedy, never the token or password."""
    with pytest.raises(errors.DeliveryError) as raised:
        channel.open_channel("desk", url)

    message = str(raised.value)
    assert message.startswith("channel desk: ")
    assert words in message
    assert "s3cret" not in message
    assert "s3cret" not in str(raised.value.__cause__)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("slack://T1/B2/s3cret/#desk", "Slack webhook at hooks.slack.com to #desk"),
        ("slack+https://chat.test/s3cret", "Slack webhook at chat.test"),
        ("mailtos://u:s3cret@desk.test/?to=a@desk.test", "mail through desk.test:587 (starttls) to a@desk.test"),
        ("console://", "console"),
        ("json://u:s3cret@127.0.0.1/x", "JSON (apprise): json://u:****@127.0.0.1/x"),
    ],
)
def test_urls_are_described_without_secrets(url, expected):
    """`channels list` shows where a channel leads and no more."""
    assert channel.describe(url) == expected


def test_missing_ca_file_is_explained():
    """A certificate file that is not there is named."""
    with pytest.raises(errors.DeliveryError, match="certificate file /nowhere"):
        channel.open_channel("desk", "slack://T/B/C", channel.SenderSettings(ca_file="/nowhere/ca.pem"))


def test_apprise_is_imported_only_when_needed():
    """Slack and mail do not pay for apprise's import."""
    code = (
        "import sys; from monitor.delivery import channel;"
        "channel.open_channel('a', 'slack://T/B/C'); channel.open_channel('b', 'mailto://u@desk.test');"
        "sys.exit('apprise' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


async def test_console_prints_the_message(capsys):
    """`console://` prints headline and text, clean of terminal controls."""
    sender = channel.open_channel("desk", "console://")[0].sender

    result = await sender.send(notices.notice(notices.item(title="Alert \x1b[2J here")))

    printed = capsys.readouterr().out
    assert result.outcome is model.SendOutcome.SENT
    assert printed.startswith("[high] Alert [2J here (Gazette)\n  Alert [2J here\n")
    assert "\x1b" not in printed


async def test_console_that_is_closed_is_tried_again():
    """A closed standard output is no delivery."""
    stream = io.StringIO()
    stream.close()

    assert (await console.ConsoleSender(stream).send(notices.notice())).outcome is model.SendOutcome.RETRY


async def test_console_prints_what_its_encoding_can(tmp_path):
    """A terminal without Hebrew gets question marks, not a crash."""
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        result = await console.ConsoleSender(stream).send(notices.notice(notices.hebrew()))

    assert result.outcome is model.SendOutcome.SENT
    assert "al-14" in (tmp_path / "out").read_text(encoding="ascii")
