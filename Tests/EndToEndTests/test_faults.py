"""Goal: whatever dies or lags, what was acknowledged happens once, and everything heals without hands.

- every program is killed in turn under load, and the database once
- the provider fails, is slow, or takes a message and does not say so
"""

import itertools
import os
import signal
import threading
import time

import pytest
import requests

from conftest import PASSWORD, WITHOUT_SEND_LIMITS, eventually, phone


def test_a_provider_that_is_away_for_a_while_delays_codes_and_loses_none(own_system):
    system = own_system()
    key, numbers = system.key(), [phone() for _ in range(10)]
    system.rule(action="fail", status=503)
    for number in numbers:
        assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
    time.sleep(5)
    assert system.messages() == []
    system.clear_rules()
    for number in numbers:
        code = system.code(number, seconds=20)
        assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 200
    time.sleep(1)
    assert sorted(m["to"] for m in system.messages()) == sorted(numbers)


def test_an_expired_code_is_never_sent(own_system):
    system = own_system()
    number = phone()
    system.rule(action="fail", status=503)
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, system.key()).status_code == 200
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE attempts > 0"))
    system.rows("UPDATE message SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 SECOND")
    time.sleep(1.2)
    system.clear_rules()
    row = eventually(lambda: system.rows("SELECT status, payload_sealed FROM message WHERE status = 'expired'"), 60)
    assert row == [{"status": "expired", "payload_sealed": None}] and system.messages() == []
    assert system.rows("SELECT kind FROM alert") == [{"kind": "code_undelivered"}]


@pytest.mark.parametrize("rule", [{"action": "fail", "status": 500, "accepted": True}, {"action": "fail", "status": 502, "accepted": True},
                                  {"action": "timeout", "seconds": 12, "accepted": True}])
def test_a_message_that_the_provider_took_without_saying_so_is_not_sent_again(own_system, rule):
    system = own_system()
    number = phone()
    system.rule(times=1, **rule)
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, system.key()).status_code == 200
    sid = system.wait_for_message(number)["id"]
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE provider_sid = %s", sid), 40)
    time.sleep(2)
    assert len(system.messages(number)) == 1


@pytest.mark.parametrize("rule", [{"action": "fail", "status": 500}, {"action": "rate_limit", "seconds": 1}])
def test_a_message_that_the_provider_did_not_take_is_sent_once_it_is_known(own_system, rule):
    system = own_system()
    number = phone()
    system.rule(times=1, **rule)
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, system.key()).status_code == 200
    system.wait_for_message(number, seconds=20)
    time.sleep(2)
    assert len(system.messages(number)) == 1


def test_a_slow_provider_delays_no_answer(own_system):
    system = own_system()
    system.rule(action="slow", seconds=5)
    key = system.key()
    for _ in range(12):
        started = time.monotonic()
        assert system.call("POST", "/request-otp", {"phoneNumber": phone()}, key).status_code == 200
        assert time.monotonic() - started < 1


def test_killing_every_program_in_turn_and_the_database_loses_and_doubles_nothing(own_system):
    system = own_system(**WITHOUT_SEND_LIMITS)
    key = system.key()
    acknowledged, failed, stop = [], [], threading.Event()

    def load():
        while not stop.is_set():
            number = phone_for_load()
            try:
                answer = system.call("POST", "/request-otp", {"phoneNumber": number}, key)
                (acknowledged if answer.status_code == 200 else failed).append(number)
            except requests.RequestException:
                failed.append(number)
            time.sleep(0.04)

    counter, lock = itertools.count(), threading.Lock()

    def phone_for_load():
        with lock:
            index = next(counter)
        return f"+1206{200 + index // 1000:03}{index % 1000 + 2000:04}"

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    victims = ["accounts", "verify-phone", "courier", "sandbox", "webhooks", "nginx", "courier", "mariadb", "verify-phone", "courier"]
    for victim in victims:
        time.sleep(3)
        pid = system.pid(victim)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: system.pid(victim) != pid, 10)
    time.sleep(3)
    stop.set()
    for thread in threads:
        thread.join()

    assert len(acknowledged) > 200
    sent = eventually(lambda: (found := {m["to"] for m in system.messages(limit=10_000)}) >= set(acknowledged) and found, 60)
    assert sent >= set(acknowledged)
    eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IS NOT NULL")[0]["n"] == 0, 60)
    times = {}
    for message in system.messages(limit=10_000):
        times[message["to"]] = times.get(message["to"], 0) + 1
    assert [number for number, count in times.items() if count > 1] == []
    # Everything works again, without hands.
    person = system.register()
    assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": PASSWORD}).status_code == 200
    delivered = system.rows("SELECT COUNT(*) AS n FROM message WHERE status = 'delivered'")[0]["n"]
    assert delivered > 0.9 * len(acknowledged)


def test_answers_say_unavailable_while_the_database_is_away_and_recover(own_system):
    system = own_system()
    person = system.register()
    os.kill(system.pid("mariadb"), signal.SIGSTOP)
    try:
        assert system.call("GET", "/livez/accounts").status_code == 200
    finally:
        os.kill(system.pid("mariadb"), signal.SIGCONT)
    os.kill(system.pid("mariadb"), signal.SIGKILL)
    answers = []

    def recovered():
        answers.append(system.call("GET", "/api/auth/session", token=person["token"]))
        return answers[-1].status_code == 200
    eventually(recovered, 20)
    assert {a.status_code for a in answers} <= {200, 503}
    assert all("Retry-After" in a.headers for a in answers if a.status_code == 503)
