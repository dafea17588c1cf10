"""A receiver at work on a thread of the test."""

import logging
import queue
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.subscriber import Receiver
from tests.patience import PATIENCE_S


class Running(logging.Handler):
    """Runs a receiver from entry to exit, and hears what it logs.

    An error that ends it is in ``error`` instead of being raised.
    """

    def __init__(self, options: ReceiverOptions) -> None:
        super().__init__()
        self.receiver = Receiver(options)
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._said: queue.Queue[str] = queue.Queue()
        self.lines: list[str] = []
        """All that was logged."""

    def said(self, fact: str) -> str:
        """Wait for the next log line that begins with ``fact``, and return it."""
        while not (line := self._said.get(timeout=PATIENCE_S)).startswith(fact):
            pass
        return line

    def ended(self) -> None:
        """Wait until it has ended by itself."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._said.put(record.getMessage())

    def _run(self) -> None:
        try:
            self.receiver.run(self._stop)
        except Exception as error:
            self.error = error

    def __enter__(self) -> "Running":
        self._log = logging.getLogger("edge_agent.receiver")
        self._level = self._log.level
        self._log.setLevel(logging.INFO)
        self._log.addHandler(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.ended()
        self._log.removeHandler(self)
        self._log.setLevel(self._level)


def settle(store: PayrollStore) -> None:
    """Let a store do what it would in the quiet moments of a long time."""
    for turn in range(1, 100):
        store.update_coverage(turn * 1e6)


def _as_text(cell: Any) -> Any:
    """A time as SQLite has it, and as a gate in Vietnam writes it."""
    if not isinstance(cell, datetime):
        return cell
    return cell.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).isoformat(timespec="milliseconds")


def rows(database: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """What another program reads in the database meanwhile."""
    if str(database).startswith("postgresql://"):
        import psycopg

        with psycopg.connect(str(database), options="-csearch_path=attendance") as connection:
            cursor = connection.execute(sql)
            while cursor.nextset():
                pass  # The answer to the last statement counts.
            found = cursor.fetchall() if cursor.description else []
            return [tuple(map(_as_text, row)) for row in found]
    conn = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return conn.execute(sql).fetchall()
    finally:
        conn.close()
