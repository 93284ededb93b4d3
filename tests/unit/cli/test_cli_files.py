"""Commands that need no archive: check, rules, explain on files, replay, extract, feeds check, health."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support import commands

HEAVY = ("trafilatura", "apprise", "feedparser", "sqlalchemy", "lingua", "aiohttp", "monitor.app")
SEED = commands.ROOT / "seeds" / "000_e3e790c69237bad8.txt"


# -- the command itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("--help",), ("health", "--help"), ("health",), ("rules", "--help")])
def test_light_commands_import_no_heavy_library(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Help and the container's health check start without the libraries of the daemon."""
    commands.write_config(tmp_path, '[web]\nlisten = "127.0.0.1:1"\n')
    code = f"import sys; from monitor import cli; cli.run_command({arguments!r}); print(*sys.modules, file=sys.stderr)"

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert set(done.stderr.split()) & set(HEAVY) == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("replay",), "Missing argument"),
        (("rules", "lint", "--stirct"), "No such option"),
        (("replay", "x", "--only", "magic"), "magic"),
        (("explain", "a", "b", "c"), "explain PACK ARTICLE"),
    ],
)
def test_usage_errors_exit_2_with_a_line(arguments: tuple[str, ...], said: str) -> None:
    """Wrong usage names what is wrong and exits with 2."""
    done = commands.call(*arguments)

    assert done.code == 2
    assert said in done.err


def test_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """`wirewatch replay ... | head -1` prints no traceback."""
    lines = tmp_path / "many.jsonl"
    lines.write_text("".join(json.dumps({"id": str(n), "title": "t", "text": "x" * 200}) + "\n" for n in range(2000)))
    commands.write_config(tmp_path)
    command = f"{sys.executable} -m monitor replay {lines} --rules rules --json | head -1"

    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


# -- check -----------------------------------------------------------------------------------------


def test_check_counts_what_is_well(tmp_path: Path) -> None:
    """Without a fault, one line says what there is."""
    config = commands.write_config(tmp_path, '[[feeds]]\nurl = "https://a.example/feed"\n')

    done = commands.call("check", "--config", config)

    assert (done.code, done.out) == (0, "ok: 1 feeds, 1 packs, 0 channels\n")


def test_check_shows_every_fault_of_every_file(tmp_path: Path) -> None:
    """Faults of config.toml do not hide those of the rules, each with a place that opens."""
    config = commands.write_config(tmp_path, '[polling]\nevry = "5m"\n[channels.x]\nurl = "nonsense"\n', "format: 1\n")
    (tmp_path / "rules" / "entities").mkdir()
    (tmp_path / "rules" / "entities" / "bad.yaml").write_text("format: 1\nentities: {a: 1}\n")

    done = commands.call("check", folder=tmp_path)

    assert done.code == 1
    assert "config.toml:5:" in done.out
    assert "did you mean" in done.out
    assert "config.toml:7:" in done.out
    assert "rules/packs/move.yaml:1" in done.out
    assert "rules/entities/bad.yaml:2" in done.out
    assert config.exists()


@pytest.mark.parametrize("missing", ["config.toml", "rules"])
def test_check_exits_2_where_there_is_nothing_to_check(tmp_path: Path, missing: str) -> None:
    """A file that cannot be read is another fault than a file with faults."""
    commands.write_config(tmp_path)
    (tmp_path / missing).rename(tmp_path / "elsewhere")

    done = commands.call("check", "--config", tmp_path / "config.toml", "--json")

    assert done.code == 2
    assert done.json["faults"][0]["code"] in ("unreadable_file", "rules_unreadable")


def test_check_opens_channels(tmp_path: Path) -> None:
    """A channel that no sender takes is found before the daemon starts, and its secret is not shown."""
    config = commands.write_config(tmp_path, 'default_route = ["x"]\n[channels.x]\nurl = "slack://s3cr3t"\n')

    done = commands.call("check", "--config", config)

    assert done.code == 1
    assert "channel x" in done.out
    assert "s3cr3t" not in done.out + done.err


# -- rules -----------------------------------------------------------------------------------------


def test_rules_lint_fails_for_errors_only(tmp_path: Path) -> None:
    """Warnings pass, unless `--strict` asks for more; an error always fails."""
    commands.write_config(tmp_path, pack=commands.PACK.replace("owner: desk\n", ""))
    warned = commands.call("rules", "lint", "--rules", tmp_path / "rules")
    strict = commands.call("rules", "lint", "--rules", tmp_path / "rules", "--strict")
    commands.write_config(tmp_path, pack=commands.PACK.replace("any:", "ayn:"))

    wrong = commands.call("rules", "lint", "--rules", tmp_path / "rules", "--json")

    assert (warned.code, strict.code, wrong.code) == (0, 1, 1)
    assert "W701" in warned.out
    assert any(fault["code"] == "E103" and fault["line"] == 6 for fault in wrong.json)


def test_rules_test_names_place_and_nearest_clause(tmp_path: Path) -> None:
    """A failing test is one line: file, line, and the clause that failed."""
    commands.write_config(tmp_path, pack=commands.PACK.replace("The resettlement plan", "The plan"))

    done = commands.call("rules", "test", folder=tmp_path)

    assert done.code == 1
    assert done.out.startswith("rules/packs/move.yaml:9:")
    assert "must match, but does not: rule core" in done.out
    assert done.out.endswith("3 passed, 1 failed\n")


def test_rules_test_passes(tmp_path: Path) -> None:
    """All tests of a good pack pass; the counts are there for programs."""
    commands.write_config(tmp_path)

    done = commands.call("rules", "test", "--rules", tmp_path / "rules", "--json")

    assert done.code == 0
    assert (done.json["passed"], done.json["failures"]) == (4, [])


def test_rules_list_says_what_is_off(tmp_path: Path) -> None:
    """A pack with an error that never was good is off, with the reason."""
    commands.write_config(tmp_path)
    (tmp_path / "rules" / "packs" / "bad.yaml").write_text("format: 1\npack: bad\nrules: 7\n")

    done = commands.call("rules", "list", "--json", folder=tmp_path)

    assert [pack["pack"] for pack in done.json["packs"]] == ["move"]
    assert [rule["rule"] for rule in done.json["packs"][0]["rules"]] == ["core"]
    assert "packs/bad.yaml:3" in done.json["off"]["bad"]


# -- explain on files ------------------------------------------------------------------------------


def test_explain_reads_text_html_and_standard_input(tmp_path: Path) -> None:
    """The same article in three forms gets the same judgement."""
    commands.write_config(tmp_path)
    (tmp_path / "a.txt").write_text("The plan\nA resettlement was announced.")
    (tmp_path / "a.html").write_text(f"<html><title>The plan</title><p>A resettlement was announced. {commands.LONG}")

    text = commands.call("explain", "move", "a.txt", "--json", folder=tmp_path)
    html = commands.call("explain", "move", "a.html", "--json", folder=tmp_path)
    piped = commands.call("explain", "move", "-", stdin=b"The plan\nNothing was announced.", folder=tmp_path)

    assert text.json["matched"] is True
    assert html.json["matched"] is True
    assert piped.code == 0
    assert "no match" in piped.out
    assert "not found" in piped.out


def test_explain_of_the_seed_report() -> None:
    """Why the seed report fires, with the words, from the shipped rules alone."""
    done = commands.call("explain", "resettlement", SEED, "--rules", commands.ROOT / "rules")

    assert "MATCH" in done.out
    assert '"mass migration' in done.out


def test_explain_names_the_packs_there_are(tmp_path: Path) -> None:
    """An unknown pack is a usage error that names the known ones."""
    commands.write_config(tmp_path)

    done = commands.call("explain", "moove", "-", folder=tmp_path, stdin=b"x")

    assert done.code == 2
    assert "there is move" in done.err


# -- replay ----------------------------------------------------------------------------------------


def test_replay_goes_on_after_a_bad_line(tmp_path: Path) -> None:
    """A bad line is named by file and number, the others are judged, and the exit code is 1."""
    commands.write_config(tmp_path)
    good = '{"id": "a1", "title": "A resettlement", "text": "x", "lang": "en"}\n'
    (tmp_path / "in.jsonl").write_text(good + "oops\n" + good.replace("a1", "a2"))

    done = commands.call("replay", "in.jsonl", "--rules", "rules", "--json", folder=tmp_path)

    assert done.code == 1
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["a1", "a2"]
    assert [json.loads(line)["decision"] for line in done.out.splitlines()] == ["alert", "suppressed"]
    assert done.err.startswith("in.jsonl:2: not JSON")


def test_replay_needs_no_configuration_with_rules(tmp_path: Path) -> None:
    """`--rules` and standard input are enough."""
    commands.write_config(tmp_path)
    (tmp_path / "config.toml").unlink()

    done = commands.call(
        "replay", "-", "--rules", "rules", folder=tmp_path, stdin=b'{"id": "a", "title": "resettlement", "text": ""}'
    )

    assert done.code == 0
    assert "move alert (first_report)" in done.out


def test_replay_knows_the_feeds_of_the_configuration(tmp_path: Path) -> None:
    """A `source` that is a feed's id has that feed's tags, so that rules about its group apply."""
    feed = '[[feeds]]\nurl = "https://a.example/feed"\nid = "pilot"\ntags = ["coast"]\n'
    commands.write_config(
        tmp_path, feed, commands.PACK.replace("severity: high", "severity: high, sources: {allow: ['group:coast']}")
    )
    pack = tmp_path / "rules" / "packs" / "move.yaml"
    pack.write_text(pack.read_text().partition("tests:")[0])  # they name no source, so they would fail
    line = '{"id": "%s", "title": "resettlement", "text": "", "source": "%s"}\n'

    done = commands.call("replay", "-", folder=tmp_path, stdin=(line % ("a", "pilot") + line % ("b", "other")).encode())

    assert [row.split()[2] for row in done.out.splitlines()] == ["alert", "none"]


def test_replay_says_which_pack_is_off_and_fails(tmp_path: Path) -> None:
    """Judging without a pack must not look like judging with it."""
    commands.write_config(tmp_path, pack=commands.PACK.replace("The resettlement plan", "The plan"))

    done = commands.call("replay", "-", "--rules", "rules", folder=tmp_path, stdin=b"")

    assert done.code == 1
    assert "pack move is off" in done.err


# -- extract and feeds check -----------------------------------------------------------------------


def test_extract_prints_the_documented_keys(tmp_path: Path) -> None:
    """The JSON of a page has the contract's keys; a page without text fails."""
    page = tmp_path / "a.html"
    page.write_text(
        f"<html lang='en'><title>The plan</title><article><h1>The plan</h1><p>{commands.LONG}</p></article>"
    )
    (tmp_path / "none.html").write_text("<html></html>")

    done = commands.call("extract", page, "--json", "--url", "https://gazette.example/plan")
    empty = commands.call("extract", tmp_path / "none.html")

    contract = ["title", "text", "lang", "author", "published", "url", "canonical_url", "partial"]
    assert list(done.json) == [*contract, "partial_reason", "text_from"]
    assert (done.json["partial_reason"], done.json["text_from"]) == (None, "page")
    assert (done.json["title"], done.json["url"]) == ("The plan", "https://gazette.example/plan")
    assert empty.code == 1
    assert "no article text" in empty.err


def test_extract_says_where_the_text_came_from_and_why_it_is_partial(tmp_path: Path) -> None:
    """A paid page that shows little gives the text that it states for machines, and says both."""
    stated = '{"@type": "NewsArticle", "isAccessibleForFree": false, "articleBody": "' + commands.LONG + '"}'
    page = tmp_path / "a.html"
    page.write_text(
        f"<html lang='en'><title>The plan</title><script type='application/ld+json'>{stated}</script><p>Subscribe.</p>"
    )

    data = commands.call("extract", page, "--json").json
    shown = commands.call("extract", page).out

    assert (data["partial"], data["partial_reason"], data["text_from"]) == (True, "paid", "json_ld")
    assert "text from: the article's text as the page states it for machines" in shown
    assert "partial: the page says that it is for subscribers" in shown


def test_extract_says_what_a_page_is_that_is_no_article(tmp_path: Path) -> None:
    """A page that says "not found" is refused in words, not shown as an article."""
    page = tmp_path / "a.html"
    page.write_text("<title>Page not found</title><h1>Page not found</h1><p>" + "Go back and try the search. " * 4)

    done = commands.call("extract", page)

    assert done.code == 1
    assert "it says that there is no such page" in done.err


FEED = """<rss version="2.0"><channel><title>Gazette</title>
<item><title>Plan</title><link>https://gazette.example/plan?utm_source=rss</link><guid>17</guid>
<pubDate>Mon, 10 Mar 2025 12:00:00 GMT</pubDate></item><item></item></channel></rss>"""


def test_feeds_check_shows_entries_as_the_monitor_sees_them(tmp_path: Path) -> None:
    """Identity keys, link, date, and what was dropped with the reason."""
    (tmp_path / "feed.xml").write_text(FEED)

    done = commands.call("feeds", "check", tmp_path / "feed.xml", "--json")
    shown = commands.call("feeds", "check", tmp_path / "feed.xml")

    [entry] = done.json["entries"]
    assert (entry["keys"]["guid"], entry["keys"]["url"]) == ("17", "https://gazette.example/plan")
    assert entry["published"] == "2025-03-10T12:00:00Z"
    assert "neither title, text nor link" in done.json["dropped"][0]
    assert "known by guid 17" in shown.out


def test_feeds_check_finds_the_feeds_behind_a_page(tmp_path: Path) -> None:
    """A page is no feed, but names some; a page that names none fails."""
    page = tmp_path / "page.html"
    page.write_text('<html><link rel="alternate" type="application/rss+xml" href="https://gazette.example/rss">')
    (tmp_path / "other.html").write_text("<html><p>nothing</p>")

    found, none = commands.call("feeds", "check", page), commands.call("feeds", "check", tmp_path / "other.html")

    assert (found.code, "https://gazette.example/rss" in found.out) == (0, True)
    assert none.code == 1


# -- health ----------------------------------------------------------------------------------------


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Answer every GET with `status`, and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(b"words")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_health_is_what_the_daemon_answers(tmp_path: Path, host: str, status: int, code: int) -> None:
    """0 for a daemon that is well, 1 for one that is not; an address for all interfaces is asked on loopback."""
    with answering(status) as port:
        config = commands.write_config(tmp_path, f'[web]\nlisten = "{host}:{port}"\n')

        done = commands.call("health", "--config", config)

    assert done.code == code


def test_health_fails_where_nobody_listens_or_answers(tmp_path: Path) -> None:
    """A refused connection and a silent one are both exit 1, the silent one after the time asked for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = commands.write_config(tmp_path, f'[web]\nlisten = "127.0.0.1:{port}"\n')
        mute = commands.call("health", "--config", config, "--timeout", "0.2")

    refused = commands.call("health", "--config", config)

    assert (mute.code, refused.code) == (1, 1)
    assert "no daemon answers" in refused.err


def test_health_asks_where_it_is_told(tmp_path: Path) -> None:
    """A member that was started with `--listen` is asked there; what is no address is refused."""
    config = commands.write_config(tmp_path, '[web]\nlisten = "127.0.0.1:1"\n')
    with answering(200) as port:
        done = commands.call("health", "--config", config, "--listen", f"0.0.0.0:{port}")

    refused = commands.call("health", "--config", config, "--listen", "nowhere")

    assert (done.code, refused.code) == (0, 2)
    assert "--listen is not host:port" in refused.err


def test_health_does_not_mind_faults_elsewhere(tmp_path: Path) -> None:
    """A fault saved into config.toml leaves the daemon on its old configuration: it is well."""
    with answering(200) as port:
        config = commands.write_config(tmp_path, f'[web]\nlisten = "127.0.0.1:{port}"\n[polling]\nevry = 1\n')

        done = commands.call("health", "--config", config)

    assert done.code == 0
