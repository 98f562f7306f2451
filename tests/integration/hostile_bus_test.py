#!/usr/bin/python3
"""Garbage on the bus's own ports: raw bytes, and ZeroMQ peers that break the protocol. The processes live, memory is
bounded, and the users of the bus do not notice."""

import os
import socket
import struct

import msgpack
import zmq

from bus import BusTest, main
from process import wait_until

MEGABYTES = 1 << 20
GROWTH = 96 * MEGABYTES
FRONTEND, DELIVERIES, BACKEND, OUTCOMES = range(4)
GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL" + b"\0" * 48


def pack(*things):
    return b"".join(msgpack.packb(thing, use_bin_type=True) for thing in things)


def bad_frames(random):
    """Frames that are wrong in one way each."""
    header = [1, 7, 0, 0]
    client = bytes(16)
    yield b""
    yield b"\xc1"
    yield b"hello"
    yield random.randbytes(300)
    yield pack("header")
    yield pack([2, 7, 0, 0], [10, 0])               # another version
    yield pack([1, 7])                              # half a header
    yield pack([1, -7, 0, 0], [10, 0])
    yield pack([1, 2.5, 0, 0], [10, 0])
    yield pack(header) + b"\xdd\xff\xff\xff\xff"      # a record of 4,294,967,295 fields
    yield pack(header) + b"\x92\x0b\xc6\xff\xff\xff\xff"  # a reason of 4 GiB
    yield pack(header) + b"\x91" * 10000            # nested without end
    yield pack(header, [10, 0])[:-1]                # cut off
    yield pack(header, [])                          # a record without a type
    yield pack(header, ["text", 0])
    yield pack(header, {1: 2})
    yield pack(header, [99, "unknown"])
    yield pack(header, [1, 5, b"x" * 1000, 0, 0])   # a name over the limit
    yield pack(header, [1, 0, b"name", 0, 0])
    yield pack(header, [31, 5, b"name"])
    yield pack(header, [31, "five", b"name", b"1", b"echo"])
    yield pack(header, [32, 1 << 63])               # credit
    yield pack(header, [33, 1, 99, [], [], b"", 1 << 40])
    yield pack([1, 7, 1, 0], [3, client, 1, 2, False, b"x" * (MEGABYTES + 1)])
    yield pack([1, 7, 1 << 63, 1 << 63], [3, client, 1 << 63, 9, 1, b""])
    yield pack([1, 7, 1, 0], [35, 1, 1, 1, 0, [[1, [3, [], [], b"to all", False]]] * 300, b"", 0])
    yield pack([1, 7, 1, 0], [2, client, 1, b"peer", None, [b"g"] * 5000, 0, b""])


class HostileBus(BusTest):
    def world(self, bus):
        bus.start(bus.broker(), bus.gateway(), bus.worker(), bus.worker(name="worker2"))
        oracle = bus.oracle("line", "ws", clients=8, rate=1000)
        return oracle, {name: bus[name].memory() + GROWTH for name in ("broker", "gateway1", "worker1", "worker2")}

    def check(self, bus, oracle, limits):
        oracle.wait_for_replies(300)
        oracle.finish()
        for name, limit in limits.items():
            self.assertTrue(bus[name].is_alive(), name)
            self.assertLess(bus[name].memory(), limit, name)
        self.assertFalse(bus["broker"].find("gateway_lost|worker_lost|dead_letter"), "no link that lived was reset for it")

    def peer(self, context, kind, bus, offset):
        peer = context.socket(kind)
        peer.setsockopt(zmq.LINGER, 1000)
        peer.setsockopt(zmq.SNDTIMEO, 5000)
        peer.connect(f"tcp://127.0.0.1:{bus.port + offset}")
        return peer

    def test_raw_bytes(self):
        random = self.random()
        with self.bus(tcp=True) as bus:
            world = self.world(bus)
            hostile = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", GREETING[:10], GREETING, GREETING + random.randbytes(1000),
                       GREETING + b"\x02" + struct.pack(">Q", 1 << 62), GREETING + b"\x02" + struct.pack(">Q", (1 << 64) - 1),
                       b"\x01\0", b"\xff" * 1000, b"\0" * 1000, *(random.randbytes(random.randrange(1, 3000)) for _ in range(30))]
            held = []
            for offset in (FRONTEND, DELIVERIES, BACKEND, OUTCOMES):
                for data in hostile:
                    sock = socket.create_connection(("127.0.0.1", bus.port + offset), timeout=30)
                    try:
                        sock.sendall(data)
                    except ConnectionError:
                        pass
                    held.append(sock)
            self.check(bus, *world)
            for sock in held:
                sock.close()

    def test_zeromq_peers_that_send_bad_frames(self):
        random = self.random()
        with self.bus(tcp=True) as bus, zmq.Context() as context:
            world = self.world(bus)
            begin = bus["broker"].mark()
            for frame in bad_frames(random):
                for kind, offset in ((zmq.DEALER, FRONTEND), (zmq.DEALER, BACKEND), (zmq.PUB, OUTCOMES)):
                    with self.peer(context, kind, bus, offset) as peer:
                        if kind == zmq.PUB:
                            wait_until(lambda: peer.getsockopt(zmq.EVENTS) & zmq.POLLOUT, "a connection")
                        for parts in ([frame], [frame, frame], [b"", frame], [b"o" + struct.pack(">Q", 7) + frame]):
                            peer.send_multipart(parts)
            bus["broker"].wait_for("warning .*bad_frame", since=begin)
            self.check(bus, *world)

    def test_strangers_who_speak_for_others(self):
        """Links, units and clients that exist, from a peer that has nothing to do with them."""
        with self.bus(tcp=True) as bus, zmq.Context() as context:
            world = self.world(bus)
            spoof = context.socket(zmq.SUB)
            spoof.setsockopt(zmq.SUBSCRIBE, b"g")
            spoof.connect(f"tcp://127.0.0.1:{bus.port + DELIVERIES}")
            spoof.setsockopt(zmq.RCVTIMEO, 30000)
            link = struct.unpack(">Q", spoof.recv()[1:9])[0]  # of the real gateway
            with self.peer(context, zmq.DEALER, bus, FRONTEND) as peer:
                for _ in range(100):
                    peer.send(pack([1, link, 0, 0], [11, b"goodbye in your name"]))
                    peer.send(pack([1, link, 1, 0], [3, os.urandom(16), 1, 1, False, b""]))
                    peer.send(pack([1, link, 0, 1 << 62], [10, 1 << 62]))
            with self.peer(context, zmq.DEALER, bus, BACKEND) as peer, self.peer(context, zmq.PUB, bus, OUTCOMES) as pub:
                for unit in range(2000):
                    frame = pack([1, unit + 1, 1, 0], [35, unit, 1, 1, 0, [], b"", 0])
                    peer.send(frame)
                    pub.send(b"o" + struct.pack(">Q", unit + 1) + frame)
            self.check(bus, *world)
            spoof.close(0)

    def test_a_flood_of_subscriptions(self):
        with self.bus(tcp=True) as bus, zmq.Context() as context:
            world = self.world(bus)
            with self.peer(context, zmq.SUB, bus, DELIVERIES) as peer:
                for number in range(10000):
                    peer.setsockopt(zmq.SUBSCRIBE, b"g" + struct.pack(">Q", number) + b"x" * (number % 50))
                with self.peer(context, zmq.XSUB, bus, DELIVERIES) as other:
                    for number in range(2000):
                        other.send(bytes([number % 3]) + os.urandom(20))
                    self.check(bus, *world)

    def test_hundreds_of_hellos_that_are_never_followed_by_anything(self):
        with self.bus(tcp=True) as bus, zmq.Context() as context:
            world = self.world(bus)
            with self.peer(context, zmq.DEALER, bus, FRONTEND) as gateway, self.peer(context, zmq.DEALER, bus, BACKEND) as worker:
                for number in range(1, 3000):
                    gateway.send(pack([1, number, 0, 0], [1, number, b"gateway %d" % number, 0, 0]))
                    worker.send(pack([1, number, 0, 0], [31, number, b"worker %d" % number, b"1", b"echo"]))
                self.check(bus, *world)

    def test_floods_that_nobody_reads_the_answers_to(self):
        with self.bus(tcp=True) as bus, zmq.Context() as context:
            world = self.world(bus)
            with self.peer(context, zmq.DEALER, bus, FRONTEND) as peer:
                peer.setsockopt(zmq.RCVHWM, 1)
                frame = pack([1, 7, 0, 0], [10, 0])
                for _ in range(100000):
                    peer.send(frame)
                self.check(bus, *world)


if __name__ == "__main__":
    main()
