"""The list of alerts while somebody reads it: new ones come in on top, nothing moves, ratings stay on the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.store import ratings, schema
from tests.support import dashboard
from tests.support.chromium import needs_chromium

pytestmark = needs_chromium

FIRST = 1_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A dashboard with alerts enough to scroll through."""
    with dashboard.apart(tmp_path_factory.mktemp("live"), many=30) as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose timers the test moves, and which fails the test by any fault of a script."""
    made = browser.new_page(viewport={"width": 900, "height": 700})
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.clock.install()
    yield made
    made.close()
    assert faults == []


def tell(site: dashboard.Site, number: int) -> None:
    """Let an alert come: that of an article which is there, of another pack."""
    row = {
        "id": number,
        "pack": "talks",
        "story_id": FIRST,
        "article_id": FIRST,
        "revision_id": FIRST + number % 25,
        "outcome": "alert",
        "reason": "first_report",
        "severity": "urgent",
        "pack_title": "Talks",
        "rules": ["core"],
        "route": [],
        "ruleset_id": "r",
        "decided_seq": number,
        "created_at": site.desk.clock.now(),
    }
    site.desk.write(lambda c: c.execute(schema.alerts.insert(), row))


def wait_for(page: Page, number: int) -> None:
    """Let the time of a poll pass, and wait until an alert is there."""
    page.clock.fast_forward(16_000)
    expect(page.locator(f"#al-{number}")).to_be_visible()


def test_new_alerts_come_in_on_top_while_the_page_stays_where_it_is(site: dashboard.Site, page: Page) -> None:
    """At the top they are seen at once; whoever has scrolled down keeps their place to the pixel."""
    page.goto(f"{site.address}/alerts")
    tell(site, 2_000_000)
    wait_for(page, 2_000_000)
    assert page.locator("#alerts > li").first.get_attribute("id") == "al-2000000"
    assert page.evaluate("scrollY") == 0

    page.mouse.move(5, 5)
    page.evaluate("document.querySelectorAll('#alerts > li')[8].scrollIntoView()")
    before = page.evaluate("document.querySelectorAll('#alerts > li')[8].getBoundingClientRect().top")
    tell(site, 2_000_001)
    wait_for(page, 2_000_001)
    after = page.evaluate("document.querySelectorAll('#alerts > li')[9].getBoundingClientRect().top")

    assert page.locator("#alerts > li").first.get_attribute("id") == "al-2000001"
    assert abs(after - before) < 1
    assert page.locator("#live").count() == 1


def test_a_rating_is_given_without_leaving_the_page(site: dashboard.Site, page: Page) -> None:
    """The button is pressed, by mouse or by its key on the chosen alert; a sentence says so; the list stays."""
    page.goto(f"{site.address}/alerts?pack=move")
    alert = page.locator(f"#al-{FIRST + 29}")

    alert.get_by_role("button", name="Useful").click()
    expect(alert.get_by_role("button", name="Useful")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#said")).to_contain_text("is rated useful")
    page.keyboard.press("j")
    page.keyboard.press("n")
    expect(page.locator(".chosen-item button", has_text="Noise")).to_have_attribute("aria-pressed", "true")

    assert page.url.endswith("/alerts?pack=move")
    given = site.desk.read(lambda c: [one.rating for one in ratings.list_of(c, FIRST + 29)])
    assert given == ["noise"]


def test_a_row_of_the_ledger_opens_what_the_rules_say(site: dashboard.Site, page: Page) -> None:
    """It is asked when the row is opened, once."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/why" in request.url else None)
    page.goto(f"{site.address}/ledger?pack=move")
    row = page.locator(".ledger > li").first

    row.locator("summary").click()
    expect(row.locator("pre.explain")).to_contain_text("move")
    row.locator("summary").click()
    row.locator("summary").click()

    assert len(asked) == 1
