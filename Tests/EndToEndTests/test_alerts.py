"""Goal: what an operator has to know of is raised once, told to people, and resolved."""

import json
import time

import requests

from conftest import at_once, eventually, phone
from listening import listening


def alerts(system, admin, **query):
    return system.call("GET", "/api/admin/alerts", token=admin["token"], params=query).json()["data"]["alerts"]


def forge(system, count):
    for _ in range(count):
        answer = requests.post(f"{system.base}/api/webhooks/twilio-status", data={"MessageSid": "SM1", "MessageStatus": "delivered"},
                               headers={"X-Twilio-Signature": "bm8="}, timeout=10)
        assert answer.status_code == 403


def test_many_forged_reports_raise_one_alert_and_a_few_none(own_system):
    system = own_system()
    admin = system.administrator()
    forge(system, 8)
    assert alerts(system, admin, kind="webhooks_forged") == []
    forge(system, 40)
    raised = alerts(system, admin, kind="webhooks_forged")
    assert [(a["severity"], a["detail"]) for a in raised] == [("critical", "twilio")]


def test_an_alert_is_resolved_once_and_what_goes_on_raises_another(own_system):
    system = own_system()
    admin = system.administrator()
    person = system.person_with_app()

    def remove(user):
        return system.call("POST", f"/api/admin/users/{user['userId']}/disable-2fa", {"reason": "x"}, admin["token"])
    assert remove(person).status_code == 200
    raised = alerts(system, admin, kind="factors_removed")[0]
    path = f"/api/admin/alerts/{raised['id']}/resolve"
    assert system.call("POST", path, {}, admin["token"]).json()["field"] == "reason"
    answers = at_once(8, lambda _: system.call("POST", path, {"reason": "looked into"}, admin["token"]))
    assert sorted(a.status_code for a in answers) == [200] + [404] * 7
    assert alerts(system, admin, kind="factors_removed") == []
    resolved = alerts(system, admin, status="resolved", kind="factors_removed")
    assert [a["resolution"] for a in resolved] == ["looked into"]
    again = system.bind_app(person | {"token": system.log_in(person).json()["token"]})
    assert remove(again).status_code == 200
    assert alerts(system, admin, kind="factors_removed")[0]["id"] != raised["id"]


def test_the_same_thing_is_counted_while_its_alert_is_open(own_system):
    system = own_system()
    admin = system.administrator()
    person = system.person_with_app()
    for _ in range(2):
        system.call("POST", f"/api/admin/users/{person['userId']}/disable-2fa", {"reason": "x"}, admin["token"])
        person = system.bind_app(person | {"token": system.log_in(person).json()["token"]})
    raised = alerts(system, admin, kind="factors_removed")
    assert [a["times"] for a in raised] == [2] and raised[0]["lastAt"] > raised[0]["createdAt"]


def test_alerts_are_posted_and_mailed_critical_ones_at_once_and_a_storm_as_one(own_system):
    with listening() as (url, heard):
        system = own_system(COUNTERSIGN_ALERT_URL=url, COUNTERSIGN_ALERT_EMAIL="ops@example.com")
        system.rows("INSERT INTO alert (id, kind, severity, subject, detail, created_at) VALUES (RANDOM_BYTES(16), 'budget_half_used', 'warning', 'quiet', '* money', NOW(6))")
        time.sleep(7)
        assert heard.requests == [] and system.messages("ops@example.com") == []
        values = ", ".join(f"(RANDOM_BYTES(16), 'code_spray', 'critical', 'storm {i}', 'storm {i}', NOW(6))" for i in range(100))
        system.rows(f"INSERT INTO alert (id, kind, severity, subject, detail, created_at) VALUES {values}")
        mail = eventually(lambda: system.messages("ops@example.com"), 20)
        assert len(mail) == 1 and mail[0]["subject"] == "Countersign: 101 alerts"
        assert mail[0]["body"].startswith("critical: code spray, storm") and "and 61 more" in mail[0]["body"]
        post = json.loads(eventually(lambda: heard.requests, 20)[0]["body"])
        assert len(post["data"]["alerts"]) == 40 and post["data"]["more"] == 61 and post["text"].startswith("Countersign: 101 alerts")
        time.sleep(6)
        assert len(heard.requests) == 1 and len(system.messages("ops@example.com")) == 1


def test_a_provider_that_is_back_resolves_its_alert(own_system):
    system = own_system(SMS_PROVIDERS="twilio,vonage")
    admin, key = system.administrator(), system.key()
    system.rule(action="fail", status=503, provider="twilio")
    system.call("POST", "/request-otp", {"phoneNumber": phone()}, key)
    assert eventually(lambda: alerts(system, admin, kind="provider_down"), 20)[0]["detail"] == "twilio"
    system.clear_rules()

    def back():
        system.call("POST", "/request-otp", {"phoneNumber": phone()}, key)
        time.sleep(3)
        return not alerts(system, admin, kind="provider_down")
    eventually(back, 120)
    assert alerts(system, admin, status="resolved", kind="provider_down")[0]["resolution"] == "It has passed."
