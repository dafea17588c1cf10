"""Fingers: what a NAME on the glass looks like to a sensor, as synthetic templates and images.

A name is the same finger for ever: its identity is a digest of the name and of nothing else.
What the sensor makes of a capture (a template, an image) carries that identity, the quality of the
press and a number of its own, sealed by a digest over all bytes. So a template is recognised after
it has travelled to another simulated sensor, and a corrupted one is nobody's.

Of scores only this is published: false accept < 0.001 % and false reject < 1 % at security level 3
(ZFM-20 and R503 manuals), and genuine scores from 60 to 275 in logs of real modules. Both
distributions and the other thresholds are fitted to that and are assumptions.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from statistics import NormalDist

_TEMPLATE_START = b"\x03\x01"  # seen on a real R307
_FINGER_BYTES = 16
_NONCE_BYTES = 8
_SEAL_BYTES = 16
_RECORD_BYTES = _FINGER_BYTES + 1 + _NONCE_BYTES


class Quality(Enum):
    """How a finger meets the glass."""

    GOOD = "good"
    DRY = "dry"
    WET = "wet"
    MESSY = "messy"
    PARTIAL = "partial"
    WORN = "worn"
    MOVED = "moved"
    FAINT = "faint"  # read, as after a scan that was too poor, with lower scores
    GHOST = "ghost"  # no finger at all: sunlight, which no touch output senses


_QUALITIES = list(Quality)

_GENUINE = NormalDist(math.log(128), 0.22)  # 60 and 275 are both 3.5 sigma away
_IMPOSTOR = NormalDist(math.log(6), 0.36)  # 50 is 5.9 sigma away: 1000 comparisons still pass
_FACTORS = {
    Quality.WORN: 0.42,  # refused about every third time at level 3
    Quality.FAINT: 0.8,  # refused about every thousandth time
}
_SAME_TEMPLATE = 500  # a template against itself; no log shows one

THRESHOLDS = {1: 25, 2: 35, 3: 50, 4: 60, 5: 75}
"""Lowest score that passes, by security level 1-5."""


@dataclass(frozen=True)
class Features:
    """What a capture holds: whose finger, how well pressed, and which capture it was."""

    finger: bytes
    quality: Quality
    nonce: bytes


def capture(name: str, quality: Quality, number: int, seed: int) -> Features:
    """The features of the `number`-th capture of a sensor that was started with `seed`."""
    finger = hashlib.blake2b(name.encode(), digest_size=_FINGER_BYTES).digest()
    nonce = hashlib.blake2b(f"{seed} {number}".encode(), digest_size=_NONCE_BYTES).digest()
    return Features(finger, quality, nonce)


def merge(first: Features, second: Features) -> Features | None:
    """The model of two captures of one finger; None where the fingers differ (RegModel)."""
    if first.finger != second.finger:
        return None
    nonce = hashlib.blake2b(first.nonce + second.nonce, digest_size=_NONCE_BYTES).digest()
    worst = max(first.quality, second.quality, key=lambda quality: quality is not Quality.GOOD)
    return Features(first.finger, worst, nonce)


def to_template(features: Features, size: int) -> bytes:
    """A template of `size` bytes."""
    record = _TEMPLATE_START + _record(features)
    filler = hashlib.shake_128(record).digest(size - len(record) - _SEAL_BYTES)
    return _seal(record + filler)


def from_template(template: bytes) -> Features | None:
    """The features inside a template; None where its bytes are not as a sensor made them."""
    if not template.startswith(_TEMPLATE_START) or not _is_sealed(template):
        return None
    return _read_record(template[len(_TEMPLATE_START) :])


def to_image(features: Features, width: int, height: int) -> bytes:
    """An image of 4 bits a pixel, row by row, the left pixel in the high half of its byte."""
    record = _record(features)
    ridges = _ridges(features.finger, width, height)
    return _seal(record + ridges[len(record) : -_SEAL_BYTES])


def from_image(image: bytes) -> Features | None:
    """The features inside an image; None where it is not one that a simulated sensor took."""
    return _read_record(image) if _is_sealed(image) else None


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


def _record(features: Features) -> bytes:
    return features.finger + bytes([_QUALITIES.index(features.quality)]) + features.nonce


def _read_record(data: bytes) -> Features | None:
    finger, rest = data[:_FINGER_BYTES], data[_FINGER_BYTES:_RECORD_BYTES]
    if len(rest) < 1 + _NONCE_BYTES or rest[0] >= len(_QUALITIES):
        return None  # sealed, but something else: a template sent as an image
    return Features(finger, _QUALITIES[rest[0]], rest[1:])


def _seal(body: bytes) -> bytes:
    return body + hashlib.blake2b(body, digest_size=_SEAL_BYTES).digest()


def _is_sealed(data: bytes) -> bool:
    body, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    return hashlib.blake2b(body, digest_size=_SEAL_BYTES).digest() == seal


@lru_cache(maxsize=16)
def _ridges(finger: bytes, width: int, height: int) -> bytes:
    """A spiral of dark ridges around a core that each finger has elsewhere."""
    core_x = width * (0.35 + finger[0] / 850)
    core_y = height * (0.35 + finger[1] / 850)
    turns, pitch = finger[2] % 4, 1.2 + finger[3] / 640

    def shade(x: int, y: int) -> int:
        distance = math.hypot(x - core_x, (y - core_y) * 0.8)
        angle = math.atan2(y - core_y, x - core_x)
        return round(7.5 + 7.5 * math.sin(distance / pitch + turns * angle))

    return bytes(
        shade(x, y) << 4 | shade(x + 1, y) for y in range(height) for x in range(0, width, 2)
    )


def _uniform(one: bytes, other: bytes) -> float:
    """A number in (0, 1) that two templates alone decide."""
    digest = hashlib.blake2b(one + other, digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64
