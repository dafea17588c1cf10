"""The machine's clocks, and how far they may be trusted."""

import ctypes
import errno
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.host import clock as clock_module
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.host.clock_trust import KnownTime

HOUR = 3_600_000


class Machine:
    """A machine whose clocks and kernel are set by hand."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.boottime = 5_000
        self.wall = 1_795_000_000_000
        self.error: int | None = None
        patch.setenv("BOOT_ID", "b")
        patch.setattr(clock_module, "_kernel_error_ms", lambda: self.error)
        patch.setattr(
            clock_module,
            "time",
            SimpleNamespace(
                CLOCK_BOOTTIME=7,
                clock_gettime_ns=lambda which: self.boottime * 1_000_000 if which == 7 else None,
                time_ns=lambda: self.wall * 1_000_000,
                monotonic=time.monotonic,
            ),
        )
        self.clock = HostClock("auto", 500)

    def runs(self, ms: int) -> None:
        self.boottime += ms
        self.wall += ms

    def stamp(self) -> tuple[ClockState, int | None]:
        stamp = self.clock.stamp()
        assert (stamp.boottime_ms, stamp.wall_ms) == (self.boottime, self.wall)
        return stamp.state, stamp.uncertainty_ms

    def an_hour_ago(self) -> Stamp:
        """The last that was known before another start of the machine."""
        return Stamp(
            boot="a",
            boottime_ms=0,
            wall_ms=self.wall - HOUR,
            state=ClockState.SYNCED,
            uncertainty_ms=10,
        )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_without_a_sync_nothing_is_known(machine: Machine) -> None:
    assert machine.stamp() == (ClockState.UNSYNCED, None)
    machine.runs(HOUR)
    assert machine.stamp() == (ClockState.UNSYNCED, None)


def test_the_kernels_bound_is_taken(machine: Machine) -> None:
    machine.error = 40
    assert machine.stamp() == (ClockState.SYNCED, 40)


def test_a_lost_sync_is_worth_less_and_less(machine: Machine) -> None:
    machine.error = 40
    machine.stamp()
    machine.error = None
    before = 40
    for hours in range(1, 15):
        machine.runs(HOUR)
        state, uncertainty = machine.stamp()
        assert state is ClockState.HOLDOVER
        assert uncertainty is not None
        assert before < uncertainty
        assert 40 + hours * 1800 <= uncertainty <= 41 + hours * 1800  # 500 ppm
        before = uncertainty
    machine.error = 12
    assert machine.stamp() == (ClockState.SYNCED, 12)


@pytest.mark.parametrize("step", [-86_400_000, -60_000, 60_000, 31_536_000_000])
def test_a_clock_that_somebody_has_set_is_worth_nothing(machine: Machine, step: int) -> None:
    machine.error = 40
    machine.stamp()
    machine.error = None
    machine.runs(1000)
    machine.wall += step
    assert machine.stamp() == (ClockState.UNSYNCED, None)
    machine.runs(HOUR)
    assert machine.stamp() == (ClockState.UNSYNCED, None)
    machine.error = 40
    assert machine.stamp() == (ClockState.SYNCED, 40)


def test_a_clock_kept_elsewhere(machine: Machine) -> None:
    clock = HostClock("always", 500)
    assert clock.stamp().state is ClockState.SYNCED
    assert clock.stamp().uncertainty_ms == 1000


@given(
    error=st.integers(0, 15_999),
    off=st.floats(-1, 1),
    drift_ppm=st.floats(-499, 499),
    running=st.integers(0, 200 * HOUR),
    step=st.integers(-400_000, 400_000) | st.integers(-50, 50),
)
def test_the_true_time_is_within_what_is_stated(
    error: int, off: float, drift_ppm: float, running: int, step: int
) -> None:
    """Whatever the oscillator does within 500 ppm, and whoever sets the clock meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(patch)
        true = machine.wall + error * off
        machine.error = error
        machine.stamp()
        machine.error = None
        machine.runs(running)
        machine.wall += step
        true += running * (1 + drift_ppm / 1e6)
        state, uncertainty = machine.stamp()
        if state is not ClockState.UNSYNCED:
            assert uncertainty is not None
            assert abs(machine.wall - true) <= uncertainty + 1  # clocks are read to a millisecond
        else:
            assert step != 0


def test_a_step_between_two_looks_is_not_called_synchronised(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time service may set the clock at any moment, the one of a stamp included."""
    machine.wall = 0
    stepped = 1_795_000_000_000

    def first_sync() -> int:
        machine.wall = stepped
        return 40

    monkeypatch.setattr(clock_module, "_kernel_error_ms", first_sync)
    stamp = machine.clock.stamp()
    assert not stamp.trusted or stamp.wall_ms == stepped


def test_the_real_kernel_is_asked() -> None:
    error = clock_module._kernel_error_ms()
    assert error is None or 0 <= error <= 16_000


def test_the_real_clocks_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOOT_ID", raising=False)
    clock = HostClock("auto", 500)
    first, second = clock.stamp(), clock.stamp()
    assert first.boot == second.boot
    assert len(first.boot) == 32
    assert int(first.boot, 16) >= 0
    assert 0 < first.boottime_ms <= second.boottime_ms
    assert abs(first.wall_ms - time.time() * 1000) < 600_000
    assert clock.monotonic() <= clock.monotonic()


def test_systemd_may_hand_the_boot_id_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOT_ID", "0f3a0000-0000-4000-8000-00000000000a\n")
    stamp: Stamp = HostClock("auto", 500).stamp()
    assert stamp.boot == "0f3a000000004000800000000000000a"


def test_a_kernel_that_refuses_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a unit with ProtectClock=yes: EPERM."""

    def refuse(timex: object) -> int:
        ctypes.set_errno(errno.EPERM)
        return -1

    monkeypatch.setattr(clock_module, "_LIBC", SimpleNamespace(adjtimex=refuse))
    clock = HostClock("auto", 500)
    stamp = clock.stamp()
    assert (stamp.state, stamp.uncertainty_ms) == (ClockState.UNSYNCED, None)
    assert clock.refused() == "Operation not permitted"
    assert HostClock("always", 500).refused() is None


def test_a_hardware_clock_is_read(machine: Machine, tmp_path: Path) -> None:
    shows = tmp_path / "rtc0" / "since_epoch"
    shows.parent.mkdir()
    machine.patch.setattr(clock_module, "_HARDWARE_CLOCKS", tmp_path)
    for text in (None, "", "not a clock"):
        if text is not None:
            shows.write_text(text)
        machine.clock.recall(KnownTime(machine.an_hour_ago(), True))
        assert machine.stamp() == (ClockState.UNSYNCED, None)
    shows.write_text(f"{machine.wall // 1000}\n")
    machine.clock.recall(KnownTime(machine.an_hour_ago(), True))
    state, uncertainty = machine.stamp()
    assert state is ClockState.HOLDOVER
    assert uncertainty is not None
    assert 2000 < uncertainty < 5000


@pytest.mark.parametrize("left", ["unreadable", "gone"])
def test_a_proved_clock_that_tells_nothing_any_more_has_lost_the_time(
    machine: Machine, tmp_path: Path, left: str
) -> None:
    """A DS3231 whose battery was empty: the kernel answers EINVAL, as a folder answers EISDIR."""
    machine.patch.setattr(clock_module, "_HARDWARE_CLOCKS", tmp_path)
    if left == "unreadable":
        (tmp_path / "rtc0" / "since_epoch").mkdir(parents=True)
    machine.clock.recall(KnownTime(machine.an_hour_ago(), True))
    assert machine.stamp() == (ClockState.UNSYNCED, None)
    machine.error = 10
    assert machine.clock.hardware_clock_held(machine.clock.stamp()) is False


def test_a_machine_that_never_had_one_says_nothing_of_it(machine: Machine, tmp_path: Path) -> None:
    machine.patch.setattr(clock_module, "_HARDWARE_CLOCKS", tmp_path)
    machine.clock.recall(KnownTime(machine.an_hour_ago(), False))
    machine.error = 10
    assert machine.clock.hardware_clock_held(machine.clock.stamp()) is None


def test_the_module_beside_a_clock_without_a_battery_is_the_one_that_counts(
    machine: Machine, tmp_path: Path
) -> None:
    """A Raspberry Pi 5: ``rtc0`` is its own, which began in 1970."""
    machine.patch.setattr(clock_module, "_HARDWARE_CLOCKS", tmp_path)
    for name, shows in (("rtc0", "12"), ("rtc1", str(machine.wall // 1000)), ("rtc2", "?")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "since_epoch").write_text(f"{shows}\n")
    machine.clock.recall(KnownTime(machine.an_hour_ago(), True))
    assert machine.stamp()[0] is ClockState.HOLDOVER
    machine.error = 10
    assert machine.clock.hardware_clock_held(machine.clock.stamp())


def test_a_hardware_clock_that_the_kernel_may_have_set_proves_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    shows = tmp_path / "rtc0" / "since_epoch"
    shows.parent.mkdir()
    shows.write_text(f"{machine.wall // 1000}\n")
    machine.patch.setattr(clock_module, "_HARDWARE_CLOCKS", tmp_path)
    machine.error = 10
    machine.clock.recall(KnownTime(machine.an_hour_ago(), True))
    assert machine.clock.hardware_clock_held(machine.clock.stamp()) is None
