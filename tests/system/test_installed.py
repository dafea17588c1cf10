"""Installed as the technician's page says, on a Debian of its own under its own systemd.

Takes minutes, root, and a Debian mirror; what it needs is skipped with a reason where it is not.
"""

import base64
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.patience import PATIENCE_S

from .debian import CannotBoot, Debian, until

pytestmark = [
    pytest.mark.long,
    pytest.mark.system,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start another machine"),
]

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "technician" / "install.md"
RECEIVERS_PAGE = CHECKOUT / "docs" / "receiver.md"

SENSOR = """
[Service]
User=edge-agent
ExecStart=/usr/local/bin/edge-agent simulate --link /srv/sim/tty --control /srv/sim/fingers \
    --flash /srv/sim/flash
[Install]
WantedBy=multi-user.target
"""
SETTINGS = """
[gate]
id = "main-gate"
[sensor]
port = "/srv/sim/tty"
[panel]
pins = "mock"
[mqtt]
username = "main-gate"
"""
RELEASE = SigningKey(bytes(32))
BROKER = "listener 1883 127.0.0.1\npassword_file /etc/mosquitto/passwords\n"
SAY = """
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect("/srv/sim/fingers")
line.sendall(" ".join(sys.argv[1:]).encode() + b"\\n")
assert line.makefile().readline().startswith("ok")
"""


FOLLOW_THE_STEPS = """
import re, subprocess, sys
steps = subprocess.Popen(["edge-agent", "enroll", "NV001", "--finger", "right-index"],
                         stderr=subprocess.PIPE, text=True)
for said in steps.stderr:
    print(said, end="", flush=True)
    for word, done in (("Lift", "lift"), ("Press", "press hoa")):
        if said.startswith(word):
            subprocess.run([sys.executable, "/root/say.py", *done.split()], check=True)
print("exit code", steps.wait())
"""


def page_blocks(page: Path) -> list[list[str]]:
    """The commands in each of the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [
        [line for line in block.splitlines() if line and not line.startswith("#")]
        for block in blocks
    ]


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Debian]:
    """A machine on which the page was followed, but for the editor and the mirror."""
    debian = Debian(tmp_path / "root")
    try:
        debian.make(CHECKOUT)
        debian.boot()
    except CannotBoot as reason:
        debian.end()
        pytest.skip(str(reason))
    try:
        install, start, *_ = page_blocks(PAGE)
        answers = " --id main-gate --port /srv/sim/tty --username main-gate"
        install = [
            line + answers if line == "edge-agent setup" else line
            for line in install
            if not line.startswith("apt install")
        ]
        print(debian.run("set -ex\n" + "\n".join(install)))
        assert 'id = "main-gate"' in debian.run("cat /etc/edge-agent/edge-agent.toml")
        debian.write("/etc/edge-agent/edge-agent.toml", SETTINGS)
        debian.write("/etc/systemd/system/sensor.service", SENSOR)
        debian.write("/root/say.py", SAY)
        debian.write("/root/follow_the_steps.py", FOLLOW_THE_STEPS)
        debian.write("/etc/mosquitto/mosquitto.conf", BROKER)
        print(
            debian.run(
                "set -ex; install -d -o edge-agent /srv/sim\n"
                "mosquitto_passwd -b -c /etc/mosquitto/passwords main-gate 'mật khẩu'\n"
                "mosquitto_passwd -b /etc/mosquitto/passwords payroll 'lương'\n"
                "chmod 644 /etc/mosquitto/passwords; systemctl restart mosquitto\n"
                "systemctl daemon-reload; systemctl -q enable --now sensor\n"
                "until [ -e /srv/sim/tty ]; do sleep 0.1; done"
            )
        )
        print(debian.run("set -ex\n" + "\n".join(start[:1])))
        yield debian
    finally:
        debian.end()


def press(debian: Debian) -> None:
    """A finger that is lifted again, and its punch or its repeat."""
    before = debian.status()["ledger"]["last_seq"]
    # The second one waits until the glass was seen to be empty.
    debian.run("python3 /root/say.py press hoa; python3 /root/say.py press hoa")
    until(lambda: bool(debian.status()["ledger"]["last_seq"] > before), "the entry")
    debian.run("python3 /root/say.py lift")


def restarted(debian: Debian, times: int) -> None:
    until(
        lambda: (
            debian.service("NRestarts") == str(times)
            and debian.service("ActiveState") == "active"
            and debian.status()["sensor"]["state"] == "ready"
        ),
        "the restart",
    )


def _systemd_was_told_that_the_gate_is_up(debian: Debian) -> None:
    assert debian.service("ActiveState") == "active"
    assert debian.service("UnitFileState") == "enabled"
    until(lambda: debian.status()["sensor"]["state"] == "ready", "the sensor")
    assert debian.service("User") == "edge-agent"


def _the_kernel_is_asked_whether_the_clock_is_right(debian: Debian) -> None:
    """And the control: a unit that forbids it is named for what it is."""
    assert "does not say" not in str(debian.status()["clock"]["problem"])

    debian.write("/etc/systemd/system/edge-agent.service.d/a.conf", "[Service]\nProtectClock=yes\n")
    debian.run("systemctl daemon-reload; systemctl restart edge-agent")
    assert "does not say" in debian.status()["clock"]["problem"]
    assert "ProtectClock=no" in debian.status()["clock"]["problem"]
    debian.run("rm -r /etc/systemd/system/edge-agent.service.d; systemctl daemon-reload")
    debian.run("systemctl restart edge-agent")


def _each_entry_names_its_boot(debian: Debian) -> None:
    debian.run("rm -f /root/l.jsonl; edge-agent ledger export /root/l.jsonl")
    boot = debian.run("cat /proc/sys/kernel/random/boot_id").strip().replace("-", "")
    told = (debian.root / "root/l.jsonl").read_text()
    assert boot in told
    assert all(boot in line for line in told.splitlines() if '"gate.alive"' in line)


def _a_daemon_that_is_killed_or_hangs_is_started_again(debian: Debian) -> None:
    until(lambda: debian.status()["sensor"]["state"] == "ready", "the sensor")
    press(debian)
    began = int(debian.service("NRestarts"))
    debian.run(f"kill -9 {debian.service('MainPID')}")
    restarted(debian, began + 1)
    press(debian)
    # Nothing of it runs any more, so nothing feeds the watchdog.
    debian.run(f"kill -STOP {debian.service('MainPID')}")
    restarted(debian, began + 2)
    press(debian)
    assert "Watchdog timeout" in debian.run("journalctl -u edge-agent --no-pager")
    assert "unbroken" in debian.run("edge-agent ledger verify")
    assert "Traceback" not in debian.run("journalctl -u edge-agent --no-pager")


def _a_password_that_only_root_may_read(debian: Debian) -> None:
    """As a credential of systemd's; without it the broker says no."""
    assert debian.status()["uplink"]["state"] == "disconnected"
    [drop_in] = re.findall(r"```ini\n(.*?LoadCredential.*?)```", PAGE.read_text(), re.DOTALL)
    debian.write("/etc/systemd/system/edge-agent.service.d/password.conf", drop_in)
    debian.write("/etc/edge-agent/mqtt-password", "mật khẩu\n")
    debian.run("chown root:root /etc/edge-agent/mqtt-password")
    debian.run("chmod 600 /etc/edge-agent/mqtt-password")
    debian.run("systemctl daemon-reload; systemctl restart edge-agent")
    until(lambda: debian.status()["uplink"]["state"] == "connected", "the uplink")
    assert "mật khẩu" not in json.dumps(debian.status(), ensure_ascii=False)
    assert "mật khẩu" not in debian.run("journalctl --no-pager; cat /proc/*/environ")


def _a_worker_is_enrolled_and_recorded(debian: Debian) -> None:
    print(debian.run("edge-agent workers add NV001 Hoa"))
    assert "exit code 0" in debian.run("python3 /root/follow_the_steps.py")
    press(debian)
    debian.run("rm -f /root/l.jsonl; edge-agent ledger export /root/l.jsonl")
    assert '"punch.recorded"' in (debian.root / "root/l.jsonl").read_text()


def _payroll_confirms_it_from_a_service_of_its_own(debian: Debian) -> None:
    [lines] = [
        block
        for block in page_blocks(RECEIVERS_PAGE)
        if any("enable --now" in line for line in block)
    ]
    put = "printf 'lương\\n' >"
    script = "\n".join(lines).replace("nano ", put)
    script = script.partition("journalctl")[0]
    print(debian.run(f"cd /opt/edge-agent-src; set -ex\n{script}"))

    def confirmed() -> bool:
        ledger = debian.status()["ledger"]
        return bool(ledger["confirmed_seq"] == ledger["last_seq"])

    until(confirmed, "payroll's receipt")
    database = debian.root / "var/lib/edge-agent-receiver/payroll.db"
    assert database.stat().st_mode & 0o777 == 0o600


def _bundle(debian: Debian, folder: Path, version: str, spoilt: str = "") -> str:
    """A signed bundle of this version on a stick; its path there. ``spoilt`` ends the daemon."""
    sources = folder / version / "edge-agent"
    shutil.copytree(debian.root / "opt/edge-agent-src", sources)
    shutil.copytree(debian.root / "opt/wheels", sources / "wheels")
    init, run = sources / "edge_agent/__init__.py", sources / "edge_agent/cli/run.py"
    init.write_text(re.sub('__version__ = ".*"', f'__version__ = "{version}"', init.read_text()))
    run.write_text(run.read_text() + spoilt)
    made = [sources / "systemd/packaging/wheel.sh", sys.executable, sources / "wheels"]
    subprocess.run(made, check=True)
    told = debian.run("python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")'")
    about = {"python": told.strip(), "machine": platform.machine()}
    (sources / "bundle.json").write_text(json.dumps({"version": version, **about}))
    stick = debian.root / f"media/usb/{version}.tar.gz"
    stick.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "czf", stick, "-C", sources.parent, "edge-agent"], check=True)
    stick.with_name(f"{stick.name}.sig").write_bytes(RELEASE.sign(stick.read_bytes()).signature)
    return f"/media/usb/{stick.name}"


_STEPS = ("asked", "stopping", "trying", "returning", "ended")


def _cut_off(debian: Debian, bundle: str, at: str = "counts") -> None:
    """An upgrade whose power is cut at a step of its journal.

    "laid out": while it is, before there is one; "counts": while the new version is tried and
    counts already, and is not up for long enough.
    """
    home = debian.root / "opt/edge-agent"
    journal = home / "upgrade/journal.json"

    def half_laid_out() -> bool:
        return any(not (one / "complete").exists() for one in (home / "versions").iterdir())

    def as_far() -> bool:
        with suppress(FileNotFoundError):
            told = json.loads(journal.read_text())
            if at == "counts":
                new, now = Path(told["new"]), Path(os.readlink(home / "current"))
                return told["step"] == "trying" and new.name == now.name
            return _STEPS.index(told["step"]) >= _STEPS.index(at)
        return False

    reached = half_laid_out if at == "laid out" else as_far
    end = time.monotonic() + 5 * PATIENCE_S
    with ThreadPoolExecutor() as terminal:
        terminal.submit(debian.run, f"edge-agent upgrade {bundle}")
        while not reached():
            assert time.monotonic() < end, at
            time.sleep(0.005)  # Nothing tells of it from within another machine.
        debian.end()
    debian.boot()
    until(lambda: not journal.exists(), "the end of the upgrade")


def _versions_take_over_and_give_way(debian: Debian, folder: Path) -> None:
    def runs(version: str) -> None:
        assert version in debian.run("edge-agent --version")
        until(lambda: debian.status()["sensor"]["state"] == "ready", "the sensor")
        press(debian)
        assert "unbroken" in debian.run("edge-agent ledger verify")

    good = _bundle(debian, folder, "9.1.0")
    assert "public_key" in debian.run(f"edge-agent upgrade {good}")
    key = f'[upgrade]\npublic_key = "{bytes(RELEASE.verify_key).hex()}"\n'
    debian.write("/etc/edge-agent/edge-agent.toml", SETTINGS + key)
    _one_that_was_altered_is_refused(debian, good)
    told = debian.run(f"edge-agent upgrade {good}")
    assert "Version 9.1.0-1 runs" in told, told
    runs("9.1.0")
    told = debian.run("edge-agent upgrade --lang vi --back")
    assert "đang chạy. Quay về bản 9.1.0-1" in told, told
    runs("0.1.0")
    _cut_off(debian, _bundle(debian, folder, "9.1.1"))
    runs("9.1.1")
    assert "9.1.1-1 runs" in debian.run("journalctl -u edge-agent-upgrade -o cat --no-pager")
    assert "0.1.0-1 runs" in debian.run("edge-agent upgrade --back")
    ends = "\nrun.callback = lambda **given: click.get_current_context().exit(1)\n"
    told = debian.run(f"edge-agent upgrade {_bundle(debian, folder, '9.2.0', ends)}")
    assert "Version 9.2.0-1 did not come up (it has ended 3 times)" in told, told
    runs("0.1.0")
    _cut_off(debian, bad := _bundle(debian, folder, "9.2.1", ends))
    runs("0.1.0")
    _cut_off(debian, bad, "returning")
    runs("0.1.0")
    _cut_off(debian, good, "laid out")
    runs("0.1.0")
    for step in ("asked", "stopping", "trying", "ended"):
        _cut_off(debian, good, step)
        runs("")
        if "9.1.0" in debian.run("edge-agent --version"):
            assert "0.1.0-1 runs" in debian.run("edge-agent upgrade --back")
    assert not list(debian.root.glob("opt/edge-agent/upgrade/*.db"))


def _one_that_was_altered_is_refused(debian: Debian, bundle: str) -> None:
    stick = debian.root / bundle.lstrip("/")
    versions = sorted((debian.root / "opt/edge-agent/versions").iterdir())
    whole = stick.read_bytes()
    stick.write_bytes(whole[:-1000] + bytes([whole[-1000] ^ 1]) + whole[-999:])
    assert "Nothing is changed" in debian.run(f"edge-agent upgrade {bundle}")
    assert sorted((debian.root / "opt/edge-agent/versions").iterdir()) == versions
    stick.write_bytes(whole)


def _what_make_bundle_signs_is_taken(debian: Debian, folder: Path) -> None:
    """By the key of a file, as the page on upgrades says, from a stick."""
    key = folder / "release.pem"
    der = bytes.fromhex("302e020100300506032b657004220420") + bytes(RELEASE)
    lines = base64.encodebytes(der).decode()
    key.write_text(f"-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n")
    version = debian.run("python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")'").strip()
    asked = [f"PYTHON_VERSION={version}", f"MACHINE={platform.machine()}", f"KEY={key}"]
    subprocess.run(["make", "-s", "bundle", *asked], cwd=CHECKOUT, check=True)
    for name in ("edge-agent-bundle.tar.gz", "edge-agent-bundle.tar.gz.sig"):
        shutil.copy(CHECKOUT / "dist" / name, debian.root / "media/usb" / name)
    told = debian.run("edge-agent upgrade /media/usb/edge-agent-bundle.tar.gz")
    assert "-2 runs" in told, told
    until(lambda: debian.status()["sensor"]["state"] == "ready", "the sensor")
    press(debian)


def _no_unit_is_refused_what_it_needs(debian: Debian) -> None:
    """Neither Operation not permitted, nor a core, in all that was done."""
    for unit in ("edge-agent", "edge-agent-receiver"):
        told = debian.run(f"journalctl -u {unit} --no-pager")
        assert "not permitted" not in told
        assert "dumped" not in told


def test_a_gate_that_was_installed_as_the_page_says(debian: Debian, tmp_path: Path) -> None:
    """One machine for all, because making it takes a minute or two."""
    _systemd_was_told_that_the_gate_is_up(debian)
    _the_kernel_is_asked_whether_the_clock_is_right(debian)
    _each_entry_names_its_boot(debian)
    _a_daemon_that_is_killed_or_hangs_is_started_again(debian)
    _a_password_that_only_root_may_read(debian)
    _a_worker_is_enrolled_and_recorded(debian)
    _payroll_confirms_it_from_a_service_of_its_own(debian)
    _versions_take_over_and_give_way(debian, tmp_path)
    _what_make_bundle_signs_is_taken(debian, tmp_path)
    _no_unit_is_refused_what_it_needs(debian)
