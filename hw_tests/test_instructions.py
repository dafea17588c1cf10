"""Every instruction that the gate uses, one after the other, and what the sensor says to it."""

from collections.abc import Callable
from functools import partial

from edge_agent.gate.errors import SensorFault, SensorRefused
from edge_agent.gate.ports import Buffer
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import (
    AURA_LED_CONFIG,
    CANCEL,
    HANDSHAKE,
    INSTRUCTIONS,
    PORT_CONTROL,
    READ_PRODUCT_INFO,
)

from .enrolment import Enrolled
from .facts import Facts
from .glass import Glass

_PAGE = 14  # of the notepad; the gate uses 15

_EXTRAS = (
    (PORT_CONTROL, {"on": 1}),
    (HANDSHAKE, {}),
    (CANCEL, {}),
    (AURA_LED_CONFIG, {"control": 1, "speed": 128, "colour": 2, "times": 3}),  # breathes blue
    (READ_PRODUCT_INFO, {}),
)
"""What only some modules have, with arguments."""

_OPTIONAL = {row.name for row in INSTRUCTIONS.values() if row.without}
"""Without these a gate works, with less."""


def test_every_instruction(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass, facts: Facts
) -> None:
    glass.press(enrolled.finger)
    slot = enrolled.slot
    note = b""
    template = b""

    def read_note() -> None:
        nonlocal note
        note = sensor.read_notepad(_PAGE)

    def read_template() -> None:
        nonlocal template
        template = sensor.read_template(slot)

    steps: list[tuple[str, Callable[[], object]]] = [
        ("VfyPwd, TemplateCount", sensor.recover),
        ("GenImg", sensor.capture),
        ("Img2Tz", lambda: sensor.extract(Buffer.ONE)),
        ("HighSpeedSearch or Search", sensor.search),
        ("UpImage", sensor.read_image),
        ("Img2Tz 2", lambda: sensor.extract(Buffer.TWO)),
        ("RegModel", sensor.merge),
        ("Store", lambda: sensor.store(slot)),
        ("ReadIndexTable", sensor.slots),
        ("LoadChar, UpChar", read_template),
        ("DownChar, Store", lambda: sensor.write_template(slot, template)),
        ("ReadNotepad", read_note),
        ("WriteNotepad", lambda: sensor.write_notepad(_PAGE, note[::-1])),
        ("WriteNotepad", lambda: sensor.write_notepad(_PAGE, note)),
        *((row.name, partial(sensor._link.ask, row, **arguments)) for row, arguments in _EXTRAS),
        ("DeletChar", lambda: sensor.erase(slot)),
        ("Sleep", sensor.sleep),
    ]
    refused = {}
    for name, step in steps:
        try:
            step()
        except SensorRefused as fault:
            refused[name] = f"code {fault.code:02X}"
        except SensorFault as fault:
            refused[name] = type(fault).__name__
        if name in refused:
            sensor.recover()
    facts.note(
        "instructions refused",
        ", ".join(f"{name} ({why})" for name, why in refused.items()) or "none",
    )
    glass.clear()
    missing = refused.keys() - _OPTIONAL
    assert not missing, (
        f"The sensor refused {', '.join(sorted(missing))}: a gate cannot work with it. Note the "
        "codes in the report, and try another module."
    )
