"""A gate on an emulated Pi from its card's image on, whose power is cut again and again.

One gate lives through all of it: set up, enrolled, pressed on, replaced, upgraded. Whenever, and
in whatever, the power fails: each green is at payroll once. ``PI_CUTS`` says how often (10). Takes
half an hour of a machine of its own, and at the first time as much again for the card.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from .bench import AMBER, GREEN, RED, Bench
from .emulator import NotHere, card

pytestmark = [pytest.mark.long, pytest.mark.alone, pytest.mark.timeout(3 * 3600)]

_ARMED_WITHIN_S = 1800
_TIMED_WITHIN_S = 600
_OFF_BY_S = 10
"""A lamp is seen, and the clock set, by a machine that is slow."""

_CHECKOUT = Path(__file__).parents[2]
_CUTS = int(os.environ.get("PI_CUTS", "10"))


def _share(of_ten: int) -> int:
    """How many cuts fall to a test that has so many of ten."""
    return max(1, _CUTS * of_ten // 10)


_AT_PAYROLL = """/usr/bin/python3 - <<'END'
import json, sqlite3
payroll = sqlite3.connect("file:/var/lib/edge-agent-receiver/payroll.db?mode=ro", uri=True)
rows = payroll.execute("SELECT ledger, seq, code, at FROM punches WHERE state IN "
                       "('valid', 'pending-time', 'no-time') ORDER BY 1, 2")
print(json.dumps(rows.fetchall()))
END"""

_ALL_CONFIRMED = """until edge-agent status --json | /usr/bin/python3 -c '
import json, sys
ledger = json.load(sys.stdin)["ledger"]
sys.exit(ledger["confirmed_seq"] != ledger["last_seq"])'; do sleep 1; done"""

_PLANT = """cd /opt/edge-agent/current/venv/lib/python3*/site-packages/edge_agent
cat >>gate/touch/credit.py <<'END'
{code}
END
rm -f gate/touch/__pycache__/credit.*
cd"""

_GREEN_FIRST = """
_record = Credit._record_punch
def _shown_first(self, accepted, stamp):
    worker, seq = accepted.proof.worker, self._gate.store.tail().seq + 1
    self._show(PanelShown(outcome=Outcome.RECORDED, worker=worker, seq=seq), stamp)
    return _record(self, accepted, stamp)
Credit._record_punch = _shown_first"""

_HANGS = """
_unhung = Credit._record_punch
def _hung(self, accepted, stamp):
    import os, time
    while os.path.exists("/run/edge-agent/hang"):
        time.sleep(1)
    return _unhung(self, accepted, stamp)
Credit._record_punch = _hung"""

_SYNCHRONISED = """date -s @{now:.3f}
/usr/bin/python3 - <<'END'
import ctypes
class Timex(ctypes.Structure):
    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long),
                ("status", ctypes.c_int), ("rest", ctypes.c_char * 256)]
ADJ_MAXERROR, ADJ_ESTERROR, ADJ_STATUS, STA_PLL = 4, 8, 16, 1
told = Timex(modes=ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS, status=STA_PLL)
print("clock state", ctypes.CDLL(None).adjtimex(ctypes.byref(told)))
END"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A Pi with a new card, which nobody has filled in yet."""
    try:
        folder = card()
    except NotHere as why:
        pytest.skip(str(why))
    with TemporaryDirectory(prefix="pi-") as run, Bench(folder, Path(run)) as bench:
        bench.settings = re.sub(r'ssh-ed25519 [^"]*', _technicians_key(Path(run)), bench.settings)
        yield bench


def _technicians_key(folder: Path) -> str:
    """Of a pair that is made there, ``key``, the half that is told."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True
    )
    return (folder / "key.pub").read_text().strip()


@pytest.fixture
def gate(bench: Bench) -> Bench:
    """The gate that it has become, with Hoa enrolled, switched on."""
    if not bench.pi.on:
        bench.pi.put("gate.toml", bench.settings)
        bench.boot()
    if "NV001" not in bench.pi.do("edge-agent workers list"):
        bench.pi.do("edge-agent workers add NV001 Hoa")
        print(told := bench.enrol("NV001", "hoa"))
        assert "slot" in told
        assert not any(bench.pi.lit(pin) for pin in (GREEN, AMBER, RED))
    return bench


def _at_payroll(bench: Bench) -> list[tuple[str, int, str, str | None]]:
    """The punches that payroll has, once it has everything: each green once.

    A press of which the lamp was not seen any more may be there as well, one for each cut; it makes
    good for no green that is missing later.
    """
    bench.pi.do(_ALL_CONFIRMED, 900)
    punches = [tuple(row) for row in json.loads(bench.pi.do(_AT_PAYROLL))]
    print(f"{bench.greens} greens, {len(punches)} punches at payroll, {bench.cuts} cuts")
    assert len({punch[:2] for punch in punches}) == len(punches)
    assert bench.greens + bench.unseen <= len(punches) <= bench.greens + bench.cuts
    bench.unseen = len(punches) - bench.greens
    return punches


def test_systemd_arms_the_boards_watchdog(bench: Bench) -> None:
    bench.pi.switch_on(watchdog=True)
    ended = bench.pi.ends_by_itself(_ARMED_WITHIN_S)
    bench.pi.cut_power()
    assert ended


def test_a_new_card_becomes_a_gate_whenever_the_power_fails(bench: Bench) -> None:
    random = Random(17)
    bench.pi.put("gate.toml", bench.settings.replace('country = "VN"', 'country = "Vietnam"'))
    began = time.monotonic()
    bench.pi.boot()
    bench.pi.do("until systemctl is-failed -q edge-agent-setup; do sleep 1; done")
    read = time.monotonic() - began
    assert bench.pi.do("systemctl is-active edge-agent; ls /etc/edge-agent") == "inactive"
    bench.pi.cut_power()
    told = bench.pi.take("gate.result.txt")
    assert "Chưa thay đổi gì cả" in told
    assert "[wifi] country" in told

    bench.pi.put("gate.toml", bench.settings)
    for _ in range(_share(2)):
        bench.pi.switch_on()
        time.sleep(read * random.uniform(0.3, 1.2))
        bench.cut_power()
        print("cut off: gate.toml", "waits" if bench.pi.take("gate.toml") else "has been read")
    bench.boot()
    assert bench.pi.do("hostname") == "main-gate"
    assert bench.pi.do("ls /boot | grep -c '^gate.toml'") == "0"
    assert "khong-ai-biet" not in bench.pi.do("cat /boot/gate.*")
    assert "main-gate is set up" in bench.pi.do("cat /boot/gate.result.txt")
    assert "psk=khong-ai-biet" in bench.pi.do("cat /etc/NetworkManager/system-connections/wifi*")
    assert "ssh-ed25519" in bench.pi.do("cat /home/technician/.ssh/authorized_keys")


def test_what_is_not_the_gates_state_is_never_written(gate: Bench) -> None:
    for place in ("/", "/usr/bin", "/boot"):
        assert "Read-only file system" in gate.pi.do(f"touch {place}/new")
    assert gate.pi.do("swapon --show") == ""
    assert gate.pi.do("ls -d /var/log/journal 2>/dev/null") == ""
    assert int(gate.pi.do("df --output=size -BM /state | tail -1").strip(" M")) > 2000


def test_the_technician_comes_by_the_files_key_and_nobody_by_another_way(gate: Bench) -> None:
    key = (gate.pi.run / "key").read_text()
    gate.pi.do(f"umask 077; cat >/root/key <<'END'\n{key}END")
    ssh = "ssh -q -o StrictHostKeyChecking=no -o BatchMode=yes"
    assert gate.pi.do(f"{ssh} -i /root/key technician@localhost sudo -n id -u") == "0"
    for way in ("technician@localhost", "-i /root/key root@localhost"):
        assert gate.pi.do(f"{ssh} {way} id -u; echo $?") == "255"
    ways = gate.pi.do(f"{ssh} -v -i /dev/null technician@localhost id -u 2>&1 | grep continue")
    assert set(re.findall(r"can continue: (\S+)", ways)) == {"publickey"}


def test_the_wifi_of_the_file_is_joined(gate: Bench) -> None:
    """Two radios of the kernel's (mac80211_hwsim): one is the factory's, the other finds it."""
    gate.pi.do(
        "modprobe mac80211_hwsim radios=2; until nmcli -t -f DEVICE device | grep -q wlan1;"
        " do sleep 1; done; nmcli connection add type wifi ifname wlan1 con-name factory ssid"
        " 'Nhà máy chè' 802-11-wireless.mode ap wifi-sec.key-mgmt wpa-psk wifi-sec.psk"
        " khong-ai-biet ipv4.method manual ipv4.addresses 10.9.0.1/24;"
        " nmcli connection up factory"
    )
    # Nobody gives out an address: what comes before that is what the file is for.
    gate.pi.do(
        "until journalctl -b -u NetworkManager -o cat |"
        " grep -q 'wlan0.*Connected to wireless network .Nhà máy chè'; do sleep 1; done",
        600,
    )
    gate.pi.do("nmcli connection delete factory; modprobe -r mac80211_hwsim")


def test_each_green_is_at_payroll_once_whenever_the_power_fails(gate: Bench) -> None:
    random = Random(18)
    for cut in range(_share(3)):
        if cut % 2:
            gate.cut_at_green("hoa")
        else:
            gate.press_on("hoa", random.uniform(8, 25))
            gate.cut_power()
        gate.boot()
        assert "unbroken" in gate.pi.do("edge-agent ledger verify")
    _at_payroll(gate)


def test_an_enrolment_that_is_cut_off_is_whole_or_none(gate: Bench) -> None:
    random = Random(19)
    for number in range(_share(2)):
        code, finger = f"NV1{number:02}", f"finger-{number}"
        gate.pi.do(f"edge-agent workers add {code} W{number}")
        print(gate.enrol(code, finger, prompts=random.randint(1, 5)))
        if not gate.pi.on:
            gate.boot()
        print(told := gate.enrol(code, finger))
        assert "slot" in told or "already" in told
        before = set(_at_payroll(gate))
        gate.press(finger)
        gate.press("hoa")
        assert sorted(punch[2] for punch in set(_at_payroll(gate)) - before) == ["NV001", code]


def test_a_ledger_that_takes_over_counts_nothing_twice(gate: Bench) -> None:
    random = Random(20)
    for _ in range(_share(1)):
        before = {punch[0] for punch in _at_payroll(gate)}
        gate.pi.do("rm -f /root/*.db; edge-agent ledger backup /root")
        gate.press("hoa")
        _at_payroll(gate)
        gate.pi.do(
            "systemctl stop edge-agent; cd /var/lib/edge-agent; rm gate.db*; install -o edge-agent"
            " -g edge-agent -m 0600 /root/*.db gate.db; cd; systemctl start --no-block edge-agent"
        )
        time.sleep(random.uniform(0, 40))
        gate.cut_power()
        gate.boot()
        gate.press("hoa")
        assert {punch[0] for punch in _at_payroll(gate)} > before


def test_an_upgrade_that_is_cut_off_leaves_a_gate(gate: Bench) -> None:
    random = Random(21)
    # A version before this one, to go back to.
    gate.pi.do(
        "cd /opt/edge-agent; now=$(readlink current); other=${now%-*}-9; cp -a $now $other;"
        " grep -rlIF /opt/edge-agent/$now $other/venv/bin $other/venv/pyvenv.cfg |"
        " xargs sed -i s,/opt/edge-agent/$now/,/opt/edge-agent/$other/,g;"
        " ln -sfn $other previous; sync; cd",
        900,
    )
    for _ in range(_share(2)):
        gate.pi.do("systemd-run -q --unit=asked edge-agent upgrade --back")
        time.sleep(random.uniform(5, 120))
        gate.cut_power()
        gate.boot()
        gate.pi.do("while [ -e /opt/edge-agent/upgrade/journal.json ]; do sleep 1; done", 900)
        print(gate.pi.do("readlink /opt/edge-agent/current; edge-agent --version"))
        gate.press("hoa")
        _at_payroll(gate)


@pytest.mark.skipif(_CUTS <= 10, reason="a quarter of an hour more: PI_CUTS=50")
def test_a_signed_bundle_that_is_cut_off_is_taken(gate: Bench, tmp_path: Path) -> None:
    key, bundle = tmp_path / "release.key", _CHECKOUT / "dist/edge-agent-bundle.tar.gz"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    python = gate.pi.do("/usr/bin/python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")'")
    asked = [f"PYTHON_VERSION={python}", "MACHINE=aarch64", f"KEY={key}"]
    subprocess.run(["make", "-s", "bundle", *asked], cwd=_CHECKOUT, check=True)
    public = subprocess.check_output(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"])
    gate.pi.do(
        f"printf '\\n[upgrade]\\npublic_key = \"{public[-32:].hex()}\"\\n'"
        " >>/etc/edge-agent/edge-agent.toml; sync"
    )
    gate.pi.shut_down()
    gate.pi.put_into_opt(bundle, bundle.with_name(f"{bundle.name}.sig"))
    gate.boot()
    before = gate.pi.do("readlink /opt/edge-agent/current")
    command = f"--unit=asked edge-agent upgrade /opt/{bundle.name}"
    gate.pi.do(f"systemd-run -q {command}")
    time.sleep(Random(22).uniform(5, 120))
    gate.cut_power()
    gate.boot()
    print(gate.pi.do(f"systemd-run -q --wait --pipe {command}", 3600))
    gate.press("hoa")
    _at_payroll(gate)
    assert gate.pi.do("readlink /opt/edge-agent/current") != before


def test_a_thread_that_hangs_is_noticed_and_presses_go_on(gate: Bench) -> None:
    gate.pi.do(_PLANT.format(code=_HANGS))
    gate.pi.do(
        "mkdir -p /run/systemd/system/edge-agent.service.d; echo '[Service]\nWatchdogSec=60'"
        " >/run/systemd/system/edge-agent.service.d/watchdog.conf; systemctl daemon-reload"
    )
    gate.restart()
    gate.press("hoa")
    # Goes with the daemon, as all in its folder there.
    gate.pi.do("date +%s >/run/began; touch /run/edge-agent/hang")
    gate.tell_sensor("lift")
    time.sleep(3)
    gate.tell_sensor("press hoa")
    gate.pi.do(
        "until journalctl --since @$(cat /run/began) -u edge-agent -o cat |"
        " grep -q 'atchdog timeout'; do sleep 1; done",
        600,
    )
    gate.tell_sensor("lift")
    gate.wait_until_in_use("journalctl --since @$(cat /run/began)")
    gate.press("hoa")
    _at_payroll(gate)
    # So short a time is for what hangs, not for an emulated processor that has much to do.
    gate.pi.do("rm -r /run/systemd/system/edge-agent.service.d; systemctl daemon-reload")
    gate.restart()


def test_what_was_pressed_without_a_clock_has_its_time_once_there_is_one(gate: Bench) -> None:
    before, pressed = {punch[:2] for punch in _at_payroll(gate)}, list[float]()

    def pressed_now() -> None:
        gate.press("hoa")
        pressed.append(time.time())
        time.sleep(7)

    def times() -> list[str | None]:
        return [punch[3] for punch in _at_payroll(gate) if punch[:2] not in before]

    for _ in range(3):
        pressed_now()
    assert times() == [None] * 3
    print(gate.pi.do("date"), gate.pi.do(_SYNCHRONISED.format(now=time.time())))
    pressed_now()
    end = time.monotonic() + _TIMED_WITHIN_S
    while None in (told := times()):
        assert time.monotonic() < end, told
    off = [
        datetime.fromisoformat(at).timestamp() - when
        for at, when in zip(told, pressed, strict=True)
        if at is not None
    ]
    print("seconds off:", off)
    assert max(map(abs, off)) < _OFF_BY_S


def test_a_lamp_before_the_commit_is_noticed(gate: Bench) -> None:
    """The control: with that planted, greens are missing at payroll."""
    gate.pi.do(_PLANT.format(code=_GREEN_FIRST))
    gate.restart()
    for _ in range(_CUTS // 2):
        gate.cut_at_green("hoa")
        gate.boot()
        try:
            _at_payroll(gate)
        except AssertionError:
            return
    pytest.fail("no green was lost")
