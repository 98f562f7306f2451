"""Real Redis and memcached servers as processes of a bus: on a port of their own, with their files in the bus's folder."""

import os
import socket

from bus import free_ports
from process import Process, wait_until


class StoreServer(Process):
    """Started when start() returns; stays at its port over all its lives."""

    def __init__(self, name, port, command, question):
        super().__init__(name, command)
        self.port = port
        self.question = question

    def start(self):
        super().start()
        wait_until(self.is_ready, lambda: f"{self.name} is not ready: {self.log()}")
        return self

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as one:
                one.sendall(self.question + b"\r\n")
                return one.recv(100).startswith((b"+PONG", b"-NOAUTH", b"VERSION"))
        except OSError:
            return False


def redis(bus, *options, name="redis"):
    port = free_ports(1)
    folder = bus.folder / name
    os.makedirs(folder, exist_ok=True)
    return bus.add(StoreServer(name, port, ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                                            "--appendonly", "yes", "--appendfsync", "always", *options], b"PING"))


def memcached(bus, name="memcached"):
    port = free_ports(1)
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    return bus.add(StoreServer(name, port, ["memcached", "-p", port, "-U", 0, "-l", "127.0.0.1", *user], b"version"))
