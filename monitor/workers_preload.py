"""Imported last by the fork server, and only there: it makes the server ready to be forked.

SIGTERM to the whole process group (systemd, a terminal) must not take the workers away from a parent that still
finishes its work; the parent ends them. What the warm-up loads is shared by all workers, and no new one has to load it
again. Freezing keeps the collector from writing into pages that workers share.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal

from monitor import memory
from monitor.workers_process import WARM_UP


def _warm_up(function: str, argument: str) -> None:
    module, _, name = function.partition(":")
    getattr(importlib.import_module(module), name)(argument)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
memory.give_back()
if WARM_UP in os.environ:
    with contextlib.suppress(Exception):  # what cannot be prepared fails again, and is told, in the first task
        _warm_up(*json.loads(os.environ[WARM_UP]))
gc.collect()
gc.freeze()
