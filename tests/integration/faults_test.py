#!/usr/bin/python3
"""Faults that last: nobody works for half a minute, a gateway or everything is frozen, one user reads nothing while megabytes wait for him."""

import time

from bus import BusTest, hold, main
from process import wait_until
from users import Gone, User

MIB = 1 << 20


class Lasting(BusTest):
    def test_no_worker_for_30_seconds_while_1000_users_type(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker("--threads", 2))
            oracle = bus.oracle("line", "frame", "ws", clients=1000, in_flight=64)
            bus.stop(bus["worker1"])
            hold(5)  # whatever fills up has done so by now
            early = {name: bus[name].memory() for name in ("broker", "gateway1")}
            hold(25)
            for name, memory in early.items():
                self.assertLess(bus[name].memory(), memory + 8 * MIB, f"{name} grows while nobody works")
                self.assertLess(memory, 200 * MIB)
            bus.start(bus["worker1"])
            oracle.wait_for_replies(10000)
            oracle.finish(at_least=64 * 1000)
            self.assertFalse(bus["broker"].find("gateway_lost|gateway_gone|dead_letter"))

    def test_a_gateway_frozen_for_20_seconds_costs_the_others_nothing_and_its_own_users_are_told(self):
        with self.bus() as bus:
            bus.start(bus.broker("--gateway-dead", "10s"), bus.gateway(), bus.gateway(name="gateway2"), bus.worker())
            users = [User(bus.address(kind)) for kind in ("ws", "line")]
            for user in users:
                user.echoes("before")
            others = bus.oracle("line", "ws", gateways=("gateway2",), clients=8, rate=1000)
            bus["gateway1"].freeze()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                others.wait_for_replies(200, patience=5)
            self.assertTrue(bus["broker"].find("gateway_gone"))
            bus["gateway1"].thaw()
            for user in users:
                user.wait_gone()
            bus["gateway1"].wait_for("cut_off|away for too long")
            User(bus.address("line")).echoes("somebody new")
            others.finish(at_least=4000)

    def test_everything_is_frozen_for_6_seconds_and_nobody_is_taken_for_dead(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker(), bus.worker(name="worker2"))
            oracle = bus.oracle("line", "ws", clients=16)
            everybody = [bus[name] for name in ("worker1", "broker", "gateway1", "worker2")]
            begin = bus["broker"].mark()
            for process in everybody:
                process.freeze()
            hold(6)
            self.random().shuffle(everybody)
            for process in everybody:
                process.thaw()
            oracle.wait_for_replies(1000)
            oracle.finish()
            self.assertFalse(bus["broker"].find("gateway_lost|worker_lost", since=begin))


class Deaf(BusTest):
    def test_a_user_who_reads_nothing_while_50_megabytes_wait_gets_them_all_and_holds_up_nobody(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway("--outbox-limit", "64M"), bus.worker())
            others = bus.oracle("line", "ws", clients=8, rate=500)
            deaf = User(bus.address("frame"))
            messages = [f"{number}:".encode() + b"x" * 60000 for number in range(900)]
            for message in messages:
                deaf.say(message)
            wait_until(lambda: bus["gateway1"].memory() > 40 * MIB, "megabytes wait for him")
            others.wait_for_replies(500)
            self.assertLess(bus["gateway1"].memory(), 150 * MIB)
            for message in messages:
                self.assertEqual(deaf.next(), message)
            others.finish()

    def test_beyond_his_limit_he_is_closed_with_a_reason(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            others = bus.oracle("line", "ws", clients=8, rate=500)
            deaf = User(bus.address("frame"))
            with self.assertRaises((ConnectionError, Gone)):
                for _ in range(2000):
                    deaf.say(b"x" * 60000)
            bus["gateway1"].wait_for("user_too_slow")
            self.assertLess(bus["gateway1"].memory(), 64 * MIB)
            others.wait_for_replies(500)
            others.finish()


class Machine(BusTest):
    def test_a_journal_at_level_os_loses_nothing_when_the_broker_is_killed(self):
        with self.bus() as bus:
            bus.start(bus.broker("--journal-level", "os", "--journal-segment", "64k"), bus.gateway(), bus.worker())
            oracle = bus.oracle("line", "ws", clients=16)
            for _ in range(3):
                oracle.wait_for_replies(1000)
                bus.restart(bus["broker"], "kill")
            oracle.wait_for_replies(500)
            oracle.finish()


if __name__ == "__main__":
    main()
