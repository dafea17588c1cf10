"""The dossier says what the settings say, and rests on what there is."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.gate.papers.dossier import Numbers, Statement, dossier
from edge_agent.gate.people.consent_text import names
from edge_agent.gate.roles import MAY
from edge_agent.gate.settings.load import read_settings
from edge_agent.gate.settings.schema import Settings
from tests.gate.fakes import Site

ROOT = Path(__file__).parents[3]

SOME = Numbers(
    workers=80,
    with_fingers=78,
    fingers=150,
    without_consent=3,
    to_ask_again=2,
    evidence=20_000,
    otherwise=2,
    unfinished=1,
    open_claims=4,
    overdue_claims=1,
)

FULL = """
[gate]
id = "main-gate"
[privacy]
consent = "required"
evidence_months = 6
[reader]
devices = ["/dev/input/by-id/card"]
[mqtt]
host = "broker.example"
tls = "off"
[payroll]
public_key = "{key}"
[home_assistant]
discovery = true
punches = true
"""


def settings(text: str) -> Settings:
    return read_settings(text.encode(), Path("/edge-agent.toml"))


BARE = settings('[gate]\nid = "main-gate"\n')
OTHER = settings(FULL.format(key="ab" * 32))


def statements(of: Settings, numbers: Numbers = SOME) -> dict[str, Statement]:
    return {
        one.said.name.removeprefix("dossier."): one
        for chapter in dossier(of, numbers)
        for one in chapter.statements
    }


def test_a_consent_that_nobody_asks_for_is_the_employers_to_decide() -> None:
    off, required = statements(BARE), statements(OTHER)
    assert off["consent-off"].open
    assert off["consent-off"].rests_on == ('[privacy] consent = "off"',)
    assert "consent-required" not in off
    assert not required["consent-required"].open
    assert "consent-off" not in required


def test_each_says_what_is_set() -> None:
    bare, other = statements(BARE), statements(OTHER)
    assert "broker-here" in bare
    assert other["broker-plain"].open
    assert '[mqtt] tls = "off"' in other["broker-plain"].rests_on
    assert bare["no-reader"].open
    assert "readers" in other
    assert bare["not-signed"].open
    assert "ab" * 32 not in str(other["signed"].rests_on)
    assert "home-assistant" in other
    assert "home-assistant" not in bare
    assert "6 months" in str(other["evidence-goes"].said)
    assert "13 months" in str(bare["evidence-goes"].said)


def test_what_is_not_as_it_should_be_is_told() -> None:
    some, none = (
        statements(BARE),
        statements(BARE, Numbers(**dict.fromkeys(Numbers.__struct_fields__, 0))),
    )
    for name in ("without-consent", "ask-again", "register-late", "erasures-late"):
        assert some[name].open
        assert name not in none


@pytest.mark.parametrize("of", [BARE, OTHER], ids=["bare", "other"])
def test_what_it_rests_on_is_there(of: Settings) -> None:
    for name, one in statements(of).items():
        assert one.rests_on or one.open, f"{name} rests on nothing"
        for ground in one.rests_on:
            if ground.startswith(("tests/", "docs/")):
                assert (ROOT / ground).exists(), (name, ground)
            elif ground.startswith("["):
                section, key = re.match(r"\[(\w+)\] (\w+)", ground).groups()  # type: ignore[union-attr]
                assert hasattr(getattr(of, section), key), (name, ground)
            else:
                called = ground.removeprefix("edge-agent ").partition(" --text ")
                assert called[0] in MAY, (name, ground)
                assert called[2] in ("", *names())


@pytest.mark.parametrize(
    ("language", "own", "foreign"),
    [
        ("vi", "Hồ sơ về việc dùng vân tay", "Dossier"),
        ("en", "to be checked by counsel", "cần hỏi"),
    ],
)
def test_the_page_is_in_one_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, own: str, foreign: str
) -> None:
    site = Site()
    site.store.take_log_home()
    shutil.copy(site.store._connection.path, tmp_path / "gate.db")
    config = '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "none"\n'
    (tmp_path / "gate.toml").write_text(config)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))
    file = tmp_path / "dossier.html"
    asked = ["--lang", language, "privacy", "dossier", "--output", str(file), "--json"]
    done = CliRunner().invoke(cli.main, asked)
    assert done.exit_code == 0, done.output
    page = file.read_text(encoding="utf-8")
    assert own in page
    assert foreign not in page
    assert page.count("<h2>") == 10
    told = json.loads(done.stdout)["statements"]
    assert page.count("▲</td>") == sum(one["open"] for one in told)
