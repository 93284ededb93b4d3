"""The heartbeat against servers that take it, refuse it, are silent, or are not there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.delivery import heartbeat, sender
from tests.support import crowd, web


@pytest.fixture
async def site() -> AsyncIterator[web.Site]:
    async with web.Site() as running:
        yield running


@pytest.mark.parametrize("status", [200, 204])
async def test_heartbeat_is_one_get_that_a_2xx_takes(site: web.Site, status: int) -> None:
    """The address is asked as it was written, once, without cookies or a body."""
    site.on("/ping/abc", web.page(b"", status=status))

    said = await heartbeat.Heart().beat(site.url("/ping/abc"))

    assert said == ""
    assert [(one.method, one.target) for one in site.requests] == [("GET", "/ping/abc")]


@pytest.mark.parametrize("status", [301, 404, 503])
async def test_heartbeat_that_is_not_taken_says_so(site: web.Site, status: int) -> None:
    """A redirect is not followed: it may lead to whoever answers 200 to all."""
    site.on("/ping", web.page(b"", status=status, headers={"Location": "/elsewhere"}))

    assert await heartbeat.Heart().beat(site.url("/ping")) == f"it answered {status}"
    assert len(site.requests) == 1


async def test_a21_heartbeat_waits_its_deadline_and_no_longer(site: web.Site) -> None:
    """A server that takes the request and says nothing costs the deadline."""
    site.on("/ping", web.silence())
    began = time.monotonic()

    said = await heartbeat.Heart(deadline=0.5).beat(site.url("/ping"))

    assert said == "no answer within 0.5 s"
    assert time.monotonic() - began < 1.5


async def test_a16_heartbeat_to_nowhere_says_why_without_the_address() -> None:
    """The address is a secret: whoever knows it can keep silent for the monitor."""
    url = f"http://127.0.0.1:{crowd.free_port()}/ping/s3cr3t-of-the-heart"

    said = await heartbeat.Heart().beat(url)

    assert said
    assert "s3cr3t" not in said


async def test_heartbeat_over_tls_is_verified(tmp_path: Path) -> None:
    """A certificate that nobody vouches for is no answer; one of the operator's own authority is."""
    authority = web.Authority(tmp_path)
    async with web.Site(authority.server()) as site:
        site.page("/ping", b"OK")
        trusted = heartbeat.Heart(sender.SenderSettings(ca_file=str(authority.ca_file)))

        assert "CERTIFICATE_VERIFY_FAILED" in await heartbeat.Heart().beat(site.url("/ping"))
        assert await trusted.beat(site.url("/ping")) == ""
