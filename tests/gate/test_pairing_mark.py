"""The mark in the notepad, and what two marks beside each other mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.gate.pairing_mark import (
    PAGE_BYTES,
    TOKEN_BYTES,
    Doubt,
    PairingMark,
    adopting,
    doubt,
    read_mark,
)

marks = st.builds(
    PairingMark,
    token=st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES),
    counter=st.integers(0, 2**32 - 2),
)
pages = st.binary(min_size=PAGE_BYTES, max_size=PAGE_BYTES)

OURS = PairingMark(b"o" * TOKEN_BYTES, 7)
OTHER = PairingMark(b"x" * TOKEN_BYTES, 7)


@given(marks)
def test_a_mark_is_read_as_it_was_written(mark: PairingMark) -> None:
    assert len(mark.page()) == PAGE_BYTES
    assert read_mark(mark.page()) == mark


@given(marks, st.integers(0, PAGE_BYTES - 1), st.integers(1, 255))
def test_one_wrong_byte(mark: PairingMark, at: int, flips: int) -> None:
    page = bytearray(mark.page())
    page[at] ^= flips
    assert read_mark(bytes(page)) in (None, mark)


@given(marks, st.integers(0, PAGE_BYTES), pages)
def test_a_page_that_was_written_half(mark: PairingMark, written: int, before: bytes) -> None:
    """The rest is as it was before: erased, another program's, or our own mark of last time."""
    for rest in (before, b"\xff" * PAGE_BYTES, bytes(PAGE_BYTES), mark.raised().page()):
        torn = mark.page()[:written] + rest[written:]
        assert read_mark(torn) in (None, mark, mark.raised())


@given(st.binary(max_size=2 * PAGE_BYTES))
def test_what_others_write_is_no_mark(page: bytes) -> None:
    assert read_mark(page) is None


@pytest.mark.parametrize("page", [b"", bytes(PAGE_BYTES), b"\xff" * PAGE_BYTES, b"EdA1"])
def test_a_blank_page_is_no_mark(page: bytes) -> None:
    assert read_mark(page) is None


@pytest.mark.parametrize(
    ("ours", "sensors", "expected"),
    [
        (OURS, OURS, None),
        (OURS, OURS.raised(), Doubt.DATABASE_OLDER),
        (OURS.raised(), OURS, Doubt.SENSOR_OLDER),
        (OURS, OTHER, Doubt.FOREIGN),
        (OURS, OTHER.raised(), Doubt.FOREIGN),
        (OURS, None, Doubt.FOREIGN),
        (None, OURS, Doubt.FOREIGN),
        (None, None, Doubt.FOREIGN),
    ],
)
def test_what_is_in_doubt(
    ours: PairingMark | None, sensors: PairingMark | None, expected: Doubt | None
) -> None:
    assert doubt(ours, sensors, prints=True) is expected
    assert doubt(ours, sensors, prints=False) is None  # nobody could be credited wrongly


@pytest.mark.parametrize("why", Doubt)
def test_each_doubt_says_what_to_do(why: Doubt) -> None:
    sentence = str(adopting(why))
    assert "nobody is credited" in sentence
    assert "'edge-agent sensor adopt'" in sentence
    assert "forgotten" in sentence
