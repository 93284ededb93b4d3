"""`python -m bench`: the simulated world, then rule matching; bench/README.md explains every figure."""

from __future__ import annotations

import argparse

from bench import match, world


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("all", "world", "match"), default="all")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the world, of which the median is reported")
    parser.add_argument("--only", nargs="+", choices=match.PARTS, default=(), help="parts of `match`")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object per part")
    args = parser.parse_args()
    if args.what != "match":
        world.main(args.repeat, args.json)
    if args.what != "world":
        match.main(args.json, args.only)


if __name__ == "__main__":
    main()
