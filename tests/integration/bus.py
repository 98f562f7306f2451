"""Whole buses of real processes for tests: any topology, started and hurt in any order.

    class Echo(BusTest):
        def test_what_is_said_comes_back(self):
            with self.bus(app="echo") as bus:
                bus.start(bus.broker(), bus.gateway(), bus.worker())
                User(bus.address("line")).echoes("hello")

A test never sleeps to give something time to happen: it waits, with a deadline, until it has. `hold` is for faults that
must last. At the end of the `with`, every process that should still be there must be, and must leave with 0 on SIGTERM;
after a failure everything that was said is printed, with how to run that test again.

The programs are those of $FAIRLEAD_BIN (default: build/dev/bin).
"""

import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from process import PATIENCE, Process, wait_until
from users import User

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FAIRLEAD_BIN", ROOT / "build" / "dev" / "bin"))
PYTHON = "/usr/bin/python3"
BUS_PORTS = 6


def hold(seconds):
    """Lets a fault last."""
    time.sleep(seconds)


def free_ports(count):
    """A row of ports that nobody has. They lie below those that the kernel hands out to connections."""
    for _ in range(1000):
        first = random.randrange(10000, 32000)
        sockets = []
        try:
            for port in range(first, first + count):
                for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                    one = socket.socket(family)
                    sockets.append(one)
                    one.bind((host, port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


class Oracle(Process):
    """fairlead-oracle: users of the echo app who count what is lost, doubled, out of order, and who is hung up on."""

    def __init__(self, name, addresses, clients, in_flight, rate=0, payload=0, patience=PATIENCE):
        command = [BIN / "fairlead-oracle", "--clients", clients, "--in-flight", in_flight, "--seconds", 0, "--until-eof",
                   "--progress", "--max-rate", rate, "--payload", payload, "--patience", f"{patience}s"]
        for address in addresses:
            command += ["--connect", address]
        super().__init__(name, command, stdin=subprocess.PIPE)

    def received(self):
        """How many replies have come so far."""
        told = self.find(r"progress sent=\d+ received=(\d+)")
        return int(told[-1].group(1)) if told else 0

    def wait_for_replies(self, count, patience=PATIENCE):
        """Until that many more replies have come."""
        begin = self.received()
        wait_until(lambda: self.received() >= begin + count,
                   lambda: f"{self.name}: {self.received() - begin} of {count} more replies", patience)

    def result(self, patience=2 * PATIENCE):
        """Ends the sending, waits for what is under way, and returns the counts."""
        self.popen.stdin.close()
        self.exit_code(patience)
        assert self.output, f"{self.name} told no result"
        result = json.loads(self.output[-1])
        self._note(f"result {result}")
        return result

    def finish(self, at_least=1):
        """The same, and nothing may have gone wrong for anybody."""
        result = self.result()
        wrong = {key: result[key] for key in ("lost", "duplicated", "reordered", "foreign", "disconnected") if result[key]}
        assert not wrong, f"{self.name}: {wrong} in {result}"
        assert result["sent"] == result["received"] >= at_least, f"{self.name}: {result}"
        return result


class Bus:
    """A topology under one roof. Its processes are made by name, then started, and known as bus["worker1"]."""

    def __init__(self, test_id, app="echo", tcp=False, host="127.0.0.1"):
        self.test_id = test_id
        self.app = app
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fairlead-"))
        self.port = free_ports(BUS_PORTS) if tcp else None
        self.endpoint = f"tcp://{host}:{self.port}" if tcp else f"ipc://{self.folder}/bus"
        self.processes = {}
        self.away = set()  # those that are meant to be dead
        self.listeners = {}  # of each gateway
        self.at_end = []  # called when no process is left

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            User.close_all()
            if kind is None:
                self.leave()
        except BaseException as late:
            kind, error = type(late), late
            raise
        finally:
            for process in self.processes.values():
                process.clean_up()
            for undo in self.at_end:
                undo()
            if kind is not None and kind is not unittest.SkipTest:
                self.tell(error)
            shutil.rmtree(self.folder, ignore_errors=True)

    def __getitem__(self, name):
        return self.processes[name]

    # -- what there is

    def add(self, process):
        assert process.name not in self.processes, process.name
        self.processes[process.name] = process
        return process

    def broker(self, *options, name="broker"):
        return self.add(Process(name, [BIN / "fairlead-broker", "--listen", self.endpoint, "--journal", self.folder / "journal",
                                       *options]))

    def gateway(self, *options, name="gateway1", listen=("line", "frame", "ws"), host="127.0.0.1"):
        """Its ports are chosen here, so that they are known before it runs and the same after a restart."""
        first = free_ports(len(listen))
        addresses = {kind: f"{kind}://{host}:{first + i}" + ("/ws" if kind in ("ws", "wss") else "") for i, kind in enumerate(listen)}
        self.listeners[name] = addresses
        command = [BIN / "fairlead-gateway", "--broker", self.endpoint, "--name", name]
        for address in addresses.values():
            command += ["--listen", address]
        return self.add(Process(name, [*command, *options]))

    def worker(self, *options, name="worker1", app=None):
        return self.add(Process(name, [BIN / "fairlead-worker", "--broker", self.endpoint, "--app", app or self.app, "--name", name,
                                       "--store", f"lmdb:{self.folder}/store", *options]))

    def python_worker(self, name="python1"):
        return self.add(Process(name, [PYTHON, ROOT / "examples" / "python_worker.py", self.endpoint]))

    def telling_worker(self, name="telling1"):
        """What it tells: see there."""
        return self.add(Process(name, [PYTHON, ROOT / "tests" / "integration" / "telling_worker.py", self.endpoint]))

    def oracle(self, *kinds, gateways=("gateway1",), clients=8, in_flight=8, name="oracle", **settings):
        """Started, connected, and with its first replies."""
        oracle = self.add(self.make_oracle(*kinds, gateways=gateways, clients=clients, in_flight=in_flight, name=name, **settings))
        oracle.start()
        oracle.wait_for_replies(clients)
        return oracle

    def make_oracle(self, *kinds, gateways, clients=8, in_flight=8, name="oracle", **settings):
        addresses = [self.address(kind, gateway) for gateway in gateways for kind in kinds or ("line",)]
        return Oracle(name, addresses, clients, in_flight, **settings)

    def address(self, kind, gateway="gateway1"):
        return self.listeners[gateway][kind]

    # -- what happens to it

    def start(self, *processes):
        """Starts them in this order, at once, and waits until all of them are ready."""
        for process in processes:
            process.start()
            self.away.discard(process.name)
        for process in processes:
            process.wait_ready()

    def kill(self, *processes):
        for process in processes:
            self.away.add(process.name)
            process.kill()

    def stop(self, *processes):
        for process in processes:
            self.away.add(process.name)
            process.stop()

    def restart(self, process, how="stop"):
        (self.kill if how == "kill" else self.stop)(process)
        self.start(process)

    def leave(self):
        """The end of a test: what runs is asked to stop, from the users' side on, and does."""
        for process in self.processes.values():
            if not isinstance(process, Oracle) and process.popen is not None and process.name not in self.away:
                assert process.is_alive(), f"{process.name} has ended with {process.popen.returncode}"
        for program in ("fairlead-oracle", "fairlead-gateway", "", "fairlead-broker"):
            for process in self.processes.values():
                if process.is_alive() and any(word.endswith(program) for word in process.command):
                    process.stop()

    # -- when it went wrong

    def tell(self, error):
        out = [f"\n==== {self.test_id} failed: {error}"]
        for name, process in self.processes.items():
            state = "running" if process.is_alive() else f"exit code {process.popen.returncode if process.popen else None}"
            lines = [line for line in process.lines if not line.startswith("progress ")]
            if len(lines) > 400:
                lines = lines[:200] + [f"… {len(lines) - 400} lines …"] + lines[-200:]
            out += [f"---- {name} ({state})"] + lines + [f"(stdout) {line}" for line in getattr(process, "output", [])[:50]]
        out += [f"==== again: FAIRLEAD_BIN={BIN} FAIRLEAD_SEED={SEED} {PYTHON} {pathlib.Path(sys.argv[0]).resolve()} "
                f"{re.sub(r'^__main__.', '', self.test_id)}", ""]
        print("\n".join(out), file=sys.stderr, flush=True)


SEED = int(os.environ.get("FAIRLEAD_SEED", "0")) or random.SystemRandom().getrandbits(32)


class BusTest(unittest.TestCase):
    def bus(self, **settings):
        return Bus(self.id(), **settings)

    def random(self):
        """Random bytes that come again with $FAIRLEAD_SEED."""
        return random.Random(SEED)


def main():
    unittest.main(module="__main__", verbosity=2)
