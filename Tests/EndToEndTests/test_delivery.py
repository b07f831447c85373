"""Goal: what becomes of a message is known, whoever carries it, and whoever lies about it changes nothing.

- SendGrid's and Vonage's callbacks: signed or nothing; each event once; every order ends the same
- a code whose text failed is said on the phone; one that nobody needs is wiped
- another provider takes what the first one will not; mail goes by SMTP too
- silence for half a day is called unknown, and asked about once
"""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import signal
import time
import uuid
from email import message_from_bytes, policy

import pytest
import requests
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator

from conftest import System, at_once, eventually, free_port, phone
from listening import listening

# What the sandbox signs with, known to everybody.
KEY = ec.derive_private_key(0xAE5DBC98157886F9E30C1D744834B7CEA6E88A44D65AF35856EC7011679E7B79, ec.SECP256R1())


def message_of(system, answer, channel):
    return next(m["id"] for m in answer.json()["messages"] if m["channel"] == channel)


def row(system, message):
    return system.rows("SELECT * FROM message WHERE id = UNHEX(REPLACE(%s, '-', ''))", message)[0]


def final(row):
    return {k: row[k] for k in ("status", "status_rank", "error_code", "failure")}


@pytest.fixture(scope="module")
def key(system):
    return system.key("notifications,sms")


@pytest.fixture
def mailed(system, key):
    """A message by mail that SendGrid has taken and says nothing of."""
    person = system.register()
    system.rule(action="silent", to=person["email"], times=1)
    answer = system.call("POST", "/api/notifications/payment-sent",
                         {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2}, key)
    message = message_of(system, answer, "email")
    stored = eventually(lambda: (r := row(system, message))["status"] == "sent" and r)
    return person | {"message": message, "sid": stored["provider_sid"], "notification": answer.json()["notificationId"]}


# SendGrid

def event(mailed, name, **fields):
    return {"email": mailed["email"], "timestamp": int(time.time()), "event": name, "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{mailed['sid']}.recvd-1-0", **fields}


def sendgrid(system, events, signature=None, timestamp=None, body=None, **headers):
    raw = body if body is not None else json.dumps(events).encode() + b"\r\n"
    timestamp = timestamp or str(int(time.time()))
    signature = signature if signature is not None else base64.b64encode(KEY.sign(timestamp.encode() + raw, ec.ECDSA(hashes.SHA256()))).decode()
    return requests.post(f"{system.base}/api/webhooks/sendgrid-events", data=raw, timeout=30, headers={
        "Content-Type": "application/json", "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp, **headers})


def test_sendgrids_own_helper_believes_what_the_sandbox_signs(own_system):
    with listening() as (address, heard):
        system = own_system(PUBLIC_BASE_URL=address)
        person = system.register()
        system.call("POST", "/api/notifications/payment-sent",
                    {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2}, system.key("notifications"))
        request = eventually(lambda: next((r for r in heard.requests if r["path"] == "/api/webhooks/sendgrid-events"), None))
        helper = EventWebhook(system.secret("SENDGRID_WEBHOOK_PUBLIC_KEY"))
        headers = {k.lower(): v for k, v in request["headers"].items()}
        signed = (headers["x-twilio-email-event-webhook-signature"], headers["x-twilio-email-event-webhook-timestamp"])
        assert helper.verify_signature(request["body"].decode(), *signed)
        assert not helper.verify_signature(request["body"].decode().replace("processed", "delivered"), *signed)
        assert request["body"].endswith(b"]\r\n")


def test_every_order_and_repetition_of_events_ends_the_same(system, key, mailed):
    events = [event(mailed, name) for name in ("processed", "deferred", "delivered")]
    for order in itertools.permutations(events):
        system.rows("UPDATE message SET status = 'sent', status_rank = 1, finished_at = NULL WHERE id = UNHEX(REPLACE(%s, '-', ''))", mailed["message"])
        system.rows("DELETE FROM webhook_event")
        for each in order + order:
            assert sendgrid(system, [each]).json() == {"received": True}
        assert final(row(system, mailed["message"])) == {"status": "delivered", "status_rank": 4, "error_code": None, "failure": None}
    before = row(system, mailed["message"])
    assert {a.status_code for a in at_once(50, lambda _: sendgrid(system, events))} == {200}
    assert row(system, mailed["message"]) == before
    # Each counts once: whatever has become of the message since, the same event does nothing again.
    system.rows("UPDATE message SET status = 'sent', status_rank = 1 WHERE id = UNHEX(REPLACE(%s, '-', ''))", mailed["message"])
    assert sendgrid(system, events).status_code == 200 and row(system, mailed["message"])["status"] == "sent"


def test_a_batch_of_thousands_is_taken_and_a_bad_event_in_it_holds_up_no_other(system, key, mailed):
    others = [event(mailed, "open") | {"sg_message_id": f"other{n}.x"} for n in range(2000)]
    answer = sendgrid(system, others[:1000] + [7, {"event": "delivered"}, event(mailed, "delivered", type=9)] + others[1000:])
    assert answer.status_code == 200 and row(system, mailed["message"])["status"] == "delivered"


def test_what_is_not_signed_is_refused_and_costs_no_statement(system, mailed):
    good = json.dumps([event(mailed, "bounce", type="bounce")]).encode() + b"\r\n"
    stamp = str(int(time.time()))
    other = ec.generate_private_key(ec.SECP256R1())
    forged = base64.b64encode(other.sign(stamp.encode() + good, ec.ECDSA(hashes.SHA256()))).decode()
    right = base64.b64encode(KEY.sign(stamp.encode() + good, ec.ECDSA(hashes.SHA256()))).decode()
    with system.database() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")
        before = int(cursor.fetchone()["Value"])
        for attempt in range(20):
            for signature in ("", "x", forged, right[:-4], "MAYCAQACAQA=", base64.b64encode(b"\0" * 64).decode()):
                assert sendgrid(system, None, signature, stamp, good).status_code == 403
        assert sendgrid(system, None, right, stamp, good[:-2]).status_code == 403
        assert sendgrid(system, None, right, str(int(stamp) + 1), good).status_code == 403
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")
        # The courier looks at its queue twice a second meanwhile, and nothing else happens.
        assert int(cursor.fetchone()["Value"]) - before < 120
    assert row(system, mailed["message"])["status"] == "sent"
    assert sendgrid(system, None, right, stamp, good).status_code == 200
    assert row(system, mailed["message"])["status"] == "undelivered"


@pytest.mark.parametrize("name,fields,reason", [
    ("bounce", {"type": "bounce", "status": "5.1.1"}, "bounced"), ("spamreport", {}, "spam_report"), ("dropped", {"reason": "Unsubscribed Address"}, "unsubscribed")])
def test_an_address_that_returns_mail_or_wants_none_gets_no_more(system, key, mailed, name, fields, reason):
    assert sendgrid(system, [event(mailed, name, **fields)]).status_code == 200
    body = {"userId": mailed["userId"], "amount": 1, "recipient": "Bob", "balance": 2}
    answer = system.call("POST", "/api/notifications/payment-sent", body, key).json()
    assert {"channel": "email", "reason": reason} in answer["skipped"] and answer["messages"] == []
    # What is told of security still goes there: there is no other way to this person.
    system.log_in(mailed, headers={"User-Agent": "Another browser"})
    eventually(lambda: [m for m in system.messages(mailed["email"]) if "new sign-in" in m["subject"]])


def test_a_block_of_today_keeps_no_mail_of_tomorrow(system, key, mailed):
    sendgrid(system, [event(mailed, "bounce", type="blocked")])
    assert row(system, mailed["message"])["status"] == "undelivered"
    body = {"userId": mailed["userId"], "amount": 1, "recipient": "Bob", "balance": 2}
    assert [m["channel"] for m in system.call("POST", "/api/notifications/payment-sent", body, key).json()["messages"]] == ["email"]


def test_an_event_may_come_before_the_courier_has_noted_the_message(system, key, mailed):
    sid = f"early{uuid.uuid4().hex}"
    assert sendgrid(system, [event(mailed | {"sid": sid}, "delivered")]).status_code == 200
    assert system.rows("SELECT status FROM early_callback WHERE provider_sid = %s", sid) == [{"status": "delivered"}]


# Vonage

@pytest.fixture(scope="module")
def both(request):
    """A system that sends by Vonage what Twilio will not take."""
    running = System(SMS_PROVIDERS="twilio,vonage").start()
    request.addfinalizer(running.remove)
    return running


def signed(system, fields, method="sha256", secret=None, **change):
    fields = {"api-key": "sandbox1", "timestamp": str(int(time.time())), "nonce": uuid.uuid4().hex, **fields}
    text = "".join(f"&{k}={re.sub('[&=]', '_', v)}" for k, v in sorted(fields.items()))
    secret = (secret or system.secret("VONAGE_SIGNATURE_SECRET")).encode()
    sig = hashlib.md5(text.encode() + secret).hexdigest() if method == "md5hash" else hmac.new(secret, text.encode(), method).hexdigest()
    return {**fields, "sig": sig, **change}


@pytest.fixture
def by_vonage(both):
    """A code that Vonage carries and says nothing of."""
    number = phone()
    both.rule(action="fail", status=503, provider="twilio", to=number, times=1)
    both.rule(action="silent", provider="vonage", to=number, times=1)
    person = both.register()
    both.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    both.code(number)
    return eventually(lambda: next((r for r in both.rows("SELECT * FROM message WHERE provider = 'vonage' ORDER BY id DESC LIMIT 1") if r["status"] == "sent"), None))


def dlr(system, fields, how="form"):
    url = f"{system.base}/api/webhooks/vonage-dlr"
    if how == "query":
        return requests.get(url, params=fields, timeout=10)
    return requests.post(url, timeout=10, **({"json": fields} if how == "json" else {"data": fields}))


def receipt(message, status, code="0"):
    return {"messageId": message["provider_sid"], "status": status, "err-code": code, "msisdn": "14155552671", "to": "15005550007"}


@pytest.mark.parametrize("how", ["form", "query", "json"])
@pytest.mark.parametrize("method", ["md5hash", "md5", "sha1", "sha256", "sha512"])
def test_a_receipt_of_vonages_counts_in_every_form_it_may_have(both, by_vonage, how, method):
    assert dlr(both, signed(both, receipt(by_vonage, "failed", "3"), method), how).json() == {"received": True}
    assert final(row(both, by_vonage["id"].hex())) == {
        "status": "undelivered", "status_rank": 4, "error_code": "3", "failure": "destination_unknown"}


def test_every_order_and_repetition_of_receipts_ends_the_same(both, by_vonage):
    receipts = [receipt(by_vonage, status) for status in ("accepted", "buffered", "delivered")]
    for order in itertools.permutations(receipts):
        both.rows("UPDATE message SET status = 'sent', status_rank = 1 WHERE id = %s", by_vonage["id"])
        for each in order + order:
            assert dlr(both, signed(both, each)).status_code == 200
        assert row(both, by_vonage["id"].hex())["status"] == "delivered"


def test_a_receipt_that_is_not_vonages_changes_nothing(both, by_vonage):
    good = signed(both, receipt(by_vonage, "failed"))
    bad = [{**good, "status": "delivered"}, {k: v for k, v in good.items() if k != "sig"}, signed(both, receipt(by_vonage, "failed"), secret="x"),
           signed(both, {**receipt(by_vonage, "failed"), "timestamp": str(int(time.time()) - 700)}), {**good, "sig": ""}]
    for fields in bad:
        for how in ("form", "query", "json"):
            assert dlr(both, fields, how).status_code == 403
    assert dlr(both, signed(both, {**receipt(by_vonage, "failed"), "api-key": "other"})).status_code == 400
    assert row(both, by_vonage["id"].hex())["status"] == "sent"


def jwt(system, body, alg="HS256", secret=None, **change):
    encode = lambda data: base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()
    claims = {"iat": int(time.time()), "jti": str(uuid.uuid4()), "iss": "Vonage", "api_key": "sandbox1",
              "payload_hash": hashlib.sha256(body).hexdigest(), **change}
    head = f"{encode({'typ': 'JWT', 'alg': alg})}.{encode({k: v for k, v in claims.items() if v is not None})}"
    mac = hmac.new((secret or system.secret("VONAGE_SIGNATURE_SECRET")).encode(), head.encode(), "sha256").digest()
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def verify_event(system, body, token):
    return requests.post(f"{system.base}/api/webhooks/vonage-verify", data=body, timeout=10,
                         headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})})


def test_an_event_of_vonage_verify_needs_a_token_of_its_own_body_used_once(both, by_vonage):
    body = json.dumps({"request_id": by_vonage["provider_sid"], "type": "event", "channel": "sms", "status": "failed"}).encode()
    for change in ({"alg": "none"}, {"alg": "HS512"}, {"secret": "x"}, {"iss": "other"}, {"api_key": "other"}, {"payload_hash": None},
                   {"payload_hash": "0" * 64}, {"iat": int(time.time()) - 700}, {"iat": None}, {"jti": None}):
        assert verify_event(both, body, jwt(both, body, **change)).status_code == 403, change
    assert verify_event(both, body + b" ", jwt(both, body)).status_code == 403
    # Vonage sends it again, signed.
    assert verify_event(both, body, None).status_code == 503
    assert row(both, by_vonage["id"].hex())["status"] == "sent"
    token = jwt(both, body)
    assert {a.status_code for a in at_once(20, lambda _: verify_event(both, body, token))} == {200}
    assert row(both, by_vonage["id"].hex())["status"] == "undelivered"
    both.rows("UPDATE message SET status = 'sent', status_rank = 1 WHERE id = %s", by_vonage["id"])
    assert verify_event(both, body, token).status_code == 200
    assert row(both, by_vonage["id"].hex())["status"] == "sent"


# Another provider

@pytest.mark.parametrize("rule", [{"action": "fail", "status": 503}, {"action": "rate_limit"}, {"action": "fail", "status": 400, "code": 21606},
                                  {"action": "fail", "status": 401, "code": 20003}])
def test_what_one_provider_will_not_take_the_next_one_does_at_once(both, rule):
    number, person = phone(), both.register()
    both.rule(**rule, provider="twilio", to=number, times=1)
    started = time.monotonic()
    both.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    code = both.code(number)
    assert time.monotonic() - started < 3
    assert [m["provider"] for m in both.messages(number)] == ["vonage"]
    assert both.call("POST", "/api/auth/sms/verify-phone", {"code": code}, person["token"]).status_code == 200
    eventually(lambda: both.messages(number)[0]["status"] == "delivered")


def test_a_number_that_is_none_is_not_tried_with_another_provider(own_system):
    system = own_system(SMS_PROVIDERS="twilio,vonage")
    number, person = phone(), system.register()
    system.rule(action="fail", status=400, code=21211, provider="twilio", to=number, times=1)
    refused = system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    assert refused.status_code == 422 and refused.json()["code"] == "destination_invalid"
    time.sleep(0.5)
    assert system.messages(number) == []


class Mailbox:
    def __init__(self):
        self.mail, self.refuse = [], None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mail.append((envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture(scope="module")
def post_office(request):
    """A mail server of our own, beside SendGrid, and a system that prefers the latter."""
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    request.addfinalizer(server.stop)
    running = System(EMAIL_PROVIDERS="sendgrid,smtp", SMTP_URL=f"smtp://127.0.0.1:{server.port}").start()
    request.addfinalizer(running.remove)
    return running, mailbox


def test_mail_that_sendgrid_will_not_take_goes_by_smtp_in_both_forms(post_office):
    system, mailbox = post_office
    person = system.register(name="Ann Stone", locale="fr")
    system.rule(action="fail", status=503, provider="sendgrid", to=person["email"], times=1)
    answer = system.call("POST", "/api/notifications/payment-sent",
                         {"userId": person["userId"], "amount": 12345, "recipient": "José & Söhne", "balance": 2}, system.key("notifications"))
    sender, to, mail = eventually(lambda: next((m for m in mailbox.mail if m[1] == [person["email"]]), None))
    assert sender == "security@countersign.example" and mail["To"] == person["email"] and mail["From"].startswith("Countersign")
    assert mail["Subject"] == "Countersign : paiement de 123,45 $US envoyé" and mail["Date"] and mail["MIME-Version"] == "1.0"
    plain, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    assert mail.get_content_type() == "multipart/alternative" and "José & Söhne" in plain and "José &amp; Söhne" in html
    assert mail["List-Unsubscribe"].startswith("<http") and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    message = message_of(system, answer, "email")
    stored = eventually(lambda: (r := row(system, message))["status"] == "sent" and r)
    assert stored["provider"] == "smtp" and mail["Message-ID"] == f"<{stored['provider_sid']}>"
    assert system.messages(person["email"]) == []


def test_mail_that_a_mail_server_refuses_is_not_tried_again(post_office):
    system, mailbox = post_office
    person = system.register()
    system.rule(action="fail", status=503, provider="sendgrid", to=person["email"], times=1)
    mailbox.refuse = "550 5.1.1 No such user"
    try:
        answer = system.call("POST", "/api/notifications/payment-sent",
                             {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2}, system.key("notifications"))
        stored = eventually(lambda: (r := row(system, message_of(system, answer, "email")))["status"] == "failed" and r)
        assert (stored["failure"], stored["error_code"]) == ("destination_invalid", "550")
    finally:
        mailbox.refuse = None


# The phone

def report(system, sid, status, code=None):
    """Twilio's word for how far a message has come."""
    fields = {"AccountSid": system.secret("TWILIO_ACCOUNT_SID"), "MessageSid": sid, "MessageStatus": status, **({"ErrorCode": code} if code else {})}
    url = f"{system.base}/api/webhooks/twilio-status"
    signature = RequestValidator(system.secret("TWILIO_AUTH_TOKEN")).compute_signature(url, fields)
    assert requests.post(url, data=fields, headers={"X-Twilio-Signature": signature}, timeout=10).status_code == 200


def fail_text(system, number):
    # The notice that two-step login is on goes first, or it would be what fails.
    eventually(lambda: all(m["status"] == "delivered" for m in system.messages(number)))
    system.rule(action="report", deliveryStatus="undelivered", errorCode=30003, provider="twilio", to=number, times=1)


@pytest.fixture
def with_sms(system):
    person = system.person_with_sms()
    eventually(lambda: len(system.messages(person["number"])) >= 3)
    return person


def test_a_code_whose_text_failed_is_said_on_the_phone(system, with_sms):
    person = with_sms
    fail_text(system, person["number"])
    pending = system.log_in(person).json()
    call = eventually(lambda: next((m for m in system.messages(person["number"], channel="call")), None))
    code = "".join(re.search(r"is: ([\d, ]+)\.", call["body"])[1].split(", "))
    answer = system.answer(pending["challengeId"], code=code)
    assert answer.status_code == 200, answer.text
    kept = system.rows("SELECT COUNT(*) AS n FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND status = 'undelivered' AND fallback_sealed IS NOT NULL", person["userId"])
    assert kept[0]["n"] == 0


def test_a_code_whose_text_failed_is_said_once(system, with_sms):
    person = with_sms
    fail_text(system, person["number"])
    system.log_in(person)
    eventually(lambda: system.messages(person["number"], channel="call"))
    time.sleep(1)
    assert len(system.messages(person["number"], channel="call")) == 1


def test_a_number_that_nobody_has_proven_is_not_called_by_itself(system):
    number, person = phone(), system.register()
    fail_text(system, number)
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    eventually(lambda: system.messages(number)[0]["status"] == "undelivered")
    time.sleep(0.7)
    assert system.messages(number, channel="call") == []
    alerts = eventually(lambda: system.rows("SELECT a.kind FROM alert a JOIN message m ON m.id = a.message_id WHERE m.account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"]))
    assert [a["kind"] for a in alerts] == ["code_undelivered"]
    sid = system.messages(number)[0]["id"]
    lines = [json.loads(line) for line in (system.state / "logs" / "webhooks.log").read_text().splitlines() if sid in line]
    assert [(line["level"], line["message"], line["failure"], line["provider_code"]) for line in lines] == [
        ("error", "code did not arrive", "destination_unreachable", "30003")]


@pytest.mark.parametrize("code", [21408, 30450, 21610, 30007])
def test_a_number_that_texts_are_blocked_to_is_not_called_instead(system, with_sms, code):
    eventually(lambda: all(m["status"] == "delivered" for m in system.messages(with_sms["number"])))
    system.rule(action="report", deliveryStatus="undelivered", errorCode=code, to=with_sms["number"], times=1)
    system.log_in(with_sms)
    sealed = "SELECT fallback_sealed IS NOT NULL AS kept, status FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code' ORDER BY id DESC LIMIT 1"
    eventually(lambda: system.rows(sealed, with_sms["userId"])[0] == {"kept": 0, "status": "undelivered"})
    time.sleep(0.7)
    assert system.messages(with_sms["number"], channel="call") == []


def test_a_reset_that_a_stranger_began_is_never_said_on_the_phone_by_itself(system):
    person = system.register()
    number = system.verify_phone(person)
    fail_text(system, number)
    assert system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": number}).status_code == 200
    eventually(lambda: system.messages(number)[0]["status"] == "undelivered")
    time.sleep(0.7)
    assert system.messages(number, channel="call") == []


def test_a_code_that_another_has_replaced_is_not_said_on_the_phone(system, with_sms):
    eventually(lambda: all(m["status"] == "delivered" for m in system.messages(with_sms["number"])))
    system.rule(action="silent", to=with_sms["number"], times=1)
    system.log_in(with_sms)
    first = eventually(lambda: next((r for r in system.rows(
        "SELECT provider_sid, status FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code' ORDER BY id DESC LIMIT 1",
        with_sms["userId"]) if r["status"] == "sent"), None))
    system.log_in(with_sms)
    system.code(with_sms["number"], 4)
    report(system, first["provider_sid"], "undelivered", "30003")
    time.sleep(1)
    assert system.messages(with_sms["number"], channel="call") == []


def test_calls_in_place_of_texts_count_against_the_budgets(system, with_sms):
    spent = lambda: system.rows("SELECT day_cost FROM traffic WHERE scope = '*'")[0]["day_cost"]
    before = spent()
    fail_text(system, with_sms["number"])
    system.log_in(with_sms)
    eventually(lambda: system.messages(with_sms["number"], channel="call"))
    costs = system.rows("SELECT SUM(price) AS price FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code' AND id > "
                        "(SELECT MAX(id) FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'two_factor_enabled')", with_sms["userId"], with_sms["userId"])
    assert spent() - before == costs[0]["price"]


def test_what_would_have_been_said_is_wiped_with_the_receipt_or_with_the_code(system, with_sms):
    person = with_sms
    system.log_in(person)
    sealed = "SELECT fallback_sealed IS NOT NULL AS kept, status FROM message WHERE account_id = UNHEX(REPLACE(%s, '-', '')) AND kind = 'code' ORDER BY id DESC LIMIT 1"
    eventually(lambda: system.rows(sealed, person["userId"])[0] == {"kept": 0, "status": "delivered"})
    system.rule(action="silent", to=person["number"], times=1)
    system.log_in(person)
    eventually(lambda: system.rows(sealed, person["userId"])[0] == {"kept": 1, "status": "sent"})
    system.rows("UPDATE message SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, due_at = UTC_TIMESTAMP(6) WHERE account_id = UNHEX(REPLACE(%s, '-', ''))", person["userId"])
    eventually(lambda: system.rows(sealed, person["userId"])[0] == {"kept": 0, "status": "sent"}, 40)


# Who waits for a code

def look(system, path, token=None):
    """What became of the code, as who waits for it is shown."""
    answer = system.call("GET", path, token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_who_holds_a_challenge_sees_its_code_arrive_and_sends_nothing_by_looking(system, with_sms):
    before = len(system.messages(with_sms["number"]))
    pending = system.log_in(with_sms).json()
    path = f"/api/auth/2fa/challenges/{pending['challengeId']}"
    seen = eventually(lambda: (found := look(system, path))["code"]["status"] == "delivered" and found)
    assert (seen["purpose"], seen["method"], seen["attemptsRemaining"]) == ("login", "sms", 3)
    assert seen["maskedPhone"] == pending["maskedPhone"] and with_sms["number"] not in str(seen)
    assert seen["code"]["channel"] == "sms" and 50 <= seen["code"]["resendAfter"] <= 60
    for _ in range(20):
        look(system, path)
    code = system.code(with_sms["number"], 3)
    assert len(system.messages(with_sms["number"])) == before + 1 and code not in str(seen)

    system.answer(pending["challengeId"], code="000000" if code != "000000" else "111111")
    assert look(system, path)["attemptsRemaining"] == 2
    assert system.answer(pending["challengeId"], code=code).status_code == 200
    assert system.call("GET", path).status_code == 410
    assert system.call("GET", f"/api/auth/2fa/challenges/{'A' * 43}").status_code == 404
    assert system.call("GET", "/api/auth/2fa/challenges/nonsense").status_code == 404


def test_who_holds_a_challenge_sees_that_its_text_failed_and_that_the_phone_rings_instead(system, with_sms):
    fail_text(system, with_sms["number"])
    path = f"/api/auth/2fa/challenges/{system.log_in(with_sms).json()['challengeId']}"
    statuses = []
    eventually(lambda: statuses.append(tuple(look(system, path)["code"][name] for name in ("channel", "status"))) or statuses[-1] == ("call", "delivered"))
    assert {channel for channel, _ in statuses} == {"sms", "call"}


def test_a_challenge_of_an_app_has_no_code_to_wait_for(system):
    pending = system.log_in(system.person_with_app()).json()
    assert "code" not in look(system, f"/api/auth/2fa/challenges/{pending['challengeId']}")


def test_a_challenge_is_over_for_whoever_looks_when_the_session_that_asked_is(system, with_sms):
    begun = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "transfer", "details": {"amount": 1, "payee": "Bob"}}, with_sms["token"])
    path = f"/api/auth/2fa/challenges/{begun.json()['challengeId']}"
    assert look(system, path)["purpose"] == "transfer"
    assert system.call("POST", "/api/auth/logout", token=with_sms["token"]).status_code in (200, 204)
    assert system.call("GET", path).status_code == 410


def test_a_call_for_something_else_is_not_taken_for_that_of_a_failed_text(system, with_sms):
    number, owner = phone(), with_sms["token"]
    given = system.call("POST", "/api/auth/2fa/challenges", {"purpose": "phone_change"}, owner).json()["challengeId"]
    proof = system.answer(given, code=system.code(with_sms["number"], 3)).json()["authorization"]
    fail_text(system, number)
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number, "authorization": proof}, owner)
    eventually(lambda: look(system, "/api/auth/sms/verify-phone", owner)["code"]["status"] == "undelivered")
    pending = system.log_in(with_sms).json()["challengeId"]
    system.rows("UPDATE challenge SET code_issued_at = code_issued_at - INTERVAL 61 SECOND")
    assert system.call("POST", f"/api/auth/2fa/challenges/{pending}/resend", {"channel": "call"}).status_code == 200
    eventually(lambda: look(system, f"/api/auth/2fa/challenges/{pending}")["code"] | {"resendAfter": 0, "expiresAt": 0}
               == {"channel": "call", "status": "delivered", "resendAfter": 0, "expiresAt": 0})
    assert look(system, "/api/auth/sms/verify-phone", owner)["code"]["channel"] == "sms"


def test_a_code_that_another_challenge_has_replaced_is_not_waited_for(system, with_sms):
    first = system.log_in(with_sms).json()["challengeId"]
    assert "code" in look(system, f"/api/auth/2fa/challenges/{first}")
    second = system.log_in(with_sms).json()["challengeId"]
    assert "code" not in look(system, f"/api/auth/2fa/challenges/{first}")
    assert "code" in look(system, f"/api/auth/2fa/challenges/{second}")


def test_an_owner_sees_that_the_text_to_a_new_number_failed(system):
    number, person = phone(), system.register()
    path = "/api/auth/sms/verify-phone"
    assert system.call("GET", path).status_code == 401
    assert system.call("GET", path, token=person["token"]).json()["code"] == "nothing_pending"
    fail_text(system, number)
    system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
    seen = eventually(lambda: (found := look(system, path, person["token"]))["code"]["status"] == "undelivered" and found)
    assert (seen["phoneNumber"], seen["attemptsRemaining"], seen["code"]["channel"]) == (number, 3, "sms")
    code = system.code(number)
    assert system.call("GET", path, token=system.register()["token"]).status_code == 404
    assert system.call("POST", path, {"code": code}, person["token"]).status_code == 200
    assert system.call("GET", path, token=person["token"]).status_code == 404


# Killed in between

def test_a_courier_killed_between_sending_and_recording_sends_no_text_twice(own_system):
    system = own_system()
    key, people = system.key("notifications"), []
    for _ in range(4):
        person = system.register()
        people.append(person | {"number": system.verify_phone(person)})
    eventually(lambda: all(m["status"] == "delivered" for person in people for m in system.messages(person["number"])))
    for person in people:
        # Taken, and answered when nobody listens any more.
        system.rule(action="slow", seconds=2, to=person["number"], times=1)
        system.call("POST", "/api/notifications/low-balance", {"userId": person["userId"], "balance": 1, "threshold": 2}, key)
    time.sleep(1)
    os.kill(system.pid("courier"), signal.SIGKILL)
    texts = lambda: [m for person in people for m in system.messages(person["number"]) if "Low balance" in m["body"]]
    done = "SELECT COUNT(*) AS n FROM message WHERE kind = 'low_balance' AND status = 'delivered'"
    eventually(lambda: system.rows(done)[0]["n"] == len(people), 60)
    assert sorted(m["to"] for m in texts()) == sorted(person["number"] for person in people)


# Silence

def test_what_nobody_spoke_of_for_half_a_day_is_unknown_and_asked_about_once(own_system):
    system = own_system()
    person = system.register()
    number = system.verify_phone(person)
    key = system.key("notifications")
    messages = []
    for count in range(2):
        system.rule(action="silent", to=number, times=1)
        answer = system.call("POST", "/api/notifications/low-balance", {"userId": person["userId"], "balance": count, "threshold": 9}, key)
        message = message_of(system, answer, "sms")
        eventually(lambda: row(system, message)["status"] == "sent")
        messages.append(message)
    # Sent just over half a day ago: an id begins with its time. Of the other one Twilio knows nothing at all.
    past = int((time.time() - 12 * 3600 - 20) * 1000)
    ids = [f"{past:012x}7{n:03x}{'8' * 16}" for n in range(2)]
    for message, id in zip(messages, ids):
        system.rows("UPDATE message SET id = UNHEX(%s) WHERE id = UNHEX(REPLACE(%s, '-', ''))", id, message)
    system.rows("UPDATE message SET provider_sid = %s WHERE id = UNHEX(%s)", "SM" + "0" * 32, ids[1])
    states = lambda: [system.rows("SELECT status FROM message WHERE id = UNHEX(%s)", id)[0]["status"] for id in ids]
    eventually(lambda: states() == ["unknown"] * 2, 90)
    # A receipt that comes all the same still counts.
    report(system, system.rows("SELECT provider_sid FROM message WHERE id = UNHEX(%s)", ids[0])[0]["provider_sid"], "delivered")
    assert states() == ["delivered", "unknown"]
