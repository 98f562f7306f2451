#!/usr/bin/python3
"""What handlers and publishers can ask for, kept by real processes, whoever dies in between."""

import threading

from api import ApiPublisher, api_worker
from bus import BusTest, hold, main
from process import PATIENCE, wait_until
from users import User


def heard(user, start):
    """All messages so far that begin like this."""
    user.assert_connected()  # which takes what has come
    return [message.decode() for message in user.messages if message.startswith(start.encode())]


def wait_for(user, start, patience=PATIENCE):
    """The next message that begins like this; those before it are passed over."""
    while not (message := user.next(patience).decode()).startswith(start):
        pass
    return message


def asks(user, command, start):
    return wait_for(user.say(command), start)


def session_of(user):
    return asks(user, "session", "session ").removeprefix("session ")


class Calls(BusTest):
    def workers(self, bus, count):
        return [api_worker(bus, f"worker{number}") for number in range(1, count + 1)]

    def together(self, jobs):
        """Each in a thread of its own; what one raises comes out."""
        wrong = []

        def run(job):
            try:
                job()
            except BaseException as error:  # noqa: BLE001: it is raised below
                wrong.append(error)

        threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(4 * PATIENCE)
            self.assertFalse(thread.is_alive(), "it takes too long")
        if wrong:
            raise wrong[0]


class Counting(Calls):
    """No increment is lost, and none happens twice."""

    def test_ten_thousand_quick_increments_of_one_session_make_ten_thousand(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), *self.workers(bus, 4))
            user = User(bus.address("line"))
            for _ in range(10):
                user.say("\n".join(["count"] * 1000))
            self.assertEqual(session_of(user), "10000")

    def test_and_so_do_those_of_twenty_clients_while_workers_die(self):
        with self.bus() as bus:
            workers = self.workers(bus, 4)
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), *workers)
            users = [User(bus.address("line", f"gateway{1 + number % 2}")) for number in range(20)]
            for part in range(5):
                for user in users:
                    user.say("\n".join(["count"] * 100))
                bus.restart(workers[part % 4], "kill")
            self.assertEqual([session_of(user) for user in users], ["500"] * 20)
            self.assertFalse(bus["broker"].find("dead_letter"))

    def test_a_session_that_everybody_increments_loses_none(self):
        count = 100
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus, 4))
            shared = User(bus.address("line"))
            name = asks(shared, "id", "").strip()
            users = [User(bus.address("line", f"gateway{1 + number % 2}")) for number in range(20)]

            def share(user):
                user.say("\n".join([f"share {name}", f"twice {name}"] * (count // 2)))
                for _ in range(count):
                    self.assertEqual(user.next(2 * PATIENCE), b"shared")

            # Its owner counts along.
            self.together([*(lambda user=user: share(user) for user in users),
                           lambda: shared.say("\n".join(["count"] * count))])
            self.assertEqual(session_of(shared), str(20 * count * 3 // 2 + count))
            self.assertFalse(bus["broker"].find("dead_letter|handler_failed"))

    def test_a_session_of_somebody_who_is_gone_is_told_as_such(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            gone, user = User(bus.address("line")), User(bus.address("line"))
            name = asks(gone, "id", "").strip()
            self.assertEqual(asks(user, f"share {name}", ""), "shared")
            gone.close()
            wait_until(lambda: asks(user, f"share {name}", "") == "not there", "the client is gone")


class Timers(Calls):
    def check_it_fires_once(self, user):
        self.assertEqual(wait_for(user, "timer"), "timer egg is done")
        # Whatever would come a second time comes before what is set now.
        asks(user, "after 300 end .", "set by")
        wait_for(user, "timer end")
        self.assertEqual(heard(user, "timer egg"), ["timer egg is done"])

    def test_a_timer_fires_once_though_the_worker_that_set_it_is_killed(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), *self.workers(bus, 2))
            user = User(bus.address("line"))
            setter = asks(user, "after 2500 egg is done", "set by ").removeprefix("set by ")
            bus.kill(bus[setter])
            self.assertEqual(heard(user, "timer"), [], "killed in time")
            self.check_it_fires_once(user)

    def test_a_timer_fires_once_though_the_broker_is_killed_and_restarted(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            user = User(bus.address("line"))
            asks(user, "after 4000 egg is done", "set by")
            bus.restart(bus["broker"], "kill")
            self.assertEqual(heard(user, "timer"), [], "restarted in time")
            self.check_it_fires_once(user)

    def test_a_timer_that_comes_due_without_a_bus_fires_when_there_is_one(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            user = User(bus.address("line"))
            asks(user, "after 1000 egg is done", "set by")
            bus.kill(bus["broker"], bus["worker1"])
            hold(1.5)
            self.assertEqual(heard(user, "timer"), [])
            bus.start(bus["broker"], bus["worker1"])
            self.check_it_fires_once(user)

    def test_a_timer_is_replaced_and_taken_away_by_its_name(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            user = User(bus.address("line"))
            user.say("after 800 a first\nafter 1000 a second\nafter 800 b never\ncancel b\nafter 1400 end .")
            self.assertEqual(wait_for(user, "timer"), "timer a second")
            self.assertEqual(wait_for(user, "timer"), "timer end .")


class Groups(Calls):
    def test_a_client_hears_of_its_memberships_in_order_and_with_the_size(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus, 2))
            ann, bob, eve = (User(bus.address("line", gateway)) for gateway in ("gateway1", "gateway2", "gateway1"))
            self.assertEqual(asks(ann, "watch room", ""), "joined room 1")
            self.assertEqual(asks(bob, "watch room", ""), "joined room 2")
            self.assertEqual(asks(eve, "join room\nhere", ""), "here")  # does not watch
            self.assertEqual(asks(bob, "leave room", ""), "left room 2")
            self.assertEqual(asks(bob, "watch room", ""), "joined room 3")
            eve.close()
            wait_until(lambda: asks(bob, "leave room\nwatch room", "left") and wait_for(bob, "joined") == "joined room 2",
                       "one is gone, and that is seen in the size")
            self.assertEqual(asks(ann, "ungroup room", ""), "left room 0")
            self.assertEqual(wait_for(bob, ""), "left room 0")

    def test_quick_changes_are_told_one_after_another(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), *self.workers(bus, 2))
            user = User(bus.address("line")).say("\n".join(["watch a", "watch b", "leave a"] * 20 + ["leave b"]))
            expected = ["joined a 1", "joined b 1"] + ["left a 0", "joined a 1"] * 19 + ["left a 0", "left b 0"]
            self.assertEqual([user.next().decode() for _ in expected], expected)


class RetryAfter(Calls):
    def test_the_event_comes_again_and_later_ones_wait(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), *self.workers(bus, 2))
            user, other = User(bus.address("line")), User(bus.address("line"))
            user.say("later 50 tries 10\none\ntwo")  # three failures would make it a dead letter
            other.echoes("is not delayed")
            self.assertRegex(user.next().decode(), "^called 10 ")
            self.assertEqual((user.next(), user.next()), (b"one", b"two"))
            self.assertFalse(bus["broker"].find("dead_letter|handler_failed"))

    def test_also_when_workers_and_the_broker_die_meanwhile(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), *self.workers(bus, 2))
            user = User(bus.address("line")).say("later 200 tries 12\none")
            bus.restart(bus["worker1"], "kill")
            bus.restart(bus["broker"], "kill")
            bus.restart(bus["worker2"], "kill")
            self.assertRegex(user.next().decode(), "^called 1[0-9] ")
            self.assertEqual(user.next(), b"one")
            self.assertFalse(bus["broker"].find("dead_letter"))


class Publishing(Calls):
    def test_a_process_pushes_to_everybody_a_uid_and_a_group_and_asks_who_is_there(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), api_worker(bus))
            publisher = ApiPublisher(bus)
            ann, bob, eve = (User(bus.address(kind, gateway)) for kind, gateway in
                             (("line", "gateway1"), ("ws", "gateway2"), ("frame", "gateway1")))
            for user, commands in ((ann, ["bind ann", "join news", "join both"]), (bob, ["bind ann", "join both"]), (eve, [])):
                for command in [*commands, "settled"]:
                    user.say(command)
                wait_for(user, "settled")
            self.assertEqual([publisher.says(question) for question in ("online", "in both", "in news", "is ann", "is bob")],
                             ["3", "2", "1", "yes", "no"])
            for line in ("uid ann 1", "group both 2", "group news 3", "all 4"):
                self.assertEqual(publisher.says(line), "ok")
            for user, expected in ((ann, "1234"), (bob, "124"), (eve, "4")):
                self.assertEqual([user.next().decode() for _ in expected], list(expected))

    def test_lists_hold_those_without_a_uid_too(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), api_worker(bus))
            publisher = ApiPublisher(bus)
            for number in range(9):
                user = User(bus.address("line", f"gateway{1 + number % 2}"))
                if number % 3 == 0:
                    user.say(f"bind {number}")
                user.say("join hall")
                user.echoes("settled")
            self.assertEqual([publisher.says(question) for question in ("in hall", "online", "is 3", "is 4")],
                             ["9", "9", "yes", "no"])

    def test_close_uid_ends_all_connections_of_a_user_and_nobody_elses(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), bus.gateway(name="gateway2"), api_worker(bus))
            publisher = ApiPublisher(bus)
            kicked = [User(bus.address(kind, gateway)) for kind, gateway in
                      (("line", "gateway1"), ("frame", "gateway2"), ("line", "gateway2"))]
            other = User(bus.address("line"))
            for user, uid in [*((user, "7") for user in kicked), (other, "70")]:
                user.say(f"bind {uid}")
                user.echoes("settled")
            other.say("join mourners")
            other.echoes("mourns")
            self.assertEqual(publisher.says("close 7 you are too loud"), "ok")
            for user in kicked:
                self.assertEqual(user.next(), b"you are too loud")
                user.wait_gone()
            for _ in kicked:
                self.assertRegex(other.next().decode(), "^gone uid=7 ")
            self.assertEqual(publisher.says("is 7"), "no")
            other.echoes("still here")

    def test_a_publisher_goes_on_through_a_restart_of_the_broker(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            publisher = ApiPublisher(bus)
            user = User(bus.address("line"))
            user.echoes("here")
            lives, each = 4, 50
            for life in range(lives):
                for number in range(life * each, (life + 1) * each):
                    publisher.begin(f"all {number}")
                wait_until(lambda: len(publisher.output) >= life * each + each // 2, "half of them are confirmed")
                bus.restart(bus["broker"], "kill")
            total = lives * each
            self.assertEqual([publisher.answer() for _ in range(total)], ["ok"] * total)
            self.assertEqual([int(user.next()) for _ in range(total)], list(range(total)), "each once, in order")
            user.echoes("end")

    def test_a_publisher_may_start_first_and_says_what_is_not_confirmed(self):
        with self.bus() as bus:
            publisher = ApiPublisher(bus, patience=0.2)
            self.assertRegex(publisher.says("all early"), "^error not confirmed: ")
            self.assertRegex(publisher.says("online"), "^error ")


class Ids(Calls):
    def test_no_id_comes_again_after_restarts_and_none_says_where_anything_is(self):
        with self.bus() as bus:
            bus.start(bus.broker(), bus.gateway(), api_worker(bus))
            seen = []
            for hurt in ("gateway1", "broker", "worker1", "gateway1", None):
                seen += [asks(User(bus.address("line")), "id", "") for _ in range(5)]
                if hurt:
                    bus.restart(bus[hurt], "kill")
            self.assertEqual(len(set(seen)), len(seen))
            for one in seen:
                self.assertRegex(one, "^[0-9a-f]{32}$")
                self.assertNotIn(b"\x7f\x00\x00\x01", bytes.fromhex(one), "the address of the gateway")


class Endings(Calls):
    def test_on_close_is_called_once_with_everything_when_the_gateway_is_killed(self):
        with self.bus() as bus:
            bus.start(bus.broker("--gateway-dead", "1s"), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus, 2))
            there = User(bus.address("line", "gateway2")).say("join mourners")
            there.echoes("mourns")
            dead = [User(bus.address(kind)) for kind in ("line", "frame", "ws")]
            for number, user in enumerate(dead):
                for command in (f"bind user{number}", f"set basket of {number}", "join a", f"join b{number}"):
                    user.say(command)
                user.echoes("settled")
            bus.kill(bus["gateway1"])
            told = sorted(there.next().decode() for _ in dead)
            self.assertEqual(told, [f"gone uid=user{number} session=basket of {number} code=1001 groups=a,b{number},"
                                    for number in range(3)])
            bus.start(bus["gateway1"])  # whose first words are that it has nobody
            bus.restart(bus["broker"], "kill")
            User(bus.address("line")).echoes("and on")
            there.echoes("end")
            self.assertEqual(len(heard(there, "gone")), 3)

    def test_a_quick_return_with_the_same_uid_outlives_the_old_clients_end(self):
        with self.bus() as bus:
            bus.start(bus.broker("--gateway-dead", "2s"), bus.gateway(), bus.gateway(name="gateway2"), *self.workers(bus, 2))
            publisher = ApiPublisher(bus)
            there = User(bus.address("line", "gateway2")).say("join mourners")
            there.echoes("mourns")
            old = User(bus.address("line")).say("bind ann\njoin room")
            old.echoes("settled")
            bus.kill(bus["gateway1"])
            new = User(bus.address("line", "gateway2")).say("bind ann\njoin room")
            new.echoes("settled")
            self.assertEqual(heard(there, "gone"), [], "the old one is still there")
            self.assertRegex(wait_for(there, "gone"), "uid=ann .*code=1001 groups=room,$")
            self.assertEqual([publisher.says("is ann"), publisher.says("in room")], ["yes", "1"])
            self.assertEqual([publisher.says("uid ann by uid"), publisher.says("group room by group")], ["ok", "ok"])
            self.assertEqual((new.next(), new.next()), (b"by uid", b"by group"))


if __name__ == "__main__":
    main()
