#!/usr/bin/python3
"""Holds examples/python_worker.py against schemas/vectors/, the golden bytes of the protocol."""

import json
import pathlib
import unittest

import msgpack

import python_worker

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "schemas" / "vectors"


def load(name):
    return json.loads((VECTORS / name).read_text())


def raw(text):
    """A vector's string as bytes."""
    return bytes.fromhex(text["hex"]) if isinstance(text, dict) else text.encode()


def send(fields):
    without = [bytes.fromhex(one) for one in fields["except"]]
    if fields["scope"] == 0:
        clients = [bytes.fromhex(one) for one in fields["targets"]]
        return python_worker.send_to_clients(clients, raw(fields["payload"]), without, fields["binary"])
    names = [raw(one) for one in fields["targets"]]
    if fields["scope"] == 2:
        return python_worker.send_to_groups(names, raw(fields["payload"]), without, fields["binary"])
    return [1, [fields["scope"], names, without, raw(fields["payload"]), fields["binary"]]]


def effect(named):
    """As the worker makes it; what it has no use for is spelled out."""
    (name, e), = named.items()
    client = bytes.fromhex(e["client"]) if "client" in e else None
    text = lambda key: None if e[key] is None else raw(e[key])
    return {"send": lambda: send(e),
            "bind": lambda: python_worker.bind(client, text("uid")),
            "join": lambda: python_worker.join(client, raw(e["group"]), e["watch"]),
            "leave": lambda: python_worker.leave(client, raw(e["group"])),
            "ungroup": lambda: [5, raw(e["group"])],
            "set_session": lambda: python_worker.set_session(client, raw(e["session"]), e["expected"]),
            "close": lambda: [7, client, e["now"], text("last"), e["binary"]],
            "timer": lambda: python_worker.set_timer(client, raw(e["name"]), e["after"], raw(e["payload"])),
            "close_uid": lambda: [9, raw(e["uid"]), text("last"), e["binary"]]}[name]()


def query(f):
    made = python_worker.Query(f["ask"], [bytes.fromhex(one) for one in f["clients"]], [raw(one) for one in f["names"]])
    record = made.record(f["id"], raw(f["cursor"]))
    return record[:-1] + [f["limit"]]  # which the worker leaves to the broker


def record(name, f):
    """What the worker would say for a vector's fields."""
    return {"worker_hello": lambda: [31, f["incarnation"], raw(f["name"]), raw(f["version"]), raw(f["app"])],
            "heartbeat": lambda: [10, f["head"]],
            "credit": lambda: [32, f["units"]],
            "query": lambda: query(f),
            "drain": lambda: [34],
            "bye": lambda: [11, raw(f["reason"])],
            "complaint": lambda: [13, raw(f["reason"])],
            "outcome": lambda: [35, f["unit"], f["attempt"], f["seq"], f["verdict"],
                                [effect(e) for e in f["effects"]], raw(f["error"]), f["after"]],
            "publication": lambda: [37, f["id"], [effect(e) for e in f["effects"]]]}.get(name, lambda: None)()


class Vectors(unittest.TestCase):
    def test_what_the_worker_says_has_the_golden_bytes(self):
        checked = set()
        for vector in load("worker_to_broker.json"):
            said = record(vector["record"], vector["fields"])
            if said is not None:
                self.assertEqual(msgpack.packb(said, use_bin_type=True).hex(), vector["hex"], vector)
                checked.add(vector["record"])
        self.assertLessEqual({"worker_hello", "heartbeat", "credit", "query", "drain", "bye", "outcome"}, checked)

    def test_what_the_broker_says_is_understood(self):
        for vector in load("broker_to_worker.json"):
            frame = python_worker.pack(5, 0, []) + bytes.fromhex(vector["hex"])
            link, seq, ack, ((kind, fields),) = python_worker.unpack(frame)
            self.assertEqual((link, seq, ack), (5, 0, 0))
            if vector["record"] == "answer":
                self.check_answer(kind, fields, vector["fields"])
            if vector["record"] != "unit":
                continue
            self.assertEqual(kind, python_worker.UNIT)
            unit, told = python_worker.Unit(fields), vector["fields"]
            self.assertEqual(unit.client.hex(), told["client"])
            self.assertEqual(unit.session, raw(told["session"]))
            self.assertEqual(unit.groups, [raw(group) for group in told["groups"]])
            self.assertEqual([event[0] for event in unit.events], [event["seq"] for event in told["events"]])
            self.assertEqual([event[3] for event in unit.events], [raw(event["payload"]) for event in told["events"]])

    def check_answer(self, kind, fields, told):
        self.assertEqual(kind, python_worker.ANSWER)
        number, complete, items, cursor = fields[:4]
        self.assertEqual(number, told["id"])
        asking = python_worker.Asking(None, None)
        self.assertEqual(asking.take(complete, items, cursor), told["next"] == "")
        self.assertEqual(asking.items, [raw(item) for item in told["items"]])
        if told["next"] == "":
            self.assertEqual(asking.answer.complete, told["complete"])

    def test_frames_are_read_as_they_were_meant(self):
        for vector in load("frames.json"):
            frame = bytes.fromhex(vector["hex"])
            topic = bytes.fromhex(vector["topic"])
            self.assertTrue(frame.startswith(topic))
            link, seq, ack, records = python_worker.unpack(frame[len(topic):])
            header = vector["header"]
            self.assertEqual((link, seq, ack), (header["link"], header["seq"], header["ack"]))
            self.assertEqual(len(records), vector["records"])
            if topic.startswith(b"o"):
                self.assertEqual(topic, python_worker.outcomes_topic(link))

    def test_bad_bytes_are_refused(self):
        good = python_worker.pack(5, 0, [[10, 3]])
        for bad in (b"", b"\xc1", b"hello", good[:-1], b"\x94\x02" + good[2:]):
            with self.assertRaises(ValueError, msg=bad):
                python_worker.unpack(bad)


class Units(unittest.TestCase):
    def unit(self):
        return python_worker.Unit([1, 1, b"me", b"gw", b"peer", 4, b"old", b"u", [b"g"], []])

    def test_the_next_event_sees_what_was_done_to_its_client(self):
        unit = self.unit()
        unit.apply([python_worker.set_session(b"me", b"new"), [2, b"me", None], [3, b"me", b"h"], [4, b"me", b"g"]])
        self.assertEqual((unit.session, unit.session_version, unit.uid, unit.groups), (b"new", 5, None, [b"h"]))

    def test_and_nothing_of_what_was_done_to_others(self):
        unit = self.unit()
        unit.apply([python_worker.set_session(b"you", b"new"), python_worker.set_session(b"me", b"new", 3),
                    [2, b"you", None], [3, b"you", b"h"]])
        self.assertEqual((unit.session, unit.session_version, unit.uid, unit.groups), (b"old", 4, b"u", [b"g"]))


class Asking(unittest.TestCase):
    def test_pages_are_put_together_and_one_that_is_not_complete_makes_the_answer_so(self):
        asking = python_worker.Asking(None, None)
        self.assertFalse(asking.take(False, [b"a"], b"next"))
        self.assertFalse(asking.over())
        self.assertTrue(asking.take(True, [b"b"], b""))
        self.assertEqual(asking.answer, python_worker.Answer(False, [b"a", b"b"]))
        self.assertTrue(asking.over())

    def test_it_is_over_when_its_time_is(self):
        asking = python_worker.Asking(None, None)
        asking.deadline = 0
        self.assertTrue(asking.over())
        self.assertIsNone(asking.answer)


if __name__ == "__main__":
    unittest.main()
