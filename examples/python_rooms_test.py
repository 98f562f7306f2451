#!/usr/bin/python3
"""The rooms say what they should; that it has the golden bytes is python_worker_test.py's matter, which holds everything
against them that makes an effect or a question."""

import json
import pathlib
import unittest

import python_rooms
import python_worker

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "schemas" / "vectors"


def load(name):
    return json.loads((VECTORS / name).read_text())


def a_unit():
    return python_worker.Unit([1, 1, b"me", b"gw", b"peer", 4, b"old", b"u", [b"g"], []])


class Rooms(unittest.TestCase):
    def test_what_happens_to_a_client_is_understood(self):
        payloads = {vector["record"]: bytes.fromhex(vector["hex"]) for vector in load("payloads.json")}
        unit = a_unit()
        told = python_rooms.rooms(unit, python_worker.TIMER, payloads["timer"], False)
        self.assertEqual(told, [python_worker.send_to_client(b"me", b"you wanted to hear: round 1")])
        told = python_rooms.rooms(unit, python_worker.GROUP, payloads["group"], False)
        self.assertEqual(told, [python_worker.send_to_client(b"me", b"you are in room, where there are 3 now")])

    def says(self, text, **changed):
        unit = a_unit()
        for name, value in changed.items():
            setattr(unit, name, value)
        return python_rooms.rooms(unit, python_worker.MESSAGE, text, False)

    def test_a_room_is_heard_by_those_in_it(self):
        self.assertEqual(self.says(b"join h"), [python_worker.join(b"me", b"h", True)])
        self.assertEqual(self.says(b"say g hello, you"), [python_worker.send_to_groups([b"g"], b"u in g: hello, you")])
        self.assertEqual(self.says(b"leave g"), [python_worker.leave(b"me", b"g")])
        self.assertIn(b"there are: join", self.says(b"say h hello")[0][1][3])
        gone = python_rooms.rooms(a_unit(), python_worker.CLOSE, b"", False)
        self.assertEqual(gone, [python_worker.send_to_groups([b"g"], b"u is gone", without=[b"me"])])

    def test_the_session_counts_and_says_from_which_version(self):
        self.assertEqual(self.says(b"count", session=b"9")[0], python_worker.set_session(b"me", b"10", 4))
        self.assertEqual(self.says(b"count", session=b"")[0], python_worker.set_session(b"me", b"1", 4))

    def test_who_asks_the_broker_and_says_what_it_was_told(self):
        for answer, expected in ((python_worker.Answer(True, [b"ann", b"bob"]), b"in g: ann, bob"),
                                 (python_worker.Answer(False, [b"ann"]), b"in g: ann, and maybe more"),
                                 (python_worker.Answer(True, []), b"in g: nobody with a name"),
                                 (None, b"who is in g cannot be told now")):
            asking = self.says(b"who g")
            self.assertEqual(next(asking).record(7, b""), [33, 7, 6, [], [b"g"], b"", 0])
            with self.assertRaises(StopIteration) as done:
                asking.send(answer)
            self.assertEqual(done.exception.value, [python_worker.send_to_client(b"me", expected)])


if __name__ == "__main__":
    unittest.main()
