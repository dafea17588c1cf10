"""Fixtures of the store's tests."""

import functools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

from .ledgers import Faulty, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store in a new file of its own."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    """From now on, every connection is one that fails when told to."""
    monkeypatch.setattr(Faulty, "at_commit", "")
    monkeypatch.setattr(Faulty, "refused_opens", 0)
    connect = functools.partial(sqlite3.connect, factory=Faulty)
    monkeypatch.setattr(sqlite3, "connect", connect)
    return Faulty
