#!/usr/bin/python3
"""Many clients in many groups on four gateways: a group's message crosses the bus once for each gateway that holds a member."""

import re
import resource
import signal

from api import ApiPublisher, api_worker
from bus import BusTest, main
from process import wait_until
from users import User

GATEWAYS = 4
GROUPS = 1000
MEMBERS = 10  # of each group


def counters(gateway):
    """What the gateway has counted so far, as it says on SIGHUP."""
    begin = gateway.mark()
    gateway.signal(signal.SIGHUP)
    line = gateway.wait_for(r"\bcounters\b", since=begin).string
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}


def gateways_of(group):
    """Which gateways hold members of it: all on one, or on two, three or four."""
    first, count = group // GATEWAYS, 1 + group % GATEWAYS
    return [(first + i) % GATEWAYS for i in range(count)]


class Crowd(BusTest):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def members(self, bus):
        """All users, each in its group; theirs is told by its number."""
        users = []
        for group in range(GROUPS):
            homes = gateways_of(group)
            for member in range(MEMBERS):
                user = User(bus.address("line", f"gateway{1 + homes[member % len(homes)]}"))
                user.say(f"join g{group}\nin {group}")
                users.append((group, user))
        for group, user in users:
            self.assertEqual(user.next(), f"in {group}".encode())
        return users

    def settled(self, bus, gateways):
        """The counters, once there is nothing under way."""
        def quiet():
            counted = [counters(gateway) for gateway in gateways]
            return counted if all(one["uncommitted_events"] == 0 for one in counted) else None
        return wait_until(quiet, "all events are committed")

    def test_a_group_message_crosses_the_bus_once_for_each_gateway_that_holds_a_member(self):
        with self.bus() as bus:
            gateways = [bus.gateway(name=f"gateway{1 + number}", listen=("line",)) for number in range(GATEWAYS)]
            bus.start(bus.broker(), api_worker(bus), api_worker(bus, "worker2"), *gateways)
            users = self.members(bus)
            publisher = ApiPublisher(bus)
            before = self.settled(bus, gateways)
            for first in range(0, GROUPS, 250):
                self.assertEqual(publisher.says(f"groups g {first} {first + 250} news"), "ok")
            for _, user in users:
                self.assertEqual(user.next(), b"news")
            after = self.settled(bus, gateways)

            holds = [sum(1 for group in range(GROUPS) if number in gateways_of(group)) for number in range(GATEWAYS)]
            self.assertEqual(sum(holds), GROUPS * 10 // 4)
            for number, held in enumerate(holds):
                self.assertEqual(after[number]["deliveries"] - before[number]["deliveries"], held, f"gateway{1 + number}")
            to_users = sum(one["to_users"] for one in after) - sum(one["to_users"] for one in before)
            self.assertEqual(to_users, GROUPS * MEMBERS)


if __name__ == "__main__":
    main()
