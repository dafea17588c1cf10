"""Packets against bytes of real modules, damaged ones and any at all; which are one template."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.gate.sensor.frames import START, Frame, FrameParser, Kind, Stream, encode

ADDRESS = 0xFFFFFFFF

REAL = [
    # Published logs of real modules: the bytes, what they are and what they hold.
    ("EF01FFFFFFFF0100030F0013", Kind.COMMAND, "0F"),
    (
        "EF01FFFFFFFF07001300000C2EC800640003FFFFFFFF000200060587",
        Kind.ACK,
        "00 000C 2EC8 0064 0003 FFFFFFFF 0002 0006",
    ),
    (
        "EF01FFFFFFFF0700130000040000 00C80003FFFFFFFF0002000604ED",
        Kind.ACK,
        "00 0004 0000 00C8 0003 FFFFFFFF 0002 0006",
    ),
    (
        "EF01FFFFFFFF07001300000000000050 0003FFFFFFFF0002000C0477",
        Kind.ACK,
        "00 0000 0000 0050 0003 FFFFFFFF 0002 000C",
    ),
    ("EF01FFFFFFFF010003010005", Kind.COMMAND, "01"),
    ("EF01FFFFFFFF07000300000A", Kind.ACK, "00"),
    ("EF01FFFFFFFF01000402010008", Kind.COMMAND, "02 01"),
    ("EF01FFFFFFFF0700050001130020", Kind.ACK, "00 0113"),
    ("EF01FFFFFFFF01000606010000000E", Kind.COMMAND, "06 01 0000"),
    ("EF01FFFFFFFF010008040100010010001F", Kind.COMMAND, "04 01 0001 0010"),
    ("EF01FFFFFFFF07000700000100 50005F", Kind.ACK, "00 0001 0050"),
    ("EF01FFFFFFFF0100070C000100010016", Kind.COMMAND, "0C 0001 0001"),
    ("EF01FFFFFFFF0700050000 01000D", Kind.ACK, "00 0001"),
    ("EF01FFFFFFFF07000700000000650073", Kind.ACK, "00 0000 0065"),
    ("EF01FFFFFFFF070007090000 00000017", Kind.ACK, "09 0000 0000"),
]
STREAM = b"".join(bytes.fromhex(wire) for wire, _, _ in REAL)
FRAMES = [Frame(ADDRESS, kind, bytes.fromhex(data)) for _, kind, data in REAL]

# Noise made of what packets are made of finds more than noise of any bytes.
_noise = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from([b"\xef", b"\x01", b"\xef\x01", b"\xff\xff\xff\xff", b"\x07", b"\x00\x03"]),
        max_size=30,
    ).map(b"".join),
)
_frames = st.builds(
    Frame,
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from(Kind),
    st.binary(min_size=1, max_size=256),
)


def _wire(frame: Frame) -> bytes:
    return encode(frame.address, frame.kind, frame.data)


@pytest.mark.parametrize(("wire", "kind", "data"), REAL)
def test_real_bytes_both_ways(wire: str, kind: Kind, data: str) -> None:
    raw = bytes.fromhex(wire)
    frame = Frame(ADDRESS, kind, bytes.fromhex(data))

    assert FrameParser().feed(raw) == [frame]
    assert _wire(frame) == raw


@pytest.mark.parametrize("step", [1, 2, 5, 13, len(STREAM)])
def test_a_stream_in_pieces(step: int) -> None:
    parser = FrameParser()
    got = [
        frame for at in range(0, len(STREAM), step) for frame in parser.feed(STREAM[at : at + step])
    ]

    assert got == FRAMES
    assert (parser.skipped, parser.damaged, parser.pending) == (0, 0, 0)


def test_reading_what_is_missing_never_overshoots() -> None:
    parser = FrameParser()
    rest = STREAM
    got = []
    while rest:
        size = parser.missing
        frames = parser.feed(rest[:size])
        rest = rest[size:]
        assert not (frames and parser.pending)
        got += frames

    assert got == FRAMES


@pytest.mark.parametrize(
    ("wire", "skipped", "damaged"),
    [
        ("EF01FFFFFFFF07000300000B", 12, 1),  # the checksum is one too high
        ("EF01FFFFFFFF070003010000 0A", 13, 1),  # a bit of the data fell over
        ("EF01FFFFFFFF090003000000", 12, 0),  # no such kind
        ("EF01FFFFFFFF0700020009", 11, 0),  # an empty packet
        ("EF01FFFFFFFF0701030000", 11, 0),  # longer than any packet
        ("FF01FFFFFFFF07000300000A", 12, 0),  # the start code is damaged
        ("55", 1, 0),  # the boot byte
    ],
)
def test_bytes_that_are_no_packet(wire: str, skipped: int, damaged: int) -> None:
    parser = FrameParser()

    assert parser.feed(bytes.fromhex(wire) + STREAM) == FRAMES
    assert (parser.skipped, parser.damaged) == (skipped, damaged)


@given(_noise, _frames, _noise)
def test_found_at_the_next_good_frame(before: bytes, frame: Frame, between: bytes) -> None:
    parser = FrameParser()
    # However long a packet a false start announces, so many bytes complete it.
    enough = bytes(267)

    got = parser.feed(before + _wire(frame) + between + _wire(frame) + enough)

    assert got.count(frame) == 2


@given(st.lists(st.one_of(_noise, _frames.map(_wire))), st.integers(1, 300))
def test_nothing_invented_and_nothing_lost(pieces: list[bytes], step: int) -> None:
    stream = b"".join(pieces)
    whole, stepped = FrameParser(), FrameParser()

    got = whole.feed(stream)
    again = []
    for at in range(0, len(stream), step):
        again += stepped.feed(stream[at : at + step])
        assert stepped.pending <= 9 + 256 + 2

    at = 0
    for frame in got:
        wire = _wire(frame)
        at = stream.index(wire, at) + len(wire)
    sizes = sum(len(_wire(frame)) for frame in got)
    assert sizes + whole.skipped + whole.pending == len(stream)
    assert again == got
    assert (stepped.skipped, stepped.damaged) == (whole.skipped, whole.damaged)


def _streams(seed: int, count: int) -> None:
    """Streams of good packets, damaged ones and noise, each ending with a good packet.

    Many more than a property can try; what is made of packets' parts finds more than any bytes.
    """
    rng = random.Random(seed)
    parts = (b"\xef", b"\x01", START, b"\xff" * 4, b"\x02\x00\x82", b"\x07\x00\x03", b"\x00")
    for _ in range(count):
        pieces = []
        for _ in range(rng.randrange(1, 6)):
            kind = rng.randrange(4)
            if kind == 0:
                piece = rng.randbytes(rng.randrange(40))
            elif kind == 1:
                piece = b"".join(rng.choices(parts, k=rng.randrange(12)))
            else:
                data = rng.randbytes(rng.choice((1, 1, 3, 5, 17, 33, 128)))
                piece = encode(rng.choice((ADDRESS, 0)), rng.choice((1, 2, 7, 8)), data)
                if kind == 2:
                    at = rng.randrange(len(piece))
                    piece = piece[:at] + rng.randbytes(1) + piece[at + rng.randrange(3) :]
            pieces.append(piece)
        _check(b"".join(pieces), rng.randrange(1, 300))


def _check(noise: bytes, step: int) -> None:
    """Every packet found is in the stream, whole and behind the one before, and so is the last."""
    # However long a packet a false start announces, so many bytes complete it.
    stream = noise + encode(ADDRESS, Kind.ACK, b"\x00\x00\x07") + bytes(267)
    parser = FrameParser()
    most = at = 0
    for start in range(0, len(stream), step):
        for frame in parser.feed(stream[start : start + step]):
            wire = _wire(frame)
            found = stream.find(wire, at)
            assert found >= 0, "a packet that the bytes do not contain"
            at = found + len(wire)
        most = max(most, parser.pending)
    assert most <= 9 + 256 + 2
    # Noise whose checksum is right by chance may hold the beginning of the good one.
    assert at > len(noise), "the next good packet was missed"


def test_twenty_thousand_streams() -> None:
    _streams(seed=0, count=20_000)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_million_streams(seed: int) -> None:
    _streams(seed, count=100_000)


class Unchecked(FrameParser):
    """Believes that a packet is right."""

    def _take(self) -> Frame | None:
        size = self._size()
        frame = Frame(ADDRESS, Kind(self._held[6]), bytes(self._held[9 : size - 2]))
        del self._held[:size]
        return frame


class Greedy(FrameParser):
    """Gives up a false packet whole, and with it the good one that began inside."""

    def _take(self) -> Frame | None:
        size, damaged = self._size(), self.damaged
        frame = super()._take()
        if self.damaged > damaged:
            self._skip(min(len(self._held), size - len(START)))
        return frame


class Hoarding(FrameParser):
    """Waits for as many bytes as a packet claims."""

    def _at_start(self) -> bool:
        at = self._held.find(START)
        self._skip(max(at, 0))
        return at >= 0 and len(self._held) >= 9 and self._held[6] in (1, 2, 7, 8)


@pytest.mark.parametrize("planted", [Unchecked, Greedy, Hoarding])
def test_a_bad_parser_is_caught(
    planted: type[FrameParser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "FrameParser", planted)
    with pytest.raises(AssertionError):
        _streams(seed=0, count=2000)


def test_a_frame_shows_nothing_of_what_it_holds() -> None:
    shown = repr(Frame(ADDRESS, Kind.DATA, b"\x03\x01secret"))
    assert shown == "<Frame DATA, 8 bytes>"


SIZES = frozenset({512, 1536})
"""Of templates."""


def _taken(series: list[int], kinds: dict[int, Kind] | None = None) -> tuple[int, bool, int]:
    """How many packets of these sizes are taken, the last being the end; what it is then."""
    stream = Stream(SIZES)
    for at, size in enumerate(series):
        kind = Kind.END_DATA if at == len(series) - 1 else Kind.DATA
        packet = Frame(0xFFFFFFFF, (kinds or {}).get(at, kind), bytes(size))
        if not stream.takes(packet):
            return at, stream.complete, stream.odd_size
    return len(series), stream.complete, stream.odd_size


@pytest.mark.parametrize("size", [32, 64, 128, 256])
@pytest.mark.parametrize("total", SIZES)
def test_packets_of_one_size(size: int, total: int) -> None:
    count = total // size
    assert _taken([size] * count) == (count, True, 0)


@pytest.mark.parametrize(
    ("series", "taken", "odd_size"),
    [
        ([128, 128, 128], 2, 384),  # one is lost
        ([128, 128, 128, 128, 128], 4, 640),  # one too many
        ([128, 64, 128, 128, 64], 1, 0),  # the sum is right, the sizes are not
        ([100, 100, 100, 100, 100, 12], 0, 0),  # no module sends such packets
        ([64, 64, 64, 64, 256], 4, 0),  # the last is the largest
        ([128] * 100, 11, 1536),  # it does not end where the largest template does
        ([128, 128, 128, 114], 3, 498),
        ([256, 256], 2, 0),
    ],
)
def test_packets_that_are_no_template(series: list[int], taken: int, odd_size: int) -> None:
    assert _taken(series) == (taken, taken == len(series), odd_size)


@pytest.mark.parametrize("kind", [Kind.ACK, Kind.COMMAND])
def test_another_kind_of_packet(kind: Kind) -> None:
    assert _taken([128] * 4, {2: kind}) == (2, False, 0)
