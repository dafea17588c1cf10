"""Ledgers that are closed when their test ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from .gates import Ledger


@pytest.fixture
def new_ledger(tmp_path: Path) -> Iterator[Callable[[int], Ledger]]:
    """Makes a ledger of so many entries; one a test."""
    with ExitStack() as stack:
        yield lambda entries: stack.enter_context(closing(Ledger(tmp_path, entries)))
