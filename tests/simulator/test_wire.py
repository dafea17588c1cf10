"""The codec, whatever the bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.simulator.wire import MAX_CONTENT, START, BadFrame, Packet, Parser, Pid

packets = st.builds(
    Packet,
    address=st.integers(0, 2**32 - 1),
    pid=st.sampled_from(Pid),
    data=st.binary(min_size=1, max_size=MAX_CONTENT),
)
# Noise that is likely to look like the beginning of a packet.
_TEMPTING = [b"\xef", START, START + b"\xff\xff\xff\xff\x01\x00", bytes(5), b"\xff" * 4, b"\x07"]
noise = st.lists(st.sampled_from(_TEMPTING) | st.binary(max_size=20)).map(b"".join)


def _feed(data: bytes, sizes: list[int]) -> list[Packet | BadFrame]:
    parser, frames, at = Parser(), [], 0
    for size in sizes:
        frames += parser.feed(data[at : at + size])
        at += size
    return frames + parser.feed(data[at:])


def _good(frames: list[Packet | BadFrame]) -> list[Packet]:
    return [frame for frame in frames if isinstance(frame, Packet)]


def test_a_packet_as_a_real_module_takes_it() -> None:
    packet = Packet(0xFFFFFFFF, Pid.COMMAND, bytes.fromhex("1b 01 0000 03e9"))
    assert packet.encode().hex() == "ef01ffffffff0100081b01000003e90111"


@given(st.lists(packets, max_size=4), st.lists(st.integers(1, 40), max_size=30))
def test_packets_come_back_however_they_are_cut(sent: list[Packet], sizes: list[int]) -> None:
    stream = b"".join(packet.encode() for packet in sent)
    assert _feed(stream, sizes) == sent


@given(st.lists(noise | packets.map(Packet.encode), max_size=6).map(b"".join))
def test_no_packet_that_is_not_in_the_bytes(stream: bytes) -> None:
    at = 0
    for packet in _good(Parser().feed(stream)):
        at = stream.index(packet.encode(), at) + len(packet.encode())


@given(noise, packets)
def test_finds_the_next_good_packet_after_noise(before: bytes, packet: Packet) -> None:
    # What a false start code announces at most, so that the parser need not wait for more.
    tail = bytes(MAX_CONTENT + 20)
    assert _good(Parser().feed(before + packet.encode() + tail))[-1:] == [packet]


@given(packets, st.data())
def test_a_wrong_byte_never_passes(packet: Packet, data: st.DataObject) -> None:
    stream = bytearray(packet.encode())
    at = data.draw(st.integers(len(stream) - 2 - len(packet.data), len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    assert _feed(bytes(stream), []) == [BadFrame(packet.address, packet.pid)]


@given(noise, st.lists(st.integers(1, 9)))
def test_portions_make_no_difference(stream: bytes, sizes: list[int]) -> None:
    assert _feed(stream, sizes) == Parser().feed(stream)


@given(st.lists(st.just(b"\xef") | st.binary(max_size=50), max_size=20))
def test_keeps_no_more_than_a_packet(portions: list[bytes]) -> None:
    parser = Parser()
    for portion in [*portions, bytes(1000)]:
        parser.feed(portion)
    assert len(parser._bytes) <= MAX_CONTENT + 11
