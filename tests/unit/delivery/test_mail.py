"""Mail as it arrives, and what each way an SMTP server can fail means."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor import model
from monitor.delivery import channel, mail, mail_body, wording
from tests.support import inbox as inboxes
from tests.support import notices, web

SENT, RETRY, REFUSED = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.REFUSED
REFUSED_CONTENT, UNCERTAIN = model.SendOutcome.REFUSED_CONTENT, model.SendOutcome.UNCERTAIN

ENVELOPE = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "a@desk.test", "<desk.wirewatch.desk.test>")


@pytest.fixture
def authority(tmp_path):
    return web.Authority(tmp_path)


@pytest.fixture
async def inbox():
    async with inboxes.Inbox() as running:
        yield running


def open_senders(inbox, *recipients, authority=None, deadline=10.0, **settings):
    """Return the senders of a channel that mails to `recipients` through `inbox`."""
    ca_file = str(authority.ca_file) if authority else None
    chosen = channel.SenderSettings(deadline=deadline, ca_file=ca_file, **settings)
    return [one.sender for one in channel.open_channel("desk", inbox.channel_url(*recipients), chosen)]


class Elements(HTMLParser):
    """Collects the tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, tag):
        """Return the attributes of every `tag`."""
        return [attrs for name, attrs in self.tags if name == tag]


# -- what arrives --------------------------------------------------------------------------------


async def test_mail_has_both_parts_and_its_headers(inbox):
    """Subject, stable Message-ID, List-Id, Auto-Submitted, Date, text and HTML arrive."""
    (sender,) = open_senders(inbox, "a@desk.test")

    result = await sender.send(notices.notice())

    assert result == model.SendResult(SENT, 250, "250 2.0.0 Ok: queued as Q00001", service_id="Q00001")
    mail = inbox.mails[0]
    assert (mail.sender, mail.recipients) == ("wirewatch@desk.test", ("a@desk.test",))
    assert mail.message["Subject"] == "[high] Cabinet weighs plan to move residents (Gazette)"
    assert mail.message["Message-ID"] == notices.MESSAGE_ID
    assert mail.message["List-Id"] == "<desk.wirewatch.desk.test>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["From"] == "Wirewatch <wirewatch@desk.test>"
    assert mail.message["To"] == "a@desk.test"
    assert mail.message["Date"].datetime.tzinfo is not None
    assert "»transfer«" in mail.text
    assert '<strong class="hit">transfer</strong>' in mail.html


async def test_every_attempt_has_the_same_message_id(inbox):
    """A mail program shows a repeat once, since both copies have one Message-ID."""
    (sender,) = open_senders(inbox, "a@desk.test")

    await sender.send(notices.notice())
    await sender.send(replace(notices.notice(), possible_repeat=True))

    assert {mail.message["Message-ID"] for mail in inbox.mails} == {notices.MESSAGE_ID}
    assert inbox.mails[1].message["Subject"].startswith("Possible repeat: ")
    assert "Possible repeat: an earlier attempt got no answer" in inbox.mails[1].text
    assert "Possible repeat: an earlier attempt got no answer" in inbox.mails[1].html


async def test_update_arrives_under_its_first_mail(inbox):
    """What a mail program threads by is the same in both: the Message-ID, and the subject letter by letter."""
    (sender,) = open_senders(inbox, "a@desk.test")
    first = notices.notice(notices.arabic(), message_id="<first@wirewatch.desk.test>")

    await sender.send(first)
    thread = model.Thread(first.message_id, wording.subject(first))
    await sender.send(notices.notice(notices.updated(), thread=thread))

    told, update = (mail.message for mail in inbox.mails)
    assert update["References"] == update["In-Reply-To"] == told["Message-ID"]
    assert update["Subject"] == f"Re: {told['Subject']}"
    assert "الحكومة تناقش خطة" in update["Subject"]
    assert "Updates: “Cabinet weighs plan to move residents”" in inbox.mails[1].text


async def test_plain_mail_has_no_html(inbox):
    """What a server refused with HTML is sent as text alone."""
    (sender,) = open_senders(inbox, "a@desk.test")

    await sender.send(replace(notices.notice(), plain=True))

    assert inbox.mails[0].message.get_content_type() == "text/plain"
    assert inbox.mails[0].html == ""


async def test_right_to_left_texts_say_so(inbox):
    """Each paragraph has the direction of its own language, and the letters arrive intact."""
    (sender,) = open_senders(inbox, "a@desk.test")

    await sender.send(notices.notice(notices.arabic(), notices.hebrew(), notices.item()))

    html, text = inbox.mails[0].html, inbox.mails[0].text
    assert re.findall(r'<h1 dir="(\w+)"', html) == ["rtl", "rtl", "ltr"]
    assert re.findall(r'<blockquote dir="(\w+)"', html) == ["rtl", "rtl", "ltr"]
    assert "وقال المسؤول إن »القاهرة« ترفض »التهجير« القسري للفلسطينيين إلى سيناء." in text
    assert '<strong class="hit">הגירה מרצון</strong>' in html
    assert "Full text unavailable: matched on the feed's text" in text


async def test_public_url_is_linked_at_the_end(inbox):
    """The foot leads to the monitor, if it has an address."""
    (sender,) = open_senders(inbox, "a@desk.test", public_url="https://wire.desk.test/")

    await sender.send(notices.notice())

    assert inbox.mails[0].text.rstrip().endswith("Wirewatch · https://wire.desk.test/")
    assert {"href": "https://wire.desk.test/"} in Elements(inbox.mails[0].html).attributes("a")


def test_html_loads_nothing_and_links_only_the_article():
    """No image, script, style sheet or font comes from anywhere; links go to the article."""
    page = Elements(mail_body.render_html(notices.notice(notices.arabic(), notices.item()), ENVELOPE))

    assert not {tag for tag, _ in page.tags} & {"img", "script", "link", "iframe", "object", "video", "svg", "form"}
    assert not [a for _, attrs in page.tags for a in attrs if a in ("src", "srcset", "background", "poster")]
    assert {a["href"] for a in page.attributes("a")} == {
        "https://sahifa.test/akhbar/1",
        "https://gazette.test/news/plan?id=7&page=2",
    }
    assert not re.search(r"url\(|@import", page.text)


def test_dark_mode_is_declared():
    """Mail programs that turn colours around are told that the page knows both."""
    html = mail_body.render_html(notices.notice(), ENVELOPE)

    assert '<meta name="color-scheme" content="light dark">' in html
    assert "prefers-color-scheme: dark" in html


def test_wire_form_is_ascii_with_short_lines():
    """Any server takes it: 7 bit, lines under 998 characters, no line that begins with a dot."""
    item = notices.item(title=".hidden " + "ש" * 4000, snippets=(model.Snippet(".\r\n.\r\n" + "x" * 9000),))

    message = mail_body.render_mail(notices.notice(item), ENVELOPE, notices.PUBLISHED)

    lines = message.split(b"\r\n")
    assert message.isascii()
    assert max(map(len, lines)) <= 998
    assert b"\n" not in b"".join(lines)
    assert not any(line.startswith(b".") for line in lines)


def test_article_without_link_has_no_button():
    """An address that is no web address is neither linked nor shown."""
    page = mail_body.render_html(notices.notice(notices.item(url="javascript:alert(1)")), ENVELOPE)

    assert "javascript" not in page
    assert Elements(page).attributes("a") == []


def test_long_list_counts_the_rest():
    """A storm's mail names the first articles and counts the others."""
    notice = notices.notice(*[notices.item()] * 130)

    page = mail_body.render_html(notice, ENVELOPE)

    assert page.count('class="item listed"') == 100
    assert "Read the article" not in page
    assert "and 30 more articles" in page


def test_ops_mail_is_headline_and_paragraphs():
    """An ops notice has its own words, escaped."""
    page = mail_body.render_html(notices.ops("Feed <down>", "first\nline\n\nsecond"), ENVELOPE)

    assert "Feed &lt;down&gt;</h1>" in page
    assert ">MONITOR</span>" in page
    assert '<p dir="ltr">first<br>line</p><p dir="ltr">second</p>' in page


# -- ways to hand it over --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["insecure", "starttls", "ssl"])
@pytest.mark.parametrize("user", ["", "desk@desk.test"])
async def test_mail_goes_as_the_url_says(authority, mode, user):
    """Plain, STARTTLS or TLS, with or without a login, certificates verified."""
    async with inboxes.Inbox(authority, mode, user, "p:w/d@#1" if user else "") as inbox:
        (sender,) = open_senders(inbox, "a@desk.test", authority=authority)

        result = await sender.send(notices.notice())

    assert result.outcome is SENT
    assert inbox.mails[0].encrypted is (mode != "insecure")
    assert inbox.mails[0].user == (user or None)


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
async def test_unknown_certificates_are_not_talked_to(authority, mode):
    """Without a certificate that we trust neither password nor message goes out."""
    async with inboxes.Inbox(authority, mode, "desk", "secret-password") as inbox:
        (sender,) = open_senders(inbox, "a@desk.test")

        result = await sender.send(notices.notice())

    assert result.outcome is RETRY
    assert "certificate" in result.detail.lower()
    assert inbox.mails == []


async def test_starttls_is_required_not_tried(authority):
    """A server (or somebody between) that offers no STARTTLS gets nothing."""
    async with inboxes.Inbox() as inbox:
        inbox.mode = "starttls"
        (sender,) = open_senders(inbox, "a@desk.test", authority=authority)

        result = await sender.send(notices.notice())

    assert result.outcome is RETRY
    assert result.detail.startswith("STARTTLS: ")
    assert inbox.mails == []


async def test_wrong_password_is_refused_without_showing_it(authority):
    """A login that the server refuses is permanent; the password stays out of the words."""
    async with inboxes.Inbox(authority, "starttls", "desk", "right") as inbox:
        url = inbox.channel_url("a@desk.test").replace(":right@", ":wrong-password@")
        (one,) = channel.open_channel("desk", url, channel.SenderSettings(ca_file=str(authority.ca_file)))

        result = await one.sender.send(notices.notice())

    assert (result.outcome, result.status) == (REFUSED, 535)
    assert "wrong-password" not in result.detail
    assert "wrong-password" not in repr(vars(one.sender)["_server"])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.3.0 try again later", RETRY),
        ("421 4.3.2 shutting down", RETRY),
        ("450 4.2.0 greylisted", RETRY),
        ("550 5.1.1 no such user", REFUSED),
        ("553 5.1.3 bad address", REFUSED),
        ("552 5.2.2 mailbox full of size", REFUSED_CONTENT),
        (inboxes.DROP, RETRY),
        (inboxes.SILENCE, RETRY),
    ],
)
async def test_failures_before_the_message_are_certain(inbox, answer, outcome):
    """Until the message's first byte, every failure means not delivered."""
    inbox.refuse("a@desk.test", answer)
    (sender,) = open_senders(inbox, "a@desk.test", deadline=0.5 if answer == inboxes.SILENCE else 10.0)

    result = await sender.send(notices.notice())

    assert result.outcome is outcome
    assert result.detail.startswith("RCPT TO: ")
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.3.0 try again later", RETRY),
        ("552 5.3.4 message too big", REFUSED_CONTENT),
        ("554 5.7.1 looks like spam", REFUSED_CONTENT),
        ("550 5.7.1 policy", REFUSED_CONTENT),
        ("250 2.0.0 taken", SENT),
        ("299 odd but fine", SENT),
        ("354 again?", UNCERTAIN),
        (inboxes.DROP, UNCERTAIN),
        (inboxes.SILENCE, UNCERTAIN),
    ],
)
async def test_answers_to_the_message_itself(inbox, answer, outcome):
    """After the final dot an answer is an answer, and none is doubt."""
    inbox.script.append(answer)
    (sender,) = open_senders(inbox, "a@desk.test", deadline=0.5 if answer == inboxes.SILENCE else 10.0)

    result = await sender.send(notices.notice())

    assert result.outcome is outcome
    assert "try again later" in result.detail or outcome is not RETRY


async def test_server_that_says_nothing_is_given_up(inbox):
    """A connection without a greeting ends at the deadline, for certain undelivered."""
    inbox.mute = True
    (sender,) = open_senders(inbox, "a@desk.test", deadline=0.3)

    result = await sender.send(notices.notice())

    assert result == model.SendResult(RETRY, None, "connecting: no answer within 0.3 s")


async def test_nobody_listening_is_certain(inbox):
    """A refused connection is tried again."""
    url = inbox.channel_url("a@desk.test").replace(str(inbox.port), "1")

    result = await channel.open_channel("desk", url)[0].sender.send(notices.notice())

    assert result.outcome is RETRY
    assert result.detail.startswith("connecting: ")


async def test_answer_is_kept_when_the_goodbye_fails(inbox):
    """Once the message is taken, a QUIT that is never answered changes nothing."""
    (sender,) = open_senders(inbox, "a@desk.test", deadline=1.0)

    async def hang(*_):
        await asyncio.Event().wait()

    inbox.handle_QUIT = hang

    result = await sender.send(notices.notice())

    assert result.outcome is SENT


async def test_sending_can_be_cancelled(inbox):
    """A shutdown ends a send in flight at once."""
    inbox.script.append(inboxes.SILENCE)
    (sender,) = open_senders(inbox, "a@desk.test")
    sending = asyncio.create_task(sender.send(notices.notice()))
    await inbox.arrived.wait()

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending


def test_dots_are_doubled():
    """A line that begins with a dot does not end the message early (RFC 5321 section 4.5.2)."""
    assert mail._dotted(b"a\r\n.\r\n..b\r\n") == b"a\r\n..\r\n...b\r\n.\r\n"
    assert mail._dotted(b".") == b"..\r\n.\r\n"


def test_parts_are_base64():
    """Both parts travel as base64 and decode to themselves."""
    message = mail_body.render_mail(notices.notice(notices.hebrew()), ENVELOPE, notices.PUBLISHED)

    bodies = re.findall(rb"base64\r\n.*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)", message, re.DOTALL)
    assert "הגירה מרצון" in base64.b64decode(bodies[0]).decode()


# -- useful, or noise? ---------------------------------------------------------------------------


async def test_mail_asks_whether_the_alert_was_useful(inbox):
    """Both parts lead to the page that asks; each link says what it is called."""
    (sender,) = open_senders(inbox, "a@desk.test")
    told = notices.telling(rating_url="https://wire.desk.test/rate/1.2.3.x")

    await sender.send(notices.notice(notices.item(tellings=(told,))))

    html, text = inbox.mails[0].html, inbox.mails[0].text.replace("\r\n", "\n")
    links = [a["href"] for a in Elements(html).attributes("a") if "/rate/" in a["href"]]
    assert links == ["https://wire.desk.test/rate/1.2.3.x?r=useful", "https://wire.desk.test/rate/1.2.3.x?r=noise"]
    assert (
        "Useful: https://wire.desk.test/rate/1.2.3.x?r=useful\nNoise: https://wire.desk.test/rate/1.2.3.x?r=noise"
        in text
    )


async def test_mail_with_several_alerts_asks_of_each(inbox):
    """Where an article alerts two packs, each is named; the text has a line for every alert."""
    (sender,) = open_senders(inbox, "a@desk.test")
    told = [
        notices.telling(alert_id=n, pack_title=title, rating_url=f"https://wire.desk.test/rate/{n}.2.3.x")
        for n, title in ((1, "Aid & <trade>"), (2, "Resettlement"))
    ]

    await sender.send(notices.notice(notices.item(tellings=tuple(told))))

    html, text = inbox.mails[0].html, inbox.mails[0].text.replace("\r\n", "\n")
    assert "<bdi>Aid &amp; &lt;trade&gt;</bdi>: useful to you?" in html
    assert html.count('class="rate"') == 2
    assert "al-1: https://wire.desk.test/rate/1.2.3.x\nal-2: https://wire.desk.test/rate/2.2.3.x\n" in text


async def test_mail_without_a_page_to_rate_on_does_not_ask(inbox):
    """A monitor without a public address sends no links that lead nowhere."""
    (sender,) = open_senders(inbox, "a@desk.test")

    await sender.send(notices.notice())

    assert "useful" not in inbox.mails[0].text.lower()
    assert 'class="rate"' not in inbox.mails[0].html
