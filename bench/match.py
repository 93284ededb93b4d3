"""Rule matching alone: CPU per article of 600 words, and the time to load rules, at 300 and at 10,000 rules.

The rules are the simulated world's (one rare name AND one of three phrases, NOT an excluded one), in packs of 100, as
the engine loads, tests and compiles them. The articles are the world's stories, made 600 words long; a tenth of them
match a rule. Folding and cutting into tokens is part of the figure, language detection is not.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench import world
from bench.newsworld import Size, World
from monitor import model
from monitor.rules import compile as rules_compile
from monitor.rules import load, match

WORDS = 600
ARTICLES = 200
PASSES = 5
CHECKED = 10
"""Articles on which the engine is compared with the evaluation of every rule."""
PACK = 100
RULES = (300, 10_000)


def run(rules: int) -> dict[str, Any]:
    """Return the figures at one number of rules. Raises: AssertionError, where pre-selection loses a match."""
    news = World(Size(feeds=ARTICLES, entries=1, topics=rules, copies=0.0))
    articles = [_article(news, feed) for feed in range(ARTICLES)]
    built, ruleset = _timed(lambda: _build(news))
    passes = [_timed(lambda: [match.match_article(ruleset, article) for article in articles]) for _ in range(PASSES)]
    found = passes[-1][1]
    for article, matches in list(zip(articles, found, strict=True))[:CHECKED]:
        assert match.match_everything(ruleset, article) == matches, f"pre-selection lost a match in {article.url}"
    return {
        "rules": rules,
        "build_cpu_s": built,
        "cpu_ms_per_article": 1000 * statistics.median(cpu for cpu, _ in passes) / ARTICLES,
        "first_pass_cpu_ms_per_article": 1000 * passes[0][0] / ARTICLES,
        "articles_matched": sum(bool(matches) for matches in found),
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of this thread, which a busy machine distorts less than wall time, and the answer."""
    began = time.thread_time()
    answer = work()
    return time.thread_time() - began, answer


def _build(news: World) -> rules_compile.RuleSet:
    plain = [{"id": t.id, "all": [t.entity], "any": t.phrases, "none": [t.excluded]} for t in news.topics]
    files = {
        f"packs/p{start}.yaml": world.as_pack(plain[start : start + PACK], f"p{start}").encode()
        for start in range(0, len(plain), PACK)
    }
    loaded = load.load_packs(files)
    assert not loaded.broken, next(iter(loaded.faults))
    return rules_compile.compile_rules(loaded.packs)


def _article(news: World, feed: int) -> model.Article:
    told = news.article(feed, 0)
    rng = random.Random(f"{news.seed}/long/{feed}")
    text = told.text
    while len(text.split()) < WORDS:
        text += "\n" + " ".join(rng.choices(news.sentences[told.story.lang], k=3))
    return model.Article(title=told.story.headline, text=_cut(text), lang=told.story.lang, url=f"/a/{told.name}.html")


def _cut(text: str) -> str:
    """Return the first WORDS words, paragraphs kept."""
    kept, left = [], WORDS
    for paragraph in text.split("\n"):
        words = paragraph.split()[:left]
        left -= len(words)
        kept.append(" ".join(words))
    return "\n".join(kept).strip()


def main(as_json: bool) -> None:
    """Run at every number of rules and print the figures."""
    figures = [run(rules) for rules in RULES]
    if as_json:
        print(json.dumps(figures))
        return
    for one in figures:
        print(
            f"{one['rules']} rules: built in {one['build_cpu_s']:.2f} s of CPU; {one['cpu_ms_per_article']:.3f} ms per"
        )
        print(f"  article of {WORDS} words ({one['first_pass_cpu_ms_per_article']:.3f} ms with words not seen before)")
