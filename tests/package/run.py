#!/usr/bin/python3
"""Installs Fairlead into an empty folder, builds the stranger's project against that, and runs it on the installed bus.

  run.py CMAKE BUILD_FOLDER
"""
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIRST_WORKER = os.path.join(ROOT, "examples", "first_worker.cpp")  # what README shows
FIRST_MODULE = os.path.join(ROOT, "examples", "first_module.cpp")
SECONDS_FOR_ALL = 240
DEADLINE = time.monotonic() + SECONDS_FOR_ALL


def run(*command, **options):
    print("+", shlex.join(command), flush=True)
    return subprocess.run(command, check=True, timeout=DEADLINE - time.monotonic(), **options)


class Daemon:
    """A process that says `ready` on stderr and leaves with 0 on SIGTERM."""

    def __init__(self, folder, *command):
        print("+", shlex.join(command), "&", flush=True)
        self.name = os.path.basename(command[0])
        self.log = os.path.join(folder, f"{self.name}.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def await_ready(self):
        """The line that says so."""
        while time.monotonic() < DEADLINE:
            for line in self.said().splitlines():
                if re.search(r"\bready\b", line):
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{self.name} was never ready (exit code {self.process.poll()}):\n{self.said()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(max(1.0, DEADLINE - time.monotonic()))
        assert code == 0, f"{self.name} exited with {code}:\n{self.said()}"


def build_by_pkg_config(prefix, folder):
    """Worker and module once more, for those who do not use CMake."""
    found = subprocess.run(["find", prefix, "-name", "fairlead-worker.pc"], capture_output=True, text=True, check=True)
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found.stdout.strip())}

    def flags(package):
        return run("pkg-config", "--cflags", "--libs", package, env=environment, capture_output=True, text=True).stdout.split()

    output = os.path.join(folder, "worker-by-pkg-config")
    run("g++", FIRST_WORKER, "-o", output, *flags("fairlead-worker"))
    run(output, "--version")
    run("g++", "-shared", "-fPIC", "-Wl,-z,defs", FIRST_MODULE, "-o", os.path.join(folder, "module-by-pkg-config.so"),
        *flags("fairlead-module"))


def talk_to_a_worker(project, folder, address, bus, *command):
    """Starts it, says something to it through the bus, and stops it."""
    daemon = Daemon(folder, *command, "--broker", bus)
    try:
        daemon.await_ready()
        said = run(f"{project}/stranger-client", address, "hello", capture_output=True, text=True).stdout
        assert said == "hello\n", f"the echo of 'hello' was {said!r}"
        daemon.stop()
    except BaseException:
        print(f"---- {daemon.name}\n{daemon.said()}")
        raise
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def check_readme():
    """README shows the worker that is built here, to the letter."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme, open(FIRST_WORKER, encoding="utf-8") as worker:
        shown = re.search(r"```cpp\n(.*?)```", readme.read(), re.DOTALL).group(1)
        code = re.sub(r"\A(//.*\n)+", "", worker.read())
    assert shown == code, f"README shows\n{shown}\nand {FIRST_WORKER} is\n{code}"


def main():
    check_readme()
    cmake, build = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="fairlead-package-") as folder:
        prefix, project = os.path.join(folder, "prefix"), os.path.join(folder, "build")
        run(cmake, "--install", build, "--prefix", prefix, stdout=subprocess.DEVNULL)
        # Nothing installed may point back into the checkout.
        leaks = subprocess.run(["grep", "-rlI", ROOT, prefix], capture_output=True, text=True,
                               check=False).stdout.split()
        assert not leaks, f"these installed files name the checkout: {leaks}"
        run(cmake, "-S", HERE, "-B", project, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug",
            f"-DFIRST_WORKER={FIRST_WORKER}", f"-DFIRST_MODULE={FIRST_MODULE}")
        run(cmake, "--build", project)
        build_by_pkg_config(prefix, folder)

        bus = f"ipc://{folder}/bus"
        programs = os.path.join(prefix, "bin")
        daemons = []
        try:
            daemons.append(Daemon(folder, f"{programs}/fairlead-broker", "--listen", bus, "--journal", f"{folder}/journal"))
            daemons[-1].await_ready()
            daemons.append(Daemon(folder, f"{programs}/fairlead-gateway", "--broker", bus, "--listen", "line://127.0.0.1:0"))
            line = daemons[-1].await_ready()
            address = re.search(r"line://127\.0\.0\.1:\d+", line).group(0)
            talk_to_a_worker(project, folder, address, bus, f"{project}/stranger-worker")
            worker = f"{programs}/fairlead-worker"
            for module in (f"{project}/libstranger-module.so", f"{folder}/module-by-pkg-config.so"):
                talk_to_a_worker(project, folder, address, bus, worker, "--module", module)
            # The gateway first: it says goodbye to a bus that still works.
            for daemon in reversed(daemons):
                daemon.stop()
        except BaseException:
            for daemon in daemons:
                print(f"---- {daemon.name}\n{daemon.said()}")
            raise
        finally:
            for daemon in daemons:
                if daemon.process.poll() is None:
                    daemon.process.kill()
                    daemon.process.wait()


main()
