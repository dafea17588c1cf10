"""The slip that a worker signs is in one language, and says which text it is."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.cli import consent as consent_commands
from edge_agent.cli.consent import slip
from edge_agent.gate.people.consent_text import consent_text


@pytest.mark.parametrize(
    ("text", "own", "other"), [("vi-1", "Tôi đồng ý", "I agree"), ("en-1", "I agree", "Tôi đồng ý")]
)
def test_a_slip(text: str, own: str, other: str) -> None:
    made = slip(consent_text(text), "NV0042", "Nguyễn <Thị> Hoa")
    assert own in made
    assert other not in made
    assert f'<html lang="{text[:2]}">' in made
    assert consent_text(text).hash in made
    assert "Nguyễn &lt;Thị&gt; Hoa" in made
    for paragraph in consent_text(text).body.strip().split("\n\n"):
        assert paragraph in re.sub("</?b>", "", made).replace("&#x27;", "'")


@pytest.mark.parametrize("cards", [0, 1])
def test_whoever_withdraws_is_told_how_to_punch_without_a_finger(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cards: int
) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    monkeypatch.setenv("LANG", "C.UTF-8")
    erased = {"prints": 2, "openings": 0, "credentials": cards}
    told = {
        **{"worker": "0007", "begun": "2026-11-24T07:00:00+07:00", "done": True},
        **{"erased": erased, "set_aside": []},
    }
    monkeypatch.setattr(consent_commands, "carry_out", lambda settings, request: told)
    done = CliRunner().invoke(cli.main, ["consent", "withdraw", "0007", "--yes"])
    assert done.exit_code == 0, done.output
    assert ("edge-agent credentials add 0007 --card" in done.output) is bool(cards)


@pytest.mark.parametrize(
    ("erased", "words"),
    [
        (
            {"prints": 1, "openings": 5, "credentials": 0},
            "1 mẫu vân tay và ghi chép ngón đã dùng ở 5 lần chấm. Đã đọc lại máy quét và",
        ),
        (
            {"prints": 0, "openings": 0, "credentials": 1},
            "1 thẻ, mã QR hay mã PIN. Đã đọc lại cơ sở dữ liệu",
        ),
    ],
)
def test_of_what_there_was_none_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, erased: dict[str, int], words: str
) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    told = {
        **{"worker": "0007", "begun": "2026-11-24T07:00:00+07:00", "done": True},
        **{"erased": erased, "set_aside": [], "stopped": None},
    }
    monkeypatch.setattr(consent_commands, "carry_out", lambda settings, request: told)
    done = CliRunner().invoke(cli.main, ["--lang", "vi", "consent", "withdraw", "0007", "--yes"])
    assert f"của 0007: {words}" in " ".join(done.output.split())
