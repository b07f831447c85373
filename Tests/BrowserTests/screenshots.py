"""Takes a picture of every page in every state, light and dark, as a phone and a desktop show it.

`make screenshots` runs it; the pictures are in .build/screenshots, named after what they show. `--readme` also renews the few that
the README shows.
"""

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
import conftest  # noqa: E402  (makes end_to_end known to the gallery)
from end_to_end import System  # noqa: E402
from gallery import WALKS  # noqa: E402

TARGET = Path(__file__).resolve().parents[2] / ".build" / "screenshots"
PICTURES = Path(__file__).parent / "Pictures"
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
# Of which picture, and of what on it.
IN_THE_README = {"code": ("phone", None), "transfer-confirm": ("phone", None), "admin-figures": ("desktop", "#figures"), "inbox": ("desktop", ".inbox")}


def take(page, name, size):
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size])))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # Charts are drawn anew in the other colours.
        page.wait_for_timeout(200 if name.startswith("admin") else 30)
        page.screenshot(path=TARGET / f"{name}-{size}-{scheme}.png", full_page=True)
        wanted, part = IN_THE_README.get(name, (None, None))
        if "--readme" in sys.argv and wanted == size and scheme == "light":
            file = PICTURES / f"{name}.png"
            (page.locator(part).first if part else page).screenshot(path=file)
            Image.open(file).convert("RGB").quantize(96).save(file, optimize=True)


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    system = System().start()
    try:
        # Figures and lists with something in them.
        system.ctl("seed", "--accounts", "2000", "--messages", "20000", "--days", "7")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for walk in WALKS.values():
                visitor = conftest.Visitor(browser, system)
                for name in walk(visitor):
                    for size in SIZES:
                        take(visitor.page, name, size)
                    print(name, flush=True)
                visitor.context.close()
            browser.close()
    finally:
        system.remove()


main()
