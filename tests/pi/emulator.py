"""A Raspberry Pi 3B in QEMU: its console, its power switch, and the levels at its header.

``-M raspi3b`` with kernel, initrd and device tree of the card's first partition. The first UART
(PL011, /dev/ttyAMA0) is the sensor's line, the second the console. What the kernel drives the
header's pins to is read in the controller's registers (BCM2835 ARM Peripherals, 6.1), not asked of
any program on the Pi.
"""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

MACHINE = "qemu-system-aarch64"

_GPLEV0 = 0x3F200034
_BAUD = "57600"
_FIRST_PARTITION = "4M"

_BOOTS_WITHIN_S = 900
_ANSWERS_WITHIN_S = 300


class Pi:
    """One machine with a copy of the card in ``folder``: what a power cut leaves is on that."""

    def __init__(self, folder: Path, run: Path, sensor: Path) -> None:
        """``sensor`` is the pty at which a sensor answers, ``run`` a short path for sockets."""
        self._folder, self._run, self._sensor = folder, run, sensor
        self._card = run / "card.img"
        subprocess.run(
            ["cp", "--sparse=always", "--reflink=auto", folder / "card.img", self._card], check=True
        )
        self._emulator: subprocess.Popen[bytes] | None = None
        self.console: socket.socket
        """What is typed at it, and what it says; while it is on."""
        self._registers: socket.socket
        self._said = b""
        self._asked = 0

    @property
    def on(self) -> bool:
        """Whether it has power."""
        return self._emulator is not None

    def boot(self) -> float:
        """Switch it on; the seconds until somebody is logged in at the console."""
        began = time.monotonic()
        self.switch_on()
        self._until(rb"root@\S+:[^\n]*# ", _BOOTS_WITHIN_S)
        took = time.monotonic() - began
        self.do("stty -echo cols 400; PS1='# '; export TERM=dumb PAGER=cat SYSTEMD_COLORS=0")
        return took

    def switch_on(self) -> None:
        """Let it boot."""
        for name in ("console", "qtest"):
            (self._run / name).unlink(missing_ok=True)
        told = (self._folder / "cmdline.txt").read_text().strip()
        command = [
            *(MACHINE, "-M", "raspi3b", "-display", "none", "-no-reboot"),
            *("-kernel", self._folder / "vmlinuz", "-initrd", self._folder / "initrd.img"),
            *("-dtb", self._folder / "pi.dtb", "-accel", "tcg,thread=multi"),
            *("-drive", f"if=sd,format=raw,file={self._card},cache=writethrough"),
            *("-append", f"{told} console=ttyS1,115200 systemd.show_status=0"),
            *("-chardev", f"serial,id=line,path={self._sensor}", "-serial", "chardev:line"),
            *("-chardev", f"socket,id=console,path={self._run}/console,server=on,wait=off"),
            *("-serial", "chardev:console", "-monitor", "none"),
            *("-qtest", f"unix:{self._run}/qtest,server=on,wait=off", "-qtest-log", "none"),
        ]
        with (self._run / "emulator.log").open("wb") as log:
            self._emulator = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.console = self._connected("console")
        self._registers = self._connected("qtest")
        # It opens the line at another speed, and its UART never tells it which one is asked for.
        subprocess.run(["stty", "-F", self._sensor, _BAUD], check=True)

    def _connected(self, name: str) -> socket.socket:
        end = time.monotonic() + 60
        while True:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(self._run / name))
            except OSError:
                channel.close()
                assert self._emulator is not None
                if time.monotonic() > end or self._emulator.poll() is not None:
                    raise RuntimeError((self._run / "emulator.log").read_text()) from None
                time.sleep(0.1)
            else:
                return channel

    def put(self, name: str, text: str) -> None:
        """A file on the card's first partition, as a phone puts it there; while it is off."""
        self._on_card("mcopy", "-o", "-", f"::{name}", text=text)

    def take(self, name: str) -> str:
        """What a phone reads there; "" where there is no such file."""
        return self._on_card("mtype", f"::{name}")

    def _on_card(self, tool: str, *arguments: str, text: str | None = None) -> str:
        assert self._emulator is None
        command = [tool, "-i", f"{self._card}@@{_FIRST_PARTITION}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or tool == "mtype", done.stderr
        return done.stdout

    def do(self, command: str, within_s: float = _ANSWERS_WITHIN_S) -> str:
        """What a shell's command prints on the Pi, as root."""
        return "\n".join(self.lines(command, within_s))

    def lines(self, command: str, within_s: float = _ANSWERS_WITHIN_S) -> Iterator[str]:
        """The same, each line as it comes."""
        self._asked += 1
        begins, ends = f"<<{self._asked}", f"{self._asked}>>"
        # Put together there, so that what the console echoes is neither.
        apart = f"echo '<''<{self._asked}'; {{ {command}\n}} 2>&1; echo; echo '{self._asked}>''>'\n"
        self.console.sendall(apart.encode())
        self._until(f"{begins}\r?\n".encode(), within_s)
        end = time.monotonic() + within_s
        while (line := self._until(rb"\r?\n", end - time.monotonic())) != ends:
            if line:
                yield line

    def _until(self, pattern: bytes, within_s: float) -> str:
        """What was said up to there."""
        end = time.monotonic() + within_s
        while not (found := re.search(pattern, self._said)):
            self.console.settimeout(max(0.01, end - time.monotonic()))
            try:
                new = self.console.recv(1 << 16)
            except TimeoutError:
                last = self._said[-1500:].decode(errors="replace")
                raise TimeoutError(f"{pattern!r} did not come: {last}") from None
            if not new:
                raise EOFError(self._said[-500:])
            self._said += new
            with (self._run / "console.log").open("ab") as log:
                log.write(new)
        told, self._said = self._said[: found.start()], self._said[found.end() :]
        return told.decode(errors="replace")

    def lit(self, pin: int) -> bool:
        """Whether a pin of the header (BCM) is high now."""
        self._registers.sendall(f"readl {_GPLEV0:#x}\n".encode())
        told = b""
        while not told.endswith(b"\n"):
            told += self._registers.recv(256)
        return bool(int(told.split()[1], 16) >> pin & 1)

    def cut_power(self) -> None:
        """As by a plug that is pulled."""
        if self._emulator is None:
            return
        self._emulator.kill()
        self._emulator.wait()
        self._emulator = None
        for channel in (self.console, self._registers):
            channel.close()
        self._said = b""


class NotHere(Exception):
    """What is missing on this machine to emulate one."""


def card() -> Path:
    """The folder with a card for it, made where there is none yet. Raises NotHere."""
    if not shutil.which(MACHINE):
        raise NotHere(f"{MACHINE} is not installed")
    script = Path(__file__).with_name("card.sh")
    made = subprocess.run([script], capture_output=True, text=True, check=False)
    told = made.stderr.strip().splitlines()
    if made.returncode == 69:
        raise NotHere(told[-1])
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())
