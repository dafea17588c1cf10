"""The presses of the ledger, read a part at a time, and what 'prints health' makes of them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import UNSET

from edge_agent.cli import main
from edge_agent.contract.facts import AttemptRefused, Fact, Method, PunchRecorded
from edge_agent.contract.language import LANGUAGES
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.evidence import SALT_BYTES, Evidence, Opening
from edge_agent.gate.ledger.print_watch import PrintWatch
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.print_health import PrintState
from edge_agent.gate.rules import Reason
from edge_agent.gate.settings.schema import SensorSettings

from .ledgers import GATE, NOON, append, later, open_store, punch
from .test_verify import OldPunch

HOUR_MS = 3_600_000
SETTINGS = SensorSettings()


def press(store: SqliteStore, hour: int, score: int, slot: int = 1, code: str = "007") -> None:
    evidence = Evidence(finger="right-index", slot=slot, generation=1, score=score)
    opening = Opening(worker=code, evidence=evidence, salt=bytes(SALT_BYTES))
    with store.changing() as change:
        entry = change.append(punch(code), later(hour * HOUR_MS))
        change.put_opening(entry.seq, opening)


def refused(reason: Reason, method: Method | None = None) -> Fact:
    return AttemptRefused(
        reason=reason.value, hint=None, worker=None, suppressed=0, method=method or UNSET
    )


def test_what_stood_in_the_entries_of_before_counts_too(store: SqliteStore) -> None:
    append(store, OldPunch(), NOON)  # type: ignore[arg-type]
    [found] = store.scores_of(1, store.tail().seq)
    old = OldPunch().evidence
    assert (found.slot, found.generation, found.score) == (old.slot, old.generation, old.score)


@pytest.fixture
def worn(store: SqliteStore) -> SqliteStore:
    """Of Lan's finger each week's scores are lower, of Hoa's they are not."""
    for slot, code, name in ((1, "007", "Lan"), (2, "008", "Hoa")):
        with store.changing() as change:
            change.put_worker(Worker(code=code, name=name))
            change.put_print(
                Print(worker=code, finger="right-index", slot=slot, generation=1), bytes(32)
            )
    for week, score in enumerate((130, 100, 70, 62)):
        for turn in range(12):
            hour = week * 168 + turn * 2
            press(store, hour, score + turn % 3)
            press(store, hour + 1, 125 + turn % 5, slot=2, code="008")
    return store


def test_only_fingers_that_were_read_or_could_not_be_count(store: SqliteStore) -> None:
    press(store, 1, 90)
    card = PunchRecorded(worker="007", direction=None, direction_source=None, method=Method.CARD)
    erased = punch("007")
    for fact in (
        card,
        erased,
        refused(Reason.UNKNOWN),
        refused(Reason.POOR_SCAN),
        refused(Reason.SENSOR_FAULT),
        refused(Reason.UNKNOWN, Method.READER),
    ):
        append(store, fact, later(2 * HOUR_MS))
    found = [(one.slot, one.score) for one in store.scores_of(1, store.tail().seq)]
    assert found == [(1, 90), (None, 0), (None, 0)]
    assert [one.score for one in store.scores_of(1, 2)] == [90]


def test_it_reads_a_part_at_a_time_and_goes_on_from_there(worn: SqliteStore) -> None:
    whole, part = PrintWatch(worn, SETTINGS), PrintWatch(worn, SETTINGS)
    all_at_once = whole.read()
    in_parts = []
    while part.behind:
        in_parts += part.read(7)
    assert in_parts == all_at_once
    assert part.standing() == whole.standing()
    assert {press.slot for press, worn in in_parts if worn} == {1}
    press(worn, 2000, 55)
    assert [one.score for one, _ in part.read(7)] == [55]


def test_whose_finger_wears_stands_first_and_who_has_gone_nowhere(worn: SqliteStore) -> None:
    watch = PrintWatch(worn, SETTINGS)
    watch.read()
    standing = watch.standing()
    assert [(one.worker, health.state) for one, health in standing.prints] == [
        ("007", PrintState.WORN),
        ("008", PrintState.WELL),
    ]
    assert [one.worker for one in standing.worn] == ["007"]
    with worn.changing() as change:
        change.drop_print(standing.worn[0])
    assert watch.standing().worn == []


def ran(worn: SqliteStore, tmp_path: Path, *arguments: str, language: str = "en") -> str:
    config = tmp_path / "gate.toml"
    config.write_text(f'[gate]\nid = "{GATE}"\n[store]\npath = "gate.db"\n')
    asked = ["--lang", language, "prints", "health", *arguments]
    known = {"EDGE_AGENT_CONFIG": str(config)}
    result = CliRunner(env=known).invoke(main, asked, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_prints_health_shows_scores_and_what_to_do(worn: SqliteStore, tmp_path: Path) -> None:
    told = ran(worn, tmp_path)
    head, first, second, *advice = told.splitlines()
    assert "score" in head
    assert first.split()[:2] == ["007", "Lan"]
    assert "101 71 63" in first
    assert "worn" in first
    assert "well" in second
    assert "edge-agent enroll 007 --finger right-index --replace" in " ".join(advice)
    assert "008" not in " ".join(advice)


@pytest.mark.parametrize(
    ("language", "likely", "unknown", "again"),
    [
        ("en", "likely its own", "cannot know", "asked to press again"),
        ("vi", "Có lẽ", "không biết chắc", "phải ấn lại"),
    ],
)
@pytest.mark.parametrize("reason", [Reason.UNKNOWN, Reason.POOR_SCAN])
def test_a_refusal_is_told_as_likely_somebodys(
    worn: SqliteStore,
    tmp_path: Path,
    language: str,
    likely: str,
    unknown: str,
    again: str,
    reason: Reason,
) -> None:
    assert likely not in ran(worn, tmp_path, language=language)
    append(worn, refused(reason), later(2000 * HOUR_MS - 4000))
    press(worn, 2000, 55)
    told = " ".join(ran(worn, tmp_path, language=language).split())
    assert likely in told
    assert unknown in told
    assert again in told


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "score: how the last 10 were read"), ("vi", "điểm: 10 lần ấn cuối")],
)
def test_what_the_columns_are_is_told(
    worn: SqliteStore, tmp_path: Path, language: str, told: str
) -> None:
    assert told in ran(worn, tmp_path, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_a_terminal(worn: SqliteStore, tmp_path: Path, language: str) -> None:
    told = ran(worn, tmp_path, language=language)
    assert max(map(len, told.splitlines()[:3])) <= 80


def test_as_json(worn: SqliteStore, tmp_path: Path) -> None:
    told = json.loads(ran(worn, tmp_path, "--json"))
    assert told["glass_dirty"] is False
    [lans, hoas] = told["prints"]
    assert (lans["worker"], lans["finger"], lans["state"]) == ("007", "right-index", "worn")
    assert lans["weeks"][0] == {"week": "2026-11-16", "score": 131, "presses": 12}
    assert (lans["score"], lans["usual"]) == (63, 131)
    assert hoas["state"] == "well"
    assert hoas["risk"] < 0.001


def test_a_gate_without_prints_says_so(store: SqliteStore, tmp_path: Path) -> None:
    assert "No prints yet" in ran(store, tmp_path)


def test_the_store_is_where_the_test_looks_for_it(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert (tmp_path / "gate.db").exists()
