"""The real command on a news site of its own: the seed report is told once in both channels, and noise is not."""

from __future__ import annotations

import json

import pytest

from tests.support import web, webhook, world

SEED = world.ROOT / "seeds" / "000_e3e790c69237bad8.txt"
PACKS = {"resettlement", "egypt_israel_talks", "us_aid"}
TITLE = "Israel lobbying Egypt to accept mass migration of Gazans, report says"


def seed_report() -> world.Story:
    """Return the seed as an article of today."""
    return world.Story("tok-1", f"{TITLE} tok-1", SEED.read_text("utf-8"), published=world.now())


ARABIC = world.Story(
    "tok-2",
    "مصر ترفض تهجير سكان غزة إلى سيناء tok-2",
    "أكدت وزارة الخارجية المصرية رفضها القاطع لأي تهجير للفلسطينيين من قطاع غزة إلى سيناء أو إلى أي مكان آخر.\n"
    "وقال مسؤول مصري رفيع إن القاهرة لن تقبل توطين سكان القطاع خارج أرضهم، وإن التهجير خط أحمر.\n"
    "وأضاف أن مصر أبلغت الأطراف المعنية بموقفها هذا خلال الأيام الماضية.",
    published=world.now(),
)
HEBREW = world.Story(
    "tok-3",
    "הקבינט אישר מנהלת להגירה מרצון של תושבי עזה tok-3",
    "הקבינט המדיני-ביטחוני אישר בליל שבת הקמת מנהלת שתטפל בהגירה מרצון של תושבי עזה.\n"
    'בראש המנהלת יעמוד סגן מנכ"ל משרד הביטחון, והיא תתאם מעבר במעבר כרם שלום ובשדה התעופה רמון.\n'
    'האוצר יקצה לה ארבעים מיליון שקל; באופוזיציה אמרו כי ההחלטה לא תעמוד בבג"ץ.',
    published=world.now(),
)
FOOTBALL = world.Story(
    "tok-4",
    "Egypt beat Israel under-21s in a friendly as striker agrees transfer tok-4",
    "The striker will transfer to a club in Cairo after the friendly match between the two sides.\n"
    "The coach praised the defence and said the team would travel home on Monday after the match.",
    published=world.now(),
)
STREET = world.Story(
    "tok-5",
    "Residents of Gaza Street moved out for works on the water main tok-5",
    "The council said that families on Gaza Street were moved to hotels while the water main is replaced.\n"
    "The works take two weeks; the residents of Gaza Street return when the road is open again.",
    published=world.now(),
)


@pytest.fixture
def desk(anywhere: world.World) -> world.World:
    """A world with the shipped rules."""
    anywhere.newsroom("wire")
    anywhere.configure(rules=world.ROOT / "rules")
    return anywhere


def run_json(desk: world.World, *arguments: str) -> object:
    """Return what a command of the product prints as JSON."""
    with desk.command(*arguments, "--json") as process:
        assert process.wait() == 0, process.log
        return json.loads(process.log)


def test_seed_report_arrives_once_in_both_channels_with_its_evidence(desk: world.World) -> None:
    """One mail and one webhook message name all three packs and show why; a restart tells nothing again."""
    desk.publish("wire", seed_report())
    with desk.command("run") as daemon:
        desk.until_told("tok-1")
        desk.until_quiet()
        assert daemon.stop() == 0

    with desk.command("run") as again:
        again.until_up()
        asked = len(desk.site.asked("/wire/feed"))
        world.until(lambda: len(desk.site.asked("/wire/feed")) > asked + 1, 30, "two polls more")
        assert again.stop() == 0

    (mail,), (payload,) = desk.inbox.mails, desk.webhook.payloads
    chat = webhook.visible("\n".join(webhook.strings(payload)))
    alerts = run_json(desk, "alerts", "list")
    assert isinstance(alerts, list)
    assert {alert["pack"] for alert in alerts} == PACKS
    for title in {alert["pack_title"] for alert in alerts}:
        assert title in mail.text
        assert title in chat
    for words in ("»mass migration of Gazans«", "»Egyptian«", "»frozen«"):  # one of each pack, marked, in its sentence
        assert words in mail.text
        assert words.strip("»«") in chat
    assert desk.site.url("/wire/tok-1") in mail.text
    assert {f"al-{n}" for n in (1, 2, 3)} == {alert["id"] for alert in alerts}
    assert len(desk.site.asked("/wire/tok-1")) == 1


def test_evidence_of_the_seed_report_lies_where_it_says(desk: world.World) -> None:
    """What `alerts show` gives as evidence stands at its offsets in the stored text."""
    desk.publish("wire", seed_report())
    with desk.command("run", "--once") as once:
        assert once.wait(60) == 0

    for number in (1, 2, 3):
        shown = run_json(desk, "alerts", "show", f"al-{number}")
        assert isinstance(shown, dict)
        evidence = shown["evidence"]
        assert evidence
        ((title, text),) = desk.query("SELECT title, text FROM revisions JOIN texts ON hash = text_hash")
        fields = {"title": title, "text": text}
        assert all(fields[e["field"]][e["start"] : e["end"]] == e["text"] for e in evidence)


def test_arabic_and_hebrew_alert_and_noise_does_not(desk: world.World) -> None:
    """Reports in Arabic and Hebrew arrive, set from right to left; football and Gaza Street are not told."""
    desk.publish("wire", ARABIC, HEBREW, FOOTBALL, STREET)
    with desk.command("run") as daemon:
        desk.until_told("tok-2", "tok-3")
        desk.until_quiet()
        assert daemon.stop() == 0

    for channel in ("mail", "chat"):
        assert desk.told(channel) == {"tok-2": 1, "tok-3": 1}
    assert all('dir="rtl"' in mail.html for mail in desk.inbox.mails)
    assert desk.query("SELECT count(*) FROM articles") == [(4,)]


def test_once_says_what_it_did_and_leaves(desk: world.World) -> None:
    """`run --once`: a baseline, then an alert, then nothing; exit 0 each time, 1 when every poll failed."""
    desk.configure(rules=world.ROOT / "rules", backfill=0, every="3s")
    desk.publish("wire", FOOTBALL)
    said = []
    for story in (None, seed_report(), None):
        if story:
            desk.publish("wire", story)
        with desk.command("run", "--once") as once:
            assert once.wait(60) == 0, once.log
            said.append(once.log)
        desk.make_due()

    desk.site.page("/wire/feed", "gone", status=500)
    with desk.command("run", "--once") as failing:
        assert failing.wait(60) == 1

    assert "baseline: 1 entries; alerts begin with the next new item" in said[0]
    assert "alerts 3, messages sent 2, dead 0" in said[1]
    assert "alerts 0, messages sent 0, dead 0" in said[2]
    assert "polled 1 feeds (1 failed)" in failing.log
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1}


def test_once_gives_its_summary_as_json(desk: world.World) -> None:
    """`run --once --json` prints the counts for programs."""
    desk.publish("wire", seed_report())
    with desk.command("run", "--once", "--json") as once:
        assert once.wait(60) == 0
        document = once.log[once.log.index("{\n") :]
    summary = json.JSONDecoder().raw_decode(document)[0]

    assert (summary["alerts"], summary["sent"], summary["dead"], summary["waiting"]) == (3, 2, 0, 0)


def test_page_that_fails_is_told_from_the_feed_and_read_later_as_a_revision(desk: world.World) -> None:
    """The page answers 500: the alert goes at once, marked partial; the page's text is a revision that adds nothing."""
    story = seed_report()
    desk.publish("wire", story)
    desk.site.page("/wire/tok-1", "down", status=500)
    with desk.command("run", "--once") as once:
        assert once.wait(60) == 0, once.log
    first = desk.query("SELECT partial FROM revisions")
    desk.site.on("/wire/tok-1", web.page(world.article_page(story).encode()))
    desk.make_due()

    with desk.command("run", "--once") as again:
        assert again.wait(60) == 0, again.log

    assert first == [(1,)]
    assert "full text unavailable" in desk.inbox.mails[0].text.lower()
    assert desk.query("SELECT n, partial FROM revisions ORDER BY n") == [(1, 1), (2, 0)]
    told = {row[0] for row in desk.query("SELECT pack FROM alerts WHERE revision_id = 1")}
    more = {row[0] for row in desk.query("SELECT pack FROM alerts WHERE revision_id <> 1")}
    assert told
    assert not told & more
