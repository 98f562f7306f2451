#!/usr/bin/python3
"""A real Prometheus scrapes a bus and evaluates the alert rules of packaging/prometheus/."""

import json
import shutil
import subprocess
import unittest
import urllib.parse
import urllib.request

from bus import ROOT, BusTest, free_ports, main
from process import Process, wait_until
from users import User

RULES = ROOT / "packaging" / "prometheus" / "fairlead.rules.yml"


@unittest.skipUnless(shutil.which("prometheus") and shutil.which("promtool"),
                     "prometheus is not installed: tools/setup test, or apt-get install prometheus")
class Prometheus(BusTest):
    def test_promtool_accepts_the_rules(self):
        checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_every_program_is_scraped_and_an_alert_fires(self):
        ports = free_ports(4)
        with self.bus() as bus:
            worker = bus.worker("--metrics", f"127.0.0.1:{ports + 2}")
            bus.start(bus.broker("--metrics", f"127.0.0.1:{ports}"), bus.gateway("--metrics", f"127.0.0.1:{ports + 1}"), worker)
            User(bus.address("line")).echoes("hello")
            configuration = bus.folder / "prometheus.yml"
            rules = bus.folder / "rules.yml"
            rules.write_text(RULES.read_text().replace("for: 15s", "for: 0s"))
            targets = json.dumps([f"127.0.0.1:{ports + i}" for i in range(3)])
            configuration.write_text("global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
                                     f"rule_files: [{rules}]\n"
                                     "scrape_configs:\n"
                                     f"  - {{job_name: fairlead, static_configs: [{{targets: {targets}}}]}}\n")
            server = Process("prometheus", [shutil.which("prometheus"), f"--config.file={configuration}",
                                            f"--storage.tsdb.path={bus.folder}/tsdb", f"--web.listen-address=127.0.0.1:{ports + 3}"])
            server.start()
            try:
                server.wait_for("ready to receive web requests")

                def api(path, **query):
                    with urllib.request.urlopen(f"http://127.0.0.1:{ports + 3}/api/v1/{path}?{urllib.parse.urlencode(query)}",
                                                timeout=30) as reply:
                        return json.load(reply)["data"]

                def value_of(query):
                    result = api("query", query=query)["result"]
                    return float(result[0]["value"][1]) if result else None

                wait_until(lambda: value_of('sum(up{job="fairlead"})') == 3, "all three programs are up")
                wait_until(lambda: value_of("fairlead_broker_commits_total") == 2, "the broker's commits are there")
                self.assertIsNotNone(value_of("histogram_quantile(0.99, fairlead_worker_handler_seconds_bucket)"))
                groups = wait_until(lambda: api("rules")["groups"], "the rules are loaded")
                self.assertEqual([rule["name"] for rule in groups[0]["rules"] if rule["health"] == "err"], [])
                bus.stop(worker)
                wait_until(lambda: "FairleadNoWorkers" in [one["labels"]["alertname"] for one in api("alerts")["alerts"]
                                                           if one["state"] == "firing"], "the alert fires")
                bus.start(worker)  # the user's goodbye wants to be handled
            finally:
                server.clean_up()


if __name__ == "__main__":
    main()
