"""What a technician sees of the findings, on a terminal of 80 columns."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import doctor as command
from edge_agent.contract.language import LANGUAGES, Message, say, unmarked, use
from edge_agent.gate.doctor import checks
from edge_agent.gate.doctor.daemon import UPLINK_AWAY
from edge_agent.gate.doctor.findings import Finding, State
from edge_agent.gate.doctor.machine import Machine

from .staging import SENTENCES
from .test_sentences import words_of

ROOT = Path(__file__).parents[3]

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL


def found(state: State, check: str, text: str = "It is so", advice: str = "") -> Finding:
    return Finding(check=check, state=state, found=text, advice=advice)


WELL = found(OK, "settings")
WARNING = found(WARN, "port", "It may be another", "name it")
OTHER = found(WARN, "broker", "It is old", "update it")
WORST = found(FAIL, "sensor", "It is silent", "look")
FAILURE = found(FAIL, "disk space", "It is full", "make room")


def shown(monkeypatch: pytest.MonkeyPatch, *findings: Finding, flags: str = "") -> Result:
    def examine(*arguments: Any, **flags: Any) -> list[Finding]:
        return list(findings)

    monkeypatch.setattr(command, "examine", examine)
    return CliRunner().invoke(command.doctor, flags.split())


def test_the_summary_comes_first_and_what_is_wrong_before_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = shown(monkeypatch, WELL, WARNING, WORST, FAILURE, WELL)

    assert result.output == (
        "2 OK, 1 warning, 2 failures. Begin with sensor.\n\n"
        "FAIL  sensor — It is silent; look.\n"
        "FAIL  disk space — It is full; make room.\n\n"
        "WARN  port — It may be another; name it.\n\n"
        "OK    settings — It is so.\n"
        "OK    settings — It is so.\n"
    )
    assert result.exit_code == 1


def test_a_warning_is_begun_with_where_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    result = shown(monkeypatch, WELL, WARNING, OTHER)

    assert result.output.startswith("1 OK, 2 warnings, 0 failures. Begin with port.\n")
    assert result.exit_code == 0


def test_a_cause_that_several_checks_met_is_told_once_at_the_worst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    met_again = found(WARN, "uplink", "It is silent", "ask later")
    result = shown(monkeypatch, met_again, WORST, WARNING, WELL, WELL)

    assert result.output == (
        "2 OK, 1 warning, 1 failure. Begin with sensor, uplink.\n\n"
        "FAIL  sensor, uplink — It is silent; look.\n\n"
        "WARN  port — It may be another; name it.\n\n"
        "OK    settings — It is so.\n"
        "OK    settings — It is so.\n"
    )
    told = shown(monkeypatch, met_again, WORST, flags="--json").output
    assert msgspec.json.decode(told, type=list[Finding]) == [met_again, WORST]


def test_each_check_is_in_one_section() -> None:
    titles = [title for section in checks.SECTIONS.values() for title in section]
    known = [check.title for check in (*checks.OF_THE_GATE, *checks.OF_THE_MACHINE)]
    assert sorted(titles) == sorted(["settings", *known])


def test_a_section_is_looked_at_alone(tmp_path: Path) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text((ROOT / "config" / "edge-agent.toml").read_text())
    found = [one.check for one in checks.examine(config, Machine(), section="clock")]
    assert {"clock", "hardware clock"} <= set(found) <= set(checks.SECTIONS["clock"])
    config.write_text("[gate]\n")
    [only] = list(checks.examine(config, Machine(), section="uplink"))
    assert (only.check, only.state) == ("settings", FAIL)  # Why there is nothing of it.


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((WELL, WARNING, WORST), ["FAIL  sensor — It is silent; look.", "WARN  port — It may be"]),
        ((WELL, WELL), []),
    ],
)
def test_only_the_problems(
    monkeypatch: pytest.MonkeyPatch, findings: tuple[Finding, ...], expected: list[str]
) -> None:
    result = shown(monkeypatch, *findings, flags="--problems")

    summary, *problems = result.output.split("\n\n")
    assert f"{findings.count(WELL)} OK, " in summary  # What is well is counted all the same.
    assert len(problems) == len(expected)
    for problem, begin in zip(problems, expected, strict=True):
        assert problem.startswith(begin)


def test_only_the_problems_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = shown(monkeypatch, WELL, WORST, flags="--problems --json")

    assert msgspec.json.decode(result.output, type=list[Finding]) == [WORST]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_each_sentence_fits_a_terminal_and_no_word_is_torn(
    monkeypatch: pytest.MonkeyPatch, sentence: Any, language: str
) -> None:
    fact = "/var/lib/edge-agent/gate.db"
    facts: dict[str, Any] = {
        name: (3.5 if ":" in form else fact)
        for name, form in re.findall(r"\{(\w+)([^}]*)\}", " ".join(words_of(sentence, language)))
    }
    if sentence is UPLINK_AWAY:
        facts["why"] = Message("doctor.no-reason-told")
    finding = Finding.of("disk space", sentence(**facts))
    use(language)

    _, lines = shown(monkeypatch, finding).output.split("\n\n")

    assert max(map(len, lines.splitlines())) <= 80
    found, advice = map(unmarked, finding.in_parts(language))
    state, title = say(f"state.{finding.state.lower()}"), say("check.disk-space")
    said = f"{state:<4}  {title} — {found}"
    assert " ".join(lines.split()).startswith(" ".join(said.split()))
    for quoted in re.findall(r"(?<!\w)'[^']{1,70}'(?!\w)", advice):
        assert quoted in lines, "a command to be copied is in one piece"


def test_what_is_longer_than_a_terminal_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(Path("/", *["a-long-folder"] * 8))

    assert path in shown(monkeypatch, found(WARN, "port", f"There is no {path}")).output
