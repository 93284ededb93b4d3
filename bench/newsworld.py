"""A deterministic world of news: stories, their copies, topics with one rule each, traps, and the truth about all.

Everything is a pure function of (seed, feed, entry), so that two runs with the same options serve the same bytes and
have the same truth, whatever order a client asks in. `pages` renders it, `server` serves it.

- `topics` of the stories carry a sentence that the topic's rule must match.
- `decoys` carry a trap that it must not match: its entity in boilerplate only, inside longer words, without any of the
  rule's phrases, or beside the phrase that the rule excludes.
- `copies` of the articles are one story in other feeds, edited: headline, byline, agency credit, dropped paragraphs, a
  replaced sentence.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

EN = """the of and to in a is that for it was on are as with his they at be this from have or by one had not but what
all were when we there can an your which their said if do will each about how up out them then she many some so these
would other into has more her two like him see time could no make than first been its who now people my made over did
down only way find use may water long little very after words called just where most know year years work government
market report week state company police country minister president court percent million city group week officials
public local national plan health members during against between former because while before under three last month
also since still another through second week early late Monday Tuesday Wednesday Thursday Friday added told reporters
according spokesman statement decision increase growth billion trade support children school house family power
security law budget election vote party council region service bank price energy system research study university
problem question answer number part place case point hand high small large different following around however"""
DE = """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat
dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch
man sein wurde sagte Prozent Jahr Jahre Regierung Stadt Polizei Land Menschen gegen unter wieder heute neue zwischen"""
FR = """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec ont été
son aux cette mais comme nous leur ou si deux elle être fait même ans après sans aussi entre pays gouvernement ville
président année selon millions contre marché sous depuis encore dont avant toujours autres premier était avait"""
ES = """de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre
este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está país gobierno ciudad policía
presidente año según millones contra mercado durante antes después otros primer tiempo estado parte donde"""
COMMON = {"en": EN.split(), "de": DE.split(), "fr": FR.split(), "es": ES.split()}
SENTENCES = {"en": 40_000, "de": 4_000, "fr": 4_000, "es": 4_000}
_SUBJECTS = "merger takeover bankruptcy antitrust refinery pipeline semiconductor vaccine drought wildfire"
_EVENTS = "talks inquiry lawsuit shutdown outbreak subsidy"
PHRASES = [f"{subject} {event}" for subject in _SUBJECTS.split() for event in _EVENTS.split()]
EXCLUDED = ("opinion column", "sponsored content", "archive photo", "quiz answers")
KINDS = ("Holdings", "Industries", "Labs", "Group", "Motors", "Energy", "Pharma", "Systems", "Airlines", "Bank")
DECOYS = ("boilerplate", "substring", "negated", "entity-only")
_CONSONANTS = ("b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "br", "gr", "pl")
ONSETS = [consonant + vowel for consonant in _CONSONANTS for vowel in "aeiou"]
ENDS = ("n", "r", "s", "l", "t", "nd", "st", "m", "ck", "ng")


def invented(rng: random.Random) -> str:
    """Return a pronounceable word that is in no dictionary."""
    return "".join(rng.choice(ONSETS) for _ in range(rng.randint(2, 3))) + rng.choice(ENDS)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is; shares are of all stories, `copies` of all articles."""

    feeds: int = 50
    entries: int = 20
    topics: int = 300
    topical: float = 0.10
    trapped: float = 0.05
    copies: float = 0.15
    foreign: float = 0.05


@dataclass(frozen=True, slots=True)
class Topic:
    """A planted topic; its rule is (entity AND any of the phrases) NOT excluded."""

    id: int
    name: str
    entity: str
    phrases: tuple[str, ...]
    excluded: str


@dataclass(frozen=True, slots=True)
class Story:
    """What all copies of a story share; `decoy` is a trap of DECOYS for the rule of `topic`."""

    lang: str
    headline: str
    paragraphs: tuple[tuple[str, ...], ...]
    topic: Topic | None
    decoy: str | None


@dataclass(frozen=True, slots=True)
class Article:
    """A feed's entry: a story, `edited` by another newsroom or as its own told it."""

    feed: int
    number: int
    story: Story
    edited: bool

    @property
    def name(self) -> str:
        """`FEED-NUMBER`, as it stands in the article's address."""
        return f"{self.feed}-{self.number}"

    @property
    def topic(self) -> Topic | None:
        """What its story is about, or a trap of which rule it carries."""
        return self.story.topic

    @property
    def decoy(self) -> str | None:
        """The trap, one of DECOYS."""
        return self.story.decoy

    @property
    def text(self) -> str:
        """The body as an ideal extraction gives it."""
        return "\n".join(" ".join(paragraph) for paragraph in self.story.paragraphs)


class World:
    """All feeds and their articles; `published` counts the entries that each feed ever had."""

    def __init__(self, size: Size, seed: int = 1) -> None:
        """Invent the vocabulary and the topics."""
        rng = random.Random(f"{seed}/world")
        self.size, self.seed = size, seed
        self.sentences = {lang: _sentences(rng, COMMON[lang], count) for lang, count in SENTENCES.items()}
        self.topics = _topics(rng, size.topics)
        self.published = [size.entries] * size.feeds
        self._stories: dict[str, Story] = {}
        self._shared = max(1, int(size.feeds * size.entries * size.copies / 4))

    def listed(self, feed: int) -> list[Article]:
        """Return the entries that a feed shows, newest first."""
        newest = self.published[feed]
        return [self.article(feed, number) for number in range(newest - 1, newest - 1 - self.size.entries, -1)]

    def pairs(self) -> set[tuple[str, int]]:
        """Return the truth: every (article, topic) whose rule must match, an article as `FEED-NUMBER`."""
        shown = [article for feed in range(self.size.feeds) for article in self.listed(feed)]
        return {(one.name, one.topic.id) for one in shown if one.topic is not None and one.decoy is None}

    def article(self, feed: int, number: int) -> Article:
        """Return the feed's entry with this number, 0 being its oldest."""
        key, rng = self._drawn(feed, number)
        if not key.startswith("shared"):
            return Article(feed, number, self._story(key), edited=False)
        return Article(feed, number, self._edit(self._story(key), rng), edited=True)

    def key(self, feed: int, number: int) -> str:
        """Return what names the story that an entry tells: copies have the same."""
        return self._drawn(feed, number)[0]

    def paragraphs(self, key: str, count: int) -> list[str]:
        """Return the first paragraphs of a story that no feed tells."""
        return [" ".join(paragraph) for paragraph in self._story(key).paragraphs[:count]]

    def _drawn(self, feed: int, number: int) -> tuple[str, random.Random]:
        rng = random.Random(f"{self.seed}/article/{feed}/{number}")
        if rng.random() >= self.size.copies:
            return f"own {feed}-{number}", rng
        return f"shared {rng.randrange(self._shared)}", rng

    def _story(self, key: str) -> Story:
        if key not in self._stories:
            self._stories[key] = self._tell(random.Random(f"{self.seed}/{key}"))
        return self._stories[key]

    def _tell(self, rng: random.Random) -> Story:
        lang = rng.choice(("de", "fr", "es")) if rng.random() < self.size.foreign else "en"
        length = max(10, min(80, int(rng.lognormvariate(3.45, 0.35))))
        said = rng.choices(self.sentences[lang], k=length)
        topic, decoy = self._draw_topic(rng)
        if topic is not None:
            place = rng.randrange(1, max(2, length // 2))
            said[place:place] = _planted(topic, decoy, rng.choice(topic.phrases))
        return Story(lang, self._headline(rng, lang), _paragraphs(rng, said), topic, decoy)

    def _draw_topic(self, rng: random.Random) -> tuple[Topic | None, str | None]:
        drawn = rng.random()
        if drawn >= self.size.topical + self.size.trapped:
            return None, None
        return rng.choice(self.topics), None if drawn < self.size.topical else rng.choice(DECOYS)

    def _headline(self, rng: random.Random, lang: str) -> str:
        return " ".join(rng.choice(self.sentences[lang]).rstrip(".").split()[: rng.randint(6, 11)])

    def _edit(self, story: Story, rng: random.Random) -> Story:
        """Return a story as another newsroom prints it; what its rule needs stays."""
        headline, paragraphs = story.headline, list(story.paragraphs)
        if rng.random() < 0.7:
            headline = self._headline(rng, story.lang)
        if rng.random() < 0.5:
            cut = len(paragraphs) - rng.randint(1, max(1, len(paragraphs) // 3))
            paragraphs = [one for place, one in enumerate(paragraphs) if place < cut or _is_topical(story, one)]
        if rng.random() < 0.4:
            place = rng.randrange(len(paragraphs))
            if not _is_topical(story, paragraphs[place]):
                paragraphs[place] = (rng.choice(self.sentences[story.lang]), *paragraphs[place][1:])
        if rng.random() < 0.6:
            paragraphs.insert(0, (f"By {invented(rng).capitalize()} {invented(rng).capitalize()}, staff writer.",))
        if rng.random() < 0.6:
            agency = invented(rng).capitalize()
            paragraphs.append((f"Reporting by {agency} Press Agency; editing by the foreign desk.",))
        return replace(story, headline=headline, paragraphs=tuple(paragraphs))


def _sentences(rng: random.Random, common: list[str], count: int) -> list[str]:
    """Return sentences of 9 to 27 words whose frequencies fall as in real text."""
    words = common + [invented(rng) for _ in range(6000)]
    weights = [1 / (rank + 3) ** 0.95 for rank in range(len(words))]
    lengths = [rng.randint(9, 27) for _ in range(count)]
    drawn = iter(rng.choices(words, weights, k=sum(lengths)))
    return [_sentence([next(drawn) for _ in range(length)]) for length in lengths]


def _sentence(words: list[str]) -> str:
    if len(words) > 16:
        words[len(words) // 2] += ","
    return f"{words[0].capitalize()} {' '.join(words[1:])}."


def _topics(rng: random.Random, count: int) -> list[Topic]:
    names: set[str] = set()
    while len(names) < count:
        names.add(invented(rng).capitalize())
    return [
        Topic(place, name, f"{name} {rng.choice(KINDS)}", tuple(rng.sample(PHRASES, 3)), rng.choice(EXCLUDED))
        for place, name in enumerate(sorted(names))
    ]


def _planted(topic: Topic, decoy: str | None, phrase: str) -> list[str]:
    """Return the sentences that a story carries for its topic, or for a trap of it."""
    says = "Sources close to {} said that the {} would be announced this week."
    match decoy:
        case None:
            return [says.format(topic.entity, phrase)]
        case "substring":
            return [says.format(f"{topic.name}ov {topic.entity.split()[1]}bury", phrase)]
        case "negated":
            return [says.format(topic.entity, phrase), f"This page is part of our {topic.excluded} series."]
        case "entity-only":
            return [f"Shares of {topic.entity} were unchanged at the close."]
    return []  # boilerplate: the page's margins carry it


def _paragraphs(rng: random.Random, said: list[str]) -> tuple[tuple[str, ...], ...]:
    paragraphs, rest = [], said
    while rest:
        size = rng.randint(2, 4)
        paragraphs.append(tuple(rest[:size]))
        rest = rest[size:]
    return tuple(paragraphs)


def _is_topical(story: Story, paragraph: tuple[str, ...]) -> bool:
    name = story.topic.name if story.topic else "\0"
    return any(name in sentence or "part of our " in sentence for sentence in paragraph)
