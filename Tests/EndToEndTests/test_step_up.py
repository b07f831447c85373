"""Goal: a sensitive act is confirmed with a second factor, and what was confirmed is what is done.

- challenges of people and of the host; amount and payee bound and shown
- an authorization is redeemed once, for its purpose and details alone
"""

import itertools
import os
import re
import signal

import pytest
import requests

from conftest import CODE, ENGINE, PASSWORD, at_once, eventually

TRANSFER = {"amount": 123456, "currency": "EUR", "payee": "ACME GmbH"}


@pytest.fixture(scope="module")
def key(system):
    return system.key("challenges")


def redeem(system, key, authorization, purpose="transfer", details=TRANSFER, **options):
    body = {"authorization": authorization, "purpose": purpose} | ({"details": details} if details else {})
    return system.call("POST", "/api/auth/2fa/authorizations/redeem", body, key, **options)


def test_a_transfer_is_confirmed_by_a_text_message_that_names_amount_and_payee(system, key):
    person = system.person_with_sms()
    begun = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": TRANSFER}, person["token"])
    assert begun.status_code == 201 and begun.json()["method"] == "sms" and begun.json()["details"] == TRANSFER
    code = system.code(person["number"], 3)
    text = system.messages(person["number"])[0]["body"]
    ours = f"€1,234.56 to ACME GmbH: your Countersign code is {code}. Valid 5 minutes. Never share it.\n\n@127.0.0.1 #{code}"
    assert text == ours if ENGINE == "local" else text.startswith("1234.56 EUR to ACME GmbH")

    confirmed = system.answer(begun.json()["challengeId"], code=code)
    assert confirmed.status_code == 200 and set(confirmed.json()) == {"success", "authorization", "expiresAt"}
    done = redeem(system, key, confirmed.json()["authorization"])
    assert done.status_code == 200
    assert done.json() == {"success": True, "userId": person["userId"], "aal": 2, "method": "sms"}
    assert redeem(system, key, confirmed.json()["authorization"]).status_code == 401


@pytest.mark.parametrize("change", [
    {"amount": 123457}, {"amount": 12345}, {"currency": "USD"}, {"payee": "ACME Gmbh"}, {"payee": "Mallory"}, {"reference": "x"}, None])
def test_any_change_of_the_details_kills_the_authorization(system, key, change):
    person = system.person_with_app()
    authorization = system.authorization(person, "transfer", details=TRANSFER)
    changed = redeem(system, key, authorization, details=TRANSFER | change if change else None)
    assert changed.status_code == 409 and changed.json()["code"] == "details_mismatch"
    assert redeem(system, key, authorization).status_code == 401


def test_another_purpose_kills_the_authorization_too(system, key):
    person = system.person_with_app()
    authorization = system.authorization(person, "transfer", details=TRANSFER)
    assert redeem(system, key, authorization, "add_payee").json()["code"] == "details_mismatch"
    assert redeem(system, key, authorization).status_code == 401


def test_the_currency_is_the_accounts_where_none_is_named(system, key):
    person = system.person_with_app()
    details = {"amount": 5, "payee": "Bob", "reference": "lunch"}
    challenge = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": details}, person["token"]).json()
    assert challenge["details"] == details | {"currency": "USD"}
    authorization = system.answer(challenge["challengeId"], code=system.app_code(person)).json()["authorization"]
    assert redeem(system, key, authorization, details=details).status_code == 200


def test_of_50_parallel_redemptions_one_succeeds(system, key):
    person = system.person_with_app()
    for _ in range(5):
        authorization = system.authorization(person, "transfer", details=TRANSFER)
        answers = at_once(50, lambda _: redeem(system, key, authorization))
        assert sorted(a.status_code for a in answers) == [200] + [401] * 49


def test_a_challenge_begun_without_a_code_is_answered_by_a_backup_code_or_by_one_that_is_asked_for(system, key):
    person = system.person_with_sms()

    def codes():
        return system.rows("SELECT COUNT(*) AS n FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code'", person["userId"])[0]["n"]

    before = codes()
    asked = {"purpose": "transfer", "details": {"amount": 7500, "payee": "Bob"}, "sendCode": False}
    begun = [system.call("POST", "/api/auth/2fa/challenges", asked, person["token"]).json()["challengeId"] for _ in range(8)]
    assert codes() == before
    for challenge, answer in [(begun[0], {"backupCode": person["backupCodes"][0]}), (begun[1], None)]:
        path = f"/api/auth/2fa/challenges/{challenge}"
        if answer is None:
            assert system.call("POST", f"{path}/resend", {}, person["token"]).status_code == 200
            answer = {"code": system.code(person["number"], 3)}
        given = system.call("POST", f"{path}/verify", answer)
        assert given.status_code == 200, given.text
        redeemed = system.call("POST", "/api/auth/2fa/authorizations/redeem",
                               {"authorization": given.json()["authorization"], "purpose": "transfer", "details": asked["details"]}, key)
        assert redeemed.status_code == 200, redeemed.text
    wrong = system.call("POST", f"/api/auth/2fa/challenges/{begun[2]}/verify", {"code": "000000"})
    assert wrong.status_code == 401 and codes() == before + 1


def test_a_redemption_with_an_idempotency_key_is_answered_again_and_done_once(system, key):
    person = system.person_with_app()
    authorization = system.authorization(person, "transfer", details=TRANSFER)
    headers = {"Idempotency-Key": f"transfer-{authorization}"}
    answers = at_once(50, lambda _: redeem(system, key, authorization, headers=headers))
    assert {a.status_code for a in answers} == {200} and len({a.json()["userId"] for a in answers}) == 1
    assert sum("Idempotent-Replayed" not in a.headers for a in answers) == 1

    again = redeem(system, key, authorization, headers=headers)
    assert again.status_code == 200 and again.headers["Idempotent-Replayed"] == "true" and again.json()["userId"] == person["userId"]
    other = redeem(system, key, authorization, details=TRANSFER | {"amount": 1}, headers=headers)
    assert other.status_code == 409 and other.json()["code"] == "idempotency_mismatch"


def test_a_redemption_that_died_half_way_is_asked_again_and_answered(own_system):
    """The program is killed while redemptions run; the host asks with the same key until it hears."""
    system = own_system()
    key, person = system.key("challenges"), system.person_with_app()
    for round in range(8):
        authorization = system.authorization(person, "transfer", details=TRANSFER)
        headers = {"Idempotency-Key": f"round-{round}"}

        def ask(index):
            if index == 0:
                os.kill(system.pid("two-factor"), signal.SIGKILL)
                return None
            return redeem(system, key, authorization, headers=headers).status_code
        statuses = at_once(6, ask)
        assert set(statuses) <= {None, 200, 502, 503, 504}
        answer = eventually(lambda: (a := redeem(system, key, authorization, headers=headers)).status_code == 200 and a, 20)
        assert answer.json()["userId"] == person["userId"]
        # Without the key it is used, whoever did it.
        assert redeem(system, key, authorization).status_code == 401


def test_of_50_parallel_confirmations_one_gives_an_authorization(system):
    person = system.person_with_sms()
    challenge = system.challenge(person, "transfer", details=TRANSFER)
    code = system.code(person["number"], 3)
    answers = at_once(50, lambda _: system.answer(challenge, code=code))
    assert [a.status_code for a in answers].count(200) == 1
    assert {a.status_code for a in answers} <= {200, 401, 410, 429}
    assert len(system.rows("SELECT 1 FROM authorization WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])) == 1


def test_the_code_of_one_payment_confirms_no_other(system, key):
    """A small payment's code on a large one, in the other tab, and in a body that names another amount."""
    person = system.person_with_sms()
    small, large = TRANSFER | {"amount": 100}, TRANSFER | {"amount": 999_999_999}
    first = system.challenge(person, "transfer", details=small)
    first_code = system.code(person["number"], 3)
    second = system.challenge(person, "transfer", details=large)
    second_code = system.code(person["number"], 4)
    if first_code != second_code:
        assert system.answer(second, code=first_code).status_code == 401
        assert system.answer(first, code=second_code).status_code == 401
    # The first payment's code died when the second one's was made.
    assert system.answer(first, code=first_code).status_code == 401
    edited = system.call("POST", f"/api/auth/2fa/challenges/{second}/verify", {"code": second_code, "details": small})
    assert edited.status_code == 400 and edited.json()["field"] == "details"
    confirmed = system.answer(second, code=second_code)
    assert confirmed.status_code == 200
    assert redeem(system, key, confirmed.json()["authorization"], details=small).json()["code"] == "details_mismatch"


def test_fifty_confirmations_beside_fifty_changes_never_confirm_what_was_not_shown(system, key):
    person = system.person_with_app()
    for _ in range(3):
        authorization = system.authorization(person, "transfer", details=TRANSFER)
        answers = at_once(100, lambda i: redeem(system, key, authorization, details=TRANSFER | {"amount": 123456 if i % 2 else i + 1}))
        done = [i for i, a in enumerate(answers) if a.status_code == 200]
        assert len(done) <= 1 and all(i % 2 for i in done)
        assert sum(a.status_code in (200, 409) for a in answers) == 1


def test_a_code_is_right_on_the_diagonal_only(system):
    """A code of every purpose at every door; the right door last, so that nothing was used up before it."""
    system_key = system.key("otp,challenges")
    person = system.person_with_sms()
    number = person["number"]
    system.rows("DELETE FROM limit_window")

    def newest(act):
        count = len([m for m in system.messages(number) if CODE.search(m["body"])])
        answer = act()
        assert answer is None or answer.status_code < 300, answer.text
        return system.code(number, count + 1)

    ids = {}

    def begin(purpose):
        ids[purpose] = system.challenge(person, purpose)
    codes = {
        "otp": newest(lambda: system.call("POST", "/request-otp", {"phoneNumber": number}, system_key)),
        "sign-up": newest(lambda: system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"})),
        "phone": newest(lambda: system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])),
    }
    system.rows("DELETE FROM limit_window")
    for purpose in ("transfer", "password_change", "add_payee"):
        codes[purpose] = newest(lambda: begin(purpose))
    login = {}
    codes["login"] = newest(lambda: login.update(system.log_in(person).json()))

    doors = {
        "otp": lambda code: system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, system_key),
        "sign-up": lambda code: system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "verify", "code": code}),
        "phone": lambda code: system.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"]),
        "transfer": lambda code: system.answer(ids["transfer"], code=code),
        "password_change": lambda code: system.answer(ids["password_change"], code=code),
        "add_payee": lambda code: system.answer(ids["add_payee"], code=code),
        "login": lambda code: system.call("POST", "/api/auth/2fa/verify",
                                          {"email": person["email"], "challengeId": login["challengeId"], "code": code}),
    }
    wrong = 0
    for door, purpose in itertools.product(doors, codes):
        if door != purpose and codes[door] != codes[purpose]:
            # Tries are not what is tested here.
            system.rows("UPDATE challenge SET tries = 0")
            system.rows("UPDATE verification SET tries = 0, failures = ''")
            system.rows("UPDATE factor SET failures = '', failures_in_row = 0")
            assert doors[door](codes[purpose]).status_code in (400, 401), (door, purpose)
            wrong += 1
    assert wrong > 30
    system.rows("UPDATE challenge SET tries = 0")
    system.rows("UPDATE verification SET tries = 0, failures = ''")
    system.rows("UPDATE factor SET failures = '', failures_in_row = 0")
    for door, code in codes.items():
        # So many wrong ones wear out a code that a provider keeps.
        assert doors[door](code).status_code == 200 or ENGINE != "local" and door == "otp", door


def test_an_authorization_is_no_session_and_no_challenge(system, key):
    person = system.person_with_app()
    authorization = system.authorization(person, "transfer")
    assert system.call("GET", "/api/auth/session", token=authorization).status_code == 401
    assert system.answer(authorization, code="123456").status_code == 404
    assert redeem(system, key, person["token"], details=None).status_code == 401
    change = {"currentPassword": PASSWORD, "newPassword": "otter-basalt-77q", "authorization": authorization}
    assert system.call("POST", "/api/auth/password", change, person["token"]).status_code == 403


def test_an_authorization_with_details_guards_nothing_of_ours(system):
    person = system.person_with_app()
    authorization = system.authorization(person, "password_change", details=TRANSFER)
    change = {"currentPassword": PASSWORD, "newPassword": "otter-basalt-77q", "authorization": authorization}
    assert system.call("POST", "/api/auth/password", change, person["token"]).json()["code"] == "step_up_required"


def test_the_host_begins_challenges_for_its_users(system, key):
    person = system.person_with_sms()
    headers = {"Idempotency-Key": f"challenge-{person['userId']}"}
    body = {"purpose": "card_order", "userId": person["userId"]}
    begun = [system.call("POST", "/api/auth/2fa/challenges", body, key, headers=headers) for _ in range(2)]
    assert [b.status_code for b in begun] == [201, 201] and begun[0].json() == begun[1].json()
    code = system.code(person["number"], 3)
    assert len(system.messages(person["number"])) == 4  # with the notice that codes were turned on
    text = [m["body"] for m in system.messages(person["number"]) if code in m["body"]][0]
    assert ENGINE != "local" or "your code to confirm card order is" in text
    # Only who began it may ask for another code.
    path = f"/api/auth/2fa/challenges/{begun[0].json()['challengeId']}/resend"
    assert system.call("POST", path, {}, person["token"]).status_code == 404
    assert system.call("POST", path, {}).status_code == 401
    assert system.call("POST", path, {}, key).json()["code"] == "resend_too_soon"
    confirmed = system.answer(begun[0].json()["challengeId"], code=code)
    assert redeem(system, key, confirmed.json()["authorization"], "card_order", None).status_code == 200

    for body, status, said in [({"purpose": "transfer"}, 400, "invalid_field"), ({"purpose": "transfer", "userId": "x"}, 400, "invalid_field"),
                               ({"purpose": "transfer", "userId": "019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a"}, 404, "user_unknown"),
                               ({"purpose": "transfer", "userId": system.register()["userId"]}, 409, "no_second_factor")]:
        answer = system.call("POST", "/api/auth/2fa/challenges", body, key)
        assert (answer.status_code, answer.json()["code"]) == (status, said)
    assert system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer"}, system.key("otp")).json()["code"] == "insufficient_scope"
    named = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "userId": person["userId"]}, person["token"])
    assert named.status_code == 400 and named.json()["field"] == "userId"


def test_a_login_that_the_host_began_opens_a_session(system, key):
    person = system.person_with_app()
    challenge = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "login", "userId": person["userId"]}, key).json()
    done = system.answer(challenge["challengeId"], code=system.app_code(person))
    assert done.json()["userId"] == person["userId"]
    assert system.call("GET", "/api/auth/session", token=done.json()["token"]).json()["aal"] == 2
    # A login is not verified under somebody's email address unless a password was proven.
    other = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "login", "userId": person["userId"]}, key).json()
    body = {"email": person["email"], "challengeId": other["challengeId"], "code": system.app_code(person)}
    assert system.call("POST", "/api/auth/2fa/verify", body).status_code == 401


@pytest.mark.parametrize("amount", ["1e3", "1.0", "-1", "0", "+1", '"1"', "null", "1000000000000", "9223372036854775808", "1E2", "true", "NaN"])
def test_an_amount_is_a_whole_number_of_minor_units(system, amount):
    person = system.person_with_app()
    body = f'{{"purpose":"transfer","details":{{"amount":{amount},"currency":"EUR","payee":"Bob"}}}}'
    answer = requests.post(f"{system.base}/api/auth/2fa/challenges", data=body, timeout=10, headers={
        "Content-Type": "application/json", "Authorization": f"Bearer {person['token']}"})
    assert answer.status_code == 400 and answer.json()["code"] in ("invalid_field", "malformed_body"), answer.text


@pytest.mark.parametrize("details,field", [
    ({"amount": 1, "payee": "A", "currency": "XTS"}, "details.currency"), ({"amount": 1, "payee": "A", "currency": "eur"}, "details.currency"),
    ({"amount": 1, "payee": ""}, "details.payee"), ({"amount": 1, "payee": "a\nb"}, "details.payee"), ({"amount": 1, "payee": "a\u202eb"}, "details.payee"),
    ({"amount": 1, "payee": "x" * 141}, "details.payee"), ({"amount": 1}, "details.payee"), ({"payee": "A"}, "details.amount"),
    ({"amount": 1, "payee": "A", "iban": "DE1"}, "details.iban"), ({"amount": 1, "payee": ["A"]}, "details.payee"), ("ACME", "details")])
def test_details_that_cannot_be_shown_as_they_are_are_refused_by_name(system, details, field):
    person = system.person_with_app()
    answer = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": details}, person["token"])
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (400, "invalid_field", field)


@pytest.mark.parametrize("purpose", ["", "Transfer", "1x", "a b", "x" * 33, "enable_2fa", "ü"])
def test_a_purpose_is_a_word(system, purpose):
    person = system.person_with_app()
    answer = system.call("POST", "/api/auth/2fa/challenges", {"purpose": purpose}, person["token"])
    assert answer.status_code == 400 and answer.json()["field"] == "purpose"


def test_another_code_for_a_payment_names_it_again_and_may_be_a_call(own_system):
    system = own_system(COUNTERSIGN_RESEND_SECONDS="1")
    person = system.person_with_sms()
    challenge = system.challenge(person, "transfer", details=TRANSFER)
    first = system.code(person["number"], 3)
    path = f"/api/auth/2fa/challenges/{challenge}/resend"
    soon = system.call("POST", path, {"channel": "call"}, person["token"])
    assert soon.status_code == 429 and soon.json()["code"] == "resend_too_soon" and int(soon.headers["Retry-After"]) <= 1
    system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 1 SECOND")
    assert system.call("POST", path, {"channel": "sms"}, person["token"]).status_code == 200
    second = system.code(person["number"], 4)
    assert re.match("€1,234.56|1234.56 EUR", system.messages(person["number"])[0]["body"])
    assert " to ACME GmbH" in system.messages(person["number"])[0]["body"]
    if first != second:
        assert system.answer(challenge, code=first).status_code == 401
    assert system.answer(challenge, code=second).status_code == 200
    over = system.call("POST", path, {}, person["token"])
    assert over.status_code == 410 and over.json()["code"] == "challenge_expired"


def test_a_session_at_level_1_is_raised_by_a_login_challenge(system):
    person = system.person_with_sms()
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.code(person["number"], 3),
        "rememberDevice": True})
    low = system.log_in(person, cookies={"device": done.cookies["device"]}).json()["token"]
    session = [s["id"] for s in system.call("GET", "/api/auth/sessions", token=low).json()["sessions"] if s["current"]][0]
    challenge = system.challenge({"token": low}, "login")
    raised = system.answer(challenge, code=system.code(person["number"], 4)).json()["token"]
    assert system.call("GET", "/api/auth/session", token=low).status_code == 401
    after = system.call("GET", "/api/auth/sessions", token=raised).json()["sessions"]
    assert [s["id"] for s in after if s["current"]] == [session]
    assert system.call("GET", "/api/auth/session", token=raised).json()["aal"] == 2
