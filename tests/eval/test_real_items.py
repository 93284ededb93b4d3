"""The labels of real items fit the items that are here."""

from __future__ import annotations

import pytest

from tests.eval import real_items
from tests.eval.test_packs import LANGUAGES, PACKS
from tests.support.corpora import needs_data


def test_labels_are_well_formed() -> None:
    """Each label names packs that exist; both parts hold items of every pack."""
    labels = real_items.load_labels()

    assert {pack for packs in labels.values() for pack in packs} == set(PACKS)
    for part in real_items.PARTS:
        named = {pack for (_, id_), packs in labels.items() if real_items.part_of(id_) == part for pack in packs}
        assert named == set(PACKS)


@needs_data
def test_every_labelled_item_is_found() -> None:
    """Each id belongs to an item of its set, which has words and, but for posts, a date."""
    labels = real_items.load_labels()

    articles = real_items.load_articles(labels)

    assert labels.keys() - articles.keys() == set()
    assert [key for key, found in articles.items() if not (found.title or found.text)] == []
    assert {key[0] for key, found in articles.items() if found.published is None} == {"fignews-2024-iaa"}
    assert {found.lang for found in articles.values()} >= LANGUAGES


@pytest.mark.parametrize(
    ("written", "day"),
    [("2023-10-08T21:02:46+00:00", "2023-10-08"), ("30.05.19", "2019-05-30"), ("30.05.2019", "2019-05-30"),
     ("10/31/2023", "2023-10-31")],
)  # fmt: skip
def test_dates_of_every_set(written: str, day: str) -> None:
    """Each set writes its dates in a way of its own."""
    assert f"{real_items._moment(written):%Y-%m-%d}" == day
