"""A template taken out of the sensor into a sealed file, and put back, is as good as before."""

import time
from pathlib import Path

import pytest

from edge_agent.cli.sealed_files import open_backup, read_file
from edge_agent.contract.atomic_file import new_private_file
from edge_agent.gate.people.templates.backup_file import (
    FORMAT,
    VERSION,
    Backup,
    BadBackup,
    Header,
    Record,
    line_hash,
    sealed_line,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.pairing import digest

from .enrolment import Enrolled
from .facts import Facts
from .glass import Glass


def test_a_template_survives_a_backup(
    enrolled: Enrolled,
    sensor: FingerprintSensor,
    info: SensorInfo,
    glass: Glass,
    facts: Facts,
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    template = sensor.read_template(enrolled.slot)
    read = time.monotonic()
    facts.note("template", f"{len(template)} bytes")  # Never its content.
    backup = _through_a_file(tmp_path, template, info)
    assert backup.header.system_id == info.system_id
    [record] = backup.records
    assert record.template == template, "The backup's file holds another template: report this."
    glass.press(enrolled.finger)
    sensor.search()
    steady = {sensor.read_template(enrolled.slot) for _ in range(5)} == {template}
    # Without that a gate cannot tell a module that was exchanged by its templates.
    facts.note("template after a match", "the same bytes, 5 times" if steady else "OTHER BYTES")
    sensor.erase(enrolled.slot)
    glass.press(enrolled.finger)
    assert sensor.search() is None, "A finger that was erased is still found: replace the sensor."
    wrote = time.monotonic()
    sensor.write_template(enrolled.slot, record.template)
    facts.note(
        "template moved",
        f"out in {(read - began) * 1000:.0f} ms, in and proved in "
        f"{(time.monotonic() - wrote) * 1000:.0f} ms",
    )
    glass.press(enrolled.finger)
    match = sensor.search()
    assert match is not None, (
        "A template that was put back is not recognised: press again, flat; if it stays so, this "
        "module's templates cannot be backed up."
    )
    assert match.slot == enrolled.slot, (
        f"It was found in slot {match.slot} instead of {enrolled.slot}: replace the sensor."
    )
    glass.clear()


def _through_a_file(folder: Path, template: bytes, info: SensorInfo) -> Backup:
    """The template as the gate's own commands write and read it, sealed to a key of this test's.

    Not by these commands themselves: they would pair the sensor with a gate that is not its own.
    """
    sealing = AgeSealing()
    keys = sealing.new_keys()
    key, file = folder / "key.txt", folder / "templates.backup"
    key.write_text(keys.identity)
    header = Header(
        format=FORMAT,
        version=VERSION,
        backup="0" * 32,
        gate="hw-tests",
        system_id=info.system_id,
        prints=1,
        recipients=[keys.recipient],
        at=None,
    )
    record = Record(
        header=line_hash(header.line()),
        place=1,
        worker="0",
        name="hw-tests",
        finger="right-index",
        digest=digest(template),
        template=template,
    )
    sealed = sealed_line(sealing.seal(record.line(), [keys.recipient]))
    with new_private_file(file) as out:
        out.write(header.line() + b"\n" + sealed + b"\n")
    assert template[:16] not in file.read_bytes(), "A template is in the file as it is: report this"
    damaged = folder / "damaged.backup"
    damaged.write_bytes(read_file(file).replace(b"hw-tests", b"hw-tested"))
    with pytest.raises(BadBackup):
        open_backup(damaged, key, sealing)
    return open_backup(file, key, sealing)
