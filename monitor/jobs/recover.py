"""At start: what the last daemon was doing as it died goes again, and what it died of again and again is set aside.

A kill is mostly an accident, and what was under way then is innocent: it goes again at once. What was under way in two
deaths in a row goes later, and apart from the others, so that the one which kills is alone when it does. After DEATHS
it is set aside, recorded and told, and everything else goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from monitor.jobs import notice
from monitor.jobs.context import Context
from monitor.jobs.under_way import UnderWay
from monitor.store import articles, entries, interrupted
from monitor.store.store import Connection

DEATHS = 12
"""Deaths in a row in which the same article or message was under way: about ten minutes of them.

Kills by chance do not hit one so often. In `make soak` under a load of fifteen, where the first mail of a life takes
longer than many a life, 87 kills hit one of 290 mails four times in a row; after the second, three of eight hit again.
"""
WITHOUT_PAGE = 3
"""Deaths after which an article is read without its page: that may be what kills, and the feed's text be matched."""
APART, LONGEST, STEP = timedelta(seconds=10), timedelta(seconds=60), timedelta(seconds=2)
"""How much longer a suspect waits with each death, at most how long, and how far suspects are apart."""
KILLS = "the monitor died each time it was sent"

log = structlog.get_logger()


def wait(deaths: int, place: int) -> timedelta:
    """Return how long a suspect waits; `place`: how many others wait before it."""
    return min(APART * (deaths - 1), LONGEST) + STEP * place if deaths > 1 else timedelta()


def begin(connection: Connection, under_way: UnderWay, now: datetime) -> list[interrupted.Interrupted]:
    """Take up what the last daemon left; return the messages that are set aside, to be told once somebody can be."""
    for key in put_off(connection, under_way.suspects(), now):
        under_way.clear(key)
    return void_leases(connection, now)


def void_leases(connection: Connection, now: datetime, living: Sequence[int] = ()) -> list[interrupted.Interrupted]:
    """Let what none of the epochs that live was sending go again, labelled; return what is set aside instead."""
    aside, place = [], 0
    found = interrupted.void_leases(connection, now, living)
    if found:
        log.warning("sends_uncertain", messages=len(found), meaning="they go again, labelled as a possible repeat")
    for message in found:
        if message.deaths >= DEATHS:
            interrupted.set_aside(connection, message.id, KILLS)
            aside.append(message)
            log.error("message_set_aside", message=message.id, channel=message.channel, deaths=message.deaths)
        elif message.deaths > 1:
            interrupted.put_off(connection, message.id, now + wait(message.deaths, place))
            place += 1
    return aside


def tell_aside(context: Context, connection: Connection, aside: list[interrupted.Interrupted], now: datetime) -> None:
    """Tell of messages that were set aside."""
    for message in aside:
        alerts = ", ".join(f"al-{number}" for number in message.alert_ids)
        headline = f"A message to channel {message.channel} was set aside: the monitor died of it"
        body = (
            f"{message.label}: {message.deaths} times in a row the monitor died while it sent message m-{message.id}. "
            f"Not delivered: {alerts or 'no alert'}. The log of those times shows why; `wirewatch alerts resend ID` "
            "tries it again."
        )
        notice.say(context, connection, f"set_aside:m-{message.id}", headline, body, now)


def put_off(connection: Connection, deaths_of: Mapping[int, int], now: datetime) -> list[int]:
    """Let entries and pages that were under way in more than one death wait, each for itself.

    `deaths_of`: the deaths of entries by their ids, of articles whose page was read by their negative ids.
    Returns: Those among them that wait for nothing any more.
    """
    done, suspects = [], [(key, deaths) for key, deaths in deaths_of.items() if deaths > 1]
    for place, (key, deaths) in enumerate(suspects):
        due = now + wait(deaths, place)
        log.warning("suspect_put_off", entry=max(key, 0), article=max(-key, 0), deaths=deaths)
        if key > 0 and entries.state_of(connection, key) == "pending":
            entries.postpone(connection, key, due)
        elif key < 0 and (known := articles.get(connection, -key)) is not None and known.retry_at is not None:
            articles.update(connection, -key, retry_at=due)
        else:
            done.append(key)
    return done


def tell_of_article(context: Context, connection: Connection, what: str, feed: str, now: datetime) -> None:
    """Tell of an article that is looked at no more; its own words are left out, for they may be what kills."""
    headline = f"An article of {feed} was set aside: the monitor died of it"
    body = (
        f"{DEATHS} times in a row the monitor died while it worked on {what}. It is read no more: if a rule should "
        "have found it, nobody was told. The log of those times shows why (`suspect_put_off` names it, too)."
    )
    notice.say(context, connection, f"set_aside:{what}", headline, body, now)
