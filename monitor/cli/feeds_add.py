"""`wirewatch feeds add`: one more feed, looked at before it is polled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import common, feeds, feeds_look

if TYPE_CHECKING:
    from monitor.feeds.opml import OpmlFeed
    from monitor.jobs.feed_look import Seen

Address = Annotated[str, typer.Argument(metavar="URL", help="A feed, or a page with one feed behind it.")]
Name = Annotated[str | None, typer.Option("--name", help="Default: the feed's own title.")]
Newsroom = Annotated[str | None, typer.Option("--newsroom", help="Who stands behind it. Default: its name.")]
Lang = Annotated[str | None, typer.Option("--lang", help="Two letters. Default: what the feed says.")]
Country = Annotated[str | None, typer.Option("--country", help="Two letters.")]
Side = Annotated[str | None, typer.Option("--side", help="A word of your own.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Again for another.")]
Every = Annotated[str | None, typer.Option("--every", help='Longest wait between polls, such as "10m".')]
Candidate = Annotated[bool, typer.Option("--candidate", help="Failures raise no notice until the first good fetch.")]
Untrusted = Annotated[bool, typer.Option("--untrusted", help="What it copies keeps no other report from being told.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Add it unseen, without asking for it now.")]


@feeds.group.command("add")
def add_feed(
    url: Address,
    name: Name = None,
    newsroom: Newsroom = None,
    lang: Lang = None,
    country: Country = None,
    side: Side = None,
    tags: Tags = None,
    every: Every = None,
    candidate: Candidate = False,
    untrusted: Untrusted = False,
    no_check: NoCheck = False,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Add a feed to those that are polled; a running daemon takes it up at once.

    It is fetched first. Of a page, the feed behind it is taken if there is one; if there are several they are listed,
    and nothing is added.

    Example: wirewatch feeds add https://example.org/feed.xml --newsroom "Example"
    """
    from monitor import urls
    from monitor.feeds import opml

    common.quiet_logs(False)
    if urls.safe_link(url) is None:
        raise common.fail(f"{url}: not an address that can be polled; write one that begins with https://", 2)
    wanted = opml.OpmlFeed(str(urls.parse_url(url)), name or "", every=_seconds(every))
    loaded = common.load_config(config)
    if not no_check:
        wanted = _as_seen(feeds_look.look_at(url, config), wanted)
    wanted = replace(
        wanted,
        name=wanted.name or wanted.url,
        newsroom=newsroom,
        lang=lang or wanted.lang,
        country=country,
        side=side,
        tags=tuple(tags or ()),
        candidate=candidate,
        trusted=not untrusted,
    )
    added, known = feeds.store((wanted,), loaded)
    if json:
        common.print_json({"url": wanted.url, "name": wanted.name, "added": bool(added), "known": bool(known)})
    elif known:
        print(f"{common.clean(wanted.url)} is polled already")
    else:
        print(f"{common.clean(wanted.name)}: {common.clean(wanted.url)} is polled from now on")


def _as_seen(seen: Seen, wanted: OpmlFeed) -> OpmlFeed:
    """Return the feed with what it says of itself. Raises: typer.Exit 1, where there is not exactly one."""
    from monitor.jobs import feed_add

    choice = feed_add.choose(seen, wanted)
    if choice.feed is not None:
        return choice.feed
    if not choice.working:
        raise common.fail(f"{seen.look.fault} No feed was found behind it; nothing was added.")
    rows = "\n".join(
        f"  {common.clean(tried.found.url)}  {common.clean(tried.parsed.title if tried.parsed else '')}"
        for tried in choice.working
    )
    raise common.fail(f"{common.clean(seen.url)} names {len(choice.working)} feeds; add the one that you want:\n{rows}")


def _seconds(every: str | None) -> float | None:
    from monitor import config_values

    if every is None:
        return None
    try:
        return config_values.parse_duration(every)
    except ValueError:
        raise common.fail(
            f'--every {every}: not a duration; write a number and s, m, h or d, such as "10m"', 2
        ) from None
