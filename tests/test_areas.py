"""Areas of tests: named by a folder or a file, once each."""

from pathlib import Path

import pytest

from . import areas, conftest


def told(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = areas.main(name)
    return code, *capsys.readouterr()


def test_an_area_is_every_folder_and_file_that_is_named_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = told("touch", capsys)

    assert code == 0
    assert {"tests/gate/touch", "tests/simulator/test_touch.py", "tests/system/test_touch.py"} <= {
        *out.split()
    }
    assert err == f"touch: {out}"


def test_what_stands_in_another_of_the_same_name_runs_once(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("gate/lamp/test_lamp.py", "gate/test_lamp.py", "gate/test_lamps.py"):
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setattr(areas, "TESTS", tmp_path / "tests")

    assert told("lamp", capsys)[1].split() == ["tests/gate/lamp", "tests/gate/test_lamp.py"]


def test_an_unknown_area_is_told_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = told("tuch", capsys)

    assert (code, out) == (2, "")
    assert err.startswith("There is no area of tests that is called 'tuch'.\nThe folders: ")
    assert " touch," in err
    assert " enroll," in err


@pytest.mark.parametrize("place", conftest.SYSTEM + conftest.SLOW)
def test_what_plain_pytest_leaves_out_is_there(place: str) -> None:
    name, _, test = place.partition("::")
    path = areas.TESTS / name

    assert path.exists()
    assert not test or f"def {test}" in path.read_text()
