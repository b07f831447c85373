"""Goal: the audit log has everything that administrators do, and nobody changes it unseen."""

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

from conftest import System, at_once


@pytest.fixture(scope="module")
def written():
    """A system with nine entries, and its administrator."""
    system = System().start()
    admin = system.administrator()
    for index in range(8):
        user = system.register()
        system.call("POST", f"/api/admin/users/{user['userId']}/sessions/revoke", {"reason": f"number {index}"}, admin["token"])
    yield system, admin
    system.remove()


@pytest.fixture
def audited(written):
    """The same, with the log as it was before whatever a test does to it."""
    system, _ = written
    for table in ("audit_entry", "audit_head"):
        system.rows(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    yield written
    for table in ("audit_entry", "audit_head"):
        system.rows(f"DELETE FROM {table}")
        system.rows(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        system.rows(f"DROP TABLE kept_{table}")


def verify(system, *arguments):
    done = system.ctl("audit", "verify", *arguments, check=False)
    lines = done.stdout.splitlines()
    return done.returncode, lines[:-2], lines[-1]


COLUMNS = ["at", "event", "severity", "admin_id", "admin_email", "target_id", "target_email", "description", "metadata", "address",
           "request_id", "key_id", "previous", "mac"]
CHANGES = {"at": "at + INTERVAL 1 MICROSECOND", "severity": "IF(severity = 'info', 'warning', 'info')", "key_id": "key_id + 1",
           "target_email": "NULL", "target_id": "NULL"}


def test_one_changed_byte_of_any_column_is_found_and_its_entry_named(audited):
    system, _ = audited
    assert verify(system)[:2] == (0, [])
    for column in COLUMNS:
        change = CHANGES.get(column, f"INSERT({column}, 1, 1, IF(LEFT({column}, 1) = 'x', 'y', 'x'))")
        kept = system.rows(f"SELECT {column} AS value FROM audit_entry WHERE sequence = 5")[0]["value"]
        system.rows(f"UPDATE audit_entry SET {column} = {change} WHERE sequence = 5")
        assert verify(system)[:2] == (1, ["entry 5 was changed"]), column
        system.rows(f"UPDATE audit_entry SET {column} = %s WHERE sequence = 5", kept)
    assert verify(system)[:2] == (0, [])


def test_a_removed_entry_is_found_wherever_it_was(audited):
    system, _ = audited
    count = system.rows("SELECT MAX(sequence) AS n FROM audit_entry")[0]["n"]
    system.rows("DELETE FROM audit_entry WHERE sequence = 4")
    assert verify(system)[:2] == (1, ["entry 4 is missing"])
    system.rows("DELETE FROM audit_entry WHERE sequence IN (5, 6)")
    system.rows("DELETE FROM audit_entry WHERE sequence = %s", count)
    assert verify(system)[:2] == (1, ["entries 4 to 6 are missing", f"entry {count} is missing"])


def test_two_swapped_entries_are_found_and_named(audited):
    system, _ = audited
    for old, new in ((3, 1000), (6, 3), (1000, 6)):
        system.rows("UPDATE audit_entry SET sequence = %s WHERE sequence = %s", new, old)
    assert verify(system)[:2] == (1, ["entry 3 is the one that was written as entry 6", "entry 6 is the one that was written as entry 3"])


def test_an_entry_that_was_put_in_is_found(audited):
    system, _ = audited
    count = system.rows("SELECT MAX(sequence) AS n FROM audit_entry")[0]["n"]
    system.rows("INSERT INTO audit_entry SELECT %s, at, event, severity, admin_id, admin_email, target_id, target_email, description, metadata, address, request_id, key_id, previous, mac FROM audit_entry WHERE sequence = 2", count + 1)
    assert verify(system)[:2] == (1, [f"entry {count + 1} was not added to the chain"])


def test_entries_before_the_first_are_refused_by_the_server_and_found(audited):
    system, _ = audited
    copy = """INSERT INTO audit_entry SELECT -5, at, event, severity, admin_id, admin_email, target_id, target_email, description, metadata, address,
              request_id, key_id, previous, mac FROM audit_entry WHERE sequence = 2"""
    with pytest.raises(pymysql.err.OperationalError):
        system.rows(copy)
    with system.database() as cursor:
        cursor.execute("SET check_constraint_checks = 0")
        cursor.execute(copy)
    assert verify(system)[:2] == (1, ["entry -5 was not added to the chain"])


def test_a_log_that_grows_while_it_is_verified_is_sound(audited):
    system, admin = audited
    over = threading.Event()

    def work():
        while not over.is_set():
            system.call("GET", f"/api/admin/users?q={secrets.token_hex(4)}", token=admin["token"])
    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert [verify(system)[:2] for _ in range(10)] == [(0, [])] * 10
    finally:
        over.set()
        worker.join()


@pytest.mark.parametrize("statement", ["UPDATE account SET role = 'admin'", "INSERT INTO account (id, email, email_key, region, role, created_at) VALUES ('a', 'a', 'a', 'US', 'admin', NOW())"])
@pytest.mark.parametrize("user", ["accounts", "verify_phone", "two_factor", "password_reset", "notifications", "webhooks", "admin", "courier"])
def test_no_program_makes_an_administrator(system, user, statement):
    passwords = dict(line.split("=", 1) for line in (system.state / "secrets").read_text().splitlines())
    with pymysql.connect(unix_socket=str(system.state / "mariadb.sock"), user=f"countersign_{user}", password=passwords[f"PASSWORD_countersign_{user}"], database="countersign") as connection:
        with pytest.raises(pymysql.err.OperationalError) as refused, connection.cursor() as cursor:
            cursor.execute(statement)
    assert refused.value.args[0] in (1142, 1143)


def test_a_log_cut_off_with_its_end_put_back_is_found_by_an_anchor_noted_elsewhere(audited):
    system, admin = audited
    anchor = verify(system)[2]
    head = system.rows("SELECT sequence, mac FROM audit_head")[0]
    user = system.register()
    system.call("POST", f"/api/admin/users/{user['userId']}/lock", {"reason": "x"}, admin["token"])
    later = verify(system, "--anchor", anchor)[2]
    assert int(later.split(":")[0]) == head["sequence"] + 1
    system.rows("DELETE FROM audit_entry WHERE sequence > %s", head["sequence"])
    system.rows("UPDATE audit_head SET sequence = %s, mac = %s", head["sequence"], head["mac"])
    assert verify(system)[:2] == (0, [])
    assert verify(system, "--anchor", later)[:2] == (1, [f"entry {later.split(':')[0]} is not the one that was noted"])
    assert verify(system, "--anchor", anchor)[0] == 0
    # The responder's own log has noted it too.
    system.call("POST", f"/api/admin/users/{user['userId']}/unlock", {"reason": "x"}, admin["token"])
    assert anchor in (system.state / "logs" / "admin.log").read_text()
    assert system.ctl("audit", "verify", "--anchor", "nonsense", check=False).returncode != 0


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET description = ''", "DELETE FROM audit_entry", "TRUNCATE audit_entry",
                                       "DROP TABLE audit_entry", "ALTER TABLE audit_entry ADD x INT", "DELETE FROM audit_head"])
@pytest.mark.parametrize("user", ["countersign_admin", "countersign_accounts", "countersign_courier"])
def test_the_server_refuses_a_program_that_would_change_the_log(system, user, statement):
    passwords = dict(line.split("=", 1) for line in (system.state / "secrets").read_text().splitlines())
    with pymysql.connect(unix_socket=str(system.state / "mariadb.sock"), user=user, password=passwords[f"PASSWORD_{user}"], database="countersign") as connection:
        with pytest.raises(pymysql.err.OperationalError) as refused, connection.cursor() as cursor:
            cursor.execute(statement)
    assert refused.value.args[0] == 1142


def test_acts_at_once_are_all_written_down_without_a_gap(audited):
    system, admin = audited
    others = [admin] + [system.administrator() for _ in range(3)]
    users = [system.register() for _ in range(40)]
    answers = at_once(40, lambda i: system.call("POST", f"/api/admin/users/{users[i]['userId']}/lock", {"reason": f"act {i}"}, others[i % 4]["token"]))
    assert {a.status_code for a in answers} == {200}
    assert verify(system)[:2] == (0, [])
    assert system.rows("SELECT COUNT(*) AS n FROM audit_entry WHERE event = 'account_locked'")[0]["n"] == 40


def test_of_one_lock_asked_for_at_once_one_is_written_down(audited):
    system, admin = audited
    user = system.register()
    answers = at_once(12, lambda _: system.call("POST", f"/api/admin/users/{user['userId']}/lock", {"reason": "x"}, admin["token"]))
    assert {a.status_code for a in answers} == {200}
    assert system.rows("SELECT COUNT(*) AS n FROM audit_entry WHERE event = 'account_locked'")[0]["n"] == 1


def test_what_cannot_be_written_down_does_not_happen_and_is_not_shown(audited):
    system, admin = audited
    user = system.register()
    number = system.verify_phone(user)
    system.rows("RENAME TABLE audit_head TO audit_head_away")
    try:
        time.sleep(0.1)
        refused = [system.call("POST", f"/api/admin/users/{user['userId']}/{what}", {"reason": "x"}, admin["token"]) for what in ("lock", "sessions/revoke")]
        refused += [system.call("POST", "/api/admin/sms/send-password-reset", {"userId": user["userId"]}, admin["token"]),
                    system.call("PUT", "/api/admin/abuse-rules", {"reason": "x", "blockedCountries": ["US"]}, admin["token"]),
                    system.call("POST", "/api/admin/api-keys", {"reason": "x", "scopes": ["sms"]}, admin["token"]),
                    system.call("GET", f"/api/admin/users/{user['userId']}", token=admin["token"]),
                    system.call("GET", "/api/admin/sms/sms-logs", token=admin["token"]),
                    system.call("GET", "/api/admin/sms/sms-logs/export", token=admin["token"])]
        assert {a.status_code for a in refused} == {500} and number[-4:] not in "".join(a.text for a in refused)
    finally:
        system.rows("RENAME TABLE audit_head_away TO audit_head")
    assert system.call("GET", "/api/auth/session", token=user["token"]).status_code == 200
    assert system.log_in(user).status_code == 200
    # But for the key that the sandbox's bank has had from the start.
    assert not system.rows("SELECT 1 FROM destination_rule") and not system.rows("SELECT 1 FROM service_key WHERE name <> 'demonstration bank'")


def test_the_log_is_exported_as_json_lines_by_the_route_and_at_the_machine(audited):
    system, admin = audited
    lines = [json.loads(line) for line in system.ctl("audit", "export").stdout.splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["eventType"] == "administrator_created" and lines[0]["metadata"]["adminEmail"].startswith("operator ")
    assert lines[1]["metadata"]["reason"] == "number 0" and lines[1]["metadata"]["adminId"] == admin["userId"]
    streamed = system.call("GET", "/api/admin/security-log/export", token=admin["token"])
    assert streamed.headers["Content-Type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in streamed.text.splitlines()][:-1] == lines
    assert [json.loads(line)["sequence"] for line in system.ctl("audit", "export", "--after", "3").stdout.splitlines()][0] == 4


def test_the_security_log_is_filtered_and_paged(audited):
    system, admin = audited

    def entries(**query):
        return system.call("GET", "/api/admin/security-log", token=admin["token"], params=query).json()["data"]
    assert {e["eventType"] for e in entries(eventType="sessions_revoked")["entries"]} == {"sessions_revoked"}
    target = entries(eventType="sessions_revoked", limit=1)["entries"][0]["metadata"]["targetUserId"]
    assert [e["userId"] for e in entries(userId=target)["entries"]] == [target]
    first = entries(eventType="sessions_revoked", limit=3)
    second = entries(eventType="sessions_revoked", limit=3, cursor=first["nextCursor"])
    assert [e["sequence"] for e in first["entries"] + second["entries"]] == list(range(9, 3, -1))
    assert entries(to="2020-01-01")["entries"] == []
    for query in ({"eventType": "nonsense"}, {"severity": "dire"}, {"cursor": "x"}, {"limit": 0}, {"userId": "x"}):
        assert system.call("GET", "/api/admin/security-log", token=admin["token"], params=query).status_code == 400


def test_a_page_that_asks_again_and_again_is_one_look_a_minute(audited):
    system, admin = audited
    with ThreadPoolExecutor(1) as pool:
        for _ in range(30):
            pool.submit(system.call, "GET", "/api/admin/sms/sms-logs", token=admin["token"])
    # Each of the eight workers remembers by itself.
    assert 1 <= system.rows("SELECT COUNT(*) AS n FROM audit_entry WHERE event = 'messages_viewed'")[0]["n"] <= 8
