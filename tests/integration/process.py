"""One process of the bus: its command, its life, and everything it has said."""

import ctypes
import os
import re
import signal
import subprocess
import threading
import time

PATIENCE = 30  # seconds that anything may take before a test gives up; nothing here waits that long when all is well

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, what, patience=PATIENCE):
    """The first true answer of `condition`; an AssertionError that says `what` never came."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Process:
    """What a program says on stderr is read by a thread and kept, line by line, over all its restarts."""

    def __init__(self, name, command, environment=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.command = [str(word) for word in command]
        self.environment = {**os.environ, **(environment or {})}
        self.stdin = stdin
        self.lines = []
        self._said = threading.Condition()
        self._threads = []
        self.popen = None
        self.started_at = 0  # where in `lines` the current life begins

    # -- life

    def start(self):
        assert not self.is_alive(), f"{self.name} runs already"
        self._note("+ " + " ".join(self.command))
        self.started_at = self.mark()
        self.popen = subprocess.Popen(self.command, stdin=self.stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=self.environment, preexec_fn=_die_with_parent)
        self.output = []
        self._threads = [threading.Thread(target=self._read, args=(self.popen.stderr, self.lines), daemon=True),
                         threading.Thread(target=self._read, args=(self.popen.stdout, self.output), daemon=True)]
        for thread in self._threads:
            thread.start()
        return self

    def is_alive(self):
        return self.popen is not None and self.popen.poll() is None

    def kill(self):
        self._note("+ kill -KILL")
        self.popen.kill()
        self.popen.wait()

    def freeze(self):
        self._note("+ kill -STOP")
        self.popen.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._note("+ kill -CONT")
        self.popen.send_signal(signal.SIGCONT)

    def signal(self, number):
        self._note(f"+ kill -{signal.Signals(number).name[3:]}")
        self.popen.send_signal(number)

    def ask_to_stop(self):
        self.signal(signal.SIGTERM)

    def exit_code(self, patience=PATIENCE):
        """Waits for the end of the process, and until all that it said is read."""
        try:
            code = self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {patience} s") from None
        for thread in self._threads:
            thread.join(patience)
        return code

    def stop(self, patience=PATIENCE):
        """SIGTERM, which every program answers by leaving with 0."""
        self.ask_to_stop()
        code = self.exit_code(patience)
        assert code == 0, f"{self.name} exited with {code} on SIGTERM"

    def clean_up(self):
        if self.is_alive():
            self.popen.kill()
            self.popen.wait()

    # -- what it says

    def mark(self):
        """A place in the log; what is waited for after it was said after it."""
        with self._said:
            return len(self.lines)

    def find(self, pattern, since=None):
        """All lines from `since` on (default: of this life) that match."""
        begin = self.started_at if since is None else since
        with self._said:
            return [match for line in self.lines[begin:] if (match := re.search(pattern, line))]

    def wait_for(self, pattern, since=None, patience=PATIENCE, dead_too=False):
        """The first line that matches. A process that has ended says nothing more."""
        end = time.monotonic() + patience
        begin = self.started_at if since is None else since
        position = begin
        with self._said:
            while True:
                for position in range(position, len(self.lines)):
                    match = re.search(pattern, self.lines[position])
                    if match:
                        return match
                position = max(begin, len(self.lines))
                if not dead_too and not self.is_alive() and not self._threads[0].is_alive():
                    raise AssertionError(f"{self.name} ended with {self.popen.returncode} and never said /{pattern}/")
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.name} did not say /{pattern}/ within {patience} s")
                self._said.wait(min(left, 0.1))

    def wait_ready(self, patience=PATIENCE):
        return self.wait_for(r"\bready\b", patience=patience).string

    def log(self):
        with self._said:
            return "\n".join(self.lines)

    # -- what it costs

    def memory(self):
        """Bytes of it in memory."""
        with open(f"/proc/{self.popen.pid}/status", encoding="ascii", errors="replace") as status:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.popen.pid}/fd"))

    # -- inside

    def _note(self, line):
        with self._said:
            self.lines.append(line)
            self._said.notify_all()

    def _read(self, pipe, lines):
        for raw in pipe:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self._said:
                lines.append(line)
                self._said.notify_all()
        pipe.close()
