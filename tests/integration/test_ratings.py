"""Whether an alert was useful: said at the monitor or on the page behind a mail's link, on both databases."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from monitor.alerts import rating
from monitor.config import WebSettings
from monitor.store import ratings
from monitor.store import schema as tables
from monitor.web import rating as rating_page
from monitor.web import server
from tests.support import commands
from tests.support.desk import Desk, item
from tests.support.health import bare

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> resettlement of the harbour"


class Health:
    """A daemon that is well."""

    def alive(self) -> tuple[bool, str]:
        return True, ""

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        return True, ()


@dataclass(frozen=True)
class Answer:
    """What the daemon's web server answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def headline(self) -> str:
        """The page's heading."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.text)
        return found[1] if found else ""


def ask(desk: Desk, *requests: tuple[str, str, Any]) -> list[Answer]:
    """Send requests (method, path, form) one after another to a server that a network could reach."""

    async def run() -> list[Answer]:
        context = desk.context
        assert context is not None
        page = rating_page.RatingPage(
            desk.store, lambda: context.setup.rating_key, desk.clock.now, lambda: "Asia/Jerusalem"
        )
        running = await server.serve(bare(Health(), (page.route,)), "127.0.0.1", 0)
        answers = []
        async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}") as session:
            for method, path, form in requests:
                async with session.request(method, path, data=form) as answer:
                    answers.append(Answer(answer.status, dict(answer.headers), await answer.text()))
        await running.stop()
        return answers

    return asyncio.run(run())


def given(desk: Desk) -> list[tuple[int, str, str, str]]:
    """Return every rating that is stored."""
    query = sa.select(tables.ratings).order_by(tables.ratings.c.alert_id, tables.ratings.c.by)
    rows = desk.read(lambda c: c.execute(query).all())
    return [(row.alert_id, row.by, row.rating, row.comment) for row in rows]


@pytest.fixture
def told(desk: Desk) -> Callable[..., str]:
    """Return a function that lets an article be told, and returns the path of the link to rate it."""

    def tell(title: str = "Resettlement of the harbour", public_url: str | None = "https://wire.desk.test/w") -> str:
        desk.config = replace(desk.config, web=WebSettings(public_url=public_url))
        desk.has(["gazette"]).publishes("gazette")
        desk.run()
        desk.publishes("gazette", item(1, html.escape(html.escape(title))))
        desk.later()
        (notice,) = desk.senders["desk"].notices
        return notice.items[0].tellings[0].rating_url.removeprefix("https://wire.desk.test/w")

    return tell


# -- links ---------------------------------------------------------------------------------------


def test_message_carries_a_link_for_its_recipient(desk: Desk, told: Callable[..., str]) -> None:
    """Where the monitor's address is known, each alert of a message can be rated; the key outlives a restart."""
    path = told()
    key = desk.context.setup.rating_key if desk.context else b""

    desk.restart()

    claim = rating.read(key, path.rpartition("/")[2])
    assert path.startswith("/rate/1.")
    assert claim is not None
    assert (claim.alert_id, claim.expires) == (1, desk.clock.now() + timedelta(days=30))
    assert desk.context is not None
    assert desk.context.setup.rating_key == key
    assert len(key) == 32


def test_without_an_address_there_is_no_link(told: Callable[..., str]) -> None:
    """A link that leads nowhere is not sent."""
    assert told(public_url=None) == ""


# -- the page ------------------------------------------------------------------------------------


def test_looking_at_the_page_changes_nothing(desk: Desk, told: Callable[..., str]) -> None:
    """Mail scanners open every link: the page shows the alert and asks, whatever its address says."""
    path = told()

    first, noise, head = ask(desk, ("GET", path, None), ("GET", path + "?r=noise", None), ("HEAD", path, None))

    assert (first.status, noise.status, head.status) == (200, 200, 200)
    assert first.headline == "Resettlement of the harbour"
    assert '<form method="post">' in first.text
    assert "class=chosen" not in first.text
    assert 'value="noise" class=chosen' in noise.text
    assert given(desk) == []


def test_posting_rates_the_alert_once(desk: Desk, told: Callable[..., str]) -> None:
    """The first word of a recipient counts; the same link sent again, with the other word, changes nothing."""
    path = told()
    form = {"rating": "noise", "comment": "a football\r\ntransfer\x00"}

    done, again, looked = ask(desk, ("POST", path, form), ("POST", path, {"rating": "useful"}), ("GET", path, None))

    assert (done.status, done.headline) == (200, "Thank you")
    assert (again.status, again.headline) == (409, "Rated already")
    assert "rated noise" in again.text
    assert "Nothing was changed" in again.text
    assert looked.status == 200
    assert "<form" not in looked.text
    assert given(desk) == [(1, "desk", "noise", "a football transfer")]


def test_tampered_link_is_refused_without_a_look_at_the_archive(desk: Desk, told: Callable[..., str]) -> None:
    """Another alert's number under the same signature, and nonsense, are told to be invalid."""
    path = told()
    wrong = (path.replace("/1.", "/2."), path[:-1], path + "x", "/rate/x", "/rate/1.1.99999999999." + "A" * 27)

    answers = ask(desk, *(("POST", one, {"rating": "noise"}) for one in wrong), ("GET", wrong[0], None))

    assert [answer.status for answer in answers] == [403] * 6
    assert {answer.headline for answer in answers} == {"This link is not valid"}
    assert "Resettlement" not in answers[-1].text
    assert given(desk) == []


def test_link_ends_after_thirty_days(desk: Desk, told: Callable[..., str]) -> None:
    """A link works until its last moment, and then says that it has expired."""
    path = told()
    desk.clock.advance(days=30, seconds=-1)
    (before,) = ask(desk, ("GET", path, None))
    desk.clock.advance(seconds=1)

    after, posted = ask(desk, ("GET", path, None), ("POST", path, {"rating": "noise"}))

    assert before.status == 200
    assert (after.status, posted.status) == (410, 410)
    assert after.headline == "This link has expired"
    assert given(desk) == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"rating": "excellent"},
        {"rating": "noise", "comment": "x" * 9000},
        "rating=noise&" * 20,
        b"\xff\xfe=\xff",
        "rating=%00",
    ],
)
def test_form_that_is_none_of_ours_changes_nothing(desk: Desk, told: Callable[..., str], form: Any) -> None:
    """Other words, too many fields, too many bytes and what is no text are answered by a sentence."""
    path = told()

    (answer,) = ask(desk, ("POST", path, form))

    assert (answer.status, answer.headline) == (400, "Not understood")
    assert given(desk) == []


def test_alert_that_is_gone_is_told(desk: Desk, told: Callable[..., str]) -> None:
    """A link of ours to an alert that the archive does not hold, as after a restored backup."""
    told()
    assert desk.context is not None
    claim = rating.Claim(99, 1, desk.clock.now() + timedelta(days=1))
    path = f"{rating.PATH}/{rating.sign(desk.context.setup.rating_key, claim)}"

    looked, posted = ask(desk, ("GET", path, None), ("POST", path, {"rating": "noise"}))

    assert (looked.status, posted.status) == (410, 410)
    assert looked.headline == "This alert is gone"


def test_a10_page_shows_a_hostile_title_as_it_is(desk: Desk, told: Callable[..., str]) -> None:
    """A title is data in the page, too."""
    path = told(HOSTILE)

    (page,) = ask(desk, ("GET", path, None))

    assert page.headline.startswith("&lt;script&gt;")
    assert "<script" not in page.text
    assert "<img" not in page.text


def test_a08_page_allows_its_own_style_and_form_and_nothing_else(desk: Desk, told: Callable[..., str]) -> None:
    """No script, no frame, nothing loaded, no sniffing, no referrer, nothing kept; the page and its refusals alike."""
    path = told()

    answers = ask(
        desk, ("GET", path, None), ("GET", "/rate/x", None), ("POST", path, {"rating": "noise"}), ("PUT", path, None)
    )

    assert [answer.status for answer in answers] == [200, 403, 200, 405]
    for answer in answers[:3]:
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert not any("script" in part or "unsafe" in part for part in policy)
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def config(desk: Desk, told: Callable[..., str], tmp_path: Path) -> Path:
    """Return a configuration whose database holds the alert al-1."""
    told()
    path = tmp_path / "config.toml"
    path.write_text(f'[monitor]\ndatabase = "{desk.config.database}"\nrules = "rules"\n', "utf-8")
    return path


def test_alert_is_rated_by_command_and_shown(desk: Desk, config: Path) -> None:
    """Each reader has one word, which they can change; `alerts show` lists all of them."""
    call = ("alerts", "rate", "al-1")
    first = commands.call(*call, "noise", "--by", "anna", "--comment", "football", "--config", config)
    changed = commands.call(*call, "useful", "--by", "anna", "--config", config, "--json")
    commands.call(*call, "noise", "--by", "ben", "--config", config)
    shown = commands.call("alerts", "show", "al-1", "--config", config)
    listed = commands.call("alerts", "show", "al-1", "--config", config, "--json").json["ratings"]

    assert (first.code, first.out) == (0, "al-1 is rated noise by anna\n")
    assert changed.json | {"at": ""} == {
        "alert": "al-1", "rating": "useful", "by": "anna", "at": "", "comment": "", "before": "noise",
    }  # fmt: skip
    assert [(one["by"], one["rating"]) for one in listed] == [("anna", "useful"), ("ben", "noise")]
    assert "rated noise by ben" in shown.out
    assert len(desk.read(lambda c: ratings.list_of(c, 1))) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["al-9", "noise"], 1, "there is no alert al-9"),
        (["x", "noise"], 2, "is not an alert's id"),
        (["al-1", "boring"], 2, "`boring` is no rating; write useful or noise"),
        (["al-1", "noise", "--comment", "x" * 501], 2, "at most 500 characters, these are 501"),
        (["al-1", "noise", "--by", "y" * 101], 2, "at most 100 characters"),
    ],
)
def test_rating_that_cannot_be_says_why(config: Path, arguments: list[str], code: int, says: str) -> None:
    """An unknown alert, another word and too long a comment are refused with a sentence."""
    done = commands.call("alerts", "rate", *arguments, "--config", config)

    assert done.code == code
    assert says in done.err
