"""What a worker sees: a whole gate, its screen's process, and a real Chromium in front of it."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser
from tests.node import installed

from .gate import Gate, Part, name_of
from .watch import Watch

CALL = "0912 345 678"
HERS = "NV001"
EVERY_NAME = (
    "window.seen = []; new MutationObserver(() => seen.push("
    "document.querySelector('#name').textContent)).observe("
    "document.querySelector('#name'), {childList: true})"
)
"""Keeps each name that was ever there, however short."""


class Front:
    """The gate as whoever stands before it has it: a glass, and a screen."""

    def __init__(self, gate: Gate, browser: Browser) -> None:
        self.gate = gate
        self.browser = browser
        self.port = 0  # Any, which is kept when it is started again.
        self.display = self.show()
        self.daemon = gate.start()
        self.watch: Watch = gate.watch()
        gate.open(self.watch)
        self.open()

    def show(self) -> Part:
        """Start the screen's process, perhaps again."""
        config = ("--config", str(self.gate.config))
        display = self.gate.part("display", *config, "--listen", f"127.0.0.1:{self.port}")
        self.port = int(display.until_said(r"the screen is at http://127.0.0.1:(\d+)/")[1])
        return display

    def open(self) -> None:
        self.browser.go(f"http://127.0.0.1:{self.port}/")
        self.browser.see("#idle-text", "Đặt ngón tay")

    def press(self, finger: str) -> dict[str, Any]:
        """Press and lift, until the gate is ready for the next; what the panel showed."""
        self.gate.finger(f"press {finger}")
        shown = self.watch.panel()
        self.gate.finger("lift")
        time.sleep(0.3)  # The glass is to be seen empty; nothing tells of that.
        return shown

    def reads(self, selector: str, wanted: str) -> None:
        self.browser.see(selector, wanted)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def front(gate: Gate, browser: Browser) -> Front:
    gate.set(
        punch={"direction": "alternate", "repeat_window_s": 3600},
        display={"call": CALL},
        # The network is there for the daemon to lose: nothing listens at port 1.
    )
    return Front(gate, browser)


def test_what_a_worker_sees_after_each_outcome(front: Front) -> None:
    front.press(HERS)
    front.reads("#word", "VÀO")
    front.reads("#name", name_of(HERS))
    front.reads("#title", "Đã chấm công")
    at = front.watch.panels()[-1]["at"][11:16]
    front.reads("#time", at)

    front.press(HERS)
    front.reads("#title", f"Đã ghi lúc {at}")
    front.reads("#day", f"{at} VÀO")

    front.press("nobodys")
    front.reads("#title", "Không nhận ra ngón tay")
    assert front.browser.text("#name") == ""
    assert front.browser.run("document.querySelector('#picture').checkVisibility()")

    assert front.gate.cli("workers", "deactivate", "NV003").code == 0
    time.sleep(0.3)
    front.press("NV003")
    front.reads("#lines", "Hỏi tổ trưởng.")
    assert front.browser.text("#title") == "Chưa chấm công"

    front.reads("#idle-text", "Đặt ngón tay")  # No card stays.
    assert name_of(HERS) not in front.browser.run("document.documentElement.outerHTML")


def test_no_name_is_left_in_the_log_or_on_the_wire(front: Front) -> None:
    front.press(HERS)
    front.reads("#name", name_of(HERS))
    front.display.stop()
    assert name_of(HERS) not in front.display.said + front.daemon.said
    assert "Nguyễn" not in front.display.said


def test_a_daemon_that_goes_and_comes_back(front: Front) -> None:
    front.press(HERS)
    front.daemon.stop()
    front.reads("#idle-text", "Đang nối với máy chấm công")
    front.reads("#idle-text", "Máy chấm công không trả lời")
    front.reads("#idle-more", CALL)
    front.daemon = front.gate.start()
    front.watch = front.gate.watch()
    front.gate.open(front.watch)
    front.reads("#idle-text", "Đặt ngón tay")
    front.press("NV002")
    front.reads("#name", name_of("NV002"))


def test_a_screen_that_is_killed_says_so_comes_back_and_changes_no_punch(front: Front) -> None:
    for code in ("NV001", "NV002", "NV003"):
        front.display.kill()
        front.press(code)
        front.reads("#idle-text", "Màn hình đang nối lại")
        front.display = front.show()
        front.reads("#idle-text", "Đặt ngón tay")
        assert front.browser.text("#name") == ""  # What was pressed meanwhile is no news.
    front.press("NV004")
    front.reads("#name", name_of("NV004"))
    assert [code for _, code in front.gate.punches()] == ["NV001", "NV002", "NV003", "NV004"]


def test_a_browser_that_was_asleep_shows_nothing_old(front: Front) -> None:
    front.press(HERS)
    front.reads("#name", name_of(HERS))
    front.reads("#idle-text", "Đặt ngón tay")
    front.browser.run(EVERY_NAME)
    front.browser.stop()
    front.press("NV002")
    time.sleep(4)  # As long as a card is news, and a bit.
    front.browser.go_on()
    front.press("NV003")
    front.reads("#name", name_of("NV003"))
    seen = front.browser.run("window.seen")
    assert name_of("NV003") in seen
    assert name_of("NV002") not in seen


def test_a_screens_process_that_was_held_up_shows_nothing_old(front: Front) -> None:
    front.browser.run(EVERY_NAME)
    front.display.signal(signal.SIGSTOP)
    front.press("NV002")
    time.sleep(4)
    front.display.signal(signal.SIGCONT)
    front.press("NV003")
    front.reads("#name", name_of("NV003"))
    assert name_of("NV002") not in front.browser.run("window.seen")


def test_axe_finds_nothing_at_wcag_2_2_aa(front: Front, tmp_path: Path) -> None:
    axe = installed(tmp_path, "axe-core@4") / "node_modules/axe-core/axe.min.js"
    script = axe.read_text(encoding="utf-8")
    wanted = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"

    def violations() -> list[Any]:
        # In the protocol's own world: the page's policy lets no script in.
        front.browser.run(script)
        found: list[Any] = front.browser.run(
            f"axe.run(document, {wanted}).then(r => r.violations.map("
            "v => [v.id, v.nodes.map(n => [n.html, n.failureSummary])]))"
        )
        return found

    for scheme in ("light", "dark"):
        front.browser.colours(scheme)
        assert violations() == []
        front.press(HERS if scheme == "light" else "NV002")
        front.reads("#title", "Đã chấm công")
        assert violations() == []
        front.press("nobodys")
        front.reads("#title", "Không nhận ra")
        assert violations() == []
    # That it would find something:
    front.browser.run("document.querySelector('#title').style.color = '#a33'")
    assert violations() != []
