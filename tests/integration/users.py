"""Users with a socket of their own: what comes is kept, so that a test can ask what was said and what was not."""

import base64
import json
import os
import socket
import ssl
import struct
import time
import urllib.parse

from process import PATIENCE


class Gone(AssertionError):
    """The gateway has closed the connection."""


class User:
    """One user connection, in the protocol of its address: line://, frame:// or ws://."""

    everybody = []

    def __init__(self, address, patience=PATIENCE, before=b"", headers=(), tls=None):
        """`before` is sent first of all, as a proxy does; `headers` are lines of a WebSocket's opening; `tls` is the context of an
        encrypted one (lines, frames, wss)."""
        parts = urllib.parse.urlsplit(address)
        self.kind = {"lines": "line", "frames": "frame", "wss": "ws"}.get(parts.scheme, parts.scheme)
        self.address = address
        self.socket = self._connect(parts, patience)
        self.everybody.append(self)
        self.bytes = b""
        self.messages = []  # all that ever came
        self._read = 0      # how many of them next() has given out
        self._fragments = b""
        self._goodbye = None  # a close frame, behind what may not have been looked at yet
        self.pings = []
        if before:
            self.socket.sendall(before)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        if self.kind == "ws":
            self._shake_hands(parts, patience, headers)

    @staticmethod
    def _connect(parts, patience):
        end = time.monotonic() + patience
        while True:  # a gateway that is just starting does not listen yet
            try:
                return socket.create_connection((parts.hostname, parts.port), timeout=patience)
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def _shake_hands(self, parts, patience, headers=()):
        key = base64.b64encode(os.urandom(16)).decode()
        target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n".encode() +
                            b"".join(header + b"\r\n" for header in headers) + b"\r\n")
        end = time.monotonic() + patience
        while b"\r\n\r\n" not in self.bytes:
            self._take(end)
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 "), head

    # -- speaking

    def say(self, text):
        payload = text if isinstance(text, bytes) else text.encode()
        self.socket.sendall(self._framed(payload))
        return self

    def _framed(self, payload):
        if self.kind == "line":
            return payload + b"\n"
        if self.kind == "frame":
            return struct.pack(">I", len(payload)) + payload
        return self._ws_frame(0x81, payload)

    @staticmethod
    def _ws_frame(first, payload):
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else (
            b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        return bytes([first]) + length + mask + masked

    def close(self):
        self.socket.close()

    @classmethod
    def close_all(cls):
        while cls.everybody:
            cls.everybody.pop().close()

    # -- hearing

    def next(self, patience=PATIENCE):
        """The next message; Gone when there will be none."""
        end = time.monotonic() + patience
        self._parse()
        while self._read == len(self.messages):
            self._take(end)
            self._parse()
        self._read += 1
        return self.messages[self._read - 1]

    def next_json(self, patience=PATIENCE):
        return json.loads(self.next(patience))

    def until(self, wanted, patience=PATIENCE):
        """The first JSON object from here on that has all that `wanted` has; those before it are passed over."""
        end = time.monotonic() + patience
        seen = []
        while True:
            try:
                said = self.next_json(max(0.001, end - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"{self.address} did not hear {wanted} but {seen}") from None
            if wanted.items() <= said.items():
                return said
            seen.append(said)

    def heard(self, wanted):
        """How many of all messages so far have all that `wanted` has."""
        return sum(1 for said in map(json.loads, self.messages) if wanted.items() <= said.items())

    def echoes(self, text, patience=PATIENCE):
        """Says it and hears it, from an echo app."""
        payload = text if isinstance(text, bytes) else text.encode()
        self.say(payload)
        heard = self.next(patience)
        assert heard == payload, f"{self.address}: {payload!r} came back as {heard!r}"

    def wait_gone(self, patience=PATIENCE):
        """Until the gateway closes the connection."""
        end = time.monotonic() + patience
        try:
            while True:
                self._take(end)
                self._parse()
        except Gone:
            return

    def assert_connected(self):
        """Nobody has hung up on this user."""
        self.socket.setblocking(False)
        try:
            while True:
                more = self.socket.recv(65536)
                if not more:
                    raise Gone(f"{self.address} was disconnected")
                self.bytes += more
        except (BlockingIOError, ssl.SSLWantReadError):
            self._parse()
        except ConnectionError as error:
            raise Gone(f"{self.address}: {error}") from None

    def _take(self, end):
        if self._goodbye is not None:
            raise Gone(f"{self.address}: closed with {self._goodbye!r}")
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{self.address}: nothing came")
        self.socket.settimeout(left)
        try:
            more = self.socket.recv(65536)
        except ConnectionError as error:
            raise Gone(f"{self.address}: {error}") from None
        if not more:
            raise Gone(f"{self.address}: the connection was closed")
        self.bytes += more

    def _parse(self):
        while (message := getattr(self, "_parse_" + self.kind)()) is not None:
            self.messages.append(message)

    def _parse_line(self):
        if b"\n" not in self.bytes:
            return None
        message, self.bytes = self.bytes.split(b"\n", 1)
        return message

    def _parse_frame(self):
        if len(self.bytes) < 4:
            return None
        size = struct.unpack(">I", self.bytes[:4])[0]
        if len(self.bytes) < 4 + size:
            return None
        message, self.bytes = self.bytes[4:4 + size], self.bytes[4 + size:]
        return message

    def _parse_ws(self):
        while len(self.bytes) >= 2:
            size, header = self.bytes[1], 2
            if size == 126:
                size, header = struct.unpack(">H", self.bytes[2:4].rjust(2, b"\0"))[0], 4
            elif size == 127:
                size, header = struct.unpack(">Q", self.bytes[2:10].rjust(8, b"\0"))[0], 10
            if len(self.bytes) < header + size:
                return None
            first, payload = self.bytes[0], self.bytes[header:header + size]
            self.bytes = self.bytes[header + size:]
            if first & 15 == 9:
                self.pings.append(payload)
                self.socket.sendall(self._ws_frame(0x8a, payload))
            elif first & 15 == 8:
                self._goodbye = payload
                return None
            elif first & 15 in (0, 1, 2):
                self._fragments += payload
                if first & 0x80:
                    message, self._fragments = self._fragments, b""
                    return message
        return None


class ChatUser(User):
    """A user of the chat app, welcomed."""

    def __init__(self, address, patience=PATIENCE):
        super().__init__(address, patience)
        self.welcome = self.until({"type": "welcome"}, patience)
        self.uid = self.welcome["uid"]


def everybody_hears(users, wanted, patience=PATIENCE):
    """Each of them, the same."""
    return [user.until(wanted, patience) for user in users]
