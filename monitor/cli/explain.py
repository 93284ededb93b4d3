"""`wirewatch explain`: why an article fired a pack or did not, and what was decided about it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import model
from monitor.cli import common, explain_story, explain_story_text, story_words, waits
from monitor.cli import rules as rules_command

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.store import Connection

_ID = re.compile(r"(?:(al|art|entry)-)?(\d{1,18})")

What = Annotated[
    list[str], typer.Argument(metavar="[PACK] ARTICLE", help="ARTICLE: art-17, al-3, a number, a URL, a file, or `-`.")
]
Story = Annotated[bool, typer.Option("--story", help="Compare two articles: are they one story, and why.")]


@common.app.command()
def explain(
    what: What,
    story: Story = False,
    rules: rules_command.RulesOption = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Say why an article fires a pack or which clause fails; with an id alone, what was decided and why.

    ARTICLE is an id of the archive (art-17, or al-3 for an alert's article), a URL in the archive, an HTML or text file
    (a text's first line is its title), or `-` for standard input. `--story A B` says whether two articles of the
    archive are one story, and why.

    Example: wirewatch explain resettlement art-17
    """
    common.quiet_logs(verbose)
    if story:
        _compare(what, config, json)
    elif len(what) == 1:
        loaded = common.load_config(config)
        told = _recorded(loaded, what[0])
        common.print_json(told) if json else _print_recorded(told, loaded.timezone)
    elif len(what) == 2:
        _judge(what[0], what[1], rules, config, json)
    else:
        raise common.fail("write `wirewatch explain PACK ARTICLE` or `wirewatch explain ID`", 2)


def _compare(what: list[str], config: Path | None, json: bool) -> None:
    """Tell whether two articles are one story."""
    if len(what) != 2:
        raise common.fail("write `wirewatch explain --story A B`, with two articles of the archive: art-17 art-31", 2)
    file = next((one for one in what if _is_file(one)), None)
    if file is not None:
        raise common.fail(
            f"{file} is no article of the archive; `--story` compares two that are there, by id (art-17) or URL: which"
            " story an article is in depends on what came before it",
            2,
        )
    loaded = common.load_config(config)
    with common.reading(loaded) as connection:
        found = [_numbered(connection, one) if connection is not None else None for one in what]
        absent = next((one for one, number in zip(what, found, strict=True) if number is None), None)
        if connection is None or absent is not None:
            raise _absent(absent or what[0])
        one, other = (number for number in found if number is not None)
        if one == other:
            raise common.fail(f"{what[0]} and {what[1]} are one article: art-{one}", 2)
        told = explain_story.compare(connection, one, other)
    common.print_json(told) if json else explain_story_text.print_pair(told, loaded.timezone)


def _numbered(connection: Connection, what: str) -> int | None:
    found = _locate(connection, what)
    return None if found is None else found.article_id


# -- a pack's judgement, now -----------------------------------------------------------------------


def _judge(pack: str, what: str, rules: Path | None, config: Path | None, json: bool) -> None:
    from monitor.rules import explain as explaining
    from monitor.rules import explain_json, explain_text

    folder, known, loaded = rules_command.where(rules, config)
    live = rules_command.live_rules(folder, known, loaded)
    if pack in live.stale:
        print(f"pack {pack}: {live.stale[pack]}", file=sys.stderr)
    if pack not in live.ruleset.packs:
        known_packs = ", ".join(live.ruleset.packs) or "none"
        raise common.fail(f"there is no pack `{pack}` that is switched on; there is {known_packs}", 2)
    article, known_of = _article(what, loaded, config)
    told = explaining.explain(live.ruleset, pack, article)
    archive = None if known_of is None else _known(known_of, pack)
    route = live.ruleset.packs[pack].route or (() if loaded is None else _default_route(loaded))
    if json:
        common.print_json({**explain_json.to_json(told), "route": route, "archive": archive})
    else:
        print(explain_text.to_text(told))
        print(_known_line(archive, route))


def _default_route(config: Config) -> tuple[str, ...]:
    from monitor import config as configuration

    return configuration.effective_route(config)


def _article(what: str, loaded: Config | None, config: Path | None) -> tuple[model.Article, dict[str, Any] | None]:
    """Return the article, and what the archive holds of it where it comes from there."""
    if what == "-":
        return article_of_bytes(sys.stdin.buffer.read(), ""), None
    if _ID.fullmatch(what) or _is_url(what):
        return _archived(loaded or common.load_config(config), what)
    try:
        return article_of_bytes(Path(what).read_bytes(), ""), None
    except OSError as fault:
        raise common.fail(f"{what} is neither an id, a URL nor a file: {fault.strerror}", 2) from None


def _known(found: dict[str, Any], pack: str) -> dict[str, Any]:
    """Return what the archive says of an article and a pack: its story, and what was decided at its last revision."""
    rows = found["revisions"][-1]["decisions"] if found["revisions"] else []
    own = [row for row in rows if row["pack"] == pack] or [row for row in rows if row["pack"] == "*"]
    kept = ("decision", "reason", "decided_at", "alert")
    decided = {key: own[-1].get(key) for key in kept} if own else None
    return {"article": found["article"], "entry": found["entry"], "story": found.get("story"), "decided": decided}


def _known_line(archive: dict[str, Any] | None, route: tuple[str, ...]) -> str:
    """Return story, decision and route on a line."""
    parts = [f"route: {', '.join(route) or 'the default route'}"]
    if archive is not None:
        decided = archive["decided"] or {"decision": "nothing", "reason": "yet", "alert": None}
        alert = f" ({decided['alert']})" if decided["alert"] else ""
        reason = str(decided["reason"]).replace("_", " ")
        parts = [f"story: {archive['story'] or 'none'}", f"decided: {decided['decision']}, {reason}{alert}", *parts]
    return "  " + "   ".join(parts)


def _is_file(what: str) -> bool:
    """Return whether a word names standard input or a file, and nothing that the archive may hold."""
    return what == "-" or (not _ID.fullmatch(what) and not _is_url(what) and Path(what).is_file())


def _is_url(what: str) -> bool:
    return what.startswith(("http://", "https://"))


def article_of_bytes(data: bytes, url: str, content_type: str | None = None) -> model.Article:
    """Return the article in an HTML page, or in a text whose first line is its title. Raises: ExtractError."""
    from monitor.articles import extract, language

    if re.search(rb"<(!doctype|html|head|body|p|div|article)[\s>]", data[:4096], re.IGNORECASE):
        page = extract.extract_page(data, url or "https://page.invalid/", content_type)
        lang = language.detect_language(page.title, page.text, page.lang)
        return model.Article(page.title, page.text, lang, url, author=page.author or "", published=page.published)
    written = data.decode("utf-8-sig", "replace").strip()
    title, _, text = written.partition("\n")
    return model.Article(title.strip(), text.strip(), language.detect_language(title, text), url)


def _archived(config: Config, what: str) -> tuple[model.Article, dict[str, Any]]:
    """Return an article of the archive as rules saw it, and what is recorded of it."""
    from monitor.store import articles

    with common.reading(config) as connection:
        found = _locate(connection, what) if connection is not None else None
        if connection is None or found is None:
            raise _absent(what)
        archived = articles.load(connection, [found.article_id]) if found.article_id else []
        if not archived:
            return _from_feed(connection, found), _of_feed(connection, found)
        return archived[0].article, _of_archive(connection, found)


def _from_feed(connection: Connection, found: _Located) -> model.Article:
    """Return what the feed alone says of an entry that has no article, such as one of the baseline."""
    from monitor.articles import language
    from monitor.jobs import process
    from monitor.store import entries

    waiting = entries.load(connection, found.entry_id)
    assert waiting is not None, "the entry was just found"
    draft = process.draft_of(waiting)
    lang = language.detect_language(draft.title, draft.text, waiting.entry.lang or waiting.feed_lang)
    return replace(draft, lang=lang)


def _absent(what: str) -> typer.Exit:
    hint = "; `wirewatch feeds list` shows whether its feed works" if _is_url(what) else ""
    return common.fail(f"{what} is not in the archive{hint}")


# -- where it is -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Located:
    """An entry of the archive, with its article once it has one, and the revision that is asked about."""

    entry_id: int
    article_id: int | None
    revision_id: int | None = None


def _locate(connection: Connection, what: str) -> _Located | None:
    found = _ID.fullmatch(what)
    if found is None:
        return _locate_url(connection, what)
    kind, number = found[1] or "art", int(found[2])
    if kind == "entry":
        return _of_entry(connection, number)
    return _of_alert(connection, number) if kind == "al" else _of_article(connection, number)


def _of_article(connection: Connection, number: int, revision: int | None = None) -> _Located | None:
    from monitor.store import articles

    stored = articles.get(connection, number)
    return None if stored is None else _Located(stored.entry_id, stored.id, revision)


def _of_alert(connection: Connection, number: int) -> _Located | None:
    from monitor.store import decisions

    rows = decisions.get_alerts(connection, [number])
    return _of_article(connection, rows[0].article_id, rows[0].revision_id) if rows else None


def _of_entry(connection: Connection, number: int) -> _Located | None:
    from monitor.store import entries

    waiting = entries.load(connection, number)
    return None if waiting is None else _Located(waiting.id, waiting.article_id)


def _locate_url(connection: Connection, url: str) -> _Located | None:
    """Return the first article with this address, else the first entry, which may be of the baseline."""
    from monitor import urls
    from monitor.store import articles, entries

    canonical = urls.canonical_url(url)
    for address in filter(None, (url, canonical)):
        number = articles.find_by_link(connection, address)
        if number is not None:
            return _of_article(connection, number)
    listed = entries.find_by_link(connection, canonical) if canonical else []
    return _of_entry(connection, listed[0]) if listed else None


# -- what was decided ------------------------------------------------------------------------------


def _recorded(config: Config, what: str) -> dict[str, Any]:
    with common.reading(config) as connection:
        found = recorded(connection, what, config.timezone) if connection is not None else None
    if found is None:
        raise _absent(what)
    return found


def recorded(connection: Connection, what: str, zone: str = "UTC") -> dict[str, Any] | None:
    """Return what was decided about an article or an entry, by id or URL, with its messages; None if there is none."""
    found = _locate(connection, what)
    if found is None:
        return None
    return _of_archive(connection, found, zone) if found.article_id else _of_feed(connection, found)


def _of_archive(connection: Connection, found: _Located, zone: str = "UTC") -> dict[str, Any]:
    from monitor.store import articles, decisions, story_views

    stored = articles.get(connection, found.article_id or 0)
    assert stored is not None, "the article was just found"
    (report,) = story_views.get_reports(connection, [stored.id])
    revisions = articles.list_revisions(connection, stored.id)
    return {
        "article": f"art-{stored.id}",
        "entry": f"entry-{stored.entry_id}",
        "feed": report.feed,
        "title": stored.title,
        "url": stored.url,
        "newsroom": stored.newsroom,
        "lang": stored.lang,
        "published": stored.published,
        "first_seen": stored.first_seen,
        "partial": stored.partial,
        "story": f"s{stored.story_id}",
        "first": stored.id == story_views.first_of(connection, stored.story_id),
        "duplicate_of": f"art-{stored.duplicate_of}" if stored.duplicate_of else None,
        "duplicate_reason": stored.duplicate_reason,
        "share": report.share,
        "joined": report.joined,
        "credits": list(report.credits),
        "revisions": [
            {
                "n": revision.n,
                "title": revision.title,
                "ruleset": revision.ruleset_id,
                "matches": [_match_json(match) for match in revision.matches],
                "decisions": [
                    _decision_json(row) | _deliveries(connection, row["alert_id"], zone)
                    for row in decisions.list_of_revision(connection, revision.id)
                ],
            }
            for revision in revisions
            if found.revision_id in (None, revision.id)
        ],
    }


def _match_json(match: Any) -> dict[str, Any]:
    return {name: match[name] for name in ("pack", "rule", "severity", "status", "score", "evidence")}


def _decision_json(row: Any) -> dict[str, Any]:
    return {
        "pack": row["pack"],
        "decision": row["outcome"],
        "reason": row["reason"],
        "severity": row["severity"],
        "detail": row["detail"],
        "decided_at": row["decided_at"],
        "decided_seq": row["decided_seq"],
        "alert": f"al-{row['alert_id']}" if row["alert_id"] else None,
    }


def _deliveries(connection: Connection, alert_id: int | None, zone: str) -> dict[str, Any]:
    """Return where the messages of a decision's alert stand, nothing for a decision that tells nobody."""
    from monitor.store import messages

    if alert_id is None:
        return {}
    return {"deliveries": [waits.delivery_json(row, zone) for row in messages.deliveries_of(connection, alert_id)]}


def _of_feed(connection: Connection, found: _Located) -> dict[str, Any]:
    """Return what is recorded of an entry without an article: the baseline, one over a bound, or one that waits."""
    from monitor.store import entries

    waiting, state = entries.load(connection, found.entry_id), entries.state_of(connection, found.entry_id)
    assert waiting is not None, "the entry was just found"
    reason = {"baseline": "baseline", entries.OVER_QUOTA: "feed_quota"}.get(str(state))
    made = {"pack": "*", "decision": "suppressed", "reason": reason, "severity": None, "detail": None}
    return {
        "article": None,
        "entry": f"entry-{waiting.id}",
        "feed": waiting.feed_slug,
        "title": waiting.entry.title,
        "url": waiting.entry.url,
        "newsroom": waiting.newsroom,
        "lang": waiting.entry.lang,
        "published": waiting.entry.published,
        "first_seen": waiting.first_seen,
        "state": state,
        "revisions": [{"n": 1, "decisions": [made], "matches": []}] if reason else [],
    }


def _print_recorded(told: dict[str, Any], zone: str) -> None:
    head = f"{told['article'] or told['entry']}  {common.clean(told['title'])}"
    print(common.bold(head))
    print(f"{common.clean(told['newsroom'])} ({told['feed']}), {told['lang'] or 'language unknown'}, "
          f"published {common.when(told['published'])}, seen {common.when(told['first_seen'])} UTC")  # fmt: skip
    if told["url"]:
        print(common.clean(told["url"]))
    if told.get("story"):
        print(f"story {told['story']}: {story_words.relation(told)}")
    if not told["revisions"]:
        print(f"nothing is decided yet: the entry is {told.get('state')}")
    for revision in told["revisions"]:
        if len(told["revisions"]) > 1:
            print(f"revision {revision['n']}: {common.clean(revision['title'])}")
        for row in revision["decisions"]:
            print("  " + _decision_line(row))
            for message in row.get("deliveries", ()):
                print("    " + waits.delivery_line(message, zone))
        for match in revision["matches"]:
            words = ", ".join(f"“{common.clean(span['text'])}”" for span in match["evidence"][:8])
            note = "" if match["status"] == "live" else f" (status {match['status']})"
            print(f"  {match['pack']}/{match['rule']}{note}: {words}")


def _decision_line(row: dict[str, Any]) -> str:
    name = "every other pack" if row["pack"] == "*" and row["decision"] == "none" else row["pack"]
    name = "every pack" if name == "*" else name
    detail = ", ".join(f"{key} {value}" for key, value in (row["detail"] or {}).items())
    alert = f", {row['alert']}" if row.get("alert") else ""
    return f"{name}: {row['decision']}: {row['reason']}" + (f" ({detail})" if detail else "") + alert
