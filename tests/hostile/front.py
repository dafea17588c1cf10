"""What stands between gate, payroll and their broker, and keeps to nothing: 25 kinds of it.

A kind either talks itself, as a broker that is none, or passes on what a sound broker says, changed
on the way. It is chosen anew at each connection and each packet, so one that begins in the middle
of a conversation changes that.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.gate.uplink import hostile_packets

_ACCEPTED = bytes.fromhex("2003000000")
_PUBLISH, _PUBACK, _PINGRESP = 0x30, 0x40, 0xD0
_LIVES_S = 2.0
"""How long a broker that is none stays, where nobody hangs up before."""

SOUND = "sound"

Talk = Callable[[socket.socket, Random], None]


def _say(*packets: bytes) -> Talk:
    def talk(line: socket.socket, random: Random) -> None:
        for packet in packets:
            line.sendall(packet)
        _wait(line)

    return talk


def _wait(line: socket.socket) -> None:
    end = time.monotonic() + _LIVES_S
    line.settimeout(0.2)
    while time.monotonic() < end:
        with suppress(TimeoutError):
            if not line.recv(65536):
                return


def _fuzz(line: socket.socket, random: Random) -> None:
    line.sendall(hostile_packets.connack(random))
    for _ in range(random.randrange(1, 30)):
        line.sendall(hostile_packets.packet(random))
    _wait(line)


def _garbage(line: socket.socket, random: Random) -> None:
    line.sendall(random.randbytes(random.randrange(1, 5000)))
    _wait(line)


def _endless(line: socket.socket, random: Random) -> None:
    """A packet of 268 MB is announced, and some of it comes."""
    line.sendall(_ACCEPTED + b"\x30\xff\xff\xff\x7f\x00\x01t\x00")
    for _ in range(40):
        line.sendall(random.randbytes(250_000))


def _unreleased(line: socket.socket, random: Random) -> None:
    """Publications at QoS 2 that are never released."""
    line.sendall(_ACCEPTED)
    for number in range(1, 400):
        body = b"\x00\x01t" + number.to_bytes(2, "big") + b"\x00" + bytes(200_000)
        line.sendall(b"\x34" + _length(len(body)) + body)
    _wait(line)


def _flood(line: socket.socket, random: Random) -> None:
    """Retained rosters without an end, none of them right."""
    line.sendall(_ACCEPTED)
    topic = b"attendance/roster"
    for number in range(300):
        payload = b'{"version": %d, "count": 1, "workers": [{}]}' % random.randrange(10**30)
        body = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + b"\0" + payload
        line.sendall(b"\x31" + _length(len(body[:-2])) + body[:-2])
    _wait(line)


TALKS: dict[str, Talk] = {
    "refuses": lambda line, random: None,
    "is silent": lambda line, random: _wait(line),
    "talks garbage": _garbage,
    "is fuzzed": _fuzz,
    "accepts with reason 7": _say(bytes.fromhex("2003000700")),
    "denies": _say(bytes.fromhex("2003008700")),
    "takes over": _say(_ACCEPTED, bytes.fromhex("e0028e00")),
    "answers too few subscriptions": _say(_ACCEPTED, bytes.fromhex("900400010000")),
    "answers too many subscriptions": _say(_ACCEPTED, bytes.fromhex("9009000100000000000000")),
    "denies subscriptions": _say(_ACCEPTED, bytes.fromhex("9007000100878787 87".replace(" ", ""))),
    "announces 268 MB": _endless,
    "never releases QoS 2": _unreleased,
    "floods": _flood,
    "takes packets of 20 bytes": _say(bytes.fromhex("200800000527000000 14".replace(" ", ""))),
}


class _Passing:
    """One connection that is passed on; what a kind holds back, it keeps here."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.held: bytes | None = None
        self.passed = 0

    def up(self, kind: str, packet: bytes) -> Iterator[tuple[bool, bytes]]:
        """What becomes of a packet to the broker: (to the broker?, packet)."""
        publishes = packet[0] & 0xF0 == _PUBLISH and packet[0] & 0x06 == 0x02
        if kind == "swallows and acknowledges" and publishes:
            yield False, b"\x40\x02" + _message_id(packet)
            return
        if kind == "loses" and publishes and self.random.random() < 0.5:
            return
        if kind == "doubles" and publishes:
            yield True, packet
        if kind == "reorders" and publishes:
            self.held, packet_before = packet, self.held
            if packet_before is None:
                return
            yield True, packet
            self.held = None
            packet = packet_before
        yield True, packet

    def down(self, kind: str, packet: bytes) -> Iterator[bytes]:
        """What becomes of a packet from the broker."""
        head = packet[0] & 0xF0
        if kind == "swallows acknowledgements" and head == _PUBACK:
            return
        if kind == "acknowledges late" and head == _PUBACK:
            time.sleep(self.random.uniform(0.2, 1.5))
        if kind == "answers no ping" and head == _PINGRESP:
            return
        if kind == "delivers twice" and head == _PUBLISH:
            yield packet
        if kind == "says what nobody asked for" and self.random.random() < 0.3:
            yield hostile_packets.packet(self.random)
        yield packet


PASSES = (
    "swallows and acknowledges",
    "loses",
    "doubles",
    "reorders",
    "swallows acknowledgements",
    "acknowledges late",
    "answers no ping",
    "delivers twice",
    "says what nobody asked for",
    "is slow",
    "cuts",
)

KINDS = (*TALKS, *PASSES)


class Front:
    """Listens on ``port``, in front of the sound broker at ``target``. A context manager.

    ``kind`` is what it does now. ``heard``: everything that clients have said is kept there.
    ``clients``: the ids under which they came.
    """

    def __init__(self, target: int, heard: Path, seed: int) -> None:
        self._target = target
        self._heard = heard.open("ab")
        self._random = Random(seed)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.kind = SOUND
        self.clients: set[str] = set()
        self.met: set[str] = set()
        """The kinds that somebody has met."""
        self.failed: list[BaseException] = []
        self._lines: set[socket.socket] = set()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def cut(self) -> None:
        """End every connection."""
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Front":
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._server.close()
        self._heard.close()

    def _begin(self, what: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=self._guarded, args=(what, *arguments), daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _guarded(self, what: Callable[..., None], *arguments: object) -> None:
        try:
            what(*arguments)
        except OSError:
            pass
        except BaseException as error:
            self.failed.append(error)

    def _accept(self) -> None:
        while True:
            line, _ = self._server.accept()
            if self._over.is_set():
                line.close()
                return
            self._begin(self._meet, line)

    def _meet(self, line: socket.socket) -> None:
        self._lines.add(line)
        try:
            kind = self.kind
            packets = _packets(line)
            connect = next(packets, None)
            if connect is None:
                return
            self._keep(connect)
            self.clients.add(_client_of(connect))
            if kind in TALKS:
                self.met.add(kind)
                TALKS[kind](line, Random(self._random.random()))
                return
            with socket.create_connection(("127.0.0.1", self._target)) as broker:
                broker.sendall(connect)
                passing = _Passing(Random(self._random.random()))
                self._begin(self._down, broker, line, passing)
                self._up(packets, broker, line, passing)
        finally:
            self._lines.discard(line)
            line.close()

    def _up(
        self,
        packets: Iterator[bytes],
        broker: socket.socket,
        line: socket.socket,
        passing: _Passing,
    ) -> None:
        for packet in packets:
            self._keep(packet)
            if not self._goes_on(passing):
                return
            for to_broker, changed in passing.up(self.kind, packet):
                (broker if to_broker else line).sendall(changed)

    def _down(self, broker: socket.socket, line: socket.socket, passing: _Passing) -> None:
        try:
            for packet in _packets(broker):
                if not self._goes_on(passing):
                    return
                for changed in passing.down(self.kind, packet):
                    line.sendall(changed)
        finally:
            for end in (broker, line):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _goes_on(self, passing: _Passing) -> bool:
        kind = self.kind
        self.met.add(kind)
        if kind == "is slow":
            time.sleep(passing.random.uniform(0.05, 0.4))
        # A connection from before is not talked to by another, but ended.
        return kind not in TALKS and not (kind == "cuts" and passing.random.random() < 0.2)

    def _keep(self, packet: bytes) -> None:
        self._heard.write(packet)
        self._heard.flush()


def _packets(line: socket.socket) -> Iterator[bytes]:
    """What comes on a line, packet by packet, until somebody hangs up."""
    with line.makefile("rb") as reader:
        while head := reader.read(1):
            length, shift = 0, 0
            while True:
                digit = reader.read(1)
                if not digit:
                    return
                head += digit
                length |= (digit[0] & 0x7F) << shift
                shift += 7
                if digit[0] < 0x80:
                    break
            body = reader.read(length)
            if len(body) < length:
                return
            yield head + body


def _body(packet: bytes) -> bytes:
    start = 1
    while packet[start] >= 0x80:
        start += 1
    return packet[start + 1 :]


def _message_id(packet: bytes) -> bytes:
    body = _body(packet)
    topic = int.from_bytes(body[:2], "big")
    return body[2 + topic : 4 + topic]


def _client_of(connect: bytes) -> str:
    """The client id of a CONNECT, of MQTT 5 or 3.1.1."""
    body = _body(connect)
    level, rest = body[6], body[10:]
    if level == 5:
        length, start = rest[0], 1  # Properties of a CONNECT of ours are short.
        rest = rest[start + length :]
    return rest[2 : 2 + int.from_bytes(rest[:2], "big")].decode()


def _length(number: int) -> bytes:
    digits = b""
    while True:
        number, digit = divmod(number, 128)
        digits += bytes([digit | (0x80 if number else 0)])
        if not number:
            return digits
