#!/usr/bin/python3
"""fairlead-bench measures: a whole bus that it starts itself, one that runs, and the rivals; and says when something is wrong."""

import json
import subprocess

from bus import BIN, BusTest, main
from process import PATIENCE

PROMISES = ("lost", "doubled", "reordered", "foreign", "disconnected")


def bench(*arguments, code=0):
    done = subprocess.run([BIN / "fairlead-bench", *map(str, arguments)], capture_output=True, text=True, timeout=4 * PATIENCE, check=False)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Bench(BusTest):
    def check(self, contender, at_least=100):
        self.assertEqual({key: contender["integrity"][key] for key in PROMISES}, dict.fromkeys(PROMISES, 0), contender["name"])
        self.assertEqual(contender["integrity"]["sent"], contender["integrity"]["received"])
        self.assertGreaterEqual(contender["integrity"]["received"], at_least)

    def test_echo_over_every_protocol(self):
        for protocol in ("line", "frame", "ws"):
            done = bench("echo", "--bus", "--protocol", protocol, "--clients", 8, "--in-flight", 4, "--time", "2s", "--output", "json")
            report = json.loads(done.stdout)
            self.assertTrue(report["clean"])
            self.check(report["contenders"][0])
            self.assertEqual([process["name"] for process in report["contenders"][0]["processes"]],
                             ["broker", "gateway1", "worker1", "worker2"])
            self.assertIn("measuring", done.stderr)

    def test_every_scenario(self):
        for scenario, options in (("open", ("--rate", 500)), ("fanout", ("--in-flight", 2)), ("overload", ()), ("order", ("--in-flight", 4)),
                                  ("attach", ("--time", "10s"))):
            report = json.loads(bench(scenario, "--clients", 8, "--time", "1s", "--transport", "ipc", "--output", "json", *options).stdout)
            self.check(report["contenders"][0])
        report = json.loads(bench("idle", "--clients", 100, "--time", "100ms", "--output", "json").stdout)
        self.assertTrue(report["clean"])
        report = json.loads(bench("slow-consumer", "--clients", 8, "--time", "1s", "--output", "json").stdout)
        self.check(report["contenders"][0])
        self.assertIn("messages they missed", report["contenders"][0]["more"])

    def test_rivals_are_measured_in_the_same_run(self):
        for protocol in ("line", "frame", "ws"):
            report = json.loads(bench("echo", "--protocol", protocol, "--clients", 4, "--time", "200ms", "--against", "raw", "--output", "json").stdout)
            self.assertEqual([one["name"] for one in report["contenders"]], ["bus", "raw echo", "raw pipeline"])
            for contender in report["contenders"]:
                self.check(contender, at_least=10)
            self.assertTrue(all(ratio["per_second"] > 0 for ratio in report["ratios"]))

    def test_a_bus_that_runs_and_one_that_breaks_its_promise(self):
        with self.bus(app="bench") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            report = json.loads(bench("echo", "--connect", bus.address("line"), "--pid", bus["gateway1"].popen.pid, "--clients", 4, "--time",
                                      "200ms", "--output", "json").stdout)
            self.check(report["contenders"][0], at_least=10)
            self.assertGreater(report["contenders"][0]["processes"][0]["cpu_us_per_message"], 0)
        with self.bus(app="chat") as bus:  # answers with something else
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            done = bench("echo", "--connect", bus.address("line"), "--clients", 1, "--time", "100ms", "--patience", "200ms", code=1)
            self.assertIn("INTEGRITY IS BROKEN", done.stdout)

    def test_what_does_not_fit_together_is_told(self):
        self.assertIn("choose one", bench("echo", "--bus", "--connect", "line://127.0.0.1:1", code=2).stderr)
        self.assertIn("there are", bench("ecko", code=2).stderr)
        self.assertIn("journal", bench("--against", "journal=maybe", code=2).stderr)


if __name__ == "__main__":
    main()
