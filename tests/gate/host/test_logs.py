"""Log lines, as journald gets them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOGGING = """
import logging, sys, threading
from edge_agent.gate.host.service_manager import log_to_stderr
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


def logged(form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOGGING, form],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b""
    return done.stderr.decode().splitlines()


def test_json_is_an_object_a_line() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged("json")]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error", "info"]
    assert lines[0] == {
        "level": "info",
        "logger": "edge_agent.gate",
        "thread": "MainThread",
        "message": "sensor ready: 127 slots",
    }
    assert lines[1]["message"] == 'two\nlines, "quotes", \x1b[31m and Đ'
    assert lines[2]["message"].startswith("a path that is no text: /")
    assert lines[3]["message"] == "ended unexpectedly"
    assert lines[3]["trace"].startswith("Traceback")
    assert lines[3]["trace"].endswith("ZeroDivisionError: division by zero")
    assert lines[4]["thread"] == "uplink"


def test_plain_is_for_people() -> None:
    lines = logged("plain")
    assert lines[0] == "INFO sensor ready: 127 slots"
    assert "Traceback (most recent call last):" in lines
    assert lines[-1] == "INFO from afar"
