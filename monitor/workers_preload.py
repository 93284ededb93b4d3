"""Imported last by the fork server, and only there: it makes the server ready to be forked.

SIGTERM to the whole process group (systemd, a terminal) must not take the workers away from a parent that still
finishes its work; the parent ends them. Freezing keeps the collector from writing into pages that workers share.
"""

from __future__ import annotations

import gc
import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)
gc.collect()
gc.freeze()
