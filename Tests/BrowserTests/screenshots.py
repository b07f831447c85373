"""Takes a picture of every page in every state, light and dark, as a phone and a desktop show it.

`make screenshots` runs it; the pictures are in .build/screenshots, named after what they show.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
import conftest  # noqa: E402  (makes end_to_end known to the gallery)
from end_to_end import System  # noqa: E402
from gallery import WALKS  # noqa: E402

TARGET = Path(__file__).resolve().parents[2] / ".build" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    system = System().start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for walk in sys.argv[1:] or WALKS:
                visitor = conftest.Visitor(browser, system)
                for name in WALKS[walk](visitor):
                    for size, (width, height) in SIZES.items():
                        visitor.page.set_viewport_size({"width": width, "height": height})
                        for scheme in ("light", "dark"):
                            visitor.page.emulate_media(color_scheme=scheme)
                            # Charts are drawn anew in the other colours.
                            visitor.page.wait_for_timeout(150 if name.startswith("admin") else 30)
                            visitor.page.screenshot(path=TARGET / f"{name}-{size}-{scheme}.png", full_page=True)
                    print(name, flush=True)
                visitor.context.close()
            browser.close()
    finally:
        system.remove()


main()
