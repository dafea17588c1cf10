"""The sensor goes and comes back: shown, said, and in the ledger once each."""

from typing import Any

import pytest

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.gate.errors import (
    GateBusy,
    SensorForbidden,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from edge_agent.gate.events import SensorChanged
from edge_agent.gate.sensor.lifecycle import SensorLifecycle
from tests.gate.fakes import HOAS, HOAS_FINGER, INFO, LANS, LANS_FINGER, Library, Site, pair


class Keeping:
    """A keeper of a scripted sensor."""

    def __init__(self) -> None:
        self.site = Site()
        self.sensor = Library()
        self.sensor.templates = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}
        self.pairing = pair(self.site, self.sensor)
        self.keeper = SensorLifecycle(self.site.gate, self.sensor, self.site.panel, self.pairing)

    def wait(self, seconds: float) -> int:
        """How often the sensor was tried in that time, looked at every 50 ms."""
        before = self.sensor.asked.count("connect")
        end = self.site.clock.now + seconds
        while self.site.clock.now < end:
            self.site.clock.now += 0.05
            if not self.keeper.recording:
                self.keeper.try_again()
        return self.sensor.asked.count("connect") - before

    @property
    def written(self) -> list[tuple[str, str]]:
        """What is told of recording; that the sensor came again is told beside it."""
        told = (one for one in self.site.store.data() if one["kind"] != "sensor.reconnected")
        return [(entry["kind"], entry["reason"]) for entry in told]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.site.events if isinstance(event, SensorChanged)]

    @property
    def standing(self) -> bool:
        """Whether the panel shows the standing fault."""
        told = [what[1] for what in self.site.panel.told if what[0] == "fault"]
        return bool(told) and told[-1]


def test_a_day_without_faults() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    assert (day.keeper.recording, day.keeper.state, day.keeper.info) == (True, "ready", INFO)
    day.keeper.ended()
    assert not day.keeper.recording
    assert day.written == [("recording.resumed", "started"), ("recording.stopped", "stopping")]
    assert day.states == ["ready"]
    assert not day.standing
    assert "close" in day.sensor.asked


def test_a_sensor_that_goes_and_comes_back() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    day.sensor.failing["connect"] = [SensorUnplugged("gone")] * 5
    day.keeper.lost(SensorUnplugged("gone"))
    assert not day.keeper.recording
    assert day.standing
    assert day.wait(30) == 6
    assert day.keeper.recording
    assert not day.standing
    assert day.written == [
        ("recording.resumed", "started"),
        ("recording.stopped", "sensor-fault"),
        ("recording.resumed", "sensor-back"),
    ]
    assert day.states == ["ready", "unplugged", "ready"]


def test_a_sensor_that_is_missing_at_the_start_is_shown() -> None:
    day = Keeping()
    day.keeper.lost(SensorSilent("no answer"))
    assert day.standing
    assert (day.keeper.recording, day.keeper.state) == (False, "silent")
    assert day.written == []
    day.wait(5)
    assert day.written == [("recording.resumed", "sensor-back")]
    assert not day.standing


def test_stopping_while_the_sensor_is_gone_says_nothing_twice() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    day.keeper.lost(SensorSilent("?"))
    day.keeper.ended()
    assert [kind for kind, _ in day.written].count("recording.stopped") == 1


def test_tries_become_rarer_but_never_rare() -> None:
    day = Keeping()
    day.sensor.failing["connect"] = [SensorSilent("?")] * 1000
    day.keeper.lost(SensorSilent("?"))
    assert day.wait(0.3) == 0
    assert 2 <= day.wait(5) <= 6
    for _ in range(5):
        assert 3 <= day.wait(10) <= 10
    day.sensor.failing["connect"] = []
    assert day.wait(2.5) == 1  # back in use at most 2 s after it answers again


def test_the_pause_is_short_again_after_a_recovery() -> None:
    day = Keeping()
    day.sensor.failing["connect"] = [SensorSilent("?")] * 9
    day.keeper.lost(SensorSilent("?"))
    day.wait(60)
    assert day.keeper.recording
    day.keeper.lost(SensorSilent("?"))
    assert day.wait(0.9) == 1


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (SensorUnplugged("x"), "unplugged"),
        (SensorForbidden("x"), "forbidden"),
        (SensorSilent("x"), "silent"),
        (SensorGarbled("x"), "garbled"),
        (GateBusy("x"), "busy"),
        (SensorRefused("x", 0x15), "fault"),
    ],
)
def test_each_fault_has_its_state_and_sentence(fault: Any, state: str) -> None:
    day = Keeping()
    day.keeper.lost(SensorSilent("first") if state != "silent" else SensorGarbled("first"))
    day.sensor.failing["connect"] = [fault] * 5
    day.wait(8)
    told = [event for event in day.site.events if isinstance(event, SensorChanged)]
    assert [event.state for event in told[1:2]] == [state]
    assert told[1].detail == str(fault)
    assert len(told) == 2  # once, not at every try
    assert isinstance(fault, EdgeAgentError)


def test_a_full_disk_does_not_keep_the_sensor_from_coming_back() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    day.site.store.faults = ["lost", "lost"]
    day.keeper.lost(SensorSilent("?"))
    day.wait(5)
    assert day.keeper.recording
    assert day.states == ["ready", "silent", "ready"]


def test_a_sensor_that_stays_silent_loses_its_power_for_a_moment() -> None:
    day = Keeping()
    day.sensor.switched = True
    day.keeper.began(INFO)
    day.sensor.failing["connect"] = [SensorSilent("?")] * 3
    day.keeper.lost(SensorSilent("?"))
    day.wait(10)
    assert day.keeper.recording
    assert day.sensor.asked.count("restart") == 1
    kinds = [entry["kind"] for entry in day.site.store.data()]
    assert kinds == [
        "recording.resumed",
        "recording.stopped",
        "sensor.restarted",
        "recording.resumed",
        "sensor.reconnected",
    ]


def test_a_sensor_that_is_dead_is_switched_ever_more_rarely() -> None:
    day = Keeping()
    day.sensor.switched = True
    day.sensor.failing["connect"] = [SensorGarbled("?")] * 10**6
    day.keeper.lost(SensorSilent("?"))
    day.wait(3600)
    restarts = [e["times"] for e in day.site.store.data() if e["kind"] == "sensor.restarted"]
    assert restarts == list(range(1, len(restarts) + 1))
    assert 5 < len(restarts) < 12


@pytest.mark.parametrize("fault", [SensorUnplugged("x"), SensorForbidden("x"), GateBusy("x")])
def test_power_does_not_help_where_there_is_no_port(fault: EdgeAgentError) -> None:
    day = Keeping()
    day.sensor.switched = True
    day.sensor.failing["connect"] = [fault] * 20
    day.keeper.lost(SensorSilent("?"))
    day.wait(30)
    assert "restart" not in day.sensor.asked


def test_without_a_power_pin_nothing_is_claimed() -> None:
    day = Keeping()
    day.sensor.failing["connect"] = [SensorSilent("?")] * 20
    day.keeper.lost(SensorSilent("?"))
    day.wait(120)
    assert "sensor.restarted" not in [entry["kind"] for entry in day.site.store.data()]


def test_a_library_that_fills_up_is_told_at_once() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    for slot in range(2, 8):
        day.sensor.templates[slot] = "x"
    day.keeper.looked_at()
    told = [event for event in day.site.events if isinstance(event, SensorChanged)]
    assert "almost full (8 of 10)" in (told[-1].detail or "")
    day.keeper.looked_at()
    assert len([e for e in day.site.events if isinstance(e, SensorChanged)]) == len(told)


def test_a_reconnection_beats() -> None:
    """Each of its steps may take seconds; the watchdog waits for twenty."""
    day = Keeping()
    day.keeper.began(INFO)
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    day.pairing.beat = beat
    day.sensor.failing["capture"] = [SensorGarbled("?")] * 2
    steps: list[tuple[str, int]] = []
    day.sensor.on_ask = lambda name: steps.append((name, beats))
    day.keeper.lost(SensorUnplugged("gone"))
    day.wait(5)
    assert day.keeper.recording
    by_name = dict(steps)
    assert by_name["connect"] == 0
    assert by_name["capture"] == 3
    assert by_name["read_notepad"] > by_name["capture"]


def test_a_sensor_that_does_not_take_an_image_is_not_used() -> None:
    day = Keeping()
    day.sensor.failing["capture"] = [SensorGarbled("?")] * 3
    day.keeper.began(INFO)
    assert not day.keeper.recording
    assert day.sensor.asked.count("recover") == 2
    day.sensor.failing["capture"] = [SensorGarbled("?")] * 2
    day.wait(5)
    assert day.keeper.recording
    assert day.sensor.asked.count("connect") == 1
