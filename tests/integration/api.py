"""Workers and publishers that obey: what is said to them is said in tests/support/api_worker.cpp and api_publisher.cpp."""

import subprocess

from bus import BIN
from process import PATIENCE, Process, wait_until


def api_worker(bus, name="worker1", *options):
    return bus.add(Process(name, [BIN / "fairlead-api-worker", "--broker", bus.endpoint, "--name", name,
                                  "--store", f"lmdb:{bus.folder}/store", *options]))


class ApiPublisher(Process):
    """A process that publishes, and is no worker. It is started."""

    def __init__(self, bus, name="publisher", patience=PATIENCE, keys=()):
        super().__init__(name, [BIN / "fairlead-api-publisher", bus.endpoint, int(1000 * patience), *keys], stdin=subprocess.PIPE)
        self.answered = 0
        bus.add(self).start()

    def says(self, line, patience=PATIENCE):
        """What the process answers to the line."""
        self.begin(line)
        return self.answer(patience)

    def begin(self, line):
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def answer(self, patience=PATIENCE):
        wait_until(lambda: len(self.output) > self.answered, f"{self.name} answers", patience)
        self.answered += 1
        return self.output[self.answered - 1]

    def stop(self, patience=PATIENCE):
        self.popen.stdin.close()
        code = self.exit_code(patience)
        assert code == 0, f"{self.name} exited with {code} at the end of its input"
