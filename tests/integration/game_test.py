#!/usr/bin/python3
"""The game room of examples/game with two players, while whatever steps it dies."""

import itertools
import json
import urllib.parse

from bus import BIN, BusTest, main
from process import PATIENCE, Process, wait_until
from users import User


class Player(User):
    """A player in a pond, over WebSocket."""

    def __init__(self, address, name, me=""):
        super().__init__(address + "?" + urllib.parse.urlencode({"room": "pond", "name": name, "me": me}))
        self.number = self.until_any("you")["you"]
        self.steps = []

    def until_any(self, key):
        """The next message that has this."""
        while key not in (said := self.next_json()):
            pass
        return said

    def step(self):
        """The next step; each comes once, and none is left out."""
        step = self.until_any("step")
        if self.steps:
            expected = self.steps[-1]["step"] + 1
            assert step["step"] == expected, f"step {step['step']} came instead of {expected}"
        self.steps.append(step)
        return step

    def sees(self, number, wanted, what):
        """Until a step in which the player of this number is as wanted."""
        seen = []

        def look():
            seen[:] = [one for one in self.step()["players"] if one["number"] == number]
            return seen and wanted(seen[0]) and seen[0]

        return wait_until(look, lambda: f"{self.address} sees {what}; it sees {seen}", PATIENCE)

    def sees_move(self, other):
        """Until the other one has moved by three cells; around who stands in the way: a cell holds one player."""
        begin = self.sees(other.number, lambda player: True, "the other")
        cells = [(begin["x"], begin["y"])]
        ways = itertools.cycle(("left", "up", "right", "down"))

        def moved(player):
            cells.append((player["x"], player["y"]))
            if len(cells) > 10 and len(set(cells[-10:])) == 1:
                other.say(f"go {next(ways)}")
                del cells[1:]
            return abs(player["x"] - begin["x"]) + abs(player["y"] - begin["y"]) >= 3

        return self.sees(other.number, moved, "the other move")


class Game(BusTest):
    def workers(self, bus, count=2):
        return [bus.add(Process(f"worker{number}", [BIN / "fairlead-game", "--broker", bus.endpoint, "--name", f"worker{number}",
                                                    "--store", f"lmdb:{bus.folder}/store"])) for number in range(1, count + 1)]

    def start(self, bus):
        bus.start(bus.broker("--gateway-dead", "1s"), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus))

    def test_two_players_see_each_other_move_while_workers_are_killed(self):
        with self.bus() as bus:
            self.start(bus)
            ann, bob = Player(bus.address("ws"), "Ann"), Player(bus.address("ws", "gateway2"), "Bob")
            ann.say("go left")
            bob.say("go down")
            for life in range(4):
                bob.sees_move(ann)
                ann.sees_move(bob)
                bus.restart(bus[f"worker{1 + life % 2}"], "kill")
            bob.sees_move(ann)
            ann.sees_move(bob)
            self.assertEqual([one["name"] for one in ann.steps[-1]["players"]], ["Ann", "Bob"])
            self.assertFalse(bus["broker"].find("dead_letter|handler_failed"))

    def test_the_steps_are_shared_by_the_workers(self):
        with self.bus() as bus:
            self.start(bus)
            ann = Player(bus.address("ws"), "Ann")
            crowd = []
            for room in range(10):
                user = User(bus.address("line")).say(f"enter room{room} Eve")
                self.assertIn("you", json.loads(user.next()))
                crowd.append(user)
            for _ in range(20):
                ann.step()
            for name in ("worker1", "worker2"):
                bus.stop(bus[name])
                events = int(bus[name].find(r"\bstopped events=(\d+)")[-1].group(1))
                self.assertGreater(events, 20, f"{name} has taken its share")
                bus.start(bus[name])
            ann.step()

    def test_the_broker_may_be_killed_between_two_steps(self):
        with self.bus() as bus:
            self.start(bus)
            ann, bob = Player(bus.address("ws"), "Ann"), Player(bus.address("ws", "gateway2"), "Bob")
            ann.say("go right")
            bob.sees_move(ann)
            bus.restart(bus["broker"], "kill")
            bob.sees_move(ann)
            ann.step()
            self.assertFalse(bus["broker"].find("dead_letter|handler_failed"))

    def test_a_room_goes_on_when_its_keeper_leaves_or_its_gateway_is_killed(self):
        with self.bus() as bus:
            self.start(bus)
            first = Player(bus.address("ws"), "First")  # keeps the room
            first.step()
            ann, bob = Player(bus.address("ws"), "Ann"), Player(bus.address("ws", "gateway2"), "Bob")
            bob.say("go up")
            bob.sees_move(bob)
            first.close()
            bob.sees(first.number, lambda player: player["away"], "that the first has left")
            bob.sees_move(bob)
            bus.kill(bus["gateway1"])  # with Ann, whose turn it may be
            bob.sees(ann.number, lambda player: player["away"], "that Ann is gone")
            bob.sees_move(bob)

    def test_a_player_who_comes_back_is_the_one_it_was(self):
        with self.bus() as bus:
            self.start(bus)
            bob = Player(bus.address("ws", "gateway2"), "Bob")
            ann = Player(bus.address("ws"), "Ann", me="0123456789abcdef")
            bob.sees(ann.number, lambda player: True, "Ann")
            again = Player(bus.address("ws", "gateway2"), "Ann", me="0123456789abcdef")
            self.assertEqual(again.number, ann.number)
            ann.wait_gone()
            self.assertEqual(json.loads(ann.messages[-1]), {"replaced": True})
            again.say("go left")
            bob.sees_move(again)
            self.assertEqual(len(bob.steps[-1]["players"]), 2)


if __name__ == "__main__":
    main()
