"""The cyclic garbage collector, kept from walking what cannot be garbage. Nothing that rules build forms cycles."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Keep the collector from walking what is being built, and everything else, again and again.

    It took half of a large load and of a long article. Another thread may turn it on sooner; that costs only time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle() -> None:
    """Take what is there now, such as a rule set of a million values, out of all later walks; it is freed as before."""
    gc.collect()
    gc.freeze()
