"""One check after the other, whatever becomes of each."""

import pkgutil
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from importlib import import_module

import pytest

from edge_agent.contract.facts import GateRetired
from edge_agent.gate import doctor
from edge_agent.gate.doctor import checks
from edge_agent.gate.doctor.checks import OF_THE_GATE, OF_THE_MACHINE, examine, look
from edge_agent.gate.doctor.context import Check
from edge_agent.gate.doctor.findings import Finding, State
from edge_agent.gate.errors import SensorSilent
from edge_agent.gate.ledger.store.metadata import AT_BROKER, Watermarks
from tests.gate.ledger.ledgers import append, open_store

from .staging import Stage, states

ALL = (*OF_THE_GATE, *OF_THE_MACHINE)


def only(check: Callable[[], None], within_s: float | None = 5.0) -> Finding:
    [finding] = look(Check("x", lambda _: check(), within_s), None)
    assert finding.check == "x"
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
    assert "docs/technician/mend.md" in only(raising(SensorSilent("It is silent."))).advice


def test_an_unexpected_error_is_named() -> None:
    finding = only(raising(ZeroDivisionError("by zero")))

    assert finding.state is State.FAIL
    assert "ZeroDivisionError: by zero" in finding.found


def test_a_library_s_panic_is_named_too() -> None:
    """Such as a Rust library's, which is no Exception."""

    class Panic(BaseException):
        pass

    finding = only(raising(Panic("by itself")))  # type: ignore[arg-type]

    assert finding.state is State.FAIL
    assert "Panic: by itself" in finding.found


def test_a_check_that_cannot_be_begun_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_memory)

    assert "can't start new thread" in only(lambda: None).found


def test_a_check_that_hangs_is_left_behind() -> None:
    for_ever = threading.Event()
    try:
        finding = only(lambda: for_ever.wait(60), 0.05)  # type: ignore[arg-type, return-value]
    finally:
        for_ever.set()

    assert finding.state is State.FAIL
    assert "within 0.05 s" in finding.found


def test_each_check_stands_in_the_list_once() -> None:
    declared = [
        value
        for module in pkgutil.iter_modules(doctor.__path__, f"{doctor.__name__}.")
        if module.name != checks.__name__
        for value in vars(import_module(module.name)).values()
        if isinstance(value, Check)
    ]
    assert sorted(check.title for check in declared) == sorted(check.title for check in ALL)
    assert len({check.title for check in ALL}) == len(ALL)


def test_nothing_to_say_is_no_line() -> None:
    assert list(look(Check("x", lambda _: None, 5.0), None)) == []


def test_every_check_but_the_slow_ones_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []
    join = threading.Thread.join

    def noted(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout)
        join(thread)

    monkeypatch.setattr(threading.Thread, "join", noted)
    for check in ALL:
        list(look(replace(check, look=lambda _: None), None))
    limits = dict(zip([check.title for check in ALL], waited, strict=True))

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
    for listed in ("OF_THE_GATE", "OF_THE_MACHINE"):
        failing = [replace(check, look=lambda _: {}["missing"]) for check in vars(checks)[listed]]
        monkeypatch.setattr(checks, listed, failing)

    findings = list(examine(config, stage.machine()))

    assert states(findings) == {
        "settings": "OK",
        **dict.fromkeys([check.title for check in ALL], "FAIL"),
    }


@pytest.mark.parametrize(
    ("waits", "at_broker", "expected"),
    [
        (True, "yes", "doctor.gate-retired-waits"),
        (False, "yes", "doctor.gate-retired-at-broker"),
        (False, "", "doctor.gate-retired"),
    ],
    ids=["the last entries wait", "the broker keeps its last word", "all is done"],
)
def test_of_a_gate_out_of_service_nothing_else_fails(
    stage: Stage, waits: bool, at_broker: str, expected: str
) -> None:
    """Neither sensor nor lamps nor broker is there any more, and none of them is to be."""
    config = stage.folder / "gate.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[sensor]\nport = "/dev/gone"\n[store]\n'
        f'path = "{stage.folder}/gate.db"\n[control]\nsocket = "{stage.folder}/gate.sock"\n'
    )
    with closing(open_store(stage.folder, "main-gate")) as store:
        before = states(examine(config, stage.machine()))
        last = append(store, GateRetired(erased=3, slots=100, actor="uid:0")).seq
        store.remember(AT_BROKER, at_broker)
        if not waits:
            store.move_watermarks(Watermarks(last, last, 0))

    findings = list(examine(config, stage.machine(), verify=True))

    told = {one.check: one.name for one in findings}
    assert told["daemon"] == expected
    failing = {check for check, state in before.items() if state == "FAIL"}
    assert {"daemon", "port", "sensor"} <= failing
    assert [one for one in findings if one.state is State.FAIL] == []
    warned = [one.check for one in findings if one.state is State.WARN]
    assert warned == ["daemon"] * bool(at_broker)
    assert {"database", "chain"} <= told.keys() <= {
        "settings", *(check.title for check in checks.AFTER_RETIRING)
    }  # fmt: skip
    [only] = examine(config, stage.machine(), section="sensor")
    assert only.check == "daemon"  # Why there is nothing of it.


def test_a_gate_that_was_never_started_is_left_untouched(stage: Stage) -> None:
    config = stage.folder / "gate.toml"
    config.write_text('[gate]\nid = "main-gate"\n[sensor]\nport = "none"\n[store]\npath = "g.db"\n')
    before = {path.name for path in stage.folder.iterdir()}

    list(examine(config, stage.machine()))

    made = {path.name for path in stage.folder.iterdir()} - before
    assert made == {"g.db.lock"}
