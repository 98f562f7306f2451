#!/usr/bin/python3
"""A complete Fairlead worker in Python: it echoes what clients say.

    python_worker.py [tcp://127.0.0.1:7700]

For a bus with keys, FAIRLEAD_KEY and FAIRLEAD_BROKER_KEY name the files, as for the other programs.

Written from docs/protocol.md alone; the letters in brackets are its rules. Debian: python3-zmq, python3-msgpack.
To make it yours, set `handle` to a function of your own, as python_rooms.py does. It runs in the loop, so it has to be quick:
a handler that may take longer than a second or so belongs in a thread of its own, because heartbeats must go on meanwhile [K7].
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
import types

import msgpack
import zmq

HEARTBEAT, BYE, RESET, COMPLAINT = 10, 11, 12, 13
WORKER_HELLO, CREDIT, QUERY, DRAIN, OUTCOME = 31, 32, 33, 34, 35
WORKER_WELCOME, UNIT, CANCEL, ANSWER, DRAINED = 40, 41, 42, 43, 44
OPEN, MESSAGE, CLOSE, TIMER, GROUP = 1, 2, 3, 4, 5
DONE, FAILED = 0, 1
UIDS_OF_GROUPS = 6
QUERY_TIME = 5  # seconds that an answer may take
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


def read_key(path):
    """The key in a file: what is no comment in it [S4]."""
    with open(path, "rb") as file:
        return next(line.strip() for line in file if line.strip() and not line.startswith(b"#"))


def outcomes_topic(link):
    return b"o" + struct.pack(">Q", link)  # [S3]


# ---- effects

def send_to_clients(clients, payload, without=(), binary=False):
    return [1, [0, list(clients), list(without), payload, binary]]


def send_to_groups(groups, payload, without=(), binary=False):
    return [1, [2, list(groups), list(without), payload, binary]]


def send_to_client(client, payload, binary=False):
    return send_to_clients([client], payload, binary=binary)


def bind(client, uid):
    return [2, client, uid]


def join(client, group, watch=False):
    return [3, client, group, watch]


def leave(client, group):
    return [4, client, group]


def set_session(client, session, expected=None):
    return [6, client, expected, session]


def set_timer(client, name, milliseconds, payload=b""):
    return [8, client, name, milliseconds, payload]


# ---- questions

class Query:
    """What a handler asks the broker: it yields one, and gets an Answer, or None when there is none in time [B12]."""

    def __init__(self, ask, clients=(), names=()):
        self.ask, self.clients, self.names = ask, list(clients), list(names)

    def record(self, number, cursor):
        return [QUERY, number, self.ask, self.clients, self.names, cursor, 0]


Answer = collections.namedtuple("Answer", "complete items")  # not complete: a gateway is away, there may be more


class Unit:
    """The events of one client that are to be handled, one after another, and what is known about that client."""

    def __init__(self, fields):
        (self.id, self.attempt, self.client, self.gateway, self.peer, self.session_version, self.session, self.uid,
         self.groups, self.events) = fields[:10]
        self.begun = None  # when the first event was

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
#
# A handler answers the effects of one event. An exception makes it a failure: the broker tries again, elsewhere if it can.
# One that has to ask the broker first is a generator.

def echo(unit, kind, payload, binary):
    if kind == MESSAGE:
        return [send_to_client(unit.client, payload, binary)]
    return []


handle = echo


# ---- the bus

class Lost(Exception):
    """The link is over [L7]: close the sockets, wait, dial anew. Everything that belonged to it is forgotten [K5]."""


class Asking:
    """A handler that waits for the broker's answer, which may come in pages."""

    def __init__(self, generator, query):
        self.generator, self.query = generator, query
        self.number = None  # of the page that was asked for last
        self.items, self.complete, self.answer = [], True, None
        self.deadline = time.monotonic() + QUERY_TIME

    def take(self, complete, items, cursor):
        """One page. Answers whether that was all."""
        self.items += items
        self.complete = self.complete and complete
        if not cursor:
            self.answer = Answer(self.complete, self.items)
        return not cursor

    def over(self):
        return self.answer is not None or time.monotonic() >= self.deadline


class Link:
    def __init__(self, context, broker, hello, keys=()):
        self.keys = keys      # its own secret one, and the broker's public one
        self.id = secrets.randbits(64) or 1  # [L1]
        self.hello = hello
        self.dealer = self.connect(context.socket(zmq.DEALER), broker, 2, ".backend")
        self.pub = self.connect(context.socket(zmq.PUB), broker, 3, ".outcomes")
        self.live = False
        self.units = collections.deque()
        self.asking = None    # what the first event of the first unit waits for
        self.asked = 0        # number of the last query
        self.outcomes, self.outcome_bytes = [], 0  # that are not published yet
        self.received = 0     # number of the last unit, cancel or drained taken [L3]
        self.sent = 0         # number of the last outcome [L2]
        self.committed = 0    # the last one that the broker has committed
        self.credit = 0       # as told last
        self.unit_time = None  # seconds that a unit takes
        self.drain_said = self.drained = False
        self.heard = self.beat = self.turn = time.monotonic()

    def connect(self, sock, broker, offset, suffix):
        for option, value in ((zmq.RCVHWM, 0), (zmq.LINGER, 0), (zmq.RECONNECT_IVL, -1), (zmq.MAXMSGSIZE, MAX_FRAME)):
            sock.setsockopt(option, value)  # [S2]
        if sock.type == zmq.DEALER:
            sock.setsockopt(zmq.IMMEDIATE, 1)
        if self.keys:  # [S4]
            sock.curve_secretkey, sock.curve_serverkey = self.keys
            sock.curve_publickey = zmq.curve_public(self.keys[0])
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

    def put(self, outcome, size):
        self.sent += 1
        self.outcomes.append(outcome)
        self.outcome_bytes += size
        if self.outcome_bytes > BATCH:  # [W3]
            self.publish()

    def publish(self):
        if self.outcomes:
            frame = pack(self.id, self.sent - len(self.outcomes) + 1, self.outcomes)
            self.pub.send(outcomes_topic(self.id) + frame, zmq.DONTWAIT)
        self.outcomes, self.outcome_bytes = [], 0

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
            if self.units and [self.units[0].id, self.units[0].attempt] == fields[:2]:
                self.asking = None
            self.units = collections.deque(unit for unit in self.units if [unit.id, unit.attempt] != fields[:2])
        elif kind == ANSWER:
            number, complete, items, cursor = fields[:4]
            if self.asking and number == self.asking.number and not self.asking.take(complete, items, cursor):
                self.ask(cursor)
        elif kind == DRAINED:
            self.drained = True
        elif kind == HEARTBEAT:
            if fields[0] > self.received:
                raise Lost("units were lost")  # [L5]
        elif kind == RESET:
            raise Lost(f"the broker says: {fields[0]!r}")
        elif kind == COMPLAINT:
            print(f"the broker complains: {fields[0]!r}", file=sys.stderr)
        else:
            self.say([COMPLAINT, b"a record of type %d is not known here" % kind])  # [W2]

    # -- work

    def work(self):
        """Handles a millisecond's worth of events, and says what came of each [K2]."""
        end = time.monotonic() + 0.001
        while self.units and time.monotonic() < end:
            unit = self.units[0]
            unit.begun = unit.begun or time.monotonic()
            if unit.events and not self.handle_one(unit):
                break  # it waits for an answer; nothing else is begun meanwhile
            if not unit.events:
                self.units.popleft()
                took = time.monotonic() - unit.begun
                self.unit_time = took if self.unit_time is None else self.unit_time + (took - self.unit_time) / 4
        self.publish()

    def handle_one(self, unit):
        """The unit's next event. False: it is not done."""
        seq, kind, binary, payload = unit.events[0][:4]
        try:
            effects = self.resume() if self.asking else self.run(handle(unit, kind, payload, binary))
            if effects is None:
                return False
            unit.apply(effects)
            outcome = [OUTCOME, unit.id, unit.attempt, seq, DONE, effects, b"", 0]
            del unit.events[0]
        except Lost:
            raise
        except Exception as error:
            print(f"client {unit.client.hex()} event {seq}: {error!r}", file=sys.stderr)
            outcome = [OUTCOME, unit.id, unit.attempt, seq, FAILED, [], repr(error).encode()[:1024], 0]
            unit.events = []  # [K3]
        self.put(outcome, len(payload))
        return True

    def run(self, effects, answer=None):
        """Effects as they are, or those of a generator once it has no more questions. None: it has one."""
        if not isinstance(effects, types.GeneratorType):
            return effects
        try:
            self.asking = Asking(effects, effects.send(answer))
        except StopIteration as done:
            return done.value
        self.ask(b"")
        return None

    def resume(self):
        if not self.asking.over():
            return None
        asking, self.asking = self.asking, None
        return self.run(asking.generator, asking.answer)

    def ask(self, cursor):
        self.asked += 1
        self.asking.number = self.asked
        self.say(self.asking.query.record(self.asked, cursor))

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
            self.dealer.poll(250 if self.asking or not self.units else 0)
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
    keys = [read_key(os.environ[name]) for name in ("FAIRLEAD_KEY", "FAIRLEAD_BROKER_KEY") if os.environ.get(name)]
    name = f"python:{socket.gethostname()[:64]}:{os.getpid()}"
    hello = [WORKER_HELLO, secrets.randbits(64) or 1, name.encode(), b"1", handle.__name__.encode()]
    signals = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: signals.append(1))
    context = zmq.Context()
    failures = 0
    while not signals:
        link = Link(context, broker, hello, keys)
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
