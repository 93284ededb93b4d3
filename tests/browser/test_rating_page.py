"""The page where the recipient of a mail rates an alert, as a person meets it, in a real Chromium."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from monitor.config import WebSettings
from monitor.store import ratings
from monitor.web import rating as rating_page
from monitor.web import server
from tests.support.chromium import CONTRAST, needs_chromium
from tests.support.databases import Databases
from tests.support.desk import Desk, item
from tests.support.health import bare

pytestmark = needs_chromium


class Health:
    """A daemon that is well."""

    def alive(self) -> tuple[bool, str]:
        return True, ""

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        return True, ()


class Running:
    """The daemon's web server over a desk that told one alert, in a thread; `address` of the link in its mail."""

    def __init__(self, folder: Path, title: str) -> None:
        self.desk = Desk(Databases(folder).sqlite(), folder)
        with ThreadPoolExecutor(1) as elsewhere:  # a loop runs in this thread: the browser's
            link = elsewhere.submit(self._tell, title).result(60)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(30)
        self.address = link.replace("http://x", f"http://127.0.0.1:{self._server.port}")

    def _tell(self, title: str) -> str:
        self.desk.config = replace(self.desk.config, web=WebSettings(public_url="http://x"))
        self.desk.has(["gazette"]).publishes("gazette")
        self.desk.run()
        self.desk.publishes("gazette", item(1, title))
        self.desk.later()
        return self.desk.senders["desk"].notices[0].items[0].tellings[0].rating_url

    async def _serve(self) -> server.Server:
        context = self.desk.context
        assert context is not None
        page = rating_page.RatingPage(
            self.desk.store, lambda: context.setup.rating_key, self.desk.clock.now, lambda: "Asia/Jerusalem"
        )
        return await server.serve(bare(Health(), (page.route,)), "127.0.0.1", 0)

    def given(self) -> list[tuple[str, str]]:
        """Return the ratings of the alert, each with its comment."""
        return [(one.rating, one.comment) for one in self.desk.read(lambda c: ratings.list_of(c, 1))]

    def close(self) -> None:
        """End server, thread and desk."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.desk.close()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Return a function that tells an alert with a title and serves the page to rate it."""
    made: list[Running] = []

    def tell(title: str = "Resettlement of the harbour begins in spring, minister says") -> Running:
        made.append(Running(tmp_path, title))
        return made[-1]

    yield tell
    for running in made:
        running.close()


def test_alert_is_rated_with_two_taps(told: Callable[..., Running], page: Page) -> None:
    """The link opens the question, its button answers it, and going back does not rate twice."""
    running = told()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto(running.address + "?r=noise")
    before = running.given()
    page.fill("textarea", "old news")
    page.click("text=Noise")
    thanks = page.inner_text("h1")
    page.goto(running.address)

    assert before == []
    assert thanks == "Thank you"
    assert page.inner_text("h1") == "Rated already"
    assert running.given() == [("noise", "old news")]
    assert [one for one in complaints if "favicon" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_legible_and_fits_a_phone(told: Callable[..., Running], page: Page, scheme: str) -> None:
    """The style applies under the page's own policy; contrast is that of WCAG AA, buttons fit a thumb."""
    page.emulate_media(color_scheme=scheme)
    running = told("Resettlement " + "w" * 80 + " begins")

    page.goto(running.address + "?r=useful")

    places = ("h1", ".origin", ".ask", "label", "textarea", "button.chosen", "button:not(.chosen)", ".foot")
    contrast = {place: page.eval_on_selector(place, CONTRAST) for place in places}
    heights = page.eval_on_selector_all("button", "found => found.map(each => each.getBoundingClientRect().height)")
    assert min(contrast.values()) >= 4.5, contrast
    assert min(heights) >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_hebrew_title_reads_from_the_right(told: Callable[..., Running], page: Page) -> None:
    """The title takes its own direction on a page in English."""
    running = told("תוכנית resettlement לתושבי הצפון")

    page.goto(running.address)

    assert page.eval_on_selector("h1", "each => getComputedStyle(each).direction") == "rtl"
    assert page.eval_on_selector("main", "each => getComputedStyle(each).direction") == "ltr"
