"""Random faults of all kinds, under load, for as long as is wanted, from a seed. tools/soak is its command line, soak_test.py a short run.

There are a broker, two *steady* gateways whose users must notice nothing, one gateway that is killed, stopped and frozen for so long that its
users may be hung up on (but never see anything doubled, reordered or foreign), three workers, and a parent with two more. Each fault is told with
its time when it begins and when it ends. At the end all come back, and the oracles tell what users have seen.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

from bus import BIN, BUS_PORTS, ROOT, Bus
from process import Process, wait_until
from users import User

MEMORY = {"broker": 600 << 20, "gateway": 400 << 20, "worker": 200 << 20}  # at most, whatever happens
GROWTH = 64 << 20        # of a process over its life, seen when all is quiet
JOURNAL = 512 << 20
DRAIN = 60               # seconds for what is under way at the end
LEAVE = 60               # seconds for a process that was told to stop


class Violation(AssertionError):
    pass


class SoakBus(Bus):
    def tell(self, error):
        """What was said is in files."""


class Soak:
    def __init__(self, minutes, seed, users=64, rate=3000, tell=print):
        self.minutes, self.seed, self.users, self.rate, self.tell = minutes, seed, users, rate, tell
        self.random = random.Random(seed)
        self.begun = time.monotonic()
        self.due = []            # (time, what is done then)
        self.busy = {}           # the process's name and its fault, while it lasts
        self.leaving = {}        # told to stop: until when
        self.counts = {}         # of faults, by kind
        self.peak = {}           # of each role's memory
        self.short_lived = []    # results of the third gateway's users
        self.strangers = 0
        self.bus = None

    # -- the story

    def run(self):
        kind = "os" if self.seed % 3 == 0 else "process"
        self.say(f"seed {self.seed}, {self.minutes:g} minutes, {self.users} users, {self.rate} messages a second, journal level {kind}")
        with SoakBus(f"soak seed {self.seed}", tcp=True) as self.bus:
            try:
                self.start(kind)
                self.hurt_for(60 * self.minutes)
                self.heal()
                result = self.judge()
            except BaseException as error:
                self.keep_logs()
                self.say(f"FAILED: {error}")
                self.say(self.again())
                raise
            finally:
                for process in self.bus.processes.values():  # frozen ones do not hear that they are to end
                    if process.is_alive():
                        process.popen.send_signal(signal.SIGCONT)
        self.say(f"good: {json.dumps(result)}")
        return result

    def again(self):
        return f"again: FAIRLEAD_BIN={BIN} tools/soak --minutes {self.minutes:g} --seed {self.seed} --users {self.users} --rate {self.rate}"

    def say(self, text):
        self.tell(f"{time.monotonic() - self.begun:8.2f}  {text}")

    def start(self, level):
        bus = self.bus
        # Workers die here through no fault of an event: what three deaths in a row would do is in worker_test.py. And the connections of
        # a frozen gateway may be cut, which is no reason to take its process for dead.
        bus.broker("--journal-level", level, "--journal-segment", "1M", "--max-attempts", 10, "--gateway-gone", "15s")
        for number in (1, 2, 3):
            bus.gateway("--outbox-limit", "256k", name=f"gateway{number}")
        for number in (1, 2, 3):
            bus.worker("--threads", 1 + number % 2, name=f"worker{number}")
        bus.worker("--workers", 2, name="parent")
        bus.start(*bus.processes.values())
        self.steady = []
        for number in (1, 2):
            self.steady.append(bus.oracle("line", "frame", "ws", gateways=(f"gateway{number}",), clients=max(3, self.users * 3 // 8),
                                          rate=self.rate * 3 // 8, in_flight=16, name=f"users{number}", patience=DRAIN))
        self.third = None
        self.renew_third()
        time.sleep(1)

    def hurt_for(self, seconds):
        end = time.monotonic() + seconds
        next_fault = time.monotonic() + 0.5
        next_word = time.monotonic() + 5
        while time.monotonic() < end:
            now = time.monotonic()
            for what in [entry for entry in self.due if entry[0] <= now]:
                self.due.remove(what)
                what[1]()
            if now >= next_fault:
                self.hurt()
                next_fault = now + self.random.uniform(0.2, 2.5)
            self.look_after()
            if now >= next_word:
                next_word = now + 5
                self.progress()
            time.sleep(0.02)

    # -- faults

    def hurt(self):
        faults = [(self.kill, 6), (self.freeze, 6), (self.term, 5), (self.reload, 2), (self.kill_child, 2), (self.cut, 4), (self.deaf_user, 2),
                  (self.garbage_from_users, 2), (self.garbage_on_the_bus, 2), (self.all_workers, 1)]
        fault = self.random.choices([one for one, _ in faults], [weight for _, weight in faults])[0]
        fault()

    def count(self, kind, text):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.say(text)

    def victim(self, *kinds):
        """Some process of these that nothing is done to at the moment."""
        names = [name for name in sorted(self.bus.processes) if name.startswith(kinds) and name not in self.busy and name not in self.leaving
                 and not name.startswith("users")]
        return self.bus[self.random.choice(names)] if names else None

    def later(self, seconds, do):
        self.due.append((time.monotonic() + seconds, do))

    def come_back(self, process):
        def start():
            self.busy.pop(process.name, None)
            process.start()
            self.bus.away.discard(process.name)
            self.say(f"{process.name} is started")
        return start

    def kill(self, process=None):
        process = process or self.victim("broker", "gateway3", "worker", "parent")
        away = self.random.uniform(0.05, 3)
        if process is None:
            return
        self.count(f"kill -9 {role_of(process)}", f"{process.name} is killed, for {away:.1f} s")
        self.busy[process.name] = "killed"
        self.bus.kill(process)
        self.later(away, self.come_back(process))

    def freeze(self):
        process = self.victim("broker", "gateway", "worker", "parent")
        seconds = self.random.uniform(0.5, 6) if self.random.random() < 0.7 else self.random.uniform(6, 20)
        if process is None:
            return
        if process.name in ("gateway1", "gateway2"):
            seconds = min(seconds, 12)  # away for 15 s its users would be closed, as they may
        self.count(f"SIGSTOP {role_of(process)}", f"{process.name} is frozen for {seconds:.1f} s")
        self.busy[process.name] = "frozen"
        process.freeze()

        def thaw():
            self.busy.pop(process.name)
            process.thaw()
            self.say(f"{process.name} goes on")
        self.later(seconds, thaw)

    def term(self, process=None, kind="SIGTERM"):
        process = process or self.victim("broker", "gateway3", "worker", "parent")
        if process is None:
            return
        self.count(f"{kind} {role_of(process)}", f"{process.name} is asked to stop")
        self.bus.away.add(process.name)
        self.leaving[process.name] = time.monotonic() + LEAVE
        process.ask_to_stop()

    def all_workers(self):
        self.say("all workers are sent away")
        for process in [self.bus[name] for name in sorted(self.bus.processes) if name.startswith(("worker", "parent"))]:
            if process.name not in self.busy and process.name not in self.leaving:
                (self.kill if self.random.random() < 0.5 else self.term)(process)

    def reload(self):
        if "parent" in self.busy or "parent" in self.leaving or not self.bus["parent"].find(r"\bready\b"):
            return
        self.count("reload", "parent is asked for new code")
        self.bus["parent"].signal(signal.SIGHUP)

    def kill_child(self):
        # Before it serves, the death of a child ends it, as it should.
        if "parent" in self.busy or "parent" in self.leaving or not self.bus["parent"].find(r"\bready\b"):
            return
        pid = self.bus["parent"].popen.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if not children:
            return
        child = int(self.random.choice(children))
        self.count("kill -9 child", f"parent's child {child} is killed")
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def cut(self):
        offset = self.random.randrange(4)
        if os.geteuid() != 0 or not shutil.which("ss"):
            return
        done = subprocess.run(["ss", "-K", "-t", "dport", "=", f":{self.bus.port + offset}"], capture_output=True, text=True, check=False)
        self.count("cut", f"{done.stdout.count('ESTAB')} connections to bus port {offset} are cut")

    # -- strangers, each in a thread of its own, so that none holds up the faults

    def stranger(self, kind, text, act):
        self.count(kind, text)
        self.strangers += 1

        def run():
            try:
                act()
            except (OSError, AssertionError):
                pass  # refused, reset, hung up on: as it should be
            finally:
                self.strangers -= 1
        threading.Thread(target=run, daemon=True).start()

    def some_gateway(self):
        return f"gateway{self.random.randrange(1, 4)}"

    def deaf_user(self):
        gateway = self.some_gateway()
        address = self.bus.address(self.random.choice(("line", "frame")), gateway)

        def act():
            host, port = address.split("://")[1].split(":")
            payload = b"d" * 20000
            message = payload + b"\n" if address.startswith("line") else len(payload).to_bytes(4, "big") + payload
            with socket.create_connection((host, int(port)), timeout=5) as deaf:
                for _ in range(200):
                    deaf.sendall(message)
                time.sleep(2)
        self.stranger("deaf user", f"a user of {gateway} says 4 MB and reads nothing", act)

    def garbage_from_users(self):
        gateway, kind = self.some_gateway(), self.random.choice(("line", "frame", "ws"))
        address, data = self.bus.address(kind, gateway), self.random.randbytes(self.random.choice((10, 1000, 100000)))
        how = self.random.randrange(3)

        def act():
            host, port = address.split("://")[1].split("/")[0].split(":")
            with socket.create_connection((host, int(port)), timeout=5) as sock:
                if how == 1:
                    sock.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500)
                if how == 2:  # slowly
                    for byte in data[:20]:
                        sock.sendall(bytes([byte]))
                        time.sleep(0.1)
                sock.sendall(data)
                sock.recv(1000)
        self.stranger("garbage on a user port", f"{len(data)} bytes of garbage for {gateway}'s {kind} port", act)

    def garbage_on_the_bus(self):
        offset, data = self.random.randrange(BUS_PORTS), self.random.randbytes(self.random.choice((10, 1000, 100000)))
        greeting = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00NULL" + b"\0" * 48
        greeted = self.random.random() < 0.5

        def act():
            with socket.create_connection(("127.0.0.1", self.bus.port + offset), timeout=5) as sock:
                sock.sendall(greeting + data if greeted else data)
                sock.recv(1000)
        self.stranger("garbage on a bus port", f"{len(data)} bytes of garbage{' behind a greeting' if greeted else ''} for bus port {offset}", act)

    # -- meanwhile

    def look_after(self):
        now = time.monotonic()
        for name, until in list(self.leaving.items()):
            process = self.bus[name]
            if process.is_alive():
                if now > until:
                    raise Violation(f"{name} still runs {LEAVE} s after SIGTERM")
                continue
            del self.leaving[name]
            if process.popen.returncode != 0:
                raise Violation(f"{name} exited with {process.popen.returncode} on SIGTERM")
            self.busy[name] = "stopped"
            self.later(self.random.uniform(0.05, 3), self.come_back(process))
        for name, process in self.bus.processes.items():
            if name.startswith("users") or name in self.busy or name in self.leaving:
                continue
            if not process.is_alive():
                raise Violation(f"{name} has ended by itself with {process.popen.returncode}")
        for oracle in self.steady:
            if not oracle.is_alive():
                raise Violation(f"{oracle.name}: all of its users are gone")
        if not self.third.is_alive() and "gateway3" not in self.busy and "gateway3" not in self.leaving:
            self.renew_third()

    def renew_third(self):
        """The users of the third gateway come again after it has hung up on them."""
        if self.third is not None:
            self.judge_third()
        number = len([name for name in self.bus.processes if name.startswith("users3")]) + 1
        self.third = self.bus.add(self.bus.make_oracle("line", "ws", gateways=("gateway3",), clients=max(2, self.users // 4),
                                                       rate=max(1, self.rate // 4), in_flight=16, name=f"users3-{number}", patience=DRAIN))
        self.third.command += ["--connect-patience", "60s"]
        self.third.start()

    def judge_third(self):
        self.third.exit_code()
        if not self.third.output:
            return  # the gateway went away before all were connected
        result = json.loads(self.third.output[-1])
        wrong = {key: result[key] for key in ("duplicated", "reordered", "foreign") if result[key]}
        if result["lost"] and not result["disconnected"]:
            wrong["lost"] = result["lost"]
        if wrong:
            raise Violation(f"{self.third.name}: {wrong} in {result}")
        self.short_lived.append(result)

    def measure(self):
        """Memory of all that can be asked now, by name."""
        memory = {}
        for name, process in self.bus.processes.items():
            if name.startswith("users") or not process.is_alive():
                continue
            try:
                memory[name] = process.memory()
            except (OSError, AttributeError):
                continue
            role = role_of(process)
            self.peak[role] = max(self.peak.get(role, 0), memory[name])
            if memory[name] > MEMORY[role]:
                raise Violation(f"{name} takes {memory[name] >> 20} MiB, more than {MEMORY[role] >> 20}")
        return memory

    def journal_bytes(self):
        size = 0
        for path in (self.bus.folder / "journal").glob("**/*"):
            try:
                size += path.stat().st_size
            except FileNotFoundError:
                pass
        if size > JOURNAL:
            raise Violation(f"the journal takes {size >> 20} MiB, more than {JOURNAL >> 20}")
        return size

    def progress(self):
        memory = self.measure()
        told = " ".join(f"{name} {size >> 20}" for name, size in memory.items())
        self.say(f"-- replies {' + '.join(str(one.received()) for one in (*self.steady, self.third))}; MiB: {told}, journal "
                 f"{self.journal_bytes() >> 20}; faults {sum(self.counts.values())}")

    # -- the end

    def heal(self):
        self.say("no more faults; all come back")
        wait_until(lambda: self.settle() and not self.due and not self.leaving, "all processes are back", 2 * LEAVE)
        for name, process in self.bus.processes.items():
            if not name.startswith("users"):
                process.wait_ready()
        for oracle in self.steady:
            oracle.wait_for_replies(self.users)

    def settle(self):
        now = time.monotonic()
        for what in [entry for entry in self.due if entry[0] <= now]:
            self.due.remove(what)
            what[1]()
        self.look_after()
        return True

    def judge(self):
        for oracle in (*self.steady, self.third):
            if oracle.is_alive():
                oracle.popen.stdin.close()
        results = [oracle.result(patience=2 * DRAIN) for oracle in self.steady]
        total = {key: sum(result[key] for result in results) for key in
                 ("sent", "received", "lost", "duplicated", "reordered", "foreign", "disconnected")}
        wrong = [f"{oracle.name}: {result}" for oracle, result in zip(self.steady, results)
                 if any(result[key] for key in ("lost", "duplicated", "reordered", "foreign", "disconnected"))]
        self.judge_third()
        log = self.bus["broker"].log()
        for word in ("dead_letter", "journal_damaged"):
            if word in log:
                wrong.append(f"the broker says {word}")
        if wrong:
            raise Violation("; ".join(wrong))
        User.close_all()
        wait_until(lambda: self.strangers == 0, "strangers leave", 30)
        self.check_rest()
        self.journal_bytes()
        return {**total, "longest_silence_ms": max(result["longest_silence_ms"] for result in results),
                "third_gateway": {"lives": len(self.short_lived), "received": sum(one["received"] for one in self.short_lived)},
                "faults": dict(sorted(self.counts.items())), "peak_mib": {role: size >> 20 for role, size in sorted(self.peak.items())}}

    def check_rest(self):
        """With no users left, each process has few descriptors and no memory of what was."""
        def excess():
            memory = self.measure()
            many = {name: self.bus[name].descriptors() for name in memory if self.bus[name].descriptors() > 120}
            large = {name: size >> 20 for name, size in memory.items() if size > GROWTH + (32 << 20)}
            return {**{f"{name} descriptors": count for name, count in many.items()}, **{f"{name} MiB": size for name, size in large.items()}}
        last = {}

        def at_rest():
            last.clear()
            last.update(excess())
            return not last
        wait_until(at_rest, lambda: f"all give back what they had taken: {last}", 30)

    def keep_logs(self):
        folder = ROOT / "build" / "soak" / str(self.seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name, process in self.bus.processes.items():
            lines = [line for line in process.lines if not line.startswith("progress ")] + [f"(stdout) {line}" for line in getattr(process, "output", [])]
            (folder / f"{name}.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.say(f"what each process has said is in {folder}")


def role_of(process: Process):
    return "worker" if process.name == "parent" else process.name.rstrip("0123456789")
