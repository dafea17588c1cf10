"""Does the card keep what it says that it has written, and the clock go on, when the power is cut?

In two runs, with a power cut of the whole Pi between them: ``--card FILE``, twice.
"""

import os
import time
from pathlib import Path

import pytest

from .facts import Facts
from .person import Person

_EACH_S = 0.2
_LONGEST_S = 600.0


def test_a_power_cut(person: Person, facts: Facts, pytestconfig: pytest.Config) -> None:
    file: Path | None = pytestconfig.option.card
    if file is None:
        pytest.skip("nobody cuts this machine's power: --card FILE, on the card")
    if not file.exists():
        _write_until_the_end(file, person)
    kept, stamp = _last(file)
    seen = person.number("Which was the last number that you saw before the power went?")
    gone = time.time() - stamp
    facts.note("card after a power cut", f"has {kept}, of {seen} that were seen")
    facts.note("clock after a power cut", f"{gone:.0f} s after the last number")
    file.unlink()
    assert kept >= seen, (
        f"The card said that it had written up to {seen}, and has {kept}: it lies. Take an "
        "industrial one with protection against power loss."
    )
    assert gone >= 0, (
        "The clock goes after the last number that was written: there is no RTC, or its battery is "
        "empty (docs/technician/drawings.md, Clock)."
    )


def _write_until_the_end(file: Path, person: Person) -> None:
    person.told(
        "Numbers come now. Cut the power of the whole Pi while they run, and remember the last one "
        "that you saw. Then give it power, without a network, and start the same command again."
    )
    number, until = 0, time.monotonic() + _LONGEST_S
    folder = os.open(file.parent, os.O_RDONLY)
    with file.open("xb", buffering=0) as written:
        os.fsync(folder)
        while time.monotonic() < until:
            number += 1
            written.write(f"{number} {time.time():.3f}\n".encode())
            os.fsync(written.fileno())
            person.told(str(number))
            time.sleep(_EACH_S)
    file.unlink()
    pytest.fail(f"Nobody cut the power within {_LONGEST_S / 60:.0f} minutes: start again.")


def _last(file: Path) -> tuple[int, float]:
    """The last number that is there whole, and when it was written; (0, 0.0) without any."""
    whole = [line.split() for line in file.read_bytes().split(b"\n")[:-1]]
    found = [(int(line[0]), float(line[1])) for line in whole if len(line) == 2]
    return found[-1] if found else (0, 0.0)
