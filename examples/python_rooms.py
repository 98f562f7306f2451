#!/usr/bin/python3
"""Rooms, as business code for the worker in python_worker.py: groups, sessions, questions to the broker, timers.

    python_rooms.py [tcp://127.0.0.1:7700]

What users say: join ROOM, leave ROOM, say ROOM TEXT, who ROOM; name NAME; count; remind MILLISECONDS TEXT.
"""

import msgpack

import python_worker as worker


def rooms(unit, kind, payload, binary):
    def reply(text):
        return worker.send_to_client(unit.client, text)

    name = unit.uid or b"somebody"
    if kind == worker.CLOSE and unit.groups:
        return [worker.send_to_groups(unit.groups, name + b" is gone", without=[unit.client])]
    if kind == worker.TIMER:
        return [reply(b"you wanted to hear: " + msgpack.unpackb(payload, raw=True)[1])]
    if kind == worker.GROUP:
        group, joined, size = msgpack.unpackb(payload, raw=True)[:3]
        return [reply(b"%s %s, where there are %d now" % (b"you are in" if joined else b"you have left", group, size))]
    if kind != worker.MESSAGE:
        return []

    command, _, rest = payload.partition(b" ")
    room, _, text = rest.partition(b" ")
    if command == b"name" and rest:
        return [worker.bind(unit.client, rest), reply(b"you are " + rest)]
    if command == b"count":  # in the session, which is the newest; if somebody else changes it meanwhile, we are called again [B14]
        number = b"%d" % (int(unit.session or b"0") + 1)
        return [worker.set_session(unit.client, number, unit.session_version), reply(number)]
    if command == b"remind" and room.isdigit():
        return [worker.set_timer(unit.client, b"reminder", int(room), text), reply(b"you will be told")]
    if command == b"join" and room:
        return [worker.join(unit.client, room, watch=True)]
    if command == b"leave" and room in unit.groups:
        return [worker.leave(unit.client, room)]
    if command == b"say" and room in unit.groups:
        return [worker.send_to_groups([room], name + b" in " + room + b": " + text)]
    if command == b"who" and room:
        return who(unit, room)
    return [reply(b"there are: join ROOM, leave ROOM, say ROOM TEXT, who ROOM, name NAME, count, remind MILLISECONDS TEXT")]


def who(unit, room):
    answer = yield worker.Query(worker.UIDS_OF_GROUPS, names=[room])
    if answer is None:
        return [worker.send_to_client(unit.client, b"who is in %s cannot be told now" % room)]
    names = b", ".join(answer.items) or b"nobody with a name"
    return [worker.send_to_client(unit.client, b"in %s: %s%s" % (room, names, b"" if answer.complete else b", and maybe more"))]


if __name__ == "__main__":
    worker.handle = rooms
    worker.main()
