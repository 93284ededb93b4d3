"""`wirewatch rules`: diagnostics, tests, quality and use of terms, canonical form, schema, and what is live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import errors
from monitor.cli import check, common

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.rules import load
    from monitor.rules.compile import RuleSet
    from monitor.rules.live import LiveRules
    from monitor.rules.packs import Pack, Rule

group = typer.Typer(help="The rule files: diagnostics, tests, what is live.", no_args_is_help=True)
common.app.add_typer(group, name="rules")

RulesOption = Annotated[
    Path | None, typer.Option("--rules", metavar="DIR", help="This rule folder, without any configuration.")
]
MinPrecision = Annotated[
    float, typer.Option("--min-precision", min=0, max=1, help="Exit 1 if a pack's alerts on the corpus are less right.")
]
MinRecall = Annotated[
    float, typer.Option("--min-recall", min=0, max=1, help="Exit 1 if a pack misses more of the corpus.")
]
DAYS = 90
"""Of an archive, where none are given."""

Strict = Annotated[bool, typer.Option("--strict", help="Warnings fail too.")]


@group.command("lint")
def lint(
    rules: RulesOption = None,
    strict: Strict = False,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus", metavar="FILE", help="Articles, YAML or JSONL, that broad and idle terms are told by."
        ),
    ] = None,
    archive: Annotated[
        int | None,
        typer.Option("--archive", metavar="DAYS", min=1, help="Tell rules that matched nothing for so long."),
    ] = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Show what is wrong or doubtful in the rule files, each with code and place; exit 1 for any error.

    Example: wirewatch rules lint --strict
    """
    from monitor.cli import rules_measure
    from monitor.rules import lint as linting
    from monitor.rules import load

    if archive is not None and rules is not None:
        raise common.fail("--archive reads the configured database, which --rules leaves out: give one of them", 2)
    folder, known, loaded = where(rules, config)
    files = check.read_rules(folder)
    articles = [case.article for case in rules_measure.read_corpus(corpus)] if corpus is not None else None
    matched = None
    if archive is not None and loaded is not None:
        packs = load.load_packs(files, known).packs
        live = [(pack.id, rule.id) for pack in packs for rule in pack.rules if rule.traits.status == "live"]
        matched = rules_measure.last_matches(loaded, archive, live)
    told = linting.lint(files, known, strict, None, articles, matched, archive or DAYS)
    found = [check.placed(fault, folder) for fault in told]
    if json:
        common.print_json([check.fault_json(fault) for fault in found])
    else:
        for fault in found:
            print(fault)
        wrong = sum(fault.is_error for fault in found)
        print(f"{wrong} errors, {len(found) - wrong} warnings")
    raise typer.Exit(int(bool(found if strict else [fault for fault in found if fault.is_error])))


@group.command("test")
def run_tests(
    rules: RulesOption = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", metavar="FILE", help="Instead measure the packs on labelled articles, YAML or JSONL."),
    ] = None,
    min_precision: MinPrecision = 0.0,
    min_recall: MinRecall = 0.0,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Run the tests that stand in the packs; one line a failure, with the clause that came nearest.

    With `--corpus`, print precision and recall on labelled articles instead, what came out wrong, and which terms never
    fired.

    Example: wirewatch rules test --corpus cases.yaml --min-precision 0.9
    """
    from monitor.rules import load, trial
    from monitor.rules.compile import compile_rules

    if corpus is None and (min_precision or min_recall):
        raise common.fail("--min-precision and --min-recall are about a corpus: give --corpus FILE", 2)
    folder, known, _ = where(rules, config)
    loaded = load.load_packs(check.read_rules(folder), known)
    broken = [check.placed(fault, folder) for fault in loaded.faults if fault.is_error]
    ruleset = compile_rules(loaded.packs)
    if corpus is not None:
        shown = "json" if json else "nothing" if quiet else "all" if verbose else "much"
        low = _measure(ruleset, corpus, folder, (min_precision, min_recall), shown)
        problems = [*broken, *low]
        if problems:
            print(*problems, sep="\n", file=sys.stderr)
        raise typer.Exit(int(bool(problems)))
    tried = trial.run_tests(ruleset)
    failed = [check.placed(failure.fault, folder) for failure in tried.failures]
    wrong = bool(broken) or any(failure.kind in ("wrong", "no_tests") for failure in tried.failures)
    if json:
        common.print_json({**tried.counts, "failures": [check.fault_json(fault) for fault in (*broken, *failed)]})
    else:
        _print_tests(broken, failed, tried.counts, quiet)
    raise typer.Exit(int(wrong))


def _measure(rules: RuleSet, file: Path, folder: Path, floors: tuple[float, float], shown: str) -> list[str]:
    """Print how good the packs are on a corpus, and return what is below a floor.

    Args:
        shown: `json`, `nothing`, or for people `all` silent terms or not so `much`.
    """
    from monitor.cli import rules_measure
    from monitor.rules import corpus

    cases = rules_measure.read_corpus(file)
    rules_measure.report_unknown(rules, cases)
    outcomes = corpus.run_cases(rules, cases)
    if shown == "json":
        common.print_json(rules_measure.quality_json(rules, outcomes, folder))
    elif shown != "nothing":
        rules_measure.print_quality(rules, outcomes, folder, shown == "all")
    return list(rules_measure.below_floors(rules, outcomes, *floors))


def _print_tests(broken: list[errors.Fault], failed: list[errors.Fault], counts: Any, quiet: bool) -> None:
    for fault in broken:
        print(fault)
    for fault in failed:
        print(f"{fault.place}: {fault.message}")
    if not quiet:
        todo = f", {counts['todo']} to do" if counts["todo"] else ""
        print(f"{counts['passed']} passed, {counts['wrong']} failed{todo}")


@group.command("fmt")
def format_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES]...", help="Files and folders; `-` is standard input. Default: the rule folder."
        ),
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 and name the files that would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; exit 1 and show what would change.")] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print one file's canonical form; change nothing.")] = False,
    rules: RulesOption = None,
    config: common.ConfigOption = None,
    quiet: common.QuietOption = False,
) -> None:
    """Put rule files into their canonical form: order of keys, indentation, spacing; comments and contents stay.

    Example: wirewatch rules fmt --check
    """
    from monitor.cli import rules_fmt

    if files:
        paths = list(rules_fmt.expand(files))
    else:
        folder = where(rules, config)[0]
        paths = rules_fmt.files_of(folder, check.read_rules(folder))
    if (stdout or rules_fmt.STDIN in paths) and len(paths) != 1:
        raise common.fail("--stdout and `-` take one file", 2)
    stdout = stdout or (paths == [rules_fmt.STDIN] and not (check_only or diff))
    raise typer.Exit(rules_fmt.format_files(paths, rules_fmt.Wish(check_only, diff, stdout, quiet)))


@group.command("schema")
def show_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it into the rule folder instead of printing it.")
    ] = False,
    rules: RulesOption = None,
    config: common.ConfigOption = None,
) -> None:
    """Print the JSON Schema of rule files, by which editors complete, explain and check them.

    Example: wirewatch rules schema --write
    """
    from monitor.cli import rules_fmt
    from monitor.rules import schema

    if not write:
        sys.stdout.write(schema.to_text())
        return
    path = where(rules, config)[0] / schema.FILE
    try:
        rules_fmt.write_file(path, schema.to_text())
    except OSError as fault:
        raise common.fail(f"{path}: cannot be written: {fault.strerror or fault}", 2) from None
    print(f"wrote {path}; the first line of a rule file tells an editor where it is:\n{schema.MODELINE}")


@group.command("terms")
def count_terms(
    pack: Annotated[str | None, typer.Argument(metavar="[PACK]", help="This pack only.")] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="FILE", help="Articles to judge, as `replay` reads them.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Of the archive, only the last `30d`, `12h`.")
    ] = None,
    rules: RulesOption = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Count in how many articles each term made its rule true, in the archive or a corpus, and list the silent ones.

    Example: wirewatch rules terms resettlement --since 30d
    """
    common.quiet_logs(verbose)
    from monitor.cli import rules_measure
    from monitor.rules import load
    from monitor.rules.compile import compile_rules

    if corpus is not None and since is not None:
        raise common.fail("--since is about the archive, --corpus about a file: give one of them", 2)
    folder, known, loaded = where(rules, config)
    found = load.load_packs(check.read_rules(folder), known)
    rules_measure.report_broken(found.broken, folder)
    ruleset = compile_rules(found.packs)
    if pack is not None and pack not in ruleset.packs:
        raise common.fail(f"there is no pack {pack}; there is {', '.join(ruleset.packs) or 'none'}", 2)
    counted, bad = None, False
    if corpus is not None:
        counted, bad = rules_measure.count_corpus(ruleset, loaded, corpus)
    else:
        counted = rules_measure.count_archive(loaded or common.load_config(config), since)
    if counted is not None:
        chosen = [one for name, one in ruleset.packs.items() if pack in (None, name)]
        if json:
            common.print_json(rules_measure.usage_json(chosen, counted, folder))
        else:
            rules_measure.print_usage(chosen, counted, folder)
    raise typer.Exit(int(bad or bool(found.broken)))


@group.command("list")
def list_rules(
    rules: RulesOption = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """List packs and rules with kind, severity, status and size, and which packs run on an older version.

    Example: wirewatch rules list
    """
    common.quiet_logs(verbose)
    folder, known, loaded = where(rules, config)
    live = live_rules(folder, known, loaded)
    packs = [_pack_json(pack, live) for pack in live.ruleset.packs.values()]
    off = {name: why for name, why in live.stale.items() if name not in live.ruleset.packs}
    if json:
        common.print_json({"ruleset": live.id, "packs": packs, "off": off})
        return
    rows = [
        (
            pack["pack"],
            rule["rule"],
            rule["kind"],
            rule["severity"],
            rule["status"],
            rule["terms"],
            rule["tests"],
            ",".join(rule["languages"] or ["all"]),
            pack["state"],
        )
        for pack in packs
        for rule in pack["rules"]
    ]
    head = ("PACK", "RULE", "KIND", "SEVERITY", "STATUS", "TERMS", "TESTS", "LANGUAGES", "STATE")
    common.print_table(head, rows)
    for name, why in live.stale.items():
        print(f"{name}: {why}")


def live_rules(folder: Path, known: load.Known, config: Config | None) -> LiveRules:
    """Return the rules as a daemon that starts now would have them: the files, and the last good version of a pack."""
    from monitor.rules import live

    before = _stored(config) if config is not None else None
    return live.next_live(before, check.read_rules(folder), known)


def _stored(config: Config) -> LiveRules | None:
    from monitor import wiring
    from monitor.store import visit

    with visit.reading(config.database) as connection:
        return None if connection is None else wiring.stored_rules(connection)


def _pack_json(pack: Pack, live: LiveRules) -> dict[str, Any]:
    from monitor.rules import usage

    state = "stale" if pack.id in live.stale else "good"
    return {
        "pack": pack.id,
        "title": pack.title,
        "description": pack.traits.description or None,
        "file": pack.place.file,
        "state": state,
        "why": live.stale.get(pack.id),
        "owner": pack.owner or None,
        "route": list(pack.route),
        "tags": list(pack.tags),
        "terms": len(usage.words_of(pack)),
        "tests": len(pack.tests),
        "rules": [_rule_json(pack, rule) for rule in pack.rules],
    }


def _rule_json(pack: Pack, rule: Rule) -> dict[str, Any]:
    from monitor.rules import usage

    traits = rule.traits
    return {
        "rule": rule.id,
        "title": traits.title or None,
        "description": traits.description or None,
        "kind": "query" if rule.query is not None else "score" if rule.score is not None else "lists",
        "severity": traits.severity,
        "status": traits.status,
        "languages": sorted(traits.languages) if traits.languages is not None else None,
        "max_age": traits.max_age,
        "terms": len(usage.words_of_rule(pack, rule)),
        "tests": sum(case.rule == rule.id for case in pack.tests),
        "line": rule.place.line,
    }


def where(rules: Path | None, config: Path | None) -> tuple[Path, load.Known, Config | None]:
    """Return the rule folder, the names its files may use, and the configuration; `--rules` needs none of it."""
    from monitor.rules import load

    if rules is not None:
        return rules, load.Known(), None
    from monitor.jobs import names

    loaded = common.load_config(config)
    return loaded.rules, names.known_to_rules(loaded), loaded
