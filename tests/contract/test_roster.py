"""What is believed of payroll's roster, and what it changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.people import Employment, Worker
from edge_agent.contract.roster import (
    LARGEST_ROSTER,
    MOST_WORKERS,
    Applied,
    Heard,
    Refusal,
    is_newer,
    judge_roster,
    merge,
    read_roster,
    version_after,
)

HOA = {"code": "NV0042", "name": "Nguyễn Thị Hoa"}


def roster(*workers: Any, version: Any = 1, **other: Any) -> bytes:
    return json.dumps({"version": version, "workers": workers, **other}).encode()


def heard(payload: bytes) -> Heard:
    found = read_roster(payload)
    assert found.refused is None, found.why
    return found


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Refusal.EMPTY),
        (roster(), Refusal.EMPTY),
        (b"null", Refusal.MALFORMED),
        (b"\xff", Refusal.MALFORMED),
        (b"[" * 100_000, Refusal.MALFORMED),
        (roster(HOA)[:-1], Refusal.MALFORMED),
        (roster(HOA, version=0), Refusal.MALFORMED),
        (roster(HOA, version="2"), Refusal.MALFORMED),
        (roster(HOA, version=2**53), Refusal.MALFORMED),
        (roster(HOA, HOA), Refusal.MALFORMED),
        (roster(HOA, count=2), Refusal.MALFORMED),
        (roster({"code": "NV0042"}), Refusal.MALFORMED),
        (roster({**HOA, "code": ""}), Refusal.MALFORMED),
        (roster({**HOA, "code": "../x"}), Refusal.MALFORMED),
        (roster({**HOA, "code": 42}), Refusal.MALFORMED),
        (roster({**HOA, "name": " "}), Refusal.MALFORMED),
        (roster({**HOA, "active": "yes"}), Refusal.MALFORMED),
        (roster({**HOA, "valid_to": "30/11/2026"}), Refusal.MALFORMED),
        (roster({**HOA, "valid_to": "20261130"}), Refusal.MALFORMED),
        (roster({**HOA, "valid_to": "2026-02-30"}), Refusal.MALFORMED),
        (roster({**HOA, "valid_from": "2026-12-01", "valid_to": "2026-11-30"}), Refusal.MALFORMED),
        (b" " * (LARGEST_ROSTER + 1), Refusal.TOO_LARGE),
        (
            roster(*({"code": f"{n}", "name": "x"} for n in range(MOST_WORKERS + 1))),
            Refusal.TOO_LARGE,
        ),
    ],
    ids=lambda value: value.decode(errors="replace")[:40] if isinstance(value, bytes) else value,
)
def test_a_bad_roster_is_refused_whole(payload: bytes, reason: Refusal) -> None:
    found = read_roster(payload)
    assert found.refused is reason
    assert found.why
    assert judge_roster(found, Applied()) is reason


@given(st.binary(max_size=300))
def test_whatever_arrives_is_answered(payload: bytes) -> None:
    read_roster(payload)


@given(st.integers(0, 1000))
def test_a_roster_that_was_cut_short_is_refused(length: int) -> None:
    whole = roster(*({**HOA, "code": f"NV{n}"} for n in range(20)))
    assert read_roster(whole[: length % len(whole)]).refused


def test_unknown_fields_are_fine() -> None:
    row = heard(roster({**HOA, "department": "withering"}, made_by="hr")).roster
    assert row
    assert row.workers[0].code == "NV0042"


def test_the_same_content_has_the_same_digest() -> None:
    spaced = json.dumps({"workers": [HOA], "version": 1, "count": 1}, indent=4).encode()
    assert heard(spaced).digest == heard(roster(HOA)).digest
    assert heard(roster({**HOA, "active": False})).digest != heard(roster(HOA)).digest


def test_versions_only_grow() -> None:
    now = heard(roster(HOA, version=7))
    in_force = Applied(version=7, digest=now.digest)
    assert judge_roster(heard(roster(HOA, version=8)), in_force) is None
    assert judge_roster(now, in_force) is None
    assert judge_roster(heard(roster(HOA, version=6)), in_force) is Refusal.OLDER
    other = heard(roster({**HOA, "name": "Hoa"}, version=7))
    assert judge_roster(other, in_force) is Refusal.SAME_VERSION


people = st.dictionaries(
    st.sampled_from("ABCDEF"),
    st.tuples(st.booleans(), st.none() | st.booleans()),
)


@given(people, st.dictionaries(st.sampled_from("ABCDEF"), st.booleans(), min_size=1))
def test_each_side_changes_only_its_own_word(
    before: dict[str, tuple[bool, bool | None]], says: dict[str, bool]
) -> None:
    known = {
        code: Worker(
            code=code,
            name="x",
            active=own,
            listed=None if listed is None else Employment(active=listed),
        )
        for code, (own, listed) in before.items()
    }
    found = heard(roster(*({"code": c, "name": "x", "active": a} for c, a in says.items())))
    assert found.roster
    changed = merge(found.roster.workers, known)
    after = known | {one.worker.code: one.worker for one in changed}
    for code, worker in after.items():
        assert worker.active is (before[code][0] if code in before else True)
        if code in says:
            assert worker.listed == Employment(active=says[code])
            assert worker.deactivated is not (worker.active and says[code])
        else:
            assert worker == known[code]  # An absent worker is not a deactivated one.
    assert merge(found.roster.workers, after) == []


def test_codes_and_names_are_taken_in_their_normal_form() -> None:
    found = heard(roster({"code": " NV1 ", "name": "  Hoa   Thi "})).roster
    assert found
    assert structs.astuple(found.workers[0])[:2] == ("NV1", "Hoa Thi")


LAST = 2**53 - 1


@given(st.integers(1, LAST), st.integers(1, LAST))
def test_of_two_versions_one_is_newer_and_each_has_a_next(one: int, other: int) -> None:
    assert (is_newer(one, other) or is_newer(other, one)) is (one != other)
    assert not (is_newer(one, other) and is_newer(other, one))
    assert is_newer(version_after(one), one)
    assert 1 <= version_after(one) <= LAST
    assert is_newer(one, 0)  # None is in force.


def test_after_the_largest_version_comes_1() -> None:
    first, last = heard(roster(HOA, version=1)), heard(roster(HOA, version=LAST))
    assert judge_roster(first, Applied(version=LAST)) is None
    assert judge_roster(last, Applied(version=1)) is Refusal.OLDER
    assert judge_roster(heard(roster(HOA, version=2**52)), Applied(version=1)) is None
