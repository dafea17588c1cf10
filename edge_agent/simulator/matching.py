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
_WORN_FACTOR = 0.42  # a worn finger is refused about every third time at level 3
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
        return round(math.exp(_IMPOSTOR.inv_cdf(chance)))
    worn = Quality.WORN in (first.quality, second.quality)
    return round(math.exp(_GENUINE.inv_cdf(chance)) * (_WORN_FACTOR if worn else 1))


def _uniform(one: bytes, other: bytes) -> float:
    """A number in (0, 1) that two templates alone decide."""
    digest = hashlib.blake2b(one + other, digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64
