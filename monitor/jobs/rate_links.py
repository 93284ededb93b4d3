"""The links of a message's alerts to their pages and to where its recipient rates them, where the address is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor import model
from monitor.alerts import rating
from monitor.jobs.context import Setup


def with_links(said: model.Notice, setup: Setup, target_id: int, now: datetime) -> model.Notice:
    """Return the notice with both links for each alert; without `[web] public_url` as it is."""
    base = setup.config.web.public_url
    if not base or not setup.rating_key:
        return said
    links = rating.Links(base, setup.rating_key, now + rating.LIFETIME)
    return replace(said, items=tuple(_item(item, links, base, target_id) for item in said.items))


def _item(item: model.NoticeItem, links: rating.Links, base: str, target_id: int) -> model.NoticeItem:
    told = (
        replace(told, rating_url=links.url_of(told.alert_id, target_id), page_url=f"{base}/alerts/{told.alert_id}")
        for told in item.tellings
    )
    return replace(item, tellings=tuple(told))
