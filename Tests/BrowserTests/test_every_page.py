"""Goal: every page, in every state, can be read and used by everybody: on a narrow screen, enlarged, in the dark, without a mouse."""

from pathlib import Path

import axe_playwright_python
import pytest
from gallery import WALKS

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "resultTypes": ["violations"]}
# In the dark only colours are others.
IN_THE_DARK = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}


def violations(page, rules):
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("(options) => axe.run(document, options)", rules)
    return [f"{each['id']}: {node['target']} {node['failureSummary'][:200]}" for each in found["violations"] for node in each["nodes"]]


def overflow(page):
    """What reaches beyond the right edge, when the page can be scrolled there."""
    return page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.outerHTML.slice(0, 120))""")


@pytest.mark.parametrize("walk", WALKS)
def test_no_state_of_a_page_has_a_fault_of_accessibility_or_is_cut_off(visitor, walk):
    each, faults = visitor(), []

    for name in WALKS[walk](each):
        for width, height, scheme in ((320, 640, "light"), (640, 512, "light"), (1280, 900, "dark")):
            each.page.set_viewport_size({"width": width, "height": height})
            each.page.emulate_media(color_scheme=scheme)
            faults += [f"{name} at {width}: {text}" for text in overflow(each.page)]
            if width != 640:
                rules = RULES if scheme == "light" else IN_THE_DARK
                faults += [f"{name} at {width}, {scheme}: {text}" for text in violations(each.page, rules)]
    each.refusals()

    assert faults == []


STOPS = """() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((node) => !node.disabled && shown(node) && node.tabIndex >= 0).length;
}"""
HERE = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const box = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  window.visited ??= new Set();
  window.visited.add(node);
  return { seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
           ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, what: node.outerHTML.slice(0, 120), count: window.visited.size };
}"""


@pytest.mark.parametrize("path", ["/account/login", "/account/register", "/account/forgot", "/account/verify-phone", "/account/security",
                                  "/account/scan", "/dashboard", "/admin/", "/admin/sms-management", "/admin/users", "/admin/abuse-rules",
                                  "/admin/api-keys", "/docs/"])
def test_every_control_is_reached_with_the_tab_key_and_shows_that_it_is(visitor, system, path):
    each = visitor(viewport={"width": 640, "height": 512})
    each.enter(system.administrator() if path.startswith("/admin") else system.person_with_sms())
    each.go(path)
    each.page.wait_for_timeout(300)
    each.page.evaluate("() => document.activeElement?.blur()")

    count = each.page.evaluate(STOPS)
    faults, reached = [], 0
    for _ in range(count + 40):
        each.page.keyboard.press("Tab")
        here = each.page.evaluate(HERE)
        if here is None:
            continue
        if here["count"] == reached and reached >= count:
            break
        reached = here["count"]
        if not here["seen"] or not here["ringed"]:
            faults.append(here)

    assert faults == []
    assert reached >= count


def test_the_whole_way_in_takes_no_mouse(visitor, system):
    person, each = system.person_with_sms(), visitor()
    each.go("/account/login")
    keyboard = each.page.keyboard

    each.page.get_by_label("Email address").focus()
    keyboard.type(person["email"])
    keyboard.press("Tab")
    keyboard.type("plover-quartz-91x")
    keyboard.press("Enter")
    each.heading("Confirm it is you")
    focused = each.page.get_by_label("Six-digit code")
    assert focused.evaluate("node => node === document.activeElement")
    keyboard.type(system.code(person["number"], 3))

    each.page.wait_for_url("**/dashboard")


def test_the_first_load_of_the_login_page_is_small(visitor):
    each = visitor()
    client = each.context.new_cdp_session(each.page)
    client.send("Network.enable")
    sizes = []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})

    each.page.goto("/account/login", wait_until="networkidle")

    assert 5_000 < sum(sizes) < 60_000
