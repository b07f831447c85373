"""Goal: what is kept cannot be used by who reads it, and its keys are changed while everything runs."""

import base64
import signal
import subprocess
import threading

from conftest import PROGRAMS, eventually, phone


def test_a_dump_holds_no_secret_session_device_token_or_backup_code(system):
    person = system.person_with_app()
    pending = system.log_in(person).json()["challengeId"]
    done = system.call("POST", "/api/auth/2fa/verify", {
        "email": person["email"], "challengeId": pending, "code": system.app_code(person), "rememberDevice": True})
    authorization = system.authorization(person, "transfer", details={"amount": 5, "payee": "Zachary Quillfeather"})
    challenge = system.challenge(person, "transfer")
    proof = {"authorization": system.authorization(person, "factor_change")}
    created = system.call("POST", "/api/code/create", proof, done.json()["token"]).json()["secret"]
    secrets = [person["secret"], created, person["token"], done.json()["token"], done.cookies["device"], done.cookies["device"].split(".")[1],
               pending, authorization, challenge, *person["backupCodes"], *[c.replace("-", "") for c in person["backupCodes"]],
               "Zachary Quillfeather"]
    raw = [base64.b32decode(person["secret"]), base64.b32decode(created)]
    dump = subprocess.run(["mariadb-dump", f"--socket={system.state}/mariadb.sock", "-u", "root", "--hex-blob", "countersign"],
                          capture_output=True, check=True).stdout.decode("utf-8", "replace").lower()
    for secret in secrets:
        assert secret.lower() not in dump and secret.encode().hex() not in dump, secret[:4]
    for secret in raw:
        assert secret.hex() not in dump
    logs = b"".join(path.read_bytes() for path in (system.state / "logs").iterdir()).decode("utf-8", "replace")
    for secret in secrets:
        assert secret not in logs, secret[:4]


def test_two_persons_swapped_secrets_open_for_neither_and_raise_an_alert(system):
    first, second = system.person_with_app(), system.person_with_app()
    a, b = (p["userId"].replace("-", "") for p in (first, second))
    sealed = {r["id"]: r["secret_sealed"] for r in system.rows(
        "SELECT LOWER(HEX(account_id)) AS id, secret_sealed FROM factor WHERE kind = 'app' AND account_id IN (UNHEX(%s), UNHEX(%s))", a, b)}
    system.rows("UPDATE factor SET secret_sealed = %s WHERE account_id = UNHEX(%s)", sealed[b], a)
    system.rows("UPDATE factor SET secret_sealed = %s WHERE account_id = UNHEX(%s)", sealed[a], b)
    for person, other in ((first, second), (second, first)):
        pending = system.log_in(person).json()["challengeId"]
        for secret in (person["secret"], other["secret"]):
            system.app_code(person)
            answer = system.answer(pending, code=system.totp(secret))
            assert answer.status_code == 401 and answer.json()["code"] == "code_incorrect"
        alerts = system.rows("SELECT severity FROM alert WHERE kind = 'sealed_data_unreadable' AND detail = %s", f"factor {person['userId']}")
        assert [alert["severity"] for alert in alerts] == ["critical"]


def test_keys_are_rotated_under_load_and_no_live_code_fails(own_system):
    system = own_system()
    people = [system.person_with_app() for _ in range(6)]
    numbers = [phone() for _ in range(3)]
    key = system.key("otp,notifications")
    told = system.call("POST", "/api/notifications/payment-sent", {"userId": people[0]["userId"], "amount": 1, "recipient": "Bob", "balance": 2}, key)
    pending = [system.log_in(person).json()["challengeId"] for person in people]
    codes = []
    for number in numbers:
        assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
        codes.append(system.code(number))
    failed, stop, done = [], threading.Event(), [0]

    def load():
        while not stop.is_set():
            person, number = system.register(), phone()
            sent = system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
            checked = system.call("POST", "/api/auth/sms/verify-phone", {"code": system.code(number)}, person["token"])
            again = system.log_in(person)
            failed.extend(a.text for a in (sent, checked, again) if a.status_code != 200)
            done[0] += 1
    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for expected in ("key 2 is current", "key 3 is current"):
            rotated = system.ctl("keys", "rotate").stdout
            assert rotated.startswith(expected) and "values again" in rotated
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == [] and done[0] > 3

    for number, code in zip(numbers, codes):
        assert system.call("POST", "/check-otp", {"phoneNumber": number, "code": code}, key).status_code == 200
    for person, challenge in zip(people, pending):
        assert system.answer(challenge, code=system.app_code(person)).status_code == 200
    # Everything that is kept for long is under the newest key, and numbers are still found.
    for table, column in (("account", "password_sealed"), ("account", "phone_sealed"), ("factor", "secret_sealed"), ("message", "destination_sealed"),
                          ("notification", "data_sealed")):
        ids = {r["id"] for r in system.rows(f"SELECT HEX(SUBSTR({column}, 2, 4)) AS id FROM {table} WHERE {column} IS NOT NULL")}
        assert ids == {"00000003"}, (table, column)
    shown = system.call("GET", f"/api/notifications/{told.json()['notificationId']}", token=key).json()
    assert shown["data"]["recipient"] == "Bob"
    system.stop()
    system.start()
    assert system.log_in(people[0]).json()["requires2FA"] is True
    assert (system.state / "keys").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_rotation_is_finished_by_reseal(own_system):
    system = own_system()
    people = [system.person_with_app() for _ in range(3)]
    process = subprocess.Popen([PROGRAMS / "countersignctl", "keys", "rotate", "--state", system.state], stdout=subprocess.PIPE, text=True,
                               env=system.environment, cwd=system.state.parent)
    assert process.stdout.readline() == "key 2 is current\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    eventually(lambda: system.register() and system.rows("SELECT 1 FROM account WHERE HEX(SUBSTR(password_sealed, 2, 4)) = '00000002'"))
    assert system.rows("SELECT 1 FROM factor WHERE HEX(SUBSTR(secret_sealed, 2, 4)) = '00000001'")
    assert "values again" in system.ctl("keys", "reseal").stdout
    assert not system.rows("SELECT 1 FROM factor WHERE HEX(SUBSTR(secret_sealed, 2, 4)) = '00000001'")
    assert system.ctl("keys", "reseal").stdout == "sealed 0 values again\n"
    for person in people:
        assert system.answer(system.log_in(person).json()["challengeId"], code=system.app_code(person)).status_code == 200

    broken = system.rows("SELECT LOWER(HEX(account_id)) AS id FROM factor LIMIT 1")[0]["id"]
    system.rows("UPDATE factor SET secret_sealed = CONCAT(UNHEX('0100000001'), SUBSTR(secret_sealed, 6)) WHERE account_id = UNHEX(%s)", broken)
    refused = system.ctl("keys", "reseal", check=False)
    assert refused.returncode != 0 and "do not open" in refused.stderr


def test_a_ring_of_one_key_a_line_is_rotated_whole_and_a_broken_one_is_left_alone(own_system):
    system = own_system()
    person = system.person_with_app()
    old = (system.state / "keys").read_text().strip()
    (system.state / "keys").write_text(f"{old}\n7:{base64.b64encode(b'x' * 32).decode()}\n")
    assert system.ctl("keys", "rotate").stdout.startswith("key 8 is current\n")
    ring = (system.state / "keys").read_text().strip().split(",")
    assert [entry.split(":")[0] for entry in ring] == ["8", "1", "7"]
    assert system.answer(system.log_in(person).json()["challengeId"], code=system.app_code(person)).status_code == 200
    (system.state / "keys").write_text("8:short")
    refused = system.ctl("keys", "rotate", check=False)
    assert refused.returncode != 0 and (system.state / "keys").read_text() == "8:short"


def test_keys_that_stand_in_a_variable_cannot_be_rotated(system):
    key = (system.state / "keys").read_text().strip()
    refused = system.ctl("keys", "rotate", check=False, COUNTERSIGN_KEYS=key)
    assert refused.returncode != 0 and "COUNTERSIGN_KEYS_FILE" in refused.stderr
    assert (system.state / "keys").read_text().strip() == key
