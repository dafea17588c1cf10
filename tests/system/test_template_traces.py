"""After a backup hardly a trace of a template is in the daemon's memory, and no core is written.

The whole memory of the process is searched, freed or not, for any part of any template: as the
sensor sends it, and as JSON has it.
"""

import re
import resource
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.gate.people.templates.backup_file import read_backup
from edge_agent.gate.people.templates.sealing import AgeSealing
from tests.other_user import needs_root

from .gate import Gate, Part

KEYS = AgeSealing().new_keys()
PART = 24
"""Bytes that are searched for: what is shorter is told by nobody from chance."""

FEW = 5
"""Of some 700 parts that are looked for: a packet that Python has freed (docs/templates.md)."""

AS_IT_IS = "from edge_agent.__main__ import main; main()"
UNWIPED = f"from edge_agent.gate.host import memory as m; m.wipe = lambda *_: None; {AS_IT_IS}"


def memory_of(process: int) -> Iterator[bytes]:
    """All that it may write to, and so all that it has ever taken in."""
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            if found := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line):
                begin, end = (int(address, 16) for address in found.groups())
                memory.seek(begin)
                yield memory.read(end - begin)


def parts_of(template: bytes) -> Iterator[bytes]:
    for whole in (template, b64encode(template)):
        for at in range(0, len(whole) - PART, 4 * PART):
            if len(set(part := whole[at : at + PART])) >= 8:  # Empty stretches are everywhere.
                yield part


def traces(daemon: Part, templates: list[bytes]) -> int:
    """How many parts of templates are there."""
    wanted = {part for template in templates for part in parts_of(template)}
    assert len(wanted) > 5 * len(templates)
    # No part is as many zeros, which are most of it: so they need not all be searched.
    memory = re.sub(rb"\0{%d,}" % PART, bytes(PART), b"".join(memory_of(daemon.process.pid)))
    assert b"edge_agent" in memory
    return sum(part in memory for part in wanted)


def begin(gate: Gate, code: str) -> Part:
    return gate.start(sys.executable, "-c", code, "run", "--config", str(gate.config))


def templates_in(backup: Path) -> list[bytes]:
    read = read_backup(
        backup.read_bytes(), lambda sealed: AgeSealing().open(sealed, [KEYS.identity])
    )
    return [record.template for record in read.records if record.template is not None]


@needs_root
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(AS_IT_IS, id="as it is"),
        pytest.param(UNWIPED, id="the control", marks=pytest.mark.long),
    ],
)
def test_hardly_a_trace_of_a_template_stays_in_memory(
    gate: Gate, tmp_path: Path, code: str
) -> None:
    backup = tmp_path / "templates.backup"
    daemon = begin(gate, code)
    made = gate.cli("templates", "backup", str(backup), "--recipient", KEYS.recipient)
    assert made.code == 0, made.err
    templates = templates_in(backup)
    assert len(templates) > 2
    after_backup = traces(daemon, templates)
    if code == AS_IT_IS:
        assert after_backup <= FEW
    else:
        assert after_backup > FEW


@needs_root
def test_no_core_is_written_of_a_daemon_that_is_run_by_hand(gate: Gate) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    daemon = begin(gate, AS_IT_IS)
    limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


PR_GET_DUMPABLE = 3

SAYS = f"""
import atexit, ctypes, resource, sys
from edge_agent.__main__ import main
del sys.argv[1 : 1 + sys.argv.index("edge_agent")]
def tell():
    limit, _ = resource.getrlimit(resource.RLIMIT_CORE)
    print(limit, ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}), file=sys.stderr)
atexit.register(tell)
main()
"""


@pytest.mark.parametrize(
    ("command", "limit_and_dumpable"),
    [
        pytest.param(("workers", "list"), "0 1", id="that reads"),
        pytest.param(("enroll", "NV001", "--finger", "right-index"), "0 0", id="without a daemon"),
    ],
)
def test_no_core_is_kept_of_a_command(
    gate: Gate, command: tuple[str, ...], limit_and_dumpable: str
) -> None:
    before = _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        said = gate.cli(*command, prefix=(sys.executable, "-c", SAYS))
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    assert said.err.splitlines()[-1] == limit_and_dumpable
