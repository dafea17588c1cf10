"""Replay a recording into thousands of power cuts."""

import multiprocessing
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .disk import Disk
from .examine import Examiner, Promises
from .power_cut import MODES, crash
from .record import Recording
from .trace import events

_PROCESSES = 2

_MEMORY = Path("/dev/shm")


@dataclass
class Tally:
    """How many different states were examined, and what was wrong with some of them."""

    states: int = 0
    moments: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.states += other.states
        self.moments += other.moments
        self.broken += other.broken
        self.examples = (self.examples + other.examples)[:10]


def replay(recording: Recording, states: int, seed: int, every: int = 1) -> Tally:
    """Examine at least ``states`` crash states, spread evenly over the moments of a recording.

    ``every``: of one moment in so many.
    """
    moments = sum(1 for _ in _moments(recording)) // every
    total = Tally()
    context = multiprocessing.get_context("spawn")
    # Some moments have fewer different outcomes than they are asked for.
    each = -(-states // moments)
    with ProcessPoolExecutor(_PROCESSES, mp_context=context) as pool:
        round_ = 0
        while total.states < states and round_ < 10:
            shares = [
                pool.submit(_share, recording, share, each, every, f"{seed} {round_} {share}")
                for share in range(_PROCESSES)
            ]
            for done in shares:
                total.add(done.result())
            round_ += 1
    return total


def _moments(recording: Recording) -> Iterator[Disk]:
    """The disk after each event that changes what a power cut may leave behind."""
    disk = Disk()
    for event in events(recording.traces, recording.folder, recording.promises):
        if disk.follow(event):
            yield disk


def _share(recording: Recording, share: int, each: int, every: int, seed: str) -> Tally:
    """Every ``_PROCESSES``-th of those moments, ``each`` states of it."""
    dice = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        examiner = Examiner(Path(folder), recording.settings, recording.whole)
        for number, disk in enumerate(_moments(recording)):
            if number % every or number // every % _PROCESSES != share:
                continue
            tally.moments += 1
            said = Promises(disk.promised, disk.greens, disk.repeats)
            seen = set()
            for turn in range(1 if disk.settled else each):
                mode = MODES[(number // every // _PROCESSES + turn) % len(MODES)]
                state = crash(disk, mode, dice)
                key = hash(tuple(sorted(state.items())))
                if key in seen:
                    continue
                seen.add(key)
                tally.states += 1
                for wrong in examiner.broken_promises(state, said):
                    tally.broken[mode] += 1
                    if len(tally.examples) < 10:
                        tally.examples.append(f"moment {number}, {mode}, {said}: {wrong}")
    return tally
