#!/usr/bin/python3
"""Workers come, go, crash, freeze and misbehave under load, and no user notices."""

import pathlib

from bus import PYTHON, BusTest, hold, main
from process import Process, wait_until
from users import User

MISBEHAVING = pathlib.Path(__file__).with_name("misbehaving_worker.py")


def events_of(worker):
    """How many events it handled, as it says when it has been stopped."""
    return int(worker.find(r"\bstopped events=(\d+)")[-1].group(1))


class Workers(BusTest):
    def test_without_a_worker_users_wait_and_are_not_hung_up_on(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            oracle = bus.oracle("line", "ws", clients=8, in_flight=64)  # more than a gateway takes: their sockets fill up
            user = User(bus.address("line"))
            user.echoes("before")
            bus.stop(bus["worker1"])
            late = User(bus.address("frame"))
            for number in range(20):
                user.say(f"while nobody works {number}")
                late.say(f"too {number}")
            hold(3)
            user.assert_connected()
            late.assert_connected()
            bus.start(bus["worker1"])
            for number in range(20):
                self.assertEqual(user.next(), f"while nobody works {number}".encode())
                self.assertEqual(late.next(), f"too {number}".encode())
            oracle.wait_for_replies(100)
            oracle.finish()

    def test_a_worker_attached_under_load_takes_load_within_a_second(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            oracle = bus.oracle(clients=32, in_flight=16)
            bus.start(bus.worker(name="worker2"))
            hold(1)
            bus.stop(bus["worker2"])
            self.assertGreater(events_of(bus["worker2"]), 100)
            oracle.finish()

    def test_and_is_enough_when_it_is_the_only_one_left(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            oracle = bus.oracle(rate=2000)
            bus.start(bus.worker(name="worker2"))
            bus.kill(bus["worker1"])
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_rolling_restart_of_all_workers_costs_nobody_anything(self):
        with self.bus() as bus:
            workers = [bus.worker(name=f"worker{number}") for number in (1, 2, 3)]
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), *workers)
            oracle = bus.oracle("line", "frame", "ws", gateways=("gateway1", "gateway2"), clients=36)
            for _ in range(2):
                for worker in workers:
                    bus.restart(worker)  # which asserts that it leaves with 0
                    oracle.wait_for_replies(300)
            oracle.finish(at_least=2000)
            blamed = bus["broker"].find(r"warning .*worker_lost|dead_letter|handler_failed")
            self.assertFalse(blamed, "a worker that leaves in peace is not blamed for anything")

    def test_kill_9_of_a_worker_under_load(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker(), bus.worker("--threads", 2, name="worker2"))
            oracle = bus.oracle("line", "ws", clients=32)
            for _ in range(3):
                for name in ("worker1", "worker2"):
                    bus.restart(bus[name], "kill")
                    oracle.wait_for_replies(300)
            oracle.finish(at_least=2000)
            self.assertFalse(bus["broker"].find("dead_letter"))

    def test_kill_9_of_the_only_worker(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            oracle = bus.oracle("line", clients=16)
            for _ in range(4):
                bus.restart(bus["worker1"], "kill")
                oracle.wait_for_replies(300)
            oracle.finish()

    def test_a_frozen_worker_is_given_up_and_taken_back(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker(), bus.worker(name="worker2"))
            oracle = bus.oracle("line", "ws", clients=16, rate=1000)
            frozen = bus["worker2"]
            begin = bus["broker"].mark()
            frozen.freeze()
            hold(6)
            bus["broker"].wait_for("worker_lost .*worker2", since=begin)
            oracle.wait_for_replies(300)
            frozen.thaw()
            bus["broker"].wait_for("worker_here .*worker2", since=begin)
            oracle.wait_for_replies(300)
            bus.stop(bus["worker1"])  # so that the one that came back has to do it
            oracle.wait_for_replies(300)
            oracle.finish()


class Misbehaving(BusTest):
    def worker(self, bus, name):
        return bus.add(Process(name, [PYTHON, MISBEHAVING, bus.endpoint, bus.folder / "once"]))

    def test_an_event_that_kills_workers_is_given_up_and_its_client_goes_on(self):
        with self.bus() as bus:
            workers = [self.worker(bus, name) for name in ("bad1", "bad2")]
            bus.start(bus.broker(), bus.gateway(), *workers)
            oracle = bus.oracle(clients=4, in_flight=4, rate=200)
            user = User(bus.address("line"))
            user.echoes("before")
            user.say("die").say("after")
            for _ in range(3):
                victim = wait_until(lambda: next((one for one in workers if not one.is_alive()), None), "a worker's death")
                bus.start(victim)
            bus["broker"].wait_for("dead_letter")
            self.assertEqual(user.next(), b"after")
            user.echoes("and on")
            oracle.wait_for_replies(50)
            oracle.finish()
            self.assertEqual(len(bus["broker"].find("dead_letter")), 1)
            self.assertTrue(all(one.is_alive() for one in workers), "nobody died a fourth time")

    def test_an_event_that_fails_is_tried_three_times_and_given_up(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), self.worker(bus, "bad1"))
            user = User(bus.address("line")).say("fail").say("after")
            self.assertEqual(user.next(), b"after")
            bus["broker"].wait_for("dead_letter")
            self.assertEqual(len(bus["broker"].find("handler_failed")), 3)

    def test_a_stuck_handler_delays_its_own_client_only(self):
        with self.bus() as bus:
            bus.start(bus.broker("--handler-deadline", "1s"), bus.gateway(), self.worker(bus, "bad1"), self.worker(bus, "bad2"))
            oracle = bus.oracle(clients=4, in_flight=4, rate=200)
            user = User(bus.address("line")).say("once 3").say("after")
            bus["broker"].wait_for("handler_overdue")
            # It goes elsewhere, and what the stuck one says in the end is refused: one echo each, in order.
            self.assertEqual(user.next(), b"once 3")
            self.assertEqual(user.next(), b"after")
            hold(3)
            user.echoes("end")
            result = oracle.finish()
            self.assertGreater(result["received"], 100)


if __name__ == "__main__":
    main()
