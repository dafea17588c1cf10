"""A shift at a tea factory: who arrives, and what goes wrong meanwhile. All names are made up."""

import random
from collections.abc import Iterator
from enum import Enum, auto

from msgspec import Struct

from ..contract.people import Worker

WORKERS = tuple(
    Worker(code=f"NV{number:04d}", name=name)
    for number, name in enumerate(
        (
            "Nguyễn Thị Hoa",
            "Trần Văn Minh",
            "Lê Thị Hương",
            "Phạm Đức Long",
            "Hoàng Thị Mai",
            "Vũ Quang Huy",
            "Đặng Thị Lan",
            "Bùi Văn Sơn",
            "Ma Thị Nhung",
            "Triệu Văn Páo",
            "Nông Thị Thắm",
            "Dương Hữu Phúc",
        ),
        start=1,
    )
)

STRANGER = "a-visitor"
"""A finger that nobody enrolled."""

_OUTAGE = (5, 9)
"""The broker goes away before this arrival of each round, and comes back before that one."""


class Scene(Enum):
    """What happens next at the gate."""

    ARRIVES = auto()
    PRESSES_AGAIN = auto()
    STRANGER = auto()
    BROKER_GOES = auto()
    BROKER_RETURNS = auto()


class Act(Struct, frozen=True):
    """One scene, and whose it is."""

    scene: Scene
    worker: Worker | None = None


def arrivals(rng: random.Random) -> Iterator[Act]:
    """Rounds without end in which everybody passes once, in another order each time."""
    while True:
        for place, worker in enumerate(rng.sample(WORKERS, len(WORKERS))):
            if place == _OUTAGE[0]:
                yield Act(Scene.BROKER_GOES)
            if place == _OUTAGE[1]:
                yield Act(Scene.BROKER_RETURNS)
            yield Act(Scene.ARRIVES, worker)
            if place == 2:
                yield Act(Scene.STRANGER)
            if place in (3, 7):
                yield Act(Scene.PRESSES_AGAIN, worker)
