"""The image's first process, up to where it has found its card."""

import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

INIT = Path(__file__).parents[3] / "systemd/image/init"

BUSYBOX = """#!/bin/sh
# A second goes by with each sleep; the card comes after as many as are stated.
case $1 in
sleep)
    read -r up rest <uptime
    echo "$((${up%.*} + 1)).00 0.00" >uptime
    ;;
ls)
    read -r up rest <uptime
    [ "${up%.*}" -ge CARD ] && echo /dev/mmcblk0p3
    ;;
esac
"""


@pytest.mark.parametrize(("card", "lines"), [(29, 0), (40, 2)])
def test_a_card_without_its_third_partition_is_told_once(
    tmp_path: Path, card: int, lines: int
) -> None:
    (tmp_path / "uptime").write_text("1.00 0.00\n")
    busybox = tmp_path / "busybox"
    busybox.write_text(BUSYBOX.replace("CARD", str(card)))
    busybox.chmod(0o755)
    waits = INIT.read_text().partition("$b modprobe -q crc32c_generic")[0]
    for real, here in (
        ("/bin/busybox", "./busybox"),
        ("/proc/uptime", "uptime"),
        (">/dev/console", ">>console"),
    ):
        assert real in waits
        waits = waits.replace(real, here)
    (tmp_path / "console").touch()
    subprocess.run(["sh", "-c", waits], cwd=tmp_path, check=True, timeout=PATIENCE_S)
    assert (tmp_path / "console").read_text().count("Edge Agent: ") == lines
