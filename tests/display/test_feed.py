"""What the screen's process makes of a daemon's socket."""

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from edge_agent.contract.facts import Direction
from edge_agent.display import feed as feeding
from edge_agent.display.cards import Card, Day
from edge_agent.display.feed import Feed, boottime_ms
from edge_agent.display.standing import Gate
from edge_agent.gate.control.server import ControlServer
from edge_agent.gate.events import (
    Event,
    LedgerGrew,
    Outcome,
    PanelShown,
    PrintWorn,
    PunchLed,
    UplinkChanged,
)
from edge_agent.gate.settings.load import load_settings
from tests.patience import PATIENCE_S

STATUS: dict[str, Any] = {
    "sensor": {"state": "ready"},
    "store": {"state": "ready"},
    "uplink": {"state": "connected"},
    "clock": {"state": "synced"},
    "awaiting": None,
}
AT = "2026-11-29T06:58:04.113+07:00"

Message = TypeVar("Message", bound=Struct)


class Daemon:
    """A control socket with a gate that is well behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = {"007": "Lan"}
        self.asked = 0
        self.told: queue.SimpleQueue[Struct] = queue.SimpleQueue()
        self.start()

    def start(self) -> None:
        self._stop = threading.Event()
        self._server = ControlServer(
            self.path, lambda request, conversation: None, lambda: STATUS, self._names, self._day
        )
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._server.serve_for(0.05)

    def _names(self) -> dict[str, str]:
        self.asked += 1
        return dict(self.names)

    def _day(self, code: str) -> dict[str, Any]:
        return {"presses": [{"at": AT, "direction": "in"}], "worked_min": None, "open_day": None}

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        self._server.close()

    def emit(self, event: Event) -> None:
        self._server.emit(event)

    def press(self, worker: str = "007", ago_ms: int = 0, **other: Any) -> None:
        fields = {"outcome": Outcome.RECORDED, "seq": 9, "at": AT} | other
        moment = boottime_ms() - ago_ms
        self.emit(PanelShown(worker=worker, boottime_ms=moment, **fields))

    def until(self, kind: type[Message]) -> Message:
        """The next message of a kind."""
        while True:
            message = self.told.get(timeout=PATIENCE_S)
            if isinstance(message, kind):
                return message


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setattr(feeding, "_AGAIN_S", 0.02)
    monkeypatch.setattr(feeding, "_PATIENCE_S", 0.2)
    with TemporaryDirectory(prefix="ea-feed-") as folder:
        config = Path(folder, "gate.toml")
        config.write_text('[gate]\nid = "g"\n[control]\nsocket = "s"\n')
        daemon = Daemon(Path(folder, "s"))
        Feed(load_settings(config), daemon.told.put).start()
        assert daemon.until(Gate).notices == []
        yield daemon
        daemon.stop()


def test_a_press_and_the_day_of_whoever_presses_again(daemon: Daemon) -> None:
    daemon.press(direction=Direction.IN)
    shown = daemon.until(Card)
    assert (shown.name, shown.word, shown.time) == ("Lan", "VÀO", "06:58")
    daemon.press(outcome=Outcome.REPEATED, first_at=AT)
    again = daemon.until(Card)
    assert again.id > shown.id
    day = daemon.until(Day)
    assert (day.id, day.presses) == (again.id, ["06:58 VÀO"])


def test_what_was_pressed_while_this_process_was_held_up_is_not_shown(daemon: Daemon) -> None:
    daemon.press(ago_ms=3_500)
    daemon.press("008", ago_ms=60_000)
    daemon.press("009")
    assert daemon.until(Card).name == "009"


def test_a_newcomers_name_is_asked_for_and_a_new_name_too(daemon: Daemon) -> None:
    daemon.names["008"] = "Hoa"
    daemon.press("008")
    assert daemon.until(Card).name == "Hoa"
    daemon.names["008"] = "Hoa Mới"
    asked = daemon.asked
    for seq in range(200):  # As a roster does.
        daemon.emit(LedgerGrew(seq=seq, kind="worker.renamed"))
    give_up = time.monotonic() + PATIENCE_S
    while daemon.asked == asked:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    time.sleep(0.2)
    assert daemon.asked - asked < 10
    daemon.press("008")
    assert daemon.until(Card).name == "Hoa Mới"


def test_a_key_after_the_finger(daemon: Daemon) -> None:
    daemon.press(seq=9)
    before = daemon.until(Card)
    assert before.word == ""
    daemon.emit(PunchLed(worker="007", seq=11, of=7, direction=Direction.IN))  # Of another one.
    daemon.emit(PunchLed(worker="007", seq=12, of=9, direction=Direction.OUT))
    after = daemon.until(Card)
    assert (after.word, after.name) == ("RA", "Lan")
    assert after.id > before.id


def test_whoever_presses_with_a_finger_that_wears_reads_so_on_their_card(daemon: Daemon) -> None:
    daemon.press(seq=9, direction=Direction.IN)
    before = daemon.until(Card)
    daemon.emit(PrintWorn(worker="008", finger="left-thumb", seq=7))  # Of one before.
    daemon.emit(PrintWorn(worker="007", finger="right-index", seq=9))
    after = daemon.until(Card)
    assert (after.name, after.word, after.time) == (before.name, before.word, before.time)
    assert after.lines == ["Vân tay ngón trỏ phải bị mòn: nhờ kỹ thuật đăng ký lại."]
    assert after.id > before.id
    assert after.stays_ms > before.stays_ms


def test_a_finger_that_wears_may_be_told_before_its_touch(daemon: Daemon) -> None:
    """The ledger has the press before the lamp is lit, and the touch is told after that."""
    daemon.emit(PrintWorn(worker="007", finger="right-index", seq=9))
    daemon.press(seq=9)
    cards = [daemon.until(Card) for _ in range(2)]
    assert [bool(card.lines) for card in cards] == [False, True]


def test_a_finger_that_wears_is_not_told_to_whoever_came_after(daemon: Daemon) -> None:
    daemon.press(seq=9)
    daemon.press("009", seq=10)
    daemon.emit(PrintWorn(worker="007", finger="right-index", seq=9))
    daemon.press("009", seq=11, outcome=Outcome.REPEATED)
    lines = [daemon.until(Card).lines for _ in range(3)]
    assert not any("mòn" in line for card in lines for line in card)


def test_a_daemon_that_goes_and_comes_back(daemon: Daemon) -> None:
    daemon.emit(UplinkChanged(state="disconnected"))
    assert daemon.until(Gate).notices[0].tone == "calm"
    daemon.stop()
    assert daemon.until(Gate).notices[0].tone == "wait"
    assert daemon.until(Gate).notices[0].tone == "stop"
    daemon.start()
    assert daemon.until(Gate).notices == []
    daemon.press()
    assert daemon.until(Card).name == "Lan"


def test_a_daemon_of_another_version_does_not_end_it(daemon: Daemon) -> None:
    daemon.emit(PanelShown(outcome=Outcome.RECORDED, worker="007"))  # Told by no clock at all.
    daemon.press(outcome="of-the-future")
    assert daemon.until(Card).title == "Xem đèn báo"
