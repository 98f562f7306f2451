#!/usr/bin/python3
"""New business code under load, modules that are broken, workers that die: whatever happens to a process, users do not notice."""

import os
import pathlib
import shutil
import signal

from bus import BIN, BusTest, main
from process import Process, wait_until
from users import User

MODULES = BIN.parent / "modules"


class Workers(Process):
    """A fairlead-worker with children."""

    def children(self):
        """The pids of those that live."""
        pid = self.popen.pid
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return sorted(int(word) for word in text.split())

    def reload(self, event="reloaded"):
        """SIGHUP, and the line that says how it went."""
        begin = self.mark()
        self.signal(signal.SIGHUP)
        return self.wait_for(rf"\b{event}\b.*", since=begin).group(0)


def is_gone(pid):
    """Ended, or not even a zombie of somebody else's."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class ModuleTest(BusTest):
    def workers(self, bus, *options, name="workers", module="echo_a", program=BIN / "fairlead-worker"):
        """A fairlead-worker; its module is a file of its own, to be written over."""
        command = [program, "--broker", bus.endpoint, "--store", f"lmdb:{bus.folder}/store", *options]
        if module:
            command += ["--module", self.put(bus, module)]
        return bus.add(Workers(name, command, environment={"DIARY": str(bus.folder / "diary")}))

    @staticmethod
    def put(bus, module):
        """As `cp` does it: the file that running processes have loaded is truncated and written again."""
        file = bus.folder / "app.so"
        shutil.copyfile(MODULES / f"{module}.so", file)
        return file

    def asks(self, user, question):
        user.say(question)
        return user.next().decode()


class Reload(ModuleTest):
    def test_a_module_is_replaced_ten_times_under_load_of_200_users(self):
        with self.bus() as bus:
            workers = self.workers(bus)
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle("line", "ws", clients=200, in_flight=4)
            user = User(bus.address("line"))
            self.assertEqual(self.asks(user, "edition?"), "a")
            descriptors = workers.descriptors()
            for number in range(10):
                before = workers.children()
                edition = "ba"[number % 2]
                self.put(bus, f"echo_{edition}")
                oracle.wait_for_replies(500)  # the old ones go on with a file that is another one now
                workers.reload()
                self.assertEqual(self.asks(user, "edition?"), edition)
                after = workers.children()
                self.assertEqual(len(after), 1)
                self.assertNotEqual(before, after)
            self.assertEqual(workers.descriptors(), descriptors, "nothing of the old code is left in the parent")
            oracle.wait_for_replies(500)
            result = oracle.finish(at_least=5000)
            print(result)
            self.assertFalse(bus["broker"].find(r"warning .*worker_lost|dead_letter|handler_failed"))
            diary = (bus.folder / "diary").read_text(encoding="ascii").splitlines()
            self.assertEqual(diary, ["a replaced", "b replaced"] * 5)

    def test_places_change_one_after_another(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--workers", 3, "--threads", 2)
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle(clients=16)
            self.put(bus, "echo_b")
            begin = workers.mark()
            workers.reload()
            oracle.wait_for_replies(300)
            serves = workers.find(r"worker_serves worker=(\d)", since=begin)
            self.assertEqual([match.group(1) for match in serves], ["0", "1", "2"])
            self.assertEqual(len(workers.find(r"draining .*replaced=true", since=begin)), 3)
            oracle.finish()

    def test_hangups_in_quick_succession_and_while_it_drains(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--workers", 2)
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle(clients=8)
            self.put(bus, "echo_b")
            begin = workers.mark()
            workers.signal(signal.SIGHUP)
            workers.wait_for("worker_serves", since=begin)
            for _ in range(5):
                workers.signal(signal.SIGHUP)
            wait_until(lambda: len(workers.find(r"\breloaded\b", since=begin)) == 2, "two reloads for six hangups")
            self.assertEqual(len(workers.children()), 2)
            oracle.wait_for_replies(100)
            oracle.finish()
            self.assertEqual(len(workers.find(r"\breloading\b", since=begin)), 2)
            bus.away.add(workers.name)
            workers.ask_to_stop()
            workers.signal(signal.SIGHUP)
            self.assertEqual(workers.exit_code(), 0)

    def test_a_stop_in_the_middle_of_a_reload(self):
        with self.bus() as bus:
            workers = self.workers(bus)
            bus.start(bus.broker(), bus.gateway(), workers, bus.worker(name="other"))
            oracle = bus.oracle(clients=8)
            begin = workers.mark()
            workers.signal(signal.SIGHUP)
            workers.wait_for("reloading", since=begin)
            bus.stop(workers)
            oracle.wait_for_replies(100)
            oracle.finish()

    def test_the_program_itself_is_replaced_when_the_code_is_compiled_in(self):
        with self.bus() as bus:
            program = bus.folder / "my-worker"
            shutil.copy(BIN / "fairlead-worker", program)
            workers = self.workers(bus, "--workers", 1, "--app", "echo", module=None, program=program)
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle(clients=8)
            (old,) = workers.children()
            shutil.copy(BIN / "fairlead-worker", bus.folder / "new")
            (bus.folder / "new").rename(program)
            workers.reload()
            (new,) = workers.children()
            self.assertNotEqual(old, new)
            self.assertEqual(os.stat(f"/proc/{new}/exe").st_ino, program.stat().st_ino)
            self.assertEqual(pathlib.Path(f"/proc/{new}/comm").read_text(encoding="ascii"), "my-worker\n")
            program.unlink()
            self.assertIn("cannot open", workers.reload("reload_failed"))
            os.kill(new, signal.SIGKILL)
            workers.wait_for(r"worker_died .*SIGKILL.* next_start_in=100ms")
            oracle.wait_for_replies(100)
            oracle.finish()


class Shipped(ModuleTest):
    def test_the_chat_comes_as_a_module_too(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), self.workers(bus, module="chat"))
            user = User(bus.address("line"))
            self.assertIn(b'"type":"welcome"', user.next())
            user.say("hello")
            self.assertIn(b'"text":"hello"', user.next())
            bus["broker"].wait_for("worker_here .*app=app")  # the name of its file


class Broken(ModuleTest):
    FAULTS = {
        "no_entry": "app.so is no Fairlead module: it has no symbol fairlead_module",
        "other_version": r"app.so was compiled for Fairlead 0\.0\.7-older, and this worker is Fairlead \d",
        "unresolved": r"cannot load \S*app.so: undefined symbol: prices::of\(char const\*\)",
        "throws_when_loaded": "killed by SIGABRT",
        "throws_when_made": "no colours today",
        "throws_at_start": "the price list is missing",
        "crashes_when_loaded": "killed by SIGSEGV",
        "crashes_at_start": "killed by SIGSEGV",
    }

    def test_at_the_start_it_says_why_and_exits_with_1(self):
        with self.bus() as bus:
            for number, (module, reason) in enumerate(self.FAULTS.items()):
                workers = self.workers(bus, "--workers", 2, name=module, module=module)
                bus.away.add(module)
                workers.start()
                workers.wait_for(rf"error .*cannot_start .*{reason}", dead_too=True)
                self.assertEqual(workers.exit_code(), 1, number)
            workers = self.workers(bus, name="text")
            bus.away.add("text")
            (bus.folder / "app.so").write_text("This is a text.\n" * 100, encoding="ascii")
            workers.start().wait_for("cannot_start .*app.so: invalid ELF header", dead_too=True)
            self.assertEqual(workers.exit_code(), 1)
            workers = self.workers(bus, name="missing")
            bus.away.add("missing")
            (bus.folder / "app.so").unlink()
            workers.start().wait_for("cannot_start .*cannot open .*app.so: No such file", dead_too=True)
            self.assertEqual(workers.exit_code(), 1)
            both = bus.add(Process("both", [BIN / "fairlead-worker", "--app", "echo", "--module", "x.so"]))
            bus.away.add("both")
            both.start().wait_for("--app names what is compiled in", dead_too=True)
            self.assertEqual(both.exit_code(), 2)

    def test_at_a_reload_the_old_one_stays(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--reload-time", "2s")
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle(clients=8, rate=2000)
            serving = workers.children()
            hang = {"hangs_when_loaded": "not ready within 2s", "hangs_at_start": "not ready within 2s"}
            for module, reason in {**self.FAULTS, **hang}.items():
                self.put(bus, module)
                self.assertRegex(workers.reload("reload_failed"), reason)
                oracle.wait_for_replies(20)
                wait_until(lambda: workers.children() == serving, "the old process alone")
            (bus.folder / "app.so").write_text("This is a text.\n" * 100, encoding="ascii")
            self.assertIn("invalid ELF header", workers.reload("reload_failed"))
            # A crash now starts what was accepted last, and not what lies there.
            os.kill(serving[0], signal.SIGKILL)
            workers.wait_for("worker_died .*SIGKILL")
            user = User(bus.address("line"))
            self.assertEqual(self.asks(user, "edition?"), "a")
            self.put(bus, "echo_b")
            workers.reload()
            self.assertEqual(self.asks(user, "edition?"), "b")
            oracle.finish()

    def test_new_code_that_cannot_attach_is_given_up(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--reload-time", "2s")
            bus.start(bus.broker(), bus.gateway(), workers)
            serving = workers.children()
            bus.kill(bus["broker"])
            self.assertIn("the broker does not answer", workers.reload("reload_failed"))
            wait_until(lambda: workers.children() == serving, "the old process alone")
            bus.start(bus["broker"])
            User(bus.address("line")).echoes("back")
            workers.reload()


class Several(ModuleTest):
    def test_those_that_are_killed_come_back(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--workers", 3)
            bus.start(bus.broker(), bus.gateway(), workers)
            oracle = bus.oracle("line", "ws", clients=32)
            for _ in range(2):
                for pid in workers.children():
                    begin = workers.mark()
                    os.kill(pid, signal.SIGKILL)
                    workers.wait_for(rf'worker_died worker=\d pid={pid} text="was killed by SIGKILL" next_start_in=\d', since=begin)
                    workers.wait_for("worker_serves", since=begin)
                    oracle.wait_for_replies(100)
            self.assertEqual(len(workers.children()), 3)
            oracle.finish()
            self.assertFalse(bus["broker"].find("dead_letter"))

    def test_business_code_that_crashes_does_not_take_the_parent_along(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--workers", 2)
            bus.start(bus.broker(), bus.gateway(), workers)
            user = User(bus.address("line"))
            user.echoes("before")
            user.say("die").say("after")
            bus["broker"].wait_for("dead_letter")
            self.assertEqual(user.next(), b"after")
            self.assertEqual(len(workers.find("worker_died .*SIGABRT")), 3)

    def test_a_child_told_to_stop_by_somebody_else_is_started_again(self):
        with self.bus() as bus:
            workers = self.workers(bus)
            bus.start(bus.broker(), bus.gateway(), workers)
            (child,) = workers.children()
            os.kill(child, signal.SIGTERM)
            workers.wait_for(r"worker_died .*ended with exit status 0")
            User(bus.address("line")).echoes("hello")
            self.assertNotEqual(workers.children(), [child])

    def test_when_the_parent_is_killed_its_children_finish_what_they_have(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--workers", 2)
            bus.start(bus.broker(), bus.gateway(), workers, bus.worker(name="other"))
            oracle = bus.oracle(clients=16)
            children = workers.children()
            bus.kill(workers)
            wait_until(lambda: all(map(is_gone, children)), "the end of the children")
            oracle.wait_for_replies(100)
            oracle.finish()
            self.assertFalse(bus["broker"].find("warning .*worker_lost"), "they said goodbye")

    def test_a_second_sigterm_is_the_end_at_once(self):
        with self.bus() as bus:
            workers = self.workers(bus, "--reload-time", "60s", module="hangs_at_start")
            bus.start(bus.broker())
            workers.start()
            bus.away.add(workers.name)
            workers.wait_for("hangs")
            children = workers.children()
            workers.ask_to_stop()
            workers.wait_for("stopping")
            workers.ask_to_stop()
            self.assertEqual(workers.exit_code(), 1)
            self.assertTrue(all(map(is_gone, children)))


if __name__ == "__main__":
    main()
