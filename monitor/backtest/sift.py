"""First step, in workers: which revisions of a stretch of the archive either side matches.

The text of an article is folded once; the automata of both sides run over it, and only what one of them lets through is
read any further. What matches is written to a file for the next step: matches of a month do not belong into the daemon.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from monitor import model
from monitor.alerts import facts
from monitor.backtest import sameness
from monitor.backtest.values import SIDES, Counted, Job, Pair, Seen, Side
from monitor.rules import collector, live, match, mentions, packs
from monitor.rules.compile import RuleSet, compile_rules
from monitor.store import backtests, visit
from monitor.store.backtests import Archived, Span, Written
from monitor.store.rows import NAMED
from monitor.store.store import Connection

KEPT = ".looked"
"""Ending of the files that keep what does not depend on the edit."""
LEAST_KEPT = 250
"""Revisions of a stretch that is kept; the last ones of a day are not yet complete."""
MOST_TERMS = 12
"""Terms of a match that are kept: what a change is put down to."""


def sift(job: Job, span: Span) -> Counted:
    """Match the revisions of `span` under both rule sets, and leave what matched in the spool. Raises: StoreError."""
    with visit.reading_again(job.database) as connection:
        found = list(_recorded(connection, job, span) if job.recorded else _matched(connection, job, span))
    seen = [one for one in found if one is not None]
    read = 1 + span.last - span.first if job.recorded else len(found)
    (Path(job.spool) / f"{span.first:020}.sift").write_bytes(pickle.dumps(seen, pickle.HIGHEST_PROTOCOL))
    live_, edited = (sum(bool(one.matches[side]) for one in seen) for side in SIDES)
    return Counted(read, live_, edited)


def read_spool(spool: str) -> Iterator[Seen]:
    """Yield what all steps of matching left, in the order in which it was decided."""
    for path in sorted(Path(spool).glob("*.sift")):
        yield from pickle.loads(path.read_bytes())


def rules_of(job: Job, side: Side) -> RuleSet:
    """Return the rules of a side. Raises: RuleError, where the source does not load."""
    return _rules(job.rules(side), job.pairs, side)


def warm_up(path: str) -> None:
    """Load all rules of a pickled job, where workers are forked from."""
    job: Job = pickle.loads(Path(path).read_bytes())
    for file in job.named_by:
        live.of_file(file)
    for side in SIDES:
        rules_of(job, side)


@functools.lru_cache(maxsize=4)
def _rules(path: str, pairs: tuple[Pair, ...], side: Side) -> RuleSet:
    made = compile_rules(_compared(path, pairs, side).values())
    collector.settle()
    return made


@functools.lru_cache(maxsize=4)
def _compared(path: str, pairs: tuple[Pair, ...], side: Side) -> Mapping[str, packs.Pack]:
    """Return the packs that are compared, by the names that they have on the live side.

    On the edited side a rule of status `test` counts as live: what it would send is what is asked.
    """
    names = {pair.on(side): pair.live for pair in pairs}
    known = _packs(path, frozenset(names), side)
    found = [replace(known[name], id=names[name]) for name in names if name in known]
    return {pack.id: pack if side == "live" else _as_live(pack) for pack in found}


@dataclass(frozen=True, slots=True)
class _Differing:
    """The rules of the edited side that are not the live ones, and (pack, rule) of those that are."""

    rules: RuleSet
    same: frozenset[tuple[str, str]]


@functools.lru_cache(maxsize=4)
def _differing(live_path: str, edited_path: str, pairs: tuple[Pair, ...]) -> _Differing:
    before, after = _compared(live_path, pairs, "live"), _compared(edited_path, pairs, "edited")
    same, others = set(), []
    for pack in after.values():
        kept = sameness.same_rules(before[pack.id], pack) if pack.id in before else frozenset()
        same |= {(pack.id, rule) for rule in kept}
        others.append(replace(pack, rules=tuple(rule for rule in pack.rules if rule.id not in kept)))
    made = compile_rules(others)
    collector.settle()
    return _Differing(made, frozenset(same))


def _packs(path: str, names: frozenset[str], side: Side) -> Mapping[str, packs.Pack]:
    """Return packs of a file by id; all live rules stand in every worker from its start, or are asked for anyway."""
    return live.of_file(path).packs if side == "live" else live.packs_of(Path(path).read_text("utf-8"), names)


def _as_live(pack: packs.Pack) -> packs.Pack:
    rules = tuple(replace(rule, traits=_live(rule.traits)) for rule in pack.rules)
    return replace(pack, traits=_live(pack.traits), rules=rules)


def _live(traits: packs.Traits) -> packs.Traits:
    return replace(traits, status="live") if traits.status == "test" else traits


# -- matching anew ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Looked:
    """A revision with what does not depend on the edit."""

    written: Written
    haystack: bytes
    source: Archived
    live: tuple[model.Match, ...]

    @property
    def article(self) -> model.Article:
        """Return it as rules see it."""
        return replace(self.source.article, text=self.written.text)


def _matched(connection: Connection, job: Job, span: Span) -> Iterator[Seen | None]:
    """Yield what came of each revision: None for what neither side matches."""
    before, differing = rules_of(job, "live"), _differing(job.live, job.edited, job.pairs)
    looked = _kept(connection, job, before, span) if job.keep else _candidates(connection, before, differing, span)
    for one in looked:
        yield None if one is None else _compared_with(job, differing, one)


def _candidates(connection: Connection, before: RuleSet, differing: _Differing, span: Span) -> Iterator[_Looked | None]:
    """Yield the revisions that an automaton lets through, None for the others."""
    batch: list[tuple[Written, bytes]] = []
    for written in backtests.iter_written(connection, span):
        haystack = match.haystack_of(model.Article(written.title, written.text))
        if before.candidates(haystack) or differing.rules.candidates(haystack):
            batch.append((written, haystack))
        else:
            yield None
        if len(batch) >= NAMED:
            yield from _look(connection, before, batch)
            batch.clear()
    yield from _look(connection, before, batch)


def _look(connection: Connection, before: RuleSet, batch: Sequence[tuple[Written, bytes]]) -> Iterator[_Looked]:
    sources = backtests.get_archived(connection, (written.revision_id for written, _ in batch))
    for written, haystack in batch:
        source = sources[written.revision_id]
        found = match.match_article(before, replace(source.article, text=written.text), haystack)
        yield _Looked(written, haystack, source, _live_only(found))


def _kept(connection: Connection, job: Job, before: RuleSet, span: Span) -> Sequence[_Looked]:
    """Return all revisions of a stretch, from the file that the last edit left: a page asks again at each key."""
    names = hashlib.sha256(repr(job.pairs).encode()).hexdigest()[:16]
    path = Path(job.keep) / f"{Path(job.live).stem}.{names}.{span.first}-{span.last}{KEPT}"
    with contextlib.suppress(FileNotFoundError):
        known: list[_Looked] = pickle.loads(path.read_bytes())
        return known
    written = backtests.iter_written(connection, span)
    batch = [(one, match.haystack_of(model.Article(one.title, one.text))) for one in written]
    looked = list(_look(connection, before, batch))
    if span.last - span.first + 1 >= LEAST_KEPT:
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(pickle.dumps(looked, pickle.HIGHEST_PROTOCOL))
        partial.rename(path)
    return looked


def _compared_with(job: Job, differing: _Differing, one: _Looked) -> Seen | None:
    new = [found for found in one.live if (found.pack, found.rule) in differing.same]
    new += match.match_article(differing.rules, one.article, one.haystack)
    sides: dict[Side, tuple[model.Match, ...]] = {"live": one.live, "edited": _live_only(new)}
    return _seen(job, one.written, one.source, one.article, sides) if any(sides.values()) else None


def _live_only(found: Iterable[model.Match]) -> tuple[model.Match, ...]:
    return tuple(sorted((one for one in found if one.status == "live"), key=lambda one: (one.pack, one.rule)))


# -- taking what was recorded ----------------------------------------------------------------------


def _recorded(connection: Connection, job: Job, span: Span) -> Iterator[Seen | None]:
    """Yield what was matched at the time, the live side as `live`, the other with what only was on trial."""
    names = sorted({name for pair in job.pairs for name in pair})
    found = backtests.list_recorded(connection, span, names)
    texts, sources = backtests.get_written(connection, found), backtests.get_archived(connection, found)
    for revision_id, matches in found.items():
        written, source = texts[revision_id], sources[revision_id]
        article = replace(source.article, text=written.text)
        sides = {side: tuple(_taken(job, side, matches)) for side in SIDES}
        yield _seen(job, written, source, article, sides) if any(sides.values()) else None


def _taken(job: Job, side: Side, matches: Iterable[model.Match]) -> Iterator[model.Match]:
    """Yield the matches of a side whose rules there still are: how they are told is the rules' word of today."""
    rules = rules_of(job, side)
    names = {pair.on(side): pair.live for pair in job.pairs}
    for one in matches:
        name = names.get(one.pack)
        if name is None or (side == "live" and one.status != "live"):
            continue
        try:
            rules.rule(name, one.rule)
        except KeyError:
            continue
        yield replace(one, pack=name, status="live")


# -- what is kept ----------------------------------------------------------------------------------


def _seen(
    job: Job,
    written: Written,
    source: Archived,
    article: model.Article,
    found: Mapping[Side, tuple[model.Match, ...]],
) -> Seen:
    known = {side: _facts(path, article, found[side]) for side, path in zip(SIDES, job.named_by, strict=True)}
    return Seen(
        seq=written.seq,
        at=written.decided_at,
        revision_id=written.revision_id,
        n=source.n,
        story_id=source.story_id,
        article_id=source.article_id,
        feed_id=source.feed_id,
        batch_id=source.batch_id,
        trusted=source.trusted,
        duplicate_of=source.duplicate_of,
        duplicate_reason=source.duplicate_reason,
        article=source.article,
        matches={side: tuple(map(_cut, matches)) for side, matches in found.items()},
        facts=known,
    )


def _facts(path: str, article: model.Article, found: Sequence[model.Match]) -> facts.ArticleFacts:
    if not found:
        return facts.NO_FACTS
    rules = live.of_file(path)
    named = mentions.mentions(rules, article)
    return facts.article_facts(article, found, named, functools.partial(mentions.mentions, rules))


def _cut(found: model.Match) -> model.Match:
    """Return a match with the first span of each term: whose a change is, not where it stands."""
    first: dict[tuple[str, str | None], model.Evidence] = {}
    for span in found.evidence:
        first.setdefault((span.term, span.entity), span)
    return replace(found, evidence=tuple(first.values())[:MOST_TERMS])
