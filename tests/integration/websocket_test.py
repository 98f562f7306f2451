#!/usr/bin/python3
"""The WebSocket conformance cases against a whole bus: gateway, broker and echo worker."""

import subprocess

from bus import BIN, BusTest, main


class Conformance(BusTest):
    def judge(self, *options, max_message, host="127.0.0.1"):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway("--max-message", max_message, *options, listen=("ws",), host=host), bus.worker())
            judged = subprocess.run([BIN / "ws_socket_test", "--max-message", max_message, bus.address("ws")], capture_output=True,
                                    text=True, timeout=250, check=False)
            print(judged.stdout, end="", flush=True)
            self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)

    def test_all_cases(self):
        self.judge(max_message="16M")

    def test_what_is_too_long_is_refused(self):
        self.judge(max_message="64K")


if __name__ == "__main__":
    main()
