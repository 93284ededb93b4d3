"""The operations of the API on channels: whether they work, and a test."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from monitor.jobs.channel_test import Result
from monitor.web import system_parts
from monitor.web.api.operation import Answer, Call, Model, Operation
from monitor.web.desk import Desk
from monitor.web.pages.system import test_channel
from monitor.web.system_parts import ChannelRow


class ChannelPath(Model):
    """Which channel."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


class ChannelRecipient(Model):
    """One recipient of a channel."""

    label: str
    sent_at: datetime | None
    failing_since: datetime | None
    detail: str
    refused: bool
    waiting: int


class ChannelFailure(Model):
    """The last attempt that did not end well."""

    at: datetime
    outcome: str
    status: int | None
    detail: str


class ChannelOut(Model):
    """A channel of the configuration, its secrets masked."""

    name: str
    leads_to: str
    uses: list[str]
    """`default`: alerts go there without a route; `ops`: what the monitor tells about itself."""
    recipients: list[ChannelRecipient]
    last_failure: ChannelFailure | None

    @classmethod
    def of(cls, row: ChannelRow) -> ChannelOut:
        """Return what is known."""
        return cls(
            name=row.name,
            leads_to=row.leads_to,
            uses=list(row.uses),
            recipients=[
                ChannelRecipient(
                    label=one.label,
                    sent_at=one.sent_at,
                    failing_since=one.failing_at,
                    detail=one.detail,
                    refused=one.refused,
                    waiting=one.waiting,
                )
                for one in row.recipients
            ],
            last_failure=ChannelFailure.like(row.failure) if row.failure else None,
        )


class ChannelList(Model):
    """The channels."""

    channels: list[ChannelOut]


class TestResult(Model):
    """What a recipient of a test answered."""

    target: str
    outcome: str
    """`sent`, or why not."""
    status: int | None
    detail: str

    @classmethod
    def of(cls, result: Result) -> TestResult:
        """Return what the service answered."""
        target, sent = result
        return cls(target=target.label, outcome=sent.outcome.value, status=sent.status, detail=sent.detail or "")


class ChannelTested(Model):
    """How a test went."""

    results: list[TestResult]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on channels."""
    return [
        Operation("GET", "/channels", "Where alerts go, and whether they arrive", list_channels, answer=ChannelList),
        Operation(
            "POST",
            "/channels/{name}/test",
            "Send a test to every recipient of a channel",
            send_test,
            answer=ChannelTested,
            path_model=ChannelPath,
            description="At once, past the queue; the message is marked as a test.",
        ),
    ]


async def list_channels(call: Call) -> Answer:
    """Answer with the channels."""
    now, context = call.desk.now(), call.desk.context
    rows = await call.desk.read(lambda c: system_parts.channels(c, context, now))
    return Answer(ChannelList(channels=[ChannelOut.of(row) for row in rows]))


async def send_test(call: Call) -> Answer:
    """Send the test."""
    results = await test_channel(call.desk, call.path(ChannelPath).name)
    return Answer(ChannelTested(results=[TestResult.of(result) for result in results]))
