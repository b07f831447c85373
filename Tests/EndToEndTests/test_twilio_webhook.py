"""Goal: reports of Twilio's are believed when Twilio signed them, and never lead backwards.

- PyPI's own validator agrees with our signatures, ours with its
- duplicates, disorder, unknown sids, and parameters cut anew do no harm
"""

import secrets

import requests
from twilio.request_validator import RequestValidator

from conftest import at_once, eventually, phone

PATH = "/api/webhooks/twilio-status"


def report(system, sid, status, url=None, sign=True, token=None, **extra):
    """Posts a callback as Twilio does; `extra` adds and replaces parameters."""
    form = {"AccountSid": system.secret("TWILIO_ACCOUNT_SID"), "ApiVersion": "2010-04-01", "From": "+15005550006",
            "MessageSid": sid, "MessageStatus": status, "SmsSid": sid, "SmsStatus": status, "To": "+14155512345", **extra}
    form = {k: v for k, v in form.items() if v is not None}
    signature = RequestValidator(token or system.secret("TWILIO_AUTH_TOKEN")).compute_signature(url or system.base + PATH, form)
    headers = {"X-Twilio-Signature": signature} if sign is True else ({} if sign is None else {"X-Twilio-Signature": sign})
    return requests.post(system.base + PATH, data=form, headers=headers, timeout=10)


def sent_message(system):
    """The sid of a message that Twilio has, and reports nothing about."""
    number = phone()
    system.rule(action="silent", to=number, times=1)
    system.call("POST", "/api/auth/verify-phone", {"phoneNumber": number, "action": "send"})
    sid = system.wait_for_message(number)["id"]
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE provider_sid = %s", sid))
    return sid


def state(system, sid):
    return system.rows("SELECT status, status_rank, error_code, failure FROM message WHERE provider_sid = %s", sid)[0]


def test_a_signed_report_moves_the_message(system):
    sid = sent_message(system)
    answer = report(system, sid, "delivered")
    assert answer.status_code == 200 and answer.json() == {"received": True}
    assert state(system, sid)["status"] == "delivered"


def test_a_report_that_twilio_did_not_sign_changes_nothing(system):
    sid = sent_message(system)
    for options in ({"sign": None}, {"sign": ""}, {"sign": "x"}, {"sign": "A" * 28}, {"token": "0" * 32},
                    {"url": "https://evil.example" + PATH}, {"url": system.base + "/api/webhooks/other"}):
        answer = report(system, sid, "delivered", **options)
        assert answer.status_code == 403 and answer.json()["code"] == "signature_invalid"
    assert state(system, sid)["status"] == "sent"


def test_the_url_counts_with_and_without_its_port(system):
    sid = sent_message(system)
    assert report(system, sid, "sent", url="http://127.0.0.1" + PATH).status_code == 200
    assert report(system, sid, "delivered", url=system.base + PATH).status_code == 200


def test_a_second_token_signs_too_while_one_is_replaced(own_system):
    second = secrets.token_hex(16)
    system = own_system(TWILIO_SECONDARY_AUTH_TOKEN=second)
    sid = sent_message(system)
    assert report(system, sid, "sent", token=second).status_code == 200
    assert report(system, sid, "delivered").status_code == 200


def test_state_only_moves_forward(system):
    for order in (["sent", "delivered"], ["delivered", "sent"], ["delivered", "undelivered"], ["delivered", "delivered", "queued"]):
        sid = sent_message(system)
        for status in order:
            assert report(system, sid, status).status_code == 200
        assert state(system, sid)["status"] == "delivered", order


def test_50_duplicates_at_once_are_one_report_and_one_alert(system):
    sid = sent_message(system)
    answers = at_once(50, lambda _: report(system, sid, "undelivered", ErrorCode="30003"))
    assert {a.status_code for a in answers} == {200}
    assert state(system, sid) == {"status": "undelivered", "status_rank": 4, "error_code": "30003", "failure": "destination_unreachable"}
    alerts = system.rows("SELECT a.kind, a.detail FROM alert a JOIN message m ON m.id = a.message_id WHERE m.provider_sid = %s", sid)
    assert alerts == [{"kind": "code_undelivered", "detail": "destination_unreachable"}]


def test_a_report_about_an_unknown_sid_is_kept(system):
    sid = "SM" + secrets.token_hex(16)
    assert report(system, sid, "sent").status_code == 200
    assert report(system, sid, "delivered").status_code == 200
    assert report(system, sid, "queued").status_code == 200
    kept = system.rows("SELECT status, status_rank FROM early_callback WHERE provider_sid = %s", sid)
    assert kept == [{"status": "delivered", "status_rank": 4}]


def test_a_report_that_came_before_the_sid_was_stored_is_applied_when_it_is(own_system):
    system = own_system()
    number = phone()
    # The provider answers two seconds late, and has reported meanwhile.
    system.rule(action="timeout", to=number, times=1, seconds=0, accepted=True)
    system.call("POST", "/request-otp", {"phoneNumber": number}, system.key())
    sid = system.wait_for_message(number)["id"]
    row = eventually(lambda: system.rows("SELECT status FROM message WHERE provider_sid = %s AND status = 'delivered'", sid), 15)
    assert row and not system.rows("SELECT 1 FROM early_callback WHERE provider_sid = %s", sid)
    assert len(system.messages(number)) == 1


def test_the_same_signature_over_parameters_cut_anew_is_refused(system):
    sid = sent_message(system)
    # Names and values run together are the same text, so the signature is valid.
    form = {"AccountSid": system.secret("TWILIO_ACCOUNT_SID"), "MessageSid": sid, "MessageStatus": "delivered"}
    signature = RequestValidator(system.secret("TWILIO_AUTH_TOKEN")).compute_signature(system.base + PATH, form)
    for cut in ({"AccountS": "id" + form["AccountSid"], "MessageSid": sid, "MessageStatus": "delivered"},
                {"AccountSid": form["AccountSid"], "MessageS": "id" + sid, "MessageStatus": "delivered"},
                {"AccountSid": form["AccountSid"], "MessageSid": sid + "MessageStatusdelivered"}):
        answer = requests.post(system.base + PATH, data=cut, headers={"X-Twilio-Signature": signature}, timeout=10)
        assert answer.status_code == 400, cut
    query = "AccountSid" + form["AccountSid"] + "MessageSid" + sid + "MessageStatusdelivered"
    moved = requests.post(system.base + PATH + query, headers={"X-Twilio-Signature": signature,
                          "Content-Type": "application/x-www-form-urlencoded"}, timeout=10)
    assert moved.status_code in (403, 404)
    assert state(system, sid)["status"] == "sent"


def test_fields_out_of_their_form_are_refused_and_unknown_ones_ignored(system):
    sid = sent_message(system)
    assert report(system, "SM123", "delivered").status_code == 400
    assert report(system, sid, "delivered!").status_code == 400
    assert report(system, sid, "delivered", ErrorCode="1e3").status_code == 400
    assert report(system, sid, "delivered", AccountSid="AC" + "0" * 32).status_code == 400
    assert report(system, sid, None).status_code == 400
    assert report(system, sid, "some_new_status", Whatever="new").status_code == 200
    assert state(system, sid)["status"] == "sent"


def test_twilios_own_validator_agrees_with_the_sandboxs_signature(system):
    """The sandbox signs a report to a listener of ours, and PyPI's validator checks it."""
    import http.server
    import threading
    import urllib.parse

    seen = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append((self.headers["X-Twilio-Signature"], dict(urllib.parse.parse_qsl(body, keep_blank_values=True))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/status?tenant=a%20b"
    account, token = system.secret("TWILIO_ACCOUNT_SID"), system.secret("TWILIO_AUTH_TOKEN")
    number = phone()
    sent = requests.post(f"{system.sandbox}/twilio/2010-04-01/Accounts/{account}/Messages.json", auth=(account, token), timeout=10,
                         data={"To": number, "From": "+15005550006", "Body": "¡Hola! & = + 100%", "StatusCallback": url + "#rc=3"})
    assert sent.status_code == 201 and sent.json()["status"] == "queued"
    eventually(lambda: len(seen) >= 2)
    server.shutdown()
    for signature, form in seen:
        assert RequestValidator(token).validate(url, form, signature)
    assert [form["MessageStatus"] for _, form in seen] == ["sent", "delivered"]


def test_the_sandbox_answers_as_twilio_does(system):
    account, token = system.secret("TWILIO_ACCOUNT_SID"), system.secret("TWILIO_AUTH_TOKEN")
    url = f"{system.sandbox}/twilio/2010-04-01/Accounts/{account}/Messages.json"
    good = {"To": phone(), "From": "+15005550006", "Body": "Hello"}

    def send(auth=(account, token), **changes):
        answer = requests.post(url, auth=auth, data={k: v for k, v in {**good, **changes}.items() if v is not None}, timeout=10)
        return answer.status_code, answer.json().get("code")
    assert send() == (201, None)
    assert send(auth=(account, "wrong")) == (401, 20003)
    assert send(auth=None) == (401, 20003)
    for changes, code in (({"To": None}, 21604), ({"From": None}, 21603), ({"Body": None}, 21602), ({"Body": "x" * 1601}, 21617),
                          ({"To": "4155512345"}, 21211), ({"To": "+15005550001"}, 21211), ({"To": "+15005550002"}, 21612),
                          ({"To": "+15005550003"}, 21408), ({"To": "+15005550004"}, 21610), ({"To": "+15005550009"}, 21614),
                          ({"From": "+15005550001"}, 21212), ({"From": "+15005550007"}, 21606), ({"ValidityPeriod": "0"}, 21624),
                          ({"StatusCallback": "nowhere"}, 21609)):
        assert send(**changes) == (400, code), changes
    assert send(From="+15005550008") == (429, 21611)
    bare_plus = requests.post(url, auth=(account, token), timeout=10, data=f"To={good['To']}&From=%2B15005550006&Body=x",
                              headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert bare_plus.json()["code"] == 21211
