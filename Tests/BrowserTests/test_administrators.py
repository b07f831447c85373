"""Goal: an administrator finds an account, acts on it with a reason, and finds what was done in the security log."""

import re
import secrets

import pytest
from end_to_end import PASSWORD, eventually, phone


@pytest.fixture
def administrator(system, visitor):
    """An administrator with a browser, signed in with an app."""
    def make(role="admin"):
        person = system.administrator(role)
        eve = visitor()
        eve.enter(person)
        return eve
    return make


def owner(system):
    person = system.register(name="Ann Stone")
    return person | {"number": system.verify_phone(person)}


def test_an_administrator_signs_in_with_a_password_and_an_app(system, visitor):
    person = system.administrator()
    eve = visitor()

    eve.page.goto("/admin/")
    eve.page.wait_for_url("**/account/login?next=/admin/")
    eve.settled()
    eve.fill("Email address", person["email"])
    eve.fill("Password", PASSWORD)
    eve.press("Sign in")
    eve.fill("Six-digit code", system.app_code(person))
    eve.page.wait_for_url("**/admin/")

    eve.heading("Overview")
    eve.heading("Provider health")


def test_a_new_administrator_sets_up_an_app_first(system, visitor):
    email = f"{secrets.token_hex(6)}@admin.example"
    system.ctl("admin", "create", "--email", email, "--password", PASSWORD)
    eve = visitor()

    eve.log_in(email)
    eve.page.wait_for_url("**/dashboard")
    eve.settled()
    eve.follow("Administration")
    eve.sees("Administrators sign in with an authenticator app.")
    eve.follow("Set up an app")
    eve.page.wait_for_url("**/account/scan?next=*")
    eve.settled()
    secret = eve.page.locator("code.secret").inner_text().replace(" ", "")
    eve.fill("Six-digit code", system.totp(secret))
    eve.press("I have kept them")

    eve.heading("Open alerts")


def test_a_forced_reset_ends_the_password_and_is_in_the_security_log(system, administrator, visitor):
    ann, eve = owner(system), administrator()

    eve.go("/admin/users")
    eve.fill("Find", ann["email"])
    eve.press("Find")
    eve.follow(ann["email"])
    eve.page.wait_for_url("**/admin/users?id=*")
    eve.settled()
    eve.press("Send a password reset")
    eve.fill("Reason", "the owner has called")
    eve.page.get_by_role("dialog").get_by_role("button", name="Send a password reset").click()
    eve.page.get_by_role("dialog").wait_for(state="detached")
    eve.follow("What administrators did here")
    eve.page.wait_for_url("**/admin/security-log?*")
    eve.settled()

    entry = eve.page.get_by_role("row").filter(has_text="the owner has called")
    assert ann["email"] in entry.inner_text()
    system.wait_for_message(ann["number"], 2)
    assert system.log_in(ann).status_code == 401


def test_the_messages_are_found_by_filter_and_a_number_is_shown_for_a_reason(system, administrator):
    ann, eve = owner(system), administrator()

    eve.go("/admin/sms-management")
    messages = eve.page.get_by_role("region", name="Messages")
    messages.get_by_label("Account's id").fill(ann["userId"])
    messages.get_by_label("Status").select_option("delivered")
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE status = 'delivered' AND account_id = UNHEX(REPLACE(%s, '-', ''))", ann["userId"]))
    messages.get_by_role("button", name="Find").click()
    eve.sees("1 messages")
    row = messages.get_by_role("row").nth(1)
    masked = row.inner_text()
    row.get_by_role("button", name="Show it").click()
    eve.fill("Reason", "complaint 4711")
    eve.page.get_by_role("dialog").get_by_role("button", name="Show the whole number").click()

    eve.sees(f"The message went to {ann['number']}")
    assert ann["number"] not in masked and "•" in masked and "delivered" in masked


def test_statistics_are_drawn_and_told_in_tables(system, administrator):
    owner(system)
    eve = administrator("support")

    eve.go("/admin/sms-management")
    chart = eve.page.get_by_role("img", name=re.compile(r"messages sent, \d+ delivered"))
    chart.wait_for()
    figures = eve.page.locator("figure", has_text="Cost by country")
    figures.get_by_text("The figures").click()

    assert chart.evaluate("node => node.toDataURL().length") > 2_000
    assert "US" in figures.get_by_role("row").nth(1).inner_text()


def test_a_phone_is_called_verified_by_its_accounts_address(system, administrator):
    ann = system.register(phoneNumber=phone())
    eve = administrator()

    eve.go("/admin/sms-management")
    eve.fill("Account", ann["email"])
    eve.press("Mark the phone as verified")
    eve.fill("Reason", "shown at the counter")
    eve.page.get_by_role("dialog").get_by_role("button", name="Mark the phone as verified").click()
    eve.page.get_by_role("dialog").wait_for(state="detached")

    session = system.call("GET", "/api/auth/session", token=ann["token"]).json()
    assert session["phoneVerified"] is True


def test_an_account_is_locked_and_unlocked(system, administrator):
    ann, eve = owner(system), administrator("security")

    eve.go(f"/admin/users?id={ann['userId']}")
    for act, seen in (("Lock", "locked"), ("Unlock", "password only")):
        eve.press(act)
        eve.fill("Reason", "suspected theft")
        eve.page.get_by_role("dialog").get_by_role("button", name=act).click()
        eve.page.get_by_role("dialog").wait_for(state="detached")
        eve.sees(seen, exact=True)
        assert bool(system.rows("SELECT locked_at FROM account WHERE id = UNHEX(REPLACE(%s, '-', '')) AND locked_at IS NOT NULL", ann["userId"])) == (act == "Lock")


def test_a_rule_is_changed_and_another_tab_shows_it(system, administrator):
    eve = administrator()
    eve.go("/admin/abuse-rules")

    eve.fill("Blocked prefixes", "+44 7911")
    eve.press("Change the rules")
    eve.page.get_by_role("dialog").get_by_text("none → +447911").wait_for()
    eve.fill("Reason", "pumping")
    eve.press("Change these rules")
    eve.sees("The rules are changed")
    eve.go("/admin/abuse-rules")
    kept = eve.page.get_by_label("Blocked prefixes").input_value()
    eve.fill("Blocked prefixes", "")
    eve.press("Change the rules")
    eve.fill("Reason", "over")
    eve.press("Change these rules")
    eve.sees("The rules are changed")

    assert kept == "+447911"


def test_a_key_is_made_shown_once_used_and_revoked(system, administrator):
    eve = administrator()
    eve.go("/admin/api-keys")
    name = f"payments {secrets.token_hex(4)}"

    eve.fill("Name", name)
    eve.page.get_by_label("otp").check()
    eve.fill("Reason", "the new backend")
    eve.press("Make a key")
    eve.sees("Keep this key now")
    key = eve.page.locator("code.secret").inner_text()
    used = system.call("POST", "/check-otp", {"phoneNumber": phone(), "code": "123456"}, key)
    eve.go("/admin/api-keys")
    shown_again = eve.page.get_by_text(key).count()
    eve.page.get_by_role("row").filter(has_text=name).get_by_role("button", name="Revoke").click()
    eve.page.get_by_role("dialog").get_by_label("Reason").fill("leaked")
    eve.page.get_by_role("dialog").get_by_role("button", name="Revoke the key").click()
    eve.sees("The key is revoked.")

    assert used.status_code == 404 and shown_again == 0
    assert system.call("POST", "/check-otp", {"phoneNumber": phone(), "code": "123456"}, key).status_code == 401


def test_an_alert_is_resolved_with_a_reason(system, administrator):
    eve = administrator("security")
    system.rows("INSERT INTO alert (id, kind, severity, detail, created_at, times, last_at) "
                "VALUES (UNHEX(MD5(RAND())), 'pumping_suspected', 'warning', '+4479111 in GB', UTC_TIMESTAMP(6), 3, UTC_TIMESTAMP(6))")

    eve.go("/admin/alerts")
    eve.page.get_by_role("row").filter(has_text="+4479111 in GB").get_by_role("button", name="Resolve").click()
    eve.fill("Reason", "blocked the prefix")
    eve.page.get_by_role("dialog").get_by_role("button", name="Resolve the alert").click()
    eve.page.get_by_role("dialog").wait_for(state="detached")
    eve.page.get_by_label("Show").select_option("resolved")

    eve.page.get_by_role("row").filter(has_text="+4479111 in GB").wait_for()


def test_pages_offer_a_role_only_what_it_may_do(system, administrator):
    ann, eve = owner(system), administrator("support")

    eve.go(f"/admin/users?id={ann['userId']}")
    acts = eve.page.locator("main button").all_inner_texts()
    links = eve.page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    eve.go("/admin/security-log")

    eve.sees("This is for the role security.")
    assert acts == ["Send a password reset", "End all sessions"]
    assert "API keys" not in links and "Security log" not in links


def test_a_person_who_is_no_administrator_is_told_so(system, visitor):
    ann = visitor()
    ann.enter(system.register())

    ann.go("/admin/users")

    ann.sees("This is for administrators.")
