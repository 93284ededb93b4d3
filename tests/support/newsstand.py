"""Stories put into a database article by article, without pages and feeds being read."""

from __future__ import annotations

import time

import sqlalchemy as sa

from monitor.jobs import voices as jobs
from monitor.store import voices
from monitor.store.schema import articles, entries, feeds, stories
from monitor.stories import independence
from tests.support.desk import START


class Newsstand:
    """A database with stories, into which articles are put as the deciding step would."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.spent: list[float] = []
        """Seconds of processor time that each article took to speak."""
        self._everything: int | None = None

    def feed(self, name: str, trusted: bool = True) -> int:
        """Declare a feed and return its id."""
        values = {"slug": name, "url": f"https://{name}.example/", "name": name, "newsroom": name, "tags": []}
        values |= {"candidate": False, "trusted": trusted, "every": 600.0, "backfill": 0, "origin": "config"}
        values |= {"next_check": START, "failures": 0, "permanent_polls": 0}
        return self._insert(feeds, values)

    def story(self) -> int:
        """Begin a story."""
        return self._insert(stories, {"created_at": START, "articles": 0})

    def puts(
        self,
        story: int,
        newsroom: str,
        *credited: str,
        feed: int | None = None,
        copies: int | None = None,
        aggregator: str | None = None,
    ) -> int:
        """Store an article and let it speak."""
        feed = feed if feed is not None else self._default_feed()
        entry = {"feed_id": feed, "title": "", "summary": "", "tags": [], "first_seen": START, "state": "done"}
        values = {"feed_id": feed, "entry_id": self._insert(entries, {**entry, "attempts": 0}), "story_id": story}
        values |= {"newsroom": newsroom, "first_seen": START, "partial": False, "retries": 0, "duplicate_of": copies}
        article = self._insert(articles, {**values, "aggregator": aggregator})
        begin = time.process_time()
        jobs.speak(self.connection, article, credited)
        self.spent.append(time.process_time() - begin)
        return article

    def voices(self, story: int) -> tuple[str, ...]:
        """Return who stands behind a story."""
        return jobs.voices_of(self.connection, story)

    def counted(self, story: int) -> independence.Independence:
        """Return the same from all articles at once."""
        found = voices.list_speakers(self.connection, story)
        return independence.count_independent(
            [independence.Report(a.id, a.newsroom, a.credits, a.duplicate_of, a.aggregator, a.trusted) for a in found]
        )

    def _default_feed(self) -> int:
        if self._everything is None:
            self._everything = self.feed("everything")
        return self._everything

    def _insert(self, table: sa.Table, values: dict[str, object]) -> int:
        key = self.connection.execute(table.insert(), values).inserted_primary_key
        assert key is not None
        return int(key[0])
