"""The pre-filter loses no match: on every labelled page, under the shipped and example packs and under drawn rules."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from monitor import errors, model, text
from monitor.articles import extract, page_words
from monitor.rules import compile as rules_compile
from monitor.rules import load, match, presence
from tests.support.corpora import DATA, THOROUGH, needs_data

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ("extract-aeb", "extract-fundus", "extract-newspaper4k", "extract-trafilatura")
DRAWN = 600
pytestmark = needs_data


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as the pre-filter and as the extractor see it; None: left to extraction, nothing extracted."""

    name: str
    words: bytes | None
    article: model.Article | None


@cache
def pages() -> list[Seen]:
    """Return every page of the corpora, or every third."""
    files = [path for corpus in CORPORA for path in sorted((DATA / corpus / "html").rglob("*.htm*"))]
    return [_seen(path) for path in files[:: 1 if THOROUGH else 3]]


def _seen(path: Path) -> Seen:
    page = path.read_bytes()
    page = (gzip.decompress(page) if path.suffix == ".gz" else page)[:2_000_000]
    words = page_words.page_words(page, None, ())
    try:
        found = extract.extract_page(page, "https://www.example.org/")
    except errors.ExtractError:
        return Seen(path.name, words, None)
    article = model.Article(title=found.title, text=found.text, lang=found.lang, url="https://www.example.org/")
    return Seen(path.name, words, article)


def lost(rules: rules_compile.RuleSet) -> tuple[list[tuple[str, str]], int, int]:
    """Return (page, rule) of each match that the pre-filter rules out, how many there are, and the pages left unread.

    Stricter than the product, which reads a page for any one rule: each rule must be thought possible by itself.
    """
    missed, matching, unread = [], 0, 0
    for page in pages():
        found = match.match_article(rules, page.article) if page.article is not None else ()
        matching += len(found)
        if page.words is not None:
            there = presence.Presence(page.words)
            possible = {rule.id for rule in rules.candidates(page.words) if there.allows(rule.node)}
            missed += [(page.name, one.rule) for one in found if one.rule not in possible]
            unread += not possible
            assert match.may_match(rules, page.words) == bool(possible)
    return missed, matching, unread


@pytest.mark.parametrize("folder", ["rules", "examples/rules"])
def test_no_match_of_a_shipped_pack_is_lost(folder: str) -> None:
    """No match of a pack is ruled out; of all pages at least a quarter are left unread."""
    loaded = load.load_packs(load.read_folder(ROOT / folder))

    missed, _, unread = lost(rules_compile.compile_rules(loaded.packs))

    assert missed == []
    assert unread >= len(pages()) / 4


def test_no_match_of_a_drawn_rule_is_lost() -> None:
    """Rules of words, phrases, prefixes and distances drawn from the pages' own texts match what they matched."""
    rng = random.Random("prefilter")
    articles = [page.article for page in pages() if page.article is not None]
    drawn = [rule for number in range(DRAWN) if (rule := _drawn(rng, number, rng.choice(articles)))]
    loaded = load.load_packs({f"packs/{rule['id']}.yaml": _pack(rule) for rule in drawn})

    missed, matching, _ = lost(rules_compile.compile_rules(loaded.packs))

    assert missed == []
    assert len(loaded.packs) >= DRAWN / 2
    assert matching >= len(loaded.packs)


def _pack(rule: dict[str, object]) -> bytes:
    """Return a pack of one rule: a word that the loader refuses takes no other rule with it."""
    return json.dumps({"format": "1", "pack": rule["id"], "rules": [rule]}, ensure_ascii=False).encode()


def _drawn(rng: random.Random, number: int, article: model.Article) -> dict[str, object] | None:
    """Return a rule that is likely to be true of `article`, None where its text has too few plain words."""
    words = [word for word in article.text.split() if word.isalpha() and len(word) > 3]
    if len(words) < 20:
        return None
    at = rng.randrange(len(words) - 6)
    first, second, third = rng.sample(words[at : at + 6], 3)
    kinds: list[dict[str, object]] = [
        {"all": [first, second]},
        {"any": [" ".join(article.text.split()[at : at + 2])]},
        {"all": [f"{third[:5]}*"], "none": ["unheard"]},
        {"query": f'"{first}" NEAR/20 "{second}"'},
        {"query": f'"{first}" AND ("{second}" OR "{third}") NOT "unheard"'},
    ]
    return {"id": f"drawn-{number}", **kinds[number % len(kinds)]}


def test_forms_of_the_texts_are_all_seen() -> None:
    """On all pages but one in a hundred not one form of the extracted text is unseen, whatever a rule may ask for."""
    unseen = []
    for page in pages():
        if page.words is not None and page.article is not None:
            there = set(page.words.split())
            if set(text.haystack(page.article.title, page.article.text).split()) - there:
                unseen.append(page.name)

    assert len(unseen) <= len(pages()) / 100
