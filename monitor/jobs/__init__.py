"""The order of stages, a table of contents. Every job may be killed anywhere and run again.

- `poll_feed(context, feed)`: conditional GET -> unchanged? stop -> parse in a worker -> known by any key? skip, or
  revise -> insert the new entries in one transaction.
- `process_entry(context, entry_id)`: page -> worker(extract, match, fingerprint) -> one transaction: article, revision,
  matches, story, decisions, alerts, messages.
- `retry_page(context, article_id)`: a partial article's page again; its full text is a new revision.
- `deliver(context, target_id)`: claim -> send one message to one target -> sent | queued | uncertain | dead, until
  nothing of the target is due.
- `sweep(context)`: expired leases, holds that are over, removed channels, gauges, the watch over itself.
"""

from monitor.jobs.poll import poll_feed
from monitor.jobs.process import process_entry
from monitor.jobs.retry import retry_page
from monitor.jobs.send import deliver
from monitor.jobs.sweep import sweep

__all__ = ["deliver", "poll_feed", "process_entry", "retry_page", "sweep"]
