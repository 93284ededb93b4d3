"""Labelled cases (YAML) -> lines for `wirewatch replay`, and what its answers are worth, by pack, language and tier.

```
python -m tests.eval.cases_to_jsonl cases.yaml > cases.jsonl
wirewatch replay cases.jsonl --rules rules --json > judged.jsonl
python -m tests.eval.cases_to_jsonl cases.yaml --against judged.jsonl
```
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from monitor.cli import rules_measure
from tests.eval import labelled


def line_of(case: labelled.Case) -> dict[str, Any]:
    """Return the line of a case; its labels stay out of it."""
    article = case.article
    line: dict[str, Any] = {"id": case.id, "title": article.title, "text": article.text, "lang": article.lang}
    return line | ({"published": article.published.isoformat()} if article.published else {})


def outcomes(cases: Iterable[labelled.Case], judged: Iterable[str]) -> tuple[labelled.Outcome, ...]:
    """Return what the output lines of replay say of each case; a case without a line fired nothing."""
    packs = {row["id"]: row["packs"] for row in map(json.loads, judged)}
    return tuple(labelled.Outcome(case, dict.fromkeys(packs.get(case.id, ()), ())) for case in cases)


def main() -> None:
    """Write lines, or judge what replay made of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--against", type=Path, help="output of `wirewatch replay --json`")
    wanted = parser.parse_args()
    cases = labelled.load_cases(wanted.cases)
    if wanted.against is not None:
        found = outcomes(cases, wanted.against.read_text("utf-8").splitlines())
        for pack in sorted({pack for outcome in found for pack in (*outcome.fired, *outcome.case.expected)}):
            rules_measure.print_scores(pack, found)
        return
    sys.stdout.writelines(json.dumps(line_of(case), ensure_ascii=False) + "\n" for case in cases)


if __name__ == "__main__":
    main()
