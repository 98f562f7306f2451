#!/usr/bin/python3
"""What a gateway asks of its users, how long it waits for them, and how many of them it takes."""

import http.client
import socket
import struct
import subprocess
import time
import urllib.parse

from bus import BusTest, main
from process import wait_until
from users import Gone, User

ASK = ("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
       "Sec-WebSocket-Version: 13\r\n\r\n").encode()
KINDS = ("line", "frame", "ws")


def start(bus, *options):
    """A gateway with these options, and a worker that tells what it knows of users."""
    bus.start(bus.broker(), bus.gateway(*options), bus.telling_worker())


def counters(bus, name="gateway1"):
    """What the gateway has counted so far, as it says on SIGHUP."""
    since = bus[name].mark()
    bus[name].popen.send_signal(1)
    line = bus[name].wait_for(r"\bcounters .*", since=since).string
    return {key: value for key, value in (word.split("=", 1) for word in line.split() if "=" in word)}


def dial(address):
    parts = urllib.parse.urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def answer_of(address, data=ASK):
    """The head of what comes when one asks for a WebSocket."""
    with dial(address) as sock:
        sock.sendall(data)
        got = b""
        while b"\r\n\r\n" not in got and (more := sock.recv(4096)):
            got += more
        while not got.startswith(b"HTTP/1.1 101") and (more := sock.recv(4096)):
            got += more
        return got.decode()


class Heartbeats(BusTest):
    def test_silent_users_are_asked_and_those_who_do_not_answer_are_gone(self):
        with self.bus() as bus:
            start(bus, "--ping-interval", "100ms", "--ping-timeout", "500ms", "--ping-data", "are you there?")
            deaf = {kind: User(bus.address(kind)) for kind in KINDS}
            for kind in ("line", "frame"):
                self.assertEqual(deaf[kind].next(), b"are you there?")
            wait_until(lambda: len(bus["telling1"].find("1006 no sign of life for 500ms")) == 3, "all three are gone")
            self.assertTrue(deaf["ws"].socket.recv(65536).startswith(b"\x89\x0eare you there?"))
            self.assertEqual(counters(bus)["silent"], "3")

    def test_any_bytes_are_a_sign_of_life(self):
        with self.bus() as bus:
            start(bus, "--ping-interval", "200ms", "--ping-timeout", "1s", "--ping-data", "?")
            users = [User(bus.address(kind)) for kind in KINDS]
            end = time.monotonic() + 3
            heard = 0
            while time.monotonic() < end:  # an "h" now and then is no message, only life
                for user in users[:1]:
                    user.socket.sendall(b"h")
                users[1].socket.sendall(struct.pack(">I", 0))
                try:
                    users[2].next(0.2)  # pongs go out meanwhile
                except TimeoutError:
                    heard += 1
            self.assertGreater(heard, 5)
            self.assertGreater(len(users[2].pings), 3)
            for user in users:
                user.assert_connected()

    def test_line_and_frame_users_who_are_not_asked_may_be_silent(self):
        with self.bus() as bus:
            start(bus, "--ping-interval", "50ms", "--ping-timeout", "100ms")
            silent = [User(bus.address(kind)) for kind in ("line", "frame")]
            witness = User(bus.address("ws"))
            with self.assertRaises(Gone):
                while True:  # never answers
                    if not witness.socket.recv(65536):
                        raise Gone
            wait_until(lambda: bus["telling1"].find("1006 no sign of life"), "the WebSocket is gone")
            for user in silent:
                user.assert_connected()
                user.echoes("still here")
                self.assertEqual(len(user.messages), 1)

    def test_tcp_looks_after_all_connections(self):
        with self.bus() as bus:
            start(bus)
            for kind in KINDS:
                user = User(bus.address(kind))
                user.echoes("x")
                port = user.socket.getsockname()[1]
                wait_until(lambda port=port: "timer:(keepalive," in subprocess.run(
                    ["ss", "-tnoH", f"dport = :{port}"], capture_output=True, text=True, check=True).stdout, "TCP keeps it alive")


class Timeouts(BusTest):
    def test_who_says_nothing_is_told_so_and_closed(self):
        with self.bus() as bus:
            start(bus, "--idle-timeout", "500ms", "--ping-interval", "50ms")
            quiet = User(bus.address("ws"))
            with self.assertRaises(Gone) as gone:
                quiet.next()
            self.assertIn(repr(struct.pack(">H", 3008) + b"no message for 500ms")[2:-1], str(gone.exception))
            self.assertTrue(quiet.pings, "it was asked, and answered: that is no message")
            for kind in ("line", "frame"):
                User(bus.address(kind)).wait_gone()
            wait_until(lambda: len(bus["telling1"].find("3008 no message for 500ms")) == 3, "three are closed")
            self.assertEqual(counters(bus)["idle"], "3")

    def test_who_does_not_log_in_is_told_so_and_closed(self):
        with self.bus() as bus:
            start(bus, "--login-timeout", "1s")
            users = {kind: User(bus.address(kind)) for kind in KINDS}
            users["line"].say("login 7")
            self.assertEqual(users["line"].next(), b"welcome")
            users["frame"].say("I will not")
            with self.assertRaises(Gone) as gone:
                users["ws"].next()
            self.assertIn(repr(struct.pack(">H", 3000) + b"no login within 1s")[2:-1], str(gone.exception))
            users["frame"].wait_gone()
            wait_until(lambda: len(bus["telling1"].find("3000 no login within 1s")) == 2, "two are closed")
            users["line"].echoes("I am in")
            self.assertEqual(counters(bus)["strangers"], "2")


class Limits(BusTest):
    def test_beyond_the_limit_of_all_users_are_refused_with_a_word_where_there_is_one(self):
        with self.bus() as bus:
            start(bus, "--max-connections", "3")
            inside = [User(bus.address(kind)) for kind in KINDS]
            for user in inside:
                user.echoes("in")
            for kind in ("line", "frame"):
                User(bus.address(kind)).wait_gone()
            self.assertRegex(answer_of(bus.address("ws")), r"^HTTP/1.1 503 (?s:.*)too many connections here")
            self.assertRegex(answer_of(bus.address("ws"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), r"^HTTP/1.1 503 ")
            bus["gateway1"].wait_for(r"user_refused .*reason=max-connections .*untold=")
            for user in inside:
                user.echoes("still in")
            self.assertEqual(counters(bus)["refused_too_many"], "4")
            inside[0].close()

            def is_let_in():
                try:
                    User(bus.address("line")).echoes("in again")
                    return True
                except (Gone, ConnectionError):
                    return False
            wait_until(is_let_in, "there is room again")

    def test_beyond_the_limit_of_an_address_only_that_address_is_refused(self):
        with self.bus() as bus:
            start(bus, "--max-connections-per-address", "2", "--trusted-proxy", "127.0.0.0/8")
            inside = [User(bus.address("line")), User(bus.address("frame"))]
            for user in inside:
                user.echoes("in")
            User(bus.address("line")).wait_gone()
            self.assertRegex(answer_of(bus.address("ws")), r"^HTTP/1.1 429 (?s:.*)from your address")
            bus["gateway1"].wait_for(r"user_refused .*peer=127.0.0.1:\d+ reason=max-connections-per-address")
            # For whom the proxy speaks is what counts; of IPv6, 64 bits.
            for address, welcome in ((b"192.0.2.7", True), (b"192.0.2.7", True), (b"192.0.2.7", False), (b"192.0.2.8", True),
                                     (b"2001:db8::1", True), (b"2001:db8::2", True), (b"2001:db8::3", False), (b"2001:db8:0:1::1", True)):
                with self.subTest(address):
                    headers = [b"X-Forwarded-For: " + address]
                    if welcome:
                        User(bus.address("ws"), headers=headers).echoes("in")
                    else:
                        self.assertRegex(answer_of(bus.address("ws"), ASK[:-2] + headers[0] + b"\r\n\r\n"), "^HTTP/1.1 429 ")

    def test_who_speaks_too_often_is_read_later_and_nothing_is_lost(self):
        with self.bus() as bus:
            start(bus, "--message-rate", "20/s", "--message-burst", "5")
            for kind in KINDS:
                with self.subTest(kind):
                    user = User(bus.address(kind))
                    begin = time.monotonic()
                    for number in range(25):
                        user.say(str(number))
                    self.assertEqual([user.next() for _ in range(25)], [str(number).encode() for number in range(25)])
                    self.assertGreaterEqual(time.monotonic() - begin, 0.9)  # 5 at once, 20 more in a second
            bus["gateway1"].wait_for(r"user_held_back client=[0-9a-f]{32} ")

    def test_what_was_read_of_somebody_who_is_gone_is_not_held_back(self):
        with self.bus() as bus:
            start(bus, "--message-rate", "1/h")
            hasty = User(bus.address("line"))
            hasty.say("\n".join(f"tell {number}" for number in range(10)))
            bus["telling1"].wait_for("told 0")
            hasty.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            hasty.close()
            for number in range(1, 10):
                bus["telling1"].wait_for(f"told {number}")
            bus["telling1"].wait_for("closed .* 1006 ")

    def test_who_speaks_far_too_often_costs_no_memory_and_no_others_time(self):
        with self.bus() as bus:
            start(bus, "--message-rate", "10/s")
            before = bus["gateway1"].memory()
            flood = dial(bus.address("line"))
            flood.settimeout(0.5)
            with self.assertRaises(TimeoutError):  # TCP pushes back
                for _ in range(1000):
                    flood.sendall(b"x\n" * 32768)
            User(bus.address("line")).echoes("mine")
            self.assertLess(bus["gateway1"].memory(), before + (8 << 20))
            flood.close()


class SlowUsers(BusTest):
    def flood(self, bus, deaf, at_least):
        """Lets the echo worker fill the outbox of somebody who does not read."""
        deaf.socket.settimeout(20)
        for _ in range(at_least):
            deaf.say("x" * 30000)

    def test_each_policy_says_whom_it_has_cost_what(self):
        with self.bus() as bus:
            gateway = bus.gateway(listen=())
            port = {}
            for policy in ("close", "drop-newest", "drop-oldest"):
                gateway.command += ["--listen", f"line://127.0.0.1:0?outbox-policy={policy}&outbox-limit=64k&max-message=32k"]
            bus.start(bus.broker(), gateway, bus.telling_worker())
            listen = gateway.wait_for(r"ready .*listen=\"?([^\s\"]+)").group(1).split(",")
            port = dict(zip(("close", "drop-newest", "drop-oldest"), listen))

            closed = User(port["close"])
            with self.assertRaises(ConnectionError):
                self.flood(bus, closed, 2000)
            told = gateway.wait_for(r"user_too_slow client=[0-9a-f]{32} reason=outbox-limit bytes=(\d+)")
            self.assertGreater(int(told.group(1)), 30000)
            bus["telling1"].wait_for("1008 does not read")
            for policy in ("drop-newest", "drop-oldest"):
                since = gateway.mark()
                deaf = User(port[policy])
                while not gateway.find(r"messages_dropped", since=since):
                    self.flood(bus, deaf, 10)
                gateway.wait_for(r"messages_dropped client=[0-9a-f]{32} reason=outbox-limit messages=\d+ bytes=\d+", since=since)
                deaf.next()
                deaf.assert_connected()
            counted = counters(bus)
            self.assertEqual(counted["too_slow"], "1")
            for name in ("newest_dropped", "oldest_dropped", "bytes_dropped"):
                self.assertGreater(int(counted[name]), 0)

    def test_pongs_pass_what_waits(self):
        """A user who is owed a lot asks whether we are there, and hears it long before it has read all."""
        with self.bus() as bus:
            start(bus, "--outbox-limit", "64M", "--max-message", "1M")
            user = User(bus.address("ws"))
            owed = 64
            for _ in range(owed):
                user.say("x" * (1 << 20))
            wait_until(lambda: int(counters(bus)["outbox_bytes"]) > 16 << 20, "much is owed")
            user.socket.sendall(b"\x89\x84\0\0\0\0ping")
            heard = 0
            rest = b""
            while b"\x8a\x04ping" not in rest[-(1 << 17):]:
                rest = rest[-64:] + user.socket.recv(1 << 16)
                heard += 1 << 16
                self.assertLess(heard, 3 * owed << 19, "more than half of all that is owed came before the pong")


class Http(BusTest):
    def test_who_asks_a_websockets_path_for_a_page_is_told_to_upgrade(self):
        with self.bus() as bus:
            start(bus)
            parts = urllib.parse.urlsplit(bus.address("ws"))
            for method, path, status in (("GET", "/ws", 426), ("HEAD", "/ws?room=1", 426), ("GET", "/elsewhere", 404)):
                with self.subTest(f"{method} {path}"):
                    client = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
                    client.request(method, path)
                    answer = client.getresponse()
                    self.assertEqual(answer.status, status)
                    if status == 426:
                        self.assertEqual(answer.headers["Upgrade"], "websocket")


class Listeners(BusTest):
    def test_each_has_its_own_settings(self):
        with self.bus() as bus:
            gateway = bus.gateway("--max-message", "100", listen=())
            gateway.command += ["--listen", "line://127.0.0.1:0", "--listen", "line://127.0.0.1:0?max-message=1000&ping-interval=50ms&ping-data=%3f"]
            bus.start(bus.broker(), gateway, bus.telling_worker())
            small, big = gateway.wait_for(r"ready .*listen=\"?([^\s\"]+)").group(1).split(",")
            self.assertNotIn("?", big)
            user = User(big)
            self.assertEqual(user.next(), b"?")
            user.say("x" * 1000)
            while (heard := user.next()) == b"?":
                pass
            self.assertEqual(heard, b"x" * 1000)
            User(small).say("x" * 1000).wait_gone()
            bus["telling1"].wait_for(r"closed \S+ 1009 ")


if __name__ == "__main__":
    main()
