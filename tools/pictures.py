"""Take the two pictures of the README from a running demo: the home page and a Member 360.

Start a demo (`make demo`, or `regulars demo --members 2000`), then
`.venv/bin/python tools/pictures.py SIGN-IN-ADDRESS`: the address the demo printed, used once.
"""

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
BYTES_MAX = 250_000
WINDOW = {"width": 1440, "height": 900}


def main(sign_in: str) -> None:
    """Sign in by the address, take both pictures, and refuse one that is too heavy."""
    home = "{0.scheme}://{0.netloc}".format(urlsplit(sign_in))
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            locale="en-GB", viewport=WINDOW, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(sign_in)
        page.goto(f"{home}/console/")
        page.screenshot(path=FOLDER / "home.png")
        page.goto(f"{home}/console/members?tier=gold")
        page.locator("tbody a.who").first.click()
        page.wait_for_url("**/console/members/*")
        page.screenshot(path=FOLDER / "member-360.png")
        browser.close()
    for picture in FOLDER.glob("*.png"):
        size = picture.stat().st_size
        print(f"{picture.name}: {size:,} bytes")
        if size > BYTES_MAX:
            raise SystemExit(f"{picture.name} is heavier than {BYTES_MAX:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
