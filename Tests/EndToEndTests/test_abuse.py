"""Goal: codes go where people use them, and fraud is stopped before it costs much.

- a hundred callers at once, by every route, from a hundred addresses
- budgets of money; a reserve for owners
- codes that nobody uses slow a prefix, then stop it, and no other
- puzzles: asked, solved, good once
- rules about destinations, in force within a second
- every refusal is logged, counted, and raised once
"""

import hashlib
import itertools
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import HTTPAdapter

from conftest import PASSWORD, at_once, eventually, phone


class From(HTTPAdapter):
    """Requests that come from an address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def post(system, path, body, address="127.0.0.1", **headers):
    with requests.Session() as session:
        session.mount("http://", From(address))
        return session.post(system.base + path, json=body, headers=headers, timeout=30)


def send(system, number, address="127.0.0.1", **headers):
    return post(system, "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"}, address, **headers)


def solve(puzzle):
    for counter in itertools.count():
        solution = f"{puzzle['token']}.{counter}"
        digest = int.from_bytes(hashlib.sha256(solution.encode()).digest())
        if digest >> (256 - puzzle["difficulty"]) == 0:
            return solution


def addresses():
    return (f"127.0.{a}.{b}" for a in range(1, 250) for b in range(1, 250))


def metric(system, program, name):
    text = requests.get(f"{system.base}/metrics/{program}", timeout=10).text
    return {labels: float(value) for labels, value in re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.M)}


def alerts(system, kind):
    return [row["subject"].decode() for row in system.rows("SELECT subject FROM alert WHERE kind = %s", kind)]


# Sends at once


def test_of_sends_from_a_hundred_addresses_at_once_three_leave_and_the_rest_are_told_the_same(system):
    number, source = phone(), list(itertools.islice(addresses(), 100))
    answers = at_once(100, lambda i: send(system, number, source[i]))
    assert [a.status_code for a in answers].count(200) == 3
    refused = {(a.status_code, a.json()["code"], a.json()["error"], tuple(sorted(a.json()))) for a in answers if a.status_code != 200}
    assert refused == {(429, "send_limit_reached", "Could not send code. Try again later.", ("code", "error", "requestId", "success"))}
    system.wait_for_message(number, 3)
    time.sleep(0.5)
    assert len(system.messages(number)) == 3


def test_all_routes_that_send_share_the_five_codes_of_a_number(own_system):
    system = own_system(COUNTERSIGN_RESEND_SECONDS="0")
    person, key = system.person_with_sms(), system.key("otp,challenges")
    number = person["number"]
    pending = system.log_in(person).json()["challengeId"]
    system.rows("DELETE FROM limit_window")
    before = len(system.messages(number))
    acts = [
        lambda: system.call("POST", "/request-otp", {"phoneNumber": number}, key),
        lambda: system.call("POST", "/api/sms/send-verification", {"phoneNumber": number}, key),
        lambda: system.call("POST", "/api/sms/send-2fa", {"phoneNumber": number}, key),
        lambda: system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number}),
        lambda: system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"}),
        lambda: system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send", "channel": "call"}, person["token"]),
        lambda: system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"]),
        lambda: system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": {"amount": 1, "payee": "Bob"}}, person["token"]),
        lambda: system.call("POST", "/api/auth/2fa/challenges", {"purpose": "vault", "userId": person["userId"]}, key),
        lambda: system.call("POST", f"/api/auth/2fa/challenges/{pending}/resend", {}),
        lambda: system.log_in(person),
        lambda: system.call("PUT", "/api/account/phone", {"phoneNumber": number}, person["token"]),
    ]
    answers = at_once(96, lambda i: acts[i % len(acts)]())

    # A login goes on without a code, and says nothing of it; all others are refused alike.
    refused = {(a.status_code, a.json()["code"]) for a in answers if a.status_code >= 400}
    assert refused == {(429, "send_limit_reached")}
    system.wait_for_message(number, before + 5)
    time.sleep(1)
    assert len(system.messages(number)) - before == 5, [m["body"] for m in system.messages(number)]


def test_an_account_has_a_budget_over_all_numbers_it_tries(own_system):
    system = own_system(COUNTERSIGN_MAX_SENDS_PER_ACCOUNT_PER_HOUR="4")
    person = system.register()
    answers = at_once(20, lambda _: system.call(
        "POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": phone()}, person["token"]))
    assert [a.status_code for a in answers].count(200) == 4


# Money


def test_money_stops_at_the_days_budget_and_owners_keep_a_reserve(own_system):
    system = own_system(COUNTERSIGN_BUDGET_PER_DAY="1")
    owner = system.person_with_sms()
    person, key = system.register(), system.key()
    system.ctl("destinations", "price", "--country", "US", "--dollars", "0.1")
    system.rows("DELETE FROM traffic")
    time.sleep(1)

    strangers = [send(system, phone()).status_code for _ in range(10)]
    assert strangers == [200] * 8 + [429] * 2
    known = [system.call("POST", "/request-otp", {"phoneNumber": phone()}, key).status_code for _ in range(2)]
    assert known == [200, 429]
    assert system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": phone()}, person["token"]).status_code == 429
    challenge = system.log_in(owner).json()["challengeId"]
    assert system.answer(challenge, code=system.code(owner["number"], 3)).status_code == 200

    assert [a.split()[:2] for a in alerts(system, "budget_half_used")] == [["*", "money"]]
    assert [a.split()[:2] for a in alerts(system, "budget_share_used_up")] == [["*", "money"]]
    assert alerts(system, "budget_used_up") == []
    # Nothing is left for owners either, and of a login that goes on without a code an operator hears too.
    assert system.log_in(owner).json()["codeSent"] is False
    assert [a.split()[:2] for a in alerts(system, "budget_used_up")] == [["*", "money"]]
    assert metric(system, "accounts", "countersign_refusals_total")['program="accounts",limit="everything-money"'] == 1
    said = system.ctl("doctor").stdout
    assert "1.00 of 1 dollars today" in said and "NOTE    budget *: 1.00 of 1 dollars today" in said
    assert metric(system, "verify-phone", "countersign_refusals_total")['program="verify-phone",limit="everything-money"'] == 4


def test_what_the_provider_charged_takes_the_place_of_the_built_in_price(own_system):
    system = own_system()
    key, number = system.key(), phone()
    system.call("POST", "/request-otp", {"phoneNumber": number}, key)
    built_in = system.rows("SELECT day_cost FROM traffic WHERE scope = '*'")[0]["day_cost"]
    eventually(lambda: system.rows("SELECT id FROM message WHERE status = 'delivered'"))
    # The courier asks a few seconds after it began.
    os.kill(system.pid("courier"), signal.SIGKILL)
    learned = eventually(lambda: system.rows("SELECT country, channel, source, amount FROM price"), 20)
    assert learned == [{"country": "US", "channel": "sms", "source": "provider", "amount": 7_500}]
    time.sleep(1)
    system.call("POST", "/request-otp", {"phoneNumber": phone()}, key)
    assert system.rows("SELECT day_cost FROM traffic WHERE scope = '*'")[0]["day_cost"] == built_in + 7_500


def test_a_refused_code_costs_nothing_and_a_provider_that_fails_gives_nothing_back(own_system):
    system = own_system()
    system.rule(action="fail", status=400, code=21211, times=5)
    number, key = phone(), system.key()
    answers = [system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code for _ in range(7)]
    assert answers[-2:] == [429, 429]
    row = system.rows("SELECT day_sent FROM traffic WHERE scope = '*'")[0]
    assert row["day_sent"] == 5


# Codes that nobody uses


def test_codes_that_nobody_uses_slow_a_prefix_and_a_puzzle_lets_people_through(own_system):
    system = own_system(COUNTERSIGN_PROOF_DIFFICULTY="10")
    source = addresses()
    for index in range(30):
        assert send(system, f"+1415555{2000 + index}", next(source)).status_code == 200
    here = next(source)
    asked = send(system, "+14155552900", here)
    assert (asked.status_code, asked.json()["code"]) == (428, "proof_required") and int(asked.headers["Retry-After"]) >= 1
    # The same for a number whose reset is asked for, known or not, and not for another prefix.
    reset = post(system, "/api/auth/sms/request-password-reset", {"phoneNumber": "+14155552901"}, here)
    assert reset.status_code == 428
    assert send(system, phone(), next(source)).status_code == 200
    assert len(alerts(system, "pumping_suspected")) == 1 and "+1415555" in alerts(system, "pumping_suspected")[0]

    # The last code went out long enough ago.
    system.rows("UPDATE traffic SET last_sent_at = last_sent_at - INTERVAL 20 SECOND WHERE scope = '+1415555'")
    proof = {"Proof-Of-Work": solve(asked.json()["puzzle"])}
    for wrong in ({"Proof-Of-Work": "x.1"}, {"Proof-Of-Work": asked.json()["puzzle"]["token"] + ".0"}, {}):
        assert send(system, "+14155552900", here, **wrong).status_code == 428
    assert send(system, "+14155552900", next(source), **proof).status_code == 428
    assert post(system, "/api/auth/sms/request-password-reset", {"phoneNumber": "+14155552901"}, here, **proof).status_code == 428
    answers = at_once(20, lambda i: send(system, f"+1415555{2910 + i}", here, **proof))
    assert [a.status_code for a in answers].count(200) == 1 and {a.status_code for a in answers} == {200, 428}
    # With its own puzzle solved, the next waits for its turn.
    solved = {"Proof-Of-Work": solve(send(system, "+14155552950", here).json()["puzzle"])}
    turn = send(system, "+14155552950", here, **solved)
    assert turn.status_code == 429 and 1 <= int(turn.headers["Retry-After"]) <= 20
    # It was not used up by that.
    system.rows("UPDATE traffic SET last_sent_at = last_sent_at - INTERVAL 20 SECOND WHERE scope = '+1415555'")
    assert send(system, "+14155552950", here, **solved).status_code == 200

    refusals = metric(system, "verify-phone", "countersign_refusals_total")
    assert refusals['program="verify-phone",limit="prefix-slowed"'] >= 4
    log = (system.state / "logs" / "verify-phone.log").read_text()
    assert '"limit refused"' in log and "prefix-slowed" in log and "5552900" not in log


def test_a_stopped_prefix_lets_owners_in_and_recovers_by_itself(own_system):
    system = own_system()
    number = "+14155557001"
    owner = system.register()
    system.verify_phone(owner, number)
    assert system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, owner["token"]).status_code == 200
    assert system.call("POST", "/api/auth/2fa/verify-and-enable", {"code": system.code(number, 2)}, owner["token"]).status_code == 200
    source, key = addresses(), system.key()
    for index in range(40):
        send(system, f"+1415555{2000 + index}", next(source))
    # The codes had their time.
    system.rows("UPDATE traffic SET older_sent = 40000, older_used = 0")
    for answer in (send(system, "+14155552900"), system.call("POST", "/request-otp", {"phoneNumber": "+14155552900"}, key)):
        assert (answer.status_code, answer.json()["code"]) == (429, "send_limit_reached")
        assert 1_700 < int(answer.headers["Retry-After"]) <= 1_800
    assert "breaker +1415555: stopped until" in system.ctl("doctor").stdout
    assert send(system, phone(), next(source)).status_code == 200
    challenge = system.log_in(owner).json()["challengeId"]
    assert system.answer(challenge, code=system.code(number, 3)).status_code == 200

    system.rows("UPDATE traffic SET stopped_until = NOW(6) - INTERVAL 1 SECOND WHERE scope = '+1415555'")
    assert send(system, "+14155552900", next(source)).status_code == 200


def test_codes_that_are_used_keep_a_prefix_open(own_system):
    system = own_system(COUNTERSIGN_MAX_SENDS_PER_ADDRESS_PER_HOUR="1000")
    key = system.key()
    for index in range(60):
        number = f"+1415555{2000 + index}"
        assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200, index
        if index % 5 == 0:
            assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": system.code(number)}, key).status_code == 200
    row = system.rows("SELECT span_sent + previous_sent AS sent, span_used + previous_used AS used FROM traffic WHERE scope = '+1415555'")[0]
    assert row == {"sent": 60, "used": 12}


def test_every_way_to_prove_a_number_counts_its_code_as_used(own_system):
    system = own_system()
    key, numbers = system.key(), [f"+1415555{2000 + index}" for index in range(4)]
    send(system, numbers[0])
    system.call("POST", "/api/auth/verify-phone", {"phoneNumber": numbers[0], "action": "verify", "code": system.code(numbers[0])})
    system.call("POST", "/request-otp", {"phoneNumber": numbers[1]}, key)
    system.call("POST", "/check-otp", {"phoneNumber": numbers[1], "code": system.code(numbers[1])}, key)
    person = system.register()
    system.verify_phone(person, numbers[2])
    system.verify_phone(person, numbers[3])
    # A second factor's code goes to a proven number, and is not counted here.
    system.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"])
    rows = system.rows("SELECT scope, span_sent + previous_sent AS sent, span_used + previous_used AS used FROM traffic WHERE scope <> '*'")
    assert {row["scope"]: (row["sent"], row["used"]) for row in rows} == {"+1415555": (4, 4), "US": (4, 4)}


# Rules


def test_a_rule_is_in_force_in_every_program_within_a_second(own_system):
    system = own_system(COUNTERSIGN_ALLOWED_COUNTRIES="US,CA,GB")
    owner, key = system.person_with_sms(), system.key()

    def refused(number):
        answers = [send(system, number), system.call("POST", "/request-otp", {"phoneNumber": number}, key),
                   system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number}),
                   system.call("PUT", "/api/account/phone", {"phoneNumber": number}, system.register()["token"])]
        assert len({(a.status_code, a.json().get("code")) for a in answers if a.status_code >= 400}) <= 1
        return {(a.status_code, a.json().get("code")) for a in answers} == {(400, "phone_not_allowed")}

    numbers = {"--country CA": "+16135550123", "--prefix +4475": "+447500123456", "--number +12125550123": "+12125550123",
               "--type mobile": "+447400123456"}
    assert refused("+18765551234")
    system.ctl("destinations", "allow", "--country", "JM")
    time.sleep(1)
    assert not refused("+18765551234")
    for target, number in numbers.items():
        assert not refused(number), target
        system.ctl("destinations", "block", *target.split())
        time.sleep(1)
        assert refused(number), target
    assert not refused("+12125550124")
    listed = [line for line in system.ctl("destinations", "list").stdout.splitlines() if not line.startswith("price")]
    assert len(listed) == 5 and "allowed  country JM" in listed and not any("2125550123" in line for line in listed)
    for target in numbers:
        system.ctl("destinations", "remove", *target.split())
    time.sleep(1)
    assert not refused("+447500123456") and not refused("+16135550123")

    # A number that an account holds already gets no more codes; its owner has other ways in.
    system.ctl("destinations", "block", "--number", owner["number"])
    time.sleep(1)
    pending = system.log_in(owner)
    assert pending.status_code == 200
    again = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer"}, owner["token"])
    assert (again.status_code, again.json()["code"]) == (429, "send_refused")
    assert system.answer(pending.json()["challengeId"], backupCode=owner["backupCodes"][0]).status_code == 200


@pytest.mark.parametrize("arguments", [(), ("--country", "XX"), ("--prefix", "1415"), ("--prefix", "+1x"), ("--number", "555"),
                                       ("--type", "pigeon"), ("--country", "US", "--prefix", "+1")])
def test_a_rule_that_names_no_destination_is_refused_in_a_sentence(system, arguments):
    answer = system.ctl("destinations", "block", *arguments, check=False)
    assert answer.returncode != 0 and answer.stderr.startswith("Error: ") and system.rows("SELECT * FROM destination_rule") == ()


# Faults


def test_limits_and_budgets_survive_the_death_of_every_process(own_system):
    system = own_system()
    person, key, number = system.register(), system.key(), phone()
    for _ in range(5):
        assert system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"]).status_code == 200
    for _ in range(10):
        assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": "wrong-password"}).status_code == 401

    def counts():
        return (system.rows("SELECT id, stamps, pending FROM limit_window ORDER BY id"),
                system.rows("SELECT scope, hour_sent, day_sent, day_cost, span_sent + previous_sent AS sent FROM traffic ORDER BY scope"))

    before = counts()
    for part in ("accounts", "verify-phone", "two-factor", "password-reset", "webhooks", "courier", "nginx", "mariadb"):
        pid = system.pid(part)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: system.pid(part) != pid)

    def is_well(part):
        try:
            return requests.get(f"{system.base}/healthz/{part}", timeout=10).status_code == 200
        except requests.ConnectionError:
            # nginx has a process again, and does not listen yet.
            return False

    for part in ("verify-phone", "accounts"):
        eventually(lambda: is_well(part), 20)
    assert counts() == before
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 429
    assert system.log_in(person).status_code == 429
    system.stop()
    system.start()
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 429
    assert system.log_in(person).status_code == 429


def test_no_count_falls_and_none_is_doubled_while_programs_are_killed_under_load(own_system):
    system = own_system(COUNTERSIGN_LEAST_CONVERSION_PERCENT="0")
    key, stop, taken = system.key(), time.monotonic() + 8, []
    counter = itertools.count()

    def load(_):
        while time.monotonic() < stop:
            index = next(counter)
            try:
                answer = system.call("POST", "/request-otp", {"phoneNumber": f"+1{212 + index % 3}{300 + index % 600}{1000 + index}"}, key)
                taken.append(answer.status_code == 200)
            except requests.RequestException:
                taken.append(None)
            time.sleep(0.02)

    def fell():
        newest = 0
        while time.monotonic() < stop:
            try:
                now = int((system.rows("SELECT day_sent FROM traffic WHERE scope = '*'") or [{"day_sent": 0}])[0]["day_sent"])
            except Exception:
                continue
            if now < newest:
                return f"{now} after {newest}"
            newest = now
            time.sleep(0.01)

    with ThreadPoolExecutor(8) as pool:
        watching = pool.submit(fell)
        loads = [pool.submit(load, index) for index in range(4)]
        for part in ("verify-phone", "mariadb", "verify-phone"):
            time.sleep(2)
            pid = system.pid(part)
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: system.pid(part) != pid)
        for one in loads:
            one.result()
        assert watching.result() is None
    counted = system.rows("SELECT day_sent FROM traffic WHERE scope = '*'")[0]["day_sent"]
    queued = system.rows("SELECT COUNT(*) AS n FROM message WHERE kind = 'code'")[0]["n"]
    assert counted == queued and taken.count(True) <= counted <= taken.count(True) + taken.count(None) + taken.count(False)


# Signing in


def test_who_tries_to_lock_people_out_does_not_keep_them_out(own_system):
    """The cost of an attempt to lock one person out is printed."""
    system = own_system(COUNTERSIGN_RESEND_SECONDS="0")
    people = [system.person_with_app() for _ in range(10)]
    for person in people:
        system.verify_phone(person)
    source = addresses()
    started, count = time.monotonic(), 0
    for person in people:
        for _ in range(14):
            post(system, "/api/auth/login", {"email": person["email"], "password": "wrong-password"}, next(source), **{"User-Agent": "attack"})
            count += 1
        number = system.call("GET", "/api/auth/session", token=person["token"]).json()["phoneNumber"]
        for _ in range(5):
            post(system, "/api/auth/sms/request-password-reset", {"phoneNumber": number}, next(source))
            post(system, "/api/auth/sms/verify-and-reset", {"phoneNumber": number, "code": "000000", "newPassword": PASSWORD + "-2"}, next(source))
            count += 2
    print(f"an attempt on one person took {count // len(people)} requests and {(time.monotonic() - started) / len(people):.2f} s of the attacker's time")

    for person in people:
        # From somewhere new the password is not even looked at; where its owner is at home it is.
        attack = post(system, "/api/auth/login", {"email": person["email"], "password": PASSWORD}, next(source), **{"User-Agent": "attack"})
        assert attack.status_code == 429
        # Also after the browser has updated itself.
        pending = system.log_in(person, headers={"User-Agent": requests.utils.default_user_agent() + "9"})
        assert pending.status_code == 200, pending.text
        assert system.answer(pending.json()["challengeId"], code=system.app_code(person)).status_code == 200


def test_who_goes_on_failing_waits_longer_and_longer(own_system):
    system = own_system()
    person = system.register()

    def fail():
        return post(system, "/api/auth/login", {"email": person["email"], "password": "wrong-password"}, **{"User-Agent": "elsewhere"})

    waits = []
    for _ in range(4):
        while (answer := fail()).status_code == 401:
            pass
        waits.append(int(answer.headers["Retry-After"]))
        # Time passes, with a minute in which all of these failures were made: the stamps of the row are as much older.
        passed = (waits[-1] + 60) * 1_000_000
        for row in system.rows("SELECT id, stamps FROM limit_window"):
            stamps = [int.from_bytes(row["stamps"][i:i + 8]) - passed for i in range(0, len(row["stamps"]), 8)]
            system.rows("UPDATE limit_window SET stamps = %s WHERE id = %s", b"".join(s.to_bytes(8) for s in stamps), row["id"])
    assert waits[0] <= 900 < waits[1] <= 3_600 and max(waits) > 4 * 3_600


def test_passwords_tried_on_many_accounts_raise_an_alert(own_system):
    system = own_system(COUNTERSIGN_FAILING_ACCOUNTS_ALERT="8")
    source = addresses()
    for index in range(8):
        for _ in range(3):
            post(system, "/api/auth/login", {"email": f"breached{index}@example.com", "password": "breached-1"}, next(source))
    assert alerts(system, "credential_spray") == []
    text = requests.get(f"{system.base}/metrics/accounts", timeout=10).text
    assert re.search(r"^countersign_failing_logins 8$", text, re.M)
    post(system, "/api/auth/login", {"email": "breached9@example.com", "password": "breached-1"}, next(source))
    assert len(alerts(system, "credential_spray")) == 1
