"""How the gate is, as whoever stands before it should know."""

from typing import Any

import pytest

from edge_agent.display.standing import Standing
from edge_agent.gate.settings.schema import DisplaySettings

SETTINGS = DisplaySettings(call="0912 345 678")
WELL: dict[str, Any] = {
    "sensor": {"state": "ready"},
    "store": {"state": "ready"},
    "uplink": {"state": "connected"},
    "clock": {"state": "synced"},
    "awaiting": None,
}


def standing(*events: dict[str, Any]) -> Standing:
    made = Standing()
    made.learn(WELL)
    for event in events:
        assert made.heed(event)
    return made


def notices(*events: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.tone, one.text) for one in standing(*events).told(SETTINGS).notices]


def test_a_gate_that_is_well_has_nothing_to_say() -> None:
    assert notices() == []
    assert not standing().heed({"event": "ledger", "seq": 1, "kind": "gate.alive"})


@pytest.mark.parametrize(
    ("event", "tone", "begins"),
    [
        ({"event": "sensor", "state": "unplugged"}, "stop", "Máy quét vân tay không"),
        ({"event": "sensor", "state": "starting"}, "wait", "Máy quét đang khởi động"),
        ({"event": "store", "state": "failing"}, "stop", "Máy không ghi được công"),
        ({"event": "glass", "dirty": True}, "calm", "Kính bẩn: xin lau"),
        ({"event": "store", "state": "reserve"}, "calm", "Bộ nhớ gần đầy"),
        ({"event": "awaiting", "request": "enroll"}, "wait", "Đang đăng ký vân tay"),
        ({"event": "awaiting", "request": "identify"}, "wait", "Kỹ thuật đang dùng máy"),
        ({"event": "uplink", "state": "disconnected"}, "calm", "Mất mạng"),
        ({"event": "clock", "trusted": False}, "calm", "Đồng hồ chưa đúng giờ"),
    ],
)
def test_each_trouble(event: dict[str, Any], tone: str, begins: str) -> None:
    [(found, text)] = notices(event)
    assert (found, text.startswith(begins)) == (tone, True)


def test_the_gravest_is_first_and_says_whom_to_call() -> None:
    told = standing(
        {"event": "uplink", "state": "disconnected"},
        {"event": "clock", "trusted": False},
        {"event": "store", "state": "failing"},
    ).told(SETTINGS)
    assert [notice.tone for notice in told.notices] == ["stop", "calm", "calm"]
    assert "Gọi 0912 345 678." in told.notices[0].more
    assert not told.clock_trusted


def test_a_daemon_that_does_not_answer() -> None:
    [waiting] = Standing().told(SETTINGS).notices
    [away] = Standing(answers=False).told(SETTINGS).notices
    assert (waiting.tone, away.tone) == ("wait", "stop")


def test_what_is_over_is_not_told_any_more() -> None:
    assert notices({"event": "clock", "trusted": False}, {"event": "clock", "trusted": True}) == []
