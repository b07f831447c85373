"""Servers of a test's own: what the host hears, and mail that somebody else's server takes."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Heard:
    """What was posted, in the order it came, and what is answered."""

    def __init__(self):
        self.requests, self.answer, self.lock = [], lambda request: 200, threading.Lock()

    def add(self, request):
        with self.lock:
            self.requests.append(request)
        return self.answer(request)


@contextmanager
def listening():
    """A web server on a port of its own: its address, and what it heard."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = heard.add({"path": self.path, "headers": dict(self.headers), "body": body})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()
