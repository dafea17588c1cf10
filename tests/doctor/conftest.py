"""Fixtures of the doctor's tests."""

from pathlib import Path

import pytest

from .staging import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A machine of this test's own, with nothing on it."""
    return Stage(tmp_path)
