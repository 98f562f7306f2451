#!/usr/bin/python3
"""The Python worker of examples/ with business code that tells what it knows of a user.

    telling_worker.py ENDPOINT

  peer        answers where the user comes from
  login UID   binds the uid, and answers "welcome"
  tell WORDS  is said on stderr, and not answered: told WORDS
anything else comes back. Each end of a user is told on stderr: closed PEER CODE REASON.
"""

import pathlib
import sys

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
import python_worker  # noqa: E402


def handle(unit, kind, payload, binary):
    if kind == python_worker.OPEN:
        unit.peer = msgpack.unpackb(payload, raw=True)[0]  # which the units after this one have already
    if kind == python_worker.CLOSE:
        code, reason = msgpack.unpackb(payload, raw=True)[:2]
        print(f"closed {unit.peer.decode()} {code} {reason.decode()}", file=sys.stderr, flush=True)
    if kind != python_worker.MESSAGE:
        return []
    words = payload.split()
    if words == [b"peer"]:
        return [python_worker.send_to_client(unit.client, unit.peer)]
    if words[:1] == [b"login"]:
        return [[2, unit.client, words[1]], python_worker.send_to_client(unit.client, b"welcome")]
    if words[:1] == [b"tell"]:
        print("told", b" ".join(words[1:]).decode(), file=sys.stderr, flush=True)
        return []
    return [python_worker.send_to_client(unit.client, payload, binary)]


python_worker.handle = handle
python_worker.main()
