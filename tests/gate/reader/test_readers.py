"""Devices that come and go, on named pipes in the place of /dev/input: the kernel's bytes."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.gate.ports import Typed
from edge_agent.gate.reader.readers import MOST_WAITING, UsbReaders
from tests.patience import PATIENCE_S

from .keys import recorded, typed


def anybodys(fd: int) -> None:
    """A pipe cannot be grabbed."""


class Plugs:
    """Readers that are plugged in and out."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        self.paths = [str(folder / f"reader{n}") for n in range(count)]
        self.heard = threading.Event()
        self.readers = UsbReaders(self.paths, anybodys)
        self.readers.listen(self.heard.set)
        self._ends: dict[int, int] = {}

    def plug(self, n: int = 0) -> None:
        os.mkfifo(self.paths[n])
        self._ends[n] = os.open(self.paths[n], os.O_RDWR)

    def unplug(self, n: int = 0) -> None:
        os.unlink(self.paths[n])
        os.close(self._ends.pop(n))

    def type(self, text: str, n: int = 0, **how: Any) -> None:
        os.write(self._ends[n], recorded(typed(text, time.monotonic(), **how)))

    def close(self) -> None:
        self.readers.close()
        for end in self._ends.values():
            os.close(end)


@pytest.fixture
def plugs(tmp_path: Path) -> Iterator[Plugs]:
    made = Plugs(tmp_path, 2)
    yield made
    made.close()


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (got := found()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return got


def texts(readers: UsbReaders, count: int) -> list[tuple[str | None, str]]:
    got: list[Typed] = []

    def all_there() -> bool:
        if (one := readers.next()) is not None:
            got.append(one)
        return len(got) == count

    until(all_there)
    return [(one.text, one.device) for one in got]


def started(plugs: Plugs) -> None:
    plugs.plug(0)
    plugs.plug(1)
    plugs.readers.start()
    time.sleep(0.15)  # What comes right after the opening may be half a code.


def test_two_readers_at_once_are_kept_apart(plugs: Plugs) -> None:
    started(plugs)
    first, second = (recorded(typed(text, time.monotonic())) for text in ("111111", "222222"))
    for at in range(0, max(len(first), len(second)), 24):
        os.write(plugs._ends[0], first[at : at + 24])
        os.write(plugs._ends[1], second[at : at + 24])
    assert set(texts(plugs.readers, 2)) == {("111111", plugs.paths[0]), ("222222", plugs.paths[1])}
    assert plugs.heard.is_set()


def test_events_may_come_in_pieces(plugs: Plugs) -> None:
    started(plugs)
    data = recorded(typed("123456", time.monotonic()))
    for at in range(0, len(data), 7):
        os.write(plugs._ends[0], data[at : at + 7])
    assert texts(plugs.readers, 1) == [("123456", plugs.paths[0])]


def test_unplugged_in_mid_code_and_back(plugs: Plugs) -> None:
    started(plugs)
    plugs.type("12345", end=None)
    time.sleep(0.1)
    plugs.unplug()
    problem = until(lambda: plugs.readers.problem)
    assert problem.name == "reader.missing"
    plugs.type("222222", 1)
    assert texts(plugs.readers, 1) == [("222222", plugs.paths[1])]
    plugs.plug()
    until(lambda: plugs.readers.problem is None)
    time.sleep(0.15)
    plugs.type("67890")
    plugs.type("333333")
    assert texts(plugs.readers, 2) == [("67890", plugs.paths[0]), ("333333", plugs.paths[0])]


def test_a_flood_is_bounded_and_the_other_reader_is_heard(plugs: Plugs) -> None:
    started(plugs)
    for n in range(60):
        plugs.type(f"{n:06}")
    plugs.type("999999", 1)
    time.sleep(0.5)
    got = []
    while (one := plugs.readers.next()) is not None:
        got.append(one.text)
    assert len(got) <= 2 * MOST_WAITING
    assert "999999" in got


def test_what_cannot_be_grabbed_is_told_and_not_read(tmp_path: Path) -> None:
    """Without the grab it would type into a console: no line of it is taken."""
    (tmp_path / "no-reader").write_text("")
    readers = UsbReaders([str(tmp_path / "no-reader")])
    readers.start()
    assert readers.problem is not None
    assert readers.problem.name == "reader.no-input"
    readers.close()
