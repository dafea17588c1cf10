"""A sealed file is whole and readable, or it is not said to be there."""

from pathlib import Path

import pytest

from edge_agent.cli import sealed_files
from edge_agent.contract.errors import EdgeAgentError


def test_its_lines_are_in_it_as_they_were_given(tmp_path: Path) -> None:
    with sealed_files.new_sealed_file(tmp_path / "sealed") as lines:
        lines += [b"header", b"record"]
    assert (tmp_path / "sealed").read_bytes() == b"header\nrecord\n"


def test_a_medium_that_gives_back_something_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sealed_files.read_file
    monkeypatch.setattr(sealed_files, "read_file", lambda path: read(path)[:-2] + b"?\n")
    with (
        pytest.raises(EdgeAgentError, match="medium is broken"),
        sealed_files.new_sealed_file(tmp_path / "sealed") as lines,
    ):
        lines.append(b"header")


def test_where_sealing_fails_there_is_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(EdgeAgentError, match="the sensor is gone"),
        sealed_files.new_sealed_file(tmp_path / "sealed"),
    ):
        raise EdgeAgentError("the sensor is gone")
    assert list(tmp_path.iterdir()) == []
