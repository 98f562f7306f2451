#!/usr/bin/python3
"""The Python worker of examples/ with business code that does harm when a user asks for it.

    misbehaving_worker.py ENDPOINT FILE

  die         the process ends at once, as by a crash
  once N      sleeps N seconds, but only if FILE does not exist yet (and makes it)
  fail        raises an exception
anything else comes back, behind the number of this process.
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
import python_worker  # noqa: E402


def handle(unit, kind, payload, binary):
    if kind != python_worker.MESSAGE:
        return []
    words = payload.split()
    if words[:1] == [b"die"]:
        os._exit(3)
    if words[:1] == [b"fail"]:
        raise RuntimeError("as was asked for")
    if words[:1] == [b"once"] and not os.path.exists(sys.argv[2]):
        pathlib.Path(sys.argv[2]).touch()
        time.sleep(float(words[1]))
    return [python_worker.send_to_client(unit.client, payload, binary)]


python_worker.handle = handle
python_worker.main()
