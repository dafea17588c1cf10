"""A list of workers: what a dry run says is what is entered, and with one problem nothing is."""

from typing import Any

import pytest

from edge_agent.contract.people import Employment, Worker
from edge_agent.gate.people.requests import ImportWorkers, LeaveWorker, ListedWorker
from tests.gate.fakes import LANS, Site
from tests.gate.people.asking import ask


def row(code: str, name: str, *, active: bool = True) -> ListedWorker:
    return ListedWorker(code=code, name=name, active=active)


class Importing:
    """007 Lan, who has a print, and 008 Hoa, whom this gate refuses, are known."""

    def __init__(self, *more: Worker) -> None:
        self.site = Site()
        with self.site.store.changing() as change:
            for worker in more:
                change.put_worker(worker)

    def run(self, *rows: ListedWorker, **asked: Any) -> dict[str, Any]:
        return ask(self.site.gate, ImportWorkers(workers=list(rows), **asked))

    def known(self) -> dict[str, tuple[str, bool]]:
        found = {one.code: (one.name, one.active) for one in self.site.store.workers()}
        assert found == {c: (w.name, w.active) for c, w in self.site.gate.known.workers.items()}
        return found


LIST = (row("007", "Lân"), row("0042", "Trần Đức"), row("010", "Ai Đó", active=False))


def test_a_dry_run_says_exactly_what_is_entered_and_enters_nothing() -> None:
    made = Importing()
    before = made.known()
    planned = made.run(*LIST, dry_run=True)
    assert (made.known(), made.site.store.kinds()) == (before, [])
    assert made.run(*LIST) == planned
    assert planned["changes"] == [
        {"code": "007", "name": "Lân", "change": "renamed", "former": "Lan"},
        {"code": "0042", "name": "Trần Đức", "change": "added", "former": None},
    ]
    assert planned["unchanged"] == 1, "who is not known and has left is no worker"
    assert made.known() == {**before, "007": ("Lân", True), "0042": ("Trần Đức", True)}
    assert made.site.store.kinds() == ["worker.changed", "worker.added"]
    again = made.run(*LIST)
    assert (again["changes"], again["unchanged"]) == ([], 3)


def test_who_has_left_is_deactivated_and_nobody_comes_back_by_a_list() -> None:
    made = Importing()
    told = made.run(row("007", "Lan", active=False), row("008", "Hoa"))
    assert [one["change"] for one in told["changes"]] == ["deactivated"]
    assert told["deactivated"] == ["008"]
    assert made.known()["008"] == ("Hoa", False)
    [changed] = made.site.store.data()
    assert (changed["worker"], changed["active"]) == ("007", False)


def test_a_name_that_is_corrected_brings_nobody_back() -> None:
    made = Importing()
    made.run(row("008", "Hòa"))
    [changed] = made.site.store.data()
    assert (changed["worker"], changed["active"]) == ("008", False)
    assert made.known()["008"] == ("Hòa", False)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (row("007", "Nguyễn Thị Hồng"), "people.is-another"),
        (row("07", "Lan"), "people.looks-like"),
        (row("Hồng", "Nguyễn Thị"), "people.code-forgotten"),
        (row("; rm", "Nguyễn Thị"), "people.bad-code"),
        (row("0043", "Nguyễn\x1b[2J"), "people.bad-name"),
        (row("0044", "N" * 500), "people.bad-name"),
        (row("0050", "Lê Văn Tám"), "people.other-name-in-roster"),
    ],
)
def test_one_problem_and_nothing_is_changed(wrong: ListedWorker, problem: str) -> None:
    listed = Worker(code="0050", name="Trần Văn Ba", listed=Employment(active=True))
    made = Importing(listed)
    before = made.known()
    told = made.run(row("0042", "Trần Đức"), wrong)
    assert [(one["code"], one["name"]) for one in told["problems"]] == [(wrong.code, problem)]
    assert (made.known(), made.site.store.kinds()) == (before, [])


def test_small_steps_do_not_make_another_person_of_one_with_prints() -> None:
    made = Importing()
    made.run(row("007", "Nguyễn Thị Lan"))
    [problem] = made.run(row("007", "Nguyễn Thị Lan Anh"))["problems"]
    assert problem["name"] == "people.is-another"
    made.run(row("007", "Nguyễn Thị Lan Anh"), force=True)
    assert made.run(row("007", "Nguyễn Lan Anh"))["problems"] == []


def test_force_takes_odd_codes_and_the_names_of_the_married() -> None:
    made = Importing()
    made.run(row("07", "Lan"), row("007", "Nguyễn Thị Hồng"), force=True)
    assert made.known().keys() == {"007", "008", "07"}
    assert made.site.store.holders().at("007", 0) == "Nguyễn Thị Hồng", "she has married"


def test_a_code_without_prints_is_given_to_another_person_whose_punches_are_not_theirs() -> None:
    made = Importing()
    made.site.gate.record_removal(LANS, "uid:0", "restored")
    made.run(row("007", "Nguyễn Thị Hồng"))
    assert made.site.store.holders().at("007", 0) == "Lan"


def test_who_is_listed_and_does_not_come_back_is_named_with_the_reason() -> None:
    gone = Worker(code="0050", name="Ba", listed=Employment(active=False))
    made = Importing(gone, Worker(code="0051", name="Tư"))
    ask(made.site.gate, LeaveWorker(code="0051"))
    rows = (row("008", "Hoa"), row("0050", "Ba"), row("0051", "Tư"), row("007", "Lan"))
    before = made.known()
    for dry in (True, False):
        told = made.run(*rows, dry_run=dry)
        assert (told["deactivated"], told["left"], told["delisted"]) == (
            ["008"],
            ["0051"],
            ["0050"],
        )
        assert (told["changes"], told["unchanged"], made.known()) == ([], 4, before)
