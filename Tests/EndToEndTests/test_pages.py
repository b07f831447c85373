"""Goal: nginx serves the pages to whom they are for, with the whole set of headers on each, and tells in a page what it cannot serve."""

import os
import signal

import pytest
import requests
from conftest import at_once

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


def test_the_first_page_is_the_dashboard_and_folders_lead_to_their_pages(system):
    for path, page in (("/", "/dashboard"), ("/admin", "/admin/"), ("/docs", "/docs/")):
        led = look(system, path)

        assert led.headers["Location"] == page and PAGE_HEADERS <= set(led.headers)


def test_a_path_that_nobody_serves_is_a_page_for_a_browser_and_an_error_for_a_program(system):
    browser, program = look(system, "/nope", headers={"Accept": "text/html,*/*"}), look(system, "/nope")

    assert (browser.status_code, program.status_code) == (404, 404)
    assert "/common/said.js" in browser.text and program.json()["code"] == "not_found"


def test_what_somebody_has_to_be_signed_in_for_is_not_kept(system):
    person = system.register()
    kept = {path: look(system, path, cookies={"session": person["token"]}).headers["Cache-Control"]
            for path in [*FOR_WHO_IS_SIGNED_IN, "/account/code", "/account/login", "/common/page.js"]}

    assert {path for path, policy in kept.items() if policy != "no-store"} == {"/account/login", "/common/page.js"}


def test_an_administrators_page_that_is_not_there_is_missing(system):
    person = system.register()

    assert look(system, "/admin/nonsense", cookies={"session": person["token"]}).status_code == 404


def test_the_way_back_keeps_what_was_asked_for(system):
    assert look(system, "/admin/users?id=7").headers["Location"] == "/account/login?next=/admin/users?id=7"


def test_the_sandbox_answers_to_no_other_name_and_its_answers_are_no_pages(system):
    other = requests.get(f"{system.sandbox}/api/messages", headers={"Host": "evil.example"}, timeout=10)
    own = requests.get(f"{system.sandbox}/api/messages", timeout=10)

    assert other.status_code == 421
    assert own.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in own.headers["Content-Security-Policy"]


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


def test_the_sandbox_shows_what_was_said_about_a_message_and_no_secret(system):
    secret = system.secret("VONAGE_API_SECRET")
    sent = requests.post(f"{system.sandbox}/vonage-rest/sms/json", timeout=10, data={
        "api_key": "sandbox1", "api_secret": secret, "from": "15005550007", "to": "14155550177", "text": "hello"}).json()
    message = sent["messages"][0]["message-id"]

    said = requests.get(f"{system.sandbox}/api/messages/{message}/exchanges", timeout=10)
    unknown = requests.get(f"{system.sandbox}/api/messages/none/exchanges", timeout=10)

    assert "text=hello" in said.json()["request"]["body"] and secret not in said.text
    assert unknown.status_code == 404


def test_the_banks_key_is_made_once(own_system):
    system = own_system()
    system.stop()
    system.start()

    assert len(system.rows("SELECT 1 FROM service_key")) == 1
    assert requests.post(system.base + "/bank/transfers", json={"amount": 400, "currency": "USD", "payee": "shop"}, timeout=10,
                         headers={"Authorization": f"Bearer {system.register()['token']}"}).status_code == 201


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


def test_a_payment_that_is_sent_again_under_its_name_is_made_once(system):
    person = system.register()
    named = {"Authorization": f"Bearer {person['token']}", "Idempotency-Key": "breakfast"}

    def pay(amount):
        body = {"amount": amount, "currency": "USD", "payee": "Corner shop"}
        return requests.post(system.base + "/bank/transfers", json=body, headers=named, timeout=10)

    answers = at_once(8, lambda _: pay(450))
    other = pay(460)

    assert {each.json()["balance"] for each in answers} == {249_550}
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


def test_a_payment_that_took_most_of_the_money_is_still_told_as_made(system):
    person = system.person_with_app()
    details = {"amount": 200_000, "currency": "USD", "payee": "Yacht yard"}
    named = {"Authorization": f"Bearer {person['token']}", "Idempotency-Key": "yacht"}
    body = details | {"authorization": system.authorization(person, "transfer", details=details)}

    answers = [requests.post(system.base + "/bank/transfers", json=body, headers=named, timeout=10) for _ in range(2)]

    assert [(each.status_code, each.json()["balance"]) for each in answers] == [(201, 50_000), (201, 50_000)]
