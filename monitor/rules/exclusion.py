"""A word that a rule could exclude: it stands in the alerts rated noise and in none that were useful. Pure.

Words are compared as rules compare them, in every form without clitics, and the word that is suggested is looked for
once more by the very condition that the rule would get. What a rule would lose is told, of rated and unrated alerts; it
is no replay: an article of the same story without the word may be told instead.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from monitor import model, text
from monitor.rules import common_words, load, match, packs, syntax, terms
from monitor.rules.compile import RuleSet, compile_rules
from monitor.rules.feedback import Judged

LEAST_NOISE = 3
"""Stories rated noise that must hold the word: an exclusion for two is not worth its risk."""
MOST_CHANCE = 0.01
"""How probable it may be that any of the words that were looked at stands in so many noisy stories, and in no useful
one, by chance. Words of titles are looked at first, for they are few: of the thousands in texts some always are."""
LEAST_LETTERS = 3
MOST_TRIED = 20
"""Words that are looked for by the rule's own condition before there is none to suggest."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to exclude, and the alerts of the rule that it would have removed."""

    word: str
    noise: tuple[int, ...]
    unrated: tuple[int, ...]
    of_noise: int
    """Alerts of the rule that were rated noise."""
    of_useful: int
    kept: int
    """Of those removed, how many another rule of the pack would have told all the same."""


@dataclass(frozen=True, slots=True)
class NoSuggestion:
    """Why there is none, in a sentence's end."""

    why: str


def suggest(
    alerts: Sequence[Judged], articles: Mapping[int, model.Article], rule: packs.Rule | None, pack: packs.Pack | None
) -> Suggestion | NoSuggestion:
    """Return a word for the alerts of one rule.

    Args:
        articles: Alert id -> its article as it was told; alerts whose text is gone are not looked at.
        rule: As its file has it now, and its `pack`: what it names already, and what its tests want matched, is left.
    """
    known = [alert for alert in alerts if alert.id in articles]
    noise, useful = _rated(known, useful=False), _rated(known, useful=True)
    rated = len(_stories(noise)), len(_stories(useful))
    if rated[0] < LEAST_NOISE or _chance(rated[0], *rated) > MOST_CHANCE:
        return NoSuggestion(
            f"{_count(rated[0])} rated noise and {rated[1]} useful: too few to tell them apart by a word"
        )
    texts = {alert.id: _Text(articles[alert.id]) for alert in known}
    needed = [_Text(_of_case(case)) for case in _wanted(rule, pack)]
    named = _Named([*_evidence(noise), *(_written(rule, pack) if rule is not None and pack is not None else ())])
    for word in _candidates(noise, useful, articles, named):
        found = _try(word, known, texts, needed)
        if found is not None:
            return found
    return NoSuggestion("no word tells the noise from what was useful, beyond chance")


def _rated(alerts: Iterable[Judged], *, useful: bool) -> list[Judged]:
    return [alert for alert in alerts if alert.useful is useful]


def _count(stories: int) -> str:
    return f"{stories} {'story' if stories == 1 else 'stories'}"


def _stories(alerts: Iterable[Judged]) -> set[int]:
    return {alert.story_id for alert in alerts}


def _chance(holding: int, noise: int, useful: int) -> float:
    """Return how probable it is that all of the stories that hold a word are noise, were ratings dealt out by chance.

    Source: Fisher's exact test with a zero in the table, hypergeometric.
    """
    return math.comb(noise + useful - holding, useful) / math.comb(noise + useful, useful)


class _Text:
    """An article, and the forms of its words: most conditions are told false by them alone."""

    def __init__(self, article: model.Article) -> None:
        self._article = article

    @cached_property
    def _haystack(self) -> bytes:
        return match.haystack_of(self._article)

    def holds(self, condition: RuleSet) -> bool:
        """Return whether a rule set of one rule finds something."""
        return bool(match.match_article(condition, self._article, self._haystack))


def _try(word: str, alerts: Sequence[Judged], found: Mapping[int, _Text], needed: Iterable[_Text]) -> Suggestion | None:
    """Return what excluding `word` removes; None where it would also remove what was useful, or what tests want."""
    condition = _condition(word)
    hit = [alert for alert in alerts if found[alert.id].holds(condition)]
    noise, useful = _rated(hit, useful=False), _rated(hit, useful=True)
    if useful or len(_stories(noise)) < LEAST_NOISE:
        return None
    if any(one.holds(condition) for one in needed):
        return None
    return Suggestion(
        word,
        tuple(alert.id for alert in noise),
        tuple(alert.id for alert in hit if alert.useful is None),
        len(_rated(alerts, useful=False)),
        len(_rated(alerts, useful=True)),
        sum(len(alert.words) > 1 for alert in hit),
    )


def _condition(word: str) -> RuleSet:
    """Return a rule that the word alone makes true."""
    written = word.replace("'", "''")
    source = f"format: 1\npack: p\nrules:\n  - {{id: r, any: ['{written}']}}\n"
    return compile_rules(load.load_packs({"packs/p.yaml": source.encode()}).packs)


# -- which words are tried -----------------------------------------------------------------------


def _candidates(
    noise: Sequence[Judged], useful: Sequence[Judged], articles: Mapping[int, model.Article], named: _Named
) -> list[str]:
    """Return words as they are mostly written: those of titles first, then those of most stories."""
    in_useful = {form for alert in useful for form in _forms(articles[alert.id])}
    rated = len(_stories(noise)), len(_stories(useful))
    seen = _Seen()
    for alert in noise:
        seen.add(alert.story_id, articles[alert.id])
    fit: dict[str, None] = {}
    for places in (seen.titles, seen.articles):
        looked_at = [
            word
            for word, stories in places.items()
            if len(stories) >= LEAST_NOISE and _can_stand_alone(word) and not named.holds(word)
        ]
        looked_at.sort(key=lambda word: (-len(seen.articles[word]), -len(seen.titles.get(word, ())), word))
        most = MOST_CHANCE / max(1, len(looked_at))  # Bonferroni's correction for many words
        clear = (word for word in looked_at if _chance(len(seen.articles[word]), *rated) <= most)
        fit.update(dict.fromkeys(word for word in clear if word not in in_useful))
    return [_spelling(seen.spellings[word]) for word in list(fit)[:MOST_TRIED]]


class _Seen:
    """The words of noisy articles: in which stories' titles, and where at all, and how they were written."""

    def __init__(self) -> None:
        self.titles: dict[str, set[int]] = {}
        self.articles: dict[str, set[int]] = {}
        self.spellings: dict[str, Counter[str]] = {}

    def add(self, story: int, article: model.Article) -> None:
        """Look at one article."""
        title, body = text.tokenize(article.title), text.tokenize(text.cut(article.text)[0])
        for token in title:
            self.titles.setdefault(token.folded, set()).add(story)
        for token in (*title, *body):
            self.articles.setdefault(token.folded, set()).add(story)
            self.spellings.setdefault(token.folded, Counter())[text.exact_form(token.raw)] += 1


def _forms(article: model.Article) -> Iterator[str]:
    for token in (*text.tokenize(article.title), *text.tokenize(text.cut(article.text)[0])):
        yield from (form.text for form in token.forms)


def _can_stand_alone(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and not word[0].isdigit() and not common_words.is_broad(word, None, False)


def _spelling(found: Counter[str]) -> str:
    """Return how a word is mostly written, in small letters where it ever is: capitals of headlines say nothing."""
    most = max(found.items(), key=lambda item: (item[1], item[0]))[0]
    small = most.lower()
    return small if small in found else most


class _Named:
    """Words that a rule names already, to find or to exclude, by the terms as they are written."""

    def __init__(self, written: Iterable[str]) -> None:
        terms_ = list(written)
        self._words = {word for one in terms_ for word in text.folded_words(one.rstrip("*"))}
        heads = (text.folded_words(one.rstrip("*")) for one in terms_ if one.endswith("*"))
        self._heads = tuple(words[-1] for words in heads if words)

    def holds(self, word: str) -> bool:
        """Return whether one of the terms is, or is made of, `word`, or is a beginning of it."""
        return word in self._words or word.startswith(self._heads)


def _evidence(alerts: Iterable[Judged]) -> Iterator[str]:
    yield from {word.term for alert in alerts for words in alert.words.values() for word in words}


def _written(rule: packs.Rule, pack: packs.Pack) -> Iterator[str]:
    items = (*rule.all, *rule.any, *rule.none)
    queries = [rule.query] if rule.query is not None else []
    queries += [clause.query for clause in rule.score.clauses] if rule.score is not None else []
    named = [term for item in items for term in (item.term, *item.forbid)]
    named += [expr.term for query in queries for expr in syntax.walk(query) if isinstance(expr, syntax.Word)]
    yield from (one for term in named for one in _of_term(term, pack))


def _of_term(term: terms.Term, pack: packs.Pack) -> Iterator[str]:
    vocabulary = pack.vocabularies.get(term.ref) if term.ref is not None else None
    if vocabulary is None:
        yield term.written
    else:
        yield from (item.term.written for item in vocabulary.items)


def _wanted(rule: packs.Rule | None, pack: packs.Pack | None) -> list[packs.Case]:
    """Return the tests of a pack that its rule must still find."""
    cases = pack.tests if pack is not None else ()
    return [case for case in cases if case.kind == "should_match" and (rule is None or case.rule in (None, rule.id))]


def _of_case(case: packs.Case) -> model.Article:
    return model.Article(title=case.title, text=case.text, lang=case.lang)
