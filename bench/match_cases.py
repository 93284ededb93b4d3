"""What rule matching is measured on: rules with few matches and with many, rules made to cost, and a desk's folder.

Everything follows from seeds. The packs of `few_matches` and `many_matches` are made as values, since YAML is not what
is measured there, each with its file's text, which names the rule set; the others are texts that the loader accepts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

from bench.newsworld import COMMON, EXCLUDED, KINDS, PHRASES, World, invented
from monitor import model, text
from monitor.rules import packs, terms
from monitor.rules.yaml_nodes import Place

WORDS = 600
"""Of an article."""
PACK = 100
"""Rules of a pack."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A rule as most are: a name, one of some phrases, and none of another."""

    id: str
    entity: str
    phrases: tuple[str, ...]
    excluded: str


# -- rules with few matches and with many ----------------------------------------------------------


def few_matches(news: World) -> list[packs.Pack]:
    """Return packs with one rule for each topic of `news`: six in a hundred of its articles match one."""
    return as_packs([Plain(f"r{t.id}", t.entity, t.phrases, t.excluded) for t in news.topics])


def news_articles(news: World, number: int) -> list[model.Article]:
    """Return articles of `news`, WORDS long."""
    return [_article(news, feed, []) for feed in range(number)]


NAMES, NAMED, SAID = 500, 4, 7
"""Names that rules share; how many of them, and of PHRASES, stand in an article: 0.24 % of the rules match it."""


def many_matches(rules: int) -> list[packs.Pack]:
    """Return packs whose rules share NAMES names."""
    rng = random.Random("many")
    names = shared_names()
    return as_packs(
        [Plain(f"r{n}", names[n % NAMES], tuple(rng.sample(PHRASES, 3)), rng.choice(EXCLUDED)) for n in range(rules)]
    )


def shared_names() -> list[str]:
    """Return the names that the rules of `many_matches` share."""
    rng = random.Random("names")
    found: dict[str, None] = {}
    while len(found) < NAMES:
        found[f"{invented(rng).capitalize()} {rng.choice(KINDS)}"] = None
    return list(found)


def busy_articles(news: World, number: int) -> list[model.Article]:
    """Return articles, WORDS long, each with NAMED of the shared names and SAID phrases."""
    rng, names = random.Random("busy"), shared_names()
    return [_article(news, feed, rng.sample(names, NAMED) + rng.sample(PHRASES, SAID)) for feed in range(number)]


def _article(news: World, feed: int, said: list[str]) -> model.Article:
    told = news.article(feed, 0)
    rng = random.Random(f"{news.seed}/long/{feed}")
    lines = [f"Sources spoke of {words} this week." for words in said] + told.text.split("\n")
    length = sum(len(line.split()) for line in lines)
    while length < WORDS:
        lines.append(" ".join(rng.choices(news.sentences[told.story.lang], k=3)))
        length += len(lines[-1].split())
    body = _cut("\n".join(lines))
    return model.Article(title=told.story.headline, text=body, lang=told.story.lang, url=f"/a/{told.name}.html")


def _cut(body: str) -> str:
    """Return the first WORDS words, paragraphs kept."""
    kept, left = [], WORDS
    for paragraph in body.split("\n"):
        words = paragraph.split()[:left]
        left -= len(words)
        kept.append(" ".join(words))
    return "\n".join(kept).strip()


def as_packs(rules: list[Plain]) -> list[packs.Pack]:
    """Return the rules as packs of PACK, as values."""
    return [_pack(f"p{start}", rules[start : start + PACK]) for start in range(0, len(rules), PACK)]


def _pack(name: str, rules: list[Plain]) -> packs.Pack:
    """Return one pack; within it equal terms are one value, as `$name` makes them one in a file."""
    file = f"packs/{name}.yaml"
    known: dict[str, packs.Item] = {}

    def item(words: str, line: int) -> packs.Item:
        if words not in known:
            known[words] = packs.Item(_term(words, Place(file, line, 5)))
        return known[words]

    made = tuple(
        packs.Rule(
            rule.id,
            Place(file, line, 5),
            packs.Traits(),
            all=(item(rule.entity, line),),
            any=tuple(item(phrase, line) for phrase in rule.phrases),
            none=(item(rule.excluded, line),),
        )
        for line, rule in zip(count(4), rules, strict=False)
    )
    return packs.Pack(name, Place(file, 2, 1), packs.Traits(), made, (), files={file: _text_of(name, rules)})


def _term(words: str, place: Place) -> terms.Term:
    found = terms.parse(words, place)
    assert isinstance(found, terms.Term), found
    return found


def _text_of(name: str, rules: list[Plain]) -> str:
    lines = [
        f"  - {{id: {rule.id}, all: {json.dumps([rule.entity])}, any: {json.dumps(rule.phrases)},"
        f" none: {json.dumps([rule.excluded])}}}\n"
        for rule in rules
    ]
    return f"format: 1\npack: {name}\nrules:\n{''.join(lines)}"


# -- rules made to cost ----------------------------------------------------------------------------

ARABIC = """في من على إلى أن عن مع هذا التي الذي كان قال قد لا ما بين بعد قبل كل هذه ذلك حتى أو ثم لم لن هو هي هم كما
عند منذ خلال حول ضد دون نحو غير سوى أكثر أقل اليوم أمس غدا عام شهر يوم أسبوع رئيس وزير حكومة دولة شعب مدينة حرب
سلام اتفاق قوات جيش أمن حدود قطاع غزة مصر القاهرة الأردن إسرائيل تهجير سكان فلسطين وقال وأضاف وكان وفي ومن والتي
بأن لأن فإن"""
COMMON_WORDS = {"en": COMMON["en"], "ar": ARABIC.split()}
_ROOTS = "بتثجحخدذرزسشصضطظعغفقكلمنهوي"
_BEFORE = ("", "", "", "ال", "ال", "و", "وال", "ب", "بال", "لل", "ل")
TOP = 12
"""The most common words of which a rule made to cost is made."""


@dataclass(frozen=True, slots=True)
class Language:
    """Words of a language by frequency, those a rule may begin a wildcard with, and the stop of its sentences."""

    code: str
    words: list[str]
    stop: str

    @property
    def top(self) -> list[str]:
        """The most common words."""
        return self.words[:TOP]


def languages() -> dict[str, Language]:
    """Return English and Arabic, each with some thousand invented words behind its common ones."""
    rng = random.Random("languages")
    english = [*dict.fromkeys(COMMON_WORDS["en"]), *(invented(rng) for _ in range(6000))]
    arabic = [*dict.fromkeys(COMMON_WORDS["ar"]), *(_arabic(rng) for _ in range(6000))]
    return {"en": Language("en", english, "."), "ar": Language("ar", arabic, "؟")}


def _arabic(rng: random.Random) -> str:
    return rng.choice(_BEFORE) + "".join(rng.choices(_ROOTS, k=rng.randint(3, 5)))


def long_text(language: Language, characters: int = text.LONGEST) -> str:
    """Return paragraphs of three sentences whose words fall off in frequency as in real text."""
    rng = random.Random(f"long/{language.code}")
    said = words_of(language, characters, rng)
    lines, at = [], 0
    while at < len(said):
        lengths = [rng.randint(9, 27) for _ in range(3)]
        cuts = [at + sum(lengths[:n]) for n in range(4)]
        sentences = (" ".join(said[a:b]).capitalize() for a, b in pairwise(cuts))
        lines.append(" ".join(sentence + language.stop for sentence in sentences if sentence))
        at = cuts[-1]
    return "\n".join(lines)[:characters]


def long_sentence(language: Language, characters: int = text.LONGEST) -> str:
    """Return a text of one sentence."""
    return " ".join(words_of(language, characters, random.Random(f"sentence/{language.code}")))[:characters]


def words_of(language: Language, characters: int, rng: random.Random) -> list[str]:
    """Return words for a text of about so many characters."""
    weights = [1 / (rank + 3) ** 0.95 for rank in range(len(language.words))]
    drawn = rng.choices(language.words, weights, k=characters // 3)
    length, kept = 0, []
    for word in drawn:
        if length >= characters:
            break
        kept.append(word)
        length += len(word) + 1
    return kept


Family = Callable[[random.Random, Language], dict[str, Any]]
"""Makes one rule."""


def _query(made: str) -> dict[str, Any]:
    return {"query": made}


def _some(rng: random.Random, words: list[str], number: int) -> str:
    return ", ".join(rng.sample(words, number))


def _choice(rng: random.Random, words: list[str], number: int) -> str:
    return "(" + " OR ".join(rng.sample(words, number)) + ")"


def near_six(rng: random.Random, language: Language) -> dict[str, Any]:
    """NEAR/50 of six very common words."""
    return _query(f"NEAR/50({_some(rng, language.top, 6)})")


def never_near(rng: random.Random, language: Language) -> dict[str, Any]:
    """NEAR/0 and THEN/0 of six common words that hardly ever stand side by side."""
    return _query(f"{rng.choice(['NEAR', 'THEN'])}/0({_some(rng, language.words[:20], 6)})")


def near_choices(rng: random.Random, language: Language) -> dict[str, Any]:
    """NEAR over big ORs."""
    choices = ", ".join(_choice(rng, language.words[:200], 30) for _ in range(3))
    return _query(f"NEAR/{rng.choice([3, 10, 50])}({choices})")


def near_same(rng: random.Random, language: Language) -> dict[str, Any]:
    """NEAR of one very common word and itself."""
    word = rng.choice(language.top)
    return _query(f"NEAR/{rng.choice([0, 5, 50])}({', '.join([word] * rng.randint(2, 6))})")


def in_one_unit(rng: random.Random, language: Language) -> dict[str, Any]:
    """SENT and PARA of common words."""
    return _query(f"{rng.choice(['SENT', 'PARA'])}({_some(rng, language.top, rng.randint(2, 6))})")


def many_times(rng: random.Random, language: Language) -> dict[str, Any]:
    """TIMES/50 of words, ORs and pairs."""
    a, b = rng.sample(language.top, 2)
    inner = rng.choice([a, f"{a} OR {b}", f'"{a} {b}"', f"NEAR/3({a}, {b})", f"{a} NOTNEAR/2 {b}"])
    return _query(f"TIMES/50({inner})")


def at_least(rng: random.Random, language: Language) -> dict[str, Any]:
    """ATLEAST of words, pairs, and words apart."""
    a, b, c, d, e, f = rng.sample(language.top, 6)
    return _query(f"ATLEAST/{rng.randint(2, 4)}({a}, NEAR/2({b}, {c}), {d} NOTSENT {e}, title:{f}, SENT({a}, {f}))")


def wildcards(rng: random.Random, language: Language) -> dict[str, Any]:
    """Wildcards near one another."""
    long = [word for word in language.words if len(word) > 4]
    starts = [f"{word[:4]}*" for word in rng.sample(long, 8)]
    marks = [f"{word[:2]}?{word[3:]}" for word in rng.sample(long, 2)]
    return _query(f"NEAR/20(({' OR '.join(starts)}), ({' OR '.join(marks)} OR {rng.choice(language.top)}))")


def contexts(rng: random.Random, language: Language) -> dict[str, Any]:
    """Mentions of a very common word that common words allow and forbid."""
    name, require, forbid = rng.sample(language.top, 3)
    item = {"name": name, "require": [require], "forbid": [forbid]}
    within = {"within": rng.choice(["3", "25", "article"]), "forbid_within": rng.choice(["1", "3", "10"])}
    return {"any": [{**item, **within}]}


REGEXES = (r".*{a}.*{b}.*{c}", r"({a}+)+{b}", r"(\w+\s+){{3}}{a}{b}", r"\b{a}\w*{b}\b.{{0,40}}\b{c}", "[^{a}]+{b}{c}$")


def regexes(rng: random.Random, language: Language) -> dict[str, Any]:
    """Regular expressions that other engines choke on."""
    a, b, c = rng.sample("abcdefghiklmnoprstu" if language.code == "en" else _ROOTS, 3)
    return _query(f"re:/{rng.choice(REGEXES).format(a=a, b=b, c=c)}/")


def common_lists(rng: random.Random, language: Language) -> dict[str, Any]:
    """Lists of common words."""
    words = language.words[:100]
    return {"all": rng.sample(words, 3), "any": rng.sample(words, 30), "none": rng.sample(language.words[3000:], 1)}


def scores(rng: random.Random, language: Language) -> dict[str, Any]:
    """Points for common words."""
    pairs = [rng.sample(language.top, 2) for _ in range(6)]
    queries = [f"{a} NEAR/{n} {b}" for n, (a, b) in enumerate(pairs)]
    clauses = {f"c{n}": {"weight": "10", "title_bonus": "5", "query": query} for n, query in enumerate(queries)}
    minus = {"weight": "-20", "query": f"SENT({_some(rng, language.top, 3)})"}
    return {"score": {"threshold": "50", "clauses": {**clauses, "minus": minus}}}


def nested(rng: random.Random, language: Language) -> dict[str, Any]:
    """NEAR in NEAR in NEAR."""
    a, b, c, d, e, f = rng.sample(language.top, 6)
    return _query(f"NEAR/20(NEAR/10(NEAR/5({a}, {b}), {c}), THEN/10({d}, {e}), {f})")


def mixed(rng: random.Random, language: Language) -> dict[str, Any]:
    """Operators at random, three deep."""
    return _query(_mixed(rng, language.words[:30], 3))


def _mixed(rng: random.Random, words: list[str], depth: int) -> str:
    if depth == 0:
        return rng.choice(words)
    inner = [_mixed(rng, words, depth - 1) for _ in range(rng.randint(2, 3))]
    made = rng.choice(["NEAR/{n}", "THEN/{n}", "SENT", "PARA", "OR", "NOTNEAR/{n}", "NOTSENT"]).format(
        n=rng.randint(0, 9)
    )
    if made == "OR":
        return f"({' OR '.join(inner)})"
    return f"({inner[0]} {made} {inner[1]})" if made.startswith("NOT") else f"{made}({', '.join(inner)})"


FAMILIES: dict[Family, int] = {
    near_six: 50, never_near: 40, near_choices: 40, near_same: 30, in_one_unit: 50, many_times: 30, at_least: 30,
    wildcards: 40, contexts: 40, regexes: 30, common_lists: 40, scores: 30, nested: 30, mixed: 20,
}  # fmt: skip
"""Rules of each family: 500 in all."""


def nasty_rules(language: Language) -> dict[str, bytes]:
    """Return a pack file for each family, by its name."""
    found = {}
    for family, number in FAMILIES.items():
        rng = random.Random(f"{family.__name__}/{language.code}")
        rules = [{"id": f"r{n}", **family(rng, language)} for n in range(number)]
        pack = {"format": "1", "pack": family.__name__, "rules": rules}
        found[family.__name__] = json.dumps(pack, ensure_ascii=False).encode()
    return found


# -- the rules of a desk ---------------------------------------------------------------------------

DESK_PACKS, DESK_RULES = 20, 50
ENTITIES = 200
VERBS = ("resettl*", "relocat*", "displac*", "voluntary emigration", "ethnic cleansing", "mass migration")
HOSTS = ("take in", "absorb", "accept", "house")
SPORT = ("league", "striker", "kick-off", "midfielder")


def desk_files() -> dict[str, bytes]:
    """Return a rules folder as a large desk may have it: lists, queries and scores in packs, names, and tests."""
    rng = random.Random("desk")
    names = list(dict.fromkeys(invented(rng).capitalize() for _ in range(ENTITIES)))
    files = {"entities/world.yaml": "\n".join(_entities(rng, names)).encode()}
    for number in range(DESK_PACKS):
        files[f"packs/desk-{number:02}.yaml"] = "\n".join(_desk_pack(rng, names, number)).encode()
    return files


def _entities(rng: random.Random, names: list[str]) -> Iterator[str]:
    yield "format: 1\nentities:"
    for name in names:
        kind = rng.choice(KINDS)
        yield f"  - id: {name.lower()}\n    type: org\n    names:"
        yield f"      en:\n        - {name} {kind}\n        - {name}ian*"
        yield f"        - {{name: {name}, require: [{kind}, shares, board], within: 25, forbid: [{name} Street]}}"
        yield f"      ar: [{_arabic(rng)} {_arabic(rng)}, {_arabic(rng)}]\n      fr: [groupe {name}]"


def _desk_pack(rng: random.Random, names: list[str], number: int) -> Iterator[str]:
    yield f"format: 1\npack: desk-{number:02}\ntitle: Desk {number}"
    yield "defaults: {severity: high, languages: [en, ar, fr]}"
    yield f"lists:\n  leaving: {{en: [{', '.join(VERBS)}], ar: [تهجير, توطين], fr: [réinstall*]}}"
    yield f"  taking-in: {{en: [{', '.join(HOSTS)}]}}\nrules:"
    made = [_desk_rule(rng, names, n) for n in range(DESK_RULES)]
    yield from (rule for rule, _, _ in made)
    yield "tests:\n  should_match:"
    yield from (test for _, tests, _ in made for test in tests)
    yield "  should_not_match:"
    yield from (test for _, _, tests in made for test in tests)


def _desk_rule(rng: random.Random, names: list[str], number: int) -> tuple[str, list[str], list[str]]:
    """Return a rule, tests that it must match and tests that it must not."""
    a, b = rng.sample(names, 2)
    phrases, other = rng.sample(PHRASES, 3), rng.choice(names)
    kind = rng.choice(["list", "list", "query", "query", "score"])
    head = f"  - id: r{number}\n"
    if kind == "list":
        rule = f"{head}    all: [${a.lower()}]\n    any: [{', '.join(phrases)}]\n    none: [{EXCLUDED[0]}]"
        said = f"{a} shares rose after the {phrases[0]}."
    elif kind == "query":
        query = (
            f"(NEAR/18(${a.lower()}, $leaving) OR SENT(${a.lower()}, $taking-in, (${b.lower()} OR {b})))\n"
            f"      AND NOT title:({' OR '.join(SPORT)})"
        )
        rule = f"{head}    query: |\n      {query}"
        said = f"The board of {a} said that {b} would take in half of the staff."
    else:
        clauses = [
            f"        host: {{weight: 20, query: 'SENT(${a.lower()}, $taking-in)'}}",
            f"        event: {{weight: 15, title_bonus: 5, query: '{b} NEAR/8 (\"{phrases[1]}\" OR refus*)'}}",
            "        sport: {weight: -20, query: 'TIMES/2(" + " OR ".join(SPORT) + ")'}",
        ]
        rule = f"{head}    score:\n      threshold: 30\n      clauses:\n" + "\n".join(clauses)
        said = f"The board of {a} would absorb the loss. {b} spoke of the {phrases[1]}."
    positive = [f"    - {{rule: r{number}, title: News of the {day}, text: '{said}'}}" for day in ("day", "night")]
    away = f"Nothing was heard of {other} and the {phrases[2]} on {other} Street."
    negative = [f"    - {{rule: r{number}, title: A quiet {day}, text: '{away}'}}" for day in ("day", "night")]
    return rule, positive, negative
