"""First step, in workers: which revisions of a stretch of the archive either side matches.

Only what the words of an article allow a rule of either side to match is read any further (`blocks`). What matches is
written to a file for the next step: matches of a month do not belong into the daemon.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from monitor import model
from monitor.alerts import facts
from monitor.backtest import blocks, sameness
from monitor.backtest.blocks import Block, Matches
from monitor.backtest.values import SIDES, Counted, Job, Pair, Seen, Side
from monitor.rules import crowd, live, mentions, packs
from monitor.rules.compile import RuleSet, compile_rules
from monitor.store import backtests, visit
from monitor.store.backtests import Archived, Span, Written
from monitor.store.store import Connection

LONGEST_KEPT = 20_000
"""Characters of an article whose facts are kept; it takes as much to know it again."""
MOST_TERMS = 12
"""Terms of a match that are kept: what a change is put down to."""


def sift(job: Job, span: Span) -> Counted:
    """Match the revisions of `span` under both rule sets, and leave what matched in the spool. Raises: StoreError."""
    with visit.reading_again(job.database) as connection:
        read, seen = (_recorded if job.recorded else _matched)(connection, job, span)
    (Path(job.spool) / f"{span.first:020}.sift").write_bytes(pickle.dumps(seen, pickle.HIGHEST_PROTOCOL))
    return count(read, seen)


def count(read: int, seen: Sequence[Seen]) -> Counted:
    """Return how many of the revisions that were read each side matches."""
    return Counted(read, *(sum(bool(one.matches[side]) for one in seen) for side in SIDES))


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
    return compile_rules(_compared(path, pairs, side).values())


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
    return _Differing(compile_rules(others), frozenset(same))


def _packs(path: str, names: frozenset[str], side: Side) -> Mapping[str, packs.Pack]:
    """Return packs of a file by id; all live rules stand in every worker from its start, or are asked for anyway."""
    return live.of_file(path).packs if side == "live" else live.packs_of(Path(path).read_text("utf-8"), names)


def _as_live(pack: packs.Pack) -> packs.Pack:
    rules = tuple(replace(rule, traits=_live(rule.traits)) for rule in pack.rules)
    return replace(pack, traits=_live(pack.traits), rules=rules)


def _live(traits: packs.Traits) -> packs.Traits:
    return replace(traits, status="live") if traits.status == "test" else traits


# -- matching anew ---------------------------------------------------------------------------------


def live_matches(connection: Connection, job: Job, block: Block, among: int) -> Matches:
    """Return what the live rules match of some revisions of a block: what does not depend on the edit."""
    found = blocks.judge(connection, block.allowed(rules_of(job, "live"), among))
    return {revision: kept for revision, matches in found.items() if (kept := _live_only(matches))}


def compare(connection: Connection, job: Job, block: Block, among: int, known: Matches) -> Iterator[Seen]:
    """Yield what either side matches of some revisions of a block, given all that the live rules match."""
    differing = _differing(job.live, job.edited, job.pairs)
    anew = blocks.judge(connection, block.allowed(differing.rules, among))
    sides: dict[int, dict[Side, tuple[model.Match, ...]]] = {}
    for place in crowd.places_of(among):
        revision = block.revisions[place]
        before = known.get(revision, ())
        same = [found for found in before if (found.pack, found.rule) in differing.same]
        after = _live_only([*same, *anew.get(revision, ())])
        if before or after:
            sides[revision] = {"live": before, "edited": after}
    for written, source, article in blocks.load(connection, sides):
        yield _seen(job, written, source, article, sides[written.revision_id])


def _matched(connection: Connection, job: Job, span: Span) -> tuple[int, list[Seen]]:
    """Return how many revisions there are, and what either side matches of them."""
    read, seen = 0, list[Seen]()
    for block in blocks.read(connection, span):
        everyone = block.within(span)
        read += len(block.seqs)
        seen += compare(connection, job, block, everyone, live_matches(connection, job, block, everyone))
    return read, seen


def _live_only(found: Iterable[model.Match]) -> tuple[model.Match, ...]:
    return tuple(sorted((one for one in found if one.status == "live"), key=lambda one: (one.pack, one.rule)))


# -- taking what was recorded ----------------------------------------------------------------------


def _recorded(connection: Connection, job: Job, span: Span) -> tuple[int, list[Seen]]:
    """Return what was matched at the time, the live side as `live`, the other with what only was on trial."""
    names = sorted({name for pair in job.pairs for name in pair})
    found = backtests.list_recorded(connection, span, names)
    seen = []
    for written, source, article in blocks.load(connection, found):
        sides = {side: tuple(_taken(job, side, found[written.revision_id])) for side in SIDES}
        if any(sides.values()):
            seen.append(_seen(job, written, source, article, sides))
    return 1 + span.last - span.first, seen


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


def _facts(path: str, article: model.Article, found: tuple[model.Match, ...]) -> facts.ArticleFacts:
    if not found:
        return facts.NO_FACTS
    if len(article.text) > LONGEST_KEPT:
        return _facts_anew(path, article, found)
    return _facts_kept(path, article, found)


def _facts_anew(path: str, article: model.Article, found: tuple[model.Match, ...]) -> facts.ArticleFacts:
    rules = live.of_file(path)
    named = mentions.mentions(rules, article)
    return facts.article_facts(article, found, named, functools.partial(mentions.mentions, rules))


_facts_kept = functools.lru_cache(maxsize=500)(_facts_anew)
"""Most articles are matched alike by both sides, and by the next edit."""


def _cut(found: model.Match) -> model.Match:
    """Return a match with the first span of each term: whose a change is, not where it stands."""
    first: dict[tuple[str, str | None], model.Evidence] = {}
    for span in found.evidence:
        first.setdefault((span.term, span.entity), span)
    return replace(found, evidence=tuple(first.values())[:MOST_TERMS])
