"""`wirewatch extract`: what the extractor sees in a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import errors
from monitor.cli import common

if TYPE_CHECKING:
    from monitor import model
    from monitor.articles.extract import Seen
    from monitor.http import HttpSettings

Page = Annotated[str, typer.Argument(metavar="PAGE|URL", help="An HTML file, an address, or `-` for standard input.")]
Address = Annotated[
    str | None, typer.Option("--url", help="Where a file came from; links in it are resolved against it.")
]
ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"
UNKNOWN = "https://page.invalid/"
_ORIGINS = {
    "page": "the page",
    "page_parts": "the page, several parts of it joined",
    "paragraphs": "the page's longest row of paragraphs, since the extractor found a piece of it only",
    "second_extractor": "a second extractor, since the first found little",
    "json_ld": "the article's text as the page states it for machines (JSON-LD), since the page shows little",
    "script_data": "the data of the page's scripts, since it shows no text without them",
}
_PARTIAL = {
    "paid": "the page says that it is for subscribers",
    "thin_page": "its text is very short",
}


@common.app.command()
def extract(
    page: Page, url: Address = None, config: common.ConfigOption = None, json: common.JsonOption = False
) -> None:
    """Show the title, text, language, author and date that the monitor reads in a page; exit 1 if there is none.

    Example: wirewatch extract page.html --json
    """
    common.quiet_logs(False)
    if page.startswith(("http://", "https://")):
        reply = fetch(page, config, ACCEPT)
        _refuse_wall(page, reply.url)
        seen = _read(reply.body, reply.url, reply.info.content_type)
    else:
        seen = _read(read_bytes(page), url or UNKNOWN, None)
        url = url or (page if page != "-" else None)
    found = _json(seen, page if page.startswith(("http://", "https://")) else url)
    common.print_json(found) if json else _print(found)


def fetch(url: str, config: Path | None, accept: str, cap: int = 2_000_000) -> model.Reply:
    """Return the answer of a URL, asked through the gate as the daemon asks. Raises: FetchError; typer.Exit."""
    import asyncio

    from monitor import http

    settings = gate_settings(config)

    async def ask() -> model.Reply:
        gate = http.Gate(settings)
        try:
            return await gate.fetch(url, cap=cap, accept=accept)
        finally:
            await gate.close()

    reply = asyncio.run(ask())
    if reply.info.status != 200:
        raise common.fail(f"{url} answered {reply.info.status}")
    return reply


def gate_settings(config: Path | None) -> HttpSettings:
    """Return the limits of the configuration, or the default ones where there is none."""
    from monitor import http, wiring

    if _has_config(config):
        return wiring.http_settings(common.load_config(config))
    return http.HttpSettings(user_agent=http.user_agent(""))


def _has_config(config: Path | None) -> bool:
    from monitor import config as configuration

    try:
        configuration.find(config)
    except errors.ConfigError:
        return False
    return True


def read_bytes(page: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Raises: typer.Exit 2."""
    if page == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(page).read_bytes()
    except OSError as fault:
        raise common.fail(f"{page}: cannot be read: {fault.strerror}", 2) from None


def _read(body: bytes, url: str, content_type: str | None) -> Seen:
    from monitor.articles import extract as extracting

    return extracting.read_page(body, url, content_type)


def _refuse_wall(asked: str, answered: str) -> None:
    """End with exit 1 where the daemon would not read the page either: the address led to a log-in or consent page."""
    from monitor.articles import walls

    wall = walls.of_address(asked, answered)
    if wall:
        raise common.fail(f"{asked} led to {answered}: {walls.SAID[wall]}")


def _json(read: Seen, url: str | None) -> dict[str, Any]:
    from monitor.articles import language

    seen = read.page
    return {
        "title": seen.title,
        "text": seen.text,
        "lang": language.detect_language(seen.title, seen.text, seen.lang),
        "author": seen.author,
        "published": seen.published,
        "url": url,
        "canonical_url": seen.canonical_url,
        "partial": seen.partial,
        "partial_reason": read.partial_reason,
        "text_from": read.origin,
    }


def _print(found: dict[str, Any]) -> None:
    print(common.bold(common.clean(found["title"])))
    about = [
        f"{key}: {common.clean(str(found[key]))}"
        for key in ("lang", "author", "published", "canonical_url")
        if found[key]
    ]
    print("\n".join(about))
    print(f"text from: {_ORIGINS[found['text_from']]}")
    if found["partial"]:
        print(f"partial: {_PARTIAL[found['partial_reason']]}")
    print("\n" + "\n\n".join(common.clean(line) for line in found["text"].split("\n") if line.strip()))
