"""`wirewatch stories`: which articles tell of one event, who carried it, and what was told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common, story_words

if TYPE_CHECKING:
    from monitor.store.store import Connection
    from monitor.store.story_views import Change, Made, Narrowed, Report, StoryRow, ToldOf
    from monitor.stories.independence import Independence, Voice

SHOWN_VOICES = 20
WHY = {
    "copy": ("copy", "copies"),
    "agency": ("report that credits it", "reports that credit it"),
    "first_report": ("report that leans on it", "reports that lean on it"),
}
"""Words for why articles of other newsrooms are one voice (`stories.independence`)."""

group = typer.Typer(help="Stories with their articles, newsrooms and languages.", no_args_is_help=True)
common.app.add_typer(group, name="stories")

Id = Annotated[str, typer.Argument(metavar="ID", help="The story's id, as lists and alerts show it: s12.")]
Pack = Annotated[str | None, typer.Option("--pack", help="Only stories that this pack's readers were told.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only stories with an article since then: 2d, 12h.")
]
Newsrooms = Annotated[
    int, typer.Option("--min-newsrooms", min=0, help="Only stories that so many independent newsrooms carry.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many stories, the newest first.")]
Reports = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many articles, the first ones first.")]


@group.command("list")
def list_stories(
    pack: Pack = None,
    since: Since = None,
    min_newsrooms: Newsrooms = 0,
    limit: Limit = 50,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """List stories, the one with the latest article first, with who carried them and what was told.

    Example: wirewatch stories list --since 2d --min-newsrooms 3
    """
    from monitor.store import story_views

    loaded = common.load_config(config)
    narrowed = story_views.Narrowed(pack, _moment(since), min_newsrooms)
    with common.reading(loaded) as connection:
        found = [] if connection is None else _list(connection, narrowed, min_newsrooms, limit)
    if json:
        common.print_json(found)
        return
    common.print_table(
        ("ID", "FIRST", "LAST", "ARTICLES", "NEWSROOMS", "LANGUAGES", "TOLD", "TITLE"),
        [
            (s["id"], common.when(s["first_at"], loaded.timezone), common.when(s["last_at"], loaded.timezone),
             s["articles"], s["newsrooms"], story_words.languages(s["languages"]), _told_cell(s["told"]),
             common.clean(s["title"]))
            for s in found
        ],
    )  # fmt: skip


@group.command("show")
def show(story: Id, limit: Reports = 100, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Show one story: each article with its newsroom, what it is to the others, and what was decided about it.

    Example: wirewatch stories show s12
    """
    loaded, number = common.load_config(config), story_words.story_number(story)
    with common.reading(loaded) as connection:
        found = load(connection, number, limit) if connection is not None else None
    if found is None:
        raise common.fail(f"there is no story s{number}")
    common.print_json(found) if json else _print(found, loaded.timezone)


def _moment(since: str | None) -> datetime | None:
    from datetime import timedelta

    from monitor.clock import SystemClock
    from monitor.config_values import parse_duration

    if since is None:
        return None
    try:
        return SystemClock().now() - timedelta(seconds=parse_duration(since))
    except (ValueError, OverflowError):
        raise common.fail(f"--since: `{since}` is no duration; write 2d, 12h or 90m", 2) from None


# -- what is known of it -----------------------------------------------------------------------------


def _list(connection: Connection, narrowed: Narrowed, min_newsrooms: int, limit: int) -> list[dict[str, Any]]:
    """Return stories as data; who is independent of whom is told only of those that may be shown."""
    from monitor.store import story_views

    found: list[dict[str, Any]] = []
    for rows in story_views.iter_stories(connection, narrowed):
        behind = _independence(connection, [row.id for row in rows])
        for row in rows:
            newsrooms = behind[row.id].count
            if newsrooms >= min_newsrooms:
                found.append(_summary(row, newsrooms))
            if len(found) == limit:
                return found
    return found


def load(connection: Connection, number: int, limit: int) -> dict[str, Any] | None:
    """Return a story as `stories show` tells it; None where there is none. A merged one is shown where it went."""
    from monitor.store import story_views

    now_in = story_views.part_of(connection, number)
    row = None if now_in is None else story_views.get_story(connection, now_in)
    if row is None:
        return None
    behind = _independence(connection, [row.id])[row.id]
    heard = {said.article_id: (voice.name, said.why) for voice in behind.voices for said in voice.articles}
    reports = story_views.list_reports(connection, row.id, limit)
    made: dict[int, list[Made]] = {}
    for one in story_views.list_decisions(connection, [report.id for report in reports]):
        made.setdefault(one.article_id, []).append(one)
    counts = story_views.count_decisions(connection, row.id)
    return {
        **_summary(row, behind.count),
        "asked": f"s{number}",
        "voices": [_voice(voice) for voice in behind.voices],
        "unheard": len(behind.unheard),
        "decisions": [dict(zip(("pack", "decision", "reason", "count"), count, strict=True)) for count in counts],
        "changes": [_change(change) for change in story_views.list_changes(connection, row.id)],
        "reports": [
            _report(report, row, made.get(report.id, ())) | _stands(heard.get(report.id)) for report in reports
        ],
        "left_out": row.articles - len(reports),
    }


def _summary(row: StoryRow, newsrooms: int) -> dict[str, Any]:
    return {
        "id": f"s{row.id}",
        "title": row.title,
        "first_article": f"art-{row.first_article}",
        "articles": row.articles,
        "newsrooms": newsrooms,
        "languages": dict(row.languages),
        "first_at": row.first_at,
        "last_at": row.last_at,
        "told": [_told(told) for told in row.told],
    }


def _told(told: ToldOf) -> dict[str, Any]:
    return {
        "alert": f"al-{told.alert_id}",
        "pack": told.pack,
        "decision": told.outcome,
        "reason": told.reason,
        "at": told.created_at,
        "article": f"art-{told.article_id}",
        "newsrooms": told.newsrooms,
        "detail": told.detail,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "story": f"s{change.story_id}",
        "other": f"s{change.other_id}",
        "article": f"art-{change.article_id}",
        "at": change.at,
        "detail": change.detail,
    }


def _report(report: Report, story: StoryRow, made: Sequence[Made]) -> dict[str, Any]:
    return {
        "article": f"art-{report.id}",
        "title": report.title,
        "url": report.url,
        "newsroom": report.newsroom,
        "aggregator": report.aggregator,
        "feed": report.feed,
        "trusted": report.trusted,
        "lang": report.lang,
        "published": report.published,
        "first_seen": report.first_seen,
        "after_first_seconds": (report.at - story.first_at).total_seconds(),
        "first": report.id == story.first_article,
        "duplicate_of": f"art-{report.duplicate_of}" if report.duplicate_of else None,
        "duplicate_reason": report.duplicate_reason,
        "share": report.share,
        "joined": report.joined,
        "credits": list(report.credits),
        "decisions": [_decision(one) for one in made],
    }


def _stands(heard: tuple[str, str] | None) -> dict[str, Any]:
    """Return which voice an article belongs to, and why; none for what counts for nobody."""
    voice, why = heard or (None, None)
    return {"voice": voice, "voice_reason": why}


def _decision(made: Made) -> dict[str, Any]:
    return {
        "pack": made.pack,
        "revision": made.revision,
        "decision": made.outcome,
        "reason": made.reason,
        "severity": made.severity,
        "detail": made.detail,
        "decided_at": made.decided_at,
        "alert": f"al-{made.alert_id}" if made.alert_id else None,
    }


def _independence(connection: Connection, ids: Sequence[int]) -> dict[int, Independence]:
    """Return who stands behind stories."""
    from monitor.store import story_views
    from monitor.stories import independence

    return {
        story: independence.count_independent([independence.Report(*one) for one in standing])
        for story, standing in story_views.list_standing(connection, ids).items()
    }


def _voice(voice: Voice) -> dict[str, Any]:
    """Return a voice with how many of its articles are there for which reason."""
    why = Counter(heard.why for heard in voice.articles)
    return {"voice": voice.name, "articles": len(voice.articles), "why": dict(why)}


# -- for people --------------------------------------------------------------------------------------


def _told_cell(told: Sequence[Mapping[str, Any]]) -> str:
    """Return `move al-3, al-7; talks al-4`, by pack."""
    packs: dict[str, list[str]] = {}
    for one in told:
        packs.setdefault(one["pack"], []).append(one["alert"])
    return "; ".join(f"{pack} {story_words.listed(alerts, 3)}" for pack, alerts in packs.items()) or "-"


def _print(found: Mapping[str, Any], zone: str) -> None:
    if found["asked"] != found["id"]:
        print(f"{found['asked']} is part of {found['id']} now")
    print(common.bold(f"{found['id']}  {common.clean(found['title'])}"))
    size = (
        story_words.plural(found["articles"], "article"),
        story_words.plural(found["newsrooms"], "independent newsroom"),
        story_words.languages(found["languages"]),
    )
    print(", ".join(size))
    print(f"{common.when(found['first_at'], zone)} to {common.when(found['last_at'], zone)} {zone}")
    for told in found["told"]:
        print(f"{told['pack']}: {told['decision']} {told['alert']} at {common.when(told['at'], zone)}, "
              f"{story_words.spoken(told['reason'])}, about {told['article']}")  # fmt: skip
    if not found["told"]:
        print("no pack was told of it")
    for report in found["reports"]:
        _print_report(report, zone)
    if found["left_out"]:
        more = story_words.plural(found["left_out"], "more article")
        print(f"\n{more}; `--limit {min(found['articles'], 10_000)}` shows them")
    _print_voices(found)
    _print_counts(found["decisions"])
    for change in found["changes"]:
        print(_change_line(change, zone))


def _print_report(report: Mapping[str, Any], zone: str) -> None:
    at = story_words.after(report["after_first_seconds"])
    via = f" via {common.clean(report['aggregator'])}" if report["aggregator"] else ""
    trust = "" if report["trusted"] else ", not trusted"
    newsroom = f"{common.clean(report['newsroom'])}{via} ({report['lang'] or '?'}{trust})"
    print(f"\n{at:>7}  {report['article']}  {newsroom}  {common.bold(common.clean(report['title']))}")
    print(f"         {story_words.relation(report)}")
    for made in report["decisions"]:
        print(f"         {story_words.decided(made, zone)}")


def _print_voices(found: Mapping[str, Any]) -> None:
    voices = found["voices"]
    print("\nindependent newsrooms" if voices else "\nno independent newsroom")
    for number, voice in enumerate(voices[:SHOWN_VOICES], start=1):
        count = story_words.plural(voice["articles"], "article")
        print(f"  {number}. {common.clean(voice['voice'])}: {count}{_why(voice['why'])}")
    if len(voices) > SHOWN_VOICES:
        print(f"  and {len(voices) - SHOWN_VOICES:,} more")
    if found["unheard"]:
        silent = story_words.plural(found["unheard"], "article")
        print(f"  {silent} counted for nobody: not trusted, or without a publisher")


def _why(why: Mapping[str, int]) -> str:
    """Return ` (4 copies, 1 credits the agency)`; nothing where all is the newsroom's own."""
    said = [f"{count:,} {WHY[code][count > 1]}" for code, count in why.items() if code in WHY]
    return f" ({', '.join(said)})" if said else ""


def _print_counts(counts: Sequence[Mapping[str, Any]]) -> None:
    if counts:
        print("decisions")
    for row in counts:
        print(f"  {row['pack']}: {row['decision']}, {story_words.spoken(row['reason'])}: {row['count']:,}")


def _change_line(change: Mapping[str, Any], zone: str) -> str:
    verb = "became part of" if change["kind"] == "merge" else "left"
    when = common.when(change["at"], zone)
    return f"{when}  {change['story']} {verb} {change['other']}, which {change['article']} showed"
