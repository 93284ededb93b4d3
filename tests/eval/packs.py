"""Print precision and recall of the shipped packs: `python -m tests.eval.packs CASES.yaml [--rules DIR] [--misses]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.eval import labelled

RULES = Path(__file__).parents[2] / "rules"


def main() -> None:
    """Read the arguments, run the cases, print a table a pack."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.packs", description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--rules", type=Path, default=RULES)
    parser.add_argument("--misses", action="store_true", help="also list every case that came out wrong")
    given = parser.parse_args()
    rules = labelled.load_rules(given.rules)
    outcomes = labelled.run_cases(rules, labelled.load_cases(given.cases))
    for pack in rules.packs:
        print_pack(pack, outcomes, given.misses)


def print_pack(pack: str, outcomes: tuple[labelled.Outcome, ...], misses: bool) -> None:
    """Print the table of one pack and, if asked, its wrong cases with what fired."""
    print(f"{pack:20} precision recall  true false missed")
    for group, s in labelled.breakdown(pack, outcomes):
        print(f"  {group:18} {s.precision:9.3f} {s.recall:6.3f} {s.true:5} {s.false:5} {s.missed:6}")
    for outcome in outcomes if misses else ():
        if outcome.wrong(pack):
            print(f"  {describe(pack, outcome)}")


def describe(pack: str, outcome: labelled.Outcome) -> str:
    """Return one line on a case that came out wrong."""
    case = outcome.case
    words = [f"{m.rule}: {' / '.join(e.text for e in m.evidence[:8])}" for m in outcome.fired.get(pack, ())]
    return f"{'alerted' if words else 'missed'} {case.id} ({case.tier}) {case.article.title!r} {'; '.join(words)}"


if __name__ == "__main__":
    main()
