"""A story that goes on, as each service shows it: what it updates, why now, what is new, who carries it."""

from __future__ import annotations

import email
import email.policy
import random
import re
from dataclasses import replace

import pytest

from monitor import model
from monitor.delivery import apprise_channel, developing, mail_body, plain_text, slack_blocks, wording
from tests.support import notices, webhook

ENVELOPE = mail_body.Envelope("monitor@desk.test", "Wirewatch", "anna@desk.test", "<desk.wirewatch.desk.test>")
THREAD = model.Thread("<first@wirewatch.invalid>", "[high] Cabinet weighs plan to move residents (Gazette)")
UPDATES = "Updates: “Cabinet weighs plan to move residents” (Gazette), told 22 Nov, 14:05 · al-9"


def said(item, **changes):
    """Return the plain text of a message about `item`."""
    return plain_text.plain_lines(notices.notice(item, **changes))


def mail(notice):
    """Return the mail as a program reads it."""
    raw = mail_body.render_mail(notice, ENVELOPE, notices.PUBLISHED)
    return email.message_from_bytes(raw, policy=email.policy.default)


def sections(item, **changes):
    """Return the texts of the sections of the Slack message about `item`."""
    blocks = slack_blocks.render_payload(notices.notice(item, **changes))["blocks"]
    return [block["text"]["text"] for block in blocks if block["type"] == "section"]


def reasoned(reason, **changes):
    """Return the line that says why an update of this reason is told now."""
    told = {"outcome": "update", "reason": reason, "development": model.Development(**changes)}
    (line,) = developing.lines(notices.item(tellings=(notices.telling(**told),)), "UTC")
    return developing.plain(line)


def test_update_says_of_what_why_now_what_is_new_and_who_carries_it():
    """The lines of an update, in the order of what a reader asks first; links at the end, each on its own line."""
    assert said(notices.updated()).splitlines() == [
        "Update: Egypt to open crossing for 300,000 people",
        "BBC, Sun 22 Nov 2026, 19:40 (UTC+02:00)",
        UPDATES,
        "Why now: there are details that were not told before",
        "New: 300,000 people · Rafah crossing · Sisi",
        "4 newsrooms: Reuters, BBC, Haaretz and 1 more",
        "Resettlement: core (high) · update · al-15",
        "“Sisi said the »transfer« of 300,000 people would begin.”",
        "https://bbc.test/news/15",
        "First report:",
        "https://gazette.test/first",
        "7 more reports folded since 22 Nov, 14:05:",
        "- Haaretz: Plan to move residents splits cabinet",
        "https://haaretz.test/1",
        "- \u2068الصحيفة\u2069: \u2068الحكومة تناقش خطة لنقل السكان\u2069",
        "https://sahifa.test/1",
    ]


def test_first_report_says_that_it_is_one_and_what_matched():
    """Why it is told, in small print below the sentences; nothing of a story that has only begun above them."""
    item = notices.item(tellings=(notices.telling(clause=model.Clause("core", ("transfer*", "residents"))),))

    assert said(item).splitlines()[4:6] == [
        "Why now: first report of the story",
        "Matched: transfer*, residents",
    ]
    assert developing.lines(item, "UTC") == ()
    assert developing.folded(item, "UTC") is None


def test_what_matched_is_told_for_each_pack_and_not_without_end():
    """Terms stand as the rule file writes them, four of a pack, each set apart where it is written from the right."""
    told = (
        notices.telling(clause=model.Clause("core", ("גירוש*", "a", "b", "c", "d", "e"))),
        notices.telling(
            pack="egypt", pack_title="Egypt", rules=("core", "talks"), clause=model.Clause("talks", ("Cairo",))
        ),
        notices.telling(pack="aid", clause=model.Clause("core", ())),
    )

    assert said(notices.item(tellings=told)).splitlines()[-2] == (
        "Matched: \u2068גירוש*\u2069, a, b, c and 2 more (Resettlement); Cairo (Egypt: talks)"
    )


def test_list_says_of_a_first_report_only_what_it_needs():
    """In a digest an ordinary article stays as short as it was, and an update says why it is told."""
    matched = notices.item(tellings=(notices.telling(clause=model.Clause("core", ("transfer*",))),))

    digest = plain_text.plain_lines(notices.notice(matched, notices.updated(), kind="digest"))

    assert digest.count("Why now") == digest.count("Why now: there are details that were not told before") == 1
    assert "Matched" not in digest


@pytest.mark.parametrize(
    ("reason", "changes", "expected"),
    [
        ("newsrooms", {"newsrooms": 0}, "Why now: the story is now carried by another newsroom"),
        ("higher_severity", {"severity_before": "normal"}, "Why now: its severity rose from normal to high"),
        ("higher_severity", {}, "Why now: its severity rose to high"),
        ("new_facts", {}, "Why now: there are details that were not told before"),
        ("trusted_report", {}, "Why now: only feeds that are not trusted had told it so far"),
        ("other_event", {}, "Why now: it is unlike what was told of its story so far, and may be another event"),
    ],
)
def test_every_reason_is_said_in_plain_words(reason, changes, expected):
    """A reader need not know the codes."""
    assert reasoned(reason, **changes) == expected


def test_packs_that_are_told_for_different_reasons_say_so():
    """One article may be an update for two packs for reasons of their own; what they share is said once."""
    first = notices.telling(outcome="update", reason="new_facts")
    second = notices.telling(
        outcome="update",
        reason="higher_severity",
        pack_title="Talks",
        development=model.Development(severity_before="info"),
    )

    apart = said(notices.item(tellings=(first, second)))
    together = said(notices.item(tellings=(first, replace(first, pack_title="Talks"))))

    assert "Why now: there are details that were not told before (Resettlement); its severity rose from info" in apart
    assert together.count("details that were not told before") == 1
    assert "told before (" not in together


def test_update_of_what_went_elsewhere_stands_alone_and_says_so():
    """A recipient who did not get the first message learns what it was."""
    elsewhere = notices.development(first=notices.first_told(here=False))
    item = notices.updated(tellings=(notices.telling(outcome="update", reason="new_facts", development=elsewhere),))

    assert "told before" in said(item)
    assert "(Gazette), of 22 Nov, 14:05, not sent here so far · al-9" in said(item)
    assert wording.subject(notices.notice(item)) == "[high] Update: Egypt to open crossing for 300,000 people (BBC)"


def test_unconfirmed_is_said_before_the_title_in_every_form():
    """Nobody reads the title of an unconfirmed report without knowing that it is one."""
    notice = notices.notice(notices.unconfirmed())

    blocks = slack_blocks.render_payload(notice)["blocks"]

    assert wording.subject(notice).startswith("[high] Unconfirmed: Cabinet weighs")
    assert plain_text.plain_lines(notice).startswith("Unconfirmed: Cabinet weighs")
    assert "1 newsroom: Gazette" in plain_text.plain_lines(notice)
    assert blocks[0]["text"]["text"].startswith("Unconfirmed: Cabinet weighs")
    assert "UNCONFIRMED" in blocks[1]["elements"][0]["text"]
    html = mail_body.render_html(notice, ENVELOPE)
    assert html.index("UNCONFIRMED</span>") < html.index("<h1")


def test_what_was_unconfirmed_and_is_corroborated_says_so():
    """The update that takes the doubt away is told from others by its first word, and is not called unconfirmed."""
    notice = notices.notice(notices.corroborated())

    assert wording.subject(notice).startswith("[high] Corroborated: ")
    assert "what was unconfirmed is now carried by 2 independent newsrooms" in plain_text.plain_lines(notice)
    assert "Unconfirmed" not in plain_text.plain_lines(notice)


def test_many_names_and_facts_are_counted():
    """A line names the first few, and how many more there are."""
    many = notices.development(
        newsrooms=40, names=[f"Paper {n}" for n in range(10)], new=[f"{n} tons" for n in range(9)]
    )
    item = notices.updated(tellings=(notices.telling(outcome="update", reason="newsrooms", development=many),))

    assert "40 newsrooms: Paper 0, Paper 1," in said(item)
    assert "Paper 7 and 32 more" in said(item)
    assert "7 tons and 1 more" in said(item)


def test_numbers_stay_with_their_nouns_in_lines_of_two_directions():
    """In a line that begins from the left each name or number from the right is set apart as a whole."""
    (line,) = [line for line in said(notices.hebrew_update()).splitlines() if line.startswith("New: ")]

    assert line == "New: \u2068300 אלף בני אדם\u2069 · \u2068מעבר רפיח\u2069 · \u2068السيسي\u2069"
    assert f"*New:*{line[4:]}" in sections(notices.hebrew_update())[0]


# -- mail ------------------------------------------------------------------------------------------


def test_update_threads_under_the_first_mail():
    """References and In-Reply-To name the first mail, and the subject is its own behind Re:."""
    message = mail(notices.notice(notices.updated(), thread=THREAD))

    assert message["In-Reply-To"] == message["References"] == "<first@wirewatch.invalid>"
    assert message["Subject"] == "Re: [high] Cabinet weighs plan to move residents (Gazette)"
    assert message["Message-ID"] == notices.MESSAGE_ID


def test_subject_that_no_longer_holds_is_not_repeated():
    """At another severity the mail still names the first one, under a subject of its own: filters go by it."""
    message = mail(notices.notice(notices.updated(), severity="urgent", thread=replace(THREAD, subject="")))

    assert message["References"] == "<first@wirewatch.invalid>"
    assert message["Subject"] == "[urgent] Update: Egypt to open crossing for 300,000 people (BBC)"


def test_mail_that_is_no_update_belongs_to_no_thread():
    """A first report has neither header."""
    message = mail(notices.notice())

    assert message["References"] is None
    assert message["In-Reply-To"] is None


def test_possible_repeat_of_an_update_says_so_before_re():
    """The label of doubt stays the first word."""
    notice = notices.notice(notices.updated(), thread=THREAD, possible_repeat=True)

    assert mail(notice)["Subject"].startswith("Possible repeat: Re: [high] ")


def test_html_links_what_is_named_and_sets_data_apart():
    """First report and folded reports are links; names in any script keep their own direction."""
    html = mail_body.render_html(notices.notice(notices.updated()), ENVELOPE)

    assert '<a href="https://gazette.test/first"><bdi>Cabinet weighs plan to move residents</bdi></a>' in html
    assert '<li dir="ltr"><bdi>الصحيفة</bdi>: <a href="https://sahifa.test/1"><bdi>الحكومة' in html
    assert "<b>New:</b> <bdi>300,000 people</bdi> · <bdi>Rafah crossing</bdi>" in html


# -- chat ------------------------------------------------------------------------------------------


def test_slack_links_the_first_report_and_the_folded_ones():
    """A webhook gives no thread to answer in: the update links what was told first."""
    shown = sections(notices.updated())

    assert shown[0].splitlines() == [
        "*Updates:* “<https://gazette.test/first|Cabinet weighs plan to move residents>” (Gazette), "
        "told 22 Nov, 14:05 · al-9",
        "*Why now:* there are details that were not told before",
        "*New:* 300,000 people · Rafah crossing · Sisi",
        "*4 newsrooms:* Reuters, BBC, Haaretz and 1 more",
    ]
    assert shown[-1].splitlines() == [
        "7 more reports folded since 22 Nov, 14:05:",
        "• Haaretz: <https://haaretz.test/1|Plan to move residents splits cabinet>",
        "• \u2068الصحيفة\u2069: <https://sahifa.test/1|\u2068الحكومة تناقش خطة لنقل السكان\u2069>",
    ]


def test_digest_lists_updates_as_updates():
    """In a list an update says what it updates, what is new and why, without its folded reports."""
    notice = notices.notice(notices.item(), notices.updated(), kind="digest", headline="2 reports", body="Why.")

    blocks = slack_blocks.render_payload(notice)["blocks"]

    first, second = (block["text"]["text"] for block in blocks[2:])
    assert "Updates" not in first
    assert second.startswith("🟠 *<https://bbc.test/news/15|Update: Egypt to open")
    assert "New: 300,000 people · Rafah crossing · Sisi" in second
    assert "folded" not in second
    assert UPDATES in plain_text.plain_lines(notice)
    assert mail(replace(notice, thread=None))["References"] is None


# -- nothing of the data is live, nothing breaks a limit --------------------------------------------

HOSTILE = (
    "<!channel> <@U1> *b* _i_ `c` ~s~",
    "<script>alert(1)</script>",
    '"><img src=x onerror=1>',
    "a\r\nBcc: x@evil.test",
    "[bank](http://evil.test)",
    "<http://evil.test|bank>",
    "@everyone @here",
    "\u202egnp\u2066\u200b",
    "lone \ud800 \x00",
    "&" * 300,
    "𝔸" * 400,
    "ש" * 600,
    "|" * 300,
    "plain",
    "",
)
SIGNS = "<>&|*_~`@[]()\"' \n\u202e\u200bאبx𝔸,.:;-"
URLS = (
    "https://a.test/" + "x" * 5000,
    "https://a.test/<|>&\"'",
    "javascript:1",
    "https://e@a.test",
    "https://a.test/1",
)
REASONS = ("first_report", "newsrooms", "higher_severity", "new_facts", "corroborated", "trusted_report", "future")


class Fuzz:
    """Messages with whatever names, numbers and addresses, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def words(self):
        """Return a known attack, or signs in any order."""
        signs = "".join(self.random.choices(SIGNS, k=self.random.randrange(60)))
        return self.random.choice((*HOSTILE, signs, signs, signs))

    def several(self, made, most):
        """Return up to `most` of what `made` returns."""
        return tuple(made() for _ in range(self.random.randrange(most + 1)))

    def report(self):
        """Return an article that a message names."""
        url = self.random.choice((*URLS, self.words()))
        return model.Report(self.words(), self.words(), url, self.random.choice((None, notices.PUBLISHED)))

    def development(self):
        """Return what became of a story."""
        r = self.random
        first = model.FirstTold(r.randrange(10**12), self.report(), r.random() < 0.5, r.random() < 0.5)
        return model.Development(
            newsrooms=r.choice((0, 1, 2, 10**6)),
            names=self.several(self.words, 12),
            new=self.several(self.words, 30),
            severity_before=r.choice((None, "info")),
            unconfirmed=r.random() < 0.3,
            folded=r.choice((0, 1, 10**6)),
            folded_since=r.choice((None, notices.PUBLISHED)),
            folded_reports=self.several(self.report, 8),
            first=r.choice((None, first, first)),
        )

    def item(self):
        """Return an article told to one or several packs."""
        r = self.random
        tellings = [
            notices.telling(
                development=self.development(),
                outcome=r.choice(("update", "update", "update", "alert")),
                reason=r.choice(REASONS),
                pack_title=self.words(),
            )
            for _ in range(r.choice((1, 1, 1, 6)))
        ]
        return notices.item(
            tellings=tuple(tellings), title=self.words(), newsroom=self.words(), url=r.choice((*URLS, self.words()))
        )

    def notice(self):
        """Return a message about one article or a few."""
        items = [self.item() for _ in range(self.random.choice((1, 1, 4)))]
        thread = self.random.choice((None, model.Thread("<a\r\nb@c>", self.words())))
        return notices.notice(*items, possible_repeat=self.random.random() < 0.3, thread=thread)


@pytest.fixture(params=range(3))
def fuzzed(request):
    """Fifty messages of one seed."""
    fuzz = Fuzz(request.param)
    return [fuzz.notice() for _ in range(50)]


def test_hostile_names_stay_words_in_slack(fuzzed):
    """Whatever a newsroom, a person or a number is called: Slack's limits hold, and only our own links are live."""
    payloads = [slack_blocks.render_payload(notice) for notice in fuzzed]

    for payload in payloads:
        assert len(payload["blocks"]) <= 50
        assert width(payload["text"]) <= slack_blocks.TEXT
        for block in payload["blocks"]:
            limit = {"header": 150, "section": 3000, "context": 2000, "actions": 75}[block["type"]]
            for text in webhook.strings(block):
                assert 0 < width(text) <= limit
                assert all(control.startswith("http") for control in webhook.controls(text))
                assert not set("<>") & set(re.sub(r"(?m)^> |<https?:[^>]*>", "", text))
                assert "@everyone" not in text


def width(text):
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def test_hostile_names_stay_words_in_mail(fuzzed):
    """No header is added, no tag but ours is in the page, and links lead to the web alone."""
    for notice in fuzzed:
        message, html = mail(notice), mail_body.render_html(notice, ENVELOPE)

        added = {"Bcc", "x"} & set(message.keys())
        assert not added
        assert len(message.get_all("Subject")) == 1
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("href=") == html.count('href="http')
        assert html.count("<bdi>") == html.count("</bdi>")


@pytest.mark.parametrize("rooms", [(250, 32768), (0, 4096), (0, 2000), (250, 300), (20, 160)])
def test_hostile_names_stay_within_any_service(fuzzed, rooms):
    """Text for apprise fits, whatever is in it, and calls nobody."""
    for notice in fuzzed:
        title, body = apprise_channel.fit_text(notice, *rooms)

        assert len(title) <= rooms[0]
        assert 0 < len(body) <= rooms[1]
        assert "@everyone" not in title + body
        assert "](http://evil" not in title + body
