"""The mail as a person sees it, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from monitor import model
from monitor.delivery import mail_body
from tests.support import notices
from tests.support.chromium import CONTRAST, needs_chromium

pytestmark = needs_chromium
ENVELOPE = mail_body.Envelope("wire@desk.test", "Wirewatch", "reader@desk.test", "<desk.wirewatch.desk.test>", None)
HOSTILE = '<script>document.title="owned"</script><img src=http://evil.test/x onerror=document.title="owned">'


def shown(page: Page, *items: model.NoticeItem) -> list[str]:
    """Show a mail with these articles and return every address it asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(mail_body.render_html(notices.notice(*items), ENVELOPE), wait_until="networkidle")
    return asked


def test_a10_mail_loads_nothing_and_runs_nothing(page: Page) -> None:
    """Hostile titles and sentences are shown as they are; no address is asked for and no script runs."""
    asked = shown(page, notices.item(title=HOSTILE, snippets=(notices.snippet(HOSTILE, "script"),)))

    assert asked == []
    assert page.title() != "owned"
    assert "evil.test" in page.inner_text("body")
    assert page.locator("img, script, iframe, object").count() == 0


def test_arabic_and_hebrew_read_from_the_right(page: Page) -> None:
    """Each title and sentence takes its own direction, beside English in the same mail."""
    shown(page, notices.arabic(), notices.hebrew(), notices.item())

    directions = page.eval_on_selector_all("h1", "found => found.map(each => getComputedStyle(each).direction)")
    quotes = page.eval_on_selector_all("blockquote", "found => found.map(each => getComputedStyle(each).direction)")
    assert directions == ["rtl", "rtl", "ltr"]
    assert {"rtl", "ltr"} == set(quotes)


def test_a10_names_and_numbers_of_a_story_run_nothing(page: Page) -> None:
    """What is new, who carries it and what was folded come from outside, too."""
    report = model.Report(HOSTILE, HOSTILE, "javascript:document.title='owned'")
    now = notices.development(
        new=(HOSTILE,), names=(HOSTILE,), folded_reports=(report,), first=notices.first_told(report=report)
    )
    told = notices.telling(outcome="update", reason="new_facts", development=now)

    asked = shown(page, notices.updated(tellings=(told,)))

    assert asked == []
    assert page.title() != "owned"
    assert page.locator("img, script, iframe, object").count() == 0
    assert page.locator("a").count() == 2  # title and button


def test_each_name_of_a_line_reads_in_its_own_direction(page: Page) -> None:
    """A number stays with its noun where Hebrew and Arabic stand beside English."""
    page.set_viewport_size({"width": 720, "height": 800})
    shown(page, notices.hebrew_update())

    words = "found => found.map(each => [each.textContent, each.getBoundingClientRect().left])"
    number, crossing, name = page.eval_on_selector_all(".story p:nth-child(3) bdi", words)
    assert (number[0], crossing[0], name[0]) == ("300 אלף בני אדם", "מעבר רפיח", "السيسي")
    assert number[1] < crossing[1] < name[1]


def test_mail_fits_a_phone(page: Page) -> None:
    """Nothing is wider than the screen of a phone."""
    shown(page, notices.item(title="word " * 60), notices.arabic(), notices.hebrew_update(), notices.unconfirmed())

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground_in_light_and_dark(page: Page, scheme: str) -> None:
    """Marked words and plain ones have at least the contrast that WCAG AA asks for."""
    page.emulate_media(color_scheme=scheme)
    shown(page, notices.item())
    ordinary = ("h1", ".origin", "blockquote", "strong.hit", ".severity", ".button")
    contrast = {selector: page.eval_on_selector(selector, CONTRAST) for selector in ordinary}

    shown(page, notices.updated())
    contrast |= {selector: page.eval_on_selector(selector, CONTRAST) for selector in (".story p", ".story a")}
    contrast |= {selector: page.eval_on_selector(selector, CONTRAST) for selector in (".folded p", ".folded a")}
    shown(page, notices.unconfirmed())
    contrast[".unconfirmed"] = page.eval_on_selector(".unconfirmed", CONTRAST)

    assert min(contrast.values()) >= 4.5, contrast
