"""Goal: one provider's bad day is no longer ours.

- a code leaves by the next provider within three seconds, and once
- breakers, routes, senders, and paces
"""

import os
import signal
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from conftest import WITHOUT_SEND_LIMITS, System, eventually, free_port, phone
from listening import Provider

BAD_DAYS = ["refusing", "black_hole", "unavailable", "limiting", "slow", "truncating", "redirecting"]


@pytest.fixture(scope="module")
def both():
    """A system that sends by Twilio, which has its days, and by Vonage."""
    system = System(SMS_PROVIDERS="twilio,vonage", **WITHOUT_SEND_LIMITS)
    system.twilio = Provider(f"http://127.0.0.1:{system.sandbox_port}/twilio")
    system.environment["TWILIO_API_BASE_URL"] = system.twilio.url
    system.start()
    yield system
    system.twilio.close()
    system.remove()


def restart_courier(system):
    """A courier that knows nothing of yesterday, and has nothing left to do."""
    eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0, seconds=30)
    pid = system.pid("courier")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: (system.state / "run" / "courier.pid").exists() and system.pid("courier") != pid)
    eventually(lambda: (system.state / "run" / "courier.bell").exists())


def ask(system, number, key):
    """Asks for a code, and returns how long the answer took."""
    started = time.monotonic()
    assert system.call("POST", "/request-otp", {"phoneNumber": number}, key).status_code == 200
    return time.monotonic() - started


@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_code_leaves_by_the_next_provider_within_three_seconds_and_once(both, day):
    key = both.key()
    good = phone()
    both.twilio.be("good")
    restart_courier(both)
    ask(both, good, key)
    assert both.wait_for_message(good)["provider"] == "twilio"

    # Nobody has asked Twilio for a while.
    restart_courier(both)
    both.twilio.be(day)
    before, number = len(both.twilio.posts()), phone()
    # The answer to who asks does not wait for any of this.
    assert ask(both, number, key) < 1
    assert both.wait_for_message(number, seconds=3)["provider"] == "vonage"
    # Not even tried: what may have been taken could not be given to another.
    assert len(both.twilio.posts()) == before
    second = phone()
    assert ask(both, second, key) < 1
    assert both.wait_for_message(second, seconds=3)["provider"] == "vonage"

    both.twilio.be("good")
    eventually(lambda: both.rows("SELECT COUNT(*) AS n FROM message WHERE queue_lane IN (0, 1, 2)")[0]["n"] == 0)
    time.sleep(1)
    assert [m["provider"] for m in both.messages(number) + both.messages(second)] == ["vonage"] * 2
    assert both.call("POST", "/check-otp", {"phoneNumber": number, "code": both.code(number)}, key).status_code == 200


def test_a_code_that_may_have_been_taken_is_not_given_to_another(both):
    """Twilio falls silent just after it was heard of: what it was handed then is looked for, and the next code goes elsewhere."""
    key, heard, number = both.key(), phone(), phone()
    both.twilio.be("good")
    restart_courier(both)
    ask(both, heard, key)
    both.wait_for_message(heard)
    both.twilio.mode = "slow"
    ask(both, number, key)
    # Longer than an answer may take.
    time.sleep(3.5)
    other = phone()
    ask(both, other, key)
    assert both.wait_for_message(other, seconds=3)["provider"] == "vonage"
    assert not both.messages(number)
    both.twilio.be("good")
    # Twilio knows of no such message, so it was not sent, and now it is.
    both.wait_for_message(number, seconds=20)
    time.sleep(1)
    assert len(both.messages(number)) == 1


def test_vonage_is_asked_too_where_it_comes_first(own_system):
    system = own_system(SMS_PROVIDERS="vonage,twilio")
    system.rule(action="timeout", seconds=30, provider="vonage", times=50)
    key, number = system.key(), phone()
    ask(system, number, key)
    assert system.wait_for_message(number, seconds=3)["provider"] == "twilio"
    system.clear_rules()
    time.sleep(1)
    assert len(system.messages(number)) == 1


def test_a_certificate_that_nobody_vouches_for_is_no_providers(own_system, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)

        do_GET = do_POST
    server = HTTPServer(("127.0.0.1", free_port()), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    system = own_system(SMS_PROVIDERS="twilio,vonage", TWILIO_API_BASE_URL=f"https://127.0.0.1:{server.server_port}")
    number = phone()
    ask(system, number, system.key())
    assert system.wait_for_message(number, seconds=3)["provider"] == "vonage"
    assert not asked
    server.shutdown()


def test_a_breaker_opens_is_seen_and_closes(both):
    both.twilio.be("good")
    restart_courier(both)
    key = both.key()
    number = phone()
    ask(both, number, key)
    both.wait_for_message(number)

    def standing():
        return both.rows("SELECT * FROM provider_health WHERE provider = 'twilio'")[0]
    eventually(lambda: standing()["state"] == "closed" and standing()["answers"] >= 1)
    both.twilio.be("unavailable")
    restart_courier(both)
    number = phone()
    ask(both, number, key)
    both.wait_for_message(number)
    eventually(lambda: standing()["state"] == "open" and standing()["last_failure"] == "provider_unavailable")
    assert both.rows("SELECT 1 FROM alert WHERE kind = 'provider_down' AND detail = %s", "twilio")
    metrics = both.call("GET", "/metrics/verify-phone").text
    assert 'countersign_provider_available{provider="twilio"} 0' in metrics
    assert "twilio is left alone" in both.ctl("doctor", check=False).stdout
    both.twilio.be("good")
    eventually(lambda: ask(both, phone(), key) and standing()["state"] == "closed", seconds=15)
    assert 'countersign_provider_available{provider="twilio"} 1' in both.call("GET", "/metrics/verify-phone").text


def test_routes_choose_provider_and_sender_by_number(own_system):
    system = own_system(SMS_ROUTES="+1=vonage:Acme; GB=twilio:+15005550006,vonage; +4670=twilio:MG" + "c" * 32)
    key = system.key()
    numbers = ["+14155550123", "+447400123456", "+46701234567", "+4915112345678"]
    for number in numbers:
        ask(system, number, key)
    sent = [(m["provider"], m["from"]) for m in (system.wait_for_message(number) for number in numbers)]
    assert sent == [("vonage", "Acme"), ("twilio", "+15005550006"), ("twilio", "MG" + "c" * 32), ("twilio", "+15005550006")]


def test_a_route_that_cannot_be_read_is_named_before_anything_starts(system):
    for name, value in [("SMS_ROUTES", "US=carrierpigeon"), ("SMS_ROUTES", "Atlantis=twilio"), ("SMS_ROUTES", "US"), ("SMS_ROUTES", "US=twilio; US=vonage"),
                        ("SMS_ROUTES", "US=twilio:+1500555000x"), ("SMS_ROUTES", "+46=vonage:Toolongsendername"), ("SMS_RATES", "bla=5"),
                        ("SMS_RATES", "twilio"),
                        ("SMS_RATES", "twilio=fast"), ("VERIFICATION_ENGINE", "abacus"), ("TOTP_ENGINE", "vonage-verify")]:
        refused = system.ctl("doctor", check=False, **{name: value})
        assert refused.returncode == 1 and name in refused.stdout, (name, refused.stdout)


def test_a_sender_keeps_to_its_pace_and_codes_go_first(own_system):
    system = own_system(SMS_RATES="+15005550006=4", **WITHOUT_SEND_LIMITS)
    person = system.register()
    system.verify_phone(person)
    key = system.key("notifications,otp")
    events = [{"type": "payment_received", "userId": person["userId"],
               "data": {"amount": 100 + i, "currency": "USD", "sender": "Eve", "balance": 1000}} for i in range(24)]
    assert system.call("POST", "/api/notifications/batch", {"events": events}, key).status_code == 207
    eventually(lambda: system.rows("SELECT 1 FROM message WHERE kind = 'payment_received' AND channel = 'sms' AND sent_at IS NOT NULL"))
    number = phone()
    started = time.monotonic()
    ask(system, number, key)
    system.wait_for_message(number, seconds=3)
    assert time.monotonic() - started < 3
    waiting = system.rows("SELECT COUNT(*) AS n FROM message WHERE channel = 'sms' AND queue_lane = 2")[0]["n"]
    assert waiting > 4, "the receipts are paced, and the code did not wait for them"
    eventually(lambda: system.rows("SELECT COUNT(*) AS n FROM message WHERE channel = 'sms' AND queue_lane = 2")[0]["n"] == 0, seconds=15)
    seconds = [row["sent_at"].replace(microsecond=0) for row in system.rows("SELECT sent_at FROM message WHERE channel = 'sms' AND sent_at IS NOT NULL")]
    assert max(seconds.count(second) for second in seconds) <= 8
