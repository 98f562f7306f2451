#!/usr/bin/python3
"""Users who come over TLS: what is said comes back, certificates are replaced without anybody noticing, and no bytes do harm."""

import contextlib
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import urllib.parse

from bus import BusTest, hold, main
from process import wait_until
from users import Gone, User

KINDS = ("lines", "frames", "wss")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A certificate authority of our own, and what it signs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.certificate, self.key = self.folder / "server.pem", self.folder / "server.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2, "-subj", "/CN=Our CA",
                "-keyout", self.folder / "ca.key", "-out", self.folder / "ca.pem")
        self.sign("first")

    def sign(self, name):
        """A new certificate for localhost, with the name in it, where the gateway looks for it."""
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/O={name}/CN=localhost", "-keyout",
                self.key, "-out", self.folder / "request")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost\n", encoding="ascii")
        openssl("x509", "-req", "-in", self.folder / "request", "-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key", "-days", 2,
                "-extfile", self.folder / "names", "-set_serial", sum(name.encode()), "-out", self.certificate)

    def context(self):
        """What a user who trusts the authority, and nobody else, connects with."""
        return ssl.create_default_context(cafile=self.folder / "ca.pem")


def name_of(user):
    """Which certificate the user was shown."""
    return dict(pair[0] for pair in user.socket.getpeercert()["subject"])["organizationName"]


class Tls(BusTest):
    @contextlib.contextmanager
    def world(self, *options, listen=KINDS):
        with tempfile.TemporaryDirectory() as folder, self.bus() as bus:
            authority = Authority(folder)
            bus.start(bus.broker(), bus.gateway("--tls-cert", authority.certificate, "--tls-key", authority.key, *options, listen=listen),
                      bus.telling_worker())
            yield bus, authority

    def test_what_is_said_comes_back(self):
        with self.world(listen=(*KINDS, "line")) as (bus, authority):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = authority.context()
                context.minimum_version = context.maximum_version = version
                for kind in KINDS:
                    with self.subTest(kind=kind, version=version):
                        user = User(bus.address(kind), tls=context)
                        for text in ("hello", "", "x" * 65536):
                            user.echoes(text)
            User(bus.address("line")).echoes("in the clear, next door")

    def test_much_that_is_read_slowly_comes_whole_and_in_order_with_pings_in_between(self):
        with self.world("--outbox-limit", "64M", "--ping-interval", "20ms", "--ping-timeout", "0s", "--ping-data", "?") as (bus, authority):
            for kind, framing in (("lines", 1), ("frames", 4), ("wss", 4)):
                with self.subTest(kind):
                    user = User(bus.address(kind), tls=authority.context())
                    # Each fills one TLS record, so that a ping could come between any two.
                    said = [b"%05d" % number * 4000 for number in range(1200)]
                    said = [message[:(16 << 10) - framing] for message in said]
                    for message in said:
                        user.say(message)  # nobody reads yet: it all waits at the gateway
                    hold(0.3)  # and is silent: pings
                    heard = []
                    while len(heard) < len(said):
                        message = user.next()
                        if message != b"?":
                            heard.append(message)
                    self.assertEqual([message[:5] for message in heard], [message[:5] for message in said])
                    self.assertTrue(heard == said)

    def test_an_end_is_an_end_and_the_answers_come_first(self):
        with self.world() as (bus, authority):
            user = User(bus.address("lines"), tls=authority.context())
            for number in range(50):
                user.say(str(number))
            raw = user.socket.unwrap  # says that no more will come, and waits for the other side's
            user.socket.settimeout(30)
            with contextlib.suppress(ssl.SSLError, OSError):
                raw()
            bus["telling1"].wait_for(r"closed \S+ 1000 the user hung up")
            cut = User(bus.address("lines"), tls=authority.context())
            cut.echoes("here")
            cut.socket.close()  # without that word: the end may be somebody else's doing
            bus["telling1"].wait_for(r"closed \S+ 1006 ")
            answered = User(bus.address("wss"), tls=authority.context())
            answered.socket.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
            with self.assertRaises(Gone) as gone:
                answered.next()
            self.assertIn("closed with b'\\x03\\xe8'", str(gone.exception))

    def test_a_new_certificate_is_shown_to_who_comes_after_sighup(self):
        with self.world() as (bus, authority):
            gateway = bus["gateway1"]
            old = User(bus.address("wss"), tls=authority.context())
            self.assertEqual(name_of(old), "first")
            authority.sign("second")
            self.assertEqual(name_of(User(bus.address("lines"), tls=authority.context())), "first")
            gateway.signal(signal.SIGHUP)
            wait_until(lambda: len(gateway.find("certificate_loaded")) == 3, "all listeners have it")
            self.assertEqual(name_of(User(bus.address("lines"), tls=authority.context())), "second")
            old.echoes("I have noticed nothing")
            authority.key.write_text("no key", encoding="ascii")
            gateway.signal(signal.SIGHUP)
            gateway.wait_for(r"certificate_kept .*server\.key cannot be used")
            self.assertEqual(name_of(User(bus.address("frames"), tls=authority.context())), "second")

    def test_a_proxy_speaks_first_and_in_the_clear(self):
        with self.world("--proxy-protocol", "--trusted-proxy", "127.0.0.1") as (bus, authority):
            for kind in KINDS:
                user = User(bus.address(kind), tls=authority.context(), before=b"PROXY TCP4 192.0.2.7 192.0.2.1 5123 443\r\n")
                user.say("peer")
                self.assertEqual(user.next(), b"192.0.2.7:5123")
            with self.assertRaises(OSError):
                User(bus.address("lines"), tls=authority.context())

    def test_what_is_old_is_refused(self):
        with self.world() as (bus, authority):
            context = authority.context()
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
            with self.assertRaises(ssl.SSLError):
                User(bus.address("lines"), tls=context)

    def test_no_bytes_do_harm(self):
        random = self.random()
        with self.world("--handshake-timeout", "1s") as (bus, authority):
            friend = User(bus.address("wss"), tls=authority.context())
            friend.echoes("before")
            memory, descriptors = bus["gateway1"].memory(), bus["gateway1"].descriptors()
            hello = self.client_hello(authority)
            shapes = [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 1000, b"\x15\x03\x03\0\2\2\0", b"\x80\x2e\1\0\2",
                      b"\x16\x03\x01\0\0" * 1000, hello + random.randbytes(100), hello + hello, hello + b"\x17\x03\x03\0\5hello"]
            for _ in range(60):
                at = random.randrange(len(hello))
                shapes.append(hello[:at] + bytes([hello[at] ^ (1 << random.randrange(8))]) + hello[at + 1:])
                shapes.append(random.randbytes(random.randrange(1, 20000)))
            for shape in shapes:
                for kind in KINDS:
                    with self.dial(bus, kind) as sock, contextlib.suppress(OSError):
                        sock.sendall(shape)
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", random.randrange(2), 0))
            waiting = [self.dial(bus, kind) for kind in KINDS for _ in range(20)]
            for sock in waiting[::2]:
                sock.sendall(hello[:40])
            for sock in waiting:  # nobody holds a place for ever
                with contextlib.suppress(ConnectionError):
                    while sock.recv(4096):
                        pass
                sock.close()
            # Behind a good handshake, too.
            for kind in KINDS:
                user = User(bus.address(kind), tls=authority.context())
                with socket.socket(fileno=user.socket.detach()) as plain, contextlib.suppress(OSError):
                    plain.sendall(random.randbytes(10000))
            friend.echoes("after")
            for kind in KINDS:
                User(bus.address(kind), tls=authority.context()).echoes("and new")
            wait_until(lambda: bus["gateway1"].descriptors() <= descriptors + len(KINDS), "all of them are forgotten")
            self.assertLess(bus["gateway1"].memory(), memory + (128 << 20))  # sanitizers keep what was freed for a while
            self.assertFalse([line for line in bus["telling1"].lines if "Traceback" in line])

    @staticmethod
    def dial(bus, kind):
        parts = urllib.parse.urlsplit(bus.address(kind))
        return socket.create_connection((parts.hostname, parts.port), timeout=30)

    @staticmethod
    def client_hello(authority):
        """How a good client begins."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = authority.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()


class CannotRun(BusTest):
    def test_certificates_that_cannot_be_used_are_told(self):
        with tempfile.TemporaryDirectory() as folder, self.bus() as bus:
            authority = Authority(folder)
            other = pathlib.Path(folder, "other")
            other.mkdir()
            stranger = Authority(other)
            locked = pathlib.Path(folder, "locked.key")
            openssl("ec", "-in", authority.key, "-aes128", "-passout", "pass:secret", "-out", locked)
            for certificate, key, words in ((f"{folder}/nowhere.pem", authority.key, "nowhere.pem"), (authority.certificate, locked, "locked.key"),
                                            (authority.key, authority.key, "server.key"), (authority.certificate, stranger.key, "key values mismatch")):
                with self.subTest(words):
                    gateway = bus.gateway("--tls-cert", certificate, "--tls-key", key, name=words, listen=("wss",))
                    bus.away.add(words)
                    gateway.start()
                    self.assertEqual(gateway.exit_code(), 1)
                    self.assertIn(words, gateway.log().split("\n", 1)[1])


if __name__ == "__main__":
    main()
