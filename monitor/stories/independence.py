"""How many newsrooms found a story out by themselves. Pure.

Who reports is not who knows: forty papers that print one agency's text, and three that quote one newspaper, are one
voice each. A *claim* is whose word an article gives: its newsroom's own, or that of those whom it credits. The voices
of a story are the fewest sources that account for all its claims; so the count never rises by a copy, and a paper that
prints an agency first and its own findings later counts for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.stories import names

CREDITED, SEPARATOR = "@", "|"
OWN = "own"
"""Why an article belongs to a voice: a newsroom's own report, its first."""
SAME_NEWSROOM = "same_newsroom"
"""Another report of the same newsroom, through whatever feed."""
COPY = "copy"
"""A copy of an article of the voice; `of` names it."""
AGENCY = "agency"
"""It prints the report of the agency, and says so."""
FIRST_REPORT = "first_report"
"""It tells what the newsroom reported, and says so."""


@dataclass(frozen=True, slots=True)
class Report:
    """An article, as far as its independence goes."""

    article_id: int
    newsroom: str
    credits: tuple[str, ...] = ()
    """Of `stories.credits`: `agency:reuters`, `report:axios`."""
    duplicate_of: int | None = None
    aggregator: str | None = None
    """The newsroom of the feed that only passed it on."""
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose word an article gives: that of `own`, or, where there are any, that of one of `credited`. Keys of names."""

    own: str | None
    credited: frozenset[str] = frozenset()

    @property
    def sources(self) -> frozenset[str]:
        """Return those one of whom it comes from, "news agencies" and "the Times" spelled out; none: nobody's."""
        if not self.credited:
            return frozenset((self.own,) if self.own else ())
        return frozenset(source for key in self.credited for source in _meant(key))

    def to_text(self) -> str:
        """Return the stored form: `bbc`, `@ap|@reuters`; empty for nobody's."""
        if self.credited:
            return SEPARATOR.join(CREDITED + key for key in sorted(self.credited))
        return self.own or ""

    @classmethod
    def from_text(cls, stored: str) -> Claim:
        """Return the claim behind a stored form. Whose own an article was that credits others is not in it."""
        if stored.startswith(CREDITED):
            return cls(None, frozenset(key.removeprefix(CREDITED) for key in stored.split(SEPARATOR)))
        return cls(stored or None)


NOBODY = Claim(None)


@dataclass(frozen=True, slots=True)
class Heard:
    """An article that a voice accounts for."""

    article_id: int
    why: str
    """OWN, SAME_NEWSROOM, COPY, AGENCY or FIRST_REPORT."""
    of: int | None = None
    """The article that it copies; None where a copy of it names the source and it does not."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One independent source, and the articles that give its word; the source itself need not be among them."""

    key: str
    name: str
    articles: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Independence:
    """Who stands behind a story."""

    voices: tuple[Voice, ...]
    """In the order in which they came."""
    unheard: tuple[int, ...]
    """Articles that count for nobody: of feeds that are not trusted, or of an aggregator that names no publisher."""

    @property
    def count(self) -> int:
        """Return the number of independent newsrooms."""
        return len(self.voices)


def claim_of(newsroom: str, credits: Iterable[str], aggregator: str | None = None) -> Claim:
    """Return whose word an article gives, by itself."""
    own = names.newsroom_key(newsroom).replace(SEPARATOR, " ").lstrip(CREDITED)
    keys = (credit.partition(":")[2] for credit in credits)
    credited = frozenset(key for key in keys if key and own not in (key, *names.SHORT_NAMES.get(key, ())))
    if aggregator is not None and names.newsroom_key(aggregator) == own:
        return Claim(None, credited)
    return Claim(own or None, credited)


def joined(chain: Claim, copy: Claim) -> Claim:
    """Return the claim of a chain of copies once another copy belongs to it: what one of them credits, all owe.

    A text that an agency puts out under its own name is the agency's, whoever was first with it.
    """
    credited = chain.credited | copy.credited
    for claim in (chain, copy):
        if claim.own in names.AGENCIES and not claim.credited:
            credited |= {claim.own}
    own = chain.own or copy.own
    return Claim(own) if credited == {own} else Claim(own, frozenset(credited))


def choose_sources(claims: Iterable[Claim]) -> dict[Claim, str]:
    """Return the source that accounts for each claim, the fewest in all; nobody's claims are left out.

    A claim with one possible source decides. What is left goes to the source that most of it names, the first in the
    alphabet among equals; "news agencies" alone stand for themselves where no agency is known.
    """
    sources = {claim: claim.sources for claim in claims if claim.sources}
    chosen = {next(iter(named)) for named in sources.values() if len(named) == 1}
    left = [named for named in sources.values() if not named & chosen]
    while left:
        votes = Counter(source for named in left for source in named)
        best = min(votes, key=lambda source: (-votes[source], source != names.UNNAMED, source))
        chosen.add(best)
        left = [named for named in left if best not in named]
    return {claim: min(named & chosen) for claim, named in sources.items()}


def count_independent(reports: Sequence[Report]) -> Independence:
    """Return who stands behind a story, and why each article belongs to its voice.

    Args:
        reports: All articles of the story; `duplicate_of` may name one that is not among them.
    """
    known = {report.article_id: report for report in sorted(reports, key=lambda report: report.article_id)}
    heads = chain_heads({report.article_id: report.duplicate_of for report in reports})
    chains = _chains(known, heads)
    sources = choose_sources(chains.values())
    found: dict[str, list[Heard]] = {}
    written: dict[str, str] = {}
    unheard = []
    for article_id, report in known.items():
        source = sources.get(chains.get(heads[article_id], NOBODY))
        if source is None or not report.trusted:
            unheard.append(article_id)
            continue
        voice = found.setdefault(source, [])
        if names.newsroom_key(report.newsroom) == source:
            written.setdefault(source, report.newsroom)
        voice.append(_heard(report, source, known, first=not any(heard.why == OWN for heard in voice)))
    voices = tuple(Voice(key, names.label(key, written.get(key)), tuple(heard)) for key, heard in found.items())
    return Independence(voices, tuple(unheard))


def chain_heads(duplicate_of: Mapping[int, int | None]) -> dict[int, int]:
    """Return the first article of each one's chain of copies, of those that are known; a copy comes after its like."""
    heads: dict[int, int] = {}
    for article_id in sorted(duplicate_of):
        before = duplicate_of[article_id]
        heads[article_id] = heads.get(before, article_id) if before is not None else article_id
    return heads


def _chains(known: Mapping[int, Report], heads: Mapping[int, int]) -> dict[int, Claim]:
    """Return the claim of each chain by its head; feeds that are not trusted say nothing."""
    chains: dict[int, Claim] = {}
    for article_id, report in known.items():
        if report.trusted:
            claim = claim_of(report.newsroom, report.credits, report.aggregator)
            head = heads[article_id]
            chains[head] = joined(chains[head], claim) if head in chains else claim
    return chains


def _heard(report: Report, source: str, known: Mapping[int, Report], first: bool) -> Heard:
    of = report.duplicate_of
    if of is not None and of in known and known[of].trusted:
        return Heard(report.article_id, COPY, of)
    for credit in report.credits:
        kind, _, key = credit.partition(":")
        if source in _meant(key):
            return Heard(report.article_id, AGENCY if kind == "agency" else FIRST_REPORT)
    if names.newsroom_key(report.newsroom) == source:
        return Heard(report.article_id, OWN if first else SAME_NEWSROOM)
    return Heard(report.article_id, COPY, of)


def _meant(key: str) -> Iterable[str]:
    """Return whom a credit may mean."""
    return names.AGENCIES if key == names.UNNAMED else names.SHORT_NAMES.get(key, (key,))
