"""The rival: what a competent person writes in an hour with the same libraries; one pass over all feeds per call.

requests, feedparser, trafilatura, a loop of regular expressions, sqlite3 and apprise, in one process and one thread.
No retries, no limits, no guard, no revisions; a crash between insert and notify loses an alert. `world` measures it
beside the monitor, in the same run and on the same world.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
from dataclasses import dataclass

import apprise
import feedparser
import requests
import trafilatura

TABLES = """
CREATE TABLE IF NOT EXISTS feed(url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS article(url TEXT PRIMARY KEY, title TEXT, text TEXT, hash TEXT);
CREATE TABLE IF NOT EXISTS hit(url TEXT, rule INTEGER);
CREATE INDEX IF NOT EXISTS by_hash ON article(hash);
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as regular expressions."""

    id: int
    needed: list[re.Pattern[str]]
    wanted: list[re.Pattern[str]]
    unwanted: list[re.Pattern[str]]

    def matches(self, text: str) -> bool:
        """Return whether the rule fires."""
        return (
            all(word.search(text) for word in self.needed)
            and any(word.search(text) for word in self.wanted)
            and not any(word.search(text) for word in self.unwanted)
        )


def compile_rule(rule: dict) -> Rule:
    """Return a rule of `/rules.json` compiled."""

    def words(phrases: list[str]) -> list[re.Pattern[str]]:
        return [re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE) for phrase in phrases]

    return Rule(rule["id"], words(rule["all"]), words(rule["any"]), words(rule["none"]))


class Monitor:
    """Polls, reads, matches, notifies."""

    def __init__(self, database: str, rules: list[Rule], notify: str) -> None:
        self.rules = rules
        self.web = requests.Session()
        self.database = sqlite3.connect(database)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.executescript(TABLES)
        self.notifier = apprise.Apprise()
        self.notifier.add(notify)

    def poll(self, url: str) -> None:
        """Poll one feed and take in what is new."""
        row = self.database.execute("SELECT etag, modified FROM feed WHERE url = ?", (url,)).fetchone()
        etag, modified = row or (None, None)
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        answer = self.web.get(url, headers={name: value for name, value in headers.items() if value}, timeout=30)
        if answer.status_code == 304:
            return
        for entry in feedparser.parse(answer.content).entries:
            if not self.database.execute("SELECT 1 FROM article WHERE url = ?", (entry.link,)).fetchone():
                self.take_in(entry)
        validators = (url, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        self.database.execute("INSERT OR REPLACE INTO feed VALUES (?, ?, ?)", validators)
        self.database.commit()

    def take_in(self, entry: feedparser.FeedParserDict) -> None:
        """Fetch, store and match one new entry."""
        page = self.web.get(entry.link, timeout=30).text
        text = trafilatura.extract(page) or entry.get("summary", "")
        digest = hashlib.sha1(text.encode()).hexdigest()
        known = self.database.execute("SELECT 1 FROM article WHERE hash = ?", (digest,)).fetchone()
        self.database.execute("INSERT INTO article VALUES (?, ?, ?, ?)", (entry.link, entry.title, text, digest))
        self.database.commit()
        if known:
            return
        whole = f"{entry.title}\n{text}"
        for rule in self.rules:
            if rule.matches(whole):
                self.database.execute("INSERT INTO hit VALUES (?, ?)", (entry.link, rule.id))
                self.database.commit()
                self.notifier.notify(title=entry.title, body=f"rule {rule.id}: {entry.link}")


def main() -> None:
    """Make one pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", required=True, help="address of a world, e.g. http://127.0.0.1:8900")
    parser.add_argument("--database", required=True)
    args = parser.parse_args()
    rules = [compile_rule(rule) for rule in requests.get(f"{args.site}/rules.json", timeout=30).json()]
    monitor = Monitor(args.database, rules, f"{args.site.replace('http', 'json')}/hook/naive")
    for url in requests.get(f"{args.site}/feeds.json", timeout=30).json():
        monitor.poll(url)
    print(json.dumps({"articles": monitor.database.execute("SELECT count(*) FROM article").fetchone()[0]}))


if __name__ == "__main__":
    main()
