"""Pictures of every page of the dashboard, to look at: empty, seeded, with hostile texts, and full.

    python -m tests.support.screens [--many 10000] [--only empty,seeded,hostile,full] FOLDER [PATH ...]

writes FOLDER/STATE-PAGE-light.png, -dark.png and -phone.png.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support import dashboard
from tests.support.chromium import CHROMIUM, FLAGS

SHAPES = {
    "light": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "device_scale_factor": 2},
}


def draw(browser: Browser, site: dashboard.Site, state: str, folder: Path, only: list[str]) -> None:
    """Write the pictures of one state of the dashboard."""
    for path in only or site.pages():
        name = path.strip("/").replace("/", "-").replace("?", "_") or "front"
        for shape, settings in SHAPES.items():
            page = browser.new_page(**settings)  # type: ignore[arg-type]
            page.goto(site.address + path)
            page.wait_for_timeout(150)
            page.screenshot(path=folder / f"{state}-{name}-{shape}.png", full_page=state != "full")
            page.close()


def main() -> None:
    """Draw what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--only", default="empty,seeded,hostile,full")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    states = {"empty": (False, 0), "seeded": (True, 0), "hostile": (True, 0), "full": (True, given.many)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for state in given.only.split(","):
            seeded, many = states[state]
            options = {"seeded": seeded, "many": many, "hostile": state == "hostile", "packs": None if seeded else {}}
            with tempfile.TemporaryDirectory() as scratch, dashboard.apart(Path(scratch), **options) as site:
                draw(browser, site, state, given.folder, given.paths)
        browser.close()


if __name__ == "__main__":
    main()
