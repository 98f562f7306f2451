#!/usr/bin/python3
"""Users of the chat app talk to each other, whatever protocol each of them speaks and wherever they came in."""

import subprocess

from bus import BIN, BusTest, main
from users import ChatUser, everybody_hears

KINDS = ("line", "frame", "ws")


class Chat(BusTest):
    def three_users(self, bus):
        """One for each protocol, through two gateways, numbered 1, 2, 3."""
        bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(), bus.worker(name="worker2"))
        users = [ChatUser(bus.address(kind, gateway)) for kind, gateway in zip(KINDS, ("gateway1", "gateway2", "gateway1"))]
        self.assertEqual([user.uid for user in users], [1, 2, 3])
        return users

    def test_everybody_hears_who_comes_and_who_leaves(self):
        with self.bus(app="chat") as bus:
            one, two, three = self.three_users(bus)
            everybody_hears([one], {"type": "come", "uid": 2})
            everybody_hears([one, two], {"type": "come", "uid": 3})
            self.assertEqual([user["uid"] for user in three.welcome["users"]], [1, 2])
            two.close()
            everybody_hears([one, three], {"type": "leave", "uid": 2})
            one.say("still here")
            three.until({"type": "say", "text": "still here"})
            self.assertEqual(three.heard({"type": "leave"}), 1)
            self.assertEqual(three.heard({"type": "come", "uid": 3}), 0)

    def test_a_line_goes_to_everybody_and_to_its_sender_once(self):
        with self.bus(app="chat") as bus:
            users = self.three_users(bus)
            for user in users:
                user.say(f"hello from {user.uid}")
                everybody_hears(users, {"type": "say", "from": user.uid, "to": "all", "text": f"hello from {user.uid}"})
            users[0].say("end")
            everybody_hears(users, {"text": "end"})
            for user in users:
                self.assertEqual(user.heard({"type": "say"}), 4)

    def test_a_private_message_is_between_two(self):
        with self.bus(app="chat") as bus:
            one, two, three = self.three_users(bus)
            one.say("2:between us")
            everybody_hears([one, two], {"type": "say", "from": 1, "to": 2, "text": "between us"})
            two.say("1:of course")
            everybody_hears([one, two], {"type": "say", "from": 2, "to": 1, "text": "of course"})
            one.say("end")
            everybody_hears([one, two, three], {"text": "end"})
            self.assertEqual(three.heard({"type": "say"}), 1)
            self.assertEqual(two.heard({"text": "between us"}), 1)
            one.say("77:anybody?")
            self.assertIn("77", one.until({"type": "error"})["text"])

    def test_rooms(self):
        with self.bus(app="chat") as bus:
            one, two, three = self.three_users(bus)
            one.say("/join harbour")
            one.until({"type": "join", "uid": 1, "room": "#harbour"})
            two.say("/join harbour")
            everybody_hears([one, two], {"type": "join", "uid": 2, "room": "#harbour"})
            two.say("/harbour all fast")
            everybody_hears([one, two], {"type": "say", "from": 2, "to": "#harbour", "text": "all fast"})
            three.say("/harbour may I?")
            self.assertIn("harbour", three.until({"type": "error"})["text"])
            one.say("/who")
            one.until({"type": "who"})
            two.say("/leave harbour")
            one.until({"type": "part", "uid": 2, "room": "#harbour"})
            one.say("/harbour alone now")
            one.until({"text": "alone now"})
            one.say("end")
            everybody_hears([one, two, three], {"text": "end"})
            self.assertEqual(three.heard({"to": "#harbour"}), 0)
            self.assertEqual(two.heard({"text": "alone now"}), 0)

    def test_names_and_who_is_there(self):
        with self.bus(app="chat") as bus:
            one, two, three = self.three_users(bus)
            two.say("/name Ada")
            everybody_hears([one, two, three], {"type": "name", "uid": 2, "name": "Ada"})
            two.say("hi")
            everybody_hears([one, three], {"type": "say", "from": 2, "name": "Ada", "text": "hi"})
            three.say("/who")
            answer = three.until({"type": "who"})
            self.assertEqual(answer["users"], [{"uid": 1}, {"uid": 2, "name": "Ada"}, {"uid": 3}])
            self.assertEqual((answer["online"], answer["complete"]), (3, True))

    def test_what_makes_no_sense_is_answered_and_nobody_else_hears_of_it(self):
        with self.bus(app="chat") as bus:
            one, two, _ = self.three_users(bus)
            for nonsense in ("", "/join", "/nowhere hello", "/name", "2:"):
                one.say(nonsense)
                self.assertTrue(one.until({"type": "error"})["text"], nonsense)
            one.say("end")
            two.until({"text": "end"})
            self.assertEqual(two.heard({"type": "say"}), 1)

    def test_numbers_go_on_after_all_processes_have_been_restarted(self):
        with self.bus(app="chat") as bus:
            users = self.three_users(bus)
            for user in users:
                user.close()
            for name in ("gateway1", "gateway2", "worker1", "worker2", "broker"):
                bus.stop(bus[name])
            bus.start(*(bus[name] for name in ("broker", "worker2", "gateway1")))
            self.assertEqual(ChatUser(bus.address("ws")).uid, 4)

    def test_fairlead_chat_in_a_pipe(self):
        with self.bus(app="chat") as bus:
            one, _, _ = self.three_users(bus)
            for kind in KINDS:
                chat = subprocess.run([BIN / "fairlead-chat", bus.address(kind)], input=f"hello over {kind}\n", text=True, capture_output=True,
                                      timeout=30, check=False)
                self.assertEqual(chat.returncode, 0, chat.stderr)
                self.assertIn(f"hello over {kind}", chat.stdout)
                one.until({"type": "say", "text": f"hello over {kind}"})


if __name__ == "__main__":
    main()
