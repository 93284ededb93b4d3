"""What the live rules say of an article of the archive: asked of a worker, and kept while rules and text stay."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from monitor import errors
from monitor.rules import judge
from monitor.rules.judge import Judgement
from monitor.store import articles
from monitor.web.desk import Desk
from monitor.web.faults import Busy, NotThere

SECONDS = 10.0
"""Until a worker is given up."""
KEPT = 200
MOST_PACKS = 40
"""Packs that are asked at once."""

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What packs say of an article as it stands now."""

    ruleset: str
    revision: int
    packs: tuple[Judgement, ...]
    left_out: int
    """Packs that were not asked."""


class Judging:
    """Explains articles under the live rules."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[Key, Judged] = OrderedDict()

    async def of(self, article_id: int, pack: str = "") -> Judged:
        """Return what `pack`, or every pack, says of an article. Raises: NotThere; Busy where no worker is free."""
        found = await self._desk.read(lambda c: articles.load(c, [article_id]))
        if not found:
            raise NotThere("There is no such article in the archive.")
        (archived,) = found
        setup = self._desk.context.setup
        names = sorted(setup.live.ruleset.packs)
        if pack and pack not in names:
            raise NotThere("There is no such pack that is switched on.")
        key = (setup.live.id, archived.revision_id, pack)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        asked = (pack,) if pack else tuple(names[:MOST_PACKS])
        async with self._desk.heavy():
            try:
                told = await self._desk.context.workers.call(
                    judge.judge, str(setup.rules_path), asked, archived.article, timeout=SECONDS, source="web"
                )
            except errors.MonitorError:
                raise Busy("No worker could explain it at the moment. Try again in a while.", 10) from None
        made = Judged(setup.live.id, archived.revision_id, told, 0 if pack else len(names) - len(asked))
        self._kept[key] = made
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made
