#!/usr/bin/python3
"""fairlead-tap on a running bus: what it shows, its filters, and that nobody notices one that is frozen."""

import json
import subprocess

from bus import BIN, BusTest, free_ports, main
from process import Process, wait_until
from scraper import scrape
from users import ChatUser, User


class Tap(BusTest):
    def tap(self, bus, *words, name="tap"):
        tap = bus.add(Process(name, [BIN / "fairlead-tap", "--broker", bus.endpoint, *words]))
        tap.start()
        tap.wait_for("listening to")
        return tap

    def records(self, tap):
        return [json.loads(line) for line in list(tap.output)]

    def finish(self, bus, tap):
        """What it says at the end: captured, matched, seen, not captured."""
        bus.stop(tap)
        return [int(number) for number in tap.wait_for(r"(\d+) captured, (\d+) matched, (\d+) seen, (\d+) not captured",
                                                       dead_too=True).groups()]

    def test_the_life_of_a_message(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            ann, bob = ChatUser(bus.address("line")), ChatUser(bus.address("ws"))
            tap = self.tap(bus, "-o", "json")
            ann.say("hello all")
            bob.until({"text": "hello all"})
            wait_until(lambda: "deliver" in [one["what"] for one in self.records(tap)], "the delivery is shown")
            records = self.records(tap)
            self.assertEqual([one["what"] for one in records], ["event", "unit", "commit", "deliver"])
            event, unit, commit, deliver = records
            self.assertEqual((event["body"], event["uid"], event["gateway"], event["dir"]), ("hello all", "1", "gateway1", "up"))
            self.assertEqual({one["client"] for one in (event, unit, commit)}, {event["client"]})
            self.assertEqual({one["seq"] for one in (event, unit, commit)}, {event["seq"]})
            self.assertEqual((unit["worker"], commit["worker"]), ("worker1", "worker1"))
            self.assertEqual((deliver["to"], deliver["dir"]), ("all", "down"))
            self.assertIn("hello all", deliver["body"])
            self.assertEqual(self.finish(bus, tap), [4, 4, 4, 0])

    def test_filters_and_a_count(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            ann, bob = ChatUser(bus.address("line")), ChatUser(bus.address("line"))
            tap = self.tap(bus, "-c", "2", "--no-body", "uid", "2", "and", "kind", "event", "and", "size", ">", "5", name="first")
            quiet = self.tap(bus, "-q", "-c1", "kind commit and uid 1", name="second")
            ann.say("not from bob")
            bob.say("short")
            bob.say("long enough")
            bob.say("long enough too")
            for name, one in (("first", tap), ("second", quiet)):
                self.assertEqual(one.exit_code(), 0)
                bus.away.add(name)
            lines = tap.output
            self.assertEqual(len(lines), 2)
            for line, size in zip(lines, ("11B", "15B")):
                self.assertRegex(line, r"^\d\d:\d\d:\d\d\.\d{6} up +event +message [0-9a-f]{32}:\d+ uid=2 gateway=gateway1 " + size + "$")
            self.assertRegex(quiet.output[0], r"down commit +message [0-9a-f]{32}:\d+ uid=1 ")

    def test_mistakes_are_told(self):
        with self.bus() as bus:
            told = subprocess.run([BIN / "fairlead-tap", "--broker", bus.endpoint, "user", "42"], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(told.returncode, 2)
            self.assertIn("a condition is expected, and not 'user'", told.stderr)

    def test_it_waits_for_a_broker_and_outlives_one(self):
        with self.bus() as bus:
            tap = bus.add(Process("tap", [BIN / "fairlead-tap", "--broker", bus.endpoint, "-o", "json", "kind message and kind event"]))
            tap.start()
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            tap.wait_for("listening to")
            user = User(bus.address("line"))
            bus.restart(bus["broker"], "kill")
            numbers = iter(range(10000))

            def is_heard():
                user.echoes(f"hello {next(numbers)}")
                return tap.output

            wait_until(is_heard, "the tap has found the new broker")

    def test_nobody_notices_a_tap_that_is_frozen(self):
        port = free_ports(1)
        with self.bus() as bus:
            bus.start(bus.broker("--metrics", f"127.0.0.1:{port}"), bus.gateway(), bus.worker())
            tap = self.tap(bus, "-s", "4096", "-o", "json")
            oracle = bus.oracle(clients=8, in_flight=8)
            wait_until(lambda: tap.output, "it shows something")
            tap.freeze()
            # More than the 128 frames of 32 KiB that wait for it, and what the kernel holds.
            sent = scrape(port).values["fairlead_broker_tap_records_total"]
            committed = scrape(port).values["fairlead_broker_commits_total"]
            wait_until(lambda: scrape(port).values["fairlead_broker_tap_records_total"] > sent + 30_000, "the bus goes on")
            memory = bus["broker"].memory()
            wait_until(lambda: scrape(port).values["fairlead_broker_tap_records_total"] > sent + 60_000, "and on")
            self.assertGreater(scrape(port).values["fairlead_broker_commits_total"], committed + 10_000)
            self.assertLess(bus["broker"].memory(), memory + (8 << 20))
            bus.stop(oracle)
            tap.thaw()
            # What it was not sent it knows of when it hears the broker again: a word comes every second.
            shown = len(tap.output)
            wait_until(lambda: len(tap.output) > shown, "it reads on")
            User(bus.address("line")).echoes("the end")
            wait_until(lambda: any('"the end"' in line for line in tap.output[-50:]), "it has heard the end")
            dropped = scrape(port).values["fairlead_broker_tap_dropped_total"]
            captured, matched, seen, missed = self.finish(bus, tap)
            self.assertGreater(missed, dropped)  # beyond its allowance; the rest it did not read in time
            self.assertEqual(captured + missed, matched)
            self.assertEqual(matched, seen)


if __name__ == "__main__":
    main()
