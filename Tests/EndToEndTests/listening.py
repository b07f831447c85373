"""Servers of a test's own: what the host hears, and mail that somebody else's server takes."""

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


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


class Provider:
    """A provider that has good days and bad ones: what it is asked, and how it answers.

    On a good day it hands everything on to the sandbox. On a bad one it is `refusing` connections, a `black_hole` that takes none,
    `unavailable` (503), `limiting` (429), `slow` (it answers after half a minute), `truncating` its answers, or `redirecting`.
    """

    def __init__(self, target):
        self.target, self.mode, self.asked, self.lock = target, "good", [], threading.Lock()
        with socket.socket() as finder:
            finder.bind(("127.0.0.1", 0))
            self.port = finder.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server, self.full = None, []
        self.open()

    def posts(self):
        with self.lock:
            return [path for method, path in self.asked if method == "POST"]

    def open(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.server is not provider.server:
                    # A connection that was kept from a better day.
                    self.close_connection = True
                    return
                with provider.lock:
                    provider.asked.append((self.command, self.path))
                status, headers, content = provider.respond(self.command, self.path, dict(self.headers), body)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    cut = len(content) // 2 if provider.mode == "truncating" else len(content)
                    self.send_header("Content-Length", str(cut))
                    self.end_headers()
                    self.wfile.write(content[:cut])
                except OSError:
                    pass

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
        for held in self.full:
            held.close()
        self.full = []

    def be(self, mode):
        self.close()
        self.mode = mode
        if mode == "black_hole":
            # A listener whose queue is full: the kernel drops whoever knocks.
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
            listener.listen(0)
            self.full = [listener]
            for _ in range(3):
                knock = socket.socket()
                knock.setblocking(False)
                knock.connect_ex(("127.0.0.1", self.port))
                self.full.append(knock)
        elif mode != "refusing":
            self.open()

    def respond(self, method, path, headers, body):
        if self.mode == "unavailable":
            return 503, {}, b"{}"
        if self.mode == "limiting":
            return 429, {"Retry-After": "30"}, b'{"code": 20429, "message": "Too Many Requests", "status": 429}'
        if self.mode == "redirecting":
            return 302, {"Location": "https://example.com/"}, b""
        if self.mode == "slow":
            time.sleep(30)
        kept = {name: value for name, value in headers.items() if name in ("Authorization", "Content-Type")}
        answer = requests.request(method, self.target + path, data=body, headers=kept, timeout=30)
        return answer.status_code, {"Content-Type": "application/json"}, answer.content
