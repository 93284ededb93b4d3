"""The operations of the API on lists of feeds (OPML)."""

from __future__ import annotations

from monitor.feeds import opml
from monitor.web import feed_intake
from monitor.web.api.operation import Answer, Call, Model, Operation, Raw
from monitor.web.desk import Desk

LIST = Raw((feed_intake.OPML_TYPE, "text/xml", "application/xml"), opml.MAX_BYTES)


class ListImported(Model):
    """What a list brought."""

    added: int
    known: int
    """Polled already; they stay as they are."""
    problems: list[str]
    """What was wrong with the list, a sentence each."""


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on lists."""
    return [
        Operation("GET", "/opml", "The polled feeds as OPML", export_list, answer=feed_intake.OPML_TYPE, heavy=True),
        Operation(
            "POST",
            "/opml",
            "Add the feeds of an OPML list",
            import_list,
            answer=ListImported,
            body_model=LIST,
            heavy=True,
            description=f"At most {opml.MAX_BYTES:,} bytes and {opml.MAX_FEEDS:,} feeds. Folders become tags.",
        ),
    ]


async def export_list(call: Call) -> Answer:
    """Answer with the feeds as OPML."""
    return Answer(await feed_intake.export_list(call.desk))


async def import_list(call: Call) -> Answer:
    """Add the feeds of a list."""
    done = await feed_intake.import_list(call.desk, call.raw())
    return Answer(ListImported.like(done))
