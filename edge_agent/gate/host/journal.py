"""The log on stderr, for journald: plain, or one JSON object each line.

journald takes a line for information unless it begins with its priority (sd-daemon(3)), and each
line for a message of its own: so every line of a trace has one. Elsewhere they would only be read.

Whatever is logged, nothing that others sent gets out of its line, fills the disk, or comes in by an
exception's text: what a library says of a value may quote it.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Any, Literal, NamedTuple

import msgspec

from ...contract.told import Sparing, escaped, rule

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


class _PlainLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname} {escaped(record.getMessage())}"
        return "\n".join([line, *_trace(record)])


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": escaped(record.getMessage(), lines=True),
        }
        if trace := _trace(record):
            line["trace"] = "\n".join(trace)
        return msgspec.json.encode(line).decode()


def _trace(record: logging.LogRecord) -> list[str]:
    """Where an error came from, line by line, and of which type it is: its text may quote what it
    is about, so of that stands here only what is known to quote nothing.
    """
    lines: list[str] = []
    error = record.exc_info[1] if record.exc_info else None
    while error is not None and len(lines) < _MOST_TRACED:
        frames = traceback.extract_tb(error.__traceback__)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        told = [f'  File "{one.filename}", line {one.lineno}, in {one.name}' for one in frames]
        kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        why = rule(error) if isinstance(error, Exception) else kind
        told.append(kind if why == type(error).__name__ else f"{kind}: {why}")
        lines[:0] = told if not lines else [*told, "which led to:"]
        error = cause
    header = ["Traceback (most recent call last):"] if lines else []
    return header + [escaped(line) for line in lines]


_MOST_TRACED = 200
"""Lines: a recursion that had no end has a thousand."""


class _Kind(NamedTuple):
    """Lines that differ in nothing but their values."""

    logger: str
    level: int
    message: str
    traced: bool


class _Handler(logging.StreamHandler[Any]):
    """Lets MOST_ALIKE lines of one kind through in a minute, and says how many more there were."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(sys.stderr)
        self._now = now
        self._sparing: Sparing[_Kind] = Sparing(MOST_ALIKE)

    def emit(self, record: logging.LogRecord) -> None:
        now = self._now()
        kind = _Kind(record.name, record.levelno, str(record.msg), record.exc_info is not None)
        met = self._sparing.count(kind, now)
        self._say_untold(now)
        if met is None:
            return
        if met > 1:
            self._say_more(kind, met - 1)
        super().emit(record)

    def close(self) -> None:
        """At the end of the process."""
        self._say_untold(inf)
        super().close()

    def _say_untold(self, now: float) -> None:
        for kind, met in self._sparing.untold(now):
            self._say_more(kind, met)

    def _say_more(self, kind: "_Kind", left_out: int) -> None:
        """The message without its values: those are not told again."""
        more, told = "%d more lines of this kind were left out: %s", (left_out, kind.message)
        super().emit(logging.LogRecord(kind.logger, kind.level, "", 0, more, told, None))

    def handleError(self, record: logging.LogRecord) -> None:
        """logging would print what the line was to hold."""
        if where := record.pathname:  # Of a line of our own, nothing more can be said.
            what = "a line of the log could not be written: %s:%d"
            args = where, record.lineno
            super().emit(logging.LogRecord(record.name, logging.ERROR, "", 0, what, args, None))


MOST_ALIKE = 30
"""Lines of one kind in a minute: a loose plug's whole story, and no flood."""


def log_to_stderr(form: Literal["plain", "json"]) -> None:
    """Send log lines of level INFO and above to stderr. journald adds the time itself.

    What ends the process or a thread unexpectedly is a line of the log too.
    """
    formatter = _JsonLines() if form == "json" else _PlainLines()
    handler = _Handler(time.monotonic)
    handler.setFormatter(_WithPriority(formatter) if on_the_journal() else formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.excepthook = _log_end
    threading.excepthook = lambda told: _log_end(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _log_end(told.exc_type, told.exc_value, told.exc_traceback)


def _log_end(kind: type[BaseException], error: Any, trace: TracebackType | None) -> None:
    where = threading.current_thread().name
    log.critical("%s ended unexpectedly", where, exc_info=(kind, error, trace))
