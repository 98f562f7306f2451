#!/usr/bin/python3
"""Users behind proxies: the worker hears where they really come from, and nobody can make it hear anything else."""

import socket
import struct

from bus import BusTest, main
from process import wait_until
from users import Gone, User

KINDS = ("line", "frame", "ws")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 5123 8080\r\n"
V1_6 = b"PROXY TCP6 2001:db8::7 ::1 5123 8080\r\n"


def v2(address, command=0x21):
    """A header of version 2."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    body = packed + packed + struct.pack(">HH", 5123, 8080)
    return SIGNATURE + bytes([command, 0x11 if family == socket.AF_INET else 0x21]) + struct.pack(">H", len(body)) + body


def start(bus, *options):
    bus.start(bus.broker(), bus.gateway(*options), bus.telling_worker())


def peer(user):
    user.say("peer")
    return user.next().decode()


def own(user):
    return "127.0.0.1:%d" % user.socket.getsockname()[1]


class ProxyProtocol(BusTest):
    def test_the_user_is_whom_the_proxy_names(self):
        with self.bus() as bus:
            start(bus, "--proxy-protocol", "--trusted-proxy", "127.0.0.0/8")
            for kind in KINDS:
                for before, said in ((V1, "192.0.2.7:5123"), (V1_6, "[2001:db8::7]:5123"), (v2("192.0.2.7"), "192.0.2.7:5123"),
                                     (v2("2001:db8::7"), "[2001:db8::7]:5123")):
                    with self.subTest(kind=kind, before=before):
                        self.assertEqual(peer(User(bus.address(kind), before=before)), said)
                for itself in (v2("192.0.2.7", 0x20), b"PROXY UNKNOWN\r\n"):
                    user = User(bus.address(kind), before=itself)
                    self.assertEqual(peer(user), own(user))

    def test_the_header_and_the_first_message_may_come_in_any_pieces(self):
        with self.bus() as bus:
            start(bus, "--proxy-protocol", "--trusted-proxy", "127.0.0.1")
            user = User(bus.address("line"))
            user.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in v2("192.0.2.7") + b"peer\n":
                user.socket.sendall(bytes([byte]))
            self.assertEqual(user.next(), b"192.0.2.7:5123")

    def test_a_trusted_proxy_must_send_it_and_send_it_right(self):
        with self.bus() as bus:
            start(bus, "--proxy-protocol", "--trusted-proxy", "127.0.0.1", "--handshake-timeout", "1s")
            bad = (b"hello\n", b"PROXY TCP4 192.0.2.7\r\n", V1.replace(b"192.0.2.7", b"192.0.2.777"), SIGNATURE + b"\x11\x11\0\0",
                   b"\0" * 100, self.random().randbytes(1000))
            for kind in KINDS:
                for bytes_ in bad:
                    with self.subTest(kind=kind, bytes=bytes_[:40]):
                        with self.assertRaises((Gone, ConnectionError)):
                            User(bus.address(kind), before=bytes_).wait_gone()
                            raise Gone
            bus["gateway1"].wait_for("bad_proxy_header .*peer=127.0.0.1:")
            User(bus.address("line")).wait_gone()  # says nothing: the handshake has its time
            User(bus.address("line"), before=V1 + V1 + b"x\n").next()  # a second one is a message
            self.assertFalse(bus["telling1"].find("closed 127.0.0.1"), "the bus never heard of them")

    def test_from_anybody_else_the_header_is_an_error_and_changes_nothing(self):
        with self.bus() as bus:
            start(bus, "--proxy-protocol", "--trusted-proxy", "10.0.0.0/8")
            for kind in KINDS:
                for before in (V1, v2("192.0.2.7")):
                    with self.subTest(kind=kind):
                        with self.assertRaises((Gone, ConnectionError)):
                            User(bus.address(kind), before=before).wait_gone()
                            raise Gone
                user = User(bus.address(kind))  # without, it is a user like any other
                self.assertEqual(peer(user), own(user))
            bus["gateway1"].wait_for("bad_proxy_header .*not from a trusted proxy")
            wait_until(lambda: len(bus["telling1"].find(r"closed 127.0.0.1:\d+ 1002 a bad PROXY header")) == 4, "four are closed")
            self.assertFalse(bus["telling1"].find("192.0.2.7"))

    def test_where_it_is_not_asked_for_it_is_a_message(self):
        with self.bus() as bus:
            start(bus)
            user = User(bus.address("line"), before=V1)
            self.assertEqual(user.next(), V1.rstrip())
            self.assertEqual(peer(user), own(user))


class Forwarded(BusTest):
    def peer_with(self, bus, *headers):
        user = User(bus.address("ws"), headers=headers)
        return peer(user), own(user)

    def test_the_user_is_the_rightmost_address_that_is_no_trusted_proxy(self):
        with self.bus() as bus:
            start(bus, "--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "10.0.0.0/8")
            for headers, said in (((b"X-Forwarded-For: 192.0.2.7",), "192.0.2.7"),
                                  ((b"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.1",), "192.0.2.7"),
                                  ((b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 192.0.2.7"), "192.0.2.7"),
                                  ((b"X-Forwarded-For: 2001:db8::7",), "[2001:db8::7]"),
                                  ((b"Forwarded: for=6.6.6.6", b"X-Forwarded-For: 192.0.2.7"), "192.0.2.7"),
                                  ((b"x-real-ip: 6.6.6.6", b"X-Forwarded-For: 192.0.2.7"), "192.0.2.7")):
                with self.subTest(headers):
                    self.assertEqual(self.peer_with(bus, *headers)[0], said)
            for headers in ((), (b"X-Forwarded-For: unknown",), (b"X-Forwarded-For: 6.6.6.6, garbage",), (b"Forwarded: for=6.6.6.6",)):
                with self.subTest(headers):
                    said, real = self.peer_with(bus, *headers)
                    self.assertEqual(said, real)

    def test_the_other_header_counts_where_it_was_chosen(self):
        with self.bus() as bus:
            start(bus, "--trusted-proxy", "127.0.0.1", "--forwarded-header", "forwarded")
            self.assertEqual(self.peer_with(bus, b"X-Forwarded-For: 6.6.6.6", b'Forwarded: for=6.6.6.6, for="[2001:db8::7]:5123";proto=https')[0],
                             "[2001:db8::7]:5123")
            said, real = self.peer_with(bus, b"X-Forwarded-For: 6.6.6.6")
            self.assertEqual(said, real)

    def test_nobody_else_is_believed(self):
        with self.bus() as bus:
            start(bus, "--trusted-proxy", "10.0.0.0/8")
            said, real = self.peer_with(bus, b"X-Forwarded-For: 6.6.6.6", b"Forwarded: for=6.6.6.6")
            self.assertEqual(said, real)

    def test_behind_both_kinds_of_proxy(self):
        """A balancer with PROXY headers in front of an HTTP proxy; users who reach the balancer forge what they like."""
        with self.bus() as bus:
            start(bus, "--proxy-protocol", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8")
            user = User(bus.address("ws"), before=v2("10.0.0.1"), headers=(b"X-Forwarded-For: 6.6.6.6, 192.0.2.8",))
            self.assertEqual(peer(user), "192.0.2.8")
            user = User(bus.address("ws"), before=v2("192.0.2.7"), headers=(b"X-Forwarded-For: 6.6.6.6",))
            self.assertEqual(peer(user), "192.0.2.7:5123")


if __name__ == "__main__":
    main()
