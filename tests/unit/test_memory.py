"""What is freed goes back to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

HOLES = """
import asyncio, random
from monitor import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

memory.give_back()
rng = random.Random(1)
blocks = [bytes(rng.randrange(600, 60_000)) for _ in range(2_000)]
kept = blocks[::40]
del blocks
full = resident()
asyncio.run(memory.trim())
print(full - resident())
"""
"""Sixty MB of small blocks, of which one in forty stays and keeps the heap from becoming shorter."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_holes_in_the_heap_are_given_back() -> None:
    """After a burst of small answers the process is as small as before, though some of them are still held."""
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True, timeout=60)

    assert float(done.stdout) > 30
