"""The pages of rules and the playground, and the API for the same, over HTTP."""

from __future__ import annotations

import asyncio
import html
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from monitor.config import WebSettings
from monitor.errors import WorkerTimeout
from monitor.rules import shelf
from monitor.web.trials import Trials
from tests.support import dashboard, databases, world
from tests.support.dashboard import Site
from tests.support.desk import PACK
from tests.support.trials import InPlace

LOUDER = PACK.replace("severity: normal", "severity: high", 1)


@pytest.fixture(scope="module")
def made(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard whose packs stand in a rule folder, whose files may be saved, and whose workers work in place."""
    folder = tmp_path_factory.mktemp("rules")
    with dashboard.opened(made_databases.sqlite(), folder, web=WebSettings(edit_rules=True)) as site:
        rules = folder / "shelf"
        (rules / "packs").mkdir(parents=True)
        context = site.desk.context
        assert context is not None
        context.setup = replace(context.setup, config=replace(context.setup.config, rules=rules))
        workers = InPlace()
        site.web.trials = Trials(context, lambda settings: workers)  # type: ignore[arg-type, return-value]
        yield site


@pytest.fixture
def rules(made: Site) -> Path:
    """The rule folder, with the pack as it runs."""
    context = made.desk.context
    assert context is not None
    folder = context.setup.config.rules
    for old in (folder / "packs").iterdir():
        old.unlink()
    (folder / "packs" / "move.yaml").write_text(PACK, "utf-8")
    return folder


def ask(site: Site, text: str, do: str, **more: str) -> dashboard.Answer:
    """Ask something of a text as the page does."""
    return site.ask(
        "POST",
        "/playground",
        dashboard.urlencode({"text": text, "do": do, **more}),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "HX-Request": "true",
            "X-CSRF-Token": site.csrf(),
        },
    )


def test_packs_are_listed_with_how_they_stand(made: Site, rules: Path) -> None:
    """The page and the API name each pack with its state, its rules and the alerts of the last 30 days."""
    page = made.get("/rules")
    listed = made.api("GET", "/rules").json["packs"]

    assert page.status == 200
    assert 'href="/rules/move"' in page.text
    assert [(pack["id"], pack["state"]) for pack in listed] == [("move", "good"), ("talks", "good")]
    assert listed[0]["alerts"] > 0
    assert f"{listed[0]['alerts']} alert" in page.text


def test_a_pack_shows_its_source_with_findings_beside_the_lines(made: Site, rules: Path) -> None:
    """The source of a pack stands there line by line; lint's word stands below the line that it is about."""
    broken = PACK.replace("any: [", "any: [$nobody, ", 1)
    (rules / "packs" / "move.yaml").write_text(broken, "utf-8")

    page = made.get("/rules/move")
    source = made.get("/rules/move/source")

    assert page.status == source.status == 200
    assert "The file below is not what runs" in page.text
    line = next(number for number, said in enumerate(broken.split("\n"), 1) if "$nobody" in said)
    after = source.text.split(f'id="line-{line}"')[1]
    assert after.index("E201") < after.index(f'id="line-{line + 1}"')


def test_terms_of_a_pack_are_counted(made: Site, rules: Path) -> None:
    """The terms that made the alerts of a pack stand on its page and in the API with their counts."""
    full = made.api("GET", "/rules/move").json

    assert full["source"] == PACK
    assert full["mark"] == shelf.mark_of(PACK.encode())
    assert any(term["term"] == "resettlement" and term["alerts"] > 0 for term in full["terms"])
    assert made.get("/rules/nothing").status == made.api("GET", "/rules/nothing").status == 404


def test_ratings_of_a_packs_alerts_stand_beside_it_and_its_rules(made: Site, rules: Path) -> None:
    """What readers said counts for the pack and for each rule that told it, on the pages and in the API."""
    number = made.api("GET", "/alerts?pack=move&limit=1").json["alerts"][0]["id"]
    assert made.api("POST", f"/alerts/{number}/rating", {"rating": "useful"}).status == 200

    listed = made.api("GET", "/rules").json["packs"][0]

    assert (listed["rated"], listed["share_useful"]) == (1, 1.0)
    assert {rule["id"]: rule["useful"] for rule in listed["rules"]} == {"core": 1, "loud": 1}
    assert "100 % of 1 rated useful" in made.get("/rules").text
    assert "1 of 1" in made.get("/rules/move").text


def test_a_search_becomes_a_rule(made: Site, rules: Path) -> None:
    """The link below a search opens the playground with a rule of its query, quotes and all, which can run."""
    query = 'title:"committee\'s grant" OR resettlement'
    link = re.search(
        r'href="(/playground\?query=[^"]*)"', made.get(f"/search?{dashboard.urlencode({'q': query})}").text
    )
    assert link

    page = made.get(html.unescape(link[1]))
    text = html.unescape(page.text.split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]).lstrip("\n")

    assert yaml.safe_load(text) == {"query": query}
    assert "it can run" in ask(made, text, "lint").text
    assert "ceasefire" in made.get("/playground").text


def test_what_is_wrong_with_a_text_is_said_as_it_is_typed(made: Site, rules: Path) -> None:
    """An error is told with its code, line and what to write; a sound text can run."""
    wrong = ask(made, "query: grant AND\n", "lint")
    sound = ask(made, PACK, "lint", file="move.yaml")
    told = made.api("POST", "/rules/lint", {"text": "query: grant AND\n"}).json

    assert "E310" in wrong.text
    assert "line 1" in wrong.text
    assert "it can run" in sound.text
    assert [(one["code"], one["line"]) for one in told["findings"]] == [("E310", 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: &a [*a, *a]\n", "E1"), ("{" * 5000, "E1"), ("any: [" + "x" * 100_000, "E1"), ("\x00", "E1")],
)
def test_a_hostile_text_is_a_finding_not_a_fault(made: Site, rules: Path, text: str, code: str) -> None:
    """What no YAML reader likes (anchors, depth, NUL) is told as an error of the text."""
    answer = made.api("POST", "/rules/lint", {"text": text})

    assert answer.status == 200
    assert any(one["code"].startswith(code) for one in answer.json["findings"])


def test_a_text_that_a_worker_chokes_on_is_refused(made: Site, rules: Path) -> None:
    """A text that takes too long ends its worker, and the page says so."""
    workers = InPlace()
    workers.fail["check"] = WorkerTimeout("check took longer than 10 s and was killed")
    before = made.web.trials
    made.web.trials = Trials(made.desk.context, lambda settings: workers)  # type: ignore[arg-type, return-value]

    page, api = ask(made, PACK, "lint"), made.api("POST", "/rules/lint", {"text": PACK})
    made.web.trials = before

    assert "takes too long" in page.text
    assert api.status == 422


def test_a_preview_says_what_the_last_day_would_have_sent(made: Site, rules: Path) -> None:
    """A louder rule moves an alert, which the page and the API name with what is different about it."""
    page = ask(made, LOUDER, "preview", file="move.yaml")
    api = made.api("POST", "/rules/preview", {"text": LOUDER, "file": "move.yaml"}).json

    report = api["report"]
    moved = next(change for change in report["changes"] if change["kind"] == "moved")
    assert moved["why"] == "high instead of normal"
    assert moved["newsroom"] in page.text
    assert "high instead of normal" in page.text
    assert report["alerts"]["live"] == report["recorded"] > 0


def test_a_text_with_errors_is_not_previewed(made: Site, rules: Path) -> None:
    """Beside the findings, a preview says no more than that there are errors; without scripts it shows them."""
    beside = ask(made, "query: grant AND\n", "preview")
    alone = made.post("/playground", text="query: grant AND\n", do="preview")

    assert "Not tried: the text has 1 error." in beside.text
    assert "E310" not in beside.text
    assert "E310" in alone.text


def test_opening_the_page_reads_the_day_that_a_preview_is_of(made: Site, rules: Path) -> None:
    """Who opens the playground waits less for the first preview: its worker is started, and reads the day."""
    calls, before = InPlace(), made.web.trials
    made.web.trials = Trials(made.desk.context, lambda settings: calls)  # type: ignore[arg-type, return-value]

    made.ask("GET", "/playground")
    made.ask("GET", "/playground")
    world.until(lambda: calls.called, 30, "the day is read")
    report = made.api("POST", "/rules/preview", {"text": LOUDER, "file": "move.yaml"}).json["report"]
    made.web.trials = before

    assert calls.called == ["open_day", "prepare", "preview"]
    assert report["alerts"]["live"] == report["recorded"] > 0


def test_an_article_is_explained_with_what_was_found_marked(made: Site, rules: Path) -> None:
    """Why a text matches an article, or does not, is told with the words marked in it; an unknown article is said."""
    fits = ask(made, "any: [resettlement]\n", "explain", article="art-1")
    fails = made.api("POST", "/rules/explain", {"text": "all: [resettlement, zebra]\n", "article": "1"}).json
    nothing = ask(made, "any: [resettlement]\n", "explain", article="art-99999")

    assert "it matches" in fits.text
    assert 'title="resettlement"' in fits.text
    assert fails["matched"] is False
    assert "zebra" in fails["said"]
    assert "no such article" in nothing.text


def wait_for(site: Site, number: str) -> None:
    """Wait until a backtest has ended, however it did."""
    task = site.web.trials.get(number).task
    assert task is not None
    site.call(asyncio.wait([task]))


def test_a_backtest_is_begun_looked_at_and_done(made: Site, rules: Path) -> None:
    """A backtest runs by itself; its page and the API show how far it is, then the report, in one list of the last."""
    begun = made.api("POST", "/backtest", {"text": LOUDER, "file": "move.yaml", "days": 7})
    number = begun.json["id"]
    wait_for(made, number)
    found = made.api("GET", f"/backtest/{number}").json

    assert begun.status == 202
    assert found["state"] == "done"
    assert found["report"]["moved"] == 1
    assert "high instead of normal" in made.get(f"/playground/backtests/{number}").text
    assert number in [one["id"] for one in made.api("GET", "/backtest").json["backtests"]]
    assert made.api("DELETE", f"/backtest/{number}").json["state"] == "done"
    assert made.api("GET", "/backtest/0123456789abcdef").status == 404


def test_a_backtest_of_a_faulty_text_names_the_fault(made: Site, rules: Path) -> None:
    """A text with errors is not tried; the answer names the place."""
    answer = made.api("POST", "/backtest", {"text": "query: grant AND\n"})

    assert answer.status == 422
    assert "AND" in answer.text


def test_what_rules_on_trial_would_have_sent_is_shown_from_live_traffic(
    made_databases: databases.Databases, tmp_path: Path
) -> None:
    """A pack on trial offers what it would have sent: alerts that nobody got, decided as if it were live."""
    packs = {"packs/move.yaml": PACK, "packs/next.yaml": PACK.replace("pack: move", "pack: next\nstatus: test")}
    with dashboard.opened(made_databases.sqlite(), tmp_path, packs=packs) as site:
        workers = InPlace()
        site.web.trials = Trials(site.desk.context, lambda settings: workers)  # type: ignore[arg-type, return-value]

        page = site.get("/rules/next")
        begun = site.post("/rules/next/shadow")
        wait_for(site, begun.headers["location"].rpartition("/")[2])
        shown = site.get(begun.headers["location"]).text

    assert "On trial: core, loud" in page.text
    assert "gained" in shown
    assert "Resettlement" in shown


# -- saving ----------------------------------------------------------------------------------------


def test_a_saved_file_replaces_what_was_seen_and_keeps_a_copy(made: Site, rules: Path) -> None:
    """Saving writes the file at one stroke and keeps what stood there beside the packs."""
    mark = shelf.mark_of(PACK.encode())

    answer = made.post("/playground", text=LOUDER, file="move.yaml", mark=mark, do="save")

    assert answer.status == 303
    assert (rules / "packs" / "move.yaml").read_text("utf-8") == LOUDER
    (copy,) = list((rules / ".backups").glob("move.*"))
    assert copy.read_text("utf-8") == PACK
    copy.unlink()


def test_a_file_that_changed_meanwhile_is_not_overwritten(made: Site, rules: Path) -> None:
    """Where somebody saved the file meanwhile, nothing is written and both texts are shown; then it may be replaced."""
    theirs = PACK + "# a colleague's line\n"
    mark = shelf.mark_of(PACK.encode())
    (rules / "packs" / "move.yaml").write_text(theirs, "utf-8")

    page = made.post("/playground", text=LOUDER, file="move.yaml", mark=mark, do="save")
    api = made.api("POST", "/rules/save", {"text": LOUDER, "file": "move.yaml", "mark": mark})
    kept = (rules / "packs" / "move.yaml").read_text("utf-8")
    over = made.post(
        "/playground", text=LOUDER, file="move.yaml", mark=mark, their_mark=shelf.mark_of(theirs.encode()), do="over"
    )

    assert (page.status, api.status, over.status) == (409, 409, 303)
    assert kept == theirs
    assert "-# a colleague" in page.text.replace("&#39;", "'")
    assert "severity: high" in page.text
    assert (rules / "packs" / "move.yaml").read_text("utf-8") == LOUDER


def test_a_faulty_or_lone_text_is_not_saved(made: Site, rules: Path) -> None:
    """What would not run is not written."""
    mark = shelf.mark_of(PACK.encode())

    broken = made.post("/playground", text="format: 1\npack: move\nrules: 3\n", file="move.yaml", mark=mark, do="save")
    alone = made.post("/playground", text="any: [grant]\n", file="move.yaml", mark=mark, do="save")

    assert (broken.status, alone.status) == (422, 422)
    assert (rules / "packs" / "move.yaml").read_text("utf-8") == PACK


@pytest.mark.parametrize(
    "name",
    ["../../etc/x.yaml", "..%2f..%2fx.yaml", "/tmp/x.yaml", "x.yaml\x00.txt", "packs/x.yaml", ".hidden.yaml",
     "x.txt", "X.yaml", "a" * 90 + ".yaml", "con\nfig.yaml", "x.yaml/"],
)  # fmt: skip
def test_a13_only_names_of_pack_files_are_written(made: Site, rules: Path, name: str, tmp_path: Path) -> None:
    """No traversal, no NUL, no absolute path, no other folder: such names are refused and nothing is written."""
    before = sorted(path.relative_to(rules) for path in rules.rglob("*"))

    page = made.post("/playground", text=PACK, file=name, do="save")
    api = made.api("POST", "/rules/save", {"text": PACK, "file": name})
    shown = made.get(f"/playground?{dashboard.urlencode({'file': name})}")

    assert page.status in (400, 422)
    assert api.status == 422
    assert shown.status == 400
    assert sorted(path.relative_to(rules) for path in rules.rglob("*")) == before


def test_a13_links_are_neither_read_nor_written(made: Site, rules: Path, tmp_path: Path) -> None:
    """A pack file that is a link leads nowhere: what it names is not shown and stays as it is."""
    secret = tmp_path / "secret.yaml"
    secret.write_text("canary: 7c1f\n", "utf-8")
    (rules / "packs" / "linked.yaml").symlink_to(secret)
    os.link(secret, tmp_path / "other.yaml")

    shown = made.get("/playground?file=linked.yaml")
    saved = made.post("/playground", text=PACK.replace("pack: move", "pack: linked"), file="linked.yaml", do="save")

    assert shown.status == 400
    assert "7c1f" not in shown.text
    assert saved.status in (400, 422)
    assert secret.read_text("utf-8") == "canary: 7c1f\n"


def test_nothing_is_written_where_the_configuration_does_not_allow_it(
    made_databases: databases.Databases, tmp_path: Path
) -> None:
    """Without `edit_rules` the text is offered for copying and download, and saving is refused."""
    with dashboard.opened(made_databases.sqlite(), tmp_path, seeded=False) as site:
        page = site.get("/playground")
        saved = site.post("/playground", text=PACK, file="move.yaml", do="save")
        file = site.post("/playground", text=PACK, file="move.yaml", do="download")

    assert 'value="save"' not in page.text
    assert "edit_rules" in page.text
    assert saved.status == 403
    assert file.headers["content-disposition"] == 'attachment; filename="move.yaml"'
    assert file.text == PACK
