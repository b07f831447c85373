"""A browser in front of a whole system: headless Chromium, driven by Playwright, with everything it complains of written down."""

import importlib.util
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Tests" / "EndToEndTests"))
_spec = importlib.util.spec_from_file_location("end_to_end", ROOT / "Tests" / "EndToEndTests" / "conftest.py")
end_to_end = importlib.util.module_from_spec(_spec)
sys.modules["end_to_end"] = end_to_end
_spec.loader.exec_module(end_to_end)

PASSWORD = end_to_end.PASSWORD


class Visitor:
    """Somebody with a browser of their own: a context with its cookies, and a page."""

    def __init__(self, browser, system, **options):
        self.system = system
        self.complaints = []
        self.strangers = []
        self.context = browser.new_context(**{"base_url": system.base, "locale": "en-US"} | options)
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective, event.blockedURI));")
        self.page = self.open_page()

    def open_page(self):
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)
        return page

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _request(self, request):
        url = urlsplit(request.url)
        if url.scheme in ("http", "https") and f"{url.scheme}://{url.netloc}" not in (self.system.base, self.system.sandbox):
            self.strangers.append(request.url)

    def refusals(self):
        """Takes what the browser wrote of answers that refuse something, for stories in which something is refused."""
        refused = [text for text in self.complaints if re.search(r"the server responded with a status of 4\d\d", text)]
        self.complaints = [text for text in self.complaints if text not in refused]
        return refused

    def close(self):
        self.context.close()
        assert self.complaints == []
        assert self.strangers == []

    # What people do

    def go(self, path):
        self.page.goto(path)
        self.settled()

    def settled(self):
        """Waits until a page shows what it is about."""
        self.page.wait_for_selector("main h1")
        self.page.locator("main .loading").wait_for(state="detached")

    def fill(self, label, text):
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name, **options):
        self.page.get_by_role("button", name=name, exact=True, **options).click()

    def follow(self, name):
        self.page.get_by_role("link", name=name, exact=True).click()

    def sees(self, text, **options):
        self.page.get_by_text(text, **options).first.wait_for()

    def heading(self, text):
        self.page.get_by_role("heading", name=text, exact=True).first.wait_for()

    def register(self, email):
        self.go("/account/register")
        self.fill("Email address", email)
        self.fill("Password", PASSWORD)
        self.press("Open the account")
        self.heading("Verify your phone")

    def verify_phone(self, number):
        """The phone step, wherever it stands."""
        self.page.get_by_label("Country", exact=True).select_option("US")
        self.fill("Phone number", number.removeprefix("+1"))
        self.press("Send the code")
        self.heading("Enter the code")
        self.fill("Six-digit code", self.system.code(number))

    def log_in(self, email, password=PASSWORD):
        self.go("/account/login")
        self.fill("Email address", email)
        self.fill("Password", password)
        self.press("Sign in")

    def log_out(self):
        self.page.get_by_role("navigation", name="Main").get_by_role("button", name="Sign out").click()
        self.sees("You are signed out.")

    def enter(self, person):
        """Gives the browser a session that was opened elsewhere."""
        self.context.add_cookies([{"name": "session", "value": person["token"], "url": self.system.base, "httpOnly": True, "sameSite": "Lax"}])


@pytest.fixture(scope="session")
def system():
    running = end_to_end.System().start()
    yield running
    running.remove()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visitor(browser, system):
    """Makes visitors; at the end none of their browsers may have complained, or asked anybody but us."""
    made = []

    def make(**options):
        made.append(Visitor(browser, system, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()
