"""A file that is carried by hand: whole as it was written, or told and left alone."""

import io
from collections.abc import Callable

import pytest

from edge_agent.contract.carried import ENTRIES, RECEIPTS, BadFile, Head, lines, proven, written

CARRIED = [b'{"a":1}', b'{"b":2}', b'{"c":3}']
HEAD = Head(format=ENTRIES, version=1, lines=3, gate="main-gate", ledger="x", first=1)
WHOLE = b"".join(written(HEAD, CARRIED))


def refused(content: bytes) -> str:
    with pytest.raises(BadFile) as refusal:
        proven(io.BytesIO(content), "file", ENTRIES)
    return refusal.value.message.name


def test_what_was_written_is_read() -> None:
    file = io.BytesIO(WHOLE)
    assert proven(file, "file", ENTRIES) == HEAD
    assert list(lines(file)) == CARRIED


def test_wherever_it_is_cut_off_nothing_is_believed() -> None:
    told = {refused(WHOLE[:end]) for end in range(len(WHOLE) - 1)}
    assert told == {"carry.cut-off", "carry.no-such-file"}


def test_whatever_byte_is_altered_nothing_is_believed() -> None:
    for at in range(len(WHOLE) - 1):
        refused(WHOLE[:at] + bytes([WHOLE[at] ^ 1]) + WHOLE[at + 1 :])


def rows(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    return b"".join(change(WHOLE.splitlines(keepends=True)))


@pytest.mark.parametrize(
    "altered",
    [
        rows(lambda r: [r[0], r[2], r[1], *r[3:]]),
        rows(lambda r: [r[0], r[1], *r[1:]]),
        rows(lambda r: [*r[:2], *r[3:]]),
        rows(lambda r: [*r, r[1]]),
        b"".join(written(Head(format=ENTRIES, version=1, lines=2), CARRIED)),
    ],
    ids=["reordered", "doubled", "left out", "appended", "miscounted"],
)
def test_lines_that_are_others_than_were_written(altered: bytes) -> None:
    assert refused(altered) == "carry.altered"


def test_a_line_without_an_end_fills_no_memory() -> None:
    assert refused(WHOLE.splitlines(keepends=True)[0] + b"x" * 1_100_000) == "carry.altered"


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (Head(format=RECEIPTS, version=1, lines=0), "carry.for-a-gate"),
        (Head(format="edge-agent-templates", version=1, lines=0), "carry.no-such-file"),
        (Head(format=ENTRIES, version=2, lines=0), "carry.newer"),
    ],
)
def test_another_file_is_named_for_what_it_is(head: Head, told: str) -> None:
    assert refused(b"".join(written(head, []))) == told
