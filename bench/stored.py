"""An archive as a desk has it after a year: a million articles in four languages, names and all, kept between runs.

Words follow Zipf's law; one sentence in six names a person, place or organisation of the shipped rules, one in twenty
two of them, some far more often than others. One article in a hundred was told: match, alert, message, attempt.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import random
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.newsworld import COMMON, invented
from monitor import text
from monitor.rules import live, load
from monitor.store import database, feeds, migrate, rulesets, word_forms
from monitor.store.feeds import Declared

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """[monitor]
database = "sqlite:///wirewatch.db"
rules = "{rules}"
"""
BATCH = 20_000
SENTENCES, POOL = 12, 30_000
FEEDS = 100
END = datetime(2025, 6, 1, tzinfo=UTC)
SPAN = timedelta(days=365)
TOLD = 100
"""Of so many articles one was told."""
SHARES = {"en": 0.6, "ar": 0.2, "he": 0.15, "fr": 0.05}
LETTERS = {"ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "he": "אבגדהוזחטיכלמנסעפצקרשת"}
CLITICS = {
    "ar": ("", "", "ال", "و", "بال", "لل", "وال"),
    "he": ("", "", "ה", "ו", "ב", "של", "מה"),
    "en": ("",),
    "fr": ("",),
}


def folder_of(articles: int) -> Path:
    """Return the folder that keeps an archive, outside of the repository."""
    home = Path(os.environ.get("WIREWATCH_BENCH_CACHE") or Path.home() / ".cache" / "wirewatch-bench")
    return home / f"stored-{articles}"


def prepared(articles: int) -> Path:
    """Return the config.toml of an archive with so many articles, made now or by an earlier run of this schema."""
    folder = folder_of(articles)
    config = folder / "config.toml"
    made = folder / f"made-{migrate.newest()}-2"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for left in (*folder.glob("wirewatch.db*"), *folder.glob("made-*")):
            left.unlink()
        config.write_text(CONFIG.format(rules=ROOT / "rules"), "utf-8")
        _make(folder / "wirewatch.db", articles)
        made.touch()
    return config


def _make(path: Path, articles: int) -> None:
    known = live.next_live(None, load.read_folder(ROOT / "rules"), load.Known())
    engine = database.open_engine(f"sqlite:///{path}")
    migrate.upgrade(engine, END - SPAN)
    with engine.begin() as connection:
        rulesets.record_live(connection, known.id, known.source, text.TABLE_ID, END - SPAN)
        for number in range(FEEDS):
            name = f"Gazette {number}"
            feeds.insert(
                connection,
                Declared(slug=f"gazette-{number}", url=f"https://g{number}.test/rss", name=name, newsroom=name,
                         every=600.0, backfill=0),
                "added",
                END - SPAN,
            )  # fmt: skip
        connection.exec_driver_sql("UPDATE feeds SET paused_at = '2025-01-01 00:00:00.000000'")  # they are nowhere
    pools = _pools(known)
    with engine.begin() as connection:
        for pool in pools.values():
            for begin in range(0, len(pool), 1000):
                word_forms.note(connection, text.other_forms(*pool[begin : begin + 1000]))
    engine.dispose()
    _fill(path, articles, pools, known.id)


def _pools(known: live.LiveRules) -> Mapping[str, list[str]]:
    """Return sentences by language."""
    rng = random.Random("stored")
    return {lang: list(_sentences(lang, rng, _names(known, lang))) for lang in SHARES}


def _names(known: live.LiveRules, lang: str) -> list[str]:
    """Return the names of the rules' entities in a language, as texts write them."""
    shared = load.shared_vocabularies(known.ruleset.packs.values())
    items = [item.term.written for one in shared.values() if one.kind == "entity" for item in one.items
             if item.key == lang and item.term.ref is None]  # fmt: skip
    names = [written.lstrip("=").strip('"').rstrip("*") for written in items]
    return sorted(dict.fromkeys(names), key=lambda name: hashlib.sha256(name.encode()).digest())


def _sentences(lang: str, rng: random.Random, names: list[str]) -> Iterable[str]:
    words = [*COMMON.get(lang, ()), *(_word(lang, rng) for _ in range(25_000))]
    frequent = list(itertools.accumulate(1 / (rank + 3) ** 0.95 for rank in range(len(words))))
    often = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(names))))
    for _ in range(int(POOL * max(SHARES[lang], 0.1))):
        said = rng.choices(words, cum_weights=frequent, k=16)
        chance = rng.random()
        for _ in range(2 if chance < 0.05 else 1 if chance < 0.17 else 0):
            said[rng.randrange(16)] = rng.choices(names, cum_weights=often)[0]
        if rng.random() < 0.05:
            at = rng.randrange(15)
            said[at : at + 2] = ["-".join(said[at : at + 2])]
        yield " ".join(said).capitalize() + "."


def _word(lang: str, rng: random.Random) -> str:
    if lang not in LETTERS:
        return invented(rng)
    return rng.choice(CLITICS[lang]) + "".join(rng.choices(LETTERS[lang], k=rng.randint(3, 6)))


# -- rows ------------------------------------------------------------------------------------------


def _fill(path: Path, articles: int, pools: Mapping[str, list[str]], ruleset: str) -> None:
    rng = random.Random("articles")
    folded = {one: " ".join(text.folded_words(one)) for pool in pools.values() for one in pool}
    langs = rng.choices(list(SHARES), list(SHARES.values()), k=articles)
    module = database.sqlite_module()
    with contextlib.closing(module.connect(str(path), timeout=60)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-300000")
        connection.execute(
            "INSERT INTO targets (id, channel, key, label, created_at) VALUES (1, 'desk', 'one', 'the desk', ?)",
            (_time(0, 1),),
        )
        for begin in range(0, articles, BATCH):
            numbers = range(begin + 1, min(begin + BATCH, articles) + 1)
            made = [_Made(n, articles, langs[n - 1], rng.choices(pools[langs[n - 1]], k=SENTENCES)) for n in numbers]
            _write(connection, made, ruleset, folded)
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("ANALYZE")
        connection.commit()


def _time(number: int, articles: int) -> str:
    return (END - SPAN + SPAN * number / articles).strftime("%Y-%m-%d %H:%M:%S.%f")


class _Made:
    """One article."""

    def __init__(self, number: int, articles: int, lang: str, said: list[str]) -> None:
        self.id, self.lang, self.feed = number, lang, 1 + number * 7919 % FEEDS
        self.at = _time(number, articles)
        self.said = said
        self.title = said[0]
        self.text = "\n".join(said[1:])
        self.url = f"https://g{self.feed}.test/{number}.html"
        self.hash = hashlib.sha256(f"{number} {self.text}".encode()).hexdigest()
        self.told = number % TOLD == 0


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    known = list(rows)
    if known:
        places = ", ".join(f":{name}" for name in known[0])
        connection.executemany(f"INSERT INTO {table} ({', '.join(known[0])}) VALUES ({places})", known)


def _write(connection: sqlite3.Connection, made: list[_Made], ruleset: str, folded: Mapping[str, str]) -> None:
    """Write one batch; every column without a default is given."""
    _insert(
        connection,
        "entries",
        (
            {"id": one.id, "feed_id": one.feed, "guid": f"tag:{one.id}", "url": one.url, "canonical_url": one.url,
             "title": one.title, "summary": one.text[:200], "tags": "[]", "published": one.at, "first_seen": one.at,
             "state": "done", "attempts": 1, "article_id": one.id}
            for one in made
        ),
    )  # fmt: skip
    keys = ({"feed_id": one.feed, "kind": "guid", "value": f"tag:{one.id}", "entry_id": one.id, "listed_at": one.at}
            for one in made)  # fmt: skip
    _insert(connection, "entry_keys", keys)
    stories = ({"id": one.id, "created_at": one.at, "updated_at": one.at, "articles": 1} for one in made)
    _insert(connection, "stories", stories)
    _insert(
        connection,
        "articles",
        (
            {"id": one.id, "feed_id": one.feed, "entry_id": one.id, "story_id": one.id, "url": one.url,
             "canonical_url": one.url, "newsroom": f"Gazette {one.feed - 1}", "lang": one.lang, "published": one.at,
             "first_seen": one.at, "folded_hash": one.hash, "partial": 0, "retries": 0}
            for one in made
        ),
    )  # fmt: skip
    _insert(connection, "texts", ({"hash": one.hash, "text": one.text} for one in made))
    _insert(
        connection,
        "revisions",
        (
            {"id": one.id, "article_id": one.id, "n": 1, "title": one.title, "text_hash": one.hash, "lang": one.lang,
             "partial": 0, "cut": 0, "ruleset_id": ruleset, "table_id": text.TABLE_ID, "created_at": one.at}
            for one in made
        ),
    )  # fmt: skip
    words = (
        {"rowid": one.id, "title": folded[one.title], "text": " ".join(folded[said] for said in one.said[1:])}
        for one in made
    )
    _insert(connection, "search", words)
    _insert(
        connection,
        "decisions",
        (
            {"revision_id": one.id, "pack": "*", "n": 1, "outcome": "none", "reason": "no_match",
             "decided_seq": one.id, "decided_at": one.at}
            for one in made
        ),
    )  # fmt: skip
    _write_told(connection, [one for one in made if one.told], ruleset)


def _write_told(connection: sqlite3.Connection, made: list[_Made], ruleset: str) -> None:
    evidence = json.dumps([{"field": "title", "start": 0, "end": 4, "text": "word", "term": "word", "entity": None}])
    of_pack = [(one, {"revision_id": one.id, "pack": "us_aid"}) for one in made]
    _insert(connection, "matches", ({**key, "rule": "core", "severity": "high", "status": "live", "evidence": evidence}
                                    for _, key in of_pack))  # fmt: skip
    _insert(
        connection,
        "decisions",
        (
            {**key, "n": 1, "outcome": "alert", "reason": "first_report", "severity": "high", "decided_seq": one.id,
             "decided_at": one.at, "alert_id": one.id}
            for one, key in of_pack
        ),
    )  # fmt: skip
    _insert(
        connection,
        "alerts",
        (
            {"id": one.id, **key, "story_id": one.id, "article_id": one.id, "outcome": "alert",
             "reason": "first_report", "severity": "high", "pack_title": "US aid",
             "rules": '["core"]', "route": '["desk"]',
             "ruleset_id": ruleset, "decided_seq": one.id, "created_at": one.at, "newsrooms": 1}
            for one, key in of_pack
        ),
    )  # fmt: skip
    _insert(
        connection,
        "messages",
        (
            {"id": one.id, "target_id": 1, "kind": "alert", "revision_id": one.id, "state": "sent", "due_at": one.at,
             "attempt": 1, "possible_repeat": 0, "plain": 0, "message_id": f"<{one.id}@bench>", "severity": "high",
             "headline": one.title, "body": one.text[:300], "created_at": one.at, "sent_at": one.at}
            for one in made
        ),
    )  # fmt: skip
    _insert(connection, "message_alerts", ({"alert_id": one.id, "target_id": 1, "message_id": one.id} for one in made))
    _insert(
        connection,
        "attempts",
        (
            {"message_id": one.id, "n": 1, "epoch": 1, "channel": "desk", "started_at": one.at, "ended_at": one.at,
             "outcome": "sent"}
            for one in made
        ),
    )  # fmt: skip
