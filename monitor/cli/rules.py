"""`wirewatch rules`: diagnostics, the packs' own tests, canonical form, and what is live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import errors
from monitor.cli import check, common

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.rules import load
    from monitor.rules.live import LiveRules
    from monitor.rules.packs import Pack

group = typer.Typer(help="The rule files: diagnostics, tests, what is live.", no_args_is_help=True)
common.app.add_typer(group, name="rules")

RulesOption = Annotated[
    Path | None, typer.Option("--rules", metavar="DIR", help="This rule folder, without any configuration.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Warnings fail too.")]


@group.command("lint")
def lint(
    rules: RulesOption = None,
    strict: Strict = False,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Show what is wrong or doubtful in the rule files, each with code and place; exit 1 for any error.

    Example: wirewatch rules lint --strict
    """
    from monitor.rules import lint as linting

    folder, known, _ = where(rules, config)
    found = [check.placed(fault, folder) for fault in linting.lint(check.read_rules(folder), known, strict)]
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
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Run the tests that stand in the packs; one line a failure, with the clause that came nearest.

    Example: wirewatch rules test --rules rules
    """
    from monitor.rules import load, trial
    from monitor.rules.compile import compile_rules

    folder, known, _ = where(rules, config)
    loaded = load.load_packs(check.read_rules(folder), known)
    tried = trial.run_tests(compile_rules(loaded.packs))
    broken = [check.placed(fault, folder) for fault in loaded.faults if fault.is_error]
    failed = [check.placed(failure.fault, folder) for failure in tried.failures]
    wrong = bool(broken) or any(failure.kind in ("wrong", "no_tests") for failure in tried.failures)
    if json:
        common.print_json({**tried.counts, "failures": [check.fault_json(fault) for fault in (*broken, *failed)]})
    else:
        _print_tests(broken, failed, tried.counts, quiet)
    raise typer.Exit(int(wrong))


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


@group.command("list")
def list_rules(
    rules: RulesOption = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """List packs and rules with severity, status, languages and route, and which packs run on an older version.

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
        (pack["pack"], rule["rule"], rule["severity"], rule["status"], rule["languages"], pack["state"])
        for pack in packs
        for rule in pack["rules"]
    ]
    common.print_table(
        ("PACK", "RULE", "SEVERITY", "STATUS", "LANGUAGES", "STATE"),
        [(*row[:4], ",".join(row[4] or ["all"]), row[5]) for row in rows],
    )
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
    state = "stale" if pack.id in live.stale else "good"
    return {
        "pack": pack.id,
        "title": pack.title,
        "state": state,
        "why": live.stale.get(pack.id),
        "owner": pack.owner or None,
        "route": list(pack.route),
        "tests": len(pack.tests),
        "rules": [
            {
                "rule": rule.id,
                "severity": rule.traits.severity,
                "status": rule.traits.status,
                "languages": sorted(rule.traits.languages) if rule.traits.languages is not None else None,
            }
            for rule in pack.rules
        ],
    }


def where(rules: Path | None, config: Path | None) -> tuple[Path, load.Known, Config | None]:
    """Return the rule folder, the names its files may use, and the configuration; `--rules` needs none of it."""
    from monitor.rules import load

    if rules is not None:
        return rules, load.Known(), None
    from monitor import wiring

    loaded = common.load_config(config)
    return loaded.rules, wiring.known_names(loaded), loaded
