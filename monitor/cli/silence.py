"""`wirewatch silence`: mute a pack, rule, story, newsroom or words until a time."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common, story_words

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.silences import StoredSilence

group = typer.Typer(help="Mutes with an end and a comment.", no_args_is_help=True)
common.app.add_typer(group, name="silence")

Pack = Annotated[str | None, typer.Option("--pack", help="Id of the pack.")]
Rule = Annotated[str | None, typer.Option("--rule", help="Id of the rule; what another fires as well is told.")]
Story = Annotated[str | None, typer.Option("--story", help="The story's id: s12.")]
Newsroom = Annotated[str | None, typer.Option("--newsroom", help="Whose reports, in any case.")]
Words = Annotated[str | None, typer.Option("--text", help="A phrase in title or text; forms as rules fold them.")]
For = Annotated[str | None, typer.Option("--for", metavar="TIME", help="How long: 90m, 4h, 7d.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Until when, in the desk's zone: 2025-03-10T07:00.")
]
Comment = Annotated[str, typer.Option("--comment", help="Why; colleagues read it.")]
Every = Annotated[bool, typer.Option("--all", help="Also those that are over.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The silence's id: si-3.")]


@group.command("add")
def add(
    pack: Pack = None,
    rule: Rule = None,
    story: Story = None,
    newsroom: Newsroom = None,
    text: Words = None,
    for_: For = None,
    until: Until = None,
    comment: Comment = "",
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Mute what fits all that is named, until a time; a running daemon heeds it at once. What it hides is counted.

    Example: wirewatch silence add --story s12 --for 4h --comment "known, the vote is tomorrow"
    """
    from monitor.clock import SystemClock
    from monitor.store import silences, visit

    if not any((pack, rule, story, newsroom, text)):
        raise common.fail("name what to mute: --pack, --rule, --story, --newsroom or --text", 2)
    loaded = common.load_config(config)
    _require_known(loaded, pack, rule, newsroom, text)
    now = SystemClock().now()
    end = _end(for_, until, loaded, now)
    number = story_words.story_number(story) if story else None
    made = visit.write(
        loaded.database, lambda c: silences.add(c, end, now, comment, pack, rule, number, newsroom, text)
    )
    if json:
        common.print_json({"id": f"si-{made}", "until": end})
        return
    print(f"si-{made} mutes until {common.when(end, loaded.timezone)} {loaded.timezone}")


def _require_known(loaded: Config, pack: str | None, rule: str | None, newsroom: str | None, words: str | None) -> None:
    """Refuse what would mute nothing; that no feed is of a newsroom is only said: an aggregator may pass it on."""
    from monitor import wiring
    from monitor.jobs import names
    from monitor.store import visit

    live = None
    if pack or rule:
        with visit.reading(loaded.database) as connection:
            live = wiring.stored_rules(connection) if connection is not None else None
    if live is None:
        pack = rule = None  # nothing judges yet by which they could be wrong
    packs = live.ruleset.packs.values() if live is not None else ()
    for unknown in names.silence_faults(names.known_to(packs, loaded.feeds), pack, rule, newsroom, words):
        said = f"{unknown.message} ({unknown.fix})"
        if unknown.sure:
            raise common.fail(said, 2)
        print(f"{said}: only what an aggregator passes on is muted", file=sys.stderr)


def _end(lasts: str | None, until: str | None, loaded: Config, now: datetime) -> datetime:
    from monitor.jobs import silencing

    if (lasts is None) == (until is None):
        raise common.fail("give either --for (4h) or --until (2025-03-10T07:00): a silence has an end", 2)
    try:
        return silencing.end_of(lasts, until, loaded.timezone, now)
    except silencing.Unfit as fault:
        raise common.fail(f"--{fault.field}: {fault}", 2) from None


@group.command("list")
def list_silences(every: Every = False, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """List silences with their ends, comments and how much they hid.

    Example: wirewatch silence list --all
    """
    from monitor.jobs import hush
    from monitor.store import silences

    loaded = common.load_config(config)
    found: list[StoredSilence] = []
    with common.reading(loaded) as connection:
        if connection is not None:
            found = silences.list_all(connection) if every else silences.list_active(connection)
    if json:
        common.print_json([_json(one) for one in found])
        return
    common.print_table(
        ("ID", "UNTIL", "ENDED", "HID", "MUTES", "COMMENT"),
        [
            (f"si-{one.id}", common.when(one.until, loaded.timezone), common.when(one.ended_at, loaded.timezone),
             one.hidden, common.clean(hush.describe(one)), common.clean(one.comment))
            for one in found
        ],
    )  # fmt: skip


@group.command("end")
def end(silence: Id, config: common.ConfigOption = None) -> None:
    """End a silence now.

    Example: wirewatch silence end si-3
    """
    from monitor.clock import SystemClock
    from monitor.store import silences, visit

    loaded = common.load_config(config)
    number = silence.removeprefix("si-")
    now = SystemClock().now()
    if not number.isdecimal() or not visit.write(loaded.database, lambda c: silences.end(c, int(number), now)):
        raise common.fail(f"no silence {common.clean(silence)} holds; `wirewatch silence list` shows those that do")
    print(f"si-{number} is over")


def _json(stored: StoredSilence) -> dict[str, Any]:
    return {
        "id": f"si-{stored.id}",
        "pack": stored.pack,
        "rule": stored.rule,
        "story": f"s{stored.story_id}" if stored.story_id is not None else None,
        "newsroom": stored.newsroom,
        "text": stored.words,
        "until": stored.until,
        "comment": stored.comment,
        "created_at": stored.created_at,
        "ended_at": stored.ended_at,
        "hidden": stored.hidden,
    }
