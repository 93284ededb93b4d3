"""What a command costs with all the processes that it starts: CPU to the microsecond, memory as PSS.

CPU of a command that ends: the processes of the daemon are started by a fork server whose parent nobody waits for, so
that neither `time` nor RUSAGE_CHILDREN of a shell sees them. Here a process of its own becomes the *subreaper* of all
that the command starts (prctl(2), PR_SET_CHILD_SUBREAPER): whatever is orphaned comes to it, it waits for every one,
and its RUSAGE_CHILDREN is the sum over all of them, each counted once.

CPU of a daemon at work: the difference of utime + stime over the living processes (/proc/PID/stat), in steps of 10 ms.

Memory: the sum of Pss in /proc/PID/smaps_rollup over the command and its descendants. A page that n processes share
counts 1/n in each, so the sum counts each page once; RSS would count what workers share with their fork server three
times.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
TICK = os.sysconf("SC_CLK_TCK")
SAMPLE = 0.25
"""Seconds between two samples of memory."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took from start to end, with everything it started; memory in MB of 10**6 bytes."""

    cpu_s: float
    wall_s: float
    pss_peak_mb: float
    pss_median_mb: float
    code: int


def run(command: Sequence[str], **options: Any) -> Cost:
    """Run a command to its end and return its cost. `options` go to Popen."""
    began = time.monotonic()
    supervised = [sys.executable, "-m", "bench.measure", *command]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, **options}
    with subprocess.Popen(supervised, **pipes) as child, Memory(child.pid, but=child.pid) as memory:
        said, _ = child.communicate()
    wall, answer = time.monotonic() - began, json.loads(said.splitlines()[-1])
    return Cost(answer["cpu_s"], wall, memory.peak, memory.median, answer["code"])


class Memory:
    """Samples the PSS of a process and its descendants in a thread, but not of `but`."""

    def __init__(self, root: int, but: int = 0) -> None:
        self._root, self._but = root, but
        self._samples: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def peak(self) -> float:
        """The most that all had at once, MB."""
        return max(self._samples, default=0.0)

    @property
    def median(self) -> float:
        """What they had most of the time, MB."""
        return statistics.median(self._samples or [0.0])

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE):
            self._samples.append(sum(pss_of(pid) for pid in family(self._root) if pid != self._but))


@dataclass(slots=True)
class Processes:
    """The CPU that living processes take between two looks."""

    root: int
    _before: dict[int, float] = field(default_factory=dict)

    def mark(self) -> None:
        """Begin to count."""
        self._before = {pid: cpu_of(pid) for pid in family(self.root)}

    def since(self) -> float:
        """Return CPU seconds since `mark`; processes that ended meanwhile are not in it."""
        return sum(cpu_of(pid) - self._before.get(pid, 0.0) for pid in family(self.root))


def family(root: int) -> list[int]:
    """Return a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of one process, 0 if it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK if fields else 0.0


def pss_of(pid: int) -> float:
    """Return the proportional set size of one process, MB; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:")), 0.0)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _supervise(command: list[str]) -> None:
    """Run a command, wait for it and all that it leaves behind, and print what they took as JSON."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    with subprocess.Popen(command, stdout=sys.stderr) as child:
        code = child.wait()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "code": code}))


if __name__ == "__main__":
    _supervise(sys.argv[1:])
