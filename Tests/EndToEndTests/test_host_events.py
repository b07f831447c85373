"""Goal: the host hears what happened, in order, at least once, and can tell that it is from us.

- signed over the time and the raw body; an id that repetitions share
- one message's events one after another; one that is not taken holds up no other's
- tried again, later each time, for a day; then kept for an operator, who can have them sent again
"""

import hashlib
import hmac
import json
import os
import signal
import time

import pytest

from conftest import System, eventually
from listening import listening

SECRET = "a secret of the host's own"


@pytest.fixture(scope="module")
def host():
    """A system, and what its host hears."""
    with listening() as (address, heard):
        running = System(COUNTERSIGN_EVENTS_URL=f"{address}/countersign", COUNTERSIGN_EVENTS_SECRET=SECRET).start()
        yield running, heard
        running.remove()


def events(heard, **of):
    """What was heard of something, newest last, once each time it was posted."""
    found = [json.loads(r["body"]) for r in list(heard.requests)]
    return [e for e in found if all(e["data"].get(k) == v for k, v in of.items())]


def wait(heard, count=1, seconds=10, **of):
    return eventually(lambda: len(found := events(heard, **of)) >= count and found, seconds)


def tell(system, person):
    body = {"userId": person["userId"], "balance": 1, "threshold": 2}
    return system.call("POST", "/api/notifications/low-balance", body, system.key("notifications")).json()


@pytest.fixture
def person(host):
    system, heard = host
    heard.answer = lambda request: 200
    found = system.register()
    number = system.verify_phone(found)
    # That the number is proven, and that the code for it arrived, is out of the way.
    eventually(lambda: {e["type"] for e in events(heard, userId=found["userId"])} == {"phone.verified", "message.delivered"})
    return found | {"number": number}


def test_an_event_is_signed_over_its_time_and_its_bytes(host, person):
    system, heard = host
    for request in heard.requests:
        fields = dict(part.split("=", 1) for part in request["headers"]["Countersign-Signature"].split(","))
        expected = hmac.new(SECRET.encode(), f"{fields['t']}.".encode() + request["body"], hashlib.sha256).hexdigest()
        assert hmac.compare_digest(expected, fields["v1"]) and abs(int(fields["t"]) - time.time()) < 60
        assert request["path"] == "/countersign" and request["headers"]["Content-Type"] == "application/json"


def test_the_host_hears_of_phones_factors_passwords_and_messages(host, person):
    system, heard = host
    types = lambda: {e["type"] for e in events(heard, userId=person["userId"])}
    system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    enabled = system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": system.code(person["number"], 2)}, person["token"]).json()
    eventually(lambda: "two_factor.enabled" in types())
    pending = system.log_in(person).json()["challengeId"]
    assert system.answer(pending, backupCode=enabled["backupCodes"][0]).status_code == 200
    eventually(lambda: "two_factor.backup_code_used" in types())
    told = tell(system, person)
    delivered = wait(heard, notificationId=told["notificationId"])[0]
    assert delivered["type"] == "message.delivered" and delivered["createdAt"].endswith("Z")
    assert delivered["data"] == {"messageId": told["messages"][0]["id"], "notificationId": told["notificationId"], "userId": person["userId"],
                                 "type": "low_balance", "channel": "sms", "status": "delivered"}
    assert all(person["number"] not in r["body"].decode() and person["email"] not in r["body"].decode() for r in heard.requests)


def test_a_message_that_failed_says_why(host, person):
    system, heard = host
    eventually(lambda: all(m["status"] == "delivered" for m in system.messages(person["number"])))
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30005, to=person["number"], times=1)
    told = tell(system, person)
    failed = wait(heard, notificationId=told["notificationId"])[0]
    assert failed["type"] == "message.failed" and failed["data"]["failure"] == "destination_unknown" and failed["data"]["errorCode"] == "30005"
    system.rule(action="fail", status=400, code=21211, to=person["number"], times=1)
    told = tell(system, person)
    assert wait(heard, notificationId=told["notificationId"])[0]["data"]["failure"] == "destination_invalid"


def test_what_the_host_does_not_take_is_posted_again_under_the_same_id_and_holds_up_nobody_elses(host, person):
    system, heard = host
    refused = []

    def answer(request):
        event = json.loads(request["body"])
        if event["data"].get("userId") == person["userId"] and len(refused) < 2:
            refused.append(event["id"])
            return 503
        return 200

    heard.answer = answer
    told, other = tell(system, person), system.register()
    number = system.verify_phone(other)
    wait(heard, userId=other["userId"])
    posted = wait(heard, 3, 30, notificationId=told["notificationId"])
    assert len(refused) == 2 and {e["id"] for e in posted} == set(refused) and number
    row = lambda: system.rows("SELECT status, attempts FROM host_event WHERE id = UNHEX(REPLACE(%s, '-', ''))", refused[0])[0]
    assert eventually(lambda: row()["status"] == "delivered" and row()) == {"status": "delivered", "attempts": 3}


def test_a_subjects_later_event_waits_for_the_earlier_one(host, person):
    system, heard = host
    heard.answer = lambda request: 500 if b"two_factor.enabled" in request["body"] and not allowed else 200
    allowed = []
    system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    enabled = system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": system.code(person["number"], 2)}, person["token"]).json()
    pending = system.log_in(person).json()["challengeId"]
    assert system.answer(pending, backupCode=enabled["backupCodes"][0]).status_code == 200
    eventually(lambda: any(b"two_factor.enabled" in r["body"] for r in heard.requests))
    time.sleep(2)
    kinds = lambda: [e["type"] for e in events(heard, userId=person["userId"]) if e["type"].startswith("two_factor")]
    assert "two_factor.backup_code_used" not in kinds()
    allowed.append(True)
    eventually(lambda: "two_factor.backup_code_used" in kinds(), 30)
    assert kinds()[-2:] == ["two_factor.enabled", "two_factor.backup_code_used"]


def test_what_was_refused_for_a_day_is_given_up_listed_and_sent_again_at_a_word(host, person):
    system, heard = host
    heard.answer = lambda request: 500
    told = tell(system, person)
    id = wait(heard, notificationId=told["notificationId"])[0]["id"]
    system.rows("UPDATE host_event SET attempts = 15, due_at = UTC_TIMESTAMP(6) WHERE id = UNHEX(REPLACE(%s, '-', ''))", id)
    status = lambda: system.rows("SELECT status FROM host_event WHERE id = UNHEX(REPLACE(%s, '-', ''))", id)[0]["status"]
    eventually(lambda: status() == "dead", 20)
    line = next(line for line in system.ctl("events", "list").stdout.splitlines() if line.startswith(id))
    assert "message.delivered" in line and line.endswith("500")
    heard.answer = lambda request: 200
    assert system.ctl("events", "replay", id).stdout == "queued 1 event again\n"
    eventually(lambda: status() == "delivered")
    assert "0 events" in system.ctl("events", "replay", "--all-dead").stdout
    for wrong in ([], ["x"], ["00000000-0000-7000-8000-000000000000"]):
        answer = system.ctl("events", "replay", *wrong, check=False)
        assert answer.returncode != 0 and answer.stderr.startswith("Error: ")


def test_an_event_survives_a_courier_that_is_killed(host, person):
    system, heard = host
    held = []

    def answer(request):
        if not held:
            held.append(True)
            os.kill(system.pid("courier"), signal.SIGKILL)
        return 200

    heard.answer = answer
    told = tell(system, person)
    posted = wait(heard, 2, 40, notificationId=told["notificationId"])
    assert len({e["id"] for e in posted}) == 1
    eventually(lambda: {r["status"] for r in system.rows("SELECT status FROM host_event")} == {"delivered"}, 30)
