"""All of ``inside/``, in a kernel of its own."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_pins_on_a_real_chip() -> None:
    done = subprocess.run(
        [Path(__file__).with_name("boot.sh")], capture_output=True, text=True, check=False
    )
    if done.returncode == 69:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    print(done.stdout, done.stderr)
    assert done.returncode == 0
