"""A16: no secret of the configuration is in anything that the web server answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from monitor.config import ChannelSettings, FeedSettings, OpsSettings, WebSettings
from monitor.web import masking
from tests.support import dashboard, databases
from tests.support.dashboard import Site

CANARY = "canary-{}-Zq7#x&Y"
PASSWORD, METRICS, HEARTBEAT, HEADER, LOGIN, KEY = (CANARY.format(n) for n in range(6))
SLACK = "canary-9-Zq7xYabcdefgh"
"""The token of a webhook has letters and digits only."""


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard whose every secret is a canary, and whose feeds and channels failed with messages that hold them."""
    web = WebSettings(password=SecretStr(PASSWORD), metrics=SecretStr(METRICS))
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("site"), web=web) as made:
        context = made.desk.context
        assert context is not None
        config = replace(
            context.setup.config,
            channels={"desk": ChannelSettings("desk", SecretStr(f"slack://{SLACK}/B/C"))},
            ops=OpsSettings(SecretStr(f"https://hc.example/{HEARTBEAT}")),
            feeds=(
                FeedSettings(
                    url=f"https://gazette.example/feed?key={KEY}",
                    id="gazette",
                    name="Gazette",
                    newsroom="Gazette",
                    headers={"X-Key": SecretStr(HEADER)},
                    user="anna",
                    password=SecretStr(LOGIN),
                ),
            ),
            filled=(SecretStr(KEY),),
        )
        context.setup = replace(context.setup, config=config)
        said = f"connection to slack://{SLACK}/B/C refused; header {HEADER}; password {LOGIN}"
        for table, column in (("feeds", "error"), ("messages", "reason"), ("attempts", "detail")):
            made.desk.write(lambda c, t=table, k=column: c.exec_driver_sql(f"UPDATE {t} SET {k} = ?", (said,)))
        made.desk.write(
            lambda c: c.exec_driver_sql("UPDATE feeds SET url = ?", (f"https://gazette.example/feed?key={KEY}",))
        )
        made.login(PASSWORD)
        yield made


def test_a16_no_secret_in_any_answer(site: Site) -> None:
    """Pages, API, metrics and refusals hold no secret, not even where a library's message quoted one."""
    paths = [r.path for r in site.app.routes if isinstance(r, Route) and "GET" in (r.methods or ())]
    told = {}
    for path in [*paths, "/login?next=/x", "/nothing", "/api/v1/alerts?limit=x"]:
        answer = site.get(re.sub(r"\{\w+(:\w+)?\}", "1", path))
        found = re.findall(r"canary-\d", answer.text + str(answer.headers))
        if found:
            told[path] = found
    failed = site.post("/login", password=PASSWORD + "x")

    assert told == {}
    assert "canary" not in failed.text


def test_a16_mask_knows_every_spelling_and_leaves_hosts() -> None:
    """A secret is found as text, in HTML and in JSON; a host that a reference brought stays, or links would break."""
    from monitor.config import Config

    secret = 'pass"word<&>1'
    config = Config(
        Path("c"),
        "sqlite:///x",
        Path("r"),
        web=WebSettings(password=SecretStr(secret)),
        filled=(SecretStr("news.example.org"), SecretStr("desk@example.org")),
    )

    mask = masking.Mask(lambda: config)

    assert secret not in mask(f"x {secret} y")
    assert "word" not in mask("x pass&#34;word&lt;&amp;&gt;1 y")
    assert "word" not in mask('{"a": "pass\\"word<&>1"}')
    assert mask("https://news.example.org/a desk@example.org") == "https://news.example.org/a desk@example.org"
