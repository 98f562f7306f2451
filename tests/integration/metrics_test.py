#!/usr/bin/python3
"""What the daemons show on their --metrics ports, and that docs/metrics.md says the same."""

import json
import re
import socket

from bus import ROOT, BusTest, free_ports, main
from process import wait_until
from scraper import fetch, scrape
from users import User


def documented():
    """By section of docs/metrics.md: name, (type, label keys)."""
    sections, section = {}, None
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        if line.startswith("## "):
            section = sections.setdefault(line[3:], {})
        elif match := re.match(r"\| `((?:fairlead|process)_\w+)` \| (\w+) \| (.*?) \|", line):
            assert match[1] not in section, match[1]
            section[match[1]] = (match[2], set(re.findall(r"`(\w+)`", match[3])))
    return sections


def names_in(expression):
    """The metrics that an expression of Prometheus uses, histograms by their own name."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\b(?:fairlead|process)_\w+", expression)}


class Metrics(BusTest):
    def test_every_name_is_documented_and_no_other_is(self):
        ports = free_ports(3)
        with self.bus() as bus:
            bus.start(bus.broker("--metrics", f"127.0.0.1:{ports}"), bus.gateway("--metrics", f"127.0.0.1:{ports + 1}"),
                      bus.worker("--metrics", f"127.0.0.1:{ports + 2}"))
            User(bus.address("line")).echoes("hello")
            docs = documented()
            for offset, section in enumerate(("Broker", "Gateway", "Worker")):
                page = scrape(ports + offset)
                found = {name: (kind, page.labels.get(name, set())) for name, kind in page.types.items()}
                self.assertEqual(found, {**docs["Every program"], **docs[section]})

    def test_what_happens_is_counted(self):
        ports = free_ports(3)
        with self.bus() as bus:
            bus.start(bus.broker("--metrics", f"127.0.0.1:{ports}"), bus.gateway("--metrics", f"127.0.0.1:{ports + 1}"),
                      bus.worker("--metrics", f"127.0.0.1:{ports + 2}"))
            user = User(bus.address("line"))
            for i in range(10):
                user.echoes(f"hello {i}")
            wait_until(lambda: scrape(ports).values["fairlead_broker_commits_total"] == 11, "the open and ten messages are committed")
            broker = scrape(ports).values
            self.assertEqual(broker["fairlead_broker_clients"], 1)
            self.assertEqual(broker['fairlead_broker_gateways{state="live"}'], 1)
            self.assertEqual(broker['fairlead_broker_workers{state="idle"}'], 1)
            self.assertIn('fairlead_broker_kept_bytes{gateway="gateway1"}', broker)
            self.assertEqual(broker["fairlead_broker_commits_per_write_sum"], 11)
            self.assertGreater(broker["fairlead_broker_journal_write_seconds_count"], 0)
            gateway = scrape(ports + 1).values
            self.assertEqual(gateway["fairlead_gateway_connections"], 1)
            self.assertEqual(gateway["fairlead_gateway_messages_to_users_total"], 10)
            worker = scrape(ports + 2).values
            self.assertEqual(worker["fairlead_worker_events_total"], 11)
            self.assertEqual(worker["fairlead_worker_handler_seconds_count"], 11)
            user.close()
            wait_until(lambda: scrape(ports + 1).values['fairlead_gateway_ended_total{reason="left"}'] == 1, "the user has left")

    def test_health_and_readiness(self):
        ports = free_ports(3)
        with self.bus() as bus:
            gateway = bus.gateway("--metrics", f"127.0.0.1:{ports + 1}")
            worker = bus.worker("--metrics", f"127.0.0.1:{ports + 2}")
            for process in (gateway, worker):
                process.start()
            for port in (ports + 1, ports + 2):
                wait_until(lambda port=port: self.answers(port), "the port answers")
                self.assertEqual(fetch(port, "/healthz"), (200, "ok\n"))
                self.assertEqual(fetch(port, "/readyz").status, 503)
                self.assertIn("broker at", fetch(port, "/readyz").body)
            bus.start(bus.broker("--metrics", f"127.0.0.1:{ports}"))
            for port in range(ports, ports + 3):
                wait_until(lambda port=port: fetch(port, "/readyz") == (200, "ok\n"), "it is ready")
            self.assertEqual(json.loads(fetch(ports, "/version").body)["program"], "fairlead-broker")

    def test_port_0_and_a_port_that_is_taken(self):
        with self.bus() as bus:
            broker = bus.broker("--metrics", "127.0.0.1:0")
            bus.start(broker)
            port = int(re.search(r"metrics=127\.0\.0\.1:(\d+)", broker.wait_ready())[1])
            self.assertEqual(fetch(port, "/healthz").status, 200)
            second = bus.gateway("--metrics", f"127.0.0.1:{port}")
            second.start()
            self.assertEqual(second.exit_code(), 1)
            second.wait_for(r"cannot serve metrics on 127\.0\.0\.1:\d+: Address already in use; give --metrics another address",
                            dead_too=True)
            bus.away.add(second.name)

    def test_each_of_several_processes_has_its_port_also_after_a_reload(self):
        ports = free_ports(2)
        with self.bus() as bus:
            worker = bus.worker("--workers", "2", "--metrics", f"127.0.0.1:{ports}")
            bus.start(bus.broker(), bus.gateway(), worker)
            for port in (ports, ports + 1):
                wait_until(lambda port=port: self.answers(port), "the port answers")
            before = [scrape(port).values["process_start_time_seconds"] for port in (ports, ports + 1)]
            worker.signal(1)
            for port, began in zip((ports, ports + 1), before):
                wait_until(lambda port=port, began=began: self.answers(port) and
                           scrape(port).values["process_start_time_seconds"] > began, "the fresh process has taken the port over")
                self.assertEqual(scrape(port).values["fairlead_worker_ready"], 1)

    def test_rules_and_dashboard_use_names_that_exist(self):
        known = {name for section in documented().values() for name in section}
        rules = (ROOT / "packaging" / "prometheus" / "fairlead.rules.yml").read_text()
        used = names_in(rules)
        self.assertGreater(len(used), 10)
        dashboard = json.loads((ROOT / "packaging" / "grafana" / "fairlead.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                self.assertTrue(names_in(target["expr"]), target)
                used |= names_in(target["expr"])
        self.assertEqual(used - known, set())

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return True
        except OSError:
            return False


if __name__ == "__main__":
    main()
