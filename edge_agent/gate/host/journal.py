"""The log on stderr, for journald: plain, or one JSON object each line.

journald takes a line for information unless it begins with its priority (sd-daemon(3)), and each
line for a message of its own: so every line of a trace has one. Elsewhere they would only be read.
"""

import logging
import os
import sys
import threading
from types import TracebackType
from typing import Any, Literal

import msgspec

log = logging.getLogger(__name__)

ERROR = 3
"""LOG_ERR of syslog(3)."""

_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, ERROR),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)


def on_the_journal() -> bool:
    """Whether what goes to stderr is read by journald, and not by a person or a pipe."""
    named = os.environ.get("JOURNAL_STREAM", "")
    try:
        # The variable is inherited by whoever sends its stderr elsewhere (systemd.exec(5)).
        file = os.fstat(2)
    except OSError:
        return False
    return named == f"{file.st_dev}:{file.st_ino}"


def with_priority(text: str, priority: int) -> str:
    """``text`` with the priority before each of its lines."""
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class _WithPriority(logging.Formatter):
    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return with_priority(self._inner.format(record), priority)


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
    """Send log lines of level INFO and above to stderr. journald adds the time itself.

    What ends the process or a thread unexpectedly is a line of the log too.
    """
    formatter = _JsonLines() if form == "json" else logging.Formatter("%(levelname)s %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithPriority(formatter) if on_the_journal() else formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.excepthook = _log_end
    threading.excepthook = lambda told: _log_end(told.exc_type, told.exc_value, told.exc_traceback)


def _log_end(kind: type[BaseException], error: Any, trace: TracebackType | None) -> None:
    where = threading.current_thread().name
    log.critical("%s ended unexpectedly", where, exc_info=(kind, error, trace))
