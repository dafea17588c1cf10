"""Log lines, as journald gets them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.patience import PATIENCE_S

LOGGING = """
import logging, sys, threading
from edge_agent.gate.host.journal import log_to_stderr
log_to_stderr(sys.argv[1])
log = logging.getLogger("edge_agent.gate")
log.debug("not this")
log.info("sensor ready: %d slots", 127)
log.warning('two\\nlines, "quotes", \\x1b[31m and \\u0110')
log.error("a path that is no text: %s", b"/\\xff".decode(errors="surrogateescape"))
try:
    1 / 0
except ZeroDivisionError:
    log.exception("ended unexpectedly")
threading.Thread(target=log.info, args=("from afar",), name="uplink").start()
"""


CRASHING = """
import sys, threading
from edge_agent.gate.host.journal import log_to_stderr
log_to_stderr(sys.argv[1])
thread = threading.Thread(target=lambda: 1 / 0, name="uplink")
thread.start()
thread.join()
sys.exit(1 / 0)
"""


def logged(form: str, code: str = LOGGING, *, journal: bool = False) -> list[str]:
    """What is written to stderr, which is the journal's or not."""
    with TemporaryFile() as stderr:
        file = os.fstat(stderr.fileno())
        named = f"{file.st_dev}:{file.st_ino}" if journal else "8:1"
        done = subprocess.run(
            [sys.executable, "-c", code, form],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "JOURNAL_STREAM": named},
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.stdout == b""
        stderr.seek(0)
        return stderr.read().decode().splitlines()


def test_json_is_an_object_a_line() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged("json")]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error", "info"]
    assert lines[0] == {
        "level": "info",
        "logger": "edge_agent.gate",
        "thread": "MainThread",
        "message": "sensor ready: 127 slots",
    }
    assert lines[1]["message"] == 'two\nlines, "quotes", \\x1b[31m and Đ'
    assert lines[2]["message"].startswith("a path that is no text: /")
    assert lines[3]["message"] == "ended unexpectedly"
    assert lines[3]["trace"].startswith("Traceback")
    assert lines[3]["trace"].endswith("ZeroDivisionError")
    assert lines[4]["thread"] == "uplink"


def test_plain_is_for_people() -> None:
    lines = logged("plain")
    assert lines[0] == "INFO sensor ready: 127 slots"
    assert "Traceback (most recent call last):" in lines
    assert lines[-1] == "INFO from afar"


def test_the_journal_is_told_the_priority_of_each_line() -> None:
    """`journalctl -p warning` shows a warning, an error and all of a trace, and nothing else."""
    lines = logged("plain", journal=True)
    assert lines[0] == "<6>INFO sensor ready: 127 slots"
    assert lines[1].startswith("<4>WARNING two\\nlines")
    assert lines[2].startswith("<3>ERROR a path")
    trace = lines[lines.index("<3>Traceback (most recent call last):") : -1]
    assert len(trace) > 2
    assert all(line.startswith("<3>") for line in trace)
    assert lines[-1] == "<6>INFO from afar"


def test_the_journal_gets_json_that_it_can_read() -> None:
    lines = logged("json", journal=True)
    told = [re.fullmatch(r"<(\d)>(.*)", line) for line in lines]
    assert [found and found[1] for found in told] == ["6", "4", "3", "3", "6"]
    assert all(json.loads(found[2]) for found in told if found)


def test_what_ends_a_process_or_a_thread_is_an_error_of_the_log() -> None:
    lines = logged("plain", CRASHING, journal=True)
    assert [line for line in lines if "CRITICAL" in line] == [
        "<2>CRITICAL uplink ended unexpectedly",
        "<2>CRITICAL MainThread ended unexpectedly",
    ]
    assert all(line.startswith("<2>") for line in lines)


@pytest.mark.parametrize("form", ["plain", "json"])
def test_nobody_else_is_told_priorities(form: str) -> None:
    """JOURNAL_STREAM is inherited by whoever sends its stderr elsewhere."""
    assert not [line for line in logged(form) if line.startswith("<")]


FORGED = """
import logging, sys
from edge_agent.gate.host.journal import log_to_stderr
log_to_stderr(sys.argv[1])
log = logging.getLogger("edge_agent.gate")
log.error("gate said: %s", "a\\n<2>CRITICAL all is lost\\r\\x9b2J\\u202egnirts" + "x" * 10_000)
for number in range(1000):
    log.warning("refused: %d", number)
"""


def test_what_others_send_stays_in_its_line_and_is_bounded() -> None:
    lines = logged("plain", FORGED, journal=True)
    assert lines[0].startswith("<3>ERROR gate said: a\\n<2>CRITICAL all is lost\\r\\x9b2J\\u202e")
    assert len(lines[0]) < 2100
    assert not [line for line in lines[1:] if "CRITICAL" in line]


def test_a_flood_of_one_kind_is_thirty_lines_and_its_count() -> None:
    lines = logged("plain", FORGED)
    assert [line for line in lines if line.startswith("WARNING refused")] == [
        f"WARNING refused: {number}" for number in range(30)
    ]
    assert lines[-1] == "WARNING 970 more lines of this kind were left out: refused: %d"


CRASHING_WITH_A_NAME = """
import logging, sys, gc
from edge_agent.gate.host.journal import log_to_stderr
log_to_stderr(sys.argv[1])
log = logging.getLogger("edge_agent.gate")

class Dying:
    def __del__(self):
        raise KeyError("Lo Thi May")

Dying()
gc.collect()
log.info("%d of a line that cannot be written", "Lo Thi May")
try:
    try:
        int("Lo Thi May")
    except ValueError as error:
        raise RuntimeError("Lo Thi May") from error
except RuntimeError:
    log.exception("ended unexpectedly")
sys.exit({}["Lo Thi May"])
"""


@pytest.mark.parametrize("form", ["plain", "json"])
def test_what_went_wrong_is_told_without_what_it_was_about(form: str) -> None:
    text = "\n".join(logged(form, CRASHING_WITH_A_NAME))
    assert "Lo Thi May" not in text
    for told in ("KeyError", "ValueError", "which led to:", "RuntimeError", "could not be written"):
        assert told in text
