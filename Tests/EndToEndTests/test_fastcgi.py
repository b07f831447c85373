"""Goal: the FastCGI engine stands whatever comes over its socket.

- idle connections cost no worker, half a request blocks none
- malformed records end their connection and nothing else
- stopping answers what has arrived
"""

import os
import random
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from conftest import PROGRAMS, eventually


def record(kind, content=b"", request=1, version=1):
    return struct.pack(">BBHHBx", version, kind, request, len(content), 0) + content


def pair(name, value):
    def length(n):
        return bytes([n]) if n < 128 else struct.pack(">I", n | 1 << 31)
    return length(len(name)) + length(len(value)) + name + value


def request(path="/livez", method="GET", body=b"", keep=True, length=None, **extra):
    parameters = {"REQUEST_METHOD": method, "DOCUMENT_URI": path, "REQUEST_URI": path, "REMOTE_ADDR": "127.0.0.1",
                  "CONTENT_LENGTH": str(len(body) if length is None else length), **extra}
    stream = b"".join(pair(k.encode(), v.encode()) for k, v in parameters.items())
    data = record(1, struct.pack(">HB5x", 1, 1 if keep else 0)) + record(4, stream) + record(4)
    for start in range(0, len(body), 60_000):
        data += record(5, body[start:start + 60_000])
    return data + record(5)


def answer(s):
    """The output of one request, and whether it ended as it should."""
    output, data = b"", b""
    while True:
        while len(data) >= 8:
            _, kind, _, length, padding = struct.unpack(">BBHHBx", data[:8])
            if len(data) < 8 + length + padding:
                break
            content, data = data[8:8 + length], data[8 + length + padding:]
            if kind == 6:
                output += content
            elif kind == 3:
                return output
        chunk = s.recv(65536)
        if not chunk:
            return output
        data += chunk


@pytest.fixture
def responder(system, tmp_path):
    """One responder by itself, on a socket of its own, whose log nobody reads: a full pipe must not stop it."""
    environment = {**os.environ, **dict(line.split("=", 1) for line in (system.state / "environment").read_text().splitlines())}
    environment |= {"COUNTERSIGN_RUN_DIRECTORY": str(tmp_path), "COUNTERSIGN_WORKERS": "8"}
    path = str(tmp_path / "accounts.sock")
    process = subprocess.Popen([PROGRAMS / "accounts"], env=environment, stderr=subprocess.PIPE)
    eventually(lambda: os.path.exists(path))

    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(path)
        return s
    connect.process, connect.path, connect.environment = process, path, environment
    yield connect
    process.kill()
    process.wait()


def ask(connect, **options):
    with connect() as s:
        s.sendall(request(**options))
        return answer(s)


def test_a_connection_carries_many_requests(responder):
    with responder() as s:
        for _ in range(100):
            s.sendall(request())
            assert answer(s).startswith(b"Status: 200 OK")


def test_2000_idle_connections_leave_every_worker_free(responder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    idle = []
    try:
        for _ in range(2000):
            s = responder()
            s.sendall(request())
            assert answer(s).startswith(b"Status: 200 OK")
            idle.append(s)
        slowest = 0
        for _ in range(50):
            started = time.monotonic()
            assert ask(responder).startswith(b"Status: 200 OK")
            slowest = max(slowest, time.monotonic() - started)
        # A worker that an idle connection holds would not answer at all; how fast it answers is printed.
        print(f"the slowest of 50 answers took {1000 * slowest:.1f} ms")
        assert slowest < 0.5
    finally:
        for s in idle:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_500_half_requests_block_no_worker(responder):
    whole = request("/api/auth/login", "POST", b'{"email":"a@b.co","password":"x"}', CONTENT_TYPE="application/json")
    half = []
    for index in range(500):
        s = responder()
        s.sendall(whole[:1 + index * 7 % (len(whole) - 1)])
        half.append(s)
    started = time.monotonic()
    for _ in range(20):
        assert ask(responder).startswith(b"Status: 200 OK")
    assert time.monotonic() - started < 2
    # What comes in pieces is served once it is whole.
    slow = responder()
    slow.sendall(request()[:40])
    time.sleep(0.3)
    slow.sendall(request()[40:])
    assert answer(slow).startswith(b"Status: 200 OK")
    # And a half that stays one is ended.
    half[3].settimeout(15)
    try:
        assert half[3].recv(1) == b""
    except ConnectionResetError:
        pass
    for s in half:
        s.close()


def test_bodies_are_bounded_and_must_be_as_long_as_declared(responder):
    body = b'{"email":"a@b.co","password":"' + b"x" * 60_000 + b'"}'
    assert ask(responder, path="/api/auth/login", method="POST", body=body, CONTENT_TYPE="application/json").startswith(b"Status: 401")
    for options in ({"body": b"x" * 70_000}, {"length": 1 << 40}):
        assert ask(responder, path="/api/auth/login", method="POST", **options).startswith(b"Status: 413")
    for length in ("-1", "abc", "9" * 30):
        assert ask(responder, path="/api/auth/login", method="POST", length=length).startswith(b"Status: 400")
    assert ask(responder, path="/api/auth/login", method="POST", body=b"{}", length=10).startswith(b"Status: 400")


@pytest.mark.parametrize("extra", [{"DOCUMENT_URI": ""}, {"DOCUMENT_URI": "nothing"}, {"DOCUMENT_URI": "/a b"}, {"DOCUMENT_URI": "/a\r\nb"},
                                   {"REMOTE_ADDR": ""}, {"HTTP_COOKIE": "a\x01b"}, {"REQUEST_METHOD": ""}])
def test_parameters_that_no_server_should_pass_on_are_refused(responder, extra):
    assert ask(responder, **extra).startswith(b"Status: 400")


def test_malformed_records_end_their_connection_and_nothing_else(responder):
    generator = random.Random(20261121)
    whole = request("/api/auth/login", "POST", b'{"email":"a@b.co","password":"x"}', CONTENT_TYPE="application/json")
    cases = [b"\x00" * 64, b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", record(5), record(4, b"x"), record(3, b"\0" * 8), record(11, b"?" * 8),
             record(1, b""), record(1, struct.pack(">HB5x", 9, 1)) + record(4) + record(5),
             record(1, struct.pack(">HB5x", 1, 1)) + record(4, b"\xff\xff\xff\xff\x7f\xff\xff\xff" + b"a" * 8) + record(4) + record(5),
             record(1, struct.pack(">HB5x", 1, 1)) + record(4, b"\x05\x7f" + b"HELLO") + record(4) + record(5),
             record(1, struct.pack(">HB5x", 1, 1), version=2) + whole[16:], record(2) + whole]
    for _ in range(300):
        mutated = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            mutated[generator.randrange(len(mutated))] = generator.randrange(256)
        cases.append(bytes(mutated))
    open_ones = []
    for case in cases:
        s = responder()
        s.sendall(case)
        open_ones.append(s)
    for _ in range(20):
        assert ask(responder).startswith(b"Status: 200 OK")
    for s in open_ones:
        s.close()
    assert responder.process.poll() is None


def test_a_client_that_goes_away_does_no_harm(responder):
    for _ in range(200):
        s = responder()
        s.sendall(request())
        s.close()
    assert ask(responder).startswith(b"Status: 200 OK")
    assert responder.process.poll() is None


def test_stopping_answers_what_has_arrived_and_exits_0(responder):
    results = []

    def register(index):
        body = f'{{"email":"drain{index}-{time.time_ns()}@example.com","password":"plover-quartz-91x"}}'.encode()
        with responder() as s:
            s.sendall(request("/api/auth/register", "POST", body, CONTENT_TYPE="application/json"))
            results.append(answer(s)[:11])

    threads = [threading.Thread(target=register, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.03)
    responder.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert responder.process.wait(20) == 0
    assert results == [b"Status: 201"] * 6


def test_a_socket_can_be_inherited_as_descriptor_0(system, tmp_path, responder):
    path = str(tmp_path / "inherited.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        environment = responder.environment | {"COUNTERSIGN_RUN_DIRECTORY": "/nonexistent"}
        with subprocess.Popen([PROGRAMS / "accounts"], env=environment, stdin=listener.fileno(), stderr=subprocess.DEVNULL) as process:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(path)
                s.sendall(request())
                assert answer(s).startswith(b"Status: 200 OK")
            process.terminate()
            assert process.wait(20) == 0


def test_a_second_responder_does_not_take_over_a_socket_that_is_served(responder):
    second = subprocess.run([PROGRAMS / "accounts"], env=responder.environment, capture_output=True, text=True, timeout=20,
                            stdin=subprocess.DEVNULL)
    assert second.returncode == 1 and "another process serves it" in second.stderr
    assert ask(responder).startswith(b"Status: 200 OK")


def test_nobody_but_the_group_may_connect(responder):
    assert oct(os.stat(responder.path).st_mode)[-3:] == "660"
