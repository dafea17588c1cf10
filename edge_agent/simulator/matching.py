"""Scores of two templates, and the score that each security level asks for.

Published are only: false accept < 0.001 % and false reject < 1 % at security level 3 (ZFM-20 and
R503 manuals), and genuine scores from 60 to 275 in logs of real modules. Both distributions and
the other thresholds are fitted to that and are assumptions.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

from edge_agent.simulator.fingers import Quality, from_template

_GENUINE = NormalDist(math.log(128), 0.22)  # 60 and 275 are both 3.5 sigma away
_IMPOSTOR = NormalDist(math.log(6), 0.36)  # 50 is 5.9 sigma away: 1000 comparisons still pass
_FACTORS = {
    Quality.WORN: 0.42,  # refused about every third time at level 3
    Quality.FAINT: 0.8,  # refused about every thousandth time
}
_SAME_TEMPLATE = 500  # a template against itself; no log shows one

THRESHOLDS = {1: 25, 2: 35, 3: 50, 4: 60, 5: 75}
"""Lowest score that passes, by security level 1-5."""


def compare(one: bytes, other: bytes) -> int:
    """The score of two templates: the same for the same bytes, in either order, on any sensor."""
    first, second = from_template(one), from_template(other)
    if first is None or second is None:
        return 0
    if one == other:
        return _SAME_TEMPLATE
    chance = _uniform(min(one, other), max(one, other))
    if first.finger != second.finger:
        return impostor_score(chance)
    worst = min(_FACTORS.get(quality, 1.0) for quality in (first.quality, second.quality))
    return genuine_score(chance, worst)


def genuine_score(chance: float, factor: float = 1.0) -> int:
    """The score of two captures of one finger, of a ``chance`` in (0, 1)."""
    return round(math.exp(_GENUINE.inv_cdf(chance)) * factor)


def impostor_score(chance: float) -> int:
    """The score of captures of two fingers."""
    return round(math.exp(_IMPOSTOR.inv_cdf(chance)))


def _uniform(one: bytes, other: bytes) -> float:
    """A number in (0, 1) that two templates alone decide."""
    digest = hashlib.blake2b(one + other, digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64
