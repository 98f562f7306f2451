#!/usr/bin/python3
"""Broker, gateway and worker may come in any order, and each may be restarted while users are there."""

import itertools

from bus import BusTest, main
from users import ChatUser, User


class StartOrder(BusTest):
    def test_any_order_serves(self):
        for order in itertools.permutations(("broker", "gateway1", "worker1")):
            with self.subTest(order=order), self.bus(tcp=True) as bus:
                bus.broker(), bus.gateway(), bus.worker()
                # The next is started when the one before it runs, though it cannot be ready before the broker is.
                user = None
                for name in order:
                    bus[name].start()
                    if name == "gateway1":  # takes users at once, whoever is missing
                        user = User(bus.address("line")).say("early")
                    if name == "broker":
                        bus[name].wait_ready()
                for name in order:
                    bus[name].wait_ready()
                self.assertEqual(user.next(), b"early")
                user.echoes("late")

    def test_broker_and_worker_are_restarted_and_no_user_notices(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            users = [User(bus.address(kind)) for kind in ("line", "frame", "ws")]
            oracle = bus.oracle("line", "ws", rate=1000)
            for name in ("worker1", "broker", "worker1", "broker"):
                bus.restart(bus[name])
                oracle.wait_for_replies(100)
                for user in users:
                    user.echoes(f"after {name}")
            oracle.finish()

    def test_a_gateway_is_restarted_and_its_users_come_back_through_the_same_ports(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker())
            there = ChatUser(bus.address("line", "gateway2"))
            for life in (2, 3):
                gone = ChatUser(bus.address("ws"))
                self.assertEqual(gone.uid, life)
                there.until({"type": "come", "uid": life})
                bus["gateway1"].ask_to_stop()
                gone.wait_gone()
                gone.close()
                self.assertEqual(bus["gateway1"].exit_code(), 0)
                there.until({"type": "leave", "uid": life})
                bus.start(bus["gateway1"])
            there.say("still here")
            there.until({"text": "still here"})

    def test_a_broker_that_comes_seconds_late_finds_what_users_said_meanwhile(self):
        with self.bus() as bus:
            bus.broker()
            bus.gateway().start()
            bus.worker().start()
            users = [User(bus.address("line")) for _ in range(5)]
            for number in range(10):
                for user in users:
                    user.say(str(number))
            # They have dialed in vain for a while, and slowed down.
            for name in ("gateway1", "worker1"):
                bus[name].wait_for("link_lost|no_broker")
            bus.start(bus["broker"])
            for user in users:
                self.assertEqual([user.next() for _ in range(10)], [str(number).encode() for number in range(10)])


if __name__ == "__main__":
    main()
