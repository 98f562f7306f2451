#!/usr/bin/python3
"""The broker crashes, freezes, comes back from its journal, and no user notices."""

import contextlib
import socket
import subprocess
import threading

from bus import BusTest, free_ports, hold, main
from process import PATIENCE, wait_until
from scraper import fetch
from users import ChatUser, User, everybody_hears


class UnderLoad(BusTest):
    def crowd(self, bus, **settings):
        bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(), bus.worker(name="worker2"))
        return bus.oracle("line", "ws", gateways=("gateway1", "gateway2"), clients=32, **settings)

    def test_kill_9_and_again(self):
        with self.bus() as bus:
            oracle = self.crowd(bus)
            for replies in (2000, 20, 200, 1, 500):
                oracle.wait_for_replies(replies)
                bus.restart(bus["broker"], "kill")
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_kill_9_over_tcp_with_small_segments(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker("--journal-segment", "64k"), bus.gateway(), bus.worker(), bus.worker(name="worker2"))
            oracle = bus.oracle("line", "frame", clients=16)
            for _ in range(4):
                oracle.wait_for_replies(1000)
                bus.restart(bus["broker"], "kill")
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_away_for_seconds(self):
        with self.bus() as bus:
            oracle = self.crowd(bus)
            bus.kill(bus["broker"])
            hold(3)
            bus.start(bus["broker"])
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_sigterm(self):
        with self.bus() as bus:
            oracle = self.crowd(bus)
            bus.restart(bus["broker"])
            oracle.wait_for_replies(500)
            oracle.finish()

    def test_frozen_for_six_seconds(self):
        with self.bus() as bus:
            oracle = self.crowd(bus, rate=2000)
            begin = bus["broker"].mark()
            bus["broker"].freeze()
            hold(6)
            bus["broker"].thaw()
            for name in ("gateway1", "gateway2"):
                bus["broker"].wait_for(f"gateway_here .*{name}", since=begin)
            for name in ("worker1", "worker2"):
                bus["broker"].wait_for(f"worker_here .*{name}", since=begin)
            oracle.wait_for_replies(500)
            oracle.finish()
            self.assertFalse(bus["broker"].find("gateway_gone|dead_letter"))

    def test_frozen_for_a_moment_is_no_reason_to_dial_again(self):
        with self.bus() as bus:
            oracle = self.crowd(bus, rate=2000)
            begin = bus["broker"].mark()
            bus["broker"].freeze()
            hold(2)
            bus["broker"].thaw()
            oracle.wait_for_replies(2000)
            oracle.finish()
            self.assertFalse(bus["broker"].find("gateway_here|worker_here|lost", since=begin))


class AcrossGateways(BusTest):
    """What one gateway's user says to another's: here a broker without a journal says things twice."""

    def test_private_messages_come_once_and_in_order_whenever_the_broker_dies(self):
        count = 3000
        with self.bus(app="chat") as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker(), bus.worker(name="worker2"))
            speakers = [ChatUser(bus.address("line")) for _ in range(4)]
            listeners = [ChatUser(bus.address("line", "gateway2")) for _ in speakers]
            heard = [[] for _ in range(8)]

            def speak(speaker, listener):
                for number in range(count):
                    speaker.say(f"{listener.uid}:{number}")

            def hear(user, numbers):
                while len(numbers) < count:
                    said = user.until({"type": "say"})
                    numbers.append(int(said["text"]))

            threads = [threading.Thread(target=speak, args=pair, daemon=True) for pair in zip(speakers, listeners)]
            threads += [threading.Thread(target=hear, args=pair, daemon=True) for pair in zip(speakers + listeners, heard)]
            for thread in threads:
                thread.start()
            for life in range(8):
                goal = (life + 1) * count // 10
                wait_until(lambda: len(heard[4]) >= goal, lambda: f"{goal} messages, {len(heard[4])} came")
                bus.restart(bus["broker"], "kill")
            for thread in threads:
                thread.join(2 * PATIENCE)
            for numbers in heard:
                self.assertEqual(numbers, list(range(count)))
            for user in speakers + listeners:
                user.say("/who")
                self.assertEqual(user.until({"type": "who"})["online"], 8)


class Journal(BusTest):
    def friends(self, bus):
        bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), bus.worker())
        ann = ChatUser(bus.address("line"))
        bob = ChatUser(bus.address("ws", "gateway2"))
        ann.say("/name Ann")
        everybody_hears([ann, bob], {"type": "name", "name": "Ann"})
        ann.say("/join harbour")
        ann.until({"type": "join", "uid": 1})
        bob.say("/join harbour")
        everybody_hears([ann, bob], {"type": "join", "uid": 2})
        return ann, bob

    def check(self, ann, bob, new_lineage=False):
        """Names, rooms and numbers are what they were."""
        bob.say("/who")
        answer = bob.until({"type": "who"})
        # A gateway is not back yet; a broker whose journal was lost does not even know that.
        while not answer["complete"] or (new_lineage and answer["online"] < 2):
            bob.say("/who")
            answer = bob.until({"type": "who"})
        self.assertEqual(answer["users"], [{"uid": 1, "name": "Ann"}, {"uid": 2}])
        ann.say("/harbour all fast")
        everybody_hears([ann, bob], {"type": "say", "from": 1, "to": "#harbour", "text": "all fast", "name": "Ann"})
        bob.say("1:still you?")
        everybody_hears([ann, bob], {"type": "say", "from": 2, "to": 1, "text": "still you?"})
        self.assertEqual(ann.heard({"type": "leave"}), 0)
        self.assertEqual(ann.heard({"type": "welcome"}), 1)

    def segments(self, bus):
        return sorted(path for path in (bus.folder / "journal").iterdir() if path.is_file() and path.stat().st_size > 0)

    def test_sessions_rooms_and_numbers_survive_kill_9(self):
        with self.bus(app="chat") as bus:
            ann, bob = self.friends(bus)
            for _ in range(2):
                bus.restart(bus["broker"], "kill")
                self.check(ann, bob)
            self.assertEqual(ChatUser(bus.address("frame")).uid, 3)
            self.assertFalse(bus["broker"].find("journal_damaged"))

    def test_a_torn_tail_is_cut_off(self):
        with self.bus(app="chat") as bus:
            ann, bob = self.friends(bus)
            bus.kill(bus["broker"])
            with open(self.segments(bus)[-1], "ab") as segment:
                segment.write(b"\x40\0\0\0torn")
            bus.start(bus["broker"])
            bus["broker"].wait_for("journal_tail_cut")
            self.check(ann, bob)

    def test_a_damaged_journal_is_told_and_the_gateways_say_who_is_there(self):
        with self.bus(app="chat") as bus:
            ann, bob = self.friends(bus)
            bus.kill(bus["broker"])
            path = self.segments(bus)[-1]
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0x40
            path.write_bytes(data)
            bus.start(bus["broker"])
            bus["broker"].wait_for("error .*journal_damaged")
            self.check(ann, bob, new_lineage=True)
            bus.restart(bus["broker"], "kill")
            self.check(ann, bob)

    def test_a_full_disk_stops_the_bus_until_there_is_room_again(self):
        with self.bus() as bus:
            disk = bus.folder / "disk"
            disk.mkdir()

            def mount(*options):
                return subprocess.run(["mount", "-t", "tmpfs", "-o", *options, "tmpfs", disk], capture_output=True, check=False)

            if mount("size=1m").returncode != 0:
                self.skipTest("a small disk cannot be mounted here: that needs root")
            bus.at_end.append(lambda: subprocess.run(["umount", disk], check=True))
            port = free_ports(1)
            broker = bus.broker("--journal", disk / "journal", "--metrics", f"127.0.0.1:{port}")
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # the service manager, and its watchdog
            bus.at_end.append(manager.close)
            manager.settimeout(PATIENCE)
            manager.bind(str(bus.folder / "notify"))
            broker.environment.update(NOTIFY_SOCKET=str(bus.folder / "notify"), WATCHDOG_USEC="200000")
            bus.start(broker, bus.gateway(), bus.worker())
            user = User(bus.address("line"))
            oracle = bus.oracle("line", "ws", clients=16, payload=200)
            bus["broker"].wait_for("error .*journal_stalled")
            self.assertRegex(fetch(port, "/healthz").body, "the journal cannot be written: .*No space left")
            self.assertEqual(fetch(port, "/readyz").status, 503)
            manager.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # what it said before
                while manager.recv(100):
                    pass
            manager.settimeout(PATIENCE)
            self.assertEqual(manager.recv(100), b"WATCHDOG=1")
            self.assertEqual(fetch(port, "/healthz").status, 503)
            begin = bus["broker"].mark()
            user.say("with a full disk")
            hold(6)  # longer than the silence that ends a link
            user.assert_connected()
            self.assertEqual(user.messages, [], "nothing is answered that is not in the journal")
            self.assertEqual(mount("remount,size=256m").returncode, 0)
            bus["broker"].wait_for("journal_goes_on", since=begin)
            self.assertEqual(user.next(), b"with a full disk")
            oracle.wait_for_replies(500)
            oracle.finish()
            self.assertFalse(bus["broker"].find("gateway_lost|worker_lost", since=begin), "heartbeats went on")
            bus.restart(bus["broker"], "kill")
            user.echoes("from the journal")

    def test_two_brokers_do_not_share_a_journal(self):
        with self.bus() as bus, self.bus() as other:
            bus.start(bus.broker())
            second = other.broker("--journal", bus.folder / "journal")
            second.start()
            other.away.add("broker")
            self.assertEqual(second.exit_code(), 1)
            self.assertIn(str(bus.folder / "journal"), second.log())


if __name__ == "__main__":
    main()
