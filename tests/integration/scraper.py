"""Reads what a daemon's --metrics port shows."""

import http.client
import re
from collections import namedtuple

Answer = namedtuple("Answer", "status body")


def fetch(port, path, host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


class Page:
    """A page of metrics, read strictly: what is not as the format has it is an AssertionError."""

    def __init__(self, text):
        self.types = {}    # name: counter, gauge or histogram
        self.labels = {}   # name: its label keys
        self.values = {}   # name{labels}: number
        for line in text.splitlines():
            if line.startswith("# HELP "):
                continue
            if match := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                assert match[1] not in self.types, f"{match[1]} comes twice"
                self.types[match[1]] = match[2]
                continue
            match = re.fullmatch(r"(\w+)(?:\{((?:\w+=\"(?:[^\"\\]|\\.)*\",?)*)\})? (-?[0-9.e+-]+)", line)
            assert match, f"this is no line of a metrics page: {line}"
            name = match[1]
            if name not in self.types:
                name = re.sub(r"_(bucket|sum|count)$", "", name)
                assert self.types.get(name) == "histogram", f"{match[1]} has no type"
            keys = set(re.findall(r"(\w+)=\"", match[2] or "")) - {"le"}
            self.labels.setdefault(name, set()).update(keys)
            series = match[1] + ("{" + match[2] + "}" if match[2] else "")
            assert series not in self.values, f"{series} comes twice"
            self.values[series] = float(match[3])


def scrape(port):
    answer = fetch(port, "/metrics")
    assert answer.status == 200, answer
    return Page(answer.body)
