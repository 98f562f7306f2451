#!/usr/bin/python3
"""A bus with keys: who may come in, who may not, and how that is changed while it runs."""

import re
import signal
import subprocess

from api import ApiPublisher
from bus import BIN, PYTHON, ROOT, BusTest, hold, main
from process import Process, wait_until
from scraper import scrape
from users import ChatUser, User


class KeyedBus:
    """What a bus with keys has beside its processes: a folder of keys, and the file of peers."""

    def __init__(self, bus, peers):
        self.bus = bus
        self.file = bus.folder / "peers"
        for name in {"broker", "stranger", *peers}:
            keygen(bus.folder / f"{name}.key")
        self.peers = dict(peers)
        self.write()

    def write(self):
        lines = (f"{role} {self.public(name)} {name}\n" for name, role in self.peers.items())
        self.file.write_text("# role key name\n" + "".join(lines), encoding="utf-8")

    def public(self, name):
        return (self.bus.folder / f"{name}.key.pub").read_text(encoding="utf-8").strip()

    def broker(self, *options):
        return self.bus.broker("--key", self.bus.folder / "broker.key", "--peers", self.file, *options)

    def of(self, name):
        """The flags of whoever connects as that one."""
        return ("--key", self.bus.folder / f"{name}.key", "--broker-key", self.bus.folder / "broker.key.pub")


def keygen(path):
    subprocess.run([BIN / "fairlead-ctl", "keygen", path], check=True, capture_output=True, timeout=60)


def metrics_port(broker):
    return int(re.search(r"metrics=127\.0\.0\.1:(\d+)", broker.wait_ready())[1])


def ctl(bus, *words):
    return subprocess.run([BIN / "fairlead-ctl", "--broker", bus.endpoint, *words], capture_output=True, text=True,
                          timeout=60, check=False)


class Keys(BusTest):
    def test_a_bus_with_keys_serves_those_who_have_them(self):
        with self.bus(app="chat", tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "worker": "worker", "operator": "operator", "python": "worker"})
            bus.start(keyed.broker(), bus.gateway(*keyed.of("gateway")), bus.worker(*keyed.of("worker")))
            one, two = (ChatUser(bus.address(kind)) for kind in ("line", "ws"))
            one.say("hello")
            two.until({"type": "say", "text": "hello"})
            status = ctl(bus, *keyed.of("operator"), "status")
            self.assertEqual(status.returncode, 0, status.stderr)
            tap = bus.add(Process("tap", [BIN / "fairlead-tap", "--broker", bus.endpoint, "--count", "1", *keyed.of("operator"), "up"]))
            tap.start()
            tap.wait_for("listening to")
            one.say("again")
            self.assertEqual(tap.exit_code(), 0)
            bus.away.add("tap")
            secrets = [(bus.folder / f"{name}.key").read_text(encoding="utf-8").splitlines()[-1] for name in ("broker", "gateway", "worker")]
            said = "\n".join(line for process in bus.processes.values() for line in process.lines)
            for secret in secrets:
                self.assertNotIn(secret, said)

    def test_a_python_worker_has_keys_too(self):
        with self.bus(tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "python": "worker"})
            files = dict(zip(("FAIRLEAD_KEY", "FAIRLEAD_BROKER_KEY"), map(str, keyed.of("python")[1::2])))
            python = bus.add(Process("python", [PYTHON, ROOT / "examples" / "python_worker.py", bus.endpoint], environment=files))
            bus.start(keyed.broker(), bus.gateway(*keyed.of("gateway")), python)
            User(bus.address("line")).echoes("hello")

    def test_strangers_and_those_with_another_role_stay_outside(self):
        with self.bus(tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "worker": "worker", "tap": "tap"})
            broker = keyed.broker("--metrics", "127.0.0.1:0")
            bus.start(broker, bus.gateway(*keyed.of("gateway")), bus.worker(*keyed.of("worker")))
            outside = [bus.worker(*keyed.of("stranger"), name="stranger"), bus.worker(*keyed.of("gateway"), name="disguised"),
                       bus.worker(name="without")]
            for worker in outside:
                worker.start()
            broker.wait_for(r"peer_refused .*socket=backend .*its key is not among the peers; to let it in, add it there as worker")
            wait_until(lambda: broker.find(r"peer_refused .*the key of gateway is a gateway's, and this socket is for a worker"),
                       "the gateway's key does not open the workers' sockets")
            User(bus.address("line")).echoes("hello")
            self.assertGreaterEqual(scrape(metrics_port(broker)).values["fairlead_broker_peers_refused_total"], 2)
            for words in (keyed.of("tap"), keyed.of("stranger"), ()):
                self.assertEqual(ctl(bus, "--timeout", "500ms", *words, "status").returncode, 3)
            self.assertIn("give --key and --broker-key", ctl(bus, "--timeout", "500ms", "status").stderr)
            for worker in outside:
                self.assertFalse(worker.find(" ready "), f"{worker.name} has got in")

    def test_a_tap_that_is_shut_out_hears_and_costs_nothing_any_more(self):
        with self.bus(tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "worker": "worker", "tap": "tap"})
            broker = keyed.broker("--metrics", "127.0.0.1:0")
            bus.start(broker, bus.gateway(*keyed.of("gateway")), bus.worker(*keyed.of("worker")))
            port = metrics_port(broker)
            tap = bus.add(Process("tap", [BIN / "fairlead-tap", "--broker", bus.endpoint, *keyed.of("tap")]))
            tap.start()
            tap.wait_for("listening to")
            self.assertEqual(scrape(port).values["fairlead_broker_tap_filters"], 1)
            del keyed.peers["tap"]
            keyed.write()
            broker.signal(signal.SIGHUP)
            broker.wait_for("everybody_cut")
            tap.wait_for("no word from the broker")
            heard = len(tap.output)
            User(bus.address("line")).echoes("hello")
            wait_until(lambda: scrape(port).values["fairlead_broker_tap_filters"] == 0, "its filter is forgotten")
            self.assertEqual(len(tap.output), heard)

    def test_a_publisher_has_keys_too(self):
        with self.bus(tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "worker": "worker", "publisher": "worker"})
            bus.start(keyed.broker(), bus.gateway(*keyed.of("gateway")), bus.worker(*keyed.of("worker")))
            user = User(bus.address("line"))
            user.echoes("hello")
            publisher = ApiPublisher(bus, keys=keyed.of("publisher")[1::2])
            self.assertEqual(publisher.says("all from outside"), "ok")
            self.assertEqual(user.next(), b"from outside")
            outside = ApiPublisher(bus, name="outside", patience=1)
            self.assertIn("not confirmed", outside.says("all from nobody"))
            bus.kill(outside)
            outside.popen.stdin.close()

    def test_peers_are_let_in_and_shut_out_while_users_notice_nothing(self):
        with self.bus(tcp=True) as bus:
            keyed = KeyedBus(bus, {"gateway": "gateway", "worker1": "worker"})
            keygen(bus.folder / "worker2.key")
            broker, gateway = keyed.broker(), bus.gateway(*keyed.of("gateway"))
            bus.start(broker, gateway, bus.worker(*keyed.of("worker1")))
            oracle = bus.oracle("line", "ws", rate=2000)
            second = bus.worker(*keyed.of("worker2"), name="worker2")
            second.start()
            broker.wait_for("peer_refused")
            keyed.peers["worker2"] = "worker"
            keyed.write()
            broker.signal(signal.SIGHUP)
            second.wait_ready()
            oracle.wait_for_replies(500)

            keyed.file.write_text("nonsense\n", encoding="utf-8")
            broker.signal(signal.SIGHUP)
            broker.wait_for("peers_not_reloaded .*line 1: 'nonsense' is no role")
            oracle.wait_for_replies(500)

            del keyed.peers["worker1"]
            keyed.write()
            broker.signal(signal.SIGHUP)
            broker.wait_for("everybody_cut")
            oracle.wait_for_replies(2000)
            wait_until(lambda: broker.find("peer_refused .*socket=(backend|outcomes)")[1:], "worker1 knocks in vain")
            hold(1)
            oracle.finish(at_least=3000)


class Flags(BusTest):
    def check(self, program, *options):
        return subprocess.run([BIN / program, "--check-config", *options], capture_output=True, text=True, timeout=60, check=False)

    def test_half_a_lock_is_none(self):
        with self.bus() as bus:
            keygen(bus.folder / "a.key")
            key = str(bus.folder / "a.key")
            for program, options, told in (
                    ("fairlead-broker", ["--key", key], "--key and --peers need each other"),
                    ("fairlead-broker", ["--key", key, "--peers", "/none"], "/none: No such file"),
                    ("fairlead-worker", ["--key", key], "--key also needs --broker-key"),
                    ("fairlead-worker", ["--broker-key", key + ".pub"], "--broker-key also needs --key"),
                    ("fairlead-worker", ["--key", "/none", "--broker-key", key + ".pub"], "/none: No such file")):
                with self.subTest(options=options):
                    ended = self.check(program, *options)
                    self.assertNotEqual(ended.returncode, 0)
                    self.assertIn(told, ended.stderr)

    def test_a_key_is_not_written_over(self):
        with self.bus() as bus:
            keygen(bus.folder / "a.key")
            again = ctl(bus, "keygen", bus.folder / "a.key")
            self.assertEqual(again.returncode, 1)
            self.assertIn("is there already", again.stderr)


if __name__ == "__main__":
    main()
