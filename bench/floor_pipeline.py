"""The floor: the least that full work costs with well-chosen parts; one pass over all feeds per call.

aiohttp fetches with conditional GETs, two processes parse feeds, extract (trafilatura's fast path on a tree without
scripts and menus) and match (one automaton over the folded words, then each rule's words as sets); the main process
stores in batches and posts to the webhook. No scheduler, retries, limits, guard, revisions, durability or evidence: a
limit to compare with, not a product.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import ahocorasick_rs
import aiohttp
import feedparser
import lxml.etree
import lxml.html
import trafilatura

TABLES = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS feed(url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS article(url TEXT PRIMARY KEY, title TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS hit(url TEXT, rule INTEGER);
"""
BATCH = 8
PROCESSES = 2
CONNECTIONS = 32
_WORDS = re.compile(r"\w+")
_DEAD = ("script", "style", "nav", "footer", "aside", "iframe", "noscript", "svg")
_rules: Rules


class Rules:
    """Rules as sets of phrases, found by one automaton."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        numbers: dict[str, int] = {}

        def number(phrase: str) -> int:
            return numbers.setdefault(f" {phrase.lower()} ", len(numbers))

        self.rules = [
            (rule["id"], *(frozenset(map(number, rule[part])) for part in ("all", "any", "none"))) for rule in rules
        ]
        self.automaton = ahocorasick_rs.AhoCorasick(list(numbers))

    def matching(self, text: str) -> list[int]:
        """Return the ids of the rules that fire."""
        words = f" {' '.join(_WORDS.findall(text.lower()))} "
        found = {place[0] for place in self.automaton.find_matches_as_indexes(words, overlapping=True)}
        return [
            rule
            for rule, needed, wanted, unwanted in self.rules
            if needed <= found and wanted & found and not unwanted & found
        ]


def start(rules: list[dict[str, Any]]) -> None:
    """Get a process ready."""
    global _rules
    _rules = Rules(rules)


def parse(body: bytes) -> list[tuple[str, str]]:
    """Return the (link, title) pairs of a feed."""
    return [(entry.link, entry.title) for entry in feedparser.parse(body).entries]


def read(batch: list[tuple[str, str, bytes]]) -> list[tuple[str, str, str, list[int]]]:
    """Return (link, title, text, rules that fire) of each (link, title, page)."""
    return [(link, title, text, _rules.matching(f"{title}\n{text}")) for link, title, text in map(_extracted, batch)]


def _extracted(item: tuple[str, str, bytes]) -> tuple[str, str, str]:
    tree = lxml.html.fromstring(item[2])
    lxml.etree.strip_elements(tree, *_DEAD, with_tail=False)
    return item[0], item[1], trafilatura.extract(tree, fast=True, include_comments=False) or ""


class Pass:
    """One pass over all feeds."""

    def __init__(self, site: str, database: str, web: aiohttp.ClientSession, pool: ProcessPoolExecutor) -> None:
        self.site, self.web, self.pool = site, web, pool
        self.database = sqlite3.connect(database)
        self.database.executescript(TABLES)
        self.waiting: list[tuple[str, str, bytes]] = []
        self.busy: set[asyncio.Task[None]] = set()

    async def poll(self, url: str) -> None:
        """Poll one feed and fetch the pages of what is new."""
        row = self.database.execute("SELECT etag, modified FROM feed WHERE url = ?", (url,)).fetchone() or ("", "")
        asked = {"If-None-Match": row[0], "If-Modified-Since": row[1]}
        async with self.web.get(url, headers={name: value for name, value in asked.items() if value}) as answer:
            if answer.status == 304:
                return
            body, told = await answer.read(), (answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        entries = await asyncio.get_running_loop().run_in_executor(self.pool, parse, body)
        for link, title in entries:
            if not self.database.execute("SELECT 1 FROM article WHERE url = ?", (link,)).fetchone():
                async with self.web.get(link) as answer:
                    self.take_in((link, title, await answer.read()))
        self.database.execute("INSERT OR REPLACE INTO feed VALUES (?, ?, ?)", (url, *told))

    def take_in(self, item: tuple[str, str, bytes]) -> None:
        """Hand pages over in batches."""
        self.waiting.append(item)
        if len(self.waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Have what waits read."""
        batch, self.waiting = self.waiting, []
        task = asyncio.create_task(self.digest(batch))
        self.busy.add(task)
        task.add_done_callback(self.busy.discard)

    async def digest(self, batch: list[tuple[str, str, bytes]]) -> None:
        """Store what a batch holds, and tell what fires."""
        rows = await asyncio.get_running_loop().run_in_executor(self.pool, read, batch)
        self.database.executemany("INSERT OR IGNORE INTO article VALUES (?, ?, ?)", [row[:3] for row in rows])
        self.database.executemany("INSERT INTO hit VALUES (?, ?)", [(row[0], rule) for row in rows for rule in row[3]])
        self.database.commit()
        for link, title, _, rules in rows:
            if rules:
                said = {"title": title, "message": f"rules {rules}: {link}"}
                async with self.web.post(f"{self.site}/hook/floor", json=said) as answer:
                    await answer.read()


async def run(site: str, database: str) -> None:
    """Make one pass."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as web:
        async with web.get(f"{site}/rules.json") as answer:
            rules = await answer.json(content_type=None)
        async with web.get(f"{site}/feeds.json") as answer:
            feeds = iter(await answer.json(content_type=None))
        with ProcessPoolExecutor(PROCESSES, initializer=start, initargs=(rules,)) as pool:
            made = Pass(site, database, web, pool)

            async def work() -> None:
                for url in feeds:
                    await made.poll(url)

            await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
            made.flush()
            while made.busy:
                await asyncio.wait(made.busy)
            made.database.commit()


def main() -> None:
    """Make one pass as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", required=True, help="address of a world, e.g. http://127.0.0.1:8900")
    parser.add_argument("--database", required=True)
    args = parser.parse_args()
    asyncio.run(run(args.site, args.database))
    print(json.dumps({"done": True}))


if __name__ == "__main__":
    main()
