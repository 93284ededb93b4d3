"""Feeds, pages and lists made to hurt, from a seeded generator: the same seed gives the same bytes.

```
for file in hostile.corpus(seed=1):
    file.name, file.kind, file.body()
```

Nothing is stored: each file is a recipe. `kind` says what it pretends to be; every file is served as everything.
"""

from __future__ import annotations

from tests.faults.hostile import feeds, json_feeds, lists, pages, soup, wire
from tests.faults.hostile.recipe import Hostile

__all__ = ["Hostile", "corpus"]


def corpus(seed: int = 1) -> list[Hostile]:
    """Return every file, by name; names are unique and fit for a path."""
    files = [*feeds.recipes(), *json_feeds.recipes(), *pages.recipes(), *lists.recipes(), *wire.recipes()]
    files += soup.recipes(seed)
    assert len({file.name for file in files}) == len(files)
    return sorted(files, key=lambda file: file.name)
