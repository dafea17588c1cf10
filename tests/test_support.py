"""``edge-agent support``: all that helps, and nobody in it."""

import json
import os
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edge_agent import cli
from edge_agent.cli import support
from edge_agent.cli.support_scrub import Scrub
from edge_agent.contract.people import Worker
from tests.gate.ledger.ledgers import append, later, open_store, punch

HOA, MAY, CALL = "Nguyễn Thị Hoa", "Lò Thị Mây", "anh Đức 0912345678"
PASSWORD, PIN = "chua-ai-biet-77", "48151623"
TEMPLATE = bytes(range(200, 232))
AS_TYPED = ("nv0042", "phieu_NV0042", "LÒ THỊ MÂY", "lo thi may")
CANARIES = (
    HOA,
    MAY,
    CALL,
    *AS_TYPED,
    "Nguyen Thi Hoa",
    "NV0042",
    "B-77",
    PASSWORD,
    PIN,
    TEMPLATE.hex(),
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gate with people in every place where somebody may stand."""
    (tmp_path / "password").write_text(PASSWORD)
    os.chmod(tmp_path / "password", 0o600)
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "control.sock"\n'
        f'[sensor]\nport = "{tmp_path}/sensor"\n[display]\ncall = "{CALL}"\n'
        '[mqtt]\nusername = "main-gate"\npassword_file = "password"\nport = 1\n'
    )
    with closing(open_store(tmp_path)) as store:
        for code, name in (("NV0042", HOA), ("B-77", MAY)):
            with store.changing() as change:
                change.put_worker(Worker(code=code, name=name))
        append(store, punch("NV0042"), later(0))
    return config


def bundle(config: Path, *options: str, name: str = "x.zip") -> Result:
    file = str(config.parent / name)
    line = ["--lang", "en", "support", file, "--config", str(config), *options]
    return CliRunner().invoke(cli.main, line)


def contents(config: Path, name: str = "x.zip") -> dict[str, str]:
    with zipfile.ZipFile(config.parent / name) as file:
        return {one: file.read(one).decode() for one in file.namelist()}


def test_it_helps_and_nobody_is_in_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"uid 1001: {HOA} ({json.dumps(MAY)}) of NV0042, code B-77; {', '.join(AS_TYPED)}\n"
    monkeypatch.setattr(support, "_journal", lambda: said)
    # Papers that were made for a worker, as the pages show it.
    for paper in ("nv0042.html", "phieu_NV0042.html", "chi-hoa.html"):
        (config.parent / paper).touch()
    done = bundle(config, "--journal")
    assert done.exit_code == 0, done.stderr
    found = contents(config)
    of_the_gate = {"settings.json", "status.json", "doctor.json", "sizes.json", "journal.txt"}
    assert set(found) == of_the_gate | {"README.txt", "versions.json"}
    assert [one for one in CANARIES for text in found.values() if one in text] == []
    assert json.loads(found["settings.json"])["mqtt"]["port"] == 1
    assert json.loads(found["status.json"])["ledger"]["last_seq"] == 2
    assert any(one["state"] == "FAIL" for one in json.loads(found["doctor.json"]))
    sizes = json.loads(found["sizes.json"])
    assert "gate.db" in sizes["files"]
    assert sizes["others"]["count"] >= 1
    assert "chi-hoa" not in found["sizes.json"]
    assert "uid 1001: (worker" in found["journal.txt"]
    vietnamese, english = found["README.txt"].rstrip("\n").split("\n\n")
    assert vietnamese.startswith("Cho người giúp cổng từ xa")
    assert english.startswith("For whoever helps a gate from afar")
    for name in found:
        assert name in done.stdout
        assert name == "README.txt" or name in vietnamese
        assert name == "README.txt" or name in english
    assert (config.parent / "x.zip").stat().st_mode & 0o777 == 0o600


def test_the_control_each_canary_would_have_been_in_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "_journal", lambda: f"{HOA} NV0042 {CALL}\n")
    monkeypatch.setattr(Scrub, "text", lambda self, text: text)
    refused = bundle(config, "--journal")
    assert refused.exit_code == 1
    assert "would have told of a person" in refused.stderr
    assert not (config.parent / "x.zip").exists()


def test_without_usable_settings_it_helps_as_well(config: Path) -> None:
    config.write_text(f'[gate]\nid = "main-gate"\nidd = "{HOA}"\n[nowhere]\nx = "{PASSWORD}"\n')
    assert bundle(config).exit_code == 0
    found = contents(config)
    assert [one for one in CANARIES for text in found.values() if one in text] == []
    assert json.loads(found["settings.json"])["problems"]


def test_before_the_first_start_it_helps_as_well(config: Path) -> None:
    for file in config.parent.glob("gate.db*"):
        file.unlink()
    assert bundle(config).exit_code == 0
    assert json.loads(contents(config)["status.json"])["ledger"] is None


@pytest.mark.parametrize("form", [HOA, "Nguyen Thi Hoa", json.dumps(HOA)[1:-1]])
def test_a_name_is_found_in_whatever_form(form: str) -> None:
    scrub = Scrub({HOA}, {"42"}, {"lan"})
    told: Any = scrub.tree({"x": [f"{form}!", 42], form: "lan's /home/lan: 42 of 420"})
    assert form not in json.dumps(told, ensure_ascii=False)
    assert told["x"][1] == 42
    assert "420" in str(told)
    assert "lan" not in str(told).replace("(user", "")
