#!/usr/bin/python3
"""Where the kept corpora begin: what the golden vectors and the unit tests have, as inputs of the fuzz targets.

    tests/fuzz/seeds.py       adds to tests/fuzz/corpus/ what is not there yet

A corpus is one text file for each target: an input a line, in base64. tools/fuzz adds to it what it finds (--keep).
"""
import base64
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "schemas" / "vectors"
LEGS = ("gateway_to_broker", "broker_to_gateway", "worker_to_broker", "broker_to_worker")
UPGRADE = (b"GET /ws?room=a+b&name=J%C3%BCrgen&odd=%zz HTTP/1.1\r\nHost: chat.example\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
           b"Cookie: id=7; theme=dark\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def block(data):
    return struct.pack(">H", len(data)) + data


def text(data):
    return bytes([len(data)]) + data


def ws_frame(first, payload, masked):
    length = len(payload)
    head = bytes([first])
    if length < 126:
        head += bytes([length | (128 if masked else 0)])
    else:
        head += bytes([126 | (128 if masked else 0)]) + struct.pack(">H", length)
    if not masked:
        return head + payload
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def conversations(masked):
    """WebSocket frames as both sides may send them, and as they may not."""
    def frame(first, payload=b""):
        return ws_frame(first, payload, masked)
    return [
        frame(0x81, b"hello") + frame(0x82, b"\x00\xff") + frame(0x88, struct.pack(">H", 1000) + b"bye"),
        frame(0x01, b"J\xc3") + frame(0x89, b"ping") + frame(0x00, b"\xbcrg") + frame(0x80, b"en") + frame(0x8A, b"pong"),
        frame(0x81, b"\xff\xfe"), frame(0x80, b"no beginning"), frame(0x91, b"a reserved bit"), frame(0x83, b"a reserved opcode"),
        frame(0x82, b"x" * 300) + frame(0x82, b"x" * 301), frame(0x09, b"a ping in pieces"), frame(0x88, b"\x03"),
        frame(0x88), frame(0x88, struct.pack(">H", 1005)), ws_frame(0x81, b"masked wrongly", not masked),
        bytes([0x82, 127 | (128 if masked else 0)]) + struct.pack(">Q", 2**63) + b"abcd",
        bytes([0x82, 126 | (128 if masked else 0)]) + struct.pack(">H", 5) + b"abcdhello",
    ]


def framed(*payloads):
    return b"".join(struct.pack(">I", len(payload)) + payload for payload in payloads)


def records():
    for leg, name in enumerate(LEGS):
        for vector in vectors(name):
            yield bytes([leg]) + bytes.fromhex(vector["hex"])
    kinds = {"open": 4, "close": 5, "timer": 6, "group": 7}
    for vector in vectors("payloads"):
        yield bytes([kinds[vector["record"]]]) + bytes.fromhex(vector["hex"])


def frames():
    for vector in vectors("frames"):
        yield bytes.fromhex(vector["hex"])[len(vector.get("topic", "")) // 2:]


def cursors():
    for name in LEGS:
        for vector in vectors(name):
            for questions in (b"\x00\x01\x04\x01\x03\x03", b"\x06", b"\x00\x06\x06\x06\x05\x02"):
                yield text(questions) + bytes.fromhex(vector["hex"])


def server_codec():
    for seed in (0, 7):
        yield bytes([0, seed]) + b"hello\n\r\nJ\xc3\xbcrgen\r\n" + b"x" * 301 + b"\nbehind\n"
        yield bytes([1, seed]) + framed(b"hello", b"", b"\x00\xff", b"x" * 300) + b"\xff\xff\xff\xff"
        yield bytes([2, seed]) + UPGRADE + ws_frame(0x81, b"hello", True)
        yield bytes([2, seed]) + b"HEAD /index.html HTTP/1.0\r\nHost: a\r\n\r\n"
        yield bytes([2, seed]) + b"POST /ws HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
        for conversation in conversations(True):
            yield bytes([3, seed]) + conversation


def client_codec():
    for seed in (0, 7):
        yield bytes([0, seed]) + b"hello\n\r\n" + b"x" * 301 + b"\n"
        yield bytes([1, seed]) + framed(b"hello", b"")
        yield bytes([2, seed]) + AGREED
        yield bytes([2, seed]) + b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
        for conversation in conversations(False):
            yield bytes([3, seed]) + conversation


def opening():
    for seed in (0, 5):
        yield bytes([0, seed]) + UPGRADE
        yield bytes([0, seed]) + UPGRADE.replace(b"Host", b"Origin: https://example.org\r\nHost")
        yield bytes([0, seed]) + UPGRADE.replace(b"13", b"8")
        yield bytes([0, seed]) + b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20)) + b"\r\n"
        yield bytes([0, seed]) + b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n\r\n"
        yield bytes([1, seed]) + AGREED
        yield bytes([2, seed]) + b"PROXY TCP4 192.0.2.7 192.0.2.1 5123 8080\r\nhello\n"
        yield bytes([2, seed]) + b"PROXY TCP6 2001:db8::7 ::1 5123 8080\r\n"
        yield bytes([2, seed]) + b"PROXY UNKNOWN\r\n"
        signature = b"\r\n\r\n\0\r\nQUIT\n"
        yield bytes([2, seed]) + signature + b"\x21\x11\x00\x0c\xc0\0\2\7\xc0\0\2\1\x14\x03\x1f\x90"
        yield bytes([2, seed]) + signature + b"\x21\x21\x00\x24\x20\1\x0d\xb8" + b"\0" * 11 + b"\7" + b"\1" * 16 + b"\x14\x03\0\1"
        yield bytes([2, seed]) + signature + b"\x20\x00\x00\x00"
        for value in (b"192.0.2.7, 10.0.0.1, 10.0.0.2", b"[2001:db8::7]:5123", b"192.0.2.7, unknown, 10.0.0.1"):
            yield bytes([3, seed]) + value
        for value in (b"for=192.0.2.7;proto=https;by=10.0.0.9, For=10.0.0.1", b'by=10.0.0.9 ; FOR="[2001:db8::7]:5123"', b'for="\\""'):
            yield bytes([4, seed]) + value
        yield bytes([5, seed]) + b"a=1&b=x%20y&&=&c=%zz+; a=2; b"


def addresses():
    for typed in (b"tcp://bus.example:7700", b"ipc:///run/fairlead/bus", b"tcp://[::1]:7700", b"tcp://*:0", b"tcp://localhost:7700", b"tcp://1.2.3:7700"):
        yield b"\0" + typed
    for typed in (b"line://127.0.0.1:8480?max-message=4k&ping-data=%7B%7D", b"frames://*:0", b"wss://[::1]:8080/chat/room?x=y", b"ws://h:1/a?b"):
        yield b"\1" + typed
    for typed in (b"250ms", b"5s", b"1h", b"64k", b"2GiB", b"00ff", b"\x1b\"\n", b"192.0.2.7:5123", b"2001:db8::/32", b"10.0.0.0/8",
                  b"0001" + b"0123456789abcdef" + b"000000000042"):
        yield b"\2" + typed
    for typed in (b"rediss://ann:p%40ss@host:1/3?prefix=chat:&timeout=500ms&ca=/etc/ca.pem", b"redis+unix://:pw@/run/r.sock?db=2",
                  b"memcached://a,[::1]:11212?prefix=x", b"memcached+unix:///run/m.sock"):
        yield b"\3" + typed
    yield b"\4" + text(b"pw") + b"@host:x"
    yield b"\4" + text(b"a%zz") + b"b@host/3?prefix=\n"


def journal():
    names = {"a": b"\x00", "b": b"\x01"}
    facts = (b"\x00\x00" + names["a"] + b"\x05",                                  # a gateway comes
             b"\x06\x00\x01\x00\x00",                                             # a client opens
             b"\x06\x00\x02\x01\x03\x08\x00\x00\x00\x00\x00\x05hello\x00\x00\x01\x01\x00\x02\x01",  # and speaks
             b"\x03\x00\x03\x01\x07nonsense", b"\x04\x00\x03\x01", b"\x05\x01\x01\x01\x03\x00", b"\x01\x00")
    for cut in (0, 40, 90, 200):
        for bit in (0, 5):
            yield bytes([2]) + struct.pack(">HB", cut, bit) + bytes([len(facts)]) + b"".join(facts) + b"tail"
    for body in (b"\x91\x02", b"\x94\x04\x01\xc4\x01a\x00", b"\x92\x05\x01"):
        yield bytes([1, 0, 30, 2]) + text(body) * 3


def broker():
    hello, worker = b"\x00\x00\x40", b"\x01\x00\x01\x20"
    event = b"\x02\x00\x00" + text(b"hi")
    done = b"\x04\x00\x00\x02\x08\x00\x00\x00\x00\x05reply\x01\x00\x00"
    turn = b"\x07"
    yield hello + worker + turn + event + turn + done + turn + event + turn + done + turn + b"\x0f\x00" + turn + b"\x0f\x01" + turn
    yield worker + hello + turn + event * 3 + turn + (b"\x04\x00\x03" + turn) * 3 + b"\x0d\x07" + turn + b"\x06\x1f\x40" * 3
    yield hello + b"\x00\x01\x40" + worker + b"\x01\x01\x01\x20" + turn + b"\x02\x01\x01\x02hi" + event + turn + done * 2 + turn + b"\x06\x00\x64" + turn
    for leg, number in ((0, 9), (2, 10), (2, 11)):
        for vector in vectors(LEGS[leg]):
            data = bytes.fromhex(vector["hex"])
            who = {9: b"\x00\x00\x00", 10: b"\x00", 11: b"\x00\x00"}[number]
            yield hello + worker + turn + event + turn + bytes([number]) + who + block(data) + turn + done + turn


def gateway():
    opens, says, leaves, turn = b"\x00\x04line", b"\x01\x00\x05hello", b"\x03\x00", b"\x05\x00\x32"
    welcome = b"\x04\x00"
    committed = b"\x08\x00\x0a\x00"
    yield turn * 2 + welcome + opens + says * 3 + turn + committed + b"\x08\x00\x09\x00\x05reply\x00" + leaves + turn
    yield turn + opens * 3 + says * 8 + turn + welcome + turn + b"".join(b"\x08\x01" + bytes([kind]) + b"\x02ab\x01\x00" for kind in range(11))
    yield opens + turn + welcome + says + b"\x0b\x08" + turn * 4
    for vector in vectors("broker_to_gateway"):
        data = bytes.fromhex(vector["hex"])
        yield turn + welcome + opens + says + turn + b"\x06" + block(data) + turn + b"\x07\x00" + block(data) + turn


def worker():
    turn, welcome, unit, handle = b"\x0b", b"\x00", b"\x01\x10\x00\x05hello\x00", b"\x03\x01\x00\x02\x00\x00\x00\x01\x00\x00"
    yield turn + welcome + turn + unit + handle * 2 + turn + b"\x09" + b"\x08\x03" + turn + b"\x0a\x01\x00\x00\x00" + turn
    yield turn + welcome + (unit + handle) * 4 + turn + b"\x08\xcd" + turn + b"\x08\x04" + turn + b"\x05\x03\xe8" * 4
    for vector in vectors("broker_to_worker"):
        data = bytes.fromhex(vector["hex"])
        yield turn + welcome + turn + b"\x06\x00\x00" + block(data) + handle * 2 + turn + b"\x05\x03\xe8"


def options():
    toml = (b'text = "word"\ninteger = 7\nsize = "64k"\nduration = "250ms"\nflag = true\nlist = ["a", "b,c"]\n', b"size = 65536\n[table]\nx = 1\n",
            b'integer = "seven"\ntxt = 1\n', b'text = """\nlong\n"""\nlist = ["redis://u:pw@h"]\n')
    for text_of_file in toml:
        yield b"\0\0" + text_of_file
    yield b"\2" + text(b"--integer=5") + text(b"--flag") + text(b"a,b") + toml[0]
    yield b"\3" + text(b"--size") + text(b"2M") + text(b"--list=x") + text(b"") + b""
    yield b"\1" + text(b"--durration=5s") + text(b"")


def store_replies():
    for seed in (0, 3):
        for said in (b"VALUE k 1700000011 5 42\r\nhello\r\nEND\r\nSTORED\r\n", b"END\r\n", b"SERVER_ERROR out of memory\r\n", b"VALUE k 0 99999999 1\r\n"):
            yield bytes([0, seed]) + said
        for said in (b"$5\r\nhello\r\n", b"$-1\r\n", b":42\r\n", b"+OK\r\n", b"-ERR no\r\n", b"*2\r\n+a\r\n+b\r\n", b"$99999999999\r\n"):
            yield bytes([1, seed]) + said
    for number in (b"007", b"-5", b"9223372036854775807", b" 1", b"1x"):
        yield b"\2\0\x80\x01" + number


SEEDS = {"records": records, "frame": frames, "cursor": cursors, "server_codec": server_codec, "client_codec": client_codec, "opening": opening,
         "addresses": addresses, "journal": journal, "broker": broker, "gateway": gateway, "worker": worker, "options": options,
         "store_replies": store_replies}


def main():
    for target, seeds in SEEDS.items():
        path = HERE / "corpus" / target
        path.parent.mkdir(exist_ok=True)
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        kept = set(lines)
        added = [line for line in dict.fromkeys(base64.b64encode(seed).decode() for seed in seeds()) if line not in kept]
        path.write_text("".join(line + "\n" for line in lines + added), encoding="ascii")
        print(f"{target}: {len(added)} added, {len(lines) + len(added)} kept")


if __name__ == "__main__":
    main()
