"""What is freed goes back to the system.

glibc learns from the first large block that is freed to keep later ones, up to 32 MB each and in an arena per thread: a
daemon that read some feeds of 10 MB stayed 79 MB larger for good, 18 MB with fixed limits. Of smaller blocks it gives
back only what lies at the end of the heap: a burst of hostile feeds left 30 MB of holes.
Source: mallopt(3), M_MMAP_THRESHOLD ("dynamic adjustment") and M_ARENA_MAX; malloc_trim(3).
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
LARGE = 65_536
"""Bytes from which a block is given back as soon as it is freed: most pages and feeds are larger."""
EVERY = 10.0
"""Seconds between two calls of `trim`, which takes 0.2 ms where little is to be given back, and 4 ms for 50 MB."""


def give_back() -> None:
    """Have the C library give large blocks back at once; without effect where it is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_MMAP_THRESHOLD, LARGE)
    mallopt(_TRIM_THRESHOLD, 16 * LARGE)
    mallopt(_ARENA_MAX, 2)


async def trim() -> None:
    """Give back whole pages of small blocks that are free; without effect where it is not glibc."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
