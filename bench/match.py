"""Rule matching alone: CPU per article with few and many rules, with rules made to cost, and the time to get ready.

Each figure stands beside its target. Folding and cutting into tokens are part of every one, language detection is not.
Where others keep the same cores busy CPU time grows by a third; look at the naive evaluator's in the same run.
"""

from __future__ import annotations

import ctypes
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench import figures, match_cases
from bench.figures import Figure
from bench.naive_match import naive_matches
from bench.newsworld import Size, World
from monitor import model
from monitor.rules import collector, live, load, match, packs
from monitor.rules import compile as rules_compile

ARTICLES = 100
PASSES = 5
CHECKED = 3
"""Articles on which the engine is compared with the naive evaluator, and by which its cost is measured."""
CHECKED_CHARACTERS = 400
"""Of a long text, which the naive evaluator can judge by rules made to cost."""
MANY = 50_000
FEW_TARGETS = {300: 0.3, 10_000: 0.6, MANY: 0.8}


# -- many rules, short articles --------------------------------------------------------------------


def few() -> Iterator[Figure]:
    """Rules of which few articles match one, at three sizes."""
    for rules, target in FEW_TARGETS.items():
        news = World(Size(feeds=ARTICLES, entries=1, topics=rules, copies=0.0))
        found, articles = match_cases.few_matches(news), match_cases.news_articles(news, ARTICLES)
        first, median, matched = _passes(rules_compile.compile_rules(found), articles)
        note = f"first pass {first:.3f}; {matched / ARTICLES:.2f} matches an article"
        yield Figure("few", f"{rules:,} rules, an article of 600 words", median, "ms", target, note)
        if rules == min(FEW_TARGETS):
            yield Figure("few", f"{rules:,} rules, the naive evaluator", _naively(found, articles), "ms")


def many() -> Iterator[Figure]:
    """Rules of which many match each article."""
    news = World(Size(feeds=ARTICLES, entries=1, topics=1, copies=0.0))
    articles = match_cases.busy_articles(news, ARTICLES)
    first, median, matched = _passes(rules_compile.compile_rules(match_cases.many_matches(MANY)), articles)
    note = f"first pass {first:.3f}; {100 * matched / ARTICLES / MANY:.2f} % match an article"
    yield Figure("many", f"{MANY:,} rules, many matches", median, "ms", 3.0, note)
    smaller = match_cases.many_matches(1000)
    _compare(rules_compile.compile_rules(smaller), smaller, articles[:CHECKED])


def _passes(rules: rules_compile.RuleSet, articles: list[model.Article]) -> tuple[float, float, int]:
    """Return ms of CPU per article in the first pass and in the median of more, and the matches of one pass."""
    collector.settle()  # as a worker does
    took, matched = [], 0
    for _ in range(1 + PASSES):
        cpu, found = _timed(lambda: [match.match_article(rules, article) for article in articles])
        took.append(1000 * cpu / len(articles))
        matched = sum(map(len, found))
    return took[0], statistics.median(took[1:]), matched


def _naively(found: list[packs.Pack], articles: list[model.Article]) -> float:
    """Return ms of CPU per article of the naive evaluator, which must find what the engine finds."""
    rules = rules_compile.compile_rules(found)
    matching = [article for article in articles if match.match_article(rules, article)]
    sample = [*matching[: CHECKED - 1], *(article for article in articles if article not in matching)][:CHECKED]
    return 1000 * _compare(rules, found, sample) / CHECKED


def _compare(rules: rules_compile.RuleSet, found: list[packs.Pack], articles: Iterable[model.Article]) -> float:
    """Return the naive evaluator's CPU seconds. Raises: AssertionError, where the engine finds something else."""
    spent = 0.0
    for article in articles:
        cpu, wanted = _timed(partial(_wanted, found, article))
        spent += cpu
        matched = {(one.pack, one.rule) for one in match.match_article(rules, article)}
        assert matched == wanted, f"the naive evaluator differs on {article.url}: {sorted(matched ^ wanted)[:5]}"
    return spent


def _wanted(found: list[packs.Pack], article: model.Article) -> set[tuple[str, str]]:
    return {(pack.id, rule) for pack in found for rule, what in naive_matches(pack, article).items() if what.true}


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of this thread, which a busy machine distorts less than wall time, and the answer."""
    began = time.thread_time()
    answer = work()
    return time.thread_time() - began, answer


# -- rules made to cost ----------------------------------------------------------------------------


def nasty() -> Iterator[Figure]:
    """500 rules made to cost, all together and family by family, on the longest texts that are read."""
    for language in match_cases.languages().values():
        files = match_cases.nasty_rules(language)
        families = {name: _accepted({f"packs/{name}.yaml": data}) for name, data in files.items()}
        everything = [pack for found in families.values() for pack in found]
        all_rules = rules_compile.compile_rules(everything)
        bodies = {"200 kB": match_cases.long_text(language), "one sentence": match_cases.long_sentence(language)}
        for name, body in bodies.items():
            yield from _nasty_text(f"{language.code}, {name}", all_rules, families, _long_article(language.code, body))
        short = _long_article(language.code, match_cases.long_text(language, CHECKED_CHARACTERS))
        _compare(all_rules, everything, [short])


def _nasty_text(
    name: str, all_rules: rules_compile.RuleSet, families: dict[str, list[packs.Pack]], article: model.Article
) -> Iterator[Figure]:
    collector.settle()  # as a worker does
    first, _ = _timed(partial(match.match_article, all_rules, article))
    runs = [_timed(partial(match.match_article, all_rules, article)) for _ in range(3)]
    median = statistics.median(1000 * cpu for cpu, _ in runs)
    note = f"first time {1000 * first:.0f}; {len(runs[0][1])} match"
    yield Figure("nasty", f"{name}: all {len(all_rules.rules)} rules", median, "ms", 300.0, note)
    for family, found in {"one word alone": _one_word(article), **families}.items():
        rules = rules_compile.compile_rules(found)
        match.match_article(rules, article)
        cpu, matches = _timed(partial(match.match_article, rules, article))
        note = f"{len(matches)} of {len(rules.rules)} match"
        yield Figure("nasty", f"{name}: {family}", 1000 * cpu, "ms", None, note)


def _one_word(article: model.Article) -> list[packs.Pack]:
    """Return a pack of one cheap rule: what its figure shows is the cost of the text."""
    rule = {"id": "r0", "any": [article.title.split()[0]]}
    pack = {"format": "1", "pack": "one-word", "rules": [rule]}
    return _accepted({"packs/one-word.yaml": json.dumps(pack, ensure_ascii=False).encode()})


def _long_article(lang: str, body: str) -> model.Article:
    return model.Article(title=" ".join(body.split()[:12]), text=body, lang=lang, url=f"/{lang}/{len(body)}")


def _accepted(files: dict[str, bytes]) -> list[packs.Pack]:
    """Return the packs of `files`. Raises: AssertionError, where the loader refuses one."""
    loaded = load.load_packs(files)
    assert not loaded.broken, next(fault for fault in loaded.faults if fault.is_error)
    return list(loaded.packs)


# -- getting ready ---------------------------------------------------------------------------------


def build() -> Iterator[Figure]:
    """Compiling 50,000 rules, in a process of its own."""
    told = _alone("measure_build")
    yield Figure("build", f"{MANY:,} rules compiled", told["cpu_s"], "s", 4.0)
    note = f"peak {told['peak_mb']:.0f}; {told['later_mb']:.0f} after {ARTICLES} articles"
    yield Figure("build", f"{MANY:,} rules compiled, memory", told["mb"], "MB", 150.0, note)


def desk() -> Iterator[Figure]:
    """Loading 1,000 rules with their tests through the gate, in a process of its own, then again after an edit."""
    told = _alone("measure_desk")
    note = f"{told['kb']:.0f} kB, {told['tests']} tests"
    yield Figure("desk", f"{told['rules']:,} rules loaded and tested, cold", told["cold_s"], "s", 2.0, note)
    yield Figure("desk", "the same after one file changed", told["changed_s"], "s", 0.3)


def _alone(name: str) -> dict[str, Any]:
    """Return what a function of this module measures in a fresh process."""
    code = f"import json; from bench import match; print(json.dumps(match.{name}()))"
    said = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


def measure_build() -> dict[str, float]:
    """Compile packs that are there already, as values; memory is the growth of this process meanwhile."""
    news = World(Size(feeds=ARTICLES, entries=1, topics=MANY, copies=0.0))
    found, articles = match_cases.few_matches(news), match_cases.news_articles(news, ARTICLES)
    del news
    _settle()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak counts from here
    cpu, rules = _timed(partial(_compiled_and_named, found))
    peak = _status("VmHWM")
    _settle()
    after = _status("VmRSS")
    for article in articles:
        match.match_article(rules, article)
    _settle()
    return {"cpu_s": cpu, "mb": after - before, "peak_mb": peak - before, "later_mb": _status("VmRSS") - before}


def _compiled_and_named(found: list[packs.Pack]) -> rules_compile.RuleSet:
    """Return the rule set of `found`; its id, which the engine always needs, may be made only when asked for."""
    rules = rules_compile.compile_rules(found).build()
    assert len(rules.rules) == MANY
    assert rules.id
    return rules


def _settle() -> None:
    """Give back memory that nobody uses, so that growth is not hidden in it."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _status(field: str) -> float:
    """Return a memory figure of this process, MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{field}:"))


def measure_desk() -> dict[str, float]:
    """Load a desk's folder through the gate, change one file, and load it again."""
    files = match_cases.desk_files()
    cold, first = _timed(partial(live.next_live, None, files, load.Known()))
    assert not first.stale, first.stale
    edited = {**files, "packs/desk-07.yaml": files["packs/desk-07.yaml"].replace(b"title: Desk 7", b"title: Desk VII")}
    changed, second = _timed(partial(live.next_live, first, edited, load.Known()))
    assert second.id != first.id
    assert not second.stale, second.stale
    return {
        "cold_s": cold,
        "changed_s": changed,
        "rules": len(first.ruleset.rules),
        "tests": sum(len(pack.tests) for pack in first.ruleset.packs.values()),
        "kb": sum(map(len, files.values())) / 1000,
    }


PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "few": few,
    "many": many,
    "build": build,
    "nasty": nasty,
    "desk": desk,
}


def main(as_json: bool, only: Iterable[str] = ()) -> None:
    """Measure the parts named by `only`, all of them if it names none, and print the figures."""
    figures.report((figure for name in only or PARTS for figure in PARTS[name]()), as_json)
