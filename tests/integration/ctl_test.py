#!/usr/bin/python3
"""An operator looks into a running bus with fairlead-ctl, and acts."""

import json
import pathlib
import re
import subprocess

from bus import BIN, PYTHON, BusTest, main
from process import Process, wait_until
from users import ChatUser, User


def misbehaving(bus):
    """A worker whose handler fails when a user says so."""
    program = pathlib.Path(__file__).parent / "misbehaving_worker.py"
    return bus.add(Process("misbehaving", [PYTHON, program, bus.endpoint, bus.folder / "once"]))


class Ctl(BusTest):
    def ctl(self, bus, *words, status=0):
        ended = subprocess.run([BIN / "fairlead-ctl", "--broker", bus.endpoint, *words], capture_output=True, text=True,
                               timeout=60, check=False)
        if status is not None:
            self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        return ended.stdout or ended.stderr

    def ask(self, bus, *words, status=0):
        return json.loads(self.ctl(bus, "--output", "json", *words, status=status))

    def test_who_is_there(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            users = [ChatUser(bus.address("line")) for _ in range(3)]
            self.assertEqual(self.ask(bus, "status")["clients"], 3)
            self.assertRegex(self.ctl(bus, "gateways"), r"gateway1 +\w+ +live +- +3 ")
            self.assertRegex(self.ctl(bus, "workers"), r"worker1 +chat ")
            users[1].say("/join room")
            wait_until(lambda: self.ask(bus, "groups")["groups"], "the group is there")
            clients = self.ask(bus, "clients", "--group", "room")["clients"]
            self.assertEqual([client["uid"] for client in clients], ["2"])
            self.assertIn("room", self.ctl(bus, "client", clients[0]["client"]))

    def test_a_message_and_a_kick(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            one, two = (ChatUser(bus.address(kind)) for kind in ("line", "ws"))
            self.ctl(bus, "send", json.dumps({"type": "say", "from": 0, "to": "all", "text": "back in a minute"}), "--all")
            for user in (one, two):
                user.until({"text": "back in a minute"})
            self.ctl(bus, "kick", "--uid", "2", "--last", json.dumps({"type": "error", "text": "enough"}))
            two.until({"text": "enough"})
            one.until({"type": "leave", "uid": 2})
            self.assertIn("nobody is bound to uid '2'", self.ctl(bus, "kick", "--uid", "2", status=1))

    def test_a_dead_letter_is_shown_mended_and_handled_again(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker(), bus.gateway())
            user = User(bus.address("line"))
            broken = misbehaving(bus)
            bus.start(broken)
            user.say("fail")
            user.echoes("and on it goes")
            letters = self.ask(bus, "dead", "ls")["dead_letters"]
            self.assertEqual(len(letters), 1)
            letter = letters[0]["id"]
            self.assertRegex(self.ctl(bus, "dead", "ls"), letter + " +message +4 .*as was asked for")
            self.assertRegex(self.ctl(bus, "dead", "show", letter), r"payload +fail\n")
            bus.stop(broken)
            bus.restart(bus["broker"], "kill")
            bus.start(bus.worker())  # this one does no harm
            self.ctl(bus, "dead", "retry", letter)
            self.assertEqual(user.next(), b"fail")
            self.assertEqual(self.ctl(bus, "dead", "ls"), "none\n")
            self.assertIn("there is no such dead letter", self.ctl(bus, "dead", "drop", letter, status=1))

    def test_the_doctor_finds_what_is_amiss(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker("--app-version", "1"))
            findings = self.ask(bus, "doctor", status=None)["findings"]
            # The rest (limits, disk) is this machine's.
            self.assertEqual([one["what"] for one in findings if one["subject"] in ("gateways", "workers", "versions", "dead letters")],
                             ["1 live", "1 here", "none"])
            bus.start(bus.worker("--app-version", "2", name="worker2"))
            bus.kill(bus["gateway1"])

            def amiss():
                return {one["subject"]: one["advice"] for one in self.ask(bus, "doctor", status=1)["findings"] if not one["good"]}

            wait_until(lambda: {"gateways", "versions"} <= amiss().keys(), "both are found")
            self.assertRegex(self.ctl(bus, "doctor", status=None), "LOOK  versions +workers of 'chat' have 2 versions: '1', '2'\n +-> ")

    def test_shells_complete_every_command_and_flag(self):
        with self.bus() as bus:
            script = self.ctl(bus, "completion", "bash")
            subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=60)

            def completed(*words):
                shell = f"{script}\nCOMP_WORDS=(fairlead-ctl {' '.join(words)} \"\"); COMP_CWORD={len(words) + 1}; _fairlead_ctl; echo ${{COMPREPLY[@]}}"
                return subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60).stdout.split()

            usage = self.ctl(bus, "--help")
            self.assertEqual(completed("dead"), ["drop", "ls", "retry", "show"])
            self.assertEqual(completed("completion"), ["bash", "zsh"])
            for command in completed():
                self.assertRegex(usage, rf"(?m)^ *{command}\b")
            flags = set(re.findall(r"--([a-z-]+)", re.search(r"compgen -W '(--broker[^']*)'", script)[1]))
            shown = set(re.findall(r"(?m)^ +(?:-\w,)?--([a-z-]+)", usage)) - {"config", "check-config", "print-config", "log-level", "log-format"}
            self.assertEqual(flags, shown)
            self.assertTrue(self.ctl(bus, "completion", "zsh").startswith("#compdef fairlead-ctl"))

    def test_mistakes_and_absence_are_told(self):
        with self.bus(app="chat") as bus:
            self.assertIn("did you mean 'status'?", self.ctl(bus, "statsu", status=2))
            self.assertIn("no answer from the broker", self.ctl(bus, "--timeout", "200ms", "status", status=3))


if __name__ == "__main__":
    main()
