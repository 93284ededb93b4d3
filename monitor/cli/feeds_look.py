"""What stands at an address or in a file, looked at as the daemon does, with a gate and a worker of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli import extract as pages

if TYPE_CHECKING:
    from monitor.jobs.feed_look import Seen
    from monitor.workers import Workers


def is_url(place: str) -> bool:
    """Return whether a place is an address."""
    return place.startswith(("http://", "https://"))


def look_at(place: str, config: Path | None) -> Seen:
    """Return what stands at a URL, in a file, or on standard input (`-`).

    Raises: FetchError; WorkerError; typer.Exit 2 for a file that cannot be read.
    """
    import asyncio

    return asyncio.run(_look_at_url(place, config) if is_url(place) else _look_at_file(place))


async def _look_at_file(place: str) -> Seen:
    from monitor.jobs import feed_look

    body, pool = pages.read_bytes(place), _workers()
    try:
        return await feed_look.look_at_bytes(pool, body)
    finally:
        pool.close()


async def _look_at_url(place: str, config: Path | None) -> Seen:
    from monitor import http
    from monitor.jobs import feed_look

    gate, pool = http.Gate(pages.gate_settings(config)), _workers()
    try:
        return await feed_look.look_at_url(gate, pool, place)
    finally:
        await gate.close()
        pool.close()


def _workers() -> Workers:
    from monitor import workers

    return workers.Workers(workers.WorkerSettings(count=1))
