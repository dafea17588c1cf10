"""A reader of cards or QR codes: ours alone, whole codes, at a machine's pace."""

import time
from collections.abc import Iterator

import pytest

from edge_agent.gate.ports import Typed
from edge_agent.gate.reader.readers import UsbReaders

from .person import Person

_WITHIN_S = 30.0


@pytest.fixture
def reader(pytestconfig: pytest.Config) -> Iterator[UsbReaders]:
    path = pytestconfig.getoption("reader")
    if path is None:
        pytest.skip("--reader names none: ls /dev/input/by-id")
    opened = UsbReaders([path])
    opened.start()
    yield opened
    opened.close()


def _line(reader: UsbReaders) -> Typed:
    end = time.monotonic() + _WITHIN_S
    while (typed := reader.next()) is None:
        assert time.monotonic() < end, (
            f"Nothing was read within {_WITHIN_S:.0f} s: does the reader send Enter at the end? "
            "Its leaflet has a bar code that sets so; and is it the right one of /dev/input/by-id?"
        )
        time.sleep(0.05)
    return typed


def test_a_card_says_the_same_each_time(reader: UsbReaders, person: Person) -> None:
    assert reader.problem is None, str(reader.problem)
    person.told("Hold one card to the reader, take it away, and hold it there again.")
    first, second = _line(reader), _line(reader)
    assert first.text is not None, (
        "The reader types keys that are no characters: set it to the layout of the USA."
    )
    assert first.text == second.text, (
        "The same card was read in two ways, or it was another one: hold one card, and try again."
    )
    assert first.quick, (
        "Its keys come more than 100 ms apart, as a person's do: set its delay between characters "
        "to none."
    )
