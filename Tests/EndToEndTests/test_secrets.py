"""Goal: no code, token, or whole phone number stands in a log or in the database, at any moment."""

import re
import subprocess
import threading

from conftest import phone


def test_nothing_secret_is_in_the_logs_or_in_a_dump_taken_meanwhile(own_system):
    system = own_system(LOG_LEVEL="trace")
    key = system.key()
    numbers, tokens, codes, dumps = [], [key], [], []

    def dump():
        dumps.append(subprocess.run(["mariadb-dump", f"--socket={system.state}/mariadb.sock", "-uroot", "--single-transaction",
                                     "--skip-hex-blob", "countersign"], capture_output=True, check=True).stdout)

    # Late answers, so that a dump finds codes that wait and codes that are being sent.
    system.rule(action="slow", seconds=1)
    for _ in range(5):
        person, number = system.register(), phone()
        numbers.append(number)
        tokens.append(person["token"])
        system.call("POST", "/request-otp", {"phoneNumber": number}, key)
        watcher = threading.Thread(target=dump)
        watcher.start()
        system.call("POST", "/api/auth/sms/send-phone-verification", {"phoneNumber": number}, person["token"])
        watcher.join()
        codes.append(system.code(number, 2))
        system.call("POST", "/api/auth/sms/verify-phone", {"code": codes[-1]}, person["token"])
        codes += [re.search(r"#(\d{6})$", m["body"]).group(1) for m in system.messages(number)]
    dump()
    system.stop()

    logs = b"".join(path.read_bytes() for path in (system.state / "logs").iterdir())
    assert len(dumps) == 6 and b"INSERT INTO `message`" in dumps[-1] and b'"message":"request"' in logs
    for number in numbers:
        for form in (number, number[1:], number[2:], f"({number[2:5]}) {number[5:8]}-{number[8:]}"):
            assert form.encode() not in logs and not any(form.encode() in d for d in dumps)
    for token in tokens:
        assert token.encode() not in logs and not any(token.encode() in d for d in dumps)
    for code in codes:
        # As a word: six digits also occur inside hexadecimal ids and microseconds.
        word = re.compile(rb"(?<![0-9a-zA-Z.:-])" + code.encode() + rb"(?![0-9a-zA-Z.:-])")
        assert not word.search(logs) and not any(word.search(d) for d in dumps)
