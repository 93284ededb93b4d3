"""Rules and labelled cases for evaluations, loaded or refused; `monitor.rules.corpus` says how they are judged."""

from __future__ import annotations

from pathlib import Path

from monitor.rules import compile, corpus, load
from monitor.rules.corpus import Case, Outcome, Score, breakdown, run_cases, score

__all__ = ["Case", "Outcome", "Score", "breakdown", "load_cases", "load_rules", "run_cases", "score"]


def load_rules(folder: Path) -> compile.RuleSet:
    """Return the compiled packs of a rule folder. Raises: ValueError naming every fault, if a pack has one."""
    loaded = load.load_packs(load.read_folder(folder))
    if loaded.broken:
        raise ValueError("\n".join(str(fault) for fault in loaded.faults))
    return compile.compile_rules(loaded.packs)


def load_cases(file: Path) -> tuple[Case, ...]:
    """Return the cases of a corpus. Raises: ValueError naming every fault."""
    cases, faults = corpus.parse_corpus(str(file), file.read_bytes())
    if faults:
        raise ValueError("\n".join(map(str, faults)))
    return cases
