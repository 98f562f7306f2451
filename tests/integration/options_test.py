#!/usr/bin/python3
"""Wrong flags, wrong files, ports that are taken: every program says what was wrong, where, and what was meant."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from bus import BIN, BusTest, free_ports, main
from users import User

PROGRAMS = ("fairlead-broker", "fairlead-gateway", "fairlead-worker", "fairlead-chat")
LISTEN = ("--listen", "line://127.0.0.1:0")


def run(program, *arguments, environment=None, stdin=subprocess.DEVNULL):
    return subprocess.run([BIN / program, *arguments], stdin=stdin, capture_output=True, text=True, timeout=30, check=False,
                          env={**os.environ, **(environment or {})})


class BadUsage(unittest.TestCase):
    def refused(self, program, *arguments, says, **settings):
        done = run(program, *arguments, **settings)
        self.assertEqual(done.returncode, 2, done)
        self.assertEqual(done.stdout, "")
        for words in says:
            self.assertIn(words, done.stderr)

    def test_every_program_knows_its_version_and_its_help(self):
        for program in PROGRAMS:
            with self.subTest(program):
                done = run(program, "--version")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, program + r".* \d+\.\d+\.\d+")
                done = run(program, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("--config", done.stdout)

    def test_a_flag_that_is_misspelt(self):
        self.refused("fairlead-broker", "--lisen", "tcp://127.0.0.1:7700", says=["--lisen", "did you mean --listen?"])
        self.refused("fairlead-gateway", "--brokr", "tcp://127.0.0.1:7700", *LISTEN, says=["--brokr", "did you mean --broker?"])
        self.refused("fairlead-worker", "--ap", "echo", says=["--ap", "did you mean --app?"])
        self.refused("fairlead-chat", "--nam", "x", "line://127.0.0.1:1", says=["--nam", "did you mean --name?"])

    def test_values_that_make_no_sense(self):
        self.refused("fairlead-broker", "--listen", "http://127.0.0.1:7700", says=["--listen", "http://127.0.0.1:7700", "tcp://"])
        self.refused("fairlead-broker", "--listen", "tcp://127.0.0.1:99999", says=["--listen", "99999"])
        self.refused("fairlead-broker", "--journal-level", "proces", says=["--journal-level", "proces", "process"])
        self.refused("fairlead-broker", "--dead", "4", says=["--dead", "'4'", "5s"])
        self.refused("fairlead-broker", "--max-attempts", "many", says=["--max-attempts", "many"])
        self.refused("fairlead-gateway", says=["listen"])
        self.refused("fairlead-gateway", "--listen", "lines://127.0.0.1:1", says=["--listen", "lines", "tls-cert and tls-key"])
        self.refused("fairlead-gateway", "--listen", "tls://127.0.0.1:1", says=["--listen", "lines, frames or wss"])
        self.refused("fairlead-gateway", "--listen", "line://127.0.0.1", says=["--listen", "port"])
        self.refused("fairlead-gateway", *LISTEN, "--max-message", "17M", says=["--max-message"])
        self.refused("fairlead-gateway", *LISTEN, "--outbox-policy", "drop", says=["--outbox-policy", "drop-newest"])
        self.refused("fairlead-gateway", *LISTEN, "--ping-interval", "1m", says=["ping-interval must be shorter than ping-timeout"])
        self.refused("fairlead-gateway", *LISTEN, "--ping-data", "x" * 126, says=["--ping-data", "125 bytes"])
        for flag in ("--ping-interval", "--ping-timeout", "--idle-timeout", "--login-timeout"):
            self.refused("fairlead-gateway", *LISTEN, flag, "1ms", says=[flag, "at least 10ms, or 0s for none"])
        self.refused("fairlead-gateway", *LISTEN, "--message-rate", "20", says=["--message-rate", "20/s"])
        self.refused("fairlead-gateway", *LISTEN, "--message-burst", "20", says=["message-burst needs message-rate"])
        self.refused("fairlead-gateway", *LISTEN, "--max-connections", "-1", says=["--max-connections", "-1"])
        self.refused("fairlead-gateway", *LISTEN, "--max-connections-per-address", "x", says=["--max-connections-per-address", "'x'"])
        self.refused("fairlead-gateway", *LISTEN, "--trusted-proxy", "10.0.0.1/8", says=["--trusted-proxy", "beyond its prefix"])
        self.refused("fairlead-gateway", *LISTEN, "--proxy-protocol", says=["proxy-protocol needs trusted-proxy"])
        self.refused("fairlead-gateway", *LISTEN, "--forwarded-header", "x-real-ip", says=["--forwarded-header", "x-forwarded-for"])
        self.refused("fairlead-gateway", "--listen", "line://127.0.0.1:0?max-mesage=4k",
                     says=["--listen", "line://127.0.0.1:0", "'max-mesage'", "did you mean max-message?"])
        self.refused("fairlead-gateway", "--listen", "line://127.0.0.1:0?login-timeout=soon", says=["--listen", "login-timeout", "'soon'"])
        self.refused("fairlead-worker", "--app", "ehco", says=["--app", "ehco", "echo"])
        self.refused("fairlead-worker", "--broker", "tcp://*:7700", says=["--broker"])
        self.refused("fairlead-worker", "--threads", "0", says=["--threads"])
        self.refused("fairlead-chat", "line:/127.0.0.1:1", says=["line:/127.0.0.1:1"])
        self.refused("fairlead-broker", "--listen", says=["--listen", "missing"])

    def test_everything_that_is_wrong_is_told_at_once(self):
        self.refused("fairlead-gateway", "--listen", "x", "--ping-interval", "soon", "--nmae", "y",
                     says=["--listen", "--ping-interval", "soon", "--nmae", "did you mean --name?"])

    def test_the_environment_too(self):
        self.refused("fairlead-worker", environment={"FAIRLEAD_APP": "caht"}, says=["FAIRLEAD_APP", "caht", "chat"])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            def file(text):
                path = pathlib.Path(folder, "settings.toml")
                path.write_text(text, encoding="utf-8")
                return "--config", str(path)

            for program in PROGRAMS:
                with self.subTest(program):
                    self.refused(program, *file("log-levle = \"info\"\n"), says=["settings.toml", "log-levle", "log-level"])
                    self.refused(program, *file("log-level = \"lots\"\n"), says=["settings.toml", "log-level", "lots"])
                    self.refused(program, *file("log-level = \n"), says=["settings.toml", "1"])
                    self.refused(program, "--config", f"{folder}/nowhere.toml", says=["nowhere.toml"])
                    self.refused(program, "--config", folder, says=[folder])
            self.refused("fairlead-broker", *file("\n\ndead = 4\nshard = \"one\"\n"), says=["settings.toml", "dead", "shard", "3", "4"])

    def test_a_good_file_is_good(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "gateway.toml")
            path.write_text('listen = ["line://127.0.0.1:0?ping-data=hello&max-message=4k", "ws://[::1]:0/ws"]\nping-interval = "10s"\n',
                            encoding="utf-8")
            done = run("fairlead-gateway", "--config", path, "--check-config")
            self.assertEqual(done.returncode, 0, done)
            done = run("fairlead-gateway", "--config", path, "--print-config")
            self.assertIn('ping-interval = "10s"', done.stdout)


class CannotRun(BusTest):
    def fails(self, program, *arguments, says, **settings):
        done = run(program, *arguments, **settings)
        self.assertEqual(done.returncode, 1, done)
        for words in says:
            self.assertIn(words, done.stderr)

    def test_ports_that_are_taken(self):
        first = free_ports(6)
        for offset in range(4):
            with socket.create_server(("127.0.0.1", first + offset)):
                self.fails("fairlead-broker", "--listen", f"tcp://127.0.0.1:{first}", "--journal-level", "none",
                           says=[f"127.0.0.1:{first + offset}", "ddress already in use"])
        with socket.create_server(("127.0.0.1", first)):
            self.fails("fairlead-gateway", "--listen", f"ws://127.0.0.1:{first}/ws", says=[f"ws://127.0.0.1:{first}/ws", "ddress already in use"])

    def test_folders_that_cannot_be_used(self):
        with tempfile.NamedTemporaryFile() as file:
            self.fails("fairlead-broker", "--listen", "tcp://127.0.0.1:0", "--journal", f"{file.name}/journal", says=[file.name])
            self.fails("fairlead-worker", "--store", f"lmdb:{file.name}/store", says=[file.name])
            self.fails("fairlead-broker", "--listen", f"ipc://{file.name}/bus", "--journal-level", "none", says=[file.name])

    def test_chat_without_a_gateway(self):
        port = free_ports(1)
        self.fails("fairlead-chat", "--patience", "500ms", f"line://127.0.0.1:{port}", says=[str(port), "refused"])

    def test_chat_whose_reader_has_gone(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([BIN / "fairlead-chat", bus.address("line")], input="hello\n", stdout=write, stderr=subprocess.PIPE,
                                  text=True, timeout=30, check=False)
            os.close(write)
            self.assertEqual(done.returncode, 1)
            self.assertIn("nobody reads", done.stderr)

    def test_daemons_outlive_whoever_read_their_log(self):
        with self.bus() as bus:
            daemons = [bus.broker(), bus.gateway(), bus.worker()]
            pipes = []
            for daemon in daemons:
                read, write = os.pipe()
                daemon.popen = subprocess.Popen(daemon.command, stdin=subprocess.DEVNULL, stdout=write, stderr=write)
                os.close(write)
                pipes.append(read)
            user = User(bus.address("line"))
            user.echoes("before")
            for read in pipes:
                os.close(read)
            bus["worker1"].popen.terminate()  # which it tells
            self.assertEqual(bus["worker1"].popen.wait(30), 0)
            bus.away.add("worker1")
            bus.start(bus.worker(name="worker2"))
            user.echoes("after")


if __name__ == "__main__":
    main()
