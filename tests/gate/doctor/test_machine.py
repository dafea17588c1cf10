"""Memory, temperature, supply, disk and time, on a staged machine."""

import os
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from edge_agent.cli.doctor import _each_once as each_once
from edge_agent.contract.facts import ClockSynced
from edge_agent.contract.language import LANGUAGES, Message, together, use
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.daemon import status as daemon_status
from edge_agent.gate.doctor import hardware as disk
from edge_agent.gate.doctor import hardware as health
from edge_agent.gate.doctor import ledger, times
from edge_agent.gate.doctor.findings import Finding
from edge_agent.gate.doctor.machine import Machine
from edge_agent.gate.host.disk import usage_of
from tests.gate.ledger.ledgers import append, open_store

from .staging import Stage, said, status, usage


def problem_of(name: str, **fields: Any) -> dict[str, Any]:
    """As the daemon tells it of a part."""
    message = Message(name, **fields)
    return {"problem": str(message), "message": message.plain()}


MEMINFO = "MemTotal:  437248 kB\nMemFree:   10000 kB\nMemAvailable:  {} kB\n"


@pytest.mark.parametrize(
    ("mb", "expected"),
    [(200, "MEMORY_ENOUGH"), (60, "MEMORY_ENOUGH"), (59, "MEMORY_SHORT"), (24, "MEMORY_GONE")],
)
def test_memory(stage: Stage, mb: int, expected: str) -> None:
    stage.file("/proc/meminfo", MEMINFO.format(mb * 1024))

    assert said(health.memory(stage.machine())) == expected


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([], None),
        (["broken"], None),
        (["45123"], "TEMPERATURE_GOOD"),
        (["45123", "70000"], "TEMPERATURE_HIGH"),
        (["80000", "45123", "broken"], "TEMPERATURE_TOO_HIGH"),
    ],
)
def test_temperature(stage: Stage, zones: list[str], expected: str | None) -> None:
    for number, text in enumerate(zones):
        stage.file(f"/sys/class/thermal/thermal_zone{number}/temp", text + "\n")

    assert said(health.temperature(stage.machine())) == expected


@pytest.mark.parametrize(
    ("throttled", "alarm", "expected"),
    [
        (None, None, None),
        ("0", None, "POWER_GOOD"),
        ("50000", None, "POWER_WAS_LOW"),
        ("50005", None, "POWER_LOW"),
        ("4", None, "POWER_GOOD"),  # hot, not thirsty
        (None, "0", "POWER_GOOD"),
        (None, "1", "POWER_LOW"),
        ("50000", "0", "POWER_WAS_LOW"),
    ],
)
def test_power(
    stage: Stage, throttled: str | None, alarm: str | None, expected: str | None
) -> None:
    stage.file("/sys/class/hwmon/hwmon0/name", "cpu_thermal")
    stage.file("/sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1")  # Not the Pi's own.
    if throttled is not None:
        stage.file("/sys/devices/platform/soc/soc:firmware/get_throttled", throttled + "\n")
    if alarm is not None:
        stage.file("/sys/class/hwmon/hwmon1/name", "rpi_volt\n")
        stage.file("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm + "\n")

    assert said(health.power(stage.machine())) == expected


def test_a_disk_that_does_not_answer(stage: Stage) -> None:
    def dead(folder: Path) -> Any:
        raise OSError(5, "Input/output error")

    verdict = disk.space(stage.context(stage.machine(usage=dead)))

    assert said(verdict) == "DISK_SILENT"


def test_a_machine_that_tells_nothing(stage: Stage) -> None:
    assert health.memory(stage.machine()) is None


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(10, "DISK_ROOMY"), (79, "DISK_ROOMY"), (80, "DISK_FILLING"), (95, "DISK_FULL")],
)
def test_room_on_the_disk(stage: Stage, percent: int, expected: str) -> None:
    assert said(disk.space(stage.context(stage.machine(usage=usage(percent))))) == expected


FULL = {
    # the daemon's state and problem, how full the disk is → the sentence of database and disk
    "the reserve": ("reserve", problem_of("problem.reserve"), 97, "DATABASE_IN_RESERVE"),
    "the reserve, of a disk that others keep full": (
        "reserve",
        problem_of("problem.reserve"),
        60,
        "DATABASE_IN_RESERVE",
    ),
    "nothing can be written": (
        "failing",
        problem_of("store.disk-full", path="/gate.db"),
        99,
        "DISK_STOPS_DATABASE",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_told_once_and_where_it_is(stage: Stage, name: str, language: str) -> None:
    state, told, percent, expected = FULL[name]
    stage.file("/proc/self/mounts", f"/dev/sda1 {stage.folder} ext4 rw 0 0\n")
    context = stage.context(stage.machine(usage=usage(percent)))
    context.status = status(store={"state": state, **told})

    verdicts = [ledger.database(context), disk.space(context)]

    assert [said(verdict) for verdict in verdicts] == [expected, expected]
    use(language)
    found = [Finding.of("database", verdict) for verdict in verdicts if verdict]
    [line] = each_once(found)
    place = ("/dev/sda1", str(stage.folder), f"{percent}%", f"{stage.folder}/gate.db", "GB")
    assert [part for part in place if part not in line.found] == []
    assert f"du -xh {stage.folder}" in line.advice


def test_what_fails_on_a_disk_with_room_is_no_full_disk(stage: Stage) -> None:
    """The control of the one above: each has its own cause."""
    context = stage.context(stage.machine(usage=usage(60)))
    context.status = status(
        store={"state": "failing", **problem_of("store.disk-full", path="/gate.db")}
    )
    assert said(ledger.database(context)) == "DATABASE_FAILS"
    assert said(disk.space(context)) == "DISK_ROOMY"


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Message("problem.disk-fills", percent=81), "doctor.database-opens"),
        (Message("problem.disk-silent"), "doctor.database-opens"),
        (
            together(Message("problem.disk-fills", percent=81), Message("problem.unsynced")),
            "problem.unsynced",
        ),
    ],
)
def test_a_disk_that_fills_is_told_by_its_own_line_alone(
    stage: Stage, problem: Message, expected: str
) -> None:
    context = stage.context(stage.machine(usage=usage(81)))
    told = {"problem": str(problem), "message": problem.plain()}
    context.status = status(store={"state": "ready", **told})
    open_store(stage.folder, "main-gate").close()

    verdict = ledger.database(context)

    assert verdict
    assert verdict.message.name == expected
    assert said(disk.space(context)) == "DISK_FILLING"


def test_status_and_doctor_reckon_alike(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of ext4 is root's: neither used nor free to the gate."""
    found = SimpleNamespace(f_blocks=1000, f_bfree=250, f_bavail=200, f_frsize=4096)
    monkeypatch.setattr("os.statvfs", lambda folder: found)

    assert usage_of(stage.folder) == (750 * 4096, 200 * 4096)
    assert usage_of(stage.folder).percent == 78
    assert daemon_status._disk_problem(usage_of(stage.folder)) is None
    assert said(disk.space(stage.context(Machine(root=stage.root)))) == "DISK_ROOMY"


def test_room_on_this_machine_s_disk(stage: Stage) -> None:
    verdict = disk.space(stage.context(Machine(root=stage.root)))
    assert verdict
    assert "GB" in verdict.found or "MB" in verdict.found

    assert disk.space(stage.context(store={"path": "/no/such/folder/gate.db"})) is None


MOUNTS = """\
/dev/mmcblk0p2 / ext4 {root} 0 0
tmpfs /tmp tmpfs ro 0 0
/dev/sda1 /var/lib/edge\\040agent ext4 {data} 0 0
/dev/mmcblk0p3 /var ext4 ro 0 0
"""


@pytest.mark.parametrize(
    ("path", "root", "data", "expected", "device"),
    [
        ("/srv/gate.db", "rw,errors=remount-ro", "ro", "MOUNT_WRITABLE", "/dev/mmcblk0p2"),
        ("/srv/gate.db", "ro,noatime", "rw", "MOUNT_READ_ONLY", "/dev/mmcblk0p2"),
        ("/srv/gate.db", "rw,abort,emergency_ro", "rw", "MOUNT_READ_ONLY", "/dev/mmcblk0p2"),
        ("/var/lib/edge agent/gate.db", "ro", "rw", "MOUNT_WRITABLE", "/dev/sda1"),
        ("/var/lib/edge agent/gate.db", "rw", "errors=remount-ro,ro", "MOUNT_READ_ONLY", "sda1"),
        ("/var/lib/edge agents/gate.db", "rw", "ro", "MOUNT_READ_ONLY", "mmcblk0p3"),
    ],
)
def test_the_mount_that_the_database_is_on(
    stage: Stage, path: str, root: str, data: str, expected: str, device: str
) -> None:
    stage.file("/proc/self/mounts", MOUNTS.format(root=root, data=data))

    verdict = disk.mount(stage.context(store={"path": path}))

    assert said(verdict) == expected
    assert verdict
    assert device in verdict.found


@pytest.mark.parametrize(
    ("errors", "expected"), [("0", "CARD_GOOD"), ("3", "CARD_ERRORS"), (None, None)]
)
def test_errors_of_the_card(stage: Stage, errors: str | None, expected: str | None) -> None:
    stage.file("/proc/self/mounts", "/dev/mmcblk0p2 / ext4 rw 0 0\n")
    stage.file("/sys/block/mmcblk0/device/name", "SD32G\n")
    stage.file("/sys/block/mmcblk0/device/date", "05/2024\n")
    if errors is not None:
        stage.file("/sys/fs/ext4/mmcblk0p2/errors_count", errors)

    verdict = disk.card(stage.context())

    assert said(verdict) == expected
    assert verdict is None or verdict.found.startswith("Card SD32G made 05/2024; ")


def test_a_disk_that_is_no_card(stage: Stage) -> None:
    stage.file("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n")
    stage.file("/sys/fs/ext4/sda1/errors_count", "0")

    verdict = disk.card(stage.context())

    assert verdict
    assert verdict.found.startswith("sda1; ")


def test_no_mount_table_no_verdict(stage: Stage) -> None:
    assert disk.mount(stage.context()) is None
    assert disk.card(stage.context()) is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [("1795000000", "RTC_RUNS"), ("12", "RTC_FORGOT"), ("", "RTC_NONE"), (None, "RTC_NONE")],
)
def test_hardware_clock(stage: Stage, seconds: str | None, expected: str) -> None:
    if seconds is not None:
        stage.file("/sys/class/rtc/rtc0/since_epoch", seconds + "\n")

    assert said(times.rtc(stage.machine())) == expected


NOW, LEAPT = "1795000000", "3155760000"


@pytest.mark.parametrize(
    ("clocks", "expected", "named"),
    [
        ({"rtc0": ("12", "1"), "rtc1": (NOW, "0")}, "RTC_SECOND", "rtc1 shows 2026"),
        ({"rtc0": ("12", "0"), "rtc1": (NOW, "1")}, "RTC_RUNS", "2026"),
        ({"rtc0": (NOW, "1"), "rtc1": ("12", "0")}, "RTC_RUNS", "2026"),
        ({"rtc0": (LEAPT, "1")}, "RTC_FORGOT", "2070"),
        ({"rtc0": ("9" * 18, "1")}, "RTC_NONE", ""),
        ({"rtc0": ("12", "1"), "rtc1": (LEAPT, "0")}, "RTC_FORGOT", "1970"),
    ],
)
def test_of_several_hardware_clocks_the_one_that_kept_the_time(
    stage: Stage, clocks: dict[str, tuple[str, str]], expected: str, named: str
) -> None:
    for name, (seconds, hctosys) in clocks.items():
        stage.file(f"/sys/class/rtc/{name}/since_epoch", seconds + "\n")
        stage.file(f"/sys/class/rtc/{name}/hctosys", hctosys + "\n")

    verdict = times.rtc(stage.machine())

    assert said(verdict) == expected
    assert verdict is not None
    assert named in verdict.found


@pytest.mark.parametrize(
    ("compared", "expected"), [([], None), (["held"], None), (["held", "lost"], "BATTERY_FAILED")]
)
def test_a_clock_that_the_network_has_set_since_is_no_proof_of_its_battery(
    stage: Stage, compared: list[Literal["held", "lost"]], expected: str | None
) -> None:
    with closing(open_store(stage.folder)) as store:
        for found in compared:
            append(store, ClockSynced(offset_ms=1, hardware_clock=found))
    assert times.battery(stage.context()) is None  # There is no such clock.
    stage.file("/sys/class/rtc/rtc0/since_epoch", NOW + "\n")

    verdict = times.battery(stage.context())

    assert (verdict and said(verdict)) == expected


class StoppedClock:
    def __init__(self, state: ClockState, uncertainty_ms: int | None) -> None:
        self._readings: dict[str, Any] = {"state": state, "uncertainty_ms": uncertainty_ms}

    def stamp(self) -> Stamp:
        return Stamp(boot="b", boottime_ms=1, wall_ms=1, **self._readings)

    def monotonic(self) -> float:
        return 0.0


CLOCKS = [
    (ClockState.SYNCED, 12, "CLOCK_SYNCED"),
    (ClockState.HOLDOVER, 900, "CLOCK_HOLDOVER"),
    (ClockState.UNSYNCED, None, "CLOCK_UNSYNCED"),
]


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize(("state", "uncertainty_ms", "expected"), CLOCKS)
def test_clock(
    stage: Stage, state: ClockState, uncertainty_ms: int | None, expected: str, runs: bool
) -> None:
    context = stage.context()
    other = ClockState.HOLDOVER if state is ClockState.UNSYNCED else ClockState.UNSYNCED
    context.assembly.clock = StoppedClock(other if runs else state, uncertainty_ms)
    if runs:
        told = {"state": state.value, "uncertainty_ms": uncertainty_ms, "pending": 3}
        context.status = status(clock=told)

    assert said(times.clock(context)) == expected


def test_a_daemon_that_may_not_ask_the_kernel(stage: Stage) -> None:
    context = stage.context()
    context.assembly.clock = StoppedClock(ClockState.SYNCED, 12)
    told = {"state": "unsynced", "uncertainty_ms": None, "pending": 3}
    context.status = status(clock=told)
    assert said(times.clock(context)) == "CLOCK_REFUSED"


def test_a_clock_that_is_believed_unseen(stage: Stage) -> None:
    assert said(times.clock(stage.context(clock={"trust": "always"}))) == "CLOCK_BELIEVED"


@pytest.mark.parametrize(
    ("link", "text", "expected"),
    [
        ("/usr/share/zoneinfo/Asia/Ho_Chi_Minh", None, "ZONE_SAME"),
        ("../usr/share/zoneinfo/Etc/UTC", None, "ZONE_OTHER"),
        (None, "Asia/Ho_Chi_Minh\n", "ZONE_SAME"),
        (None, None, "ZONE_OTHER"),
    ],
)
def test_time_zone(stage: Stage, link: str | None, text: str | None, expected: str) -> None:
    if link is not None:
        stage.link("/etc/localtime", link)
    if text is not None:
        stage.file("/etc/timezone", text)

    assert said(times.time_zone(stage.context())) == expected


def test_this_machine_can_be_looked_at() -> None:
    machine = Machine()

    assert machine.at("/proc") == Path("/proc")
    assert health.memory(machine) is not None
    assert machine.group(os.stat("/etc/passwd").st_gid).name == "root"
