"""Commands on an archive that the real daemon made: explain, feeds, alerts, channels, db."""

from __future__ import annotations

import shutil
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import load
from monitor.store import database, hold
from tests.support import commands, inbox, web, webhook


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[commands.Archive]:
    """One pass of the daemon: an alert, an article without one, and a baseline entry."""
    with commands.archive(tmp_path_factory.mktemp("archive")) as made:
        yield made


@pytest.fixture
def own(archive: commands.Archive, tmp_path: Path) -> commands.Archive:
    """A copy of the archive, which a test may change."""
    shutil.copytree(archive.config.parent, tmp_path / "own")
    return replace(archive, config=tmp_path / "own" / archive.config.name)


def execute(file: Path, statement: str) -> None:
    """Change a database behind the product's back."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


# -- stories -----------------------------------------------------------------------------------------


def test_stories_of_a_daemons_archive(archive: commands.Archive) -> None:
    """What the daemon read is there as stories: one that was told, with its alert, and one that no pack matched."""
    found = {
        story["title"]: story for story in commands.call("stories", "list", "--config", archive.config, "--json").json
    }

    told, quiet = found[commands.TOLD.title], found[commands.QUIET.title]
    assert [(one["alert"], one["pack"], one["decision"]) for one in told["told"]] == [("al-1", "move", "alert")]
    assert (quiet["told"], quiet["articles"], quiet["newsrooms"]) == ([], 1, 1)
    shown = commands.call("stories", "show", told["id"], "--config", archive.config).out
    assert "move: alert al-1, first report" in shown


# -- explain -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["al-1", "url"])
def test_explain_shows_the_recorded_decisions(archive: commands.Archive, what: str) -> None:
    """By alert or URL: what each pack was told about the article, and by which words."""
    what = archive.site.url_of(commands.TOLD) if what == "url" else what

    done = commands.call("explain", what, "--config", archive.config, "--json")

    [revision] = done.json["revisions"]
    told = {row["pack"]: (row["decision"], row["reason"], row["alert"]) for row in revision["decisions"]}
    assert told == {"move": ("alert", "first_report", "al-1"), "*": ("none", "no_match", None)}
    assert revision["matches"][0]["evidence"][0]["text"] == "Resettlement"


def test_explain_finds_an_article_by_number_and_judges_it(archive: commands.Archive) -> None:
    """`art-1` and `1` are the same article; with a pack it is judged by the rules as they stand now."""
    recorded = commands.call("explain", "1", "--config", archive.config, "--json")
    title = recorded.json["title"]

    done = commands.call("explain", "move", "art-1", "--config", archive.config, "--json")

    assert done.json["title"] == title
    assert done.json["matched"] == (title == commands.TOLD.title)


def test_explain_of_a_pack_knows_what_was_decided(archive: commands.Archive) -> None:
    """Judged by the rules of now, an archived article shows its story, the decision of then, and the pack's route."""
    as_json = commands.call("explain", "move", "al-1", "--config", archive.config, "--json").json
    told = commands.call("explain", "move", "al-1", "--config", archive.config)

    decided = as_json["archive"]["decided"]
    assert (decided["decision"], decided["reason"], decided["alert"]) == ("alert", "first_report", "al-1")
    assert as_json["route"]
    assert "MATCH" in told.out
    story = as_json["archive"]["story"]
    assert told.out.endswith(
        f"  story: {story}   decided: alert, first report (al-1)   route: {', '.join(as_json['route'])}\n"
    )


def test_explain_knows_the_baseline(archive: commands.Archive) -> None:
    """An item that stood in the feed at the first poll is recorded as such, by URL and by entry."""
    url = f"{archive.site.address}/herald/old.html"

    by_url = commands.call("explain", url, "--config", archive.config, "--json")
    by_entry = commands.call("explain", by_url.json["entry"], "--config", archive.config)
    judged = commands.call("explain", "move", url, "--config", archive.config)

    decision = by_url.json["revisions"][0]["decisions"][0]
    assert (decision["decision"], decision["reason"]) == ("suppressed", "baseline")
    assert "every pack: suppressed: baseline" in by_entry.out
    assert "MATCH" in judged.out
    assert "story: none   decided: suppressed, baseline   route: " in judged.out


def test_a19_explain_knows_what_was_over_the_bound_of_its_feed(own: commands.Archive) -> None:
    """An entry that its feed brought beyond its bound of the day has its decision, as the baseline has."""
    url = f"{own.site.address}/herald/old.html"

    execute(own.database, "UPDATE entries SET state = 'over_quota' WHERE state = 'baseline'")
    done = commands.call("explain", url, "--config", own.config)

    assert "every pack: suppressed: feed_quota" in done.out


@pytest.mark.parametrize("what", ["al-99", "art-99", "entry-99", "https://nowhere.example/x"])
def test_explain_of_what_is_not_there(archive: commands.Archive, what: str) -> None:
    """Nothing found is exit 1 with a sentence."""
    done = commands.call("explain", what, "--config", archive.config)

    assert done.code == 1
    assert "is not in the archive" in done.err


# -- alerts ------------------------------------------------------------------------------------------


def test_alerts_list_and_show(archive: commands.Archive) -> None:
    """The list says what was sent; one alert shows its evidence marked, its message and its attempts."""
    listed = commands.call("alerts", "list", "--config", archive.config)
    shown = commands.call("alerts", "show", "al-1", "--config", archive.config)
    data = commands.call("alerts", "show", "1", "--config", archive.config, "--json").json

    assert "1/1" in listed.out
    assert commands.TOLD.title in listed.out
    assert "»Resettlement« plan unveiled" in shown.out
    assert "»resettlement« plan was unveiled" in shown.out
    assert "console to console: sent" in shown.out
    assert data["deliveries"][0]["attempts"][0]["outcome"] == "sent"
    assert (data["pack"], data["reason"], data["severity"]) == ("move", "first_report", "high")


@pytest.mark.parametrize("given", [True, False])
def test_alert_records_how_long_it_took(own: commands.Archive, given: bool) -> None:
    """`alerts show` says so for each message; where an article states no publication there is nothing to say."""
    published = "'2025-03-10 08:00:00.000000'" if given else "NULL"
    execute(own.database, "UPDATE messages SET sent_at = '2025-03-10 08:01:30.000000'")
    execute(own.database, f"UPDATE articles SET published = {published}")

    data = commands.call("alerts", "show", "al-1", "--config", own.config, "--json").json
    shown = commands.call("alerts", "show", "al-1", "--config", own.config)

    (delivery,) = data["deliveries"]
    assert delivery["published_to_sent"] == (90 if given else None)
    assert ("sent, 90 s after publication" in shown.out) is given


def test_alerts_list_of_another_pack_is_empty(archive: commands.Archive) -> None:
    """A filter that nothing passes gives an empty list, not an error."""
    done = commands.call("alerts", "list", "--pack", "other", "--config", archive.config, "--json")

    assert (done.code, done.json) == (0, [])


def test_alerts_resend_queues_what_died(own: commands.Archive) -> None:
    """A dead message waits again; one that was delivered stays so."""
    nothing = commands.call("alerts", "resend", "al-1", "--config", own.config)
    execute(own.database, "UPDATE messages SET state = 'dead', sent_at = NULL, reason = 'refused: no such room'")
    dead = commands.call("alerts", "show", "al-1", "--config", own.config)

    done = commands.call("alerts", "resend", "al-1", "--config", own.config, "--json")

    states = commands.call("alerts", "list", "--config", own.config, "--json").json[0]["deliveries"]
    assert "nothing to send again" in nothing.out
    assert "dead: refused: no such room" in dead.out
    assert len(done.json["queued"]) == 1
    assert [row["state"] for row in states] == ["queued"]


@pytest.mark.parametrize(("alert", "code"), [("al-99", 1), ("nonsense", 2)])
def test_alerts_that_are_not_there(archive: commands.Archive, alert: str, code: int) -> None:
    """An unknown alert is exit 1, what is no id is wrong usage."""
    shown = commands.call("alerts", "show", alert, "--config", archive.config)
    sent = commands.call("alerts", "resend", alert, "--config", archive.config)

    assert (shown.code, sent.code) == (code, code)


@pytest.mark.parametrize("command", [("alerts", "list"), ("feeds", "list"), ("db", "stats")])
def test_reading_before_the_first_run_says_so(tmp_path: Path, command: tuple[str, str]) -> None:
    """Without a database there is nothing to list, and none is made."""
    config = commands.write_config(tmp_path)

    done = commands.call(*command, "--config", config)

    assert done.code == 0
    assert "the archive is empty" in done.err
    assert not (tmp_path / "data").exists()


# -- feeds -------------------------------------------------------------------------------------------


def test_feeds_list_shows_health(archive: commands.Archive) -> None:
    """Each feed with its state and what its last poll brought."""
    rows = commands.call("feeds", "list", "--config", archive.config, "--json").json

    assert [(row["id"], row["state"], row["items"]) for row in rows] == [("courier", "ok", 2), ("herald", "ok", 1)]


def test_feeds_check_asks_through_the_gate(archive: commands.Archive, tmp_path: Path) -> None:
    """A loopback address is fetched where the configuration allows it, and refused where it does not."""
    url = f"{archive.site.address}/courier/feed.xml"
    strict = commands.write_config(tmp_path)

    allowed = commands.call("feeds", "check", url, "--config", archive.config, "--json")
    refused = commands.call("feeds", "check", url, "--config", strict)
    page = commands.call("extract", archive.site.url_of(commands.TOLD), "--config", archive.config, "--json")

    assert len(allowed.json["entries"]) == 2
    assert refused.code == 1
    assert "127.0.0.1" in refused.err
    assert page.json["title"].startswith(commands.TOLD.title)


def test_feeds_export_and_import_keep_what_they_name(archive: commands.Archive, tmp_path: Path) -> None:
    """What one archive exports another imports, once."""
    config, file = commands.write_config(tmp_path), tmp_path / "feeds.opml"
    commands.call("feeds", "export", file, "--config", archive.config)

    first = commands.call("feeds", "import", file, "--config", config)
    second = commands.call("feeds", "import", file, "--config", config, "--json")

    rows = commands.call("feeds", "list", "--config", config, "--json").json
    assert first.out == "2 feeds added, 0 known already\n"
    assert (second.json["added"], second.json["known"]) == (0, 2)
    assert [(row["id"], row["origin"], row["state"]) for row in rows] == [
        ("courier", "added", "new"),
        ("herald", "added", "new"),
    ]


def test_feeds_export_before_the_first_run(tmp_path: Path) -> None:
    """Without a database the configuration's feeds are written, to standard output."""
    config = commands.write_config(tmp_path, '[[feeds]]\nurl = "https://a.example/feed"\nname = "A"\n')

    done = commands.call("feeds", "export", "--config", config)

    outlines = ET.fromstring(done.out.encode()).findall(".//outline")
    assert [outline.get("xmlUrl") for outline in outlines] == ["https://a.example/feed"]


def test_feeds_import_of_nothing_changes_nothing(tmp_path: Path) -> None:
    """A file that is no list is named with what is wrong, exit 1."""
    config = commands.write_config(tmp_path)
    (tmp_path / "x.opml").write_text("<html/>")

    done = commands.call("feeds", "import", tmp_path / "x.opml", "--config", config)

    assert done.code == 1
    assert "not OPML" in done.err
    assert not (tmp_path / "data").exists()


# -- rules terms -------------------------------------------------------------------------------------


def test_terms_counts_what_was_recorded(archive: commands.Archive) -> None:
    """Without a corpus the archive is counted: each article as its newest revision stands."""
    done = commands.call("rules", "terms", "--config", archive.config, "--json")
    none = commands.call("rules", "terms", "--config", archive.config, "--since", "1s", "--json")

    [pack] = done.json["packs"]
    assert done.json["articles"] == 2
    assert [(row["term"], row["articles"], row["share"]) for row in pack["terms"]] == [("resettlement", 1, 0.5)]
    assert [row["term"] for row in pack["never_fired"]] == ["التهجير"]
    assert none.code == 0


def test_lint_tells_rules_that_the_archive_never_saw_match(own: commands.Archive) -> None:
    """W604 speaks of a rule that matched nothing in the days asked for, once the archive reaches back so far."""
    young = commands.call("rules", "lint", "--config", own.config, "--archive", "30")
    execute(own.database, "UPDATE articles SET first_seen = datetime(first_seen, '-40 days')")

    idle = commands.call("rules", "lint", "--config", own.config, "--archive", "30", "--json")
    busy = commands.call("rules", "lint", "--config", own.config, "--archive", "30", "--corpus", "nowhere.jsonl")

    assert "W604" not in young.out
    assert "does not reach back 30 days" in young.err
    assert [fault["code"] for fault in idle.json if fault["code"] == "W604"] == ["W604"]
    assert (busy.code, "nowhere.jsonl" in busy.err) == (2, True)


# -- channels ----------------------------------------------------------------------------------------


def test_channels_list_masks_secrets(tmp_path: Path) -> None:
    """Where a channel leads is shown, its token and password are not."""
    config = commands.write_config(
        tmp_path,
        'default_route = ["chat"]\nops_channel = "mail"\n'
        '[channels.chat]\nurl = "slack://T0AAA/B0BBB/s3cr3tt0ken"\nrate = "30 per 1m"\n'
        '[channels.mail]\nurl = "mailtos://u:p4ssw0rd@smtp.example.org/?to=desk@example.org&from=a@example.org"\n',
    )

    done = commands.call("channels", "list", "--config", config)

    assert done.code == 0
    assert "hooks.slack.com" in done.out
    assert "desk@example.org" in done.out
    assert "s3cr3tt0ken" not in done.out
    assert "p4ssw0rd" not in done.out


def test_channels_test_prints_the_services_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test message arrives, marked as one; a refusal is exit 1 with the service's words."""
    authority = web.Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    with webhook.in_background(webhook.Webhook(authority)) as hook, inbox.in_background(inbox.Inbox(authority)) as box:
        config = commands.write_config(
            tmp_path,
            f'default_route = ["chat"]\n[channels.chat]\nurl = "{hook.channel_url()}"\n'
            f'[channels.mail]\nurl = "{box.channel_url("desk@desk.test")}"\n',
        )
        good = commands.call("channels", "test", "chat", "--config", config)
        mail = commands.call("channels", "test", "mail", "--config", config, "--json")
        hook.script += [webhook.says("no_service", 404)]
        refused = commands.call("channels", "test", "chat", "--config", config)

    assert (good.code, mail.code, refused.code) == (0, 0, 1)
    assert "sent: 200" in good.out
    assert "Test of Wirewatch" in str(hook.accepted[0])
    assert "Test of Wirewatch" in box.mails[0].text
    assert mail.json[0]["outcome"] == "sent"
    assert "no_service" in refused.out


def test_channels_test_of_an_unknown_name(tmp_path: Path) -> None:
    """A name that is not there is wrong usage, and the known ones are named."""
    done = commands.call("channels", "test", "chat", "--config", commands.write_config(tmp_path))

    assert done.code == 2
    assert "there is console" in done.err


# -- db ----------------------------------------------------------------------------------------------


def test_db_upgrade_makes_a_database_once(tmp_path: Path) -> None:
    """The first call makes the schema, the second finds it up to date."""
    config = commands.write_config(tmp_path)

    first = commands.call("db", "upgrade", "--config", config, "--json")
    second = commands.call("db", "upgrade", "--config", config)

    assert first.json["before"] is None
    assert "up to date" in second.out


def test_db_upgrade_leaves_a_running_daemons_database_alone(tmp_path: Path) -> None:
    """Where the lock is held the upgrade is refused, exit 5, and reading goes on."""
    config = commands.write_config(tmp_path)
    commands.call("db", "upgrade", "--config", config)
    engine = database.open_engine(load(config).database)

    with hold.exclusive(engine):
        upgrade = commands.call("db", "upgrade", "--config", config)
        reading = commands.call("alerts", "list", "--config", config)

    engine.dispose()
    assert (upgrade.code, reading.code) == (5, 0)
    assert "another wirewatch holds" in upgrade.err


def test_db_backup_is_a_whole_database(archive: commands.Archive, tmp_path: Path) -> None:
    """The copy opens and holds the same rows; a file that exists is never overwritten."""
    target = tmp_path / "copy.db"

    done = commands.call("db", "backup", target, "--config", archive.config)
    again = commands.call("db", "backup", target, "--config", archive.config)

    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
    assert (done.code, again.code) == (0, 2)
    assert "exists already" in again.err


def test_db_stats_counts_rows(archive: commands.Archive) -> None:
    """Sizes and counts, for people and programs."""
    done = commands.call("db", "stats", "--config", archive.config, "--json")

    assert done.json["tables"]["articles"] == 2
    assert done.json["without_text"] == {}
    assert done.json["bytes"] > 0


def test_newer_database_is_left_alone(tmp_path: Path) -> None:
    """A schema that this version does not know is exit 4, for readers and writers."""
    config = commands.write_config(tmp_path)
    commands.call("db", "upgrade", "--config", config)
    execute(tmp_path / "data" / "wirewatch.db", "UPDATE alembic_version SET version_num = '9999'")

    codes = [commands.call(*c, "--config", config).code for c in (("alerts", "list"), ("alerts", "resend", "1"))]

    assert codes == [4, 4]


def test_damaged_database_is_exit_3(tmp_path: Path) -> None:
    """A file that is no database is named, and nothing is put in its place."""
    config = commands.write_config(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wirewatch.db").write_bytes(b"not a database at all" * 100)

    done = commands.call("alerts", "list", "--config", config)

    assert done.code == 3
    assert "is damaged" in done.err
