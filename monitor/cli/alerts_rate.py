"""`wirewatch alerts rate`: whether an alert was worth its reader's time."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import common
from monitor.cli.alerts import Id, alert_number, group

if TYPE_CHECKING:
    from monitor.store.ratings import StoredRating
    from monitor.store.store import Connection

Rating = Annotated[str, typer.Argument(metavar="useful|noise", help="What it was to you.")]
Comment = Annotated[str, typer.Option("--comment", help="Why, in a few words.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so. Default: your user name.")]


@group.command("rate")
def rate(
    alert: Id,
    rating: Rating,
    comment: Comment = "",
    by: By = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Say whether an alert was useful or noise; what you said of it before is replaced. `rules stats` counts it.

    Example: wirewatch alerts rate al-3 noise --comment "a football transfer"
    """
    from monitor.alerts.rating import MOST_COMMENT, RATINGS
    from monitor.clock import SystemClock
    from monitor.store import decisions, ratings, visit

    number, who = alert_number(alert), common.clean(by or _user())
    if rating not in RATINGS:
        raise common.fail(f"`{common.clean(rating)}` is no rating; write {' or '.join(RATINGS)}", 2)
    if not who or len(who) > 100:
        raise common.fail("--by: give a name of at most 100 characters", 2)
    if len(comment) > MOST_COMMENT:
        raise common.fail(f"--comment: at most {MOST_COMMENT} characters, these are {len(comment)}", 2)
    loaded, now = common.load_config(config), SystemClock().now()

    def keep(connection: Connection) -> tuple[bool, StoredRating | None]:
        if not decisions.get_alerts(connection, [number]):
            return False, None
        return True, ratings.rate(connection, number, rating, who, now, common.clean(comment))

    known, before = visit.write(loaded.database, keep)
    if not known:
        raise common.fail(f"there is no alert al-{number}")
    if json:
        said = before.rating if before is not None else None
        made = {"alert": f"al-{number}", "rating": rating, "by": who, "at": now, "comment": common.clean(comment)}
        common.print_json(made | {"before": said})
        return
    replaced = f" (before: {before.rating})" if before is not None else ""
    print(f"al-{number} is rated {rating} by {who}{replaced}")


def _user() -> str:
    """Return the name of who runs this; a container's numeric user has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command"
