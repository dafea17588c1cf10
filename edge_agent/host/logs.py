"""Log lines on stderr, for journald: plain, or one JSON object each."""

import logging
import sys
from typing import Literal

import msgspec


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": _as_text(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = _as_text(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def _as_text(message: str) -> str:
    """What JSON can hold: a path that is no UTF-8 has surrogates in it."""
    return message.encode(errors="backslashreplace").decode()


def log_to_stderr(form: Literal["plain", "json"]) -> None:
    """Send log lines of level INFO and above to stderr. journald adds the time itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines() if form == "json" else logging.Formatter("%(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
