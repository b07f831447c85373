"""Goal: administrators see how providers fare, and nobody else does."""

import pytest

from conftest import PASSWORD, eventually, phone

ROUTES = [("GET", "/api/admin/providers"), ("POST", "/api/admin/providers/twilio/test")]


def administrator(system, email):
    """Somebody with the role, an app, and a session at level 2."""
    assert system.ctl("admin", "create", "--email", email, "--password", PASSWORD).returncode == 0
    token = system.call("POST", "/api/auth/login", {"email": email, "password": PASSWORD}).json()["token"]
    return system.bind_app({"email": email, "token": token})


@pytest.mark.parametrize("method, path", ROUTES)
def test_only_an_administrator_at_level_2_is_let_in(own_system, method, path):
    system = own_system()
    assert system.call(method, path).status_code == 401
    user = system.person_with_app()
    refused = system.call(method, path, token=user["token"])
    assert refused.status_code == 403 and refused.json()["code"] == "role_required"
    key = system.key("otp,notifications,challenges,sms,users:write")
    assert system.call(method, path, token=key).status_code == 401

    system.ctl("admin", "create", "--email", "root@example.com", "--password", PASSWORD)
    token = system.call("POST", "/api/auth/login", {"email": "root@example.com", "password": PASSWORD}).json()["token"]
    low = system.call(method, path, token=token)
    assert low.status_code == 403 and low.json()["code"] == "level_too_low"
    bound = system.bind_app({"email": "root@example.com", "token": token})
    assert system.call(method, path, token=bound["token"]).status_code == 200


def test_an_administrator_sees_how_providers_fare_and_asks_them(own_system):
    system = own_system(SMS_PROVIDERS="twilio,vonage", VERIFICATION_ENGINE="twilio-verify")
    admin = administrator(system, "root@example.com")
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
