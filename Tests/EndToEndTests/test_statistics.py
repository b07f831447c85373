"""Goal: the figures are those of the messages, at any moment, and nobody looks at a message to know them."""

import secrets
import threading
import time

import requests

from conftest import WITHOUT_SEND_LIMITS, at_once, eventually, phone


def stats(system, admin, **query):
    answer = system.call("GET", "/api/admin/sms/stats", token=admin["token"], params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def recounted(system):
    """What the messages themselves say, and what the counts and what waits to be added to them say."""
    with system.database() as cursor:
        cursor.execute("""
            SELECT kind, channel, country, provider, status, SUM(m) AS m, SUM(u) AS u, SUM(p) AS p
              FROM (SELECT kind, channel, COALESCE(country, '') AS country, COALESCE(provider, '') AS provider,
                           IF(status = 'sending', 'queued', status) AS status, 1 AS m, used_at IS NOT NULL AS u, COALESCE(price, 0) AS p FROM message
                    UNION ALL
                    SELECT kind, channel, country, provider, status, -messages, -used, -price FROM message_count WHERE span = 'ever'
                    UNION ALL
                    SELECT kind, channel, country, new_provider, new_status, -messages, -new_used, -new_price FROM message_move
                    UNION ALL
                    SELECT kind, channel, country, old_provider, old_status, messages, old_used, old_price FROM message_move WHERE old_status <> '') AS x
             GROUP BY 1, 2, 3, 4, 5 HAVING m <> 0 OR u <> 0 OR p <> 0""")
        return cursor.fetchall()


def test_the_overview_is_as_it_was_agreed(own_system):
    system = own_system()
    admin = system.administrator()
    people = [system.person_with_sms() for _ in range(3)]
    bad = phone()
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, to=bad)
    system.call("POST", "/request-otp", {"phoneNumber": bad}, system.key())
    system.register(phoneNumber=phone())
    # Two codes and one notice a person, and one that did not arrive.
    eventually(lambda: not system.rows("SELECT 1 FROM message WHERE channel = 'sms' AND status NOT IN ('delivered', 'undelivered')"))
    data = stats(system, admin)
    assert data["overview"] == {"totalSMSsent": 10, "totalUsersWithPhone": 4, "totalVerifiedPhones": 3, "total2FAEnabled": 4, "smsLastHour": 10,
                                "smsToday": 10, "successRate": "90.0%"}
    assert data["byType"] == {"code": 7, "two_factor_enabled": 3}
    period = data["period"]
    assert period["interval"] == "hour" and 24 <= len(period["series"]) <= 25
    assert period["conversion"] == {"codesSent": 7, "codesUsed": 6, "rate": "85.7%"}
    us = next(share for share in period["byCountry"] if share["name"] == "US")
    assert (us["sent"], us["delivered"], us["failed"], us["codesUsed"]) == (10, 9, 1, 6)
    assert sum(point["sent"] for point in period["series"]) == sum(share["sent"] for share in period["byChannel"])
    price = system.rows("SELECT CAST(SUM(price) AS SIGNED) AS p FROM message")[0]["p"]
    assert period["cost"]["microdollars"] == price and us["microdollars"] == price
    # Factors and numbers that go are not counted any more.
    system.call("POST", f"/api/admin/users/{people[0]['userId']}/disable-2fa", {"reason": "x"}, admin["token"])
    system.call("DELETE", "/api/account/phone", None, people[0]["token"])
    overview = stats(system, admin)["overview"]
    assert (overview["totalUsersWithPhone"], overview["totalVerifiedPhones"], overview["total2FAEnabled"]) == (3, 2, 3)


def test_a_period_is_by_hours_up_to_three_days_and_by_days_beyond(system):
    admin = system.administrator("support")
    assert stats(system, admin, **{"from": "2026-01-01", "to": "2026-01-04"})["period"]["interval"] == "hour"
    month = stats(system, admin, **{"from": "2026-01-01", "to": "2026-02-01T00:00:00Z"})["period"]
    assert month["interval"] == "day" and [p["at"][:10] for p in month["series"]][::30] == ["2026-01-01", "2026-01-31"]
    for query in ({"from": "2026-01-02", "to": "2026-01-01"}, {"from": "2020-01-01", "to": "2026-01-01"}, {"from": "x"}):
        assert system.call("GET", "/api/admin/sms/stats", token=admin["token"], params=query).json()["field"] == "from"


def test_counts_are_exact_while_everything_moves(own_system):
    system = own_system(**WITHOUT_SEND_LIMITS, SMS_PROVIDERS="twilio,vonage")
    admin, key = system.administrator(), system.key("otp")
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, times=20)
    system.rule(action="fail", status=503, times=20, provider="twilio")
    wrong, over = [], threading.Event()

    def look():
        while not over.is_set():
            wrong.extend(recounted(system))
            stats(system, admin)
    watcher = threading.Thread(target=look)
    watcher.start()
    numbers = [phone() for _ in range(120)]

    def use(index):
        number = numbers[index]
        assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
        if index % 3 == 0:
            system.call("POST", "/check-otp", {"phoneNumber": number, "code": system.code(number, seconds=60)}, key)
    for start in range(0, 120, 24):
        at_once(24, lambda i: use(start + i))
    over.set()
    watcher.join()
    assert wrong == []
    assert "all counts are right" in system.ctl("statistics", "verify").stdout
    # And after the courier has added everything.
    eventually(lambda: not system.rows("SELECT 1 FROM message_move"), 40)
    assert recounted(system) == () or recounted(system) == []
    assert "all counts are right" in system.ctl("statistics", "verify").stdout
    used = system.rows("SELECT COUNT(*) AS n FROM message WHERE used_at IS NOT NULL")[0]["n"]
    assert used == 40 == stats(system, admin)["period"]["conversion"]["codesUsed"]


def test_a_wrong_count_is_found_and_corrected(own_system):
    system = own_system()
    system.ctl("seed", "--accounts", "100", "--messages", "2000", "--days", "5")
    assert "all counts are right" in system.ctl("statistics", "verify").stdout
    system.rows("UPDATE message_count SET messages = messages + 1 WHERE span = 'hour' ORDER BY start LIMIT 1")
    system.rows("DELETE FROM message_count WHERE span = 'day' ORDER BY start LIMIT 1")
    system.rows("UPDATE message_count SET price = price - 5 WHERE span = 'ever' LIMIT 1")
    found = system.ctl("statistics", "verify", check=False)
    assert found.returncode == 1 and "counts are wrong" in found.stdout
    system.ctl("statistics", "correct")
    assert "all counts are right" in system.ctl("statistics", "verify").stdout
    assert recounted(system) in ((), [])


def test_what_is_seeded_is_as_it_is_said_and_only_an_empty_sandbox_is(own_system):
    system = own_system()
    assert "password: " in system.ctl("seed", "--accounts", "300", "--messages", "1000").stdout
    assert system.rows("SELECT COUNT(*) AS n FROM account")[0]["n"] == 300 and system.rows("SELECT COUNT(*) AS n FROM message")[0]["n"] == 1000
    admin = system.administrator()
    overview = stats(system, admin)["overview"]
    counted = system.rows("SELECT COUNT(phone_hash) AS p, COUNT(phone_verified_at) AS v, COUNT(second_factor) AS f FROM account")[0]
    assert [overview["totalUsersWithPhone"], overview["totalVerifiedPhones"], overview["total2FAEnabled"]] == [counted["p"], counted["v"], counted["f"]]
    listed = system.call("GET", "/api/admin/sms/sms-logs", token=admin["token"], params={"limit": 500}).json()["data"]["logs"]
    assert all(entry.get("phone") or entry.get("email") for entry in listed)
    email = system.rows("SELECT email FROM account LIMIT 1")[0]["email"]
    assert system.call("POST", "/api/auth/login", {"email": email, "password": "plover-quartz-91x"}).status_code == 200
    again = system.ctl("seed", "--accounts", "3", "--messages", "3", check=False)
    assert again.returncode != 0 and "messages already" in again.stderr
