"""Goal: a person with a browser and a phone opens an account, guards it, and gets in again in every way there is.

Everything is done through the pages; codes are read where the phone would show them, in the sandbox's inbox.
"""

import io
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from end_to_end import PASSWORD, eventually, phone
from PIL import Image
from pyzbar.pyzbar import decode


def address():
    return f"{secrets.token_hex(6)}@example.com"


def registered(visitor):
    """Somebody who has just opened an account and verified a phone, on the dashboard."""
    email, number = address(), phone()
    visitor.register(email)
    visitor.verify_phone(number)
    visitor.heading("Your account is ready")
    return email, number


def with_texts(visitor):
    """Somebody whose login is in two steps with text messages, and who is not signed in."""
    person = visitor.system.person_with_sms()
    return person["email"], person["number"], person["backupCodes"]


def with_remembered_device(visitor):
    """The same, with this device remembered."""
    email, number, _ = with_texts(visitor)
    visitor.log_in(email)
    visitor.page.get_by_label("Remember this device").check()
    visitor.fill("Six-digit code", visitor.system.code(number, 3))
    visitor.page.wait_for_url("**/dashboard")
    visitor.log_out()
    return email, number


def test_a_new_account_is_guarded_by_text_messages_and_opened_again(visitor):
    ann = visitor()

    email, number = registered(ann)
    ann.follow("Turn on two-step login")
    ann.settled()
    ann.press("Use text messages")
    ann.fill("Six-digit code", ann.system.code(number, 2))
    ann.heading("Your backup codes")
    codes = ann.page.locator(".codes li").all_inner_texts()
    ann.press("I have kept them")
    ann.sees("with codes by text message")
    ann.log_out()
    ann.log_in(email)
    ann.heading("Confirm it is you")
    ann.sees("We have sent a code to")
    ann.fill("Six-digit code", ann.system.code(number, 3))

    ann.page.wait_for_url("**/dashboard")
    ann.heading(f"Hello, {email}")
    assert len(codes) == 10


def test_an_app_is_bound_by_scanning_the_code_and_opens_the_account_again(visitor):
    ann = visitor()
    email, _ = registered(ann)
    ann.follow("Turn on two-step login")
    ann.settled()
    ann.follow("Use an authenticator app")
    ann.settled()
    picture = ann.page.locator("img.qr")
    picture.scroll_into_view_if_needed()
    uri = eventually(lambda: [each.data.decode() for each in decode(Image.open(io.BytesIO(picture.screenshot())))])[0]
    query = parse_qs(urlsplit(uri).query)
    typed = ann.page.locator("code.secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(typed)
    ann.fill("Six-digit code", app.now())
    ann.heading("Your backup codes")
    ann.press("I have kept them")
    ann.sees("with an authenticator app")
    ann.log_out()
    ann.log_in(email)
    ann.sees("Open your authenticator app")
    ann.system.rows("UPDATE factor SET last_step = last_step - 3, used_codes = '' WHERE kind = 'app'")
    ann.fill("Six-digit code", app.now())

    ann.page.wait_for_url("**/dashboard")
    assert query["secret"] == [typed]


def test_a_backup_code_opens_the_account_once(visitor):
    ann = visitor()
    email, number, codes = with_texts(ann)

    ann.log_in(email)
    ann.press("Use a backup code")
    ann.fill("Backup code", codes[0].lower())
    ann.press("Confirm")
    ann.page.wait_for_url("**/dashboard")
    ann.log_out()
    ann.log_in(email)
    ann.press("Use a backup code")
    ann.fill("Backup code", codes[0])
    ann.press("Confirm")

    ann.sees("This backup code is wrong or was used.")
    assert len(ann.refusals()) == 1


def test_a_remembered_device_is_not_asked_again_and_can_be_forgotten(visitor):
    ann = visitor()
    email, number = with_remembered_device(ann)

    ann.log_in(email)
    ann.page.wait_for_url("**/dashboard")
    ann.go("/account/security")
    devices = ann.page.get_by_role("region", name="Remembered devices")
    ann.press("Confirm it is me")
    ann.fill("Six-digit code", ann.system.code(number, 4))
    devices.get_by_role("button", name="Forget").click()
    ann.sees("No device is remembered.")
    ann.log_out()
    ann.log_in(email)

    ann.heading("Confirm it is you")


def test_a_forgotten_password_is_set_anew_with_the_phone_and_the_mailed_code(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.go("/account/login")

    ann.follow("Forgotten your password?")
    ann.settled()
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.heading("Choose a new password")
    ann.fill("Six-digit code", ann.system.code(number, 3))
    ann.fill("New password", "heron-basalt-47k")
    ann.press("Change the password")
    ann.sees("One more proof")
    mailed = eventually(lambda: [found.group(1) for message in ann.system.messages(email)
                                 if (found := re.search(r"\b(\d{6})\b", message["body"]))])
    ann.fill("Code from the email", mailed[0])
    ann.press("Change the password")
    ann.sees("Your password is changed, and all devices are signed out.")
    assert len(ann.refusals()) == 1
    ann.fill("Email address", email)
    ann.fill("Password", "heron-basalt-47k")
    ann.press("Sign in")

    ann.heading("Confirm it is you")


def test_a_remembered_device_shows_who_it_is_before_it_changes_anything(visitor):
    ann = visitor()
    email, number = with_remembered_device(ann)
    ann.log_in(email)
    ann.page.wait_for_url("**/dashboard")

    ann.go("/account/security")
    hidden = [ann.page.get_by_role("button", name=name).count() for name in ("Change the number", "Turn off two-step login", "Change the password")]
    ann.press("Confirm it is me")
    ann.fill("Six-digit code", ann.system.code(number, 4))
    ann.page.get_by_role("button", name="Change the password").wait_for()

    assert hidden == [0, 0, 0]


def test_what_was_shown_once_is_not_there_when_somebody_goes_back(visitor):
    ann = visitor()
    registered(ann)
    ann.go("/account/scan")
    secret = ann.page.locator("code.secret").inner_text().replace(" ", "")
    ann.fill("Six-digit code", pyotp.TOTP(secret).now())
    ann.heading("Your backup codes")
    ann.press("I have kept them")
    ann.page.wait_for_url("**/account/security")
    ann.go("/dashboard")
    ann.sees("$2,500.00")
    ann.log_out()
    ann.page.go_back()
    ann.heading("Sign in")

    assert ann.page.locator(".codes, code.secret, .money").count() == 0


def test_signing_out_is_not_said_when_it_failed(visitor):
    ann = visitor()
    ann.enter(ann.system.register())
    ann.page.route("**/api/auth/logout", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))

    ann.go("/dashboard")
    ann.press("Sign out")
    ann.sees("The service is not available just now.")

    assert "/account/login" not in ann.page.url
    ann.complaints.clear()


def test_a_payment_whose_answer_was_lost_is_made_once_however_often_it_is_sent(visitor):
    ann = visitor()
    ann.enter(ann.system.register())
    ann.go("/dashboard")
    lost = []

    def lose(route):
        route.fetch()
        lost.append(route.request.url)
        route.abort()

    ann.page.route("**/bank/transfers", lose, times=1)
    ann.fill("Payee", "Corner shop")
    ann.fill("Amount in USD", "4.50")
    ann.press("Send")
    ann.sees("There is no answer.")
    ann.press("Send")
    ann.sees("Your payment of $4.50 to Corner shop is on its way.")

    ann.sees("$2,495.50")
    assert len(lost) == 1
    ann.complaints.clear()


def test_a_large_transfer_is_confirmed_with_its_amount_and_payee(visitor):
    ann = visitor()
    person = ann.system.person_with_sms()
    number = person["number"]
    ann.enter(person)
    ann.go("/dashboard")
    ann.sees("$2,500.00")

    ann.fill("Payee", "Bob Stone")
    ann.fill("Amount in USD", "123.45")
    ann.press("Send")
    ann.heading("Confirm this payment")
    shown = ann.page.locator("dialog dl").inner_text()
    text = ann.system.wait_for_message(number, 4)["body"]
    ann.fill("Six-digit code", ann.system.code(number, 3))
    ann.sees("Your payment of $123.45 to Bob Stone is on its way.")
    ann.sees("$2,376.55")

    told = ann.page.get_by_role("region", name="Notifications").get_by_role("listitem").filter(has_text="Payment sent")
    told.get_by_text("Text message: delivered").wait_for()
    told.get_by_text("Email: delivered").wait_for()
    assert "$123.45" in shown and "Bob Stone" in shown
    assert "$123.45" in text and "Bob Stone" in text


def test_a_small_transfer_takes_no_code_and_more_than_there_is_is_refused(visitor):
    ann = visitor()
    ann.enter(ann.system.register())
    ann.go("/dashboard")

    ann.fill("Payee", "Corner shop")
    ann.fill("Amount in USD", "4.50")
    ann.press("Send")
    ann.sees("Your payment of $4.50 to Corner shop is on its way.")
    ann.fill("Payee", "Yacht yard")
    ann.fill("Amount in USD", "90000")
    ann.press("Send")

    ann.sees("Your balance is too low for this.")
    assert len(ann.refusals()) == 1


def test_a_wrong_code_says_so_and_leaves_the_field_ready(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.log_in(email)
    right = ann.system.code(number, 3)

    ann.fill("Six-digit code", "000000" if right != "000000" else "111111")
    ann.sees("This code is wrong or has expired.")
    ann.sees("Tries left: 2.")
    field = ann.page.get_by_label("Six-digit code")

    assert field.input_value() == ""
    assert field.evaluate("node => node === document.activeElement")
    assert len(ann.refusals()) == 1


def test_a_code_is_found_in_whatever_is_pasted(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.log_in(email)
    code = ann.system.code(number, 3)

    ann.page.get_by_label("Six-digit code").focus()
    ann.page.keyboard.insert_text(f"{code[:3]} {code[3:]}")

    ann.page.wait_for_url("**/dashboard")


def test_loading_the_second_step_again_sends_nothing_and_goes_on(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.log_in(email)
    ann.heading("Confirm it is you")
    code = ann.system.code(number, 3)
    def sent():
        return sum("your code" in message["body"] for message in ann.system.messages(number))

    before = sent()

    for _ in range(3):
        ann.page.reload()
        ann.settled()
    ann.sees("We have sent a code to")
    kept = ann.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])")
    ann.fill("Six-digit code", code)

    ann.page.wait_for_url("**/dashboard")
    assert sent() == before
    assert "challenge" not in kept and "token" not in kept


def test_another_code_can_be_asked_for_once_the_wait_is_over(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.page.clock.install()
    ann.log_in(email)
    resend = ann.page.get_by_role("button", name="Send another code")

    assert resend.get_attribute("aria-disabled") == "true"
    ann.sees("You can ask for another code in")
    ann.page.clock.run_for(61_000)
    assert resend.get_attribute("aria-disabled") is None
    ann.system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 61 SECOND")
    resend.click()

    ann.sees("Another code is on its way.")
    ann.fill("Six-digit code", ann.system.code(number, 4))
    ann.page.wait_for_url("**/dashboard")


def test_after_three_wrong_codes_of_an_app_the_login_begins_again(visitor):
    ann = visitor()
    person = ann.system.person_with_app()
    ann.log_in(person["email"])
    ann.heading("Confirm it is you")

    for left in (2, 1):
        ann.fill("Six-digit code", f"00000{left}")
        ann.sees(f"Tries left: {left}.")
    ann.fill("Six-digit code", "000000")
    ann.sees("Too many wrong codes were entered. Start again to get a new code.")
    assert ann.page.get_by_role("button", name="Use a backup code").count() == 0
    ann.press("Start again")
    ann.page.wait_for_url("**/account/login")
    ann.log_in(person["email"])
    ann.heading("Confirm it is you")
    ann.press("Use a backup code")
    ann.fill("Backup code", person["backupCodes"][0])
    ann.press("Confirm")

    ann.page.wait_for_url("**/dashboard")
    assert len(ann.refusals()) == 3


def test_after_three_wrong_codes_of_a_text_another_one_is_needed_also_when_the_page_is_loaded_anew(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    ann.log_in(email)
    right = int(ann.system.code(number, 3))
    for step in (1, 2, 3):
        ann.fill("Six-digit code", f"{(right + step) % 1_000_000:06d}")
        ann.sees(f"Tries left: {3 - step}." if step < 3 else "No tries are left for this code. Ask for another one.")
    closed = [ann.page.get_by_label("Six-digit code").get_attribute("readonly"), ann.page.get_by_role("button", name="Confirm", exact=True).is_disabled()]
    ann.page.reload()
    ann.sees("No tries are left for this code. Ask for another one.")
    ann.system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 61 SECOND")
    ann.page.evaluate("history.replaceState({ ...history.state, nextAt: 0 }, '')")
    ann.page.reload()
    ann.press("Send another code")
    ann.fill("Six-digit code", ann.system.code(number, 4))

    ann.page.wait_for_url("**/dashboard")
    assert closed == ["", True]
    assert len(ann.refusals()) == 3


def test_another_language_keeps_what_was_typed_but_the_password(visitor):
    ann = visitor()
    ann.go("/account/register")
    ann.fill("Email address", "ann@example.com")
    ann.fill("Password", PASSWORD)
    ann.press("Show")
    ann.page.get_by_label("Language").select_option("fr")
    ann.heading("Ouvrir un compte")

    assert ann.page.get_by_label("Adresse e-mail").input_value() == "ann@example.com"
    assert ann.page.get_by_label("Mot de passe").input_value() == ""
    assert ann.page.evaluate("history.state") is None

    ann.go("/account/forgot")
    ann.page.get_by_label("Pays").select_option("GB")
    ann.fill("Numéro de téléphone", "07400 123456")
    ann.page.get_by_label("Langue").select_option("en")
    ann.heading("Reset your password")
    assert [ann.page.get_by_label(label, exact=True).input_value() for label in ("Country", "Phone number")] == ["GB", "07400 123456"]


def test_the_second_step_of_opening_an_account_can_be_left_and_gone_on_with(visitor):
    ann, number = visitor(), phone()
    ann.register(address())
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.heading("Enter the code")
    ann.page.reload()
    ann.heading("Enter the code")
    ann.sees("Step 2 of 2")
    code = ann.system.code(number)
    ann.follow("Do this later")
    ann.page.wait_for_url("**/dashboard")
    ann.page.go_back()
    ann.heading("Enter the code")
    ann.fill("Six-digit code", code)

    ann.heading("Your account is ready")


def test_the_wait_for_another_code_is_the_servers(visitor):
    ann = visitor()
    email, _, _ = with_texts(ann)

    def sooner(route):
        answer = route.fetch()
        assert answer.json()["resendAfter"] == 60
        route.fulfill(response=answer, json=answer.json() | {"resendAfter": 25})

    ann.page.route("**/api/auth/login", sooner)
    ann.log_in(email)
    ann.sees(re.compile(r"You can ask for another code in 0:2[0-5]"))
    ann.page.reload()
    ann.sees(re.compile(r"You can ask for another code in 0:[12]\d"))


def test_a_text_that_could_not_be_delivered_is_said_where_its_code_is_waited_for(visitor):
    ann, number = visitor(), phone()
    ann.system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, provider="twilio", to=number, times=1)
    ann.register(address())
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.sees("The text message could not be delivered. Ask for another code, or choose another way.")

    ann.fill("Six-digit code", ann.system.code(number))
    ann.heading("Your account is ready")


def test_who_waits_for_a_text_sees_it_arrive_or_that_the_phone_rings_instead(visitor):
    ann = visitor()
    email, number, _ = with_texts(ann)
    eventually(lambda: all(message["status"] == "delivered" for message in ann.system.messages(number)))

    ann.log_in(email)
    ann.sees("The text message has arrived on your phone.")
    ann.system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, provider="twilio", to=number, times=1)
    ann.log_in(email)
    ann.sees("The call was answered.")
    ann.press("Use a backup code")
    ann.page.get_by_text("The call was answered.").wait_for(state="hidden")


def test_nobody_asks_about_a_code_whose_step_was_left(visitor):
    ann = visitor()
    ann.enter(ann.system.register())
    number = phone()
    ann.system.rule(action="silent", to=number, times=1)
    looks = []
    ann.page.on("request", lambda request: looks.append(request.url) if request.method == "GET" and "/sms/verify-phone" in request.url else None)
    ann.go("/account/verify-phone")
    ann.page.get_by_label("Country", exact=True).select_option("US")
    ann.fill("Phone number", number.removeprefix("+1"))
    ann.press("Send the code")
    ann.sees("The text message was sent.")
    eventually(lambda: ann.page.wait_for_timeout(100) or len(looks) >= 2)

    ann.press("Change the number")
    ann.heading("Verify your phone")
    ann.page.wait_for_timeout(200)
    before = len(looks)
    ann.page.wait_for_timeout(3_500)
    assert len(looks) == before


def test_a_login_that_another_one_has_replaced_in_the_browser_takes_nothing_more(visitor):
    ann = visitor()
    first, second = (with_texts(ann) for _ in range(2))
    ann.log_in(first[0])
    ann.heading("Confirm it is you")
    other = ann.open_page()
    other.goto("/account/login")
    other.get_by_label("Email address").fill(second[0])
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.get_by_text("Use a backup code").wait_for()

    ann.page.reload()
    ann.sees("This is not here any more. Start again.")
    other.get_by_label("Six-digit code").fill(ann.system.code(second[1], 3))
    other.wait_for_url("**/dashboard")


def test_who_has_no_code_that_lives_is_told_so_and_can_use_a_backup_code(visitor):
    ann = visitor()
    email, number, codes = with_texts(ann)
    ann.log_in(email)
    code = ann.system.code(number, 3)
    ann.system.rows("UPDATE challenge SET code_expires_at = UTC_TIMESTAMP(6) WHERE code_mac IS NOT NULL")
    ann.fill("Six-digit code", code)
    ann.sees("This code has expired, or none was sent.")
    ann.press("Use a backup code")
    ann.fill("Backup code", codes[0])
    ann.press("Confirm")

    ann.page.wait_for_url("**/dashboard")
    assert len(ann.refusals()) == 1


def test_a_new_person_is_offered_the_country_of_the_browser(visitor):
    ann = visitor(locale="de-DE")
    ann.context.add_init_script("localStorage.setItem('language', 'en')")
    ann.register(address())

    assert ann.page.get_by_label("Country", exact=True).input_value() == "DE"


def test_somebody_who_is_not_signed_in_is_led_to_sign_in_and_back(visitor):
    ann = visitor()
    person = ann.system.register()

    ann.page.goto("/account/security")
    ann.page.wait_for_url("**/account/login?next=/account/security")
    ann.fill("Email address", person["email"])
    ann.fill("Password", PASSWORD)
    ann.press("Sign in")
    ann.page.wait_for_url("**/account/security")

    ann.heading("Security")


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/.//evil.example/x",
                                  "/a/..//evil.example", "/%2f/evil.example", "/%09/evil.example"])
def test_signing_in_leads_nowhere_but_to_our_own_pages(visitor, next):
    ann = visitor()
    person = ann.system.register()

    ann.page.goto(f"/account/login?next={next}")
    ann.fill("Email address", person["email"])
    ann.fill("Password", PASSWORD)
    ann.press("Sign in")
    ann.page.wait_for_url(f"{ann.system.base}/*")

    ann.page.locator("main h1, body").first.wait_for()
    assert ann.page.url.startswith(f"{ann.system.base}/")
    ann.refusals()


def test_pages_speak_the_readers_language_and_so_do_messages_then(visitor):
    ann = visitor()
    email, number = registered(ann)
    ann.go("/account/security")

    ann.page.locator("#language").select_option("fr")
    ann.page.locator("html[lang=fr]").wait_for()
    ann.settled()
    french = ann.page.locator("h1").inner_text()

    assert french == "Sécurité"
    rows = ann.system.rows("SELECT locale FROM account WHERE id IN (SELECT account_id FROM session) AND locale = 'fr'")
    assert rows
