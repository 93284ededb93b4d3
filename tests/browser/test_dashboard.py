"""Every page of the dashboard in a real browser: accessible, within a phone's width, and nothing of the data runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support import dashboard
from tests.support.chromium import CHROMIUM, FLAGS, needs_chromium
from tests.support.dashboard import Site
from tests.support.databases import Databases

pytestmark = needs_chromium

VENDOR = Path(__file__).parents[1] / "support" / "vendor"
AXE = VENDOR / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
HTMX = Path(__file__).parents[2] / "monitor" / "web" / "static" / "htmx.min.js"
HTMX_SHA256 = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"

EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
"""All that a dark page can have wrong which a light one has not."""
VIOLATIONS = """only => axe.run(document, {runOnly: only})
  .then(found => found.violations.filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))]))"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
ACTIVE = """() => [...document.querySelectorAll("*")].flatMap(e => [...e.attributes]
  .filter(a => /^on/i.test(a.name) || (["href", "src", "action", "formaction", "xlink:href"].includes(a.name)
    && !/^(\\/(?!\\/)|#|\\?|https?:)/.test(a.value))).map(a => e.tagName + " " + a.name + "=" + a.value.slice(0, 80)))
  .concat([...document.querySelectorAll("main script, main iframe, main object, main embed, main style, main img")]
    .map(e => e.outerHTML.slice(0, 80)))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A seeded dashboard where every text from outside is hostile."""
    folder = tmp_path_factory.mktemp("site")
    with ThreadPoolExecutor(1) as elsewhere:  # a loop runs in this thread: the browser's
        manager = dashboard.opened(Databases(folder).sqlite(), folder, hostile=True)
        made = elsewhere.submit(manager.__enter__).result(60)
        yield made
        elsewhere.submit(manager.__exit__, None, None, None).result(60)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for the file."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone."""
    made = chromium.new_context(viewport={"width": 360, "height": 740})
    yield made
    made.close()


@pytest.mark.parametrize(("scheme", "only"), [("light", EVERYTHING), ("dark", COLOURS)])
def test_no_page_has_a_serious_fault_for_anybody(
    site: Site, phone: BrowserContext, scheme: str, only: dict[str, object]
) -> None:
    """axe-core finds no serious or critical violation on any page, light or dark, on a phone."""
    source = AXE.read_text()
    page = phone.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = {}
    for path in [*site.pages(), "/nothing"]:
        page.goto(site.address + path)
        page.evaluate(source)
        violations = page.evaluate(VIOLATIONS, only)
        if violations:
            found[path] = violations
    page.close()

    assert found == {}


def test_a07_nothing_of_the_data_runs_on_any_page(site: Site, phone: BrowserContext) -> None:
    """Hostile titles are text: no element, handler or address of theirs is in a page, and none breaks the policy."""
    page = phone.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
    page.on("dialog", lambda dialog: said.append(f"{page.url} dialog"))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    active = {}
    shown = 0
    for path in site.pages():
        page.goto(site.address + path)
        assert page.title() != "owned", path
        shown += page.content().count("document.title='owned'")
        found = page.evaluate(ACTIVE)
        if found:
            active[path] = found
    page.close()

    assert active == {}
    assert said == []
    assert [url for url in requests if not url.startswith(site.address)] == []
    assert shown > 0, "no page shows the hostile titles"


def test_no_page_scrolls_sideways_on_a_phone(site: Site, phone: BrowserContext) -> None:
    """At 360 pixels every page fits; what is wider scrolls inside its own frame."""
    page = phone.new_page()
    wide = {}
    for path in site.pages():
        page.goto(site.address + path)
        if (over := page.evaluate(OVERFLOW)) > 0:
            wide[path] = over
    page.close()

    assert wide == {}


def test_keys_lead_through_the_pages(site: Site, chromium: Browser) -> None:
    """`?` shows the keys, Escape closes them, `g` and a letter go to a page, the skip link comes first."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.address + "/sessions")

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.className")
    page.keyboard.press("?")
    opened = page.evaluate("document.getElementById('keys').open")
    page.keyboard.press("Escape")
    closed = page.evaluate("document.getElementById('keys').open")
    for key in ("g", "a"):
        page.keyboard.press(key)
    page.wait_for_url("**/alerts")
    context.close()

    assert (first, opened, closed) == ("skip", True, False)


def test_keys_rate_what_is_chosen_and_nothing_else(site: Site, chromium: Browser) -> None:
    """`u` rates the alert that `j` chose; where none is chosen it rates nothing."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.address + "/alerts")

    page.keyboard.press("u")
    page.wait_for_timeout(300)
    nothing = page.locator('[aria-pressed="true"]').count()
    page.keyboard.press("j")
    page.keyboard.press("u")
    page.wait_for_selector('[data-item] [data-key="u"][aria-pressed="true"]')
    rated = page.locator('[aria-pressed="true"]').count()
    context.close()

    assert (nothing, rated) == (0, 1)


def test_the_light_is_switched_and_kept(site: Site, chromium: Browser) -> None:
    """The switch turns the page dark at once, and the next page is dark before it is drawn."""
    context = chromium.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(site.address + "/sessions")
    before = ground(page)

    page.get_by_role("button", name="Light or dark").click()
    switched = ground(page)
    page.goto(site.address + "/api")
    kept = ground(page)
    context.close()

    assert before != switched == kept


def ground(page: Page) -> str:
    """Return the colour of the page's ground."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize(("file", "expected"), [(AXE, AXE_SHA256), (HTMX, HTMX_SHA256)])
def test_a22_what_is_vendored_is_what_was_published(file: Path, expected: str) -> None:
    """The copies of htmx 4.0.1 and axe-core 4.14.1 are those of their npm packages, byte for byte, with licences."""
    assert sha256(file.read_bytes()).hexdigest() == expected
    assert (file.parent / f"{file.name.partition('.')[0]}.LICENSE").exists()
