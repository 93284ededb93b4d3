"""Runs inside the image, from tools/check-image: prints `image ok: ...`, or what is wrong, and exits 1."""

import importlib
import importlib.metadata
import os
import pathlib
import pkgutil
import re
import sys
import zoneinfo


def dependencies() -> set[str]:
    """Return the distributions that wirewatch asks for on this machine."""
    wanted = importlib.metadata.requires("wirewatch") or []
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in wanted}
    return names - ({"pysqlite3"} if os.uname().machine != "x86_64" else set())


def modules_of(distributions: set[str]) -> set[str]:
    """Return the importable top-level names that these distributions brought."""
    found: dict[str, set[str]] = {}
    for module, owners in importlib.metadata.packages_distributions().items():
        for owner in owners:
            found.setdefault(owner.lower().replace("_", "-"), set()).add(module)
    return {m for d in distributions for m in found.get(d, {f"{d} (not installed)"}) if not m.startswith("_")}


def our_modules() -> set[str]:
    """Return every module of the monitor package but the one that runs when it is imported."""
    monitor = importlib.import_module("monitor")
    walked = {m.name for m in pkgutil.walk_packages(monitor.__path__, "monitor.")}
    return {name for name in walked if not name.endswith("__main__") and ".migrations" not in name}


def faults_of_imports(names: set[str]) -> list[str]:
    """Return one line for each name that does not import."""
    faults = []
    for name in sorted(names):
        try:
            importlib.import_module(name)
        except ImportError as error:
            faults.append(f"import {name}: {error}")
    return faults


def faults_of_place() -> list[str]:
    """Return what is wrong with the user and with what it may write."""
    faults = ["the user is root"] if os.getuid() == 0 else []
    if not os.access("/data", os.W_OK):
        faults.append("/data cannot be written")
    for path in ("/", "/etc/wirewatch", "/usr", sys.prefix):
        if os.access(path, os.W_OK):
            faults.append(f"{path} can be written")
    for path in ("config.toml", "feeds.opml", "rules/packs"):
        if not pathlib.Path("/etc/wirewatch", path).exists():
            faults.append(f"/etc/wirewatch/{path} is missing")
    return faults


names = modules_of(dependencies()) | our_modules()
faults = faults_of_imports(names) + faults_of_place()
zoneinfo.ZoneInfo("Asia/Jerusalem")
if faults:
    sys.exit("\n".join(faults))
print(f"image ok: {len(names)} modules import, uid {os.getuid()}, only /data can be written")
