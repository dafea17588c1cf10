"""The page in a real Chromium: what is read, what is never there, and that it bears a day."""

import json
import time
from collections.abc import Iterator

import pytest

from edge_agent.contract import language
from edge_agent.display.app import Tick
from edge_agent.display.cards import Card, card, day
from edge_agent.display.feed import boottime_ms
from edge_agent.display.standing import Gate, Notice, Standing
from edge_agent.gate.settings.schema import DisplaySettings
from tests.browser import Browser

from .serving import Server, serving

SETTINGS = DisplaySettings(call="0912 345 678")
LONG = "Nguyễn Phúc Hoàng Thị Phương Thảo Nguyên Khánh Linh"
IDLE = "Đặt ngón tay"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, server: Server) -> Browser:
    chromium.size(800, 480)
    chromium.go(server.url)
    server.publish(Standing(answers=True, sensor="ready").told(SETTINGS))
    chromium.see("#idle-text", IDLE)
    return chromium


def press(number: int = 1, name: str = "Lò Thị Mây", ago_ms: int = 0, **told: object) -> Card:
    event = {"outcome": "recorded", "worker": "NV7", "hint": None, "direction": "in"}
    event |= {"at": "2026-11-29T06:58:00.000+07:00", "boottime_ms": boottime_ms() - ago_ms} | told
    return card(event, number, name, SETTINGS)


def test_nothing_comes_from_elsewhere_and_the_page_breaks_no_rule_of_its_own(
    page: Browser, server: Server
) -> None:
    server.publish(press())
    page.see("#name", "Mây")
    asked = [
        one["params"]["request"]["url"]
        for one in page.said
        if one["method"] == "Network.requestWillBeSent"
    ]
    assert len(asked) >= 6
    assert [url for url in asked if not url.startswith(server.url)] == []
    wrong = [one for one in page.said if one["method"] == "Runtime.exceptionThrown"]
    wrong += [
        one
        for one in page.said
        if one["method"] == "Log.entryAdded" and "favicon" not in json.dumps(one)
    ]
    assert wrong == []
    # Both weights of both alphabets.
    loaded = "[...document.fonts].filter(f => f.status == 'loaded').length"
    page.until(lambda: page.run(loaded) == 4)


def test_a_script_of_anybody_elses_does_not_run(page: Browser) -> None:
    """What would happen if a name were ever put in as more than text."""
    page.run(
        "(() => { const s = document.createElement('script');"
        " try { s.text = 'window.broken = 1'; document.body.append(s) } catch {} })()"
    )
    assert page.run("window.broken") is None
    refused = page.run(
        "(() => { try { document.body.innerHTML = '<b>x</b>'; return false }"
        " catch { return true } })()"
    )
    assert refused


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)><b>Hoa</b>",
        "</section><script>alert(1)</script>",
        "&lt;Hoa&amp;",
        "Hoa ${alert(1)} {{7*7}}",
        "حوا تعمل هنا",
    ],
)
def test_a_name_is_text_whatever_stands_in_it(page: Browser, server: Server, name: str) -> None:
    server.publish(press(name=name))
    page.see("#name", name)
    assert page.run("document.querySelectorAll('#name *, script:not([src])').length") == 0
    assert page.text("#word") == "VÀO"


@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (1024, 600), (480, 800)])
def test_long_names_and_everything_at_once_have_room(
    page: Browser, server: Server, size: tuple[int, int]
) -> None:
    page.size(*size)
    event = {"outcome": "repeated", "worker": "NV7", "hint": None, "direction": "out"}
    at = "2026-11-29T17:00:00.000+07:00"
    event |= {"at": at, "first_at": at, "boottime_ms": boottime_ms()}
    shown = card(event, 1, LONG, SETTINGS)
    presses = [{"at": at, "direction": way} for way in ("in", "out", "in", "out")]
    server.publish(shown)
    told = {"presses": presses, "worked_min": 544, "open_day": "2026-11-28"}
    server.publish(day(shown, event, told, SETTINGS))
    page.see("#day", "17:00 RA")
    page.see("#lines", "Hôm qua chưa bấm ra")
    assert page.text("#name").replace("\n", " ") == LONG
    hidden = page.run(
        "['card', 'name', 'main'].map(id => document.getElementById(id))"
        ".filter(e => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)"
        ".map(e => [e.id, e.scrollHeight, e.clientHeight])"
    )
    assert hidden == []


def test_it_is_read_from_three_metres(page: Browser, server: Server) -> None:
    """Seven inches of 800 x 480 have 5.3 pixels a millimetre; 20/40 needs some 9 mm at 3 m."""
    server.publish(press(name="Nguyễn Thị Hoa"))
    page.see("#word", "VÀO")

    def pixels(selector: str) -> float:
        found: float = page.run(
            f"parseFloat(getComputedStyle(document.querySelector('{selector}')).fontSize)"
        )
        return found

    capital = 0.7  # Of the size of the letters, in this font.
    assert pixels("#name") * capital / 5.3 >= 8.7
    assert pixels("#word") * capital / 5.3 >= 15
    assert pixels("#title") * capital / 5.3 >= 6
    assert page.run("document.getAnimations().length") == 0


def test_an_old_press_is_not_shown_and_a_new_one_is_though_the_clocks_differ(
    page: Browser, server: Server
) -> None:
    def settle(mark: str) -> None:
        server.publish(Gate(notices=[Notice("calm", mark)], clock_trusted=True))
        page.see("#notices", mark)
        page.run("fetch('/now').then(r => r.text())")  # So has whatever was asked before.

    page.run(
        "window.seen = []; new MutationObserver(() => seen.push("
        "document.querySelector('#name').textContent)).observe("
        "document.querySelector('#name'), {childList: true})"
    )
    server.publish(press(1, "Cũ", ago_ms=60_000))
    settle("at once, when no usual delay is known")
    time.sleep(3)
    server.publish(press(2, "Cũ nữa", ago_ms=60_000))
    settle("and later, when it is")
    assert page.run("window.seen") == []
    server.publish(press(3, "Mới"))
    page.see("#name", "Mới")
    # The tablet's clock is set forward by an hour: the next one is new all the same.
    page.run("(() => { const now = Date.now; Date.now = () => now() + 3600000; })()")
    server.publish(press(4, "Sau khi chỉnh giờ"))
    page.see("#name", "Sau khi chỉnh giờ")


@pytest.mark.parametrize(
    ("told", "title", "line"),
    [
        ({"outcome": "refused", "hint": "not-named"}, "Chưa chấm công", "chỉ dùng vân tay"),
        ({"outcome": "refused", "hint": "wrong-pin"}, "Chưa chấm công", "Sai mã PIN"),
        ({"outcome": "refused", "hint": "locked"}, "Chưa chấm công", "Chờ 15 phút"),
        ({"outcome": "unknown", "hint": "unproven"}, "Chưa chắc vân tay của ai", "ngón kia"),
        ({"outcome": "unknown", "method": "reader"}, "Không nhận ra thẻ", "Thử lại một lần"),
    ],
)
def test_why_nobody_was_recorded_has_room(
    page: Browser, server: Server, told: dict[str, str], title: str, line: str
) -> None:
    server.publish(press(1, LONG, direction=None, **told))
    page.see("#title", title)
    page.see("#lines", line)
    assert page.run("document.getElementById('card').scrollHeight") <= page.run(
        "document.getElementById('card').clientHeight + 1"
    )


def test_a_card_is_gone_in_time_and_takes_the_name_along(page: Browser, server: Server) -> None:
    server.publish(press(1, "Hoa"))
    page.see("#name", "Hoa")
    page.see("#idle-text", IDLE)
    assert "Hoa" not in page.run("document.documentElement.outerHTML")


def test_a_day_that_comes_for_somebody_who_has_gone_is_not_shown(
    page: Browser, server: Server
) -> None:
    event = {"outcome": "repeated", "worker": "NV7", "hint": None, "direction": "in"}
    event |= {"at": None, "boottime_ms": boottime_ms()}
    first = card(event, 1, "Hoa", SETTINGS)
    server.publish(first)
    server.publish(press(2, "Lan"))
    told = {"presses": [{"at": "2026-11-29T06:58:00.000+07:00", "direction": None}]}
    server.publish(day(first, event, told, SETTINGS))
    page.see("#name", "Lan")
    server.publish(Standing(answers=True, sensor="ready", offline=True).told(SETTINGS))
    page.see("#notices", "Mất mạng")
    assert page.text("#day") == ""


def test_a_thousand_presses_in_a_row(page: Browser, server: Server) -> None:
    page.run(
        "window.seen = 0; new MutationObserver(() => seen++).observe("
        "document.querySelector('#name'), {childList: true})"
    )
    nodes = page.run("document.querySelectorAll('*').length")
    for number in range(1, 1001):
        server.publish(press(number, f"Nguyễn Thị {number}"))
        if number % 25 == 0:
            page.see("#name", f"Nguyễn Thị {number}")
    assert page.run("window.seen") >= 500  # Faster than eyes, some share a moment.
    assert abs(page.run("document.querySelectorAll('*').length") - nodes) < 10


@pytest.mark.long
def test_a_day_leaves_the_pages_memory_as_it_was(page: Browser, server: Server) -> None:
    """24 hours: each second's message, 1,000 presses, and what stands at the foot 2,000 times."""

    def heap() -> tuple[float, float]:
        page.ask("HeapProfiler.collectGarbage")
        told = page.ask("Performance.getMetrics")["metrics"]
        found = {one["name"]: one["value"] for one in told}
        return found["JSHeapUsedSize"], found["Nodes"]

    def seconds(first: int, last: int) -> None:
        for number in range(first, last):
            server.publish(Tick(t=boottime_ms(), clock="06:58", date=f"{number}"))
            if number % 86 == 0:
                server.publish(press(number, f"Nguyễn Thị {number}"))
            if number % 40 == 0:  # No more than a browser may leave unread.
                server.publish(Gate(notices=[Notice("calm", f"{number}")], clock_trusted=True))
                page.see("#notices", f"{number}")

    page.ask("Performance.enable")
    seconds(1, 8_640)
    before = heap()
    seconds(8_640, 86_400)
    after = heap()
    print(f"heap {before[0]:.0f} -> {after[0]:.0f} bytes, nodes {before[1]:.0f} -> {after[1]:.0f}")
    assert after[0] < before[0] + 200_000
    assert after[1] < before[1] + 100


def test_english(chromium: Browser) -> None:
    assert language.current() == "en"
    with serving("en") as english:
        chromium.go(english.url)
        chromium.see("#idle-text", "Press your finger")
        assert chromium.run("document.documentElement.lang") == "en"
    chromium.see("#idle-text", "The screen is reconnecting")


def test_a_silent_line_is_noticed(page: Browser) -> None:
    """Neither an error nor an end: a cable that was pulled out of a switch."""
    with serving() as other:
        page.go(other.url)
        page.see("#idle-text", IDLE)
        assert other.loop is not None
        other.loop.call_soon_threadsafe(time.sleep, 7)
        page.see("#idle-text", "Màn hình đang nối lại")
        page.see("#idle-text", IDLE)
