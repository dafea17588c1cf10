"""A card for a Raspberry Pi, put together twice: the same bytes, and what a Pi looks for is there.

Half an hour the first time, then minutes. That it starts: tests/pi.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.alone, pytest.mark.timeout(2 * 3600)]

SCRIPT = Path(__file__).parents[2] / "systemd/image/image.sh"


def made() -> Path:
    done = subprocess.run([SCRIPT], capture_output=True, text=True, check=False)
    if done.returncode == 69:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def digest(image: Path) -> str:
    with image.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def on_boot(image: Path, name: str, folder: Path) -> Path:
    """A file of the first partition."""
    subprocess.run(["mcopy", "-n", "-i", f"{image}@@4M", f"::{name}", folder], check=True)
    return folder / name


def on_state(image: Path, name: str) -> str:
    """A file of the third partition, on which /etc lies."""
    done = subprocess.run(["sfdisk", "-J", image], capture_output=True, text=True, check=True)
    start = json.loads(done.stdout)["partitiontable"]["partitions"][2]["start"]
    command = ["debugfs", "-R", f"cat {name}", f"{image}?offset={start * 512}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout, done.stderr
    return done.stdout


def told(*asked: str) -> str:
    """What fdtget says of a device tree."""
    done = subprocess.run(["fdtget", *asked], capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Path:
    return made()


@pytest.mark.parametrize(
    "tree", ["bcm2837-rpi-3-b.dtb", "bcm2837-rpi-zero-2-w.dtb", "bcm2711-rpi-4-b.dtb"]
)
def test_the_good_uart_is_at_the_headers_pins(image: Path, tree: str, tmp_path: Path) -> None:
    board = on_boot(image, tree, tmp_path)
    uart, other, pins = "/soc/serial@7e201000", "/soc/serial@7e215040", "/soc/gpio@7e200000"
    listed = told("-l", str(board), pins).split()
    [group] = {"uart0_gpio14", "uart0-gpio14"}.intersection(listed)
    phandle = told("-t", "x", str(board), f"{pins}/{group}", "phandle")
    assert phandle
    assert told("-t", "x", str(board), uart, "pinctrl-0") == phandle
    assert told(str(board), f"{pins}/{group}", "brcm,pins") == "14 15"
    assert told("-l", str(board), uart) == ""
    assert told(str(board), other, "status") == "disabled"


def test_the_firmware_finds_what_it_starts(image: Path, tmp_path: Path) -> None:
    config = on_boot(image, "config.txt", tmp_path).read_text()
    assert "kernel=vmlinuz\n" in config
    assert "initramfs initrd.img " in config
    for name in ("vmlinuz", "initrd.img", "bootcode.bin", "start.elf", "start4.elf", "gate.toml"):
        assert on_boot(image, name, tmp_path).stat().st_size > 0


def test_what_is_upgraded_is_debian_s_and_comes_to_the_disk(image: Path) -> None:
    """Nothing of the machine that made it: its mirror, and packages that are not synced."""
    sources = on_state(image, "/etc/apt/sources.list").splitlines()
    assert [line.split()[2] for line in sources] == [
        *("bookworm", "bookworm-updates", "bookworm-security")
    ]
    assert all(".debian.org/" in line for line in sources)
    settings = on_state(image, "/etc/dpkg/dpkg.cfg.d/99mmdebstrap")
    assert "path-exclude" in settings
    assert "unsafe" not in settings


def test_the_same_bytes_each_time(image: Path) -> None:
    first = digest(image)
    aside = image.with_suffix(".first")
    image.rename(aside)
    try:
        assert digest(made()) == first
    finally:
        aside.unlink()
