"""Goal: a remembered device skips the second step of its owner's login, and does nothing else.

- its token counts once, for one account; a copy is noticed
- whatever changes the account's security forgets it
"""

import re

import pytest

from conftest import PASSWORD, at_once, phone


def remember(system, person):
    """Logs in and has the device remembered; returns its token and the session's."""
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person),
        "rememberDevice": True})
    assert done.status_code == 200, done.text
    return done.cookies["device"], done.json()["token"]


def skips(system, person, device):
    """Whether a login with a device's token skips the second step, and the token that takes its place."""
    answer = system.log_in(person, cookies={"device": device})
    assert answer.status_code == 200, answer.text
    return answer.json()["requires2FA"] is False, answer.cookies.get("device")


def alerts(system, device):
    return system.rows("SELECT 1 FROM alert WHERE kind = 'device_reused' AND detail = %s", f"device {device.split('.')[0]}")


def test_a_device_is_remembered_only_when_its_owner_asks_for_it(system):
    person = system.person_with_app()
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": system.log_in(person).json()["challengeId"], "code": system.app_code(person)})
    assert "device" not in done.cookies
    device, _ = remember(system, person)
    assert re.fullmatch(r"[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}", device)
    assert skips(system, person, device)[0]
    assert system.log_in(person).json()["requires2FA"] is True


def test_a_step_up_remembers_nothing(system):
    person = system.person_with_app()
    answer = system.answer(system.challenge(person, "transfer"), code=system.app_code(person), rememberDevice=True)
    assert answer.status_code == 200 and "device" not in answer.cookies


def test_each_use_changes_the_token_and_a_copy_of_an_old_one_is_noticed(system):
    person = system.person_with_app()
    first, _ = remember(system, person)
    skipped, second = skips(system, person, first)
    assert skipped and second != first and second.split(".")[0] == first.split(".")[0]
    skipped, third = skips(system, person, second)
    assert skipped and not alerts(system, first)

    assert skips(system, person, first) == (False, None)
    assert len(alerts(system, first)) == 1
    assert skips(system, person, third) == (False, None)


def test_of_20_parallel_uses_one_at_most_skips_the_second_step(system):
    person = system.person_with_app()
    device, _ = remember(system, person)
    answers = at_once(20, lambda _: system.log_in(person, cookies={"device": device}))
    skipped = [a for a in answers if a.status_code == 200 and a.json()["requires2FA"] is False]
    assert len(skipped) <= 1 and {a.status_code for a in answers} <= {200, 429, 503}


def test_a_token_is_worth_nothing_for_another_account_or_another_secret(system):
    person, victim = system.person_with_app(), system.person_with_app()
    device, _ = remember(system, person)
    theirs, _ = remember(system, victim)
    assert skips(system, victim, device) == (False, None)
    assert skips(system, person, device)[0], "somebody else's login must not use it up"
    for forged in (f"{theirs.split('.')[0]}.{device.split('.')[1]}", f"{theirs.split('.')[0]}.{'A' * 43}", "x", "", ".", device + ".x",
                   f"019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a.{theirs.split('.')[1]}"):
        assert system.log_in(person, cookies={"device": forged}).json()["requires2FA"] is True
    assert skips(system, victim, theirs)[0]


def test_a_wrong_password_learns_nothing_from_a_device(system):
    person = system.person_with_app()
    device, _ = remember(system, person)
    body = {"email": person["email"], "password": "wrong-password-1"}
    with_device = system.call("POST", "/api/auth/login", body, cookies={"device": device})
    assert with_device.status_code == 401 and with_device.json()["code"] == "credentials_invalid" and not with_device.cookies
    assert skips(system, person, device)[0]


def test_owners_see_their_devices_and_forget_them(system):
    person, other = system.person_with_app(), system.person_with_app()
    device, token = remember(system, person)
    listed = system.call("GET", "/api/auth/2fa/devices", token=token).json()["devices"]
    assert [d["id"] for d in listed] == [device.split(".")[0]] and listed[0]["device"].startswith("python-requests")
    path = f"/api/auth/2fa/devices/{listed[0]['id']}"
    assert system.call("DELETE", path, token=other["token"]).status_code == 404
    assert system.call("DELETE", "/api/auth/2fa/devices/x", token=token).status_code == 404
    assert system.call("DELETE", path, token=token).status_code == 204
    assert system.call("DELETE", path, token=token).status_code == 404
    assert skips(system, person, device) == (False, None)
    assert not alerts(system, device)


@pytest.mark.parametrize("change", ["password", "new app", "backup codes", "off", "phone", "other sessions", "expiry"])
def test_what_changes_the_accounts_security_forgets_its_devices(system, change):
    person = system.person_with_app()
    if change == "phone":
        proof = system.authorization(person, "phone_change")
        number = phone()
        system.call("PUT", "/api/account/phone", {"phoneNumber": number, "authorization": proof}, person["token"])
        system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(number)}, person["token"])
    device, token = remember(system, person)
    password = PASSWORD
    if change == "password":
        password = "otter-basalt-77q"
        body = {"currentPassword": PASSWORD, "newPassword": password, "authorization": system.authorization(person, "password_change")}
        assert system.call("POST", "/api/auth/password", body, token).status_code == 200
    elif change == "new app":
        person = system.bind_app(person | {"token": token}, authorization=system.authorization(person, "factor_change"))
    elif change == "backup codes":
        body = {"authorization": system.authorization(person, "backup_codes")}
        assert system.call("POST", "/api/auth/2fa/backup-codes", body, token).status_code == 200
    elif change == "off":
        body = {"password": PASSWORD, "authorization": system.authorization(person, "disable_2fa")}
        assert system.call("POST", "/api/auth/2fa/disable", body, token).status_code == 200
        person = system.bind_app(person | {"token": token})
    elif change == "phone":
        new = phone()
        body = {"phoneNumber": new, "authorization": system.authorization(person, "phone_change")}
        assert system.call("PUT", "/api/account/phone", body, token).status_code == 202
        assert system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(new)}, token).status_code == 200
    elif change == "other sessions":
        assert system.call("DELETE", "/api/auth/sessions", token=token).status_code == 204
    elif change == "expiry":
        system.rows("UPDATE device SET expires_at = UTC_TIMESTAMP(6) WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    answer = system.call("POST", "/api/auth/login", {"email": person["email"], "password": password}, cookies={"device": device})
    # New backup codes are no change of who holds what.
    assert answer.json()["requires2FA"] is (change != "backup codes")
