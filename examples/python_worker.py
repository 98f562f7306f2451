#!/usr/bin/python3
"""A complete Fairlead worker in Python: it echoes what clients say.

    python_worker.py [tcp://127.0.0.1:7700]

Written from docs/protocol.md alone; the letters in brackets are its rules. Debian: python3-zmq, python3-msgpack.
To make it yours, change handle(). It runs in the loop, so it has to be quick: a handler that may take longer than a
second or so belongs in a thread of its own, because heartbeats must go on meanwhile [K7].
"""

import collections
import os
import random
import secrets
import signal
import socket
import struct
import sys
import time

import msgpack
import zmq

HEARTBEAT, BYE, RESET, COMPLAINT = 10, 11, 12, 13
WORKER_HELLO, CREDIT, DRAIN, OUTCOME = 31, 32, 34, 35
WORKER_WELCOME, UNIT, CANCEL, ANSWER, DRAINED = 40, 41, 42, 43, 44
OPEN, MESSAGE, CLOSE = 1, 2, 3
MAX_FRAME, BATCH = 20 << 20, 256 << 10


# ---- frames [W1, W2]

def pack(link, seq, records):
    """One frame. seq is the number of its first record, 0 when they are not numbered."""
    return b"".join(msgpack.packb(part, use_bin_type=True) for part in ([1, link, seq, 0], *records))


def unpack(frame):
    """Link, seq, ack and records of a frame. Raises ValueError for bad bytes [W4]; str and bin both become bytes."""
    try:
        unpacker = msgpack.Unpacker(raw=True, strict_map_key=False, max_buffer_size=MAX_FRAME)
        unpacker.feed(frame)
        objects, end = [], 0
        for thing in unpacker:
            objects.append(thing)
            end = unpacker.tell()
        header, *records = objects
        version, link, seq, ack = header[:4]
        if version != 1 or end != len(frame):
            raise ValueError("another version, or a record that is cut off")
        return link, seq, ack, [(record[0], record[1:]) for record in records]
    except ValueError:
        raise
    except Exception as error:  # what msgpack raises, and what is not shaped as it should be
        raise ValueError(str(error)) from error


def outcomes_topic(link):
    return b"o" + struct.pack(">Q", link)  # [S3]


# ---- effects

def send_to_client(client, payload, binary=False):
    return [1, [0, [client], [], payload, binary]]


def set_session(client, session, expected=None):
    return [6, client, expected, session]


class Unit:
    """The events of one client that are to be handled, one after another, and what is known about that client."""

    def __init__(self, fields):
        (self.id, self.attempt, self.client, self.gateway, self.peer, self.session_version, self.session, self.uid,
         self.groups, self.events) = fields[:10]

    def apply(self, effects):
        """Lets the next event see what this one's effects did to its own client [K2]."""
        for kind, *args in effects:
            if kind == 5:  # ungroup
                self.groups = [group for group in self.groups if group != args[0]]
            elif kind == 1 or args[0] != self.client:
                continue
            elif kind == 2:
                self.uid = args[1]
            elif kind == 3 and args[1] not in self.groups:
                self.groups.append(args[1])
            elif kind == 4 and args[1] in self.groups:
                self.groups.remove(args[1])
            elif kind == 6 and args[1] in (None, self.session_version):
                self.session, self.session_version = args[2], self.session_version + 1


# ---- business code

def handle(unit, kind, payload, binary):
    """Answers the effects of one event. An exception makes it a failure: the broker tries again, elsewhere if it can."""
    if kind == MESSAGE:
        return [send_to_client(unit.client, payload, binary)]
    return []


# ---- the bus

class Lost(Exception):
    """The link is over [L7]: close the sockets, wait, dial anew. Everything that belonged to it is forgotten [K5]."""


class Link:
    def __init__(self, context, broker, hello):
        self.id = secrets.randbits(64) or 1  # [L1]
        self.hello = hello
        self.dealer = self.connect(context.socket(zmq.DEALER), broker, 2, ".backend")
        self.pub = self.connect(context.socket(zmq.PUB), broker, 3, ".outcomes")
        self.live = False
        self.units = collections.deque()
        self.received = 0     # number of the last unit, cancel or drained taken [L3]
        self.sent = 0         # number of the last outcome [L2]
        self.committed = 0    # the last one that the broker has committed
        self.credit = 0       # as told last
        self.unit_time = None  # seconds that a unit takes
        self.drain_said = self.drained = False
        self.heard = self.beat = self.turn = time.monotonic()

    @staticmethod
    def connect(sock, broker, offset, suffix):
        for option, value in ((zmq.RCVHWM, 0), (zmq.LINGER, 0), (zmq.RECONNECT_IVL, -1), (zmq.MAXMSGSIZE, MAX_FRAME)):
            sock.setsockopt(option, value)  # [S2]
        if sock.type == zmq.DEALER:
            sock.setsockopt(zmq.IMMEDIATE, 1)
        if broker.startswith("ipc://"):
            sock.connect(broker + suffix)
        else:
            base, port = broker.rsplit(":", 1)
            sock.connect(f"{base}:{int(port) + offset}")
        return sock

    def close(self):
        self.dealer.close()
        self.pub.close()

    # -- out

    def say(self, *records):
        try:
            self.dealer.send(pack(self.id, 0, records), zmq.DONTWAIT)
        except zmq.Again:
            if self.live:
                raise Lost("the connection to the broker is gone") from None

    def publish(self, outcomes):
        if outcomes:
            frame = pack(self.id, self.sent - len(outcomes) + 1, outcomes)
            self.pub.send(outcomes_topic(self.id) + frame, zmq.DONTWAIT)

    # -- in

    def receive(self):
        while True:
            try:
                parts = self.dealer.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            try:
                if len(parts) != 1:
                    raise ValueError("a message of several parts")  # [S1]
                link, seq, ack, records = unpack(parts[0])
                if link != self.id:
                    continue  # [L1]
                self.heard = time.monotonic()
                self.committed = max(self.committed, ack)
                for number, (kind, fields) in enumerate(records, seq):
                    if seq > 0:
                        if number <= self.received:
                            continue
                        if number > self.received + 1:
                            raise Lost("a gap in the units")
                        self.received = number
                    self.on_record(kind, fields)
            except (ValueError, TypeError, IndexError) as error:
                raise Lost(f"bad bytes: {error}") from error

    def on_record(self, kind, fields):
        if kind == WORKER_WELCOME:
            self.live = True
        elif kind == UNIT:
            self.units.append(Unit(fields))
        elif kind == CANCEL:  # [K3]
            self.units = collections.deque(unit for unit in self.units if [unit.id, unit.attempt] != fields[:2])
        elif kind == DRAINED:
            self.drained = True
        elif kind == HEARTBEAT:
            if fields[0] > self.received:
                raise Lost("units were lost")  # [L5]
        elif kind == RESET:
            raise Lost(f"the broker says: {fields[0]!r}")
        elif kind == COMPLAINT:
            print(f"the broker complains: {fields[0]!r}", file=sys.stderr)
        elif kind != ANSWER:
            self.say([COMPLAINT, b"a record of type %d is not known here" % kind])  # [W2]

    # -- work

    def work(self):
        """Handles a millisecond's worth of events, and says what came of each [K2]."""
        outcomes, size, end = [], 0, time.monotonic() + 0.001
        while self.units and time.monotonic() < end:
            unit = self.units[0]
            begin = time.monotonic()
            while unit.events:
                seq, kind, binary, payload = unit.events.pop(0)[:4]
                try:
                    effects = handle(unit, kind, payload, binary)
                    unit.apply(effects)
                    outcome = [OUTCOME, unit.id, unit.attempt, seq, 0, effects, b"", 0]
                except Exception as error:
                    print(f"client {unit.client.hex()} event {seq}: {error!r}", file=sys.stderr)
                    outcome = [OUTCOME, unit.id, unit.attempt, seq, 1, [], repr(error).encode()[:1024], 0]
                    unit.events = []  # [K3]
                self.sent += 1
                outcomes.append(outcome)
                size += len(payload)
                if size > BATCH:  # [W3]
                    self.publish(outcomes)
                    outcomes, size = [], 0
            self.units.popleft()
            took = time.monotonic() - begin
            self.unit_time = took if self.unit_time is None else self.unit_time + (took - self.unit_time) / 4
        self.publish(outcomes)

    def tell_credit(self):  # [K4]
        wanted = 1 if self.unit_time is None else max(1, min(256, int(0.001 / max(self.unit_time, 1e-9))))
        if 4 * abs(wanted - self.credit) >= max(1, self.credit):
            self.credit = wanted
            self.say([CREDIT, wanted])

    # -- life

    def dial(self, patience):
        """Says hello on both sockets until it is welcomed [K1, L9]."""
        end = time.monotonic() + patience
        while not self.live:
            if time.monotonic() > end:
                raise Lost("no welcome from the broker")
            self.say(self.hello)
            self.pub.send(outcomes_topic(self.id) + pack(self.id, 0, [self.hello]), zmq.DONTWAIT)
            self.dealer.poll(50)
            self.receive()
        self.heard = self.beat = self.turn = time.monotonic()

    def serve(self, stopping):
        """Until it was asked to stop, and has finished and committed what it had [K6]."""
        while True:
            self.dealer.poll(0 if self.units else 250)
            self.receive()
            self.work()
            now = time.monotonic()
            if now - self.turn > 1:  # we did not run: that is not the broker's fault [L8]
                self.heard += now - self.turn
            self.turn = now
            if now - self.heard > 4 or not self.dealer.getsockopt(zmq.EVENTS) & zmq.POLLOUT:
                raise Lost("the broker is gone or silent")  # [L4]
            if now - self.beat >= 1:
                self.beat = now
                self.say([HEARTBEAT, self.sent])
                self.credit = 0  # said again, in case it was lost
            if not stopping():
                self.tell_credit()
            elif not self.drain_said:
                self.drain_said = True
                self.say([DRAIN])
            elif self.drained and not self.units and self.committed >= self.sent:
                self.say([BYE, b"stopped"])
                time.sleep(0.05)  # closing drops what is not written yet
                return


def main():
    broker = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:7700"
    name = f"python:{socket.gethostname()[:64]}:{os.getpid()}"
    hello = [WORKER_HELLO, secrets.randbits(64) or 1, name.encode(), b"1", b"echo"]
    signals = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: signals.append(1))
    context = zmq.Context()
    failures = 0
    while not signals:
        link = Link(context, broker, hello)
        try:
            link.dial(min(0.25 * 2 ** failures, 2))  # [L6]
            failures = 0
            print("ready", file=sys.stderr, flush=True)
            link.serve(lambda: bool(signals))
        except Lost as why:
            print(f"link lost: {why}", file=sys.stderr)
            time.sleep(min(0.05 * 2 ** failures, 2) * random.uniform(0.75, 1.25))
            failures = min(failures + 1, 10)
        finally:
            link.close()
    context.term()


if __name__ == "__main__":
    main()
