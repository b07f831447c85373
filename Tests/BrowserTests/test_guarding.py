"""Goal: an owner changes what guards the account, each change confirmed by what guards it now."""

import re

import requests
from end_to_end import PASSWORD, eventually, phone


def region(visitor, name):
    return visitor.page.get_by_role("region", name=name, exact=True)


def in_dialog(visitor):
    return visitor.page.get_by_role("dialog")


def signed_in(visitor, person, path="/account/security"):
    each = visitor()
    each.enter(person)
    each.go(path)
    return each


def test_a_new_number_is_confirmed_by_the_old_one_and_then_proven(visitor, system):
    ann, new = system.person_with_sms(), phone()
    each = signed_in(visitor, ann)

    region(each, "Phone").get_by_role("button", name="Change the number").click()
    in_dialog(each).get_by_label("Country").select_option("US")
    in_dialog(each).get_by_label("Phone number").fill(new.removeprefix("+1"))
    in_dialog(each).get_by_role("button", name="Send the code").click()
    each.heading("Confirm the change of your phone number")
    each.page.get_by_label("Six-digit code").last.fill(system.code(ann["number"], 3))
    each.heading("Enter the code")
    each.fill("Six-digit code", system.code(new))

    region(each, "Phone").get_by_text(f"+1 ({new[2:5]}) {new[5:8]}-{new[8:]}").wait_for()


def test_a_number_that_was_handed_on_moves_to_its_new_holder(visitor, system):
    former, ann = system.register(), system.register()
    number = system.verify_phone(former)
    each = signed_in(visitor, ann, "/account/verify-phone")

    each.page.get_by_label("Country").select_option("US")
    each.fill("Phone number", number.removeprefix("+1"))
    each.press("Send the code")
    each.heading("Enter the code")
    each.fill("Six-digit code", system.code(number, 2))
    each.heading("Another account has this number")
    each.press("Move the number to my account")
    each.heading("Your phone is verified")

    assert len(each.refusals()) == 1
    assert system.call("GET", "/api/auth/session", token=ann["token"]).json()["phoneNumber"] == number


def test_the_password_is_changed_with_a_code_and_other_devices_are_out(visitor, system):
    ann = system.person_with_app()
    other = system.log_in(ann).json()
    assert other["requires2FA"]
    each = signed_in(visitor, ann)

    each.fill("Current password", PASSWORD)
    each.fill("New password", "heron-basalt-47k")
    each.press("Change the password")
    each.heading("Confirm the new password")
    in_dialog(each).get_by_label("Six-digit code").fill(system.app_code(ann))
    each.sees("Your password is changed")

    assert requests.post(f"{system.base}/api/auth/login", json={"email": ann["email"], "password": PASSWORD}, timeout=10).status_code == 401


def test_new_backup_codes_take_the_place_of_the_old(visitor, system):
    ann = system.person_with_app()
    each = signed_in(visitor, ann)

    each.press("Make new codes")
    each.heading("Confirm making new backup codes")
    in_dialog(each).get_by_label("Six-digit code").fill(system.app_code(ann))
    each.heading("Your backup codes")
    codes = each.page.locator(".codes li").all_inner_texts()
    with each.page.expect_download() as download:
        each.page.get_by_role("link", name="Download").click()
    kept = download.value.path().read_text()
    each.context.grant_permissions(["clipboard-read", "clipboard-write"])
    each.press("Copy")
    each.sees("Copied.")
    copied = each.page.evaluate("() => navigator.clipboard.readText()")
    each.press("I have kept them")
    each.sees("You have 10 unused codes.")

    assert len(codes) == 10 and all(code in kept for code in codes)
    assert copied.splitlines() == codes
    challenge = system.log_in(ann).json()["challengeId"]
    assert system.answer(challenge, backupCode=ann["backupCodes"][0]).status_code == 401
    assert system.answer(challenge, backupCode=codes[0]).status_code == 200


def test_two_step_login_is_turned_off_with_password_and_code(visitor, system):
    ann = system.person_with_app()
    each = signed_in(visitor, ann)

    each.press("Turn off two-step login")
    in_dialog(each).get_by_label("Password").fill(PASSWORD)
    in_dialog(each).get_by_role("button", name="Turn off two-step login").click()
    each.heading("Confirm turning off two-step login")
    in_dialog(each).last.get_by_label("Six-digit code").fill(system.app_code(ann))
    each.sees("After your password you enter a code")

    assert system.log_in(ann).json()["requires2FA"] is False


def test_an_owner_of_an_app_may_have_a_text_message_or_a_call_instead(visitor, system):
    ann = system.person_with_sms()
    ann = system.bind_app(ann)
    each = visitor()
    each.log_in(ann["email"])
    each.sees("Open your authenticator app")

    each.press("Send a text message instead")
    each.sees("We have sent a code to")
    code = system.code(ann["number"], 3)
    each.press("Use the authenticator app")
    each.sees("Open your authenticator app")
    each.fill("Six-digit code", system.app_code(ann))
    each.page.wait_for_url("**/dashboard")

    assert len(code) == 6


def test_a_call_says_the_code_where_no_text_arrives(visitor, system):
    ann = system.person_with_sms()
    each = visitor()
    each.log_in(ann["email"])
    each.heading("Confirm it is you")
    system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 61 SECOND")
    each.page.clock.install()
    each.go("/account/login")
    each.log_in(ann["email"])
    each.heading("Confirm it is you")
    each.page.clock.run_for(61_000)
    system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 61 SECOND")

    each.press("Call me instead")
    each.sees("We are calling you.")
    said = eventually(lambda: system.messages(ann["number"], channel="call"))[0]["body"]
    digits = re.findall(r"\b\d\b", re.sub(r"<[^>]*>", " ", said))
    each.fill("Six-digit code", "".join(digits[:6]))

    each.page.wait_for_url("**/dashboard")


def test_a_message_that_the_phone_hands_over_fills_itself_in(visitor, system):
    ann, each = system.person_with_sms(), visitor()
    each.context.expose_function("nextCode", lambda: system.code(ann["number"], 3))
    # What a phone does once the message has come, at the same door of the browser.
    each.context.add_init_script("""
        window.OTPCredential = class {};
        navigator.credentials.get = async ({ otp }) => ({ code: otp.transport.includes("sms") ? await window.nextCode() : "" });
    """)

    each.log_in(ann["email"])

    each.page.wait_for_url("**/dashboard")


def test_sessions_elsewhere_are_listed_and_ended(visitor, system):
    ann = system.register()
    other = system.log_in(ann).json()["token"]
    each = signed_in(visitor, ann)

    each.press("Sign out everywhere else")
    each.page.get_by_role("button", name="Sign out everywhere else").wait_for(state="detached")

    assert system.call("GET", "/api/auth/session", token=other).status_code == 401
    assert system.call("GET", "/api/auth/session", token=ann["token"]).status_code == 200


def test_a_session_that_ended_elsewhere_shows_nothing_more_and_leads_back_in(visitor, system):
    ann = system.person_with_app()
    each = signed_in(visitor, ann)
    system.call("POST", "/api/auth/logout", token=ann["token"])

    each.press("Make new codes")
    each.heading("Your session has ended")
    shown = each.page.locator("main").inner_text()
    each.page.locator("main").get_by_role("link", name="Sign in").click()
    each.page.wait_for_url(re.compile(r"/account/login\?next=%2Faccount%2Fsecurity$"))

    assert ann["email"] not in shown
    assert len(each.refusals()) == 1


def test_a_wrong_password_does_not_cost_another_code(visitor, system):
    ann = system.person_with_app()
    each = signed_in(visitor, ann)

    each.press("Turn off two-step login")
    in_dialog(each).get_by_label("Password").fill("not the password")
    in_dialog(each).get_by_role("button", name="Turn off two-step login").click()
    in_dialog(each).last.get_by_label("Six-digit code").fill(system.app_code(ann))
    each.sees("The password is not right. Check it.")
    in_dialog(each).get_by_label("Password").fill(PASSWORD)
    in_dialog(each).get_by_role("button", name="Turn off two-step login").click()

    each.sees("After your password you enter a code")
    assert len(each.refusals()) == 1


def test_neither_the_escape_key_nor_loading_anew_takes_backup_codes_away(visitor, system):
    ann = system.register()
    number = system.verify_phone(ann)
    each = signed_in(visitor, ann)

    each.press("Use text messages")
    each.fill("Six-digit code", system.code(number, 2))
    each.heading("Your backup codes")
    for _ in range(3):
        each.page.keyboard.press("Escape")
    asked = []
    each.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    each.page.evaluate("location.reload()")

    each.page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert each.page.locator("dialog .codes li").count() == 10
    assert each.page.get_by_text(f"For {ann['email']}, made on").count() == 1
    each.press("I have kept them")
    each.sees("with codes by text message")


def test_text_messages_beside_an_app_are_said_and_not_offered_again(visitor, system):
    ann = system.person_with_app()
    number = system.verify_phone(ann)
    each = signed_in(visitor, ann)

    each.press("Text messages too")
    each.fill("Six-digit code", system.app_code(ann))
    each.heading("Turn on codes by text message")
    each.fill("Six-digit code", system.code(number, 2))
    each.press("I have kept them")

    each.sees("with an authenticator app, or codes by text message")
    assert each.page.get_by_role("button", name="Text messages too").count() == 0


def test_a_payment_is_confirmed_with_a_backup_code_when_no_more_texts_may_be_sent(visitor, system):
    ann = system.person_with_sms()
    for _ in range(3):
        assert system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": {"amount": 1, "payee": "Bob"}}, ann["token"]).status_code == 201
    each = signed_in(visitor, ann, "/dashboard")

    each.fill("Payee", "Garage Stone")
    each.fill("Amount in USD", "1,250.00")
    each.press("Send")
    each.sees("No text message can be sent to your phone now.")
    each.sees(re.compile(r"You can ask for another code in 5\d:\d\d"))
    assert in_dialog(each).get_by_text("$1,250.00").count() == 1
    in_dialog(each).get_by_role("button", name="Use a backup code").click()
    in_dialog(each).get_by_label("Backup code").fill(ann["backupCodes"][0][:9])
    in_dialog(each).get_by_role("button", name="Confirm").click()
    each.sees("Enter all 24 letters and digits of the code.")
    in_dialog(each).get_by_label("Backup code").fill(ann["backupCodes"][0])
    in_dialog(each).get_by_role("button", name="Confirm").click()

    each.sees("Your payment of $1,250.00 to Garage Stone is on its way.")
    assert len(each.refusals()) == 1


def test_the_way_to_two_step_login_leads_to_it(visitor, system):
    each = signed_in(visitor, system.register(), "/dashboard")

    each.follow("Turn on two-step login")
    each.settled()

    each.page.wait_for_function("document.activeElement.id === 'two-step' && document.activeElement.getBoundingClientRect().top < innerHeight / 2")


def test_the_code_step_of_a_phone_goes_on_when_the_page_is_loaded_anew(visitor, system):
    ann, number = system.register(), phone()
    each = signed_in(visitor, ann, "/account/verify-phone")

    each.page.get_by_label("Country").select_option("US")
    each.fill("Phone number", number.removeprefix("+1"))
    each.press("Send the code")
    each.heading("Enter the code")
    each.page.reload()
    each.heading("Enter the code")
    each.fill("Six-digit code", system.code(number))

    each.heading("Your phone is verified")
    assert len(system.messages(number)) == 1


def test_what_somebody_wants_to_hear_of_is_kept(visitor, system):
    ann = system.register()
    each = signed_in(visitor, ann)
    part = region(each, "Notifications")

    part.get_by_role("group", name="Payment received").get_by_label("Text message").uncheck()
    part.get_by_label("No text messages at night").check()
    part.get_by_label("From").fill("21:30")
    part.get_by_label("Time zone").select_option("Africa/Addis_Ababa")
    part.get_by_label("Warn me when my balance is below").fill("25.50")
    part.get_by_role("button", name="Save").click()
    each.sees("Saved.")
    each.page.reload()
    each.settled()

    kept = system.call("GET", "/api/notifications/preferences", token=ann["token"]).json()
    assert kept["events"]["payment_received"]["sms"] is False
    assert kept["quietHours"] == {"from": "21:30", "until": "07:00", "timeZone": "Africa/Addis_Ababa"}
    assert kept["lowBalanceThreshold"]["amount"] == 2550
    assert part.get_by_label("Warn me when my balance is below").input_value() == "25.5"
    assert not part.get_by_role("group", name="Payment received").get_by_label("Text message").is_checked()


def test_a_puzzle_is_solved_by_the_page_itself(visitor, system):
    number = phone()
    system.verify_phone(system.register(), number)
    # Codes to its prefix that nobody has used, the last of them long enough ago.
    system.rows("UPDATE traffic SET span_sent = 40, span_used = 0, last_sent_at = last_sent_at - INTERVAL 30 SECOND WHERE scope = %s", number[:-4])
    each = visitor()
    each.go("/account/forgot")

    each.page.get_by_label("Country").select_option("US")
    each.fill("Phone number", number.removeprefix("+1"))
    each.press("Send the code")
    # How long that takes is a matter of luck.
    each.page.get_by_role("heading", name="Choose a new password").wait_for(timeout=60_000)

    assert ["428" in text for text in each.refusals()] == [True]
    assert system.code(number, 2)
