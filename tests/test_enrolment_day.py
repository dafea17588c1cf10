"""An enrolment day: who is asked in which turn, what is noted, and that bad notes are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli.day_notes import DayNotes, ProvedFinger, read_notes, write_notes
from edge_agent.cli.day_report import report
from edge_agent.cli.enroll import enroll
from edge_agent.cli.enrolment_day import Called, EnrolmentDay, Person, next_finger
from edge_agent.cli.words import tell_enrolment
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import FINGERS
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import Enroll
from tests.other_user import as_user, needs_root, open_folder


def person(code: str, *fingers: str, methods: tuple[str, ...] = ()) -> Person:
    return Person(code, f"name of {code}", False, list(fingers), list(methods))


class Day:
    """A day whose answers are typed beforehand; ``poor`` have no finger that can be read."""

    def __init__(self, folder: Path, *people: Person, poor: str = "") -> None:
        self.path = folder / "day.json"
        self.people = people
        self.poor = poor
        self.asked: list[tuple[str, str]] = []
        self.called = Called()

    def perform(self, request: Any) -> dict[str, Any]:
        assert isinstance(request, Enroll)
        assert request.finger is not None
        self.asked.append((request.code, request.finger))
        if request.code in self.poor:
            raise BadRequest("people.too-poor", hint="moisten")
        return {"score": 126, "quality": "good"}

    def run(self, answers: str) -> dict[str, Any]:
        """A dot for Enter."""
        typed: Iterator[str] = iter(answers)
        notes = read_notes(self.path)
        day = EnrolmentDay(self.perform, self.called, self.people, notes, self.path)
        day.walk(lambda question: next(typed).replace(".", ""))
        assert next(typed, None) is None
        return report(list(self.people), read_notes(self.path))


def test_each_gives_a_finger_of_each_hand(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), person("2", "left-thumb"), person("3", *FINGERS[:2]))
    told = day.run("...")
    assert day.asked == [("1", "right-index"), ("1", "left-index"), ("2", "right-index")]
    assert (told["open"], told["second_way"]) == ([], [])


def test_who_comes_later_is_called_once_more_at_the_end_and_is_open_after_that(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path, person("1"), person("2"))
    told = day.run("1..1")
    assert day.asked == [("2", "right-index"), ("2", "left-index")]
    assert told["open"] == ["1"]
    assert day.run("..")["open"] == []


def test_who_is_put_off_for_good_is_not_asked_again(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), person("2"), person("3"), person("4", methods=("card",)))
    told = day.run("2.244")
    assert told["open"] == []
    assert told["second_way"] == ["1", "3"], "4 has a card, and 2 a finger"
    assert day.run("") == told


def test_a_finger_that_cannot_be_read_is_followed_by_another(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), poor="1")
    told = day.run(".3.4")
    assert [finger for _, finger in day.asked] == ["right-index", "right-thumb"]
    assert told["second_way"] == ["1"]


def test_a_finger_that_could_not_be_read_stands_in_the_report(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), poor="1")
    told = day.run("..30")
    [row] = told["people"]
    assert row["unread"] == [{"finger": "right-index", "count": 2}]
    day.poor = ""
    assert day.run("..")["people"][0]["unread"] == []


def test_the_day_ends_for_now_and_goes_on(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), person("2"))
    assert day.run(".0")["open"] == ["1", "2"]
    assert day.run("...")["open"] == []
    assert day.asked[1:] == [("1", "left-index"), ("2", "right-index"), ("2", "left-index")]


def test_who_comes_later_is_called_at_the_end_of_a_day_that_goes_on(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), person("2"))
    day.run("10")
    assert day.run("....")["open"] == []
    assert [code for code, _ in day.asked] == ["2", "2", "1", "1"]


def test_each_step_names_the_code_for_two_may_have_one_name(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"))
    day.run("..")
    assert "name of 1, 1" in day.called.whose


def test_without_its_notes_a_day_goes_on_by_the_prints_that_there_are(tmp_path: Path) -> None:
    day = Day(tmp_path, person("1"), person("2"))
    day.run(".0")
    day.path.unlink()
    assert day.run("...")["open"] == []


def test_every_finger_is_tried_once() -> None:
    tried: list[str] = []
    while (finger := next_finger(["right-ring"], tried)) is not None:
        tried.append(finger)
    assert sorted([*tried, "right-ring"]) == sorted(FINGERS)
    assert tried[0] == "left-index"


def test_notes_come_back_and_are_their_owners_alone(tmp_path: Path) -> None:
    notes = DayNotes(marks={"1": "poor"})
    notes.proved("2", "left-thumb", ProvedFinger(61, "fair"))
    write_notes(tmp_path / "day.json", notes)
    assert read_notes(tmp_path / "day.json") == notes
    assert (tmp_path / "day.json").stat().st_mode & 0o777 == 0o600


@needs_root
def test_one_finger_is_enrolled_beside_the_notes_of_somebody_else() -> None:
    with open_folder() as folder:
        notes = folder / "day.json"
        write_notes(notes, DayNotes())

        def read() -> None:
            enroll.make_context("enroll", ["NV0042", "--notes", str(notes)])
            read_notes(notes)

        told = as_user("nobody", read)
    assert told.startswith(f"BadRequest: {notes} is the notes of somebody else")
    assert told.endswith(": sudo edge-agent enroll …")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"marks": {"1": "x"}}', b"\xff", b"[" * 9999]
)
def test_another_file_is_never_taken_for_notes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "day.json").write_bytes(content)
    with pytest.raises(BadRequest, match="no file of an enrolment day"):
        read_notes(tmp_path / "day.json")
    assert (tmp_path / "day.json").read_bytes() == content


@given(st.text(max_size=40))
def test_whatever_is_typed_nobody_is_enrolled_twice(typed: str) -> None:
    """Unknown answers are asked again; the day ends with the last of them."""
    asked: list[tuple[str, str]] = []
    answers = iter([*typed, "0"])

    def perform(request: Any) -> dict[str, Any]:
        asked.append((request.code, request.finger))
        return {"score": 126, "quality": "good"}

    people = [person("1"), person("2")]
    day = EnrolmentDay(perform, Called(), people, DayNotes(), Path("/dev/full"))
    day._keep = lambda: None  # type: ignore[method-assign]
    day.walk(lambda question: next(answers))
    assert len(set(asked)) == len(asked) <= 4


def test_an_answer_that_is_none_is_told_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["9", "x", "0"])
    day = EnrolmentDay(lambda request: {}, Called(), [person("1")], DayNotes(), Path("/dev/full"))
    day._keep = lambda: None  # type: ignore[method-assign]
    day.walk(lambda question: next(answers))
    assert capsys.readouterr().err.count("1: later. 2: does not want to.") == 2


def test_who_has_withdrawn_is_told_apart_and_needs_another_way(tmp_path: Path) -> None:
    gone = [person("2"), person("3", methods=("card",)), person("4")]
    gone[2].deactivated = True
    told = report([person("1", *FINGERS[:2])], read_notes(tmp_path / "day.json"), gone)
    assert [one["code"] for one in told["withdrawn"]] == ["2", "3"]
    assert (told["second_way"], told["open"]) == (["2"], [])


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        (None, ": the gate has recorded their punch."),
        ("deactivated", ", and the gate refused them, without a punch: deactivated."),
        ("repeated", "; the gate recorded no further punch: already recorded."),
    ],
)
def test_what_the_gate_did_with_who_came_by(
    hint: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for worker, whose in (("007", "Lan, 007"), (None, "somebody")):  # None: an older daemon's.
        step = Step(what=StepKind.PASSED, hint=hint, worker=worker)
        tell_enrolment("right index of Minh, 008", {"007": "Lan"}, step)
        said = " ".join(capsys.readouterr().err.split())
        assert said == f"Somebody else pressed, {whose}{told}"
