"""The mutation gate: of the slips that editors make in the shipped rule files, at least 95 in 100 go no further."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.rules import live, load
from tests.eval import mistakes, mutations
from tests.eval.mutations import Mutation, Verdict
from tests.support.corpora import THOROUGH

pytestmark = pytest.mark.timeout(600)

LEAST_TRIED = 120
PART = 3
"""One mutation in so many of each kind is tried in the suite; all of them by `make eval`."""
LEAST_STOPPED = 0.95

Tried = list[tuple[Mutation, Verdict]]


@pytest.fixture(scope="module")
def tried() -> Tried:
    """The mutations of the catalogue with what became of them."""
    sheets = mutations.sheets()
    drawn = [
        mutation for mistake in mistakes.MISTAKES for mutation in mistake.mutations(sheets)[:: 1 if THOROUGH else PART]
    ]
    return list(zip(drawn, mutations.judge_all(drawn), strict=True))


def test_typical_mistakes_are_stopped_before_they_go_live(tried: Tried) -> None:
    """An error, a failing test of the pack, or at the least a warning in review; the survivors are listed."""
    counted = [(mutation, verdict) for mutation, verdict in tried if verdict.how != "null"]
    how = Counter(verdict.how for _, verdict in counted)
    stopped = sum(how[name] for name in mutations.STOPPED) / len(counted)

    print_table(tried)
    print(
        f"\nmutations: {len(counted)} tried, {how['error'] + how['tests']} kept from going live"
        f" ({how['error']} by an error, {how['tests']} by the pack's tests), {how['warning']} told by a warning only,"
        f" {how['survived']} survived: {stopped:.1%} stopped"
    )

    survivors = [f"{mutation.mistake}: {mutation.where}" for mutation, verdict in counted if verdict.how == "survived"]
    assert len(counted) >= (LEAST_TRIED if THOROUGH else LEAST_TRIED // PART)
    assert stopped >= LEAST_STOPPED, "\n".join(survivors)


def print_table(tried: Tried) -> None:
    """Print one line a mutation: how it was stopped, the mistake, the file, what it did."""
    print()
    for mutation, verdict in sorted(tried, key=lambda one: (one[1].how == "survived", one[0].mistake)):
        print(f"  {verdict.how:8}  {mutation.mistake:36}  {mutation.where}")


def test_every_kind_of_mistake_is_tried(tried: Tried) -> None:
    """No entry of the catalogue is without an edit in the files as they stand."""
    assert {mistake.name for mistake in mistakes.MISTAKES} == {mutation.mistake for mutation, _ in tried}


def test_edits_that_are_no_mistakes_go_live() -> None:
    """CRLF, a byte order mark, comments and blank lines change nothing and are refused by nobody."""
    shipped = load.read_folder(mutations.RULES)
    pack = "packs/resettlement.yaml"
    files = {name: data for name, data in shipped.items() if name == pack or not name.startswith("packs/")}
    before = live.next_live(None, files, load.Known())

    for name, data in mistakes.harmless(mutations.Sheet(pack, files[pack].decode())).items():
        after = live.next_live(before, {**files, pack: data}, load.Known())

        assert (name, after.stale) == (name, {})
        assert [str(fault) for fault in after.faults if fault.is_error] == []
