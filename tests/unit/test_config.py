"""config.toml: what is read, what is refused, and how it is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor import config, config_schema
from monitor.errors import ConfigError, Fault

ROOT = Path(__file__).resolve().parents[2]
Load = Callable[..., config.Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that loads a text as config.toml."""

    def load_text(text: str, environ: Mapping[str, str] | None = None) -> config.Config:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return config.load(file, environ or {})

    return load_text


@pytest.fixture
def faults(load: Load) -> Callable[..., list[Fault]]:
    """Return a function that gives the faults of a text."""

    def faults_of(text: str, environ: Mapping[str, str] | None = None) -> list[Fault]:
        with pytest.raises(ConfigError) as caught:
            load(text, environ)
        return list(caught.value.faults)

    return faults_of


def _said(found: list[Fault]) -> list[tuple[int | None, int | None, str]]:
    return [(fault.line, fault.column, fault.code) for fault in found]


# -- what is read --------------------------------------------------------------------------------


def test_empty_file_is_a_configuration(load: Load, tmp_path: Path) -> None:
    """Every key has a default, so that an empty file runs."""
    found = load("")

    assert found.database == f"sqlite:///{tmp_path}/data/wirewatch.db"
    assert found.rules == tmp_path / "rules"
    assert (found.polling.every, found.polling.min_every, found.polling.concurrency) == (600.0, 60.0, 64)
    assert (found.web.host, found.web.port) == ("127.0.0.1", 8080)


def test_every_key_reaches_its_setting(load: Load) -> None:
    """What the file says is what the frozen configuration holds."""
    found = load(
        """
        [monitor]
        database = "postgresql://u:p@db/wire"
        rules = "/etc/rules"
        timezone = "Asia/Jerusalem"
        default_route = ["desk", "console"]
        ops_channel = "desk"
        [polling]
        every = "2d"
        min_every = "90s"
        backfill = 3
        daily_entries = 900
        allow_private = ["10.1.2.3:8080", "127.0.0.0/8", "[::1]:99", "news.local:80"]
        concurrency = 8
        per_host = 1
        contact = "desk@example.org"
        [[feeds]]
        url = "https://example.org/feed"
        id = "ex"
        name = "Example"
        newsroom = "Example Group"
        lang = "HE"
        country = "il"
        side = "left"
        tags = ["a", "b"]
        trusted = false
        candidate = true
        every = "6h"
        backfill = 5
        daily_entries = 50
        headers = { X-Key = "k-value" }
        user = "reader"
        password = "pass-word"
        [channels.desk]
        url = "console://"
        rate = "30 per 1m"
        [web]
        listen = "[::1]:0"
        metrics = "0123456789abcdef"
        [ops]
        heartbeat_url = "http://10.0.0.1:8000/ping/a-b-c"
        """
    )

    feed = found.feeds[0]
    assert found.database == "postgresql+psycopg://u:p@db/wire"
    assert (found.rules, found.timezone, found.ops_channel) == (Path("/etc/rules"), "Asia/Jerusalem", "desk")
    assert found.default_route == ("desk", "console")
    assert (found.polling.every, found.polling.min_every, found.polling.backfill) == (172_800.0, 90.0, 3)
    assert (found.polling.daily_entries, feed.daily_entries, feed.trusted) == (900, 50, False)
    assert found.polling.allow_private == ("10.1.2.3:8080", "127.0.0.0/8", "[::1]:99", "news.local:80")
    assert (found.polling.concurrency, found.polling.per_host, found.polling.contact) == (8, 1, "desk@example.org")
    assert (feed.id, feed.name, feed.newsroom, feed.side) == ("ex", "Example", "Example Group", "left")
    assert (feed.lang, feed.country, feed.tags, feed.candidate) == ("he", "IL", ("a", "b"), True)
    assert (feed.every, feed.backfill, feed.user) == (21_600.0, 5, "reader")
    assert feed.headers["X-Key"].get_secret_value() == "k-value"
    assert feed.password == SecretStr("pass-word")
    assert feed.place.endswith("config.toml:17")
    assert found.channels["desk"].rate == config.Rate(30, 60.0)
    assert found.web == config.WebSettings("::1", 0, SecretStr("0123456789abcdef"))
    assert found.ops == config.OpsSettings(SecretStr("http://10.0.0.1:8000/ping/a-b-c"))


def test_feed_needs_only_its_address(load: Load) -> None:
    """The host names a feed that has no name, and the name gives newsroom and id."""
    found = load('[[feeds]]\nurl = "https://News.Example.org/feed"')

    feed = found.feeds[0]
    assert (feed.name, feed.newsroom, feed.id) == ("news.example.org", "news.example.org", "news-example-org")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("World Israel News", "world-israel-news"),
        ("هآرتس — عربي", "هآرتس-عربي"),
        ("  Süddeutsche  ", "süddeutsche"),
        ("ＢＢＣ", "bbc"),
        ("!?", ""),
    ],
)
def test_slug_keeps_the_letters_of_every_script(name: str, expected: str) -> None:
    """An id is made of letters and digits of any script, lower case, with hyphens between."""
    assert config.slug(name) == expected


def test_slug_drops_no_vowel_marks() -> None:
    """Marks are part of words in Indic scripts and pointed Hebrew."""
    assert config.slug("हिन्दी") == "हिन्दी"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sqlite:////var/lib/w.db", "sqlite:////var/lib/w.db"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_database_takes_the_usual_spellings(load: Load, written: str, expected: str) -> None:
    """Absolute files stay, and every spelling of PostgreSQL means psycopg 3."""
    assert load(f'[monitor]\ndatabase = "{written}"').database == expected


def test_relative_database_lies_beside_the_file(load: Load, tmp_path: Path) -> None:
    """Relative paths start from config.toml, wherever the command was started."""
    assert load('[monitor]\ndatabase = "sqlite:///../w.db"').database == f"sqlite:///{tmp_path.parent}/w.db"


def test_byte_order_mark_and_carriage_returns_do_not_matter(tmp_path: Path) -> None:
    """A file saved on Windows is read, and places in it are right."""
    file = tmp_path / "config.toml"
    file.write_bytes('\ufeff[monitor]\r\nruels = "x"\r\n'.encode())

    with pytest.raises(ConfigError) as caught:
        config.load(file, {})

    assert _said(list(caught.value.faults)) == [(2, 1, "unknown_key")]


def test_shipped_file_runs_as_it_is() -> None:
    """The config.toml of the repository references no variable, names no channel, and lists feeds."""
    found = config.load(ROOT / "config.toml", {})

    assert "https://worldisraelnews.com/feed/" in {feed.url for feed in found.feeds}
    assert config.effective_route(found) == ("console",)


def test_image_file_runs_as_it_is(tmp_path: Path) -> None:
    """The config.toml of the container does too, with the repository's feed list beside it."""
    (tmp_path / "config.toml").write_bytes((ROOT / "docker" / "config.toml").read_bytes())
    (tmp_path / "feeds.opml").write_bytes((ROOT / "feeds.opml").read_bytes())

    found = config.load(tmp_path / "config.toml", {})

    assert found.database == "sqlite:////data/wirewatch.db"


# -- finding -------------------------------------------------------------------------------------


def test_find_prefers_what_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config wins over ./config.toml, which wins over the environment."""
    monkeypatch.chdir(tmp_path)
    environ = {"WIREWATCH_CONFIG": "/etc/elsewhere.toml"}

    from_environ = config.find(None, environ)
    (tmp_path / "config.toml").touch()
    from_folder = config.find(None, environ)
    named = config.find(Path("mine.toml"), environ)

    assert (from_environ, from_folder, named) == (Path("/etc/elsewhere.toml"), Path("config.toml"), Path("mine.toml"))


def test_find_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any file the error names the three ways to give one."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"no_config .*--config FILE, or set WIREWATCH_CONFIG"):
        config.find(None, {})


def test_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    """A missing file is told apart from a faulty one by its code."""
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "none.toml", {})

    assert [fault.code for fault in caught.value.faults] == ["unreadable_file"]


def test_file_that_is_not_utf8_names_the_place(tmp_path: Path) -> None:
    """A file in another encoding is refused where it stops being UTF-8."""
    file = tmp_path / "config.toml"
    file.write_bytes(b'[monitor]\nrules = "r\xe8gles"\n')

    with pytest.raises(ConfigError) as caught:
        config.load(file, {})

    assert _said(list(caught.value.faults)) == [(2, 11, "encoding")]


# -- what is refused -----------------------------------------------------------------------------


def test_every_fault_is_told_at_once(faults: Callable[..., list[Fault]]) -> None:
    """One reading finds the faults of all tables, of values beside faulty keys, and of what ties tables together."""
    found = faults(
        """[monitr]
[monitor]
database = "mysql://h/d"
timezone = "Asia/Jerusalm"
default_route = ["slak"]
[polling]
every = "10"
concurrency = "64"
[[feeds]]
name = "no address"
[[feeds]]
url = "ftp://example.org/x"
lang = "eng"
[channels.slack]
url = "${NOPE}"
rate = "fast"
[web]
listen = "8080"
"""
    )

    assert _said(found) == [
        (1, 2, "unknown_key"),
        (3, 12, "bad_database"),
        (4, 12, "unknown_timezone"),
        (5, 18, "unknown_channel"),
        (7, 9, "bad_duration"),
        (8, 15, "wrong_type"),
        (9, 1, "missing_key"),
        (12, 7, "bad_url"),
        (13, 8, "bad_language"),
        (15, 7, "missing_variable"),
        (16, 8, "bad_rate"),
        (18, 10, "bad_listen"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("[polling]\nbackfil = 1", "2:1", "unknown_key unknown key `backfil` (did you mean `backfill`?)"),
        ("[monitor]\nevery = '1m'", "2:1", "unknown_key unknown key `every` (it belongs under [polling])"),
        ("[chanels.x]\nurl='a://'", "1:2", "unknown_key unknown key `chanels` (did you mean `channels`?)"),
        ("quiet = 1", "1:1", "unknown_key unknown key `quiet` (it belongs under [channels])"),
        (
            "[monitor]\ndefault_route=['x']\n[channels.x]\nurl='a://'\nquiet='22:00'",
            "5:7",
            "bad_quiet `22:00` names no quiet hours (write ",
        ),
        (
            "[monitor]\ndefault_route=['x']\n[channels.x]\nurl='a://'\ndigest='daily'",
            "5:8",
            "bad_digest `daily` is no time for a digest (write ",
        ),
        (
            "[monitor]\ndefault_route=['x']\n[channels.x]\nurl='a://'\nbudget=0",
            "5:8",
            "out_of_range `0` is too small (write 1 or more)",
        ),
        ("[[routes]]\nchannels=['x']", "2:11", "unknown_channel there is no channel `x` (declare it as"),
        ("[[routes]]\nchannels=[]", "2:10", "empty_value this list is empty (name at least one)"),
        ("[[routes]]\npack='x'", "1:1", "missing_key the key `channels` is missing"),
        (
            "[[routes]]\nchannels=['console']\nseverity='hihg'",
            "3:10",
            "bad_severity `hihg` is no severity (did you mean",
        ),
        ("[ops]\nheartbeat_url='ftp://a.b/'", "2:15", "bad_url this is no web address, or it holds a login or a space"),
        (
            "[ops]\nheartbeat='http://a.b/'",
            "2:1",
            "unknown_key unknown key `heartbeat` (did you mean `heartbeat_url`?)",
        ),
        ("[retention]\na=1", "2:1", "unknown_key unknown key `a`"),
        ("[retention]\narticles='2d'", "2:10", "short_retention `2d` is too short"),
        ("[web]\npassword='short'", "2:10", "weak_password this password is too short"),
        ("[web]\npassword='$argon2id$v=19$m=1'", "2:10", "bad_password this begins like an argon2 hash"),
        ("[web]\nallowed_hosts=['http://wire.lan']", "2:16", "bad_host `http://wire.lan` is no host name"),
        ("[web]\nproxy_header='X-User'", "2:14", "no_proxy `proxy_header` is believed of nobody"),
        ("[web]\nproxy_header='Cookie'\ntrusted_proxies=['::1']", "2:14", "bad_header `Cookie` cannot name a user"),
        ("[web]\ntrusted_proxies=['::1']", "2:17", "no_header `trusted_proxies` has no use"),
        (
            "[web]\nproxy_header='X-User'\ntrusted_proxies=['0.0.0.0/0']",
            "3:18",
            "bad_proxy `0.0.0.0/0` is no address or network of a proxy",
        ),
        ("[[feeds]]\nurl='http://a.b/'\ntrusted='no'", "3:9", "wrong_type this value is of the wrong kind (write true"),
        ("[polling]\ndaily_entries = 0", "2:17", "out_of_range `0` is too small (write 1 or more)"),
        ("[polling]\nbackfill = -1", "2:12", "out_of_range `-1` is too small (write 0 or more)"),
        ("[polling]\nper_host = 1000", "2:12", "out_of_range `1000` is too large (write 64 or less)"),
        ("[polling]\nbackfill = true", "2:12", "wrong_type this value is of the wrong kind (write a whole number"),
        ("[polling]\nevery = 600", "2:9", "bad_duration a duration is text with its unit (write a number and s"),
        ("[polling]\nevery = '0s'", "2:9", "bad_duration `0s` is not a duration"),
        ("[polling]\nevery = '500d'", "2:9", "bad_duration `500d` is not a duration"),
        ("[polling]\nevery = '30s'", "2:9", "every_below_minimum `every` is shorter than `min_every` (60 s)"),
        ("[polling]\nallow_private = ['8.8.8.0/24']", "2:18", "bad_private `8.8.8.0/24` is neither host:port nor a"),
        ("[polling]\nallow_private = ['10.0.0.1:0']", "2:18", "bad_private"),
        ("[[feeds]]\nurl='http://a.b/'\nevery='5s'", "3:7", "every_below_minimum `5s` is shorter than `min_every`"),
        ("[polling]\nallow_private = ['10.0.0.1/8']", "2:18", "bad_private `10.0.0.1/8` is neither"),
        ("[polling]\ncontact = 'me'", "2:11", "bad_contact `me` is neither mail nor web address"),
        ("[polling]\ncontact = 'a@b\\u000aX: y'", "2:11", "bad_contact"),
        ("[monitor]\ndatabase = 'sqlite://'", "2:12", "bad_database this is neither a file for SQLite nor"),
        ("[monitor]\ndatabase = 'sqlite:///:memory:'", "2:12", "bad_database"),
        ("[monitor]\ntimezone = '../etc/passwd'", "2:12", "unknown_timezone"),
        ("[monitor]\ntimezone = ''", "2:12", "unknown_timezone"),
        ("[monitor]\nrules = ''", "2:9", "empty_value this text is empty"),
        ("[monitor]\nops_channel = 'desk'", "2:15", "unknown_channel there is no channel `desk` (declare it as"),
        ("monitor = 3", "1:11", "wrong_type this value is of the wrong kind (write a table)"),
        ("feeds = 3", "1:1", "wrong_type `feeds` is of the wrong kind (write [[feeds]], with two brackets)"),
        ("[feeds]\nurl = 'http://a.b/'", "1:2", "wrong_type `feeds` is of the wrong kind"),
        ("feeds = [3]", "1:10", "wrong_type this value is of the wrong kind (write a table)"),
        ("[[channels]]\nurl='x://'", "1:3", "wrong_type `channels` is of the wrong kind (write [channels.NAME]"),
        ("[feed_lists]\nopml = 'a.opml'", "2:8", "wrong_type this value is of the wrong kind (write a list"),
        ("[feed_lists]\nopml = ['a.opml']", "2:9", "missing_feed_list the feed list `a.opml` cannot be read: No such"),
        ("[[feeds]]\nurl='http://a.b/'\nid='a b'", "3:4", "bad_id `a b` is not an id"),
        ("[[feeds]]\nurl='http://a.b/'\nname=''", "3:6", "bad_text"),
        ("[[feeds]]\nurl='http://a.b/'\nuser='x'", "3:1", "half_login `user` stands here without `password`"),
        ("[[feeds]]\nurl='http://a.b/'\ncountry='Israel'", "3:9", "bad_country `Israel` is not a country code"),
        ("[[feeds]]\nurl='http://a.b/'\nheaders={Host='x'}", "3:9", "bad_header the header 'Host' cannot be set"),
        ("[[feeds]]\nurl='http://2130706433/'", "2:5", "bad_url `http://2130706433/` is not the address of a feed"),
        ("[web]\nlisten = ':8080'", "2:10", "bad_listen `:8080` is not host:port"),
        ("[web]\nlisten = '::1:8080'", "2:10", "bad_listen"),
        ("[web]\nlisten = '127.0.0.1:99999'", "2:10", "bad_listen"),
        ("[web]\nmetrics = 'short'", "2:11", "weak_token this token is too short"),
        ("[web]\npublic_url = 'wire.test'", "2:14", "bad_url `wire.test` is no address of a web site"),
        ("[web]\npublic_url = 'https://wire.test/?a=1'", "2:14", "bad_url `https://wire.test/?a=1` is no address"),
        ("[web]\npublic_url = 'https://u:secret@wire.test'", "2:14", "bad_url this is no address of a web site"),
    ],
)
def test_fault_says_where_what_and_what_instead(
    faults: Callable[..., list[Fault]], text: str, place: str, says: str
) -> None:
    """Each fault names line and column, says what is wrong in plain words, and what to write."""
    found = faults(text)

    assert len(found) == 1
    assert f"{found[0].line}:{found[0].column}" == place
    assert says in str(found[0])
    assert found[0].fix


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 65, "-x"])
def test_channel_name_is_a_plain_word(faults: Callable[..., list[Fault]], name: str) -> None:
    """A channel's name stands in routes, logs and metrics, so it is a plain word."""
    found = faults(f'[monitor]\ndefault_route = ["console"]\n[channels."{name}"]\nurl = "console://"')

    assert _said(found) == [(3, 11, "bad_name")]


def test_channels_without_a_default_route_are_a_fault(faults: Callable[..., list[Fault]]) -> None:
    """A channel that nobody routes to would be silence; the fault says what to write."""
    found = faults('[monitor]\nrules = "r"\n[channels.desk]\nurl = "console://"')

    assert _said(found) == [(1, 1, "no_default_route")]
    assert 'default_route = ["desk"]' in str(found[0])


def test_feed_declared_twice_is_a_fault(faults: Callable[..., list[Fault]]) -> None:
    """The same address twice, however spelled, and the same id twice are told with the other's place."""
    found = faults(
        '[[feeds]]\nurl = "https://a.example/feed"\nname = "A"\n'
        '[[feeds]]\nurl = "HTTPS://A.example:443/feed#x"\nname = "B"\n'
        '[[feeds]]\nurl = "https://a.example/other"\nname = "a"\n'
    )

    assert _said(found) == [(5, 7, "duplicate_feed"), (7, 1, "duplicate_id")]
    assert "config.toml:1" in found[0].message


# -- from outside --------------------------------------------------------------------------------


def test_reference_is_filled_from_the_environment(load: Load) -> None:
    """A value that is a reference as a whole is taken as it is; inside an address it is percent-encoded."""
    found = load(
        '[monitor]\ndefault_route = ["a"]\n[channels.a]\nurl = "${WHOLE}"\n'
        '[channels.b]\nurl = "mailtos://u:${PASS}@h.example"\n[[feeds]]\nurl = "http://a.b/"\nname = "n ${PASS}"',
        {"WHOLE": "slack://A/B/C?x=/", "PASS": "p/@:%ä"},
    )

    assert found.channels["a"].url.get_secret_value() == "slack://A/B/C?x=/"
    assert found.channels["b"].url.get_secret_value() == "mailtos://u:p%2F%40%3A%25%C3%A4@h.example"
    assert found.feeds[0].name == "n p/@:%ä"


def test_reference_is_filled_from_a_file(load: Load, tmp_path: Path) -> None:
    """A file loses one newline at its end and nothing else, and is among the files to watch."""
    (tmp_path / "secret").write_text(" pass word \n")

    found = load('[[feeds]]\nurl = "http://a.b/"\nuser = "u"\npassword = "${file:secret}"')

    assert found.feeds[0].password == SecretStr(" pass word ")
    assert tmp_path / "secret" in found.sources


def test_dollar_brace_can_be_written_plainly(load: Load) -> None:
    """A doubled dollar stands for one, so that a text may hold `${`."""
    assert load('[[feeds]]\nurl = "http://a.b/"\nname = "cost $5 $${x}"').feeds[0].name == "cost $5 ${x}"


@pytest.mark.parametrize("text", ["${", "${}", "${A B}", "${1A}", "${file", "x ${A"])
def test_half_a_reference_is_a_fault(faults: Callable[..., list[Fault]], text: str) -> None:
    """What looks like a reference and is none is refused rather than sent somewhere."""
    found = faults(f'[[feeds]]\nurl = "http://a.b/"\nname = "{text}"', {"A": "a"})

    assert _said(found) == [(3, 8, "bad_reference")]


def test_reference_in_a_comment_is_nothing(load: Load) -> None:
    """Commented examples need no variables."""
    assert load('# url = "${SLACK_URL}"').channels == {}


# -- feed lists ----------------------------------------------------------------------------------

OUTLINES = """<opml version="2.0"><body>
<outline text="News" xmlUrl="https://one.example/rss" language="en-us" country="il" tags="x" every="2h"/>
<outline text="News" xmlUrl="https://two.example/rss"/>
<outline text="Copy" xmlUrl="https://declared.example/feed"/>
<outline text="Broken" xmlUrl="javascript:alert(1)"/>
</body></opml>"""


def test_feed_list_adds_its_feeds(load: Load, tmp_path: Path) -> None:
    """Feeds of a list follow those of the file; a repeated name gets an id that stays the same."""
    (tmp_path / "feeds.opml").write_text(OUTLINES)

    found = load('[[feeds]]\nurl = "https://declared.example/feed"\nname = "D"\n[feed_lists]\nopml = ["feeds.opml"]')

    declared, one, two = found.feeds
    assert (declared.id, one.id) == ("d", "news")
    assert two.id.startswith("news-")
    assert two.id == load('[feed_lists]\nopml = ["feeds.opml"]').feeds[1].id
    assert (one.lang, one.country, one.tags, one.every, one.place) == ("en", "IL", ("x",), 7200.0, "feeds.opml")


def test_oddities_of_a_feed_list_are_warnings(load: Load, tmp_path: Path) -> None:
    """A list made by another program never stops the daemon; what was left out is told."""
    (tmp_path / "feeds.opml").write_text(OUTLINES)

    found = load('[[feeds]]\nurl = "https://declared.example/feed"\nname = "D"\n[feed_lists]\nopml = ["feeds.opml"]')

    assert [fault.code for fault in found.warnings] == ["W_feed_list", "W_duplicate_feed"]
    assert not any(fault.is_error for fault in found.warnings)


@pytest.mark.parametrize("data", ["", "<html></html>", '<!DOCTYPE x [<!ENTITY a "b">]><opml><body/></opml>'])
def test_feed_list_that_is_none_is_a_fault(faults: Callable[..., list[Fault]], tmp_path: Path, data: str) -> None:
    """A file without any feed is a mistake worth stopping for."""
    (tmp_path / "feeds.opml").write_text(data)

    found = faults('[feed_lists]\nopml = ["feeds.opml"]')

    assert _said(found) == [(2, 9, "bad_feed_list")]


# -- routes --------------------------------------------------------------------------------------


def test_alerts_go_to_the_console_without_channels(load: Load) -> None:
    """With nothing configured the console is there, and is the route."""
    found = load("")

    assert config.effective_route(found) == ("console",)
    assert config.effective_channels(found)["console"].url.get_secret_value() == "console://"


def test_declared_channels_stand_beside_the_console(load: Load) -> None:
    """A pack may name the console although other channels are declared; a channel of that name takes its place."""
    found = load('[monitor]\ndefault_route = ["a"]\n[channels.a]\nurl = "x://1"\n[channels.console]\nurl = "y://2"')

    assert config.effective_route(found) == ("a",)
    assert config.effective_channels(found)["console"].url.get_secret_value() == "y://2"


# -- reloading -----------------------------------------------------------------------------------


def test_differences_name_what_changed(load: Load) -> None:
    """A reload learns which feeds and channels came, went and changed, and what waits for a restart."""
    route = '[monitor]\ndefault_route = ["console"]\n'
    feed = '[[feeds]]\nurl = "http://{0}.example/"\nid = "{0}"\n'
    old = load(route + feed.format("a") + feed.format("b") + '[channels.x]\nurl = "x://1"\n[channels.y]\nurl = "y://1"')
    new = load(
        route.replace("[monitor]", '[monitor]\ndatabase = "sqlite:///other.db"')
        + '[polling]\nevery = "5m"\n[web]\nlisten = "127.0.0.1:9"\n'
        + feed.format("b")
        + 'name = "other"\n'
        + feed.format("c")
        + '[channels.x]\nurl = "x://2"\n[channels.z]\nurl = "z://1"'
    )

    changes = config.differences(old, new)

    assert (changes.feeds_added, changes.feeds_removed, changes.feeds_changed) == (("c",), ("a",), ("b",))
    assert (changes.channels_added, changes.channels_removed, changes.channels_changed) == (("z",), ("y",), ("x",))
    assert changes.polling
    assert not changes.routing
    assert changes.restart == ("monitor.database", "web.listen")


def test_moved_lines_change_nothing(load: Load) -> None:
    """A declaration that moved within its file is the same declaration."""
    text = '[[feeds]]\nurl = "http://a.example/"\n'

    changes = config.differences(load(text), load("\n\n# comment\n" + text))

    assert not changes.any


def test_rotated_secret_is_a_changed_channel(load: Load) -> None:
    """A new value behind the same reference is seen."""
    text = '[monitor]\ndefault_route = ["a"]\n[channels.a]\nurl = "${URL}"'

    changes = config.differences(load(text, {"URL": "x://1"}), load(text, {"URL": "x://2"}))

    assert changes == config.Changes(channels_changed=("a",))


def test_heartbeat_is_a_secret_that_a_reload_changes(load: Load) -> None:
    """Whoever knows the address could keep it quiet that the monitor is dead: it is masked, its token by itself too."""
    text = '[ops]\nheartbeat_url = "https://hc.example/${TOKEN}"'
    old, new = (load(text, {"TOKEN": f"{n}a2c-77aa-4be1/x" * 2}) for n in (1, 2))

    assert config.differences(old, new) == config.Changes(heartbeat=True)
    assert old.ops.heartbeat_url == SecretStr("https://hc.example/1a2c-77aa-4be1%2Fx1a2c-77aa-4be1%2Fx")
    assert "1a2c-77aa-4be1/x1a2c-77aa-4be1/x" in config.secrets_of(old)
    assert "1a2c" not in repr(old)


def test_changed_rules_folder_and_token_are_seen(load: Load) -> None:
    """What a reload must carry elsewhere is named by itself."""
    old = load("")

    changes = config.differences(old, replace(old, rules=Path("/other"), timezone="Europe/Paris", ops_channel="x"))

    assert (changes.rules, changes.timezone, changes.routing, changes.metrics_token) == (True, True, True, False)


# -- the manual ----------------------------------------------------------------------------------


def _documented() -> dict[str, set[str]]:
    """Return the keys in the tables of docs/config.md, by the table of the file that their heading names."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^## ", (ROOT / "docs" / "config.md").read_text(), flags=re.MULTILINE):
        heading = re.match(r"`\[+([a-z_]+)", section)
        if heading:
            found[heading[1]] = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    return found


@pytest.mark.parametrize(
    ("web", "codes"),
    [
        ('listen = "0.0.0.0:8080"', ["W_no_password"]),
        ('listen = "0.0.0.0:8080"\npassword = "correct horse battery"', []),
        ('listen = "[::]:8080"\nproxy_header = "X-User"\ntrusted_proxies = ["10.0.0.1"]', []),
        ('listen = "127.0.0.1:8080"', []),
    ],
)
def test_a17_a_closed_dashboard_is_warned_of(load: Load, web: str, codes: list[str]) -> None:
    """A monitor that listens on the network without a login says that its dashboard is closed, and how to open it."""
    found = load(f"[web]\n{web}")

    assert [warning.code for warning in found.warnings] == codes


def test_every_key_is_documented() -> None:
    """docs/config.md has a row for each key of each table, and none for a key that does not exist."""
    assert _documented() == {name: set(model.model_fields) for name, model in config_schema.TABLES.items()}


def test_examples_and_defaults_of_the_manual_are_sound(load: Load) -> None:
    """Every default and every example in the tables of docs/config.md is a value that the key takes."""
    environ = {"KEY": "k", "FEED_PASSWORD": "p", "SLACK_URL": "slack://A/B/C", "METRICS_TOKEN": "t" * 16}
    environ["HEARTBEAT_URL"] = "https://hc.example/x"
    for section in re.split(r"^## ", (ROOT / "docs" / "config.md").read_text(), flags=re.MULTILINE)[1:]:
        table = re.match(r"`(\[+)([a-z_]+)", section)
        for row in re.findall(r"^\| `\w+` \|.*", section, re.MULTILINE) if table else ():
            key, _, default, _, example = (cell.strip(" `") for cell in row.strip("|").split("|"))
            values = [value for value in (default, example) if re.match(r'["\[{\d]|true|false', value)]
            assert values, row
            for value in values:
                if table and key not in (
                    "opml",
                    "template",
                    "default_route",
                    "ops_channel",
                    "user",
                    "password",
                    "channels",
                ):
                    load(_one_key(table[2], key, value), environ)


def _one_key(table: str, key: str, value: str) -> str:
    """Return a file that gives one key of a table, and what must stand beside it."""
    head = {
        "feeds": "[[feeds]]",
        "routes": "[[routes]]",
        "channels": '[monitor]\ndefault_route = ["x"]\n[channels.x]',
    }.get(table, f"[{table}]")
    beside = {
        "feeds": 'url = "http://a.b/"',
        "channels": 'url = "console://"',
        "routes": 'channels = ["console"]',
    }.get(table, "")
    if key == "proxy_header":
        beside = 'trusted_proxies = ["::1"]'
    if key == "trusted_proxies" and value != "[]":
        beside = 'proxy_header = "X-User"'
    return f"{head}\n{'' if beside.startswith(key) else beside}\n{key} = {value}\n"
