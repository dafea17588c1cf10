"""The whole command, on a gate of real processes."""

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent import __version__
from edge_agent.gate.doctor import checks
from edge_agent.gate.doctor.checks import examine
from edge_agent.gate.doctor.machine import Machine
from tests.brokers import Mosquitto
from tests.system.gate import Gate, snapshot

KEYS = {"check", "state", "found", "advice", "name", "fields"}


def in_one_line(said: str) -> str:
    """What was said, each finding unfolded."""
    return re.sub(r"\n {6}", " ", said)


def the_gate(mosquitto: Mosquitto) -> Gate:
    return Gate(mqtt={"host": mosquitto.host, "port": mosquitto.port})


def test_a_gate_at_work_and_at_rest(mosquitto: Mosquitto) -> None:
    with the_gate(mosquitto) as gate:
        gate.simulate("--no-pace")
        gate.enrol("NV001")
        gate.start()
        at_work = gate.cli("doctor", "--json", "--verify")
        gate.stop()
        before = snapshot(gate.folder)
        at_rest = gate.cli("doctor")
        after = snapshot(gate.folder)

    found = {finding["check"]: finding for finding in at_work.json}
    assert all(finding.keys() == KEYS for finding in at_work.json)
    failing = [finding for finding in at_work.json if finding["state"] == "FAIL"]
    assert not failing, failing[0]["found"]
    assert at_work.code == 0
    assert at_work.err == ""
    assert found["daemon"]["found"] == f"The daemon runs, version {__version__}"
    assert "in use at 57600 baud" in found["sensor"]["found"]
    assert found["slots"]["found"] == "1 of 1000 slots are used"
    assert {found[name]["state"] for name in ("broker", "database", "chain", "port")} == {"OK"}
    # Warnings alone are no failure.
    assert found["clock"]["state"] == "WARN"

    assert at_rest.code == 1, at_rest  # Nobody is recorded.
    summary, findings = at_rest.out.split("\n\n", 1)
    assert " OK, " in summary
    assert " ".join(summary.split()).endswith(" 1 failure. Begin with daemon.")
    assert findings.startswith("FAIL  daemon — No daemon runs, so ")
    lines = in_one_line(findings).splitlines()
    assert f"OK    settings — The settings in {gate.config} are complete." in lines
    assert "OK    slots — 1 of 1000 slots are used." in lines
    assert all(line[-1] in ".?" and line[-2] not in ".?" for line in lines if line), lines

    lock = f"{gate.database}.lock"
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {lock}


def test_a_gate_in_trouble() -> None:
    with Gate() as gate:
        result = gate.cli("doctor", "--json")
        for_people = gate.cli("doctor")

    assert for_people.code == 1
    assert "; is it running, and is [mqtt] port right?\n" in in_one_line(for_people.out)

    found = {finding["check"]: finding for finding in result.json}
    assert result.code == 1
    assert found["port"]["state"] == found["sensor"]["state"] == found["broker"]["state"] == "FAIL"
    assert found["database"]["state"] == "WARN"


def test_a_daemon_that_hangs_holds_nobody_up(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = checks.OF_THE_GATE
    monkeypatch.setattr(checks, "OF_THE_GATE", [replace(first, within_s=0.5), *others])
    with the_gate(mosquitto) as gate:
        gate.simulate("--no-pace")
        daemon = gate.start()
        daemon.signal(signal.SIGSTOP)
        found = {finding.check: finding for finding in examine(gate.config, Machine())}
        daemon.signal(signal.SIGCONT)

    assert found["daemon"].state == "FAIL"
    assert "A daemon is there, but has not answered within 0.5 s" in found["daemon"].found
    # It still owns the port: nobody else may touch that.
    assert "The gate is in use by daemon" in found["sensor"].found
    assert found["broker"].state == "OK"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root examines another user")
def test_root_is_told_what_the_service_s_user_cannot_open(mosquitto: Mosquitto) -> None:
    """Root may open everything, so all was well, and the service did not start."""
    with the_gate(mosquitto) as gate:
        gate.simulate("--no-pace")
        gate.start()
        gate.stop()
        gate.folder.chmod(0o755)
        as_its_owner = gate.cli("doctor", "--json")
        os.chown(gate.folder, 65534, 65534)  # Whose the folder is, that is the service's user.
        gate.config.chmod(0o600)
        gate.database.chmod(0o600)
        as_root = gate.cli("doctor", "--json")

    before, after = (
        {line["check"]: line for line in result.json} for result in (as_its_owner, as_root)
    )
    assert before["database rights"]["state"] == "OK"
    assert "settings rights" not in before
    assert {after[line]["state"] for line in ("database rights", "settings rights")} == {"FAIL"}
    assert after["database"]["state"] == "OK", "to root it opens"


def test_no_settings_at_all(tmp_path: Path) -> None:
    with Gate() as gate:
        result = gate.cli("doctor", "--config", str(tmp_path / "none.toml"))
        as_json = gate.cli("doctor", "--json", environment={"EDGE_AGENT_CONFIG": os.devnull})

    assert result.code == as_json.code == 1
    summary, problems, *_ = result.out.split("\n\n")
    assert "Begin with settings." in summary
    assert problems.startswith("FAIL  settings — ")
    assert json.loads(as_json.out)[0]["found"].endswith("use 1 to 32 of a-z, 0-9 and '-'")


def test_a_question_is_not_followed_by_a_full_stop(tmp_path: Path) -> None:
    """What is proposed is copied, the full stop with it."""
    bad = tmp_path / "bad.toml"
    bad.write_text('[gate]\nid = "a"\n[mqtt]\ntls = false\n')
    with Gate() as gate:
        _, problems, *_ = gate.cli("doctor", "--config", str(bad)).out.split("\n\n")
    assert 'did you mean tls = "off"? Mend them first: ' in " ".join(problems.split())
