"""Print precision and recall of the shipped packs: `python -m tests.eval.packs CASES.yaml [--rules DIR] [--misses]`.

`wirewatch rules test --corpus CASES.yaml` prints the same, and the terms that never fired.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monitor.cli import rules_measure
from monitor.rules import compile, load
from tests.eval import labelled

RULES = Path(__file__).parents[2] / "rules"


def main() -> None:
    """Read the arguments, run the cases, print a table a pack."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.packs", description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--rules", type=Path, default=RULES)
    parser.add_argument("--misses", action="store_true", help="also list every case that came out wrong")
    given = parser.parse_args()
    rules = load_sound(given.rules)
    outcomes = labelled.run_cases(rules, labelled.load_cases(given.cases))
    for pack in rules.packs:
        rules_measure.print_scores(pack, outcomes)
        if given.misses:
            rules_measure.print_wrong(pack, outcomes)


def load_sound(folder: Path) -> compile.RuleSet:
    """Return the packs without an error; those that somebody is just editing are named on stderr and left out."""
    loaded = load.load_packs(load.read_folder(folder))
    for pack, faults in loaded.broken.items():
        print(f"{pack} is left out: {faults[0]}", file=sys.stderr)
    return compile.compile_rules(loaded.packs)


if __name__ == "__main__":
    main()
