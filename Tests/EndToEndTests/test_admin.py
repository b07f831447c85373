"""Goal: administrators see and do what their role is for, in a session that an app has raised, and nobody else does any of it."""

import csv
import io
import re
import secrets
import time

import pytest

from conftest import PASSWORD, at_once, eventually, phone
from contract import ROOT

# The table of route and role, as the responder has it.
LINE = re.compile(r'admin\.(get|post|put|delete)\(\s*"(/[^"]*)", for: \.(\w+),')
ROLES = {"everybody": {"support", "security", "admin"}, "support": {"support", "admin"},
         "security": {"security", "admin"}, "administrators": {"admin"}}
TABLE = [(method.upper(), path, ROLES[roles]) for method, path, roles in
         LINE.findall((ROOT / "Sources/admin/Routes.swift").read_text())]
NOBODY = "01890000-0000-7000-8000-000000000000"


def concrete(path):
    return path.replace("{id}", NOBODY).replace("{name}", "pigeon")


@pytest.fixture(scope="module")
def staff(system):
    return {role: system.administrator(role) for role in ("support", "security", "admin")}


def test_the_table_has_every_route_of_the_document():
    from contract import operations
    of_document = {(method, path) for method, _, _, path in operations() if path.startswith("/api/admin/")}
    assert {(method, path) for method, path, _ in TABLE} == of_document and len(TABLE) >= 25


@pytest.mark.parametrize("method, path, roles", TABLE)
def test_each_route_is_open_to_the_roles_of_the_table_and_to_nobody_else(system, staff, method, path, roles):
    path = concrete(path)
    for role, person in staff.items():
        answer = system.call(method, path, {} if method != "GET" else None, person["token"])
        if role in roles:
            assert answer.status_code in (200, 400, 404), (role, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "role_required"), role
    assert system.call(method, path).status_code == 401
    user = system.person_with_app()
    assert system.call(method, path, token=user["token"]).json()["code"] == "role_required"
    key = system.key("otp,notifications,challenges,sms,users:write")
    assert system.call(method, path, token=key).status_code == 401
    pending = system.log_in(user).json()["challengeId"]
    assert system.call(method, path, token=pending).status_code == 401


def refused(system, token, expected):
    for method, path, _ in TABLE:
        answer = system.call(method, concrete(path), {} if method != "GET" else None, token)
        assert (answer.status_code, answer.json()["code"]) == expected, (method, path, answer.text)


def test_an_administrator_at_level_1_gets_nowhere(system):
    email = f"{secrets.token_hex(6)}@admin.example"
    system.ctl("admin", "create", "--email", email, "--password", PASSWORD)
    refused(system, system.log_in({"email": email}).json()["token"], (403, "level_too_low"))


def promoted(system, person):
    system.rows("UPDATE account SET role = 'admin' WHERE id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    return person["token"]


def test_an_administrator_whose_factor_is_a_text_message_gets_nowhere(system):
    person = system.person_with_sms()
    refused(system, promoted(system, person), (403, "level_too_low"))


def test_a_session_that_a_text_message_raised_does_not_do_where_an_app_is_on_too(system):
    person = system.bind_app(system.person_with_sms())
    count = len(system.messages(person["number"]))
    pending = system.log_in(person).json()["challengeId"]
    system.call("POST", "/api/auth/2fa/send-code", {"email": person["email"], "challengeId": pending})
    code = system.code(person["number"], 3)
    assert len(system.messages(person["number"])) > count
    answer = system.answer(pending, code=code)
    assert answer.status_code == 200
    refused(system, promoted(system, person | answer.json()), (403, "level_too_low"))
    # And an administrator's login sends no text message.
    pending = system.log_in(person).json()["challengeId"]
    count = len(system.messages(person["number"]))
    system.rows("UPDATE challenge SET code_issued_at = NULL")
    system.call("POST", "/api/auth/2fa/send-code", {"email": person["email"], "challengeId": pending})
    assert system.call("POST", f"/api/auth/2fa/challenges/{pending}/resend", {"channel": "sms"}).json()["code"] == "no_second_factor"
    assert len(system.messages(person["number"])) == count


def test_a_remembered_device_does_not_do_and_none_is_remembered_for_an_administrator(system):
    person = system.person_with_app()
    pending = system.log_in(person).json()["challengeId"]
    answer = system.answer(pending, code=system.app_code(person), rememberDevice=True)
    device = {"device": answer.cookies["device"]}
    skipped = system.log_in(person, cookies=device)
    assert skipped.json()["requires2FA"] is False
    token = skipped.json()["token"]
    promoted(system, person)
    refused(system, token, (403, "level_too_low"))
    assert system.log_in(person, cookies=device).json()["requires2FA"] is True


def test_a_session_that_was_left_alone_for_a_quarter_of_an_hour_is_over(system):
    person = system.administrator()
    system.rows("UPDATE session SET last_seen_at = last_seen_at - INTERVAL 16 MINUTE WHERE account_id = UNHEX(REPLACE(%s, '-', ''))",
                person["userId"])
    refused(system, person["token"], (401, "unauthenticated"))
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 401


def test_a_cookie_does_for_a_change_only_from_our_own_pages(system, staff):
    cookies = {"session": staff["admin"]["token"]}
    body = {"reason": "test"}
    path = f"/api/admin/users/{NOBODY}/lock"
    assert system.call("POST", path, body, cookies=cookies).json()["code"] == "cross_origin"
    assert system.call("POST", path, body, cookies=cookies, headers={"Origin": system.base}).json()["code"] == "user_unknown"


def test_where_administrators_come_from_certain_addresses_nobody_else_reaches_a_route(own_system):
    away, here = own_system(COUNTERSIGN_ADMIN_ADDRESSES="192.0.2.0/24,2001:db8::/48"), own_system(COUNTERSIGN_ADMIN_ADDRESSES="127.0.0.0/8")
    for method, path, _ in TABLE:
        answer = away.call(method, concrete(path), headers={"X-Forwarded-For": "192.0.2.7"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    assert away.call("POST", "/api/auth/login", {"email": "a@example.com", "password": "x"}).status_code == 401
    assert here.call("GET", "/api/admin/users", token=here.administrator()["token"]).status_code == 200


# People


def act(system, admin, user, what, reason="asked by phone"):
    return system.call("POST", f"/api/admin/users/{user['userId']}/{what}", {"reason": reason} if reason else {}, admin["token"])


def test_accounts_are_found_by_what_is_known_of_them(system, staff):
    person = system.register(name="Zebulon Quillfeather")
    number = system.verify_phone(person)
    host = f"host-{secrets.token_hex(4)}"
    mirrored = system.call("PUT", f"/api/users/{host}", {"email": f"{host}@example.com"}, system.key("users:write")).json()["userId"]

    def found(text):
        answer = system.call("GET", "/api/admin/users", token=staff["support"]["token"], params={"q": text})
        return {user["userId"]: user for user in answer.json()["data"]["users"]}
    for text in (person["email"], person["email"][:8].upper(), "zebulon qu", number, f"({number[2:5]}) {number[5:8]}-{number[8:]}", person["userId"]):
        user = found(text)[person["userId"]]
        assert user["maskedPhone"].endswith(number[-2:]) and number not in str(user) and user["phoneVerified"] is True
    assert list(found(host)) == [mirrored]
    assert found("no such person") == {} and found("%") == {} and found("_") == {}
    assert person["userId"] in found("")
    shown = system.call("GET", f"/api/admin/users/{person['userId']}", token=staff["support"]["token"])
    assert number not in shown.text and len(shown.json()["data"]["sessions"]) == 1
    assert system.call("GET", f"/api/admin/users/{NOBODY}", token=staff["support"]["token"]).json()["code"] == "user_unknown"


def test_a_forced_reset_ends_the_password_and_texts_its_owner_what_sets_another(system, staff):
    person = system.register()
    assert system.call("POST", "/api/admin/sms/send-password-reset", {"userId": person["userId"]},
                       staff["support"]["token"]).json()["code"] == "phone_not_verified"
    number = system.verify_phone(person)
    answer = system.call("POST", "/api/admin/sms/send-password-reset", {"userId": person["userId"]}, staff["support"]["token"])
    assert answer.status_code == 200 and answer.json()["success"] is True
    assert system.log_in(person).status_code == 401
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 401
    code = system.code(number, 2)
    body = {"phoneNumber": number, "code": code, "newPassword": "heron-basalt-37q"}
    assert system.call("POST", "/api/auth/sms/verify-and-reset", body).status_code == 200
    assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": "heron-basalt-37q"}).status_code == 200
    assert system.notices(person, "password_reset_forced") == ["email", "sms"]
    log = system.call("GET", "/api/admin/security-log", token=staff["security"]["token"],
                      params={"userId": person["userId"], "eventType": "password_reset_forced"}).json()["data"]["entries"]
    assert log[0]["metadata"]["targetUserEmail"] == person["email"] and log[0]["metadata"]["adminEmail"] == staff["support"]["email"]


def test_resets_by_administrators_draw_on_the_same_budget_of_a_number(system, staff):
    person = system.register()
    system.verify_phone(person)
    answers = [system.call("POST", "/api/admin/sms/send-password-reset", {"userId": person["userId"]}, staff["admin"]["token"])
               for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 4 + [429] * 2 and "Retry-After" in answers[-1].headers


def test_a_number_is_called_verified_without_a_code_and_its_owner_hears_of_it(system, staff):
    number = phone()
    person = system.register(phoneNumber=number)

    def verify(user):
        return system.call("POST", "/api/admin/sms/verify-user-phone", {"userId": user["userId"]}, staff["admin"]["token"])
    assert verify(person).status_code == 200
    session = system.call("GET", "/api/auth/session", token=person["token"]).json()
    assert session["phoneVerified"] is True and session["phoneNumber"] == number
    assert "email" in system.notices(person, "phone_changed")
    assert verify(person).json()["message"] == "It was verified already."
    assert verify(system.register(phoneNumber=number)).json()["code"] == "phone_in_use"
    assert verify(system.register()).json()["code"] == "no_phone"


def test_second_factors_are_removed_with_what_goes_with_them(system, staff):
    person = system.person_with_app()
    assert act(system, staff["security"], person, "disable-2fa").status_code == 200
    assert system.call("GET", "/api/auth/session", token=person["token"]).json()["twoFactorEnabled"] is False
    assert system.log_in(person).json()["requires2FA"] is False
    assert system.notices(person, "two_factor_disabled") == ["email"]
    assert system.rows("SELECT 1 FROM account WHERE cooling_off_until > NOW(6) AND id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    assert act(system, staff["security"], person, "disable-2fa").json()["code"] == "two_factor_off"


def test_a_locked_account_gets_no_session_and_no_code(system, staff):
    person = system.person_with_sms()
    pending = system.log_in(person).json()["challengeId"]
    code = system.code(person["number"], 3)
    assert act(system, staff["security"], person, "lock").status_code == 200
    count = len(system.messages(person["number"]))
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 401
    assert system.answer(pending, code=code).status_code == 404
    # Nobody learns that the password is right.
    locked = system.log_in(person)
    assert (locked.status_code, locked.json()["code"]) == (401, "credentials_invalid")
    reset = system.call("POST", "/api/admin/sms/send-password-reset", {"userId": person["userId"]}, staff["admin"]["token"])
    assert (reset.status_code, reset.json()["code"]) == (403, "account_locked")
    assert system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": person["number"]}).status_code == 200
    key = system.key("challenges")
    asked = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "wire", "userId": person["userId"]}, key)
    assert (asked.status_code, asked.json()["code"]) == (403, "account_locked")
    time.sleep(1)
    assert len(system.messages(person["number"])) == count
    assert act(system, staff["security"], person, "unlock").status_code == 200
    assert system.log_in(person).json()["requires2FA"] is True


def test_what_was_begun_while_an_account_was_being_locked_opens_nothing(system, staff):
    person = system.person_with_app()
    key = system.key("challenges")
    begun = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "wire", "userId": person["userId"]}, key).json()["challengeId"]
    answered = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "wire", "userId": person["userId"]}, key).json()["challengeId"]
    authorization = system.answer(answered, code=system.app_code(person)).json()["authorization"]
    system.rows("UPDATE account SET locked_at = NOW(6) WHERE id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    assert system.answer(begun, code=system.app_code(person)).status_code == 401
    redeemed = system.call("POST", "/api/auth/2fa/authorizations/redeem", {"authorization": authorization, "purpose": "wire"}, key)
    assert redeemed.status_code == 401
    assert act(system, staff["security"], person, "unlock").status_code == 200
    assert system.answer(begun, code=system.app_code(person)).status_code == 404


def test_of_one_removal_of_factors_asked_for_at_once_one_is_done(system, staff):
    person = system.person_with_app()
    answers = at_once(8, lambda _: act(system, staff["security"], person, "disable-2fa"))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 7
    assert len(system.rows("SELECT 1 FROM audit_entry WHERE event = 'two_factor_removed' AND target_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])) == 1
    assert system.notices(person, "two_factor_disabled") == ["email"]


def test_sessions_are_revoked_at_once(system, staff):
    person = system.register()
    assert act(system, staff["support"], person, "sessions/revoke").status_code == 200
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 401


@pytest.mark.parametrize("what", ["disable-2fa", "sessions/revoke", "lock", "unlock"])
@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501, "two\nlines", 7])
def test_nothing_is_done_to_an_account_without_a_reason(system, staff, what, reason):
    person = system.person_with_app() if what == "disable-2fa" else system.register()
    body = {} if reason is None else {"reason": reason}
    answer = system.call("POST", f"/api/admin/users/{person['userId']}/{what}", body, staff["admin"]["token"])
    assert (answer.status_code, answer.json()["field"]) == (400, "reason")
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 200


def test_nobody_acts_on_their_own_account_and_only_admin_on_another_administrators(system, staff):
    for what in ("disable-2fa", "sessions/revoke", "lock"):
        assert act(system, staff["admin"], staff["admin"], what).json()["code"] == "own_account"
    assert act(system, staff["security"], staff["support"], "lock").json()["code"] == "role_required"
    assert act(system, staff["support"], staff["admin"], "sessions/revoke").json()["code"] == "role_required"
    reset = system.call("POST", "/api/admin/sms/send-password-reset", {"userId": staff["admin"]["userId"]}, staff["support"]["token"])
    assert reset.json()["code"] == "role_required"
    other = system.administrator("support")
    assert act(system, staff["admin"], other, "lock").status_code == 200
    refused(system, other["token"], (401, "unauthenticated"))


@pytest.mark.parametrize("field", ["role", "userId", "password", "email", "aal"])
def test_a_body_with_more_than_it_should_have_is_refused(system, staff, field):
    person = system.register()
    answer = system.call("POST", f"/api/admin/users/{person['userId']}/unlock", {"reason": "x", field: "admin"}, staff["admin"]["token"])
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    mine = system.call("PATCH", "/api/account", {"role": "admin"}, staff["support"]["token"])
    assert (mine.status_code, mine.json()["field"]) == (400, "role")


# What is allowed


def rules(system, staff, **change):
    return system.call("PUT", "/api/admin/abuse-rules", {"reason": "seen in the log", **change}, staff["security"]["token"])


def test_abuse_rules_are_in_force_within_a_second(own_system):
    system = own_system()
    staff = {"security": system.administrator("security")}
    blocked, other, limited = phone(), phone(), phone()
    key = system.key()

    def asks(number):
        return system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code
    answer = rules(system, staff, blockedNumbers=[blocked], blockedPrefixes=["+4475"], blockedCountries=["FR"],
                   blockedTypes=["voip"], limits={"sendsPerNumberPerHour": 1})
    data = answer.json()["data"]
    assert answer.status_code == 200 and blocked not in answer.text
    assert data["limits"]["sendsPerNumberPerHour"] == 1 and data["changedLimits"] == ["sendsPerNumberPerHour"]
    time.sleep(1)
    assert asks(blocked) == 400 and asks("+447500123456") == 400 and asks("+33612345678") == 400
    assert asks(limited) == 200 and asks(limited) == 429
    # What is listed may be kept by its id; what is left out of the change stays.
    kept = data["blockedNumbers"][0]
    assert kept["maskedPhone"].endswith(blocked[-2:])
    data = rules(system, staff, blockedNumbers=[kept["id"], other], limits={"sendsPerNumberPerHour": None}).json()["data"]
    assert len(data["blockedNumbers"]) == 2 and data["blockedCountries"] == ["FR"] and data["changedLimits"] == []
    data = rules(system, staff, blockedNumbers=[], blockedPrefixes=[]).json()["data"]
    assert data["blockedNumbers"] == [] and data["blockedPrefixes"] == []
    time.sleep(1)
    assert asks(blocked) == 200


@pytest.mark.parametrize("change, field", [
    ({"blockedPrefixes": ["88"]}, "blockedPrefixes"), ({"blockedCountries": ["XX"]}, "blockedCountries"),
    ({"blockedNumbers": ["12"]}, "blockedNumbers"), ({"blockedTypes": ["unsuitable"]}, "blockedTypes"),
    ({"limits": {"sendsPerHour": 0}}, "limits.sendsPerHour"), ({"limits": {"nonsense": 3}}, "limits.nonsense"),
    ({"allowedCountries": ["US"], "blockedCountries": ["US"]}, "blockedCountries"), ({"reason": ""}, "reason"),
])
def test_a_rule_that_cannot_be_is_refused_as_a_whole(system, staff, change, field):
    before = system.call("GET", "/api/admin/abuse-rules", token=staff["support"]["token"]).json()
    answer = rules(system, staff, **change)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert system.call("GET", "/api/admin/abuse-rules", token=staff["support"]["token"]).json() == before


def test_a_key_is_shown_once_works_and_is_revoked(system, staff):
    admin = staff["admin"]
    made = system.call("POST", "/api/admin/api-keys", {"name": "shop", "scopes": ["otp"], "reason": "new shop"}, admin["token"])
    key = made.json()["key"]
    assert made.status_code == 201 and system.call("POST", "/request-otp", {"phoneNumber": phone()}, key).status_code == 200
    listed = system.call("GET", "/api/admin/api-keys", token=admin["token"])
    assert key not in listed.text and key.split("_")[2] not in listed.text
    entry = next(k for k in listed.json()["data"]["keys"] if k["id"] == key.split("_")[1])
    assert entry["scopes"] == ["otp"] and entry["name"] == "shop"
    ended = at_once(8, lambda _: system.call("DELETE", f"/api/admin/api-keys/{entry['id']}", {"reason": "done"}, admin["token"]))
    assert sorted(a.status_code for a in ended) == [204] + [404] * 7
    assert system.call("POST", "/request-otp", {"phoneNumber": phone()}, key).status_code == 401
    assert system.rows("SELECT 1 FROM alert WHERE kind = 'api_key_created' AND detail = %s", entry["id"])
    for body in ({"scopes": [], "reason": "x"}, {"scopes": ["root"], "reason": "x"}):
        assert system.call("POST", "/api/admin/api-keys", body, admin["token"]).json()["field"] == "scopes"


def test_an_administrator_sees_how_providers_fare_and_asks_them(own_system):
    system = own_system(SMS_PROVIDERS="twilio,vonage", VERIFICATION_ENGINE="twilio-verify")
    admin = system.administrator()
    number = phone()
    system.call("POST", "/request-otp", {"phoneNumber": number}, system.key())
    system.wait_for_message(number)

    def providers():
        return {entry["name"]: entry for entry in
                system.call("GET", "/api/admin/providers", token=admin["token"]).json()["data"]["providers"]}
    assert list(providers()) == ["twilio-verify", "twilio-psd2", "twilio", "vonage", "sendgrid"]
    used = eventually(lambda: (entry := providers()["twilio-verify"])["answers"] and entry)
    assert used["state"] == "closed" and used["failures"] == 0 and used["milliseconds"] >= 0
    assert providers()["vonage"]["answers"] == 0

    def ask(name):
        return system.call("POST", f"/api/admin/providers/{name}/test", token=admin["token"])
    assert ask("twilio").json()["data"]["answered"] is True and ask("twilio-verify").json()["data"]["answered"] is True
    assert ask("vonage").json()["data"]["answered"] is True and ask("sendgrid").json()["data"]["answered"] is True
    assert ask("pigeon").status_code == 404
    system.rule(action="fail", status=503, provider="twilio")
    assert ask("twilio").json()["data"]["answered"] is False
    # Asking sends nothing and uses no rule up.
    assert len([m for m in system.messages() if m["channel"] == "sms"]) == 1


# Two administrators


@pytest.fixture(scope="module")
def dual():
    from conftest import System
    running = System(COUNTERSIGN_DUAL_CONTROL="on").start()
    yield running, running.administrator("security"), running.administrator("security"), running.administrator()
    running.remove()


def decide(system, admin, approval, word="approve"):
    return system.call("POST", f"/api/admin/approvals/{approval}/{word}", {"reason": "checked"}, admin["token"])


def test_with_dual_control_nobody_removes_factors_alone(dual):
    system, one, two, _ = dual
    person = system.person_with_app()
    asked = act(system, one, person, "disable-2fa")
    assert asked.status_code == 202
    assert system.log_in(person).json()["requires2FA"] is True
    approval = asked.json()["approvalId"]
    waiting = {w["id"]: w for w in system.call("GET", "/api/admin/approvals", token=one["token"]).json()["data"]["approvals"]}
    assert waiting[approval]["own"] is True and waiting[approval]["userId"] == person["userId"]
    own = at_once(8, lambda _: decide(system, one, approval))
    assert {(a.status_code, a.json()["code"]) for a in own} == {(403, "own_account")}
    assert decide(system, system.administrator("support"), approval).json()["code"] == "role_required"
    answers = at_once(8, lambda _: decide(system, two, approval))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 7
    assert system.log_in(person).json()["requires2FA"] is False
    entries = system.rows("SELECT event, admin_email FROM audit_entry WHERE target_id = UNHEX(REPLACE(%s, '-', '')) ORDER BY sequence", person["userId"])
    assert [e["event"] for e in entries] == ["approval_requested", "approval_given", "two_factor_removed"]
    assert [e["admin_email"] for e in entries] == [one["email"], two["email"], two["email"]]


def test_all_of_a_change_is_shown_to_who_approves_and_only_that_is_done(dual):
    system, one, two, admin = dual
    system.call("PUT", "/api/admin/abuse-rules", {"blockedPrefixes": [], "blockedCountries": [], "reason": "x"}, one["token"])
    prefixes = [f"+4475{n:04}" for n in range(100)]
    number = phone()
    asked = system.call("PUT", "/api/admin/abuse-rules", {"blockedPrefixes": prefixes, "blockedNumbers": [number], "limits": {"sendsPerHour": 77}, "reason": "x"}, one["token"])
    assert asked.status_code == 202
    waiting = {w["id"]: w for w in system.call("GET", "/api/admin/approvals", token=two["token"]).json()["data"]["approvals"]}
    details = waiting[asked.json()["approvalId"]]["details"]
    assert all(prefix in details["added"] for prefix in prefixes) and number not in str(details) and number[-2:] in details["added"]
    assert details["limits"] == "sendsPerHour from 200000 to 77"
    # Whatever else was changed meanwhile stays.
    system.ctl("destinations", "block", "--prefix", "+4477")
    assert decide(system, two, asked.json()["approvalId"]).status_code == 200
    now = system.call("GET", "/api/admin/abuse-rules", token=one["token"]).json()["data"]
    assert set(now["blockedPrefixes"]) == {*prefixes, "+4477"} and now["limits"]["sendsPerHour"] == 77
    too_many = system.call("PUT", "/api/admin/abuse-rules", {"blockedPrefixes": [f"+4476{n:04}" for n in range(101)], "reason": "x"}, one["token"])
    assert (too_many.status_code, too_many.json()["field"]) == (400, "blockedPrefixes")
    entry = system.rows("SELECT metadata FROM audit_entry WHERE event = 'abuse_rules_changed' ORDER BY sequence DESC LIMIT 1")[0]["metadata"]
    assert all(prefix in entry for prefix in prefixes) and number not in entry


def test_what_a_locked_administrator_asked_for_is_not_approved(dual):
    system, _, two, admin = dual
    suspect = system.administrator("security")
    asked = system.call("PUT", "/api/admin/abuse-rules", {"blockedCountries": ["IE"], "reason": "x"}, suspect["token"]).json()["approvalId"]
    assert system.call("POST", f"/api/admin/users/{suspect['userId']}/lock", {"reason": "suspect"}, admin["token"]).status_code == 200
    assert decide(system, two, asked).json()["code"] == "approval_over"


def test_what_was_refused_or_has_expired_is_not_done(dual):
    system, one, two, _ = dual
    change = {"blockedCountries": ["GB"], "reason": "pumping"}

    def ask():
        answer = system.call("PUT", "/api/admin/abuse-rules", change, one["token"])
        assert answer.status_code == 202
        return answer.json()["approvalId"]
    refusing = ask()
    assert decide(system, two, refusing, "reject").status_code == 200
    assert decide(system, two, refusing).json()["code"] == "approval_over"
    late = ask()
    system.rows("UPDATE approval SET expires_at = NOW(6) - INTERVAL 1 SECOND WHERE id = UNHEX(REPLACE(%s, '-', ''))", late)
    assert decide(system, two, late).json()["code"] == "approval_over"
    withdrawn = ask()
    assert decide(system, one, withdrawn, "reject").status_code == 200
    assert system.call("GET", "/api/admin/abuse-rules", token=one["token"]).json()["data"]["blockedCountries"] == []
    assert decide(system, two, ask()).status_code == 200
    assert system.call("GET", "/api/admin/abuse-rules", token=one["token"]).json()["data"]["blockedCountries"] == ["GB"]
    assert decide(system, two, NOBODY).status_code == 404


def test_a_key_that_two_administrators_make_is_shown_to_who_approves(dual):
    system, security, _, admin = dual
    asked = system.call("POST", "/api/admin/api-keys", {"scopes": ["sms"], "reason": "x"}, admin["token"])
    assert asked.status_code == 202 and "csk_" not in asked.text
    assert decide(system, security, asked.json()["approvalId"]).json()["code"] == "role_required"
    second = decide(system, system.administrator(), asked.json()["approvalId"])
    assert second.status_code == 201 and second.json()["key"].startswith("csk_")


def test_what_waits_for_approval_is_sealed_where_it_was_asked_for(dual):
    system, one, two, _ = dual
    asked = [system.call("PUT", "/api/admin/abuse-rules", {"blockedCountries": [c], "reason": "x"}, one["token"]).json()["approvalId"] for c in ("ES", "PT")]
    system.rows("UPDATE approval a JOIN approval b SET a.body_sealed = b.body_sealed WHERE a.id = UNHEX(REPLACE(%s, '-', '')) AND b.id = UNHEX(REPLACE(%s, '-', ''))", *asked)
    assert decide(system, two, asked[0]).status_code == 500


# Looking


def logs(system, person, **query):
    answer = system.call("GET", "/api/admin/sms/sms-logs", token=person["token"], params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_messages_are_found_by_every_filter_and_by_several(own_system):
    system = own_system()
    admin = system.administrator()
    people = [system.person_with_sms(locale=locale) for locale in ("en", "de")]
    number = "+447400" + str(secrets.randbelow(900000) + 100000)
    system.call("POST", "/request-otp", {"phoneNumber": number, "channel": "call"}, system.key())
    bad = phone()
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, to=bad)
    system.call("POST", "/request-otp", {"phoneNumber": bad}, system.key())
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE status = 'undelivered'"))
    eventually(lambda: not system.rows("SELECT 1 FROM message WHERE status IN ('queued', 'sending', 'sent')"))
    stored = system.rows("SELECT HEX(id) AS id, HEX(account_id) AS account, kind, channel, status, provider, country FROM message")

    def expected(**match):
        return {row["id"].lower() for row in stored if all(row[name] == value for name, value in match.items())}

    def ids(**query):
        data = logs(system, admin, **query)
        found = [entry["id"].replace("-", "") for entry in data["logs"]]
        assert len(found) == len(set(found)) and found == sorted(found, reverse=True)
        assert data["pagination"]["total"] == len(found) == sum(s["count"] for s in data["stats"])
        return set(found)
    person = people[0]
    account = person["userId"].replace("-", "").upper()
    assert ids() == expected()
    assert ids(userId=person["userId"]) == expected(account=account)
    assert ids(type="code") == expected(kind="code") and ids(channel="call") == expected(channel="call")
    assert ids(status="undelivered") == expected(status="undelivered") and ids(status="delivered") == expected(status="delivered")
    assert ids(provider="sendgrid") == expected(provider="sendgrid") and ids(country="gb") == expected(country="GB")
    assert ids(phone=number) == ids(phone=number[-4:]) == expected(country="GB")
    assert ids(phone=number[-2:]) >= expected(country="GB") and ids(phone=number[-3:]) >= expected(country="GB")
    assert ids(type="code", channel="sms", country="US", status="delivered") == expected(kind="code", channel="sms", country="US", status="delivered")
    assert ids(type="code", userId=person["userId"]) == expected(kind="code", account=account)
    assert ids(status="failed") == ids(type="nothing") == ids(to="2020-01-01") == set()
    day = time.strftime("%Y-%m-%d", time.gmtime())
    hour = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime())
    assert ids(**{"from": day}) == ids(**{"from": hour, "to": "2035-01-01"}) == expected()
    middle = sorted(entry["createdAt"] for entry in logs(system, admin)["logs"])[3]
    assert len(ids(to=middle)) == 3 and ids(**{"from": middle}) == expected() - ids(to=middle)


def test_pages_follow_each_other_by_cursor_and_by_offset(system, staff):
    person = system.person_with_sms()
    whole = [entry["id"] for entry in logs(system, staff["support"], userId=person["userId"])["logs"]]
    assert len(whole) == 4
    paged, cursor = [], None
    while True:
        data = logs(system, staff["support"], userId=person["userId"], limit=1, **({"cursor": cursor} if cursor else {}))
        paged += [entry["id"] for entry in data["logs"]]
        cursor = data["pagination"]["nextCursor"]
        assert data["pagination"]["total"] == 4 and data["pagination"]["hasMore"] is (cursor is not None)
        if cursor is None:
            break
    assert paged == whole
    assert [e["id"] for e in logs(system, staff["support"], userId=person["userId"], limit=2, offset=1)["logs"]] == whole[1:3]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "offset=-1", "offset=10001", "cursor=x", "userId=x", "channel=fax", "status=lost",
                                   "country=XX", "phone=1", "phone=abc", "from=yesterday", "to=99999", "reveal=x&reason=y", "from=2026-02-30", "from=2026-11-21T25:00:00Z", "limit=1&limit=2", "type=%00"])
def test_a_question_that_makes_no_sense_is_refused(system, staff, query):
    assert system.call("GET", f"/api/admin/sms/sms-logs?{query}", token=staff["support"]["token"]).status_code == 400


def test_no_code_and_no_whole_number_is_shown_unless_one_is_asked_for(own_system):
    system = own_system(COUNTERSIGN_MAX_REVEALS_PER_HOUR="2")
    support, security = system.administrator("support"), system.administrator("security")
    person = system.person_with_sms()
    code = system.code(person["number"], 2)
    text = system.call("GET", "/api/admin/sms/sms-logs", token=support["token"]).text
    exported = system.call("GET", "/api/admin/sms/sms-logs/export", token=security["token"]).text
    for shown in (text, exported):
        assert code not in shown and person["number"] not in shown and person["number"][1:] not in shown
    message = next(e for e in logs(system, support, userId=person["userId"])["logs"] if e["channel"] == "sms")

    def reveal():
        return system.call("GET", "/api/admin/sms/sms-logs", token=support["token"], params={"reveal": message["id"], "reason": "caller asks"})
    assert reveal().json()["data"]["logs"][0]["phone"] == person["number"]
    answers = at_once(6, lambda _: reveal())
    assert sorted(a.status_code for a in answers) == [200] + [429] * 5
    entries = system.rows("SELECT metadata FROM audit_entry WHERE event = 'number_revealed'")
    assert system.call("GET", "/api/admin/sms/sms-logs", token=support["token"], params={"reveal": message["id"]}).json()["field"] == "reason"
    of_person = system.call("GET", "/api/admin/security-log", token=security["token"], params={"userId": person["userId"]}).json()["data"]["entries"]
    assert [e["eventType"] for e in of_person].count("number_revealed") == 2
    assert len(entries) == 2 and message["id"] in entries[0]["metadata"] and "caller asks" in entries[0]["metadata"]
    assert system.rows("SELECT severity FROM alert WHERE kind = 'numbers_revealed'") == [{"severity": "critical"}]
    assert system.call("GET", "/api/admin/sms/sms-logs", token=support["token"], params={"reveal": NOBODY, "reason": "x"}).status_code == 404
    assert person["number"][1:] not in str(system.rows("SELECT metadata FROM audit_entry"))


PAYLOADS = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1-1", "-2+3", "@SUM(A1)",
            "\tx", "javascript:alert(1)", "${7*7}", "{{7*7}}", "'; DROP TABLE message; --", "a\u2028b", "\u202e txt.exe", "<svg/onload=alert(1)>"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_strangers_write_is_shown_as_text(system, staff, payload):
    """In an answer of JSON that no browser takes for a page, and in CSV that no spreadsheet calculates."""
    person = system.register()
    system.call("POST", "/api/auth/login", {"email": person["email"], "password": PASSWORD},
                headers={"User-Agent": payload.strip().encode("utf-8", "replace").decode("latin-1")})
    number = system.verify_phone(person)
    sid = eventually(lambda: system.rows("SELECT provider_sid FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code' AND status = 'delivered'",
                                         person["userId"]))[0]["provider_sid"]
    system.rows("UPDATE message SET error_code = %s, failure = %s WHERE provider_sid = %s", payload[:16].encode("ascii", "replace").decode(), payload[:32].encode("ascii", "replace").decode(), sid)
    for path in (f"/api/admin/users/{person['userId']}", f"/api/admin/users?q={number[1:]}"):
        answer = system.call("GET", path, token=staff["support"]["token"])
        assert answer.headers["Content-Type"].startswith("application/json") and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert system.call("GET", "/api/admin/users", token=staff["support"]["token"], params={"q": payload}).status_code == 200
    answer = system.call("GET", "/api/admin/sms/sms-logs/export", token=staff["security"]["token"], params={"userId": person["userId"]})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    fields = [field for row in csv.reader(io.StringIO(answer.text)) for field in row]
    assert not [field for field in fields if field[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert any(payload[:16].encode("ascii", "replace").decode() in field for field in fields)


def test_nobody_reads_everything_page_by_page_unseen(own_system):
    system = own_system(COUNTERSIGN_LOOKS_ALERT="10")
    support, admin = system.administrator("support"), system.administrator()
    for _ in range(15):
        system.register()
    cursor, pages = None, 0
    while pages == 0 or cursor:
        answer = system.call("GET", "/api/admin/users", token=support["token"], params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        pages, cursor = pages + 1, answer.json()["data"]["nextCursor"]
    assert pages == 17 == len(system.rows("SELECT 1 FROM audit_entry WHERE event = 'users_searched'"))
    raised = system.call("GET", "/api/admin/alerts", token=admin["token"], params={"kind": "many_looks"}).json()["data"]["alerts"]
    assert [a["detail"] for a in raised] == [support["userId"]]
    # And what is looked for is not written down where it may be a number.
    system.call("GET", "/api/admin/users", token=admin["token"], params={"q": "+1 415 555 26712"})
    assert "26712" not in str(system.rows("SELECT metadata FROM audit_entry"))


def test_an_alert_about_oneself_is_resolved_by_somebody_else(own_system):
    system = own_system(COUNTERSIGN_LOOKS_ALERT="1")
    one, other = system.administrator(), system.administrator()
    for _ in range(3):
        system.call("GET", f"/api/admin/users?q={secrets.token_hex(3)}", token=one["token"])
    alert = system.call("GET", "/api/admin/alerts", token=one["token"], params={"kind": "many_looks"}).json()["data"]["alerts"][0]["id"]

    def resolve(admin):
        return system.call("POST", f"/api/admin/alerts/{alert}/resolve", {"reason": "fine"}, admin["token"])
    assert resolve(one).json()["code"] == "own_account" and resolve(other).status_code == 200


def test_an_export_is_as_long_as_it_is_and_stops_where_it_is_told(own_system):
    system = own_system()
    system.ctl("seed", "--accounts", "200", "--messages", "5000", "--days", "3")
    security = system.administrator("security")
    answer = system.call("GET", "/api/admin/sms/sms-logs/export", token=security["token"])
    rows = list(csv.reader(io.StringIO(answer.text)))
    stored = system.rows("SELECT COUNT(*) AS n FROM message")[0]["n"]
    assert len(rows) - 1 == stored and len({row[0] for row in rows}) == len(rows)
    limited = system.call("GET", "/api/admin/sms/sms-logs/export", token=security["token"], params={"limit": 1200, "type": "code"})
    rows = list(csv.reader(io.StringIO(limited.text)))
    assert len(rows) == 1201 and {row[2] for row in rows[1:]} == {"code"}
    # And the connection it came on carries the next request.
    assert all(system.call("GET", "/api/admin/alerts", token=security["token"]).status_code == 200 for _ in range(20))
