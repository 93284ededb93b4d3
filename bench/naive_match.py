"""The naive evaluator: what the specification of rules says, read a second time and carried out by brute force.

It judges every rule of a pack on an article straight from the rule's values: no tree, no pre-selection, no index, and
for proximity the product of all matches. Slow and short; the tests of the engine compare with it, and the benchmark
shows what its cleverness saves. Of the product it shares the text (`monitor.text`) and the values of `packs`, `syntax`
and `terms`; what these mean is written here once more. Statuses are not looked at: drafts are judged too.

A regular expression sees paragraphs as they stand, so its offsets are those of the original only where that is NFC.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import re2

from monitor import model, text
from monitor.rules import packs, syntax, terms

Span = tuple[str, int, int]
"""Field (`title` or `text`), start and end in the original text of that field."""

LEAD_PARAGRAPHS, LEAD_WORDS = 2, 80
MOST_MATCHES = 400
"""Of one proximity operator."""
SHOUTING = 3
"""Cased words beside the one in question that make a sentence in capitals."""
TITLE = -1
"""The number of the title as a sentence and as a paragraph."""
_LANGUAGES = {
    "Arabic": "ar fa ur ps sd ug ku",
    "Hebrew": "he yi iw ji",
    "Cyrillic": "ru uk be bg mk sr kk ky mn tg tt ba cv os",
    "Devanagari": "hi mr ne sa",
    "Ethiopic": "am ti",
    **{lang: lang for lang in ("el", "hy", "ka", "th", "ko", "ja", "zh", "bn", "pa", "gu", "ta", "te")},
}
OWN_SCRIPT = {lang: script for script, langs in _LANGUAGES.items() for lang in langs.split()}
"""Languages that are not written in Latin letters."""

_LINE = re.compile("[^\n\r\v\f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule makes of an article.

    `score`: the points of a score rule, whether or not they suffice. `spans`: the evidence, all of it; empty where the
    rule is false.
    """

    true: bool
    score: int | None = None
    spans: frozenset[Span] = frozenset()


def naive_matches(pack: packs.Pack, article: model.Article) -> dict[str, Found]:
    """Return what every rule of `pack` makes of `article`, by rule id."""
    case = Case(article, read_page(article.title, article.text), pack.vocabularies)
    return {rule.id: _judge(rule, case) for rule in pack.rules}


# -- the article -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A title and a body as one row of tokens. `sentences` and `paragraphs`: of each token, the number of its own."""

    title: str
    body: str
    tokens: tuple[text.Token, ...]
    title_words: int
    sentences: tuple[int, ...]
    paragraphs: tuple[int, ...]

    @property
    def everything(self) -> range:
        """The numbers of all tokens."""
        return range(len(self.tokens))

    def in_title(self, number: int) -> bool:
        """Return whether a token stands in the title."""
        return number < self.title_words


@dataclass(frozen=True, slots=True)
class Case:
    """An article before the rules of a pack."""

    article: model.Article
    page: Page
    vocabularies: Mapping[str, packs.Vocabulary]

    @property
    def lang(self) -> str | None:
        """The base language, None if unknown."""
        return re.split("[-_]", self.article.lang)[0].casefold() if self.article.lang else None

    @property
    def moment(self) -> datetime | None:
        """The article's date: published, else first seen."""
        return self.article.published or self.article.first_seen


def read_page(title: str, body: str) -> Page:
    """Return `title` and `body` as tokens, as far as they are read."""
    title, body = text.cut(title)[0], text.cut(body)[0]
    of_title, of_body = text.tokenize(title), text.tokenize(body)
    starts = [start for start, _ in text.sentences(body)]
    sentences = [sum(start <= token.start for start in starts) for token in of_body]
    before = [TITLE] * len(of_title)
    paragraphs = [token.paragraph for token in of_body]
    return Page(title, body, (*of_title, *of_body), len(of_title), (*before, *sentences), (*before, *paragraphs))


def _range_of(field: str, page: Page) -> range:
    """Return the tokens of a text field."""
    title, end = page.title_words, len(page.tokens)
    first = list(dict.fromkeys(page.paragraphs[title:]))[:LEAD_PARAGRAPHS]
    lead = sum(paragraph in first for paragraph in page.paragraphs[title:])
    lead_end = title + min(lead, LEAD_WORDS)
    ranges = {
        "title": range(title),
        "lead": range(title, lead_end),
        "top": range(lead_end),
        "body": range(title, end),
        "text": range(end),
    }
    return ranges[field]


# -- matches ---------------------------------------------------------------------------------------


class Hit(NamedTuple):
    """A match: its first and last token, and those of the words and phrases that it is made of."""

    lo: int
    hi: int
    leaves: frozenset[tuple[int, int]]


class Value(NamedTuple):
    """What an expression is. Metadata make it true without a match; all else is true by its matches."""

    true: bool
    hits: tuple[Hit, ...] = ()


NOTHING = Value(False)


def _value_of(hits: Iterable[Hit]) -> Value:
    hits = tuple(hits)
    return Value(bool(hits), hits)


def _leaf(lo: int, hi: int) -> Hit:
    return Hit(lo, hi, frozenset({(lo, hi)}))


def _one_each(hits: Iterable[Hit]) -> list[Hit]:
    """Return the first match of each [lo, hi], in order of place."""
    first: dict[tuple[int, int], Hit] = {}
    for hit in hits:
        first.setdefault((hit.lo, hit.hi), hit)
    return [first[place] for place in sorted(first)]


def _all_hits(values: Iterable[Value]) -> tuple[Hit, ...]:
    return tuple(hit for value in values for hit in value.hits)


# -- rules -----------------------------------------------------------------------------------------


def _judge(rule: packs.Rule, case: Case) -> Found:
    looks = _looks_at(rule.traits, case)
    if rule.score is not None:
        return _points(rule.score, case) if looks else Found(False, 0)
    if not looks:
        return Found(False)
    value = _lists(rule, case) if rule.query is None else _evaluate(rule.query, case, case.page.everything)
    return Found(True, None, _spans(value.hits, case.page)) if value.true else Found(False)


def _looks_at(traits: packs.Traits, case: Case) -> bool:
    """Return whether the rule looks at the article at all: by language, source and date."""
    if case.lang and traits.languages is not None and case.lang not in traits.languages:
        return False
    names, groups = {case.article.source, case.article.newsroom}, set(case.article.groups)
    sources = traits.sources
    if names & sources.deny or groups & sources.deny_groups:
        return False
    if (sources.allow or sources.allow_groups) and not (names & sources.allow or groups & sources.allow_groups):
        return False
    return _lies_in(case.moment, traits.active_from, traits.active_to)


def _lies_in(moment: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    """Return whether `moment` lies in [start, end); an unknown one does."""
    if moment is None:
        return True
    return (start is None or start <= moment) and (end is None or moment < end)


def _lists(rule: packs.Rule, case: Case) -> Value:
    """All of `all`, one of `any`, none of `none`."""
    whole = case.page.everything
    needed = [_item(item, case, whole) for item in rule.all]
    choice = [_item(item, case, whole) for item in rule.any]
    if not all(needed) or (rule.any and not any(choice)):
        return NOTHING
    if any(_item(item, case, whole) for item in rule.none):
        return NOTHING
    return _value_of(hit for hits in (*needed, *choice) for hit in hits)


def _points(score: packs.Score, case: Case) -> Found:
    """Each true clause counts once, and its bonus if one of its words stands in the title."""
    values = {clause.id: _evaluate(clause.query, case, case.page.everything) for clause in score.clauses}
    fired = [clause for clause in score.clauses if values[clause.id].true]
    points = sum(clause.weight for clause in fired)
    points += sum(clause.title_bonus for clause in fired if _touches_title(values[clause.id], case.page))
    required = not score.require or any(clause.id in score.require for clause in fired)
    if points < score.threshold or not required:
        return Found(False, points)
    hits = _all_hits(values[clause.id] for clause in fired if clause.weight > 0)
    return Found(True, points, _spans(hits, case.page))


def _touches_title(value: Value, page: Page) -> bool:
    return any(page.in_title(lo) for hit in value.hits for lo, _ in hit.leaves)


def _spans(hits: Iterable[Hit], page: Page) -> frozenset[Span]:
    """Return where the words of `hits` stand in the original."""
    leaves = {leaf for hit in hits for leaf in hit.leaves}
    return frozenset(
        ("title" if page.in_title(lo) else "text", page.tokens[lo].start, page.tokens[hi].end) for lo, hi in leaves
    )


# -- queries ---------------------------------------------------------------------------------------


def _evaluate(expr: syntax.Expr, case: Case, where: range) -> Value:
    """Return the value of `expr` within the tokens `where`."""
    page = case.page

    def operands(exprs: Iterable[syntax.Expr]) -> list[Value]:
        return [_evaluate(operand, case, where) for operand in exprs]

    def places(exprs: Iterable[syntax.Expr]) -> list[list[Hit]]:
        """For operators of distance, which take one match of a place: of OR, the first operand's."""
        return [_one_each(value.hits) for value in operands(exprs)]

    match expr:
        case syntax.Word():
            return _value_of(_term(expr.term, case, where))
        case syntax.Regex():
            return _value_of(_regex(expr.pattern, page, where))
        case syntax.And():
            return _and(operands(expr.operands), operands(expr.without))
        case syntax.Or():
            return _at_least(1, operands(expr.operands))
        case syntax.Near():
            return _value_of(_near(expr, places(expr.operands), page))
        case syntax.Together():
            return _value_of(_together(expr.unit, places(expr.operands), page))
        case syntax.Apart():
            hits, foes = places((expr.operand, expr.other))
            return _value_of(_apart(expr.distance, hits, foes, page))
        case syntax.AtLeast():
            return _at_least(expr.count, operands(expr.operands))
        case syntax.Times():
            return _times(expr.count, _evaluate(expr.operand, case, where))
        case syntax.Field() if expr.name in syntax.METADATA_FIELDS:
            return Value(any(_holds(expr.operand, value, case) for value in _metadata(expr.name, case)))
        case syntax.Field():
            inner = _range_of(expr.name, page)
            return _evaluate(expr.operand, case, range(max(where.start, inner.start), min(where.stop, inner.stop)))


def _and(wanted: list[Value], unwanted: list[Value]) -> Value:
    if not all(value.true for value in wanted) or any(value.true for value in unwanted):
        return NOTHING
    return Value(True, _all_hits(wanted))


def _at_least(count: int, values: list[Value]) -> Value:
    true = [value for value in values if value.true]
    return Value(True, _all_hits(true)) if len(true) >= count else NOTHING


def _times(count: int, value: Value) -> Value:
    disjoint, end = 0, -1
    for hit in sorted(value.hits, key=lambda hit: hit.hi):
        if hit.lo > end:
            disjoint, end = disjoint + 1, hit.hi
    return value if disjoint >= count else NOTHING


def _metadata(field: str, case: Case) -> tuple[str, ...]:
    """Return the values of a metadata field."""
    article = case.article
    values = {
        "url": (article.url,),
        "source": (article.source, article.newsroom),
        "author": (article.author,),
        "lang": (case.lang or "",),
        "tags": article.tags,
    }
    return values[field]


def _holds(expr: syntax.Expr, value: str, case: Case) -> bool:
    """Return whether one value of a metadata field, read like a title, is what `expr` says."""
    match expr:
        case syntax.Regex():
            return re2.search(expr.pattern, value, _regex_options()) is not None
        case syntax.Or():
            return any(_holds(operand, value, case) for operand in expr.operands)
    page = read_page(value, "")
    return _evaluate(expr, replace(case, page=page), page.everything).true


# -- proximity -------------------------------------------------------------------------------------

Choice = tuple[Hit, ...]
"""One match of each operand."""


def _near(expr: syntax.Near, operands: list[list[Hit]], page: Page) -> list[Hit]:
    return _closest(
        choice
        for choice in _choices(operands)
        if page.in_title(_lo(choice)) == page.in_title(_hi(choice))
        and (not expr.ordered or all(a.lo < b.lo for a, b in itertools.pairwise(choice)))
        and _gap(choice) <= expr.distance
    )


def _together(unit: str, operands: list[list[Hit]], page: Page) -> list[Hit]:
    units = {"sentence": page.sentences, "paragraph": page.paragraphs}[unit]
    return _closest(choice for choice in _choices(operands) if units[_lo(choice)] == units[_hi(choice)])


def _choices(operands: list[list[Hit]]) -> Iterator[Choice]:
    """Yield every choice of one match of each operand in which no two have the same place."""
    if not operands:
        yield ()
        return
    for before in _choices(operands[:-1]):
        taken = {(hit.lo, hit.hi) for hit in before}
        yield from ((*before, hit) for hit in operands[-1] if (hit.lo, hit.hi) not in taken)


def _lo(choice: Choice) -> int:
    return min(hit.lo for hit in choice)


def _hi(choice: Choice) -> int:
    return max(hit.hi for hit in choice)


def _gap(choice: Choice) -> int:
    """Return how many words from the first to the last one belong to no operand."""
    covered = {number for hit in choice for number in range(hit.lo, hit.hi + 1)}
    return _hi(choice) - _lo(choice) + 1 - len(covered)


def _closest(choices: Iterable[Choice]) -> list[Hit]:
    """Return the minimal matches: none holds another, and each is the best choice for its place."""
    best: dict[tuple[int, int], Choice] = {}
    for choice in choices:
        place = _lo(choice), _hi(choice)
        if place not in best or _rank(choice) < _rank(best[place]):
            best[place] = choice
    minimal = sorted(place for place in best if not any(_is_inside(other, place) for other in best))
    return [Hit(*place, frozenset().union(*(hit.leaves for hit in best[place]))) for place in minimal[:MOST_MATCHES]]


def _rank(choice: Choice) -> tuple[int, list[tuple[int, int, int]]]:
    """Smaller gaps come first, then what stands further left."""
    return _gap(choice), sorted((hit.lo, hit.hi, operand) for operand, hit in enumerate(choice))


def _is_inside(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]


def _apart(distance: int | None, hits: list[Hit], foes: list[Hit], page: Page) -> list[Hit]:
    """Return the matches that none of `foes` is near: by words, or (`distance` None) in a sentence of theirs."""

    def is_near(hit: Hit, foe: Hit) -> bool:
        if distance is None:
            return page.sentences[foe.lo] <= page.sentences[hit.hi] and page.sentences[hit.lo] <= page.sentences[foe.hi]
        return _is_within(distance, hit, foe, page)

    return [hit for hit in hits if not any(is_near(hit, foe) for foe in foes)]


def _is_within(distance: int, a: Hit, b: Hit, page: Page) -> bool:
    """Return whether at most `distance` words of one field stand between two matches, or they overlap."""
    return page.in_title(a.lo) == page.in_title(b.lo) and max(a.lo - b.hi, b.lo - a.hi) - 1 <= distance


# -- names, items and their contexts ---------------------------------------------------------------


def _term(term: terms.Term, case: Case, where: range) -> list[Hit]:
    """Return the matches of a word, a phrase or a `$name`."""
    if term.ref is not None:
        return _vocabulary(case.vocabularies[term.ref], case, where)
    return _phrase(term, case.page, where)


def _vocabulary(found: packs.Vocabulary, case: Case, where: range) -> list[Hit]:
    hits = [hit for item in found.items for hit in _item(item, case, where)]
    for holder in found.holders:
        if _lies_in(case.moment, holder.start, holder.end):
            hits += _vocabulary(case.vocabularies[holder.entity], case, where)
    return _one_each(hits)


def _item(item: packs.Item, case: Case, where: range) -> list[Hit]:
    """Return the mentions that count; their surroundings are those in the whole article."""
    if not _speaks(item, case.lang):
        return []
    whole, page = case.page.everything, case.page
    required = [hit for term in item.require for hit in _term(term, case, whole)]
    forbidden = [hit for term in item.forbid for hit in _term(term, case, whole)]

    def counts(mention: Hit) -> bool:
        has = any(_overlap(mention, h) is False and _reaches(item.within, mention, h, page) for h in required)
        bad = any(not _holds_whole(mention, h) and _reaches(item.forbid_within, mention, h, page) for h in forbidden)
        return (has or not item.require) and not bad

    return [mention for mention in _term(item.term, case, where) if counts(mention)]


def _speaks(item: packs.Item, lang: str | None) -> bool:
    """Return whether the item counts in articles of `lang`."""
    if lang is None:
        return True
    if item.langs is not None and lang not in item.langs:
        return False
    return item.lang in (None, lang) or OWN_SCRIPT.get(item.lang or "") != OWN_SCRIPT.get(lang)


def _reaches(within: int | None, mention: Hit, other: Hit, page: Page) -> bool:
    return within is None or _is_within(within, mention, other, page)


def _overlap(a: Hit, b: Hit) -> bool:
    return a.lo <= b.hi and b.lo <= a.hi


def _holds_whole(outer: Hit, inner: Hit) -> bool:
    return outer.lo <= inner.lo and inner.hi <= outer.hi


# -- words and phrases -----------------------------------------------------------------------------


def _phrase(term: terms.Term, page: Page, where: range) -> list[Hit]:
    """Return where the words of `term`, in one of their readings, follow one another in one paragraph."""
    ends = ((lo, end) for words in _readings(term.parts) for lo in where for end in _ends(words, lo, term, page))
    places = {(lo, end - 1) for lo, end in ends}
    kept = (p for p in places if p[1] in where and page.paragraphs[p[0]] == page.paragraphs[p[1]])
    return [_leaf(lo, hi) for lo, hi in sorted(kept)]


def _readings(parts: tuple[terms.Part, ...]) -> Iterator[tuple[terms.Part, ...]]:
    """Yield every way to read `parts`: words with a hyphen between them may be one word."""
    if not parts:
        yield ()
        return
    for count in range(1, min(text.MOST_JOINED, len(parts)) + 1):
        first, rest = parts[:count], parts[count:]
        if not all(part.glued for part in first[1:]):
            return
        word = first[0] if count == 1 else terms.Part("".join(p.folded for p in first), prefix=first[-1].prefix)
        yield from ((word, *after) for after in _readings(rest))


def _ends(words: tuple[terms.Part, ...], at: int, term: terms.Term, page: Page) -> Iterator[int]:
    """Yield the numbers of the tokens behind `words`, where these begin at `at`."""
    if not words:
        yield at
    elif at < len(page.tokens):
        for length in _lengths(words[0], at, term, page):
            yield from _ends(words[1:], at + length, term, page)


def _lengths(word: terms.Part, at: int, term: terms.Term, page: Page) -> Iterator[int]:
    """Yield how many tokens `word` takes at `at`, for each way in which they are it."""
    token = page.tokens[at]
    if word.exact is not None:
        if _is_exactly(word.exact, at, page):
            yield 1
        return
    for length, forms in ((1, token.forms), *token.joined):
        if any(_spells(word, form.text) for form in forms if term.clitics or not form.peeled):
            yield length


def _spells(word: terms.Part, form: str) -> bool:
    """Return whether a folded form is `word`: `?` is one letter, and a prefix may go on."""
    if len(form) < len(word.folded) or (len(form) > len(word.folded) and not word.prefix):
        return False
    return all(f.isalpha() if w == "?" else w == f for w, f in zip(word.folded, form, strict=False))


def _is_exactly(wanted: str, at: int, page: Page) -> bool:
    """Return whether a token is written like that; in a sentence of capitals only dots can tell."""
    raw = page.tokens[at].raw
    return text.exact_form(raw) == wanted and ("." in raw or not _is_shouted(at, page))


def _is_shouted(at: int, page: Page) -> bool:
    """Return whether a cased token stands in a sentence all in capitals."""
    sentence = [number for number in page.everything if page.sentences[number] == page.sentences[at]]
    others = sum(_is_cased(page.tokens[number].raw) for number in sentence if number != at)
    whole = all(not _has_small(page.tokens[number].raw) for number in sentence)
    return _is_cased(page.tokens[at].raw) and whole and others >= SHOUTING


def _is_cased(raw: str) -> bool:
    return raw.upper() != raw.lower()


def _has_small(raw: str) -> bool:
    return any(char.islower() for char in re.sub("['’]s$", "", raw))


# -- regular expressions ---------------------------------------------------------------------------


def _regex_options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return options


def _regex(pattern: str, page: Page, where: range) -> list[Hit]:
    """Return the matches in each paragraph, widened to the words they touch."""
    compiled = re2.compile(pattern, _regex_options())
    of_title = range(page.title_words)
    of_body = range(page.title_words, len(page.tokens))
    hits = list(_touched(compiled, page.title, 0, [(n, page.tokens[n]) for n in of_title]))
    for line in _LINE.finditer(page.body):
        hits += _touched(compiled, line.group(), line.start(), [(n, page.tokens[n]) for n in of_body])
    return _one_each(hit for hit in hits if hit.lo in where and hit.hi in where)


def _touched(compiled: re2._Regexp, paragraph: str, start: int, tokens: list[tuple[int, text.Token]]) -> Iterator[Hit]:
    for found in compiled.finditer(unicodedata.normalize("NFC", paragraph)):
        lo, hi = start + found.start(), start + found.end()
        touched = [number for number, token in tokens if token.start < hi and lo < token.end]
        if lo < hi and touched:
            yield _leaf(touched[0], touched[-1])
