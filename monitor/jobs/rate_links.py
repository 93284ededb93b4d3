"""The links by which a message's recipient rates its alerts, where it is known at which address that can be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor import model
from monitor.alerts import rating
from monitor.jobs.context import Setup


def with_links(said: model.Notice, setup: Setup, target_id: int, now: datetime) -> model.Notice:
    """Return the notice with a link for each alert; without `[web] public_url` as it is."""
    base = setup.config.web.public_url
    if not base or not setup.rating_key:
        return said
    links = rating.Links(base, setup.rating_key, now + rating.LIFETIME)
    return replace(said, items=tuple(_item(item, links, target_id) for item in said.items))


def _item(item: model.NoticeItem, links: rating.Links, target_id: int) -> model.NoticeItem:
    told = (replace(told, rating_url=links.url_of(told.alert_id, target_id)) for told in item.tellings)
    return replace(item, tellings=tuple(told))
