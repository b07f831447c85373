"""Goal: who answers STOP gets no more from that sender, and is never locked out by it.

- notices stop and say why; START brings them back; each answer is recorded once, for its sender and number
- a code is refused with what is left, to who may know it; strangers learn nothing
- another sender still reaches who stopped one
"""

import uuid

import pytest
import requests
from twilio.request_validator import RequestValidator

from conftest import System, at_once, eventually, phone


@pytest.fixture(scope="module")
def key(system):
    return system.key("notifications,sms,otp")


@pytest.fixture
def person(system):
    found = system.register()
    return found | {"number": system.verify_phone(found)}


def write(system, number, text, **fields):
    answer = requests.post(f"{system.sandbox}/api/inbound", json={"from": number, "body": text, **fields}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tell(system, key, person):
    body = {"userId": person["userId"], "amount": 1, "recipient": "Bob", "balance": 2}
    return system.call("POST", "/api/notifications/payment-sent", body, key).json()


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop! ", "UNSUBSCRIBE", "quit", "Cancel.", "stopall", "END", "revoke", "optout"])
def test_who_answers_stop_gets_no_more_notices_until_start(system, key, person, word):
    assert write(system, person["number"], word) == {
        "status": 200, "answer": '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'}
    told = tell(system, key, person)
    assert told["skipped"] == [{"channel": "sms", "reason": "opted_out"}] and [m["channel"] for m in told["messages"]] == ["email"]
    shown = system.call("GET", f"/api/notifications/{told['notificationId']}", token=person["token"]).json()
    assert shown["skipped"] == told["skipped"]
    refused = system.call("POST", "/api/sms/send", {"phoneNumber": person["number"], "message": "Hello"}, key)
    assert (refused.status_code, refused.json()["code"]) == (409, "destination_opted_out")
    write(system, person["number"], "start")
    assert tell(system, key, person)["skipped"] == []


@pytest.mark.parametrize("text", ["HELP", "info", "Stop, this was not me", "Cancel that transfer!", "nonstop", "", "🛑", "x" * 1600])
def test_nothing_else_that_people_write_stops_anything(system, key, person, text):
    write(system, person["number"], text)
    assert tell(system, key, person)["skipped"] == []


def test_an_operator_sees_why_somebody_gets_nothing_and_lets_it_go_there_again(system, key, person):
    write(system, person["number"], "STOP")
    shown = system.ctl("suppressions", "show", "--number", person["number"]).stdout
    assert shown.startswith("+15005550006  opted_out  20") and shown.count("\n") == 1
    assert system.ctl("suppressions", "remove", "--number", person["number"]).stdout == "removed 1\n"
    assert tell(system, key, person)["skipped"] == []
    assert system.ctl("suppressions", "show", "--email", person["email"]).stdout == ""
    for wrong in ([], ["--number", "12"], ["--email", "x"], ["--number", "+14155552671", "--email", "a@example.com"]):
        assert system.ctl("suppressions", "show", *wrong, check=False).returncode != 0


def test_a_notice_of_security_goes_by_mail_alone_to_who_stopped_texts(system, person):
    write(system, person["number"], "STOP")
    count = len(system.messages(person["number"]))
    system.log_in(person, headers={"User-Agent": "Another browser"})
    eventually(lambda: [m for m in system.messages(person["email"]) if "new sign-in" in m["subject"]])
    assert len(system.messages(person["number"])) == count


def test_a_code_is_refused_with_the_channel_that_is_left_and_that_one_works(system, key):
    person = system.person_with_app()
    person["number"] = system.verify_phone(person)
    write(system, person["number"], "STOP")
    for path, body, token in [
            ("/api/sms/send-verification", {"phoneNumber": person["number"]}, key), ("/request-otp", {"phoneNumber": person["number"]}, key), ("/api/sms/send-2fa", {"phoneNumber": person["number"]}, key)]:
        answer = system.call("POST", path, body, token)
        assert (answer.status_code, answer.json()["code"], answer.json()["channel"]) == (409, "destination_opted_out", "call")
    answer = system.call("POST", "/request-otp", {"phoneNumber": person["number"], "channel": "call"}, key)
    assert answer.status_code == 200
    eventually(lambda: system.messages(person["number"], channel="call"))


def test_a_login_goes_on_for_who_stopped_texts_by_a_call_or_a_backup_code(system):
    person = system.person_with_sms()
    write(system, person["number"], "STOP")
    count = len(system.messages(person["number"], channel="sms"))
    pending = system.log_in(person)
    assert pending.status_code == 200 and pending.json()["codeSent"] is False
    challenge = pending.json()["challengeId"]
    assert system.call("POST", f"/api/auth/2fa/challenges/{challenge}/resend", {"channel": "call"}).status_code == 200
    call = eventually(lambda: next((m for m in system.messages(person["number"], channel="call")), None))
    code = "".join(c for c in call["body"].split("is: ")[1].split(".")[0] if c.isdigit())
    assert system.answer(challenge, code=code).status_code == 200
    assert len(system.messages(person["number"], channel="sms")) == count
    other = system.log_in(person).json()["challengeId"]
    assert system.answer(other, backupCode=person["backupCodes"][0]).status_code == 200


def test_words_that_are_no_start_take_no_stop_back(system, key, person):
    write(system, person["number"], "STOP")
    for text in ("yes", "Yes, that was me", "start over", "Start, please"):
        write(system, person["number"], text)
    assert tell(system, key, person)["skipped"] == [{"channel": "sms", "reason": "opted_out"}]


def test_a_stranger_hears_that_no_code_was_sent_and_nothing_of_accounts(system, person):
    nobodys = phone()
    for number in (person["number"], nobodys):
        write(system, number, "STOP")
    count = len(system.messages(person["number"]))
    ask = lambda path, **body: [system.call("POST", path, {"phoneNumber": number} | body) for number in (person["number"], nobodys)]
    refused = [(429, "send_refused", "Could not send code. Try again later.")] * 2
    assert [(a.status_code, a.json()["code"], a.json()["error"]) for a in ask("/api/auth/verify-phone", action="send")] == refused
    # Somebody else who claims the number is a stranger to it.
    other = system.register()
    answer = system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": person["number"]}, other["token"])
    assert (answer.status_code, answer.json()["code"]) == (429, "send_refused")
    # A reset is answered as for every number, and both are counted as though a code had gone out.
    third = phone()
    answers = [*ask("/api/auth/sms/request-password-reset"), system.call("POST", "/api/auth/sms/request-password-reset", {"phoneNumber": third})]
    assert {(a.status_code, a.text) for a in answers} == {(200, answers[2].text)}
    ask("/api/auth/sms/request-password-reset")
    limited = ask("/api/auth/sms/request-password-reset")
    assert [(a.status_code, a.json()["code"]) for a in limited] == [(429, "send_limit_reached")] * 2
    assert len(system.messages(person["number"])) == count and system.messages(nobodys) == []


def test_an_answer_counts_once_for_its_sender_and_its_number(system, key, person):
    url, fields = f"{system.base}/api/webhooks/twilio-inbound", {
        "AccountSid": system.secret("TWILIO_ACCOUNT_SID"), "MessageSid": f"SM{uuid.uuid4().hex}", "From": person["number"],
        "To": "+15005550006", "Body": "STOP", "NumMedia": "0", "ApiVersion": "2010-04-01"}
    token = RequestValidator(system.secret("TWILIO_AUTH_TOKEN"))

    def post(change, signature=None):
        form = {k: v for k, v in {**fields, **change}.items() if v is not None}
        signature = token.compute_signature(url, form) if signature is None else signature
        return requests.post(url, data=form, timeout=10, headers={"X-Twilio-Signature": signature})

    for change in ({"From": "Ann"}, {"From": None}, {"To": None}, {"MessageSid": "SM1"}, {"MessageSid": None}):
        assert post(change).status_code == 400
    assert post({"AccountSid": "AC" + "0" * 32}).status_code == 400
    assert post({}, "").status_code == 403 and post({}, "x" * 28).status_code == 403
    assert tell(system, key, person)["skipped"] == []
    assert {a.status_code for a in at_once(50, lambda _: post({}))} == {200}
    stored = system.rows("SELECT word, sender FROM inbound_message WHERE provider_sid = %s", fields["MessageSid"])
    assert stored == [{"word": "stop", "sender": "+15005550006"}]
    assert tell(system, key, person)["skipped"] != []
    # The same again, after START, is no new STOP.
    assert post({"MessageSid": f"SM{uuid.uuid4().hex}", "Body": "START"}).status_code == 200
    assert post({}).status_code == 200 and tell(system, key, person)["skipped"] == []
    # To another sender of ours it would be: this one goes on.
    assert post({"MessageSid": f"SM{uuid.uuid4().hex}", "To": "+15005550009"}).status_code == 200
    assert tell(system, key, person)["skipped"] == []
    # What Twilio has understood goes before what we read.
    assert post({"MessageSid": f"SM{uuid.uuid4().hex}", "Body": "arrêt", "OptOutType": "STOP"}).status_code == 200
    assert tell(system, key, person)["skipped"] != []


@pytest.mark.parametrize("how", ["refused", "reported"])
def test_what_the_provider_knows_of_a_stop_keeps_the_next_message_here(system, key, person, how):
    rule = {"action": "fail", "status": 400, "code": 21610} if how == "refused" else {"action": "report", "deliveryStatus": "failed", "errorCode": 21610}
    eventually(lambda: all(m["status"] == "delivered" for m in system.messages(person["number"])))
    system.rule(**rule, to=person["number"], times=1)
    told = tell(system, key, person)
    path = f"/api/notifications/{told['notificationId']}"
    failed = eventually(lambda: next((m for m in system.call("GET", path, token=key).json()["messages"] if m["status"] == "failed"), None))
    assert failed["failure"] == "destination_opted_out" and failed["errorCode"] == "21610"
    eventually(lambda: tell(system, key, person)["skipped"] == [{"channel": "sms", "reason": "opted_out"}])


def test_who_stopped_one_sender_is_reached_by_another():
    running = System(SMS_PROVIDERS="twilio,vonage").start()
    try:
        person = running.person_with_sms()
        eventually(lambda: len(running.messages(person["number"])) >= 3)
        write(running, person["number"], "STOP")
        key = running.key("notifications")
        assert tell(running, key, person)["skipped"] == []
        text = eventually(lambda: next((m for m in running.messages(person["number"]) if "Payment sent" in m["body"]), None))
        assert text["provider"] == "vonage"
        assert running.log_in(person).json()["codeSent"] is True
        write(running, person["number"], "STOP", provider="vonage")
        assert tell(running, key, person)["skipped"] == [{"channel": "sms", "reason": "opted_out"}]
        write(running, person["number"], "START", provider="vonage")
        assert tell(running, key, person)["skipped"] == []
    finally:
        running.remove()
