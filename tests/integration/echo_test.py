#!/usr/bin/python3
"""What users of the echo app say comes back, through every kind of listener."""

import socket

from bus import BusTest, main
from users import Gone, User

KINDS = ("line", "frame", "ws")
TEXT = "grüße, 世界"


class Echo(BusTest):
    def test_what_is_said_comes_back_whatever_the_protocol(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            for kind in KINDS:
                user = User(bus.address(kind))
                for text in (TEXT, "", "x" * 65536):
                    user.echoes(text)

    def test_over_ipv6_too(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(host="[::1]"), bus.worker())
            for kind in KINDS:
                User(bus.address(kind)).echoes(TEXT)

    def test_over_tcp_between_the_processes(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            for kind in KINDS:
                User(bus.address(kind)).echoes(TEXT)

    def test_bytes_that_are_no_text(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            User(bus.address("frame")).echoes(bytes(range(256)))
            User(bus.address("line")).echoes(bytes(set(range(256)) - {10, 13}))

    def test_several_gateways_and_workers_with_several_threads(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker("--threads", 2), bus.worker(name="worker2"))
            oracle = bus.oracle(*KINDS, gateways=("gateway1", "gateway2"), clients=24)
            oracle.wait_for_replies(2000)
            oracle.finish()

    def test_a_worker_in_python(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.python_worker())
            oracle = bus.oracle(*KINDS, clients=6)
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_who_stops_talking_still_hears_all_answers(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            for kind in ("line", "frame"):
                user = User(bus.address(kind))
                for number in range(200):
                    user.say(str(number))
                user.socket.shutdown(socket.SHUT_WR)
                self.assertEqual([user.next() for _ in range(200)], [str(number).encode() for number in range(200)])
                with self.assertRaises(Gone):
                    user.next()

    def test_port_0_is_a_port_that_the_ready_line_tells(self):
        with self.bus() as bus:
            gateway = bus.gateway(listen=())
            gateway.command += ["--listen", "line://127.0.0.1:0"]
            bus.start(bus.broker(), gateway, bus.worker())
            address = gateway.wait_for(r"ready .*(line://127\.0\.0\.1:[1-9]\d*)").group(1)
            User(address).echoes(TEXT)


if __name__ == "__main__":
    main()
