#!/usr/bin/env python3
"""Measures a running system on this machine: `countersignctl up` of the release build, durable, with the sandbox.

Prints requests a second, the 99th percentile, and the responder's processor time a request for a constant route, the status
callback, and the checks of codes that were sent and of an app's; logins with a second factor, and their second step alone, which
costs no Argon2; whole cycles a second; the courier's messages a second; and how long others wait while a provider is slow or
down. Figures of one machine and one run compare with each
other and with nothing else.
"""

import argparse
import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "EndToEndTests"))
os.environ.setdefault("COUNTERSIGN_PROGRAMS", str(HERE.parents[1] / ".build" / "release"))

import requests  # noqa: E402
from conftest import PASSWORD, PROGRAMS, WITHOUT_SEND_LIMITS, System, eventually  # noqa: E402
from listening import Provider  # noqa: E402
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wrk(url, connections, seconds, pid, file=None):
    """Requests a second, p99, microseconds of the process a request, and answers that were no success."""
    before = processor_seconds(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    if file:
        command += ["-s", HERE / "replay.lua"]
    output = subprocess.run([*command, url], env={**os.environ, "REQUESTS": str(file or "")}, capture_output=True, text=True, check=True).stdout
    total = int(re.search(r"(\d+) requests in", output).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return (float(re.search(r"Requests/sec:\s+(\S+)", output).group(1)), re.search(r"99%\s+(\S+)", output).group(1),
            1e6 * (processor_seconds(pid) - before) / max(total, 1), int(bad.group(1)) if bad else 0)


def show(name, rate, p99="", cpu=None, bad=0):
    print(f"{name:44}{rate:10.0f}/s  {p99:>9}  {f'{cpu:.1f} us' if cpu else '':>9}  {f'{bad} refused' if bad else ''}", flush=True)


class Keys:
    """The system's own keys, to make rows that it takes for its own."""

    def __init__(self, text):
        self.id, material = text.split(",")[0].split(":", 1)
        self.material = base64.b64decode(material)

    def derived(self, purpose):
        extracted = hmac.new(b"\0" * 32, self.material, hashlib.sha256).digest()
        return hmac.new(extracted, purpose.encode() + b"\x01", hashlib.sha256).digest()

    def mac(self, purpose, fields):
        return hmac.new(self.derived(purpose), b"".join(struct.pack(">I", len(f)) + f for f in fields), hashlib.sha256).digest()

    def seal(self, plaintext, purpose, context):
        nonce = secrets.token_bytes(12)
        return b"\x01" + struct.pack(">I", int(self.id)) + nonce + AESGCM(self.derived(purpose)).encrypt(nonce, plaintext, context)


def insert(system, sql, rows):
    import pymysql
    with pymysql.connect(unix_socket=str(system.state / "mariadb.sock"), user="root", database="countersign", autocommit=True) as connection:
        with connection.cursor() as cursor:
            for start in range(0, len(rows), 2000):
                cursor.executemany(sql, rows[start:start + 2000])


def callbacks(system, directory, count):
    token, account = system.secret("TWILIO_AUTH_TOKEN"), system.secret("TWILIO_ACCOUNT_SID")
    sids = ["SM" + secrets.token_hex(16) for _ in range(count)]
    insert(system, """INSERT INTO message (id, kind, channel, lane, destination_sealed, destination_hash, due_at, expires_at,
                      created_at, provider, provider_sid, status, status_rank)
                      VALUES (%s, 'code', 'sms', 0, '', REPEAT('x', 32), NOW(6), NOW(6), NOW(6), 'twilio', %s, 'sent', 1)""",
           [(secrets.token_bytes(16), sid) for sid in sids])
    with open(directory / "callbacks", "w") as file:
        for sid in sids:
            form = {"AccountSid": account, "ApiVersion": "2010-04-01", "From": "+15005550006", "MessageSid": sid, "MessageStatus": "delivered",
                    "SmsSid": sid, "SmsStatus": "delivered", "To": "+15558675310"}
            data = f"{system.base}/api/webhooks/twilio-status" + "".join(k + form[k] for k in sorted(form))
            mac = base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()
            body = "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in form.items())
            file.write(f"POST\t/api/webhooks/twilio-status\tContent-Type: application/x-www-form-urlencoded|X-Twilio-Signature: {mac}\t{body}\n")
    return directory / "callbacks"


def checks(system, directory, count):
    keys = Keys(system.secret("COUNTERSIGN_KEYS"))
    accounts, sessions, verifications, lines = [], [], [], []
    for index in range(count):
        account, token, nonce, code = secrets.token_bytes(16), secrets.token_urlsafe(32), secrets.token_bytes(16), f"{secrets.randbelow(10**6):06}"
        number = f"+1415{2000000 + index}".encode()
        phone = keys.mac("phone-index/v1", [number])
        accounts.append((account, f"bench-{account.hex()}@example.com", f"bench-{account.hex()}@example.com"))
        sessions.append((hashlib.sha256(token.encode()).digest(), secrets.token_bytes(16), account))
        verifications.append((account, nonce, int(keys.id), keys.mac("code/v1", [b"phone", account, nonce, phone, code.encode()]),
                              keys.seal(number, "phone/v1", b"verification|phone|" + account), phone, secrets.token_bytes(16)))
        lines.append(f'POST\t/api/auth/sms/verify-phone\tContent-Type: application/json|Authorization: Bearer {token}\t{{"code":"{code}"}}\n')
    insert(system, "INSERT INTO account (id, email, email_key, region, created_at) VALUES (%s, %s, %s, 'US', NOW(6))", accounts)
    insert(system, """INSERT INTO session (token_hash, id, account_id, aal, created_at, last_seen_at, expires_at)
                      VALUES (%s, %s, %s, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE, UTC_TIMESTAMP(6) + INTERVAL 1 DAY)""", sessions)
    insert(system, """INSERT INTO verification (purpose, subject, nonce, key_id, mac, destination_sealed, destination_hash, channel, message_id,
                      issued_at, expires_at) VALUES ('phone', %s, %s, %s, %s, %s, %s, 'sms', %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY)""",
           verifications)
    (directory / "checks").write_text("".join(lines))
    return directory / "checks"


def app_code(secret, step):
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def bind_apps(system, accounts):
    """Gives accounts an authenticator app each, and returns the secrets."""
    keys = Keys(system.secret("COUNTERSIGN_KEYS"))
    secrets_of = [secrets.token_bytes(20) for _ in accounts]
    insert(system, "INSERT INTO factor (account_id, kind, id, secret_sealed, confirmed_at) VALUES (%s, 'app', %s, %s, NOW(6))",
           [(account, account, keys.seal(secret, "totp/v1", b"factor|secret|" + account)) for account, secret in zip(accounts, secrets_of)])
    return secrets_of


def app_checks(system, directory, count):
    """Requests for codes of an app: half within a session, half as the second step of a login; good for half a minute."""
    accounts = [secrets.token_bytes(16) for _ in range(2 * count)]
    insert(system, "INSERT INTO account (id, email, email_key, region, second_factor, created_at) VALUES (%s, %s, %s, 'US', 'app', NOW(6))",
           [(account, f"app-{account.hex()}@example.com", f"app-{account.hex()}@example.com") for account in accounts])
    secrets_of = bind_apps(system, accounts)
    tokens = [secrets.token_urlsafe(32) for _ in accounts]
    hashes = [hashlib.sha256(token.encode()).digest() for token in tokens]
    insert(system, """INSERT INTO session (token_hash, id, account_id, aal, created_at, last_seen_at, expires_at)
                      VALUES (%s, %s, %s, 2, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE, UTC_TIMESTAMP(6) + INTERVAL 1 DAY)""",
           [(hashes[i], secrets.token_bytes(16), accounts[i]) for i in range(count)])
    insert(system, """INSERT INTO challenge (token_hash, account_id, purpose, method, begun_by, nonce, created_at, expires_at)
                      VALUES (%s, %s, 'login', 'app', 'password', %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE)""",
           [(hashes[i], accounts[i], secrets.token_bytes(16)) for i in range(count, 2 * count)])
    step = int(time.time()) // 30
    codes = [app_code(secret, step) for secret in secrets_of]
    (directory / "app-checks").write_text("".join(
        f'POST\t/api/code/challenge\tContent-Type: application/json|Authorization: Bearer {tokens[i]}\t{{"code":"{codes[i]}"}}\n'
        for i in range(count)))
    (directory / "second-steps").write_text("".join(
        f'POST\t/api/auth/2fa/challenges/{tokens[i]}/verify\tContent-Type: application/json\t{{"code":"{codes[i]}"}}\n'
        for i in range(count, 2 * count)))
    return directory / "app-checks", directory / "second-steps"


def logins(system, people, threads):
    """Logins a second with password and app, two for each person, and how many failed."""
    registered = [system.register() for _ in range(people)]
    accounts = [bytes.fromhex(person["userId"].replace("-", "")) for person in registered]
    secrets_of = bind_apps(system, accounts)
    system.rows("UPDATE account SET second_factor = 'app' WHERE id IN (SELECT account_id FROM factor)")
    step, failed = int(time.time()) // 30, 0

    def log_in(person, secret, step):
        pending = requests.post(f"{system.base}/api/auth/login", json={"email": person["email"], "password": PASSWORD}, timeout=30)
        if pending.status_code != 200:
            return False
        body = {"email": person["email"], "challengeId": pending.json()["challengeId"], "code": app_code(secret, step)}
        return requests.post(f"{system.base}/api/auth/2fa/verify", json=body, timeout=30).status_code == 200

    started = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        for drift in (0, 1):
            failed += sum(not done for done in pool.map(log_in, registered, secrets_of, [step + drift] * people))
    return 2 * people / (time.monotonic() - started), failed


def sysbench(system, seconds):
    """What the database alone does: single-row updates, each durable."""
    system.rows("CREATE DATABASE IF NOT EXISTS sbtest")
    options = [f"--mysql-socket={system.state}/mariadb.sock", "--mysql-user=root", "--tables=1", "--table-size=100000", "--threads=32",
               f"--time={seconds}", "oltp_update_index"]
    subprocess.run(["sysbench", *options, "prepare"], check=True, capture_output=True)
    output = subprocess.run(["sysbench", *options, "run"], check=True, capture_output=True, text=True).stdout
    system.rows("DROP DATABASE sbtest")
    return float(re.search(r"transactions:\s+\d+\s+\((\S+) per sec", output).group(1))


def courier(system, key, count):
    """Messages that wait while the courier sleeps, and how fast it is through with them."""
    system.rule(action="silent")
    os.kill(system.pid("courier"), signal.SIGSTOP)
    with open(system.state / "requests", "w") as file:
        for index in range(count):
            file.write(f'POST\t/request-otp\tContent-Type: application/json|Authorization: Bearer {key}\t{{"phoneNumber":"+1312{2000000 + index}"}}\n')
    waiting = 0
    while waiting < count * 0.6:
        wrk(system.base, 32, 2, system.pid("verify-phone"), system.state / "requests")
        waiting = system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"]
    before = processor_seconds(system.pid("courier"))
    started = time.monotonic()
    os.kill(system.pid("courier"), signal.SIGCONT)
    eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, 120)
    elapsed = time.monotonic() - started
    system.clear_rules()
    return waiting / elapsed, 1e6 * (processor_seconds(system.pid("courier")) - before) / waiting


def behind_receipts(system, key, count):
    """How long a code takes that is asked for while so many receipts wait."""
    keys = Keys(system.secret("COUNTERSIGN_KEYS"))
    rows = []
    for index in range(count):
        row, number = secrets.token_bytes(16), f"+1303{2000000 + index}".encode()
        rows.append((row, keys.seal(number, "phone/v1", b"message|destination|" + row),
                     keys.seal(b'{"body":"Payment sent."}', "payload/v1", b"message|payload|" + row)))
    system.rule(action="silent")
    insert(system, """INSERT INTO message (id, kind, channel, lane, destination_sealed, destination_hash, payload_sealed, queue_lane,
                      due_at, expires_at, created_at)
                      VALUES (%s, 'payment_sent', 'sms', 2, %s, REPEAT('x', 32), %s, 2, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY,
                      UTC_TIMESTAMP(6))""", rows)
    slowest = 0
    for index in range(10):
        number = f"+1206{3000000 + index}"
        started = time.monotonic()
        assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
        system.wait_for_message(number)
        slowest = max(slowest, time.monotonic() - started)
    waiting = system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane = 2")[0]["n"]
    system.clear_rules()
    return slowest, waiting


def notified(system, directory, key, seconds):
    """Payments that the host tells of, one a request and a thousand a request, each with a mail."""
    people = []
    for index in range(200):
        person = system.register()
        people.append(person["userId"])
    system.rule(action="silent")
    # The courier would take half of the machine.
    os.kill(system.pid("courier"), signal.SIGSTOP)
    with open(directory / "notified", "w") as file:
        for index in range(20_000):
            body = json.dumps({"userId": people[index % 200], "amount": 100 + index, "recipient": "Bob Stone", "balance": 5000})
            file.write(f"POST\t/api/notifications/payment-sent\tContent-Type: application/json|Authorization: Bearer {key}|Idempotency-Key: n{index}\t{body}\n")
    single = wrk(system.base, 32, seconds, system.pid("notifications"), directory / "notified")
    events = [{"type": "payment_sent", "userId": people[n % 200], "data": {"amount": n + 1, "recipient": "Bob Stone", "balance": 5000}} for n in range(1000)]
    started = time.monotonic()
    for _ in range(3):
        assert system.call("POST", "/api/notifications/batch", {"events": events}, key).status_code == 207
    batched = 3000 / (time.monotonic() - started)
    os.kill(system.pid("courier"), signal.SIGCONT)
    eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, 120)
    system.clear_rules()
    return single, batched


def mail_events(system, seconds):
    """SendGrid's events, 500 a request, each recorded once."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.derive_private_key(0xAE5DBC98157886F9E30C1D744834B7CEA6E88A44D65AF35856EC7011679E7B79, ec.SECP256R1())
    sids = [secrets.token_urlsafe(16) for _ in range(10_000)]
    insert(system, """INSERT INTO message (id, kind, channel, lane, destination_sealed, destination_hash, due_at, expires_at,
                      created_at, provider, provider_sid, status, status_rank)
                      VALUES (%s, 'payment_sent', 'email', 2, '', REPEAT('x', 32), NOW(6), NOW(6), NOW(6), 'sendgrid', %s, 'sent', 1)""",
           [(secrets.token_bytes(16), sid) for sid in sids])
    bodies = []
    for start in range(0, len(sids), 500):
        body = json.dumps([{"email": "a@example.com", "event": "delivered", "timestamp": 1, "sg_event_id": secrets.token_hex(16), "sg_message_id": f"{sid}.x"}
                           for sid in sids[start:start + 500]]).encode()
        stamp = str(int(time.time()))
        bodies.append((body, stamp, base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()))
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        def post(each):
            return requests.post(f"{system.base}/api/webhooks/sendgrid-events", data=each[0], timeout=60, headers={
                "Content-Type": "application/json", "X-Twilio-Email-Event-Webhook-Timestamp": each[1],
                "X-Twilio-Email-Event-Webhook-Signature": each[2]}).status_code
        assert set(pool.map(post, bodies)) == {200}
    return len(sids) / (time.monotonic() - started)


def flood(system, directory, callbacks, seconds):
    """Fifty good callbacks a second beside as many forged ones as this machine can make."""
    lines = callbacks.read_text().splitlines()[-50 * seconds:]
    forged = directory / "forged"
    forged.write_text("".join(re.sub("X-Twilio-Signature: .", "X-Twilio-Signature: A", line) + "\n" for line in lines))
    times = []
    with ThreadPoolExecutor(2) as pool:
        bad = pool.submit(wrk, system.base, 64, seconds, system.pid("webhooks"), forged)
        session, begun = requests.Session(), time.monotonic()
        for index, line in enumerate(lines):
            time.sleep(max(0, begun + index / 50 - time.monotonic()))
            _, path, headers, body = line.split("\t")
            started = time.monotonic()
            answer = session.post(system.base + path, data=body, headers=dict(h.split(": ", 1) for h in headers.split("|")), timeout=30)
            times.append(time.monotonic() - started)
            assert answer.status_code == 200
        rate = bad.result()[0]
    times.sort()
    return rate, times[len(times) * 99 // 100], times[-1]


def sends(system, directory, key, prefix, seconds):
    """Codes asked for by the host a second, each for another number."""
    with open(directory / "sends", "w") as file:
        for index in range(20_000):
            file.write(f'POST\t/request-otp\tContent-Type: application/json|Authorization: Bearer {key}\t{{"phoneNumber":"{prefix}{2000000 + index}"}}\n')
    return wrk(system.base, 32, seconds, system.pid("verify-phone"), directory / "sends")


def other_keys(system, directory, key, count, seconds):
    """What so many other keys of limits cost the sends of today, and how fast the tenth of them that is over is removed."""
    system.rule(action="silent")
    sends(system, directory, key, "+1213", 2)
    show("codes asked for, by a table of today's keys", *sends(system, directory, key, "+1312", seconds))
    started = time.monotonic()
    system.rows("""INSERT INTO limit_window (id, stamps, pending, expires_at)
                   SELECT UNHEX(SHA2(seq, 256)) AS id, REPEAT('x', 24), 0, UTC_TIMESTAMP(6) + INTERVAL IF(seq MOD 10 = 0, -60, 60 + seq MOD 1440) MINUTE
                     FROM seq_1_to_%s ORDER BY id""", count)
    print(f"{'':44}{count} other keys made in {time.monotonic() - started:.0f} s")
    show(f"codes asked for, beside {count} others", *sends(system, directory, key, "+1206", seconds))
    started = time.monotonic()
    removed = int(system.ctl("purge").stdout.split()[1])
    print(f"{'':44}{removed} rows removed in {time.monotonic() - started:.0f} s", flush=True)
    show("codes asked for, after that", *sends(system, directory, key, "+1404", seconds))
    system.clear_rules()


def latencies(system, path, bodies, key, seconds, threads=4):
    """How long answers took, sorted, of so many callers one request after the other."""
    end = time.monotonic() + seconds

    def call(_):
        session, times = requests.Session(), []
        session.headers["Authorization"] = f"Bearer {key}"
        while time.monotonic() < end:
            started = time.monotonic()
            session.post(system.base + path, json=next(bodies), timeout=30)
            times.append(time.monotonic() - started)
        return times
    with ThreadPoolExecutor(threads) as pool:
        return sorted(sum(pool.map(call, range(threads)), []))


def show_latencies(name, before, during):
    at = lambda times, share: 1000 * times[int(len(times) * share)]
    print(f"{name:44}{at(before, .5):9.1f} and {at(before, .99):.1f} ms (median, p99) before, {at(during, .5):.1f} and {at(during, .99):.1f} "
          f"meanwhile: {at(during, .99) / at(before, .99):.2f} times the p99", flush=True)


def slow_checks():
    """What everybody else waits while fifty checks hang at a provider."""
    system = System(VERIFICATION_ENGINE="twilio-verify", **WITHOUT_SEND_LIMITS).start()
    try:
        key, numbers = system.key(), [f"+1415555{4000 + index}" for index in range(50)]
        codes = {}
        for number in numbers:
            system.call("POST", "/request-otp", {"phoneNumber": number}, key)
            codes[number] = system.code(number)
        others = map(lambda index: {"phoneNumber": f"+1206555{index % 10_000:04}", "code": "123456"}, itertools.count())
        latencies(system, "/check-otp", others, key, 1)
        before = latencies(system, "/check-otp", others, key, 4)
        system.rule(action="slow", seconds=10, provider="twilio-verify", on="check")
        with ThreadPoolExecutor(50) as pool:
            hanging = [pool.submit(requests.post, f"{system.base}/check-otp", json={"phoneNumber": number, "code": codes[number]},
                                   headers={"Authorization": f"Bearer {key}"}, timeout=30) for number in numbers]
            eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM verification WHERE tries = 1")[0]["n"] == 50)
            during = latencies(system, "/check-otp", others, key, 4)
            assert not any(each.done() for each in hanging)
        show_latencies("others, while 50 checks hang", before, during)
    finally:
        system.remove()


def bad_day(mode):
    """How long it takes to ask for a code while the first provider is down, and to get it."""
    system = System(SMS_PROVIDERS="twilio,vonage", **WITHOUT_SEND_LIMITS)
    twilio = Provider(f"http://127.0.0.1:{system.sandbox_port}/twilio")
    system.environment["TWILIO_API_BASE_URL"] = twilio.url
    system.start()
    try:
        key = system.key()
        system.rule(action="silent")
        numbers = map(lambda index: {"phoneNumber": f"+1312555{index % 10_000:04}"}, itertools.count())
        latencies(system, "/request-otp", numbers, key, 1, threads=1)
        before = latencies(system, "/request-otp", numbers, key, 4, threads=1)
        eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, 60)
        time.sleep(6)
        twilio.be(mode)
        during = latencies(system, "/request-otp", numbers, key, 4, threads=1)
        show_latencies(f"asking for a code while Twilio is {mode}", before, during)
        eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, 60)
        row = system.rows("SELECT MAX(TIMESTAMPDIFF(MICROSECOND, created_at, sent_at)) / 1000 AS slowest FROM message WHERE provider = 'vonage'")[0]
        print(f"{'':44}{row['slowest']:9.0f} ms at most until Vonage had it", flush=True)
    finally:
        twilio.close()
        system.remove()


def administrators_pages(accounts, messages):
    """How long an administrator waits for each page, with so many accounts and messages made up."""
    system = System().start()
    try:
        started = time.monotonic()
        system.ctl("seed", "--accounts", str(accounts), "--messages", str(messages))
        print(f"{accounts} accounts and {messages} messages made up in {time.monotonic() - started:.0f} s", flush=True)
        admin = system.administrator()
        logs, users = "/api/admin/sms/sms-logs", "/api/admin/users"

        def ask(path):
            answer = system.call("GET", path, token=admin["token"])
            assert answer.status_code == 200, answer.text
            return answer.json()["data"]
        texts = [entry for entry in ask(f"{logs}?country=GB")["logs"] if entry.get("phone")]
        whole = ask(f"{logs}?reveal={texts[0]['id']}&reason=bench")["logs"][0]["phone"]
        middle = system.rows("SELECT LOWER(HEX(id)) AS id FROM message WHERE id > (SELECT UNHEX(CONCAT(LPAD(HEX(UNIX_TIMESTAMP(UTC_TIMESTAMP() - INTERVAL 45 DAY) * 1000), 12, '0'), REPEAT('0', 20)))) LIMIT 1")[0]["id"]
        middle = "-".join((middle[:8], middle[8:12], middle[12:16], middle[16:20], middle[20:]))
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 30 * 86_400))
        filters = ["type=code", "type=factor_disabled", "type=nothing", "channel=call", "status=delivered", "status=failed", "status=expired", "status=queued",
                   "provider=vonage", "country=US", "country=NZ", f"from={day}", f"to={day}", "phone=71", "phone=671", "phone=2671",
                   f"phone={whole.replace('+', '%2B')}", f"userId={texts[0]['userId']}", "type=code&status=failed&country=DE"]
        paths = ["/api/admin/sms/stats", f"/api/admin/sms/stats?from={day}", logs, *(f"{logs}?{f}" for f in filters), f"{logs}?offset=10000",
                 *(f"{logs}?{f}cursor={middle}" for f in ("", "type=code&", "status=undelivered&", "provider=vonage&", "country=NZ&")),
                 users, *(f"{users}?q={q}" for q in ("ann", "ann.bauer.5", "Ann%20Ba", "seed", whole.replace("+", "%2B"), texts[0]["userId"])),
                 "/api/admin/security-log", "/api/admin/alerts"]
        for path in paths:
            times = []
            for _ in range(9):
                before = time.perf_counter()
                # Without a look at what the document says of the answer, which takes longer than the answer.
                answer = requests.get(system.base + path, headers={"Authorization": f"Bearer {admin['token']}"}, timeout=30)
                assert answer.status_code == 200, answer.text
                times.append(1000 * (time.perf_counter() - before))
            print(f"{times[0]:8.1f} ms at first {sorted(times)[4]:8.1f} then {max(times):8.1f} at most  {path[:90]}", flush=True)
        print(system.ctl("statistics", "verify").stdout.strip())
    finally:
        system.remove()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--hold", action="store_true", help="prepare the request files, print where they are, and wait for Enter")
    options.add_argument("--other-keys", type=int, default=0, help="measure only sends, before and beside so many other keys of limits")
    options.add_argument("--pages", metavar="ACCOUNTS,MESSAGES", help="measure only what administrators see of so many")
    chosen = options.parse_args()
    if chosen.pages:
        administrators_pages(*map(int, chosen.pages.split(",")))
        return
    system = System(**{**WITHOUT_SEND_LIMITS, "TWILIO_MAX_SMS_PER_HOUR": "250", "TWILIO_MAX_SMS_PER_DAY": "250"}).start()
    directory = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    try:
        key = system.key()
        pid = system.pid
        if chosen.other_keys:
            other_keys(system, directory, key, chosen.other_keys, chosen.seconds)
            return
        files = callbacks(system, directory, 100_000), checks(system, directory, 60_000)
        files_of_callbacks = files[0]
        if chosen.hold:
            print(system.base, *files, {name: pid(name) for name in ("accounts", "verify-phone", "two-factor", "webhooks")}, flush=True)
            input()
            return
        for connections in (32, 128):
            show(f"constant route, {connections} connections", *wrk(f"{system.base}/livez/accounts", connections, chosen.seconds, pid("accounts")))
        alone = sysbench(system, chosen.seconds)
        show("database alone (sysbench update_index)", alone)
        rate, *rest = wrk(system.base, 32, chosen.seconds, pid("webhooks"), files[0])
        show("status callback, verified and committed", rate, *rest)
        print(f"{'':44}{100 * rate / alone:9.0f} % of the database alone")
        show("check of a code", *wrk(system.base, 32, chosen.seconds, pid("verify-phone"), files[1]))
        files = app_checks(system, directory, 20_000)
        show("check of an app's code", *wrk(system.base, 32, chosen.seconds, pid("two-factor"), files[0]))
        show("second step of a login, without Argon2", *wrk(system.base, 32, chosen.seconds, pid("two-factor"), files[1]))
        rate, failed = logins(system, 150, 4)
        show("whole login with password and app", rate, bad=failed)
        system.rule(action="silent")
        output = subprocess.run([PROGRAMS / "countersign-bench", system.base, system.sandbox, key, "16", str(chosen.seconds)],
                                capture_output=True, text=True, check=True).stdout.split()
        show("whole cycles: asked for, sent, checked", float(output[0]), f"{float(output[1]):.1f}ms", bad=int(output[2]))
        system.clear_rules()
        rate, cpu = courier(system, key, 12_000)
        show("courier, messages sent and recorded", rate, cpu=cpu)
        single, batched = notified(system, directory, system.key("notifications"), chosen.seconds)
        show("payments told of, one a request", *single)
        show("payments told of, a thousand a request", batched)
        show("events of mail, 500 a request", mail_events(system, chosen.seconds))
        rate, most, longest = flood(system, directory, files_of_callbacks, 10)
        print(f"{'50 callbacks/s beside forged ones':44}{rate:9.0f} forged/s refused; the good ones {1000 * most:.0f} ms at p99, {1000 * longest:.0f} at most")
        memory = lambda: int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid('courier')}/status").read_text(), re.M).group(1)) / 1024
        before = memory()
        slowest, waiting = behind_receipts(system, key, 100_000)
        eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, 300)
        print(f"{'':44}courier's memory {before:.1f} MiB before, {memory():.1f} after")
        print(f"{'a code behind 100,000 receipts':44}{1000 * slowest:9.0f} ms at most, {waiting} receipts still waiting")
        total = 0
        for name in ("accounts", "verify-phone", "two-factor", "password-reset", "notifications", "webhooks", "admin", "courier", "sandbox"):
            total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid(name)}/smaps_rollup").read_text(), re.M).group(1))
        print(f"{'memory of our programs together':44}{total / 1024:9.1f} MiB")
    finally:
        system.remove()
        subprocess.run(["rm", "-rf", directory], check=False)
    slow_checks()
    for mode in ("black_hole", "unavailable"):
        bad_day(mode)


if __name__ == "__main__":
    main()
