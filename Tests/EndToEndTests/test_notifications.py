"""Goal: the host tells account holders what happened to their money, and hears what became of that.

- each event on its channels, with amount, name, and balance; delivered, in its history
- once for each Idempotency-Key, whatever comes at once
- preferences, thresholds, and a missing phone are skipped, and said so
- nobody sees another's; values cannot add a link or a line
"""

import re
import uuid

import pytest

from conftest import at_once, eventually


@pytest.fixture(scope="module")
def key(system):
    return system.key("notifications")


@pytest.fixture
def person(system):
    found = system.register(name="Ann Stone")
    return found | {"number": system.verify_phone(found)}


def tell(system, key, event, person, headers=None, **data):
    return system.call("POST", f"/api/notifications/{event}", {"userId": person["userId"], **data}, key, headers=headers or {})


def texts(system, person, count):
    """What came to a person's phone beside codes, and by mail."""
    def found():
        phone = [m["body"] for m in system.messages(person["number"]) if "code" not in m["body"]]
        mail = [m["body"] for m in system.messages(person["email"])]
        return (phone, mail) if len(phone) + len(mail) >= count else None
    return eventually(found)


def delivered(system, key, answer):
    """The messages of a notification, once each has come to its end."""
    path = f"/api/notifications/{answer.json()['notificationId']}"

    def ended():
        messages = system.call("GET", path, token=key).json()["messages"]
        return messages if all(m["status"] == "delivered" for m in messages) else None
    return eventually(ended)


def test_a_payment_sent_is_told_by_text_and_mail_and_its_delivery_is_in_its_history(system, key, person):
    answer = tell(system, key, "payment-sent", person, amount=12345, recipient="Bob Stone", balance=100000, transactionId="tx-1")
    assert answer.status_code == 202 and [m["channel"] for m in answer.json()["messages"]] == ["sms", "email"]
    assert answer.json()["skipped"] == []
    phone, mail = texts(system, person, 2)
    assert phone == ["Payment sent: $123.45 to Bob Stone. Balance: $1,000.00"]
    assert "Dear Ann Stone" in mail[0] and "Amount: $123.45" in mail[0] and "Transaction: tx-1" in mail[0]
    messages = delivered(system, key, answer)
    assert [[step["status"] for step in m["history"]] for m in messages] == [["queued", "sent", "delivered"]] * 2
    assert {m["provider"] for m in messages} == {"twilio", "sendgrid"}
    text = next(m for m in messages if m["channel"] == "sms")
    assert text["segments"] == 1 and text["price"]["currency"] == "USD" and text["price"]["micros"] > 0 and text["price"]["estimated"] is True


def test_a_payment_received_and_a_low_balance_are_told(system, key, person):
    assert tell(system, key, "payment-received", person, amount=500, sender="Eve", balance=1000).status_code == 202
    low = tell(system, key, "low-balance", person, balance=900, threshold=1000)
    assert [m["channel"] for m in low.json()["messages"]] == ["sms"]
    phone, mail = texts(system, person, 3)
    assert sorted(phone) == ["Low balance alert: your balance is $9.00, below your $10.00 threshold.",
                             "You received $5.00 from Eve. New balance: $10.00"]
    assert len(mail) == 1


@pytest.mark.parametrize("currency,amount,shown", [("JPY", 12345, "¥12,345"), ("KWD", 12345, "KWD 12.345"), ("EUR", 5, "€0.05")])
def test_amounts_have_the_decimals_of_their_currency(system, key, person, currency, amount, shown):
    tell(system, key, "payment-sent", person, amount=amount, currency=currency, recipient="Bob", balance=-amount)
    phone, _ = texts(system, person, 2)
    sign = f"-{shown}"
    assert phone == [f"Payment sent: {shown} to Bob. Balance: {sign}"]


def test_of_50_calls_at_once_with_one_key_one_notifies_and_another_body_is_refused(system, key, person):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answers = at_once(50, lambda _: tell(system, key, "payment-sent", person, headers, amount=1, recipient="Bob", balance=2))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["notificationId"] for a in answers}) == 1
    other = tell(system, key, "payment-sent", person, headers, amount=2, recipient="Bob", balance=2)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    texts(system, person, 2)
    assert system.rows("SELECT COUNT(*) AS n FROM notification WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])[0]["n"] == 1


def test_what_is_switched_off_above_its_threshold_or_without_a_phone_is_skipped_and_said(system, key, person):
    path = "/api/notifications/preferences"
    assert system.call("GET", path, token=person["token"]).json()["events"]["payment_sent"] == {"sms": True, "email": True}
    changed = system.call("PUT", path, {"events": {
        "payment_sent": {"sms": False, "email": None}, "payment_received": None, "low_balance": {"sms": False}}}, person["token"])
    assert changed.json()["events"]["payment_sent"] == {"sms": False, "email": True}
    answer = tell(system, key, "payment-sent", person, amount=1, recipient="Bob", balance=2).json()
    assert [m["channel"] for m in answer["messages"]] == ["email"] and answer["skipped"] == [{"channel": "sms", "reason": "switched_off"}]
    low = tell(system, key, "low-balance", person, balance=1, threshold=2).json()
    assert low["messages"] == [] and low["skipped"] == [{"channel": "sms", "reason": "switched_off"}]
    system.call("PUT", path, {"events": {"low_balance": {"sms": True}}}, person["token"])
    above = tell(system, key, "low-balance", person, balance=2, threshold=2).json()
    assert above["skipped"] == [{"channel": "sms", "reason": "above_threshold"}]
    without = tell(system, key, "payment-received", system.register(), amount=1, sender="Eve", balance=2).json()
    assert without["skipped"] == [{"channel": "sms", "reason": "no_verified_phone"}]
    shown = system.call("GET", f"/api/notifications/{answer['notificationId']}", token=person["token"]).json()
    assert shown["skipped"] == answer["skipped"] and shown["data"] == {"amount": 1, "currency": "USD", "recipient": "Bob", "balance": 2}


@pytest.mark.parametrize("body,field", [
    ({"events": {"codes": {"sms": False}}}, "events.codes"), ({"events": {"low_balance": {"email": True}}}, "events.low_balance.email"),
    ({"events": {"low_balance": {"sms": "no"}}}, "events.low_balance.sms"), ({"events": {"new_login": {"sms": False}}}, "events.new_login"),
    ({"events": {}, "x": 1}, "x"), ({"quietHours": {"from": "22:00", "until": "07:00", "timeZone": "Mars"}}, "quietHours.timeZone"),
    ({"quietHours": {"from": "22:00"}}, "quietHours.until"), ({"lowBalanceThreshold": {"amount": -1}}, "lowBalanceThreshold.amount"),
    ({"lowBalanceThreshold": {"amount": 1, "currency": "XTS"}}, "lowBalanceThreshold.currency")])
def test_a_preference_that_there_is_none_of_is_refused_by_name(system, person, body, field):
    answer = system.call("PUT", "/api/notifications/preferences", body, person["token"])
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("change,field", [
    ({"amount": 0}, "amount"), ({"amount": 10**12}, "amount"), ({"amount": "1"}, "amount"), ({"balance": -10**12}, "balance"),
    ({"recipient": ""}, "recipient"), ({"recipient": "a\nb"}, "recipient"), ({"recipient": "x" * 141}, "recipient"),
    ({"currency": "XTS"}, "currency"), ({"transactionId": "\u202e"}, "transactionId"), ({"userId": "nobody"}, "userId"), ({"to": "+1"}, "to")])
def test_a_wrong_field_is_refused_by_name_and_nothing_is_sent(system, key, person, change, field):
    before = system.rows("SELECT COUNT(*) AS n FROM notification")[0]["n"]
    answer = system.call("POST", "/api/notifications/payment-sent",
                         {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2} | change, key)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid_field", field)
    assert system.rows("SELECT COUNT(*) AS n FROM notification")[0]["n"] == before


def test_a_name_adds_no_link_and_no_line(system, key, person):
    tell(system, key, "payment-received", person, amount=1, sender="https://evil.example/x @bank.example #123456", balance=2)
    phone, mail = texts(system, person, 2)
    assert "://" not in phone[0] + mail[0] and "evil.example" not in phone[0] + mail[0] and "#" not in phone[0] and "\n" not in phone[0]


def test_a_typographic_quote_or_an_emoji_does_not_double_the_price_of_a_text(system, key, person):
    tell(system, key, "payment-sent", person, amount=1, recipient="Bob\u2019s \u201cShop\u201d \u2014 \U0001F600", balance=2)
    phone, _ = texts(system, person, 2)
    assert phone == ["Payment sent: $0.01 to Bob's \"Shop\" -. Balance: $0.02"]


def test_only_its_owner_and_the_host_see_a_notification(system, key, person):
    other = system.register()
    ids = [tell(system, key, "payment-sent", person, amount=n, recipient="Bob", balance=2).json()["notificationId"] for n in range(1, 4)]
    path = f"/api/notifications/{ids[0]}"
    assert system.call("GET", path, token=person["token"]).status_code == 200
    assert system.call("GET", path, token=other["token"]).status_code == 404
    assert system.call("GET", path).status_code == 401
    assert system.call("GET", path, token=system.key("otp")).status_code == 403
    assert system.call("GET", f"/api/notifications/{uuid.uuid4()}", token=key).status_code == 404
    assert system.call("GET", "/api/notifications/x", token=key).status_code == 404
    first = system.call("GET", "/api/notifications?limit=2", token=person["token"]).json()
    assert [n["notificationId"] for n in first["notifications"]] == [ids[2], ids[1]]
    second = system.call("GET", f"/api/notifications?limit=2&cursor={first['nextCursor']}", token=person["token"]).json()
    assert [n["notificationId"] for n in second["notifications"]] == [ids[0]] and second["nextCursor"] is None
    assert system.call("GET", "/api/notifications", token=other["token"]).json()["notifications"] == []
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x"):
        assert system.call("GET", f"/api/notifications?{query}", token=person["token"]).status_code == 400


def test_amounts_and_names_are_in_no_table_and_no_log(system, key, person):
    tell(system, key, "payment-sent", person, amount=98765432, recipient="Zebulon Quux", balance=123)
    texts(system, person, 2)
    dump = b"".join(bytes(v) if isinstance(v, (bytes, bytearray)) else str(v).encode()
                    for table in ("notification", "message") for row in system.rows(f"SELECT * FROM {table}") for v in row.values())
    assert b"Quux" not in dump and b"98765432" not in dump
    for log in (system.state / "logs").glob("*.log"):
        if log.name != "sandbox.log":
            assert not re.search("Quux|98765432", log.read_text(errors="replace")), log
