#!/usr/bin/python3
"""The project's claim in one test: full load, a worker killed, one attached, the broker killed and restarted: all zeros."""

from bus import BusTest, hold, main


class Storm(BusTest):
    def test_64_users_with_16_messages_under_way_each(self):
        with self.bus(tcp=True) as bus:
            bus.start(bus.broker(), bus.gateway(listen=("line",)), bus.worker(), bus.worker(name="worker2"))
            oracle = bus.oracle("line", clients=64, in_flight=16)
            hold(2)
            bus.kill(bus["worker1"])
            hold(1)
            bus.start(bus.worker(name="worker3"))
            hold(1)
            bus.restart(bus["broker"], "kill")
            hold(2)
            bus.start(bus["worker1"])
            hold(2)
            result = oracle.finish(at_least=10000)
            print(result)


if __name__ == "__main__":
    main()
