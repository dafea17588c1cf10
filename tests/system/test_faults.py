"""The line and the plug: whatever goes wrong, one touch gets one outcome, and nobody another's."""

import time
from itertools import cycle, product

import pytest

from edge_agent.simulator.faults import FAULTS

from .gate import STAFF, Gate
from .watch import Watch

_MOMENTS = {"capture": 1, "features": 2, "search": 3}
"""How many exchanges go by before the fault strikes: the first one sees the empty glass."""

_slow = pytest.mark.long

_SLOW = ("late-ack", "silence")
"""Those that take seconds."""

_ON_A_TOUCH = [kind for kind in FAULTS if kind not in ("swap-sensor", "power-cut")]


def _press(gate: Gate, code: str, *faults: str) -> None:
    """Exchange the finger on the glass for another, and stage faults for what follows at once."""
    gate.finger("\n".join([f"press {code}", *(f"fault {fault}" for fault in faults)]))


def _one_outcome(gate: Gate, watch: Watch, code: str) -> str:
    """The one outcome of the touch under way, which is nobody else's; leaves a stranger there."""
    shown = watch.panel()
    before = len(watch.panels())
    if shown["outcome"] == "recorded":
        assert shown["worker"] == code
        assert gate.entries()[shown["seq"] - 1]["worker"] == code
    else:
        assert shown["outcome"] in ("sensor-fault", "try-again"), shown
        assert shown["worker"] is None
    # Everything told before the next finger's turn would show here.
    _stranger(gate, watch)
    assert len(watch.panels()) == before + 1
    return str(shown["outcome"])


def _recording(gate: Gate) -> tuple[str, str]:
    """What the ledger last says of it."""
    *_, last = [entry for entry in gate.entries() if entry["kind"].startswith("recording.")]
    return last["kind"], last["reason"]


def _stranger(gate: Gate, watch: Watch) -> None:
    """A finger that nobody knows is on the glass, and was answered."""
    gate.press("a-stranger")
    assert watch.panel()["outcome"] == "unknown"


def _strike(gate: Gate, strikes: list[tuple[str, str]]) -> None:
    """A touch for each (moment, kind of fault); all are recorded, none as somebody else's."""
    gate.set(punch={"repeat_window_s": 0})
    gate.start()
    watch = gate.watch()
    _stranger(gate, watch)
    for place, (moment, kind) in enumerate(strikes):
        code = STAFF[place % 2]
        # A pause within a reply is no fault: it marks the exchanges that go by.
        _press(gate, code, *["split-reply"] * _MOMENTS[moment], kind)
        # A line with a fault now and then is no reason to turn workers away.
        assert _one_outcome(gate, watch, code) == "recorded"
    assert len(gate.punches()) == len(strikes)


def test_every_fault_during_a_touch(gate: Gate) -> None:
    quick = [kind for kind in _ON_A_TOUCH if kind not in _SLOW]
    _strike(gate, list(zip(cycle(_MOMENTS), quick)))


@pytest.mark.long
def test_every_fault_at_every_moment_of_a_touch(gate: Gate) -> None:
    _strike(gate, list(product(_MOMENTS, _ON_A_TOUCH)))


@pytest.mark.parametrize(
    "kind",
    [
        "stray-byte",
        "busy-21",
        *(pytest.param(kind, marks=_slow) for kind in ("late-ack", "silence", "noise", "reboot")),
    ],
)
def test_a_fault_between_two_fingers(gate: Gate, kind: str) -> None:
    """The capture that would have shown the empty glass is lost."""
    gate.set(punch={"repeat_window_s": 0})
    gate.start()
    watch = gate.watch()
    _stranger(gate, watch)
    _press(gate, "NV001", kind)
    assert _one_outcome(gate, watch, "NV001") == "recorded"


@_slow
def test_every_fault_with_nobody_there(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    for kind in _ON_A_TOUCH:
        gate.finger(f"fault {kind}")
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"
    assert len(watch.panels()) == 1
    assert [punch[1] for punch in gate.punches()] == ["NV001"]


@_slow
@pytest.mark.parametrize("kind", ["silence", "stray-byte", "corrupt-checksum", "noise"])
def test_a_line_that_is_broken_for_good(gate: Gate, kind: str) -> None:
    """The touch is told so, the technician too, and the gate comes back when the line does."""
    gate.start()
    watch = gate.watch()
    _stranger(gate, watch)
    _press(gate, "NV001", "split-reply 2", f"{kind} 10000")
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("sensor-fault", None)
    watch.until(lambda event: event["event"] == "sensor" and event["state"] != "ready")
    assert _recording(gate) == ("recording.stopped", "sensor-fault")
    # A new sensor on the same wires.
    gate.simulate("--no-pace")
    watch.state("sensor", "ready")
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
    assert len(watch.panels()) == 3


def test_power_cut_while_enrolling(gate: Gate) -> None:
    """Half a template is nobody's finger, and the same enrolment works the next time."""
    gate.start()
    watch = gate.watch()
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    before = gate.finger("slots")
    gate.finger("fault power-cut")
    failed = gate.enrol_by_command("NV900")
    assert failed.code != 0
    assert failed.sentence
    gate.press("NV900")
    assert watch.panel()["outcome"] == "unknown"
    assert gate.finger("slots") == before
    assert gate.enrol_by_command("NV900").code == 0
    gate.press("NV900")
    assert watch.panel()["worker"] == "NV900"


def test_the_plug_is_pulled_and_put_back(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    gate.open(watch)
    gate.finger("unplug")
    told = watch.state("sensor", "unplugged")
    assert str(gate.port) in told["detail"]
    assert _recording(gate) == ("recording.stopped", "sensor-fault")
    assert gate.status()["sensor"]["state"] == "unplugged"
    gate.finger("plug")
    watch.state("sensor", "ready")
    assert _recording(gate) == ("recording.resumed", "sensor-back")
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"
    assert len(watch.panels()) == 1


def test_the_plug_is_pulled_in_mid_touch(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    _stranger(gate, watch)
    # Two captures pause for 150 ms each, then the features are waited for: 1.5 s to pull the plug.
    _press(gate, "NV001", "split-reply 2", "silence")
    time.sleep(0.7)
    gate.finger("unplug")
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("sensor-fault", None)
    watch.state("sensor", "unplugged")
    gate.finger("plug")
    watch.state("sensor", "ready")
    # The finger never left the glass: it has had its outcome. A command takes many looks at it.
    assert gate.status()["sensor"]["state"] == "ready"
    gate.press("NV002")
    assert watch.panel()["worker"] == "NV002"
    assert len(watch.panels()) == 3
    assert [worker for _, worker in gate.punches()] == ["NV002"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_plug_is_pulled_at_any_moment(gate: Gate) -> None:
    """At most one outcome for each touch, at the pace of the real sensor."""
    gate.simulate()
    gate.set(punch={"repeat_window_s": 0})
    gate.start()
    watch = gate.watch()
    gate.open(watch)
    for moment in range(20):
        gate.press("NV001")
        time.sleep(moment * 0.05)
        gate.finger("unplug")
        watch.state("sensor", "unplugged")
        gate.finger("lift\nplug")
        watch.state("sensor", "ready")
        assert len(watch.panels()) <= moment + 1
    green = [event for event in watch.panels() if event["outcome"] == "recorded"]
    assert [seq for seq, _ in gate.punches()] == [event["seq"] for event in green]
