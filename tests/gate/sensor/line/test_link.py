"""What the packet layer makes of replies on a real pty."""

import os
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from edge_agent.gate.errors import SensorFault, SensorGarbled, SensorRefused, SensorSilent
from edge_agent.gate.sensor import instructions as table
from edge_agent.gate.sensor import link as link_module
from edge_agent.gate.sensor import port as port_module
from edge_agent.gate.sensor.instructions import (
    INSTRUCTIONS,
    NOT_VERIFIED,
    OK,
    PACKET_ERROR,
    WRONG_PASSWORD,
    Instruction,
)
from edge_agent.gate.sensor.link import Link
from edge_agent.gate.sensor.port import Port

from .peer import COUNT, GEN_IMG, SEARCH, VALUES, VFY_PWD, Peer, ack, scripted

FOUND = "EF01FFFFFFFF0700070000010050005F"  # slot 1, score 80: from a real module's log


@pytest.fixture
def peer() -> Iterator[Peer]:
    with scripted() as peer:
        yield peer


@pytest.fixture
def link(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Link]:
    # The peer answers at once or never.
    hasty = {code: replace(row, deadline=0.5) for code, row in INSTRUCTIONS.items()}
    monkeypatch.setattr(link_module, "INSTRUCTIONS", hasty)
    monkeypatch.setattr(port_module, "QUIET", 0.01)
    monkeypatch.setattr(port_module, "PATIENCE", 0.01)
    port = Port(peer.name, 57600)
    link = Link(port)
    link.capacity = 100
    link.recover()
    yield link
    port.close()


@pytest.mark.parametrize("portion", [None, 1, 5])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (FOUND, (1, 80)),
        ("EF01FFFFFFFF07000700000000650073", (0, 101)),
        ("EF01FFFFFFFF07000700000 1003C004B", (1, 60)),
        ("EF01FFFFFFFF07000709000000000017", (-1, -1)),
        ("EF01FFFFFFFF070003090013", (-1, -1)),  # without the data that goes with it
    ],
)
def test_real_replies(
    link: Link, peer: Peer, reply: str, expected: tuple[int, int], portion: int | None
) -> None:
    peer.portion = portion
    peer.replies[SEARCH] = [bytes.fromhex(reply.replace(" ", ""))]

    assert link.ask(table.SEARCH) == expected


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("00" + FOUND, "other bytes came before the reply"),
        ("EF01FFFF" + FOUND, "other bytes came before the reply"),
        (FOUND + "00", "more bytes came behind the reply"),
        (FOUND * 2, "more bytes came behind the reply"),
        ("EF01FFFFFFFF07000700000200500060"[:-2] + "5F", "the checksum is wrong"),
        ("EF01FFFFFFFF07000300000A", "it is the answer to something else"),  # another length
        ("EF01FFFFFFFF07000500000 1000D", "it is the answer to something else"),
        ("EF0100000000070007000001005 0005F", "it is the answer to something else"),  # address
        ("EF01FFFFFFFF020007000001005 0005A", "it is the answer to something else"),  # no ack
        (FOUND[:12] + FOUND[18:], "no whole packet came in time"),
    ],
)
def test_a_match_in_doubt_is_no_match(link: Link, peer: Peer, reply: str, why: str) -> None:
    peer.replies[SEARCH] = [bytes.fromhex(reply.replace(" ", ""))]

    with pytest.raises(SensorGarbled, match=why):
        link.ask(table.SEARCH)

    with pytest.raises(SensorGarbled, match="in doubt: recover it first"):
        link.ask(table.GEN_IMG)
    link.recover()
    assert link.ask(table.SEARCH) == (1, 80)


def test_a_late_match_never_answers_a_newer_search(link: Link, peer: Peer) -> None:
    late, newer = ack(0, bytes.fromhex("00070064")), ack(0x09, bytes(4))
    # Nothing in time; then the match comes ahead of the handshake that recovers the link.
    peer.replies = {SEARCH: [b"", newer], VFY_PWD: [late + ack()]}

    with pytest.raises(SensorSilent, match=r"did not answer Search within 0\.5 s"):
        link.ask(table.SEARCH)
    link.recover()

    assert link.ask(table.SEARCH) == (-1, -1)


def test_bytes_that_nobody_asked_for(link: Link, peer: Peer) -> None:
    peer.say(ack())
    while not link._port.unread():
        pass

    with pytest.raises(SensorGarbled, match="bytes came before it was asked"):
        link.ask(table.GEN_IMG)
    assert GEN_IMG not in peer.asked


@pytest.mark.parametrize("row", INSTRUCTIONS.values(), ids=lambda row: row.name)
def test_every_code_ends_in_a_value_or_a_fault(
    link: Link, peer: Peer, row: Instruction, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(row, deadline=30.0)  # Each is answered, be the machine as busy as it may.
    monkeypatch.setitem(link_module.INSTRUCTIONS, row.code, row)  # type: ignore[misc]
    for code in range(1, 256):
        peer.replies[row.code] = [ack(code)]
        if code in row.answers:
            assert link.exchange(row, **VALUES) == row.answers[code]
            continue
        with pytest.raises(SensorFault) as caught:
            link.exchange(row, **VALUES)
        assert isinstance(caught.value, SensorRefused)
        assert caught.value.code == code
        if code in (PACKET_ERROR, NOT_VERIFIED):
            with pytest.raises(SensorGarbled, match="in doubt"):
                link.ask(table.GEN_IMG)
            link.recover()


@pytest.mark.parametrize(
    "row", [row for row in INSTRUCTIONS.values() if row.driver], ids=lambda row: row.name
)
def test_pyfingerprint_and_the_row_say_the_same(link: Link, peer: Peer, row: Instruction) -> None:
    """Either could carry it out: what is sent is the same, and of what is answered the sense."""
    search_all = {"first": 0, "count": link.capacity} if row is table.SEARCH else {}
    peer.replies[row.code] = [ack(OK, bytes(range(row.ack_size)))] * 2
    by_driver = link.exchange(row, **VALUES)
    by_row = link.exchange(replace(row, driver=()), **VALUES | search_all)
    assert peer.commands[-1] == peer.commands[-2] != b""
    if row is table.READ_INDEX_TABLE:
        bits = int.from_bytes(by_row, "little")
        assert by_driver == [bool(bits >> slot & 1) for slot in range(256)]
    elif row is table.STORE:
        assert (by_driver, by_row) == (VALUES["slot"], True)
    else:
        assert by_driver == by_row


def test_a_failed_recovery_leaves_the_link_in_doubt(link: Link, peer: Peer) -> None:
    peer.replies[VFY_PWD] = [ack(WRONG_PASSWORD)]
    with pytest.raises(SensorRefused):
        link.recover()

    with pytest.raises(SensorGarbled, match="in doubt"):
        link.ask(table.GEN_IMG)


def test_a_handshake_alone_is_no_trust(link: Link) -> None:
    assert link.is_there()

    with pytest.raises(SensorGarbled, match="in doubt"):
        link.ask(table.GEN_IMG)


def test_a_recovery_without_trouble_asks_twice(link: Link, peer: Peer) -> None:
    for _ in range(3):
        peer.asked.clear()
        link.recover()
        assert peer.asked == [VFY_PWD, COUNT]


def test_a_search_costs_one_exchange_one_write_and_two_reads(
    link: Link, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, read = [], []
    real_write, real_read = os.write, os.read

    def is_ours(fd: int) -> bool:
        return os.isatty(fd) and os.ttyname(fd) == peer.name

    def counting_write(fd: int, data: bytes) -> int:
        if is_ours(fd):
            written.append(bytes(data).hex())
        return real_write(fd, data)

    def counting_read(fd: int, size: int) -> bytes:
        data = real_read(fd, size)
        if is_ours(fd):
            read.append(data)
        return data

    monkeypatch.setattr(os, "write", counting_write)
    monkeypatch.setattr(os, "read", counting_read)
    peer.asked.clear()

    link.ask(table.SEARCH)

    assert peer.asked == [SEARCH]
    assert written == ["ef01ffffffff0100080401000000640072"]
    assert len(read) == 2


def test_every_instruction_is_told_in_words_too(link: Link, peer: Peer) -> None:
    rows = [row for row in vars(table).values() if isinstance(row, Instruction)]
    assert len(rows) > 15
    assert all(row.means for row in rows)
    peer.replies = {SEARCH: [b""]}
    with pytest.raises(SensorSilent, match=r"\(asked to find whose finger it is\): check its"):
        link.ask(table.SEARCH)
