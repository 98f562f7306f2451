#!/usr/bin/python3
"""tools/demo, as somebody would use it: start it, talk, kill a worker, talk on, stop it.   demo_test.py FOLDER_OF_PROGRAMS"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

DEMO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "demo")
DEADLINE = time.monotonic() + 100


class Demo:
    """The running script and all that it has printed so far."""

    def __init__(self, programs, ports):
        self.text, self.changed = "", threading.Condition()
        self.process = subprocess.Popen([DEMO, "--bin", programs, "--ports", ",".join(map(str, ports))], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.text += line
                self.changed.notify_all()

    def await_text(self, pattern):
        with self.changed:
            seen = self.changed.wait_for(lambda: re.search(pattern, self.text) or self.process.poll() is not None,
                                         DEADLINE - time.monotonic())
            found = re.search(pattern, self.text)
        if not seen or not found:
            raise AssertionError(f"demo never printed /{pattern}/")
        return found


class LineUser:
    """Somebody with nc."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def say(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def await_line(self, part):
        self.socket.settimeout(max(0.1, DEADLINE - time.monotonic()))
        for line in self.lines:
            if part in line:
                return
        raise AssertionError(f"disconnected before anybody said {part!r}")


def free_ports():
    """Three free ports for users and the first of six in a row for the bus; below the range that the kernel hands out."""
    for base in range(20000 + os.getpid() % 1000 * 10, 32000, 10):
        held = []
        try:
            for port in range(base, base + 9):
                held.append(socket.create_server(("127.0.0.1", port)))
            return base + 6, base + 7, base + 8, base
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise AssertionError("no nine free ports in a row")


def main():
    ports = free_ports()
    demo = Demo(sys.argv[1], ports)
    try:
        demo.await_text("Fairlead is running")
        anna, bert = LineUser(ports[0]), LineUser(ports[0])
        anna.await_line('"welcome"')
        bert.await_line('"welcome"')
        anna.say("hello from anna")
        bert.await_line("hello from anna")

        os.kill(int(demo.await_text(r"kill a worker +kill -9 (\d+)").group(1)), signal.SIGKILL)
        demo.await_text(r"worker-1 was ended by SIGKILL")
        for number in range(20):
            bert.say(f"still here {number}")
            anna.await_line(f"still here {number}")

        demo.process.send_signal(signal.SIGTERM)
        for name in ("gateway", "worker-2", "broker"):
            demo.await_text(rf"{name} exited with 0")
        assert demo.process.wait(DEADLINE - time.monotonic()) == 0, f"demo exited with {demo.process.returncode}"
    except BaseException:
        demo.process.send_signal(signal.SIGTERM)
        demo.process.send_signal(signal.SIGTERM)
        demo.reader.join(10)
        print(demo.text)
        raise


main()
