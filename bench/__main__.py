"""`python -m bench`: what the monitor costs; bench/README.md explains every figure."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

from bench import (
    archive,
    backtest,
    cluster,
    copies,
    day,
    delivery,
    figures,
    flood,
    hostile,
    hour,
    ledger,
    load,
    match,
    moving,
    polls,
    preview,
    search,
    world,
)
from bench.figures import Figure

SHORT = ("world", "unchanged", "sparse", "busy", "match")
"""What `all` runs, in a quarter of an hour; the others take as long each, or need data."""


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = (
        "all",
        "world",
        "unchanged",
        "sparse",
        "busy",
        "memory",
        "archive",
        "day",
        "hour",
        "hostile",
        "match",
        "copies",
        "delivery",
        "backtest",
        "preview",
        "ledger",
        "moving",
        "search",
        "flood",
        "cluster",
    )
    parser.add_argument("what", nargs="*", choices=known, default=["all"])
    parser.add_argument("--repeat", type=int, default=3, help="runs of the world, of which the median is reported")
    parts_of = (*match.PARTS, *cluster.PARTS)
    parser.add_argument("--only", nargs="+", choices=parts_of, default=(), help="parts of `match`, of `cluster`")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="that go through the queue of `cluster`")
    parser.add_argument("--articles", type=int, default=archive.ARTICLES, help="of `archive`, `moving` and `search`")
    parser.add_argument("--tried", type=int, default=backtest.ARTICLES, help="articles that `backtest` reads")
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="that `hour` lasts, `hostile` at most, and `flood` up to 5"
    )
    parser.add_argument("--stored", type=int, nargs="+", default=copies.STORED, help="articles that `copies` adds to")
    parser.add_argument("--feeds", type=int, default=delivery.FEEDS, help="that `delivery` polls")
    parser.add_argument("--seconds", type=int, default=delivery.SECONDS, help="that `delivery` publishes for")
    parser.add_argument("--prefilter", action="store_true", help="`day` with prefilter = true")
    parser.add_argument("--json", action="store_true", help="figures as one JSON list or object per part")
    args = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "unchanged": polls.unchanged,
        "sparse": polls.sparse,
        "busy": load.busy,
        "memory": load.memory,
        "archive": partial(archive.archive, args.articles),
        "day": partial(day.day, world.PREFILTER if args.prefilter else ""),
        "hour": partial(hour.hour, args.minutes),
        "backtest": partial(backtest.backtest, args.tried),
        "preview": preview.preview,
        "ledger": partial(ledger.ledger_lists, args.articles),
        "moving": partial(moving.moving, args.articles),
        "copies": partial(copies.copies, args.stored),
        "search": partial(search.search, args.articles),
        "flood": partial(flood.flood, min(args.minutes, 5.0)),
        "cluster": partial(cluster.cluster, args.only or cluster.PARTS, args.jobs, min(args.minutes, 30.0)),
        "delivery": partial(delivery.delivery, args.feeds, args.seconds),
    }
    for what in SHORT if "all" in args.what else args.what:
        if what == "world":
            world.main(args.repeat, args.json)
        elif what == "match":
            match.main(args.json, args.only)
        elif what == "hostile":
            hostile.main(args.minutes, args.json)
        else:
            figures.report(parts[what](), args.json)


if __name__ == "__main__":
    main()
