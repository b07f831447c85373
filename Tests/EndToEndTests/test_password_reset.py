"""Goal: a forgotten password is set anew by phone, and nothing else of the account is opened by that.

- the same answer for every number; the code first, then everything else of the account ends
- where the phone is the second factor, a second proof
"""

import re

import pytest

from conftest import PASSWORD, at_once, eventually, phone
from test_sign_up import other

NEW = "otter-basalt-77q"


def ask(system, number):
    return system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number})


def reset(system, number, code, password=NEW, **proof):
    return system.call("POST", "/api/auth/sms/verify-and-reset", {"phoneNumber": number, "code": code, "newPassword": password, **proof})


def mailed_code(system, person):
    mail = eventually(lambda: [m for m in system.messages(person["email"], channel="email") if "your code to reset" in m["subject"]])[0]
    return re.search(r"is (\d{6})\.", mail["body"]).group(1)


def person_with_phone(system):
    person = system.register()
    return person | {"number": system.verify_phone(person)}


def test_the_whole_reset(system):
    person = system.person_with_app()
    proof = {"authorization": system.authorization(person, "phone_change")}
    number = phone()
    assert system.call("PUT", "/api/account/phone", {"phoneNumber": number, **proof}, person["token"]).status_code == 202
    assert system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(number)}, person["token"]).status_code == 200
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person),
        "rememberDevice": True})
    pending = system.log_in(person).json()["challengeId"]

    asked = ask(system, f"({number[2:5]}) {number[5:8]}-{number[8:]}")
    assert asked.status_code == 200 and set(asked.json()) == {"success", "message"}
    code = system.code(number, 2)
    assert "your code to reset your password is" in system.messages(number)[0]["body"]
    # Asking has changed nothing.
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 200

    answer = reset(system, number, code)
    assert answer.status_code == 200 and set(answer.json()) == {"success", "message"} and not answer.cookies
    for token in (person["token"], done.json()["token"]):
        assert system.call("GET", "/api/auth/session", token=token).status_code == 401
    assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": PASSWORD}).status_code == 401
    login = system.call("POST", "/api/auth/login", {"email": person["email"], "password": NEW}, cookies={"device": done.cookies["device"]})
    # The app is still asked for, and the device that was remembered is not any more.
    assert login.json()["requires2FA"] is True and login.json()["method"] == "app"
    late = {"email": person["email"], "challengeId": pending, "code": system.app_code(person)}
    assert system.call("POST", "/api/auth/2fa/verify", late).status_code == 401
    token = system.answer(login.json()["challengeId"], code=system.app_code(person)).json()["token"]
    assert system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer"}, token).json()["code"] == "cooling_off"
    # Both notices are in the inbox.
    eventually(lambda: [m for m in system.messages(number) if "your password was reset by phone" in m["body"]])
    eventually(lambda: [m for m in system.messages(person["email"], channel="email") if "your password was reset by phone" in m["subject"]])
    assert reset(system, number, code, "another-good-1x").status_code == 400


def test_where_the_phone_is_the_second_factor_its_code_alone_resets_nothing(system):
    person = system.person_with_sms()
    ask(system, person["number"])
    code = system.code(person["number"], 3)
    refused = reset(system, person["number"], code)
    assert refused.status_code == 403 and refused.json()["code"] == "second_proof_required"
    wrong = reset(system, person["number"], code, emailCode=other(mailed_code(system, person)))
    assert wrong.status_code == 400 and wrong.json()["code"] == "code_incorrect"
    assert reset(system, person["number"], code, backupCode="0000-" * 5 + "0000").status_code == 400
    both = reset(system, person["number"], code, backupCode=person["backupCodes"][0], emailCode="123456")
    assert both.status_code == 400 and both.json()["field"] == "backupCode"
    # None of that has cost the code of the phone.
    assert reset(system, person["number"], code, emailCode=mailed_code(system, person)).status_code == 200
    assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": NEW}).json()["requires2FA"] is True


def test_a_backup_code_is_a_second_proof_once(system):
    person = system.person_with_sms()
    ask(system, person["number"])
    assert reset(system, person["number"], system.code(person["number"], 3), backupCode=person["backupCodes"][0]).status_code == 200
    ask(system, person["number"])
    again = system.code(person["number"], 4)
    assert reset(system, person["number"], again, "another-good-1x", backupCode=person["backupCodes"][0]).status_code == 400
    assert reset(system, person["number"], again, "another-good-1x", backupCode=person["backupCodes"][1]).status_code == 200


def test_a_weak_password_is_refused_before_the_code_is_spent(system):
    person = person_with_phone(system)
    ask(system, person["number"])
    code = system.code(person["number"], 2)
    for weak, reason in [("password", "too_common"), ("x", "too_short"), (person["email"], "too_personal")]:
        for _ in range(2):
            answer = reset(system, person["number"], code, weak)
            assert (answer.status_code, answer.json()["code"], answer.json()["reason"], answer.json()["field"]) == (
                400, "password_rejected", reason, "newPassword")
    assert reset(system, person["number"], code).status_code == 200


def test_a_number_of_nobodys_is_answered_like_one_of_somebodys(system):
    person, nobody = person_with_phone(system), phone()
    system.rows("DELETE FROM limit_window")

    def said(answer):
        headers = {k: v for k, v in answer.headers.items() if k not in ("X-Request-Id", "Date", "Retry-After")}
        return answer.status_code, {k: v for k, v in answer.json().items() if k != "requestId"}, headers, "Retry-After" in answer.headers
    known, unknown = [], []
    for _ in range(5):
        known.append(said(ask(system, person["number"])))
        unknown.append(said(ask(system, nobody)))
    assert known == unknown and [k[0] for k in known] == [200, 200, 200, 429, 429]
    real = system.code(person["number"], 2)
    for _ in range(5):
        known.append(said(reset(system, person["number"], other(real))))
        unknown.append(said(reset(system, nobody, other(real))))
    assert known == unknown and [k[1]["attemptsRemaining"] for k in known[5:]] == [2, 1, 0, 0, 0]
    assert all(k[1]["message"] == k[1]["error"] for k in known[5:])
    assert system.messages(nobody) == []


def test_of_50_parallel_resets_with_the_right_code_one_succeeds(system):
    person = person_with_phone(system)
    ask(system, person["number"])
    code = system.code(person["number"], 2)
    answers = at_once(50, lambda i: reset(system, person["number"], code, f"{NEW}-{i}"))
    assert [a.status_code for a in answers].count(200) == 1 and {a.status_code for a in answers} <= {200, 400, 503}


def test_a_stranger_who_asks_leaves_the_owner_a_code(system):
    person = person_with_phone(system)
    system.rows("DELETE FROM limit_window")
    for _ in range(20):
        ask(system, person["number"])
    assert len([m for m in system.messages(person["number"]) if "reset" in m["body"]]) <= 3
    sent = system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": person["number"]}, person["token"])
    assert sent.status_code == 200


@pytest.mark.parametrize("body,field", [({}, "phoneNumber"), ({"phoneNumber": "x"}, "phoneNumber"), ({"phoneNumber": ["+14155552671"]}, "phoneNumber"),
                                        ({"phoneNumber": "+14155552671,+14155552672"}, "phoneNumber")])
def test_a_number_is_one_number(system, body, field):
    answer = system.call("POST", "/api/auth/sms/request-password-reset", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid_field", field)
