"""Goal: mail leaves through the outbox as texts do, and arrives."""

import time

import pytest

from conftest import eventually


def mails(system, person, subject=""):
    return [m for m in system.messages(person["email"], channel="email") if subject in m["subject"]]


def new_login(system, person):
    """Signs in from somewhere new, of which the owner is told by mail."""
    assert system.log_in(person, headers={"User-Agent": f"Browser {time.monotonic_ns()}"}).status_code == 200


def row(system, person):
    return system.rows("SELECT * FROM message WHERE channel = 'email' AND account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])[0]


def test_a_notice_arrives_as_mail(system):
    person = system.register()
    new_login(system, person)
    mail = eventually(lambda: mails(system, person))[0]
    assert mail["provider"] == "sendgrid" and mail["subject"].startswith("Countersign: new sign-in to your account")
    assert "Address: 127.0.0.1" in mail["body"] and "If this was not you" in mail["body"]
    stored = eventually(lambda: (r := row(system, person))["status"] in ("sent", "delivered") and r)
    assert stored["provider"] == "sendgrid" and stored["provider_sid"] == mail["id"] and stored["payload_sealed"] is None


@pytest.mark.parametrize("rule", [{"action": "fail", "status": 503, "times": 2}, {"action": "rate_limit", "seconds": 1, "times": 2}])
def test_mail_that_was_not_taken_is_sent_later(system, rule):
    person = system.register()
    system.rule(**rule, to=person["email"])
    new_login(system, person)
    eventually(lambda: mails(system, person), 20)
    time.sleep(0.5)
    assert len(mails(system, person)) == 1


@pytest.mark.parametrize("accepted,arrived", [(True, 2), (False, 1)])
def test_a_notice_whose_outcome_is_not_known_is_sent_a_second_time_and_no_third(system, accepted, arrived):
    person = system.register()
    system.rule(action="fail", status=500, accepted=accepted, times=1, to=person["email"])
    new_login(system, person)
    eventually(lambda: len(mails(system, person)) == arrived, 20)
    eventually(lambda: row(system, person)["status"] in ("sent", "delivered"))

    lost = system.register()
    system.rule(action="fail", status=500, accepted=False, times=9, to=lost["email"])
    new_login(system, lost)
    eventually(lambda: row(system, lost)["queue_lane"] is None, 20)
    assert row(system, lost)["status"] == "unknown" and row(system, lost)["attempts"] == 3
    system.clear_rules()


def test_mail_that_is_refused_for_good_is_not_tried_again_and_an_operator_hears_of_it(system):
    person = system.register()
    system.rule(action="fail", status=401, times=1, to=person["email"])
    new_login(system, person)
    stored = eventually(lambda: (r := row(system, person))["status"] == "failed" and r)
    assert stored["failure"] == "provider_auth_failed" and mails(system, person) == []
    alerts = system.rows("SELECT severity FROM alert WHERE message_id = %s", stored["id"])
    assert [a["severity"] for a in alerts] == ["critical"]
