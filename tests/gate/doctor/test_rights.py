"""What this user may use, and which group would help."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.gate.doctor.findings import State
from edge_agent.gate.doctor.machine import Machine, Person
from edge_agent.gate.doctor.wiring import database_rights, pin_rights, port_rights, socket_rights

from .staging import ME, Stage, nobody_may, said, status

PORT = "/dev/ttyUSB0"


@pytest.fixture
def port(stage: Stage) -> int:
    """A port that its group may use; the group's number."""
    stage.device(PORT)
    (stage.root / "dev/ttyUSB0").chmod(0o660)
    return os.stat(stage.root / "dev/ttyUSB0").st_gid


@pytest.mark.parametrize(
    ("members", "expected"),
    [("", "JOIN_GROUP"), ("minh,hoa", "LOG_IN_AGAIN"), ("hoang", "JOIN_GROUP")],
)
def test_the_group_that_helps_is_named(
    stage: Stage, port: int, members: str, expected: str
) -> None:
    stage.file("/etc/group", f"root:x:99999:\ndialout:x:{port}:{members}\n")
    machine = stage.machine(may=nobody_may(PORT))

    verdict = port_rights(stage.context(machine, sensor={"port": PORT}))

    assert said(verdict) == expected
    assert verdict
    assert "dialout" in verdict.found
    assert verdict.state is State.FAIL


def test_a_group_without_a_name_is_told_by_its_number(stage: Stage, port: int) -> None:
    machine = stage.machine(may=nobody_may(PORT))

    verdict = port_rights(stage.context(machine, sensor={"port": PORT}))

    assert verdict
    assert f"usermod -aG {port} hoa" in verdict.advice


def test_no_group_helps_where_its_members_may_not_either(stage: Stage, port: int) -> None:
    (stage.root / "dev/ttyUSB0").chmod(0o640)
    machine = stage.machine(may=nobody_may(PORT))

    assert said(port_rights(stage.context(machine, sensor={"port": PORT}))) == "USE_SUDO"


def test_a_member_who_may_not_is_not_sent_to_the_group_again(stage: Stage, port: int) -> None:
    machine = stage.machine(may=nobody_may(PORT), person=Person("hoa", frozenset({port})))

    assert said(port_rights(stage.context(machine, sensor={"port": PORT}))) == "USE_SUDO"


def test_a_user_who_may(stage: Stage, port: int) -> None:
    machine = stage.machine(may=nobody_may("/else"))

    assert said(port_rights(stage.context(machine, sensor={"port": PORT}))) == "MAY_USE"


def test_port_and_lamps_are_the_daemon_s_while_it_runs(stage: Stage, port: int) -> None:
    machine = stage.machine(may=nobody_may(PORT))
    context = stage.context(machine, sensor={"port": PORT}, panel={"pins": "gpio"})
    context.status = status()

    assert port_rights(context) is None
    assert pin_rights(context) is None


def test_a_port_that_is_not_there_is_told_elsewhere(stage: Stage) -> None:
    assert port_rights(stage.context(sensor={"port": PORT})) is None


@pytest.mark.parametrize(
    ("pins", "chips", "expected"),
    [
        ("none", ("gpiochip0",), None),
        ("mock", (), None),
        ("gpio", (), "NO_GPIO_CHIP"),
        ("gpio", ("gpiochip0",), "MAY_USE"),
        ("gpio", ("gpiochip0", "gpiochip4"), "USE_SUDO"),
    ],
)
def test_the_lamps_chip(
    stage: Stage, pins: str, chips: tuple[str, ...], expected: str | None
) -> None:
    for chip in chips:
        stage.device(f"/dev/{chip}")
        (stage.root / f"dev/{chip}").chmod(0o600)
    machine = stage.machine(may=nobody_may("gpiochip4"))

    assert said(pin_rights(stage.context(machine, panel={"pins": pins}))) == expected


@pytest.mark.parametrize("key", ["touch_pin", "power_pin"])
def test_the_chip_of_a_pin_at_the_sensor(stage: Stage, key: str) -> None:
    stage.device("/dev/gpiochip0")
    machine = stage.machine(may=nobody_may("gpiochip0"))
    (stage.root / "dev/gpiochip0").chmod(0o600)

    assert said(pin_rights(stage.context(machine, sensor={key: 4}))) == "USE_SUDO"
    assert pin_rights(stage.context(machine, sensor={key: 4}, panel={"pins": "mock"})) is None


SOCKET = "/run/edge-agent/control.sock"


@pytest.mark.parametrize(
    ("forbidden", "expected"),
    [("/nothing", "MAY_USE"), ("control.sock", "USE_SUDO"), ("/edge-agent", "USE_SUDO")],
)
def test_the_control_socket_and_its_folder(stage: Stage, forbidden: str, expected: str) -> None:
    stage.file(SOCKET).chmod(0o600)
    (stage.root / "run/edge-agent").chmod(0o700)
    machine = stage.machine(may=nobody_may(forbidden))

    assert said(socket_rights(stage.context(machine, control={"socket": SOCKET}))) == expected


def test_no_socket_no_rights(stage: Stage) -> None:
    assert socket_rights(stage.context(control={"socket": SOCKET})) is None


DATABASE = "/var/lib/edge-agent/gate.db"


@pytest.mark.parametrize("runs", [True, False])
def test_commands_only_read_the_database_while_the_daemon_runs(stage: Stage, runs: bool) -> None:
    stage.file(DATABASE).chmod(0o640)
    machine = stage.machine(may=lambda path, mode: not mode & os.W_OK)
    context = stage.context(machine, store={"path": DATABASE})
    context.status = status() if runs else None

    assert said(database_rights(context)) == ("MAY_USE" if runs else "USE_SUDO")


def test_a_database_to_be_made_needs_its_folder(stage: Stage) -> None:
    context = stage.context(store={"path": DATABASE})
    assert said(database_rights(context)) == "NO_FOLDER"

    stage.file("/var/lib/edge-agent/other")
    assert said(database_rights(context)) == "MAY_USE"


def test_the_database_itself_is_looked_at(stage: Stage) -> None:
    stage.file(DATABASE).chmod(0o600)
    machine = stage.machine(may=nobody_may("gate.db"))

    assert said(database_rights(stage.context(machine, store={"path": DATABASE}))) == "USE_SUDO"


@pytest.fixture
def nobody() -> Iterator[None]:
    """Whoever runs the tests is nobody in particular, root included."""
    former = os.geteuid()
    if former == 0:
        os.seteuid(65534)
    yield
    os.seteuid(former)


@pytest.mark.usefixtures("nobody")
def test_the_system_s_own_word_on_rights() -> None:
    machine = Machine()

    assert machine.may(Path("/dev/null"), os.R_OK | os.W_OK)
    assert not machine.may(Path("/etc/passwd"), os.W_OK)
    assert machine.person != ME
