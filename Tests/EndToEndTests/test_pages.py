"""Goal: nginx serves the pages to whom they are for, with the whole set of headers on each, and tells in a page what it cannot serve."""

import os
import signal

import pytest
import requests

PAGE_HEADERS = {"Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
                "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Cache-Control"}

FOR_ANYBODY = ["/account/login", "/account/code", "/account/register", "/account/forgot", "/docs/", "/docs/docs.js", "/docs/openapi.yaml",
               "/docs/js-yaml.js", "/javascript/chart.js", "/common/style.css", "/common/page.js", "/common/words/am.json", "/common/icon.svg",
               "/account/login.js", "/admin/frame.js", "/dashboard.js"]
FOR_WHO_IS_SIGNED_IN = ["/dashboard", "/account/security", "/account/scan", "/account/verify-phone", "/admin/", "/admin/sms-management",
                        "/admin/users", "/admin/alerts", "/admin/abuse-rules", "/admin/approvals", "/admin/security-log", "/admin/api-keys"]


def look(system, path, **options):
    return requests.get(system.base + path, timeout=10, allow_redirects=False, **options)


@pytest.mark.parametrize("path", FOR_ANYBODY)
def test_what_is_for_anybody_is_served_with_every_header(system, path):
    answer = look(system, path)

    assert answer.status_code == 200
    assert PAGE_HEADERS <= set(answer.headers)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
    assert answer.headers["Content-Type"].startswith({"js": "text/javascript", "css": "text/css", "yaml": "application/yaml", "json": "application/json",
                                                      "svg": "image/svg+xml"}.get(path.rsplit(".", 1)[-1], "text/html"))


@pytest.mark.parametrize("path", FOR_WHO_IS_SIGNED_IN)
def test_who_is_not_signed_in_is_led_to_sign_in(system, path):
    person = system.register()

    led = look(system, path)
    shown = look(system, path, cookies={"session": person["token"]})

    assert (led.status_code, led.headers["Location"]) == (302, f"/account/login?next={path}")
    assert shown.status_code == 200 and PAGE_HEADERS <= set(led.headers) and PAGE_HEADERS <= set(shown.headers)


@pytest.mark.parametrize("path", ["/account/nowhere", "/account/login.html/x", "/docs/nothing", "/common/nothing.js"])
def test_a_page_that_is_not_there_is_told_as_one(system, path):
    answer = look(system, path)

    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")
    assert PAGE_HEADERS <= set(answer.headers)


def test_the_first_page_is_the_dashboard(system):
    assert look(system, "/").headers["Location"] == "/dashboard"


def test_a_page_that_nobody_can_be_asked_about_says_so(own_system):
    system = own_system()
    socket = system.state / "run" / "accounts.sock"
    socket.rename(socket.with_suffix(".away"))
    # nginx has connections open to it.
    os.kill(system.pid("accounts"), signal.SIGKILL)

    answer = look(system, "/dashboard")

    assert answer.status_code == 500 and "/common/said.js" in answer.text
    assert PAGE_HEADERS <= set(answer.headers)


def test_the_sandboxs_bank_is_reached_with_a_session_and_not_by_naming_a_user(system):
    person, other = system.register(), system.register()
    spend = {"amount": 400, "currency": "USD", "payee": "shop"}
    account = system.base + "/bank/account"

    assert requests.get(account, params={"user": person["userId"]}, timeout=10).status_code == 401
    assert requests.get(f"{system.sandbox}/bank/account", params={"user": person["userId"]}, timeout=10).status_code == 404
    moved = requests.post(system.base + "/bank/transfers?user=" + other["userId"], json=spend, timeout=10,
                          headers={"Authorization": f"Bearer {person['token']}"})
    balances = [requests.get(account, headers={"Authorization": f"Bearer {each['token']}"}, timeout=10).json()["balance"] for each in (person, other)]

    assert moved.status_code == 201 and balances == [249_600, 250_000]


def test_a_confirmed_payment_moves_money_once_and_only_as_confirmed(system):
    person, other = system.person_with_app(), system.person_with_app()
    details = {"amount": 12_345, "currency": "USD", "payee": "Bob Stone"}

    def pay(who, **changes):
        return requests.post(system.base + "/bank/transfers", json=details | changes, timeout=10, headers={"Authorization": f"Bearer {who['token']}"})

    without = pay(person)
    authorization = system.authorization(person, "transfer", details=details)
    stolen = pay(other, authorization=authorization)
    authorization = system.authorization(person, "transfer", details=details)
    changed = pay(person, authorization=authorization, amount=12_346)
    authorization = system.authorization(person, "transfer", details=details)
    paid, again = pay(person, authorization=authorization), pay(person, authorization=authorization)

    assert [each.status_code for each in (without, stolen, changed, paid, again)] == [403, 401, 409, 201, 401]
    assert paid.json()["balance"] == 250_000 - 12_345
