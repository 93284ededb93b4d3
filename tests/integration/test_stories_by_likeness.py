"""Articles that tell of one event in their own words: one story, one alert, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from monitor.store import decisions, stories
from monitor.store.schema import articles, story_changes, story_terms
from monitor.stories.assign import Merge
from tests.support.desk import START, Desk, item

FIRST = item(
    1,
    "Committee in Amman refuses resettlement of families",
    "A committee of parliament in Amman refused on Monday the resettlement of families from the northern valley, after"
    " hundreds of farmers marched through the town and its chairman called the plan illegal.",
)
RETOLD = item(
    1,
    "Amman: parliament's committee says no to resettlement",
    "No family of the northern valley will be moved, said the chairman of the committee in Amman on Monday; it refused"
    " the resettlement, an illegal plan, while farmers marched through the town in their hundreds.",
    site="herald",
)
OTHER = item(
    2,
    "Court in Lima hears fishermen about resettlement of island",
    "Judges of the supreme court began to hear fishermen whose island is to become a harbour; the company that builds"
    " it offered each of them money for their resettlement on the coast of Peru.",
    site="herald",
)


def begin(desk: Desk, **trusted: bool) -> None:
    """Declare the newsrooms, whose feeds are empty at first."""
    desk.has(["gazette", "herald"])
    feeds = tuple(replace(feed, trusted=trusted.get(feed.id, True)) for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=feeds)
    desk.set_up()
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()


def stories_of(desk: Desk) -> list[int]:
    """Return the story of each article in order."""
    query = sa.select(articles.c.story_id).order_by(articles.c.id)
    return list(desk.read(lambda c: c.execute(query).scalars().all()))


def test_two_newsrooms_words_for_one_event_are_told_once(desk: Desk) -> None:
    """The second report is folded, says what it is like, and the next event is told."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    desk.publishes("herald", RETOLD, OTHER)

    desk.later()

    assert desk.senders["desk"].titles == [FIRST["title"], OTHER["title"]]
    query = sa.select(articles.c.story_id, articles.c.joined).order_by(articles.c.id)
    joined = dict(desk.read(lambda c: c.execute(query).all()[1:]))
    kept = joined[1]
    assert kept["article"] == 1
    assert kept["score"] >= kept["least"]
    assert kept["compared"] == 1


def test_a20_retelling_of_an_untrusted_feed_hides_nothing(desk: Desk) -> None:
    """Whoever tells it first without being trusted, the trusted report begins its own story and alerts."""
    begin(desk, herald=False)
    desk.publishes("herald", RETOLD)
    desk.later()
    desk.publishes("gazette", FIRST)

    desk.later()

    assert desk.senders["desk"].titles == [RETOLD["title"], FIRST["title"]]
    assert len(set(stories_of(desk))) == 2


def test_untrusted_retelling_joins_the_trusted_story(desk: Desk) -> None:
    """The other way round it is folded, listed in the trusted story."""
    begin(desk, herald=False)
    desk.publishes("gazette", FIRST)
    desk.later()
    desk.publishes("herald", RETOLD)

    desk.later()

    assert desk.senders["desk"].titles == [FIRST["title"]]
    assert len(set(stories_of(desk))) == 1


def test_live_blog_joins_a_story_and_ties_nothing_to_it(desk: Desk) -> None:
    """What is like a live blog alone begins a story of its own."""
    begin(desk)
    live = RETOLD | {"title": "Live updates: parliament's committee in Amman on resettlement"}
    desk.publishes("herald", live)
    desk.later()
    desk.publishes("gazette", FIRST)

    desk.later()

    assert len(set(stories_of(desk))) == 2
    assert desk.senders["desk"].titles == [live["title"], FIRST["title"]]


def test_old_news_of_the_same_words_is_another_story(desk: Desk) -> None:
    """A week later the same committee refuses again: that is news, and an order of arrival makes no crash."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    desk.publishes("herald", RETOLD)

    desk.later(days=7)

    assert len(set(stories_of(desk))) == 2


def test_merged_stories_are_one_from_then_on(desk: Desk) -> None:
    """The younger's articles move, the change is recorded, and what is asked of it leads to the older."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.publishes("herald", OTHER)
    desk.later()
    older, younger = stories_of(desk)

    desk.write(lambda c: stories.merge(c, Merge(younger, older, 0.4), 2, 9, START))

    assert stories_of(desk) == [older, older]
    assert desk.read(lambda c: decisions.story_now(c, younger)) == older
    change = desk.read(lambda c: c.execute(sa.select(story_changes)).one())
    assert (change.kind, change.story_id, change.other_id, change.article_id) == ("merge", younger, older, 2)
    assert change.detail == {"fit": 0.4, "articles": 1}


def test_terms_of_old_articles_are_forgotten(desk: Desk) -> None:
    """By what articles are found is kept for as long as they are compared, and the sweep forgets the rest."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    terms = sa.select(sa.func.count()).select_from(story_terms)
    before = desk.read(lambda c: c.scalar(terms))

    kept = desk.write(lambda c: stories.prune_terms(c, START + stories.WINDOW))
    gone = desk.write(lambda c: stories.prune_terms(c, START + 2 * stories.WINDOW + timedelta(days=1)))

    assert (kept, gone) == (0, before)
    assert before > 10
    assert desk.read(lambda c: c.scalar(terms)) == 0
