"""Words of one option without quotes: the line to type is told; where nothing is torn, none."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main


@pytest.fixture
def config(tmp_path: Path) -> str:
    settings = tmp_path / "edge-agent.toml"
    settings.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    added = CliRunner().invoke(main, ["workers", "add", "NV1", "Lan", "--config", str(settings)])
    assert added.exit_code == 0, added.output
    return str(settings)


def said(config: str, language: str, typed: str) -> str:
    words = [word.replace("_", " ") for word in typed.split()]
    known = {"EDGE_AGENT_CONFIG": config}
    done = CliRunner(env=known).invoke(main, ["--lang", language, *words])
    assert done.exit_code != 0
    return " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("language", "typed", "line"),
    [
        ("vi", "punches add NV1 --at hôm_qua_17h --reason quên ấn", "--reason 'quên ấn'"),
        ("vi", "punches add NV1 --at=hôm qua 17h --reason x", "--at 'hôm qua 17h'"),
        (
            "vi",
            "punches add NV1 --at hôm qua 17h --reason quên ấn",
            "--at 'hôm qua 17h' --reason 'quên ấn'",
        ),
        ("en", "punches void --reason quên ấn 12", "--reason 'quên ấn'"),
        ("vi", "enroll NV1 --finger trỏ trái", "--finger 'trỏ trái'"),
        ("vi", "enroll --finger trỏ trái NV1", "--finger 'trỏ trái'"),
        ("en", "audit list --since last week", "--since 'last week'"),
        ("vi", "audit list --kind xóa vân tay", "--kind 'xóa vân tay'"),
        ("vi", "punches list --since hôm qua", "--since 'hôm qua'"),
        ("vi", "punches list NV1 --since 23/11/2026 06:00", "--since '23/11/2026 06:00'"),
        ("vi", "workers leave NV1 --on ngày mai", "--on 'ngày mai'"),
        ("vi", "punches add NV1 --reason x --at ngoài trời", "--at 'ngoài trời'"),
        ("vi", "privacy request NV1 --what rút lại", "--what 'rút lại'"),
    ],
)
def test_the_words_that_want_quotes_are_told_with_them(
    config: str, language: str, typed: str, line: str
) -> None:
    quotes = {"en": "are typed in quotes: ", "vi": "thì đặt trong dấu nháy: "}[language]
    assert said(config, language, typed).endswith(quotes + line)


@pytest.mark.parametrize(
    "typed",
    [
        "punches void 12 13 --reason wrong-time",
        "punches list NV1 NV2 --since 23/11",
        "punches list NV1 --since 25:00",
        "audit list --since 23/11 NV1",  # A code that wants --worker.
        "audit list --since",
        "punches add NV1 --at",
        "workers add NV2",
        "nothing --such a thing",
        # A second code, number or key, behind a value that is whole.
        "workers leave NV1 --on 30/11/2026 NV2",
        "workers leave NV1 --on 2026-11-30 Mây",
        "punches void 12 --reason wrong-time 13",
        "punches void 12 --reason nhầm_giờ 13",
        "prints remove NV1 --finger left-thumb NV2",
        "prints remove NV1 --finger trỏ_phải Mây",
        "consent record NV1 --text vi-1 --signed 1/11/2026 NV2",
        "punches list --since 23/11 NV1 NV2",
        "punches list --since tuần_trước NV1 NV2",
        "templates backup out.age -r age1abc age1def",
        "templates backup out.age -r age1abc agexyz",
        "enroll NV1 --list team.csv NV2",
    ],
)
def test_where_no_words_are_torn_apart_nothing_is_said_of_quotes(config: str, typed: str) -> None:
    assert "quotes" not in said(config, "en", typed)
