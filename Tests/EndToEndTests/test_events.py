"""Goal: whatever the host tells of reaches its owner: in the owner's language, at the owner's hours, and no more than wanted.

- events of every type, a thousand in a request; wrong ones refused by name, and nothing else kept back by them
- texts of the host's own; texts and mail in six languages; a template of SendGrid's in place of words
- quiet hours, thresholds, a link that ends mail
"""

import json
import re
import uuid

import pytest
import requests

from conftest import at_once, eventually, phone


@pytest.fixture(scope="module")
def key(system):
    return system.key("notifications,sms")


def person_in(system, locale="en"):
    found = system.register(name="Ann Stone", locale=locale)
    return found | {"number": system.verify_phone(found)}


@pytest.fixture
def person(system):
    return person_in(system)


def event(type, person, **data):
    return {"type": type, "userId": person["userId"], "data": data}


def told(system, person, count, channel):
    """What came to a person on a channel, but for codes, newest first."""
    to = person["email"] if channel == "email" else person["number"]
    return eventually(lambda: len(found := [m for m in system.messages(to, channel=channel) if "#" not in m["body"][-8:]]) >= count and found)


SECURITY = {
    "new_login": ({"address": "203.0.113.7", "device": "Firefox on Linux"}, "new sign-in"),
    "password_changed": ({}, "your password was changed"), "phone_changed": ({}, "the phone number of your account was changed"),
    "two_factor_enabled": ({"method": "app"}, "two-step login by authenticator app was turned on"),
    "two_factor_disabled": ({}, "two-step login was turned off"), "backup_code_used": ({"remaining": 3}, "a backup code was used")}


@pytest.mark.parametrize("type", SECURITY)
def test_an_event_of_security_reaches_every_channel_at_any_hour(system, key, person, type):
    data, words = SECURITY[type]
    system.call("PUT", "/api/notifications/preferences",
                {"quietHours": {"from": "00:00", "until": "23:59", "timeZone": "UTC"}}, person["token"])
    answer = system.call("POST", "/api/notifications/events", event(type, person, **data), key)
    assert answer.status_code == 202 and [m["channel"] for m in answer.json()["messages"]] == ["sms", "email"]
    assert words in told(system, person, 1, "sms")[0]["body"]
    mail = told(system, person, 1, "email")[0]
    assert words.lower() in mail["body"].lower() and "List-Unsubscribe" not in mail.get("headers", {})
    shown = system.call("GET", f"/api/notifications/{answer.json()['notificationId']}", token=person["token"]).json()
    assert (shown["type"], shown["data"]) == (type, data)


@pytest.mark.parametrize("change,field", [
    ({"type": "payment"}, "type"), ({"type": "codes_failing"}, "type"), ({"type": 1}, "type"), ({"data": {"amount": 1}}, "data.recipient"),
    ({"data": {"amount": "1"}}, "data.amount"), ({"data": {"sender": "Eve"}}, "data.sender"), ({"data": {"to": "x"}}, "data.to"),
    ({"data": []}, "data"), ({"userId": "x"}, "userId"), ({"urgent": "yes"}, "urgent"), ({"extra": 1}, "extra"),
    ({"type": "new_login", "data": {"device": "a\r\nb"}}, "data.device"), ({"type": "backup_code_used", "data": {"remaining": -1}}, "data.remaining"),
    ({"type": "two_factor_enabled", "data": {"method": "backup"}}, "data.method"), ({"type": "password_changed", "data": {"balance": 1}}, "data.balance")])
def test_an_unknown_type_or_a_wrong_field_is_refused_by_name(system, key, person, change, field):
    body = {"type": "payment_sent", "userId": person["userId"], "data": {"amount": 1, "recipient": "Bob", "balance": 2}}
    answer = system.call("POST", "/api/notifications/events", body | change, key)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_of_a_batch_the_good_ones_are_sent_and_the_others_say_what_is_wrong(system, key, person):
    good = event("payment_received", person, amount=1, sender="Eve", balance=2)
    events = [good, event("payment_received", person, amount=1, balance=2), {"type": "x"}, 7,
              good | {"userId": str(uuid.uuid4())}, good | {"data": {"amount": "1"}}, good]
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = system.call("POST", "/api/notifications/batch", {"events": events}, key, headers=dict(headers))
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [r["status"] for r in results] == [202, 400, 400, 400, 404, 400, 202]
    assert [r.get("field") for r in results[1:6]] == ["data.sender", "userId", None, None, "data.amount"]
    again = system.call("POST", "/api/notifications/batch", {"events": events}, key, headers=dict(headers))
    assert again.json() == answer.json() and again.headers["Idempotent-Replayed"] == "true"
    assert len(told(system, person, 2, "sms")) == 2


def test_a_thousand_events_go_in_a_request_and_not_one_more(system, key, person):
    events = [event("low_balance", person, balance=n, threshold=2000) for n in range(1001)]
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    assert system.call("POST", "/api/notifications/batch", {"events": events}, key).json()["field"] == "events"
    answer = system.call("POST", "/api/notifications/batch", {"events": events[:1000]}, key, headers=headers)
    assert {r["status"] for r in answer.json()["results"]} == {202}
    count = system.rows("SELECT COUNT(*) AS n FROM notification WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    assert count[0]["n"] == 1000
    eventually(lambda: len(system.messages(person["number"], limit=2000)) >= 1001, 30)


def test_of_50_batches_at_once_with_one_key_one_is_sent(system, key, person):
    body = {"events": [event("low_balance", person, balance=1, threshold=2)] * 3}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answers = at_once(50, lambda _: system.call("POST", "/api/notifications/batch", body, key, headers=dict(headers)))
    assert {a.status_code for a in answers} == {207} and len({a.text for a in answers}) == 1
    assert system.rows("SELECT COUNT(*) AS n FROM notification WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])[0]["n"] == 3


# Languages

@pytest.mark.parametrize("locale,text,subject,rows", [
    ("es", "Pago enviado: 123,45 US$ a Bob Stone. Saldo: 1000,00 US$", "pago de 123,45 US$ enviado", ["Importe: 123,45 US$", "Operación: t-1"]),
    ("fr-CA", "Paiement envoyé : 123,45 $ US à Bob Stone. Solde : 1 000,00 $ US", "paiement de 123,45 $ US envoyé", ["Montant: 123,45 $ US"]),
    ("de", "Zahlung gesendet: 123,45 $ an Bob Stone. Kontostand: 1.000,00 $", "Zahlung über 123,45 $ gesendet", ["Betrag: 123,45 $"]),
    ("pt-BR", "Pagamento enviado: US$ 123,45 para Bob Stone. Saldo: US$ 1.000,00", "pagamento de US$ 123,45 enviado", ["Valor: US$ 123,45"]),
    ("am", "ክፍያ ተልኳል: US$123.45 ለBob Stone። ቀሪ ሂሳብ: US$1,000.00", "የUS$123.45 ክፍያ ተልኳል", ["መጠን: US$123.45"]),
    ("ja", "Payment sent: $123.45 to Bob Stone. Balance: $1,000.00", "payment of $123.45 sent", ["Amount: $123.45"])])
def test_each_is_told_in_its_own_language_or_else_in_english(system, key, locale, text, subject, rows):
    person = person_in(system, locale)
    body = {"userId": person["userId"], "amount": 12345, "recipient": "Bob Stone", "balance": 100000, "transactionId": "t-1"}
    assert system.call("POST", "/api/notifications/payment-sent", body, key).status_code == 202
    assert told(system, person, 1, "sms")[0]["body"] == text
    mail = told(system, person, 1, "email")[0]
    assert subject in mail["subject"] and all(row in mail["body"] for row in rows)
    assert f'lang="{locale[:2] if locale != "ja" else "en"}"' in mail["html"]


def test_the_preview_command_shows_what_an_event_says(system):
    shown = system.ctl("preview", "payment_sent", "--locale", "fr").stdout
    assert "Paiement envoyé" in shown and "1 segment" in shown and "Bonjour" in shown
    assert "<html" in system.ctl("preview", "payment_sent", "--locale", "fr", "--html").stdout
    assert "UCS-2" in system.ctl("preview", "low_balance", "--locale", "am").stdout
    wrong = system.ctl("preview", "x", check=False)
    assert wrong.returncode != 0 and "payment_sent" in wrong.stderr


def test_a_template_of_sendgrids_gets_the_values_and_no_words(own_system):
    system = own_system(SENDGRID_TEMPLATE_PAYMENT_SENT="d-0123456789abcdef0123456789abcdef")
    key, person = system.key("notifications"), system.register(name="Ann <b>")
    body = {"userId": person["userId"], "amount": 12345, "recipient": "Bob", "balance": 100000, "transactionId": "t-1"}
    system.call("POST", "/api/notifications/payment-sent", body, key)
    mail = system.wait_for_message(person["email"])
    assert mail["template"] == "d-0123456789abcdef0123456789abcdef" and mail.get("html") is None and mail["body"] == ""
    data = mail["templateData"]
    assert data.pop("date")
    assert data == {"userName": "Ann <b>", "amount": "$123.45", "recipient": "Bob", "balance": "$1,000.00", "transactionId": "t-1"}


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(\"http://evil.example\",\"x\")", "\"><img src=x>", "Bob & Söhne", "x" * 140])
def test_a_name_does_no_harm_in_a_text_in_mail_or_in_the_list(system, key, person, name):
    body = {"userId": person["userId"], "amount": 1, "sender": name, "balance": 2}
    assert system.call("POST", "/api/notifications/payment-received", body, key).status_code == 202
    text, mail = told(system, person, 1, "sms")[0], told(system, person, 1, "email")[0]
    assert "\n" not in text["body"] and "://" not in text["body"] + mail["body"] and "evil.example" not in text["body"] + mail["html"]
    assert not re.search(r"<(script|img)", mail["html"])
    links = re.findall(r'href="([^"]*)"', mail["html"])
    assert links == [re.search(r"<(.*)>", mail["headers"]["List-Unsubscribe"])[1]]
    listed = system.call("GET", "/api/notifications", token=person["token"])
    assert listed.json()["notifications"][0]["data"]["sender"] == name and listed.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "\u202egnp", "a\u200bb", "x" * 300, "a\u0000b", " "])
def test_a_name_that_is_not_seen_as_it_is_is_refused(system, key, person, name):
    body = {"userId": person["userId"], "amount": 1, "sender": name, "balance": 2}
    answer = system.call("POST", "/api/notifications/payment-received", body, key)
    assert (answer.status_code, answer.json()["field"]) == (400, "sender")


# Preferences

def test_in_quiet_hours_only_mail_goes_out_and_what_is_urgent(system, key, person):
    path = "/api/notifications/preferences"
    hours = {"from": "00:00", "until": "23:59", "timeZone": "Europe/Paris"}
    assert system.call("PUT", path, {"quietHours": hours}, person["token"]).json()["quietHours"] == hours
    body = event("payment_received", person, amount=1, sender="Eve", balance=2)
    quiet = system.call("POST", "/api/notifications/events", body, key).json()
    assert [m["channel"] for m in quiet["messages"]] == ["email"] and quiet["skipped"] == [{"channel": "sms", "reason": "quiet_hours"}]
    urgent = system.call("POST", "/api/notifications/events", body | {"urgent": True}, key).json()
    assert [m["channel"] for m in urgent["messages"]] == ["sms", "email"]
    assert system.call("PUT", path, {"quietHours": None}, person["token"]).json()["quietHours"] is None
    assert system.call("POST", "/api/notifications/events", body, key).json()["skipped"] == []


def test_an_accounts_own_threshold_says_when_its_balance_is_low(system, key, person):
    path, low = "/api/notifications/preferences", "/api/notifications/low-balance"
    assert system.call("PUT", path, {"lowBalanceThreshold": {"amount": 500}}, person["token"]).json()["lowBalanceThreshold"] == {"amount": 500, "currency": "USD"}
    body = {"userId": person["userId"], "balance": 500, "threshold": 100000}
    assert system.call("POST", low, body, key).json()["skipped"] == [{"channel": "sms", "reason": "above_threshold"}]
    assert system.call("POST", low, body | {"balance": 499}, key).json()["skipped"] == []
    assert "below your $5.00 threshold" in told(system, person, 1, "sms")[0]["body"]
    assert system.call("PUT", path, {"lowBalanceThreshold": None}, person["token"]).json()["lowBalanceThreshold"] is None
    assert system.call("POST", low, body, key).json()["skipped"] == []


def test_a_link_in_mail_ends_mail_of_its_kind_at_a_post_and_not_before(system, key, person):
    body = event("payment_received", person, amount=1, sender="Eve", balance=2)
    system.call("POST", "/api/notifications/events", body, key)
    headers = told(system, person, 1, "email")[0]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.search(r"<(.*)>", headers["List-Unsubscribe"])[1]
    asked = requests.get(url, timeout=10)
    assert asked.status_code == 200 and "<form" in asked.text and "script" not in asked.text
    assert [m["channel"] for m in system.call("POST", "/api/notifications/events", body, key).json()["messages"]] == ["sms", "email"]
    done = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=10)
    assert done.status_code == 200
    answer = system.call("POST", "/api/notifications/events", body, key).json()
    assert answer["skipped"] == [{"channel": "email", "reason": "switched_off"}]
    other = system.call("POST", "/api/notifications/payment-sent",
                        {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2}, key).json()
    assert [m["channel"] for m in other["messages"]] == ["sms", "email"]
    assert requests.post(url[:-2] + "xx", timeout=10).status_code == 404


# Texts of the host's own

def test_a_text_of_the_hosts_own_is_sent_and_limited_but_to_who_may_send_more(system, key):
    number = phone()
    body = {"phoneNumber": number, "message": "Your card is on its way.\nIt comes on Monday."}
    answer = system.call("POST", "/api/sms/send", body, key)
    assert answer.status_code == 202
    sent = system.wait_for_message(number)
    assert sent["body"] == body["message"] and answer.json()["messageId"]
    refused = system.call("POST", "/api/sms/send", body | {"skipRateLimit": True}, key)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    answers = at_once(20, lambda _: system.call("POST", "/api/sms/send", body, key))
    assert sorted(a.status_code for a in answers) == [202] * 4 + [429] * 16
    unlimited = system.key("sms,sms:unlimited")
    assert system.call("POST", "/api/sms/send", body | {"skipRateLimit": True}, unlimited).status_code == 202
    # They are not counted as codes.
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, system.key("otp")).status_code == 200


@pytest.mark.parametrize("change,code,field", [
    ({"message": ""}, "invalid_field", "message"), ({"message": "x" * 1601}, "invalid_field", "message"), ({"message": "a\u202eb"}, "invalid_field", "message"),
    ({"message": "a\rb"}, "invalid_field", "message"), ({"phoneNumber": "12"}, "invalid_field", "phoneNumber"), ({"phoneNumber": None}, "phone_missing", "phoneNumber"),
    ({"phoneNumber": "+881612345678"}, "phone_not_allowed", "phoneNumber"), ({"from": "x"}, "invalid_field", "from")])
def test_a_text_that_cannot_be_sent_is_refused_by_name(system, key, change, code, field):
    answer = system.call("POST", "/api/sms/send", {"phoneNumber": phone(), "message": "Hello"} | change, key)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, code, field)


def test_a_text_is_sent_once_for_an_idempotency_key(system, key):
    number, headers = phone(), {"Idempotency-Key": str(uuid.uuid4())}
    send = lambda _: system.call("POST", "/api/sms/send", {"phoneNumber": number, "message": "Hello"}, key, headers=dict(headers))
    answers = at_once(20, send)
    assert {a.status_code for a in answers} <= {202, 409}
    assert len({json.loads(a.text)["messageId"] for a in answers if a.status_code == 202}) == 1
    system.wait_for_message(number)
    assert len(system.messages(number)) == 1
