"""A measured value beside what is wanted of it, and how values are printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `target` is the most that is wanted (`least`: the least), None where nothing is."""

    part: str
    what: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""
    least: bool = False

    @property
    def missed(self) -> bool:
        """Return whether the target is not reached."""
        if self.target is None:
            return False
        return self.value < self.target if self.least else self.value > self.target

    def __str__(self) -> str:
        aim = "" if self.target is None else f"target {'>= ' if self.least else ''}{self.target:g}"
        sign = ("UNDER" if self.least else "OVER") if self.missed else ""
        return f"{self.part:9} {self.what:52} {self.value:10.3f} {self.unit:3} {aim:14} {sign:5} {self.note}".rstrip()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of some values, which are not none, do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def report(figures: Iterable[Figure], as_json: bool) -> None:
    """Print each figure as it comes, or all as one JSON list at the end."""
    found = []
    for figure in figures:
        found.append(figure)
        if not as_json:
            print(figure, flush=True)
    if as_json:
        print(json.dumps([asdict(figure) for figure in found]))
