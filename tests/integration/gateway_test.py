#!/usr/bin/python3
"""A gateway crashes, freezes or is short of something: its own users are told, nobody else notices."""

import resource

from bus import BusTest, hold, main
from process import wait_until
from users import ChatUser, Gone, User


class Crash(BusTest):
    def test_chat_users_hear_exactly_one_leave_for_each_who_was_there(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker("--gateway-dead", "1s"), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(),
                      bus.worker(name="worker2"))
            dead = [ChatUser(bus.address(kind)) for kind in ("line", "frame", "ws")]
            there = [ChatUser(bus.address(kind, "gateway2")) for kind in ("line", "ws")]
            for user in dead:
                user.say("last words")
                there[0].until({"from": user.uid, "text": "last words"})
            bus.kill(bus["gateway1"])
            for user in dead:
                user.wait_gone()
            for user in there:
                left = {user.until({"type": "leave"})["uid"] for _ in dead}
                self.assertEqual(left, {1, 2, 3})
            bus.start(bus["gateway1"])  # comes back with nobody
            late = ChatUser(bus.address("line"))
            self.assertEqual([user["uid"] for user in late.welcome["users"]], [4, 5])
            late.say("end")
            for user in there:
                user.until({"text": "end"})
                self.assertEqual(user.heard({"type": "leave"}), 3)
                user.assert_connected()

    def test_a_new_life_under_the_same_name_ends_the_old_one_at_once(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker("--gateway-dead", "1h"), bus.gateway(), bus.gateway(name="gateway2"), bus.worker())
            ChatUser(bus.address("line"))
            there = ChatUser(bus.address("line", "gateway2"))
            bus.restart(bus["gateway1"], "kill")
            there.until({"type": "leave", "uid": 1})

    def test_kill_9_under_load_costs_the_others_nothing(self):
        with self.bus() as bus:
            bus.start(bus.broker("--gateway-dead", "1s"), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(),
                      bus.worker(name="worker2"))
            others = bus.oracle("line", "ws", gateways=("gateway2",), clients=16, name="others")
            for life in range(3):
                victims = bus.oracle("line", "ws", clients=16, name=f"victims{life}")
                victims.wait_for_replies(500)
                bus.kill(bus["gateway1"])
                lost = victims.result()
                self.assertEqual((lost["disconnected"], lost["duplicated"], lost["reordered"], lost["foreign"]), (16, 0, 0, 0))
                bus.start(bus["gateway1"])
            others.wait_for_replies(500)
            others.finish()


class Frozen(BusTest):
    def freeze(self, seconds):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(), bus.worker(name="worker2"))
            mine = bus.oracle("line", "ws", clients=8, name="mine")
            others = bus.oracle("line", "ws", gateways=("gateway2",), clients=8, name="others")
            bus["gateway1"].freeze()
            others.wait_for_replies(1000)
            hold(seconds)
            others.wait_for_replies(1000)
            bus["gateway1"].thaw()
            mine.wait_for_replies(500)
            mine.finish()
            others.finish()
            self.assertFalse(bus["broker"].find("gateway_gone|dead_letter"))

    def test_for_two_seconds(self):
        self.freeze(2)

    def test_for_six_seconds(self):
        self.freeze(6)


class Shortage(BusTest):
    def test_out_of_descriptors_it_serves_those_who_are_there(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.worker())
            gateway = bus["gateway1"]
            old = User(bus.address("line"))
            old.echoes("before")
            room = gateway.descriptors() + 3
            resource.prlimit(gateway.popen.pid, resource.RLIMIT_NOFILE, (room, room))
            crowd = [User(bus.address("line")).say("let me in") for _ in range(10)]
            served = [user for user in crowd[:3] if user.next() == b"let me in"]
            self.assertEqual(len(served), 3)
            old.echoes("still here")
            for user in served:
                user.close()
            for user in crowd[3:6]:  # first come, first served
                self.assertEqual(user.next(), b"let me in")
            old.echoes("and on")

    def test_a_user_who_does_not_read_is_hung_up_on_at_the_limit(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway("--outbox-limit", "256k"), bus.worker())
            oracle = bus.oracle(clients=4, rate=500)
            deaf = User(bus.address("line"))
            deaf.socket.settimeout(30)
            with self.assertRaises(ConnectionError):
                for _ in range(10000):
                    deaf.say("x" * 30000)
            self.assertLess(bus["gateway1"].memory(), 300 << 20)
            oracle.wait_for_replies(200)
            oracle.finish()

    def test_a_user_who_is_told_more_than_it_reads_costs_the_room_nothing(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway("--outbox-limit", "64k"), bus.worker())
            deaf = ChatUser(bus.address("line"))
            talker = ChatUser(bus.address("line"))

            def is_gone():
                talker.say("y" * 60000)
                talker.until({"type": "say"})
                return talker.heard({"type": "leave", "uid": deaf.uid})

            wait_until(is_gone, "the user who does not read leaves")
            talker.say("end")
            talker.until({"text": "end"})
            with self.assertRaises(Gone):
                while True:
                    deaf.next()


class Stop(BusTest):
    def test_sigterm_tells_its_users_and_commits_what_they_said(self):
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker())
            leaving = ChatUser(bus.address("ws"))
            there = ChatUser(bus.address("line", "gateway2"))
            for number in range(20):
                leaving.say(f"last word {number}")
            leaving.until({"text": "last word 0"})
            bus["gateway1"].ask_to_stop()
            leaving.wait_gone()
            leaving.close()
            self.assertEqual(bus["gateway1"].exit_code(), 0)
            bus.away.add("gateway1")
            there.until({"type": "leave", "uid": 1})
            heard = there.heard({"from": 1})
            self.assertGreaterEqual(heard, 1)
            self.assertEqual(there.heard({"from": 1, "text": f"last word {heard - 1}"}), 1)


if __name__ == "__main__":
    main()
