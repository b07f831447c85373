"""Goal: people turn second factors on and off.

- by text message, by app, both; backup codes
- what is not confirmed opens nothing; what changes a factor needs a proof of one
"""

import datetime
import re
import subprocess
import time

import pytest
from pyzbar import pyzbar

from conftest import PASSWORD, at_once, phone


def test_codes_by_text_message_need_a_verified_phone(system):
    person = system.register()
    refused = system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    assert refused.status_code == 409 and refused.json()["code"] == "phone_not_verified"
    assert system.call("POST", "/api/auth/2fa/enable", None, person["token"]).status_code == 409


def test_turning_codes_by_text_message_on(system):
    person = system.register()
    number = system.verify_phone(person)
    other = system.log_in(person).json()["token"]

    begun = system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    assert begun.status_code == 200 and begun.json()["requiresVerification"] is True and begun.json()["backupCodes"] == []
    assert system.call("GET", "/api/auth/session", token=person["token"]).json()["twoFactorEnabled"] is False
    enabled = system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": system.code(number, 2)}, person["token"])

    answer = enabled.json()
    assert enabled.status_code == 200 and len(set(answer["backupCodes"])) == 10
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in answer["backupCodes"])
    # A new token at the new level; the old one is dead, and so is every session that a password alone had opened.
    for token in (person["token"], other):
        assert system.call("GET", "/api/auth/session", token=token).status_code == 401
    session = system.call("GET", "/api/auth/session", token=answer["token"]).json()
    assert session["twoFactorEnabled"] is True and session["method"] == "sms" and session["aal"] == 2
    assert f"session={answer['token']}" in enabled.headers["Set-Cookie"]
    assert system.call("GET", "/api/auth/2fa/backup-codes", token=answer["token"]).json() == {"remaining": 10}
    assert system.notices(person, "two_factor_enabled") == ["email", "sms"]
    again = system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, answer["token"])
    assert again.status_code == 409 and again.json()["code"] == "factor_on"


def test_a_wrong_code_turns_nothing_on(system):
    person = system.register()
    number = system.verify_phone(person)
    nothing = system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": "123456"}, person["token"])
    assert nothing.status_code == 409 and nothing.json()["code"] == "nothing_to_confirm"
    system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    right = system.code(number, 2)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    answers = [system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": code}, person["token"]) for code in [wrong] * 3 + [right]]
    assert [a.status_code for a in answers] == [400, 400, 400, 429]
    assert [a.json().get("attemptsRemaining") for a in answers] == [2, 1, 0, None]
    assert system.call("GET", "/api/auth/session", token=person["token"]).json()["twoFactorEnabled"] is False


def test_the_secret_of_an_app_is_160_bits_and_its_qr_code_says_the_same_as_its_uri(system):
    person = system.register()
    created = system.call("POST", "/api/code/create", None, person["token"]).json()
    secret = created["secret"]
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    email = person["email"].replace("@", "%40")
    assert created["uri"] == f"otpauth://totp/Countersign:{email}?secret={secret}&issuer=Countersign&algorithm=SHA1&digits=6&period=30"

    assert created["qr"].startswith("<svg ") and "http" not in created["qr"].replace("http://www.w3.org/2000/svg", "")
    size = int(re.search(r'viewBox="0 0 (\d+) ', created["qr"]).group(1))
    scale = 4
    pixels = bytearray(b"\xff" * (size * scale) ** 2)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", created["qr"].split("<path")[2]):
        for row in range(int(y) * scale, (int(y) + 1) * scale):
            start = row * size * scale + int(x) * scale
            pixels[start:start + int(width) * scale] = b"\0" * (int(width) * scale)
    found = pyzbar.decode((bytes(pixels), size * scale, size * scale))
    assert [code.data.decode() for code in found] == [created["uri"]]


def test_oathtool_agrees_on_the_codes_and_one_binds_the_app(system):
    person = system.register()
    secret = system.call("POST", "/api/code/create", None, person["token"]).json()["secret"]
    code = subprocess.run(["oathtool", "--totp", "--base32", secret], capture_output=True, text=True, check=True).stdout.strip()
    answer = system.call("POST", "/api/code/verify", {"code": code}, person["token"])
    assert answer.status_code == 200 and answer.json()["status"] == "verified" and len(answer.json()["backupCodes"]) == 10
    session = system.call("GET", "/api/auth/session", token=answer.json()["token"]).json()
    assert session["method"] == "app" and session["aal"] == 2


def test_enable_by_app_answers_as_code_create_does(system):
    person = system.register()
    begun = system.call("POST", "/api/auth/2fa/enable", {"method": "app"}, person["token"]).json()
    assert begun["requiresVerification"] is True and begun["backupCodes"] == []
    enabled = system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": system.totp(begun["secret"])}, person["token"])
    assert enabled.status_code == 200 and len(enabled.json()["backupCodes"]) == 10


def test_a_secret_that_no_code_confirmed_opens_nothing_and_replaces_nothing(system):
    person = system.person_with_app()
    proof = {"authorization": system.authorization(person, "factor_change")}
    pending = system.call("POST", "/api/code/create", proof, person["token"]).json()["secret"]
    challenge = system.log_in(person).json()["challengeId"]
    body = {"email": person["email"], "challengeId": challenge}
    assert system.call("POST", "/api/auth/2fa/verify", {**body, "code": system.totp(pending)}).status_code == 401
    assert system.call("POST", "/api/auth/2fa/verify", {**body, "code": system.app_code(person)}).status_code == 200


def test_of_two_bindings_begun_at_once_the_later_one_counts(system):
    person = system.register()
    secrets = [a.json()["secret"] for a in at_once(2, lambda _: system.call("POST", "/api/code/create", None, person["token"]))]
    answers = at_once(2, lambda i: system.call("POST", "/api/code/verify", {"code": system.totp(secrets[i])}, person["token"]))
    # The one that was confirmed ends the token that the other comes with, and leaves nothing to confirm.
    assert sorted(a.status_code for a in answers) in ([200, 400], [200, 401], [200, 409])


def test_the_app_is_preferred_where_both_are_on(system):
    person = system.bind_app(system.person_with_sms())
    pending = system.log_in(person).json()
    assert pending["method"] == "app" and "maskedPhone" not in pending and pending["codeSent"] is False
    count = len(system.messages(person["number"]))
    # Without the app at hand, a login may still ask for a text message.
    system.call("POST", "/api/auth/2fa/send-code", {"email": person["email"], "challengeId": pending["challengeId"]})
    assert count < len(system.messages(person["number"])) or system.code(person["number"], 3)
    code = system.code(person["number"], 3)
    body = {"email": person["email"], "challengeId": pending["challengeId"], "code": code}
    assert system.call("POST", "/api/auth/2fa/verify", body).status_code == 200
    # Before a sensitive act it may not: that would be the weaker factor of the caller's choice.
    challenge = system.challenge(person, "transfer")
    refused = system.call("POST", f"/api/auth/2fa/challenges/{challenge}/resend", {"channel": "sms"}, person["token"])
    assert refused.status_code == 409 and refused.json()["code"] == "no_second_factor"


def test_turning_two_step_login_off_needs_the_password_and_a_fresh_proof(system):
    person = system.person_with_app()
    remembered = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person),
        "rememberDevice": True})
    assert remembered.cookies["device"]

    def disable(**body):
        return system.call("POST", "/api/auth/2fa/disable", {"password": PASSWORD, **body}, person["token"])
    refused = disable()
    assert refused.status_code == 403 and refused.json()["code"] == "step_up_required" and refused.json()["purpose"] == "disable_2fa"
    for purpose in ("transfer", "password_change"):
        assert disable(authorization=system.authorization(person, purpose)).status_code == 403
    other = system.person_with_app()
    assert disable(authorization=system.authorization(other, "disable_2fa")).status_code == 403
    proof = system.authorization(person, "disable_2fa")
    wrong = disable(password="not-the-password", authorization=proof)
    assert wrong.status_code == 401 and wrong.json()["code"] == "credentials_invalid"

    assert disable(authorization=proof).status_code == 200
    session = system.call("GET", "/api/auth/session", token=person["token"]).json()
    assert session["twoFactorEnabled"] is False and session["method"] is None
    assert system.log_in(person).json()["requires2FA"] is False
    account = person["userId"].replace("-", "")
    for table in ("factor", "backup_code", "device", "challenge", "authorization"):
        assert not system.rows(f"SELECT 1 FROM {table} WHERE account_id = UNHEX(%s)", account), table
    assert "email" in system.notices(person, "two_factor_disabled")
    again = disable(authorization=proof)
    assert again.status_code == 409 and again.json()["code"] == "two_factor_off"


def test_backup_codes_are_made_anew_with_a_fresh_proof_and_the_old_ones_are_dead(system):
    person = system.person_with_app()
    refused = system.call("POST", "/api/auth/2fa/backup-codes", {}, person["token"])
    assert refused.status_code == 403 and refused.json()["purpose"] == "backup_codes"
    new = system.call("POST", "/api/auth/2fa/backup-codes", {"authorization": system.authorization(person, "backup_codes")}, person["token"])
    assert new.status_code == 200 and len(set(new.json()["backupCodes"])) == 10

    old, fresh = person["backupCodes"][0], new.json()["backupCodes"][0]
    challenge = system.challenge(person, "transfer")
    assert system.answer(challenge, backupCode=old).status_code == 401
    assert system.answer(challenge, backupCode=fresh.lower().replace("-", " ")).status_code == 200
    assert system.call("GET", "/api/auth/2fa/backup-codes", token=person["token"]).json() == {"remaining": 9}
    assert system.notices(person, "backup_code_used") == ["email"]


def test_a_session_at_level_1_reaches_nothing_that_asks_for_level_2(system):
    person = system.person_with_app()
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person),
        "rememberDevice": True})
    token = system.log_in(person, cookies={"device": done.cookies["device"]}).json()["token"]
    assert system.call("GET", "/api/auth/session", token=token).json()["aal"] == 1
    for method, path, body in [
            ("POST", "/api/auth/password", {"currentPassword": PASSWORD, "newPassword": "otter-basalt-77q"}),
            ("PUT", "/api/account/phone", {"phoneNumber": phone()}), ("DELETE", "/api/account/phone", None),
            ("POST", "/api/auth/2fa/enable", {"method": "app"}), ("POST", "/api/code/create", None),
            ("POST", "/api/code/verify", {"code": "123456"}), ("POST", "/api/auth/2fa/verify-and-enable", {"code": "123456"}),
            ("POST", "/api/auth/2fa/disable", {"password": PASSWORD}), ("GET", "/api/auth/2fa/backup-codes", None),
            ("POST", "/api/auth/2fa/backup-codes", {}), ("GET", "/api/auth/2fa/devices", None),
            ("DELETE", "/api/auth/2fa/devices/019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a", None)]:
        answer = system.call(method, path, body, token)
        assert (answer.status_code, answer.json()["code"]) == (403, "level_too_low"), path

    raised = system.call("POST", "/api/code/challenge", {"code": system.app_code(person)}, token)
    assert raised.status_code == 200 and raised.json()["status"] == "approved"
    assert system.call("GET", "/api/auth/session", token=token).status_code == 401
    assert system.call("GET", "/api/auth/session", token=raised.json()["token"]).json()["aal"] == 2


def test_a_stolen_session_cannot_change_password_or_phone(system):
    person = system.person_with_sms()
    change = {"currentPassword": PASSWORD, "newPassword": "otter-basalt-77q"}
    other = phone()
    for method, path, body, purpose in [
            ("POST", "/api/auth/password", change, "password_change"),
            ("PUT", "/api/account/phone", {"phoneNumber": other}, "phone_change"),
            ("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": other}, "phone_change"),
            ("POST", "/api/auth/verify-phone", {"phoneNumber": other, "action": "send"}, "phone_change")]:
        answer = system.call(method, path, body, person["token"])
        assert (answer.status_code, answer.json()["code"], answer.json()["purpose"]) == (403, "step_up_required", purpose), path
    assert system.messages(other) == []
    used = system.call("DELETE", "/api/account/phone", None, person["token"])
    assert used.status_code == 409 and used.json()["code"] == "phone_is_second_factor"


def test_a_first_number_is_added_after_a_proof_and_another_with_an_authorization(system):
    person = system.person_with_app()
    number, other = phone(), phone()
    assert system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"]).status_code == 200
    assert system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(number)}, person["token"]).status_code == 200
    refused = system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": other}, person["token"])
    assert refused.json()["code"] == "step_up_required" and refused.json()["purpose"] == "phone_change"
    body = {"phoneNumber": other, "authorization": system.authorization(person, "phone_change")}
    assert system.call("POST", "/api/auth/sms/send-phone-verification", body, person["token"]).status_code == 200
    # Its level alone, long after the proof, adds none.
    late = system.person_with_app()
    system.rows("UPDATE session SET factor_at = factor_at - INTERVAL 15 MINUTE WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", late["userId"])
    assert system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": phone()}, late["token"]).status_code == 403


def test_a_new_password_ends_sessions_devices_and_pending_logins(system):
    person = system.person_with_app()
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person),
        "rememberDevice": True})
    other, device = done.json()["token"], done.cookies["device"]
    pending = system.log_in(person).json()["challengeId"]
    unused = system.authorization(person, "transfer")

    new = "otter-basalt-77q"
    weak = {"currentPassword": PASSWORD, "newPassword": "password", "authorization": system.authorization(person, "password_change")}
    assert system.call("POST", "/api/auth/password", weak, person["token"]).json()["code"] == "password_rejected"
    # What was not done has cost no authorization.
    changed = system.call("POST", "/api/auth/password", {**weak, "newPassword": new}, person["token"])
    assert changed.status_code == 200, changed.text

    assert system.call("GET", "/api/auth/session", token=other).status_code == 401
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 200
    late = {"email": person["email"], "challengeId": pending, "code": system.app_code(person)}
    assert system.call("POST", "/api/auth/2fa/verify", late).status_code == 401
    key = system.key("challenges")
    assert system.call("POST", "/api/auth/2fa/authorizations/redeem", {"authorization": unused, "purpose": "transfer"}, key).status_code == 401
    login = system.call("POST", "/api/auth/login", {"email": person["email"], "password": new}, cookies={"device": device})
    assert login.json()["requires2FA"] is True
    assert system.notices(person, "password_changed") == ["email"]


def test_a_changed_number_is_told_and_transfers_cool_off(system):
    person = system.bind_app(system.person_with_sms())
    new = phone()
    asked = system.call("PUT", "/api/account/phone", {"phoneNumber": new, "authorization": system.authorization(person, "phone_change")},
                        person["token"])
    assert asked.status_code == 202, asked.text
    assert system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(new)}, person["token"]).status_code == 200
    assert "was changed" in system.wait_for_message(person["number"], 5)["body"]
    refused = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer"}, person["token"])
    assert refused.status_code == 403 and refused.json()["code"] == "cooling_off"
    until = datetime.datetime.fromisoformat(refused.json()["until"])
    assert 23.9 < (until - datetime.datetime.now(datetime.UTC)).total_seconds() / 3600 <= 24
    # Anything else is not money, and goes on.
    assert system.call("POST", "/api/auth/2fa/challenges", {"purpose": "password_change"}, person["token"]).status_code == 201


def test_who_claims_a_recycled_number_takes_it_away_as_a_factor(system):
    old = system.person_with_sms()
    new = system.register()
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": old["number"]}, new["token"])
    code = system.code(old["number"], 3)
    assert system.call("POST", "/api/auth/sms/verify-phone", {"code": code}, new["token"]).status_code == 409
    claim = {"phoneNumber": old["number"], "code": code}
    assert system.call("POST", "/api/auth/phone/claim", claim, new["token"]).status_code == 200

    session = system.call("GET", "/api/auth/session", token=old["token"]).json()
    assert session["twoFactorEnabled"] is False and session["aal"] == 1 and session["phoneVerified"] is False
    # By mail alone: the phone is the one thing known to be somebody else's.
    assert system.notices(old, "phone_claimed") == ["email"] and system.notices(old, "two_factor_disabled") == ["email"]
    assert not system.rows("SELECT 1 FROM backup_code WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", old["userId"])


def test_a_factor_that_works_is_replaced_only_with_an_authorization(system):
    person = system.person_with_app()
    assert system.call("POST", "/api/code/challenge", {"code": system.app_code(person)}, person["token"]).status_code == 200
    for path, body in (("/api/code/create", None), ("/api/auth/2fa/enable", {"method": "app"})):
        refused = system.call("POST", path, body, person["token"])
        assert (refused.status_code, refused.json()["code"], refused.json()["purpose"]) == (403, "step_up_required", "factor_change")
    challenge = system.challenge(person, "transfer")
    unused = system.authorization(person, "transfer")
    new = system.bind_app(person, authorization=system.authorization(person, "factor_change"))
    # What the old one could still have confirmed is over.
    assert system.answer(challenge, backupCode=new["backupCodes"][0]).status_code == 404
    key = system.key("challenges")
    assert system.call("POST", "/api/auth/2fa/authorizations/redeem", {"authorization": unused, "purpose": "transfer"}, key).status_code == 401


def test_a_session_that_was_left_open_binds_no_first_factor_without_the_password(system):
    person = system.register()
    system.rows("UPDATE session SET created_at = created_at - INTERVAL 15 MINUTE WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    refused = system.call("POST", "/api/code/create", None, person["token"])
    assert refused.status_code == 403 and refused.json()["code"] == "password_required"
    assert system.call("POST", "/api/code/create", {"password": "wrong-password-1"}, person["token"]).json()["code"] == "credentials_invalid"
    assert system.bind_app(person, password=PASSWORD)["status"] == "verified"


def test_the_code_that_binds_a_phone_is_of_the_session_that_asked_for_it(system):
    person = system.register()
    number = system.verify_phone(person)
    other = system.log_in(person).json()["token"]
    system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    code = system.code(number, 2)
    assert system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": code}, other).status_code == 400
    assert system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": code}, person["token"]).status_code == 200


def test_what_a_session_asked_for_ends_with_it(system):
    person = system.person_with_app()
    done = system.answer(system.log_in(person).json()["challengeId"], code=system.app_code(person)).json()
    challenge = system.challenge({"token": done["token"]}, "transfer")
    system.call("POST", "/api/auth/logout", {}, done["token"])
    over = system.answer(challenge, code=system.app_code(person))
    assert over.status_code == 410 and over.json()["code"] == "challenge_expired"


def test_an_administrators_factor_is_the_app_and_no_device_is_remembered(system):
    email = f"admin-{time.time_ns()}@example.com"
    system.ctl("admin", "create", "--email", email, "--password", PASSWORD)
    login = system.call("POST", "/api/auth/login", {"email": email, "password": PASSWORD}).json()
    person = {"email": email, "userId": login["userId"], "token": login["token"]}
    system.verify_phone(person)
    refused = system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    assert refused.status_code == 409 and refused.json()["code"] == "app_required"

    person = system.bind_app(person)
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": email, "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person), "rememberDevice": True})
    assert done.status_code == 200 and "device" not in done.cookies


@pytest.mark.parametrize("body", [{"method": "email"}, {"method": 1}, {"method": ["sms"]}, {"factor": "sms"}])
def test_another_method_is_refused_by_name(system, body):
    person = system.register()
    answer = system.call("POST", "/api/auth/2fa/enable", body, person["token"])
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_field" and answer.json()["field"] in ("method", "factor")
