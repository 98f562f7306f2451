"""A whole bus of real processes on ports of the kernel's choice."""
import os
import re
import signal
import subprocess
import tempfile

from chromium import Failure, until


class Daemon:
    def __init__(self, program, arguments, folder):
        self.name = os.path.basename(program)
        self.command = [program, *arguments]
        self.log = os.path.join(folder, f"{self.name}.log")
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.begun = log.tell()
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.begun)
            return log.read()

    async def ready(self):
        """The addresses in the line that says it is ready."""
        def look():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.said()}")
            for line in self.said().splitlines():
                if re.search(r"\bready\b", line):
                    return re.findall(r"\b(?:tcp|line|frame|ws)://[^\s,\"]+", line) or True
            return None
        return await until(look, f"{self.name} is not ready:\n{self.said()}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure(f"{self.name} does not stop:\n{self.said()[-2000:]}") from None


class Bus:
    """A broker, a gateway that serves `www`, and two workers, of the chat if nothing else is said. Use it with `async with`."""

    def __init__(self, programs, www, worker=("worker", "--app", "chat")):
        self.programs, self.www, self.worker = programs, www, worker
        self.daemons = []

    def program(self, name):
        return os.path.join(self.programs, "fairlead-" + name)

    def add(self, name, *arguments):
        folder = os.path.join(self.folder.name, f"{name}-{len(self.daemons)}")
        os.mkdir(folder)
        daemon = Daemon(self.program(name), arguments, folder)
        self.daemons.append(daemon)
        return daemon

    async def __aenter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fairlead-browser.")
        try:
            journal, store = (os.path.join(self.folder.name, name) for name in ("journal", "store"))
            os.mkdir(journal)
            os.mkdir(store)
            self.broker = self.add("broker", "--listen", "tcp://127.0.0.1:0", "--journal", journal)
            address = (await self.broker.ready())[0]
            self.broker.command[2] = address  # where everybody looks for it when it starts again
            gateway = ["--broker", address] + (["--www", self.www] if self.www else [])
            self.gateway = self.add("gateway", *gateway, "--listen", "line://127.0.0.1:0", "--listen", "ws://127.0.0.1:0/ws")
            ready = await self.gateway.ready()
            self.line = next(where for where in ready if where.startswith("line://"))
            self.ws = next(where for where in ready if where.startswith("ws://"))
            self.page = self.ws.replace("ws://", "http://").removesuffix("/ws") + "/"
            # When it starts again, users look for it where it was.
            self.gateway.command = [self.program("gateway"), *gateway, "--listen", self.line, "--listen", self.ws]
            worker = [*self.worker, "--broker", address, "--store", "lmdb:" + store]
            self.workers = [self.add(*worker), self.add(*worker)]
            for worker in self.workers:
                await worker.ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        for daemon in reversed(self.daemons):
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
        self.folder.cleanup()
