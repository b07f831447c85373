"""Goal: another application behind the same nginx is reached with a session, or with a second factor, and told whose it is."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from conftest import ROOT, eventually, free_port


class Application(BaseHTTPRequestHandler):
    """Answers with what it was told of its caller."""

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(" ".join(self.headers.get(f"X-Auth-{name}", "-") for name in ("User", "Level", "Role")).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def protected(system):
    """The example of nginx/ in front of an application, in the nginx that runs; its base URL."""
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    port = free_port()
    text = (ROOT / "nginx" / "protected-application.conf.example").read_text()
    for canonical, own in (("/usr/share/countersign/nginx", str(system.state / "nginx")), ("127.0.0.1:8090", f"127.0.0.1:{port}"),
                           ("127.0.0.1:9000", f"127.0.0.1:{application.server_port}")):
        assert canonical in text
        text = text.replace(canonical, own)
    file = Path(system.state / "nginx" / "enabled" / "protected.conf")
    file.write_text(text)
    nginx = int((system.state / "run" / "nginx.pid").read_text())
    os.kill(nginx, signal.SIGHUP)

    def answers():
        try:
            return requests.get(f"http://127.0.0.1:{port}/", timeout=5)
        except requests.ConnectionError:
            return None
    eventually(answers)
    yield f"http://127.0.0.1:{port}"
    file.unlink()
    os.kill(nginx, signal.SIGHUP)
    application.shutdown()


def test_an_application_asks_for_a_session_or_for_a_second_factor(system, protected):
    def get(path, token=None, cookie=None, **headers):
        return requests.get(protected + path, timeout=10, cookies={"session": cookie} if cookie else {},
                            headers={**headers, **({"Authorization": f"Bearer {token}"} if token else {})})

    person = system.register()
    for path in ("/reports/", "/payments/"):
        assert get(path).status_code == 401
        assert get(path, token="A" * 43).status_code == 401
    assert get("/reports/a", token=person["token"]).text == f"{person['userId']} 1 user"
    assert get("/reports/a", cookie=person["token"]).text == f"{person['userId']} 1 user"
    assert get("/payments/", token=person["token"]).status_code == 403

    # A page of another site that has a browser post there is stopped, as it is at our own routes.
    def post(**headers):
        return requests.post(f"{protected}/reports/a", cookies={"session": person["token"]}, headers=headers, timeout=10).status_code
    assert [post(), post(Origin="https://evil.example"), post(**{"Sec-Fetch-Site": "same-site"})] == [403] * 3
    assert post(**{"Sec-Fetch-Site": "same-origin"}) == 200

    person = system.bind_app(person)
    forged = {"X-Auth-User": "019b8a5e-7c31-7d02-9a64-0f1e2d3c4b5a", "X-Auth-Level": "2", "X-Auth-Role": "admin"}
    assert get("/payments/", token=person["token"], **forged).text == f"{person['userId']} 2 user"
    assert get("/payments/", **forged).status_code == 401
    system.call("POST", "/api/auth/logout", {}, person["token"])
    assert get("/reports/", token=person["token"]).status_code == 401
