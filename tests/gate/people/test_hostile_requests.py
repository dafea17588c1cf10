"""No line on the control socket, and no backup, ends the gate's thread."""

from contextlib import suppress
from random import Random
from typing import Any, Union

import msgspec
import pytest

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.gate.people.handlers import HANDLERS
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AddPunch,
    AddWorker,
    DeactivateWorker,
    RenameWorker,
    Request,
    VoidPunch,
)
from edge_agent.gate.people.templates.backup_file import Header, Record, read_header, read_record
from tests.gate.fakes import LAN, Site
from tests.hostile_json import hostile

from .asking import ask

SOUND: list[Request] = [
    AddWorker(code="NV9", name="Nông Thị Thắm", force=True),
    RenameWorker(code=LAN.code, name="Nông Thị Thắm", force=True),
    ActivateWorker(code=LAN.code),
    DeactivateWorker(code=LAN.code),
    VoidPunch(seq=1, reason="forgot-to-press"),
    AddPunch(code=LAN.code, at="2026-11-23T07:00:00+07:00", reason="no-power", direction="in"),
]
HEADER = Header(
    format="edge-agent-templates",
    version=1,
    backup="b",
    gate="main-gate",
    system_id=9,
    prints=1,
    recipients=["age1"],
    at=None,
)
RECORD = Record(
    header="0" * 64,
    place=1,
    worker=LAN.code,
    name=LAN.name,
    finger="right-thumb",
    digest=bytes(32),
    template=None,
)
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Union[(*HANDLERS,)])


def plain(struct: msgspec.Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(struct))


def fuzz(first: int, inputs: int) -> None:
    site = Site()
    for seed in range(first, first + inputs):
        random = Random(seed)
        if seed % 500 == 0:
            site = Site()
        site.clock.now += 1
        request = None
        with suppress(ValueError, RecursionError):  # What the control socket answers.
            request = _requests.decode(hostile(random, plain(random.choice(SOUND))))
        if type(request) in map(type, SOUND):
            with suppress(EdgeAgentError):
                ask(site.gate, request)  # type: ignore[arg-type]
        with suppress(BadRequest):
            header = read_header(hostile(random, plain(HEADER)))
            assert 0 <= header.prints < 2**53
        with suppress(BadRequest):
            read_record(None, hostile(random, plain(RECORD)))


def test_hostile_requests_and_backups() -> None:
    fuzz(0, 1500)


@pytest.mark.long
def test_a_hundred_thousand_hostile_requests_and_backups() -> None:
    fuzz(0, 100_000)


@pytest.mark.parametrize("seq", [0, -1, 2**53, 2**63, 10**30])
def test_an_entry_that_no_ledger_has_is_no_request(seq: int) -> None:
    """SQLite knows no number of more than 64 bits."""
    with pytest.raises(msgspec.ValidationError):
        _requests.decode(b'{"ask": "void-punch", "reason": "no-power", "seq": %d}' % seq)
