"""Goal: an operator starts, stops, checks, and mends a system with one program."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from conftest import PASSWORD, PROGRAMS, ROOT, System, eventually, phone


def processes_of(groups):
    """The processes in these process groups: `up` gives each part one of its own."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) in groups and "State:\tZ" not in (entry / "status").read_text():
                    found.append((entry / "cmdline").read_bytes())
            except OSError:
                continue
    return found


def groups_of(system):
    return {int(path.read_text()) for path in (system.state / "run").glob("*.pid") if "-own" not in path.name}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_process(how):
    system = System().start()
    groups = groups_of(system)
    assert len(processes_of(groups)) >= 9
    system.stop(how)
    assert processes_of(groups) == []
    system.remove()


def test_killing_the_supervisor_leaves_no_process_either():
    system = System().start()
    groups = groups_of(system)
    assert len(processes_of(groups)) >= 9
    system.process.kill()
    system.process.wait()
    eventually(lambda: processes_of(groups) == [], 20)
    system.process = None
    system.remove()


def test_two_systems_run_side_by_side_and_know_nothing_of_each_other(own_system):
    first, second = own_system(), own_system()
    person = first.register()
    assert first.call("GET", "/api/auth/session", token=person["token"]).status_code == 200
    assert second.call("GET", "/api/auth/session", token=person["token"]).status_code == 401


def test_a_second_up_on_the_same_state_or_port_says_why_it_does_not_start(system):
    for arguments, words in ((["--state", system.state, "--port", "1025"], "Another countersignctl up runs"),
                             (["--state", f"{system.state}-x", "--port", str(system.port)], f"Port {system.port} is taken")):
        answer = subprocess.run([PROGRAMS / "countersignctl", "up", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        assert answer.returncode != 0 and words in answer.stderr
    shutil.rmtree(f"{system.state}-x", ignore_errors=True)


def test_accounts_and_sessions_are_there_after_a_restart(own_system):
    system = own_system()
    person = system.register()
    system.stop()
    system.start()
    assert system.call("GET", "/api/auth/session", token=person["token"]).json()["userId"] == person["userId"]
    assert system.call("POST", "/api/auth/login", {"email": person["email"], "password": PASSWORD}).status_code == 200


def test_all_that_is_wrong_with_a_configuration_is_told_at_once(tmp_path):
    answer = subprocess.run([PROGRAMS / "accounts"], cwd=tmp_path, capture_output=True, text=True, timeout=10, env={
        "PUBLIC_BASE_URL": "http://example.com", "COUNTERSIGN_KEYS": "1:c2hvcnQ=", "COUNTERSIGN_WORKERS": "many"})
    assert answer.returncode == 78
    for name in ("PUBLIC_BASE_URL", "DATABASE_URL", "COUNTERSIGN_KEYS", "COUNTERSIGN_WORKERS", "SMS_PROVIDERS", "TWILIO_ACCOUNT_SID",
                 "TWILIO_AUTH_TOKEN", "COUNTERSIGN_PRODUCT_NAME"):
        assert name in answer.stderr


def test_the_sandbox_does_not_run_where_it_could_be_taken_for_real(system, tmp_path):
    environment = dict(line.split("=", 1) for line in (system.state / "environment").read_text().splitlines())
    environment |= {"PUBLIC_BASE_URL": "https://auth.example.com", "COUNTERSIGN_RUN_DIRECTORY": str(tmp_path)}
    answer = subprocess.run([PROGRAMS / "sandbox"], env=environment, capture_output=True, text=True, timeout=10)
    assert answer.returncode != 0 and "only while PUBLIC_BASE_URL is on this machine" in answer.stderr


def test_the_doctor_finds_a_sound_system_sound_and_says_what_is_pending(own_system):
    system = own_system()
    healthy = system.ctl("doctor")
    assert healthy.stdout.count("ok ") == 11 and "FAILED" not in healthy.stdout
    system.rows("DELETE FROM schema_migration ORDER BY version DESC LIMIT 1")
    sick = system.ctl("doctor", check=False)
    last = sorted((ROOT / "db" / "migrations").iterdir())[-1].name
    assert sick.returncode == 1 and f"pending: {last}" in sick.stdout


def test_migrations_that_run_at_once_apply_each_file_once_and_an_edited_one_is_refused(own_system):
    system = own_system()
    system.rows("DELETE FROM schema_migration")
    runs = [subprocess.Popen([PROGRAMS / "countersignctl", "migrate", "--state", system.state], env=system.environment,
                             stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    count = len(list((ROOT / "db" / "migrations").iterdir()))
    assert [run.returncode for run in runs] == [0] * 4
    assert sum(output.count("applied ") for output in outputs) == count
    system.rows("UPDATE schema_migration SET checksum = REPEAT('x', 32) WHERE version = 1")
    refused = system.ctl("migrate", check=False)
    assert refused.returncode != 0 and "was changed after it was applied" in refused.stderr


def test_administrators_are_made_here_and_have_the_role(system):
    email = f"{secrets.token_hex(6)}@example.com"
    made = system.ctl("admin", "create", "--email", email, "--password", PASSWORD).stdout.strip()
    login = system.call("POST", "/api/auth/login", {"email": email, "password": PASSWORD}).json()
    assert login["userId"] == made
    assert system.call("GET", "/api/auth/session/check?role=admin", token=login["token"]).status_code == 204
    asked = subprocess.run([PROGRAMS / "countersignctl", "admin", "create", "--password", PASSWORD, "--state", system.state],
                           input=f"asked-{email}\n", capture_output=True, text=True, env=system.environment)
    assert asked.returncode == 0 and asked.stdout.startswith("Email address: ")
    for arguments, words in ((["--email", "nobody", "--password", PASSWORD], "is no email address"),
                             (["--email", email, "--password", PASSWORD], "exists"),
                             (["--email", "x" + email, "--password", "password1"], "too_common")):
        refused = system.ctl("admin", "create", *arguments, check=False)
        assert refused.returncode != 0 and words in refused.stderr


def test_a_key_is_printed_alone_on_a_line_and_an_unknown_scope_is_refused(system):
    assert system.ctl("api-key", "create", "--scopes", "otp,sms").stdout.count("\n") == 1
    refused = system.ctl("api-key", "create", "--scopes", "everything", check=False)
    assert refused.returncode != 0 and "everything is no scope" in refused.stderr


def test_purging_removes_what_is_over_and_nothing_else(own_system):
    system = own_system()
    person, gone = system.register(), system.register()
    system.rows("UPDATE session SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", gone["userId"])
    system.call("POST", "/request-otp", {"phoneNumber": phone()}, system.key())
    assert "removed 1 rows" in system.ctl("purge").stdout
    assert system.call("GET", "/api/auth/session", token=person["token"]).status_code == 200
    system.rows("UPDATE verification SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 2 DAY")
    system.rows("UPDATE limit_window SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
    system.ctl("purge")
    assert system.rows("SELECT (SELECT COUNT(*) FROM verification) + (SELECT COUNT(*) FROM limit_window) AS n")[0]["n"] == 0


def test_every_command_explains_itself():
    for command in ([], ["up"], ["migrate"], ["doctor"], ["admin"], ["admin", "create"], ["api-key", "create"], ["purge"]):
        answer = subprocess.run([PROGRAMS / "countersignctl", *command, "--help"], capture_output=True, text=True)
        assert answer.returncode == 0 and "OVERVIEW" in answer.stdout and "USAGE" in answer.stdout


def test_a_responder_started_by_hand_serves_and_ends_with_0(system, tmp_path):
    """How soon it serves is printed: a bound would measure the machine."""
    environment = dict(line.split("=", 1) for line in (system.state / "environment").read_text().splitlines())
    environment["COUNTERSIGN_RUN_DIRECTORY"] = str(tmp_path)
    started = time.monotonic()
    with subprocess.Popen([PROGRAMS / "accounts"], env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        def answers():
            with socket.socket(socket.AF_UNIX) as s:
                return s.connect_ex(str(tmp_path / "accounts.sock")) == 0
        eventually(answers, 5)
        print(f"serves after {1000 * (time.monotonic() - started):.0f} ms")
        process.terminate()
        assert process.wait(10) == 0
