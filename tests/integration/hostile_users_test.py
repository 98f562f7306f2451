#!/usr/bin/python3
"""Bytes that no client of ours would send, on every port that faces users. Whoever sends them is hung up on or told
why; nobody else notices, nothing grows."""

import http.client
import socket
import struct
import urllib.parse

from bus import BusTest, main
from users import Gone, User

MEGABYTES = 1 << 20
GROWTH = 64 * MEGABYTES


def dial(address):
    parts = urllib.parse.urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def send_all(sock, data):
    """What the other side still takes."""
    try:
        sock.sendall(data)
    except (ConnectionError, TimeoutError):
        pass


def read_to_end(sock):
    """All that comes until the other side closes."""
    data = b""
    try:
        while more := sock.recv(65536):
            data += more
    except ConnectionError:
        pass
    return data


class HostileUsers(BusTest):
    def world(self, bus, *options):
        """A gateway whose other users are an oracle, and how much memory it may have at the end."""
        bus.start(bus.broker(), bus.gateway(*options), bus.worker())
        oracle = bus.oracle("line", "frame", "ws", clients=6, rate=1000)
        return oracle, {name: bus[name].memory() + GROWTH for name in ("broker", "gateway1", "worker1")}

    def check(self, bus, oracle, limits):
        oracle.wait_for_replies(100)
        oracle.finish()
        for name, limit in limits.items():
            self.assertTrue(bus[name].is_alive(), name)
            self.assertLess(bus[name].memory(), limit, name)

    def test_random_bytes(self):
        random = self.random()
        with self.bus() as bus:
            world = self.world(bus)
            for _ in range(40):
                for kind in ("line", "frame", "ws"):
                    with dial(bus.address(kind)) as sock:
                        send_all(sock, random.randbytes(random.randrange(1, 20000)))
            self.check(bus, *world)

    def test_random_bytes_behind_a_good_handshake(self):
        random = self.random()
        with self.bus() as bus:
            world = self.world(bus)
            for _ in range(40):
                user = User(bus.address("ws"))
                send_all(user.socket, random.randbytes(random.randrange(1, 20000)))
                user.close()
            self.check(bus, *world)

    def test_half_messages_and_connections_that_say_nothing(self):
        with self.bus() as bus:
            oracle, limits = self.world(bus, "--handshake-timeout", "1s")
            idle = [dial(bus.address(kind)) for kind in ("line", "frame", "ws") for _ in range(20)]
            halves = {"line": b"half a line", "frame": struct.pack(">I", 1000) + b"half", "ws": b"GET / HTTP/1.1\r\nHost: x\r\n"}
            for kind, half in halves.items():
                for _ in range(20):
                    with dial(bus.address(kind)) as sock:
                        send_all(sock, half)
            slow = dial(bus.address("ws"))
            send_all(slow, halves["ws"])
            self.assertRegex(read_to_end(slow), b"^HTTP/1.1 503 (?s:.*)took too long")  # nobody holds a place for ever
            self.check(bus, oracle, limits)
            for sock in idle:
                sock.close()

    def test_http_on_every_port(self):
        with self.bus() as bus:
            world = self.world(bus)
            request = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
            with dial(bus.address("frame")) as sock:  # "GET " is a length of more than a thousand million
                send_all(sock, request)
                read_to_end(sock)
            user = User(bus.address("line"))  # lines like any others
            send_all(user.socket, request)
            self.assertEqual([user.next() for _ in range(3)], [b"GET / HTTP/1.1", b"Host: example.org", b""])
            parts = urllib.parse.urlsplit(bus.address("ws"))
            for method, path, status in (("GET", "/elsewhere", 404), ("GET", "/ws", 426), ("POST", "/ws", 405), ("BREW", "/ws", 4)):
                with self.subTest(method=method, path=path):
                    client = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
                    client.request(method, path)
                    answer = client.getresponse()
                    self.assertTrue(str(answer.status).startswith(str(status)), answer.status)
                    self.assertTrue(answer.read().strip(), "it says why")
            self.check(bus, *world)

    def test_lengths_and_messages_beyond_the_limit(self):
        with self.bus() as bus:
            world = self.world(bus)
            for length in (65537, 0x7FFFFFFF, 0xFFFFFFFF):
                with dial(bus.address("frame")) as sock:
                    send_all(sock, struct.pack(">I", length) + b"x" * 1000)
                    read_to_end(sock)
            with dial(bus.address("line")) as sock:
                send_all(sock, b"x" * (4 * MEGABYTES))
                read_to_end(sock)
            for length in (65537, 1 << 31, 1 << 62, (1 << 64) - 1):
                user = User(bus.address("ws"))
                send_all(user.socket, b"\x82\xff" + struct.pack(">Q", length) + b"mask" + b"x" * 1000)
                with self.assertRaises(Gone) as gone:
                    user.next()
                self.assertRegex(str(gone.exception), r"\\x03\\x(f1|ea)", "1009, or 1002 for a length that cannot be")
            self.check(bus, *world)

    def test_bad_frames_are_answered_with_their_code(self):
        with self.bus() as bus:
            world = self.world(bus)
            for name, data, code in (("no mask", b"\x81\x02hi", 1002), ("a reserved bit", b"\xc1\x82mask\0\0", 1002),
                                     ("an unknown opcode", b"\x83\x80mask", 1002), ("no UTF-8", b"\x81\x82\0\0\0\0\xc0\x80", 1007),
                                     ("a long ping", b"\x89\xfe\0\x7emask" + b"x" * 126, 1002)):
                with self.subTest(name):
                    user = User(bus.address("ws"))
                    send_all(user.socket, data)
                    with self.assertRaises(Gone) as gone:
                        user.next()
                    self.assertIn(repr(struct.pack(">H", code))[2:-1], str(gone.exception))
            self.check(bus, *world)

    def test_floods_of_headers(self):
        with self.bus() as bus:
            world = self.world(bus)
            for flood in (b"X: y\r\n" * 100000, b"X: " + b"y" * MEGABYTES, b"A" * MEGABYTES):
                with dial(bus.address("ws")) as sock:
                    send_all(sock, b"GET /ws HTTP/1.1\r\n" + flood)
                    self.assertIn(read_to_end(sock)[:12], (b"HTTP/1.1 431", b"HTTP/1.1 400", b""))  # a reset may eat it
            self.check(bus, *world)

    def test_hundreds_who_connect_and_vanish(self):
        with self.bus() as bus:
            world = self.world(bus)
            for _ in range(200):
                for kind in ("line", "frame", "ws"):
                    sock = dial(bus.address(kind))
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
                    sock.close()
            self.check(bus, *world)


if __name__ == "__main__":
    main()
