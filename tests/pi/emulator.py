"""A Raspberry Pi 3B in QEMU: its console, its power switch, and the levels at its header.

``-M raspi3b`` with kernel, initrd and device tree of the card's first partition. The first UART
(PL011, /dev/ttyAMA0) is the sensor's line, the second the console. What the kernel drives the
header's pins to is read in the controller's registers (BCM2835 ARM Peripherals, 6.1), not asked of
any program on the Pi.
"""

import json
import re
import shutil
import socket
import subprocess
import threading
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
        self._folder, self._sensor = folder, sensor
        self.run = run
        """Where its card, its sockets and what it said are."""
        self._card = run / "card.img"
        subprocess.run(
            ["cp", "--sparse=always", "--reflink=auto", folder / "card.img", self._card], check=True
        )
        self._emulator: subprocess.Popen[bytes] | None = None
        self._console: socket.socket
        self._registers: socket.socket
        self._listener: threading.Thread
        self._said = b""
        self._silent = False
        """Says nothing any more."""
        self._heard = threading.Condition()
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

    def switch_on(self, *, watchdog: bool = False) -> None:
        """Let it boot. An emulated ``watchdog`` ends the machine as soon as systemd arms it."""
        for name in ("console", "qtest"):
            (self.run / name).unlink(missing_ok=True)
        told = (self._folder / "cmdline.txt").read_text().strip()
        told += "" if watchdog else " systemd.watchdog_sec=off"
        command = [
            *(MACHINE, "-M", "raspi3b", "-display", "none", "-no-reboot"),
            *("-kernel", self._folder / "vmlinuz", "-initrd", self._folder / "initrd.img"),
            *("-dtb", self._folder / "pi.dtb", "-accel", "tcg,thread=multi"),
            *("-drive", f"if=sd,format=raw,file={self._card},cache=writethrough"),
            *("-append", f"{told} console=ttyS1,115200 systemd.show_status=0"),
            *("-chardev", f"serial,id=line,path={self._sensor}", "-serial", "chardev:line"),
            *("-chardev", f"socket,id=console,path={self.run}/console,server=on,wait=off"),
            *("-serial", "chardev:console", "-monitor", "none"),
            *("-qtest", f"unix:{self.run}/qtest,server=on,wait=off", "-qtest-log", "none"),
        ]
        with (self.run / "emulator.log").open("wb") as log:
            self._emulator = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._console = self._connected("console")
        self._silent = False
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self._registers = self._connected("qtest")
        # It opens the line at another speed, and its UART never tells it which one is asked for.
        subprocess.run(["stty", "-F", self._sensor, _BAUD], check=True)

    def _listen(self) -> None:
        """At all times: what nobody takes from the console stops the machine, after 300 signs."""
        with (self.run / "console.log").open("ab", buffering=0) as log:
            while True:
                try:
                    new = self._console.recv(1 << 16)
                except ConnectionResetError:
                    new = b""
                log.write(new)
                with self._heard:
                    self._said += new
                    self._silent = not new
                    self._heard.notify()
                if not new:
                    return

    def _connected(self, name: str) -> socket.socket:
        end = time.monotonic() + 60
        while True:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(self.run / name))
            except OSError:
                channel.close()
                assert self._emulator is not None
                if time.monotonic() > end or self._emulator.poll() is not None:
                    raise RuntimeError((self.run / "emulator.log").read_text()) from None
                time.sleep(0.1)
            else:
                return channel

    def put(self, name: str, text: str) -> None:
        """A file on the card's first partition, as a phone puts it there; while it is off."""
        self._on_card("mcopy", "-o", "-", f"::{name}", text=text)

    def take(self, name: str) -> str:
        """What a phone reads there; "" where there is no such file."""
        return self._on_card("mtype", f"::{name}")

    def put_into_opt(self, *files: Path) -> None:
        """Files as a stick would bring them, at ``/opt`` of the partition that is written; after a
        shutdown, for a journal is not played back here."""
        assert self._emulator is None
        told = subprocess.check_output(["sfdisk", "--json", self._card])
        start = json.loads(told)["partitiontable"]["partitions"][2]["start"]
        for file in files:
            asked = ["debugfs", "-w", "-R", f'write "{file}" /opt/{file.name}']
            subprocess.run([*asked, f"{self._card}?offset={start * 512}"], check=True)

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
        self.type(apart.encode())
        self._until(f"{begins}\r?\n".encode(), within_s)
        end = time.monotonic() + within_s
        while (line := self._until(rb"\r?\n", end - time.monotonic())) != ends:
            if line:
                yield line

    def _until(self, pattern: bytes, within_s: float) -> str:
        """What was said up to there."""
        end = time.monotonic() + within_s
        with self._heard:
            while not (found := re.search(pattern, self._said)):
                if self._silent:
                    raise EOFError(self._said[-500:])
                if not self._heard.wait(end - time.monotonic()):
                    last = self._said[-1500:].decode(errors="replace")
                    raise TimeoutError(f"{pattern!r} did not come: {last}")
            told, self._said = self._said[: found.start()], self._said[found.end() :]
        return told.decode(errors="replace")

    def type(self, what: bytes) -> None:
        """At its console."""
        self._console.sendall(what)

    def heard(self) -> bytes | None:
        """What the console has said since; None once it says nothing any more."""
        with self._heard:
            new, self._said = self._said, b""
            return None if self._silent and not new else new

    def lit(self, pin: int) -> bool:
        """Whether a pin of the header (BCM) is high now."""
        self._registers.sendall(f"readl {_GPLEV0:#x}\n".encode())
        told = b""
        while not told.endswith(b"\n"):
            told += self._registers.recv(256)
        return bool(int(told.split()[1], 16) >> pin & 1)

    def ends_by_itself(self, within_s: float) -> bool:
        """Whether it does."""
        assert self._emulator is not None
        try:
            self._emulator.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def shut_down(self) -> None:
        """As somebody does who has the time."""
        self.type(b"systemctl reboot\n")
        assert self.ends_by_itself(_BOOTS_WITHIN_S)
        self.cut_power()

    def cut_power(self) -> None:
        """As by a plug that is pulled."""
        if self._emulator is None:
            return
        self._emulator.kill()
        self._emulator.wait()
        self._emulator = None
        self._listener.join()
        for channel in (self._console, self._registers):
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
