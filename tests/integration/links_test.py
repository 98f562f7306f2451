#!/usr/bin/python3
"""The network cuts connections between the processes. Users' connections stay, and nothing is lost."""

import itertools
import os
import shutil
import subprocess

from bus import BusTest, hold, main
from users import User

NUMBERS = itertools.count(1)
SOCKETS = {"frontend": 0, "deliveries": 1, "backend": 2, "outcomes": 3}


def cut(port):
    """Resets every connection to a port, as a middlebox would."""
    done = subprocess.run(["ss", "-K", "-t", "dport", "=", f":{port}"], capture_output=True, text=True, check=False)
    return done.stdout.count("ESTAB")


class Links(BusTest):
    def setUp(self):
        if not shutil.which("ss"):
            self.skipTest("ss (Debian: iproute2) is missing")
        if os.geteuid() != 0:
            self.skipTest("cutting connections from outside needs root")

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


class Partition(BusTest):
    """A worker and a gateway on a machine of their own: a network namespace behind a cable that can be pulled."""

    def setUp(self):
        name = f"fl{os.getpid() % 100000}{next(NUMBERS)}"
        self.inside, self.outside = name + "i", name + "o"
        net = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        self.here, there = net + ".1", net + ".2"
        self.namespace = name
        if not shutil.which("ip") or subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
            self.skipTest("network namespaces need ip (Debian: iproute2) and root")
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
        self.addCleanup(subprocess.run, ["ip", "link", "del", self.outside], capture_output=True, check=False)
        for command in (f"link add {self.outside} type veth peer name {self.inside} netns {name}", f"addr add {self.here}/30 dev {self.outside}",
                        f"link set {self.outside} up", f"-n {name} addr add {there}/30 dev {self.inside}", f"-n {name} link set {self.inside} up",
                        f"-n {name} link set lo up"):
            done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                self.skipTest(f"ip {command}: {done.stderr}")

    def ip(self, command):
        subprocess.run(["ip", *command.split()], check=True)

    def far_away(self, process):
        """The same process behind the cable."""
        process.command = ["ip", "netns", "exec", self.namespace, *process.command]
        return process

    def heal(self, part, heal):
        """Makes the way whole and sees that it is: now and then a virtual cable has to be plugged in once more."""
        try_it = f"import socket; socket.create_connection(('{self.here}', {self.bus_port}), 2).close()"
        for _ in range(10):
            self.ip(heal)
            tried = subprocess.run(["ip", "netns", "exec", self.namespace, "/usr/bin/python3", "-c", try_it], capture_output=True, text=True, check=False)
            if tried.returncode == 0:
                return
            print(f"no way through yet: {tried.stderr.strip().splitlines()[-1]}", flush=True)
            self.ip(part)
        self.fail("the network itself does not come back")

    def partitioned(self, part, heal):
        with self.bus(tcp=True, host=self.here) as bus:
            far = self.far_away(bus.gateway(name="gateway2", host="127.0.0.1")), self.far_away(bus.worker(name="worker2"))
            bus.start(bus.broker(), bus.gateway(), bus.worker(), *far)
            near = bus.oracle("line", "ws", clients=8, rate=1000, name="near")
            distant = bus.add(self.far_away(bus.make_oracle("line", gateways=("gateway2",), clients=8, rate=500, name="distant"))).start()
            distant.wait_for_replies(100)
            self.bus_port = bus.port
            begin = bus["broker"].mark()
            self.ip(part)
            bus["broker"].wait_for("gateway_lost .*gateway2", since=begin)
            bus["broker"].wait_for("worker_lost .*worker2", since=begin)
            near.wait_for_replies(500)
            hold(2)
            self.heal(part, heal)
            bus["broker"].wait_for("gateway_here .*gateway2", since=begin)
            bus["broker"].wait_for("worker_here .*worker2", since=begin)
            distant.wait_for_replies(100)
            near.finish()
            distant.finish()
            self.assertFalse(bus["broker"].find("dead_letter|gateway_gone"))

    def test_the_cable_is_pulled(self):
        self.partitioned(f"link set {self.outside} down", f"link set {self.outside} up")

    def test_only_one_direction_works(self):
        self.partitioned(f"-n {self.namespace} route add blackhole {self.here}/32", f"-n {self.namespace} route del blackhole {self.here}/32")


if __name__ == "__main__":
    main()
