"""The sensor models, as tables of what differs between them.

Capacities, sizes, boot times and instruction sets are from the makers' manuals (ZFM-20 1.8, ZFM-60,
R307, R503 1.2); a value that no manual gives says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.simulator.fingers import Quality

_PLAIN_CODES = {
    Quality.DRY: 0x07,
    Quality.WET: 0x06,
    Quality.MESSY: 0x06,
    Quality.PARTIAL: 0x07,
    Quality.MOVED: 0x06,
    Quality.GHOST: 0x07,
}
_SYNOCHIP_CODES = _PLAIN_CODES | {Quality.DRY: 0x04, Quality.WET: 0x05, Quality.MOVED: 0x17}

_COMMON = frozenset({*range(0x01, 0x10), 0x12, 0x13, 0x14, 0x15, 0x18, 0x19, 0x1D, 0x1F})
_PORT_CONTROL, _HIGH_SPEED_SEARCH, _SLEEP = 0x17, 0x1B, 0x33


@dataclass(frozen=True)
class Model:
    """One kind of module."""

    name: str
    capacity: int  # slots
    template_size: int = 512  # bytes
    image_size: tuple[int, int] = (256, 288)  # pixels, width and height
    system_id: int = 0x0000
    boot_seconds: float = 0.2
    boot_byte: bool = False  # says 0x55 when it is ready
    touch_active_low: bool | None = None  # None: the module has no touch pin
    touch_after_sleep: bool = False  # feels only after Sleep, and then holds until the next one
    baud_multipliers: frozenset[int] = frozenset(range(1, 13))  # of 9600 baud
    instructions: frozenset[int] = _COMMON | {_PORT_CONTROL, _HIGH_SPEED_SEARCH}
    poor_scan_codes: Mapping[Quality, int] = field(default_factory=lambda: _PLAIN_CODES)
    always_verify: bool = False  # answers 0x21 before VfyPwd even with the default password
    search_after_download: bool = True  # False: Search answers 01 until the next Img2Tz
    takes_blank_template: bool = True  # False: refuses a template whose bytes are all FF


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "r307",
            capacity=1000,
            system_id=0x0009,
            touch_active_low=True,
            always_verify=True,
            search_after_download=False,
        ),
        Model(
            "as608",
            capacity=162,
            system_id=0x2EC8,  # of the module whose log was published, as is the boot byte
            boot_seconds=0.2,  # assumption
            boot_byte=True,
            touch_active_low=False,
            touch_after_sleep=True,  # as on the module whose log was published
            instructions=_COMMON
            | {_PORT_CONTROL, _HIGH_SPEED_SEARCH, _SLEEP}
            | {0x10, 0x11, 0x16, 0x1C, 0x1E},
            poor_scan_codes=_SYNOCHIP_CODES,
        ),
        Model("zfm20", capacity=162, boot_seconds=0.5),
        Model(
            "zfm60",
            capacity=1000,
            boot_seconds=0.3,
            boot_byte=True,
            instructions=_COMMON | {_PORT_CONTROL, _HIGH_SPEED_SEARCH, 0x50, 0x51, 0x52, 0x53},
            always_verify=True,
        ),
        Model(
            "r503",
            capacity=200,
            template_size=1536,
            image_size=(192, 192),
            boot_seconds=0.05,
            boot_byte=True,
            touch_active_low=True,
            baud_multipliers=frozenset({1, 2, 4, 6, 12}),
            instructions=_COMMON
            | {0x16, 0x28, 0x30, 0x31, 0x32, _SLEEP, 0x35, 0x36}
            | {0x39, 0x3A, 0x3C, 0x3D, 0x40},
            takes_blank_template=False,
        ),
    )
}
