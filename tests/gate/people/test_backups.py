"""A backup's file: read whole, or refused with what is wrong."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest
from edge_agent.gate.people.templates.backup_file import (
    Backup,
    BadBackup,
    Header,
    Record,
    line_hash,
    read_backup,
    sealed_line,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.sensor.pairing import digest

SEALING = AgeSealing()
KEYS = SEALING.new_keys()
STRANGER = SEALING.new_keys()
PEOPLE = [("NV1", "right-index"), ("NV2", "right-index"), ("NV2", "left-thumb")]


def header(backup: str = "ab" * 16, gate: str = "main-gate") -> Header:
    return Header(
        format="edge-agent-templates",
        version=1,
        backup=backup,
        gate=gate,
        system_id=9,
        prints=len(PEOPLE),
        recipients=[KEYS.recipient],
        at=None,
    )


def template(place: int) -> bytes:
    return bytes([3, 1, place]) * 170 + b"xx"


def records(head: Header) -> list[Record]:
    return [
        Record(
            header=line_hash(head.line()),
            place=place,
            worker=worker,
            name="Nguyễn Thị Lan",
            finger=finger,
            digest=digest(template(place)),
            template=template(place),
        )
        for place, (worker, finger) in enumerate(PEOPLE, 1)
    ]


def seal(record: Record) -> bytes:
    return sealed_line(SEALING.seal(record.line(), [KEYS.recipient]))


def file(head: Header, sealed: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in (head.line(), *sealed))


HEAD = header()
SEALED = [seal(record) for record in records(HEAD)]
GOOD = file(HEAD, SEALED)


def read(content: bytes, identity: str = KEYS.identity) -> Backup:
    return read_backup(content, lambda sealed: SEALING.open(sealed, [identity]))


def test_a_good_one() -> None:
    assert read(GOOD) == Backup(HEAD, records(HEAD))


def test_nothing_of_it_is_shown() -> None:
    shown = f"{read(GOOD)!r}{records(HEAD)!r}"
    assert "\\x03\\x01" not in shown
    assert b"right-index" not in GOOD  # Longer than what chance puts into a cipher text.
    assert "Thị".encode() not in GOOD


@given(st.integers(0, len(GOOD) * 8 - 1))
@settings(max_examples=150, deadline=None)
def test_any_flipped_bit_is_found(bit: int) -> None:
    damaged = bytearray(GOOD)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadBackup):
        read(bytes(damaged))


@given(st.integers(0, len(GOOD) - 1))
@settings(max_examples=50, deadline=None)
def test_any_end_that_is_missing_is_found(length: int) -> None:
    with pytest.raises(BadBackup):
        read(GOOD[:length])


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_other_file_is_none(content: bytes) -> None:
    for hostile in (content, HEAD.line() + b"\n" + content, content + GOOD, GOOD + content):
        if hostile != GOOD:
            with pytest.raises(BadBackup):
                read(hostile)


def resealed(place: int, **other: object) -> bytes:
    """Sealed by somebody who can open it, and changes something."""
    changed = [msgspec.structs.replace(r, **other) for r in records(HEAD) if r.place == place]
    lines = list(SEALED)
    lines[place - 1] = seal(changed[0])
    return file(HEAD, lines)


OTHER = header(backup="cd" * 16)
OLDER = [seal(record) for record in records(OTHER)]
ANOTHER_GATES = header(gate="gate-b")

HOSTILE = {
    "two records change places": (
        file(HEAD, [SEALED[1], SEALED[0], SEALED[2]]),
        "Record 1: it was moved here from place 2",
    ),
    "a record for another's": (
        file(HEAD, [SEALED[0], SEALED[0], SEALED[2]]),
        "Record 2: it was moved here from place 1",
    ),
    "a record of another backup": (
        file(HEAD, [OLDER[0], *SEALED[1:]]),
        "Record 1: it belongs to another backup",
    ),
    "another gate's header": (file(ANOTHER_GATES, SEALED), "Record 1: it belongs to another"),
    "one is left out": (file(HEAD, SEALED[:2]), "It has 2 of its records, and began with 3"),
    "one too many": (file(HEAD, [*SEALED, SEALED[0]]), "It has 4 of its records, and began with 3"),
    "another worker, sealed anew in another's place": (
        resealed(1, worker="NV2", name="x"),
        "It has the right-index of NV2 twice",
    ),
    "another template": (resealed(1, template=template(9)), "not the one that its digest names"),
    "another model's": (
        resealed(1, template=b"x" * 768, digest=digest(b"x" * 768)),
        "different sizes",
    ),
    "no finger": (resealed(1, finger="nose"), "is no print"),
    "no code": (resealed(1, worker="../x"), "is no print"),
    "no name": (resealed(1, name="a\nb"), "is no print"),
    "no digest": (resealed(1, digest=b"", template=None), "is no print"),
    "a newer version": (GOOD.replace(b'"version":1', b'"version":2'), "of version 2"),
    "another format": (GOOD.replace(b"edge-agent-t", b"edge-agent-x"), "does not begin like"),
    "a bomb of brackets": (b"[" * 100_000 + b"\n", "does not begin like"),
    "a line without end": (file(HEAD, [b"A" * 100_000] * 3), "Record 1: it is damaged"),
    "no base64": (file(HEAD, [b"*" * 40] * 3), "Record 1: it is damaged"),
    "no end of the last line": (GOOD[:-1], "Its end is missing"),
    "nothing": (b"", "Its end is missing"),
}


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(content: bytes, said: str) -> None:
    with pytest.raises(BadBackup) as refused:
        read(content)
    assert said in str(refused.value)


def test_the_wrong_key_is_told_from_damage() -> None:
    with pytest.raises(BadBackup, match="sealed to other keys than this one"):
        read(GOOD, STRANGER.identity)
    with pytest.raises(BadRequest, match="no secret key of age"):
        read(GOOD, "AGE-SECRET-KEY-1NONSENSE")
