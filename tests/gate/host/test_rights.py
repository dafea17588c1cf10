"""Each case of missing rights: who this user is, what is missing, and a command that mends it.

The cases are real: files of other owners, and a process that has given up root's rights. What can
be carried out of a command is carried out, and then it has to work.
"""

import codecs
import errno
import grp
import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.contract import rights
from edge_agent.contract.atomic_file import new_private_file
from edge_agent.contract.broker.access import BrokerAccess
from edge_agent.contract.broker.client import password
from edge_agent.gate import pins
from edge_agent.gate.control.client import daemon_runs
from edge_agent.gate.control.server import ControlServer
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.host import rights as gate_rights
from edge_agent.gate.host.lock import GateLock
from edge_agent.gate.host.passwords import sensor_passwords
from edge_agent.gate.people.requests import AddWorker
from edge_agent.gate.sensor.port import Port
from edge_agent.gate.settings.load import load_settings
from tests.other_user import as_user, needs_root, open_folder

pytestmark = needs_root

SERVICE = "daemon"
"""Any user with a group of its own that every Debian has, in the place of edge-agent."""

OTHER = "nobody"


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch) -> None:
    codecs.lookup("utf-8-sig")  # Else it is looked for where only root may read.
    monkeypatch.setattr(rights, "SERVICE", SERVICE)
    monkeypatch.setattr(gate_rights, "SERVICE", SERVICE)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def gid(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def give(path: Path, owner: str, group: str, mode: int) -> Path:
    os.chown(path, pwd.getpwnam(owner).pw_uid, gid(group))
    path.chmod(mode)
    return path


def made(path: Path, owner: str, group: str, mode: int, text: str = "") -> Path:
    path.write_text(text)
    return give(path, owner, group, mode)


def carry_out(told: str) -> None:
    """Do as root what a sentence says behind its last colon and blank, up to what people do."""
    command = told.rpartition(": sudo ")[2].partition(", ")[0].removesuffix(".")
    steps = [step for step in f"sudo {command}".split(" && ") if "edge-agent" not in step]
    for step in steps:
        if "usermod" not in step:
            subprocess.run(step.removeprefix("sudo "), shell=True, check=True)  # noqa: S602


SETTINGS = '[gate]\nid = "a"\n'


def test_settings_that_are_the_groups(place: Path) -> None:
    file = made(place / "gate.toml", "root", SERVICE, 0o640, SETTINGS)
    told = as_user(OTHER, lambda: load_settings(file))
    assert (
        f"It cannot be read: user nobody is not in the group daemon, which may use {file}; "
        "root lets them in: sudo "
        "usermod -aG daemon nobody, then log in again." in told
    )
    assert as_user(OTHER, lambda: load_settings(file), gid(SERVICE)) == ""


def test_settings_in_the_groups_folder(place: Path) -> None:
    folder = place / "etc"
    folder.mkdir()
    file = made(folder / "gate.toml", "root", SERVICE, 0o640, SETTINGS)
    give(folder, "root", SERVICE, 0o750)
    told = as_user(OTHER, lambda: load_settings(file))
    assert f"which may use {folder}; root lets them in: sudo usermod -aG daemon nobody" in told
    assert as_user(OTHER, lambda: load_settings(file), gid(SERVICE)) == ""


@pytest.mark.parametrize("user", [SERVICE, OTHER])
def test_settings_that_are_roots_alone(place: Path, user: str) -> None:
    file = made(place / "gate.toml", "root", "root", 0o600, SETTINGS)
    told = as_user(user, lambda: load_settings(file))
    assert f"user {user} may not read {file} (root:root 0600): sudo chgrp daemon {file} && " in told
    assert ("sudo usermod -aG daemon nobody" in told) == (user == OTHER)
    carry_out(told)
    assert as_user(user, lambda: load_settings(file), gid(SERVICE)) == ""


@pytest.fixture
def gate(place: Path) -> Assembly:
    """A gate that has a ledger, in the service's folder, as the unit makes it."""
    folder = place / "lib"
    folder.mkdir()
    give(folder, SERVICE, SERVICE, 0o750)
    file = place / "gate.toml"
    file.write_text(
        f'{SETTINGS}[store]\npath = "lib/gate.db"\n[control]\nsocket = "lib/control.sock"\n'
        '[clock]\ntrust = "always"\n'
    )
    assembly = Assembly(load_settings(file))
    start(assembly)
    return assembly


def start(assembly: Assembly) -> None:
    """Own the gate, and have a ledger to write: as the daemon and the commands begin."""
    lock = assembly.lock()
    lock.acquire("a test")
    with assembly.open_or_succeed():
        assembly.store().close()
    lock.release()


def look(assembly: Assembly) -> None:
    assembly.store_for_reading().close()


def owners(folder: Path) -> dict[str, str]:
    return {path.name: path.owner() for path in sorted(folder.iterdir())}


def test_what_root_makes_belongs_to_the_service(gate: Assembly) -> None:
    found = owners(gate.database.parent)
    assert {"gate.db", "gate.db.lock"} <= found.keys()
    assert set(found.values()) == {SERVICE}
    assert as_user(SERVICE, lambda: start(gate)) == ""


def test_a_command_of_roots_leaves_nothing_that_the_service_cannot_write(gate: Assembly) -> None:
    from edge_agent.cli.carry_out import carry_out as perform

    # As a command that was cut off leaves them.
    for name in ("gate.db.reserve", "gate.db-wal", "gate.db.part"):
        (gate.database.parent / name).touch()
    (gate.database.parent / "gate.db-wal").unlink()
    perform(gate.settings, AddWorker(code="NV1", name="Lan"))
    assert set(owners(gate.database.parent).values()) == {SERVICE}


def test_another_file_under_a_name_of_ours_is_not_given_away(gate: Assembly) -> None:
    folder = gate.database.parent
    secret = made(folder.parent / "shadow", "root", "root", 0o600)
    os.link(secret, folder / "gate.db.name")
    (folder / "gate.db.link").symlink_to(secret)
    start(gate)
    assert secret.owner() == "root"


def test_looking_while_the_daemon_is_stopped(gate: Assembly) -> None:
    gate.database.chmod(0o640)
    told = as_user(OTHER, lambda: look(gate))
    assert told == (
        f"StoreFault: The database at {gate.database} cannot be read: user nobody is not in the "
        f"group daemon, which may use {gate.database.parent}; "
        "root lets them in: sudo usermod -aG daemon nobody, then "
        "log in again."
    )
    assert as_user(OTHER, lambda: look(gate), gid(SERVICE)) == ""


@pytest.mark.parametrize("groups", [(), (SERVICE,)])
def test_changing_while_the_daemon_is_stopped(gate: Assembly, groups: tuple[str, ...]) -> None:
    told = as_user(OTHER, lambda: start(gate), *map(gid, groups))
    folder = gate.database.parent
    assert "StoreFault: The database" in told
    assert f"user nobody may not {'write' if groups else f'enter {folder}'}" in told
    assert told.endswith(": sudo -u daemon edge-agent …")
    assert as_user(SERVICE, lambda: start(gate)) == ""


@pytest.mark.parametrize("name", ["gate.db", "gate.db.lock", "gate.db-wal"])
def test_what_an_older_version_left_as_roots(gate: Assembly, name: str) -> None:
    path = gate.database.parent / name
    path.touch()
    give(path, "root", "root", 0o600)
    told = as_user(SERVICE, lambda: start(gate))
    assert f'sudo sh -c "chown daemon: {gate.database}*"' in told
    carry_out(told)
    assert as_user(SERVICE, lambda: start(gate)) == ""


def test_a_technician_is_told_both_at_once(gate: Assembly) -> None:
    give(gate.database, "root", "root", 0o600)
    told = as_user(OTHER, lambda: start(gate), gid(SERVICE))
    assert f'"chown daemon: {gate.database}*" && sudo -u daemon edge-agent …' in told
    carry_out(told)
    assert as_user(SERVICE, lambda: start(gate)) == ""


def test_a_folder_that_root_has_made(place: Path, gate: Assembly) -> None:
    folder = gate.database.parent
    for path in (folder, *folder.iterdir()):
        os.chown(path, 0, 0)
    folder.chmod(0o755)
    told = as_user(SERVICE, lambda: start(gate))
    assert f"user daemon may not write {folder}" in told
    carry_out(told)
    assert as_user(SERVICE, lambda: start(gate)) == ""


def test_a_folder_that_is_not_there(place: Path) -> None:
    lock = GateLock(place / "new" / "deep" / "gate.db")
    told = as_user(SERVICE, lambda: lock.acquire("x"))
    assert f"there is no folder {place}/new: sudo install -d -o daemon" in told
    carry_out(told)
    assert as_user(SERVICE, lambda: lock.acquire("x")) == ""


@pytest.fixture
def read_only(place: Path) -> Iterator[Path]:
    folder = place / "srv"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "ro", "none", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("user", [SERVICE, "root"])
def test_a_read_only_disk(read_only: Path, user: str) -> None:
    lock = GateLock(read_only / "gate.db")
    told = as_user(user, lambda: lock.acquire("x"))
    assert f"the disk of {read_only} is mounted read-only: restart the machine" in told


@pytest.mark.parametrize("folder", ["", "new"])
def test_a_path_that_the_unit_does_not_let_the_service_write(
    read_only: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/edge-agent")
    lock = GateLock(read_only / folder / "gate.db")
    told = as_user(SERVICE, lambda: lock.acquire("x"))
    assert "the service may write below /var/lib/edge-agent alone" in told
    assert "set [store] path to /var/lib/edge-agent/gate.db" in told


@pytest.fixture
def control(place: Path) -> Iterator[Path]:
    """The socket of a daemon, in the folder that the unit makes."""
    folder = place / "run"
    folder.mkdir()
    give(folder, SERVICE, SERVICE, 0o750)
    path = folder / "control.sock"
    server = ControlServer(path, lambda request, conversation: None, dict)
    yield path
    server.close()


def test_the_socket_of_a_daemon_that_root_has_started_is_the_groups(control: Path) -> None:
    assert (control.owner(), control.group()) == (SERVICE, SERVICE)


def test_the_socket_is_the_groups(control: Path) -> None:
    told = as_user(OTHER, lambda: daemon_runs(control))
    assert told == (
        f"DaemonUnreachable: This user may not use the control socket {control}: user nobody is "
        f"not in the group daemon, which may use {control.parent}; "
        "root lets them in: sudo usermod -aG daemon nobody, "
        "then log in again."
    )
    assert as_user(OTHER, lambda: daemon_runs(control), gid(SERVICE)) == ""


def test_a_group_that_was_joined_after_the_login(
    control: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "_members", lambda gid: [OTHER])
    told = as_user(OTHER, lambda: daemon_runs(control))
    assert told.endswith(
        "user nobody is in the group daemon, but was not at the login: log out and in again."
    )


def test_a_socket_of_roots_alone(control: Path) -> None:
    give(control, "root", "root", 0o660)
    told = as_user(OTHER, lambda: daemon_runs(control), gid(SERVICE))
    step = f"sudo chgrp {SERVICE} {control}"
    asks = f"the group {SERVICE} has to be let in; ask whoever may become root to type: {step}"
    assert told.endswith(f"may not write {control} (root:root 0660): {asks}")
    control.parent.chmod(0o755)
    told = as_user(OTHER, lambda: daemon_runs(control))
    assert told.endswith(f"{asks} && sudo usermod -aG {SERVICE} {OTHER}, then log in again.")


def test_a_place_where_no_socket_can_be_made(place: Path) -> None:
    def serve() -> None:
        ControlServer(place / "run" / "s", lambda request, conversation: None, dict)

    assert f"there is no folder {place}/run: sudo install -d -o" in as_user(SERVICE, serve)
    (place / "run").mkdir()
    told = as_user(SERVICE, serve)
    assert f"user daemon may not write {place}/run (root:root 0755): sudo edge-agent run" in told


@pytest.fixture
def line() -> Iterator[Path]:
    """A serial line."""
    master, slave = os.openpty()
    yield Path(os.ttyname(slave))
    os.close(master)
    os.close(slave)


def test_a_port_of_the_group_dialout(line: Path) -> None:
    give(line, "root", "dialout", 0o660)
    told = as_user(OTHER, lambda: Port(str(line), 57600))
    assert told == (
        f"SensorForbidden: This user may not open {line}: user nobody is not in the group dialout, "
        f"which may use {line}; "
        "root lets them in: sudo usermod -aG dialout nobody, then log in again."
    )
    assert as_user(OTHER, lambda: Port(str(line), 57600), gid("dialout")) == ""
    told = as_user(SERVICE, lambda: Port(str(line), 57600))
    assert told.endswith("-aG dialout daemon, then sudo systemctl restart daemon")


def test_a_port_that_a_login_terminal_has(line: Path) -> None:
    give(line, "root", "tty", 0o600)
    told = as_user(OTHER, lambda: Port(str(line), 57600), gid("dialout"))
    assert f"sudo systemctl disable --now serial-getty@{line.name}.service" in told


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("whose", ["broker", "sensor"])
def test_a_password_that_the_service_cannot_use(place: Path, whose: str, mode: int) -> None:
    """A chmod alone would close a file of root's to the very user who needs it."""
    file = made(place / "password", "root", "root", mode, "7")
    access = BrokerAccess(host="h", username="u", password_file=str(file))

    def use() -> None:
        if whose == "broker":
            password(access)
        else:
            sensor_passwords(str(file), place / "gate.db")

    told = as_user(SERVICE, use)
    assert f"sudo chown daemon: {file} && sudo chmod 600 {file}" in told
    carry_out(told)
    assert as_user(SERVICE, use) == ""
    told = as_user(OTHER, use)
    assert f"user nobody may not read {file} (daemon:daemon 0600): sudo -u daemon edge-a" in told


def test_a_daemon_that_was_killed_is_told_from_one_that_is_stopped(place: Path) -> None:
    from edge_agent.gate.control.client import ask_status

    path = place / "control.sock"
    stopped = as_user(OTHER, lambda: ask_status(path))
    assert "start it with" in stopped
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    path.chmod(0o666)
    told = as_user(OTHER, lambda: ask_status(path))
    assert "the last one did not take leave: start it with" in told
    assert "take leave" not in stopped


def test_a_file_that_a_command_is_to_make(place: Path) -> None:
    def make() -> None:
        with new_private_file(place / "ledger.csv"):
            pass

    told = as_user(OTHER, make)
    assert told == (
        f"StoreFault: {place}/ledger.csv cannot be written: user nobody may not write {place} "
        "(root:root 0755): name a file in a folder of nobody's own."
    )


def test_a_stick_that_was_mounted_with_sudo(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "is_mount_point", lambda path: Path(path) == place)

    def make() -> None:
        with new_private_file(place / "ledger.csv"):
            pass

    assert as_user(OTHER, make).endswith("(root:root 0755): sudo edge-agent …")


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (errno.EROFS, "'sudo mount -o remount,rw {}'"),
        (errno.ENOSPC, "'df -h {}' shows it"),
        (errno.EIO, "take another stick"),
        (errno.ENAMETOOLONG, "check its folder"),
    ],
)
def test_a_stick_that_takes_no_file(
    place: Path, monkeypatch: pytest.MonkeyPatch, why: int, told: str
) -> None:
    error = OSError(why, os.strerror(why))
    monkeypatch.setattr(rights, "is_mount_point", lambda path: False)
    assert "check its folder" in str(rights.unmakeable(place / "a", error))  # It is the card.
    monkeypatch.setattr(rights, "is_mount_point", lambda path: Path(path) == place)
    assert told.format(place) in str(rights.unmakeable(place / "a", error))


def test_a_file_in_a_folder_that_is_closed(place: Path) -> None:
    folder = place / "closed"
    folder.mkdir(0o700)

    def make() -> None:
        with new_private_file(folder / "ledger.csv"):
            pass

    told = as_user(OTHER, make)
    assert told.startswith("StoreFault: ")
    assert f"user nobody may not enter {folder} (root:root 0700): name a file in a" in told


def test_a_chip_of_the_group_gpio(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = made(place / "gpiochip0", "root", SERVICE, 0o660)
    monkeypatch.setattr(pins, "CHIPS", place)
    told = as_user(OTHER, _opened_pin)
    assert (
        f"user nobody is not in the group daemon, which may use {chip}; "
        "root lets them in: sudo usermod" in told
    )
    assert "PinFault: The pin in [sensor] touch_pin cannot be used" in told


def _opened_pin() -> None:
    with pins.opening("sensor", "touch_pin"):
        raise OSError("can not open gpiochip")
