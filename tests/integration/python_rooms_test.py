#!/usr/bin/python3
"""The rooms of examples/python_rooms.py, with real users: another language has groups, sessions, queries and timers too."""

from bus import PYTHON, ROOT, BusTest, main
from process import PATIENCE, Process, wait_until
from users import User


def wait_for(user, start, patience=PATIENCE):
    """The next message that begins like this; those before it are passed over."""
    while not (message := user.next(patience).decode()).startswith(start):
        pass
    return message


class Rooms(BusTest):
    def workers(self, bus):
        return [bus.add(Process(name, [PYTHON, ROOT / "examples" / "python_rooms.py", bus.endpoint]))
                for name in ("python1", "python2")]

    def friends(self, bus):
        bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus))
        ann, bob = User(bus.address("line")), User(bus.address("ws", "gateway2"))
        for user, name in ((ann, "ann"), (bob, "bob")):
            user.say(f"name {name}")
            self.assertEqual(user.next().decode(), f"you are {name}")
        return ann, bob

    def test_rooms_are_joined_heard_and_left(self):
        with self.bus() as bus:
            ann, bob = self.friends(bus)
            self.assertEqual(ann.say("join tea").next(), b"you are in tea, where there are 1 now")
            self.assertEqual(bob.say("join tea").next(), b"you are in tea, where there are 2 now")
            bob.say("say tea milk first?")
            for user in (ann, bob):
                self.assertEqual(user.next(), b"bob in tea: milk first?")
            self.assertEqual(ann.say("who tea").next(), b"in tea: ann, bob")
            self.assertEqual(ann.say("leave tea").next(), b"you have left tea, where there are 1 now")
            self.assertEqual(ann.say("who tea").next(), b"in tea: bob")
            self.assertRegex(ann.say("say tea wait").next(), b"^there are: join")
            ann.say("join tea")
            ann.next()
            bob.close()
            self.assertEqual(ann.next(), b"bob is gone")

    def test_the_session_counts_and_a_timer_fires_whoever_is_killed(self):
        with self.bus() as bus:
            ann, _ = self.friends(bus)
            ann.say("remind 1000 the kettle")
            for number in range(1, 301):
                ann.say("count")
                if number in (50, 150):
                    bus.restart(bus["python1"], "kill")
                if number == 100:
                    bus.restart(bus["broker"], "kill")
                if number == 200:
                    bus.restart(bus["python2"], "kill")
            counted = []
            while counted[-1:] != [300]:
                said = ann.next().decode()
                if said.isdigit():
                    counted.append(int(said))
            self.assertEqual(counted, list(range(1, 301)))
            if b"you wanted to hear: the kettle" not in ann.messages:
                wait_for(ann, "you wanted to hear: the kettle")
            ann.say("count")
            self.assertEqual(wait_for(ann, "301"), "301")
            self.assertEqual(ann.messages.count(b"you wanted to hear: the kettle"), 1)

    def test_a_long_list_of_names_comes_in_pages(self):
        with self.bus() as bus:
            ann, _ = self.friends(bus)
            count = 2200  # of 124 bytes each: more than the 256 KiB of a page
            crowd = [User(bus.address("line", f"gateway{1 + number % 2}")) for number in range(count)]
            for number, user in enumerate(crowd):
                user.say(f"name {number:04}{120 * 'x'}\njoin hall")
            for user in crowd:
                wait_for(user, "you are in hall")
            names = ann.say("who hall").next().decode().removeprefix("in hall: ").split(", ")
            self.assertEqual([name[:4] for name in names], [f"{number:04}" for number in range(count)])

    def test_who_is_there_is_not_complete_while_a_gateway_is_away(self):
        with self.bus() as bus:
            ann, bob = self.friends(bus)
            for user in (ann, bob):
                user.say("join tea")
                wait_for(user, "you are in tea")
            bus["gateway2"].freeze()
            wait_until(lambda: ann.say("who tea").next() == b"in tea: ann, bob, and maybe more", "it is seen to be away")
            bus["gateway2"].thaw()
            wait_until(lambda: ann.say("who tea").next() == b"in tea: ann, bob", "it is back")


if __name__ == "__main__":
    main()
