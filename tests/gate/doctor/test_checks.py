"""One check after the other, whatever becomes of each."""

import threading
from collections.abc import Callable

import pytest

from edge_agent.gate.doctor.checks import OF_THE_GATE, OF_THE_MACHINE, examine, look
from edge_agent.gate.doctor.findings import Finding, State
from edge_agent.gate.errors import SensorSilent

from .staging import Stage, states


def only(check: Callable[[], None], name: str = "x") -> Finding:
    [finding] = look(name, check)
    assert finding.check == name
    return finding


def raising(error: Exception) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


def test_an_error_of_ours_is_found_with_its_advice() -> None:
    finding = only(raising(SensorSilent("It is silent: look at its supply.")))

    assert (finding.state, finding.found, finding.advice) == (
        State.FAIL,
        "It is silent",
        "look at its supply",
    )


def test_an_error_without_advice_leads_to_the_guide() -> None:
    assert "docs/technician.md" in only(raising(SensorSilent("It is silent."))).advice


def test_an_unexpected_error_is_named() -> None:
    finding = only(raising(ZeroDivisionError("by zero")))

    assert finding.state is State.FAIL
    assert "ZeroDivisionError: by zero" in finding.found


def test_a_check_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.gate.doctor.checks._LIMIT_S", 0.05)
    for_ever = threading.Event()
    try:
        finding = only(lambda: for_ever.wait(60))  # type: ignore[arg-type, return-value]
    finally:
        for_ever.set()

    assert finding.state is State.FAIL
    assert "within 0.05 s" in finding.found


def test_nothing_to_say_is_no_line() -> None:
    assert list(look("x", lambda: None)) == []


def test_every_check_but_the_slow_ones_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []
    join = threading.Thread.join

    def noted(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout)
        join(thread)

    monkeypatch.setattr(threading.Thread, "join", noted)
    for name in [*OF_THE_GATE, *OF_THE_MACHINE]:
        list(look(name, lambda: None))
    limits = dict(zip([*OF_THE_GATE, *OF_THE_MACHINE], waited, strict=True))

    assert {name: limit for name, limit in limits.items() if limit != 5.0} == {
        "sensor": 8.0,
        "chain": None,
    }


def test_settings_that_cannot_be_used_still_leave_the_machine(stage: Stage) -> None:
    stage.file("/sys/class/thermal/thermal_zone0/temp", "45000")
    config = stage.folder / "bad.toml"
    config.write_text('[gate]\n[sensor]\nprot = "x"\n')

    findings = list(examine(config, stage.machine()))

    assert findings[0].state is State.FAIL
    assert "[gate] id: this is missing" in findings[0].found
    assert "[sensor] prot: there is no such key" in findings[0].found
    assert states(findings[1:]) == {"hardware clock": "WARN", "board": "OK", "temperature": "OK"}


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_settings_that_cannot_be_read(stage: Stage, name: str) -> None:
    first, *_ = examine(stage.folder / name, stage.machine())

    assert (first.check, first.state) == ("settings", State.FAIL)


def test_one_failing_check_stops_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    config = stage.folder / "gate.toml"
    config.write_text('[gate]\nid = "main-gate"\n')
    for checks in (OF_THE_GATE, OF_THE_MACHINE):
        for name in checks:
            monkeypatch.setitem(checks, name, lambda _: {}["missing"])

    findings = list(examine(config, stage.machine()))

    assert states(findings) == {
        "settings": "OK",
        **dict.fromkeys([*OF_THE_GATE, *OF_THE_MACHINE], "FAIL"),
    }


def test_a_gate_that_was_never_started_is_left_untouched(stage: Stage) -> None:
    config = stage.folder / "gate.toml"
    config.write_text('[gate]\nid = "main-gate"\n[sensor]\nport = "none"\n[store]\npath = "g.db"\n')
    before = {path.name for path in stage.folder.iterdir()}

    list(examine(config, stage.machine()))

    made = {path.name for path in stage.folder.iterdir()} - before
    assert made == {"g.db.lock"}
