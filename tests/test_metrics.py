"""``edge-agent metrics``: a text file that Prometheus takes, of nobody, with alerts that fit it."""

import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.cli.metrics import exposition
from edge_agent.contract.people import Worker
from tests.gate.ledger.ledgers import append, later, open_store, punch

RULES = Path(__file__).parents[1] / "config" / "edge-agent.rules.yml"
PROMTOOL = shutil.which("promtool")

LINE = re.compile(r'edge_agent_(\w+)\{gate="([^"\\]|\\.)*"(,version="[^"]*")?\} (-?[0-9.]+)')


@pytest.fixture
def answer() -> dict[str, Any]:
    """All that a daemon can tell, of a gate that is not well."""
    return {
        "daemon": "running",
        "gate": 'g"1',
        "version": "1.2",
        "up_s": 5,
        "hangs": [],
        "sensor": {
            **{"state": "silent", "mended": 3, "prints": 7, "capacity": 1000},
            **{"not_backed_up": 2, "worn_prints": 1, "worn": ["NV0042"], "glass_dirty": True},
        },
        "store": {"state": "reserve", "set_aside": ["gate.db.old-1-damaged"]},
        "pins": {"problems": {"panel": "No chip."}},
        "ledger": {"last_seq": 82_616_627, "confirmed_seq": 82_616_600, "rejected": 4},
        "uplink": {
            **{"state": "disconnected", "away_s": 90_000},
            **{"duplicate_gate": True, "not_signed": 2},
        },
        "clock": {"state": "unsynced", "pending": 6},
        "disk_free_bytes": 82_616_627_200,
        "backup": {"state": "old", "age_s": 300_000.5},
        "board": {"temperature_c": 81.5, "undervoltage": True, "undervoltage_seen": True},
        "last_punch": {"worker": "NV0042", "name": "Nguyễn Thị Hoa"},
    }


def values(text: str) -> dict[str, str]:
    told = [line for line in text.splitlines() if not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in told]
    assert all(found), told
    return {match[1]: match[4] for match in found if match}


def test_each_line_is_of_the_format_and_no_number_is_rounded(answer: dict[str, Any]) -> None:
    told = values(exposition(answer))
    assert told["disk_free_bytes"] == "82616627200"
    assert told["ledger_unconfirmed"] == "27"
    assert told["temperature_celsius"] == "81.5"
    assert (told["up"], told["recording"], told["undervoltage"]) == ("1", "0", "1")


def test_a_gate_that_is_well(answer: dict[str, Any]) -> None:
    answer["sensor"]["state"], answer["store"]["state"] = "ready", "ready"
    assert values(exposition(answer))["recording"] == "1"
    answer["hangs"] = ["gate"]
    assert values(exposition(answer))["recording"] == "0"
    answer |= {"hangs": [], "daemon": "stopped"}
    assert values(exposition(answer))["recording"] == "0"


def test_a_gate_that_was_never_started() -> None:
    assert values(exposition({"daemon": "stopped", "gate": "g", "ledger": None})) == {"up": "0"}


def test_what_is_not_known_has_no_line(answer: dict[str, Any]) -> None:
    answer["board"] = {"temperature_c": None, "undervoltage": None, "undervoltage_seen": None}
    told = values(exposition(answer))
    assert not {"temperature_celsius", "undervoltage", "undervoltage_seen"} & set(told)


def test_nobody_is_in_it(answer: dict[str, Any]) -> None:
    for canary in ("NV0042", "Hoa", "Nguy"):
        assert canary not in exposition(answer)


def test_alerts_watch_what_is_told(answer: dict[str, Any]) -> None:
    watched = set(re.findall(r"edge_agent_(\w+)", "\n".join(exprs())))
    assert watched <= set(values(exposition(answer)))
    assert len(exprs()) == RULES.read_text().count("- alert:")


def exprs() -> list[str]:
    return re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.MULTILINE)


@pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (apt-get install prometheus)"
)
def test_prometheus_own_tool_has_nothing_to_say(answer: dict[str, Any]) -> None:
    text = exposition(answer).encode()
    for command, told in ((["rules", RULES], b""), (["metrics"], text)):
        done = subprocess.run(
            [str(PROMTOOL), "check", *command], input=told, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), done.stdout


def test_the_file_is_whole_and_to_be_read_by_others(tmp_path: Path) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "c.sock"\n'
    )
    with closing(open_store(tmp_path)) as store:
        with store.changing() as change:
            change.put_worker(Worker(code="NV0042", name="Nguyễn Thị Hoa"))
        append(store, punch("NV0042"), later(0))
    line = ["metrics", "--config", str(config)]
    for _ in range(2):  # The second time over the first.
        assert CliRunner().invoke(cli.main, [*line, str(tmp_path / "x.prom")]).exit_code == 0
    written = tmp_path / "x.prom"
    assert values(written.read_text())["ledger_entries"] == "2"
    assert written.stat().st_mode & 0o777 == 0o644
    # The disk has more or less room by now.
    assert (
        values(CliRunner().invoke(cli.main, line).stdout).keys()
        == values(written.read_text()).keys()
    )
    assert CliRunner().invoke(cli.main, [*line, str(tmp_path / "x.txt")]).exit_code == 65
