"""A sensor that was replaced: what it may still hold is known until it is gone from it."""

import json
import logging
from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec import json as msgspec_json
from msgspec import structs

from edge_agent.contract.people_facts import WorkerLeft
from edge_agent.gate.pairing_mark import Doubt, read_mark
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.replaced_sensors import ReplacedSensor
from edge_agent.gate.sealed_backups import SealedBackup
from edge_agent.gate.sensor.pairing import digest
from tests.gate.fakes import (
    HOAS,
    HOAS_FINGER,
    LANS,
    LANS_FINGER,
    NOTES_PAGE,
    Library,
    PowerCut,
    template_of,
)

from .test_pairing import (
    ENROL_NEW,
    NEW,
    Trouble,
    Works,
    cleared_notepad,
    older_sensor,
    strangers,
    swapped,
    torn_notepad,
)


def on_the_list(works: Works) -> list[ReplacedSensor]:
    return works.store.replaced_sensors()


def test_a_replaced_sensor_is_on_the_list_with_what_it_may_hold() -> None:
    works = Works()
    mark = works.store.mark()
    assert mark
    swapped(works)
    assert works.pairing.check() is Doubt.FOREIGN
    works.pairing.adopt("uid:1000")
    [left] = on_the_list(works)
    assert left.mark == mark.token.hex()
    assert left.templates == {LANS.worker: 1, HOAS.worker: 1}
    assert left.to_destroy
    assert works.store.data()[-1]["replaced"] == left.mark


def test_the_same_sensor_was_not_replaced() -> None:
    works = Works()
    older_sensor(works)
    assert works.pairing.check() is Doubt.SENSOR_OLDER
    assert works.pairing.adopt("uid:1000").forgotten
    assert on_the_list(works) == []
    assert "replaced" not in works.store.data()[-1]


def leave_at_a_dead_sensor(works: Works, *codes: str) -> None:
    """Workers leave while the sensor does not answer."""
    for code in codes:
        eraser = Eraser(works.gate, works.sensor, works.pairing)
        eraser.leave(code, WorkerLeft(worker=code, actor="uid:1000"))
    assert all(one.slots and not one.done for one in works.store.erasures())


def erased(works: Works) -> list[tuple[bool, int]]:
    """What comes of all erasures at the sensor that is there: done, and how many templates."""
    Eraser(works.gate, works.sensor, works.pairing).go_on(usable=True)
    return [(one.done, one.counts.prints) for one in works.store.erasures()]


@pytest.mark.parametrize("other", [strangers, Library], ids=["another gate's", "a new one"])
def test_what_a_dead_sensor_holds_of_who_was_erased_is_not_said_to_be_erased(
    other: Callable[[], Library],
) -> None:
    works = Works()
    leave_at_a_dead_sensor(works, LANS.worker, HOAS.worker)
    works.swap(other())
    assert works.pairing.check() is None  # There is nobody who could be credited wrongly.
    [left] = on_the_list(works)
    assert left.templates == {LANS.worker: 1, HOAS.worker: 1}
    assert left.erased == sorted([LANS.worker, HOAS.worker])
    assert erased(works) == [(True, 0)] * 2
    assert "print.erased" not in works.kinds()
    documents = [json.loads(one.document or "") for one in works.store.erasures()]
    assert [one["checked"] for one in documents] == [["files-searched"]] * 2


def test_a_replaced_sensor_that_comes_back_is_emptied_of_what_it_held() -> None:
    works = Works()
    old = works.sensor
    old.templates[5] = "another gate's"
    swapped(works)
    works.pairing.check()
    works.pairing.adopt("uid:1000")
    [left] = on_the_list(works)
    works.swap(old)
    assert works.pairing.check() is None  # There is nobody who could be credited wrongly.
    assert old.templates == {5: "another gate's"}
    assert on_the_list(works) == []
    assert works.store.data()[-1]["returned"] == left.mark
    assert works.store.announced() == []
    works.switch_on()
    assert works.pairing.check() is None


def test_one_that_comes_back_with_what_was_restored_meanwhile_leaves_that_in_the_other() -> None:
    works = Works()
    old, digests = works.sensor, works.store.digests()
    prints = works.store.prints()
    swapped(works)
    works.pairing.check()
    works.pairing.adopt("uid:1000")
    [first] = on_the_list(works)
    again = [structs.replace(print_, generation=print_.generation + 1) for print_ in prints]
    works.gate.record_restoration(
        [], [(one, digests[one.slot, one.generation - 1]) for one in again], [], "backup"
    )
    between = works.store.mark()
    assert between
    works.swap(old)
    assert works.pairing.check() is None  # All templates are in it, to the byte.
    assert old.templates == {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}
    [left] = on_the_list(works)
    assert (left.mark, left.templates) == (
        between.token.hex(),
        {LANS.worker: 1, HOAS.worker: 1},
    )
    adopted = works.store.data()[-1]
    assert (adopted["replaced"], adopted["returned"]) == (left.mark, first.mark)


def blank_notepad(works: Works) -> None:
    works.sensor.pages[NOTES_PAGE] = b"\xff" * 32


def used_at_another_gate(works: Works) -> None:
    works.sensor.pages = strangers().pages


@pytest.mark.parametrize("happened", [cleared_notepad, torn_notepad, blank_notepad])
def test_who_was_erased_is_erased_from_a_sensor_that_has_lost_its_mark(
    happened: Callable[[Works], None],
) -> None:
    works = Works()
    leave_at_a_dead_sensor(works, LANS.worker, HOAS.worker)
    happened(works)
    works.switch_on()
    assert works.pairing.check() is None
    assert on_the_list(works) == []
    assert erased(works) == [(True, 1)] * 2
    assert works.sensor.templates == {}


def test_a_used_sensor_without_a_mark_is_another_also_where_a_slot_is_the_same() -> None:
    """Else an erasure would be told as done, and the old one still held both."""
    works = Works()
    leave_at_a_dead_sensor(works, LANS.worker, HOAS.worker)
    held = dict(works.sensor.templates)
    used = Library()
    used.templates[LANS.slot] = "a stranger's"
    works.swap(used)
    assert works.pairing.check() is None
    assert erased(works) == [(True, 0)] * 2
    [left] = on_the_list(works)
    assert left.holds == {LANS.slot: LANS.worker, HOAS.slot: HOAS.worker}
    assert held.keys() == left.holds.keys()


@pytest.mark.parametrize("happened", [cleared_notepad, torn_notepad, used_at_another_gate])
def test_a_sensor_that_has_a_template_of_ours_was_not_replaced(
    happened: Callable[[Works], None],
) -> None:
    works = Works()
    works.perform(ENROL_NEW)
    leave_at_a_dead_sensor(works, LANS.worker)
    del works.sensor.templates[HOAS.slot]
    happened(works)
    works.switch_on()
    assert works.pairing.check() is Doubt.FOREIGN
    adopted = works.pairing.adopt("uid:1000")
    assert (adopted.forgotten, adopted.replaced) == ([HOAS], None)
    assert on_the_list(works) == []
    assert erased(works) == [(True, 1)]
    assert list(works.sensor.templates.values()) == [NEW]


def empty_handed(works: Works) -> dict[int, str]:
    """Nobody is enrolled when the old one comes back."""
    return {}


def restore(works: Works, *fingers: str) -> None:
    again = [structs.replace(print_, generation=2) for print_ in (LANS, HOAS)]
    digests = [digest(template_of(finger)) for finger in fingers]
    works.gate.record_restoration([], list(zip(again, digests, strict=True)), [], "backup")


def restored(works: Works) -> dict[int, str]:
    """Both are, from a backup."""
    restore(works, LANS_FINGER, HOAS_FINGER)
    return {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}


def one_enrolled_anew(works: Works) -> dict[int, str]:
    """One is, from a backup, and another one has a new template."""
    restore(works, LANS_FINGER, "pressed better")
    return {LANS.slot: LANS_FINGER}


OTHERS = {5: "another gate's"}


def back_again(meanwhile: Callable[[Works], dict[int, str]]) -> tuple[Works, dict[int, str], int]:
    """A sensor that was replaced is connected again: what is to stay in it, and how many sensors
    are on the list then."""
    works = Works()
    old = works.sensor
    old.templates |= OTHERS
    swapped(works)
    works.pairing.check()
    works.pairing.adopt("uid:1000")
    stays = meanwhile(works)
    works.swap(old)
    return works, stays | OTHERS, int(bool(stays))


def take(works: Works) -> None:
    if works.pairing.check() is not None:
        works.pairing.adopt("uid:1000")


@pytest.mark.parametrize("kind", ["power cut", "torn write"])
@pytest.mark.parametrize("meanwhile", [empty_handed, restored, one_enrolled_anew])
def test_a_return_that_is_cut_off_anywhere_is_completed(
    meanwhile: Callable[[Works], dict[int, str]], kind: str
) -> None:
    for at in range(1000):
        works, stays, listed = back_again(meanwhile)
        trouble = Trouble(works, kind, at)
        with suppress(PowerCut):
            take(works)
        works.switch_on()
        take(works)
        assert works.sensor.templates == stays
        assert len(on_the_list(works)) == listed
        assert works.store.announced() == []
        assert read_mark(works.sensor.pages[NOTES_PAGE]) == works.store.mark()
        assert [entry["kind"] for entry in works.store.data() if "returned" in entry]
        if not trouble.struck:
            assert at >= 2
            return


def cut_off_at(works: Works, instruction: str) -> None:
    def strike(asked: str) -> None:
        if asked == instruction:
            raise PowerCut

    works.sensor.on_ask = strike
    with pytest.raises(PowerCut):
        take(works)
    works.switch_on()


def test_a_return_whose_notepad_was_only_erased_is_completed() -> None:
    works, stays, _ = back_again(empty_handed)
    cut_off_at(works, "write_notepad")
    blank_notepad(works)
    take(works)
    assert works.sensor.templates == stays
    assert on_the_list(works) == []


@pytest.mark.parametrize("step", ["write_notepad", "erase"])
def test_one_that_is_taken_out_before_it_was_emptied_is_told_again(step: str) -> None:
    works, stays, _ = back_again(empty_handed)
    [left] = on_the_list(works)
    old = works.sensor
    cut_off_at(works, step)
    swapped(works)
    take(works)
    [again] = on_the_list(works)
    assert (again.mark, again.templates) == (left.mark, left.templates)
    assert works.store.data()[-1]["replaced"] == left.mark
    assert works.sensor.templates == strangers().templates
    works.swap(old)
    take(works)
    assert old.templates == stays
    assert on_the_list(works) == []


def test_the_log_says_what_is_done_with_one_that_is_back(caplog: pytest.LogCaptureFixture) -> None:
    works, _, _ = back_again(empty_handed)
    with caplog.at_level(logging.WARNING):
        take(works)
    assert "back after it was replaced: what it held in [0, 1] is erased" in caplog.text
    assert "cut off" not in caplog.text


def test_an_earlier_version_sees_a_backup_that_holds_nobody() -> None:
    works, _, _ = back_again(empty_handed)
    assert works.store.sealed_backups() == []
    [(row,)] = works.store.contents().execute("SELECT details FROM sealed_backups")
    seen = msgspec_json.decode(row, type=SealedBackup)
    assert (seen.workers, seen.holds, seen.to_destroy) == ([], [], False)
