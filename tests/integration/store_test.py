#!/usr/bin/python3
"""Workers that keep their state on a server: two of them share it, and its death costs nobody the connection."""

import subprocess

import servers
from bus import BIN, BusTest, main
from process import wait_until
from users import ChatUser, User, everybody_hears

REGRET = {"type": "error", "text": "no number can be given to you now: say something to try again"}


def let_in(user):
    """Its welcome, which it may have to ask for more than once."""

    def answer():
        user.say("let me in")
        said = user.until({})
        return said if said["type"] == "welcome" else None

    return wait_until(answer, "the newcomer gets a number")


class Stores(BusTest):
    def chat(self, bus, store):
        """A chat on two workers that share `store`."""
        workers = [bus.worker("--store", store, name=name) for name in ("worker1", "worker2")]
        bus.start(bus.broker(), bus.gateway(), *workers)
        return workers

    def users_count_up(self, bus, first, count):
        """So many more users get the next numbers."""
        users = [ChatUser(bus.address("line")) for _ in range(count)]
        self.assertEqual(sorted(user.uid for user in users), list(range(first, first + count)))
        return users

    def dies_and_comes_back(self, bus, server, workers, users, then):
        """Its death is an error for those who need it, and told once; the others do not notice."""
        bus.kill(server)
        newcomer = User(bus.address("line"))
        newcomer.until(REGRET)
        for _ in range(20):
            newcomer.say("let me in")
            newcomer.until(REGRET)
        users[0].say("still here")
        everybody_hears(users, {"type": "say", "from": users[0].uid, "text": "still here"})
        for worker in workers:
            self.assertLessEqual(len(worker.find("store_away")), 1, worker.log())
        self.assertGreaterEqual(sum(len(worker.find("store_away")) for worker in workers), 1)

        server.start()
        bus.away.discard(server.name)

        self.assertEqual(let_in(newcomer)["uid"], then)
        self.users_count_up(bus, then + 1, 3)
        everybody_hears(users, {"type": "come", "uid": then + 3})

    def test_two_workers_count_on_redis_and_go_on_after_its_death(self):
        with self.bus(app="chat") as bus:
            server = servers.redis(bus, "--requirepass", "very-secret")
            server.start()
            store = f"redis://:very-secret@127.0.0.1:{server.port}/1?prefix=chat:&timeout=1s"
            workers = self.chat(bus, store)
            users = self.users_count_up(bus, 1, 20)
            self.dies_and_comes_back(bus, server, workers, users, then=21)
            bus.stop(bus["gateway1"], *workers)
            counted = [worker.wait_for(r"stopped .*store_calls=(\d+) store_failures=(\d+)", dead_too=True) for worker in workers]
            self.assertGreaterEqual(sum(int(one.group(1)) for one in counted), 24)
            self.assertGreaterEqual(sum(int(one.group(2)) for one in counted), 1)
            for worker in workers:
                told = "\n".join(line for line in worker.lines if not line.startswith("+ "))  # ours, with the command
                self.assertNotIn("very-secret", told)

    def test_two_workers_count_on_memcached_and_go_on_after_its_death(self):
        with self.bus(app="chat") as bus:
            server = servers.memcached(bus)
            server.start()
            workers = self.chat(bus, f"memcached://127.0.0.1:{server.port}?prefix=chat:&timeout=1s")
            users = self.users_count_up(bus, 1, 20)
            # It remembers nothing, so its numbers begin again.
            self.dies_and_comes_back(bus, server, workers, users, then=1)

    def test_a_worker_starts_without_its_store_and_says_so_once(self):
        with self.bus(app="chat") as bus:
            server = servers.redis(bus)
            worker, _ = self.chat(bus, f"redis://127.0.0.1:{server.port}")
            told = worker.wait_for(rf'store_away store="redis at 127.0.0.1:{server.port}"')
            self.assertIn("Connection refused", told.string)
            user = User(bus.address("line"))
            user.until(REGRET)
            self.assertEqual(len(worker.find("store_away")), 1)
            server.start()
            self.assertEqual(let_in(user)["uid"], 1)

    def test_a_frozen_server_costs_the_timeout_and_no_worker(self):
        with self.bus(app="chat") as bus:
            server = servers.redis(bus)
            server.start()
            self.chat(bus, f"redis://127.0.0.1:{server.port}?timeout=300ms")
            users = self.users_count_up(bus, 1, 4)
            server.freeze()
            newcomers = [User(bus.address("line")) for _ in range(4)]
            everybody_hears(newcomers, REGRET)
            users[0].say("still here")
            everybody_hears(users, {"type": "say", "from": 1, "text": "still here"})
            server.thaw()
            let_in(newcomers[0])

    def test_no_setting_shows_the_password(self):
        for address in ("redis://u:very-secret@127.0.0.1:1", "redis://:very-secret", "redis://very-secret@h", "redis:/:very-secret@h"):
            for more in (["--print-config"], ["--check-config"]):
                done = subprocess.run([BIN / "fairlead-worker", "--store", address, *more], capture_output=True, text=True, check=False,
                                      timeout=30)
                self.assertNotIn("very-secret", done.stdout + done.stderr, address)
                if "--print-config" in more and "@127" in address:
                    self.assertIn('store = "redis://u:***@127.0.0.1:1"', done.stdout)


if __name__ == "__main__":
    main()
