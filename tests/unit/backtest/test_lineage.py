"""In which story an article was when it came, told by what the archive keeps of it."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.backtest import lineage
from monitor.store.backtests import Member, Merged

NOW = datetime(2025, 3, 10, tzinfo=UTC)


def came(number: int, today: int, joined: int | None = None, copy_of: int | None = None) -> Member:
    """Return article `number` of story `today`, which joined another story, or copied an article, or began a story."""
    told = {"story": joined, "article": 1} if joined is not None else {"nearly": {"story": 9}}
    return Member(number, NOW, number, today, 1, "Gazette", None, None, "claim", NOW, None, copy_of, told, None)


def merged(seq: int, younger: int, older: int) -> Merged:
    """Return the merge of a story into an older one."""
    return Merged(seq, NOW, younger, older, seq)


def test_articles_were_in_the_story_that_they_began_until_it_was_merged() -> None:
    """Two stories that became one at the fourth article were two before."""
    members = [came(1, 7), came(2, 7), came(3, 7, joined=8), came(4, 7, joined=7)]

    traced = lineage.trace(members, [merged(4, younger=8, older=7)])

    assert traced.first == {1: 7, 2: 8, 3: 8, 4: 7}
    assert [one.younger for one in traced.merges] == [8]


def test_a_copy_came_into_the_story_of_its_original_as_it_stood_then() -> None:
    """A copy that came before a merge is in the younger story, one that came after it in the older."""
    members = [came(1, 7), came(2, 7), came(3, 7, copy_of=2), came(4, 7, joined=7), came(5, 7, copy_of=2)]

    traced = lineage.trace(members, [merged(4, younger=8, older=7)])

    assert traced.first == {1: 7, 2: 8, 3: 8, 4: 7, 5: 7}


def test_a_story_that_cannot_be_traced_is_taken_as_it_is_today() -> None:
    """Where an article that began a story is gone, its articles are in today's story and no merge is played."""
    members = [came(2, 7), came(3, 7, joined=8), came(9, 20)]

    traced = lineage.trace(members, [merged(4, younger=8, older=7)])

    assert traced.first == {2: 7, 3: 7, 9: 20}
    assert traced.merges == []
