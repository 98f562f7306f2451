#!/usr/bin/python3
"""fairlead-chat at a terminal and in a pipe, against real processes.

  terminal_chat_test.py --programs DIR
"""
import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runner  # noqa: E402
from bus import Bus  # noqa: E402
from chromium import Failure, until  # noqa: E402


class Screen:
    """A fairlead-chat at a terminal of 60 columns, and the rows that one would see there."""

    def __init__(self, bus, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", COLUMNS="60")
            os.execv(bus.program("chat"), ["fairlead-chat", bus.line, *arguments])
        os.set_blocking(self.fd, False)
        self.bytes = b""

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def read(self):
        try:
            while got := os.read(self.fd, 65536):
                self.bytes += got
        except (BlockingIOError, OSError):
            pass
        return self.bytes.decode(errors="replace")

    def rows(self):
        """Everything that was ever printed, colours aside; the last row is the one being typed."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.read()).replace("\r\n", "\n")
        return [re.sub(r"\x1b\[[0-9]*C", "", row.split("\x1b[K")[-1]).strip("\r") for row in text.split("\n")]

    async def sees(self, text):
        try:
            await until(lambda: any(text in row for row in self.rows()[:-1]), f"no row says: {text}")
        except Failure as failure:
            raise Failure(f"{failure}\n--- the screen:\n" + "\n".join(self.rows())) from None

    async def types_on(self, text):
        try:
            await until(lambda: self.rows()[-1].endswith(text), f"the row being typed does not end with: {text}")
        except Failure as failure:
            raise Failure(f"{failure}\n--- the screen:\n" + "\n".join(self.rows())) from None

    async def ended(self):
        def look():
            self.read()
            return os.waitpid(self.pid, os.WNOHANG)
        _, status = await until(lambda: (done := look())[0] and done, "fairlead-chat does not end")
        return os.waitstatus_to_exitcode(status)


def in_a_pipe(bus, text, *arguments, address=None):
    return subprocess.run([bus.program("chat"), address or bus.line, *arguments], input=text, capture_output=True, text=True,
                          timeout=60, check=False)


def expect(condition, what):
    if not condition:
        raise Failure(str(what))


# ---- tests

async def the_line_being_typed_survives_what_others_say(bus):
    ann = Screen(bus, "--name", "Ann")
    await ann.sees("you are called Ann")
    ann.press("half a li")
    await ann.types_on("half a li")
    expect(in_a_pipe(bus, "interrupting\n").returncode == 0, "the other could not speak")
    await ann.sees(": interrupting")
    await ann.types_on("half a li")
    ann.press("n\x1b[D\x7f\x1b[Cne\r")  # with a mistake mended
    await ann.sees("you: half a lnne")
    ann.press("\x1b[A")
    await ann.types_on("half a lnne")
    ann.press("\x15/who\r")
    await ann.sees("1 user here: Ann(1) (you)")
    ann.press("999:anybody?\r")
    await ann.sees("! there is no user 999")
    ann.press("\x04")
    expect(await ann.ended() == 0, "leaving is no failure")


async def a_lost_gateway_is_told_and_found_again(bus):
    ann = Screen(bus, "--name", "Ann")
    await ann.sees("you are called Ann")
    ann.press("/join tea\r")
    await ann.sees("you joined #tea")
    bus.gateway.process.kill()
    bus.gateway.process.wait()
    await ann.sees("! no connection:")
    await until(lambda: "offline" in ann.rows()[-1], "the prompt does not say that we are offline")
    ann.press("kept\r")
    await ann.sees("not connected; your line is kept")
    await ann.types_on("kept")
    bus.gateway.start()
    await bus.gateway.ready()
    await ann.sees("connected again")
    await ann.sees("you are user 2 now (1 before)")
    ann.press("\r")
    await ann.sees("you: kept")
    ann.press("/tea still here\r")
    await ann.sees("#tea you: still here")
    ann.press("\x03")
    expect(await ann.ended() == 0, "leaving is no failure")


async def a_pipe_ends_when_all_is_answered(bus):
    done = in_a_pipe(bus, "hi\n")
    expect(done.returncode == 0 and "you: hi" in done.stdout and done.stderr == "", done)
    expect("\x1b" not in done.stdout, "colours in a pipe")
    done = in_a_pipe(bus, "/name Ann\n/join tea\n/tea milk?\n/who tea\n/leave tea\nlast", address=bus.ws)
    expect(done.returncode == 0 and done.stdout.rstrip().endswith("you: last"), done)
    many = in_a_pipe(bus, "".join(f"line {n}\n" for n in range(2000)))
    expect(many.returncode == 0, many.stderr)
    said = re.findall(r"you: line (\d+)$", many.stdout, re.MULTILINE)
    expect(said == [str(n) for n in range(2000)], "lines are missing or out of order")
    silent = in_a_pipe(bus, "")
    expect(silent.returncode == 0 and "you are user" in silent.stdout, silent)


async def a_pipe_says_what_went_wrong(bus):
    refused = in_a_pipe(bus, "999:hello\n")
    expect(refused.returncode == 1 and "! there is no user 999" in refused.stdout, refused)
    nobody = in_a_pipe(bus, "hi\n", address="line://127.0.0.1:1")
    expect(nobody.returncode == 1 and "cannot connect to line://127.0.0.1:1: connection refused" in nobody.stderr, nobody)
    usage = in_a_pipe(bus, "hi\n", address="localhost")
    expect(usage.returncode == 2 and "line://host:port" in usage.stderr, usage)
    for worker in bus.workers:
        expect(worker.stop() == 0, "a worker did not stop well")
    unanswered = in_a_pipe(bus, "hi\n", "--patience", "500ms")
    expect(unanswered.returncode == 1 and "1 line is unanswered" in unanswered.stderr, unanswered)


TESTS = [the_line_being_typed_survives_what_others_say, a_lost_gateway_is_told_and_found_again,
         a_pipe_ends_when_all_is_answered, a_pipe_says_what_went_wrong]



if __name__ == "__main__":
    arguments = runner.options(__doc__, www=False)

    async def run(test):
        async with Bus(arguments.programs, "") as bus:
            await test(bus)

    sys.exit(runner.main(TESTS, arguments.only, run))
