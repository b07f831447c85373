"""Goal: nobody learns who has an account.

- status, headers, length, order of keys, and limits are the same for known and unknown, locked, and without a phone
- so are the times: over 2,000 answers asked for in turn, half of them of each, medians lie less than two milliseconds apart
"""

import re
import secrets
import statistics
import time

import pytest
import requests

from conftest import PASSWORD, WITHOUT_SEND_LIMITS, phone
from test_sign_up import other

WRONG = "wrong-password-1"
# Of an account that there is none of, and that no other story tries.
NOBODY = f"nobody-{secrets.token_hex(6)}@example.com"


def said(answer, *hidden):
    """All of an answer that could tell one caller from another."""
    body = re.sub(r'"requestId":"[^"]*"', "…", answer.text)
    for value in hidden:
        body = body.replace(value, "…")
    body = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "…", body)
    # Seconds pass while the story goes on, so a wait is not compared to the second.
    headers = [(k, v if k != "Retry-After" else int(v) > 60) for k, v in answer.headers.items() if k not in ("Date", "X-Request-Id")]
    return answer.status_code, sorted(headers), body


def in_turn(acts, times):
    """What each act was answered, all of them in turn, so often."""
    answers = [[] for _ in acts]
    for _ in range(times):
        for index, act in enumerate(acts):
            answers[index].append(act())
    return answers


@pytest.fixture(scope="module")
def people(system):
    """An account of each kind, by what a stranger could want to know of it."""
    plain, with_phone = system.register(), system.register()
    number = system.verify_phone(with_phone)
    app = system.person_with_app()
    locked = system.register()
    for _ in range(10):
        system.call("POST", "/api/auth/login", {"email": locked["email"], "password": WRONG}, headers={"User-Agent": "stranger"})
    return {"plain": plain, "with_phone": with_phone | {"number": number}, "app": app, "unknown": {"email": NOBODY}}


def test_a_wrong_password_is_answered_alike_for_every_kind_of_account(system, people):
    def log_in(person):
        return lambda: said(system.call("POST", "/api/auth/login", {"email": person["email"], "password": WRONG},
                                        headers={"User-Agent": "stranger"}), person["email"])

    answers = in_turn([log_in(person) for person in people.values()], 12)
    for one in answers:
        assert one == answers[0]
    assert [a[0] for a in answers[0]] == [401] * 10 + [429] * 2


def test_asking_for_a_code_is_answered_alike_for_every_number(system, people):
    known, unknown = people["with_phone"]["number"], phone()
    unverified = phone()
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": unverified}, people["plain"]["token"])
    system.rows("DELETE FROM limit_window")
    for path, body in (("/api/auth/sms/request-password-reset", {}), ("/api/auth/verify-phone", {"action": "send"})):
        system.rows("DELETE FROM limit_window")
        answers = in_turn([lambda number=number: said(system.call("POST", path, {"phoneNumber": number, **body}), number)
                           for number in (known, unverified, unknown)], 5)
        assert all(one == answers[0] for one in answers)
        assert [a[0] for a in answers[0]] == [200] * 3 + [429] * 2
    for path, body in (("/api/auth/sms/verify-and-reset", {"code": "000000", "newPassword": PASSWORD + "-9"}),
                       ("/api/auth/verify-phone", {"action": "verify", "code": "000000"})):
        answers = in_turn([lambda number=number: said(system.call("POST", path, {"phoneNumber": number, **body}), number)
                           for number in (known, unverified, unknown)], 5)
        assert all(one == answers[0] for one in answers), path
        assert {a[0] for a in answers[0]} == {400}


def test_a_second_step_that_nobody_began_is_answered_like_one_that_is_over(system, people):
    person = people["app"]
    system.rows("DELETE FROM limit_window")
    real = system.log_in(person).json()["challengeId"]
    made_up = secrets.token_urlsafe(32)
    code = other(system.totp(person["secret"]))
    acts = [lambda challenge=challenge, email=email: said(system.call(
        "POST", "/api/auth/2fa/verify", {"email": email, "code": code, "challengeId": challenge}), challenge, email)
        for challenge, email in ((real, person["email"]), (made_up, person["email"]), (made_up, NOBODY))]
    answers = in_turn(acts, 5)
    # Who holds the id of a pending login has proven its password, and is told how many tries are left.
    assert [a[2] for a in answers[0]][3:] == [a[2] for a in answers[1]][3:]
    assert answers[1] == answers[2]
    acts = [lambda challenge=challenge, email=email: said(system.call(
        "POST", "/api/auth/2fa/send-code", {"email": email, "challengeId": challenge}), challenge, email)
        for challenge, email in ((real, person["email"]), (made_up, person["email"]), (made_up, NOBODY))]
    answers = in_turn(acts, 5)
    assert answers[0] == answers[1] == answers[2]


def test_a_new_number_of_an_account_may_be_anybodys(system, people):
    person = system.register()
    answers = in_turn([lambda number=number: said(system.call("PUT", "/api/account/phone", {"phoneNumber": number}, person["token"]), number)
                       for number in (people["with_phone"]["number"], phone())], 2)
    assert answers[0] == answers[1]


# Times


def told_apart(one, another):
    """How well times tell one from another: the chance that one of the first is longer than one of the second, 0.5 at best."""
    ranked = sorted((time, which) for which, times in enumerate((one, another)) for time in times)
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    chance = (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(another))
    return max(chance, 1 - chance)


def assert_alike(what, one, another):
    # Of each pair asked one after the other: a machine that is busy for a while is busy for both of them, and two medians taken
    # apart would be of different whiles.
    difference = statistics.median(first - second for first, second in zip(one, another, strict=True))
    print(f"{what}: {1000 * statistics.median(one):.2f} and {1000 * statistics.median(another):.2f} ms, "
          f"{1000 * difference:+.2f} ms, told apart {100 * told_apart(one, another):.0f} times in a hundred")
    assert abs(difference) < 0.002


def times_in_turn(base, acts, count):
    """The times of each act in seconds, all of them in turn over one kept connection."""
    with requests.Session() as session:
        times = [[] for _ in acts]
        for index in range(count + 50):
            # The one that comes first is now the one, now the other.
            for act, taken in list(zip(acts, times))[::1 if index % 2 else -1]:
                method, path, body, status = act(index)
                started = time.perf_counter()
                answer = session.request(method, base + path, json=body, timeout=30)
                if index >= 50:
                    taken.append(time.perf_counter() - started)
                assert answer.status_code == status, answer.text
    return times


def test_2000_answers_to_who_forgot_a_password_take_as_long_for_numbers_of_nobodys(own_system):
    system = own_system(**WITHOUT_SEND_LIMITS)
    person = system.register()
    number, nobody = system.verify_phone(person), phone()
    # A slow provider must not be seen either.
    system.rule(action="slow", seconds=5)
    acts = [lambda _, number=number: ("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number}, 200)
            for number in (number, nobody)]
    assert_alike("a reset for a known and an unknown number", *times_in_turn(system.base, acts, 1_000))


def test_2000_codes_for_known_and_unknown_numbers_take_as_long(own_system):
    system = own_system(**WITHOUT_SEND_LIMITS)
    key = system.key()
    number, nobody = system.verify_phone(system.register()), phone()
    headers = {"Authorization": f"Bearer {key}"}
    system.rule(action="silent")
    with requests.Session() as session:
        session.headers.update(headers)
        times = {number: [], nobody: []}
        for _ in range(1_000):
            for one, taken in times.items():
                started = time.perf_counter()
                assert session.post(f"{system.base}/request-otp", json={"phoneNumber": one}, timeout=30).status_code == 200
                taken.append(time.perf_counter() - started)
    assert_alike("a code to a known and an unknown number", *times.values())


def test_2000_wrong_passwords_take_as_long_for_unknown_addresses(own_system):
    system = own_system()
    people = [system.register() for _ in range(10)]

    def known(index):
        # Each far from its own limit, which the story is not about.
        if index % 80 == 0:
            system.rows("DELETE FROM limit_window")
        return "POST", "/api/auth/login", {"email": people[index % 10]["email"], "password": WRONG}, 401

    def unknown(index):
        return "POST", "/api/auth/login", {"email": f"nobody-{index % 10}@example.com", "password": WRONG}, 401

    assert_alike("a wrong password for a known and an unknown address", *times_in_turn(system.base, [known, unknown], 1_000))


def test_2000_wrong_codes_take_as_long_whatever_of_them_is_right(own_system):
    system = own_system(COUNTERSIGN_MAX_FAILED_CODES_PER_HOUR="10000000", **WITHOUT_SEND_LIMITS)
    person, number = system.register(), phone()
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    code = system.code(number)
    nearly, far = code[:5] + str((int(code[5]) + 1) % 10), str((int(code[0]) + 1) % 10) + code[1:]
    times = {nearly: [], far: []}
    with requests.Session() as session, system.database() as database:
        session.headers["Authorization"] = f"Bearer {person['token']}"
        for index in range(1_000):
            # Never worn out, and never over.
            database.execute("UPDATE verification SET tries = 0, failures = '', expires_at = UTC_TIMESTAMP(6) + INTERVAL 5 MINUTE")
            for one, taken in list(times.items())[::1 if index % 2 else -1]:
                started = time.perf_counter()
                answer = session.post(f"{system.base}/api/auth/sms/verify-phone", json={"code": one}, timeout=30)
                taken.append(time.perf_counter() - started)
                assert answer.status_code == 400 and answer.json()["attemptsRemaining"] > 0
    assert_alike("a code that is nearly right and one that is not", *times.values())
