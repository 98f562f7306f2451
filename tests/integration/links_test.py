#!/usr/bin/python3
"""The network cuts connections between the processes. Users' connections stay, and nothing is lost."""

import shutil
import subprocess

from bus import BusTest, main
from users import User

SOCKETS = {"frontend": 0, "deliveries": 1, "backend": 2, "outcomes": 3}


def cut(port):
    """Resets every connection to a port, as a middlebox would."""
    done = subprocess.run(["ss", "-K", "-t", "dport", "=", f":{port}"], capture_output=True, text=True, check=False)
    return done.stdout.count("ESTAB")


class Links(BusTest):
    def setUp(self):
        if not shutil.which("ss"):
            self.skipTest("ss (Debian: iproute2) is missing")

    def test_each_kind_of_link_is_cut_under_load(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(), bus.worker(name="worker2"))
            user = User(bus.address("line"))
            oracle = bus.oracle("line", "ws", gateways=("gateway1", "gateway2"), clients=16)
            for name, offset in SOCKETS.items():
                for _ in range(2):
                    begin = bus["broker"].mark()
                    self.assertGreater(cut(bus.port + offset), 0, f"nothing was cut: {name}")
                    who = "gateway" if offset < 2 else "worker"
                    for number in (1, 2):
                        bus["broker"].wait_for(f"{who}_here .*{who}{number}", since=begin)
                    oracle.wait_for_replies(300)
            user.echoes("end")
            oracle.finish()
            self.assertFalse(bus["broker"].find("dead_letter|gateway_gone"))

    def test_everything_is_cut_again_and_again(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker(), bus.worker("--threads", 2, name="worker2"))
            oracle = bus.oracle("line", "ws", clients=16)
            for _ in range(8):
                for offset in SOCKETS.values():
                    cut(bus.port + offset)
                oracle.wait_for_replies(200)
            oracle.finish()
            self.assertFalse(bus["broker"].find("dead_letter|gateway_gone"))


if __name__ == "__main__":
    main()
