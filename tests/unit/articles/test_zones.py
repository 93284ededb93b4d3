"""What stands around an article never fires a rule: eight zones, seven templates, four languages, the daemon's path."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from monitor import model, reading
from monitor.articles import extract
from monitor.rules import live, load
from monitor.tasks import PageBytes, Reading
from tests.support import constructed
from tests.support.constructed import STORIES, TEMPLATES, ZONES, Story

URL = "https://gazette.example/a/1"
TERMS = {"en": "resettlement", "fr": "réinstallation", "ar": "توطينهم", "he": "גירושם"}
PACK = f"""\
format: 1
pack: move
rules:
  - {{id: core, any: [{", ".join(TERMS.values())}]}}
"""
CASES = list(itertools.product(TEMPLATES, STORIES))
IDS = [f"{template}-{story.lang}-{len(story.paragraphs)}" for template, story in CASES]


@pytest.fixture(scope="module")
def rules_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the live source of one pack that looks for one word in each language."""
    rules = live.next_live(None, {"packs/move.yaml": PACK.encode()}, load.Known())
    assert not rules.stale, rules.stale
    path: Path = tmp_path_factory.mktemp("rules") / "rules.json"
    path.write_text(rules.source, "utf-8")
    return str(path)


def read(rules_path: str, html: bytes, story: Story) -> Reading:
    """Read a page as the daemon does, for an entry that has a title and no text."""
    draft = model.Article(title=story.title, text="", url=URL)
    return reading.read_entry(rules_path, draft, PageBytes(html, URL, "text/html; charset=utf-8"), None)


@pytest.mark.parametrize(("template", "story"), CASES, ids=IDS)
def test_no_zone_fires_a_rule(rules_path: str, template: str, story: Story) -> None:
    """A term in each of eight zones is neither in the text nor in the title, and matches nothing."""
    term = TERMS[story.lang]
    html = constructed.page(template, story, constructed.planted(story.lang, term))

    found = read(rules_path, html, story)

    leaked = [zone for zone in ZONES if constructed.WORDS[story.lang][zone].rstrip(".") in found.article.text]
    assert leaked == []
    assert term not in f"{found.article.title}\n{found.article.text}"
    assert found.matches == ()


@pytest.mark.parametrize(("template", "story"), CASES, ids=IDS)
def test_the_article_comes_out_whole(template: str, story: Story) -> None:
    """Lead and every paragraph are read, the paragraphs in their order, and the page is not partial."""
    seen = extract.extract_page(constructed.page(template, story), URL)

    places = [seen.text.find(part) for part in story.paragraphs]
    assert min(places) >= 0
    assert places == sorted(places)
    assert story.lead in seen.text
    assert not seen.partial
    assert story.title in seen.title


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize(("template", "story"), CASES, ids=IDS)
def test_the_same_term_in_the_article_fires(rules_path: str, template: str, story: Story, place: str) -> None:
    """In any paragraph of the article the term is read and matches."""
    number = {"first": 0, "middle": len(story.paragraphs) // 2, "last": len(story.paragraphs) - 1}[place]
    paragraphs = list(story.paragraphs)
    paragraphs[number] = f"{paragraphs[number]} {TERMS[story.lang]}."
    planted = replace(story, paragraphs=tuple(paragraphs))

    found = read(rules_path, constructed.page(template, planted), planted)

    assert [match.rule for match in found.matches] == ["core"]
