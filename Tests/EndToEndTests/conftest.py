"""A whole system for the tests: `countersignctl up` with a state directory and ports of its own."""

import itertools
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pyotp
import pytest
import requests

from contract import violation

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("COUNTERSIGN_PROGRAMS", ROOT / ".build" / "debug"))
PASSWORD = "plover-quartz-91x"
# Who makes the codes in this run, and so who finds their words.
ENGINE = os.environ.get("VERIFICATION_ENGINE", "local")
# How a code's text ends: ours, and that of a provider that makes codes.
CODE = re.compile(r"(?:#|code(?: is)?: )(\d{6})$")


# For load that goes to few prefixes, and of which nobody uses the codes.
WITHOUT_SEND_LIMITS = {
    "TWILIO_MAX_SMS_PER_HOUR": "1000000", "TWILIO_MAX_SMS_PER_DAY": "1000000", "COUNTERSIGN_LEAST_CONVERSION_PERCENT": "0",
    "COUNTERSIGN_BUDGET_PER_DAY": "1000000", "COUNTERSIGN_BUDGET_PER_COUNTRY_PER_DAY": "1000000",
    "COUNTERSIGN_MAX_SENDS_PER_HOUR": "100000000", "COUNTERSIGN_MAX_SENDS_PER_COUNTRY_PER_HOUR": "100000000",
    "COUNTERSIGN_MAX_SENDS_PER_DAY": "100000000", "COUNTERSIGN_MAX_SENDS_PER_COUNTRY_PER_DAY": "100000000",
}


# Of each worker a thousand of its own, below those that the kernel gives to outgoing connections: a port that is free now is
# still free when somebody listens there.
FIRST_PORT = 12_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = itertools.cycle(range(FIRST_PORT, FIRST_PORT + 1_000))


def free_port():
    while True:
        port = next(PORTS)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class System:
    """A running system, as its users and its operator see it."""

    def __init__(self, state=None, **environment):
        self.state = Path(state or tempfile.mkdtemp(prefix="countersign-"))
        self.port, self.sandbox_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSIGN_", "TWILIO_"))},
            "COUNTERSIGN_MAX_SENDS_PER_ADDRESS_PER_HOUR": "1000000",
            "COUNTERSIGN_MAX_LOGIN_FAILURES_PER_ADDRESS": "1000000",
            **environment,
        }
        self.process = None

    # Life

    def start(self, *arguments):
        self.process = subprocess.Popen(
            [PROGRAMS / "countersignctl", "up", "--state", self.state, "--port", str(self.port),
             "--sandbox-port", str(self.sandbox_port), *arguments],
            env=self.environment, cwd=self.state.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line == f"ready {self.base}\n", (line, self.process.stderr.read() if not line else "")
        # What it says later must not fill the pipe.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            assert self.process.wait(90) == 0
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.state, ignore_errors=True)

    def ctl(self, *arguments, check=True, **environment):
        return subprocess.run(
            [PROGRAMS / "countersignctl", *arguments, "--state", self.state],
            env={**self.environment, **environment}, cwd=self.state.parent, capture_output=True, text=True, check=check)

    def pid(self, part):
        return int((self.state / "run" / f"{part}.pid").read_text())

    def secret(self, name):
        values = dict(line.split("=", 1) for line in (self.state / "environment").read_text().splitlines())
        return values[name] if name in values else Path(values[f"{name}_FILE"]).read_text().strip()

    # HTTP

    def call(self, method, path, body=None, token=None, **options):
        headers = options.pop("headers", {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = requests.request(method, self.base + path, json=body, headers=headers, timeout=30, **options)
        assert (said := violation(method, path, answer)) is None, said
        return answer

    def register(self, **fields):
        body = {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD, **fields}
        answer = self.call("POST", "/api/auth/register", body)
        assert answer.status_code == 201, answer.text
        return answer.json() | {"email": body["email"]}

    # People with a second factor

    def verify_phone(self, person, number=None):
        """Gives a person a verified number, and returns it."""
        number = number or phone()
        self.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
        self.enter("/api/auth/sms/verify-phone", self.code(number), person)
        return number

    def enter(self, path, code, person):
        """Enters a code; once more where a provider's answer to sending it was not recorded when it was first compared."""
        for _ in range(1 if ENGINE == "local" else 2):
            answer = self.call("POST", path, {"code": code}, person["token"])
            if answer.status_code == 200:
                break
            time.sleep(0.5)
        assert answer.status_code == 200, answer.text
        return answer

    def person_with_sms(self, **fields):
        person = self.register(**fields)
        number = self.verify_phone(person)
        assert self.call("POST", "/api/auth/2fa/enable", {"method": "sms"}, person["token"]).status_code == 200
        answer = self.enter("/api/auth/2fa/verify-and-enable", self.code(number, 2), person)
        return person | {"number": number} | answer.json()

    def bind_app(self, person, **proof):
        """Gives a person an authenticator app; its code of this half-minute is used up by that."""
        created = self.call("POST", "/api/code/create", proof, person["token"])
        assert created.status_code == 200, created.text
        secret = created.json()["secret"]
        answer = self.call("POST", "/api/code/verify", {"code": self.totp(secret)}, person["token"])
        assert answer.status_code == 200, answer.text
        return person | {"secret": secret} | answer.json()

    def person_with_app(self, **fields):
        return self.bind_app(self.register(**fields))

    def administrator(self, role="admin"):
        """Somebody with a role, an app, and a session at level 2."""
        email = f"{secrets.token_hex(6)}@admin.example"
        made = self.ctl("admin", "create", "--email", email, "--password", PASSWORD, "--role", role)
        person = {"email": email, "userId": made.stdout.strip()}
        return self.bind_app(person | {"token": self.log_in(person).json()["token"]})

    def totp(self, secret, steps=0):
        return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)

    def app_code(self, person):
        """A code that will be accepted, whatever was before: time passes in the factor's row."""
        self.rows("UPDATE factor SET last_step = last_step - 3, used_codes = '' WHERE kind = 'app' AND account_id = UNHEX(REPLACE(%s, '-', ''))",
                  person["userId"])
        return self.totp(person["secret"])

    def log_in(self, person, **options):
        return self.call("POST", "/api/auth/login", {"email": person["email"], "password": PASSWORD}, **options)

    def challenge(self, person, purpose, **fields):
        """Begins a challenge and returns its id."""
        answer = self.call("POST", "/api/auth/2fa/challenges", {"purpose": purpose, **fields}, person["token"])
        assert answer.status_code == 201, answer.text
        return answer.json()["challengeId"]

    def answer(self, challenge, **body):
        return self.call("POST", f"/api/auth/2fa/challenges/{challenge}/verify", body)

    def authorization(self, person, purpose, **fields):
        """What a person with an app gets for a right code."""
        answer = self.answer(self.challenge(person, purpose, **fields), code=self.app_code(person))
        assert answer.status_code == 200, answer.text
        return answer.json()["authorization"]

    def notices(self, person, kind):
        """The channels on which an owner was told of something."""
        rows = self.rows("SELECT channel FROM message WHERE kind = %s AND account_id = UNHEX(REPLACE(%s, '-', ''))", kind, person["userId"])
        return sorted(row["channel"] for row in rows)

    def key(self, scopes="otp"):
        return self.ctl("api-key", "create", "--scopes", scopes).stdout.strip()

    # The sandbox

    def messages(self, to=None, **query):
        parameters = {**({"to": to} if to else {}), "limit": 1000, **query}
        return requests.get(f"{self.sandbox}/api/messages", params=parameters, timeout=10).json()["messages"]

    def wait_for_message(self, to, count=1, seconds=10):
        return eventually(lambda: (found := self.messages(to)) and len(found) >= count and found, seconds)[0]

    def code(self, to, count=1, seconds=10):
        """The newest code to a number, once so many have come."""
        def codes():
            return [match.group(1) for message in self.messages(to) if (match := CODE.search(message["body"]))]
        newest = eventually(lambda: (found := codes()) and len(found) >= count and found, seconds)[0]
        # The text is there before its provider has answered, and nobody reads and types that fast. For a start that hangs, of
        # whomever, nobody waits.
        deadline = time.monotonic() + 2
        while ENGINE != "local" and time.monotonic() < deadline and self.rows(
                "SELECT 1 FROM hosted_code WHERE sid IS NULL AND starting_until > UTC_TIMESTAMP(6) LIMIT 1"):
            time.sleep(0.02)
        return newest

    def rule(self, **rule):
        assert requests.post(f"{self.sandbox}/api/rules", json=rule, timeout=10).status_code == 201

    def clear_rules(self):
        requests.delete(f"{self.sandbox}/api/rules", timeout=10)

    # The database

    @contextmanager
    def database(self):
        """A cursor whose every statement is committed."""
        with pymysql.connect(unix_socket=str(self.state / "mariadb.sock"), user="root", database="countersign",
                             cursorclass=pymysql.cursors.DictCursor, autocommit=True) as connection:
            with connection.cursor() as cursor:
                yield cursor

    def rows(self, sql, *values):
        with self.database() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()


def eventually(condition, seconds=10):
    """The first true value of a condition; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def at_once(count, act):
    """Runs an act so many times, all let go at one instant, and returns what each returned."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(index):
        barrier.wait()
        try:
            results[index] = act(index)
        except requests.RequestException as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


_numbers = iter(range(200, 999))


def phone():
    """A number that no other test uses."""
    return f"+1415{next(_numbers)}{secrets.randbelow(9000) + 1000}"


@pytest.fixture(scope="session")
def system():
    """A system that tests share when they leave its parts alone."""
    running = System().start()
    yield running
    running.remove()


@pytest.fixture
def own_system():
    """Makes systems for one test, with variables of its own."""
    made = []

    def make(**environment):
        made.append(System(**environment).start())
        return made[-1]

    yield make
    for running in made:
        running.remove()
