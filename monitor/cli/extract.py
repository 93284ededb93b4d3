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
    from monitor.http import HttpSettings

Page = Annotated[str, typer.Argument(metavar="PAGE|URL", help="An HTML file, an address, or `-` for standard input.")]
Address = Annotated[
    str | None, typer.Option("--url", help="Where a file came from; links in it are resolved against it.")
]
ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"
UNKNOWN = "https://page.invalid/"


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


def _read(body: bytes, url: str, content_type: str | None) -> model.Page:
    from monitor.articles import extract as extracting

    return extracting.extract_page(body, url, content_type)


def _json(seen: model.Page, url: str | None) -> dict[str, Any]:
    from monitor.articles import language

    return {
        "title": seen.title,
        "text": seen.text,
        "lang": language.detect_language(seen.title, seen.text, seen.lang),
        "author": seen.author,
        "published": seen.published,
        "url": url,
        "canonical_url": seen.canonical_url,
        "partial": seen.partial,
    }


def _print(found: dict[str, Any]) -> None:
    print(common.bold(common.clean(found["title"])))
    about = [
        f"{key}: {common.clean(str(found[key]))}"
        for key in ("lang", "author", "published", "canonical_url")
        if found[key]
    ]
    print("\n".join(about))
    if found["partial"]:
        print("partial: the page says it is paid, or its text is very short")
    print("\n" + "\n\n".join(common.clean(line) for line in found["text"].split("\n") if line.strip()))
