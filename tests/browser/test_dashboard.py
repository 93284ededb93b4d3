"""Every page of the dashboard in a real browser: accessible, within a phone's width, and nothing of the data runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support import dashboard
from tests.support.chromium import needs_chromium
from tests.support.dashboard import Site

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


@dataclass
class Seen:
    """What a walk through all pages finds, by path or in the order in which it came."""

    shown: int = 0
    """How often hostile titles were there, as text."""
    owned: list[str] = field(default_factory=list)
    active: dict[str, object] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    wide: dict[str, int] = field(default_factory=dict)
    light: dict[str, object] = field(default_factory=dict)
    dark: dict[str, object] = field(default_factory=dict)

    def look(self, page: Page, path: str) -> None:
        """Note what a page shows that hostile texts are in, and how wide it is."""
        if page.title() == "owned":
            self.owned.append(path)
        self.shown += page.content().count("document.title='owned'")
        if active := page.evaluate(ACTIVE):
            self.active[path] = active
        if (over := page.evaluate(OVERFLOW)) > 0:
            self.wide[path] = over

    def check(self, page: Page, path: str) -> None:
        """Note what axe-core finds, in a light page and in a dark one."""
        page.evaluate(AXE.read_text())
        if violations := page.evaluate(VIOLATIONS, EVERYTHING):
            self.light[path] = violations
        page.emulate_media(color_scheme="dark")
        if violations := page.evaluate(VIOLATIONS, COLOURS):
            self.dark[path] = violations
        page.emulate_media(color_scheme="light")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A seeded dashboard where every text from outside is hostile."""
    with dashboard.apart(tmp_path_factory.mktemp("site"), hostile=True) as made:
        yield made


@pytest.fixture(scope="module")
def seen(site: Site, browser: Browser) -> Seen:
    """Every page as a phone shows it, opened once for all that is asked of it."""
    found = Seen()
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="light")
    page.on("console", lambda message: found.said.append(f"{page.url} {message.text}"))
    page.on("pageerror", lambda error: found.said.append(f"{page.url} {error}"))
    page.on("dialog", lambda dialog: found.said.append(f"{page.url} dialog"))
    page.on("request", lambda request: found.requests.append(request.url))
    for path in site.pages():
        page.goto(site.address + path)
        found.look(page, path)
        found.check(page, path)
    page.close()
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="light")
    page.goto(site.address + "/nothing")  # the browser itself says on its console that this is missing
    found.check(page, "/nothing")
    page.close()
    return found


def test_no_page_has_a_serious_fault_for_anybody(seen: Seen) -> None:
    """axe-core finds no serious or critical violation on any page on a phone."""
    assert seen.light == {}


def test_no_dark_page_has_a_serious_fault_for_anybody(seen: Seen) -> None:
    """Nor has any page colours that are hard to tell apart where it is dark."""
    assert seen.dark == {}


def test_a07_nothing_of_the_data_runs_on_any_page(site: Site, seen: Seen) -> None:
    """Hostile titles are text: no element, handler or address of theirs is in a page, and none breaks the policy."""
    assert seen.owned == []
    assert seen.active == {}
    assert seen.said == []
    assert [url for url in seen.requests if not url.startswith(site.address)] == []
    assert seen.shown > 0, "no page shows the hostile titles"


def test_no_page_scrolls_sideways_on_a_phone(seen: Seen) -> None:
    """At 360 pixels every page fits; what is wider scrolls inside its own frame."""
    assert seen.wide == {}


def test_keys_lead_through_the_pages(site: Site, browser: Browser) -> None:
    """`?` shows the keys, Escape closes them, `g` and a letter go to a page, the skip link comes first."""
    context = browser.new_context()
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


def test_keys_rate_what_is_chosen_and_nothing_else(site: Site, browser: Browser) -> None:
    """`u` rates the alert that `j` chose; where none is chosen it rates nothing."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.address + "/alerts")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))

    page.keyboard.press("u")
    page.keyboard.press("j")
    page.keyboard.press("u")
    page.wait_for_selector('[data-item] [data-key="u"][aria-pressed="true"]')
    rated = page.locator('[aria-pressed="true"]').count()
    context.close()

    assert (asked.count("POST"), rated) == (1, 1)


def test_the_light_is_switched_and_kept(site: Site, browser: Browser) -> None:
    """The switch turns the page dark at once, and the next page is dark before it is drawn."""
    context = browser.new_context(color_scheme="light")
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
