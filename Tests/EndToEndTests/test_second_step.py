"""Goal: a login with a second factor on takes two steps, and the first one alone opens nothing.

- by text message, app, and backup code; a code again
- a pending login is its own kind of token
"""

import re

import pytest

from conftest import CODE, ENGINE, at_once
from contract import operations


def test_the_whole_login_by_text_message(system):
    person = system.person_with_sms()
    login = system.log_in(person)
    pending = login.json()
    assert pending["requires2FA"] is True and pending["method"] == "sms" and pending["codeSent"] is True
    assert "token" not in pending and "userId" not in pending and "session=" not in login.headers["Set-Cookie"]
    assert re.fullmatch(r"\+1 \(•••\) •••-••\d\d", pending["maskedPhone"]) and pending["maskedPhone"][-2:] == person["number"][-2:]
    code = system.code(person["number"], 3)
    text = system.messages(person["number"])[0]["body"]
    assert ENGINE != "local" or text == f"Countersign: your code to sign in is {code}. Valid 5 minutes. Never share it.\n\n@127.0.0.1 #{code}"

    done = system.call("POST", "/api/auth/2fa/verify", {"email": person["email"], "code": code, "challengeId": pending["challengeId"]})
    assert done.status_code == 200 and done.json()["userId"] == person["userId"]
    session = system.call("GET", "/api/auth/session", token=done.json()["token"]).json()
    assert session["aal"] == 2 and session["email"] == person["email"]
    again = system.call("POST", "/api/auth/2fa/verify", {"email": person["email"], "code": code, "challengeId": pending["challengeId"]})
    assert again.status_code == 401


def test_the_pending_cookie_stands_for_the_challenge_id(system):
    person = system.person_with_app()
    login = system.log_in(person)
    cookie = login.headers["Set-Cookie"]
    assert f"pending={login.json()['challengeId']}; Path=/; Max-Age=600; HttpOnly; SameSite=Strict" in cookie
    body = {"email": person["email"], "code": system.app_code(person)}
    assert system.call("POST", "/api/auth/2fa/verify", body).status_code == 401
    done = system.call("POST", "/api/auth/2fa/verify", body, cookies={"pending": login.cookies["pending"]})
    assert done.status_code == 200 and "pending=; Path=/; Max-Age=0" in done.headers["Set-Cookie"]


def test_pending_in_a_path_is_the_challenge_of_the_cookie(system):
    person = system.person_with_sms()
    login = system.log_in(person)
    path = "/api/auth/2fa/challenges/pending"
    pending = {"cookies": {"pending": login.cookies["pending"]}}
    ours = pending | {"headers": {"Sec-Fetch-Site": "same-origin"}}
    assert system.call("GET", path).status_code == 404
    assert system.call("GET", path, **pending).json()["maskedPhone"] == login.json()["maskedPhone"]
    # Another origin of the same site, whose requests have the cookie too, asks for nothing and answers nothing.
    code = system.code(person["number"], 3)
    for act, body in [("resend", {}), ("verify", {"code": code})]:
        for headers in ({}, {"Sec-Fetch-Site": "same-site"}, {"Origin": system.sandbox}):
            assert system.call("POST", f"{path}/{act}", body, cookies=pending["cookies"], headers=headers).json()["code"] == "cross_origin"
    assert system.call("POST", f"{path}/resend", {}, **ours).json()["code"] == "resend_too_soon"
    assert system.call("POST", f"{path}/resend", {}, headers=ours["headers"]).status_code == 401
    assert system.call("POST", f"{path}/verify", {"code": code}, headers=ours["headers"]).status_code == 404
    done = system.call("POST", f"{path}/verify", {"code": code}, **ours)
    assert done.status_code == 200 and "pending=; Path=/; Max-Age=0" in done.headers["Set-Cookie"]
    assert system.call("GET", path, **pending).status_code == 410


def test_a_login_says_when_another_code_may_be_asked_for_or_a_first_one(system):
    person = system.person_with_sms()
    logins = [system.log_in(person).json() for _ in range(4)]
    assert [login["resendAfter"] for login in logins[:3]] == [60] * 3
    assert logins[3]["codeSent"] is False and 3_400 < logins[3]["resendAfter"] <= 3_600
    assert "resendAfter" not in system.log_in(system.person_with_app()).json()


def test_code_challenge_completes_a_pending_login_too(system):
    person = system.person_with_app()
    pending, code = system.log_in(person).json()["challengeId"], system.app_code(person)
    done = system.call("POST", "/api/code/challenge", {"code": code, "challengeId": pending})
    assert done.status_code == 200 and done.json()["status"] == "approved"
    assert system.call("GET", "/api/auth/session", token=done.json()["token"]).json()["aal"] == 2
    assert system.call("POST", "/api/code/challenge", {"code": code, "challengeId": pending}).status_code == 401
    assert system.call("POST", "/api/code/challenge", {"code": code}, done.json()["token"]).status_code == 401
    assert system.call("POST", "/api/code/challenge", {"code": code}).json()["code"] == "unauthenticated"


def test_a_backup_code_completes_a_login_once(system):
    person = system.person_with_sms()
    code = person["backupCodes"][3]
    for status in (200, 401):
        pending = system.log_in(person).json()["challengeId"]
        answer = system.call("POST", "/api/auth/2fa/verify",
                             {"email": person["email"], "code": code, "useBackupCode": True, "challengeId": pending})
        assert answer.status_code == status
    # A backup code is none that was sent, and the other way round.
    wrong = {"email": person["email"], "code": person["backupCodes"][4], "challengeId": pending}
    assert system.call("POST", "/api/auth/2fa/verify", wrong).status_code == 401


def test_nothing_is_sent_to_who_holds_no_pending_login(system):
    person, stranger = system.person_with_sms(), system.person_with_sms()
    before = len(system.messages(person["number"]))
    of_stranger = system.log_in(stranger).json()["challengeId"]
    step_up = system.challenge(person, "transfer")
    system.code(person["number"], 3)
    bodies = [{"email": person["email"]}, {"email": person["email"], "challengeId": "x"}, {"email": person["email"], "challengeId": "A" * 43},
              {"email": person["email"], "challengeId": of_stranger}, {"email": stranger["email"], "challengeId": step_up},
              {"email": person["email"], "challengeId": step_up}, {"email": "nobody@example.com"}, {"email": "no address"}]
    answers = [system.call("POST", "/api/auth/2fa/send-code", body) for body in bodies]
    assert {a.status_code for a in answers} == {200} and {a.text for a in answers} == {'{"requires2FA":true,"success":true}'}
    assert len(system.messages(person["number"])) == before + 1


def test_another_code_is_sent_after_the_gap_and_the_earlier_one_is_dead(own_system):
    system = own_system(COUNTERSIGN_RESEND_SECONDS="1")
    person = system.person_with_sms()
    pending = system.log_in(person).json()["challengeId"]
    first = system.code(person["number"], 3)
    body = {"email": person["email"], "challengeId": pending}
    # Within the gap the answer is the same, and nothing goes out.
    assert system.call("POST", "/api/auth/2fa/send-code", body).status_code == 200
    system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 1 SECOND")
    assert system.call("POST", "/api/auth/2fa/send-code", body).status_code == 200
    second = system.code(person["number"], 4)
    assert len([m for m in system.messages(person["number"]) if CODE.search(m["body"])]) == 4
    if first != second:
        assert system.call("POST", "/api/auth/2fa/verify", {**body, "code": first}).status_code == 401
    assert system.call("POST", "/api/auth/2fa/verify", {**body, "code": second}).status_code == 200


def test_a_login_goes_on_when_no_code_may_be_sent(system):
    person = system.person_with_sms()
    pending = [system.log_in(person).json() for _ in range(4)]
    assert [p["codeSent"] for p in pending] == [True, True, True, False]
    answer = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "code": person["backupCodes"][0], "useBackupCode": True, "challengeId": pending[3]["challengeId"]})
    assert answer.status_code == 200


def test_a_pending_login_opens_nothing_but_the_second_step(system):
    """Every operation of the document, with the id as a token and as every cookie there is."""
    person = system.person_with_app()
    pending = system.log_in(person).json()["challengeId"]
    anyone = {"/api/auth/register", "/api/auth/login", "/api/auth/verify-phone", "/api/auth/2fa/send-code", "/api/auth/2fa/verify",
              "/api/code/challenge", "/api/auth/2fa/challenges/{id}", "/api/auth/2fa/challenges/{id}/verify", "/api/auth/2fa/challenges/{id}/resend",
              "/api/auth/sms/request-password-reset", "/api/auth/sms/verify-and-reset", "/api/notifications/unsubscribe/{token}"}
    tried = 0
    for method, _, _, path in operations():
        if path in anyone or not path.startswith(("/api/", "/request-otp", "/check-otp")) or "webhooks" in path:
            continue
        concrete = re.sub(r"\{[^}]*\}", "019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a", path)
        for headers, cookies in [({"Authorization": f"Bearer {pending}"}, {}), ({"Sec-Fetch-Site": "same-origin"}, {"session": pending})]:
            answer = system.call(method, concrete, {} if method != "GET" else None, headers=headers, cookies=cookies)
            assert answer.status_code in (401, 403), (method, path, answer.text)
            tried += 1
    assert tried > 50
    for cookies in ({"pending": pending}, {"device": pending}, {"session": pending}):
        assert system.call("GET", "/api/auth/session", cookies=cookies).status_code == 401


@pytest.mark.parametrize("code", [None, "", [], {}, True, 123456, " 123456", "123456\n", "１２３４５６", "0x1234", "12345", "1234567", "x" * 10_000])
def test_what_is_no_code_is_refused_and_is_no_try(system, code):
    person = system.person_with_app()
    pending = system.log_in(person).json()["challengeId"]
    for path, body in [("/api/auth/2fa/verify", {"email": person["email"], "challengeId": pending}),
                       ("/api/code/challenge", {"challengeId": pending}), (f"/api/auth/2fa/challenges/{pending}/verify", {})]:
        assert system.call("POST", path, {**body, "code": code}).status_code in (400, 401)
    assert system.rows("SELECT tries FROM challenge WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])[0]["tries"] == 0
    assert system.answer(pending, code=system.app_code(person)).status_code == 200


def test_one_persons_pending_login_takes_nothing_of_anothers(system):
    """Somebody else's code, backup code, email address, device, and challenge."""
    victim, attacker = system.person_with_app(), system.person_with_app()
    pending = system.log_in(victim).json()["challengeId"]
    own = system.log_in(attacker).json()["challengeId"]
    for body in [{"email": victim["email"], "challengeId": pending, "code": system.app_code(attacker)},
                 {"email": victim["email"], "challengeId": pending, "code": attacker["backupCodes"][0], "useBackupCode": True},
                 {"email": victim["email"], "challengeId": own, "code": system.app_code(attacker)},
                 {"email": attacker["email"], "challengeId": pending, "code": system.app_code(attacker)},
                 {"email": attacker["email"], "challengeId": pending, "code": system.app_code(victim)}]:
        assert system.call("POST", "/api/auth/2fa/verify", body).status_code == 401
    for body in [{"email": victim["email"], "challengeId": own, "userId": victim["userId"], "code": "123456"},
                 {"email": victim["email"], "challengeId": own, "method": "sms", "code": "123456"}]:
        assert system.call("POST", "/api/auth/2fa/verify", body).json()["code"] == "invalid_field"
    for table in ("session",):
        assert len(system.rows(f"SELECT 1 FROM {table} WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", victim["userId"])) == 1


def test_many_logins_of_one_person_at_once_all_get_through(system):
    person = system.person_with_app()
    pending = [a.json()["challengeId"] for a in at_once(6, lambda _: system.log_in(person))]
    codes = person["backupCodes"]
    answers = at_once(6, lambda i: system.answer(pending[i], backupCode=codes[i]))
    assert [a.status_code for a in answers] == [200] * 6
    assert len({a.json()["token"] for a in answers}) == 6


def test_thirty_people_sign_up_and_in_at_once(system):
    people = at_once(30, lambda _: system.register())
    assert len({person["userId"] for person in people}) == 30
    assert {answer.status_code for answer in at_once(30, lambda i: system.log_in(people[i]))} == {200}


def test_a_login_from_somewhere_new_is_told(system):
    person = system.register()
    system.verify_phone(person)
    system.log_in(person)
    assert system.notices(person, "new_login") == []
    system.log_in(person, headers={"User-Agent": "Somebody's Browser 9"})
    assert system.notices(person, "new_login") == ["email", "sms"]
    system.log_in(person, headers={"User-Agent": "Somebody's Browser 9"})
    assert system.notices(person, "new_login") == ["email", "sms"]


def test_a_verified_number_is_not_asked_for_codes_while_no_factor_is_on(system):
    person = system.register()
    number = system.verify_phone(person)
    assert system.log_in(person).json()["requires2FA"] is False
    refused = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer"}, person["token"])
    assert refused.status_code == 409 and refused.json()["code"] == "no_second_factor"
    assert len(system.messages(number)) == 1
