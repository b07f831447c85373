"""Goal: a provider that makes and judges codes is, towards callers, what we are ourselves.

- the flows by Twilio Verify, Vonage Verify, and Twilio's apps
- what a code is good for, and when it is over, is decided here
- each of a provider's errors is told as one of ours
"""

import re
import subprocess

import pytest
import requests

from conftest import CODE, WITHOUT_SEND_LIMITS, System, at_once, eventually, phone
from test_sign_up import other

VERIFY = "VA" + "5a" * 16


@pytest.fixture(scope="module")
def twilio():
    running = System(VERIFICATION_ENGINE="twilio-verify", TOTP_ENGINE="twilio-verify", VERIFICATION_FALLBACK="none",
                     COUNTERSIGN_RESEND_SECONDS="0", **WITHOUT_SEND_LIMITS).start()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def vonage():
    running = System(VERIFICATION_ENGINE="vonage-verify", VERIFICATION_FALLBACK="none", COUNTERSIGN_RESEND_SECONDS="0",
                     **WITHOUT_SEND_LIMITS).start()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def vonage2():
    running = System(VERIFICATION_ENGINE="vonage-verify", VONAGE_VERIFY_VERSION="2", VERIFICATION_FALLBACK="none",
                     **WITHOUT_SEND_LIMITS).start()
    yield running
    running.remove()


@pytest.fixture(autouse=True)
def no_rules(request):
    yield
    for name in ("twilio", "vonage", "vonage2"):
        if name in request.fixturenames:
            request.getfixturevalue(name).clear_rules()


def send(system, number, person=None):
    return system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number},
                       (person or system.register())["token"])


def row_of(system, number):
    """The newest message to a number, by what the provider calls it."""
    return system.rows("SELECT m.*, h.sid, h.stale_sid FROM message m LEFT JOIN hosted_code h ON h.message_id = m.id "
                       "ORDER BY m.created_at DESC LIMIT 1")[0]


# The flows


def test_a_number_is_verified_by_twilio_verify(twilio):
    number = phone()
    sent = twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"})
    assert sent.status_code == 200 and sent.json()["sent"] is True
    code = twilio.code(number)
    message = twilio.messages(number)[0]
    assert message["provider"] == "twilio-verify" and message["body"] == f"Your Countersign verification code is: {code}"
    row = row_of(twilio, number)
    assert row["provider"] == "twilio-verify" and re.fullmatch("VE[0-9a-f]{32}", row["provider_sid"]) and row["sid"] == row["provider_sid"]
    assert row["provider_sid"] not in sent.text and row["payload_sealed"] is None

    wrong = twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "verify", "code": other(code)})
    assert wrong.status_code == 400 and wrong.json()["verified"] is False and wrong.json()["error"] == "Invalid or expired code"
    right = twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "verify", "code": code})
    assert right.status_code == 200 and right.json()["verified"] is True
    # Who has read the code has it.
    assert twilio.rows("SELECT status FROM message WHERE id = %s", row["id"])[0]["status"] == "delivered"
    again = twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "verify", "code": code})
    assert again.status_code == 400
    registered = twilio.register(phoneVerificationToken=right.json()["phoneVerificationToken"])
    assert registered["phoneVerified"] is True


@pytest.mark.parametrize("version", ["vonage", "vonage2"])
def test_the_hosts_codes_by_vonage_are_answered_as_written(request, version):
    system = request.getfixturevalue(version)
    key, number = system.key(), phone()
    check = {"phoneNumber": number, "code": "123456"}
    assert system.call("POST", "/check-otp", check, key).status_code == 404
    missing = system.call("POST", "/request-otp", {}, key)
    assert missing.status_code == 400 and missing.json()["error"] == "Phone number is required."
    asked = system.call("POST", "/request-otp", {"phoneNumber": number}, key)
    assert asked.status_code == 200 and asked.json()["message"] == "OTP requested successfully. Check your phone."
    code = system.code(number)
    row = row_of(system, number)
    assert row["provider"] == ("vonage-verify" if version == "vonage" else "vonage-verify2") and row["provider_sid"] not in asked.text
    assert system.call("POST", "/check-otp", {"phoneNumber": number}, key).status_code == 400
    assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": other(code)}, key).status_code == 401
    right = system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key)
    assert right.status_code == 200 and right.json()["message"] == "Verification successful!"
    assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 404


def test_a_code_can_be_called_out_by_either(twilio, vonage, vonage2):
    for system in (twilio, vonage, vonage2):
        number = phone()
        assert system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send", "channel": "call"}).status_code == 200
        call = system.wait_for_message(number)
        assert call["channel"] == "call"
        code = re.search(r"(\d(?:, \d){5})$", call["body"]).group(1).replace(", ", "")
        assert system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "verify", "code": code}).status_code == 200


def test_an_app_is_bound_and_judged_by_twilio_which_alone_has_its_secret(twilio):
    person = twilio.register()
    created = twilio.call("POST", "/api/code/create", None, person["token"])
    assert created.status_code == 200
    secret = created.json()["secret"]
    email = person["email"].replace("@", "%40")
    assert created.json()["uri"].startswith(f"otpauth://totp/Countersign:{email}?secret={secret}&issuer=Countersign")
    wrong = twilio.call("POST", "/api/code/verify", {"code": other(twilio.totp(secret))}, person["token"])
    assert wrong.status_code == 400
    bound = twilio.call("POST", "/api/code/verify", {"code": twilio.totp(secret)}, person["token"])
    assert bound.status_code == 200 and bound.json()["status"] == "verified" and len(bound.json()["backupCodes"]) == 10
    factor = twilio.rows("SELECT * FROM factor WHERE kind = 'app' AND account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])[0]
    assert re.fullmatch("YF[0-9a-f]{32}", factor["provider_sid"]) and factor["secret_sealed"] is None
    assert factor["pending_provider_sid"] is None and factor["pending_secret_sealed"] is None
    # The code that bound it is used up, whatever Twilio would say.
    person |= {"secret": secret, "token": bound.json()["token"]}
    assert twilio.call("POST", "/api/code/challenge", {"code": twilio.totp(secret)}, person["token"]).status_code == 401
    code = twilio.app_code(person)
    answers = at_once(8, lambda _: twilio.call("POST", "/api/code/challenge", {"code": code}, person["token"]))
    assert [a.status_code for a in answers].count(200) == 1
    assert next(a for a in answers if a.status_code == 200).json()["status"] == "approved"
    dump = subprocess.run(["mariadb-dump", "--no-defaults", "-S", twilio.state / "mariadb.sock", "-u", "root", "--hex-blob", "countersign"],
                          capture_output=True, check=True).stdout
    assert secret.encode() not in dump and person["email"].encode() in dump


def test_an_app_moves_from_one_judge_to_another_by_being_bound_again(own_system):
    system = own_system()
    person = system.person_with_app()
    system.stop()
    system.environment["TOTP_ENGINE"] = "twilio-verify"
    system.start()
    # What was bound here is judged here.
    assert system.call("POST", "/api/code/challenge", {"code": system.app_code(person)}, person["token"]).status_code == 200
    moved = system.bind_app(person, authorization=system.authorization(person, "factor_change"))
    factor = system.rows("SELECT * FROM factor WHERE kind = 'app'")[0]
    assert factor["provider_sid"].startswith("YF") and factor["secret_sealed"] is None
    assert system.call("POST", "/api/code/challenge", {"code": system.app_code(moved)}, moved["token"]).status_code == 200
    system.stop()
    del system.environment["TOTP_ENGINE"]
    # Twilio still judges what it has the secret of, as long as we may ask it.
    system.environment["TWILIO_VERIFY_SERVICE_SID"] = VERIFY
    system.start()
    refused = system.call("POST", "/api/code/challenge", {"code": system.app_code(moved)}, moved["token"])
    # The sandbox has forgotten the factor with its restart: a provider that knows none says that no code is right.
    assert refused.status_code == 401


def test_a_payment_is_confirmed_by_a_service_that_names_amount_and_payee(twilio):
    person = twilio.person_with_sms()
    details = {"amount": 123456, "currency": "EUR", "payee": "ACME GmbH"}
    challenge = twilio.challenge(person, "transfer", details=details)
    code = twilio.code(person["number"], 3)
    assert twilio.messages(person["number"])[0]["body"] == f"1234.56 EUR to ACME GmbH. Your Countersign code is: {code}"
    assert twilio.rows("SELECT provider FROM message ORDER BY created_at DESC LIMIT 1")[0]["provider"] == "twilio-psd2"
    assert twilio.answer(challenge, code=other(code)).status_code == 401
    assert twilio.answer(challenge, code=code).status_code == 200


# What is decided here


def test_another_code_is_a_new_one_and_the_earlier_one_is_dead(twilio):
    person, number = twilio.register(), phone()
    send(twilio, number, person)
    first = twilio.code(number)
    eventually(lambda: row_of(twilio, number)["sid"])
    assert twilio.call("POST", "/api/auth/sms/resend", None, person["token"]).status_code == 200
    second = twilio.code(number, 2)
    # Twilio alone would have sent the first one again.
    assert first != second
    assert twilio.call("POST", "/api/auth/sms/verify-phone", {"code": first}, person["token"]).status_code == 400
    assert twilio.call("POST", "/api/auth/sms/verify-phone", {"code": second}, person["token"]).status_code == 200


def test_two_codes_for_one_number_are_two_and_neither_is_good_for_the_other(own_system):
    system = own_system(VERIFICATION_ENGINE="twilio-verify")
    key, number, person = system.key(), phone(), system.register()
    send(system, number, person)
    first = system.code(number)
    eventually(lambda: row_of(system, number)["sid"])
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
    second = system.code(number, 2)
    # A provider has one code for a number: the second is made here.
    assert [m["provider"] for m in system.messages(number)] == ["twilio", "twilio-verify"]
    if first != second:
        assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": first}, key).status_code == 401
        assert system.call("POST", "/api/auth/sms/verify-phone", {"code": second}, person["token"]).status_code == 400
    assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": second}, key).status_code == 200
    assert system.call("POST", "/api/auth/sms/verify-phone", {"code": first}, person["token"]).status_code == 200


def test_a_code_that_was_right_claims_a_number_though_the_provider_forgot_it(twilio):
    holder, person = twilio.register(), twilio.register()
    number = twilio.verify_phone(holder)
    send(twilio, number, person)
    code = twilio.code(number, 2)
    taken = twilio.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"])
    assert taken.status_code == 409 and taken.json()["code"] == "phone_in_use"
    assert twilio.call("POST", "/api/auth/phone/claim", {"phoneNumber": number, "code": code}, person["token"]).status_code == 200


def test_of_parallel_right_codes_one_succeeds_and_three_tries_are_all(twilio, vonage):
    for system in (twilio, vonage):
        key, number = system.key(), phone()
        system.call("POST", "/request-otp", {"phoneNumber": number}, key)
        code = system.code(number)
        answers = at_once(20, lambda _: system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key))
        assert [a.status_code for a in answers].count(200) == 1

        number = phone()
        system.call("POST", "/request-otp", {"phoneNumber": number}, key)
        code = system.code(number)
        wrong = [system.call("POST", "/check-otp", {"phoneNumber": number, "code": other(code)}, key).status_code for _ in range(3)]
        assert wrong == [401] * 3
        assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 401


def test_a_code_that_the_provider_let_expire_is_wrong_and_nothing_else(twilio):
    person, number = twilio.register(), phone()
    send(twilio, number, person)
    code = twilio.code(number)
    eventually(lambda: row_of(twilio, number)["sid"])
    assert requests.post(f"{twilio.sandbox}/api/clock", json={"seconds": 601}, timeout=10).status_code == 200
    late = twilio.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"])
    assert requests.post(f"{twilio.sandbox}/api/clock", json={"seconds": -601}, timeout=10).status_code == 200
    assert late.status_code == 400 and late.json()["code"] == "code_incorrect" and late.json()["attemptsRemaining"] == 0


def test_a_reset_is_never_judged_by_a_provider(twilio):
    """The time of a check would tell whose number it is."""
    person = twilio.register()
    number = twilio.verify_phone(person)
    twilio.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number})
    eventually(lambda: len(twilio.messages(number)) == 2)
    assert twilio.messages(number)[0]["provider"] == "twilio"


def test_a_try_that_nobody_judged_is_given_back(twilio):
    key, number = twilio.key(), phone()
    twilio.call("POST", "/request-otp", {"phoneNumber": number}, key)
    code = twilio.code(number)
    twilio.rule(action="fail", status=503, provider="twilio-verify", on="check", times=5)
    answers = [twilio.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key) for _ in range(5)]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "provider_unavailable")}
    assert all(int(a.headers["Retry-After"]) > 0 for a in answers)
    assert twilio.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 200

    person = twilio.person_with_app()
    code = twilio.app_code(person)
    twilio.rule(action="fail", status=503, provider="twilio-verify", on="check", times=12)
    answers = [twilio.call("POST", "/api/code/challenge", {"code": code}, person["token"]) for _ in range(12)]
    assert {a.status_code for a in answers} == {503}
    assert twilio.call("POST", "/api/code/challenge", {"code": code}, person["token"]).status_code == 200


def test_a_check_whose_answer_was_lost_asks_for_another_code(twilio):
    key, number = twilio.key(), phone()
    twilio.call("POST", "/request-otp", {"phoneNumber": number}, key)
    code = twilio.code(number)
    twilio.rule(action="fail", status=500, provider="twilio-verify", on="check", times=1)
    lost = twilio.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key)
    assert lost.status_code == 504 and lost.json()["code"] == "provider_outcome_unknown"


def test_a_start_whose_answer_was_lost_is_found_and_not_sent_twice(twilio, vonage):
    for system, provider in ((twilio, "twilio-verify"), (vonage, "vonage-verify")):
        number, person = phone(), system.register()
        if provider == "twilio-verify":
            system.rule(action="fail", status=500, provider=provider, to=number, times=1, accepted=True)
        else:
            system.rule(action="fail", code=5, provider=provider, to=number, times=1, accepted=True)
        send(system, number, person)
        code = system.code(number)
        eventually(lambda: row_of(system, number)["status"] == "sent" and row_of(system, number)["sid"])
        assert len(system.messages(number)) == 1
        assert system.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"]).status_code == 200


def test_others_are_answered_while_50_checks_wait_for_their_provider(twilio):
    key = twilio.key()
    numbers = [phone() for _ in range(50)]
    for number in numbers:
        twilio.call("POST", "/request-otp", {"phoneNumber": number}, key)
    codes = {number: twilio.code(number) for number in numbers}
    eventually(lambda: twilio.rows("SELECT COUNT(*) AS n FROM hosted_code WHERE sid IS NOT NULL")[0]["n"] >= 50)
    twilio.rule(action="slow", seconds=10, provider="twilio-verify", on="check", times=50)
    answers, during = [], []

    def act(index):
        if index < 50:
            answers.append(twilio.call("POST", "/check-otp", {"phoneNumber": numbers[index], "code": codes[numbers[index]]}, key))
            return
        # Beside them, on the same responder.
        eventually(lambda: len(twilio.rows("SELECT 1 FROM verification WHERE purpose = 'otp' AND tries = 1")) >= 50)
        for _ in range(20):
            during.append((twilio.call("POST", "/check-otp", {"phoneNumber": phone(), "code": "123456"}, key).status_code, len(answers)))
    at_once(51, act)
    # More than the eight workers there are wait, and the others were answered before the first of those.
    assert during == [(404, 0)] * 20
    # The provider took longer than anybody waits.
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(504, "provider_outcome_unknown")}


def test_codes_that_are_checked_are_in_no_log(twilio, vonage):
    for system in (twilio, vonage):
        number, person = phone(), system.register()
        send(system, number, person)
        code = system.code(number)
        assert system.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"]).status_code == 200
        logs = b"".join(path.read_bytes() for path in (system.state / "logs").iterdir() if path.name != "mariadb.log")
        # Six digits may be part of a time or an id; a request's body is neither.
        assert number.encode() not in logs and number[1:].encode() not in logs
        assert not re.search(rb"\b(Code|code|AuthPayload)=?[\"':= ]+" + code.encode(), logs)


def test_a_code_of_a_payment_is_never_taken_from_another(vonage):
    """Vonage names the code that it has, and not what that was made for."""
    person = vonage.person_with_sms()
    details = {"amount": 100, "currency": "EUR", "payee": "Eve"}
    vonage.challenge(person, "transfer", details=details)
    first = vonage.code(person["number"], 3)
    # As when the courier died with the answer.
    vonage.rows("UPDATE message SET provider_sid = NULL WHERE provider = 'vonage-verify' ORDER BY created_at DESC LIMIT 1")
    vonage.rows("DELETE FROM hosted_code")
    second = vonage.challenge(person, "transfer", details={**details, "amount": 99_900})
    eventually(lambda: vonage.rows("SELECT 1 FROM message WHERE status = 'failed' AND failure = 'verification_in_progress'"))
    assert vonage.answer(second, code=first).status_code == 401


def test_a_code_of_an_owners_is_not_kept_out_by_a_stranger(twilio):
    person = twilio.person_with_sms()
    assert twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": person["number"], "action": "send"}).status_code == 200
    stranger = twilio.code(person["number"], 3)
    eventually(lambda: row_of(twilio, person["number"])["sid"])
    login = twilio.log_in(person).json()
    code = twilio.code(person["number"], 4)
    assert twilio.messages(person["number"])[0]["provider"] == "twilio-verify" and code != stranger
    done = twilio.call("POST", "/api/auth/2fa/verify", {"email": person["email"], "challengeId": login["challengeId"], "code": code})
    assert done.status_code == 200
    # And a stranger does not keep out an owner's.
    login = twilio.log_in(person).json()
    code = twilio.code(person["number"], 5)
    eventually(lambda: row_of(twilio, person["number"])["sid"])
    refused = twilio.call("POST", "/api/auth/verify-phone", {"phoneNumber": person["number"], "action": "send"})
    assert refused.status_code == 429
    done = twilio.call("POST", "/api/auth/2fa/verify", {"email": person["email"], "challengeId": login["challengeId"], "code": code})
    assert done.status_code == 200


def test_where_nobody_else_makes_codes_a_number_has_one_and_who_comes_second_is_told(twilio, vonage):
    for system in (twilio, vonage):
        first, second, number = system.register(), system.register(), phone()
        key = system.key()
        assert send(system, number, first).status_code == 200
        code = system.code(number)
        eventually(lambda: row_of(system, number)["sid"])
        for refused in (send(system, number, second), system.call("POST", "/request-otp", {"phoneNumber": number}, key),
                        system.call("POST", "/api/sms/send-verification", {"phoneNumber": number}, key)):
            assert (refused.status_code, refused.json()["code"]) == (409, "verification_in_progress")
        stranger = system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"})
        assert (stranger.status_code, stranger.json()["code"]) == (429, "send_refused")
        assert len(system.messages(number)) == 1
        assert system.call("POST", "/api/auth/sms/verify-phone", {"code": code}, first["token"]).status_code == 200
        assert send(system, number, second).status_code == 200


def test_a_code_that_is_over_at_the_provider_has_no_tries_left(twilio):
    person, number = twilio.register(), phone()
    send(twilio, number, person)
    code = twilio.code(number)
    eventually(lambda: row_of(twilio, number)["sid"])
    twilio.rule(action="fail", status=404, code=20404, provider="twilio-verify", on="check", times=1)
    answers = [twilio.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"]) for _ in range(3)]
    assert [(a.status_code, a.json()["attemptsRemaining"]) for a in answers] == [(400, 0)] * 3


def test_an_answer_that_nobody_knows_costs_the_try(twilio):
    key, number = twilio.key(), phone()
    twilio.call("POST", "/request-otp", {"phoneNumber": number}, key)
    code = twilio.code(number)
    eventually(lambda: row_of(twilio, number)["sid"])
    twilio.rule(action="fail", status=400, code=69999, provider="twilio-verify", on="check", times=3)
    answers = [twilio.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key) for _ in range(3)]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(502, "provider_request_rejected")}
    assert twilio.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 401


# Errors


STARTS = [
    # Twilio's number and status, then ours.
    ("twilio", 60200, 400, 422, "destination_invalid"),
    ("twilio", 60205, 403, 422, "destination_not_sms_capable"),
    ("twilio", 60600, 400, 422, "destination_unreachable"),
    ("twilio", 60605, 403, 422, "region_not_supported"),
    ("twilio", 60410, 403, 403, "blocked_by_risk_policy"),
    ("twilio", 60412, 403, 403, "blocked_by_risk_policy"),
    ("twilio", 60238, 403, 403, "blocked_by_risk_policy"),
    ("twilio", 60203, 429, 429, "send_limit_reached"),
    ("twilio", 60212, 429, 409, "verification_in_progress"),
    ("twilio", 60206, 400, 502, "provider_request_rejected"),
    ("twilio", 60214, 400, 502, "provider_request_rejected"),
    ("twilio", 60408, 400, 502, "provider_request_rejected"),
    ("twilio", 60602, 400, 502, "provider_request_rejected"),
    ("twilio", 20003, 401, 502, "provider_unavailable"),
    ("twilio", 60603, 403, 502, "provider_unavailable"),
    *[("twilio", code, 403, 502, "channel_unavailable") for code in
      (60204, 60207, 60209, 60210, 60211, 60220, 60222, 60223, 60228, 60242, 60248, 60250, 68008, 21608, 572005)],
    ("twilio", 59999, 400, 502, "provider_request_rejected"),
    ("vonage", 2, None, 502, "provider_request_rejected"),
    ("vonage", 3, None, 422, "destination_invalid"),
    ("vonage", 4, None, 502, "provider_unavailable"),
    ("vonage", 6, None, 422, "destination_invalid"),
    ("vonage", 7, None, 403, "blocked_by_risk_policy"),
    ("vonage", 8, None, 502, "provider_unavailable"),
    ("vonage", 9, None, 502, "provider_unavailable"),
    ("vonage", 10, None, 409, "verification_in_progress"),
    ("vonage", 15, None, 422, "region_not_supported"),
    ("vonage", 20, None, 502, "channel_unavailable"),
    ("vonage", 29, None, 502, "channel_unavailable"),
    ("vonage", 240, None, 502, "provider_request_rejected"),
    ("vonage2", None, 401, 502, "provider_unavailable"),
    ("vonage2", None, 402, 502, "provider_unavailable"),
    ("vonage2", None, 403, 403, "blocked_by_risk_policy"),
    ("vonage2", None, 409, 409, "verification_in_progress"),
    ("vonage2", None, 422, 422, "destination_invalid"),
]


@pytest.mark.parametrize("provider, code, status, ours, word", STARTS)
def test_an_error_of_a_start_is_told_as_ours(request, provider, code, status, ours, word):
    system = request.getfixturevalue(provider)
    number = phone()
    rule = {"code": code, "status": status}
    system.rule(action="fail", provider="twilio-verify" if provider == "twilio" else "vonage-verify", to=number,
                **{k: v for k, v in rule.items() if v is not None})
    answer = send(system, number)
    assert (answer.status_code, answer.json()["code"]) == (ours, word)
    assert (answer.status_code in (429, 503)) <= ("Retry-After" in answer.headers)
    # A stranger hears one answer for all of them.
    answer = system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"})
    assert (answer.status_code, answer.json()["error"]) == (429, "Could not send code. Try again later.")
    assert not system.messages(number)


@pytest.mark.parametrize("code, status", [(20429, 429), (25109, 429), (60626, 429), (20503, 503)])
def test_a_provider_that_may_take_a_code_later_is_asked_again(twilio, code, status):
    number, person = phone(), twilio.register()
    twilio.rule(action="fail", provider="twilio-verify", to=number, code=code, status=status, times=2)
    assert send(twilio, number, person).status_code == 200
    assert twilio.call("POST", "/api/auth/sms/verify-phone", {"code": twilio.code(number)}, person["token"]).status_code == 200


CHECKS = [
    ("twilio", 60202, 429, 401, "code_incorrect"),
    ("twilio", 20404, 404, 401, "code_incorrect"),
    ("twilio", 20429, 429, 503, "provider_rate_limited"),
    ("twilio", 20003, 401, 502, "provider_unavailable"),
    ("twilio", 60200, 400, 502, "provider_request_rejected"),
    ("twilio", 60221, 400, 502, "provider_request_rejected"),
    ("twilio", 20503, 503, 503, "provider_unavailable"),
    ("twilio", 20500, 500, 504, "provider_outcome_unknown"),
    ("vonage", 1, None, 503, "provider_rate_limited"),
    ("vonage", 2, None, 502, "provider_request_rejected"),
    ("vonage", 4, None, 502, "provider_unavailable"),
    ("vonage", 5, None, 504, "provider_outcome_unknown"),
    ("vonage", 6, None, 401, "code_incorrect"),
    ("vonage", 9, None, 502, "provider_unavailable"),
    ("vonage", 16, None, 401, "code_incorrect"),
    ("vonage", 17, None, 401, "code_incorrect"),
    ("vonage2", None, 400, 401, "code_incorrect"),
    ("vonage2", None, 401, 502, "provider_unavailable"),
    ("vonage2", None, 402, 502, "provider_unavailable"),
    ("vonage2", None, 404, 401, "code_incorrect"),
    ("vonage2", None, 410, 401, "code_incorrect"),
    ("vonage2", None, 429, 503, "provider_rate_limited"),
    ("vonage2", None, 500, 504, "provider_outcome_unknown"),
]


@pytest.mark.parametrize("provider, code, status, ours, word", CHECKS)
def test_an_error_of_a_check_is_told_as_ours(request, provider, code, status, ours, word):
    system = request.getfixturevalue(provider)
    key, number = system.key(), phone()
    system.call("POST", "/request-otp", {"phoneNumber": number}, key)
    right = system.code(number)
    eventually(lambda: row_of(system, number)["sid"])
    rule = {"code": code, "status": status}
    system.rule(action="fail", provider="twilio-verify" if provider == "twilio" else "vonage-verify", on="check", times=1,
                **{k: v for k, v in rule.items() if v is not None})
    answer = system.call("POST", "/check-otp", {"phoneNumber": number, "code": right}, key)
    assert (answer.status_code, answer.json()["code"]) == (ours, word)
    assert (answer.status_code in (429, 503)) <= ("Retry-After" in answer.headers)


@pytest.mark.parametrize("code, status, ours, word", [
    (60310, 429, 429, "challenge_exhausted"), (60315, 400, 429, "factor_limit_reached"), (60326, 429, 429, "factor_limit_reached"),
    (20429, 429, 503, "provider_rate_limited"), (20003, 401, 502, "provider_unavailable"), (60306, 400, 502, "provider_request_rejected"),
    (60313, 403, 502, "provider_request_rejected"), (60204, 403, 502, "channel_unavailable")])
def test_an_error_while_an_app_is_bound_is_told_as_ours(twilio, code, status, ours, word):
    person = twilio.register()
    twilio.rule(action="fail", provider="twilio-verify", on="check", times=1, code=code, status=status)
    answer = twilio.call("POST", "/api/code/create", None, person["token"])
    assert (answer.status_code, answer.json()["code"]) == (ours, word)


@pytest.mark.parametrize("code, status, ours, word", [
    (60308, 429, 429, "challenge_exhausted"), (60312, 429, 429, "challenge_limit_reached"), (60318, 403, 401, "code_incorrect"), (60311, 403, 401, "code_incorrect"),
    (60324, 403, 401, "code_incorrect"), (60322, 403, 401, "code_incorrect"), (60323, 403, 401, "code_incorrect"),
    (20404, 404, 401, "code_incorrect"), (20429, 429, 503, "provider_rate_limited"), (20503, 503, 503, "provider_unavailable")])
def test_an_error_while_an_apps_code_is_judged_is_told_as_ours(twilio, code, status, ours, word):
    person = twilio.person_with_app()
    twilio.rule(action="fail", provider="twilio-verify", on="check", times=1, code=code, status=status)
    answer = twilio.call("POST", "/api/code/challenge", {"code": twilio.app_code(person)}, person["token"])
    assert (answer.status_code, answer.json()["code"]) == (ours, word)


MESSAGES = [
    ("twilio", 21211, 400, 422, "destination_invalid"), ("twilio", 21217, 400, 422, "destination_invalid"),
    ("twilio", 21614, 400, 422, "destination_not_sms_capable"), ("twilio", 21612, 400, 422, "destination_unreachable"),
    ("twilio", 21408, 400, 422, "region_not_supported"), ("twilio", 21215, 400, 422, "region_not_supported"),
    # Who has stopped us is told to whoever has proven the number, and to nobody else.
    ("twilio", 21610, 400, 429, "send_refused"),
    *[("twilio", code, 400, 502, "channel_unavailable") for code in (21212, 21606, 21608, 21657, 21660, 21701, 21703, 21704, 21705)],
    *[("twilio", code, 400, 502, "provider_request_rejected") for code in (21602, 21603, 21604, 21617, 21624, 21910)],
    ("twilio", 20003, 401, 502, "provider_unavailable"), ("twilio", 20005, 403, 502, "provider_unavailable"),
    ("twilio", 20008, 403, 502, "provider_unavailable"),
]


@pytest.mark.parametrize("provider, code, status, ours, word", MESSAGES)
def test_an_error_of_a_message_is_told_as_ours(system, provider, code, status, ours, word):
    number, person = phone(), system.register()
    system.rule(action="fail", provider=provider, to=number, code=code, status=status)
    answer = send(system, number, person)
    system.clear_rules()
    assert (answer.status_code, answer.json()["code"]) == (ours, word)


@pytest.fixture(scope="module")
def by_vonage():
    running = System(SMS_PROVIDERS="twilio", SMS_ROUTES="US=vonage", **WITHOUT_SEND_LIMITS).start()
    yield running
    running.remove()


@pytest.mark.parametrize("code, ours, word", [
    (2, 502, "provider_request_rejected"), (3, 422, "destination_invalid"), (4, 502, "provider_unavailable"), (6, 422, "destination_invalid"),
    (7, 429, "send_refused"), (8, 502, "provider_unavailable"), (9, 502, "provider_unavailable"), (11, 502, "channel_unavailable"),
    (12, 502, "provider_request_rejected"), (14, 502, "provider_unavailable"), (15, 502, "channel_unavailable"),
    (22, 502, "provider_request_rejected"), (23, 502, "provider_request_rejected"), (29, 502, "channel_unavailable"),
    (32, 502, "provider_request_rejected"), (33, 422, "destination_unknown")])
def test_an_error_of_vonages_messages_is_told_as_ours(by_vonage, code, ours, word):
    number, person = phone(), by_vonage.register()
    by_vonage.rule(action="fail", provider="vonage", to=number, code=code)
    answer = send(by_vonage, number, person)
    assert (answer.status_code, answer.json()["code"]) == (ours, word)
