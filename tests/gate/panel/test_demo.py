"""What 'panel demo' says beside the lamps: each sign's meaning, and how to know it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.cli import panel as command
from edge_agent.contract.language import LANGUAGES, say, use
from edge_agent.gate.panel.signs import SIGNS

SETTINGS = """
[gate]
id = "g"
[panel]
pins = "mock"
[store]
path = "gate.db"
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sign_is_told_as_the_workers_page_tells_it(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    config = tmp_path / "gate.toml"
    config.write_text(SETTINGS)
    done = CliRunner().invoke(main, ["--lang", language, "panel", "demo", "--config", str(config)])
    assert done.exit_code == 0, done.output
    use(language)
    try:
        for name in SIGNS:
            seen, heard = say(f"sign.{name}-seen"), say(f"sign.{name}-heard")
            told = seen if heard == "–" else f"{seen} · {heard}"
            assert f"  {told}\n" in done.output
    finally:
        use("en")
    assert len(done.output.splitlines()) == 2 * len(SIGNS)
