"""What this user may use, and which group would help."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.gate.doctor.context import CheckContext
from edge_agent.gate.doctor.findings import State
from edge_agent.gate.doctor.machine import Machine, Person, may_as
from edge_agent.gate.doctor.rights import (
    database_rights,
    pin_rights,
    port_rights,
    roles,
    settings_rights,
    socket_rights,
)
from edge_agent.gate.roles import GROUPS, Role
from edge_agent.gate.settings.schema import MqttSettings
from tests.gate.fake_machine import FakeMachine

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


def test_a_database_that_is_a_folder_is_left_to_its_own_check(stage: Stage) -> None:
    """It would be said that it may be used, which no daemon can."""
    stage.file("/var/lib/edge-agent/gate.db/a-file-in-it")
    assert database_rights(stage.context(store={"path": "/var/lib/edge-agent/gate.db"})) is None


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


ROOT = Person("root", frozenset({0}), 0, 0)
SERVICE = Person("edge-agent", frozenset({990}), 990, 990)
SETTINGS = "/etc/edge-agent/edge-agent.toml"
UNIT = {
    "LoadState": "loaded",
    "User": "edge-agent",
    "SupplementaryGroups": "0",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "ReadWritePaths": "",
    "StateDirectory": "edge-agent",
    "RuntimeDirectory": "edge-agent",
}


def as_root(
    stage: Stage,
    may: Callable[[Path, int], bool],
    unit: dict[str, str] = UNIT,
    database: str = DATABASE,
    config: str = SETTINGS,
    **sections: Any,
) -> CheckContext:
    """Root asks on a machine with the service, whose user may only what ``may`` says."""
    for path in (database, config):
        if not (stage.root / path.lstrip("/")).exists():
            stage.file(path).chmod(0o600)
    stage.file("/etc/group", "edge-agent:x:990:\nroot:x:0:\n")
    machine = stage.machine(
        person=ROOT,
        may=lambda path, mode: True,  # Root may everything.
        unit=lambda: unit,
        account=lambda name: SERVICE if name == "edge-agent" else None,
        may_as=lambda person: may if person.name == "edge-agent" else None,
    )
    context = stage.context(machine, store={"path": database}, **sections)
    context.config = Path(config)
    return context


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("forbidden", ["gate.db", "gate.db-wal", "gate.db.lock", "lib/edge-agent"])
def test_root_is_told_of_a_database_that_the_service_s_user_cannot_use(
    stage: Stage, forbidden: str, runs: bool
) -> None:
    for beside in ("-wal", ".lock"):
        stage.file(DATABASE + beside)
    # Only writing: a daemon that cannot write its own files records nobody.
    context = as_root(
        stage, lambda path, mode: not (str(path).endswith(forbidden) and mode & os.W_OK)
    )
    context.status = status() if runs else None

    verdict = database_rights(context)

    assert said(verdict) == "SERVICE_OWNS"
    assert "sudo chown edge-agent /var/lib/edge-agent" in verdict.advice


def test_root_is_told_of_settings_that_the_service_s_user_cannot_read(stage: Stage) -> None:
    verdict = settings_rights(as_root(stage, nobody_may("edge-agent.toml")))

    assert said(verdict) == "SERVICE_READS"
    assert verdict
    assert verdict.advice.endswith(f"chgrp edge-agent {SETTINGS} && sudo chmod 640 {SETTINGS}")


def test_root_is_told_of_a_folder_that_keeps_the_service_s_user_out(stage: Stage) -> None:
    verdict = settings_rights(as_root(stage, nobody_may("/etc/edge-agent")))

    assert said(verdict) == "SERVICE_ENTERS"
    assert verdict
    assert verdict.advice.endswith("chmod o+x /etc/edge-agent")


FILES = [name for name in MqttSettings.__struct_fields__ if name.endswith("_file")]


@pytest.mark.parametrize(
    ("section", "key"), [*(("mqtt", key) for key in FILES), ("sensor", "password_file")]
)
def test_root_is_told_of_any_file_that_the_settings_name(
    stage: Stage, section: str, key: str
) -> None:
    assert FILES
    named = {key: "/etc/edge-agent/some-file"}
    stage.file("/etc/edge-agent/some-file").chmod(0o600)
    context = as_root(stage, nobody_may("some-file"), **{section: named})

    assert said(settings_rights(context)) == "SERVICE_OWNS"


def test_a_service_that_may_all_it_needs(stage: Stage) -> None:
    context = as_root(stage, lambda path, mode: True, control={"socket": SOCKET})
    stage.file(SOCKET)

    for check in (settings_rights, database_rights, socket_rights):
        verdict = check(context)
        assert said(verdict) == "MAY_USE"
        assert verdict
        assert verdict.found.startswith("User edge-agent may use ")


def test_root_is_told_which_group_the_service_s_user_needs(stage: Stage, port: int) -> None:
    context = as_root(stage, nobody_may(PORT), unit={}, sensor={"port": "/dev/null"})
    context.machine = Machine(
        person=ROOT,
        unit=lambda: {**UNIT, "SupplementaryGroups": ""},
        account=lambda name: SERVICE,
        may_as=lambda person: nobody_may("/dev/null"),
    )
    # Anybody may use it in truth, so its group may.
    verdict = port_rights(context)

    assert said(verdict) == "SERVICE_JOINS_GROUP"
    assert verdict
    assert "sudo usermod -aG root edge-agent" in verdict.advice


def test_who_is_root_s_service_is_root(stage: Stage) -> None:
    nobody = nobody_may("gate.db", "edge-agent.toml")
    for unit in ({**UNIT, "User": "root"}, {**UNIT, "User": ""}):
        context = as_root(stage, nobody, unit)
        context.machine = replace(context.machine, account=lambda name: ROOT)

        assert said(database_rights(context)) == "MAY_USE"
        assert settings_rights(context) is None


def test_a_user_whom_the_machine_does_not_have(stage: Stage) -> None:
    context = as_root(stage, nobody_may("/none"), {**UNIT, "User": "gate-agent"})

    assert said(settings_rights(context)) == "NO_SERVICE_USER"
    assert said(database_rights(context)) == "MAY_USE"


def test_without_a_unit_the_folder_s_owner_is_the_service_s_user(stage: Stage) -> None:
    asked: list[Person] = []
    context = as_root(stage, nobody_may("gate.db"), unit={})
    folder = stage.root / "var/lib/edge-agent"
    if os.geteuid() != 0:
        pytest.skip("only root gives a folder away")
    os.chown(folder, 990, 991)

    def may_as(person: Person) -> Callable[[Path, int], bool]:
        asked.append(person)
        return nobody_may("gate.db")

    context.machine = replace(context.machine, account=lambda name: None, may_as=may_as)

    assert said(database_rights(context)) == "SERVICE_OWNS"
    assert asked == [Person("990", frozenset({991}), 990, 991)]


@pytest.mark.parametrize(
    ("database", "config", "unit", "expected"),
    [
        (DATABASE, "/home/pi/gate.toml", {}, ("SERVICE_SEES_NO_HOME", "MAY_USE")),
        ("/root/gate.db", SETTINGS, {}, ("MAY_USE", "SERVICE_SEES_NO_HOME")),
        ("/root/gate.db", SETTINGS, {"ProtectHome": "no", "ProtectSystem": ""}, ("MAY_USE",) * 2),
        ("/srv/gate.db", SETTINGS, {}, ("MAY_USE", "SERVICE_WRITES_ELSEWHERE")),
        ("/srv/gate.db", SETTINGS, {"ReadWritePaths": "-/opt /srv"}, ("MAY_USE",) * 2),
        ("/srv/gate.db", SETTINGS, {"ProtectSystem": "full"}, ("MAY_USE",) * 2),
    ],
)
def test_what_the_unit_hides_from_the_service(
    stage: Stage, database: str, config: str, unit: dict[str, str], expected: tuple[str, str]
) -> None:
    context = as_root(stage, lambda path, mode: True, {**UNIT, **unit}, database, config)

    assert (said(settings_rights(context)), said(database_rights(context))) == expected


def test_whoever_is_not_root_is_told_of_themselves(stage: Stage) -> None:
    context = as_root(stage, nobody_may("gate.db"))
    context.machine = replace(context.machine, person=ME)

    assert settings_rights(context) is None
    assert said(database_rights(context)) == "MAY_USE"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root examines another user")
def test_another_user_s_rights_are_tried_and_not_worked_out() -> None:
    """By the system itself: modes, groups, and every folder on the way."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        file = folder / "gate.db"
        file.touch(0o640)
        os.chown(file, 0, 4711)
        stranger = may_as(Person("x", frozenset({65534}), 65534, 65534))
        member = may_as(Person("x", frozenset({65534, 4711}), 65534, 65534))

        assert not stranger(file, os.R_OK)
        assert member(file, os.R_OK)
        assert not member(file, os.R_OK | os.W_OK)
        file.chmod(0o660)
        assert member(file, os.R_OK | os.W_OK)
        folder.chmod(0o700)
        assert not member(file, os.R_OK)


def test_who_has_which_role_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody is forgotten who has left."""
    machine = FakeMachine(monkeypatch)
    machine.groups = {GROUPS[Role.TECHNICIAN]: ["minh", "lan"], GROUPS[Role.AUDITOR]: []}
    verdict = roles(stage.context())
    assert verdict
    assert "technician (lan, minh), auditor (nobody)" in verdict.found
    machine.groups = {}
    assert roles(stage.context()) is None
