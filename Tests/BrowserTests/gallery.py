"""A walk through every page, and every state of it that a person can meet.

Each walk is a generator that yields the name of what the visitor sees now. The tests look at each for what must hold on every
page; `make screenshots` takes its picture.
"""

import re
import secrets

from end_to_end import PASSWORD, eventually, phone


def address():
    return f"{secrets.token_hex(3)}@example.com"


def people(visitor):
    """One person's way from opening an account to paying, with what can go wrong on it."""
    ann, system = visitor, visitor.system
    email, number = f"ann.{address()}", phone()

    ann.go("/account/register")
    yield "register"
    ann.fill("Email address", email)
    ann.fill("Your name (optional)", "Ann Stone")
    ann.fill("Password", "password1")
    ann.press("Open the account")
    ann.sees("Many people use this password")
    yield "register-weak-password"
    ann.fill("Password", PASSWORD)
    ann.press("Open the account")
    ann.heading("Verify your phone")
    yield "register-phone"
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", "555")
    ann.press("Send the code")
    ann.page.locator(".wrong:visible, .notice").first.wait_for()
    yield "register-phone-wrong"
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.heading("Enter the code")
    yield "phone-code"
    ann.fill("Six-digit code", system.code(number))
    ann.heading("Your account is ready")
    yield "register-done"

    ann.go("/dashboard")
    ann.sees("$2,500.00")
    yield "dashboard-unprotected"
    ann.go("/account/security")
    yield "security-unprotected"
    ann.page.get_by_role("button", name="Change the number").click()
    ann.heading("Verify your phone")
    yield "security-phone-dialog"
    ann.press("Cancel")
    ann.go("/account/verify-phone")
    yield "verify-phone"
    ann.go("/account/scan")
    yield "scan"
    ann.go("/account/security")
    ann.press("Use text messages")
    ann.fill("Six-digit code", system.code(number, 2))
    ann.heading("Your backup codes")
    yield "backup-codes"
    ann.press("I have kept them")
    ann.sees("with codes by text message")
    yield "security"
    ann.log_out()
    yield "signed-out"

    ann.page.context.set_offline(True)
    ann.fill("Email address", email)
    ann.fill("Password", PASSWORD)
    ann.press("Sign in")
    ann.page.locator("main .notice.bad").wait_for()
    yield "login-offline"
    ann.complaints.clear()
    ann.page.context.set_offline(False)
    ann.go("/account/login")
    yield "login"
    ann.fill("Email address", email)
    ann.fill("Password", "not the password")
    ann.press("Sign in")
    ann.sees("The email address or the password is not right.")
    yield "login-wrong"
    for _ in range(10):
        system.call("POST", "/api/auth/login", {"email": "mallory@example.com", "password": "guess"})
    ann.fill("Email address", "mallory@example.com")
    ann.press("Sign in")
    ann.sees("Too many wrong tries.")
    yield "login-rate-limited"
    ann.fill("Email address", email)
    ann.fill("Password", PASSWORD)
    ann.press("Sign in")
    ann.heading("Confirm it is you")
    yield "code"
    right = system.code(number, 3)
    ann.fill("Six-digit code", "000000" if right != "000000" else "111111")
    ann.sees("Tries left: 2.")
    yield "code-wrong"
    ann.press("Use a backup code")
    yield "code-backup"
    ann.press("Enter a six-digit code instead")
    ann.fill("Six-digit code", "000001" if right != "000001" else "111111")
    ann.sees("Tries left: 1.")
    ann.fill("Six-digit code", "000002" if right != "000002" else "111111")
    ann.sees("No tries are left for this code.")
    yield "code-exhausted"
    ann.press("Start again")
    ann.page.wait_for_url("**/account/login")
    ann.go("/account/code")
    yield "code-none"
    system.rows("DELETE FROM limit_window")
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30007, provider="twilio", to=number, times=1)
    ann.log_in(email)
    ann.sees("The text message could not be delivered.")
    yield "code-undelivered"
    for _ in range(5):
        system.call("POST", "/api/auth/login", {"email": email, "password": PASSWORD})
    ann.log_in(email)
    ann.sees("No text message can be sent to your phone now.")
    yield "code-limited"

    ann.go("/account/forgot")
    yield "forgot"
    system.rows("DELETE FROM limit_window")
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.heading("Choose a new password")
    yield "forgot-set"
    ann.fill("Six-digit code", system.code(number, 9))
    ann.fill("New password", "heron-basalt-47k")
    ann.press("Change the password")
    ann.sees("One more proof")
    yield "forgot-second-proof"
    mailed = eventually(lambda: [found.group(1) for message in system.messages(email)
                                 if (found := re.search(r"\b(\d{6})\b", message["body"]))])
    ann.fill("Code from the email", mailed[0])
    ann.press("Change the password")
    ann.sees("Your password is changed, and all devices are signed out.")
    yield "login-after-reset"
    ann.refusals()

    bob = system.person_with_app(name="Bob Stone")
    ann.context.clear_cookies()
    ann.enter(bob)
    ann.go("/dashboard")
    ann.fill("Payee", "Corner shop")
    ann.fill("Amount in USD", "4.50")
    ann.press("Send")
    ann.sees("is on its way")
    ann.page.get_by_text("Email: delivered").first.wait_for()
    yield "dashboard"
    ann.fill("Payee", "Garage Müller & Söhne, Stuttgart")
    ann.fill("Amount in USD", "1250")
    ann.fill("Reference (optional)", "Invoice 2026/118")
    ann.press("Send")
    ann.heading("Confirm this payment")
    yield "transfer-confirm"
    ann.press("Cancel")
    ann.go("/account/scan")
    yield "scan-replace"
    ann.go("/account/security")
    yield "security-app"
    system.rows("UPDATE account SET cooling_off_until = UTC_TIMESTAMP(6) + INTERVAL 20 HOUR WHERE id = UNHEX(REPLACE(%s, '-', ''))", bob["userId"])
    ann.go("/dashboard")
    ann.fill("Payee", "Bob's own account")
    ann.fill("Amount in USD", "2000")
    ann.press("Send")
    ann.sees("large transfers wait for a while")
    yield "transfer-cooling-off"
    ann.page.route("**/api/auth/session", lambda route: None)
    ann.page.goto("/account/security")
    ann.page.locator("main .loading").wait_for()
    yield "loading"
    ann.page.unroute("**/api/auth/session")
    ann.page.route("**/api/auth/session", lambda route: route.fulfill(status=503, headers={"Retry-After": "2", "Content-Type": "application/json"},
                                                                      body='{"success":false,"code":"unavailable","error":"","requestId":"5f0c"}'))
    ann.page.goto("/account/security")
    ann.heading("This could not be shown")
    yield "security-failed"
    ann.page.unroute("**/api/auth/session")
    ann.complaints.clear()
    ann.go("/common/unavailable.html")
    yield "unavailable"
    ann.go("/account/nowhere")
    yield "missing"
    ann.refusals()

    ann.context.clear_cookies()
    ann.page.clock.install()
    ann.log_in(bob["email"])
    ann.heading("Confirm it is you")
    yield "code-app"
    ann.page.clock.run_for(601_000)
    ann.sees("This has expired.")
    yield "code-expired"


def administrators(visitor):
    """What an administrator looks at, with something in it."""
    eve, system = visitor, visitor.system
    ann = system.person_with_sms(name="Ann Stone")
    system.rows("INSERT INTO alert (id, kind, severity, detail, created_at, times, last_at) "
                "VALUES (UNHEX(MD5(RAND())), 'pumping_suspected', 'critical', '+4479111 in GB', UTC_TIMESTAMP(6), 3, UTC_TIMESTAMP(6))")
    eve.enter(system.administrator())
    eve.go("/admin/")
    yield "admin"
    eve.go("/admin/sms-management")
    eve.page.locator("canvas").first.wait_for()
    eve.page.get_by_role("region", name="Messages").get_by_role("row").nth(1).wait_for()
    yield "admin-messages"
    eve.page.get_by_label("The last").select_option("week")
    eve.page.get_by_role("img", name="messages sent").wait_for()
    yield "admin-figures"
    eve.page.get_by_role("button", name="Show it").first.click()
    yield "admin-reason"
    eve.press("Cancel")
    eve.page.get_by_role("region", name="Messages").get_by_label("Account's id").fill("00000000-0000-7000-8000-000000000000")
    eve.page.get_by_role("region", name="Messages").get_by_role("button", name="Find").click()
    eve.sees("No message is like this.")
    yield "admin-messages-none"
    eve.go("/admin/users")
    yield "admin-users"
    eve.go(f"/admin/users?id={ann['userId']}")
    yield "admin-user"
    eve.go("/admin/alerts")
    yield "admin-alerts"
    eve.go("/admin/abuse-rules")
    yield "admin-abuse-rules"
    eve.go("/admin/approvals")
    yield "admin-approvals"
    eve.go("/admin/security-log")
    yield "admin-security-log"
    eve.go("/admin/api-keys")
    yield "admin-api-keys"
    eve.fill("Name", "payments")
    eve.page.get_by_label("otp").check()
    eve.fill("Reason", "the new backend")
    eve.press("Make a key")
    eve.sees("Keep this key now")
    yield "admin-key-made"
    eve.context.clear_cookies()
    eve.enter(system.register())
    eve.go("/admin/")
    yield "admin-not-allowed"


def developers(visitor):
    """The documentation, and the sandbox's inbox."""
    dan, system = visitor, visitor.system
    dan.go("/docs/#logIn")
    dan.page.locator("#logIn details[open], details#logIn[open]").first.wait_for()
    yield "docs"
    dan.page.goto(system.sandbox)
    dan.page.locator("#empty:visible, #messages button").first.wait_for()
    person = system.person_with_sms(name="Ann Stone")
    message = eventually(lambda: system.messages(person["email"]))
    dan.page.locator("#messages button").filter(has_text=person["number"]).filter(has_text="your code").first.click()
    dan.page.locator("summary", has_text="Callback, answered 200").nth(1).wait_for()
    yield "inbox"
    dan.page.locator("#messages button").filter(has_text=message[0]["to"]).first.click()
    dan.page.locator("iframe").wait_for()
    yield "inbox-mail"
    dan.page.get_by_label("To", exact=True).fill("+19995550000")
    dan.sees("No message is like this.")
    yield "inbox-none"


WALKS = {"people": people, "administrators": administrators, "developers": developers}
