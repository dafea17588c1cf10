"""A bundle is taken as somebody in the settings has signed it, and on the machine it is for."""

import io
import json
import platform
import sys
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from nacl.signing import SigningKey

from edge_agent import cli
from edge_agent.contract.errors import BadRequest
from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.upgrade.bundle import read_signed, unpack
from edge_agent.gate.upgrade.prove import Trial, prove
from tests.gate.ledger.ledgers import append, open_store, punch

KEY, OTHER = SigningKey(bytes(32)), SigningKey(bytes([1]) * 32)
KEYS = [bytes(OTHER.verify_key).hex(), bytes(KEY.verify_key).hex()]
PYTHON = "{}.{}".format(*sys.version_info)


def bundle(folder: Path, python: str = PYTHON, name: str = "bundle.json") -> Path:
    about = {"version": "9.9", "python": python, "machine": platform.machine()}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        content = json.dumps(about).encode()
        file = tarfile.TarInfo(f"edge-agent/{name}")
        file.size = len(content)
        tar.addfile(file, io.BytesIO(content))
    path = folder / "new.tar.gz"
    path.write_bytes(made.getvalue())
    path.with_name("new.tar.gz.sig").write_bytes(KEY.sign(made.getvalue()).signature)
    return path


def test_what_was_signed_is_unpacked(tmp_path: Path) -> None:
    file = bundle(tmp_path)
    content = read_signed(file, KEYS)
    file.unlink()  # The stick is pulled out.
    sources = unpack(content, file, tmp_path / "out")
    assert json.loads((sources / "bundle.json").read_text())["version"] == "9.9"


def altered(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def no_signature(file: Path) -> None:
    file.with_name(f"{file.name}.sig").unlink()


def half_a_signature(file: Path) -> None:
    file.with_name(f"{file.name}.sig").write_bytes(bytes(32))


def a_stranger(file: Path) -> None:
    stranger = SigningKey(bytes([2]) * 32)
    file.with_name(f"{file.name}.sig").write_bytes(stranger.sign(file.read_bytes()).signature)


@pytest.mark.parametrize("spoil", [altered, cut_short, no_signature, half_a_signature, a_stranger])
def test_anything_else_is_refused(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    file = bundle(tmp_path)
    spoil(file)
    with pytest.raises(BadRequest):
        read_signed(file, KEYS)


def test_without_a_key_in_the_settings_none_is_taken(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="public_key"):
        read_signed(bundle(tmp_path), [])


def test_one_for_another_python_says_how_it_is_made_for_this_one(tmp_path: Path) -> None:
    file = bundle(tmp_path, python="2.7")
    with pytest.raises(BadRequest, match=f"PYTHON_VERSION={PYTHON} MACHINE={platform.machine()}"):
        unpack(file.read_bytes(), file, tmp_path / "out")


def test_another_archive_is_no_bundle(tmp_path: Path) -> None:
    file = bundle(tmp_path, name="else.json")
    with pytest.raises(BadRequest, match="no bundle"):
        unpack(file.read_bytes(), file, tmp_path / "out")


def test_the_proof_reads_every_entry(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text('[gate]\nid = "main-gate"\n')
    store = open_store(tmp_path)
    for _ in range(3):
        append(store, punch())
    store.close()
    [copy] = tmp_path.glob("*.db")
    assert prove(load_settings(config), copy) == Trial(alters=False, entries=4)

    with open_store(tmp_path).changing() as change:
        change._database.conn.execute("UPDATE ledger SET hash = zeroblob(32) WHERE seq = 2")
    with pytest.raises(DamagedLedger):
        prove(load_settings(config), copy)


def test_the_command_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*arguments: str) -> str:
        done = CliRunner().invoke(cli.main, ["--lang", "vi", "upgrade", *arguments])
        assert done.exit_code != 0
        return done.stderr

    assert "--back" in told()
    assert "--back" in told("new.tar.gz", "--back")
    monkeypatch.setattr("os.geteuid", lambda: 1001)
    assert "sudo edge-agent upgrade" in told("new.tar.gz")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert "sudo make install" in told("new.tar.gz")
